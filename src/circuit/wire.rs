//! The few message bodies that a circuit reads and writes itself.
//!
//! All other messages pass through undecoded.

use bytes::{BufMut, BytesMut};

use crate::message::MessageId;
use crate::message::header::HEADER_LEN;

/// `PacketAck`: a count, then U32 little-endian numbers.
pub(super) const PACKET_ACK: MessageId = MessageId::fixed(0xFFFF_FFFB);
/// `StartPingCheck`: `PingID` U8, `OldestUnacked` U32 little-endian.
pub(super) const START_PING_CHECK: MessageId = MessageId::high(1);
/// `CompletePingCheck`: `PingID` U8.
pub(super) const COMPLETE_PING_CHECK: MessageId = MessageId::high(2);
/// `UseCircuitCode`, whose ack travels alone.
pub(super) const USE_CIRCUIT_CODE: MessageId = MessageId::low(3);

/// Bytes of the datagram of a ping, and of the answer to one.
pub(super) const PING_LENGTH: usize = HEADER_LEN + 6;
pub(super) const PONG_LENGTH: usize = HEADER_LEN + 2;

/// Bytes of the datagram of a `PacketAck` with so many acks.
pub(super) const fn acks_length(count: usize) -> usize {
    HEADER_LEN + 5 + 4 * count
}

/// Most acks in one `PacketAck`, the viewer's number.
pub(super) const ACKS_PER_MESSAGE: usize = 251;

/// The numbers of a `PacketAck`: as many as counted and present.
pub(super) fn read_acks(body: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let (count, numbers) = body.split_first().map_or((0, body), |(&count, rest)| (count, rest));
    let (numbers, _) = numbers.as_chunks::<4>();
    numbers.iter().take(usize::from(count)).map(|number| u32::from_le_bytes(*number))
}

/// `PingID` and `OldestUnacked`; a missing id reads as zero, a missing number as none.
pub(super) fn read_start_ping(body: &[u8]) -> (u8, Option<u32>) {
    match *body {
        [id, a, b, c, d, ..] => (id, Some(u32::from_le_bytes([a, b, c, d]))),
        [id, ..] => (id, None),
        [] => (0, None),
    }
}

pub(super) fn write_acks(numbers: &[u32], out: &mut BytesMut) {
    debug_assert!(numbers.len() <= ACKS_PER_MESSAGE);
    PACKET_ACK.write(out);
    out.put_u8(numbers.len() as u8);
    for &number in numbers {
        out.put_u32_le(number);
    }
}

pub(super) fn write_start_ping(id: u8, oldest_unacked: u32, out: &mut BytesMut) {
    START_PING_CHECK.write(out);
    out.put_u8(id);
    out.put_u32_le(oldest_unacked);
}

pub(super) fn write_complete_ping(id: u8, out: &mut BytesMut) {
    COMPLETE_PING_CHECK.write(out);
    out.put_u8(id);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_ack_reads_what_is_there() {
        let mut out = BytesMut::new();
        write_acks(&[1, 0x0102_0304], &mut out);
        assert_eq!(&out[..], [0xFF, 0xFF, 0xFF, 0xFB, 2, 1, 0, 0, 0, 4, 3, 2, 1]);
        assert_eq!(read_acks(&out[4..]).collect::<Vec<_>>(), [1, 0x0102_0304]);
        assert_eq!(read_acks(&out[4..12]).collect::<Vec<_>>(), [1]);
        assert_eq!(read_acks(&[1, 1, 0, 0, 0, 2, 0, 0, 0]).collect::<Vec<_>>(), [1]);
        assert_eq!(read_acks(&[]).count(), 0);
    }

    #[test]
    fn ping_may_be_cut_short() {
        assert_eq!(read_start_ping(&[7, 1, 0, 0, 0]), (7, Some(1)));
        assert_eq!(read_start_ping(&[7, 1, 0]), (7, None));
        assert_eq!(read_start_ping(&[]), (0, None));
    }
}
