//! Reading inventories by UDP, for clients that do not use the capability.

use uuid::Uuid;

use super::{Outcome, Session, Turn};
use crate::circuit::Category;
use crate::ids::{AgentId, FolderId, ItemId};
use crate::message::{
    self, FetchInventory, FetchInventoryDescendents, FetchInventoryReply,
    FetchInventoryReplyInventoryData, InventoryDescendents, InventoryDescendentsFolderData,
    InventoryDescendentsItemData, UpdateCreateInventoryItem,
    UpdateCreateInventoryItemInventoryData,
};
use crate::services::inventory::{Contents, Folder, Item, LIBRARY_OWNER};
use crate::session::inventory_news::checksum;

/// What one message holds, below the MTU. Folders and items are never mixed.
const FOLDERS_PER_MESSAGE: usize = 6;
const ITEMS_PER_MESSAGE: usize = 5;
/// Items that one request may ask for.
const MOST_ITEMS: usize = 255;

/// Whose inventory is read: the agent's own, or the library.
fn owner_of(session: &Session, asked: Uuid) -> AgentId {
    if AgentId(asked) == LIBRARY_OWNER { LIBRARY_OWNER } else { session.shared.agent_id }
}

/// Not answered for an unknown folder.
pub(super) fn descendents(
    session: &mut Session,
    _turn: &mut Turn<'_>,
    request: FetchInventoryDescendents,
) -> Outcome {
    let asked = request.inventory_data;
    let agent = session.shared.agent_id;
    let owner = owner_of(session, asked.owner_id);
    let inventory = session.context.services.inventory.clone();
    let outbox = session.outbox.clone();
    session.look_up(async move {
        let found = inventory.contents(owner, vec![FolderId(asked.folder_id)]).await;
        let mut contents = match found {
            Ok(found) => match found.into_iter().next().flatten() {
                Some(contents) => contents,
                None => return,
            },
            Err(error) => return tracing::warn!(%agent, %error, "a folder cannot be read"),
        };
        if !asked.fetch_folders {
            contents.folders.clear();
        }
        if !asked.fetch_items {
            contents.items.clear();
        }
        for reply in descendents_of(agent, &contents) {
            let _ = outbox.send_message(&reply, true, Category::Unthrottled);
        }
    })
}

/// Items that the agent does not have are left out.
pub(super) fn items(
    session: &mut Session,
    _turn: &mut Turn<'_>,
    request: FetchInventory,
) -> Outcome {
    let agent = session.shared.agent_id;
    let (mut own, mut shared) = (Vec::new(), Vec::new());
    for asked in request.inventory_data.iter().take(MOST_ITEMS) {
        let of = if owner_of(session, asked.owner_id) == agent { &mut own } else { &mut shared };
        of.push(ItemId(asked.item_id));
    }
    let inventory = session.context.services.inventory.clone();
    let outbox = session.outbox.clone();
    session.look_up(async move {
        for (owner, ids) in [(agent, own), (LIBRARY_OWNER, shared)] {
            let found = match inventory.items(owner, ids).await {
                Ok(found) => found,
                Err(error) => return tracing::warn!(%agent, %error, "items cannot be read"),
            };
            for items in found.chunks(ITEMS_PER_MESSAGE) {
                let mut reply = FetchInventoryReply::default();
                reply.agent_data.agent_id = agent.0;
                reply.inventory_data = items.iter().map(fetched).collect();
                let _ = outbox.send_message(&reply, true, Category::Unthrottled);
            }
        }
    })
}

/// The answer in as many messages as it takes. The kind that a message does not have is one block
/// of null ids, for clients that look at the first without counting.
fn descendents_of(agent: AgentId, contents: &Contents) -> Vec<InventoryDescendents> {
    let folders = contents
        .folders
        .chunks(FOLDERS_PER_MESSAGE)
        .map(|folders| (folders.iter().map(folder_block).collect(), vec![no_item()]));
    let items = contents
        .items
        .chunks(ITEMS_PER_MESSAGE)
        .map(|items| (vec![no_folder()], items.iter().map(item_block).collect()));
    let mut parts: Vec<(Vec<_>, Vec<_>)> = folders.chain(items).collect();
    if parts.is_empty() {
        parts.push((vec![no_folder()], vec![no_item()]));
    }
    let reply = |(folder_data, item_data)| {
        let mut reply = InventoryDescendents { folder_data, item_data, ..Default::default() };
        reply.agent_data.agent_id = agent.0;
        reply.agent_data.folder_id = contents.folder.id.0;
        reply.agent_data.owner_id = contents.folder.owner.0;
        reply.agent_data.version = contents.folder.version;
        reply.agent_data.descendents = contents.descendents() as i32;
        reply
    };
    parts.into_iter().map(reply).collect()
}

