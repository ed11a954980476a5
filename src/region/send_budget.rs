//! How much one client is sent in its turn: about what its throttle allows until the next one,
//! because queued updates would be stale when sent.

use crate::circuit::Outgoing;
use crate::outbox::Outbox;

/// The way to one client for the length of its turn.
pub struct SendBudget<'a> {
    outbox: &'a Outbox,
    left: Allowance,
    sent: u64,
    /// The endpoint took something no more.
    failed: bool,
}

/// Part of what a client may be sent in a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    packets: usize,
    bytes: usize,
}

impl<'a> SendBudget<'a> {
    /// Room for so many packets, and for `limit` bytes together with what waits behind the client's
    /// throttles; for nothing while the endpoint is behind.
    pub fn new(outbox: &'a Outbox, packets: usize, limit: usize) -> Self {
        let bytes = if outbox.is_congested() { 0 } else { limit.saturating_sub(outbox.pressure()) };
        Self { outbox, left: Allowance { packets, bytes }, sent: 0, failed: false }
    }

    /// Leaves room for at most so many packets, and for the bytes of updates of avatars and objects
    /// that the throttle passes until the next turn.
    pub fn narrow(&mut self, packets: usize) {
        let bytes = self.outbox.task_queue().map_or(usize::MAX, |(backlog, rate)| {
            let passed = rate as usize / 1000 * BACKLOG_MILLIS;
            passed.max(LEAST_BACKLOG).saturating_sub(backlog)
        });
        self.left.packets = self.left.packets.min(packets);
        self.left.bytes = self.left.bytes.min(bytes);
    }

    /// Whether anything may be sent.
    pub fn is_open(&self) -> bool {
        !self.failed && self.left.packets > 0 && self.left.bytes > 0
    }

    /// Packets that may still be sent.
    pub fn packets(&self) -> usize {
        self.left.packets
    }

    /// Packets that were sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Puts aside what `packets` of some `bytes` each take, but at most half of what there is.
    pub fn keep(&mut self, packets: usize, bytes: usize) -> Allowance {
        let kept = Allowance {
            packets: packets.min(self.left.packets / 2),
            bytes: packets.saturating_mul(bytes).min(self.left.bytes / 2),
        };
        self.left.packets -= kept.packets;
        self.left.bytes -= kept.bytes;
        kept
    }

    /// Gives back what was put aside.
    pub fn release(&mut self, kept: Allowance) {
        self.left.packets += kept.packets;
        self.left.bytes += kept.bytes;
    }

    /// Sends, if there is room; gives whether it did.
    pub fn send(&mut self, outgoing: Option<Outgoing>) -> bool {
        // What cannot be encoded is passed over; it was logged.
        let Some(outgoing) = outgoing else { return true };
        if !self.is_open() {
            return false;
        }
        let bytes = self.left.bytes.saturating_sub(outgoing.message.body.len());
        if self.outbox.send(outgoing).is_err() {
            self.failed = true;
            return false;
        }
        self.left = Allowance { packets: self.left.packets - 1, bytes };
        self.sent += 1;
        true
    }
}

/// What may wait behind a client's throttle, in time: two ticks and a little, because in a large
/// crowd so long is a turn.
const BACKLOG_MILLIS: usize = 200;
/// The same of the slowest throttle in bytes: two full packets.
const LEAST_BACKLOG: usize = 2500;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::AgentId;
    use crate::outbox::recorder::recorder;

    fn left(budget: &SendBudget<'_>) -> (usize, usize) {
        (budget.left.packets, budget.left.bytes)
    }

    #[test]
    fn room_follows_the_throttle() {
        let (outbox, recorder) = recorder(AgentId(Uuid::from_u128(1)), 1);
        let narrowed = || {
            let mut budget = SendBudget::new(&outbox, 11, 24_000);
            budget.narrow(9);
            left(&budget)
        };
        assert_eq!(narrowed(), (9, 24_000), "no throttle");
        recorder.set_task(0, Some(60_000));
        assert_eq!(narrowed(), (9, 12_000));
        recorder.set_task(11_000, Some(60_000));
        assert_eq!(narrowed(), (9, 1000));
        recorder.set_task(2000, Some(1000));
        assert_eq!(narrowed(), (9, 500), "the slowest");
        recorder.set_task(2500, Some(1000));
        assert_eq!(narrowed(), (9, 0));
        recorder.set_task(0, Some(u32::MAX));
        assert_eq!(narrowed(), (9, 24_000));
        recorder.set_pressure(20_000);
        assert_eq!(narrowed(), (9, 4000), "of other categories");
    }

    #[test]
    fn kept_allowance_comes_back() {
        let (outbox, _recorder) = recorder(AgentId(Uuid::from_u128(1)), 1);
        let mut budget = SendBudget::new(&outbox, 9, 1000);
        let little = budget.keep(1, 300);
        assert_eq!(left(&budget), (8, 700));
        let much = budget.keep(100, 300);
        assert_eq!(left(&budget), (4, 350));
        budget.release(much);
        budget.release(little);
        assert_eq!(left(&budget), (9, 1000));
        assert_eq!(budget.keep(0, 300), Allowance::default());
    }
}
