//! The template language, its errors, and our own template.

use proptest::prelude::*;

use super::check::check;
use super::model::{Deprecation, FieldType, Frequency, Quantity, Template};
use super::parse::parse;

const OURS: &str = include_str!("../../message_template.msg");

fn error(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string(),
        Ok(template) => check(&template).unwrap_err().to_string(),
    }
}

fn field(words: &str) -> String {
    error(&format!("{{ M Low NotTrusted Unencoded {{ B Single\n{{ F {words} }} }} }}"))
}

#[test]
fn both_forms_of_the_language() {
    let versioned = parse(
        "version 2.0\n{ A Low 7 Trusted Zerocoded UDPDeprecated { B Multiple 3 { F Fixed 9 } } }",
    )
    .unwrap();
    assert_eq!(versioned.version.as_deref(), Some("2.0"));
    let message = &versioned.messages[0];
    assert_eq!((message.frequency, message.number), (Frequency::Low, 7));
    assert!(message.trusted && message.zerocoded);
    assert_eq!(message.deprecation, Deprecation::UdpDeprecated);
    assert_eq!(message.blocks[0].quantity, Quantity::Multiple(3));
    assert_eq!(message.blocks[0].fields[0].kind, FieldType::Fixed(9));

    let older = parse(
        "{A Low NotTrusted Unencoded}{B High NotTrusted Unencoded}\n\
         {C Fixed 0xFFFFFFFB NotTrusted Unencoded}{D Low NotTrusted Unencoded}\n\
         {E Medium Trusted Zerocoded}{F High NotTrusted Unencoded}",
    )
    .unwrap();
    assert_eq!(older.version, None);
    let numbers: Vec<u32> = older.messages.iter().map(|message| message.number).collect();
    assert_eq!(numbers, [1, 1, 0xFFFF_FFFB, 2, 1, 2]);
}

#[test]
fn a_version_line_does_not_ask_for_numbers() {
    let text = "version 1.014\n{ A Low NotTrusted Unencoded }{ B Low NotTrusted Unencoded }";
    let template = parse(text).unwrap();
    assert_eq!(template.version.as_deref(), Some("1.014"));
    let numbers: Vec<u32> = template.messages.iter().map(|message| message.number).collect();
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn low_0_is_a_number() {
    let template = parse("version 2.0 { A Low 0 NotTrusted Unencoded }").unwrap();
    assert_eq!(template.messages[0].number, 0);
}

#[test]
fn every_type_is_known() {
    for kind in ours_and_unused_types() {
        let text = format!("{{ M Low NotTrusted Unencoded {{ B Single {{ F {kind} }} }} }}");
        let template = parse(&text).unwrap();
        assert_eq!(template.messages[0].blocks[0].fields[0].kind, kind, "{text}");
    }
}

fn ours_and_unused_types() -> impl Iterator<Item = FieldType> {
    let ours = parse(OURS).unwrap();
    let used: Vec<FieldType> = fields(&ours).collect();
    let unused = [
        FieldType::Null,
        FieldType::S64,
        FieldType::U16Vec3,
        FieldType::U16Quat,
        FieldType::S16Array,
        FieldType::Eol,
    ];
    used.into_iter().chain(unused)
}

fn fields(template: &Template) -> impl Iterator<Item = FieldType> + '_ {
    let blocks = template.messages.iter().flat_map(|message| &message.blocks);
    blocks.flat_map(|block| &block.fields).map(|field| field.kind)
}

