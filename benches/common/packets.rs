//! Datagrams as peers send them.

use bytes::{BufMut, Bytes, BytesMut};
use holm::message::header::{PacketFlags, write_header};
use holm::message::{Message, encode};

/// A datagram with this message; `acks` are appended.
pub fn packet<M: Message>(flags: PacketFlags, sequence: u32, message: &M, acks: &[u32]) -> Bytes {
    let encoded = encode(message).expect("a message that fits");
    let mut flags = flags;
    flags.set(PacketFlags::ZEROCODED, encoded.zerocoded);
    flags.set(PacketFlags::ACK, !acks.is_empty());
    let mut out = BytesMut::with_capacity(1500);
    write_header(flags, sequence, &mut out);
    out.put_slice(&encoded.body);
    for &ack in acks {
        out.put_u32(ack);
    }
    if !acks.is_empty() {
        out.put_u8(acks.len() as u8);
    }
    out.freeze()
}
