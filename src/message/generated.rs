//! The output of `build.rs` for `message_template.msg`: a struct per message and block, and the
//! table.
//!
//! `docs/generated-code.md` shows three messages. Only the imports here are hand-written.

#![expect(clippy::default_trait_access, reason = "the emitter does not look types up")]

use std::net::Ipv4Addr;

use bytes::Bytes;
use uuid::Uuid;

use super::MessageId;
use super::codec::{Message, Roundtrip, again};
use super::error::{DecodeError, EncodeError};
use super::info::{BlockInfo, Deprecation, FieldInfo, FieldType, MessageInfo, Quantity};
use super::reader::Reader;
use super::value::{Quaternion, Vector3, Vector3d, Vector4};
use super::wire::Block;
use super::writer::Writer;

include!(concat!(env!("OUT_DIR"), "/messages.rs"));

/// The description of the message with this number.
pub fn info(id: MessageId) -> Option<&'static MessageInfo> {
    MESSAGES.get(index(id)?)
}

/// The description of the message with this name, in the template's spelling.
pub fn info_by_name(name: &str) -> Option<&'static MessageInfo> {
    let info = |&index: &u16| MESSAGES.get(usize::from(index));
    let found = NAME_INDEXES
        .binary_search_by(|index| info(index).map_or("", |info| info.name).cmp(name))
        .ok()?;
    NAME_INDEXES.get(found).and_then(info)
}

/// Decodes `body` as the struct of that number and encodes it again; `None` for an unknown number.
/// For tests and fuzzing, which want to reach every struct.
pub fn roundtrip(id: MessageId, body: &Bytes) -> Option<Roundtrip> {
    roundtrip_index(index(id)?, body)
}

/// The place in [`MESSAGES`] of the message with this number.
pub fn index(id: MessageId) -> Option<usize> {
    let (indexes, number): (&[u16], u32) = match id.wire_len() {
        1 => (&HIGH_INDEXES, id.0),
        2 => (&MEDIUM_INDEXES, id.0 & 0xFF),
        _ => (&LOW_INDEXES, id.0 & 0xFFFF),
    };
    match indexes.get(number as usize) {
        Some(&index) if index != u16::MAX => Some(usize::from(index)),
        Some(_) => None,
        None => (FIRST_FIXED..MESSAGES.len()).find(|&index| MESSAGES[index].id == id),
    }
}
