//! One region: avatars, terrain, parcel, chat, interest.

pub mod layer_data;
pub mod math;
pub mod terrain;
