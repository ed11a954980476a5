//! What the store keeps of messages for who is not here.

use uuid::Uuid;

use super::model::StoredMessage;
use crate::ids::AgentId;
use crate::services::ports::StoreError;

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
