//! Message numbers and their wire format.

use std::fmt;

use bytes::BufMut;

/// A message's number as a table key: High `nn`, Medium `0xFF00 + nn`, Low `0xFFFF0000 + nnnn`,
/// Fixed the template's 32-bit number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u32);

impl MessageId {
    /// A High frequency message (1..=254), one byte on the wire.
    pub const fn high(number: u8) -> Self {
        Self(number as u32)
    }

    /// A Medium frequency message (1..=254), two bytes on the wire.
    pub const fn medium(number: u8) -> Self {
        Self(0xFF00 | number as u32)
    }

    /// A Low frequency message, four bytes on the wire.
    pub const fn low(number: u16) -> Self {
        Self(0xFFFF_0000 | number as u32)
    }

    /// A Fixed message, four bytes on the wire.
    pub const fn fixed(number: u32) -> Self {
        Self(number)
    }

    /// Bytes on the wire: 1, 2 or 4.
    pub const fn wire_len(self) -> usize {
        if self.0 < 0xFF {
            1
        } else if self.0 < 0x1_0000 {
            2
        } else {
            4
        }
    }

    /// Writes the number.
    pub fn write(self, out: &mut impl BufMut) {
        match self.wire_len() {
            1 => out.put_u8(self.0 as u8),
            2 => out.put_u16(self.0 as u16),
            _ => out.put_u32(self.0),
        }
    }

    /// Reads a number from the start of `bytes`; gives it and its length, or `None` if cut short.
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        match *bytes {
            [0xFF, 0xFF, a, b, ..] => Some((Self(u32::from_be_bytes([0xFF, 0xFF, a, b])), 4)),
            [0xFF, 0xFF, ..] | [0xFF] | [] => None,
            [0xFF, n, ..] => Some((Self::medium(n), 2)),
            [n, ..] => Some((Self::high(n), 1)),
        }
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wire_len() {
            1 => write!(f, "High {}", self.0),
            2 => write!(f, "Medium {}", self.0 & 0xFF),
            _ if self.0 >= 0xFFFF_FFFA => write!(f, "Fixed 0x{:08X}", self.0),
            _ => write!(f, "Low {}", self.0 & 0xFFFF),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frequency_reads_back() {
        for (id, wire) in [
            (MessageId::high(4), &[4u8][..]),
            (MessageId::medium(6), &[0xFF, 6]),
            (MessageId::low(148), &[0xFF, 0xFF, 0, 148]),
            (MessageId::fixed(0xFFFF_FFFB), &[0xFF, 0xFF, 0xFF, 0xFB]),
        ] {
            let mut out = Vec::new();
            id.write(&mut out);
            assert_eq!(out, wire);
            assert_eq!(MessageId::read(wire), Some((id, wire.len())));
            assert_eq!(MessageId::read(&wire[..wire.len() - 1]), None);
        }
    }
}
