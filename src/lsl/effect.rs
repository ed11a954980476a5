//! Effects of the bus: lines, dialogs and messages for avatars, as data.
//!
//! The bus sends nothing itself. Its owner takes the effects and turns them into messages to
//! viewers.

use std::sync::Arc;

use uuid::Uuid;

use super::ScriptId;
use super::objects::Owner;
use crate::ids::{AgentId, PrimId};
use crate::message::Vector3;

/// The channel that avatars see.
pub const PUBLIC_CHANNEL: i32 = 0;
/// The channel of script errors; avatars see it, too.
pub const DEBUG_CHANNEL: i32 = i32::MAX;

/// Something that happens outside the bus.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A `ChatFromSimulator` to some avatars.
    Chat {
        /// Who sees it.
        audience: Audience,
        /// What they see.
        line: ChatLine,
    },
    /// A `ScriptDialog` to one avatar.
    Dialog(ScriptDialog),
    /// An instant message from an object: dialog 19, the session's id is the prim's key.
    InstantMessage(ObjectMessage),
    /// A script's run-time error. It is also a line on the debug channel; this one is for logs and
    /// tests.
    ScriptError {
        /// Whose error.
        script: ScriptId,
        /// The prim that holds the script.
        prim: PrimId,
        /// The error, as the debug channel has it.
        text: Arc<str>,
    },
}

/// Which avatars see a line. [`ChatBus::hearers`](super::ChatBus::hearers) names them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Audience {
    /// One avatar. It may have just left, where the rules let `llOwnerSay` follow it.
    Agent(AgentId),
    /// Avatars at most `range` metres from `center`.
    Within {
        /// Region-local, in metres.
        center: Vector3,
        /// In metres; avatars at exactly this distance hear.
        range: f32,
        /// Whether child agents are among them.
        children: bool,
    },
    /// All avatars of the region, without child agents.
    Region,
}

/// `ChatFromSimulator` without its wire form.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatLine {
    /// `FromName`.
    pub from: Arc<str>,
    /// `SourceID`: the prim's or avatar's key.
    pub source: Uuid,
    /// `OwnerID`, by which viewers mute; an avatar's own key for avatars. OpenSim leaves it null in
    /// shouts, which is not imitated.
    pub owner: Uuid,
    /// `SourceType`.
    pub source_type: SourceType,
    /// `ChatType`.
    pub chat_type: ChatType,
    /// `Position`: the speaker's, region-local.
    pub position: Vector3,
    /// `Message`, at most [`VIEWER_TEXT`] bytes, the zero at its end not among them.
    pub text: Arc<str>,
}

/// Most bytes of chat to a viewer, without the zero at the end.
pub const VIEWER_TEXT: usize = 1023;

/// `SourceType`: who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceType {
    /// The grid.
    System = 0,
    /// An avatar.
    Agent = 1,
    /// A prim.
    Object = 2,
}

/// `ChatType`: how it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatType {
    /// Whispered.
    Whisper = 0,
    /// Said.
    Say = 1,
    /// Shouted.
    Shout = 2,
    /// Begins to type; no text. Not by the bus.
    StartTyping = 4,
    /// Ends typing; no text. Not by the bus.
    StopTyping = 5,
    /// On the debug channel.
    Debug = 6,
    /// Said to the region.
    Region = 7,
    /// By `llOwnerSay`.
    Owner = 8,
    /// By `llRegionSayTo`.
    Direct = 9,
}

/// `ScriptDialog` without its wire form.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptDialog {
    /// The avatar that sees it.
    pub to: AgentId,
    /// `ObjectID`: the prim that asks. Answers name it.
    pub prim: PrimId,
    /// `ObjectName`: the prim's name.
    pub object_name: Arc<str>,
    /// `FirstName`, `LastName` and `OwnerID`.
    pub owner: Owner,
    /// `Message`, at most 512 bytes.
    pub message: String,
    /// `ChatChannel`: where the answer is said.
    pub channel: i32,
    /// `ButtonLabel`s, 1 to 12, each at most 24 bytes; [`TEXT_BOX`] alone asks for a text.
    pub buttons: Vec<String>,
}

/// The one label of a text box.
pub const TEXT_BOX: &str = "!!llTextBox!!";

/// `ImprovedInstantMessage` with dialog 19, without its wire form.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectMessage {
    /// To whom, wherever that avatar is.
    pub to: AgentId,
    /// The prim that writes: the session's id.
    pub prim: PrimId,
    /// The prim's name: `FromAgentName`.
    pub object_name: Arc<str>,
    /// The object's owner.
    pub owner: Owner,
    /// The prim's place, for the bucket `region/x/y/z`.
    pub position: Vector3,
    /// The text.
    pub text: Arc<str>,
}
