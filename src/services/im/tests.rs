//! Instant messages as two agents see them.

use std::sync::Mutex;

use super::*;
use crate::ids::SessionId;
use crate::outbox::Outbox;
use crate::outbox::recorder::{Recorder, decoded, recorder};
use crate::services::mutes::{Mute, MuteExceptions, MuteKind};
use crate::services::store::StoreHandle;
use crate::storage::SqliteStore;

/// A bus on which exactly one agent is online.
struct OneOnline {
    agent: AgentId,
    outbox: Outbox,
    heard: Mutex<Recorder>,
    congested: bool,
}

impl OneOnline {
    fn heard(&self) -> Vec<ImprovedInstantMessage> {
        decoded(&self.heard.lock().expect("no panic").drain())
    }
}

impl Bus for OneOnline {
    fn arrive(&self, _: AgentId, _: Outbox) {}

    fn depart(&self, _: &Outbox) {}

    fn outbox(&self, agent: AgentId) -> Option<Outbox> {
        (agent == self.agent).then(|| self.outbox.clone())
    }

    fn deliver(&self, agent: AgentId, delivery: Delivery) -> Reach {
        let Some(outbox) = self.outbox(agent) else { return Reach::Offline };
        let Delivery::Message(outgoing) = delivery else { return Reach::Accepted };
        if self.congested || outbox.send(outgoing).is_err() {
            return Reach::Congested;
        }
        Reach::Accepted
    }

    fn is_online(&self, agent: AgentId) -> bool {
        agent == self.agent
    }
}

const ALICE: AgentId = AgentId(Uuid::from_u128(0x11111111_2222_3333_4444_555555555555));
const BOB: AgentId = AgentId(Uuid::from_u128(0xaaaaaaaa_bbbb_cccc_dddd_eeeeeeeeeeee));

fn bus() -> OneOnline {
    let (outbox, heard) = recorder(BOB, 1);
    OneOnline { agent: BOB, outbox, heard: Mutex::new(heard), congested: false }
}

fn corrections() -> Corrections {
    Corrections {
        sender: ALICE,
        sender_name: "Alice Tester".into(),
        region: RegionId(Uuid::from_u128(7)),
        position: Vector3 { x: 1.0, y: 2.0, z: 3.0 },
        unix_seconds: 1_700_000_000,
    }
}

fn mutes() -> Mutes {
    Mutes::new(StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap())
}

fn send(bus: &OneOnline, message: ImprovedInstantMessage) -> Verdict {
    route(bus, &mutes(), &Returns::default(), &corrections(), message)
}

fn message_with(dialog: u8, text: &str) -> ImprovedInstantMessage {
    let mut message = ImprovedInstantMessage::default();
    message.agent_data.agent_id = Uuid::from_u128(0xBAD);
    message.agent_data.session_id = Uuid::from_u128(0x5EC2E7);
    message.message_block.to_agent_id = BOB.0;
    message.message_block.dialog = dialog;
    message.message_block.from_group = true;
    message.message_block.offline = 1;
    message.message_block.from_agent_name = wire::variable1("Governor Linden");
    message.message_block.message = wire::variable2(text);
    message
}

#[test]
fn the_sender_cannot_lie() {
    let bus = bus();
    assert_eq!(send(&bus, message_with(0, "hi")), Verdict::Delivered);
    let heard = bus.heard();
    let message = &heard[0];
    assert_eq!(message.agent_data.agent_id, ALICE.0);
    assert_eq!(message.agent_data.session_id, Uuid::nil(), "the session id is a secret");
    let block = &message.message_block;
    assert_eq!(wire::text(&block.from_agent_name), "Alice Tester");
    assert!(!block.from_group);
    assert_eq!((block.offline, block.parent_estate_id), (0, 1));
    assert_eq!((block.region_id, block.position.y), (Uuid::from_u128(7), 2.0));
    assert_eq!(block.timestamp, 1_700_000_000);
    assert_eq!(&block.binary_bucket[..], &[0]);
}

