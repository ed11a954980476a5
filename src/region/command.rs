//! Commands that sessions send to a region. They are its only input besides ticks.
//!
//! Every command names its agent. A command for an agent that is not here is ignored and counted,
//! because commands and departures may cross. Output goes to the agents' outboxes, except for
//! answers with their own reply channel.

use std::sync::Arc;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::snapshot::RegionSnapshot;
use super::whereabouts::Whereabouts;
use crate::circuit::Outgoing;
use crate::ids::{AgentId, LocalId, SessionId};
use crate::message::{AgentSetAppearance, AgentUpdate, ParcelPropertiesRequest, Vector3};
use crate::objects::ObjectCommand;
use crate::outbox::Outbox;

/// One request to a region.
#[derive(Debug)]
pub enum Command {
    /// An agent arrives: its `CompleteAgentMovement` came for the first time.
    Enter(Box<Arrival>),
    /// `CompleteAgentMovement` came again; `AgentMovementComplete` is repeated.
    MovementCompleteAgain {
        /// Id of the agent.
        agent: AgentId,
    },
    /// `RegionHandshakeReply`: the client is ready for objects and avatars.
    HandshakeReply {
        /// Id of the agent.
        agent: AgentId,
        /// `RegionInfo.Flags`.
        flags: u32,
    },
    /// `AgentUpdate`.
    Movement {
        /// Id of the agent.
        agent: AgentId,
        /// The packet's 24-bit sequence number; older updates than the last are dropped.
        sequence: u32,
        /// The message, fields unchecked.
        update: Box<AgentUpdate>,
    },
    /// `ChatFromViewer`.
    Chat {
        /// Who speaks.
        agent: AgentId,
        /// What, of any length.
        text: String,
        /// `ChatData.Type`.
        kind: u8,
        /// `ChatData.Channel`.
        channel: i32,
    },
    /// A line of chat from the region itself, to one agent or to all.
    SystemChat {
        /// Who gets it; everybody if `None`.
        to: Option<AgentId>,
        /// UTF-8 as the client sent it.
        text: String,
    },
    /// `SetAlwaysRun`.
    AlwaysRun {
        /// Id of the agent.
        agent: AgentId,
        /// Run instead of walking.
        on: bool,
    },
    /// `AgentRequestSit`.
    RequestSit {
        /// Id of the agent.
        agent: AgentId,
        /// What to sit on.
        target: Uuid,
        /// Where on it.
        offset: Vector3,
    },
    /// `AgentSit`.
    Sit {
        /// Id of the agent.
        agent: AgentId,
    },
    /// `AgentAnimation`: animations to start (true) or stop.
    Animation {
        /// Id of the agent.
        agent: AgentId,
        /// Animation ids and whether to start them.
        changes: Vec<(Uuid, bool)>,
    },
    /// `AgentSetAppearance`.
    Appearance {
        /// Id of the agent.
        agent: AgentId,
        /// The message, fields unchecked.
        message: Box<AgentSetAppearance>,
    },
    /// The title of the agent's active group changed.
    GroupTitle {
        /// Id of the agent.
        agent: AgentId,
        /// The new title; empty for none.
        title: String,
    },
    /// `ParcelPropertiesRequest`; answered by the event queue.
    ParcelProperties {
        /// Id of the agent.
        agent: AgentId,
        /// The message, fields unchecked.
        request: Box<ParcelPropertiesRequest>,
    },
    /// `ParcelDwellRequest`.
    ParcelDwell {
        /// Id of the agent.
        agent: AgentId,
        /// The parcel's number, echoed.
        local_id: i32,
    },
    /// `RequestMultipleObjects`: send these avatars and prims in full again.
    RequestObjects {
        /// Id of the agent.
        agent: AgentId,
        /// Local ids.
        ids: Vec<u32>,
    },
    /// Moves an agent to another place of the region and tells its client by `TeleportLocal`.
    TeleportLocal {
        /// Id of the agent.
        agent: AgentId,
        /// Where to.
        position: Vector3,
        /// Which way it looks.
        look_at: Vector3,
    },
    /// The agent is gone, for whatever reason. Harmless when repeated.
    Leave {
        /// Id of the agent.
        agent: AgentId,
        /// Which login ended; the farewell of an older login does not evict a newer one.
        session: SessionId,
    },
    /// `ScriptDialogReply`: an answer to a dialog, or what was typed on a negative channel.
    DialogReply {
        /// Id of the agent.
        agent: AgentId,
        /// `ObjectID`: the prim that asked, or the agent itself.
        object: Uuid,
        /// `ChatChannel`.
        channel: i32,
        /// `ButtonLabel`: any text.
        label: String,
    },
    /// Something that the agent's client shows and others in range are to see.
    Relay {
        /// The sender.
        agent: AgentId,
        /// The message, with nothing in it that is the sender's secret.
        outgoing: Outgoing,
    },
    /// The agent's avatar walks to a place by itself.
    Autopilot {
        /// The agent.
        agent: AgentId,
        /// Region-local metres, unchecked; the height does not count.
        to: Vector3,
    },
    /// `RequestTaskInventory`; answered by `ReplyTaskInventory`.
    TaskInventory {
        /// The agent.
        agent: AgentId,
        /// The prim's number, unchecked.
        local_id: LocalId,
    },
    /// `ObjectGrab`: the agent touches a prim.
    Touch {
        /// Id of the agent.
        agent: AgentId,
        /// The prim's number, unchecked.
        local_id: LocalId,
    },
    /// `ObjectSelect`; answered by `ObjectProperties`.
    SelectObjects {
        /// Id of the agent.
        agent: AgentId,
        /// Numbers of prims, unchecked.
        ids: Vec<u32>,
    },
    /// `RequestObjectPropertiesFamily`.
    ObjectFamily {
        /// Id of the agent.
        agent: AgentId,
        /// `RequestFlags`, echoed.
        flags: u32,
        /// The prim's key, unchecked.
        object: Uuid,
    },
    /// Something about objects; those commands carry their own way back.
    Objects(ObjectCommand),
    /// Asks for a picture of the region.
    Snapshot(oneshot::Sender<RegionSnapshot>),
}

/// An agent at the door.
#[derive(Debug)]
pub struct Arrival {
    /// The agent, also the avatar's `FullID`.
    pub agent: AgentId,
    /// Its session, told in `AgentMovementComplete`.
    pub session: SessionId,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// The way back to the client.
    pub outbox: Outbox,
    /// Where it arrives; put into the region and above the ground.
    pub position: Vector3,
    /// Which way it looks; made horizontal and of length 1.
    pub look_at: Vector3,
    /// Where others read its place; the region writes it.
    pub whereabouts: Arc<Whereabouts>,
}
