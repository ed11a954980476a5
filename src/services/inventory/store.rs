//! What the store keeps of inventories.

use super::model::{Contents, Folder, FolderId, FolderType, Item, ItemId};
use crate::ids::AgentId;
use crate::services::ports::StoreError;

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
