//! What the store keeps of friendships.

use super::model::{Friend, FriendOffer, Rights};
use crate::ids::AgentId;
use crate::services::ports::StoreError;

/// Friendships and offers. Removing an account removes both.
pub trait FriendStore {
    /// The friends of an agent, in the order in which they became it.
    fn friends(&mut self, agent: AgentId) -> Result<Vec<Friend>, StoreError>;

    /// Makes two agents friends; `given` is what each lets the other do. Changes nothing if they
    /// are friends. Whether they were not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn add_friendship(
        &mut self,
        one: AgentId,
        other: AgentId,
        given: Rights,
    ) -> Result<bool, StoreError>;

    /// Ends a friendship on both sides; whether there was one.
    fn remove_friendship(&mut self, one: AgentId, other: AgentId) -> Result<bool, StoreError>;

    /// Sets what `from` lets `to` do; whether they are friends.
    fn set_friend_rights(
        &mut self,
        from: AgentId,
        to: AgentId,
        rights: Rights,
    ) -> Result<bool, StoreError>;

    /// Keeps an offer in place of an older one of the same two agents in the same direction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn put_friend_offer(&mut self, offer: &FriendOffer) -> Result<(), StoreError>;

    /// The offers to an agent, the oldest first.
    fn friend_offers_to(&mut self, to: AgentId) -> Result<Vec<FriendOffer>, StoreError>;

    /// Removes an offer; whether there was one.
    fn remove_friend_offer(&mut self, from: AgentId, to: AgentId) -> Result<bool, StoreError>;
}
