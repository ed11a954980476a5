//! What the store keeps of mute lists.

use uuid::Uuid;

use super::model::Mute;
use crate::ids::AgentId;
use crate::services::ports::StoreError;

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
