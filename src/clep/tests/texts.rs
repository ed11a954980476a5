//! Messages as texts: the published ones, and what each form refuses.

use serde_json::json;

use super::*;
use crate::clep::lep::{Flags, Layout, LepMessage};

const ELEMENTS: [&str; 6] = ["CLEP", "svc", "dom", "", "raw", "hi, <1>"];

const FORMS: [(ListForm, &str); 6] = [
    (ListForm::S1, "4\nCLEP3\nsvc3\ndom0\n3\nraw7\nhi, <1>"),
    (ListForm::S2, "6 4 CLEP3 svc3 dom0 3 raw7 hi, <1> "),
    (ListForm::S2Xi, "Ξ6 4 CLEP3 svc3 dom0 3 raw7 hi, <1> "),
    (ListForm::S2En, "𒂗6 4 CLEP3 svc3 dom0 3 raw7 hi, <1> "),
    (ListForm::S3, "𒂗L6 4 CLEP3 svc3 dom0 3 raw7 hi, <1> "),
    (ListForm::S4, "CLEP,svc,dom,,raw,hi%2C%20%3C1%3E,"),
];

#[test]
fn lists_in_all_forms() {
    for (form, text) in FORMS {
        assert_eq!(form.encode(&ELEMENTS, Escapes::SecondLife), text);
        assert_eq!(form.decode(text).unwrap(), ELEMENTS);
        let codec = Codec { form: Some(form), ..Codec::new(Dialect::ClepSvc) };
        let message = listed("svc", "dom", "", "hi, <1>");
        assert_eq!(codec.encode(&message).as_deref(), Ok(text));
        assert_eq!(codec.decode(text), Ok(message));
    }
}

#[test]
fn no_cut_list_is_taken() {
    for (form, text) in FORMS {
        let codec = Codec { form: Some(form), ..Codec::new(Dialect::ClepSvc) };
        for (at, _) in text.char_indices() {
            let cut = &text[..at];
            let error = codec.decode(cut).unwrap_err();
            // Before the tag is whole it may be anybody's text.
            let has_tag = at > text.find("CLEP").unwrap() + 4;
            assert!(error.is_truncated() || !has_tag, "{form} {cut:?}: {error}");
            // Lists of their own cannot all be told from shorter ones, those with a count can.
            if !matches!(form, ListForm::S1 | ListForm::S4) {
                assert!(form.decode(cut).is_err(), "{form} {cut:?}");
            }
        }
    }
}

#[test]
fn lists_that_say_more_than_they_hold() {
    for text in [
        "6 4 CLEP3 svc3 dom0 3 raw7 hi, <1>  ",
        "6 4 CLEP3 svc3 dom0 3 raw7 hi, <1> x",
        "5 4 CLEP3 svc3 dom0 3 raw7 hi, <1> ",
        "7 4 CLEP3 svc3 dom0 3 raw7 hi, <1> ",
        "6 4 CLEP3 svc3 dom0 3 raw8 hi, <1> ",
        "06 4 CLEP3 svc3 dom0 3 raw7 hi, <1> ",
        "FFFFFFFF 4 CLEP",
        "6 FFFFFFF CLEP",
        "6  CLEP",
        "",
        " ",
    ] {
        assert!(ListForm::S2.decode(text).is_err(), "{text:?}");
    }
    assert_eq!(ListForm::S2.decode("1 A 0123456789 ").unwrap(), ["0123456789"]);
    assert_eq!(ListForm::S3.decode("𒂗L1 10 0123456789 ").unwrap(), ["0123456789"]);
    assert_eq!(ListForm::S2.decode("2 2 日本1 🧡 ").unwrap(), ["日本", "🧡"]);
    assert!(ListForm::S2.decode("0  ").unwrap().is_empty());
    assert!(ListForm::S4.decode("").unwrap().is_empty());
    assert_eq!(ListForm::S4.decode(",").unwrap(), [""]);
    assert!(ListForm::S4.decode("a%2,").is_err());
}

