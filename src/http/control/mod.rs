//! The control API, through which scripts and tests inspect the grid and act on it. It has its own
//! listener, uses JSON and is described at `/openapi.json`; `docs/control-api.md` lists the routes.
//!
//! It knows no sessions or services: a [`ControlBackend`] does the work.

mod accounts;
mod agents;
mod clep;
mod document;
mod error;
mod guard;
mod model;
mod object_model;
mod objects;
mod page;
mod path;
mod people;
mod query;
mod scripts;
#[cfg(test)]
mod tests;
mod who;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::body::{self, BodyError};
use super::counted::counted;
use super::router::BoxFuture;
use crate::scripts::{Fields, ObjectAccess};
use crate::services::accounts::AccountName;

pub use self::document::openapi_document;
pub use self::error::ControlError;
pub use self::guard::{ControlAccess, MissingToken};
pub use self::model::{
    AccountList, AccountStatus, AgentList, AgentState, AgentStatus, ChatSessionKind,
    ChatSessionList, ChatSessionStatus, CircuitList, CircuitState, CircuitStatus, FriendList,
    FriendStatus, GroupList, GroupStatus, Kick, MemberStatus, NewAccount, NewMessage,
    ParticipantState, ParticipantStatus, PasswordChange, Problem, RoleStatus, Sent, Status,
    StatusWord,
};
pub use self::object_model::{
    CallRequest, CallResult, HeardList, ListenStatus, NewObjectRequest, ObjectList, ObjectStatus,
    OwnerStatus, PrimStatus, ScriptStatus, TouchRequest, Touched, TrafficList, WatchRequest,
    Watched, WornStatus,
};
pub use self::who::Who;

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

    /// Up to `limit` accounts in the order of their names, those after `after`.
    fn accounts(
        &self,
        after: Option<AccountName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AccountStatus>, ControlError>>;

    /// One account.
    fn account(&self, who: Who) -> BoxFuture<'_, Result<AccountStatus, ControlError>>;

    /// Deletes an account that is not logged in.
    fn remove_account(&self, who: Who) -> BoxFuture<'_, Result<(), ControlError>>;

    /// Creates an account.
    fn create_account(&self, new: NewAccount)
    -> BoxFuture<'_, Result<AccountStatus, ControlError>>;

    /// Gives an account a new password.
    fn set_password(
        &self,
        who: Who,
        change: PasswordChange,
    ) -> BoxFuture<'_, Result<AccountStatus, ControlError>>;

    /// Ends an agent's session, telling its user `reason`.
    fn kick(&self, agent: Who, reason: String) -> BoxFuture<'_, Result<(), ControlError>>;

    /// All groups, by name.
    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupStatus>, ControlError>>;

    /// The chat sessions that are open, in any order.
    fn chat_sessions(&self) -> BoxFuture<'_, Result<Vec<ChatSessionStatus>, ControlError>>;

    /// The friends of an agent.
    fn friends(&self, agent: Who) -> BoxFuture<'_, Result<FriendList, ControlError>>;

    /// Sends an instant message; waits at most so long until it is certain what became of it.
    fn send_message(
        &self,
        message: NewMessage,
        wait: Option<Duration>,
    ) -> BoxFuture<'_, Result<Sent, ControlError>>;

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
        .route("/", get(page))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .route("/v1/agents", get(agents::list))
        .route("/v1/agents/{agent}/kick", post(agents::kick))
        .route("/v1/circuits", get(agents::circuits))
        .route("/v1/accounts", get(accounts::list).post(accounts::create))
        .route("/v1/accounts/{account}", get(accounts::show).delete(accounts::remove))
        .route("/v1/accounts/{account}/password", post(accounts::set_password))
        .route("/v1/groups", get(people::groups))
        .route("/v1/sessions", get(people::sessions))
        .route("/v1/friends/{agent}", get(people::friends))
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

type Backend = State<Arc<dyn ControlBackend>>;

/// Tells that the process answers.
#[utoipa::path(get, path = "/health", operation_id = "check_health", tag = "server", responses(
    (status = 200, description = "the process answers", body = Status),
))]
async fn health() -> Json<Status> {
    status(StatusWord::Ok)
}

/// Tells whether the next login would succeed.
#[utoipa::path(get, path = "/ready", operation_id = "check_readiness", tag = "server", responses(
    (status = 200, description = "the next login would succeed", body = Status),
    (status = 503, description = "starting or stopping, or nothing can be stored", body = Status),
))]
async fn ready(State(backend): Backend) -> (StatusCode, Json<Status>) {
    if backend.is_ready() {
        (StatusCode::OK, status(StatusWord::Ready))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, status(StatusWord::NotReady))
    }
}

/// Reads counters and gauges in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", operation_id = "read_metrics", tag = "server", responses(
    (status = 200, description = "the metrics", content_type = "text/plain", body = String),
))]
async fn metrics(State(backend): Backend) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], backend.metrics())
        .into_response()
}

async fn page() -> Html<String> {
    Html(page::page())
}

async fn openapi() -> Result<Response, ControlError> {
    let document = openapi_document().map_err(|error| ControlError::Internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document).into_response())
}

/// Stops the server: agents are told, storage is flushed, the process ends.
#[utoipa::path(post, path = "/v1/shutdown", operation_id = "shut_down", tag = "server", responses(
    (status = 202, description = "the server stops", body = Status),
))]
async fn shutdown(State(backend): Backend) -> (StatusCode, Json<Status>) {
    backend.shutdown();
    (StatusCode::ACCEPTED, status(StatusWord::Stopping))
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

fn status(status: StatusWord) -> Json<Status> {
    Json(Status { status })
}

const MAX_BODY: usize = 64 * 1024;
