//! The library: a small inventory that everybody can read and nobody can change. It is in memory
//! and the same in every grid.

use std::sync::Arc;

use uuid::{Uuid, uuid};

use crate::ids::AgentId;
use crate::services::assets::built_in;

use super::{
    AssetId, AssetType, Contents, DEFAULT_WEARABLES, Folder, FolderId, FolderType, InventoryType,
    Item, ItemId, Permissions, SaleInfo, WearableType,
};

/// Who owns the library. OpenSim's clients know this id.
pub const LIBRARY_OWNER: AgentId = AgentId(uuid!("11111111-1111-0000-0000-000100bba000"));

/// The root of the library. OpenSim's clients know this id.
pub const LIBRARY_ROOT: FolderId = FolderId(uuid!("00000112-000f-0000-0000-000100bba000"));

/// The library; a cheap clone.
#[derive(Clone, Debug)]
pub struct Library {
    shelves: Arc<Shelves>,
}

#[derive(Debug)]
struct Shelves {
    folders: Vec<Folder>,
    items: Vec<Item>,
}

impl Library {
    /// The library as it is built in.
    pub fn new() -> Self {
        let folders =
            FOLDERS.iter().enumerate().map(|(number, &(kind, name))| folder(number, kind, name));
        let items =
            items().into_iter().enumerate().map(|(number, entry)| item(number as u128 + 1, &entry));
        Self { shelves: Arc::new(Shelves { folders: folders.collect(), items: items.collect() }) }
    }

    /// All folders, the root first.
    pub fn folders(&self) -> &[Folder] {
        &self.shelves.folders
    }

    /// A folder and what lies directly in it.
    pub fn contents(&self, id: FolderId) -> Option<Contents> {
        let Shelves { folders, items } = self.shelves.as_ref();
        let folder = folders.iter().find(|folder| folder.id == id)?.clone();
        Some(Contents {
            folder,
            folders: folders.iter().filter(|one| one.parent == Some(id)).cloned().collect(),
            items: items.iter().filter(|item| item.folder == id).cloned().collect(),
        })
    }

    /// An item.
    pub fn item(&self, id: ItemId) -> Option<&Item> {
        self.shelves.items.iter().find(|item| item.id == id)
    }
}

impl Default for Library {
    fn default() -> Self {
        Self::new()
    }
}

struct Entry {
    folder: FolderType,
    name: &'static str,
    asset: AssetId,
    asset_type: AssetType,
    inventory_type: InventoryType,
    wearable: Option<WearableType>,
}

fn items() -> Vec<Entry> {
    let plain = |folder, name, asset: Uuid, asset_type, inventory_type| Entry {
        folder,
        name,
        asset: AssetId(asset),
        asset_type,
        inventory_type,
        wearable: None,
    };
    let texture = |name, asset| {
        plain(FolderType::Textures, name, asset, AssetType::Texture, InventoryType::Texture)
    };
    let mut items = vec![
        texture("Blank", built_in::WHITE),
        texture("Plywood", built_in::PLYWOOD),
        texture("Dirt", built_in::TERRAIN[0]),
        texture("Grass", built_in::TERRAIN[1]),
        texture("Mountain", built_in::TERRAIN[2]),
        texture("Rock", built_in::TERRAIN[3]),
        plain(
            FolderType::Notecards,
            "Welcome",
            built_in::WELCOME_NOTECARD,
            AssetType::Notecard,
            InventoryType::Notecard,
        ),
        plain(
            FolderType::Landmarks,
            "Welcome area",
            built_in::WELCOME_LANDMARK,
            AssetType::Landmark,
            InventoryType::Landmark,
        ),
    ];
    items.extend(DEFAULT_WEARABLES.map(|wearable| Entry {
        folder: match wearable.asset_type() {
            AssetType::BodyPart => FolderType::BodyParts,
            _ => FolderType::Clothing,
        },
        name: wearable.name,
        asset: wearable.asset,
        asset_type: wearable.asset_type(),
        inventory_type: InventoryType::Wearable,
        wearable: Some(wearable.kind),
    }));
    items
}

fn folder(number: usize, kind: FolderType, name: &str) -> Folder {
    let root = number == 0;
    Folder {
        id: if root { LIBRARY_ROOT } else { shelf(kind) },
        owner: LIBRARY_OWNER,
        parent: (!root).then_some(LIBRARY_ROOT),
        name: name.to_owned(),
        kind,
        version: 1,
    }
}

fn item(number: u128, entry: &Entry) -> Item {
    let everyone = Permissions::COPY | Permissions::MODIFY | Permissions::TRANSFER;
    Item {
        id: ItemId(Uuid::from_u128(ITEM_IDS + number)),
        owner: LIBRARY_OWNER,
        folder: shelf(entry.folder),
        asset: entry.asset,
        name: entry.name.to_owned(),
        description: String::new(),
        asset_type: entry.asset_type,
        inventory_type: entry.inventory_type,
        flags: entry.wearable.map_or(0, |kind| kind.code().into()),
        permissions: Permissions {
            everyone,
            next_owner: Permissions::ALL,
            ..Permissions::full(LIBRARY_OWNER)
        },
        sale: SaleInfo::default(),
        created_at: CREATED_AT,
    }
}

/// The id of the library's folder of that type.
fn shelf(kind: FolderType) -> FolderId {
    FolderId(Uuid::from_u128(FOLDER_IDS + kind.code() as u128))
}

const FOLDERS: [(FolderType, &str); 6] = [
    (FolderType::Root, "Library"),
    (FolderType::Textures, "Textures"),
    (FolderType::Clothing, "Clothing"),
    (FolderType::BodyParts, "Body Parts"),
    (FolderType::Notecards, "Notecards"),
    (FolderType::Landmarks, "Landmarks"),
];

/// Ids count up from here, as the root's neighbours.
const FOLDER_IDS: u128 = 0x00000112_0010_0000_0000_000100bba000;

const ITEM_IDS: u128 = 0x00000112_0020_0000_0000_000100bba000;

/// 2025-11-21T00:00:00Z: always the same, so that answers are.
const CREATED_AT: u64 = 1_763_683_200;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::ids::RegionId;
    use crate::services::assets::Assets;

    #[test]
    fn everything_hangs_on_the_root_and_has_its_asset() {
        let library = Library::new();
        let assets = Assets::built_in(RegionId::NIL);
        let root = library.contents(LIBRARY_ROOT).unwrap();
        assert_eq!(root.folders.len(), library.folders().len() - 1);
        let mut seen = 0;
        for shelf in &root.folders {
            let contents = library.contents(shelf.id).unwrap();
            assert!(contents.descendents() > 0, "{} is empty", shelf.name);
            for item in &contents.items {
                seen += 1;
                let asset = assets.get(item.asset).unwrap();
                assert_eq!(asset.kind, item.asset_type, "{}", item.name);
                assert_eq!(library.item(item.id), Some(item));
            }
        }
        assert_eq!(seen, library.shelves.items.len());
        let ids: HashSet<_> = library.shelves.items.iter().map(|item| item.id).collect();
        assert_eq!(ids.len(), seen);
        let ids: HashSet<_> = library.folders().iter().map(|folder| folder.id).collect();
        assert_eq!(ids.len(), library.folders().len());
    }

    #[test]
    fn unknown_folders_and_items_are_not_found() {
        let library = Library::new();
        assert!(library.contents(FolderId::default()).is_none());
        assert!(library.item(ItemId::default()).is_none());
    }
}
