//! The port for persistence: the [`Store`] trait, its types and errors, and the [`StoreHandle`]
//! through which services call it.
//!
//! A store is synchronous and has one owner, the storage thread; `storage` contains the
//! implementation. No rules of services are here or there: a store only stores and finds.

mod bus;
mod friends;
mod groups;
mod handle;
mod job;
mod mail;

use std::fmt;

pub use bus::{Bus, Congestion, Delivery, Reach};
pub use friends::FriendStore;
pub use groups::GroupStore;
pub use handle::{StoreGone, StoreHandle};
pub use mail::{MessageStore, MuteStore, ProfileStore};

use crate::ids::{AgentId, GroupId, RegionId};
use crate::message::Vector3;

use super::accounts::AccountName;
use super::inventory::{Contents, Folder, FolderId, FolderType, Item, ItemId};

/// Everything that outlives a process.
///
/// Each call is atomic by itself, and so is each job between [`begin_job`](Self::begin_job) and
/// [`end_job`](Self::end_job). Jobs between [`begin`](Self::begin) and [`commit`](Self::commit)
/// reach the disk together.
///
/// Any call may fail with [`StoreError::Backend`], and one that reads with [`StoreError::Corrupt`].
/// Other errors stand at the calls that return them.
pub trait Store:
    AccountStore
    + InventoryStore
    + GroupStore
    + FriendStore
    + MuteStore
    + MessageStore
    + ProfileStore
    + Send
{
    /// Starts a batch: the calls that follow reach the disk together, at [`Self::commit`].
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Starts a job within a batch. Jobs do not nest.
    fn begin_job(&mut self) -> Result<(), StoreError>;

    /// Ends a job; its changes become part of the batch, or are undone.
    ///
    /// # Errors
    /// [`StoreError::Backend`]; the whole batch is lost then.
    fn end_job(&mut self, is_kept: bool) -> Result<(), StoreError>;

    /// From now on, keeps account of what each job asks for [`Self::asked`]. For tests.
    fn watch(&mut self);

    /// What the job has asked so far, in a number: two jobs that ask the same in the same order
    /// have the same one. Always 0 without [`Self::watch`].
    fn asked(&self) -> u64;

    /// Ends a batch. Once this returned `Ok`, its changes survive the death of the process and
    /// of the machine. Whether there were any.
    ///
    /// # Errors
    /// [`StoreError::Backend`]; nothing of the batch is kept then.
    fn commit(&mut self) -> Result<bool, StoreError>;

    /// Writes without changing anything, to see whether that is possible.
    fn try_writing(&mut self) -> Result<(), StoreError>;

    /// Brings the files into their resting form; for a clean stop or a backup.
    fn flush(&mut self) -> Result<(), StoreError>;
}

/// Accounts and where their avatars are.
pub trait AccountStore {
    /// Keeps a new account with its inventory, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], [`StoreError::IdTaken`] (also for a folder or item id).
    fn create_account(
        &mut self,
        account: &Account,
        folders: &[Folder],
        items: &[Item],
    ) -> Result<(), StoreError>;

    /// The account of that name, upper and lower case being the same.
    fn account_by_name(&mut self, name: &AccountName) -> Result<Option<Account>, StoreError>;

    /// The account with that id.
    fn account(&mut self, id: AgentId) -> Result<Option<Account>, StoreError>;

    /// Up to `limit` accounts in the order of their [`AccountName::key`], those after `after`.
    fn accounts(&mut self, after: Option<&str>, limit: usize) -> Result<Vec<Account>, StoreError>;

    /// How many accounts there are.
    fn count_accounts(&mut self) -> Result<u64, StoreError>;

    /// Replaces the password.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn set_password(&mut self, id: AgentId, password: &StoredPassword) -> Result<(), StoreError>;

    /// Notes a login at `at` (seconds since 1970).
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn set_last_login(&mut self, id: AgentId, at: u64) -> Result<(), StoreError>;

