//! Reads UDP datagrams from classic pcap files.
//!
//! Both byte orders, microseconds and nanoseconds; Ethernet (with VLAN tags), Linux cooked (1 and
//! 2), raw IP and loopback; IPv4 and IPv6. Nothing is put together again: fragments and packets
//! that were captured in part are counted and left out.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use thiserror::Error;

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

/// Why a file is no capture.
#[derive(Debug, Error)]
pub(super) enum PcapError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(
        "is a pcapng capture; only classic pcap is read (convert it with: tcpdump -r IN -w OUT)"
    )]
    Pcapng,
    #[error("is no pcap capture (first bytes {0:02x?})")]
    NoCapture([u8; 4]),
    #[error("has link type {0}, which is not supported")]
    LinkType(u32),
    #[error("ends within packet {0}")]
    Cut(u64),
    #[error("packet {packet} claims {len} bytes, more than {LONGEST}")]
    TooLong { packet: u64, len: u32 },
}

/// A capture being read.
#[derive(Debug)]
pub(super) struct Capture<R> {
    input: R,
    big_endian: bool,
    ticks_per_second: f64,
    link: Link,
    count: u64,
    skipped: Skipped,
}

#[derive(Clone, Copy, Debug)]
enum Link {
    Ethernet,
    /// Loopback with four bytes of address family.
    Loopback,
    Cooked,
    Cooked2,
    Raw,
}

/// What a link frame or IP packet holds.
enum Found<'p> {
    Udp { from: SocketAddr, to: SocketAddr, payload: &'p [u8] },
    Fragment,
    Cut,
    Other,
}

impl<R: Read> Capture<R> {
    /// Reads the file header.
    pub(super) fn new(mut input: R) -> Result<Self, PcapError> {
        let mut header = [0; 24];
        let (magic, rest) = header.split_at_mut(4);
        input.read_exact(magic)?;
        let magic = [magic[0], magic[1], magic[2], magic[3]];
        let (big_endian, ticks_per_second) = match magic {
            [0xA1, 0xB2, 0xC3, 0xD4] => (true, 1e6),
            [0xD4, 0xC3, 0xB2, 0xA1] => (false, 1e6),
            [0xA1, 0xB2, 0x3C, 0x4D] => (true, 1e9),
            [0x4D, 0x3C, 0xB2, 0xA1] => (false, 1e9),
            [0x0A, 0x0D, 0x0D, 0x0A] => return Err(PcapError::Pcapng),
            other => return Err(PcapError::NoCapture(other)),
        };
        input.read_exact(rest)?;
        // The upper bits tell of checksums, not of the link.
        let number = word(&header, 20, big_endian) & 0x03FF_FFFF;
        let link = match number {
            0 | 108 => Link::Loopback,
            1 => Link::Ethernet,
            12 | 14 | 101 | 228 | 229 => Link::Raw,
            113 => Link::Cooked,
            276 => Link::Cooked2,
            other => return Err(PcapError::LinkType(other)),
        };
        let skipped = Skipped::default();
        Ok(Self { input, big_endian, ticks_per_second, link, count: 0, skipped })
    }

