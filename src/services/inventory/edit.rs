//! Changes to an inventory: what may be asked for, and what came of it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{AssetId, Folder, FolderId, FolderType, Item, ItemId, SaleInfo};

/// A change to one inventory. Whoever asks makes the ids, so that a change can be run again.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Makes a folder.
    CreateFolder {
        /// Its id.
        id: FolderId,
        /// The folder it lies in.
        parent: FolderId,
        /// What it is for.
        kind: FolderType,
        /// Its name.
        name: String,
    },
    /// Renames, moves or retypes a folder.
    ChangeFolder(FolderId, FolderChange),
    /// Deletes a folder with all that lies in it.
    RemoveFolder(FolderId),
    /// Deletes all that lies in a folder.
    Purge(FolderId),
    /// Makes an item.
    CreateItem {
        /// The item.
        item: Box<Item>,
        /// If the folder does not exist: whether the item goes to the folder of its type instead.
        or_by_type: bool,
    },
    /// Changes an item in place; with a folder, moves it too.
    ChangeItem(ItemId, Box<ItemChange>),
    /// Moves an item.
    MoveItem {
        /// The item.
        item: ItemId,
        /// Where to.
        folder: FolderId,
        /// Its new name, if it gets one.
        name: Option<String>,
        /// Whether its date becomes that of the move: Trash is sorted by it.
        stamp: bool,
    },
    /// Copies an item.
    CopyItem {
        /// What is copied.
        source: CopySource,
        /// The copy's id.
        id: ItemId,
        /// Where to; the folder of its type if that does not exist.
        folder: FolderId,
        /// The copy's name, if it gets another.
        name: Option<String>,
    },
    /// Deletes an item.
    RemoveItem(ItemId),
    /// Replaces all links that lie in a folder by others; items and folders stay.
    ReplaceLinks(FolderId, Vec<Item>),
}

/// What is copied.
#[derive(Clone, Debug, PartialEq)]
pub enum CopySource {
    /// An item of the same inventory.
    Own(ItemId),
    /// An item of the library.
    Library(Box<Item>),
}

/// What becomes of a folder; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderChange {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub kind: Option<FolderType>,
    /// The folder it lies in.
    pub parent: Option<FolderId>,
}

/// What becomes of an item; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemChange {
    /// Its name.
    pub name: Option<String>,
    /// The line about it.
    pub description: Option<String>,
    /// Its lowest byte is taken, and whether a landmark was visited.
    pub flags: Option<u32>,
    /// The three masks that an owner may change.
    pub masks: Option<Masks>,
    /// The group it is set to.
    pub group: Option<Uuid>,
    /// What it costs.
    pub sale: Option<SaleInfo>,
    /// Its asset.
    pub asset: Option<AssetId>,
    /// The folder it lies in.
    pub folder: Option<FolderId>,
}

/// The masks that an owner may change; one that is not named stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Masks {
    /// What members of the group may do.
    pub group: Option<u32>,
    /// What everyone may do.
    pub everyone: Option<u32>,
    /// What the next owner will be able to do.
    pub next_owner: Option<u32>,
}

/// What a change, or several together, did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Folders that are new.
    pub created_folders: Vec<FolderId>,
    /// Items that are new.
    pub created_items: Vec<ItemId>,
    /// Folders that are new or changed, as they are now.
    pub folders: Vec<Folder>,
    /// Items that are new or changed, as they are now.
    pub items: Vec<Item>,
    /// Folders that are gone, those within others included.
    pub removed_folders: Vec<FolderId>,
    /// Items that are gone, except those within [`Self::removed_folders`] that were deleted by
    /// [`Edit::RemoveFolder`].
    pub removed_items: Vec<ItemId>,
    /// Folders whose direct contents changed, with their new versions.
    pub versions: BTreeMap<FolderId, i32>,
    /// What was not done, by the place of the edit: only of edits that may fail singly.
    pub refused: Vec<(usize, EditRefusal)>,
}

impl Changes {
    /// A new or changed item.
    pub fn item(&self, id: ItemId) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// A new or changed folder.
    pub fn folder(&self, id: FolderId) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.id == id)
    }
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditRefusal {
    /// The folder is not in the inventory.
    #[error("there is no such folder")]
    NoFolder,
    /// The item is not in the inventory.
    #[error("there is no such item")]
    NoItem,
    /// Clients need this folder where it is, as it is.
    #[error("this folder cannot be changed or deleted")]
    Protected,
    /// A folder cannot lie in itself.
    #[error("a folder cannot be moved into itself")]
    Cycle,
    /// There is one folder of this type already.
    #[error("there can be only one folder of this type")]
    SecondOfType,
    /// Something has that id already.
    #[error("this id is in use")]
    IdTaken,
    /// Its owner may not copy it.
    #[error("this item cannot be copied")]
    NoCopy,
    /// It is no link, and only links were asked for.
    #[error("only links can be put here")]
    NotALink,
    /// The inventory is full.
    #[error("the inventory is full")]
    Full,
}
