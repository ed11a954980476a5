//! Friendships with a store and a bus in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;
use crate::cluster::LocalBus;
use crate::ids::SessionId;
use crate::message::{
    ChangeUserRights, DeclineCallingCard, ImprovedInstantMessage, Message, OfferCallingCard,
    OfflineNotification, OnlineNotification, TerminateFriendship, text,
};
use crate::outbox::recorder::{Recorder, decoded, recorder};
use crate::outbox::{Delivery, Outbox};
use crate::services::accounts::{Account, AccountName, StoredPassword};
use crate::services::inventory::standard_inventory;
use crate::services::mutes::Mutes;
use crate::services::offline::{OfflineMessages, OfflineSettings};
use crate::storage::SqliteStore;
use crate::time::ManualClock;

const ALICE: u128 = 1;
const BOB: u128 = 2;

struct Grid {
    friends: Friends,
    clock: Arc<ManualClock>,
    bus: Arc<LocalBus>,
    store: StoreHandle,
}

/// One login of an agent.
struct Login {
    agent: AgentId,
    session: SessionId,
    outbox: Outbox,
    heard: Recorder,
}

impl Login {
    fn by(&self) -> Sender {
        Sender { agent: self.agent, name: "Some Body".to_owned(), ..Sender::default() }
    }

    fn hears<M: Message>(&mut self) -> Vec<M> {
        decoded(&self.heard.drain())
    }
}

/// For cards whose sender does not care.
fn unheard() {}

fn id(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(number))
}

impl Grid {
    /// With accounts for Alice and Bob.
    async fn new() -> Self {
        let store =
            StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
        let bus = Arc::new(LocalBus::default());
        let clock = Arc::new(ManualClock::default());
        let mutes = Mutes::new(store.clone());
        let settings = OfflineSettings::default();
        let offline =
            OfflineMessages::new(store.clone(), bus.clone(), mutes, clock.clone(), settings);
        let friends =
            Friends::new(store.clone(), bus.clone(), clock.clone(), offline.returns().clone());
        tokio::spawn(offline.keep_returns(CancellationToken::new()));
        for (number, name) in [(ALICE, "Alice Tester"), (BOB, "Bob Tester")] {
            let account = Account {
                id: id(number),
                name: AccountName::parse(name).unwrap(),
                password: StoredPassword { full: String::new(), short: None },
                created_at: 0,
                last_login: None,
                last: None,
                home: None,
            };
            let (folders, items) = standard_inventory(id(number), 0);
            let create = store.call(move |s| s.create_account(&account, &folders, &items));
            create.await.unwrap().unwrap();
        }
        Self { friends, clock, bus, store }
    }

    /// Logs in with what is kept, and does not enter.
    async fn log_in(&self, number: u128, session: u32) -> Login {
        let (agent, login) = (id(number), SessionId(Uuid::from_u128(session.into())));
        let kept = self.friends.list(agent).await.unwrap();
        let offers = self.store.call(move |s| s.friend_offers_to(agent)).await.unwrap().unwrap();
        let offers = offers
            .into_iter()
            .map(|offer| ReceivedOffer { offer, from_name: "Some Body".to_owned() })
            .collect();
        self.friends.arrive(agent, login, kept, offers);
        let (outbox, heard) = recorder(agent, session);
        Login { agent, session: login, outbox, heard }
    }

    fn enter(&self, login: &Login) {
        self.bus.arrive(login.agent, login.outbox.clone());
        self.friends.enter(login.agent, login.session);
    }

    fn leave(&self, login: &Login) {
        self.bus.depart(&login.outbox);
        self.friends.depart(login.agent, login.session, true);
    }

    /// What was lost is dealt with.
    async fn settled(&self) {
        self.friends.returns.settled().await;
    }

    async fn befriend(&self) {
        let by = Sender { agent: id(ALICE), ..Sender::default() };
        self.friends.offer(&by, id(BOB), "").await.unwrap();
        self.friends.form(id(BOB), id(ALICE)).await.unwrap();
    }
}

fn online(heard: &mut Login) -> Vec<Uuid> {
    let received = heard.hears::<OnlineNotification>();
    received.iter().flat_map(|notice| &notice.agent_block).map(|block| block.agent_id).collect()
}

fn offline(heard: &mut Login) -> Vec<Uuid> {
    let received = heard.hears::<OfflineNotification>();
    received.iter().flat_map(|notice| &notice.agent_block).map(|block| block.agent_id).collect()
}

