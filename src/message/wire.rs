//! Reader and writer of message bodies: one method per type of the template.
//!
//! Everything that generated code does goes through here. The rules for packets that end early
//! are the viewer's, made safe: missing fields of uncounted blocks read as zero and missing
//! Variable blocks have no entries, because older senders know fewer blocks; but data that end
//! before their own length says, and entries that end before their block's count says, are errors.
//! No length from the packet is believed before that many bytes are there.

use std::net::Ipv4Addr;

use bytes::{BufMut, Bytes, BytesMut};
use uuid::Uuid;

use super::error::{DecodeError, DecodeProblem, EncodeError, EncodeProblem, Place};
use super::info::MessageInfo;
use super::value::{Quaternion, Vector3, Vector3d, Vector4};

/// A block's struct: what generated code implements for each.
pub trait Block: Sized {
    /// The fewest bytes that one entry takes on the wire.
    const MIN_LEN: usize;

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

/// Reads a message body: the bytes behind the number, plain.
#[derive(Debug)]
pub struct Reader<'a> {
    info: &'a MessageInfo,
    body: &'a Bytes,
    at: usize,
    /// Within a counted block: its entries must be whole.
    counted: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `body`; `info` names places in errors.
    pub fn new(info: &'a MessageInfo, body: &'a Bytes) -> Self {
        Self { info, body, at: 0, counted: false }
    }

    /// Bytes that are left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.body.len().saturating_sub(self.at)
    }

    /// A Single block.
    #[expect(clippy::missing_errors_doc, reason = "one sentence for all, at the module's head")]
    #[inline]
    pub fn block<B: Block>(&mut self) -> Result<B, DecodeError> {
        B::read(self)
    }

    /// A Multiple block.
    #[expect(clippy::missing_errors_doc, reason = "one sentence for all, at the module's head")]
    pub fn multiple<B: Block + Default, const N: usize>(&mut self) -> Result<[B; N], DecodeError> {
        let mut entries = std::array::from_fn(|_| B::default());
        for entry in &mut entries {
            *entry = B::read(self)?;
        }
        Ok(entries)
    }

    /// A Variable block.
    #[expect(clippy::missing_errors_doc, reason = "one sentence for all, at the module's head")]
    pub fn variable<B: Block>(&mut self) -> Result<Vec<B>, DecodeError> {
        let count = self.start_entries(B::MIN_LEN)?;
        let mut entries = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            entries.push(B::read(self)?);
        }
        self.end_entries();
        Ok(entries)
    }

    /// The count of a Variable block whose entries take at least `min_len` bytes each; until
    /// [`Self::end_entries`] a missing byte is an error.
    pub(super) fn start_entries(&mut self, min_len: usize) -> Result<u8, DecodeError> {
        let start = self.at;
        let [count] = self.take()?;
        let left = self.remaining();
        if usize::from(count) * min_len > left {
            return Err(self.fail_at(start, DecodeProblem::CountTooLarge { count, left }));
        }
        self.counted = true;
        Ok(count)
    }

    /// The Variable block is over.
    pub(super) fn end_entries(&mut self) {
        self.counted = false;
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.body.get(self.at..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => self.missing(N).map(|()| [0; N]),
        }
    }

    /// A field that is not there, or only in part: allowed outside of counted blocks, and then
    /// nothing behind it is there either.
    #[cold]
    fn missing(&mut self, needed: usize) -> Result<(), DecodeError> {
        if self.counted {
            let left = self.remaining();
            return Err(self.fail_at(self.at, DecodeProblem::EntryCut { needed, left }));
        }
        self.at = self.body.len();
        Ok(())
    }

    #[cold]
    fn fail_at(&self, offset: usize, problem: DecodeProblem) -> DecodeError {
        let place = Box::new(Place::at(self.info, self.body, offset));
        DecodeError { place, problem }
    }

    #[inline]
    fn data(&mut self, start: usize, len: usize) -> Result<Bytes, DecodeError> {
        if len == 0 {
            return Ok(Bytes::new());
        }
        let left = self.remaining();
        if len > left {
            return Err(self.fail_at(start, DecodeProblem::DataCut { needed: len, left }));
        }
        let data = self.body.slice(self.at..self.at + len);
        self.at += len;
        Ok(data)
    }
}

