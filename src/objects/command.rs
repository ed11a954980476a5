//! External requests to a region's objects: from the control API, script hosts, and the
//! configuration at startup.

use tokio::sync::{oneshot, watch};

use super::call::{CallOutcome, ScriptCall};
use super::clep::TrafficFeed;
use super::driver::HostId;
use super::error::ObjectError;
use super::model::{NewObject, NewScript, PrimChange};
use super::report::{HeardPage, ObjectReport};
use crate::clep::Name;
use crate::ids::{AgentId, PrimId};
use crate::lsl::{EventKinds, ScriptId};

/// Where an answer goes.
pub type Answer<T> = oneshot::Sender<Result<T, ObjectError>>;

/// One request. An object is named by the key of any of its prims.
#[derive(Debug)]
pub enum ObjectCommand {
    /// Makes an object with its prims and scripts, all or nothing. `state_entry` and then `on_rez`
    /// wait for its scripts.
    Create {
        /// What is made.
        object: Box<NewObject>,
        /// What was made.
        answer: Answer<ObjectReport>,
    },
    /// Removes an object. The hosts of its scripts are told, also the one that asks.
    Remove {
        /// Key of its root prim.
        object: PrimId,
        /// Done, or why not.
        answer: Answer<()>,
    },
    /// Tells of one object.
    Report {
        /// Key of its root prim.
        object: PrimId,
        /// What it is like.
        answer: Answer<ObjectReport>,
    },
    /// Tells of all objects, by name and key.
    List(oneshot::Sender<Vec<ObjectReport>>),
    /// Adds a script; its link number counts in the object of `object`.
    AddScript {
        /// To which object.
        object: PrimId,
        /// The script.
        script: NewScript,
        /// Its number.
        answer: Answer<ScriptId>,
    },
    /// Removes a script. Its host is told, also if it asks.
    RemoveScript {
        /// Id of the script.
        script: ScriptId,
        /// Done, or why not.
        answer: Answer<()>,
    },
    /// A script goes to another state, or is reset: listens and waiting events are gone.
    ChangeState {
        /// Id of the script.
        script: ScriptId,
        /// What the new state handles.
        handlers: EventKinds,
        /// Done, or why not.
        answer: Answer<()>,
    },
    /// Changes a prim, or the object it is of; scripts are told by `changed` where LSL tells them.
    Change {
        /// Key of the prim.
        prim: PrimId,
        /// The properties to set.
        change: PrimChange,
        /// Done, or why not.
        answer: Answer<()>,
    },
    /// A script makes a call.
    Call {
        /// Id of the script.
        script: ScriptId,
        /// The call.
        call: Box<ScriptCall>,
        /// What it returned.
        answer: Answer<CallOutcome>,
    },
    /// An avatar that is here touches a prim, as by `ObjectGrab`.
    Touch {
        /// Which prim.
        prim: PrimId,
        /// Id of the avatar.
        agent: AgentId,
        /// How many scripts were told.
        answer: Answer<usize>,
    },
    /// Gives what the recorded scripts of an object heard.
    Heard {
        /// Which object.
        object: PrimId,
        /// Only what has a higher number; 0 for all that is kept.
        after: u64,
        /// The events.
        answer: Answer<HeardPage>,
    },
    /// Lets somebody wait for what the recorded scripts of an object hear: the number of the latest
    /// event, until the object is gone.
    FollowHeard {
        /// Which object.
        object: PrimId,
        /// The number.
        answer: Answer<watch::Receiver<u64>>,
    },
    /// The connection of a script host is over.
    HostGone {
        /// Number of the host.
        host: HostId,
        /// Its objects stay, without anybody to run their scripts; else they are removed.
        keep: bool,
    },
    /// The observer writes down what is said under this name from now on.
    WatchClep {
        /// Dialect, service and domain.
        name: Name,
        /// Its channel.
        answer: Answer<i32>,
    },
    /// What the observer has written down, and what follows.
    ClepTraffic(oneshot::Sender<TrafficFeed>),
}