#[tokio::test]
async fn friends_hear_of_coming_and_going() {
    let grid = Grid::new().await;
    grid.befriend().await;
    let mut alice = grid.log_in(ALICE, 1).await;
    grid.enter(&alice);
    assert!(online(&mut alice).is_empty(), "nobody is there");
    let mut bob = grid.log_in(BOB, 2).await;
    assert!(online(&mut alice).is_empty(), "a login is not yet an entry");
    grid.enter(&bob);
    assert_eq!(online(&mut alice), [id(BOB).0]);
    assert_eq!(online(&mut bob), [id(ALICE).0]);
    grid.leave(&bob);
    assert_eq!(offline(&mut alice), [id(BOB).0]);
    grid.leave(&bob);
    assert!(offline(&mut alice).is_empty(), "told once");
    grid.leave(&alice);
    assert_eq!(grid.friends.held(), 0);
}

#[tokio::test]
async fn strangers_and_those_without_the_right_hear_nothing() {
    let grid = Grid::new().await;
    let mut alice = grid.log_in(ALICE, 1).await;
    grid.enter(&alice);
    let mut bob = grid.log_in(BOB, 2).await;
    grid.enter(&bob);
    assert!(online(&mut alice).is_empty() && online(&mut bob).is_empty());
    grid.befriend().await;
    assert!(grid.friends.grant_rights(id(ALICE), id(BOB), Rights::MAP).await.unwrap());
    grid.leave(&alice);
    grid.leave(&bob);
    let mut alice = grid.log_in(ALICE, 3).await;
    let mut bob = grid.log_in(BOB, 4).await;
    grid.enter(&alice);
    grid.enter(&bob);
    assert_eq!(online(&mut alice), [id(BOB).0], "Bob lets Alice see");
    assert!(online(&mut bob).is_empty(), "Alice does not let Bob see");
}

#[tokio::test]
async fn the_end_of_an_old_login_is_not_the_end_of_a_newer_one() {
    let grid = Grid::new().await;
    grid.befriend().await;
    let mut alice = grid.log_in(ALICE, 1).await;
    grid.enter(&alice);
    let old = grid.log_in(BOB, 2).await;
    grid.enter(&old);
    let new = grid.log_in(BOB, 3).await;
    grid.enter(&new);
    assert_eq!(online(&mut alice).len(), 2);
    grid.leave(&old);
    assert!(offline(&mut alice).is_empty());
    assert!(grid.friends.has_right(id(BOB), id(ALICE), Rights::ONLINE), "still held");
    grid.leave(&new);
    assert_eq!(offline(&mut alice), [id(BOB).0]);
}

#[tokio::test]
async fn login_that_never_enters_ends_the_older_presence_too() {
    let grid = Grid::new().await;
    grid.befriend().await;
    let mut alice = grid.log_in(ALICE, 1).await;
    grid.enter(&alice);
    let old = grid.log_in(BOB, 2).await;
    grid.enter(&old);
    let never = grid.log_in(BOB, 3).await;
    grid.leave(&old);
    assert_eq!(offline(&mut alice), [id(BOB).0]);
    grid.leave(&never);
    assert!(offline(&mut alice).is_empty());
    grid.enter(&old);
    assert!(online(&mut alice).is_empty(), "an ended login enters unheard");
}

#[tokio::test]
async fn an_offer_waits_for_the_entry_and_for_each_one_after_it() {
    let grid = Grid::new().await;
    let alice = grid.log_in(ALICE, 1).await;
    grid.enter(&alice);
    grid.friends.offer(&alice.by(), id(BOB), "friends?").await.unwrap();
    for session in [2, 3] {
        let mut bob = grid.log_in(BOB, session).await;
        grid.enter(&bob);
        let offers = bob.hears::<ImprovedInstantMessage>();
        let [offer] = offers.as_slice() else { panic!("{} offers", offers.len()) };
        assert_eq!(offer.agent_data.agent_id, alice.agent.0);
        let block = &offer.message_block;
        assert_eq!((block.dialog, block.offline, block.id), (38, 0, alice.agent.0));
        assert_eq!(text(&block.message), "friends?");
        assert_eq!(text(&block.from_agent_name), "Some Body");
        assert_eq!(&block.binary_bucket[..], [0]);
        grid.leave(&bob);
    }
}

#[tokio::test]
async fn an_offer_between_login_and_entry_is_shown_at_entry() {
    let grid = Grid::new().await;
    let alice = grid.log_in(ALICE, 1).await;
    let mut bob = grid.log_in(BOB, 2).await;
    grid.friends.offer(&alice.by(), id(BOB), "").await.unwrap();
    assert!(bob.hears::<ImprovedInstantMessage>().is_empty());
    grid.enter(&bob);
    assert_eq!(bob.hears::<ImprovedInstantMessage>().len(), 1);
}

