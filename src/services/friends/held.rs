//! The state in memory for an agent that is logged in here.

use std::collections::VecDeque;

use uuid::Uuid;

use super::cards::{MAX_AT_ONCE, PACE};
use super::model::{Friend, ReceivedOffer, Rights};
use crate::ids::{AgentId, SessionId};
use crate::time::Timestamp;

/// Calling cards that one agent may have unanswered; the oldest makes room.
const MAX_CARDS: usize = 16;
/// Offers of cards that are remembered for the pace of their senders.
const MAX_CARD_TIMES: usize = 256;
/// Offers that wait for the agent's entry.
const MAX_WAITING: usize = super::MAX_OFFERS;

/// One agent's friends and what waits for it. There is one as long as a session is open.
#[derive(Debug)]
pub(super) struct HeldFriends {
    /// The latest login; when it ends, this goes.
    pub(super) session: SessionId,
    /// The login that has entered and of which friends were notified.
    pub(super) online: Option<SessionId>,
    pub(super) friends: Vec<Friend>,
    offers: Vec<ReceivedOffer>,
    /// Whose offers this login was shown.
    shown: Vec<AgentId>,
    /// Who offered a calling card, by transaction.
    cards: Vec<(Uuid, AgentId)>,
    /// Who offered one lately, and when, the longest ago first.
    card_times: VecDeque<(Timestamp, AgentId)>,
}

impl HeldFriends {
    pub(super) fn new(
        session: SessionId,
        friends: Vec<Friend>,
        offers: Vec<ReceivedOffer>,
    ) -> Self {
        Self {
            session,
            online: None,
            friends,
            offers,
            shown: Vec::new(),
            cards: Vec::new(),
            card_times: VecDeque::new(),
        }
    }

    pub(super) fn befriend(&mut self, agent: AgentId) {
        if super::rules::find(&self.friends, agent).is_none() {
            self.friends.push(Friend { agent, given: Rights::ONLINE, has: Rights::ONLINE });
        }
        self.offers.retain(|offer| offer.offer.from != agent);
    }

    pub(super) fn part_from(&mut self, agent: AgentId) {
        self.friends.retain(|friend| friend.agent != agent);
    }

    pub(super) fn change(&mut self, agent: AgentId, change: impl FnOnce(&mut Friend)) {
        if let Some(friend) = self.friends.iter_mut().find(|friend| friend.agent == agent) {
            change(friend);
        }
    }

    /// Keeps an offer for the entry; whether that is still to come.
    pub(super) fn keep_offer(&mut self, offer: ReceivedOffer) -> bool {
        if self.online.is_some() {
            return false;
        }
        self.offers.retain(|other| other.offer.from != offer.offer.from);
        self.offers.truncate(MAX_WAITING - 1);
        self.offers.push(offer);
        true
    }

    pub(super) fn take_offers(&mut self) -> Vec<ReceivedOffer> {
        std::mem::take(&mut self.offers)
    }

    /// Notes that this login is shown an offer.
    pub(super) fn note_shown(&mut self, from: AgentId) {
        if !self.has_seen(from) {
            self.shown.truncate(MAX_WAITING - 1);
            self.shown.push(from);
        }
    }

    /// Whether this login was shown an offer, or will be when it enters.
    pub(super) fn has_seen(&self, from: AgentId) -> bool {
        self.shown.contains(&from) || self.offers.iter().any(|offer| offer.offer.from == from)
    }

    /// Whether `from` may offer one more card now; notes that it does.
    pub(super) fn may_offer_card(&mut self, now: Timestamp, from: AgentId) -> bool {
        while self.card_times.front().is_some_and(|&(at, _)| now.since(at) >= PACE) {
            self.card_times.pop_front();
        }
        let lately = self.card_times.iter().filter(|&&(_, other)| other == from).count();
        if lately >= MAX_AT_ONCE {
            return false;
        }
        if self.card_times.len() >= MAX_CARD_TIMES {
            self.card_times.pop_front();
        }
        self.card_times.push_back((now, from));
        true
    }

    pub(super) fn keep_card(&mut self, transaction: Uuid, from: AgentId) {
        self.cards.retain(|(other, _)| *other != transaction);
        if self.cards.len() >= MAX_CARDS {
            self.cards.remove(0);
        }
        self.cards.push((transaction, from));
    }

    /// Who offered that card; it can be answered once.
    pub(super) fn take_card(&mut self, transaction: Uuid) -> Option<AgentId> {
        let at = self.cards.iter().position(|(other, _)| *other == transaction)?;
        Some(self.cards.remove(at).1)
    }
}
