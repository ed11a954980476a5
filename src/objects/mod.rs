//! The objects of one region: their prims as viewers see them, their scripts and who runs them, and
//! their chat with each other and with avatars.
//!
//! [`Objects`] is a state machine around the chat bus of [`crate::lsl`]. Actions of avatars and
//! external requests go in, together with the time. Events go to each script's [`Driver`], effects
//! for avatars come out, and [`Prims`] is what viewers are shown. It knows no circuits and no
//! sockets; the region carries out its effects.

mod answering;
mod apply;
mod avatars;
mod behaviour;
mod call;
mod calls;
mod change;
mod check;
mod clep;
mod command;
mod counters;
mod create;
mod driver;
mod error;
mod heard;
mod model;
mod prims;
mod remove;
mod report;
mod run;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use self::answering::Answering;
use self::clep::Clep;
use self::heard::Heard;

pub use behaviour::{AnswerConfig, Behaviour, ListenConfig, Manner};
pub use call::{CallOutcome, ScriptCall};
pub use clep::{
    ClepCounters, ClepListen, ClepReceived, ClepSend, ClepSent, LepListen, LepReceived, LepSend,
    Outcome, Receiver, Traffic, TrafficFeed, Warning,
};
pub use command::{Answer, ObjectCommand};
pub use counters::ObjectCounters;
pub use driver::{Driver, HostEvent, HostId, HostLink, ScriptEvent};
pub use error::ObjectError;
pub use model::{NewObject, NewPrim, NewScript, PrimChange, Shape};
pub use prims::{FIRST_LOCAL_ID, PrimView, Prims};
pub use report::{HeardEvent, HeardPage, ObjectReport, PrimReport, ScriptReport};

use crate::ids::{PrimId, RegionId};
use crate::lsl::{self, ChatBus, ScriptId};
use crate::time::Timestamp;

/// How the objects of a region behave.
#[derive(Clone, Debug)]
pub struct ObjectSettings {
    /// The bus: flavour, throttles, limits.
    pub bus: lsl::Settings,
    /// The region's id, for hosts.
    pub region: RegionId,
    /// The region's name, which CLEP messages may be addressed to.
    pub region_name: String,
    /// Wall time at the clock's origin, since 1970, for what is written down.
    pub unix_at_origin: Duration,
}

/// The objects of one region.
#[derive(Debug)]
pub struct Objects {
    settings: ObjectSettings,
    bus: ChatBus,
    prims: Prims,
    clep: Clep,
    /// By root prim.
    kept: BTreeMap<PrimId, Kept>,
    scripts: BTreeMap<ScriptId, Running>,
    /// What scripts send to themselves without the bus.
    direct: VecDeque<(ScriptId, ScriptEvent)>,
    /// Whether the observer was ever asked to watch.
    is_watched: bool,
    /// Turns that behaviours have until a tenth of a second is over, and since when.
    turns_left: u64,
    turns_since: Timestamp,
    /// The latest time that was handed in.
    now: Timestamp,
    counters: ObjectCounters,
}

/// What is kept of an object besides its prims and scripts.
#[derive(Debug, Default)]
struct Kept {
    /// The host that made it, and takes it along when it goes.
    host: Option<HostId>,
    heard: Heard,
}

/// A script, and who runs it.
#[derive(Debug)]
struct Running {
    driver: Driver,
    prim: PrimId,
    root: PrimId,
    answering: Answering,
}

impl Objects {
    /// None yet. `seed` is for keys that nobody names, together with the region's id: regions with
    /// one seed have different keys.
    pub fn new(settings: ObjectSettings, seed: u64) -> Self {
        let (high, low) = settings.region.0.as_u64_pair();
        Self {
            bus: ChatBus::new(settings.bus.clone(), seed ^ high ^ low.rotate_left(32)),
            prims: Prims::default(),
            clep: Clep::new(&settings),
            kept: BTreeMap::new(),
            scripts: BTreeMap::new(),
            direct: VecDeque::new(),
            is_watched: false,
            turns_left: run::REACTIONS_IN_PERIOD,
            turns_since: Timestamp::ZERO,
            now: Timestamp::ZERO,
            counters: ObjectCounters::default(),
            settings,
        }
    }

    /// What viewers are shown.
    pub fn prims(&self) -> &Prims {
        &self.prims
    }

    /// What happened on the bus so far.
    pub fn counters(&self) -> lsl::Counters {
        self.bus.counters()
    }

    /// What happened around the bus so far.
    pub fn object_counters(&self) -> ObjectCounters {
        self.counters.clone()
    }

    /// What the observer of CLEP has counted so far.
    pub fn clep_counters(&self) -> &ClepCounters {
        self.clep.counters()
    }

    /// The root of the object that has a prim.
    fn root_of(&self, prim: PrimId) -> Result<PrimId, ObjectError> {
        self.bus.root_of(prim).ok_or(ObjectError::UnknownObject(prim))
    }

    /// The prims of an object by link number.
    fn prims_of(&self, root: PrimId) -> Vec<PrimId> {
        self.bus.prims_of(root).unwrap_or_default().to_vec()
    }

    /// Wall time since 1970.
    fn unix(&self, now: Timestamp) -> Duration {
        self.settings.unix_at_origin.saturating_add(now.since_origin())
    }
}
