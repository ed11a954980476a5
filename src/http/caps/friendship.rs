//! `AcceptFriendship` and `DeclineFriendship`: answers to friendship offers.

use axum::http::Method;
use uuid::Uuid;

use super::Caps;
use super::request::{CapError, CapReply, CapRequest};
use crate::ids::AgentId;
use crate::llsd;
use crate::services::friends::{self, FriendError, Sender};
use crate::session::AgentSession;

/// POST with `?from=<id>`; the body says nothing. Answers `{success}`.
pub(super) async fn accept(
    caps: &Caps,
    session: &AgentSession,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    request.require(&Method::POST)?;
    let from = offerer(&request)?;
    reply(friends::accept(&caps.services, &sender(session), from).await)
}

/// DELETE with `?from=<id>`. Answers `{success}`.
pub(super) async fn decline(
    caps: &Caps,
    session: &AgentSession,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    request.require(&Method::DELETE)?;
    let from = offerer(&request)?;
    reply(friends::decline(&caps.services, &sender(session), from).await)
}

fn offerer(request: &CapRequest) -> Result<AgentId, CapError> {
    let query = request.query()?;
    let from = query.iter().find(|(key, _)| key == "from").map(|(_, value)| value);
    let id = from.and_then(|value| Uuid::try_parse(value.trim()).ok());
    id.map(AgentId).ok_or(CapError::BadRequest("from is not a UUID".into()))
}

fn sender(session: &AgentSession) -> Sender {
    Sender {
        agent: session.agent_id,
        name: session.name(),
        region: session.region.info.id,
        position: session.whereabouts.position(),
    }
}

fn reply(answered: Result<(), FriendError>) -> Result<CapReply, CapError> {
    match answered {
        Ok(()) => Ok(CapReply::Value(llsd::map! { "success" => true })),
        Err(error) if error.is_fault() => {
            tracing::error!(%error, "a friendship cannot be changed");
            Err(CapError::Unavailable("friendships cannot be changed now"))
        }
        Err(_) => Ok(CapReply::Value(llsd::map! { "success" => false })),
    }
}