#[test]
fn domain_and_prim_changed_places() {
    let message = listed("svc", "dom", PRIM, "x");
    let text = |order| Codec { order, ..Codec::new(Dialect::ClepSvc) }.encode(&message).unwrap();
    let prim = Escapes::SecondLife.escape(PRIM);
    assert_eq!(text(Order::DomainPrim), format!("CLEP,svc,dom,{prim},raw,x,"));
    assert_eq!(text(Order::PrimDomain), format!("CLEP,svc,{prim},dom,raw,x,"));
    // The older dialects have the older order, and the oldest another tag.
    assert_eq!(Codec::new(Dialect::ClepSha).encode(&message).unwrap(), text(Order::PrimDomain));
    let oldest = Codec::new(Dialect::Xichat).encode(&listed("", "d", "", "x")).unwrap();
    assert_eq!(oldest, "6 6 XiChat0 0 1 d3 raw1 x ");
}

#[test]
fn lep_inside() {
    let codec = Codec::new(Dialect::ClepSvc);
    let text = "CLEP,svc,dom,,LEP,1%2Csender%250Atarget%250Aping%2Cdata%2C,";
    let mut lep = LepMessage {
        flags: Flags::REQUEST,
        source: "sender".to_owned(),
        target: "target".to_owned(),
        parameters: vec!["ping".to_owned()],
        token: None,
        data: "data".to_owned(),
    };
    let message = |lep: &LepMessage| {
        Message::Listed(ListedMessage {
            service: "svc".to_owned(),
            domain: "dom".to_owned(),
            prim: String::new(),
            body: Body::Lep(lep.clone()),
        })
    };
    assert_eq!(codec.decode(text), Ok(message(&lep)));
    assert_eq!(codec.encode(&message(&lep)).as_deref(), Ok(text));
    assert_eq!(codec.decode(text).unwrap().target_script(), Some("target"));
    lep.token = Some("t".to_owned());
    assert!(codec.encode(&message(&lep)).is_err());
    let with_token = Codec { layout: Layout::L2, ..codec };
    let text = with_token.encode(&message(&lep)).unwrap();
    assert_eq!(with_token.decode(&text), Ok(message(&lep)));

    for broken in [
        "CLEP,svc,dom,,LEP,hello,",
        "CLEP,svc,dom,,LEP,x%2Csender%250Atarget%2Cdata%2C,",
        "CLEP,svc,dom,,LEP,1%2Csender%2Cdata%2C,",
        "CLEP,svc,dom,,LEP,1%2Csender%250Atarget%2Cdata,",
    ] {
        let error = codec.decode(broken).unwrap_err();
        assert!(!error.is_truncated(), "{broken}: {error}");
    }
    let raw = Message::Listed(ListedMessage {
        body: Body::Raw { kind: "LEP".to_owned(), text: String::new() },
        ..ListedMessage::default()
    });
    assert_eq!(codec.encode(&raw).unwrap_err().to_string(), "type: LEP marks a lep message");
}

#[test]
fn other_texts_are_told_from_cut_ones() {
    let decode = |text| Codec::new(Dialect::ClepSvc).decode(text).unwrap_err();
    assert_eq!(decode("hello").to_string(), "tag \"hello\": expected CLEP");
    assert_eq!(decode("XiChat,a,b,c,d,e,").to_string(), "tag \"XiChat\": expected CLEP");
    assert_eq!(decode("").to_string(), "tag \"\": expected CLEP");
    assert_eq!(decode("CLEP,a,b,c,d,e,f,").to_string(), "7 elements: expected 6");
    let cut = decode("CLEP,a,b,");
    assert_eq!(cut.to_string(), "truncated after 9 bytes: elements of the list");
    let newline = decode("CLEP,a,b%0Ac,d,e,f,");
    assert_eq!(newline.to_string(), "domain: expected a text without newline");
}

#[test]
fn packets_are_shown_and_never_written() {
    let codec = Codec::new(Dialect::ClepSvc);
    let packet = |fragment: Option<&str>| {
        Message::Packet(Packet {
            domain: "dom".to_owned(),
            transfer: "key".to_owned(),
            fragment: fragment.map(str::to_owned),
        })
    };
    assert_eq!(codec.decode("CLEP%5FPTP,dom,key,part,"), Ok(packet(Some("part"))));
    assert_eq!(codec.decode("CLEP_PTP,dom,key,,"), Ok(packet(Some(""))));
    assert_eq!(codec.decode("CLEP_PTP_More,dom,key,"), Ok(packet(None)));
    for cut in ["CLEP_PTP,dom,key,", "CLEP_PTP,dom,key,pa", "CLEP_PTP_More,dom,"] {
        assert!(codec.decode(cut).unwrap_err().is_truncated(), "{cut}");
    }
    let error = codec.encode(&packet(None)).unwrap_err();
    assert_eq!(error.to_string(), "clep-svc has no packet messages");
}

