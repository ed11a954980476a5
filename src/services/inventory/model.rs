//! The parts of an inventory, with the numbers used on the wire.

use uuid::Uuid;

use crate::ids::AgentId;
pub use crate::ids::{AssetId, FolderId, ItemId};

/// A folder, without what lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its id.
    pub id: FolderId,
    /// Who owns it.
    pub owner: AgentId,
    /// The folder it lies in; none for a root, which goes over the wire as the null id.
    pub parent: Option<FolderId>,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub kind: FolderType,
    /// Starts at 1 and grows with every change of what lies directly in it.
    pub version: i32,
}

/// A folder and what lies directly in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The folder itself.
    pub folder: Folder,
    /// Its sub-folders.
    pub folders: Vec<Folder>,
    /// Its items.
    pub items: Vec<Item>,
}

impl Contents {
    /// Sub-folders plus items: `descendents` on the wire.
    pub fn descendents(&self) -> usize {
        self.folders.len() + self.items.len()
    }
}

/// An inventory item: a name for an asset, with rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Who owns it.
    pub owner: AgentId,
    /// The folder it lies in.
    pub folder: FolderId,
    /// The asset; for a link, the id of the item or folder linked to.
    pub asset: AssetId,
    /// What people call it.
    pub name: String,
    /// A line about it.
    pub description: String,
    /// What the asset is.
    pub asset_type: AssetType,
    /// How the inventory shows it.
    pub inventory_type: InventoryType,
    /// Bits whose meaning depends on the type; for wearables the lowest byte is a
    /// [`WearableType`].
    pub flags: u32,
    /// Who may do what.
    pub permissions: Permissions,
    /// What it costs.
    pub sale: SaleInfo,
    /// Seconds since 1970.
    pub created_at: u64,
}

/// Rights to an item. Masks are those of the wire, see the constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Who made it.
    pub creator: AgentId,
    /// Who owned it before; null if nobody did.
    pub last_owner: AgentId,
    /// The group it is set to; null for none.
    pub group: Uuid,
    /// Whether the group owns it.
    pub group_owned: bool,
    /// The most that the owner may have.
    pub base: u32,
    /// What the owner may do.
    pub owner: u32,
    /// What members of the group may do.
    pub group_mask: u32,
    /// What everyone may do.
    pub everyone: u32,
    /// What the next owner will be able to do at most.
    pub next_owner: u32,
}

impl Permissions {
    /// Everything. Fits in a signed 32-bit number, as LLSD carries it.
    pub const ALL: u32 = 0x7FFF_FFFF;
    /// May be given away.
    pub const TRANSFER: u32 = 1 << 13;
    /// May be changed.
    pub const MODIFY: u32 = 1 << 14;
    /// May be copied.
    pub const COPY: u32 = 1 << 15;
    /// May be moved in the world.
    pub const MOVE: u32 = 1 << 19;

    /// Full rights for the owner, none for others, the usual ones for the next owner.
    pub const fn full(creator: AgentId) -> Self {
        Self {
            creator,
            last_owner: creator,
            group: Uuid::nil(),
            group_owned: false,
            base: Self::ALL,
            owner: Self::ALL,
            group_mask: 0,
            everyone: 0,
            next_owner: Self::TRANSFER | Self::MODIFY | Self::COPY | Self::MOVE,
        }
    }
}

/// How an item is for sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaleInfo {
    /// 0 not, 1 original, 2 copy, 3 contents.
    pub kind: u8,
    /// Price in the grid's currency.
    pub price: i32,
}

