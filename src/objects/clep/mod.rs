//! CLEP on the bus: scripts that listen for it, sending by the LSL call that the dialect
//! prescribes, and an observer that records who received what, and why others did not.
//!
//! [`Clep`] acts as the libraries of all scripts of a region, and as an observer. It never changes
//! what the bus delivers: it sees each line once it is said, checks it for each listener at that
//! moment, and keeps the verdict until the script's turn comes, so that the observer's report
//! matches what the script gets. It makes no calls itself except `llListen`; messages are planned
//! here and sent by the owner of the bus.

mod filter;
mod judge;
mod listen;
mod model;
mod names;
mod observe;
mod read;
mod receivers;
mod record;
mod send;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use self::judge::{Judgement, Passing};
use self::listen::Library;
use self::names::Names;
use self::record::Record;
use super::ObjectSettings;
use super::error::ObjectError;
use crate::clep::{Name, Route};
use crate::lsl::ScriptId;

pub use self::model::{
    ClepCounters, ClepListen, ClepReceived, ClepSend, ClepSent, LepListen, LepReceived, LepSend,
    Outcome, Receiver, Traffic, TrafficFeed, Warning,
};

/// The CLEP and LEP libraries of a region's scripts, and the observer.
#[derive(Debug)]
pub(super) struct Clep {
    /// The region's name.
    region: String,
    /// Scripts that listen for CLEP or LEP.
    scripts: BTreeMap<ScriptId, Library>,
    /// Those of them that read link messages.
    readers: BTreeSet<ScriptId>,
    /// What is listened to or watched, by channel.
    names: Names,
    record: Record,
    counters: ClepCounters,
}

/// A line on a channel, as it was said.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpokenLine<'a> {
    pub(super) channel: i32,
    /// LSL's name of the call; `chat` for what an avatar says or answers.
    pub(super) call: &'static str,
    /// The speaking prim's or avatar's key.
    pub(super) sender: Uuid,
    pub(super) sender_name: &'a str,
    /// The owner of the speaking object; an avatar's own key.
    pub(super) owner: Uuid,
    /// Uncut.
    pub(super) text: &'a str,
}

/// A link message, as it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkLine<'a> {
    /// Who sent it.
    pub(super) script: ScriptId,
    pub(super) number: i32,
    pub(super) text: &'a str,
    pub(super) id: &'a str,
}

/// How a message is to go out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Planned {
    pub(super) channel: i32,
    /// Link messages go out with number 0 and an empty id.
    pub(super) route: Route,
    pub(super) text: String,
    /// The key for `llRegionSayTo`.
    pub(super) target: String,
    /// By [`Route::Direct`], what the script that sends it gets; nothing if it does not listen to
    /// the domain.
    pub(super) direct: Option<ClepReceived>,
}

impl Clep {
    /// Nobody listens yet.
    pub(super) fn new(settings: &ObjectSettings) -> Self {
        Self {
            region: settings.region_name.clone(),
            scripts: BTreeMap::new(),
            readers: BTreeSet::new(),
            names: Names::default(),
            record: Record::new(settings.unix_at_origin),
            counters: ClepCounters::default(),
        }
    }

    /// Writes down what is said under a name from now on, and tells its channel.
    pub(super) fn watch(&mut self, name: Name) -> Result<i32, ObjectError> {
        Ok(self.names.watch(name)?)
    }

    /// Whether lines on a channel are of interest to the observer.
    pub(super) fn watches(&self, channel: i32) -> bool {
        self.names.get(channel).is_some()
    }

    /// Whether link messages are.
    pub(super) fn watches_links(&self) -> bool {
        !self.readers.is_empty()
    }

    /// What was written down lately, and the way to what follows.
    pub(super) fn feed(&self) -> TrafficFeed {
        self.record.feed()
    }

    /// What was counted so far.
    pub(super) fn counters(&self) -> &ClepCounters {
        &self.counters
    }
}

impl ClepCounters {
    /// Counts what a listener for CLEP or LEP makes of a line.
    fn count(&mut self, judgement: &Judgement) {
        match judgement.passing {
            Passing::Clep { .. } | Passing::Lep { .. } => self.delivered += 1,
            Passing::Plain | Passing::Nothing => {
                *self.dropped.entry(judgement.outcome).or_default() += 1;
            }
        }
    }
}

/// The word for what reached its script.
const DELIVERED: &str = "delivered";
