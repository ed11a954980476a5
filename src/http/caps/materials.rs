//! `RenderMaterials`: normal and specular maps of faces. Nothing here has any, so every answer is
//! the empty list; clients ask at login and take an error for a broken region.

use crate::llsd::{self, Llsd};

/// The answer to any question: no materials.
pub(super) fn none() -> Llsd {
    llsd::map! { "Zipped" => Llsd::binary(EMPTY_ARRAY) }
}

/// An empty array as binary LLSD without header (`5B 00000000 5D`), compressed by zlib.
const EMPTY_ARRAY: [u8; 12] =
    [0x78, 0x9C, 0x8B, 0x66, 0x00, 0x82, 0x58, 0x00, 0x02, 0x85, 0x00, 0xB9];
