//! Inputs and outputs of a circuit other than datagrams.

use std::fmt;

use bytes::Bytes;
use thiserror::Error;
use uuid::Uuid;

use super::stats::DropReason;
use crate::message::{Encoded, MessageId};

/// What a message is for; decides which bucket of the throttle it waits at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Never waits: chat, instant messages, handshakes, whatever a person waits for.
    Unthrottled,
    /// Repetitions.
    Resend,
    /// Terrain.
    Land,
    /// Wind patches.
    Wind,
    /// Cloud patches.
    Cloud,
    /// Objects and avatars.
    Task,
    /// Textures.
    Texture,
    /// Other assets.
    Asset,
}

impl Category {
    /// The throttled categories in the order of `AgentThrottle`.
    pub const THROTTLED: [Self; 7] =
        [Self::Resend, Self::Land, Self::Wind, Self::Cloud, Self::Task, Self::Texture, Self::Asset];

    /// The name in lower case, for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unthrottled => "unthrottled",
            Self::Resend => "resend",
            Self::Land => "land",
            Self::Wind => "wind",
            Self::Cloud => "cloud",
            Self::Task => "task",
            Self::Texture => "texture",
            Self::Asset => "asset",
        }
    }
}

/// A message on its way out. Cloning shares the encoded bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Number and body.
    pub message: Encoded,
    /// Whether it is repeated until acked.
    pub reliable: bool,
    /// Which throttle it obeys.
    pub category: Category,
    /// The agent or object that caused it; `None` for what the grid says by itself. Such a message
    /// is refused, and does not end the circuit, when too much of its sender waits already.
    pub origin: Option<Uuid>,
    /// What it tells the latest state of; `None` if each such message counts.
    pub supersedes: Option<Supersedes>,
}

/// A state of which only the latest matters: a message about it replaces earlier ones that wait to be
/// sent or acked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Supersedes {
    /// Which state.
    pub state: LatestState,
    /// Whose.
    pub subject: Uuid,
}

/// Kinds of states that messages tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LatestState {
    /// Whether an avatar types in nearby chat.
    ChatTyping,
    /// Whether an avatar types in an instant message.
    ImTyping,
    /// Which animations an avatar plays.
    Animations,
    /// Where an avatar stands.
    Place,
}

impl LatestState {
    /// Whether nobody misses it: dropped first when much waits.
    pub(super) const fn is_typing(self) -> bool {
        matches!(self, Self::ChatTyping | Self::ImTyping)
    }
}

impl Outgoing {
    /// A message of the grid itself.
    pub const fn new(message: Encoded, reliable: bool, category: Category) -> Self {
        Self { message, reliable, category, origin: None, supersedes: None }
    }

    /// One that is repeated until acked.
    pub const fn reliable(message: Encoded, category: Category) -> Self {
        Self::new(message, true, category)
    }

    /// One that is sent once.
    pub const fn unreliable(message: Encoded, category: Category) -> Self {
        Self::new(message, false, category)
    }

    /// The same message as caused by an agent or an object.
    #[must_use]
    pub fn from(self, origin: Uuid) -> Self {
        Self { origin: Some(origin), ..self }
    }

    /// The same message as one that tells the latest state of `subject`.
    #[must_use]
    pub fn superseding(self, state: LatestState, subject: Uuid) -> Self {
        Self { supersedes: Some(Supersedes { state, subject }), ..self }
    }
}

/// What a circuit reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CircuitEvent {
    /// A message arrived: a reliable one exactly once, an unreliable one as often as the network
    /// delivers it. Acks and pings never show here. Whoever goes on to the next event has taken
    /// it, and only then it is acked; see [`super::Circuit::refuse`].
    Message {
        /// Which message; any number, known or not.
        id: MessageId,
        /// The plain body behind the number.
        body: Bytes,
        /// Whether the sender wants an ack.
        reliable: bool,
        /// Whether this was a repetition (of something that did not arrive before).
        resent: bool,
        /// The packet's number as the sender wrote it.
        sequence: u32,
    },
    /// A reliable message was never acked and is repeated no longer. The circuit goes on.
    GaveUp {
        /// Which message.
        id: MessageId,
    },
    /// The peer has acked a message that was sent by [`super::Circuit::send_tracked`].
    Acked {
        /// The sender's name for it.
        token: u64,
    },
    /// A message that was sent by [`super::Circuit::send_tracked`] was given up.
    Lost {
        /// The sender's name for it.
        token: u64,
    },
    /// The circuit is over; nothing but already queued unthrottled messages leaves any more, and no
    /// tracked message will be told as acked.
    Closed {
        /// Which side ended it, or which limit.
        reason: CloseReason,
    },
}

impl CircuitEvent {
    /// Whether an ack depends on somebody taking it.
    pub(super) const fn wants_ack(&self) -> bool {
        matches!(self, Self::Message { reliable: true, .. })
    }
}

/// Why a circuit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Nothing was received for the configured time.
    Silence,
    /// Too much waits for acks.
    ResendBufferFull,
    /// Messages for it came faster than its endpoint could take them.
    OutboxFull,
    /// The agent logged out.
    Logout,
    /// The peer closed its end.
    ClosedByPeer,
    /// The agent was thrown out.
    Kicked,
    /// The same agent came again.
    Superseded,
    /// The agent's work with the region is over (left for another one).
    Left,
    /// The simulator stops.
    Shutdown,
}

impl CloseReason {
    /// The reason in lower case words joined by underscores, for metrics and the control API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::ResendBufferFull => "resend_buffer_full",
            Self::OutboxFull => "outbox_full",
            Self::Logout => "logout",
            Self::ClosedByPeer => "closed_by_peer",
            Self::Kicked => "kicked",
            Self::Superseded => "superseded",
            Self::Left => "left",
            Self::Shutdown => "shutdown",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a message was not taken. An unreliable one is counted as dropped; a reliable one is the
/// caller's to keep or to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// The queue of its category is full.
    #[error("queue of category {} is full", .0.as_str())]
    QueueFull(Category),
    /// Too much of the same sender, or of all senders together, waits already.
    #[error("too much of its sender waits to be acked")]
    ShareFull,
    /// The peer acks nothing, and enough waits for it.
    #[error("the peer acks nothing")]
    Silent,
    /// No receiver takes a packet of this size.
    #[error("message of {0} bytes is longer than any receiver accepts")]
    TooLong(usize),
    /// The circuit is over, or about to be.
    #[error("circuit is closed")]
    Closed,
}

impl SendError {
    /// The reason under which the drop is counted.
    pub(super) const fn reason(self) -> DropReason {
        match self {
            Self::QueueFull(_) => DropReason::QueueFull,
            Self::ShareFull => DropReason::ShareFull,
            Self::Silent => DropReason::Silent,
            Self::TooLong(_) => DropReason::TooLong,
            Self::Closed => DropReason::Closed,
        }
    }
}
