//! One region: avatars, terrain, parcel, chat, interest.

pub mod command;
pub mod info;
pub mod layer_data;
pub mod math;
pub mod movement;
pub mod snapshot;
pub mod terrain;
mod whereabouts;

pub use command::{Command, Entrant};
pub use info::{RegionInfo, RegionLink};
pub use snapshot::{AgentSnapshot, RegionSnapshot};
pub use whereabouts::Whereabouts;

/// Sizes of a region's collections and its drop counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegionCounts {
    /// Avatars in the region.
    pub avatars: usize,
}
