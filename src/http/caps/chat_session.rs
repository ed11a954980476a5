//! `ChatSessionRequest`: requests about chat sessions by HTTP.
//!
//! The answer to an invitation must be valid LLSD, or some clients lose the text that came with it.
//! A malformed request gets 400, an unknown session 404, and a request that the agent has no
//! permission for 403.

use super::Caps;
use super::request::{CapError, CapReply, CapRequest};
use crate::ids::{AgentId, ChatSessionId};
use crate::llsd::{Llsd, Map};
use crate::services::chats::{ChatRefusal, MAX_IN_CONFERENCE};
use crate::session::AgentSession;

/// POST of a map with `method`, `session-id` and what the method wants in `params`.
pub(super) async fn request(
    caps: &Caps,
    session: &AgentSession,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let body = request.post(caps.max_body).await?;
    let id = ChatSessionId(body.get("session-id").as_uuid());
    let method = body.get("method").as_str().unwrap_or_default();
    if id.0.is_nil() || method.is_empty() {
        return Err(CapError::BadRequest("method and session-id are wanted".into()));
    }
    let (agent, params) = (session.agent_id, body.get("params"));
    let chats = &caps.services.chats;
    let answer = match method {
        "start conference" => {
            let invitees = invitees(params)?;
            // What stands in the way is told by the event that a success is told by, since with an
            // error here viewers try the old way, or wait for ever.
            let started = chats.start_conference(agent, &session.name(), id, &invitees);
            let mut answer = Map::new();
            if let Ok(id) = started {
                answer.insert("session_id", id.0);
            }
            Llsd::Map(answer)
        }
        "accept invitation" => chats.accept(agent, id)?,
        "decline invitation" => {
            chats.decline(agent, id)?;
            nothing()
        }
        "invite" => {
            chats.invite(agent, id, &invitees(params)?)?;
            nothing()
        }
        "mute update" => {
            let target = AgentId(params.get("agent_id").as_uuid());
            let info = params.get("mute_info");
            let (text, voice) = (flag(info, "text"), flag(info, "voice"));
            if target.0.is_nil() || (text.is_none() && voice.is_none()) {
                return Err(CapError::BadRequest("agent_id and mute_info are wanted".into()));
            }
            chats.mute(agent, id, target, text, voice)?;
            nothing()
        }
        "session update" => {
            let mode = params.get("update_info").get("moderated_mode");
            let voice = flag(mode, "voice").ok_or(CapError::BadRequest(
                "voice is wanted in moderated_mode in update_info".into(),
            ))?;
            chats.moderate_voice(agent, id, voice)?;
            nothing()
        }
        "fetch history" => chats.history(agent, id)?,
        "call" => return Err(CapError::Forbidden("no voice here".into())),
        "start p2p voice" => return Err(CapError::BadRequest("no voice here".into())),
        "decline p2p voice" => {
            chats.decline_voice(agent, id, &session.name());
            nothing()
        }
        _ => return Err(CapError::BadRequest("unknown method".into())),
    };
    Ok(CapReply::Value(answer))
}

fn nothing() -> Llsd {
    Llsd::Map(Map::new())
}

/// A truth that is there.
fn flag(map: &Llsd, key: &str) -> Option<bool> {
    map.as_map().get(key).filter(|value| !value.is_undef()).map(Llsd::as_bool)
}

/// An array of ids, or a single one; at least one and not more than a conference takes.
fn invitees(params: &Llsd) -> Result<Vec<AgentId>, CapError> {
    let listed = match params {
        Llsd::Array(ids) => ids.as_slice(),
        single => std::slice::from_ref(single),
    };
    let ids: Vec<AgentId> = if listed.len() <= MAX_IN_CONFERENCE {
        let ids = listed.iter().map(|id| AgentId(id.as_uuid()));
        ids.filter(|id| !id.0.is_nil()).collect()
    } else {
        Vec::new()
    };
    if ids.is_empty() {
        return Err(CapError::BadRequest("params has to be a list of 1 to 250 agents".into()));
    }
    Ok(ids)
}

impl From<ChatRefusal> for CapError {
    fn from(refusal: ChatRefusal) -> Self {
        match refusal {
            ChatRefusal::NoSession => Self::NotFound("session"),
            ChatRefusal::Impossible => Self::BadRequest(refusal.to_string().into()),
            ChatRefusal::NotMember
            | ChatRefusal::NoAbility
            | ChatRefusal::Muted
            | ChatRefusal::NotModerator => Self::Forbidden(refusal.to_string().into()),
        }
    }
}
