//! What the store keeps of accounts.

use super::AccountName;
use super::model::{Account, Location, Place, StoredPassword};
use crate::ids::AgentId;
use crate::services::inventory::{Folder, Item};
use crate::services::ports::StoreError;

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
