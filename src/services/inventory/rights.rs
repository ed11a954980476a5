//! How rights and flags of an item change when it is made, edited, or given away.

use crate::ids::AgentId;

use super::edit::Masks;
use super::{AssetType, Item, Permissions, SaleInfo};

/// The next owner's rights replace the owner's when the object is rezzed.
const SLAM_PERMISSIONS: u32 = 0x100;
/// The item's sale replaces the object's when it is rezzed.
const SLAM_SALE: u32 = 0x1000;
/// The item's masks replace the object's: base, owner, group, everyone, next owner.
const OVERWRITE: u32 = 0x1F_0000;
const OVERWRITE_GROUP: u32 = 0x4_0000;
const OVERWRITE_EVERYONE: u32 = 0x8_0000;
const OVERWRITE_NEXT: u32 = 0x10_0000;
/// The lowest byte (what kind of wearable, which setting), which for a landmark says whether it was
/// visited: what a client may change.
const CHANGEABLE: u32 = 0xFF;

impl Permissions {
    /// Those of something that an agent makes itself. `next_owner` 0 is what clients send that do
    /// not know the mask.
    pub fn created(creator: AgentId, next_owner: u32) -> Self {
        let next_owner = if next_owner == 0 { Self::TRANSFER } else { next_owner };
        Self { next_owner, ..Self::full(creator) }.consistent()
    }

    /// The masks as clients expect them to depend on each other.
    #[must_use]
    pub fn consistent(mut self) -> Self {
        self.base &= Self::ALL;
        self.owner &= self.base;
        self.next_owner &= self.base;
        // Who cannot copy it may at least pass it on.
        if self.next_owner & Self::COPY == 0 {
            self.next_owner |= Self::TRANSFER & self.base;
        }
        self.group_mask &= self.owner;
        self.everyone &= self.owner & !Self::MODIFY;
        if self.base & Self::TRANSFER == 0 && !self.group_owned {
            self.group_mask &= !Self::COPY;
            self.everyone &= !Self::COPY;
        }
        self
    }

    /// Those of what `giver` gives to somebody else.
    #[must_use]
    pub fn given(self, giver: AgentId) -> Self {
        let mut base = self.base & self.next_owner;
        if base & (Self::COPY | Self::MODIFY | Self::TRANSFER) == 0 {
            base |= Self::TRANSFER;
        }
        let base = base | Self::MOVE;
        Self {
            last_owner: giver,
            group: uuid::Uuid::nil(),
            group_owned: false,
            base,
            owner: (self.owner & self.next_owner | Self::MOVE | Self::TRANSFER) & base,
            group_mask: 0,
            everyone: self.everyone & self.next_owner,
            ..self
        }
        .consistent()
    }

    fn masked(self, masks: Masks) -> Self {
        Self {
            group_mask: masks.group.unwrap_or(self.group_mask),
            everyone: masks.everyone.unwrap_or(self.everyone),
            next_owner: masks.next_owner.unwrap_or(self.next_owner),
            ..self
        }
        .consistent()
    }
}

impl Item {
    /// Whether it stands for another item or folder.
    pub const fn is_link(&self) -> bool {
        matches!(self.asset_type, AssetType::Link | AssetType::FolderLink)
    }

    /// Sets the masks that its owner may change.
    pub(super) fn set_masks(&mut self, masks: Masks) {
        let before = self.permissions;
        self.permissions = before.masked(masks);
        if self.asset_type == AssetType::Object {
            let now = self.permissions;
            let changed = [
                (before.group_mask != now.group_mask, OVERWRITE_GROUP),
                (before.everyone != now.everyone, OVERWRITE_EVERYONE),
                (before.next_owner != now.next_owner, OVERWRITE_NEXT),
            ];
            self.flags |= changed.iter().filter(|(is, _)| *is).fold(0, |all, (_, bit)| all | bit);
        }
    }

    /// Sets the flags that its owner may change.
    pub(super) fn set_flags(&mut self, flags: u32) {
        self.flags = self.flags & !CHANGEABLE | flags & CHANGEABLE;
    }

    /// Gives it another asset, which has the rights of the item.
    pub(super) fn set_asset(&mut self, asset: super::AssetId) {
        if asset != self.asset {
            self.asset = asset;
            self.flags &= !(SLAM_PERMISSIONS | SLAM_SALE | OVERWRITE);
        }
    }

    /// Makes it what its next owner gets of it.
    pub fn give(&mut self, to: AgentId) {
        self.permissions = self.permissions.given(self.owner);
        self.owner = to;
        self.sale = SaleInfo::default();
        self.flags = self.flags & !OVERWRITE | SLAM_PERMISSIONS;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const ANN: AgentId = AgentId(Uuid::from_u128(1));

    #[test]
    fn a_gift_without_copy_or_modify_stays_so() {
        let mut rights = Permissions::created(ANN, 0x8_2000);
        rights.everyone = Permissions::COPY;
        let given = rights.given(ANN);
        assert_eq!(given.base & 0xE000, Permissions::TRANSFER);
        assert_eq!(given.owner, given.base);
        assert_ne!(given.base & Permissions::MOVE, 0);
        assert_eq!((given.group_mask, given.last_owner), (0, ANN));
    }

    #[test]
    fn next_owner_zero_means_transfer() {
        assert_eq!(Permissions::created(ANN, 0).next_owner, Permissions::TRANSFER);
    }

    proptest! {
        #[test]
        fn masks_never_grow_beyond_their_bound(
            base: u32, owner: u32, group_mask: u32, everyone: u32, next_owner: u32,
        ) {
            let rights =
                Permissions { base, owner, group_mask, everyone, next_owner, ..Permissions::full(ANN) };
            let rights = rights.consistent();
            prop_assert_eq!(rights.owner & !rights.base, 0);
            prop_assert_eq!(rights.group_mask & !rights.owner, 0);
            prop_assert_eq!(rights.everyone & !rights.owner, 0);
            prop_assert_eq!(rights.everyone & Permissions::MODIFY, 0);
            prop_assert_eq!(rights.next_owner & !rights.base, 0);
            prop_assert_eq!(rights.consistent(), rights);
            let given = rights.given(ANN);
            let usual = Permissions::MOVE | Permissions::TRANSFER;
            prop_assert_eq!(given.base & !(rights.base & rights.next_owner | usual), 0);
            prop_assert_ne!(given.base & 0xE000, 0);
        }
    }
}
