//! Test vectors of LEP, and properties of any message.

use proptest::prelude::*;

use super::*;
use crate::clep::{Address, Match, Seal, ShortOutcome, Target};

fn link(integer: i32, text: &str, key: &str) -> LinkMessage {
    LinkMessage { integer, text: text.to_owned(), key: key.to_owned() }
}

fn plain(flags: i32, source: &str, target: &str, parameters: &[&str], data: &str) -> LepMessage {
    LepMessage {
        flags: Flags(flags),
        source: source.to_owned(),
        target: target.to_owned(),
        parameters: parameters.iter().map(|&line| line.to_owned()).collect(),
        token: None,
        data: data.to_owned(),
    }
}

#[test]
fn l1_vectors() {
    let vectors = [
        (link(1, "sender\n\nping", ""), plain(1, "sender", "", &["ping"], "")),
        (link(2, "target\nsender\nping", "lsl"), plain(2, "target", "sender", &["ping"], "lsl")),
        (
            link(6, "target\nsender\nfile\nopen", "not found"),
            plain(6, "target", "sender", &["file", "open"], "not found"),
        ),
        (link(0, "sender\ntarget", "data"), plain(0, "sender", "target", &[], "data")),
        (link(0, "a\nb\n\nx", ""), plain(0, "a", "b", &["", "x"], "")),
        (link(-8, "\n", "any text"), plain(-8, "", "", &[], "any text")),
    ];
    for (link, message) in vectors {
        let message = Message::Plain(message);
        assert_eq!(decode(Revision::L1, &link).as_ref(), Ok(&message));
        assert_eq!(encode(Revision::L1, &message), Ok(link));
    }
    let error = decode(Revision::L1, &link(1, "hello", "")).unwrap_err();
    assert_eq!(error.to_string(), "lep message: 1 lines: expected at least 2");
}

#[test]
fn l2_vectors() {
    let token = "8f3c1d2e-4b5a-6978-8796-a5b4c3d2e1f0";
    let request = link(1, &format!("sender\ntarget\nping\n{token}"), "");
    let mut message = plain(1, "sender", "target", &["ping"], "");
    message.token = Some(token.to_owned());
    assert_eq!(LepMessage::decode(Layout::L2, &request), Ok(message.clone()));
    assert_eq!(message.encode(Layout::L2), Ok(request.clone()));
    // An older receiver takes the token for a parameter.
    let older = LepMessage::decode(Layout::L1, &request).unwrap();
    assert_eq!(older.parameters, ["ping", token]);

    let notice = link(0, "sender\ntarget\nhello\n", "");
    let mut message = plain(0, "sender", "target", &["hello"], "");
    message.token = Some(String::new());
    assert_eq!(LepMessage::decode(Layout::L2, &notice), Ok(message.clone()));
    assert_eq!(message.encode(Layout::L2), Ok(notice));
    message.token = Some("t".to_owned());
    let error = message.encode(Layout::L2).unwrap_err();
    assert_eq!(error, EncodeError::Token("only requests and responses have one"));
    assert!(message.encode(Layout::L1).is_err());
    assert!(LepMessage::decode(Layout::L2, &link(0, "a\nb", "")).is_err());
}

#[test]
fn newlines_have_no_place_in_lines() {
    for (message, field) in [
        (plain(0, "a\n", "", &[], ""), "source script"),
        (plain(0, "", "\nb", &[], ""), "target script"),
        (plain(0, "", "", &["x", "\n"], ""), "parameters"),
    ] {
        assert_eq!(message.encode(Layout::L1), Err(EncodeError::Newline { field }));
    }
}

#[test]
fn l0_is_read_by_its_status() {
    let status = |status: &str| {
        Imp::decode(&link(7, &format!("target\nsource\n{status}\np\n"), "data")).unwrap().status
    };
    assert_eq!(status(":"), Status::Broadcast);
    assert_eq!(status(""), Status::Request);
    assert_eq!(status("ok"), Status::Success("ok".to_owned()));
    assert_eq!(status("err:no"), Status::Failure("no".to_owned()));
    let imp = Imp::decode(&link(7, "target\nsource\n:\np\n", "data")).unwrap();
    assert_eq!((imp.target.as_str(), imp.source.as_str()), ("target", "source"));
    assert_eq!((imp.identifier, imp.data.as_str()), (7, "data"));
    assert_eq!(imp.parameters, ["p", ""]);
    for few in ["", "a\nb", "a\nb\n:"] {
        assert!(Imp::decode(&link(0, few, "")).is_err(), "{few:?}");
    }
    let error = encode(Revision::L0, &Message::Imp(imp)).unwrap_err();
    assert_eq!(error.to_string(), "lep message: revision l0 cannot write it");
}