#[test]
fn the_seed_leaves_texts_open() {
    let codec = Codec::new(Dialect::SeedChuf);
    let opaque = Message::Opaque { text: "any\ntext".to_owned() };
    assert_eq!(codec.encode(&opaque).as_deref(), Ok("any\ntext"));
    assert_eq!(codec.decode("any\ntext"), Ok(opaque.clone()));
    assert!(codec.encode(&listed("", "d", "", "x")).is_err());
    let with_form = Codec { form: Some(ListForm::S3), ..codec };
    assert!(with_form.encode(&opaque).is_err());
    assert_eq!(
        with_form.encode(&listed("", "d", "", "x")).as_deref(),
        Ok("𒂗L6 4 CLEP0 0 1 d3 raw1 x ")
    );
}

#[test]
fn newest_request_bare_and_wrapped() {
    let codec = Codec::new(Dialect::ClepJson);
    let bare = codec.encode(&Message::Json(ping())).unwrap();
    assert_eq!(bare.len(), 196);
    assert_eq!(codec.decode(&bare), Ok(Message::Json(ping())));
    let wrapped =
        JsonMessage { seal: Seal::Wrapped { utime: Some(1_767_225_600.into()) }, ..ping() };
    let text = codec.encode(&Message::Json(wrapped.clone())).unwrap();
    assert_eq!(text.len(), 259);
    assert_eq!(codec.decode(&text), Ok(Message::Json(wrapped)));
    for text in [bare, text] {
        for at in 0..text.len() {
            let error = codec.decode(&text[..at]).unwrap_err();
            assert!(error.is_truncated() || at == 0, "{error}");
        }
    }
}

#[test]
fn newest_answer_goes_back() {
    let request = JsonMessage { params: Some(json!(null)), ..ping() };
    let answer = request.answer(address("Test", OTHER_PRIM, "b"), 2.into(), json!({ "ok": 1 }));
    assert_eq!(answer.target.prim.as_deref(), Some(PRIM));
    assert_eq!(answer.target.script.as_deref(), Some("a"));
    assert_eq!((&answer.id, &answer.method), (&request.id, &request.method));
    assert_eq!(answer.params, Some(json!(null)));
    let codec = Codec::new(Dialect::ClepJson);
    let text = codec.encode(&Message::Json(answer.clone())).unwrap();
    assert_eq!(codec.decode(&text), Ok(Message::Json(answer)));
}

#[test]
fn newest_says_what_is_wrong() {
    let whole = serde_json::from_str::<serde_json::Value>(
        &Codec::new(Dialect::ClepJson).encode(&Message::Json(ping())).unwrap(),
    )
    .unwrap();
    let decode = |key: &str, value: Option<serde_json::Value>| {
        let mut object = whole.as_object().unwrap().clone();
        object.remove(key);
        object.extend(value.map(|value| (key.to_owned(), value)));
        let text = serde_json::Value::Object(object).to_string();
        Codec::new(Dialect::ClepJson).decode(&text).unwrap_err().to_string()
    };
    assert_eq!(decode("domain", None), "domain: expected a text");
    assert_eq!(decode("domain", Some(json!(1))), "domain: expected a text");
    assert_eq!(decode("domain", Some(json!("a\nb"))), "domain: expected a text without newline");
    assert_eq!(decode("id", None), "id: expected a text");
    assert_eq!(decode("method", Some(json!("ping"))), "method: expected an array of texts");
    assert_eq!(decode("method", Some(json!([1]))), "method: expected an array of texts");
    assert_eq!(decode("source", None), "source: expected an object");
    assert_eq!(decode("target", Some(json!(""))), "target: expected an object");
    assert_eq!(decode("utime", Some(json!("1"))), "utime: expected a number");
    assert_eq!(decode("payload", Some(json!({}))), "payload: expected a text");
    assert_eq!(decode("payload", Some(json!("{"))), "payload: expected a whole json object");
    let codec = Codec::new(Dialect::ClepJson);
    assert_eq!(codec.decode("[]").unwrap_err().to_string(), "text: expected a json object");
    assert!(codec.decode("hello").unwrap_err().to_string().starts_with("not json: "));
    assert!(!codec.decode("\"cut").unwrap_err().is_truncated());
}

