//! What the store keeps of profiles and notes.

use super::model::Profile;
use crate::ids::AgentId;
use crate::services::ports::StoreError;

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
