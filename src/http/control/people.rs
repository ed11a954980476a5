//! Routes about people: groups, chat sessions, friends, and messages in somebody's name.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use uuid::Uuid;

use super::model::{ChatSessionList, FriendList, GroupList, NewMessage, Problem, Sent};
use super::{Backend, ControlError, fields};
use crate::ids::AgentId;

/// All groups with their roles and members.
#[utoipa::path(get, path = "/v1/groups", responses((status = 200, body = GroupList)))]
pub(super) async fn groups(State(backend): Backend) -> Result<Json<GroupList>, ControlError> {
    Ok(Json(GroupList { groups: backend.groups().await? }))
}

/// The chat sessions of groups and conferences that are open.
#[utoipa::path(get, path = "/v1/sessions", responses((status = 200, body = ChatSessionList)))]
pub(super) async fn sessions(
    State(backend): Backend,
) -> Result<Json<ChatSessionList>, ControlError> {
    let mut sessions = backend.chat_sessions().await?;
    sessions.sort_by(|one, two| (&one.name, one.id).cmp(&(&two.name, two.id)));
    Ok(Json(ChatSessionList { sessions }))
}

/// The friends of an agent, and the offers that it has not answered.
#[utoipa::path(get, path = "/v1/friends/{id}",
    params(("id" = Uuid, Path, description = "the agent's id")),
    responses(
        (status = 200, body = FriendList),
        (status = 400, body = Problem),
        (status = 404, description = "no account has that id", body = Problem),
    ))]
pub(super) async fn friends(
    State(backend): Backend,
    Path(id): Path<String>,
) -> Result<Json<FriendList>, ControlError> {
    let id = Uuid::try_parse(&id).map_err(|_| ControlError::invalid("id", "id is not a UUID"))?;
    Ok(Json(backend.friends(AgentId(id)).await?))
}

/// Sends an instant message as an agent, or as the grid itself.
#[utoipa::path(post, path = "/v1/im", request_body = NewMessage, responses(
    (status = 200, body = Sent),
    (status = 400, body = Problem),
    (status = 404, description = "no account has that id", body = Problem),
))]
pub(super) async fn instant_message(
    State(backend): Backend,
    body: Body,
) -> Result<Json<Sent>, ControlError> {
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
    Ok(Json(backend.send_message(message).await?))
}

/// Bytes of text that an instant message holds.
const MAX_TEXT: usize = 1023;
/// Bytes of a name that an instant message holds.
const MAX_NAME: usize = 254;
