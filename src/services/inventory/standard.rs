//! The inventory of a new account: the folder tree that clients require, a body, some clothes, and
//! the links that mark them as worn.
//!
//! Ids are derived from the owner's id, so the same account always has the same ones.

use md5::{Digest as _, Md5};
use uuid::Uuid;

use crate::ids::AgentId;

use super::{
    AssetId, AssetType, Folder, FolderId, FolderType, InventoryType, Item, ItemId, Permissions,
    SaleInfo, WearableType,
};

/// The folders (root first) and items of a new account.
pub fn standard_inventory(owner: AgentId, created_at: u64) -> (Vec<Folder>, Vec<Item>) {
    let root = standard_folder(owner, FolderType::Root);
    let folders = FOLDERS.iter().map(|&(kind, name)| Folder {
        id: standard_folder(owner, kind),
        owner,
        parent: (kind != FolderType::Root).then_some(root),
        name: name.to_owned(),
        kind,
        version: 1,
    });
    let mut items = Vec::new();
    for worn in DEFAULT_WEARABLES {
        let kept_in = match worn.asset_type() {
            AssetType::BodyPart => FolderType::BodyParts,
            _ => FolderType::Clothing,
        };
        let item = Item {
            id: default_wearable_item(owner, worn.kind),
            owner,
            folder: standard_folder(owner, kept_in),
            asset: worn.asset,
            name: worn.name.to_owned(),
            description: String::new(),
            asset_type: worn.asset_type(),
            inventory_type: InventoryType::Wearable,
            flags: worn.kind.code().into(),
            permissions: Permissions::full(owner),
            sale: SaleInfo::default(),
            created_at,
        };
        items.push(Item {
            id: ItemId(derived(owner, &format!("link {}", worn.kind.code()))),
            folder: standard_folder(owner, FolderType::CurrentOutfit),
            // A link's asset is the item it stands for.
            asset: AssetId(item.id.0),
            asset_type: AssetType::Link,
            ..item.clone()
        });
        items.push(item);
    }
    (folders.collect(), items)
}

/// The id of a new account's folder of that type.
pub fn standard_folder(owner: AgentId, kind: FolderType) -> FolderId {
    FolderId(derived(owner, &format!("folder {}", kind.code())))
}

/// The id of a new account's item for that wearable.
pub fn default_wearable_item(owner: AgentId, kind: WearableType) -> ItemId {
    ItemId(derived(owner, &format!("wearable {}", kind.code())))
}

/// What a new avatar wears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultWearable {
    /// Which part of the avatar.
    pub kind: WearableType,
    /// The built-in asset.
    pub asset: AssetId,
    /// The item's name.
    pub name: &'static str,
}

impl DefaultWearable {
    /// Body part or clothing.
    pub const fn asset_type(self) -> AssetType {
        match self.kind {
            WearableType::Shape | WearableType::Skin | WearableType::Hair | WearableType::Eyes => {
                AssetType::BodyPart
            }
            WearableType::Shirt | WearableType::Pants => AssetType::Clothing,
        }
    }
}

/// One of each part that an avatar needs, decently dressed. The asset ids are those by which
/// OpenSim's clients know a default avatar.
pub const DEFAULT_WEARABLES: [DefaultWearable; 6] = [
    wearable(WearableType::Shape, 0x66c41e39_38f9_f75a_024e_585989bfab73, "Default Shape"),
    wearable(WearableType::Skin, 0x77c41e39_38f9_f75a_024e_585989bbabbb, "Default Skin"),
    wearable(WearableType::Hair, 0xd342e6c0_b9d2_11dc_95ff_0800200c9a66, "Default Hair"),
    wearable(WearableType::Eyes, 0x4bb6fa4d_1cd2_498a_a84c_95c1a0e745a7, "Default Eyes"),
    wearable(WearableType::Shirt, 0x00000000_38f9_1111_024e_222222111110, "Default Shirt"),
    wearable(WearableType::Pants, 0x00000000_38f9_1111_024e_222222111120, "Default Pants"),
];

const fn wearable(kind: WearableType, asset: u128, name: &'static str) -> DefaultWearable {
    DefaultWearable { kind, asset: AssetId(Uuid::from_u128(asset)), name }
}

fn derived(owner: AgentId, what: &str) -> Uuid {
    let mut md5 = Md5::new();
    md5.update(owner.0.as_bytes());
    md5.update(b" holm inventory ");
    md5.update(what.as_bytes());
    uuid::Builder::from_md5_bytes(md5.finalize().into()).into_uuid()
}

/// Only the types that a client expects one folder of.
const FOLDERS: [(FolderType, &str); 20] = [
    (FolderType::Root, "My Inventory"),
    (FolderType::Textures, "Textures"),
    (FolderType::Sounds, "Sounds"),
    (FolderType::CallingCards, "Calling Cards"),
    (FolderType::Landmarks, "Landmarks"),
    (FolderType::Clothing, "Clothing"),
    (FolderType::Objects, "Objects"),
    (FolderType::Notecards, "Notecards"),
    (FolderType::Scripts, "Scripts"),
    (FolderType::BodyParts, "Body Parts"),
    (FolderType::Trash, "Trash"),
    (FolderType::PhotoAlbum, "Photo Album"),
    (FolderType::LostAndFound, "Lost And Found"),
    (FolderType::Animations, "Animations"),
    (FolderType::Gestures, "Gestures"),
    (FolderType::Favorites, "Favorites"),
    (FolderType::CurrentOutfit, "Current Outfit"),
    (FolderType::Outfits, "Outfits"),
    (FolderType::Settings, "Settings"),
    (FolderType::Materials, "Materials"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn owner(number: u128) -> AgentId {
        AgentId(Uuid::from_u128(number))
    }

    #[test]
    fn tree_has_one_root_and_every_type_once() {
        let (folders, _) = standard_inventory(owner(1), 0);
        let roots: Vec<_> = folders.iter().filter(|folder| folder.parent.is_none()).collect();
        assert_eq!(roots.len(), 1);
        assert_eq!(roots[0].kind, FolderType::Root);
        assert!(folders.iter().skip(1).all(|folder| folder.parent == Some(roots[0].id)));
        let kinds: HashSet<_> = folders.iter().map(|folder| folder.kind).collect();
        assert_eq!(kinds.len(), folders.len());
    }

    #[test]
    fn ids_are_unique_and_the_same_each_time() {
        let all = |owner| {
            let (folders, items) = standard_inventory(owner, 0);
            let folders = folders.into_iter().map(|folder| folder.id.0);
            folders.chain(items.into_iter().map(|item| item.id.0)).collect::<Vec<_>>()
        };
        let (one, two) = (all(owner(1)), all(owner(2)));
        assert_eq!(one, all(owner(1)));
        let distinct: HashSet<_> = one.iter().chain(&two).collect();
        assert_eq!(distinct.len(), one.len() + two.len());
    }

    #[test]
    fn current_outfit_links_to_everything_worn() {
        let owner = owner(1);
        let (_, items) = standard_inventory(owner, 5);
        let outfit = standard_folder(owner, FolderType::CurrentOutfit);
        let links: Vec<_> = items.iter().filter(|item| item.folder == outfit).collect();
        assert_eq!(links.len(), DEFAULT_WEARABLES.len());
        for link in links {
            assert_eq!(link.asset_type, AssetType::Link);
            let target = items.iter().find(|item| item.id.0 == link.asset.0).unwrap();
            assert_eq!(target.flags, link.flags);
            assert_ne!(target.asset_type, AssetType::Link);
        }
    }
}
