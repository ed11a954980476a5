//! Friends: offers, rights, and who is notified of whose presence.
//!
//! The store is authoritative. The friends of agents that are logged in here are also held in
//! memory, so that logins and logouts need no storage call. Notifications go through the bus,
//! wherever the recipient is.

mod answers;
mod cards;
mod held;
mod model;
mod notify;
mod presence;
mod rules;
mod store;
#[cfg(test)]
mod tests;

pub use answers::{accept, decline};
pub use cards::CardError;
pub use model::{Friend, FriendOffer, ReceivedOffer, Rights, Sender};
pub use rules::{FriendError, MAX_FRIENDS, MAX_OFFERS};
pub use store::FriendStore;

use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{Mutex, MutexGuard};

use self::held::HeldFriends;
use super::im::MAX_TEXT;
use super::offline::Returns;
use super::ports::Bus;
use super::store::StoreHandle;
use crate::ids::{AgentId, SessionId};
use crate::message;
use crate::outbox::Outbox;
use crate::time::Clock;

/// Friendships that may change at the same moment; those of one pair change one after the other.
const TURNS: usize = 64;

/// The friend service; a cheap clone.
#[derive(Clone)]
pub struct Friends {
    store: StoreHandle,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    returns: Returns,
    held: Arc<DashMap<AgentId, HeldFriends>>,
    turns: Arc<[Mutex<()>; TURNS]>,
}

impl Friends {
    /// The service over `store` and `bus`; offers that are lost on the way come back by `returns`.
    pub fn new(
        store: StoreHandle,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        returns: Returns,
    ) -> Self {
        let turns = Arc::new(std::array::from_fn(|_| Mutex::new(())));
        Self { store, bus, clock, returns, held: Arc::default(), turns }
    }

    /// The friends of an agent as they are kept.
    pub async fn list(&self, agent: AgentId) -> Result<Vec<Friend>, FriendError> {
        Ok(self.store.call(move |store| store.friends(agent)).await??)
    }

    /// Keeps an offer and shows it to `to`, now or when it enters next.
    ///
    /// # Errors
    /// [`FriendError`]; nothing is kept then.
    pub async fn offer(&self, by: &Sender, to: AgentId, text: &str) -> Result<(), FriendError> {
        let offer = FriendOffer {
            from: by.agent,
            to,
            // So the answer names the offerer, whatever became of this process in the meantime.
            transaction: by.agent.0,
            message: message::text(&message::variable_max(text, MAX_TEXT)),
            at: self.clock.unix().as_secs(),
        };
        let kept = offer.clone();
        let _turn = self.turn(by.agent, to).await;
        self.store
            .call(move |store| -> Result<(), FriendError> {
                let friends = store.friends(kept.from)?;
                let waiting = store.friend_offers_to(kept.to)?;
                rules::may_offer(kept.from, kept.to, &friends, &waiting)?;
                Ok(store.put_friend_offer(&kept)?)
            })
            .await??;
        let shown = ReceivedOffer { offer, from_name: by.name.clone() };
        self.show(&shown, by);
        Ok(())
    }

    /// Takes an offer away; whether `by` was offered friendship by `from`.
    async fn withdraw(&self, by: AgentId, from: AgentId) -> Result<(), FriendError> {
        let _turn = self.turn(by, from).await;
        let was = self.store.call(move |store| store.remove_friend_offer(from, by)).await??;
        if was { Ok(()) } else { Err(FriendError::NoOffer) }
    }

    /// Makes friends of `by` and of `from`, who must have offered it.
    async fn form(&self, by: AgentId, from: AgentId) -> Result<(), FriendError> {
        let _turn = self.turn(by, from).await;
        self.store
            .call(move |store| -> Result<(), FriendError> {
                let waiting = store.friend_offers_to(by)?;
                rules::may_accept(from, &waiting, &store.friends(by)?, &store.friends(from)?)?;
                store.remove_friend_offer(from, by)?;
                // Both may have offered; one answer settles both.
                store.remove_friend_offer(by, from)?;
                store.add_friendship(by, from, Rights::ONLINE)?;
                Ok(())
            })
            .await??;
        for (one, other) in [(by, from), (from, by)] {
            self.change_held(one, |held| held.befriend(other));
        }
        Ok(())
    }

