//! An encoded message without the packet header, as shared by the copies of a fan-out.

use bytes::Bytes;

use super::MessageId;

/// A message's bytes from packet offset 6 on: the number and the body.
///
/// Cloning shares the bytes, so one encoding serves any number of recipients; each only prepends
/// its own [header](super::header).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The message number that `body` begins with.
    pub id: MessageId,
    /// Number and body as they travel, already zero-coded if `zerocoded` says so.
    pub body: Bytes,
    /// Whether `body` is zero-coded; decides the ZEROCODED flag of the packet.
    pub zerocoded: bool,
}
