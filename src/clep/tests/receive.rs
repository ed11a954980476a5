//! What listeners accept, and the reasons for what they drop.

use super::*;
use crate::clep::lep::{Flags, LepMessage};

const OWNER: &str = "aaaaaaaa-0000-4000-8000-000000000001";

fn domains(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// The reason why `listener` drops a message that `speaker` sends.
fn reason(listener: &Listener<'_>, speaker: &str, message: &Message) -> Option<DropReason> {
    let text = listener.codec.encode(message).unwrap();
    reason_of_text(listener, speaker, &text)
}

fn reason_of_text(listener: &Listener<'_>, speaker: &str, text: &str) -> Option<DropReason> {
    let heard = Heard { speaker, owner: None, text: text.as_bytes() };
    listener.receive(&heard).err().map(|dropped| dropped.reason)
}

#[test]
fn lists_by_service_domain_prim_and_script() {
    let codec = Codec::new(Dialect::ClepSvc);
    let domains = domains(&["test", "more"]);
    let mut listener = Listener::new(&codec, "svc", &domains);
    (listener.prim, listener.script) = (PRIM, "script");
    let heard = |listener: &Listener<'_>, message: &Message| reason(listener, OTHER_PRIM, message);
    assert_eq!(heard(&listener, &listed("svc", "test", "", "x")), None);
    assert_eq!(heard(&listener, &listed("svc", "more", NULL_KEY, "x")), None);
    assert_eq!(heard(&listener, &listed("svc", "test", PRIM, "x")), None);
    assert_eq!(heard(&listener, &listed("svc", "test", &PRIM.to_uppercase(), "x")), None);
    // Both of these have the channel of svc and test.
    assert_eq!(heard(&listener, &listed("sv", "ctest", "", "x")), Some(DropReason::Service));
    assert_eq!(heard(&listener, &listed("svc", "Test", "", "x")), Some(DropReason::Interference));
    let other = listed("svc", "test", OTHER_PRIM, "x");
    assert_eq!(heard(&listener, &other), Some(DropReason::Prim));
    listener.checks_prim = false;
    assert_eq!(heard(&listener, &other), None);
    let lep = |target: &str| {
        Message::Listed(ListedMessage {
            service: "svc".to_owned(),
            domain: "test".to_owned(),
            prim: String::new(),
            body: Body::Lep(LepMessage {
                flags: Flags::REQUEST,
                source: "script".to_owned(),
                target: target.to_owned(),
                parameters: Vec::new(),
                token: None,
                data: String::new(),
            }),
        })
    };
    assert_eq!(heard(&listener, &lep("")), None);
    assert_eq!(heard(&listener, &lep("script")), None);
    assert_eq!(heard(&listener, &lep("scrip")), Some(DropReason::Script));
    listener.script_match = Match::Substring;
    assert_eq!(heard(&listener, &lep("scrip")), None);
    assert_eq!(reason(&listener, PRIM, &lep("script")), Some(DropReason::Loopback));
}

#[test]
fn older_receivers_do_not_compare_the_prim() {
    let domains = domains(&["test"]);
    for dialect in Dialect::ALL.into_iter().filter(|dialect| dialect.is_listed()) {
        let codec = Codec { form: Some(ListForm::S4), ..Codec::new(dialect) };
        let mut listener = Listener::new(&codec, "", &domains);
        listener.prim = PRIM;
        let found = reason(&listener, OTHER_PRIM, &listed("", "test", OTHER_PRIM, "x"));
        let expected = (dialect == Dialect::ClepSvc).then_some(DropReason::Prim);
        assert_eq!(found, expected, "{dialect}");
    }
    let older = Codec { order: Order::PrimDomain, ..Codec::new(Dialect::ClepSvc) };
    assert!(!Listener::new(&older, "", &domains).checks_prim);
}

#[test]
fn malformed_messages_are_refused() {
    let codec = Codec::new(Dialect::ClepSvc);
    let domains = domains(&["test"]);
    let listener = Listener::new(&codec, "", &domains);
    let reason = |text: &str| reason_of_text(&listener, OTHER_PRIM, text);
    assert_eq!(reason("hello"), Some(DropReason::NotClep));
    assert_eq!(reason("CLEP,,test,,raw,hel"), Some(DropReason::Truncated));
    assert_eq!(reason("CLEP,,test,,raw,"), Some(DropReason::Truncated));
    assert_eq!(reason("CLEP_PTP_More,test,key,"), Some(DropReason::NotClep));
    let heard = Heard { text: b"\xff", ..Heard::default() };
    let dropped = listener.receive(&heard).unwrap_err();
    assert_eq!(dropped.to_string(), "not_clep: not utf-8 after 0 bytes");
}

#[test]
fn the_newest_by_every_reason_in_order() {
    let codec = Codec::new(Dialect::ClepJson);
    let domains = domains(&["test"]);
    let mut listener = Listener::new(&codec, "", &domains);
    (listener.region, listener.prim, listener.script) = ("Here", OTHER_PRIM, "b");
    listener.owner_only = Some(OWNER);
    // Wrong in everything; each step mends what was told.
    let mut message = ping();
    message.domain = "other".to_owned();
    message.source = address("Here", OTHER_PRIM, "b");
    message.target = Target {
        region: Some("There".to_owned()),
        prim: Some(PRIM.to_owned()),
        script: Some("c".to_owned()),
        ..Target::default()
    };
    let mut heard = Heard { speaker: PRIM, owner: None, text: b"" };
    let ask = |listener: &Listener<'_>, heard: &Heard<'_>, message: &JsonMessage| {
        let text = codec.encode(&Message::Json(message.clone())).unwrap();
        let heard = Heard { text: text.as_bytes(), ..*heard };
        listener.receive(&heard).map(|received| received.is_signed).map_err(|drop| drop.reason)
    };
    assert_eq!(ask(&listener, &heard, &message), Err(DropReason::Interference));
    message.domain = "test".to_owned();
    assert_eq!(ask(&listener, &heard, &message), Err(DropReason::Owner));
    heard.owner = Some(PRIM);
    assert_eq!(ask(&listener, &heard, &message), Err(DropReason::Owner));
    heard.owner = Some(OWNER);
    assert_eq!(ask(&listener, &heard, &message), Err(DropReason::Region));
    message.target.region = Some("Here".to_owned());
    assert_eq!(ask(&listener, &heard, &message), Err(DropReason::Prim));
    message.target.prim = Some(OTHER_PRIM.to_owned());
    assert_eq!(ask(&listener, &heard, &message), Err(DropReason::Script));
    message.target.script = Some("b".to_owned());
    assert_eq!(ask(&listener, &heard, &message), Err(DropReason::Spoof));
    listener.checks_speaker = Some(false);
    assert_eq!(ask(&listener, &heard, &message), Err(DropReason::Loopback));
    listener.checks_speaker = Some(true);
    message.source = address("Here", PRIM, "b");
    assert_eq!(ask(&listener, &heard, &message), Ok(false));
}

#[test]
fn relays_may_speak_for_others_where_nobody_compares() {
    let domains = domains(&["test"]);
    for dialect in [Dialect::ClepRpcShort, Dialect::ClepLines] {
        let codec = Codec::new(dialect);
        assert_eq!(Listener::new(&codec, "", &domains).checks_speaker, None);
    }
    let codec = Codec::new(Dialect::ClepRpcShort);
    let listener = Listener::new(&codec, "", &domains);
    let message = Message::Short(ShortMessage {
        domain: "test".to_owned(),
        source: address("", PRIM, "a"),
        ..ShortMessage::default()
    });
    assert_eq!(reason(&listener, OTHER_PRIM, &message), None);
}

#[test]
fn signed_messages_are_taken_and_marked() {
    let codec = Codec::new(Dialect::ClepRpcShort);
    let domains = domains(&[""]);
    let listener = Listener::new(&codec, "", &domains);
    let heard = Heard { text: br#"{"ss":"a","ts":"","s":{"a":"x"}}"#, ..Heard::default() };
    assert!(listener.receive(&heard).unwrap().is_signed);
}

#[test]
fn opaque_texts_are_for_everybody() {
    let codec = Codec::new(Dialect::SeedChuf);
    let domains = domains(&["test"]);
    let listener = Listener::new(&codec, "svc", &domains);
    assert_eq!(reason_of_text(&listener, PRIM, "anything"), None);
}

#[test]
fn reasons_have_their_names() {
    for reason in DropReason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
    }
    assert!(DropReason::ALL.is_sorted());
}
