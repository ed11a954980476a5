//! The common form of LEP: flags in the integer, script names and parameters in lines, and data.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::LinkMessage;

/// A notification, request or response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LepMessage {
    /// What kind of message it is.
    pub flags: Flags,
    /// Name of the script that sends it.
    pub source: String,
    /// Name of the script that it is for; empty: every script that gets it.
    pub target: String,
    /// What it is about, from the general to the special.
    pub parameters: Vec<String>,
    /// Which request, in [`Layout::L2`] only; empty: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Any text.
    pub data: String,
}

/// The two layouts of lines. Neither reads the other rightly: what is a token to one is a parameter
/// to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Source, target, parameters.
    #[default]
    L1,
    /// Source, target, parameters, token.
    L2,
}

/// The integer. Bits without a name are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(pub i32);

impl Flags {
    /// Wants a response.
    pub const REQUEST: Self = Self(1);
    /// Answers a request.
    pub const RESPONSE: Self = Self(2);
    /// What was requested failed.
    pub const ERROR: Self = Self(4);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it is a request or a response, and not both.
    const fn is_exchange(self) -> bool {
        self.contains(Self::REQUEST) != self.contains(Self::RESPONSE)
    }
}

impl FromStr for Flags {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl LepMessage {
    /// Reads the three values of a link message.
    ///
    /// # Errors
    /// When the text has too few lines.
    pub fn decode(layout: Layout, link: &LinkMessage) -> Result<Self, DecodeError> {
        let mut lines: Vec<String> = link.text.split('\n').map(str::to_owned).collect();
        let found = lines.len();
        let least = match layout {
            Layout::L1 => 2,
            Layout::L2 => 3,
        };
        if found < least {
            return Err(DecodeError { found, least });
        }
        let token = match layout {
            Layout::L1 => None,
            Layout::L2 => lines.pop(),
        };
        let mut lines = lines.into_iter();
        Ok(Self {
            flags: Flags(link.integer),
            source: lines.next().unwrap_or_default(),
            target: lines.next().unwrap_or_default(),
            parameters: lines.collect(),
            token,
            data: link.key.clone(),
        })
    }

    /// Writes the three values of a link message.
    ///
    /// # Errors
    /// When a line has a newline, the token does not fit the layout, or a message with token is
    /// neither request nor response.
    pub fn encode(&self, layout: Layout) -> Result<LinkMessage, EncodeError> {
        let token = match (layout, self.token.as_deref()) {
            (Layout::L1, None) => None,
            (Layout::L1, Some(_)) => return Err(EncodeError::Token("layout l1 has no token")),
            (Layout::L2, token) => Some(token.unwrap_or_default()),
        };
        if token.is_some_and(|token| !token.is_empty()) && !self.flags.is_exchange() {
            return Err(EncodeError::Token("only requests and responses have one"));
        }
        let parameters = self.parameters.iter().map(|line| ("parameters", line.as_str()));
        let lines: Vec<(&'static str, &str)> =
            [("source script", self.source.as_str()), ("target script", self.target.as_str())]
                .into_iter()
                .chain(parameters)
                .chain(token.map(|token| ("token", token)))
                .collect();
        if let Some(&(field, _)) = lines.iter().find(|(_, line)| line.contains('\n')) {
            return Err(EncodeError::Newline { field });
        }
        let lines: Vec<&str> = lines.into_iter().map(|(_, line)| line).collect();
        Ok(LinkMessage { integer: self.flags.0, text: lines.join("\n"), key: self.data.clone() })
    }
}

/// Why a link message is not LEP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} lines: expected at least {least}")]
pub struct DecodeError {
    /// How many lines it has.
    pub found: usize,
    /// How many it should have.
    pub least: usize,
}

/// Why a LEP message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A line has a newline.
    #[error("newline in the {field}")]
    Newline {
        /// Name of the field.
        field: &'static str,
    },
    /// The token is not in place.
    #[error("token: {0}")]
    Token(&'static str),
    /// The revision has other messages, or is only read.
    #[error("revision {revision} cannot write it")]
    Revision {
        /// Its name.
        revision: &'static str,
    },
}
