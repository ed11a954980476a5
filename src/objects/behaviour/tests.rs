//! How each behaviour reacts to events, dialect by dialect.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::clep::lep::{Flags, LepMessage};
use crate::clep::{
    Address, Body, Codec, Dialect, JsonMessage, LineOutcome, LinesMessage, ListedMessage, Message,
    Seal, ShortMessage, ShortOutcome, Target,
};
use crate::objects::clep::{ClepReceived, ClepSend};

const SPEAKER: Uuid = Uuid::from_u128(7);
const PRIM: &str = "00000000-0000-0000-0000-000000000009";

fn heard(channel: i32, message: &str) -> ScriptEvent {
    ScriptEvent::Lsl(Event::Listen {
        channel,
        name: Arc::from("Ann Bee"),
        id: SPEAKER,
        message: Arc::from(message),
        owner: SPEAKER,
    })
}

fn entry(behaviour: &mut Behaviour) -> Vec<ScriptCall> {
    behaviour.react(&ScriptEvent::Lsl(Event::StateEntry))
}

fn open(channel: i32) -> ScriptCall {
    let none = String::new;
    ScriptCall::Listen { channel, name: none(), key: none(), message: none() }
}

fn say(channel: i32, text: &str) -> ScriptCall {
    ScriptCall::Say { volume: Volume::Say, channel, text: text.to_owned() }
}

#[test]
fn echo_says_what_it_hears_where_it_hears_it() {
    let mut echo = Behaviour::Echo { channel: 5 };
    assert_eq!((echo.name(), entry(&mut echo)), ("echo", vec![open(5)]));
    assert_eq!(echo.react(&heard(5, "hällo")), [say(5, "hällo")]);
    assert!(echo.react(&ScriptEvent::Lsl(Event::Timer)).is_empty());
    assert!(echo.react(&ScriptEvent::Error(Arc::from("x"))).is_empty());
    assert!(echo.react(&ScriptEvent::Gone).is_empty());
}

#[test]
fn relay_speaks_elsewhere_in_its_manner() {
    let text = "x".to_owned();
    let target = SPEAKER.to_string();
    let volume = |volume| ScriptCall::Say { volume, channel: -2, text: "x".to_owned() };
    for (manner, wanted) in [
        (Manner::Whisper, volume(Volume::Whisper)),
        (Manner::Say, volume(Volume::Say)),
        (Manner::Shout, volume(Volume::Shout)),
        (Manner::RegionSay, ScriptCall::RegionSay { channel: -2, text: text.clone() }),
        (
            Manner::RegionSayTo,
            ScriptCall::RegionSayTo { target: target.clone(), channel: -2, text: text.clone() },
        ),
        (Manner::OwnerSay, ScriptCall::OwnerSay { text: text.clone() }),
        (Manner::InstantMessage, ScriptCall::InstantMessage { to: target, text }),
    ] {
        let mut relay = Behaviour::Relay { from: 1, to: -2, manner };
        assert_eq!((relay.name(), entry(&mut relay)), ("relay", vec![open(1)]));
        assert_eq!(relay.react(&heard(1, "x")), [wanted]);
    }
}

#[test]
fn responder_gives_the_first_answer_that_fits() {
    let rule = |pattern: &str, answer: &str, channel| AnswerConfig {
        pattern: pattern.to_owned(),
        answer: answer.to_owned(),
        channel,
        manner: Manner::Say,
    };
    let listen = ListenConfig { channel: 3, name: "Ann Bee".to_owned(), ..ListenConfig::default() };
    let mut responder = Behaviour::Responder {
        listens: vec![listen.clone(), ListenConfig { channel: 4, ..ListenConfig::default() }],
        answers: vec![
            rule("hello*", "Hello, {name}.", None),
            rule("hello you", "never", None),
            rule("*bye*", "{message} on {channel}", Some(9)),
        ],
    };
    assert_eq!(responder.name(), "responder");
    assert_eq!(entry(&mut responder), [listen.into(), open(4)]);
    assert_eq!(responder.react(&heard(3, "hello you")), [say(3, "Hello, Ann Bee.")]);
    assert_eq!(responder.react(&heard(4, "good bye")), [say(9, "good bye on 4")]);
    assert!(responder.react(&heard(3, "what?")).is_empty());
}

#[test]
fn behaviours_handle_what_they_react_to() {
    let hears = EventKinds::STATE_ENTRY | EventKinds::LISTEN;
    assert_eq!(Behaviour::Echo { channel: 0 }.handlers(), hears);
    assert_eq!(pinger(Dialect::ClepJson).handlers(), hears | EventKinds::LINK_MESSAGE);
}

fn pinger(dialect: Dialect) -> Behaviour {
    let (service, domain) = ("svc".to_owned(), "dom".to_owned());
    Behaviour::ClepPing { name: Name { dialect, service, domain } }
}

