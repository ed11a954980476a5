//! Inventories: folders and items of agents, and the shared library.
//!
//! Answers are plain structs; `http` and `session` turn them into LLSD and messages.

mod edit;
mod library;
mod model;
mod rights;
mod rules;
mod service;
mod standard;
mod store;

pub use edit::{Changes, CopySource, Edit, EditRefusal, FolderChange, ItemChange, Masks};
pub use library::{LIBRARY_OWNER, LIBRARY_ROOT, Library};
pub use model::{
    AssetId, AssetType, Contents, Folder, FolderId, FolderType, InventoryType, Item, ItemId,
    Permissions, SaleInfo, WearableType,
};
pub use rules::{EditError, MAX_DESCRIPTION, MAX_NAME};
pub use service::{Inventory, InventoryError, Worn};
pub use standard::{
    DEFAULT_WEARABLES, DefaultWearable, default_wearable_item, standard_folder, standard_inventory,
};
pub use store::InventoryStore;

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod tests;
