//! The control API: what scripts and tests look at and act through. Its own listener, JSON in and
//! out, described at `/openapi.json`; a word for each route stands in `docs/control-api.md`.
//!
//! It knows no sessions and no services: a [`ControlBackend`] does the work.

mod clep;
mod error;
mod guard;
mod model;
mod object_model;
mod objects;
mod people;
mod query;
mod scripts;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use utoipa::OpenApi;
use uuid::Uuid;

use super::body::{self, BodyError};
use super::router::counted;
use crate::ids::AgentId;
use crate::scripts::{Fields, ObjectAccess};

pub use self::error::ControlError;
pub use self::guard::{ControlAccess, MissingToken};
pub use self::model::{
    Account, AgentList, AgentState, AgentStatus, ChatSessionList, ChatSessionStatus, CircuitList,
    CircuitStatus, FriendList, FriendStatus, GroupList, GroupStatus, Kick, MemberStatus,
    NewAccount, NewMessage, ParticipantStatus, Problem, RoleStatus, Sent, Status,
};
pub use self::object_model::{
    CallRequest, CallResult, HeardList, ListenStatus, NewObjectRequest, ObjectList, ObjectStatus,
    OwnerStatus, PrimStatus, ScriptStatus, TouchRequest, Touched, TrafficList, WatchRequest,
    Watched, WornStatus,
};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the control API acts on.
pub trait ControlBackend: Send + Sync {
    /// Whether a login would succeed now.
    fn is_ready(&self) -> bool;

    /// All metrics in Prometheus' text form.
    fn metrics(&self) -> String;

    /// The agents that are logged in, in any order.
    fn agents(&self) -> BoxFuture<'_, Result<Vec<AgentStatus>, ControlError>>;

    /// The circuits that are open, in any order.
    fn circuits(&self) -> BoxFuture<'_, Result<Vec<CircuitStatus>, ControlError>>;

    /// Creates an account.
    fn create_account(&self, new: NewAccount) -> BoxFuture<'_, Result<Account, ControlError>>;

    /// Ends an agent's session, telling its user `reason`.
    fn kick(&self, agent: AgentId, reason: String) -> BoxFuture<'_, Result<(), ControlError>>;

    /// All groups, by name.
    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupStatus>, ControlError>>;

    /// The chat sessions that are open, in any order.
    fn chat_sessions(&self) -> BoxFuture<'_, Result<Vec<ChatSessionStatus>, ControlError>>;

    /// The friends of an agent.
    fn friends(&self, agent: AgentId) -> BoxFuture<'_, Result<FriendList, ControlError>>;

    /// Sends an instant message.
    fn send_message(&self, message: NewMessage) -> BoxFuture<'_, Result<Sent, ControlError>>;

    /// The way to the objects of all regions.
    fn objects(&self) -> &ObjectAccess;

    /// Begins to stop the server; returns at once.
    fn shutdown(&self);
}

/// The routes of the control API.
///
/// # Errors
/// When `access` would leave the API open to the network.
pub fn router(
    backend: Arc<dyn ControlBackend>,
    access: ControlAccess,
) -> Result<Router, MissingToken> {
    access.check()?;
    Ok(Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .route("/v1/agents", get(agents))
        .route("/v1/agents/{id}/kick", post(kick))
        .route("/v1/circuits", get(circuits))
        .route("/v1/accounts", post(create_account))
        .route("/v1/groups", get(people::groups))
        .route("/v1/sessions", get(people::sessions))
        .route("/v1/friends/{id}", get(people::friends))
        .route("/v1/im", post(people::instant_message))
        .route("/v1/objects", get(objects::list).post(objects::create))
        .route("/v1/objects/{id}", get(objects::show).delete(objects::remove))
        .route("/v1/objects/{id}/events", get(objects::events))
        .route("/v1/objects/{id}/touch", post(objects::touch))
        .route("/v1/objects/{id}/{call}", post(objects::call))
        .route("/v1/scripts", get(scripts::scripts))
        .route("/v1/clep/traffic", get(clep::traffic))
        .route("/v1/clep/traffic/stream", get(clep::stream))
        .route("/v1/clep/watch", post(clep::watch))
        .route("/v1/shutdown", post(shutdown))
        .fallback(|| async { ControlError::NotFound("route") })
        .method_not_allowed_fallback(|| async { ControlError::MethodNotAllowed })
        .layer(middleware::from_fn_with_state(Arc::new(access), guard::guard))
        .layer(middleware::from_fn(count))
        .with_state(backend))
}

/// The OpenAPI document of the routes, pretty-printed JSON.
///
/// # Errors
/// Only if serialising fails, which is a defect of ours.
pub fn openapi_document() -> Result<String, serde_json::Error> {
    ApiDocument::openapi().to_pretty_json()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holm control API",
        version = "1",
        description = "Look inside a running grid and act on it."
    ),
    paths(
        health,
        ready,
        metrics,
        agents,
        kick,
        circuits,
        create_account,
        people::groups,
        people::sessions,
        people::friends,
        people::instant_message,
        objects::list,
        objects::create,
        objects::show,
        objects::remove,
        objects::events,
        objects::touch,
        objects::call,
        scripts::scripts,
        clep::traffic,
        clep::stream,
        clep::watch,
        shutdown
    )
)]
struct ApiDocument;

