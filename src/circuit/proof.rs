//! Whether the peer has proven that it owns the address that it sends from.
//!
//! Anybody can send datagrams with a forged source address. Until the peer has returned something
//! that only the owner of the address can know, a circuit sends only a few times the bytes it has
//! received, so that it cannot be used to flood somebody else.

use super::Statistics;

/// What is known of the peer's address.
#[derive(Debug)]
pub(super) struct Proof {
    /// Bytes that may be sent for each byte that came; none once the address is proven.
    ratio: Option<u32>,
    /// Whether the answer to a ping still counts. There are only 256 of them to guess, so the
    /// first wrong one ends it; acks are never in doubt.
    pings_count: bool,
    /// Whether something waits for the proof.
    holding: bool,
}

impl Proof {
    pub(super) fn new(ratio: Option<u32>) -> Self {
        Self { ratio, pings_count: true, holding: false }
    }

    pub(super) fn is_given(&self) -> bool {
        self.ratio.is_none()
    }

    /// An ack came for a packet that waited for it.
    pub(super) fn acked(&mut self) {
        self.ratio = None;
        self.holding = false;
    }

    /// The answer to a ping came: one that was awaited, or not.
    pub(super) fn ping_answered(&mut self, awaited: bool) {
        self.pings_count &= awaited;
        if self.pings_count {
            self.acked();
        }
    }

    /// Whether `length` more bytes may leave.
    pub(super) fn allows(&self, counted: &Statistics, length: usize) -> bool {
        self.ratio.is_none_or(|ratio| {
            let allowance = counted.bytes_in.saturating_mul(u64::from(ratio));
            counted.bytes_out.saturating_add(length as u64) <= allowance
        })
    }

    pub(super) fn is_holding(&self) -> bool {
        self.holding
    }

    /// Something has to wait; whether it is the first since anything came.
    pub(super) fn hold(&mut self) -> bool {
        !std::mem::replace(&mut self.holding, true)
    }

    /// Bytes came, so there is more to spend.
    pub(super) fn release(&mut self) {
        self.holding = false;
    }
}