    /// Ends a friendship and tells both; also `by` alone, whose client believed in one.
    pub async fn terminate(&self, by: AgentId, other: AgentId) -> Result<(), FriendError> {
        let _turn = self.turn(by, other).await;
        let were = self.store.call(move |store| store.remove_friendship(by, other)).await??;
        for (one, other) in [(by, other), (other, by)] {
            self.change_held(one, |held| held.part_from(other));
        }
        self.send_end(by, other);
        if were {
            self.send_end(other, by);
        }
        Ok(())
    }

    /// Sets what `by` lets `to` do and tells both. Nothing happens if they are no friends; whether
    /// they are.
    pub async fn grant_rights(
        &self,
        by: AgentId,
        to: AgentId,
        rights: Rights,
    ) -> Result<bool, FriendError> {
        let _turn = self.turn(by, to).await;
        let before = self
            .store
            .call(move |store| -> Result<Option<Rights>, FriendError> {
                let before = rules::find(&store.friends(by)?, to).map(|friend| friend.given);
                if before.is_some() {
                    store.set_friend_rights(by, to, rights)?;
                }
                Ok(before)
            })
            .await??;
        let Some(before) = before else { return Ok(false) };
        self.change_held(by, |held| held.change(to, |friend| friend.given = rights));
        self.change_held(to, |held| held.change(by, |friend| friend.has = rights));
        self.send_rights(by, to, rights);
        if (before ^ rights).contains(Rights::ONLINE) && self.bus.is_online(by) {
            self.send_presence(to, &[by], rights.contains(Rights::ONLINE));
        }
        Ok(true)
    }

    /// Waits until nobody else changes what is between the two.
    async fn turn(&self, one: AgentId, other: AgentId) -> MutexGuard<'_, ()> {
        // The same number for both orders; ids are random in their last bits.
        let number = (one.0.as_u128() ^ other.0.as_u128()) as usize % TURNS;
        self.turns[number].lock().await
    }

    /// Shows an offer to its recipient; if that has logged in but not entered, when it does.
    fn show(&self, offer: &ReceivedOffer, by: &Sender) {
        if self.send_offer(offer, by) {
            return;
        }
        let mut waits = false;
        self.change_held(offer.offer.to, |held| waits = held.keep_offer(offer.clone()));
        if !waits {
            // It may have entered between the two looks; if not, the next login brings the offer.
            self.send_offer(offer, by);
        }
    }

    /// Sends an offer to its recipient, if that is online; whether it is.
    fn send_offer(&self, offer: &ReceivedOffer, by: &Sender) -> bool {
        let to = offer.offer.to;
        let Some(outbox) = self.bus.outbox(to) else { return false };
        let message = offer.to_message(by.region, by.position);
        let Some(outgoing) = message.to_outgoing(false) else { return true };
        let mut session = None;
        self.change_held(to, |held| {
            held.note_shown(offer.offer.from);
            session = Some(held.session);
        });
        let (friends, offer, by) = (self.clone(), offer.clone(), by.clone());
        let way = outbox.clone();
        let receipt = self.returns.if_lost(move || friends.offer_lost(offer, &by, session, &way));
        outbox.send_with_receipt(outgoing, receipt);
        true
    }

    /// An offer to the login `session` was lost by the circuit of `way`. It is still kept, so the
    /// next login brings it; but there may be one already, or the agent is in another region now.
    fn offer_lost(
        &self,
        offer: ReceivedOffer,
        by: &Sender,
        session: Option<SessionId>,
        way: &Outbox,
    ) {
        let from = offer.offer.from;
        let wanted = self
            .held
            .get(&offer.offer.to)
            .is_some_and(|held| Some(held.session) == session || !held.has_seen(from));
        if !wanted || self.bus.outbox(offer.offer.to).is_some_and(|now| now.is_same(way)) {
            return;
        }
        if !self.send_offer(&offer, by) {
            self.change_held(offer.offer.to, |held| {
                held.keep_offer(offer);
            });
        }
    }

    fn change_held(&self, agent: AgentId, change: impl FnOnce(&mut HeldFriends)) {
        if let Some(mut held) = self.held.get_mut(&agent) {
            change(&mut held);
        }
    }
}