type Backend = State<Arc<dyn ControlBackend>>;

/// The process answers.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Status)))]
async fn health() -> Json<Status> {
    status("ok")
}

/// The first login would succeed.
#[utoipa::path(get, path = "/ready", responses(
    (status = 200, body = Status),
    (status = 503, description = "starting or stopping", body = Status),
))]
async fn ready(State(backend): Backend) -> (StatusCode, Json<Status>) {
    if backend.is_ready() {
        (StatusCode::OK, status("ready"))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, status("not ready"))
    }
}

/// Counters and gauges in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", responses(
    (status = 200, content_type = "text/plain", body = String),
))]
async fn metrics(State(backend): Backend) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], backend.metrics())
        .into_response()
}

async fn openapi() -> Result<Response, ControlError> {
    let document = openapi_document().map_err(|error| ControlError::Internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document).into_response())
}

/// The agents that are logged in.
#[utoipa::path(get, path = "/v1/agents", responses((status = 200, body = AgentList)))]
async fn agents(State(backend): Backend) -> Result<Json<AgentList>, ControlError> {
    let mut agents = backend.agents().await?;
    agents.sort_by(|one, two| (&one.name, one.id).cmp(&(&two.name, two.id)));
    Ok(Json(AgentList { agents }))
}

/// The circuits that are open.
#[utoipa::path(get, path = "/v1/circuits", responses((status = 200, body = CircuitList)))]
async fn circuits(State(backend): Backend) -> Result<Json<CircuitList>, ControlError> {
    let mut circuits = backend.circuits().await?;
    circuits.sort_by_key(|circuit| circuit.code);
    Ok(Json(CircuitList { circuits }))
}

/// Creates an account that can log in at once.
#[utoipa::path(post, path = "/v1/accounts", request_body = NewAccount, responses(
    (status = 201, body = Account),
    (status = 400, body = Problem),
    (status = 409, description = "the name or the id is taken", body = Problem),
))]
async fn create_account(
    State(backend): Backend,
    body: Body,
) -> Result<(StatusCode, Json<Account>), ControlError> {
    let mut fields = fields(body).await?;
    let new = NewAccount {
        first: fields.string("first")?,
        last: fields.string("last")?,
        password: fields.string("password")?,
        uuid: fields.optional_uuid("uuid")?,
    };
    fields.finish()?;
    Ok((StatusCode::CREATED, Json(backend.create_account(new).await?)))
}

/// Ends an agent's session and tells its user why.
#[utoipa::path(post, path = "/v1/agents/{id}/kick", request_body = Kick,
    params(("id" = Uuid, Path, description = "the agent's id")),
    responses(
        (status = 200, body = Status),
        (status = 400, body = Problem),
        (status = 404, description = "no such agent is logged in", body = Problem),
    ))]
async fn kick(
    State(backend): Backend,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Status>, ControlError> {
    let id = Uuid::try_parse(&id).map_err(|_| ControlError::invalid("id", "id is not a UUID"))?;
    let mut fields = fields(body).await?;
    let reason = fields.optional_string("reason")?;
    fields.finish()?;
    let reason = reason.unwrap_or_else(|| DEFAULT_REASON.to_owned());
    if reason.len() > MAX_REASON {
        let message = format!("reason is longer than {MAX_REASON} bytes");
        return Err(ControlError::invalid("reason", message));
    }
    backend.kick(AgentId(id), reason).await?;
    Ok(status("kicked"))
}

/// Stops the server: agents are told, storage is flushed, the process ends.
#[utoipa::path(post, path = "/v1/shutdown", responses((status = 202, body = Status)))]
async fn shutdown(State(backend): Backend) -> (StatusCode, Json<Status>) {
    backend.shutdown();
    (StatusCode::ACCEPTED, status("stopping"))
}

async fn count(request: Request, next: Next) -> Response {
    counted("holm_control_requests_total", request, next).await
}

async fn fields(body: Body) -> Result<Fields, ControlError> {
    let bytes = body::read(body, MAX_BODY).await.map_err(|error| match error {
        BodyError::TooLarge(limit) => ControlError::TooLarge(limit),
        BodyError::TimedOut => ControlError::TimedOut,
        BodyError::Broken => ControlError::Invalid {
            field: None,
            message: "request body could not be read".to_owned(),
        },
    })?;
    Ok(Fields::parse("request body", &bytes)?)
}

fn status(word: &str) -> Json<Status> {
    Json(Status { status: word.to_owned() })
}

const MAX_BODY: usize = 64 * 1024;
/// `KickUser.Reason` has a two-byte length, but must fit one datagram.
const MAX_REASON: usize = 1000;
const DEFAULT_REASON: &str = "You have been logged out by an administrator.";
