//! The messages of the template: typed structs, their wire form, their description table.

pub mod header;
pub mod zerocode;
