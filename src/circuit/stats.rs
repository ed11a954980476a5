//! Counters of a circuit. Numbers only; names and metrics are made elsewhere.

use std::time::Duration;

/// Counters since the circuit began, and gauges at the moment of asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Valid packets received.
    pub packets_in: u64,
    /// Bytes of valid packets received.
    pub bytes_in: u64,
    /// Datagrams written, repetitions included.
    pub packets_out: u64,
    /// Bytes of datagrams written.
    pub bytes_out: u64,
    /// Repetitions written.
    pub resends: u64,
    /// Those of them that asked a peer that acked nothing whether it is still there.
    pub probes: u64,
    /// Reliable packets that came again and were only acked.
    pub duplicates: u64,
    /// Acks received that named a packet which waited for one.
    pub acks_in: u64,
    /// Acks written.
    pub acks_out: u64,
    /// Reliable messages that were never acked.
    pub gave_up: u64,
    /// How often something had to wait because the peer had not proven its address.
    pub held_back: u64,
    /// Datagrams written that were bigger than [`super::MTU`].
    pub oversized: u64,
    /// Drops by reason.
    pub drops: Drops,
    /// Gauge: packets that wait for an ack.
    pub unacked_packets: usize,
    /// Gauge: their bytes.
    pub unacked_bytes: usize,
    /// Gauge: bytes that wait behind the throttle.
    pub backlog: usize,
    /// Gauge: smoothed round trip of pings.
    pub round_trip: Option<Duration>,
    /// Gauge: resend time-out of a first transmission.
    pub resend_timeout: Duration,
    /// Gauge: whether the peer's address is proven, or trusted.
    pub proven: bool,
}

/// Why something was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// A datagram that is no packet.
    Malformed,
    /// It came, or waited, when the circuit was closed.
    Closed,
    /// The owner did not take events; the packet was not acked.
    EventsFull,
    /// An unreliable message found its queue full.
    QueueFull,
    /// An unreliable message was longer than any receiver accepts.
    TooLong,
    /// An ack found no room; the peer's repetition brings it up again.
    AcksFull,
    /// A ping's answer found no room.
    PingsFull,
    /// Its handler had no room; the packet was not acked.
    Busy,
    /// Too much of its sender waits already.
    ShareFull,
    /// The peer acks nothing, and enough waits for it.
    Silent,
    /// A newer message tells the same, so this one was not sent, or not repeated.
    Superseded,
}

impl DropReason {
    /// All reasons.
    pub const ALL: [Self; 11] = [
        Self::Malformed,
        Self::Closed,
        Self::EventsFull,
        Self::QueueFull,
        Self::TooLong,
        Self::AcksFull,
        Self::PingsFull,
        Self::Busy,
        Self::ShareFull,
        Self::Silent,
        Self::Superseded,
    ];

    /// The reason in lower case words joined by underscores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Closed => "closed",
            Self::EventsFull => "events_full",
            Self::QueueFull => "queue_full",
            Self::TooLong => "too_long",
            Self::AcksFull => "acks_full",
            Self::PingsFull => "pings_full",
            Self::Busy => "busy",
            Self::ShareFull => "share_full",
            Self::Silent => "silent",
            Self::Superseded => "superseded",
        }
    }
}

/// A counter for each [`DropReason`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops([u64; DropReason::ALL.len()]);

impl Drops {
    /// Counts one drop.
    pub fn count(&mut self, reason: DropReason) {
        self.add(reason, 1);
    }

    /// Counts several.
    pub fn add(&mut self, reason: DropReason, number: usize) {
        self.0[reason as usize] += number as u64;
    }

    /// How often something was dropped for `reason`.
    pub fn of(&self, reason: DropReason) -> u64 {
        self.0[reason as usize]
    }

    /// All reasons with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL.into_iter().map(|reason| (reason, self.of(reason)))
    }

    /// All drops together.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}
