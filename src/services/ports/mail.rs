//! Stored data about mutes, offline messages and profiles.

use uuid::Uuid;

use super::StoreError;
use crate::ids::AgentId;
use crate::services::mutes::Mute;
use crate::services::offline::StoredMessage;
use crate::services::profiles::Profile;

/// Mute lists. Removing an account removes its list.
pub trait MuteStore {
    /// The list of an agent, in the order in which it grew.
    fn mutes(&mut self, owner: AgentId) -> Result<Vec<Mute>, StoreError>;

    /// Adds an entry, or replaces the one with the same id and name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn put_mute(&mut self, owner: AgentId, mute: &Mute) -> Result<(), StoreError>;

    /// Removes the entry with that id and name; whether there was one.
    fn remove_mute(&mut self, owner: AgentId, id: Uuid, name: &str) -> Result<bool, StoreError>;
}

/// Messages for agents that are not here. Removing an account removes those for it.
pub trait MessageStore {
    /// The messages for an agent, the oldest first.
    fn messages(&mut self, to: AgentId) -> Result<Vec<StoredMessage>, StoreError>;

    /// How many messages wait for an agent.
    fn count_messages(&mut self, to: AgentId) -> Result<u64, StoreError>;

    /// How many of them one sender (`from`) has left.
    fn count_messages_from(&mut self, to: AgentId, from: Uuid) -> Result<u64, StoreError>;

    /// Keeps a message.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a recipient without account, [`StoreError::IdTaken`].
    fn add_message(&mut self, message: &StoredMessage) -> Result<(), StoreError>;

    /// Removes those of an agent that have one of `keys`.
    fn remove_messages(&mut self, to: AgentId, keys: &[Uuid]) -> Result<(), StoreError>;

    /// Forgets messages from before `at` (seconds since 1970); how many.
    fn forget_messages(&mut self, at: u64) -> Result<usize, StoreError>;
}

/// Profiles and notes. Removing an account removes its own.
pub trait ProfileStore {
    /// The profile of an account; none if it never wrote one.
    fn profile(&mut self, agent: AgentId) -> Result<Option<Profile>, StoreError>;

    /// Replaces a profile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn set_profile(&mut self, agent: AgentId, profile: &Profile) -> Result<(), StoreError>;

    /// What `agent` noted about `about`; empty if nothing.
    fn note(&mut self, agent: AgentId, about: AgentId) -> Result<String, StoreError>;

    /// Replaces a note; an empty one is removed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn set_note(&mut self, agent: AgentId, about: AgentId, text: &str) -> Result<(), StoreError>;
}
