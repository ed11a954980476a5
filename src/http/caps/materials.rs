//! `RenderMaterials`: normal and specular maps of faces. There are none, so every answer is an
//! empty list. Clients request them at login, and take an error for a broken region.

use crate::llsd::{self, Llsd};

/// The answer to any question: no materials.
pub(super) fn none() -> Llsd {
    llsd::map! { "Zipped" => Llsd::binary(EMPTY_ARRAY) }
}

/// An empty array as binary LLSD without header (`5B 00000000 5D`), compressed by zlib.
const EMPTY_ARRAY: [u8; 12] =
    [0x78, 0x9C, 0x8B, 0x66, 0x00, 0x82, 0x58, 0x00, 0x02, 0x85, 0x00, 0xB9];
