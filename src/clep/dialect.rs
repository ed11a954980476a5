//! The revisions of CLEP by name, and their rules.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::list::ListForm;

/// A revision of CLEP. All of them call themselves "v1" and nothing on the wire tells which it is,
/// so that both sides must agree beforehand.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// November 2024, before the protocol had its name.
    Xichat,
    /// The first published page: hashes the domain only and leaves the message open.
    SeedChuf,
    /// December 2024 to February 2025: SHA-256 of domain and service.
    ClepSha,
    /// First days of March 2025: `llHash` of domain and service.
    ClepHashA,
    /// One day in March 2025: as before, with the sign bit set.
    ClepHashB,
    /// March to December 2025: `llHash` of service and domain, negative.
    ClepSvc,
    /// December 2025: no service; one JSON object with short keys.
    ClepRpcShort,
    /// January to June 2026: fields in lines.
    ClepLines,
    /// 2026, in Lua only: a JSON object with long keys, as a text under `clep` in another.
    ClepRpcLua,
    /// 2026, in Lua only: as [`Dialect::ClepJson`] on the channels of [`Dialect::ClepLines`].
    ClepJsonLua,
    /// The newest: one JSON object with long keys, perhaps wrapped.
    #[default]
    ClepJson,
}

impl Dialect {
    /// All of them, oldest first.
    pub const ALL: [Self; 11] = [
        Self::Xichat,
        Self::SeedChuf,
        Self::ClepSha,
        Self::ClepHashA,
        Self::ClepHashB,
        Self::ClepSvc,
        Self::ClepRpcShort,
        Self::ClepLines,
        Self::ClepRpcLua,
        Self::ClepJsonLua,
        Self::ClepJson,
    ];

    /// The name that configuration and command line use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xichat => "xichat",
            Self::SeedChuf => "seed-chuf",
            Self::ClepSha => "clep-sha",
            Self::ClepHashA => "clep-hash-a",
            Self::ClepHashB => "clep-hash-b",
            Self::ClepSvc => "clep-svc",
            Self::ClepRpcShort => "clep-rpc-short",
            Self::ClepLines => "clep-lines",
            Self::ClepRpcLua => "clep-rpc-lua",
            Self::ClepJsonLua => "clep-json-lua",
            Self::ClepJson => "clep-json",
        }
    }

    /// Whether messages are lists of six elements (or, in [`Dialect::SeedChuf`], may be).
    pub const fn is_listed(self) -> bool {
        !matches!(self, Self::ClepRpcShort | Self::ClepLines) && !self.is_json()
    }

    /// Whether messages are JSON objects with long keys.
    pub const fn is_json(self) -> bool {
        matches!(self, Self::ClepRpcLua | Self::ClepJsonLua | Self::ClepJson)
    }

    /// Whether the service takes part in the channel.
    pub const fn hashes_service(self) -> bool {
        self.is_listed() && !matches!(self, Self::SeedChuf)
    }

    /// How a list is written when nobody says otherwise; `None` where a text is opaque, or where
    /// messages are no lists.
    pub const fn list_form(self) -> Option<ListForm> {
        match self {
            Self::Xichat => Some(ListForm::S2),
            Self::ClepSha | Self::ClepHashA | Self::ClepHashB | Self::ClepSvc => Some(ListForm::S4),
            Self::SeedChuf
            | Self::ClepRpcShort
            | Self::ClepLines
            | Self::ClepRpcLua
            | Self::ClepJsonLua
            | Self::ClepJson => None,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dialect {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.name() == text)
            .ok_or_else(|| UnknownName::new("dialect", text, &Self::ALL.map(Self::name)))
    }
}

/// A name that is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {kind}: expected one of {known}")]
pub struct UnknownName {
    kind: &'static str,
    text: String,
    known: String,
}

impl UnknownName {
    /// `text` is no `kind`; the `known` ones are listed in the error.
    pub(super) fn new(kind: &'static str, text: &str, known: &[&str]) -> Self {
        // It may be anything: an error line need not repeat all of it.
        Self { kind, text: text.chars().take(60).collect(), known: known.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
            assert_eq!(serde_json::to_value(dialect).unwrap(), dialect.name());
        }
    }

    #[test]
    fn unknown_name_is_told_with_the_known_ones() {
        let error = "clep".parse::<Dialect>().unwrap_err().to_string();
        assert!(error.starts_with("\"clep\" is no dialect: expected one of xichat, "), "{error}");
        assert!(error.ends_with(", clep-json"), "{error}");
        assert!("CLEP-JSON".parse::<Dialect>().is_err());
    }
}
