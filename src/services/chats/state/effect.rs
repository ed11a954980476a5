//! Input and output of a chat session's rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::ids::{AgentId, ChatSessionId, RegionId};
use crate::message::Vector3;

/// Who speaks, and from where.
#[derive(Clone, Debug, PartialEq)]
pub struct Speaker {
    /// Id of the agent.
    pub agent: AgentId,
    /// The account's name.
    pub name: String,
    /// In which region.
    pub region: RegionId,
    /// Where in it, region-local metres.
    pub position: Vector3,
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::services::chats) struct Text {
    /// Who said it.
    pub by: Speaker,
    /// UTF-8 as it was said.
    pub said: String,
    /// When, seconds since 1970.
    pub at: u64,
    /// Counts from 0 in each session.
    pub number: u32,
}

/// What kind of session it is; the number is that of `session_info.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    /// Of a group.
    Group = 0,
    /// Of those who were invited.
    Conference = 1,
}

/// What the session has to know of the world around it.
pub(in crate::services::chats) trait Surroundings {
    /// Whether somebody outside may be invited now: is online, has not left, has room for it.
    fn may_be_invited(&self, agent: AgentId) -> bool;

    /// Whether `listener` lets through what the speaker says here.
    fn hears(&self, listener: AgentId, speaker: &Speaker) -> bool;
}

/// What a roster says of one who may take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::services::chats) struct Rights {
    /// May mute others.
    pub moderates: bool,
}

/// Who may take part.
pub(in crate::services::chats) type Roster = BTreeMap<AgentId, Rights>;

/// Something about one person that others are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::services::chats) struct Change {
    /// Id of the agent.
    pub agent: AgentId,
    /// Came or went; none if only the rest is news.
    pub transition: Option<Transition>,
    /// How the person stands now.
    pub info: Info,
}

/// Whether somebody came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::services::chats) enum Transition {
    /// Came.
    Enter,
    /// Went.
    Leave,
}

/// How a person stands in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::services::chats) struct Info {
    /// May mute others.
    pub moderates: bool,
    /// May not write.
    pub text_muted: bool,
    /// Would not be heard, if there were voices.
    pub voice_muted: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::services::chats) enum Effect {
    /// The agent is one of the people from now on.
    Came(AgentId),
    /// It no longer is.
    Went(AgentId),
    /// Send a text by UDP.
    Say { to: Vec<AgentId>, text: Arc<Text> },
    /// Send an invitation with its first text.
    Invite { to: Vec<AgentId>, text: Arc<Text> },
    /// Say that the session is open, and who is in it.
    Started {
        to: AgentId,
        /// Under which id it was asked for.
        temporary: ChatSessionId,
    },
    /// Say who is in it.
    Present { to: AgentId },
    /// Tell what has changed about people.
    Changed { to: Vec<AgentId>, changes: Vec<Change> },
    /// Throw somebody out.
    Closed {
        to: AgentId,
        /// A key that viewers translate.
        reason: &'static str,
    },
    /// Tell whether voices are moderated.
    Moderated { to: Vec<AgentId> },
    /// Call [`super::ChatSession::wake`] after this time.
    Wake(Duration),
}

impl Effect {
    /// How many copies of a text it makes.
    pub(in crate::services::chats) fn copies(&self) -> usize {
        match self {
            Self::Say { to, .. } | Self::Invite { to, .. } => to.len(),
            _ => 0,
        }
    }
}

/// Why something was not done. The text is the key that viewers translate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatRefusal {
    /// There is no such session, or the agent is not in it.
    #[error("session_does_not_exist_error")]
    NoSession,
    /// Not for strangers.
    #[error("insufficient_perms_error")]
    NotMember,
    /// The member's roles do not let it chat.
    #[error("no_ability_error")]
    NoAbility,
    /// A moderator has silenced the agent.
    #[error("muted_error")]
    Muted,
    /// Only for moderators.
    #[error("not_a_mod_error")]
    NotModerator,
    /// Too many sessions, or people in one; or what was asked makes no sense.
    #[error("generic_request_error")]
    Impossible,
}
