//! A store that forgets everything with the process: `--ephemeral`, and tests.
//!
//! One file per family of calls, each with its own tables. It keeps the same promises as the store
//! on disk, but for lasting; `storage::conformance` holds both to them.

mod accounts;
mod friends;
mod groups;
mod mail;

use crate::ids::AgentId;
use crate::services::ports::{Store, StoreError};

/// Everything in maps.
#[derive(Debug, Default)]
pub struct MemoryStore {
    accounts: accounts::Tables,
    groups: groups::Tables,
    friends: friends::Tables,
    mail: mail::Tables,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn require_account(&self, id: AgentId) -> Result<(), StoreError> {
        if self.accounts.has(id) { Ok(()) } else { Err(StoreError::NotFound(id)) }
    }
}

impl Store for MemoryStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
