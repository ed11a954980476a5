//! `EventQueueGet`: turns the event queue's answers into HTTP responses.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio_util::sync::CancellationToken;

use super::request::{CapError, CapReply, CapRequest};
use crate::llsd::{self, Llsd};
use crate::outbox::Event;
use crate::session::AgentSession;
use crate::session::event_queue::{Answer, Batch};

/// A poll of an open session. Waits as long as the queue says, at most until `stop`.
pub(super) async fn poll(
    session: &AgentSession,
    request: CapRequest,
    stop: &CancellationToken,
) -> Result<CapReply, CapError> {
    let (ack, done) = read(request).await?;
    let answer = tokio::select! {
        biased;
        answer = session.events.poll(ack, done) => answer,
        () = stop.cancelled() => Answer::Gone,
    };
    Ok(match answer {
        Answer::Batch(batch) => CapReply::Value(batch_to_llsd(&batch)),
        Answer::Empty(id) => CapReply::Value(llsd::map! {
            "events" => Llsd::Array(Vec::new()),
            "id" => id,
        }),
        Answer::BadGateway => CapReply::Response(bad_gateway()),
        Answer::Done => CapReply::Value(Llsd::Undef),
        Answer::Gone => return Err(CapError::NotFound("agent")),
    })
}

/// A poll of a session that ended moments ago. Late enough that clients which poll again at once
/// do not spin; node-metaverse says `done` here after its logout, and must not get an error.
pub(super) async fn departed(
    request: CapRequest,
    stop: &CancellationToken,
) -> Result<CapReply, CapError> {
    let (_, done) = read(request).await?;
    if done {
        return Ok(CapReply::Value(Llsd::Undef));
    }
    tokio::select! {
        () = tokio::time::sleep(GONE_DELAY) => {}
        () = stop.cancelled() => {}
    }
    Err(CapError::NotFound("agent"))
}

async fn read(request: CapRequest) -> Result<(Option<i32>, bool), CapError> {
    let body = request.post(MAX_BODY).await?;
    if !matches!(body, Llsd::Map(_)) {
        return Err(CapError::BadRequest("request body is not a map".into()));
    }
    let ack = body.get("ack");
    let ack = (!ack.is_undef()).then(|| ack.as_i32());
    Ok((ack, body.get("done").as_bool()))
}

fn batch_to_llsd(batch: &Batch<Event>) -> Llsd {
    let event = |event: &Event| {
        llsd::map! { "message" => event.message.as_ref(), "body" => event.body() }
    };
    let events = batch.events.iter().map(event).collect();
    llsd::map! { "events" => Llsd::Array(events), "id" => batch.id }
}

fn bad_gateway() -> Response {
    StatusCode::BAD_GATEWAY.into_response()
}

const GONE_DELAY: Duration = Duration::from_secs(1);
const MAX_BODY: usize = 4 << 10;
