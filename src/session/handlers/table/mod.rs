//! How every message that a client may send is handled: one row for each message of the template
//! that is not for trusted circuits only.
//!
//! The rows are in the other files of this directory, by subject. `holm messages` prints them; its
//! output is `docs/messages.md`.

mod agent;
mod grid;
mod groups;
mod inventory;
mod land;
mod objects;
mod people;

use std::sync::LazyLock;

use bytes::Bytes;

use super::{Outcome, Session, Turn};
use crate::message::{self, FieldType, MESSAGES, MessageId, MessageInfo, Quantity};

/// What kind of effect a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// It does what clients expect.
    Handled,
    /// It is answered with an empty reply, because what it asks for does not exist here.
    AnsweredEmpty,
    /// It changes nothing, and the user is notified.
    Refused,
    /// It changes nothing, and users do not miss anything.
    Ignored,
}

impl Disposition {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Handled, Self::AnsweredEmpty, Self::Refused, Self::Ignored];

    /// Its name in metrics and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::AnsweredEmpty => "answered_empty",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
        }
    }
}

/// How one message is handled.
pub struct Row {
    /// The message.
    pub message: &'static MessageInfo,
    /// What kind of effect it has.
    pub disposition: Disposition,
    /// What it does; the text for the user if it is refused; why it is ignored.
    pub note: &'static str,
    run: Run,
}

type Run = fn(&mut Session, &mut Turn<'_>, &Bytes) -> Outcome;

/// Every row, by subject.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [
        agent::ROWS,
        people::ROWS,
        groups::ROWS,
        objects::ROWS,
        land::ROWS,
        inventory::ROWS,
        grid::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// A row as the dispatch needs it.
pub(super) struct Route {
    row: &'static Row,
    identity: Option<Identity>,
}

/// Where a message's body carries `AgentData.AgentID` and `AgentData.SessionID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    agent_at: usize,
    session_at: Option<usize>,
}

/// The routes by the messages' places in [`MESSAGES`]; none for those that clients may not send.
static ROUTES: LazyLock<Vec<Option<Route>>> = LazyLock::new(|| {
    let mut routes: Vec<Option<Route>> = MESSAGES.iter().map(|_| None).collect();
    for row in rows() {
        if let Some(place) = message::index(row.message.id).and_then(|at| routes.get_mut(at)) {
            *place = Some(Route { row, identity: Identity::of(row.message) });
        }
    }
    routes
});

/// What becomes of the message at this place of [`MESSAGES`]; nothing if clients may not send it.
pub(super) fn route(index: usize) -> Option<&'static Route> {
    ROUTES.get(index)?.as_ref()
}

/// The disposition of a message that clients may send.
pub fn disposition(id: MessageId) -> Option<Disposition> {
    route(message::index(id)?).map(|route| route.row.disposition)
}

impl Route {
    /// Acts on the message.
    pub(super) fn run(&self, session: &mut Session, turn: &mut Turn<'_>, body: &Bytes) -> Outcome {
        (self.row.run)(session, turn, body)
    }

    /// Whether the agent and session ids that the message carries are the session's own.
    pub(super) fn identity_holds(&self, session: &Session, body: &Bytes) -> bool {
        let Some(Identity { agent_at, session_at }) = self.identity else { return true };
        let id_at = |offset: usize| body.get(offset..offset + 16);
        let shared = &session.shared;
        id_at(agent_at) == Some(shared.agent_id.0.as_bytes())
            && session_at.is_none_or(|at| id_at(at) == Some(shared.session_id.0.as_bytes()))
    }
}

impl Identity {
    /// For messages that have the ids at their start, as all messages of viewers with such a block
    /// do.
    fn of(info: &MessageInfo) -> Option<Self> {
        let block = info.blocks.first()?;
        if block.name != "AgentData" || block.quantity != Quantity::Single {
            return None;
        }
        let is_id = |index: usize, name: &str| {
            block
                .fields
                .get(index)
                .is_some_and(|field| field.name == name && field.kind == FieldType::Uuid)
        };
        is_id(0, "AgentID")
            .then(|| Self { agent_at: 0, session_at: is_id(1, "SessionID").then_some(16) })
    }
}

