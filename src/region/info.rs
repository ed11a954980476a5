//! Facts about a region that never change while it runs, and the link through which others reach
//! it.
//!
//! Facts only: no behaviour, no counters. They are shared by `Arc` with sessions, login and the
//! map, which use them to answer without asking the region's task.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::{Uuid, uuid};

use super::command::Command;
use crate::ids::{AgentId, RegionHandle, RegionId};
use crate::message::Vector3;

/// `RegionFlags` bits that a plain region has.
pub mod region_flags {
    /// Avatars can be damaged.
    pub const ALLOW_DAMAGE: u32 = 1;
    /// Landmarks may be made.
    pub const ALLOW_LANDMARK: u32 = 1 << 1;
    /// Home may be set here.
    pub const ALLOW_SET_HOME: u32 = 1 << 2;
    /// Flying is forbidden.
    pub const BLOCK_FLY: u32 = 1 << 19;
    /// Teleports arrive where they point to, not at a telehub.
    pub const ALLOW_DIRECT_TELEPORT: u32 = 1 << 20;
    /// Parcels may be joined and divided.
    pub const ALLOW_PARCEL_CHANGES: u32 = 1 << 26;
}

/// Maturity ratings, as in `RegionHandshake.RegionInfo.SimAccess`.
pub mod sim_access {
    /// General.
    pub const GENERAL: u8 = 13;
    /// Moderate.
    pub const MODERATE: u8 = 21;
    /// Adult.
    pub const ADULT: u8 = 42;
}

/// The static facts about one region.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionInfo {
    /// The region's id.
    pub id: RegionId,
    /// The region's name, at most 63 bytes.
    pub name: String,
    /// Place on the grid, in metres.
    pub handle: RegionHandle,
    /// Place on the grid in units of 256 m.
    pub grid_x: u32,
    /// Place on the grid in units of 256 m.
    pub grid_y: u32,
    /// Where clients are told to send datagrams.
    pub address: SocketAddrV4,
    /// Height of the water in metres.
    pub water_height: f32,
    /// Maturity, see [`sim_access`].
    pub sim_access: u8,
    /// See [`region_flags`].
    pub flags: u32,
    /// Owner of the estate and of the land.
    pub owner: AgentId,
    /// Names the contents: viewers throw their object cache away when it differs.
    pub cache_id: Uuid,
    /// Ground textures from the lowest to the highest.
    pub terrain_detail: [Uuid; 4],
    /// Height in metres where the blending of ground textures starts, at SW, NW, SE, NE.
    pub terrain_start_height: [f32; 4],
    /// Height range in metres of that blending, at SW, NW, SE, NE.
    pub terrain_height_range: [f32; 4],
    /// Where agents arrive that name no place.
    pub spawn: Vector3,
    /// Id of the one parcel that covers the region.
    pub parcel_id: Uuid,
    /// Name of that parcel.
    pub parcel_name: String,
    /// Number of the estate.
    pub estate_id: u32,
    /// Agents that may be here at a time.
    pub max_agents: u32,
    /// Objects that may be here, as told to clients.
    pub object_capacity: u32,
    /// `AgentMovementComplete.SimData.ChannelVersion`.
    pub channel_version: String,
    /// `RegionHandshake.RegionInfo3.ProductName`.
    pub product_name: String,
    /// Texture of the map tile.
    pub map_image: Uuid,
}

impl RegionInfo {
    /// A plain region at a grid place (units of 256 m); everything else is a default to change.
    pub fn new(id: RegionId, name: impl Into<String>, grid_x: u32, grid_y: u32) -> Self {
        let name = name.into();
        Self {
            id,
            handle: RegionHandle::from_grid(grid_x, grid_y),
            grid_x,
            grid_y,
            address: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0),
            water_height: 20.0,
            sim_access: sim_access::GENERAL,
            flags: region_flags::ALLOW_LANDMARK
                | region_flags::ALLOW_SET_HOME
                | region_flags::ALLOW_DIRECT_TELEPORT
                | region_flags::ALLOW_PARCEL_CHANGES,
            owner: AgentId::NIL,
            cache_id: derived_id(id.0, 1),
            terrain_detail: DEFAULT_TERRAIN_DETAIL,
            terrain_start_height: [10.0; 4],
            terrain_height_range: [60.0; 4],
            spawn: Vector3 { x: 128.0, y: 128.0, z: 25.0 },
            parcel_id: derived_id(id.0, 2),
            parcel_name: name.clone(),
            estate_id: 1,
            max_agents: 1000,
            object_capacity: 15_000,
            channel_version: concat!("Holm ", env!("CARGO_PKG_VERSION")).to_owned(),
            product_name: "Holm region".to_owned(),
            map_image: Uuid::nil(),
            name,
        }
    }

    /// The region's south-west corner in global metres.
    pub fn origin(&self) -> (f64, f64) {
        (f64::from(self.handle.x_metres()), f64::from(self.handle.y_metres()))
    }
}

/// How sessions, login and the control API reach a region.
#[derive(Clone, Debug)]
pub struct RegionLink {
    /// What the region is.
    pub info: Arc<RegionInfo>,
    /// The way into its task; bounded.
    pub commands: mpsc::Sender<Command>,
}

/// An id that follows from the region's, so that a restart gives the same one.
fn derived_id(region: Uuid, tag: u8) -> Uuid {
    let mut bytes = *region.as_bytes();
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = byte.wrapping_mul(31).wrapping_add(tag.wrapping_add(place as u8));
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Dirt, grass, mountain and rock, which viewers carry with them.
const DEFAULT_TERRAIN_DETAIL: [Uuid; 4] = [
    uuid!("b8d3965a-ad78-bf43-699b-bff8eca6c975"),
    uuid!("abb783e6-3e93-26c0-248a-247666855da3"),
    uuid!("179cdabd-398a-9b6b-1391-4dc333ba321f"),
    uuid!("beb169c7-11ea-fff2-efe5-0f24dc881df2"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_stable_and_differ() {
        let id = RegionId(Uuid::from_u128(7));
        let info = RegionInfo::new(id, "Holm", 1000, 1001);
        assert_eq!(info, RegionInfo::new(id, "Holm", 1000, 1001));
        assert_ne!(info.cache_id, info.parcel_id);
        assert_ne!(
            info.parcel_id,
            RegionInfo::new(RegionId(Uuid::from_u128(8)), "Holm", 0, 0).parcel_id
        );
        assert_eq!(info.origin(), (256_000.0, 256_256.0));
    }
}
