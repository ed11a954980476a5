//! The agent's inventory, assets and money.

use super::{Row, table};
use crate::session::handlers::{agent_data, assets, inventory, xfer};

/// The rows.
pub(super) const ROWS: &[Row] = table! {
    FetchInventoryDescendents: handled(inventory::descendents, "answered with InventoryDescendents"),
    FetchInventory: handled(inventory::items, "answered with FetchInventoryReply"),
    CreateInventoryItem: refused(Inventory),
    UpdateInventoryItem: refused(Inventory),
    MoveInventoryItem: refused(Inventory),
    CopyInventoryItem: refused(Inventory),
    CopyInventoryFromNotecard: refused(Inventory),
    LinkInventoryItem: refused(Inventory),
    RemoveInventoryItem: refused(Inventory),
    RemoveInventoryObjects: refused(Inventory),
    ChangeInventoryItemFlags: refused(Inventory),
    CreateInventoryFolder: refused(Inventory),
    UpdateInventoryFolder: refused(Inventory),
    MoveInventoryFolder: refused(Inventory),
    RemoveInventoryFolder: refused(Inventory),
    PurgeInventoryDescendents: refused(Inventory),
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
