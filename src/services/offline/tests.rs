//! Offline messages with a memory store.

use tokio_util::sync::CancellationToken;

use super::*;
use crate::cluster::LocalBus;
use crate::ids::{RegionId, SessionId};
use crate::message::{ImprovedInstantMessage, Vector3, text};
use crate::outbox::recorder::{Recorder, decoded, recorder};
use crate::outbox::{Delivery, Receipt};
use crate::services::accounts::{Account, AccountName, StoredPassword};
use crate::services::inventory::standard_inventory;
use crate::services::mutes::{Mute, MuteExceptions, MuteKind};
use crate::storage::SqliteStore;
use crate::time::ManualClock;

struct Setup {
    offline: OfflineMessages,
    mutes: Mutes,
    bus: Arc<LocalBus>,
    clock: Arc<ManualClock>,
    stop: CancellationToken,
}

impl Setup {
    /// What waits for an agent.
    async fn waiting(&self, agent: AgentId) -> Vec<InstantMessage> {
        self.offline.read_waiting(agent, &HandedOver::default(), None).await.unwrap()
    }

    fn enter(&self, agent: AgentId, number: u32) -> (Outbox, Recorder) {
        let (outbox, recorder) = recorder(agent, number);
        self.bus.arrive(agent, outbox.clone());
        (outbox, recorder)
    }
}

/// The texts of what was sent, and the receipts.
fn sent(recorder: &mut Recorder) -> (Vec<String>, Vec<Receipt>) {
    let messages = decoded::<ImprovedInstantMessage>(&recorder.drain());
    let texts = messages.iter().map(|message| text(&message.message_block.message)).collect();
    (texts, recorder.take_receipts())
}

const ALICE: AgentId = AgentId(Uuid::from_u128(1));
const BOB: AgentId = AgentId(Uuid::from_u128(2));

async fn setup(max_messages: u64, flavour: Flavour) -> Setup {
    setup_with(max_messages, max_messages, flavour).await
}

async fn setup_with(max_messages: u64, max_per_sender: u64, flavour: Flavour) -> Setup {
    let store = StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
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
        let created = store.call(move |store| store.create_account(&account, &folders, &items));
        created.await.unwrap().unwrap();
    }
    let (bus, clock) = (Arc::new(LocalBus::default()), Arc::new(ManualClock::default()));
    let mutes = Mutes::new(store.clone());
    let settings =
        OfflineSettings { max_messages, max_per_sender, flavour, ..OfflineSettings::default() };
    let offline = OfflineMessages::new(store, bus.clone(), mutes.clone(), clock.clone(), settings);
    let stop = CancellationToken::new();
    tokio::spawn(offline.clone().keep_returns(stop.clone()));
    Setup { offline, mutes, bus, clock, stop }
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
async fn a_message_waits_as_it_was_and_is_forgotten_when_acked() {
    let grid = setup(10, Flavour::OpenSim).await;
    let message = from_alice(dialog::MESSAGE, "later");
    let away = grid.offline.deliver(message.clone(), None).await;
    assert_eq!(away, Delivered::Away(Kept::Saved));
    assert_eq!(grid.waiting(BOB).await, [message]);
    assert_eq!(grid.waiting(ALICE).await, []);
    let (outbox, mut bob) = grid.enter(BOB, 1);
    let handed = Arc::new(HandedOver::default());
    grid.offline.send_waiting(&outbox, &handed).await.unwrap();
    let (texts, receipts) = sent(&mut bob);
    assert_eq!(texts, ["later"]);
    assert_eq!(grid.waiting(BOB).await.len(), 1, "not acked yet");
    grid.offline.send_waiting(&outbox, &handed).await.unwrap();
    assert!(sent(&mut bob).0.is_empty(), "on its way already");
    for receipt in receipts {
        receipt.settle(Delivery::Acked);
    }
    grid.offline.returns().settled().await;
    assert_eq!(grid.waiting(BOB).await, []);
}

