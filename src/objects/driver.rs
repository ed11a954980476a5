//! Who runs a script: an external program, a built-in behaviour, or nobody.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::behaviour::Behaviour;
use super::clep::{ClepReceived, LepReceived};
use crate::ids::{PrimId, RegionId};
use crate::lsl::{Event, ScriptId};

/// One connection of a script host; never used again in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u64);

/// The way to a script host.
#[derive(Clone, Debug)]
pub struct HostLink {
    /// Which connection.
    pub id: HostId,
    /// Bounded; what does not fit is dropped and counted.
    pub events: mpsc::Sender<HostEvent>,
}

/// Who runs a script.
#[derive(Clone, Debug)]
pub enum Driver {
    /// A program at the other end of a connection.
    Host(HostLink),
    /// A built-in behaviour.
    Behaviour(Behaviour),
    /// Nobody: its events are kept, the latest of them, for whoever asks by the control API.
    Recorder,
}

/// Something that happens to a script.
#[derive(Clone, Debug, PartialEq)]
pub enum ScriptEvent {
    /// An event with LSL's arguments.
    Lsl(Event),
    /// A CLEP message that the script takes.
    Clep(Box<ClepReceived>),
    /// A LEP message that the script takes.
    Lep(Box<LepReceived>),
    /// An error that LSL tells on the debug channel.
    Error(Arc<str>),
    /// The script is gone with its object, by somebody else's doing; nothing follows.
    Gone,
}

/// An event on its way to a script host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostEvent {
    /// In which region.
    pub region: RegionId,
    /// The script's object, by its root prim.
    pub object: PrimId,
    /// The script's prim.
    pub prim: PrimId,
    /// The script; its number is the region's own.
    pub script: ScriptId,
    /// What happened.
    pub event: ScriptEvent,
}
