//! Messages that wait, over a memory store.

use std::sync::Mutex;

use super::*;
use crate::ids::{RegionId, SessionId};
use crate::message::Vector3;
use crate::outbox::Outbox;
use crate::services::accounts::AccountName;
use crate::services::inventory::standard_inventory;
use crate::services::mutes::{Mute, MuteExceptions, MuteKind};
use crate::services::ports::{Account, StoredPassword};
use crate::storage::SqliteStore;
use crate::time::ManualClock;

/// A bus on which nobody is online but those named.
#[derive(Default)]
struct Some {
    online: Mutex<Vec<AgentId>>,
    delivered: Mutex<usize>,
}

impl Bus for Some {
    fn arrive(&self, _: AgentId, _: Outbox) {}

    fn depart(&self, _: &Outbox) {}

    fn deliver(&self, agent: AgentId, _: Delivery) -> Reach {
        if !self.is_online(agent) {
            return Reach::Offline;
        }
        *self.delivered.lock().unwrap() += 1;
        Reach::Accepted
    }

    fn is_online(&self, agent: AgentId) -> bool {
        self.online.lock().unwrap().contains(&agent)
    }
}

struct Setup {
    offline: OfflineMessages,
    mutes: Mutes,
    bus: Arc<Some>,
    clock: Arc<ManualClock>,
}

const ALICE: AgentId = AgentId(Uuid::from_u128(1));
const BOB: AgentId = AgentId(Uuid::from_u128(2));

async fn setup(max_messages: u64, flavour: Flavour) -> Setup {
    setup_with(max_messages, max_messages, flavour).await
}

