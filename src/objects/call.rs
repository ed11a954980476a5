//! The calls that scripts make, as data: LSL's functions by name, and those of CLEP.

use std::time::Duration;

use uuid::Uuid;

use super::clep::{ClepListen, ClepSend, ClepSent, LepListen, LepSend};
use crate::lsl::{Said, Volume};
use crate::message::Vector3;

/// One call of a script.
#[derive(Clone, Debug, PartialEq)]
pub enum ScriptCall {
    /// `llListen(channel, name, key, message)`.
    Listen {
        /// Channel.
        channel: i32,
        /// Name filter, empty for any.
        name: String,
        /// Key filter; what is no key stands for any.
        key: String,
        /// Text filter, empty for any.
        message: String,
    },
    /// `llListenControl`.
    ListenControl {
        /// Which listen.
        handle: i32,
        /// On or off.
        active: bool,
    },
    /// `llListenRemove`.
    ListenRemove {
        /// Which listen.
        handle: i32,
    },
    /// `llWhisper`, `llSay`, `llShout`.
    Say {
        /// Which of them.
        volume: Volume,
        /// Channel.
        channel: i32,
        /// Text.
        text: String,
    },
    /// `llRegionSay`.
    RegionSay {
        /// Channel.
        channel: i32,
        /// Text.
        text: String,
    },
    /// `llRegionSayTo`.
    RegionSayTo {
        /// Key of a prim or an avatar.
        target: String,
        /// Channel.
        channel: i32,
        /// Text.
        text: String,
    },
    /// `llOwnerSay`.
    OwnerSay {
        /// Text.
        text: String,
    },
    /// `llInstantMessage`.
    InstantMessage {
        /// Key of an avatar.
        to: String,
        /// Text.
        text: String,
    },
    /// `llMessageLinked(link, number, text, id)`.
    MessageLinked {
        /// Link number, or one of LSL's `LINK_…`.
        link: i32,
        /// Number.
        number: i32,
        /// Text.
        text: String,
        /// Any text.
        id: String,
    },
    /// `llDialog(avatar, message, buttons, channel)`.
    Dialog {
        /// Key of an avatar.
        avatar: String,
        /// What it is asked.
        message: String,
        /// Labels.
        buttons: Vec<String>,
        /// Where the answer is said.
        channel: i32,
    },
    /// `llTextBox(avatar, message, channel)`.
    TextBox {
        /// Key of an avatar.
        avatar: String,
        /// What it is asked.
        message: String,
        /// Where the answer is said.
        channel: i32,
    },
    /// `llSleep`.
    Sleep(Duration),
    /// `llMinEventDelay`.
    MinEventDelay(Duration),
    /// `llSetTimerEvent`; zero ends it.
    SetTimerEvent(Duration),
    /// `llGetKey`: of the script's prim.
    GetKey,
    /// `llGetOwner`: of the script's object.
    GetOwner,
    /// `llGetOwnerKey`: of the prim with this key; any other key is its own.
    GetOwnerKey(String),
    /// `llSetObjectName`: of the script's prim.
    SetObjectName(String),
    /// `llSetText`: over the script's prim.
    SetText {
        /// Hover text; empty for none.
        text: String,
        /// Red, green, blue, alpha, from 0 to 1.
        color: [f32; 4],
    },
    /// `llSetPos` of the root prim: region-local metres.
    SetPosition(Vector3),
    /// `llDie`.
    Die,
    /// Listens for CLEP: `llListen` with open filters on the channel of each domain; what the
    /// script takes comes as [`ScriptEvent::Clep`](super::ScriptEvent::Clep), what it drops goes to
    /// the observer only.
    ClepListen(Box<ClepListen>),
    /// Ends such a listening, by domain; an empty domain ends all.
    ClepForget {
        /// The domain.
        domain: String,
    },
    /// Sends a CLEP message by the call that its dialect prescribes.
    ClepSend(Box<ClepSend>),
    /// Reads link messages as LEP: what the script takes comes as
    /// [`ScriptEvent::Lep`](super::ScriptEvent::Lep); what is no LEP stays a link message.
    LepListen(Box<LepListen>),
    /// Sends a LEP message by `llMessageLinked`.
    LepSend(Box<LepSend>),
}

/// What a call came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallOutcome {
    /// The handle that `llListen` returned; -1 where that is what it returns beyond a limit.
    pub handle: Option<i32>,
    /// What became of a call that speaks.
    pub said: Option<Said>,
    /// How a CLEP message went out.
    pub clep: Option<ClepSent>,
    /// The channels of a CLEP listen, in the order of its domains.
    pub channels: Vec<i32>,
    /// The key that a call asked for.
    pub key: Option<Uuid>,
    /// The script is no more, and its object with it.
    pub died: bool,
}
