//! A picture of a region for the control API and for tests. It holds copies only.

use crate::ids::{AgentId, LocalId, SessionId};
use crate::message::Vector3;
use crate::time::Timestamp;

/// A region at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionSnapshot {
    /// Everybody who is here, in order of arrival places.
    pub agents: Vec<AgentSnapshot>,
    /// Collection sizes and drop counters.
    pub counts: super::RegionCounts,
}

/// One agent at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentSnapshot {
    /// The agent.
    pub agent: AgentId,
    /// Its session.
    pub session: SessionId,
    /// First and last name.
    pub name: String,
    /// The avatar's number in the region.
    pub local_id: LocalId,
    /// Region-local place in metres.
    pub position: Vector3,
    /// Metres per second.
    pub velocity: Vector3,
    /// In the air by own power.
    pub flying: bool,
    /// Seated, on the ground too.
    pub sitting: bool,
    /// Its client answered the handshake.
    pub ready: bool,
    /// When it came.
    pub entered: Timestamp,
    /// Avatars whose last state this agent was not told yet.
    pub pending_updates: usize,
}
