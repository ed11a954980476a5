//! Changing inventories by UDP. Each message is acked when its changes are stored, because most
//! have no other answer.

use uuid::Uuid;

use super::friends::alert;
use super::inventory::created;
use super::{Outcome, Session, Turn};
use crate::circuit::Category;
use crate::ids::{AgentId, AssetId, FolderId, ItemId};
use crate::message::{
    self, ChangeInventoryItemFlags, CopyInventoryItem, CreateInventoryFolder, CreateInventoryItem,
    LinkInventoryItem, MoveInventoryFolder, MoveInventoryItem, PurgeInventoryDescendents,
    RemoveInventoryFolder, RemoveInventoryItem, RemoveInventoryObjects, UpdateInventoryFolder,
    UpdateInventoryItem,
};
use crate::outbox::Outbox;
use crate::services::assets::default_asset;
use crate::services::inventory::{
    AssetType, Changes, CopySource, Edit, FolderChange, FolderType, InventoryError, InventoryType,
    Item, ItemChange, LIBRARY_OWNER, Masks, Permissions, SaleInfo,
};
use crate::session::inventory_news::bulk_update;

pub(super) fn create_folder(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: CreateInventoryFolder,
) -> Outcome {
    let data = request.folder_data;
    let edit = Edit::CreateFolder {
        id: FolderId(data.folder_id),
        parent: FolderId(data.parent_id),
        kind: FolderType::from_code(data.type_).unwrap_or(FolderType::None),
        name: message::text(&data.name),
    };
    change(session, turn, vec![edit], |_, _, _| {})
}

pub(super) fn update_folder(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: UpdateInventoryFolder,
) -> Outcome {
    let edits = request.folder_data.iter().map(|data| {
        let change = FolderChange {
            name: Some(message::text(&data.name)),
            kind: FolderType::from_code(data.type_),
            parent: Some(FolderId(data.parent_id)),
        };
        Edit::ChangeFolder(FolderId(data.folder_id), change)
    });
    change(session, turn, edits.collect(), |_, _, _| {})
}

pub(super) fn move_folder(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: MoveInventoryFolder,
) -> Outcome {
    let edits = request.inventory_data.iter().map(|data| {
        let change = FolderChange { parent: Some(FolderId(data.parent_id)), ..Default::default() };
        Edit::ChangeFolder(FolderId(data.folder_id), change)
    });
    change(session, turn, edits.collect(), |_, _, _| {})
}

pub(super) fn remove_folder(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: RemoveInventoryFolder,
) -> Outcome {
    let edits = request.folder_data.iter().map(|data| Edit::RemoveFolder(FolderId(data.folder_id)));
    change(session, turn, edits.collect(), |_, _, _| {})
}

pub(super) fn purge(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: PurgeInventoryDescendents,
) -> Outcome {
    let folder = FolderId(request.inventory_data.folder_id);
    change(session, turn, vec![Edit::Purge(folder)], |_, _, _| {})
}

/// Always answered with `UpdateCreateInventoryItem`, also for a folder that does not exist: viewers
/// wait for the callback.
pub(super) fn create_item(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: CreateInventoryItem,
) -> Outcome {
    let data = request.inventory_block;
    let types = AssetType::from_code(data.type_).zip(InventoryType::from_code(data.inv_type));
    let Some((asset_type, inventory_type)) = types else {
        session.alert(turn, "This kind of inventory item is not known here.");
        return Outcome::Continue;
    };
    if asset_type == AssetType::Link || asset_type == AssetType::FolderLink {
        return Outcome::Continue;
    }
    let agent = session.shared.agent_id;
    let permissions = Permissions::created(agent, data.next_owner_mask);
    let mut item = new_item(agent, FolderId(data.folder_id), asset_type, inventory_type);
    item.name = message::text(&data.name);
    item.description = message::text(&data.description);
    item.asset = default_asset(asset_type);
    item.flags = data.wearable_type.into();
    item.permissions = permissions;
    let (id, callback, transaction) = (item.id, data.callback_id, data.transaction_id);
    let edit = Edit::CreateItem { item: Box::new(item), or_by_type: true };
    change(session, turn, vec![edit], move |outbox, agent, changes| {
        if let Some(item) = changes.item(id) {
            let reply = created(agent, item, callback, transaction);
            let _ = outbox.send_message(&reply, true, Category::Unthrottled);
        }
    })
}

