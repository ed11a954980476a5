//! Reads UDP datagrams from captures: classic pcap and pcapng.
//!
//! Both byte orders; of classic captures microseconds and nanoseconds, of pcapng any resolution and
//! several interfaces.

use std::io::{self, Cursor, Read};
use std::net::SocketAddr;

use bytes::Bytes;
use thiserror::Error;

use super::blocks::Blocks;
use super::link::{Found, Link};

/// A UDP datagram.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Packet {
    /// Seconds since 1970.
    pub time: Option<f64>,
    /// Sender and receiver.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// What it carries.
    pub payload: Bytes,
}

impl Packet {
    /// A datagram of which nothing else is known.
    pub(super) fn bare(payload: Bytes) -> Self {
        Self { time: None, ends: None, payload }
    }
}

/// Packets that were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Skipped {
    /// Other protocols.
    pub other: u64,
    /// Fragments of IP packets.
    pub fragments: u64,
    /// Not captured whole.
    pub cut: u64,
}

/// Why a file is not a valid capture.
#[derive(Debug, Error)]
pub(super) enum PcapError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("is empty; expected a capture (pcap or pcapng)")]
    Empty,
    #[error("is not a pcap or pcapng capture (first bytes {0:02x?})")]
    NoCapture(Vec<u8>),
    #[error("ends within the file header, after {0} of 24 bytes")]
    CutHeader(usize),
    #[error("has link type {0}, which is not supported")]
    LinkType(u32),
    #[error("ends within packet {packet}, at byte {offset}: {missing} bytes are missing")]
    Cut { packet: u64, offset: u64, missing: u64 },
    #[error("ends within a block, at byte {offset}")]
    CutBlock { offset: u64 },
    #[error("packet {packet}, at byte {offset}, claims {len} bytes, more than {LONGEST}")]
    TooLong { packet: u64, offset: u64, len: u32 },
    #[error("has a block at byte {offset} that cannot be read: {problem}")]
    Block { offset: u64, problem: String },
}

/// A packet as it was captured.
pub(super) struct Frame {
    /// Seconds since 1970; not in every form.
    pub time: Option<f64>,
    pub link: Link,
    pub bytes: Bytes,
}

/// A capture being read.
pub(super) struct Capture<R: Read> {
    frames: Frames<R>,
    skipped: Skipped,
}

enum Frames<R: Read> {
    Classic(Classic<R>),
    Blocks(Box<Blocks<io::Chain<Cursor<[u8; 4]>, R>>>),
}

impl<R: Read> Capture<R> {
    /// Reads the file header.
    pub(super) fn new(mut input: R) -> Result<Self, PcapError> {
        let mut magic = Vec::with_capacity(4);
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let magic: [u8; 4] = match magic.try_into() {
            Ok(magic) => magic,
            Err(short) if short.is_empty() => return Err(PcapError::Empty),
            Err(short) => return Err(PcapError::NoCapture(short)),
        };
        let frames = match magic {
            [0xA1, 0xB2, 0xC3, 0xD4] => Frames::Classic(Classic::new(input, true, 1e6)?),
            [0xD4, 0xC3, 0xB2, 0xA1] => Frames::Classic(Classic::new(input, false, 1e6)?),
            [0xA1, 0xB2, 0x3C, 0x4D] => Frames::Classic(Classic::new(input, true, 1e9)?),
            [0x4D, 0x3C, 0xB2, 0xA1] => Frames::Classic(Classic::new(input, false, 1e9)?),
            [0x0A, 0x0D, 0x0D, 0x0A] => {
                Frames::Blocks(Box::new(Blocks::new(Cursor::new(magic).chain(input))?))
            }
            other => return Err(PcapError::NoCapture(other.to_vec())),
        };
        Ok(Self { frames, skipped: Skipped::default() })
    }

    /// The next UDP datagram; `None` at the end of the file.
    pub(super) fn next_udp(&mut self) -> Result<Option<Packet>, PcapError> {
        while let Some(Frame { time, link, bytes }) = self.frame()? {
            match link.open(&bytes) {
                Found::Udp { from, to, payload } => {
                    let payload = bytes.slice_ref(payload);
                    return Ok(Some(Packet { time, ends: Some((from, to)), payload }));
                }
                Found::Fragment => self.skipped.fragments += 1,
                Found::Cut => self.skipped.cut += 1,
                Found::Other => self.skipped.other += 1,
            }
        }
        Ok(None)
    }

    /// What has been left out so far.
    pub(super) fn skipped(&self) -> Skipped {
        self.skipped
    }

    fn frame(&mut self) -> Result<Option<Frame>, PcapError> {
        match &mut self.frames {
            Frames::Classic(classic) => classic.frame(),
            Frames::Blocks(blocks) => blocks.frame(),
        }
    }
}

/// A classic capture.
struct Classic<R> {
    input: R,
    big_endian: bool,
    ticks_per_second: f64,
    link: Link,
    count: u64,
    offset: u64,
}

impl<R: Read> Classic<R> {
    /// Reads what follows the magic number.
    fn new(mut input: R, big_endian: bool, ticks_per_second: f64) -> Result<Self, PcapError> {
        let mut header = Vec::with_capacity(20);
        input.by_ref().take(20).read_to_end(&mut header)?;
        if header.len() < 20 {
            return Err(PcapError::CutHeader(4 + header.len()));
        }
        // The upper bits tell of checksums, not of the link.
        let number = word(&header, 16, big_endian) & 0x03FF_FFFF;
        let link = Link::of(number).ok_or(PcapError::LinkType(number))?;
        Ok(Self { input, big_endian, ticks_per_second, link, count: 0, offset: 24 })
    }

    fn frame(&mut self) -> Result<Option<Frame>, PcapError> {
        let mut header = Vec::with_capacity(16);
        self.input.by_ref().take(16).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(None);
        }
        self.count += 1;
        let (packet, offset) = (self.count, self.offset);
        let cut = |offset: u64, wanted: u64, got: usize| {
            let (offset, missing) = (offset + got as u64, wanted - got as u64);
            PcapError::Cut { packet, offset, missing }
        };
        if header.len() < 16 {
            return Err(cut(offset, 16, header.len()));
        }
        let word = |at| word(&header, at, self.big_endian);
        let time = f64::from(word(0)) + f64::from(word(4)) / self.ticks_per_second;
        let len = word(8);
        if len > LONGEST {
            return Err(PcapError::TooLong { packet, offset, len });
        }
        let mut frame = Vec::new();
        self.input.by_ref().take(u64::from(len)).read_to_end(&mut frame)?;
        if frame.len() < len as usize {
            return Err(cut(offset + 16, u64::from(len), frame.len()));
        }
        self.offset += 16 + u64::from(len);
        Ok(Some(Frame { time: Some(time), link: self.link, bytes: frame.into() }))
    }
}

fn word(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

/// The longest captured packet that is read, in bytes (the usual largest snapshot length).
pub(super) const LONGEST: u32 = 262_144;
