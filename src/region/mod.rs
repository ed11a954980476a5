//! One region: avatars, terrain, parcel, chat, interest.

pub mod layer_data;
pub mod math;
pub mod movement;
pub mod terrain;
mod whereabouts;

pub use whereabouts::Whereabouts;