pub(super) fn link_item(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: LinkInventoryItem,
) -> Outcome {
    let data = request.inventory_block;
    let Some(asset_type) = AssetType::from_code(data.type_) else { return Outcome::Continue };
    let inventory_type = InventoryType::from_code(data.inv_type).unwrap_or(InventoryType::Category);
    let agent = session.shared.agent_id;
    let mut link = new_item(agent, FolderId(data.folder_id), asset_type, inventory_type);
    if !link.is_link() {
        return Outcome::Continue;
    }
    link.name = message::text(&data.name);
    link.description = message::text(&data.description);
    link.asset = AssetId(data.old_item_id);
    let (id, callback) = (link.id, data.callback_id);
    let edit = Edit::CreateItem { item: Box::new(link), or_by_type: true };
    change(session, turn, vec![edit], move |outbox, agent, changes| {
        if let Some(item) = changes.item(id) {
            let reply = created(agent, item, callback, Uuid::nil());
            let _ = outbox.send_message(&reply, true, Category::Unthrottled);
        }
    })
}

/// The folder is not looked at: moves have a message of their own.
pub(super) fn update_item(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: UpdateInventoryItem,
) -> Outcome {
    let edits = request.inventory_data.iter().map(|data| {
        // Clients that do not mean to change rights leave this one out.
        let masks = (data.next_owner_mask != 0).then_some(Masks {
            group: Some(data.group_mask),
            everyone: Some(data.everyone_mask),
            next_owner: Some(data.next_owner_mask),
        });
        let change = ItemChange {
            name: Some(message::text(&data.name)),
            description: Some(message::text(&data.description)),
            flags: Some(data.flags),
            masks,
            group: Some(data.group_id),
            sale: Some(SaleInfo { kind: data.sale_type, price: data.sale_price }),
            ..Default::default()
        };
        Edit::ChangeItem(ItemId(data.item_id), Box::new(change))
    });
    change(session, turn, edits.collect(), |_, _, _| {})
}

pub(super) fn change_flags(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: ChangeInventoryItemFlags,
) -> Outcome {
    let edits = request.inventory_data.iter().map(|data| {
        let change = ItemChange { flags: Some(data.flags), ..Default::default() };
        Edit::ChangeItem(ItemId(data.item_id), Box::new(change))
    });
    change(session, turn, edits.collect(), |_, _, _| {})
}

pub(super) fn move_item(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: MoveInventoryItem,
) -> Outcome {
    let stamp = request.agent_data.stamp;
    let edits = request.inventory_data.iter().map(|data| Edit::MoveItem {
        item: ItemId(data.item_id),
        folder: FolderId(data.folder_id),
        name: Some(message::text(&data.new_name)).filter(|name| !name.is_empty()),
        stamp,
    });
    change(session, turn, edits.collect(), |_, _, _| {})
}

/// Answered with `BulkUpdateInventory`, for which libraries wait.
pub(super) fn copy_item(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: CopyInventoryItem,
) -> Outcome {
    let library = session.context.services.inventory.library();
    let (mut edits, mut callbacks) = (Vec::new(), Vec::new());
    for data in &request.inventory_data {
        let source = ItemId(data.old_item_id);
        let source = if AgentId(data.old_agent_id) == LIBRARY_OWNER {
            let Some(item) = library.item(source) else { continue };
            CopySource::Library(Box::new(item.clone()))
        } else {
            CopySource::Own(source)
        };
        let id = ItemId(Uuid::new_v4());
        callbacks.push((id, data.callback_id));
        edits.push(Edit::CopyItem {
            source,
            id,
            folder: FolderId(data.new_folder_id),
            name: Some(message::text(&data.new_name)).filter(|name| !name.is_empty()),
        });
    }
    change(session, turn, edits, move |outbox, agent, changes| {
        let copies = callbacks
            .iter()
            .filter_map(|&(id, callback)| changes.item(id).map(|item| (item, callback)));
        let copies: Vec<(&Item, u32)> = copies.collect();
        if !copies.is_empty() {
            outbox.event(bulk_update(agent, Uuid::nil(), &[], &copies));
        }
    })
}

pub(super) fn remove_item(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: RemoveInventoryItem,
) -> Outcome {
    let edits = request.inventory_data.iter().map(|data| Edit::RemoveItem(ItemId(data.item_id)));
    change(session, turn, edits.collect(), |_, _, _| {})
}

pub(super) fn remove_objects(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: RemoveInventoryObjects,
) -> Outcome {
    let items = request.item_data.iter().map(|data| Edit::RemoveItem(ItemId(data.item_id)));
    let folders =
        request.folder_data.iter().map(|data| Edit::RemoveFolder(FolderId(data.folder_id)));
    change(session, turn, items.chain(folders).collect(), |_, _, _| {})
}

