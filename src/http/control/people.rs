//! Routes for people: groups, chat sessions, friends, and sending messages.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;

use super::model::{ChatSessionList, FriendList, GroupList, NewMessage, Problem, Sent};
use super::path::Segments;
use super::query::{Parameters, RawParameters};
use super::who::Who;
use super::{Backend, ControlError, fields};

/// Lists all groups with their roles and members.
#[utoipa::path(get, path = "/v1/groups", operation_id = "list_groups", responses(
    (status = 200, description = "the groups, by name", body = GroupList),
))]
pub(super) async fn groups(State(backend): Backend) -> Result<Json<GroupList>, ControlError> {
    Ok(Json(GroupList { groups: backend.groups().await? }))
}

/// Lists the open chat sessions of groups and conferences.
#[utoipa::path(get, path = "/v1/sessions", operation_id = "list_chat_sessions", responses(
    (status = 200, description = "the sessions, by name", body = ChatSessionList),
))]
pub(super) async fn sessions(
    State(backend): Backend,
) -> Result<Json<ChatSessionList>, ControlError> {
    let mut sessions = backend.chat_sessions().await?;
    sessions.sort_by(|one, two| (&one.name, one.id).cmp(&(&two.name, two.id)));
    Ok(Json(ChatSessionList { sessions }))
}

/// Lists the friends of an agent, and the offers that it has not answered.
#[utoipa::path(get, path = "/v1/friends/{agent}", operation_id = "list_friends",
    params(("agent" = String, Path, description = "id or `First Last`")),
    responses(
        (status = 200, description = "the friends and the offers", body = FriendList),
        (status = 400, body = Problem),
        (status = 404, description = "there is no such account", body = Problem),
    ))]
pub(super) async fn friends(
    State(backend): Backend,
    Segments(agent): Segments<String>,
) -> Result<Json<FriendList>, ControlError> {
    Ok(Json(backend.friends(Who::parse("agent", &agent)?).await?))
}

/// Sends an instant message as an agent, or as the grid itself.
#[utoipa::path(post, path = "/v1/im", operation_id = "send_instant_message",
    request_body = NewMessage, params(
        ("wait" = Option<u64>, Query, description = "seconds to wait, at most 30, until it is certain \
            what became of the message"),
    ), responses(
    (status = 200, body = Sent),
    (status = 400, body = Problem),
    (status = 404, description = "no account has that id", body = Problem),
))]
pub(super) async fn instant_message(
    State(backend): Backend,
    query: RawParameters,
    body: Body,
) -> Result<Json<Sent>, ControlError> {
    let mut parameters = Parameters::new(query)?;
    let wait = parameters.count("wait")?;
    parameters.finish()?;
    if wait.is_some_and(|seconds| seconds > MAX_WAIT) {
        let text = format!("wait must be from 0 to {MAX_WAIT} seconds");
        return Err(ControlError::invalid("wait", text));
    }
    let mut fields = fields(body).await?;
    let to = fields.optional_uuid("to")?;
    let message = NewMessage {
        to: to.ok_or_else(|| ControlError::invalid("to", "to is missing"))?,
        message: fields.string("message")?,
        from: fields.optional_uuid("from")?,
        from_name: fields.optional_string("from_name")?,
    };
    fields.finish()?;
    if message.from.is_some() && message.from_name.is_some() {
        let text = "from_name cannot be set for an agent, whose name is its account's";
        return Err(ControlError::invalid("from_name", text));
    }
    for (field, text, most) in [
        ("message", Some(&message.message), MAX_TEXT),
        ("from_name", message.from_name.as_ref(), MAX_NAME),
    ] {
        if text.is_some_and(|text| text.is_empty() || text.len() > most) {
            let text = format!("{field} must have from 1 to {most} bytes");
            return Err(ControlError::invalid(field, text));
        }
    }
    Ok(Json(backend.send_message(message, wait.map(Duration::from_secs)).await?))
}

/// Seconds that a sender may wait to hear what became of a message.
const MAX_WAIT: u64 = 30;
/// Bytes of text that an instant message holds.
const MAX_TEXT: usize = 1023;
/// Bytes of a name that an instant message holds.
const MAX_NAME: usize = 254;