/// Makes an enum over numbers of the wire, with the two conversions.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident: $repr:ty {
        $($(#[$variant_doc:meta])* $variant:ident = $value:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The number on the wire.
            pub const fn code(self) -> $repr {
                match self { $(Self::$variant => $value,)+ }
            }

            /// The one with that number.
            pub const fn from_code(code: $repr) -> Option<Self> {
                match code { $($value => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

wire_enum! {
    /// What a folder is for (`type_default`). Only numbers that all known clients accept: one of
    /// them (Hippolyzer) ends its login at any other.
    FolderType: i8 {
        /// For anything.
        None = -1,
        /// Textures.
        Textures = 0,
        /// Sounds.
        Sounds = 1,
        /// Calling cards.
        CallingCards = 2,
        /// Landmarks.
        Landmarks = 3,
        /// Clothing.
        Clothing = 5,
        /// Objects.
        Objects = 6,
        /// Notecards.
        Notecards = 7,
        /// The root.
        Root = 8,
        /// Scripts.
        Scripts = 10,
        /// Body parts.
        BodyParts = 13,
        /// Trash.
        Trash = 14,
        /// Snapshots.
        PhotoAlbum = 15,
        /// What came back.
        LostAndFound = 16,
        /// Animations.
        Animations = 20,
        /// Gestures.
        Gestures = 21,
        /// Favourite landmarks.
        Favorites = 23,
        /// Links to what is worn; clients demand it.
        CurrentOutfit = 46,
        /// One outfit.
        Outfit = 47,
        /// All outfits.
        Outfits = 48,
        /// Meshes.
        Meshes = 49,
        /// Received items.
        ReceivedItems = 50,
        /// Environment settings.
        Settings = 56,
        /// Materials.
        Materials = 57,
    }
}

impl FolderType {
    /// Whether people make such folders, and may rename, move and delete them.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::None | Self::Outfit)
    }

    /// Whether clients expect exactly one of them in the root (or, for the root, at all).
    pub const fn is_singleton(self) -> bool {
        !matches!(
            self,
            Self::None | Self::Outfit | Self::CallingCards | Self::Landmarks | Self::Meshes
        )
    }

    /// Where things of that type go if nobody says where.
    pub const fn for_asset(asset: AssetType) -> Option<Self> {
        Some(match asset {
            AssetType::Texture | AssetType::TextureTga => Self::Textures,
            AssetType::ImageTga | AssetType::ImageJpeg => Self::PhotoAlbum,
            AssetType::Sound | AssetType::SoundWav => Self::Sounds,
            AssetType::CallingCard => Self::CallingCards,
            AssetType::Landmark => Self::Landmarks,
            AssetType::Clothing => Self::Clothing,
            AssetType::Object | AssetType::Mesh => Self::Objects,
            AssetType::Notecard => Self::Notecards,
            AssetType::Script | AssetType::ScriptBytecode => Self::Scripts,
            AssetType::BodyPart => Self::BodyParts,
            AssetType::Animation => Self::Animations,
            AssetType::Gesture => Self::Gestures,
            AssetType::Settings => Self::Settings,
            AssetType::Material => Self::Materials,
            AssetType::Link | AssetType::FolderLink => return None,
        })
    }
}

wire_enum! {
    /// What an asset is (`type`).
    AssetType: i8 {
        /// JPEG 2000 codestream.
        Texture = 0,
        /// Ogg Vorbis.
        Sound = 1,
        /// An agent's card.
        CallingCard = 2,
        /// A place.
        Landmark = 3,
        /// A piece of clothing.
        Clothing = 5,
        /// An object.
        Object = 6,
        /// A text.
        Notecard = 7,
        /// LSL source.
        Script = 10,
        /// Compiled LSL.
        ScriptBytecode = 11,
        /// Uncompressed texture.
        TextureTga = 12,
        /// Shape, skin, hair or eyes.
        BodyPart = 13,
        /// Uncompressed sound.
        SoundWav = 17,
        /// Targa picture.
        ImageTga = 18,
        /// JPEG picture.
        ImageJpeg = 19,
        /// An animation.
        Animation = 20,
        /// A gesture.
        Gesture = 21,
        /// A link to an item.
        Link = 24,
        /// A link to a folder.
        FolderLink = 25,
        /// A mesh.
        Mesh = 49,
        /// Environment settings.
        Settings = 56,
        /// A material.
        Material = 57,
    }
}

wire_enum! {
    /// How an inventory shows an item (`inv_type`).
    InventoryType: i8 {
        /// Texture.
        Texture = 0,
        /// Sound.
        Sound = 1,
        /// Calling card.
        CallingCard = 2,
        /// Landmark.
        Landmark = 3,
        /// Object.
        Object = 6,
        /// Notecard.
        Notecard = 7,
        /// A link to a folder.
        Category = 8,
        /// Script.
        Script = 10,
        /// Snapshot.
        Snapshot = 15,
        /// Attached object.
        Attachment = 17,
        /// Body part or clothing.
        Wearable = 18,
        /// Animation.
        Animation = 19,
        /// Gesture.
        Gesture = 20,
        /// Mesh.
        Mesh = 22,
        /// Environment settings.
        Settings = 25,
        /// Material.
        Material = 26,
    }
}

wire_enum! {
    /// Which part of an avatar a wearable is (lowest byte of the flags, `WearableType` in
    /// messages).
    WearableType: u8 {
        /// Body shape.
        Shape = 0,
        /// Skin.
        Skin = 1,
        /// Hair.
        Hair = 2,
        /// Eyes.
        Eyes = 3,
        /// Shirt.
        Shirt = 4,
        /// Trousers.
        Pants = 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_as_what_it_was_made_from() {
        for kind in FolderType::ALL {
            assert_eq!(FolderType::from_code(kind.code()), Some(*kind));
        }
        for kind in AssetType::ALL {
            assert_eq!(AssetType::from_code(kind.code()), Some(*kind));
        }
        for kind in InventoryType::ALL {
            assert_eq!(InventoryType::from_code(kind.code()), Some(*kind));
        }
        assert_eq!(WearableType::from_code(6), None);
    }

    #[test]
    fn usual_next_owner_mask_is_the_one_viewers_send() {
        assert_eq!(Permissions::full(AgentId::NIL).next_owner, 0x0008_E000);
    }
}