/// Stores the edits that are allowed and answers. Those that are refused change nothing; the user is
/// told of the first.
fn change(
    session: &mut Session,
    turn: &mut Turn<'_>,
    edits: Vec<Edit>,
    answer: impl FnOnce(&Outbox, AgentId, &Changes) + Send + 'static,
) -> Outcome {
    if edits.is_empty() {
        return Outcome::Continue;
    }
    let agent = session.shared.agent_id;
    let services = &session.context.services;
    let (inventory, now) = (services.inventory.clone(), services.clock.unix().as_secs());
    let outbox = session.outbox.clone();
    session.in_order_or_again(turn, async move {
        match inventory.apply_each(agent, edits, now).await {
            Ok(changes) => {
                if let Some((_, refusal)) = changes.refused.first() {
                    metrics::counter!("holm_inventory_refusals_total")
                        .increment(changes.refused.len() as u64);
                    let text = format!("Your inventory was not changed: {refusal}.");
                    alert(&outbox, &text);
                }
                answer(&outbox, agent, &changes);
                true
            }
            Err(InventoryError::Refused(_)) => true,
            Err(error) => {
                tracing::warn!(%agent, %error, "an inventory cannot be changed");
                alert(&outbox, "Your inventory cannot be saved at the moment.");
                false
            }
        }
    })
}

/// An item of an agent's own making, to be filled in.
fn new_item(
    agent: AgentId,
    folder: FolderId,
    asset_type: AssetType,
    inventory_type: InventoryType,
) -> Item {
    Item {
        id: ItemId(Uuid::new_v4()),
        owner: agent,
        folder,
        asset: AssetId::default(),
        name: String::new(),
        description: String::new(),
        asset_type,
        inventory_type,
        flags: 0,
        permissions: Permissions::full(agent),
        sale: SaleInfo::default(),
        created_at: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{AgentAlertMessage, UpdateCreateInventoryItem};
    use crate::services::inventory::standard_folder;
    use crate::session::testing::Rig;

    fn folder(rig: &Rig, name: &str) -> CreateInventoryFolder {
        let mut create = CreateInventoryFolder::default();
        create.agent_data.agent_id = rig.shared.agent_id.0;
        create.agent_data.session_id = rig.shared.session_id.0;
        create.folder_data.folder_id = Uuid::from_u128(5);
        create.folder_data.parent_id = standard_folder(rig.shared.agent_id, FolderType::Root).0;
        create.folder_data.type_ = -1;
        create.folder_data.name = message::variable1(name);
        create
    }

    #[tokio::test]
    async fn a_change_is_acked_when_it_is_stored() {
        let mut rig = Rig::new().await;
        let create = folder(&rig, "Boxes");
        assert_eq!(rig.send(&create), Outcome::Held);
        assert!(rig.settled().await);
        let agent = rig.shared.agent_id;
        let stored = rig.services.inventory.contents(agent, vec![FolderId(Uuid::from_u128(5))]);
        assert_eq!(stored.await.unwrap()[0].as_ref().unwrap().folder.name, "Boxes");
        assert_eq!(rig.sent::<AgentAlertMessage>(), []);
    }

    #[tokio::test]
    async fn a_refused_change_is_acked_and_told() {
        let mut rig = Rig::new().await;
        let mut create = folder(&rig, "Boxes");
        create.folder_data.parent_id = Uuid::from_u128(6);
        assert_eq!(rig.send(&create), Outcome::Held);
        let told = rig.answer::<AgentAlertMessage>().await;
        let text = message::text(&told.alert_data.message);
        assert_eq!(text, "Your inventory was not changed: there is no such folder.");
        assert!(rig.settled().await);
    }

    #[tokio::test]
    async fn links_are_not_made_as_items() {
        let mut rig = Rig::new().await;
        let mut create = CreateInventoryItem::default();
        create.agent_data.agent_id = rig.shared.agent_id.0;
        create.agent_data.session_id = rig.shared.session_id.0;
        create.inventory_block.type_ = AssetType::Link.code();
        assert_eq!(rig.send(&create), Outcome::Continue);
        create.inventory_block.type_ = 99;
        assert_eq!(rig.send(&create), Outcome::Continue);
        let told = rig.answer::<AgentAlertMessage>().await;
        assert!(message::text(&told.alert_data.message).contains("not known"));
        assert_eq!(rig.sent::<UpdateCreateInventoryItem>(), []);
    }
}
