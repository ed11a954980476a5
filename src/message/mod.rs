//! The messages of the template: typed structs, their wire form, their description table.

mod encoded;
pub mod header;
mod id;
pub mod zerocode;

pub use encoded::Encoded;
pub use id::MessageId;
