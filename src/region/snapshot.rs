//! A snapshot of a region for the control API and for tests. It contains only copies.

use crate::ids::{AgentId, LocalId, SessionId};
use crate::lsl;
use crate::message::Vector3;
use crate::objects::{ClepCounters, ObjectCounters};
use crate::time::Timestamp;

/// A region at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionSnapshot {
    /// Everybody who is here, in order of arrival places.
    pub agents: Vec<AgentSnapshot>,
    /// Collection sizes and drop counters.
    pub counts: RegionCounts,
    /// What happened since the start.
    pub counters: RegionCounters,
    /// What happened on the bus of its scripts since the start.
    pub bus: lsl::Counters,
    /// What happened to its objects besides.
    pub objects: ObjectCounters,
    /// What the observer of CLEP has counted.
    pub clep: ClepCounters,
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

/// Sizes of a region's collections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegionCounts {
    /// Avatars in the region.
    pub avatars: usize,
    /// Places in its tables, free ones included.
    pub slots: usize,
    /// Entries in the indexes by agent and by local id.
    pub index_entries: usize,
    /// Entries in the grid of places.
    pub grid_entries: usize,
    /// Avatars that clients show, over all clients.
    pub known: usize,
    /// Avatars that clients were not told the last state of, over all clients.
    pub pending_updates: usize,
    /// Prims that clients show, over all clients.
    pub known_prims: usize,
    /// Prims that clients were not told the last state of, over all clients.
    pub pending_prims: usize,
    /// Removed avatars and prims of which clients were not notified, over all clients.
    pub pending_kills: usize,
    /// Terrain packets that clients did not get yet, over all clients.
    pub land_pending: usize,
}

/// What happened in a region since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegionCounters {
    /// Agents that entered.
    pub entered: u64,
    /// Agents that left.
    pub left: u64,
    /// Lines of chat spoken to avatars.
    pub chat_lines: u64,
    /// Copies of them.
    pub chat_deliveries: u64,
    /// Lines and answers on channels that only scripts hear.
    pub chat_for_scripts: u64,
    /// Dropped: lines without text or of a type that clients may not send.
    pub chat_refused: u64,
    /// Dropped: lines and answers of speakers who cause more copies than they may.
    pub chat_flooded: u64,
    /// Dropped: `AgentUpdate`s that were older than the last.
    pub stale_movements: u64,
    /// Dropped: starts of animations beyond what one avatar may play.
    pub animations_refused: u64,
    /// Dropped: looks too large to be relayed.
    pub appearances_refused: u64,
    /// Dropped: requests to sit on something that is not there.
    pub sits_refused: u64,
    /// Effects and sounds of clients that were passed on.
    pub relayed: u64,
    /// Dropped: effects and sounds of clients that send too many.
    pub relays_flooded: u64,
    /// Dropped: questions about parcels outside the region.
    pub parcels_refused: u64,
    /// Dropped: commands for agents that are not here.
    pub unknown_agent: u64,
    /// Lines of objects to avatars.
    pub object_lines: u64,
    /// Copies of them.
    pub object_copies: u64,
    /// Dialogs that objects showed.
    pub object_dialogs: u64,
    /// Instant messages of objects.
    pub object_messages: u64,
    /// Touches of prims.
    pub touches: u64,
    /// Dropped: lines and dialogs of objects to avatars that mute them, each copy.
    pub object_muted: u64,
    /// Dropped: lines and dialogs of objects to an avatar that is not here any more.
    pub object_audience_gone: u64,
    /// Dropped: instant messages of objects in a region without a gate.
    pub object_messages_lost: u64,
    /// Dropped: what clients ask about objects that are not here, or not theirs to see.
    pub unknown_objects: u64,
    /// Dropped: questions about objects by clients that lag.
    pub properties_refused: u64,
    /// Packets of updates sent.
    pub update_packets: u64,
    /// Times that a client got no updates in a tick because it lagged.
    pub lagging_ticks: u64,
}
