//! Routes for logged-in agents: agents, their circuits, and ending a session.

use axum::Json;
use axum::body::Body;
use axum::extract::State;

use super::model::{AgentList, CircuitList, Kick, Problem, Status, StatusWord};
use super::path::Segments;
use super::who::Who;
use super::{Backend, ControlError, fields, status};

/// Lists the agents that are logged in.
#[utoipa::path(get, path = "/v1/agents", operation_id = "list_agents", responses(
    (status = 200, description = "the agents, by name", body = AgentList),
    (status = 503, body = Problem),
))]
pub(super) async fn list(State(backend): Backend) -> Result<Json<AgentList>, ControlError> {
    let mut agents = backend.agents().await?;
    agents.sort_by(|one, two| (&one.name, one.id).cmp(&(&two.name, two.id)));
    Ok(Json(AgentList { agents }))
}

/// Lists the open circuits with their counters.
#[utoipa::path(get, path = "/v1/circuits", operation_id = "list_circuits", responses(
    (status = 200, description = "the circuits, by code", body = CircuitList),
    (status = 503, body = Problem),
))]
pub(super) async fn circuits(State(backend): Backend) -> Result<Json<CircuitList>, ControlError> {
    let mut circuits = backend.circuits().await?;
    circuits.sort_by_key(|circuit| circuit.code);
    Ok(Json(CircuitList { circuits }))
}

/// Ends an agent's session and tells its user why.
#[utoipa::path(post, path = "/v1/agents/{agent}/kick", operation_id = "kick_agent",
    request_body(content = Kick, description = "may be empty"),
    params(("agent" = String, Path, description = "id or `First Last`")),
    responses(
        (status = 200, description = "the session ends", body = Status),
        (status = 404, description = "no such agent is logged in", body = Problem),
    ))]
pub(super) async fn kick(
    State(backend): Backend,
    Segments(agent): Segments<String>,
    body: Body,
) -> Result<Json<Status>, ControlError> {
    let agent = Who::parse("agent", &agent)?;
    let mut fields = fields(body).await?;
    let reason = fields.optional_string("reason")?;
    fields.finish()?;
    let reason = reason.unwrap_or_else(|| DEFAULT_REASON.to_owned());
    if reason.len() > MAX_REASON {
        let message = format!("reason is longer than {MAX_REASON} bytes");
        return Err(ControlError::invalid("reason", message));
    }
    backend.kick(agent, reason).await?;
    Ok(status(StatusWord::Kicked))
}

/// `KickUser.Reason` has a two-byte length, but must fit one datagram.
pub(super) const MAX_REASON: usize = 1000;
pub(super) const DEFAULT_REASON: &str = "You have been logged out by an administrator.";
