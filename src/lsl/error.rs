//! Errors in the use of the bus, and the reasons why a call did nothing.

use std::fmt;

use uuid::Uuid;

use super::ScriptId;
use crate::ids::{AgentId, PrimId};

/// A call that could not be made. What LSL itself reports is an [`Effect`](super::Effect) besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// No script has that id.
    #[error("there is no script {0}")]
    UnknownScript(ScriptId),
    /// No prim has that key.
    #[error("there is no prim {0}")]
    UnknownPrim(PrimId),
    /// No object has a root prim with that key.
    #[error("there is no object {0}")]
    UnknownObject(PrimId),
    /// No avatar has that key.
    #[error("there is no avatar {0}")]
    UnknownAvatar(AgentId),
    /// A prim or an avatar has that key already, or it is null.
    #[error("key {0} is null or taken")]
    BadKey(Uuid),
    /// An object without prims.
    #[error("an object needs a prim")]
    NoPrims,
    /// A position that is not a number.
    #[error("position is not finite")]
    Position,
    /// A limit is reached.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: Countable,
        /// How many there may be.
        limit: usize,
    },
}

/// What there may be only so many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Countable {
    Objects,
    PrimsOfAnObject,
    ScriptsOfAPrim,
    Avatars,
    ListensOfAScript,
    ListensOfTheRegion,
}

impl fmt::Display for Countable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Objects => "objects",
            Self::PrimsOfAnObject => "prims of an object",
            Self::ScriptsOfAPrim => "scripts of a prim",
            Self::Avatars => "avatars",
            Self::ListensOfAScript => "listens of a script",
            Self::ListensOfTheRegion => "listens of the region",
        })
    }
}

/// Why a call did nothing, though it was made. Scripts are told only where LSL tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallRefusal {
    /// `llRegionSay` on the public channel.
    PublicChannel,
    /// `llRegionSayTo` on the debug channel.
    DebugChannel,
    /// A key that is no key, null, or of nobody in the region.
    NoTarget,
    /// `llInstantMessage` or a dialog to what is no key.
    BadKey,
    /// An empty text where that means nothing.
    Empty,
    /// `llOwnerSay` of an object that a group owns.
    GroupOwned,
    /// `llOwnerSay` while the owner is elsewhere.
    OwnerAway,
    /// A chat type that scripts do not hear, as typing, or that viewers may not use.
    BadKind,
    /// A dialog that breaks a limit.
    BadDialog,
    /// A link message longer than the bus carries.
    TooLong,
    /// A listen beyond a limit.
    TooManyListens,
    /// Too much in too short a time.
    Throttled,
    /// An answer to an answer to an answer …: at the limit of lines that cause each other.
    TooManyHops,
    /// Too many answers to other scripts where avatars see them; see `docs/script-host.md`.
    AnswersFlooded,
}

impl CallRefusal {
    /// The word that records and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PublicChannel => "public_channel",
            Self::DebugChannel => "debug_channel",
            Self::NoTarget => "no_target",
            Self::BadKey => "bad_key",
            Self::Empty => "empty",
            Self::GroupOwned => "group_owned",
            Self::OwnerAway => "owner_away",
            Self::BadKind => "bad_kind",
            Self::BadDialog => "bad_dialog",
            Self::TooLong => "too_long",
            Self::TooManyListens => "too_many_listens",
            Self::Throttled => "throttled",
            Self::TooManyHops => "too_many_hops",
            Self::AnswersFlooded => "answers_flooded",
        }
    }
}
