//! Test vectors and properties of the three encodings.

use proptest::prelude::*;
use uuid::Uuid;

use super::{
    ErrorKind, Format, Limits, Llsd, LlsdError, array, binary, map, notation, parse_by_type, xml,
};

fn from_xml(text: &str) -> Llsd {
    xml::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn kind<T: std::fmt::Debug>(result: Result<T, LlsdError>) -> ErrorKind {
    result.expect_err("must not parse").kind
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

#[test]
fn text_is_escaped_where_xml_needs_it_and_nowhere_else() {
    let escaped = |text: &str| {
        let mut out = String::from(">");
        xml::escape_into(&mut out, text);
        out
    };
    assert_eq!(escaped(""), ">");
    assert_eq!(escaped("a<b>&c'd\"e"), ">a&lt;b&gt;&amp;c&apos;d&quot;e");
    assert_eq!(escaped("\r\n\t\0\x1f\x7f"), ">&#13;\n\t\x7f");
    assert_eq!(
        escaped("ä\u{f000}\u{fffd}\u{fffe}\u{ffff}\u{10ffff}"),
        ">ä\u{f000}\u{fffd}\u{10ffff}"
    );
}

#[test]
fn scalars_in_xml() {
    for (text, value) in [
        ("<llsd><undef /></llsd>", Llsd::Undef),
        ("<llsd><undef></undef></llsd>", Llsd::Undef),
        ("<llsd></llsd>", Llsd::Undef),
        ("<llsd />", Llsd::Undef),
        ("<llsd><boolean>1</boolean></llsd>", true.into()),
        ("<llsd><boolean> true\n</boolean></llsd>", true.into()),
        ("<llsd><boolean /></llsd>", false.into()),
        ("<llsd><boolean>yes</boolean></llsd>", false.into()),
        ("<llsd><boolean>0</boolean></llsd>", false.into()),
        ("<llsd><integer>-2147483648</integer></llsd>", i32::MIN.into()),
        ("<llsd><integer></integer></llsd>", 0.into()),
        ("<llsd><integer> +7 </integer></llsd>", 7.into()),
        ("<llsd><integer>12abc</integer></llsd>", 12.into()),
        ("<llsd><integer>abc</integer></llsd>", 0.into()),
        ("<llsd><integer>2147483648</integer></llsd>", 0.into()),
        ("<llsd><real>1.5e0</real></llsd>", 1.5.into()),
        ("<llsd><real /></llsd>", 0.0.into()),
        ("<llsd><string> a &lt;b&gt; </string></llsd>", " a <b> ".into()),
        (
            "<llsd><string>&amp;amp;&#65;&#x42;<![CDATA[<c>&d]]></string></llsd>",
            "&amp;AB<c>&d".into(),
        ),
        ("<llsd><string>a<!-- b -->c<b>d</b>e</string></llsd>", "ace".into()),
        ("<llsd><string>a\r\nb</string></llsd>", "a\nb".into()),
        ("<llsd><string /></llsd>", "".into()),
        ("<llsd><uuid /></llsd>", Uuid::nil().into()),
        ("<llsd><uuid>nonsense</uuid></llsd>", Uuid::nil().into()),
        (
            "<llsd><uuid>0123456789ABCDEF0123456789abcdef</uuid></llsd>",
            Uuid::from_u128(0x0123456789ABCDEF0123456789ABCDEF).into(),
        ),
        ("<llsd><date>2007-01-01T00:00:00.50Z</date></llsd>", Llsd::Date(1_167_609_600.5)),
        ("<llsd><date /></llsd>", Llsd::Date(0.0)),
        ("<llsd><uri>http://x/?a=1&amp;b</uri></llsd>", Llsd::uri("http://x/?a=1&b")),
        (
            "<llsd><binary encoding=\"base64\">AAEC /w==</binary></llsd>",
            Llsd::binary([0, 1, 2, 255]),
        ),
        ("<llsd><binary>AAEC\n/w</binary></llsd>", Llsd::binary([0, 1, 2, 255])),
        ("<llsd><binary /></llsd>", Llsd::binary([])),
        ("<llsd><quux>1</quux></llsd>", Llsd::Undef),
    ] {
        assert_eq!(from_xml(text), value, "{text}");
    }
}

#[test]
fn unsigned_values_are_big_endian_binaries() {
    assert_eq!(from_xml("<llsd><binary>AAAQAA==</binary></llsd>").as_u32(), 4096);
    let handle = from_xml("<llsd><binary encoding=\"base64\">AAPoAAAD6QA=</binary></llsd>");
    assert_eq!(handle.as_u64(), 0x0003_E800_0003_E900);
    assert_eq!(handle, Llsd::u64(0x0003_E800_0003_E900));
    assert_eq!(Llsd::u32(4096), Llsd::binary([0, 0, 16, 0]));
    assert_eq!(Llsd::ip([127, 0, 0, 1].into()), Llsd::binary([127, 0, 0, 1]));
}

#[test]
fn containers_in_xml() {
    for (text, value) in [
        (
            "<llsd><array><integer>1</integer><map /><array /></array></llsd>",
            array![1, map! {}, array![]],
        ),
        (
            "<llsd><map><key>a</key><integer>1</integer><key>a</key><integer>2</integer></map></llsd>",
            map! { "a" => 2 },
        ),
        (
            "<llsd><map><integer>9</integer><key>b</key><string>x</string></map></llsd>",
            map! { "b" => "x" },
        ),
        ("<llsd><map><key>a</key><key>b</key><integer>1</integer></map></llsd>", map! { "b" => 1 }),
        ("<llsd><integer>7</integer></llsd>trailing <<<", 7.into()),
        ("<llsd><integer>7</integer><map /></llsd>", 7.into()),
        (
            "<llsd><map><key>ack</key><undef /><key>done</key><boolean>0</boolean></map></llsd>",
            map! { "ack" => Llsd::Undef, "done" => false },
        ),
        (
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<llsd>\n<array>\n<string>EventQueueGet</string>\n</array>\n</llsd>\n",
            array!["EventQueueGet"],
        ),
        ("<? LLSD/XML ?>\n<!-- x --><llsd><integer>1</integer></llsd>", 1.into()),
    ] {
        assert_eq!(from_xml(text), value, "{text}");
    }
}

#[test]
fn bad_xml_is_refused_with_its_place() {
    for (text, expected) in [
        ("", ErrorKind::Empty),
        ("<map />", ErrorKind::NoRoot),
        ("text <llsd />", ErrorKind::NoRoot),
        ("<llsd><map>", ErrorKind::UnexpectedEnd),
        ("<llsd><string>a", ErrorKind::UnexpectedEnd),
        ("<llsd><string>&bomb;</string></llsd>", ErrorKind::Entity),
        ("<llsd><string>&#0;</string></llsd>", ErrorKind::Entity),
        ("<!DOCTYPE x [<!ENTITY a \"b\">]><llsd />", ErrorKind::Doctype),
        ("<llsd><binary encoding=\"base16\">00FF</binary></llsd>", ErrorKind::BinaryEncoding),
        ("<llsd><binary>*</binary></llsd>", ErrorKind::BinaryText),
    ] {
        assert_eq!(kind(xml::parse(text.as_bytes())), expected, "{text}");
    }
    assert!(matches!(kind(xml::parse(b"<llsd><array></map></llsd>")), ErrorKind::Xml(_)));
    assert_eq!(
        xml::parse(b"<llsd><string>\xff</string></llsd>"),
        Err(LlsdError { kind: ErrorKind::NotUtf8, offset: 14 })
    );
    let error = xml::parse(b"<llsd><string>&bomb;</string></llsd>").expect_err("entity");
    assert_eq!(error.to_string(), "unknown entity or character reference at byte 20");
}

#[test]
fn limits_hold_in_every_encoding() {
    let nested = |depth| (0..depth).fold(Llsd::Integer(1), |inner, _| Llsd::Array(vec![inner]));
    for format in [Format::Xml, Format::Binary, Format::Notation] {
        let parse = |value: &Llsd, limits: Limits| {
            let body = format.write(value);
            super::parse_by_type_limited(Some(format.content_type()), &body, &limits)
        };
        assert_eq!(parse(&nested(64), Limits::DEFAULT), Ok(nested(64)));
        assert_eq!(kind(parse(&nested(65), Limits::DEFAULT)), ErrorKind::TooDeep);
        let maps = (0..65).fold(Llsd::Undef, |inner, _| map! { "a" => inner });
        assert_eq!(kind(parse(&maps, Limits::DEFAULT)), ErrorKind::TooDeep);

        let small = Limits {
            body_bytes: 200,
            depth: 3,
            nodes: 5,
            key_bytes: 4,
            string_bytes: 8,
            binary_bytes: 8,
        };
        let five = array![1, 2, 3, 4];
        assert_eq!(parse(&five, small), Ok(five));
        assert_eq!(kind(parse(&array![1, 2, 3, 4, 5], small)), ErrorKind::TooManyNodes);
        assert_eq!(parse(&"12345678".into(), small), Ok("12345678".into()));
        assert_eq!(kind(parse(&"123456789".into(), small)), ErrorKind::TooLarge("string"));
        assert_eq!(kind(parse(&Llsd::uri("123456789"), small)), ErrorKind::TooLarge("uri"));
        assert_eq!(kind(parse(&map! { "12345" => 1 }, small)), ErrorKind::TooLarge("key"));
        assert_eq!(parse(&Llsd::binary([7; 8]), small), Ok(Llsd::binary([7; 8])));
        assert_eq!(kind(parse(&Llsd::binary([7; 9]), small)), ErrorKind::TooLarge("binary"));
        assert_eq!(kind(parse(&"x".repeat(300).into(), small)), ErrorKind::TooLarge("body"));
    }
    // Skipped elements count as well.
    let skipped = format!("<llsd><string>{}</string></llsd>", "<a/><b></b>".repeat(10));
    let limits = Limits { nodes: 5, ..Limits::DEFAULT };
    assert_eq!(kind(xml::parse_limited(skipped.as_bytes(), &limits)), ErrorKind::TooManyNodes);
}

#[test]
fn xml_is_written_compact_and_exact() {
    let value = map! {
        "u" => Llsd::Undef,
        "yes" => true,
        "no" => false,
        "i" => -5,
        "r" => 1.5,
        "whole" => 1.0,
        "s" => "<a> & 'b' \"c\"\r\n\u{1}",
        "" => "",
        "id" => Uuid::from_u128(0x11112222_3333_4444_5555_666677778888),
        "nil" => Uuid::nil(),
        "d" => Llsd::Date(1_138_804_193.43),
        "l" => Llsd::uri("http://x/"),
        "b" => Llsd::binary([0, 1, 2]),
        "e" => Llsd::binary([]),
        "a" => array![],
        "m" => map! {},
    };
    assert_eq!(
        xml::write(&value),
        concat!(
            "<llsd><map><key>u</key><undef /><key>yes</key><boolean>1</boolean>",
            "<key>no</key><boolean>0</boolean><key>i</key><integer>-5</integer>",
            "<key>r</key><real>1.5</real><key>whole</key><real>1</real>",
            "<key>s</key><string>&lt;a&gt; &amp; &apos;b&apos; &quot;c&quot;&#13;\n</string>",
            "<key></key><string />",
            "<key>id</key><uuid>11112222-3333-4444-5555-666677778888</uuid><key>nil</key><uuid />",
            "<key>d</key><date>2006-02-01T14:29:53.43Z</date><key>l</key><uri>http://x/</uri>",
            "<key>b</key><binary encoding=\"base64\">AAEC</binary><key>e</key><binary />",
            "<key>a</key><array /><key>m</key><map /></map></llsd>",
        )
    );
    assert_eq!(xml::write(&Llsd::Undef), "<llsd><undef /></llsd>");
    assert_eq!(xml::write(&"\u{1}".into()), "<llsd><string /></llsd>");
    for (real, text) in
        [(f64::NAN, "0"), (f64::NEG_INFINITY, "0"), (1e300, "1e300"), (2.5e-7, "2.5e-7")]
    {
        assert_eq!(xml::write(&real.into()), format!("<llsd><real>{text}</real></llsd>"));
    }
}

#[test]
fn binary_vectors() {
    for (bytes, value) in [
        ("72 3FF8000000000000", Llsd::Real(1.5)),
        ("64 000020C01366D141", Llsd::Date(1_167_609_600.5)),
        ("5B 00000003 69 00000001 7B 00000000 7D 5B 00000000 5D 5D", array![1, map! {}, array![]]),
        ("21", Llsd::Undef),
        ("6C 00000002 6869", Llsd::uri("hi")),
        ("7B 00000001 6B 00000001 78 31 7D", map! { "x" => true }),
    ] {
        assert_eq!(binary::parse(&hex(bytes)), Ok(value.clone()), "{bytes}");
        assert_eq!(binary::write(&value), hex(bytes), "{bytes}");
    }
    let with_header = [b"<? LLSD/Binary ?>\n".to_vec(), hex("7B 00000001 6B 00000001 78 31 7D")];
    assert_eq!(binary::parse(&with_header.concat()), Ok(map! { "x" => true }));
    // The viewer also reads quoted strings and keys.
    assert_eq!(binary::parse(b"{\0\0\0\x01'a\\'b'\"c\"}"), Ok(map! { "a'b" => "c" }));
    assert_eq!(
        binary::parse_prefix(b"i\0\0\0\x02rest", &Limits::DEFAULT),
        Ok((Llsd::Integer(2), 5))
    );
}

#[test]
fn bad_binary_is_refused_without_allocating() {
    assert_eq!(kind(binary::parse(&hex("5B 00000002 21 5D"))), ErrorKind::UnexpectedByte(b']'));
    assert_eq!(kind(binary::parse(&hex("73 7FFFFFFF 61"))), ErrorKind::Length(0x7FFF_FFFF));
    assert_eq!(kind(binary::parse(&hex("5B FFFFFFFF 21"))), ErrorKind::Length(0xFFFF_FFFF));
    assert_eq!(kind(binary::parse(&hex("7B 00000001 7D"))), ErrorKind::Length(1));
    assert_eq!(kind(binary::parse(&hex("5B 00000000 7D"))), ErrorKind::UnexpectedByte(b'}'));
    assert_eq!(kind(binary::parse(b"")), ErrorKind::UnexpectedEnd);
    assert_eq!(kind(binary::parse(b"i\0")), ErrorKind::UnexpectedEnd);
    assert_eq!(kind(binary::parse(b"x")), ErrorKind::UnexpectedByte(b'x'));
}

#[test]
fn notation_vectors() {
    for (text, value) in [
        (
            r#"{'a':[i1,r2.5,!,t],"b":b16"00ff",'c':s(2)"hi"}"#,
            map! {
                "a" => array![1, 2.5, Llsd::Undef, true],
                "b" => Llsd::binary([0, 255]),
                "c" => "hi",
            },
        ),
        (" [ true , FALSE,1 ,0, F , T ] ", array![true, false, true, false, false, true]),
        (r"'it\'s \x41\n\t\\ é'", "it's A\n\t\\ é".into()),
        (r#""a'b\"c""#, "a'b\"c".into()),
        ("s(5)'he\"lo'", "he\"lo".into()),
        (r#"l"http://x""#, Llsd::uri("http://x")),
        (r#"d"2007-01-01T00:00:00.50Z""#, Llsd::Date(1_167_609_600.5)),
        (r#"[b64"AAEC",b(3)"ab""]"#, array![Llsd::binary([0, 1, 2]), Llsd::binary(*b"ab\"")]),
        (
            "u11112222-3333-4444-5555-66667777888A",
            Uuid::from_u128(0x11112222_3333_4444_5555_66667777888A).into(),
        ),
        ("[i-5,i+5,i99999999999,r-1e3]", array![-5, 5, 0, -1000.0]),
        ("{s(1)'k' : i1 trailing", Llsd::Undef),
        ("<? llsd/notation ?>\n[]", array![]),
        ("[r0.99,r0.04,r0]", array![0.99, 0.04, 0.0]),
    ] {
        let got = notation::parse(text.as_bytes());
        if value.is_undef() {
            assert!(got.is_err(), "{text}");
        } else {
            assert_eq!(got, Ok(value), "{text}");
        }
    }
    assert_eq!(
        notation::write(&map! {
            "it's" => array![1, 2.5, true, Llsd::Undef, "a\n", Llsd::uri("x"), Llsd::binary([0, 1, 2])],
            "d" => Llsd::Date(0.0),
        }),
        r#"{'it\'s':[i1,r2.5,1,!,'a\n',l"x",b64"AAEC"],'d':d"1970-01-01T00:00:00Z"}"#
    );
}

#[test]
fn bad_notation_is_refused() {
    for (text, expected) in [
        ("", ErrorKind::UnexpectedEnd),
        ("{'a' i1}", ErrorKind::UnexpectedByte(b'i')),
        ("{a:i1}", ErrorKind::UnexpectedByte(b'a')),
        ("[i1", ErrorKind::UnexpectedEnd),
        ("'abc", ErrorKind::UnexpectedEnd),
        ("ix", ErrorKind::Scalar("integer")),
        ("rx", ErrorKind::Scalar("real")),
        ("u11112222x3333-4444-5555-666677778888", ErrorKind::Scalar("uuid")),
        ("b85\"x\"", ErrorKind::BinaryEncoding),
        ("b16\"0\"", ErrorKind::BinaryText),
        ("s(99999999999999999999999)'x'", ErrorKind::Length(u64::MAX)),
        ("?", ErrorKind::UnexpectedByte(b'?')),
    ] {
        assert_eq!(kind(notation::parse(text.as_bytes())), expected, "{text}");
    }
}

#[test]
fn accessors_take_what_clients_send_instead() {
    for (text, expected) in
        [("", false), ("0", false), ("False", false), ("true", true), ("1", true), ("x", true)]
    {
        assert_eq!(Llsd::from(text).as_bool(), expected, "{text}");
    }
    for (value, expected) in [
        (Llsd::from(" 42 "), 42),
        ("42.9".into(), 42),
        ("42x".into(), 0),
        ((-3.7).into(), -3),
        (f64::NAN.into(), 0),
        (1e10.into(), 0),
        (true.into(), 1),
        (Llsd::binary([0, 0, 1, 0]), 256),
        (Llsd::binary([1]), 0),
        (Llsd::Undef, 0),
    ] {
        assert_eq!(value.as_i32(), expected, "{value:?}");
    }
    assert_eq!(Llsd::from(f64::INFINITY).as_f64().to_bits(), 0);
    assert_eq!(Llsd::from("1.25").as_f64().to_bits(), 1.25_f64.to_bits());
    assert_eq!(Llsd::from(1e300).as_f32().to_bits(), 0);
    assert_eq!(Llsd::from(-1).as_u32(), u32::MAX);
    assert_eq!(Llsd::from("4294967295").as_u32(), u32::MAX);
    assert_eq!(Llsd::from("1099511628032000").as_u64(), 1_099_511_628_032_000);
    assert_eq!(Llsd::from("127.0.0.1").as_ip(), std::net::Ipv4Addr::LOCALHOST);
    let id = Uuid::from_u128(5);
    assert_eq!(Llsd::from(id.to_string()).as_uuid(), id);
    assert_eq!(Llsd::binary(*id.as_bytes()).as_uuid(), id);
    assert_eq!(Llsd::from(id).as_string(), id.to_string());
    assert_eq!(Llsd::from("{not an id}").as_uuid(), Uuid::nil());
    assert_eq!(Llsd::from("1970-01-01T00:00:01Z").as_date().to_bits(), 1.0_f64.to_bits());
    assert_eq!(Llsd::from(258).as_binary(), [0, 0, 1, 2]);
    let tree = map! { "a" => array![map! { "b" => "c" }] };
    assert_eq!(tree.get("a").at(0).get("b").as_str(), Some("c"));
    assert!(tree.get("x").at(9).get("y").is_undef());
}

/// Any value that all three encodings carry unchanged.
fn value() -> impl Strategy<Value = Llsd> {
    let text = || any::<String>().prop_map(|text| text.chars().filter(|c| in_xml(*c)).collect());
    let leaf = prop_oneof![
        Just(Llsd::Undef),
        any::<bool>().prop_map(Llsd::from),
        any::<i32>().prop_map(Llsd::from),
        (-1e300..1e300).prop_map(Llsd::Real),
        (-1e3..1e3).prop_map(Llsd::Real),
        text().prop_map(Llsd::String),
        text().prop_map(Llsd::Uri),
        any::<u128>().prop_map(|id| Llsd::Uuid(Uuid::from_u128(id))),
        (-60_000_000_000_i64..250_000_000_000).prop_map(|seconds| Llsd::Date(seconds as f64)),
        any::<Vec<u8>>().prop_map(Llsd::Binary),
    ];
    leaf.prop_recursive(6, 60, 8, move |inner| {
        let entry = (text(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Llsd::Array),
            prop::collection::vec(entry, 0..8)
                .prop_map(|entries: Vec<(String, Llsd)>| Llsd::Map(entries.into_iter().collect())),
        ]
    })
}

const fn in_xml(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

proptest! {
    #[test]
    fn every_encoding_round_trips(value in value()) {
        for format in [Format::Xml, Format::Binary, Format::Notation] {
            let body = format.write(&value);
            let read = parse_by_type(Some(format.content_type()), &body);
            prop_assert_eq!(read.as_ref(), Ok(&value));
        }
    }

    #[test]
    fn any_bytes_are_answered(body in any::<Vec<u8>>()) {
        let _ = (xml::parse(&body), binary::parse(&body), notation::parse(&body));
    }

    #[test]
    fn damaged_documents_are_answered(value in value(), at in any::<prop::sample::Index>(), byte: u8) {
        for format in [Format::Xml, Format::Binary, Format::Notation] {
            let mut body = format.write(&value);
            let at = at.index(body.len());
            body[at] = byte;
            let _ = parse_by_type(Some(format.content_type()), &body);
            body.truncate(at);
            let _ = parse_by_type(Some(format.content_type()), &body);
        }
    }
}