/// Fields. Each is an error where a counted block ends early, as the module's head says.
#[expect(clippy::missing_errors_doc, reason = "one sentence for all, above")]
impl Reader<'_> {
    /// Null and EOL: nothing.
    #[inline]
    pub fn null(&mut self) -> Result<(), DecodeError> {
        Ok(())
    }

    /// U8.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.take().map(u8::from_le_bytes)
    }

    /// U16.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.take().map(u16::from_le_bytes)
    }

    /// U32.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.take().map(u32::from_le_bytes)
    }

    /// U64.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.take().map(u64::from_le_bytes)
    }

    /// S8.
    #[inline]
    pub fn s8(&mut self) -> Result<i8, DecodeError> {
        self.take().map(i8::from_le_bytes)
    }

    /// S16.
    #[inline]
    pub fn s16(&mut self) -> Result<i16, DecodeError> {
        self.take().map(i16::from_le_bytes)
    }

    /// S32.
    #[inline]
    pub fn s32(&mut self) -> Result<i32, DecodeError> {
        self.take().map(i32::from_le_bytes)
    }

    /// S64.
    #[inline]
    pub fn s64(&mut self) -> Result<i64, DecodeError> {
        self.take().map(i64::from_le_bytes)
    }

    /// F32; not finite reads as 0.
    #[inline]
    pub fn f32(&mut self) -> Result<f32, DecodeError> {
        self.take().map(f32::from_le_bytes).map(finite32)
    }

    /// F64; not finite reads as 0.
    #[inline]
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        self.take().map(f64::from_le_bytes).map(finite64)
    }

    /// LLVector3; with a part that is not finite it reads as zero (Seen in: viewer, llmessage).
    #[inline]
    pub fn vector3(&mut self) -> Result<Vector3, DecodeError> {
        let [x, y, z] = floats32(self.take::<12>()?);
        Ok(Vector3 { x, y, z })
    }

    /// LLVector3d; with a part that is not finite it reads as zero.
    #[inline]
    pub fn vector3d(&mut self) -> Result<Vector3d, DecodeError> {
        let bytes = self.take::<24>()?;
        let mut parts = [0.0; 3];
        for (part, chunk) in parts.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *part = f64::from_le_bytes(*chunk);
        }
        if parts.iter().any(|part| !part.is_finite()) {
            parts = [0.0; 3];
        }
        let [x, y, z] = parts;
        Ok(Vector3d { x, y, z })
    }

    /// LLVector4; with a part that is not finite it reads as zero.
    #[inline]
    pub fn vector4(&mut self) -> Result<Vector4, DecodeError> {
        let [x, y, z, w] = floats32(self.take::<16>()?);
        Ok(Vector4 { x, y, z, w })
    }

    /// LLQuaternion; with a part that is not finite it reads as the identity.
    #[inline]
    pub fn quaternion(&mut self) -> Result<Quaternion, DecodeError> {
        let [x, y, z] = floats32(self.take::<12>()?);
        Ok(Quaternion::from_wire(x, y, z))
    }

    /// LLUUID.
    #[inline]
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        self.take().map(Uuid::from_bytes)
    }

    /// BOOL; any but 0 is true.
    #[inline]
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        self.take().map(|[byte]| byte != 0)
    }

    /// IPADDR.
    #[inline]
    pub fn ip_addr(&mut self) -> Result<Ipv4Addr, DecodeError> {
        self.take::<4>().map(Ipv4Addr::from)
    }

    /// IPPORT.
    #[inline]
    pub fn ip_port(&mut self) -> Result<u16, DecodeError> {
        self.take().map(u16::from_be_bytes)
    }

    /// Fixed N.
    #[inline]
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.take()
    }

    /// Variable 1: a slice of the body, not a copy.
    #[inline]
    pub fn variable1(&mut self) -> Result<Bytes, DecodeError> {
        let start = self.at;
        let len = self.u8()?;
        self.data(start, usize::from(len))
    }

    /// Variable 2: a slice of the body, not a copy.
    #[inline]
    pub fn variable2(&mut self) -> Result<Bytes, DecodeError> {
        let start = self.at;
        let len = self.u16()?;
        self.data(start, usize::from(len))
    }

    /// U16Vec3.
    #[inline]
    pub fn u16_vec3(&mut self) -> Result<[u16; 3], DecodeError> {
        let [a, b, c, d, e, f] = self.take()?;
        Ok([[a, b], [c, d], [e, f]].map(u16::from_le_bytes))
    }

    /// U16Quat.
    #[inline]
    pub fn u16_quat(&mut self) -> Result<[u16; 4], DecodeError> {
        let [a, b, c, d, e, f, g, h] = self.take()?;
        Ok([[a, b], [c, d], [e, f], [g, h]].map(u16::from_le_bytes))
    }

    /// S16Array.
    pub fn s16_array(&mut self) -> Result<Vec<i16>, DecodeError> {
        let start = self.at;
        let count = self.u8()?;
        let data = self.data(start, usize::from(count) * 2)?;
        Ok(data.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect())
    }
}

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
        value.into_iter().for_each(|part| self.out.put_u16_le(part));
    }

    /// U16Quat.
    #[inline]
    pub fn u16_quat(&mut self, value: [u16; 4]) {
        value.into_iter().for_each(|part| self.out.put_u16_le(part));
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
        value.iter().for_each(|&part| self.out.put_i16_le(part));
        Ok(())
    }

    fn floats32<const N: usize>(&mut self, parts: [f32; N]) {
        let sound = parts.iter().all(|part| part.is_finite());
        for part in parts {
            self.out.put_f32_le(if sound { part } else { 0.0 });
        }
    }
}

fn finite32(value: f32) -> f32 {
    if value.is_finite() { value } else { 0.0 }
}

fn finite64(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

/// The floats of a compound value, all zero if one of them is not finite.
#[inline]
fn floats32<const LEN: usize, const N: usize>(bytes: [u8; LEN]) -> [f32; N] {
    let mut parts = [0.0; N];
    for (part, chunk) in parts.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *part = f32::from_le_bytes(*chunk);
    }
    if parts.iter().any(|part| !part.is_finite()) { [0.0; N] } else { parts }
}

/// Enough for most messages, so that writing one allocates once, in bytes.
const FIRST_CAPACITY: usize = 256;
