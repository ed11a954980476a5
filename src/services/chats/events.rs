//! What clients are sent about chat sessions: the bodies of events, and the texts sent by UDP.
//!
//! Structure and keys are those that the strictest client of each kind expects: an `info` map in
//! every change, `session_info` in every successful start, and a bucket that is never empty.

use bytes::Bytes;

use super::state::{Change, ChatSession, Info, Text, Transition};
use crate::ids::{AgentId, ChatSessionId};
use crate::llsd::{self, Llsd, Map};
use crate::message::{self, ImprovedInstantMessage};
use crate::outbox::Event;
use crate::services::im::{MAX_TEXT, PARENT_ESTATE, dialog};

/// People in one `ChatterBoxSessionAgentListUpdates`.
const BATCH: usize = 100;

/// The session is open.
pub(super) fn started(session: &ChatSession, temporary: ChatSessionId) -> Event {
    let (agents, agent_info) = roster(session);
    event(
        "ChatterBoxSessionStartReply",
        llsd::map! {
            "success" => true,
            "session_id" => session.id().0,
            "temp_session_id" => temporary.0,
            "session_info" => llsd::map! {
                "session_name" => session.name(),
                "type" => session.kind() as u8,
                "voice_enabled" => false,
                "moderated_mode" => moderated_mode(session),
            },
            "agent_info" => agent_info,
            "agents" => agents,
        },
    )
}

/// The session is not open to who asked for it.
pub(super) fn not_started(temporary: ChatSessionId, error: &str) -> Event {
    event(
        "ChatterBoxSessionStartReply",
        llsd::map! {
            "success" => false,
            "session_id" => temporary.0,
            "temp_session_id" => temporary.0,
            "error" => error,
        },
    )
}

/// Who is in the session, as one who comes is told.
pub(super) fn present(session: &ChatSession) -> Vec<Event> {
    let enter = Some(Transition::Enter);
    let change = |agent| Change { agent, transition: enter, info: session.info(agent) };
    let changes: Vec<Change> = session.joined().map(change).collect();
    changed(session.id(), &changes)
}

/// What has changed about people.
pub(super) fn changed(id: ChatSessionId, changes: &[Change]) -> Vec<Event> {
    changes.chunks(BATCH).map(|changes| changes_of(id, changes)).collect()
}

fn changes_of(id: ChatSessionId, changes: &[Change]) -> Event {
    let (mut updates, mut old_form) = (Map::new(), Map::new());
    for change in changes {
        let (mut update, agent) = (Map::new(), change.agent.0.to_string());
        if let Some(transition) = change.transition {
            let transition = match transition {
                Transition::Enter => "ENTER",
                Transition::Leave => "LEAVE",
            };
            update.insert("transition", transition);
            old_form.insert(agent.clone(), transition);
        }
        update.insert("info", info(change.info));
        updates.insert(agent, update);
    }
    event(
        "ChatterBoxSessionAgentListUpdates",
        llsd::map! {
            "session_id" => id.0,
            "agent_updates" => updates,
            "updates" => old_form,
        },
    )
}

/// Somebody does not talk by voice.
pub(super) fn no_voice(id: ChatSessionId, agent: AgentId) -> Event {
    changes_of(id, &[Change { agent, transition: None, info: Info::default() }])
}

/// The first text for somebody who was not in the session.
pub(super) fn invitation(session: &ChatSession, text: &Text, to: AgentId) -> Event {
    let (by, region) = (&text.by, text.by.region.0);
    let place = [by.position.x, by.position.y, by.position.z];
    let timestamp = i32::try_from(text.at).unwrap_or(i32::MAX);
    let params = llsd::map! {
        "type" => dialog::SESSION_SEND,
        "id" => session.id().0,
        "from_id" => by.agent.0,
        "from_name" => by.name.as_str(),
        "to_id" => to.0,
        "message" => text.said.as_str(),
        "timestamp" => timestamp,
        "offline" => 0,
        "parent_estate_id" => PARENT_ESTATE as i32,
        "region_id" => region,
        "position" => place,
        "ttl" => 1,
        "from_group" => false,
        "source" => 0,
        "data" => llsd::map! {
            "binary_bucket" => Llsd::binary(bucket(session)),
            "type" => dialog::SESSION_SEND,
            "timestamp" => Llsd::Date(text.at as f64),
        },
    };
    event(
        "ChatterBoxInvitation",
        llsd::map! {
            "session_id" => session.id().0,
            "session_name" => session.name(),
            "from_id" => by.agent.0,
            "from_name" => by.name.as_str(),
            "instantmessage" => llsd::map! {
                "message_params" => params,
                "agent_params" => llsd::map! {
                    "agent_id" => by.agent.0,
                    "check_estate" => true,
                    "god_level" => 0,
                    "limited_to_estate" => true,
                },
            },
        },
    )
}