/// Rows, one a line: `Message: disposition(…)`.
///
/// - `handled(function, "what it does")` decodes the message and calls the function;
/// - `empty(function, "the answer")` the same;
/// - `by_circuit("what it does")` for what the circuit keeps to itself;
/// - `refused(Refusal)` tells the user, who reads the refusal's text;
/// - `refused(Refusal, function)` decodes the message, calls the function and tells the user;
/// - `ignored("why")`.
macro_rules! table {
    ($($message:ident: $disposition:ident($($what:tt)*),)*) => {
        &[$($crate::session::handlers::table::row!($message $disposition $($what)*),)*]
    };
}

/// One row of `table!`.
macro_rules! row {
    ($message:ident handled $handler:path, $note:literal) => {
        $crate::session::handlers::table::row!(@called $message, Handled, $handler, $note)
    };
    ($message:ident empty $handler:path, $note:literal) => {
        $crate::session::handlers::table::row!(@called $message, AnsweredEmpty, $handler, $note)
    };
    ($message:ident refused $refusal:ident) => {
        $crate::session::handlers::table::row!(
            @row $message, Refused, $crate::session::handlers::refusal::Refusal::$refusal.text(),
            |session, turn, _| {
                session.refuse(turn, $crate::session::handlers::refusal::Refusal::$refusal)
            }
        )
    };
    ($message:ident refused $refusal:ident, $handler:path) => {
        $crate::session::handlers::table::row!(
            @row $message, Refused, $crate::session::handlers::refusal::Refusal::$refusal.text(),
            |session, turn, body| {
                let refusal = $crate::session::handlers::refusal::Refusal::$refusal;
                session.refuse(turn, refusal);
                session.with::<$crate::message::$message>(turn, body, $handler)
            }
        )
    };
    ($message:ident by_circuit $note:literal) => {
        $crate::session::handlers::table::row!(
            @row $message, Handled, $note,
            |_, _, _| $crate::session::handlers::Outcome::Continue
        )
    };
    ($message:ident ignored $why:literal) => {
        $crate::session::handlers::table::row!(
            @row $message, Ignored, $why,
            |_, _, _| $crate::session::handlers::Outcome::Continue
        )
    };
    (@called $message:ident, $disposition:ident, $handler:path, $note:literal) => {
        $crate::session::handlers::table::row!(
            @row $message, $disposition, $note,
            |session, turn, body| {
                session.with::<$crate::message::$message>(turn, body, $handler)
            }
        )
    };
    (@row $message:ident, $disposition:ident, $note:expr, $run:expr) => {
        $crate::session::handlers::table::Row {
            message: <$crate::message::$message as $crate::message::Message>::INFO,
            disposition: $crate::session::handlers::table::Disposition::$disposition,
            note: $note,
            run: $run,
        }
    };
}

use {row, table};

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_client_message_has_exactly_one_row() {
        let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows() {
            *counted.entry(row.message.name).or_default() += 1;
        }
        let wrong: Vec<_> = MESSAGES
            .iter()
            .filter(|info| {
                counted.get(info.name).copied().unwrap_or(0) != usize::from(!info.trusted)
            })
            .map(|info| info.name)
            .collect();
        assert!(wrong.is_empty(), "none or two rows, or one for a trusted message: {wrong:?}");
        for info in MESSAGES.iter().filter(|info| !info.trusted) {
            let route = message::index(info.id).and_then(route).expect(info.name);
            assert_eq!(route.row.message, info);
        }
    }

    #[test]
    fn every_row_has_a_note_that_is_a_phrase() {
        for row in rows() {
            let (note, name) = (row.note, row.message.name);
            assert!(note.len() > 3 && !note.contains('|'), "{name}: {note:?}");
            assert_eq!(
                note.ends_with('.'),
                row.disposition == Disposition::Refused,
                "{name}: only what a user reads ends in a full stop"
            );
        }
    }

    #[test]
    fn ids_are_checked_where_messages_carry_them() {
        let of = |name: &str| message::info_by_name(name).and_then(Identity::of);
        let both = Some(Identity { agent_at: 0, session_at: Some(16) });
        assert_eq!(of("AgentUpdate"), both);
        assert_eq!(of("ChatFromViewer"), both);
        assert_eq!(of("UUIDNameRequest"), None);
    }
}