#[test]
fn l3_and_l5_are_the_objects_of_clep() {
    let address = |script: &str| Address { script: script.to_owned(), ..Address::default() };
    let message = Message::Short {
        message: ShortMessage {
            source: address("a"),
            target: address("b"),
            method: "file.open".to_owned(),
            outcome: ShortOutcome::Request,
            ..ShortMessage::default()
        },
        integer: -5,
        key: "any".to_owned(),
    };
    let sent = encode(Revision::L3, &message).unwrap();
    assert_eq!(sent, link(-5, r#"{"m":"file.open","ss":"a","ts":"b"}"#, "any"));
    assert_eq!(decode(Revision::L3, &sent), Ok(message));
    assert!(decode(Revision::L3, &link(0, "[]", "")).is_err());

    let message = Message::Json(JsonMessage {
        domain: "d".to_owned(),
        id: "1".to_owned(),
        method: vec!["ping".to_owned()],
        source: address("a"),
        target: Target::default(),
        utime: 1.into(),
        params: None,
        result: None,
        seal: Seal::Bare,
        tagged: false,
    });
    let sent = encode(Revision::L5, &message).unwrap();
    assert_eq!((sent.integer, sent.key.as_str()), (0, NULL_KEY));
    assert_eq!(decode(Revision::L5, &sent).as_ref(), Ok(&message));
    assert!(encode(Revision::L1, &message).is_err());
    // Its domain must be listened to.
    let mut receiver = Receiver::new(2, "b");
    assert_eq!(receiver.judge(3, &message), Err(LepRefusal::Domain));
    let domains = ["d".to_owned()];
    receiver.domains = &domains;
    assert_eq!(receiver.judge(3, &message), Ok(()));
}

#[test]
fn l4_has_no_length_limit() {
    let text =
        format!("2026-02-03T04:05:06.000000Z\n\n\ns\n\n\n\n\nd\nm\n{}\n\n\n", "x".repeat(5000));
    let message = decode(Revision::L4, &link(0, &text, "")).unwrap();
    assert_eq!((message.source(), message.target()), ("s", ""));
    let error = encode(Revision::L4, &message).unwrap_err();
    assert_eq!(error.to_string(), "lep message: revision l4 cannot write it");
}

#[test]
fn receivers_refuse_in_order() {
    let message = |source: &str, target: &str| Message::Plain(plain(1, source, target, &[], ""));
    let (sources, aliases) = (["friend".to_owned()], ["nick".to_owned()]);
    let mut receiver = Receiver::new(2, "own name");
    assert_eq!(receiver.judge(2, &message("own name", "")), Err(LepRefusal::Echo));
    // As from another prim, and as from a CLEP message.
    assert_eq!(receiver.judge(3, &message("own name", "")), Ok(()));
    assert_eq!(receiver.judge(-1, &message("own name", "")), Ok(()));
    assert_eq!(receiver.judge(3, &message("a", "own name")), Ok(()));
    assert_eq!(receiver.judge(3, &message("a", "own")), Err(LepRefusal::Target));
    assert_eq!(receiver.judge(3, &message("a", "Own name")), Err(LepRefusal::Target));
    assert_eq!(receiver.judge(3, &message("a", "nick")), Err(LepRefusal::Target));
    receiver.aliases = &aliases;
    receiver.script_match = Match::Substring;
    assert_eq!(receiver.judge(3, &message("a", "nick")), Ok(()));
    assert_eq!(receiver.judge(3, &message("a", "own")), Ok(()));
    receiver.sources = &sources;
    assert_eq!(receiver.judge(3, &message("a", "other")), Err(LepRefusal::Source));
    assert_eq!(receiver.judge(3, &message("friend", "")), Ok(()));
}

#[test]
fn revisions_are_read_as_they_are_written() {
    for revision in Revision::ALL {
        assert_eq!(revision.to_string().parse(), Ok(revision));
    }
    assert!("L1".parse::<Revision>().is_err());
}

proptest! {
    #[test]
    fn any_link_message_survives(integer: i32, text in "[ab\n]{0,12}", key in ".{0,8}") {
        let link = link(integer, &text, &key);
        for layout in [Layout::L1, Layout::L2] {
            if let Ok(message) = LepMessage::decode(layout, &link)
                && let Ok(again) = message.encode(layout)
            {
                prop_assert_eq!(&again, &link);
            }
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in any::<String>()) {
        for revision in Revision::ALL {
            let _ = decode(revision, &link(0, &text, ""));
        }
    }
}
