//! A message of any dialect, and what the dialects have in common.

use serde::{Deserialize, Serialize};

use super::json::JsonMessage;
use super::lines::LinesMessage;
use super::listed::{Body, ListedMessage, Packet};
use super::short::ShortMessage;

/// The key that stands for none.
pub const NULL_KEY: &str = "00000000-0000-0000-0000-000000000000";

/// A message. Which shape it has follows from the dialect. It is serialized without its shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Message {
    /// A text whose meaning the dialect leaves open.
    Opaque {
        /// All of it.
        text: String,
    },
    /// A list of six elements.
    Listed(ListedMessage),
    /// A part of a large message; for display only.
    Packet(Packet),
    /// An object with short keys.
    Short(ShortMessage),
    /// Fields in lines.
    Lines(LinesMessage),
    /// An object with long keys.
    Json(JsonMessage),
}

impl Message {
    /// The domain in clear, where the message has one.
    pub fn domain(&self) -> Option<&str> {
        match self {
            Self::Opaque { .. } => None,
            Self::Listed(message) => Some(&message.domain),
            Self::Packet(packet) => Some(&packet.domain),
            Self::Short(message) => Some(&message.domain),
            Self::Lines(message) => Some(&message.domain),
            Self::Json(message) => Some(&message.domain),
        }
    }

    /// The service, where the message has one.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Listed(message) => Some(&message.service),
            _ => None,
        }
    }

    /// The prim that the message says it comes from.
    pub fn source_prim(&self) -> Option<&str> {
        named(match self {
            Self::Opaque { .. } | Self::Listed(_) | Self::Packet(_) => return None,
            Self::Short(message) => &message.source.prim,
            Self::Lines(message) => &message.source.prim,
            Self::Json(message) => &message.source.prim,
        })
    }

    /// The script that the message says it comes from.
    pub fn source_script(&self) -> Option<&str> {
        named(match self {
            Self::Opaque { .. } | Self::Packet(_) => return None,
            Self::Listed(message) => match &message.body {
                Body::Lep(lep) => &lep.source,
                Body::Raw { .. } => return None,
            },
            Self::Short(message) => &message.source.script,
            Self::Lines(message) => &message.source.script,
            Self::Json(message) => &message.source.script,
        })
    }

    /// The region that it is for; `None`: any.
    pub fn target_region(&self) -> Option<&str> {
        named(match self {
            Self::Opaque { .. } | Self::Listed(_) | Self::Packet(_) => return None,
            Self::Short(message) => &message.target.region,
            Self::Lines(message) => &message.target.region,
            Self::Json(message) => message.target.region.as_deref()?,
        })
    }

    /// The prim that it is for; `None`: any.
    pub fn target_prim(&self) -> Option<&str> {
        named(match self {
            Self::Opaque { .. } | Self::Packet(_) => return None,
            Self::Listed(message) => &message.prim,
            Self::Short(message) => &message.target.prim,
            Self::Lines(message) => &message.target.prim,
            Self::Json(message) => message.target.prim.as_deref()?,
        })
    }

    /// The script that it is for; `None`: any.
    pub fn target_script(&self) -> Option<&str> {
        named(match self {
            Self::Opaque { .. } | Self::Packet(_) => return None,
            Self::Listed(message) => match &message.body {
                Body::Lep(lep) => &lep.target,
                Body::Raw { .. } => return None,
            },
            Self::Short(message) => &message.target.script,
            Self::Lines(message) => &message.target.script,
            Self::Json(message) => message.target.script.as_deref()?,
        })
    }

    /// Whether it carries a signature. Signatures are shown and not verified.
    pub fn is_signed(&self) -> bool {
        match self {
            Self::Opaque { .. } | Self::Listed(_) | Self::Packet(_) => false,
            Self::Short(message) => message.signature.is_some(),
            Self::Lines(message) => message.signature.is_some(),
            Self::Json(message) => message.is_signed(),
        }
    }

    /// Whether it has a form that only Lua libraries write.
    pub(super) fn is_of_lua(&self) -> bool {
        matches!(self, Self::Json(message) if message.is_of_lua())
    }

    /// The word for its shape.
    pub(super) const fn shape(&self) -> &'static str {
        match self {
            Self::Opaque { .. } => "opaque",
            Self::Listed(_) => "listed",
            Self::Packet(_) => "packet",
            Self::Short(_) => "short-keyed",
            Self::Lines(_) => "line",
            Self::Json(_) => "json",
        }
    }
}

/// Who sends, or is to get, a message; what is empty is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    /// Name of the region.
    pub region: String,
    /// Key of the prim.
    pub prim: String,
    /// Name of the script.
    pub script: String,
}

/// A name or key that says something: neither empty nor the null key.
fn named(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty() && *text != NULL_KEY)
}
