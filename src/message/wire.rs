//! The interface for generated code: one [`Block`] implementation per block, and in
//! [`super::reader`] and [`super::writer`] one method per type of the template.

use super::error::{DecodeError, EncodeError};
use super::reader::Reader;
use super::writer::Writer;

/// A block's struct: what generated code implements for each.
pub trait Block: Sized {
    /// The fewest bytes that one entry takes on the wire.
    const MIN_LEN: usize;

    /// The bytes that this entry takes on the wire, before zero coding.
    fn wire_len(&self) -> usize {
        Self::MIN_LEN
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// When the packet ends within it in a way that no old sender produces.
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Writes one entry.
    ///
    /// # Errors
    /// When a field is too long for its prefix.
    fn write(&self, w: &mut Writer) -> Result<(), EncodeError>;
}

pub(super) fn finite32(value: f32) -> f32 {
    if value.is_finite() { value } else { 0.0 }
}

pub(super) fn finite64(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}
