//! Reports about chat sessions for queries from outside.

use super::state::{ChatKind, ChatSession};
use crate::ids::{AgentId, ChatSessionId};

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatReport {
    /// Its id; that of the group for a group's session.
    pub id: ChatSessionId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ChatKind,
    /// Who takes part, is invited or has left.
    pub people: Vec<Participant>,
}

/// Somebody in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Id of the agent.
    pub agent: AgentId,
    /// Whether it takes part, is invited or has left.
    pub participation: Participation,
    /// Whether it may mute others.
    pub moderator: bool,
    /// Whether a moderator has muted its text.
    pub muted: bool,
}

/// How somebody takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Participation {
    /// Hears all.
    Joined,
    /// Has not accepted yet.
    Invited,
    /// Hears nothing, and is not invited.
    Left,
}

/// The report of one session; `left` says who is not to be invited.
pub(super) fn report(
    session: &ChatSession,
    left: impl Fn(AgentId, ChatSessionId) -> bool,
) -> ChatReport {
    let participant = |agent, participation| {
        let info = session.info(agent);
        Participant { agent, participation, moderator: info.moderates, muted: info.text_muted }
    };
    let joined = session.joined().map(|agent| participant(agent, Participation::Joined));
    let invited = session.invited().map(|agent| participant(agent, Participation::Invited));
    let gone = session.outside().filter(|&agent| left(agent, session.id()));
    let gone = gone.map(|agent| participant(agent, Participation::Left));
    ChatReport {
        id: session.id(),
        name: session.name().to_owned(),
        kind: session.kind(),
        people: joined.chain(invited).chain(gone).collect(),
    }
}
