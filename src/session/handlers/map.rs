//! The region and the grid: region information and the map.

use super::{Outcome, Session, Turn};
use crate::circuit::split_blocks;
use crate::ids::RegionHandle;
use crate::message::{
    self, Block, MapBlockReply, MapBlockReplyData, MapBlockReplySize, MapBlockRequest,
    MapItemReply, MapItemReplyData, MapItemRequest, MapNameRequest, RegionHandleRequest,
    RegionIDAndHandleReply, RequestRegionInfo,
};
use crate::region::{RegionInfo, RegionLink};

/// `MapBlockReply.AgentData.Flags`: viewers drop any other value.
const MAP_FLAGS: u32 = 2;
/// `Data.Access` of a region that does not exist; also ends a search by name.
const ACCESS_NONE: u8 = 255;
/// `MapItemRequest.ItemType`: where agents are.
const ITEM_AGENTS: u32 = 6;
/// Edge of a region in metres, as the map tells it.
const SIZE: u16 = 256;
/// Bytes of a `MapBlockReply` besides its entries: number, agent data, two counts.
const REPLY_FIXED: usize = 4 + 20 + 2;
/// Bytes of an entry of `MapBlockReply.Size`; there is one for each of `Data`.
const SIZE_LEN: usize = 4;

pub(super) fn region_info(
    session: &mut Session,
    turn: &mut Turn<'_>,
    _request: RequestRegionInfo,
) -> Outcome {
    let info = &session.context.region.info;
    let mut reply = message::RegionInfo::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.session_id = session.shared.session_id.0;
    let region = &mut reply.region_info;
    region.sim_name = message::variable1(&info.name);
    region.estate_id = info.estate_id;
    region.parent_estate_id = 1;
    region.region_flags = info.flags;
    region.sim_access = info.sim_access;
    region.max_agents = info.max_agents.min(255) as u8;
    region.billable_factor = 1.0;
    region.object_bonus_factor = 1.0;
    region.water_height = info.water_height;
    region.terrain_raise_limit = 100.0;
    region.terrain_lower_limit = -100.0;
    region.use_estate_sun = true;
    let more = &mut reply.region_info2;
    more.product_sku = message::variable1(&info.product_name);
    more.product_name = message::variable1(&info.product_name);
    more.max_agents32 = info.max_agents;
    more.hard_max_agents = info.max_agents;
    more.hard_max_objects = info.object_capacity;
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(super) fn map_blocks(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: MapBlockRequest,
) -> Outcome {
    /// Set in `Flags` when the client wants to hear of places without a region, too.
    const RETURN_NONEXISTENT: u32 = 0x1_0000;

    let area = &request.position_data;
    let (columns, rows) = (area.min_x..=area.max_x, area.min_y..=area.max_y);
    let mut blocks: Vec<_> = session
        .context
        .regions
        .iter()
        .filter(|region| {
            columns.contains(&(region.info.grid_x as u16))
                && rows.contains(&(region.info.grid_y as u16))
        })
        .map(|region| block(&region.info))
        .collect();
    if blocks.is_empty() && request.agent_data.flags & RETURN_NONEXISTENT != 0 {
        blocks.push(MapBlockReplyData {
            x: area.min_x,
            y: area.min_y,
            access: ACCESS_NONE,
            ..Default::default()
        });
    }
    send_blocks(session, turn, blocks);
    Outcome::Continue
}

/// Exact names first, then names that begin so; ended by a block without region.
pub(super) fn map_name(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: MapNameRequest,
) -> Outcome {
    let wanted = message::text(&request.name_data.name).trim().to_lowercase();
    let mut found: Vec<&RegionLink> = session
        .context
        .regions
        .iter()
        .filter(|region| region.info.name.to_lowercase().starts_with(&wanted))
        .collect();
    found.sort_by_key(|region| region.info.name.to_lowercase() != wanted);
    let mut blocks: Vec<_> = found.iter().map(|region| block(&region.info)).collect();
    blocks.push(MapBlockReplyData {
        name: request.name_data.name.clone(),
        access: ACCESS_NONE,
        ..Default::default()
    });
    send_blocks(session, turn, blocks);
    Outcome::Continue
}

pub(super) fn map_items(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: MapItemRequest,
) -> Outcome {
    let asked = request.request_data.region_handle;
    let handle = if asked == 0 { session.context.region.info.handle.0 } else { asked };
    let mut reply = MapItemReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.flags = MAP_FLAGS;
    reply.request_data.item_type = request.request_data.item_type;
    if request.request_data.item_type == ITEM_AGENTS {
        reply.data = agent_dots(session, RegionHandle(handle));
    }
    if reply.data.is_empty() {
        // Clients wait for at least one entry; one that counts nobody shows nothing.
        let handle = RegionHandle(handle);
        reply.data.push(MapItemReplyData {
            x: handle.x_metres(),
            y: handle.y_metres(),
            ..Default::default()
        });
    }
    session.reply(turn, &reply);
    Outcome::Continue
}

/// The asker does not see itself on the map: its viewer draws it already.
fn agent_dots(session: &Session, handle: RegionHandle) -> Vec<MapItemReplyData> {
    /// Dots per reply, below the MTU.
    const MAX_DOTS: usize = 32;
    session
        .context
        .sessions
        .all()
        .iter()
        .filter(|other| {
            other.agent_id != session.shared.agent_id
                && other.region.info.handle == handle
                && other.outbox().is_some()
        })
        .take(MAX_DOTS)
        .map(|other| {
            let place = other.whereabouts.position();
            MapItemReplyData {
                x: handle.x_metres() + place.x as u32,
                y: handle.y_metres() + place.y as u32,
                extra: 1,
                ..Default::default()
            }
        })
        .collect()
}

pub(super) fn region_handle(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: RegionHandleRequest,
) -> Outcome {
    let wanted = request.request_block.region_id;
    let found = session.context.regions.iter().find(|region| region.info.id.0 == wanted);
    if let Some(region) = found {
        let mut reply = RegionIDAndHandleReply::default();
        reply.reply_block.region_id = wanted;
        reply.reply_block.region_handle = region.info.handle.0;
        session.reply(turn, &reply);
    }
    Outcome::Continue
}

fn block(info: &RegionInfo) -> MapBlockReplyData {
    MapBlockReplyData {
        x: info.grid_x as u16,
        y: info.grid_y as u16,
        name: message::variable1(&info.name),
        access: info.sim_access,
        region_flags: info.flags,
        water_height: info.water_height.clamp(0.0, 255.0) as u8,
        agents: 0,
        map_image_id: info.map_image,
    }
}

fn send_blocks(session: &Session, turn: &mut Turn<'_>, blocks: Vec<MapBlockReplyData>) {
    for blocks in split_blocks(&blocks, REPLY_FIXED, |block| block.wire_len() + SIZE_LEN) {
        let mut reply = MapBlockReply::default();
        reply.agent_data.agent_id = session.shared.agent_id.0;
        reply.agent_data.flags = MAP_FLAGS;
        reply.data = blocks.to_vec();
        reply.size = vec![MapBlockReplySize { size_x: SIZE, size_y: SIZE }; blocks.len()];
        session.reply(turn, &reply);
    }
}
