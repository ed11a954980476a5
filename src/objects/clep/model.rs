//! Input and output of CLEP on the bus: listening, sending, traffic. Data only.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::clep::{Codec, Dialect, Match, Message, Route, lep};

/// What a script listens to, as its library would be set up.
#[derive(Clone, Debug, PartialEq)]
pub struct ClepListen {
    /// How it reads.
    pub codec: Codec,
    /// The service, where the dialect has services.
    pub service: String,
    /// The domains, at least one.
    pub domains: Vec<String>,
    /// Takes messages of its owner's objects only.
    pub owner_only: bool,
    /// Compares the prim that a message says it comes from with the one that spoke; none: as the
    /// dialect does.
    pub checks_speaker: Option<bool>,
    /// How target scripts are compared with its name.
    pub script_match: Match,
}

/// A message to send. Source prim, script and region are filled in where they are empty.
#[derive(Clone, Debug, PartialEq)]
pub struct ClepSend {
    /// How it is written.
    pub codec: Codec,
    /// The service, for the channel; that of the message if it has one.
    pub service: String,
    /// The domain, for the channel, where the message has none.
    pub domain: String,
    /// Key of the prim that it is for, where the message has no place for it; empty: everybody.
    pub target: String,
    /// The message with its domain and target.
    pub message: Message,
    /// Keeps the newest dialect off link messages.
    pub force_chat: bool,
}

/// How a message went out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClepSent {
    /// On which channel.
    pub channel: i32,
    /// By which call.
    pub route: Route,
    /// As it was written.
    pub text: String,
    /// How many events came of it.
    pub queued: usize,
}

/// A message that a script takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClepReceived {
    /// The dialect it was read in.
    pub dialect: Dialect,
    /// On which channel; 0 for a link message.
    pub channel: i32,
    /// The speaker's name.
    pub name: String,
    /// The speaker's key.
    pub key: Uuid,
    /// The message.
    pub message: Message,
    /// It carries a signature that nobody has verified.
    pub signed: bool,
}

/// One line on a channel of CLEP, as the observer wrote it down.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// Counts from 1 in the region.
    pub number: u64,
    /// When, milliseconds since 1970.
    pub unix_ms: u64,
    /// Name of the region.
    pub region: String,
    /// The channel.
    pub channel: i32,
    /// By which call it was said, by LSL's name; `chat` for an avatar, `direct` for what a script's
    /// library hands to the script itself.
    pub call: &'static str,
    /// The speaker's key.
    pub sender: Uuid,
    /// Its name.
    pub sender_name: String,
    /// Its owner's key; an avatar's own.
    pub owner: Uuid,
    /// The dialect in which it could be read, or the first of the channel's.
    pub dialect: Dialect,
    /// The service in clear, where there is one.
    pub service: Option<String>,
    /// The domain: as the message has it, or else the only one that the channel is known by.
    pub domain: Option<String>,
    /// The text as it was said, uncut.
    pub text: String,
    /// What it says, as scripts heard it; none if it could not be read.
    pub message: Option<Message>,
    /// Why it could not be read, or why it was not said at all.
    pub problem: Option<String>,
    /// Every listen of the channel, or every script that a link message was for, and what became of
    /// the line there; the first 500 of them.
    pub receivers: Vec<Receiver>,
    /// How many more there are than are listed.
    pub receivers_left_out: usize,
    /// What is worth a look.
    pub warnings: Vec<Warning>,
}

/// One listen, and what became of a line there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receiver {
    /// The prim's key.
    pub prim: Uuid,
    /// The prim's name.
    pub prim_name: String,
    /// The script's name.
    pub script: String,
    /// Whether it listens for CLEP here, or to the bare channel.
    pub clep: bool,
    /// `delivered`, or the reason why not: one of CLEP's drop reasons, or of the bus.
    pub outcome: Outcome,
    /// For people.
    pub detail: Option<String>,
}

/// What became of a line at a listen: `delivered`, or a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Outcome(pub &'static str);

/// What is worth a look about a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Warning {
    /// Any avatar can type on the channel.
    Typeable,
    /// Domains that share the channel get in each other's way.
    Interference {
        /// The other names on it, `dialect service domain`; without service where it is empty.
        others: Vec<String>,
    },
    /// The text was cut.
    Truncated {
        /// Bytes that are left.
        bytes: usize,
    },
}

/// What the observer has, and the way to what follows.
#[derive(Debug)]
pub struct TrafficFeed {
    /// The latest entries that are kept, oldest first.
    pub past: Vec<Arc<Traffic>>,
    /// Those that follow.
    pub live: broadcast::Receiver<Arc<Traffic>>,
}

/// Which LEP messages a script takes.
#[derive(Clone, Debug, PartialEq)]
pub struct LepListen {
    /// How it reads.
    pub revision: lep::Revision,
    /// The scripts it listens to; none: all.
    pub sources: Vec<String>,
    /// Other names it goes by.
    pub aliases: Vec<String>,
    /// How the target is compared with its name.
    pub script_match: Match,
    /// The domains it listens to, in revisions that have them.
    pub domains: Vec<String>,
}

/// A LEP message to send. The source script is filled in where it is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct LepSend {
    /// How it is written.
    pub revision: lep::Revision,
    /// Link number, or one of LSL's `LINK_…`; 0: `LINK_THIS`.
    pub link: i32,
    /// The message.
    pub message: lep::Message,
}

/// A LEP message that a script takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LepReceived {
    /// The revision it was read in.
    pub revision: lep::Revision,
    /// The link number of the prim it is from.
    pub sender: i32,
    /// The message.
    pub message: lep::Message,
}

/// What the observer has counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClepCounters {
    /// Lines and link messages that were written down.
    pub lines: u64,
    /// Messages that scripts take, CLEP and LEP, once for each script.
    pub delivered: u64,
    /// What scripts that listen for CLEP or LEP did not take, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
}
