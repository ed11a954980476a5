//! Friendships and offers.

use std::collections::HashMap;

use crate::ids::AgentId;
use crate::services::friends::{Friend, FriendOffer, Rights};
use crate::services::ports::{FriendStore, StoreError};

use super::MemoryStore;

#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Each friendship twice, seen from either side.
    friends: HashMap<AgentId, Vec<Friend>>,
    /// By recipient, the oldest first.
    offers: HashMap<AgentId, Vec<FriendOffer>>,
}

impl Tables {
    pub(super) fn forget_account(&mut self, id: AgentId) {
        for friend in self.friends.remove(&id).unwrap_or_default() {
            self.forget_friend(friend.agent, id);
        }
        self.offers.remove(&id);
        for offers in self.offers.values_mut() {
            offers.retain(|offer| offer.from != id);
        }
    }

    /// Takes `friend` from the list of `agent`; whether it was there.
    fn forget_friend(&mut self, agent: AgentId, friend: AgentId) -> bool {
        let Some(list) = self.friends.get_mut(&agent) else { return false };
        let before = list.len();
        list.retain(|one| one.agent != friend);
        list.len() < before
    }

    fn friend_mut(&mut self, agent: AgentId, friend: AgentId) -> Option<&mut Friend> {
        self.friends.get_mut(&agent)?.iter_mut().find(|one| one.agent == friend)
    }
}

impl FriendStore for MemoryStore {
    fn friends(&mut self, agent: AgentId) -> Result<Vec<Friend>, StoreError> {
        Ok(self.friends.friends.get(&agent).cloned().unwrap_or_default())
    }

    fn add_friendship(
        &mut self,
        one: AgentId,
        other: AgentId,
        given: Rights,
    ) -> Result<bool, StoreError> {
        self.require_account(one)?;
        self.require_account(other)?;
        // Nobody is a friend of its own.
        if one == other || self.friends.friend_mut(one, other).is_some() {
            return Ok(false);
        }
        for (agent, friend) in [(one, other), (other, one)] {
            let entry = Friend { agent: friend, given, has: given };
            self.friends.friends.entry(agent).or_default().push(entry);
        }
        Ok(true)
    }

    fn remove_friendship(&mut self, one: AgentId, other: AgentId) -> Result<bool, StoreError> {
        let there = self.friends.forget_friend(one, other);
        self.friends.forget_friend(other, one);
        Ok(there)
    }

    fn set_friend_rights(
        &mut self,
        from: AgentId,
        to: AgentId,
        rights: Rights,
    ) -> Result<bool, StoreError> {
        let Some(friend) = self.friends.friend_mut(from, to) else { return Ok(false) };
        friend.given = rights;
        if let Some(friend) = self.friends.friend_mut(to, from) {
            friend.has = rights;
        }
        Ok(true)
    }

    fn put_friend_offer(&mut self, offer: &FriendOffer) -> Result<(), StoreError> {
        self.require_account(offer.from)?;
        self.require_account(offer.to)?;
        let offers = self.friends.offers.entry(offer.to).or_default();
        offers.retain(|one| one.from != offer.from);
        offers.push(offer.clone());
        Ok(())
    }

    fn friend_offers_to(&mut self, to: AgentId) -> Result<Vec<FriendOffer>, StoreError> {
        Ok(self.friends.offers.get(&to).cloned().unwrap_or_default())
    }

    fn remove_friend_offer(&mut self, from: AgentId, to: AgentId) -> Result<bool, StoreError> {
        let Some(offers) = self.friends.offers.get_mut(&to) else { return Ok(false) };
        let before = offers.len();
        offers.retain(|offer| offer.from != from);
        Ok(offers.len() < before)
    }
}
