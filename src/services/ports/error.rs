//! Why a store has no answer.

use crate::ids::{AgentId, GroupId};

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another account has that name.
    #[error("account name `{0}` is taken")]
    NameTaken(String),
    /// Another account, folder or item has that id.
    #[error("the id of {0} is taken")]
    IdTaken(String),
    /// The account to change does not exist.
    #[error("no account has id {0}")]
    NotFound(AgentId),
    /// The group to change does not exist.
    #[error("no group has id {0}")]
    NoGroup(GroupId),
    /// Another group has that name.
    #[error("group name `{0}` is taken")]
    GroupNameTaken(String),
    /// What was read back cannot be what was written.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// The database or the disk refused.
    #[error("storage failed to {action}")]
    Backend {
        /// What was being done, to be read after "failed to".
        action: &'static str,
        /// What the database said.
        source: Fault,
    },
}

/// Why a storage call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreGone {
    /// The storage thread has ended.
    #[error("storage has stopped")]
    Stopped,
    /// The call was dropped: it panicked, no batch could be started, the thread stopped first, or
    /// its rehearsal went another way.
    #[error("the storage call was dropped")]
    Abandoned,
    /// The disk refused the batch that held the call; its changes are undone.
    #[error("storage could not write")]
    NotWritten,
}

/// What the database or the disk said. [`Handle`](super::Handle) finds it behind the error of a service.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Fault(pub Box<dyn std::error::Error + Send + Sync>);