/// What it sends about a message; every answer can be written in its dialect.
fn sent(dialect: Dialect, message: Message) -> Option<ClepSend> {
    let event = ScriptEvent::Clep(Box::new(ClepReceived {
        dialect,
        channel: -1,
        name: "Bell".to_owned(),
        key: SPEAKER,
        message,
        signed: false,
    }));
    match pinger(dialect).react(&event).as_slice() {
        [] => None,
        [ScriptCall::ClepSend(send)] => {
            if dialect.list_form().is_some() || !dialect.is_listed() {
                send.codec.encode(&send.message).unwrap();
            }
            assert_eq!((send.service.as_str(), send.domain.as_str()), ("svc", "dom"));
            Some((**send).clone())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn ping_listens_in_its_dialect() {
    let mut ping = pinger(Dialect::ClepSvc);
    assert_eq!(ping.name(), "clep-ping");
    let calls = entry(&mut ping);
    let [ScriptCall::ClepListen(listen)] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(listen.codec, Codec::new(Dialect::ClepSvc));
    assert_eq!(
        (listen.service.as_str(), listen.domains.as_slice()),
        ("svc", &["dom".to_owned()][..])
    );
    assert!(ping.react(&heard(-1, "ping")).is_empty(), "a bare line is no message");
}

fn address(prim: &str) -> Address {
    Address { region: "R".to_owned(), prim: prim.to_owned(), script: "s".to_owned() }
}

#[test]
fn ping_in_json_is_answered_to_its_source() {
    let request = JsonMessage {
        domain: "dom".to_owned(),
        id: "7".to_owned(),
        method: vec!["ping".to_owned()],
        source: address(PRIM),
        target: Target::default(),
        utime: 5.into(),
        params: Some(json!([1, "x"])),
        result: None,
        seal: Seal::Bare,
        tagged: false,
    };
    let answer = |request: &JsonMessage| sent(Dialect::ClepJson, Message::Json(request.clone()));
    let Some(ClepSend { message: Message::Json(given), .. }) = answer(&request) else { panic!() };
    assert_eq!(given.result, Some(json!([1, "x"])));
    assert_eq!((given.id.as_str(), &given.source), ("7", &Address::default()));
    assert_eq!(given.target.prim.as_deref(), Some(PRIM));
    assert_eq!(given.target.script.as_deref(), Some("s"));

    let from_speaker = JsonMessage { source: address(""), params: None, ..request.clone() };
    let Some(ClepSend { message: Message::Json(given), .. }) = answer(&from_speaker) else {
        panic!()
    };
    assert_eq!(given.target.prim, Some(SPEAKER.to_string()));
    assert_eq!(given.result, Some(json!("pong")));

    let other = JsonMessage { method: vec!["ping".into(), "x".into()], ..request.clone() };
    assert_eq!(answer(&other), None);
    let is_answer = JsonMessage { result: Some(json!(null)), ..request };
    assert_eq!(answer(&is_answer), None, "an answer is not answered");
}

#[test]
fn ping_with_short_keys_is_answered_if_it_has_an_id() {
    let request = ShortMessage {
        domain: "dom".to_owned(),
        source: address(""),
        method: "ping".to_owned(),
        id: Some("7".to_owned()),
        ..ShortMessage::default()
    };
    let answer = |request: &ShortMessage| {
        sent(Dialect::ClepRpcShort, Message::Short(request.clone())).map(|sent| sent.message)
    };
    let Some(Message::Short(given)) = answer(&request) else { panic!() };
    assert_eq!(given.outcome, ShortOutcome::Result(json!("pong")));
    assert_eq!((given.id.as_deref(), given.method.as_str()), (Some("7"), "ping"));
    assert_eq!(given.target, address(&SPEAKER.to_string()));
    assert_eq!(answer(&ShortMessage { id: None, ..request.clone() }), None);
    assert_eq!(answer(&given), None, "an answer is not answered");
    assert_eq!(answer(&ShortMessage { method: "pong".to_owned(), ..request }), None);
}

#[test]
fn ping_in_lines_is_answered() {
    let request = LinesMessage {
        timestamp: "2026-01-31T12:34:56.123456Z".to_owned(),
        source: address(PRIM),
        domain: "dom".to_owned(),
        method: "ping".to_owned(),
        params: "a\nb".to_owned(),
        id: "7".to_owned(),
        ..LinesMessage::default()
    };
    let answer = |request: &LinesMessage| {
        sent(Dialect::ClepLines, Message::Lines(request.clone())).map(|sent| sent.message)
    };
    let Some(Message::Lines(given)) = answer(&request) else { panic!() };
    assert_eq!(given.outcome, LineOutcome::Result("a\nb".to_owned()));
    assert_eq!((given.target.clone(), given.id.as_str()), (address(PRIM), "7"));
    assert_eq!(answer(&given), None, "an answer is not answered");
}

#[test]
fn ping_in_lists_is_answered_to_the_speaker() {
    let listed = |body| ListedMessage {
        service: "svc".to_owned(),
        domain: "dom".to_owned(),
        prim: String::new(),
        body,
    };
    let raw = |text: &str| Body::Raw { kind: "raw".to_owned(), text: text.to_owned() };
    for dialect in Dialect::ALL.into_iter().filter(|dialect| dialect.list_form().is_some()) {
        let answer = |body| match sent(dialect, Message::Listed(listed(body)))?.message {
            Message::Listed(given) => {
                assert_eq!(given.prim, SPEAKER.to_string(), "{dialect}");
                Some(given.body)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(answer(raw("ping")), Some(raw("pong")), "{dialect}");
        assert_eq!(answer(raw("pong")), None, "{dialect}");
        let request = LepMessage {
            flags: Flags::REQUEST,
            source: "s".to_owned(),
            parameters: vec!["ping".to_owned(), "x".to_owned()],
            data: "d".to_owned(),
            ..LepMessage::default()
        };
        let response = LepMessage {
            flags: Flags::RESPONSE,
            source: String::new(),
            target: "s".to_owned(),
            ..request.clone()
        };
        assert_eq!(answer(Body::Lep(request)), Some(Body::Lep(response.clone())), "{dialect}");
        assert_eq!(answer(Body::Lep(response)), None, "{dialect}");
    }
}

#[test]
fn ping_as_open_text_is_answered() {
    let text = |text: &str| Message::Opaque { text: text.to_owned() };
    let given = sent(Dialect::SeedChuf, text("ping")).unwrap();
    assert_eq!(given.message, text("pong"));
    assert_eq!(given.target, SPEAKER.to_string(), "nobody else is told");
    assert_eq!(sent(Dialect::SeedChuf, text("pong")), None);
}
