//! Assets by UDP: older clients still request textures and wearables this way.

use bytes::Bytes;
use md5::{Digest as _, Md5};
use uuid::Uuid;

use super::{Outcome, Session, Turn};
use crate::circuit::Category;
use crate::message::{
    AssetUploadComplete, AssetUploadRequest, ImageData, ImageNotInDatabase, ImagePacket,
    RequestImage, TransferInfo, TransferPacket, TransferRequest,
};

/// Data bytes in the first packet of an image; the viewer expects this split.
const FIRST_IMAGE_PACKET: usize = 600;
/// Data bytes in every further packet of an image or asset.
const NEXT_PACKET: usize = 1000;
/// `ImageData.ImageID.Codec`: JPEG 2000.
const CODEC_J2C: u8 = 2;
/// `TransferInfo.ChannelType` of assets.
const CHANNEL_ASSET: i32 = 2;
/// `TransferRequest.SourceType`: an asset by its id.
const SOURCE_ASSET: i32 = 2;
/// `TransferRequest.SourceType`: an asset by the item that refers to it.
const SOURCE_SIM_INVENTORY: i32 = 3;

/// `Status` of transfers.
mod status {
    pub(super) const OK: i32 = 0;
    pub(super) const DONE: i32 = 1;
    pub(super) const UNKNOWN_SOURCE: i32 = -2;
}

pub(super) fn request_image(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: RequestImage,
) -> Outcome {
    for asked in &request.request_image {
        // A negative discard level takes an earlier request back.
        if asked.discard_level < 0 {
            continue;
        }
        match session.context.services.assets.get(asked.image) {
            Some(asset) if asset.is_texture() => {
                send_image(session, turn, asked.image, &asset.data.clone(), asked.packet);
            }
            _ => {
                let mut reply = ImageNotInDatabase::default();
                reply.image_id.id = asked.image;
                session.reply(turn, &reply);
            }
        }
    }
    Outcome::Continue
}

fn send_image(session: &Session, turn: &mut Turn<'_>, id: Uuid, data: &Bytes, from_packet: u32) {
    let first = data.slice(..data.len().min(FIRST_IMAGE_PACKET));
    let rest = data.slice(first.len()..);
    let packets = 1 + rest.len().div_ceil(NEXT_PACKET);
    if from_packet == 0 {
        let mut head = ImageData::default();
        head.image_id.id = id;
        head.image_id.codec = CODEC_J2C;
        head.image_id.size = data.len() as u32;
        head.image_id.packets = packets as u16;
        head.image_data.data = first;
        session.reply_as(turn, &head, Category::Texture);
    }
    for (index, start) in (0..rest.len()).step_by(NEXT_PACKET).enumerate() {
        let number = index as u32 + 1;
        if number < from_packet {
            continue;
        }
        let mut packet = ImagePacket::default();
        packet.image_id.id = id;
        packet.image_id.packet = number as u16;
        packet.image_data.data = rest.slice(start..rest.len().min(start + NEXT_PACKET));
        session.reply_as(turn, &packet, Category::Texture);
    }
}

/// `Params` begin with the asset's id for source 2, and hold it behind five other ids for source 3;
/// both are echoed, because clients tell the kind of the transfer by their length.
pub(super) fn transfer_request(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: TransferRequest,
) -> Outcome {
    let asked = &request.transfer_info;
    let asset_at = match asked.source_type {
        SOURCE_ASSET => Some(0),
        SOURCE_SIM_INVENTORY => Some(80),
        _ => None,
    };
    let asset = asset_at
        .and_then(|at| asked.params.get(at..at + 16))
        .and_then(|bytes| Uuid::from_slice(bytes).ok())
        .and_then(|id| session.context.services.assets.get(id))
        .map(|asset| asset.data.clone());
    let mut info = TransferInfo::default();
    info.transfer_info.transfer_id = asked.transfer_id;
    info.transfer_info.channel_type = CHANNEL_ASSET;
    info.transfer_info.params = asked.params.clone();
    let Some(data) = asset else {
        info.transfer_info.status = status::UNKNOWN_SOURCE;
        session.reply_as(turn, &info, Category::Asset);
        return Outcome::Continue;
    };
    info.transfer_info.status = status::OK;
    info.transfer_info.size = data.len() as i32;
    session.reply_as(turn, &info, Category::Asset);
    let packets = data.len().div_ceil(NEXT_PACKET);
    for number in 0..packets {
        let start = number * NEXT_PACKET;
        let mut packet = TransferPacket::default();
        packet.transfer_data.transfer_id = asked.transfer_id;
        packet.transfer_data.channel_type = CHANNEL_ASSET;
        packet.transfer_data.packet = number as i32;
        packet.transfer_data.status = if number + 1 == packets { status::DONE } else { status::OK };
        packet.transfer_data.data = data.slice(start..data.len().min(start + NEXT_PACKET));
        session.reply_as(turn, &packet, Category::Asset);
    }
    Outcome::Continue
}

/// The upload failed: viewers wait for the word of it, by the id that the asset would have had.
pub(super) fn upload(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: AssetUploadRequest,
) -> Outcome {
    let mut id = Md5::new();
    id.update(request.asset_block.transaction_id.as_bytes());
    id.update(session.shared.secure_session_id.0.as_bytes());
    let mut reply = AssetUploadComplete::default();
    reply.asset_block.uuid = Uuid::from_bytes(id.finalize().into());
    reply.asset_block.type_ = request.asset_block.type_;
    session.reply(turn, &reply);
    Outcome::Continue
}