#[test]
fn grammar_errors_name_place_and_expectation() {
    for (text, wanted) in [
        ("Foo", "line 1: expected `{` before a message, found `Foo`"),
        ("version", "line 1: expected a version number, found the end of the file"),
        ("version {", "line 1: expected a version number, found `{`"),
        ("\n{", "line 2: expected a message name, found the end of the file"),
        ("{ 7 Low", "line 1: expected a message name, found `7`"),
        ("{ A Often", "line 1, message A: expected High, Medium, Low or Fixed, found `Often`"),
        ("{ A Low\nFriend", "line 2, message A: expected Trusted or NotTrusted, found `Friend`"),
        (
            "{ A Low Trusted Rot13",
            "line 1, message A: expected Zerocoded or Unencoded, found `Rot13`",
        ),
        (
            "{ A Low Trusted Unencoded Old",
            "line 1, message A: expected NotDeprecated, Deprecated, UDPDeprecated, \
             UDPBlackListed, `{` of a block or `}`, found `Old`",
        ),
        (
            "{ A Low Trusted Unencoded Deprecated Deprecated }",
            "line 1, message A: expected `{` of a block or `}`, found `Deprecated`",
        ),
        (
            "{ A Low Trusted Unencoded { B Some",
            "line 1, message A, block B: expected Single, Multiple or Variable, found `Some`",
        ),
        (
            "{ A Low Trusted Unencoded { B Multiple 0",
            "line 1, message A, block B: expected a count of 1 to 255, found `0`",
        ),
        (
            "{ A Low Trusted Unencoded\n{ B Single { C LLVector2 } } }",
            "line 2, message A, block B, field C: expected a type, found `LLVector2`",
        ),
        (
            "{ A Low Trusted Unencoded { B Single } } { C",
            "line 1, message C: expected High, Medium, Low or Fixed, found the end of the file",
        ),
    ] {
        assert_eq!(error(text), wanted);
    }
    let prefix = "line 2, message M, block B, field F: expected";
    assert_eq!(field("Variable 3"), format!("{prefix} a prefix width of 1 to 2, found `3`"));
    assert_eq!(field("Variable"), format!("{prefix} a prefix width, found `}}`"));
    assert_eq!(field("Fixed 0"), format!("{prefix} a length in bytes of 1 to 8192, found `0`"));
    assert_eq!(field("U8 4"), format!("{prefix} `}}` behind the type, found `4`"));
    let long = "x".repeat(1000);
    assert!(field(&long).len() < 150);
}

#[test]
fn numbers_stay_in_their_range() {
    let header =
        |header: &str| error(&format!("version 2.0 {{ A {header} NotTrusted Unencoded }}"));
    let prefix = "line 1, message A: expected a message number of";
    assert_eq!(header("High 255"), format!("{prefix} 1 to 254, found `255`"));
    assert_eq!(header("Medium 0"), format!("{prefix} 1 to 254, found `0`"));
    assert_eq!(header("Low 65530"), format!("{prefix} 0 to 65529, found `65530`"));
    assert_eq!(header("Low 99999999999"), format!("{prefix} 0 to 65529, found `99999999999`"));
    assert_eq!(header("Low 1a"), format!("{prefix} 0 to 65529, found `1a`"));
    assert_eq!(header("Fixed 0xFF"), format!("{prefix} 0xFFFFFFFA to 0xFFFFFFFF, found `0xFF`"));
    let numbering = "line 1, message A: expected all message headers with a number, or none";
    let mixed = "{ B Low NotTrusted Unencoded } { A Low 3 NotTrusted Unencoded }";
    assert_eq!(error(mixed), numbering);
    let many = "{ A High NotTrusted Unencoded }".repeat(255);
    assert!(error(&many).contains("1 to 254, found message 255 of this frequency"));
}

#[test]
fn repetitions_and_clashes_are_found() {
    let head = "NotTrusted Unencoded";
    for (text, wanted) in [
        (
            format!("{{ A Low 1 {head} }}\n{{ A Low 2 {head} }}"),
            "line 2, message A: expected a new message name, found A again (first on line 1)",
        ),
        (
            format!("{{ A Low 1 {head} }}\n{{ B Low 1 {head} }}"),
            "line 2, message B: expected a new message number, found Low 1 again (first on line 1)",
        ),
        (
            format!("{{ A Low 1 {head} {{ B Single }} {{ B Single }} }}"),
            "line 1, message A, block B: expected a new block name, found B again (first on line 1)",
        ),
        (
            format!("{{ A Low 1 {head} {{ B Single {{ C U8 }}\n{{ C U8 }} }} }}"),
            "line 2, message A, block B, field C: expected a new field name, found C again (first \
             on line 1)",
        ),
        (
            format!("{{ A Low 1 {head} {{ B Single {{ SimIP U8 }} {{ SimIp U8 }} }} }}"),
            "line 1, message A, block B, field SimIp: expected a field name that differs from \
             SimIP: both become `sim_ip`",
        ),
        (
            format!("{{ AB Low 1 {head} }} {{ A Low 2 {head} {{ B Single }} }}"),
            "line 1, message A, block B: expected a message or block name that differs from AB: \
             both become `AB`",
        ),
    ] {
        assert_eq!(error(&text), wanted);
    }
}