fn folder_block(folder: &Folder) -> InventoryDescendentsFolderData {
    InventoryDescendentsFolderData {
        folder_id: folder.id.0,
        parent_id: folder.parent.map(|parent| parent.0).unwrap_or_default(),
        type_: folder.kind.code(),
        name: message::variable1(&folder.name),
    }
}

fn no_folder() -> InventoryDescendentsFolderData {
    InventoryDescendentsFolderData { type_: -1, ..Default::default() }
}

fn no_item() -> InventoryDescendentsItemData {
    InventoryDescendentsItemData { type_: -1, ..Default::default() }
}

/// Fills a block that describes an item; two messages have the same fields.
macro_rules! item_fields {
    ($block:ident, $item:ident $(, $extra:ident)*) => {{
        let rights = &$item.permissions;
        $block {
            item_id: $item.id.0,
            folder_id: $item.folder.0,
            creator_id: rights.creator.0,
            owner_id: $item.owner.0,
            group_id: rights.group,
            base_mask: rights.base,
            owner_mask: rights.owner,
            group_mask: rights.group_mask,
            everyone_mask: rights.everyone,
            next_owner_mask: rights.next_owner,
            group_owned: rights.group_owned,
            asset_id: $item.asset.0,
            type_: $item.asset_type.code(),
            inv_type: $item.inventory_type.code(),
            flags: $item.flags,
            sale_type: $item.sale.kind,
            sale_price: $item.sale.price,
            name: message::variable1(&$item.name),
            description: message::variable1(&$item.description),
            creation_date: $item.created_at as i32,
            crc: checksum($item),
            $($extra,)*
        }
    }};
}

fn item_block(item: &Item) -> InventoryDescendentsItemData {
    item_fields!(InventoryDescendentsItemData, item)
}

/// `UpdateCreateInventoryItem`: an item that the agent made, or that changed. `transaction` and
/// `callback` are those of the client's request.
pub(super) fn created(
    agent: AgentId,
    item: &Item,
    callback_id: u32,
    transaction: Uuid,
) -> UpdateCreateInventoryItem {
    let mut message = UpdateCreateInventoryItem::default();
    message.agent_data.agent_id = agent.0;
    message.agent_data.sim_approved = true;
    message.agent_data.transaction_id = transaction;
    message.inventory_data =
        vec![item_fields!(UpdateCreateInventoryItemInventoryData, item, callback_id)];
    message
}

fn fetched(item: &Item) -> FetchInventoryReplyInventoryData {
    item_fields!(FetchInventoryReplyInventoryData, item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::inventory::{
        AssetId, AssetType, FolderType, InventoryType, Permissions, SaleInfo,
    };

    fn item(number: u128) -> Item {
        let owner = AgentId(Uuid::from_u128(0x3000_0000_0000_0000_0000_0000_0000_0003));
        Item {
            id: ItemId(Uuid::from_u128(number)),
            owner,
            folder: FolderId(Uuid::from_u128(0x2000_0000_0000_0000_0000_0000_0000_0002)),
            asset: AssetId(Uuid::from_u128(0x4000_0000_0000_0000_0000_0000_0000_0004)),
            name: "Note".to_owned(),
            description: String::new(),
            asset_type: AssetType::Notecard,
            inventory_type: InventoryType::Notecard,
            flags: 0,
            permissions: Permissions { group_mask: 0, everyone: 0, ..Permissions::full(owner) },
            sale: SaleInfo::default(),
            created_at: 1_700_000_000,
        }
    }

    #[test]
    fn checksum_is_that_of_viewers() {
        let item = item(0x1000_0000_0000_0000_0000_0000_0000_0001);
        assert_eq!(checksum(&item), 0x7253_F1DC);
    }

    #[test]
    fn thirteen_items_come_in_three_messages() {
        let folder = Folder {
            id: FolderId(Uuid::from_u128(1)),
            owner: AgentId(Uuid::from_u128(2)),
            parent: None,
            name: "Notes".to_owned(),
            kind: FolderType::Notecards,
            version: 7,
        };
        let mut contents =
            Contents { folder, folders: Vec::new(), items: (1..=13).map(item).collect() };
        let replies = descendents_of(AgentId::NIL, &contents);
        let items: Vec<usize> = replies.iter().map(|reply| reply.item_data.len()).collect();
        assert_eq!(items, [5, 5, 3]);
        for reply in &replies {
            assert_eq!((reply.agent_data.descendents, reply.agent_data.version), (13, 7));
            assert_eq!(reply.folder_data, [no_folder()]);
            assert!(message::encode(reply).unwrap().body.len() < 1200);
        }
        contents.items.clear();
        let empty = descendents_of(AgentId::NIL, &contents);
        assert_eq!(empty.len(), 1);
        assert_eq!(
            (&empty[0].folder_data[..], &empty[0].item_data[..]),
            (&[no_folder()][..], &[no_item()][..])
        );
    }
}
