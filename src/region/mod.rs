//! One region: avatars, terrain, parcel, chat, interest.

pub mod command;
pub mod info;
pub mod snapshot;

pub use command::{Command, Entrant};
pub use info::{RegionInfo, RegionLink};
pub use snapshot::{AgentSnapshot, RegionSnapshot};

/// Sizes of a region's collections and its drop counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegionCounts {
    /// Avatars in the region.
    pub avatars: usize,
}
