//! The public routes: login, grid information, a page for browsers, capabilities.

use std::any::Any;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;

use super::body::{self, BodyError};
use super::caps::{self, Caps};
use super::counted::counted;
use super::guard::{self, SiteGuard};
use super::login::{
    FailureReason, GridInfo, LoginCall, LoginFailure, LoginMethod, LoginRequest, LoginSuccess,
    Wire, parse_login,
};
use super::welcome::{self, Welcome};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the login routes act on.
pub trait LoginBackend: Send + Sync {
    /// Logs an agent in that asks from `peer`.
    fn login(
        &self,
        request: LoginRequest,
        peer: SocketAddr,
    ) -> BoxFuture<'_, Result<Box<LoginSuccess>, LoginFailure>>;

    /// What viewers want to know before they add the grid.
    fn grid_info(&self) -> GridInfo;

    /// A few numbers about the grid.
    fn grid_stats(&self) -> BoxFuture<'_, GridStats>;

    /// What the page for people says.
    fn welcome(&self) -> Welcome;
}

/// `get_grid_stats`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GridStats {
    /// Accounts.
    pub residents: u64,
    /// Agents that are logged in.
    pub active_users: u64,
    /// Regions.
    pub region_count: u64,
}

/// The public routes, for whoever `site` lets in. `max_login_body` is in bytes.
pub fn router(
    backend: Arc<dyn LoginBackend>,
    caps: Arc<Caps>,
    max_login_body: usize,
    site: SiteGuard,
) -> Router {
    let cors = site.cors();
    let login = || get(welcome_page).post(login);
    let routes = Router::new()
        .route("/", login())
        .route("/login", login())
        .route("/login/", login())
        .route("/cgi-bin/login.cgi", login())
        .route("/get_grid_info", get(grid_info_xml))
        .route("/json_grid_info", get(grid_info_json))
        .route("/get_grid_stats", get(grid_stats))
        .with_state(Public { backend, max_login_body })
        .merge(caps::router(caps))
        .fallback(|| async { (StatusCode::NOT_FOUND, "not found\n") })
        .method_not_allowed_fallback(|| async {
            (StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n")
        })
        .layer(CatchPanicLayer::custom(panicked));
    let routes = match cors {
        Some(cors) => routes.layer(cors),
        None => routes,
    };
    routes
        .layer(middleware::from_fn_with_state(Arc::new(site), guard::guard))
        .layer(middleware::from_fn(count))
}

#[derive(Clone)]
struct Public {
    backend: Arc<dyn LoginBackend>,
    max_login_body: usize,
}

async fn login(
    State(public): State<Public>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let bytes = match body::read(body, public.max_login_body).await {
        Ok(bytes) => bytes,
        Err(error) => return (body_status(error), format!("{error}\n")).into_response(),
    };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let LoginCall { wire, method } = match parse_login(content_type, &bytes) {
        Ok(call) => call,
        Err(error) => {
            tracing::debug!(%peer, %error, "login request is refused");
            if let Some((wire, text)) = error.answer() {
                return answer(wire, text);
            }
            let status = if error.problem.is_too_large() {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            };
            return (status, format!("{error}\n")).into_response();
        }
    };
    let text = match method {
        LoginMethod::GridInfo => wire.write(&public.backend.grid_info().to_llsd()),
        LoginMethod::Login(request) => {
            let options = request.options.clone();
            match granted(public.backend, *request, peer).await {
                Ok(success) => success.write(wire, &options),
                Err(failure) => wire.write(&failure.to_llsd()),
            }
        }
    };
    answer(wire, text)
}

/// Runs the login to its end even if the client hangs up meanwhile, so that it is never half done.
async fn granted(
    backend: Arc<dyn LoginBackend>,
    request: LoginRequest,
    peer: SocketAddr,
) -> Result<Box<LoginSuccess>, LoginFailure> {
    let login = tokio::spawn(async move { backend.login(request, peer).await });
    login.await.unwrap_or_else(|error| {
        tracing::error!(%error, "login broke off");
        Err(LoginFailure::new(FailureReason::InternalError, "The login failed inside the grid."))
    })
}

fn answer(wire: Wire, text: String) -> Response {
    ([(header::CONTENT_TYPE, wire.content_type())], text).into_response()
}

fn body_status(error: BodyError) -> StatusCode {
    match error {
        BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken => StatusCode::BAD_REQUEST,
    }
}

async fn welcome_page(State(public): State<Public>) -> Html<String> {
    Html(welcome::page(&public.backend.welcome()))
}

async fn grid_info_xml(State(public): State<Public>) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/xml")];
    (content_type, public.backend.grid_info().to_xml()).into_response()
}

async fn grid_info_json(State(public): State<Public>) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (content_type, public.backend.grid_info().to_json()).into_response()
}

async fn grid_stats(State(public): State<Public>) -> Response {
    let GridStats { residents, active_users, region_count } = public.backend.grid_stats().await;
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><gridstats>\
         <residents>{residents}</residents>\
         <active_users>{active_users}</active_users>\
         <region_count>{region_count}</region_count>\
         </gridstats>"
    );
    ([(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

async fn count(request: Request, next: Next) -> Response {
    counted("holm_http_requests_total", request, next).await
}

/// A panic is our own defect; the client gets LLSD all the same, see `caps::request`.
#[expect(clippy::needless_pass_by_value, reason = "the layer demands this signature")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic = text, "request handler panicked, please report");
    let body = "<llsd><string>internal error</string></llsd>";
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "application/llsd+xml")], body)
        .into_response()
}

#[cfg(test)]
mod tests;