#[tokio::test]
async fn kept_mail_that_is_lost_is_there_for_the_next_login() {
    let grid = setup(10, Flavour::OpenSim).await;
    for number in 0..3 {
        let message = from_alice(dialog::MESSAGE, &format!("text {number}"));
        grid.offline.deliver(message, None).await;
    }
    let (outbox, mut bob) = grid.enter(BOB, 1);
    let handed = Arc::new(HandedOver::default());
    grid.offline.send_waiting(&outbox, &handed).await.unwrap();
    let (_, mut receipts) = sent(&mut bob);
    receipts.remove(0).settle(Delivery::Acked);
    drop(receipts);
    let (outbox, mut bob) = grid.enter(BOB, 2);
    grid.offline.send_waiting(&outbox, &Arc::default()).await.unwrap();
    assert_eq!(sent(&mut bob).0, ["text 1", "text 2"]);
}

#[tokio::test]
async fn message_to_an_online_agent_is_delivered_not_kept() {
    let grid = setup(10, Flavour::OpenSim).await;
    let (_outbox, mut bob) = grid.enter(BOB, 1);
    let message = from_alice(dialog::MESSAGE, "now");
    assert_eq!(grid.offline.deliver(message.clone(), None).await, Delivered::Queued);
    let (delivered, report) = grid.offline.deliver_and_report(message).await;
    assert_eq!(delivered, Delivered::Queued);
    let (texts, receipts) = sent(&mut bob);
    assert_eq!(texts, ["now", "now"]);
    for receipt in receipts {
        receipt.settle(Delivery::Acked);
    }
    assert_eq!(report.await, Ok(Delivered::Arrived));
    assert_eq!(grid.waiting(BOB).await, []);
}

#[tokio::test]
async fn lost_messages_are_kept_once_and_in_order() {
    let grid = setup(80, Flavour::OpenSim).await;
    let (outbox, mut bob) = grid.enter(BOB, 1);
    let (_alice, mut alice) = grid.enter(ALICE, 2);
    let texts: Vec<String> = (0..40).map(|number| format!("text {number}")).collect();
    let mut reports = Vec::new();
    for said in &texts {
        let message = from_alice(dialog::MESSAGE, said);
        let mail = Mail::new(message.to_outgoing(false).unwrap().message, Some(ALICE));
        let (report, reported) = oneshot::channel();
        let mail = Mail { report: Some(report), ..mail };
        let outgoing = message.to_outgoing(false).unwrap();
        grid.offline.returns().send(&outbox, outgoing, mail);
        reports.push(reported);
    }
    let (heard, receipts) = sent(&mut bob);
    assert_eq!(heard, texts);
    grid.bus.depart(&outbox);
    drop(receipts);
    for report in reports {
        assert_eq!(report.await, Ok(Delivered::Away(Kept::Saved)));
    }
    let kept: Vec<String> = grid.waiting(BOB).await.into_iter().map(|one| one.text).collect();
    assert_eq!(kept, texts);
    let (notice, _) = sent(&mut alice);
    assert_eq!(notice, vec!["User is not logged in. Message saved."; 40]);
}

#[tokio::test]
async fn every_kind_that_waits_is_kept_when_it_is_lost() {
    let grid = setup(80, Flavour::OpenSim).await;
    let kinds = [
        dialog::MESSAGE,
        dialog::GROUP_INVITATION,
        dialog::FROM_TASK,
        dialog::GROUP_NOTICE,
        dialog::FRIENDSHIP_ACCEPTED,
        dialog::FRIENDSHIP_DECLINED,
    ];
    let (outbox, mut bob) = grid.enter(BOB, 1);
    for kind in kinds {
        let queued = grid.offline.deliver(from_alice(kind, "text"), None).await;
        assert_eq!(queued, Delivered::Queued);
    }
    let (_, receipts) = sent(&mut bob);
    grid.bus.depart(&outbox);
    drop(receipts);
    let kept: Vec<u8> = grid.waiting(BOB).await.iter().map(|message| message.dialog).collect();
    assert_eq!(kept, kinds);
}