    /// Keeps a place of the account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn set_location(
        &mut self,
        id: AgentId,
        place: Place,
        location: &Location,
    ) -> Result<(), StoreError>;

    /// Forgets the account and all it owns.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn remove_account(&mut self, id: AgentId) -> Result<(), StoreError>;
}

/// Inventories. What belongs to another owner is not found.
pub trait InventoryStore {
    /// All folders of an owner, parents before children; empty for an unknown owner.
    fn folders(&mut self, owner: AgentId) -> Result<Vec<Folder>, StoreError>;

    /// One folder, with its current version.
    fn folder(&mut self, owner: AgentId, id: FolderId) -> Result<Option<Folder>, StoreError>;

    /// One folder with what lies directly in it.
    fn folder_contents(
        &mut self,
        owner: AgentId,
        id: FolderId,
    ) -> Result<Option<Contents>, StoreError>;

    /// One item.
    fn item(&mut self, owner: AgentId, id: ItemId) -> Result<Option<Item>, StoreError>;

    /// The first folder of a type that is the root or lies directly in it.
    fn folder_of_type(
        &mut self,
        owner: AgentId,
        kind: FolderType,
    ) -> Result<Option<Folder>, StoreError>;

    /// How many folders and items an owner has.
    fn inventory_size(&mut self, owner: AgentId) -> Result<u64, StoreError>;

    /// Keeps a new folder.
    ///
    /// # Errors
    /// [`StoreError::IdTaken`].
    fn create_folder(&mut self, folder: &Folder) -> Result<(), StoreError>;

    /// Replaces name, type and parent of a folder, if the owner has it.
    fn change_folder(&mut self, folder: &Folder) -> Result<(), StoreError>;

    /// Counts a folder's version up by one; the new version, or none for an unknown folder.
    fn touch_folder(&mut self, owner: AgentId, id: FolderId) -> Result<Option<i32>, StoreError>;

    /// Forgets a folder and all that lies in it; whether there was one.
    fn remove_folder(&mut self, owner: AgentId, id: FolderId) -> Result<bool, StoreError>;

    /// Keeps a new item.
    ///
    /// # Errors
    /// [`StoreError::IdTaken`].
    fn create_item(&mut self, item: &Item) -> Result<(), StoreError>;

    /// Replaces all of an item but its id and owner, if the owner has it.
    fn change_item(&mut self, item: &Item) -> Result<(), StoreError>;

    /// Forgets an item; whether there was one.
    fn remove_item(&mut self, owner: AgentId, id: ItemId) -> Result<bool, StoreError>;
}

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The account's and its avatar's id.
    pub id: AgentId,
    /// The name as it was written at creation.
    pub name: AccountName,
    /// Hashes of the password.
    pub password: StoredPassword,
    /// Seconds since 1970.
    pub created_at: u64,
    /// Seconds since 1970; none before the first login.
    pub last_login: Option<u64>,
    /// Where the avatar was last.
    pub last: Option<Location>,
    /// Where the avatar is at home.
    pub home: Option<Location>,
}

/// Argon2id hashes, as PHC strings, over the `$1$`+MD5 form that clients send.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// Of the whole password.
    pub full: String,
    /// Of its first 16 characters, which is all that some clients send; none if that is the same
    /// or not known.
    pub short: Option<String>,
}

impl fmt::Debug for StoredPassword {
    /// Never shows a hash: debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredPassword(…)")
    }
}

/// A place in a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// The region.
    pub region: RegionId,
    /// Metres from the region's south-west corner; z from the zero level.
    pub position: Vector3,
    /// The direction looked in.
    pub look_at: Vector3,
}

/// Which of an account's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where the avatar was last.
    Last,
    /// Where the avatar is at home.
    Home,
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another account has that name.
    #[error("account name `{0}` is taken")]
    NameTaken(AccountName),
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

/// What the database or the disk said. [`StoreHandle`] finds it behind the error of a service.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Fault(pub Box<dyn std::error::Error + Send + Sync>);
