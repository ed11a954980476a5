//! Errors in decoding and encoding messages, with the names of the message, block and field.
//!
//! The codec itself knows only offsets. The names are found afterwards, by walking the same bytes
//! with the description table, so that successful decoding does not pay for them.

use std::fmt;

use thiserror::Error;

use super::info::{BlockInfo, FieldType, MessageInfo, Quantity};

/// Bytes that are not the message that their number says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct DecodeError {
    /// Message, block and field.
    pub place: Box<Place>,
    /// What is wrong.
    pub problem: DecodeProblem,
}

/// What is wrong with received bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeProblem {
    /// The data of a Variable field end early.
    #[error("{needed} bytes announced, {left} left")]
    DataCut {
        /// What the length prefix says.
        needed: usize,
        /// What there is.
        left: usize,
    },
    /// An entry of a counted block ends early.
    #[error("a field of {needed} bytes in a counted block, {left} left")]
    EntryCut {
        /// The field's size.
        needed: usize,
        /// What there is.
        left: usize,
    },
    /// A block counts more entries than the rest of the packet could hold.
    #[error("{count} entries announced, {left} bytes left")]
    CountTooLarge {
        /// The count byte.
        count: u8,
        /// What there is.
        left: usize,
    },
}

/// A message that the wire cannot carry.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct EncodeError {
    /// Message, block and field.
    pub place: Box<Place>,
    /// What is wrong.
    pub problem: EncodeProblem,
}

/// What is wrong with a message that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeProblem {
    /// A Variable field's length does not fit its prefix.
    #[error("{len} bytes, where at most {most} fit")]
    TooLong {
        /// The data's length.
        len: usize,
        /// What fits.
        most: usize,
    },
    /// A Variable block's count does not fit its byte.
    #[error("{count} entries, where at most 255 fit")]
    TooManyEntries {
        /// The entries.
        count: usize,
    },
    /// A generic message does not have the entries that its description demands.
    #[error("{found} values, where {wanted} belong")]
    WrongShape {
        /// What the description says.
        wanted: usize,
        /// What there is.
        found: usize,
    },
    /// A generic value has another type than the field.
    #[error("a value that is no {wanted:?}")]
    WrongType {
        /// The field's type.
        wanted: FieldType,
    },
}

/// A place in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The message.
    pub message: &'static str,
    /// The block; empty where the message as a whole is meant.
    pub block: &'static str,
    /// The entry within the block, from 0; `None` for Single blocks and for the block as a whole.
    pub entry: Option<usize>,
    /// The field; empty where the block as a whole is meant.
    pub field: &'static str,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)?;
        if !self.block.is_empty() {
            write!(f, ".{}", self.block)?;
        }
        if let Some(entry) = self.entry {
            write!(f, "[{entry}]")?;
        }
        if !self.field.is_empty() {
            write!(f, ".{}", self.field)?;
        }
        Ok(())
    }
}

impl Place {
    /// The message as a whole.
    pub(super) fn message(info: &MessageInfo) -> Self {
        Self { message: info.name, block: "", entry: None, field: "" }
    }

    /// The place that begins at `offset` of `body`: a block's count byte or a field. Whoever
    /// stops there has read or written everything before it, so the bytes before it are whole.
    #[cold]
    pub(super) fn at(info: &MessageInfo, body: &[u8], offset: usize) -> Self {
        let mut at = 0;
        let mut place = Self::message(info);
        for block in info.blocks {
            place = Self { block: block.name, ..Self::message(info) };
            let count = match block.quantity {
                Quantity::Single => 1,
                Quantity::Multiple(count) => usize::from(count),
                Quantity::Variable if at >= offset => return place,
                Quantity::Variable => {
                    at += 1;
                    body.get(at - 1).map_or(0, |&count| usize::from(count))
                }
            };
            for entry in 0..count {
                place.entry = (block.quantity != Quantity::Single).then_some(entry);
                if let Some(field) = field_at(block, body, &mut at, offset) {
                    return Self { field, ..place };
                }
            }
        }
        place
    }
}

/// Moves `at` over one entry, or gives the field of it that begins at `offset`.
fn field_at(block: &BlockInfo, body: &[u8], at: &mut usize, offset: usize) -> Option<&'static str> {
    for field in block.fields {
        let len = field.kind.min_len();
        if *at >= offset && len > 0 {
            return Some(field.name);
        }
        let byte = |index: usize| body.get(index).map_or(0, |&byte| usize::from(byte));
        let data = match field.kind {
            FieldType::Variable1 => byte(*at),
            FieldType::Variable2 => byte(*at) | (byte(*at + 1) << 8),
            FieldType::S16Array => byte(*at) * 2,
            _ => 0,
        };
        *at += len + data;
    }
    None
}
