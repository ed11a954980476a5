//! One region: avatars, terrain, parcel, chat, interest.

pub mod info;
pub mod layer_data;
pub mod math;
pub mod movement;
pub mod terrain;
mod whereabouts;

pub use info::{RegionInfo, RegionLink};
pub use whereabouts::Whereabouts;
