//! Instant messages as two agents see them.

use std::sync::Mutex;

use super::*;
use crate::ids::SessionId;
use crate::message::zerocode;
use crate::outbox::Outbox;
use crate::services::mutes::{Mute, MuteExceptions, MuteKind};
use crate::services::ports::StoreHandle;
use crate::storage::SqliteStore;

/// A bus on which exactly one agent is online.
struct OneOnline {
    agent: AgentId,
    reach: Reach,
    heard: Mutex<Vec<ImprovedInstantMessage>>,
}

impl Bus for OneOnline {
    fn arrive(&self, _: AgentId, _: Outbox) {}

    fn depart(&self, _: &Outbox) {}

    fn deliver(&self, agent: AgentId, delivery: Delivery) -> Reach {
        if agent != self.agent {
            return Reach::Offline;
        }
        let Delivery::Message(outgoing) = delivery else { return Reach::Accepted };
        let plain = if outgoing.message.zerocoded {
            zerocode::decode(&outgoing.message.body, 8192).expect("our own coding")
        } else {
            outgoing.message.body.clone()
        };
        let body = plain.slice(4..);
        self.heard.lock().expect("no panic").push(wire::decode(&body).expect("our own message"));
        self.reach
    }

    fn is_online(&self, agent: AgentId) -> bool {
        agent == self.agent
    }
}

const ALICE: AgentId = AgentId(Uuid::from_u128(0x11111111_2222_3333_4444_555555555555));
const BOB: AgentId = AgentId(Uuid::from_u128(0xaaaaaaaa_bbbb_cccc_dddd_eeeeeeeeeeee));

fn bus(reach: Reach) -> OneOnline {
    OneOnline { agent: BOB, reach, heard: Mutex::default() }
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
    Mutes::new(StoreHandle::spawn(Box::new(SqliteStore::in_memory().unwrap())).unwrap())
}

fn send(bus: &OneOnline, message: ImprovedInstantMessage) -> Verdict {
    route(bus, &mutes(), &corrections(), message)
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
    let bus = bus(Reach::Accepted);
    assert_eq!(send(&bus, message_with(0, "hi")), Verdict::Delivered);
    let heard = bus.heard.lock().unwrap();
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
    let bus = bus(Reach::Accepted);
    send(&bus, message_with(dialog::TYPING_START, "typing"));
    let expected = "bbbbbbbb-9999-ffff-9999-bbbbbbbbbbbb".parse::<Uuid>().unwrap();
    assert_eq!(bus.heard.lock().unwrap()[0].message_block.id, expected);
    assert_eq!(conversation(ALICE, ALICE), ALICE.0);
}

#[test]
fn long_text_is_cut_between_characters() {
    let bus = bus(Reach::Accepted);
    send(&bus, message_with(0, &"ä".repeat(600)));
    let heard = bus.heard.lock().unwrap();
    assert_eq!(wire::text(&heard[0].message_block.message), "ä".repeat(511));
}

#[test]
fn dialogs_of_the_server_are_refused() {
    for dialog in [1, 3, 9, 19, 21, 25, 28, 31, 37, 39, 40, 43, 210] {
        let bus = bus(Reach::Accepted);
        assert_eq!(send(&bus, message_with(dialog, "x")), Verdict::Refused);
        assert!(bus.heard.lock().unwrap().is_empty());
    }
}

#[test]
fn absence_is_told_for_text_and_not_for_typing() {
    let mut message = message_with(0, "hello?");
    message.message_block.to_agent_id = ALICE.0;
    let bus = bus(Reach::Accepted);
    let Verdict::NotOnline(Some(kept)) = send(&bus, message) else { panic!("nobody is there") };
    assert_eq!((kept.to, kept.from, kept.text.as_str()), (ALICE, ALICE.0, "hello?"));
    assert_eq!((kept.from_name.as_str(), kept.at), ("Alice Tester", 1_700_000_000));
    let mut typing = message_with(dialog::TYPING_STOP, "typing");
    typing.message_block.to_agent_id = ALICE.0;
    assert_eq!(send(&bus, typing), Verdict::NotOnline(None));
}

#[test]
fn muted_senders_are_not_delivered() {
    let bus = bus(Reach::Accepted);
    let mute = |exceptions| Mute {
        id: ALICE.0,
        name: "Alice Tester".to_owned(),
        kind: MuteKind::Agent,
        exceptions,
    };
    let mutes = mutes();
    mutes.arrive(BOB, SessionId::NIL, vec![mute(MuteExceptions::empty())]);
    let verdict = route(&bus, &mutes, &corrections(), message_with(0, "hi"));
    assert_eq!(verdict, Verdict::Muted);
    assert!(bus.heard.lock().unwrap().is_empty());
    mutes.arrive(BOB, SessionId::NIL, vec![mute(MuteExceptions::TEXT)]);
    let verdict = route(&bus, &mutes, &corrections(), message_with(0, "hi"));
    assert_eq!(verdict, Verdict::Delivered);
}

#[test]
fn a_full_outbox_is_told() {
    let bus = bus(Reach::Congested);
    assert_eq!(send(&bus, message_with(0, "hi")), Verdict::Congested(BOB));
}