#[tokio::test]
async fn lost_message_goes_once_more_to_a_newer_circuit() {
    let grid = setup(80, Flavour::OpenSim).await;
    let (_old, mut old) = grid.enter(BOB, 1);
    grid.offline.deliver(from_alice(dialog::MESSAGE, "lost"), Some(ALICE)).await;
    let (_, receipts) = sent(&mut old);
    let (new, mut bob) = grid.enter(BOB, 2);
    drop(receipts);
    grid.offline.returns().settled().await;
    let (texts, receipts) = sent(&mut bob);
    assert_eq!(texts, ["lost"]);
    // Not to the circuit that has lost it: some clients never ack a message that they do not know.
    drop(receipts);
    grid.offline.returns().settled().await;
    assert!(sent(&mut bob).0.is_empty());
    grid.bus.depart(&new);
    assert_eq!(grid.waiting(BOB).await.len(), 1);
}

#[tokio::test]
async fn the_author_is_told_of_what_cannot_be_kept() {
    let grid = setup(1, Flavour::OpenSim).await;
    let (_alice, mut alice) = grid.enter(ALICE, 1);
    let (outbox, mut bob) = grid.enter(BOB, 2);
    for (kind, said) in [
        (dialog::GROUP_INVITATION, "first"),
        (dialog::GROUP_INVITATION, "one too many"),
        (dialog::REQUEST_LURE, "fetch me"),
        (dialog::LURE, "come here"),
    ] {
        grid.offline.deliver(from_alice(kind, said), Some(ALICE)).await;
    }
    let (_, receipts) = sent(&mut bob);
    grid.bus.depart(&outbox);
    drop(receipts);
    grid.offline.returns().settled().await;
    let notice = alice.drain();
    let alerts = decoded::<crate::message::AgentAlertMessage>(&notice);
    assert_eq!(alerts.len(), 1);
    assert!(text(&alerts[0].alert_data.message).contains("offered a teleport"));
    let notices = decoded::<ImprovedInstantMessage>(&notice);
    assert_eq!(notices.len(), 2, "one for the invitation, one for the request");
    assert_eq!(grid.waiting(BOB).await[0].text, "first");
}

#[tokio::test]
async fn message_returned_during_the_stop_is_kept() {
    let grid = setup(80, Flavour::OpenSim).await;
    let (outbox, mut bob) = grid.enter(BOB, 1);
    for number in 0..20 {
        let message = from_alice(dialog::MESSAGE, &format!("text {number}"));
        grid.offline.deliver(message, None).await;
    }
    let (_, receipts) = sent(&mut bob);
    grid.bus.depart(&outbox);
    drop(receipts);
    grid.stop.cancel();
    grid.offline.returns().settled().await;
    assert_eq!(grid.waiting(BOB).await.len(), 20);
}

/// Whether an answer has arrived.
struct Reported(Option<bool>);

impl Reader for Reported {
    fn received(&self) -> Option<bool> {
        self.0
    }
}

#[tokio::test]
async fn mail_read_by_http_is_forgotten_only_if_it_arrived() {
    let grid = setup(10, Flavour::OpenSim).await;
    grid.offline.deliver(from_alice(dialog::MESSAGE, "text"), None).await;
    let handed = HandedOver::default();
    let read = async |received| {
        let reader: Arc<dyn Reader> = Arc::new(Reported(received));
        let read = grid.offline.read_waiting(BOB, &handed, Some(reader)).await;
        read.unwrap().len()
    };
    assert_eq!(read(Some(false)).await, 1);
    assert_eq!(read(None).await, 1, "the first answer was lost");
    grid.offline.login_ended(BOB, &handed, false);
    grid.offline.returns().settled().await;
    assert_eq!(read(Some(true)).await, 1, "nobody knew of the second");
    assert_eq!(read(None).await, 0, "the third arrived");

    grid.offline.deliver(from_alice(dialog::MESSAGE, "text"), None).await;
    assert_eq!(read(None).await, 1);
    grid.offline.login_ended(BOB, &handed, true);
    grid.offline.returns().settled().await;
    assert_eq!(grid.waiting(BOB).await, [], "a clean logout");
}

#[tokio::test]
async fn a_full_mail_box_takes_no_more() {
    let grid = setup(2, Flavour::OpenSim).await;
    for kept in [Kept::Saved, Kept::Saved, Kept::Full] {
        let message = from_alice(dialog::MESSAGE, "text");
        assert_eq!(grid.offline.deliver(message, None).await, Delivered::Away(kept));
    }
    assert_eq!(grid.waiting(BOB).await.len(), 2);
}