/// Something that the agent wanted in a session did not happen.
pub(super) fn refused(id: ChatSessionId, what: &'static str, error: &str) -> Event {
    event(
        "ChatterBoxSessionEventReply",
        llsd::map! {
            "session_id" => id.0,
            "event" => what,
            "success" => false,
            "error" => error,
        },
    )
}

/// The agent is no longer in the session.
pub(super) fn closed(id: ChatSessionId, reason: &'static str) -> Event {
    event("ForceCloseChatterBoxSession", llsd::map! { "session_id" => id.0, "reason" => reason })
}

/// Voices are moderated, or not.
pub(super) fn moderated(session: &ChatSession) -> Event {
    event(
        "ChatterBoxSessionUpdate",
        llsd::map! {
            "session_id" => session.id().0,
            "info" => llsd::map! { "moderated_mode" => moderated_mode(session) },
        },
    )
}

/// The answer to who accepts an invitation.
pub(super) fn accepted(session: &ChatSession) -> Llsd {
    let (agents, agent_info) = roster(session);
    llsd::map! { "agents" => agents, "agent_info" => agent_info }
}

/// What was said, the oldest first.
pub(super) fn history(session: &ChatSession) -> Llsd {
    let entry = |text: &Text| {
        llsd::map! {
            "from_id" => text.by.agent.0,
            "from" => text.by.name.as_str(),
            "message" => text.said.as_str(),
            "time" => i32::try_from(text.at).unwrap_or(i32::MAX),
            "num" => i32::try_from(text.number).unwrap_or(i32::MAX),
        }
    };
    session.history().map(entry).collect()
}

/// A text by UDP, its recipient left out.
pub(super) fn text(session: &ChatSession, text: &Text) -> ImprovedInstantMessage {
    let mut im = ImprovedInstantMessage::default();
    im.agent_data.agent_id = text.by.agent.0;
    let block = &mut im.message_block;
    block.parent_estate_id = PARENT_ESTATE;
    block.region_id = text.by.region.0;
    block.position = text.by.position;
    block.dialog = dialog::SESSION_SEND;
    block.id = session.id().0;
    block.from_agent_name = message::variable1(&text.by.name);
    block.message = message::variable_max(&text.said, MAX_TEXT);
    block.binary_bucket = bucket(session);
    im
}

/// The session's name and a NUL: viewers look at the first byte unasked.
fn bucket(session: &ChatSession) -> Bytes {
    let mut bytes = Vec::with_capacity(session.name().len() + 1);
    bytes.extend_from_slice(session.name().as_bytes());
    bytes.push(0);
    bytes.into()
}

fn roster(session: &ChatSession) -> (Llsd, Map) {
    let agents = session.joined().map(|agent| agent.0).collect();
    let infos = session.joined().map(|agent| (agent.0.to_string(), info(session.info(agent))));
    (agents, infos.collect())
}

fn info(info: Info) -> Llsd {
    llsd::map! {
        "can_voice_chat" => false,
        "is_moderator" => info.moderates,
        "mutes" => llsd::map! { "text" => info.text_muted, "voice" => info.voice_muted },
    }
}

fn moderated_mode(session: &ChatSession) -> Llsd {
    llsd::map! { "voice" => session.voice_moderated() }
}

#[expect(clippy::needless_pass_by_value, reason = "callers build the body in place")]
fn event(message: &'static str, body: Llsd) -> Event {
    Event::new(message, &body)
}
