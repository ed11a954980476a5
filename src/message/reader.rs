//! Reader of message bodies, with one method per type of the template.
//!
//! Packets that end early are handled as in the viewer, but safely: missing fields of uncounted
//! blocks read as zero, and missing Variable blocks have no entries, because older senders know
//! fewer blocks. But data that is shorter than its own length, and blocks with fewer entries than
//! their count, are errors. No length from the packet is trusted before that many bytes are
//! present.

use std::net::Ipv4Addr;

use bytes::Bytes;
use uuid::Uuid;

use super::error::{DecodeError, DecodeProblem, Place};
use super::info::MessageInfo;
use super::value::{Quaternion, Vector3, Vector3d, Vector4};
use super::wire::{Block, finite32, finite64};

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
    #[inline]
    pub fn block<B: Block>(&mut self) -> Result<B, DecodeError> {
        B::read(self)
    }

    /// A Multiple block.
    pub fn multiple<B: Block + Default, const N: usize>(&mut self) -> Result<[B; N], DecodeError> {
        let mut entries = std::array::from_fn(|_| B::default());
        for entry in &mut entries {
            *entry = B::read(self)?;
        }
        Ok(entries)
    }

    /// A Variable block.
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

    /// So many raw bytes.
    pub(super) fn fixed_slice(&mut self, len: usize) -> Result<Bytes, DecodeError> {
        if len > self.remaining() {
            self.missing(len)?;
            return Ok(Bytes::from(vec![0; len]));
        }
        self.data(self.at, len)
    }
}

/// Fields. Each is an error where a counted block ends early, as the module's head says.
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
        self.take::<6>().map(words)
    }

    /// U16Quat.
    #[inline]
    pub fn u16_quat(&mut self) -> Result<[u16; 4], DecodeError> {
        self.take::<8>().map(words)
    }

    /// S16Array.
    pub fn s16_array(&mut self) -> Result<Vec<i16>, DecodeError> {
        let start = self.at;
        let count = self.u8()?;
        let data = self.data(start, usize::from(count) * 2)?;
        Ok(data.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect())
    }
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

#[inline]
fn words<const LEN: usize, const N: usize>(bytes: [u8; LEN]) -> [u16; N] {
    let mut parts = [0; N];
    for (part, chunk) in parts.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *part = u16::from_le_bytes(*chunk);
    }
    parts
}
