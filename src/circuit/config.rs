//! The settings of a circuit.

use std::time::Duration;

use crate::message::Encoded;

/// Largest datagram that is built, in bytes; bigger single messages are sent all the same.
pub const MTU: usize = 1200;

/// How a circuit behaves. The defaults are those of a simulator towards a client that it trusts.
#[derive(Clone, Debug)]
pub struct CircuitConfig {
    /// Sequence number of the first packet.
    pub first_sequence: u32,
    /// Id of the first own ping.
    pub first_ping: u8,
    /// How acks travel.
    pub ack_carrier: AckCarrier,
    /// How long an ack may wait for company. Zero: it goes with the next poll, which already
    /// bundles the acks of everything that the endpoint read in one go. Some clients send one
    /// reliable message after the other and wait for each ack, so waiting costs login time.
    pub ack_delay: Duration,
    /// Acks that are sent without waiting once this many have gathered.
    pub ack_batch: usize,
    /// Interval of own pings; `None` never pings.
    pub ping_interval: Option<Duration>,
    /// Resend time-out while no round trip was measured.
    pub rto_initial: Duration,
    /// Shortest resend time-out.
    pub rto_min: Duration,
    /// Longest resend time-out of one packet, back-off included.
    pub rto_max: Duration,
    /// Longest wait between two probes of a peer that acks nothing.
    pub probe_max: Duration,
    /// A reliable message that was not acked this long after it first left is given up.
    pub give_up_after: Duration,
    /// Bounds of what waits for acks; passing them ends the circuit.
    pub unacked_limit: QueueLimit,
    /// Bounds of what one sender ([`Outgoing::origin`](super::Outgoing)) may have waiting, to be sent
    /// or acked. All senders together may have three quarters of [`CircuitConfig::unacked_limit`].
    pub sender_limit: QueueLimit,
    /// Bounds of what all senders together may have waiting at a peer that acks nothing for
    /// [`CircuitConfig::silent_after`]; one sender may have a quarter of it.
    pub silent_limit: QueueLimit,
    /// How long a peer may ack nothing, while something waits for its ack, before the smaller limits
    /// hold. Above the time for which a busy client stands still.
    pub silent_after: Duration,
    /// Bytes that may wait for acks before [`Circuit::pressure`](super::Circuit::pressure) counts
    /// them; a quarter of it while the peer acks nothing.
    pub unacked_window: usize,
    /// Bounds of what waits to be sent without throttle.
    pub unthrottled_limit: QueueLimit,
    /// Bounds of what waits behind the throttle, for each category.
    pub category_limit: QueueLimit,
    /// Events that may wait; with more of them, packets are dropped unacked.
    pub event_limit: usize,
    /// Reliable sequence numbers that are remembered at most (rounded up to a power of two, at
    /// least 1024), 8 bytes each; the table grows only as needed.
    pub seen_limit: usize,
    /// How long a reliable sequence number counts as seen after its last arrival. Must be well
    /// above the peer's resend interval and below the time in which its numbers come round again.
    pub seen_for: Duration,
    /// The circuit ends when nothing was received for this long.
    pub idle_timeout: Duration,
    /// The same while the client said that it is paused.
    pub paused_timeout: Duration,
    /// Bytes that may leave for each byte that came, until the peer has proven by an ack or by the
    /// answer to a ping that its address is its own; `None` trusts it from the start.
    pub unproven_ratio: Option<u32>,
    /// Whether categories are throttled at all (a client's own sending is not).
    pub throttled: bool,
    /// Highest sum of all category rates, in bytes per second.
    pub throttle_max: u32,
    /// Rates before the first `AgentThrottle`, bytes per second: Resend, Land, Wind, Cloud, Task,
    /// Texture, Asset.
    pub throttle_initial: [u32; 7],
    /// Sent once, unreliably, as the last datagram when the circuit ends by itself
    /// (a simulator's `DisableSimulator`).
    pub farewell: Option<Encoded>,
}

impl Default for CircuitConfig {
    fn default() -> Self {
        Self {
            first_sequence: 1,
            first_ping: 0,
            ack_carrier: AckCarrier::Message,
            ack_delay: Duration::ZERO,
            ack_batch: 10,
            ping_interval: Some(Duration::from_secs(5)),
            rto_initial: Duration::from_secs(1),
            rto_min: Duration::from_millis(250),
            rto_max: Duration::from_secs(3),
            probe_max: Duration::from_secs(8),
            give_up_after: Duration::from_secs(60),
            unacked_limit: QueueLimit { packets: 4096, bytes: 2 << 20 },
            sender_limit: QueueLimit { packets: 1024, bytes: 256 << 10 },
            silent_limit: QueueLimit { packets: 192, bytes: 96 << 10 },
            silent_after: Duration::from_secs(2),
            unacked_window: 64 << 10,
            unthrottled_limit: QueueLimit { packets: 2048, bytes: 1 << 20 },
            category_limit: QueueLimit { packets: 2048, bytes: 1 << 20 },
            event_limit: 1024,
            seen_limit: 8192,
            seen_for: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(60),
            paused_timeout: Duration::from_secs(300),
            unproven_ratio: None,
            throttled: true,
            throttle_max: 640_000,
            throttle_initial: [6625, 9125, 1750, 1750, 18500, 18500, 10500],
            farewell: None,
        }
    }
}

impl CircuitConfig {
    /// The client's end of a circuit: not throttled, remembers more numbers because simulators
    /// send faster.
    pub fn client() -> Self {
        Self { throttled: false, seen_limit: 1 << 16, ..Self::default() }
    }
}

/// How acks travel to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckCarrier {
    /// In `PacketAck` messages only: some clients read no others.
    Message,
    /// Appended to whatever is sent first, in `PacketAck` after [`CircuitConfig::ack_delay`].
    /// What came in twice is acked by `PacketAck` all the same.
    Append,
}

/// Bounds of a queue; both hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimit {
    /// Most packets.
    pub packets: usize,
    /// Most bytes, counted from packet offset 6.
    pub bytes: usize,
}

impl QueueLimit {
    /// `of` parts of `all`.
    pub(super) const fn part(self, of: usize, all: usize) -> Self {
        Self { packets: self.packets / all * of, bytes: self.bytes / all * of }
    }

    /// The smaller one of each.
    pub(super) fn min(self, other: Self) -> Self {
        Self { packets: self.packets.min(other.packets), bytes: self.bytes.min(other.bytes) }
    }
}
