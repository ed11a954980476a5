//! The packet header: flags, sequence number, appended acks, message number.
//!
//! This module splits a datagram into a message number and a plain body, and writes the six bytes
//! before a message. It must not know messages or circuits; [`crate::circuit`] interprets sequence
//! numbers.
//!
//! Wire format: flags U8, sequence U32 big-endian, extra length E U8; then (zero-coded together if
//! flagged) number, E extra bytes and body; then the appended acks, each U32 big-endian, with their
//! count U8 last. Implementations disagree about the place of the E bytes, and no sender uses them;
//! this reader follows the viewer and skips them after the number.

use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;

use super::MessageId;
use super::zerocode::{self, ZerocodeError};

/// Bytes before the message number.
pub const HEADER_LEN: usize = 6;

/// Shortest valid packet in bytes: a header and a High message number.
pub const MIN_DATAGRAM: usize = HEADER_LEN + 1;

/// Longest packet that is accepted, in bytes (the viewer's receive buffer).
pub const MAX_DATAGRAM: usize = 8192;

bitflags::bitflags! {
    /// The first byte of a packet. The low four bits are unused and ignored on receipt.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct PacketFlags: u8 {
        /// Everything from offset 6 to the end of the body is zero-coded.
        const ZEROCODED = 0x80;
        /// The sender wants an ack.
        const RELIABLE = 0x40;
        /// A repetition of an earlier packet, with the same sequence number.
        const RESENT = 0x20;
        /// Acks are appended behind the body.
        const ACK = 0x10;
    }
}

/// Why bytes are not a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// Shorter than the shortest packet.
    #[error("packet of {0} bytes is shorter than 7")]
    TooShort(usize),
    /// Longer than any receiver accepts.
    #[error("packet of {0} bytes is longer than 8192")]
    TooLong(usize),
    /// The count of appended acks does not fit into the packet.
    #[error("{0} appended acks do not fit into the packet")]
    Acks(u8),
    /// The zero coding is broken.
    #[error(transparent)]
    Zerocode(#[from] ZerocodeError),
    /// The packet ends inside the message number.
    #[error("packet ends inside the message number")]
    Number,
    /// The packet ends inside the extra header.
    #[error("packet ends inside its extra header of {0} bytes")]
    Extra(u8),
}

/// A packet taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The known flags.
    pub flags: PacketFlags,
    /// The sender's number of this packet, all 32 bits as sent (0 is legal); acks repeat it.
    pub sequence: u32,
    /// Which message this is; any number, known or not.
    pub id: MessageId,
    /// The plain body behind the number; a slice of the datagram unless that was zero-coded.
    pub body: Bytes,
    /// The appended acks.
    pub acks: AppendedAcks,
}

/// Sequence numbers that were appended to a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppendedAcks(Bytes);

impl AppendedAcks {
    /// How many there are (at most 255).
    pub fn len(&self) -> usize {
        self.0.len() / 4
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers in the order of the packet.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (numbers, _) = self.0.as_chunks::<4>();
        numbers.iter().map(|number| u32::from_be_bytes(*number))
    }
}

/// Takes a datagram apart: strips the acks, expands zero coding (to at most
/// [`zerocode::MAX_DECODED`] bytes), reads the number.
///
/// # Errors
/// When the bytes are no packet; nothing of it may then be used, its acks neither.
pub fn parse(datagram: &Bytes) -> Result<Datagram, HeaderError> {
    let length = datagram.len();
    if length > MAX_DATAGRAM {
        return Err(HeaderError::TooLong(length));
    }
    let (flags, sequence, extra) = match **datagram {
        [flags, a, b, c, d, extra, _, ..] => {
            (PacketFlags::from_bits_truncate(flags), u32::from_be_bytes([a, b, c, d]), extra)
        }
        _ => return Err(HeaderError::TooShort(length)),
    };

    let mut payload = datagram.slice(HEADER_LEN..);
    let mut acks = AppendedAcks::default();
    if flags.contains(PacketFlags::ACK) {
        let count = payload.last().copied().unwrap_or_default();
        let tail = usize::from(count) * 4 + 1;
        // At least one byte of message must be left.
        let start = payload.len().checked_sub(tail).filter(|&start| start > 0);
        let mut appended = payload.split_off(start.ok_or(HeaderError::Acks(count))?);
        appended.truncate(tail - 1);
        acks = AppendedAcks(appended);
    }

    if flags.contains(PacketFlags::ZEROCODED) {
        payload = zerocode::decode(&payload, zerocode::MAX_DECODED)?;
    }
    let (id, number_len) = MessageId::read(&payload).ok_or(HeaderError::Number)?;
    let skip = number_len + usize::from(extra);
    if payload.len() < skip {
        return Err(HeaderError::Extra(extra));
    }
    Ok(Datagram { flags, sequence, id, body: payload.split_off(skip), acks })
}

