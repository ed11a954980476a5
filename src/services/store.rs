//! All that is stored: the sum of what the services keep, each with its trait beside its model.
//!
//! A store only stores and finds; it knows no rules. `storage` contains the implementation.

use super::accounts::AccountStore;
use super::friends::FriendStore;
use super::groups::GroupStore;
use super::inventory::InventoryStore;
use super::mutes::MuteStore;
use super::offline::MessageStore;
use super::ports::{Engine, Handle};
use super::profiles::ProfileStore;

/// Everything that outlives a process.
///
/// Any call may fail with [`StoreError::Backend`](super::ports::StoreError::Backend), and one that
/// reads with [`StoreError::Corrupt`](super::ports::StoreError::Corrupt). Other errors stand at the
/// calls that return them.
pub trait Store:
    Engine
    + AccountStore
    + InventoryStore
    + GroupStore
    + FriendStore
    + MuteStore
    + MessageStore
    + ProfileStore
{
}

impl<S> Store for S where
    S: Engine
        + AccountStore
        + InventoryStore
        + GroupStore
        + FriendStore
        + MuteStore
        + MessageStore
        + ProfileStore
{
}

/// The way of services to the storage thread.
pub type StoreHandle = Handle<dyn Store>;
