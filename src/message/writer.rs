//! Writer of messages, with one method per type of the template.
//!
//! It refuses data that is too long for its length prefix instead of truncating it: truncating text
//! is up to the caller (`text`).

use std::net::Ipv4Addr;

use bytes::{BufMut, BytesMut};
use uuid::Uuid;

use super::error::{EncodeError, EncodeProblem, Place};
use super::info::MessageInfo;
use super::value::{Quaternion, Vector3, Vector3d, Vector4};
use super::wire::{Block, finite32, finite64};

/// Writes a message: its number, then its body.
#[derive(Debug)]
pub struct Writer {
    info: &'static MessageInfo,
    out: BytesMut,
    /// Where the body begins.
    body_at: usize,
}

impl Writer {
    /// A writer behind the message's number.
    pub fn new(info: &'static MessageInfo) -> Self {
        let mut out = BytesMut::with_capacity(FIRST_CAPACITY);
        info.id.write(&mut out);
        let body_at = out.len();
        Self { info, out, body_at }
    }

    /// Number and body.
    pub(super) fn finish(self) -> BytesMut {
        self.out
    }

    /// A Single block.
    ///
    /// # Errors
    /// When a field is too long for its prefix.
    #[inline]
    pub fn block<B: Block>(&mut self, block: &B) -> Result<(), EncodeError> {
        block.write(self)
    }

    /// A Multiple block.
    ///
    /// # Errors
    /// When a field is too long for its prefix.
    pub fn multiple<B: Block>(&mut self, entries: &[B]) -> Result<(), EncodeError> {
        entries.iter().try_for_each(|entry| entry.write(self))
    }

    /// A Variable block.
    ///
    /// # Errors
    /// When there are more than 255 entries, or a field is too long for its prefix.
    pub fn variable<B: Block>(&mut self, entries: &[B]) -> Result<(), EncodeError> {
        self.count(entries.len())?;
        entries.iter().try_for_each(|entry| entry.write(self))
    }

    /// The count byte of a Variable block.
    pub(super) fn count(&mut self, count: usize) -> Result<(), EncodeError> {
        let byte =
            u8::try_from(count).map_err(|_| self.fail(EncodeProblem::TooManyEntries { count }))?;
        self.out.put_u8(byte);
        Ok(())
    }

    /// The error for the place that is to be written next.
    #[cold]
    pub(super) fn fail(&self, problem: EncodeProblem) -> EncodeError {
        let body = self.out.get(self.body_at..).unwrap_or_default();
        EncodeError { place: Box::new(Place::at(self.info, body, body.len())), problem }
    }

    fn too_long(&self, len: usize, most: usize) -> EncodeError {
        self.fail(EncodeProblem::TooLong { len, most })
    }
}

/// Fields.
impl Writer {
    /// Null and EOL: nothing.
    #[inline]
    pub fn null(&mut self) {}

    /// U8.
    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.out.put_u8(value);
    }

    /// U16.
    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.out.put_u16_le(value);
    }

    /// U32.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.out.put_u32_le(value);
    }

    /// U64.
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.out.put_u64_le(value);
    }

    /// S8.
    #[inline]
    pub fn s8(&mut self, value: i8) {
        self.out.put_i8(value);
    }

    /// S16.
    #[inline]
    pub fn s16(&mut self, value: i16) {
        self.out.put_i16_le(value);
    }

    /// S32.
    #[inline]
    pub fn s32(&mut self, value: i32) {
        self.out.put_i32_le(value);
    }

    /// S64.
    #[inline]
    pub fn s64(&mut self, value: i64) {
        self.out.put_i64_le(value);
    }

    /// F32; not finite is written as 0, as every reader would read it.
    #[inline]
    pub fn f32(&mut self, value: f32) {
        self.out.put_f32_le(finite32(value));
    }

    /// F64; not finite is written as 0.
    #[inline]
    pub fn f64(&mut self, value: f64) {
        self.out.put_f64_le(finite64(value));
    }

    /// LLVector3.
    #[inline]
    pub fn vector3(&mut self, value: Vector3) {
        self.floats32([value.x, value.y, value.z]);
    }

    /// LLVector3d.
    #[inline]
    pub fn vector3d(&mut self, value: Vector3d) {
        let parts = [value.x, value.y, value.z];
        let sound = parts.iter().all(|part| part.is_finite());
        for part in parts {
            self.out.put_f64_le(if sound { part } else { 0.0 });
        }
    }

    /// LLVector4.
    #[inline]
    pub fn vector4(&mut self, value: Vector4) {
        self.floats32([value.x, value.y, value.z, value.w]);
    }

    /// LLQuaternion.
    #[inline]
    pub fn quaternion(&mut self, value: Quaternion) {
        self.floats32(value.to_wire());
    }

    /// LLUUID.
    #[inline]
    pub fn uuid(&mut self, value: Uuid) {
        self.out.put_slice(value.as_bytes());
    }

    /// BOOL.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.out.put_u8(u8::from(value));
    }

    /// IPADDR.
    #[inline]
    pub fn ip_addr(&mut self, value: Ipv4Addr) {
        self.out.put_slice(&value.octets());
    }

    /// IPPORT.
    #[inline]
    pub fn ip_port(&mut self, value: u16) {
        self.out.put_u16(value);
    }

    /// Fixed: as it is.
    #[inline]
    pub fn fixed(&mut self, value: &[u8]) {
        self.out.put_slice(value);
    }

    /// Variable 1.
    ///
    /// # Errors
    /// When there are more than 255 bytes.
    #[inline]
    pub fn variable1(&mut self, value: &[u8]) -> Result<(), EncodeError> {
        let Ok(len) = u8::try_from(value.len()) else {
            return Err(self.too_long(value.len(), 255));
        };
        self.out.put_u8(len);
        self.out.put_slice(value);
        Ok(())
    }

    /// Variable 2.
    ///
    /// # Errors
    /// When there are more than 65535 bytes.
    #[inline]
    pub fn variable2(&mut self, value: &[u8]) -> Result<(), EncodeError> {
        let Ok(len) = u16::try_from(value.len()) else {
            return Err(self.too_long(value.len(), 65535));
        };
        self.out.put_u16_le(len);
        self.out.put_slice(value);
        Ok(())
    }

    /// U16Vec3.
    #[inline]
    pub fn u16_vec3(&mut self, value: [u16; 3]) {
        for part in value {
            self.out.put_u16_le(part);
        }
    }

    /// U16Quat.
    #[inline]
    pub fn u16_quat(&mut self, value: [u16; 4]) {
        for part in value {
            self.out.put_u16_le(part);
        }
    }

    /// S16Array.
    ///
    /// # Errors
    /// When there are more than 255 numbers.
    pub fn s16_array(&mut self, value: &[i16]) -> Result<(), EncodeError> {
        let Ok(count) = u8::try_from(value.len()) else {
            return Err(self.too_long(value.len(), 255));
        };
        self.out.put_u8(count);
        for &part in value {
            self.out.put_i16_le(part);
        }
        Ok(())
    }

    fn floats32<const N: usize>(&mut self, parts: [f32; N]) {
        let sound = parts.iter().all(|part| part.is_finite());
        for part in parts {
            self.out.put_f32_le(if sound { part } else { 0.0 });
        }
    }
}

/// Enough for most messages, so that writing one allocates once, in bytes.
pub(super) const FIRST_CAPACITY: usize = 256;
