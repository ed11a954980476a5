//! The agent's inventory, assets and money.

use super::{Row, table};
use crate::session::handlers::{agent_data, assets, inventory, inventory_edits, xfer};

/// The rows.
pub(super) const ROWS: &[Row] = table! {
    FetchInventoryDescendents: handled(inventory::descendents, "answered with InventoryDescendents"),
    FetchInventory: handled(inventory::items, "answered with FetchInventoryReply"),
    CreateInventoryItem: handled(inventory_edits::create_item, "creates an item; answered with UpdateCreateInventoryItem"),
    UpdateInventoryItem: handled(inventory_edits::update_item, "changes an item"),
    MoveInventoryItem: handled(inventory_edits::move_item, "moves or renames items"),
    CopyInventoryItem: handled(inventory_edits::copy_item, "copies items; answered with BulkUpdateInventory"),
    CopyInventoryFromNotecard: refused(Inventory),
    LinkInventoryItem: handled(inventory_edits::link_item, "creates a link; answered with UpdateCreateInventoryItem"),
    RemoveInventoryItem: handled(inventory_edits::remove_item, "deletes items"),
    RemoveInventoryObjects: handled(inventory_edits::remove_objects, "deletes folders and items"),
    ChangeInventoryItemFlags: handled(inventory_edits::change_flags, "changes the flags of items"),
    CreateInventoryFolder: handled(inventory_edits::create_folder, "creates a folder"),
    UpdateInventoryFolder: handled(inventory_edits::update_folder, "renames, retypes or moves folders"),
    MoveInventoryFolder: handled(inventory_edits::move_folder, "moves folders"),
    RemoveInventoryFolder: handled(inventory_edits::remove_folder, "deletes folders with their contents"),
    PurgeInventoryDescendents: handled(inventory_edits::purge, "deletes the contents of a folder"),
    CreateLandmarkForEvent: refused(Inventory),

    RequestImage: handled(assets::request_image, "answered with ImageData and ImagePacket, or ImageNotInDatabase"),
    TransferRequest: handled(assets::transfer_request, "answered with TransferInfo and TransferPacket"),
    TransferAbort: ignored("assets are sent at once, so there is nothing to abort"),
    TransferInfo: ignored("only simulators send it"),
    TransferPacket: ignored("only simulators send it"),
    RequestXfer: handled(xfer::request, "answered with SendXferPacket"),
    ConfirmXferPacket: handled(xfer::confirm, "answered with the next SendXferPacket"),
    AbortXfer: handled(xfer::abort, "ends a file transfer"),
    SendXferPacket: ignored("the client was not asked for a file"),
    AssetUploadRequest: refused(Upload, assets::upload),
    AssetUploadComplete: ignored("only simulators send it"),
    InitiateDownload: ignored("only simulators send it"),

    MoneyBalanceRequest: handled(agent_data::money_balance, "answered with MoneyBalanceReply: 0"),
    MoneyTransferRequest: refused(Money, agent_data::money_transfer),
    EconomyDataRequest: handled(agent_data::economy, "answered with EconomyData: everything is free"),
};