#[tokio::test]
async fn only_offers_can_be_answered_and_once() {
    let grid = Grid::new().await;
    let friends = &grid.friends;
    let refused = friends.form(id(BOB), id(ALICE)).await;
    assert!(matches!(refused, Err(FriendError::NoOffer)));
    let by = Sender { agent: id(ALICE), ..Sender::default() };
    friends.offer(&by, id(BOB), "").await.unwrap();
    let own = friends.form(id(ALICE), id(BOB)).await;
    assert!(matches!(own, Err(FriendError::NoOffer)), "one's own offer");
    friends.withdraw(id(BOB), id(ALICE)).await.unwrap();
    let refused = friends.withdraw(id(BOB), id(ALICE)).await;
    assert!(matches!(refused, Err(FriendError::NoOffer)));
    grid.befriend().await;
    let refused = friends.form(id(BOB), id(ALICE)).await;
    assert!(matches!(refused, Err(FriendError::NoOffer)));
    let again = friends.offer(&by, id(BOB), "").await;
    assert!(matches!(again, Err(FriendError::AlreadyFriends)));
    let nobody = friends.offer(&by, id(99), "").await.unwrap_err();
    assert_eq!(nobody.for_agent(), "There is no such resident.");
}

#[tokio::test]
async fn rights_reach_both_and_flip_the_presence() {
    let grid = Grid::new().await;
    grid.befriend().await;
    let mut alice = grid.log_in(ALICE, 1).await;
    let mut bob = grid.log_in(BOB, 2).await;
    grid.enter(&alice);
    grid.enter(&bob);
    alice.heard.drain();
    bob.heard.drain();

    grid.friends.grant_rights(id(ALICE), id(BOB), Rights::MAP).await.unwrap();
    for login in [&mut alice, &mut bob] {
        let sent = login.heard.drain();
        let changes = decoded::<ChangeUserRights>(&sent);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].agent_data.agent_id, id(ALICE).0);
        assert_eq!(changes[0].rights[0].agent_related, id(BOB).0);
        assert_eq!(changes[0].rights[0].related_rights, 2);
        let offline = decoded::<OfflineNotification>(&sent);
        assert_eq!(offline.len(), usize::from(login.agent == id(BOB)));
    }
    assert!(grid.friends.has_right(id(BOB), id(ALICE), Rights::MAP));
    assert!(!grid.friends.notify_presence(id(BOB), id(ALICE)));
    assert!(grid.friends.notify_presence(id(ALICE), id(BOB)));

    grid.friends.grant_rights(id(ALICE), id(BOB), Rights::all()).await.unwrap();
    assert_eq!(online(&mut bob), [id(ALICE).0]);
    let stranger = grid.friends.grant_rights(id(ALICE), id(99), Rights::all()).await.unwrap();
    assert!(!stranger);
}

#[tokio::test]
async fn the_end_of_a_friendship_reaches_both() {
    let grid = Grid::new().await;
    grid.befriend().await;
    let mut alice = grid.log_in(ALICE, 1).await;
    let mut bob = grid.log_in(BOB, 2).await;
    grid.enter(&alice);
    grid.enter(&bob);
    alice.heard.drain();
    bob.heard.drain();
    grid.friends.terminate(id(ALICE), id(BOB)).await.unwrap();
    for (login, other) in [(&mut alice, BOB), (&mut bob, ALICE)] {
        let ends = login.hears::<TerminateFriendship>();
        assert_eq!(ends.len(), 1);
        assert_eq!(ends[0].agent_data.agent_id, login.agent.0);
        assert_eq!(ends[0].ex_block.other_id, id(other).0);
    }
    assert!(grid.friends.list(id(BOB)).await.unwrap().is_empty());
    grid.leave(&bob);
    assert!(offline(&mut alice).is_empty());
    grid.friends.terminate(id(ALICE), id(BOB)).await.unwrap();
    assert_eq!(alice.hears::<TerminateFriendship>().len(), 1, "who believed in one is put right");
}

#[tokio::test]
async fn calling_cards_are_answered_to_who_offered_them() {
    let grid = Grid::new().await;
    let mut alice = grid.log_in(ALICE, 1).await;
    let mut bob = grid.log_in(BOB, 2).await;
    grid.enter(&alice);
    let card = Uuid::from_u128(77);
    let offer = || grid.friends.offer_card(id(ALICE), id(BOB), card, unheard);
    assert_eq!(offer(), Err(CardError::NotOnline));
    grid.enter(&bob);
    offer().unwrap();
    let offers = bob.hears::<OfferCallingCard>();
    assert_eq!(offers[0].agent_data.agent_id, id(ALICE).0);
    assert_eq!(offers[0].agent_block.transaction_id, card);
    let answer = |card| grid.friends.answer_card(id(BOB), card, None, unheard);
    assert_eq!(answer(Uuid::from_u128(78)), Err(CardError::NoOffer));
    assert_eq!(answer(card), Ok(()));
    assert_eq!(answer(card), Err(CardError::NoOffer), "answered once");
    let answers = alice.hears::<DeclineCallingCard>();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].agent_data.agent_id, id(BOB).0);
}