    /// The next UDP datagram; `None` at the end of the file.
    pub(super) fn next_udp(&mut self) -> Result<Option<Packet>, PcapError> {
        while let Some((time, frame)) = self.frame()? {
            match self.link.open(&frame) {
                Found::Udp { from, to, payload } => {
                    let payload = frame.slice_ref(payload);
                    return Ok(Some(Packet { time: Some(time), ends: Some((from, to)), payload }));
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

    fn frame(&mut self) -> Result<Option<(f64, Bytes)>, PcapError> {
        let mut header = Vec::with_capacity(16);
        self.input.by_ref().take(16).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(None);
        }
        self.count += 1;
        if header.len() < 16 {
            return Err(PcapError::Cut(self.count));
        }
        let word = |at| word(&header, at, self.big_endian);
        let time = f64::from(word(0)) + f64::from(word(4)) / self.ticks_per_second;
        let len = word(8);
        if len > LONGEST {
            return Err(PcapError::TooLong { packet: self.count, len });
        }
        let mut frame = Vec::new();
        self.input.by_ref().take(u64::from(len)).read_to_end(&mut frame)?;
        if frame.len() < len as usize {
            return Err(PcapError::Cut(self.count));
        }
        Ok(Some((time, frame.into())))
    }
}

impl Link {
    fn open(self, frame: &[u8]) -> Found<'_> {
        let packet = match self {
            Self::Raw => Some(frame),
            // The family's number differs between systems; the IP version tells the same.
            Self::Loopback => frame.get(4..),
            Self::Ethernet => {
                let mut at = 12;
                while matches!(frame.get(at..at + 2), Some([0x81, 0x00] | [0x88, 0xA8])) {
                    at += 4;
                }
                ip_behind(frame, at, at + 2)
            }
            Self::Cooked => ip_behind(frame, 14, 16),
            Self::Cooked2 => ip_behind(frame, 0, 20),
        };
        match packet.and_then(|packet| Some((packet.first()? >> 4, packet))) {
            Some((4, packet)) => ipv4(packet),
            Some((6, packet)) => ipv6(packet),
            _ => Found::Other,
        }
    }
}

/// The packet at `start`, if the Ethernet type at `kind` is IPv4 or IPv6.
fn ip_behind(frame: &[u8], kind: usize, start: usize) -> Option<&[u8]> {
    match frame.get(kind..kind + 2)? {
        [0x08, 0x00] | [0x86, 0xDD] => frame.get(start..),
        _ => None,
    }
}

fn ipv4(packet: &[u8]) -> Found<'_> {
    let Some(header) = packet.first_chunk::<20>() else { return Found::Cut };
    if header[9] != UDP {
        return Found::Other;
    }
    // More fragments, or an offset.
    if u16::from_be_bytes([header[6], header[7]]) & 0x3FFF != 0 {
        return Found::Fragment;
    }
    let address = |at: usize| {
        IpAddr::V4(Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]))
    };
    let start = usize::from(header[0] & 15) * 4;
    udp(address(12), address(16), packet.get(start..))
}

fn ipv6(packet: &[u8]) -> Found<'_> {
    let Some(header) = packet.first_chunk::<40>() else { return Found::Cut };
    let address = |half: &[u8]| {
        let octets = half.first_chunk::<16>().copied().unwrap_or_default();
        IpAddr::V6(Ipv6Addr::from(octets))
    };
    let (from, to) = (address(&header[8..24]), address(&header[24..40]));
    let mut next = header[6];
    let mut rest = &packet[40..];
    loop {
        match next {
            UDP => return udp(from, to, Some(rest)),
            // Hop-by-hop, routing, destination options.
            0 | 43 | 60 => {
                let &[kind, len, ..] = rest else { return Found::Cut };
                let Some(tail) = rest.get(usize::from(len) * 8 + 8..) else { return Found::Cut };
                (next, rest) = (kind, tail);
            }
            44 => return Found::Fragment,
            _ => return Found::Other,
        }
    }
}

fn udp(from: IpAddr, to: IpAddr, packet: Option<&[u8]>) -> Found<'_> {
    let Some((header, rest)) = packet.and_then(<[u8]>::split_first_chunk::<8>) else {
        return Found::Cut;
    };
    let number = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    // Link layers pad short frames, so the length decides where the payload ends.
    let len = usize::from(number(4)).saturating_sub(8);
    match rest.get(..len) {
        Some(payload) => Found::Udp {
            from: SocketAddr::new(from, number(0)),
            to: SocketAddr::new(to, number(2)),
            payload,
        },
        None => Found::Cut,
    }
}

fn word(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

/// The IP protocol number.
const UDP: u8 = 17;

/// The longest captured packet that is read, in bytes (the usual largest snapshot length).
const LONGEST: u32 = 262_144;
