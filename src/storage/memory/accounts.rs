//! Accounts and their inventories.

use std::collections::{BTreeMap, HashMap};

use crate::ids::AgentId;
use crate::services::accounts::AccountName;
use crate::services::inventory::{Contents, Folder, FolderId, Item, ItemId};
use crate::services::ports::{
    Account, AccountStore, InventoryStore, Location, Place, StoreError, StoredPassword,
};

use super::MemoryStore;

#[derive(Debug, Default)]
pub(super) struct Tables {
    accounts: HashMap<AgentId, Owned>,
    /// By name key.
    names: BTreeMap<String, AgentId>,
    /// Ids are unique over all owners, as on disk.
    folders: HashMap<FolderId, AgentId>,
    items: HashMap<ItemId, AgentId>,
}

#[derive(Debug)]
struct Owned {
    account: Account,
    /// Parents before children.
    folders: Vec<Folder>,
    items: Vec<Item>,
}

impl Tables {
    pub(super) fn has(&self, id: AgentId) -> bool {
        self.accounts.contains_key(&id)
    }

    fn account_mut(&mut self, id: AgentId) -> Result<&mut Account, StoreError> {
        self.accounts.get_mut(&id).map(|owned| &mut owned.account).ok_or(StoreError::NotFound(id))
    }
}

impl AccountStore for MemoryStore {
    fn create_account(
        &mut self,
        account: &Account,
        folders: &[Folder],
        items: &[Item],
    ) -> Result<(), StoreError> {
        // Everything is checked before anything is changed.
        if self.accounts.names.contains_key(&account.name.key()) {
            return Err(StoreError::NameTaken(account.name.clone()));
        }
        if self.accounts.accounts.contains_key(&account.id) {
            return Err(StoreError::IdTaken(format!("account {}", account.id)));
        }
        if let Some(folder) = folders.iter().find(|one| self.accounts.folders.contains_key(&one.id))
        {
            return Err(StoreError::IdTaken(format!("folder {}", folder.id)));
        }
        if let Some(item) = items.iter().find(|one| self.accounts.items.contains_key(&one.id)) {
            return Err(StoreError::IdTaken(format!("item {}", item.id)));
        }
        self.accounts.names.insert(account.name.key(), account.id);
        self.accounts.folders.extend(folders.iter().map(|folder| (folder.id, account.id)));
        self.accounts.items.extend(items.iter().map(|item| (item.id, account.id)));
        let owned =
            Owned { account: account.clone(), folders: folders.to_vec(), items: items.to_vec() };
        self.accounts.accounts.insert(account.id, owned);
        Ok(())
    }

    fn account_by_name(&mut self, name: &AccountName) -> Result<Option<Account>, StoreError> {
        match self.accounts.names.get(&name.key()).copied() {
            Some(id) => self.account(id),
            None => Ok(None),
        }
    }

    fn account(&mut self, id: AgentId) -> Result<Option<Account>, StoreError> {
        Ok(self.accounts.accounts.get(&id).map(|owned| owned.account.clone()))
    }

    fn accounts(&mut self, after: Option<&str>, limit: usize) -> Result<Vec<Account>, StoreError> {
        let from = match after {
            Some(key) => std::ops::Bound::Excluded(key),
            None => std::ops::Bound::Unbounded,
        };
        let ids = self.accounts.names.range::<str, _>((from, std::ops::Bound::Unbounded));
        let accounts = ids.filter_map(|(_, id)| self.accounts.accounts.get(id));
        Ok(accounts.take(limit).map(|owned| owned.account.clone()).collect())
    }

    fn count_accounts(&mut self) -> Result<u64, StoreError> {
        Ok(self.accounts.accounts.len() as u64)
    }

    fn set_password(&mut self, id: AgentId, password: &StoredPassword) -> Result<(), StoreError> {
        self.accounts.account_mut(id)?.password = password.clone();
        Ok(())
    }

    fn set_last_login(&mut self, id: AgentId, at: u64) -> Result<(), StoreError> {
        self.accounts.account_mut(id)?.last_login = Some(at);
        Ok(())
    }

    fn set_location(
        &mut self,
        id: AgentId,
        place: Place,
        location: &Location,
    ) -> Result<(), StoreError> {
        let account = self.accounts.account_mut(id)?;
        match place {
            Place::Last => account.last = Some(*location),
            Place::Home => account.home = Some(*location),
        }
        Ok(())
    }

    fn remove_account(&mut self, id: AgentId) -> Result<(), StoreError> {
        let owned = self.accounts.accounts.remove(&id).ok_or(StoreError::NotFound(id))?;
        self.accounts.names.remove(&owned.account.name.key());
        for folder in &owned.folders {
            self.accounts.folders.remove(&folder.id);
        }
        for item in &owned.items {
            self.accounts.items.remove(&item.id);
        }
        self.groups.forget_account(id);
        self.friends.forget_account(id);
        self.mail.forget_account(id);
        Ok(())
    }
}

impl InventoryStore for MemoryStore {
    fn folders(&mut self, owner: AgentId) -> Result<Vec<Folder>, StoreError> {
        Ok(self
            .accounts
            .accounts
            .get(&owner)
            .map(|owned| owned.folders.clone())
            .unwrap_or_default())
    }

    fn folder(&mut self, owner: AgentId, id: FolderId) -> Result<Option<Folder>, StoreError> {
        let owned = self.accounts.accounts.get(&owner);
        let folder = owned.and_then(|owned| owned.folders.iter().find(|folder| folder.id == id));
        Ok(folder.cloned())
    }

    fn folder_contents(
        &mut self,
        owner: AgentId,
        id: FolderId,
    ) -> Result<Option<Contents>, StoreError> {
        let Some(folder) = self.folder(owner, id)? else { return Ok(None) };
        let Some(owned) = self.accounts.accounts.get(&owner) else { return Ok(None) };
        let folders = owned.folders.iter().filter(|one| one.parent == Some(id)).cloned().collect();
        let items = owned.items.iter().filter(|item| item.folder == id).cloned().collect();
        Ok(Some(Contents { folder, folders, items }))
    }

    fn item(&mut self, owner: AgentId, id: ItemId) -> Result<Option<Item>, StoreError> {
        let owned = self.accounts.accounts.get(&owner);
        Ok(owned.and_then(|owned| owned.items.iter().find(|item| item.id == id)).cloned())
    }
}