#[test]
fn a_missing_conversation_id_is_filled_in() {
    let bus = bus();
    send(&bus, message_with(dialog::TYPING_START, "typing"));
    let expected = "bbbbbbbb-9999-ffff-9999-bbbbbbbbbbbb".parse::<Uuid>().unwrap();
    assert_eq!(bus.heard()[0].message_block.id, expected);
    assert_eq!(conversation(ALICE, ALICE), ALICE.0);
}

#[test]
fn long_text_is_cut_between_characters() {
    let bus = bus();
    send(&bus, message_with(0, &"ä".repeat(600)));
    let heard = bus.heard();
    assert_eq!(wire::text(&heard[0].message_block.message), "ä".repeat(511));
}

#[test]
fn dialogs_of_the_server_are_refused() {
    for dialog in [1, 3, 9, 19, 21, 25, 28, 31, 37, 39, 40, 43, 210] {
        let bus = bus();
        assert_eq!(send(&bus, message_with(dialog, "x")), Verdict::Refused);
        assert!(bus.heard().is_empty());
    }
}

#[test]
fn absence_is_told_for_text_and_not_for_typing() {
    let mut message = message_with(0, "hello?");
    message.message_block.to_agent_id = ALICE.0;
    let bus = bus();
    let Verdict::NotOnline(Some(kept)) = send(&bus, message) else { panic!("nobody is there") };
    assert_eq!((kept.to, kept.from, kept.text.as_str()), (ALICE, ALICE.0, "hello?"));
    assert_eq!((kept.from_name.as_str(), kept.at), ("Alice Tester", 1_700_000_000));
    let mut typing = message_with(dialog::TYPING_STOP, "typing");
    typing.message_block.to_agent_id = ALICE.0;
    assert_eq!(send(&bus, typing), Verdict::NotOnline(None));
}

#[test]
fn muted_senders_are_not_delivered() {
    let bus = bus();
    let mute = |exceptions| Mute {
        id: ALICE.0,
        name: "Alice Tester".to_owned(),
        kind: MuteKind::Agent,
        exceptions,
    };
    let mutes = mutes();
    mutes.arrive(BOB, SessionId::NIL, vec![mute(MuteExceptions::empty())]);
    let verdict = route(&bus, &mutes, &Returns::default(), &corrections(), message_with(0, "hi"));
    assert_eq!(verdict, Verdict::Muted);
    assert!(bus.heard().is_empty());
    mutes.arrive(BOB, SessionId::NIL, vec![mute(MuteExceptions::TEXT)]);
    let verdict = route(&bus, &mutes, &Returns::default(), &corrections(), message_with(0, "hi"));
    assert_eq!(verdict, Verdict::Delivered);
}

#[test]
fn typing_into_a_full_outbox_is_dropped() {
    let bus = OneOnline { congested: true, ..bus() };
    let typing = message_with(dialog::TYPING_START, "typing");
    assert_eq!(send(&bus, typing), Verdict::Congested(BOB));
}

#[test]
fn a_message_is_read_back_as_it_was_sent() {
    let sent = InstantMessage {
        from: ALICE.0,
        from_name: "Alice Tester".to_owned(),
        from_group: true,
        dialog: dialog::GROUP_NOTICE,
        id: Uuid::from_u128(9),
        region: RegionId(Uuid::from_u128(7)),
        position: Vector3 { x: 1.0, y: 2.0, z: 3.0 },
        bucket: Bytes::from_static(&[0, 1, 0, 0, 2]),
        ..InstantMessage::system(BOB, 1_700_000_000, "Grüße|an alle")
    };
    let encoded = sent.to_outgoing(false).unwrap().message;
    assert_eq!(InstantMessage::read(&encoded), Some(sent));
    let other = wire::encode(&crate::message::StartPingCheck::default()).unwrap();
    assert_eq!(InstantMessage::read(&other), None);
}
