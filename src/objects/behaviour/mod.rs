//! Built-in behaviours: scripts that need no external program. Events go in and calls come out; a
//! behaviour has no state except its own.

mod pattern;
mod ping;
#[cfg(test)]
mod tests;

use uuid::Uuid;

use super::call::ScriptCall;
use super::driver::ScriptEvent;
use crate::clep::Name;
use crate::lsl::{Event, EventKinds, Volume};

pub use crate::config::{AnswerConfig, ListenConfig, Manner};

/// What a script does by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Behaviour {
    /// Says what it hears on the channel again, on the same channel.
    Echo {
        /// The channel that it hears and speaks on.
        channel: i32,
    },
    /// Says on one channel what it hears on another.
    Relay {
        /// Where it listens.
        from: i32,
        /// Where it speaks.
        to: i32,
        /// How loud, and to whom.
        manner: Manner,
    },
    /// Listens, and answers what fits a pattern; the first that fits.
    Responder {
        /// Its listens.
        listens: Vec<ListenConfig>,
        /// Its answers.
        answers: Vec<AnswerConfig>,
    },
    /// Answers CLEP requests with the method `ping` by their parameters; see `docs/objects.md`.
    ClepPing {
        /// What it listens to.
        name: Name,
    },
}

impl From<ListenConfig> for ScriptCall {
    fn from(listen: ListenConfig) -> Self {
        let ListenConfig { channel, name, key, message } = listen;
        Self::Listen { channel, name, key, message }
    }
}

impl Behaviour {
    /// The name that configuration and reports use.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Echo { .. } => "echo",
            Self::Relay { .. } => "relay",
            Self::Responder { .. } => "responder",
            Self::ClepPing { .. } => "clep-ping",
        }
    }

    /// What it handles.
    pub fn handlers(&self) -> EventKinds {
        let hears = EventKinds::STATE_ENTRY | EventKinds::LISTEN;
        match self {
            // The newest dialect uses link messages within a linkset.
            Self::ClepPing { .. } => hears | EventKinds::LINK_MESSAGE,
            _ => hears,
        }
    }

    /// What it does about an event; its listens come with `state_entry`.
    pub fn react(&mut self, event: &ScriptEvent) -> Vec<ScriptCall> {
        match event {
            ScriptEvent::Lsl(Event::StateEntry) => self.listens(),
            ScriptEvent::Lsl(Event::Listen { channel, name, id, message, .. }) => {
                let heard = Heard { channel: *channel, name, key: *id, message };
                self.answer(&heard).into_iter().collect()
            }
            ScriptEvent::Clep(received) => match self {
                Self::ClepPing { name } => ping::answer(name, received).into_iter().collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn listens(&self) -> Vec<ScriptCall> {
        let open = |channel| ListenConfig { channel, ..ListenConfig::default() }.into();
        match self {
            Self::Echo { channel } => vec![open(*channel)],
            Self::Relay { from, .. } => vec![open(*from)],
            Self::Responder { listens, .. } => listens.iter().cloned().map(Into::into).collect(),
            Self::ClepPing { name } => vec![ping::listen(name)],
        }
    }

    fn answer(&self, heard: &Heard<'_>) -> Option<ScriptCall> {
        match self {
            Self::Echo { channel } => {
                Some(speak(Manner::Say, *channel, heard.message.to_owned(), heard.key))
            }
            Self::Relay { to, manner, .. } => {
                Some(speak(*manner, *to, heard.message.to_owned(), heard.key))
            }
            Self::Responder { answers, .. } => {
                let fits = |rule: &&AnswerConfig| pattern::fits(&rule.pattern, heard.message);
                let rule = answers.iter().find(fits)?;
                let text = pattern::fill(&rule.answer, heard);
                let channel = rule.channel.unwrap_or(heard.channel);
                Some(speak(rule.manner, channel, text, heard.key))
            }
            // It takes messages, and no bare lines.
            Self::ClepPing { .. } => None,
        }
    }
}

/// A line that a listen heard.
#[derive(Clone, Copy, Debug)]
struct Heard<'a> {
    channel: i32,
    name: &'a str,
    key: Uuid,
    message: &'a str,
}

/// The call that says a text in a manner; `to` is who was heard.
fn speak(manner: Manner, channel: i32, text: String, to: Uuid) -> ScriptCall {
    let say = |volume, text| ScriptCall::Say { volume, channel, text };
    match manner {
        Manner::Whisper => say(Volume::Whisper, text),
        Manner::Say => say(Volume::Say, text),
        Manner::Shout => say(Volume::Shout, text),
        Manner::RegionSay => ScriptCall::RegionSay { channel, text },
        Manner::RegionSayTo => ScriptCall::RegionSayTo { target: to.to_string(), channel, text },
        Manner::OwnerSay => ScriptCall::OwnerSay { text },
        Manner::InstantMessage => ScriptCall::InstantMessage { to: to.to_string(), text },
    }
}
