//! Logging in and out: who is notified, and what is held in memory.
//!
//! A friend is notified about an agent only while the agent grants the right to see it online (bit
//! 1).

use dashmap::mapref::entry::Entry;

use super::held::HeldFriends;
use super::model::{Friend, ReceivedOffer, Rights, Sender};
use super::{Friends, rules};
use crate::ids::{AgentId, SessionId};
use crate::services::ports::Delivery;

impl Friends {
    /// Holds the friends of an agent that has just logged in, and the offers that it will see.
    pub fn arrive(
        &self,
        agent: AgentId,
        session: SessionId,
        friends: Vec<Friend>,
        offers: Vec<ReceivedOffer>,
    ) {
        let mut new = HeldFriends::new(session, friends, offers);
        match self.held.entry(agent) {
            Entry::Occupied(mut held) => {
                // Friends believe in the older login until it ends or this one enters.
                new.online = held.get().online;
                held.insert(new);
            }
            Entry::Vacant(vacant) => {
                vacant.insert(new);
            }
        }
    }

    /// The agent is in the world and reachable by the bus: friends are told, it is told which of
    /// them are online, and it sees the offers that waited. A login that has ended is not heard.
    pub fn enter(&self, agent: AgentId, session: SessionId) {
        let (friends, offers) = {
            let Some(mut held) = self.held.get_mut(&agent) else { return };
            if held.session != session {
                return;
            }
            held.online = Some(session);
            // Under the guard, so that the end of an older login cannot come between.
            self.announce(agent, &held.friends, true);
            (held.friends.clone(), held.take_offers())
        };
        self.notify_newcomer(agent, &friends);
        for offer in offers {
            let nowhere = Sender::default();
            // Who has left at this very moment sees it at the next login.
            self.send_offer(&offer, &nowhere);
        }
    }

    /// A login has ended. Friends are told if it was the one that they knew of and if `announce`.
    pub fn depart(&self, agent: AgentId, session: SessionId, announce: bool) {
        let Entry::Occupied(mut held) = self.held.entry(agent) else { return };
        if held.get().online == Some(session) {
            held.get_mut().online = None;
            if announce {
                self.announce(agent, &held.get().friends, false);
            }
        }
        if held.get().session == session {
            held.remove();
        }
    }

    /// Tells `agent` whether a friend is online, if that one lets it know; whether it does.
    pub fn notify_presence(&self, agent: AgentId, friend: AgentId) -> bool {
        let may = self.has_right(agent, friend, Rights::ONLINE);
        if may {
            self.send_presence(agent, &[friend], self.bus.is_online(friend));
        }
        may
    }

    /// Whether `agent`, who is logged in here, was given a right by `friend`.
    pub fn has_right(&self, agent: AgentId, friend: AgentId, right: Rights) -> bool {
        self.held.get(&agent).is_some_and(|held| {
            rules::find(&held.friends, friend).is_some_and(|friend| friend.has.contains(right))
        })
    }

    /// How many agents are held.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Tells each of two new friends whether the other is online.
    pub(super) fn introduce(&self, one: AgentId, other: AgentId) {
        for (to, about) in [(one, other), (other, one)] {
            if self.bus.is_online(about) {
                self.send_presence(to, &[about], true);
            }
        }
    }

    fn notify_newcomer(&self, agent: AgentId, friends: &[Friend]) {
        let seen = friends.iter().filter(|friend| friend.has.contains(Rights::ONLINE));
        let mut online: Vec<AgentId> =
            seen.map(|friend| friend.agent).filter(|&friend| self.bus.is_online(friend)).collect();
        self.send_presence(agent, &online, true);
        // Who left while this was told may have announced that before.
        online.retain(|&friend| !self.bus.is_online(friend));
        self.send_presence(agent, &online, false);
    }

    /// Tells the friends of `agent` that it came or went; encoded once.
    fn announce(&self, agent: AgentId, friends: &[Friend], online: bool) {
        let Some(outgoing) = super::notify::presence(&[agent], online) else { return };
        for friend in friends.iter().filter(|friend| friend.given.contains(Rights::ONLINE)) {
            // Who is not online asks at its own entry.
            self.bus.deliver(friend.agent, Delivery::Message(outgoing.clone()));
        }
    }
}
