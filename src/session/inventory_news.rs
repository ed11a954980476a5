//! `BulkUpdateInventory` for the event queue: tells a client of folders and items that it gets, or
//! that changed without its doing.

use uuid::Uuid;

use crate::ids::AgentId;
use crate::llsd::{self, Llsd};
use crate::outbox::Event;
use crate::services::inventory::{Folder, Item};

/// The event. Each item comes with the callback id of the request that made it, or 0.
pub fn bulk_update(
    agent: AgentId,
    transaction: Uuid,
    folders: &[&Folder],
    items: &[(&Item, u32)],
) -> Event {
    let agent_data = llsd::map! { "AgentID" => agent.0, "TransactionID" => transaction };
    let body = llsd::map! {
        "AgentData" => llsd::array![agent_data],
        "FolderData" => folders.iter().map(|folder| folder_data(folder)).collect::<Llsd>(),
        "ItemData" => items.iter().map(|&(item, callback)| item_data(item, callback)).collect::<Llsd>(),
    };
    Event::new("BulkUpdateInventory", &body)
}

fn folder_data(folder: &Folder) -> Llsd {
    llsd::map! {
        "FolderID" => folder.id.0,
        "ParentID" => folder.parent.map(|parent| parent.0).unwrap_or_default(),
        "Type" => i32::from(folder.kind.code()),
        "Name" => folder.name.as_str(),
    }
}

fn item_data(item: &Item, callback: u32) -> Llsd {
    let rights = &item.permissions;
    llsd::map! {
        "ItemID" => item.id.0,
        "CallbackID" => Llsd::u32(callback),
        "FolderID" => item.folder.0,
        "CreatorID" => rights.creator.0,
        "OwnerID" => item.owner.0,
        "GroupID" => rights.group,
        "BaseMask" => Llsd::u32(rights.base),
        "OwnerMask" => Llsd::u32(rights.owner),
        "GroupMask" => Llsd::u32(rights.group_mask),
        "EveryoneMask" => Llsd::u32(rights.everyone),
        "NextOwnerMask" => Llsd::u32(rights.next_owner),
        "GroupOwned" => rights.group_owned,
        "AssetID" => item.asset.0,
        "Type" => i32::from(item.asset_type.code()),
        "InvType" => i32::from(item.inventory_type.code()),
        "Flags" => Llsd::u32(item.flags),
        "SaleType" => i32::from(item.sale.kind),
        "SalePrice" => item.sale.price,
        "Name" => item.name.as_str(),
        "Description" => item.description.as_str(),
        "CreationDate" => i32::try_from(item.created_at).unwrap_or(i32::MAX),
        "CRC" => Llsd::u32(checksum(item)),
    }
}

/// `CRC`: the sum of what the item is. No client is known to check it.
pub(super) fn checksum(item: &Item) -> u32 {
    /// What the kind of sale counts.
    const SALE: u32 = 0x0707_3096;
    let rights = &item.permissions;
    let ids =
        [item.id.0, item.folder.0, rights.creator.0, item.owner.0, rights.group, item.asset.0];
    let words = ids.iter().flat_map(|id| id.as_bytes().as_chunks::<4>().0);
    let words = words.map(|word| u32::from_le_bytes(*word));
    let numbers = [
        rights.base,
        rights.owner,
        rights.everyone,
        rights.group_mask,
        item.asset_type.code() as u32,
        item.inventory_type.code() as u32,
        item.flags,
        item.sale.price as u32,
        u32::from(item.sale.kind).wrapping_mul(SALE),
        item.created_at as u32,
    ];
    words.chain(numbers).fold(0, u32::wrapping_add)
}