#[tokio::test]
async fn transient_and_unaddressed_messages_are_not_kept() {
    let Setup { offline, .. } = setup(10, Flavour::OpenSim).await;
    for lost in [dialog::BUSY_RESPONSE, dialog::TYPING_START, dialog::SESSION_SEND, dialog::LURE] {
        let kept = offline.deliver(from_alice(lost, "text"), None).await;
        assert_eq!(kept, Delivered::Away(Kept::NotOfItsKind), "dialog {lost}");
    }
    let nobody = InstantMessage { to: AgentId::random(), ..from_alice(dialog::MESSAGE, "text") };
    assert_eq!(offline.deliver(nobody, None).await, Delivered::Away(Kept::Unknown));
}

#[tokio::test]
async fn muted_senders_are_not_heard_now_nor_later() {
    let grid = setup(10, Flavour::OpenSim).await;
    // Kept while the list of the absent is not at hand, and held back when it is.
    grid.offline.deliver(from_alice(dialog::MESSAGE, "text"), None).await;
    grid.mutes.arrive(
        BOB,
        SessionId::NIL,
        vec![Mute {
            id: ALICE.0,
            name: "Alice Tester".to_owned(),
            kind: MuteKind::Agent,
            exceptions: MuteExceptions::empty(),
        }],
    );
    assert_eq!(grid.waiting(BOB).await, []);
    let now = grid.offline.deliver(from_alice(dialog::MESSAGE, "text"), None).await;
    assert_eq!(now, Delivered::Muted);
}

#[tokio::test]
async fn old_messages_are_purged() {
    let grid = setup(10, Flavour::OpenSim).await;
    let Setup { offline, clock, .. } = &grid;
    let now = clock.unix().as_secs();
    let old = InstantMessage { at: now, ..from_alice(dialog::MESSAGE, "old") };
    offline.deliver(old, None).await;
    clock.advance(OfflineSettings::default().keep + Duration::from_secs(1));
    let at = clock.unix().as_secs();
    let new = InstantMessage { at, ..from_alice(dialog::MESSAGE, "new") };
    offline.deliver(new.clone(), None).await;
    assert_eq!(offline.purge().await.unwrap(), 1);
    assert_eq!(grid.waiting(BOB).await, [new]);
}

#[tokio::test]
async fn senders_are_told_in_the_words_of_the_flavour() {
    let message = from_alice(dialog::MESSAGE, "text");
    let Setup { offline, .. } = setup(1, Flavour::OpenSim).await;
    let notice = offline.notice(&message, Kept::Saved);
    assert_eq!((notice.to, notice.from), (ALICE, BOB.0), "filed under the talk with the absent");
    assert_eq!(notice.from_name, "System");
    assert_eq!(notice.text, "User is not logged in. Message saved.");
    let Setup { offline, .. } = setup(1, Flavour::SecondLife).await;
    let notice = offline.notice(&message, Kept::Saved);
    assert!(notice.from.is_nil());
    assert_eq!(notice.from_name, "Second Life");
    // Exactly what viewers translate.
    assert_eq!(notice.text, "User not online - message will be stored and delivered later.");
    assert!(offline.notice(&message, Kept::Full).text.contains("mail box full"));
}

#[tokio::test]
async fn one_sender_fills_its_share_of_a_mailbox_only() {
    let Setup { offline, .. } = setup_with(4, 2, Flavour::OpenSim).await;
    for kept in [Kept::Saved, Kept::Saved, Kept::SenderFull] {
        let message = from_alice(dialog::MESSAGE, "text");
        assert_eq!(offline.deliver(message, None).await, Delivered::Away(kept));
    }
    let other = InstantMessage { from: Uuid::from_u128(9), ..from_alice(dialog::MESSAGE, "text") };
    assert_eq!(offline.deliver(other, None).await, Delivered::Away(Kept::Saved));
    let grid = InstantMessage::system(BOB, 1_700_000_000, "text");
    assert_eq!(offline.deliver(grid, None).await, Delivered::Away(Kept::Saved));
    let notice = offline.notice(&from_alice(dialog::MESSAGE, "text"), Kept::SenderFull);
    assert!(notice.text.contains("too many messages of yours"), "{}", notice.text);
}