async fn setup_with(max_messages: u64, max_per_sender: u64, flavour: Flavour) -> Setup {
    let store = StoreHandle::spawn(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
    for (id, name) in [(ALICE, "Alice Tester"), (BOB, "Bob Tester")] {
        let account = Account {
            id,
            name: AccountName::parse(name).unwrap(),
            password: StoredPassword { full: String::new(), short: None },
            created_at: 0,
            last_login: None,
            last: None,
            home: None,
        };
        let (folders, items) = standard_inventory(id, 0);
        let create = move |store: &mut dyn super::super::ports::Store| {
            store.create_account(&account, &folders, &items)
        };
        store.call(create).await.unwrap().unwrap();
    }
    let (bus, clock) = (Arc::new(Some::default()), Arc::new(ManualClock::default()));
    let mutes = Mutes::new(store.clone());
    let settings =
        OfflineSettings { max_messages, max_per_sender, flavour, ..OfflineSettings::default() };
    let offline = OfflineMessages::new(store, bus.clone(), mutes.clone(), clock.clone(), settings);
    Setup { offline, mutes, bus, clock }
}

fn from_alice(dialog: u8, text: &str) -> InstantMessage {
    InstantMessage {
        from: ALICE.0,
        from_name: "Alice Tester".to_owned(),
        dialog,
        id: conversation(ALICE, BOB),
        region: RegionId(Uuid::from_u128(7)),
        position: Vector3 { x: 1.0, y: 2.0, z: 3.0 },
        ..InstantMessage::system(BOB, 1_700_000_000, text)
    }
}

#[tokio::test]
async fn message_waits_as_it_was_and_is_forgotten_when_handed_over() {
    let Setup { offline, .. } = setup(10, Flavour::OpenSim).await;
    let message = from_alice(dialog::MESSAGE, "later");
    assert_eq!(offline.deliver(message.clone()).await, Delivered::Away(Kept::Saved));
    let (waiting, keys) = offline.waiting(BOB).await.unwrap();
    assert_eq!(waiting, [message]);
    assert_eq!(offline.waiting(ALICE).await.unwrap().0, []);
    offline.forget(BOB, keys).await.unwrap();
    assert_eq!(offline.waiting(BOB).await.unwrap(), (vec![], vec![]));
}

#[tokio::test]
async fn who_is_online_gets_it_at_once_and_nothing_is_kept() {
    let Setup { offline, bus, .. } = setup(10, Flavour::OpenSim).await;
    bus.online.lock().unwrap().push(BOB);
    assert_eq!(offline.deliver(from_alice(dialog::MESSAGE, "now")).await, Delivered::Now);
    assert_eq!(*bus.delivered.lock().unwrap(), 1);
    assert_eq!(offline.waiting(BOB).await.unwrap().0, []);
}

#[tokio::test]
async fn a_full_mail_box_takes_no_more() {
    let Setup { offline, .. } = setup(2, Flavour::OpenSim).await;
    for kept in [Kept::Saved, Kept::Saved, Kept::Full] {
        let message = from_alice(dialog::MESSAGE, "text");
        assert_eq!(offline.deliver(message).await, Delivered::Away(kept));
    }
    assert_eq!(offline.waiting(BOB).await.unwrap().0.len(), 2);
}

#[tokio::test]
async fn what_does_not_wait_is_not_kept() {
    let Setup { offline, .. } = setup(10, Flavour::OpenSim).await;
    for lost in [dialog::BUSY_RESPONSE, dialog::TYPING_START, dialog::SESSION_SEND, dialog::LURE] {
        let kept = offline.deliver(from_alice(lost, "text")).await;
        assert_eq!(kept, Delivered::Away(Kept::NotOfItsKind), "dialog {lost}");
    }
    let nobody = InstantMessage { to: AgentId::random(), ..from_alice(dialog::MESSAGE, "text") };
    assert_eq!(offline.deliver(nobody).await, Delivered::Away(Kept::Unknown));
}

#[tokio::test]
async fn muted_senders_are_not_heard_now_nor_later() {
    let Setup { offline, mutes, .. } = setup(10, Flavour::OpenSim).await;
    // Kept while the list of the absent is not at hand, and held back when it is.
    offline.deliver(from_alice(dialog::MESSAGE, "text")).await;
    mutes.arrive(
        BOB,
        SessionId::NIL,
        vec![Mute {
            id: ALICE.0,
            name: "Alice Tester".to_owned(),
            kind: MuteKind::Agent,
            exceptions: MuteExceptions::empty(),
        }],
    );
    let (waiting, keys) = offline.waiting(BOB).await.unwrap();
    assert_eq!((waiting, keys.len()), (vec![], 1));
    let now = offline.deliver(from_alice(dialog::MESSAGE, "text")).await;
    assert_eq!(now, Delivered::Muted);
}

#[tokio::test]
async fn old_messages_are_purged() {
    let Setup { offline, clock, .. } = setup(10, Flavour::OpenSim).await;
    let now = clock.unix().as_secs();
    let old = InstantMessage { at: now, ..from_alice(dialog::MESSAGE, "old") };
    offline.deliver(old).await;
    clock.advance(OfflineSettings::default().keep + Duration::from_secs(1));
    let at = clock.unix().as_secs();
    let new = InstantMessage { at, ..from_alice(dialog::MESSAGE, "new") };
    offline.deliver(new.clone()).await;
    assert_eq!(offline.purge().await.unwrap(), 1);
    assert_eq!(offline.waiting(BOB).await.unwrap().0, [new]);
}

#[tokio::test]
async fn senders_are_told_in_the_words_of_the_flavour() {
    let message = from_alice(dialog::MESSAGE, "text");
    let Setup { offline, .. } = setup(1, Flavour::OpenSim).await;
    let told = offline.notice(&message, Kept::Saved);
    assert_eq!((told.to, told.from), (ALICE, BOB.0), "filed under the talk with the absent");
    assert_eq!(told.from_name, "System");
    assert_eq!(told.text, "User is not logged in. Message saved.");
    let Setup { offline, .. } = setup(1, Flavour::SecondLife).await;
    let told = offline.notice(&message, Kept::Saved);
    assert!(told.from.is_nil());
    assert_eq!(told.from_name, "Second Life");
    // Exactly what viewers translate.
    assert_eq!(told.text, "User not online - message will be stored and delivered later.");
    assert!(offline.notice(&message, Kept::Full).text.contains("mail box full"));
}

#[tokio::test]
async fn one_sender_fills_its_share_of_a_mailbox_only() {
    let Setup { offline, .. } = setup_with(4, 2, Flavour::OpenSim).await;
    for kept in [Kept::Saved, Kept::Saved, Kept::SenderFull] {
        let message = from_alice(dialog::MESSAGE, "text");
        assert_eq!(offline.deliver(message).await, Delivered::Away(kept));
    }
    let other = InstantMessage { from: Uuid::from_u128(9), ..from_alice(dialog::MESSAGE, "text") };
    assert_eq!(offline.deliver(other).await, Delivered::Away(Kept::Saved));
    let grid = InstantMessage::system(BOB, 1_700_000_000, "text");
    assert_eq!(offline.deliver(grid).await, Delivered::Away(Kept::Saved));
    let told = offline.notice(&from_alice(dialog::MESSAGE, "text"), Kept::SenderFull);
    assert!(told.text.contains("too many messages of yours"), "{}", told.text);
}
