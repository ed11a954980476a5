//! LEP: messages between the scripts of one linkset, by `llMessageLinked`.
//!
//! The revisions map source, target and content to the integer, the string and the key of a link
//! message in different ways; [`decode`] and [`encode`] take a [`Revision`]. Link messages have no
//! length limit and are never truncated. Until December 2025, a CLEP message of type `LEP` contains
//! the same three values; the last two revisions are CLEP messages themselves.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::dialect::UnknownName;
use super::json::Keys;
use super::message::NULL_KEY;
use super::{Dialect, json, lines, short};
use super::{JsonMessage, LinesMessage, ShortMessage};

mod imp;
mod plain;
mod receive;

pub use imp::{Imp, Status};
pub use plain::{DecodeError, EncodeError, Flags, Layout, LepMessage};
pub use receive::{LepRefusal, Receiver};

/// What `llMessageLinked` carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkMessage {
    /// The integer.
    pub integer: i32,
    /// The string.
    pub text: String,
    /// The key, which may be any text.
    pub key: String,
}

/// A revision of LEP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Revision {
    /// Until December 2024, under the name IMP. Only read.
    L0,
    /// Until November 2025: flags, lines, data.
    #[default]
    L1,
    /// The next weeks: a line more, with a token.
    L2,
    /// December 2025: an object with short keys.
    L3,
    /// First half of 2026: the fields of CLEP in lines. Only read.
    L4,
    /// The newest: the object of CLEP.
    L5,
}

impl Revision {
    /// All of them, oldest first.
    pub const ALL: [Self; 6] = [Self::L0, Self::L1, Self::L2, Self::L3, Self::L4, Self::L5];

    /// The name that configuration and command line use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::L0 => "l0",
            Self::L1 => "l1",
            Self::L2 => "l2",
            Self::L3 => "l3",
            Self::L4 => "l4",
            Self::L5 => "l5",
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Revision {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|revision| revision.name() == text)
            .ok_or_else(|| UnknownName::new("lep revision", text, &Self::ALL.map(Self::name)))
    }
}

/// A message of any revision.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Message {
    /// Of L0.
    Imp(Imp),
    /// Of L1 and L2.
    Plain(LepMessage),
    /// Of L3. The integer and the key mean what the scripts like.
    Short {
        /// The string.
        message: ShortMessage,
        /// The integer.
        integer: i32,
        /// The key.
        key: String,
    },
    /// Of L4.
    Lines(LinesMessage),
    /// Of L5.
    Json(JsonMessage),
}

impl Message {
    /// The script that sends it.
    pub fn source(&self) -> &str {
        match self {
            Self::Imp(message) => &message.source,
            Self::Plain(message) => &message.source,
            Self::Short { message, .. } => &message.source.script,
            Self::Lines(message) => &message.source.script,
            Self::Json(message) => &message.source.script,
        }
    }

    /// The script that it is for; empty: every script that gets it.
    pub fn target(&self) -> &str {
        match self {
            Self::Imp(message) => &message.target,
            Self::Plain(message) => &message.target,
            Self::Short { message, .. } => &message.target.script,
            Self::Lines(message) => &message.target.script,
            Self::Json(message) => message.target.script.as_deref().unwrap_or_default(),
        }
    }

    /// The domain, where the revision has one.
    pub fn domain(&self) -> Option<&str> {
        match self {
            Self::Json(message) => Some(&message.domain),
            _ => None,
        }
    }
}

/// Reads a link message.
///
/// # Errors
/// When it is not LEP of this revision.
pub fn decode(revision: Revision, link: &LinkMessage) -> Result<Message, super::DecodeError> {
    match revision {
        Revision::L0 => Ok(Message::Imp(Imp::decode(link)?)),
        Revision::L1 => Ok(Message::Plain(LepMessage::decode(Layout::L1, link)?)),
        Revision::L2 => Ok(Message::Plain(LepMessage::decode(Layout::L2, link)?)),
        Revision::L3 => Ok(Message::Short {
            message: short::decode(&link.text)?,
            integer: link.integer,
            key: link.key.clone(),
        }),
        Revision::L4 => lines::decode(&link.text, usize::MAX).map(Message::Lines),
        Revision::L5 => json::decode(&link.text, Keys::of(Dialect::ClepJson)).map(Message::Json),
    }
}

/// Writes a link message.
///
/// # Errors
/// When the revision has no such messages or is only read, or when a field cannot be written in it.
pub fn encode(revision: Revision, message: &Message) -> Result<LinkMessage, super::EncodeError> {
    match (revision, message) {
        (Revision::L1, Message::Plain(message)) => Ok(message.encode(Layout::L1)?),
        (Revision::L2, Message::Plain(message)) => Ok(message.encode(Layout::L2)?),
        (Revision::L3, Message::Short { message, integer, key }) => {
            Ok(LinkMessage { integer: *integer, text: short::encode(message)?, key: key.clone() })
        }
        (Revision::L5, Message::Json(message)) => {
            let text = json::encode(message, Keys::of(Dialect::ClepJson))?;
            Ok(LinkMessage { integer: 0, text, key: NULL_KEY.to_owned() })
        }
        _ => Err(EncodeError::Revision { revision: revision.name() }.into()),
    }
}

#[cfg(test)]
mod tests;
