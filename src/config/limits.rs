//! The sections `[circuit]`, `[event_queue]` and `[limits]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::{milliseconds, seconds};

/// `[circuit]`: timers and bounds of UDP circuits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CircuitLimits {
    /// A circuit ends when nothing came for this long.
    #[serde(rename = "inactivity_seconds", with = "seconds")]
    pub inactivity: Duration,
    /// The same while the client is paused (`AgentPause`).
    #[serde(rename = "paused_inactivity_seconds", with = "seconds")]
    pub paused_inactivity: Duration,
    /// Time between two `StartPingCheck`.
    #[serde(rename = "ping_interval_seconds", with = "seconds")]
    pub ping_interval: Duration,
    /// A reliable packet is given up (and counted) after this age; the circuit lives on.
    #[serde(rename = "give_up_after_seconds", with = "seconds")]
    pub give_up_after: Duration,
    /// How long an ack waits for company before its `PacketAck` leaves.
    #[serde(rename = "ack_delay_ms", with = "milliseconds")]
    pub ack_delay: Duration,
    /// Reliable packets that may wait for their acks; one more ends the circuit.
    pub max_unacked_packets: u32,
    /// Bytes of such packets.
    pub max_unacked_bytes: u32,
    /// Bytes queued behind the throttles of one circuit, in each category.
    pub max_queued_bytes: u32,
    /// Most that `AgentThrottle` may ask for, bytes per second, all categories together.
    pub max_bytes_per_second: u32,
}

impl Default for CircuitLimits {
    fn default() -> Self {
        Self {
            inactivity: Duration::from_secs(60),
            paused_inactivity: Duration::from_secs(300),
            ping_interval: Duration::from_secs(5),
            give_up_after: Duration::from_secs(60),
            ack_delay: Duration::ZERO,
            max_unacked_packets: 8192,
            max_unacked_bytes: 4 << 20,
            max_queued_bytes: 2 << 20,
            max_bytes_per_second: 1_000_000,
        }
    }
}

/// `[event_queue]`: the long poll of the capability `EventQueueGet`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventQueueConfig {
    /// How long an idle poll is held: below a viewer's own 30 s, above the 10 s under which it
    /// takes the answer for a failure.
    #[serde(rename = "hold_seconds", with = "seconds")]
    pub hold: Duration,
    /// What an idle poll is answered with.
    pub idle: IdleAnswer,
    /// Events that may wait for one agent; more are dropped and counted.
    pub max_events: u32,
    /// Bytes of such events.
    pub max_bytes: u32,
    /// How long the capability still answers after its agent left; some clients end their
    /// process on any error there.
    #[serde(rename = "linger_seconds", with = "seconds")]
    pub linger: Duration,
}

impl Default for EventQueueConfig {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(25),
            idle: IdleAnswer::Empty,
            max_events: 2000,
            max_bytes: 1 << 20,
            linger: Duration::from_secs(10),
        }
    }
}

/// The answer to a poll that saw no event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdleAnswer {
    /// Status 502, as Second Life and OpenSim do.
    #[serde(rename = "502")]
    BadGateway,
    /// Status 200 with an empty array of events: spares some libraries a pause.
    #[serde(rename = "empty")]
    #[default]
    Empty,
}

/// `[limits]`: bounds that no client can exceed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Agents logged in at once, over all regions.
    pub max_sessions: u32,
    /// TCP connections to login and capabilities open at once; then the idlest gives way. Fewer if
    /// the process may not open as many files.
    pub max_http_connections: u32,
    /// Those from one address; never more than three quarters of all.
    pub max_http_connections_per_address: u32,
    /// TCP connections to the control listener open at once.
    pub max_control_connections: u32,
    /// Open files kept back from login and capabilities for everything else: the control listener,
    /// script hosts, the database.
    pub reserved_files: u32,
    /// Body of a login request, bytes.
    pub max_login_body: u32,
    /// Body of a capability request, bytes.
    pub max_cap_body: u32,
    /// Commands that may wait for one region.
    pub region_queue: u32,
    /// Messages on their way to one endpoint task; when it is full, circuits end.
    pub outbox_queue: u32,
    /// Copies of chat lines that one speaker may cause per second (a line costs as many avatars
    /// and scripts as hear it), four times that at once; what goes beyond is dropped and counted.
    pub chat_copies_per_second: u32,
    /// Copies of texts in chat sessions that one speaker may cause per second while the grid is
    /// behind with its deliveries, four times that at once; what goes beyond is refused and counted.
    pub session_copies_per_second: u32,
    /// Instant messages that one agent may send per second, twice that at once; what goes beyond
    /// is dropped and counted, and the agent is told.
    pub instant_messages_per_second: u32,
    /// Bytes that requests of one agent may take while they wait for storage. What goes beyond is not
    /// acked, so that the client sends it again.
    pub waiting_request_bytes: u32,
    /// Messages that may wait for one agent that is not logged in; the senders of more are told.
    pub offline_messages: u32,
    /// Those of them that one sender may leave.
    pub offline_messages_per_sender: u32,
    /// Days that a message waits for its recipient.
    pub offline_days: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            max_sessions: 4096,
            max_http_connections: 8192,
            max_http_connections_per_address: 6144,
            max_control_connections: 256,
            reserved_files: 512,
            max_login_body: 64 << 10,
            max_cap_body: 2 << 20,
            region_queue: 16_384,
            outbox_queue: 65_536,
            chat_copies_per_second: 1_000_000,
            session_copies_per_second: 2000,
            instant_messages_per_second: 5000,
            waiting_request_bytes: 256 << 10,
            offline_messages: 80,
            offline_messages_per_sender: 40,
            offline_days: 31,
        }
    }
}
