//! Counts requests by route and status.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

/// Counts a request by its route and the status of its answer.
pub(super) async fn counted(counter: &'static str, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    let route = route.unwrap_or_else(|| "unknown".to_owned());
    let status = response.status().as_str().to_owned();
    metrics::counter!(counter, "route" => route, "status" => status).increment(1);
    response
}