/// Appends the six header bytes (no extra header) to `out`; number and body must follow.
pub fn write_header(flags: PacketFlags, sequence: u32, out: &mut BytesMut) {
    let [a, b, c, d] = sequence.to_be_bytes();
    out.put_slice(&[flags.bits(), a, b, c, d, 0]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(bytes: &[u8]) -> Result<Datagram, HeaderError> {
        parse(&Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn plain_packet_is_taken_apart() {
        let packet = parsed(&[0x40, 0, 0, 1, 2, 0, 0xFF, 6, 9, 8]).unwrap();
        assert_eq!(packet.flags, PacketFlags::RELIABLE);
        assert_eq!(packet.sequence, 258);
        assert_eq!(packet.id, MessageId::medium(6));
        assert_eq!(&packet.body[..], [9, 8]);
        assert!(packet.acks.is_empty());
    }

    #[test]
    fn zero_coded_low_number_is_found() {
        let packet = parsed(&[0x80, 0, 0, 0, 1, 0, 0xFF, 0xFF, 0, 1, 148, 7, 0, 3]).unwrap();
        assert_eq!(packet.id, MessageId::low(148));
        assert_eq!(&packet.body[..], [7, 0, 0, 0]);
    }

    #[test]
    fn acks_are_stripped_before_zero_decoding() {
        let bytes = [0x90, 0, 0, 0, 0, 0, 4, 0, 2, 0, 0, 0, 5, 1, 0, 0, 0, 2];
        let packet = parsed(&bytes).unwrap();
        assert_eq!(packet.sequence, 0);
        assert_eq!(packet.id, MessageId::high(4));
        assert_eq!(&packet.body[..], [0, 0]);
        assert_eq!(packet.acks.len(), 2);
        assert_eq!(packet.acks.iter().collect::<Vec<_>>(), [5, 0x0100_0000]);
    }

    #[test]
    fn unused_flags_are_ignored() {
        assert_eq!(parsed(&[0x0F, 0, 0, 0, 1, 0, 4]).unwrap().flags, PacketFlags::empty());
    }

    #[test]
    fn extra_header_is_skipped_behind_the_number() {
        let packet = parsed(&[0, 0, 0, 0, 1, 2, 4, 0xAA, 0xBB, 1]).unwrap();
        assert_eq!((packet.id, &packet.body[..]), (MessageId::high(4), &[1u8][..]));
        assert_eq!(parsed(&[0, 0, 0, 0, 1, 2, 4, 0xAA]), Err(HeaderError::Extra(2)));
    }

    #[test]
    fn malformed_packets_are_refused() {
        assert_eq!(parsed(&[]), Err(HeaderError::TooShort(0)));
        assert_eq!(parsed(&[0; 6]), Err(HeaderError::TooShort(6)));
        assert_eq!(parsed(&[0; 8193]), Err(HeaderError::TooLong(8193)));
        assert_eq!(parsed(&[0, 0, 0, 0, 1, 0, 0xFF]), Err(HeaderError::Number));
        assert_eq!(parsed(&[0, 0, 0, 0, 1, 0, 0xFF, 0xFF, 1]), Err(HeaderError::Number));
        assert_eq!(parsed(&[0x10, 0, 0, 0, 1, 0, 0]), Err(HeaderError::Acks(0)));
        assert_eq!(parsed(&[0x10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1]), Err(HeaderError::Acks(1)));
        assert_eq!(
            parsed(&[0x80, 0, 0, 0, 1, 0, 4, 0]),
            Err(HeaderError::Zerocode(ZerocodeError::MissingCount)),
        );
    }

    #[test]
    fn expansion_bombs_are_refused() {
        let mut bomb = vec![0x80, 0, 0, 0, 1, 0];
        bomb.extend([0, 255].repeat(600));
        assert_eq!(
            parsed(&bomb),
            Err(HeaderError::Zerocode(ZerocodeError::TooLong(zerocode::MAX_DECODED))),
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            if let Ok(packet) = parsed(&bytes) {
                prop_assert!(packet.body.len() <= zerocode::MAX_DECODED);
                prop_assert_eq!(packet.acks.iter().count(), packet.acks.len());
            }
        }

        #[test]
        fn written_form_reads_back(
            flags in any::<u8>(),
            sequence in any::<u32>(),
            body in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..300),
            acks in proptest::collection::vec(any::<u32>(), 0..=255),
        ) {
            let flags = PacketFlags::from_bits_truncate(flags);
            let mut out = BytesMut::new();
            write_header(flags, sequence, &mut out);
            let mut plain = vec![0xFF, 0xFF, 0, 3];
            plain.extend(&body);
            if flags.contains(PacketFlags::ZEROCODED) {
                zerocode::encode(&plain, &mut out);
            } else {
                out.put_slice(&plain);
            }
            if flags.contains(PacketFlags::ACK) {
                for &ack in &acks {
                    out.put_u32(ack);
                }
                out.put_u8(acks.len() as u8);
            }
            let packet = parse(&out.freeze()).unwrap();
            prop_assert_eq!(packet.flags, flags);
            prop_assert_eq!(packet.sequence, sequence);
            prop_assert_eq!(packet.id, MessageId::low(3));
            prop_assert_eq!(&packet.body[..], &body[..]);
            let expected = if flags.contains(PacketFlags::ACK) { acks } else { Vec::new() };
            prop_assert_eq!(packet.acks.iter().collect::<Vec<_>>(), expected);
        }
    }
}
