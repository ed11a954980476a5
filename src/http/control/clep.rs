//! Routes for CLEP: what the observer has recorded, once or as a stream, and the names to watch.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::model::Problem;
use super::object_model::{TrafficList, WatchRequest, Watched};
use super::query::{Parameters, RawParameters};
use super::{Backend, ControlError, fields};
use crate::clep::is_typeable;
use crate::objects::{Traffic, TrafficFeed, Warning};
use crate::scripts::{self, ObjectAccess};

/// Entries of one answer, if nobody says how many.
const DEFAULT_LIMIT: u64 = 100;
/// Entries of one answer.
const MAX_LIMIT: u64 = 1000;
/// Events that wait for a client to read.
const WAITING: usize = 64;
/// How often a silent stream says that it is still there.
const STILL_THERE: Duration = Duration::from_secs(15);

/// Lists what the CLEP observer of a region recorded.
///
/// With `Accept: text/event-stream` it answers like `/v1/clep/traffic/stream`.
#[utoipa::path(get, path = "/v1/clep/traffic", operation_id = "list_clep_traffic",
    params(
        ("region" = Option<String>, Query, description = "name of the region; the first by default"),
        ("after" = Option<u64>, Query, description = "only entries with a higher number"),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000,
            description = "entries of this answer; 100 by default"),
    ),
    responses(
        (status = 200, description = "entries, oldest first", body = TrafficList),
        (status = 400, body = Problem),
        (status = 503, description = "the region is too busy", body = Problem),
    ))]
pub(super) async fn traffic(
    State(backend): Backend,
    headers: HeaderMap,
    query: RawParameters,
) -> Result<Response, ControlError> {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|accepts| accepts.contains("text/event-stream")) {
        return stream(State(backend), headers, query).await;
    }
    let access = backend.objects();
    let mut query = Parameters::new(query)?;
    let limit = query.count_within("limit", 1, MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    let (feed, after) = feed(access, query).await?;
    let entries = feed.past.iter().filter(|entry| entry.number > after).take(limit as usize);
    let mut list = TrafficList { traffic: Vec::new(), last: after };
    for entry in entries {
        list.last = entry.number;
        list.traffic.push(shown(entry)?);
    }
    Ok(Json(list).into_response())
}

/// Streams what the CLEP observer recorded and records, as server-sent events.
///
/// An event `traffic` carries one entry; `lost` carries the `count` of entries that a slow client
/// missed. `Last-Event-ID` replaces `after`.
#[utoipa::path(get, path = "/v1/clep/traffic/stream", operation_id = "stream_clep_traffic",
    params(
        ("region" = Option<String>, Query, description = "name of the region; the first by default"),
        ("after" = Option<u64>, Query, description = "only entries with a higher number"),
    ),
    responses(
        (status = 200, description = "the stream", content_type = "text/event-stream", body = String),
        (status = 400, body = Problem),
        (status = 503, description = "the region is too busy", body = Problem),
    ))]
pub(super) async fn stream(
    State(backend): Backend,
    headers: HeaderMap,
    query: RawParameters,
) -> Result<Response, ControlError> {
    let access = backend.objects();
    let (feed, after) = feed(access, Parameters::new(query)?).await?;
    let last_seen = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = last_seen.and_then(|number| number.parse().ok()).unwrap_or(after);
    let (out, chunks) = mpsc::channel(WAITING);
    let access = access.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = send_lines(feed, after, &out) => {}
            () = out.closed() => {}
            () = access.stopped() => {}
        }
    });
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::new(Chunks(chunks))).into_response())
}

/// Has the observer of a region record what is said under a name.
#[utoipa::path(post, path = "/v1/clep/watch", operation_id = "watch_clep_name",
    request_body = WatchRequest, responses(
    (status = 200, description = "the name is watched", body = Watched),
    (status = 503, description = "the region is too busy", body = Problem),
    (status = 409, description = "too many names are watched", body = Problem),
))]
pub(super) async fn watch(
    State(backend): Backend,
    body: Body,
) -> Result<Json<Watched>, ControlError> {
    let mut fields = fields(body).await?;
    let region = fields.optional_string("region")?;
    let name = scripts::clep::name(&mut fields)?;
    fields.finish()?;
    let access = backend.objects();
    let channel = access.watch_clep(access.region(region.as_deref())?, name).await?;
    let warnings = Vec::from_iter(is_typeable(channel).then_some(Warning::Typeable));
    Ok(Json(Watched { channel, warnings }))
}

/// What the observer of the region that a query names has, and after which number.
async fn feed(
    access: &ObjectAccess,
    mut query: Parameters,
) -> Result<(TrafficFeed, u64), ControlError> {
    let after = query.count("after")?.unwrap_or_default();
    let region = query.text("region");
    query.finish()?;
    let region = access.region(region.as_deref())?;
    Ok((access.clep_traffic(region).await?, after))
}

/// Sends entries until there are no more to come or nobody reads.
async fn send_lines(mut feed: TrafficFeed, mut after: u64, out: &mpsc::Sender<Bytes>) {
    // Something at once, so that a client knows that it is connected.
    let mut chunk = Some(Bytes::from_static(b": traffic\n\n"));
    let mut past = feed.past.into_iter();
    loop {
        if let Some(chunk) = chunk.take()
            && out.send(chunk).await.is_err()
        {
            return;
        }
        if let Some(entry) = past.next() {
            chunk = event(&entry, &mut after);
            continue;
        }
        chunk = match tokio::time::timeout(STILL_THERE, feed.live.recv()).await {
            Err(_) => Some(Bytes::from_static(b": still there\n\n")),
            Ok(Ok(entry)) => event(&entry, &mut after),
            Ok(Err(RecvError::Lagged(count))) => {
                Some(Bytes::from(format!("event: lost\ndata: {{\"count\":{count}}}\n\n")))
            }
            Ok(Err(RecvError::Closed)) => return,
        };
    }
}

/// An entry as an event, if it is later than `after`.
fn event(entry: &Arc<Traffic>, after: &mut u64) -> Option<Bytes> {
    if entry.number <= *after {
        return None;
    }
    *after = entry.number;
    // JSON has no newlines outside of what it escapes.
    let data = shown(entry).ok()?;
    Some(Bytes::from(format!("id: {}\nevent: traffic\ndata: {data}\n\n", entry.number)))
}

fn shown(entry: &Arc<Traffic>) -> Result<Value, ControlError> {
    serde_json::to_value(&**entry).map_err(|error| ControlError::Internal(error.to_string()))
}

/// A body of chunks as they come.
struct Chunks(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