/// The figures are those that were counted in the viewer's own file, plus `MapBlockReply.Size`.
#[test]
fn our_template_is_complete() {
    let ours = parse(OURS).unwrap();
    check(&ours).unwrap();
    assert_eq!(ours.version.as_deref(), Some("2.0"));
    for (frequency, count, trusted, zerocoded) in [
        (Frequency::High, 32, 20, 9),
        (Frequency::Medium, 17, 10, 9),
        (Frequency::Low, 431, 188, 171),
        (Frequency::Fixed, 3, 0, 0),
    ] {
        let of = || ours.messages.iter().filter(|message| message.frequency == frequency);
        assert_eq!(of().count(), count, "{frequency}");
        assert_eq!(of().filter(|message| message.trusted).count(), trusted, "{frequency}");
        assert_eq!(of().filter(|message| message.zerocoded).count(), zerocoded, "{frequency}");
        if frequency != Frequency::Fixed {
            let mut numbers: Vec<u32> = of().map(|message| message.number).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (1..=count as u32).collect::<Vec<_>>(), "{frequency}");
        }
    }
    let quantity = |test: fn(Quantity) -> bool| {
        let blocks = ours.messages.iter().flat_map(|message| &message.blocks);
        blocks.filter(|block| test(block.quantity)).count()
    };
    assert_eq!(quantity(|quantity| quantity == Quantity::Single), 690);
    assert_eq!(quantity(|quantity| quantity == Quantity::Variable), 210 + 1);
    assert_eq!(quantity(|quantity| matches!(quantity, Quantity::Multiple(_))), 4);
    let kind = |test: fn(FieldType) -> bool| fields(&ours).filter(|&kind| test(kind)).count();
    assert_eq!(kind(|kind| matches!(kind, FieldType::Variable(_))), 359);
    assert_eq!(kind(|kind| matches!(kind, FieldType::Fixed(_))), 4);
    for (name, count) in [
        ("LLUUID", 1212),
        ("U32", 400),
        ("S32", 264),
        ("U8", 169),
        ("BOOL", 162),
        ("F32", 112),
        ("LLVector3", 99),
        ("S8", 55),
        ("U64", 52),
        ("U16", 31 + 2),
        ("IPADDR", 17),
        ("IPPORT", 14),
        ("LLQuaternion", 12),
        ("F64", 7),
        ("S16", 7),
        ("LLVector3d", 6),
        ("LLVector4", 1),
    ] {
        assert_eq!(fields(&ours).filter(|kind| kind.to_string() == name).count(), count, "{name}");
    }
    let flagged = |flag| {
        let messages = ours.messages.iter().filter(move |message| message.deprecation == flag);
        messages.map(|message| message.name.as_str()).collect::<Vec<_>>()
    };
    let mut blacklisted = flagged(Deprecation::UdpBlackListed);
    blacklisted.sort_unstable();
    assert_eq!(blacklisted, ["CrossedRegion", "EnableSimulator", "OpenCircuit", "TeleportFinish"]);
    assert_eq!(flagged(Deprecation::UdpDeprecated).len(), 17);
    assert_eq!(flagged(Deprecation::Deprecated).len(), 5);
    let empty = ours.messages.iter().filter(|message| message.blocks.is_empty());
    assert_eq!(empty.count(), 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = parse(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(
        words in proptest::collection::vec(
            prop_oneof![
                Just("{"), Just("}"), Just("version"), Just("2.0"), Just("High"), Just("Low"),
                Just("Fixed"), Just("0xFFFFFFFF"), Just("Trusted"), Just("NotTrusted"),
                Just("Zerocoded"), Just("Unencoded"), Just("Deprecated"), Just("Single"),
                Just("Multiple"), Just("Variable"), Just("1"), Just("U8"), Just("EOL"),
                Just("//"), Just("\n"), Just("Name"),
            ],
            0..60,
        ),
    ) {
        if let Ok(template) = parse(&words.join(" ")) {
            let _ = check(&template);
        }
    }

    #[test]
    fn a_template_cut_anywhere_is_refused_or_shorter(at in 0..OURS.len()) {
        if let Some(part) = OURS.get(..at)
            && let Ok(template) = parse(part)
        {
            prop_assert!(template.messages.len() < 483);
        }
    }
}
