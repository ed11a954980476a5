//! The messages of the template: typed structs, their wire form, their description table.

pub mod header;
mod id;
pub mod zerocode;

pub use id::MessageId;