#[tokio::test]
async fn lost_cards_and_answers_are_told_to_who_sent_them() {
    let grid = Grid::new().await;
    let mut alice = grid.log_in(ALICE, 1).await;
    let mut bob = grid.log_in(BOB, 2).await;
    grid.enter(&alice);
    grid.enter(&bob);
    let card = Uuid::from_u128(77);
    let told = Arc::new(AtomicUsize::new(0));
    let lost = || {
        let told = told.clone();
        move || {
            told.fetch_add(1, Ordering::Relaxed);
        }
    };
    grid.friends.offer_card(id(ALICE), id(BOB), card, lost()).unwrap();
    assert_eq!(bob.hears::<OfferCallingCard>().len(), 1);
    drop(bob.heard.take_receipts());
    grid.settled().await;
    assert_eq!(told.load(Ordering::Relaxed), 1);
    let answer = || grid.friends.answer_card(id(BOB), card, None, lost());
    assert_eq!(answer(), Err(CardError::NoOffer), "what never arrived cannot be answered");

    grid.friends.offer_card(id(ALICE), id(BOB), card, lost()).unwrap();
    assert_eq!(bob.hears::<OfferCallingCard>().len(), 1);
    bob.heard.take_receipts().into_iter().for_each(|receipt| receipt.settle(Delivery::Acked));
    answer().unwrap();
    assert_eq!(alice.hears::<DeclineCallingCard>().len(), 1);
    drop(alice.heard.take_receipts());
    grid.settled().await;
    assert_eq!(told.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn card_lost_with_its_circuit_goes_by_the_next_one() {
    let grid = Grid::new().await;
    let mut alice = grid.log_in(ALICE, 1).await;
    grid.enter(&alice);
    let mut old = grid.log_in(BOB, 2).await;
    grid.enter(&old);
    let card = Uuid::from_u128(77);
    grid.friends.offer_card(id(ALICE), id(BOB), card, unheard).unwrap();
    assert_eq!(old.hears::<OfferCallingCard>().len(), 1);
    let lost = old.heard.take_receipts();
    let mut new = grid.log_in(BOB, 3).await;
    grid.enter(&new);
    drop(lost);
    grid.settled().await;
    assert_eq!(new.hears::<OfferCallingCard>().len(), 1);
    grid.friends.answer_card(id(BOB), card, None, unheard).unwrap();
    assert_eq!(alice.hears::<DeclineCallingCard>().len(), 1);
}

#[tokio::test]
async fn flood_of_calling_cards_is_cut_for_its_sender_alone() {
    let grid = Grid::new().await;
    let mut bob = grid.log_in(BOB, 2).await;
    grid.enter(&bob);
    let offer =
        |from, card| grid.friends.offer_card(id(from), id(BOB), Uuid::from_u128(card), unheard);
    let passed = (0..100).filter(|&card| offer(ALICE, card).is_ok()).count();
    assert_eq!(passed, 5);
    assert_eq!(offer(ALICE, 100), Err(CardError::TooFast));
    assert_eq!(offer(3, 101), Ok(()));
    assert_eq!(bob.hears::<OfferCallingCard>().len(), 6);
    grid.clock.advance(Duration::from_secs(60));
    assert_eq!(offer(ALICE, 102), Ok(()));
}

#[tokio::test]
async fn offer_lost_with_its_circuit_reaches_the_next_login_once() {
    let grid = Grid::new().await;
    let alice = grid.log_in(ALICE, 1).await;
    grid.enter(&alice);
    let mut old = grid.log_in(BOB, 2).await;
    grid.enter(&old);
    // The new login reads what is kept before there is the offer.
    let mut new = grid.log_in(BOB, 3).await;
    grid.friends.offer(&alice.by(), id(BOB), "be my friend").await.unwrap();
    assert_eq!(old.hears::<ImprovedInstantMessage>().len(), 1);
    let lost = old.heard.take_receipts();
    grid.leave(&old);
    drop(lost);
    grid.settled().await;
    grid.enter(&new);
    assert_eq!(new.hears::<ImprovedInstantMessage>().len(), 1);
    // A client that does not ack it is not shown it for ever.
    drop(new.heard.take_receipts());
    grid.settled().await;
    assert!(new.hears::<ImprovedInstantMessage>().is_empty());
}