#[test]
fn newest_signatures_are_kept_and_not_made() {
    let codec = Codec::new(Dialect::ClepJson);
    let payload = codec.encode(&Message::Json(ping())).unwrap();
    let snep = json!({ "sign_algo": "HMAC", "signature": "x" });
    let text = json!({ "payload": payload, "snep": snep }).to_string();
    let message = codec.decode(&text).unwrap();
    assert!(message.is_signed());
    let expected = JsonMessage { seal: Seal::Signed { payload, snep }, ..ping() };
    assert_eq!(message, Message::Json(expected));
    let error = codec.encode(&message).unwrap_err();
    assert_eq!(error.to_string(), "seal: signatures are only read");
}

#[test]
fn short_keys() {
    let codec = Codec::new(Dialect::ClepRpcShort);
    let decode = |text: &str| match codec.decode(text) {
        Ok(Message::Short(message)) => message,
        other => panic!("{text}: {other:?}"),
    };
    let request =
        decode(r#"{"ss":"a","ts":"","m":"file.open","i":3,"p":["x"],"id":"7","cd":"d","t":"RPC"}"#);
    assert_eq!(request.source.script, "a");
    assert_eq!((request.domain.as_str(), request.method.as_str()), ("d", "file.open"));
    assert_eq!((request.integer, request.params.clone()), (Some(3), Some(json!(["x"]))));
    assert_eq!((request.id.as_deref(), &request.outcome), (Some("7"), &ShortOutcome::Request));
    let text = codec.encode(&Message::Short(request.clone())).unwrap();
    assert_eq!(text, r#"{"d":"d","i":3,"id":"7","m":"file.open","p":["x"],"ss":"a","ts":""}"#);
    assert_eq!(decode(&text), request);
    // A result of null is a result; with both, the result counts.
    let both = decode(r#"{"ss":"a","ts":"b","r":null,"e":{"c":1}}"#);
    assert_eq!(both.outcome, ShortOutcome::Result(json!(null)));
    let error = decode(r#"{"ss":"a","ts":"b","e":{"c":-1,"m":"no","d":0}}"#);
    let fault = Fault { code: -1, message: "no".to_owned(), data: Some(json!(0)) };
    assert_eq!(error.outcome, ShortOutcome::Error(fault));
    assert_eq!(decode(&codec.encode(&Message::Short(error.clone())).unwrap()), error);
    let refused = |text: &str| codec.decode(text).unwrap_err().to_string();
    assert_eq!(refused(r#"{"ts":"b"}"#), "ss: expected a text");
    assert_eq!(refused(r#"{"ss":"a"}"#), "ts: expected a text");
    assert_eq!(refused(r#"{"ss":"a","ts":"b","t":"X"}"#), "t: expected RPC");
    assert_eq!(refused(r#"{"ss":"a","ts":"b","e":1}"#), "e: expected an object");
    assert_eq!(refused(r#"{"ss":"a","ts":"b","i":1.5}"#), "i: expected an integer");
    let cut = codec.decode(r#"{"ss":"a","ts""#).unwrap_err();
    assert!(cut.is_truncated(), "{cut}");
}

const LINES: &str = "2026-02-03T04:05:06.000000Z\nTest\nprim\na\n\n\n\nb\ndom\nping\nx%0Ay\n7\n\n";

#[test]
fn lines() {
    let codec = Codec::new(Dialect::ClepLines);
    let request = LinesMessage {
        timestamp: "2026-02-03T04:05:06.000000Z".to_owned(),
        source: address("Test", "prim", "a"),
        snep_target: String::new(),
        target: address("", "", "b"),
        domain: "dom".to_owned(),
        method: "ping".to_owned(),
        params: "x\ny".to_owned(),
        id: "7".to_owned(),
        outcome: LineOutcome::Request,
        signature: None,
    };
    let text = codec.encode(&Message::Lines(request.clone())).unwrap();
    assert_eq!(text, LINES);
    let signature = LineSignature {
        scheme: Scheme::Hmac,
        algorithm: "sha512".to_owned(),
        signature: "c2ln".to_owned(),
    };
    for message in [
        request.clone(),
        LinesMessage { outcome: LineOutcome::Result("1,2".to_owned()), ..request.clone() },
        LinesMessage {
            outcome: LineOutcome::Error { code: -3, text: "no".to_owned() },
            ..request.clone()
        },
        LinesMessage { signature: Some(signature), ..request.clone() },
    ] {
        let message = Message::Lines(message);
        let text = codec.encode(&message).unwrap();
        assert_eq!(codec.decode(&text), Ok(message));
    }
    let encode = |message: LinesMessage| codec.encode(&Message::Lines(message)).unwrap_err();
    let newline = encode(LinesMessage { method: "a\nb".to_owned(), ..request.clone() });
    assert_eq!(newline, EncodeError::Newline { field: "method" });
    let zero = LineOutcome::Error { code: 0, text: String::new() };
    let zero = encode(LinesMessage { outcome: zero, ..request });
    assert_eq!(zero.to_string(), "error code: 0 marks a result");
}

#[test]
fn cut_lines() {
    let codec = Codec::new(Dialect::ClepLines);
    for at in 1..LINES.len() {
        let error = codec.decode(&LINES[..at]).unwrap_err();
        assert!(error.is_truncated() || at < 28, "{at}: {error}");
    }
    for (fields, truncated) in [("\nRSA", true), ("\nRSA\nsha512", true), ("\na\nb\nc\nd", false)] {
        let error = codec.decode(&format!("{LINES}{fields}")).unwrap_err();
        assert_eq!(error.is_truncated(), truncated, "{error}");
    }
    assert!(codec.decode("hello").unwrap_err().to_string().starts_with("text: expected"));
    // Whatever is near enough to the limits of both grids to have been cut is refused.
    let result = |length: usize| {
        let head = LINES.strip_suffix('\n').unwrap();
        let text = format!("{head}0\n");
        let fill = length - text.len();
        format!("{text}{}", "x".repeat(fill))
    };
    assert!(codec.decode(&result(1018)).is_ok());
    for length in 1019..=1030 {
        assert!(codec.decode(&result(length)).unwrap_err().is_truncated(), "{length}");
    }
    let Ok(Message::Lines(longest)) = codec.decode(&result(1018)) else { panic!() };
    let LineOutcome::Result(text) = &longest.outcome else { panic!() };
    assert!(codec.encode(&Message::Lines(longest.clone())).is_ok());
    let outcome = LineOutcome::Result(format!("{text}x"));
    let error = codec.encode(&Message::Lines(LinesMessage { outcome, ..longest })).unwrap_err();
    assert_eq!(error, EncodeError::TooLong { bytes: 1019, limit: 1018 });
}

#[test]
fn over_long_texts_are_not_written() {
    let codec = Codec { form: Some(ListForm::S2), ..Codec::new(Dialect::ClepSha) };
    let overhead = codec.encode(&listed("", "d", "", "")).unwrap().len();
    // Two more digits in the length of the text.
    let longest = DEFAULT_LIMIT - overhead - 2;
    let text = codec.encode(&listed("", "d", "", &"x".repeat(longest))).unwrap();
    assert_eq!(text.len(), DEFAULT_LIMIT);
    let error = codec.encode(&listed("", "d", "", &"x".repeat(longest + 1))).unwrap_err();
    assert_eq!(error.to_string(), "message of 1024 bytes: at most 1023 fit into one chat message");
    // Escaping triples most characters.
    let escaped = Codec::new(Dialect::ClepSvc);
    assert!(escaped.encode(&listed("", "d", "", &" ".repeat(334))).is_ok());
    assert!(escaped.encode(&listed("", "d", "", &" ".repeat(341))).is_err());
}

#[test]
fn names_with_newlines_are_not_written() {
    for codec in codecs() {
        let message = match codec.dialect {
            Dialect::ClepRpcShort => Message::Short(ShortMessage {
                domain: "a\nb".to_owned(),
                ..ShortMessage::default()
            }),
            Dialect::ClepLines => Message::Lines(LinesMessage {
                domain: "a\nb".to_owned(),
                ..LinesMessage::default()
            }),
            dialect if dialect.is_json() => {
                Message::Json(JsonMessage { domain: "a\nb".to_owned(), ..ping() })
            }
            _ if codec.list_form().is_none() => continue,
            _ => listed("", "a\nb", "", "x"),
        };
        let error = codec.encode(&message).unwrap_err();
        assert_eq!(error, EncodeError::Name(NameError { part: "domain", after: 1 }));
    }
}

#[test]
fn bytes_that_are_no_text() {
    let error = Codec::new(Dialect::ClepSvc).decode_bytes(b"CLEP,\xff").unwrap_err();
    assert_eq!(error, DecodeError::NotText { after: 5 });
}
