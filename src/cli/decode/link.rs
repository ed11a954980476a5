//! From a captured frame to its UDP datagram: link layers, IPv4 and IPv6.
//!
//! Ethernet (with VLAN tags), Linux cooked (1 and 2), raw IP and loopback. Nothing is put together
//! again: fragments and packets that were captured in part are told apart and left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[derive(Clone, Copy, Debug)]
pub(super) enum Link {
    Ethernet,
    /// Loopback with four bytes of address family.
    Loopback,
    Cooked,
    Cooked2,
    Raw,
}

/// What a link frame or IP packet holds.
pub(super) enum Found<'p> {
    Udp { from: SocketAddr, to: SocketAddr, payload: &'p [u8] },
    Fragment,
    Cut,
    Other,
}

impl Link {
    /// The link type with this number; the numbers are those of tcpdump.org.
    pub(super) fn of(number: u32) -> Option<Self> {
        Some(match number {
            0 | 108 => Self::Loopback,
            1 => Self::Ethernet,
            12 | 14 | 101 | 228 | 229 => Self::Raw,
            113 => Self::Cooked,
            276 => Self::Cooked2,
            _ => return None,
        })
    }

    /// What a frame holds.
    pub(super) fn open(self, frame: &[u8]) -> Found<'_> {
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

/// The IP protocol number.
const UDP: u8 = 17;
