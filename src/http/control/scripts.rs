//! Script hosts by WebSocket: each text message is one line of the protocol.

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::model::Problem;
use super::{Backend, ControlError};
use crate::scripts::connection::{self, FAREWELL, INCOMING, Incoming, OUTGOING, count_cut};
use crate::scripts::{FieldError, ObjectAccess, protocol};

/// What a message may be longer than a line, so that a line that is too long can be answered.
const SLACK: usize = 64 * 1024;

/// Connects a script host by WebSocket.
///
/// Each text message holds one JSON object; `docs/script-host.md` has the protocol.
#[utoipa::path(get, path = "/v1/scripts", operation_id = "connect_script_host", responses(
    (status = 101, description = "the protocol changes to WebSocket"),
    (status = 400, description = "not a WebSocket handshake", body = Problem),
    (status = 503, description = "too many script hosts", body = Problem),
))]
pub(super) async fn scripts(
    State(backend): Backend,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ControlError> {
    let upgrade = upgrade.map_err(|rejection| ControlError::Invalid {
        field: None,
        message: rejection.body_text(),
    })?;
    let access = backend.objects().clone();
    let Some(place) = access.place() else {
        count_cut("too_many");
        return Err(ControlError::Unavailable("too many script hosts".to_owned()));
    };
    let most = protocol::LONGEST_LINE + SLACK;
    Ok(upgrade.max_message_size(most).max_frame_size(most).on_upgrade(async move |socket| {
        converse(socket, &access).await;
        drop(place);
    }))
}

async fn converse(socket: WebSocket, access: &ObjectAccess) {
    let (lines, incoming) = mpsc::channel(INCOMING);
    let (out, outgoing) = mpsc::channel(OUTGOING);
    let mut carrier = tokio::spawn(carry(socket, lines, outgoing));
    // The end of the regions ends it; there is no other stop here.
    connection::run(access, incoming, out, &CancellationToken::new()).await;
    if tokio::time::timeout(FAREWELL, &mut carrier).await.is_err() {
        carrier.abort();
    }
}

/// Carries lines both ways until one side ends.
async fn carry(
    mut socket: WebSocket,
    lines: mpsc::Sender<Incoming>,
    mut outgoing: mpsc::Receiver<String>,
) {
    loop {
        // Nothing is read without room for it, so that sending never waits for reading.
        let next = async { (lines.reserve().await, socket.recv().await) };
        tokio::select! {
            line = outgoing.recv() => {
                let Some(line) = line else {
                    // The other side may be gone already.
                    let _ = socket.send(Message::Close(None)).await;
                    return;
                };
                if socket.send(Message::Text(line.into())).await.is_err() {
                    return;
                }
            }
            (permit, message) = next => match (permit, message) {
                (Ok(permit), Some(Ok(Message::Text(text)))) => permit.send(Ok(text.to_string())),
                (Ok(permit), Some(Ok(Message::Binary(_)))) => {
                    permit.send(Err(FieldError::general("message is not text")));
                }
                // If the connection is over, what it still has to say comes first.
                (Err(_), _) | (Ok(_), Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                (Ok(_), Some(Ok(Message::Close(_)) | Err(_)) | None) => return,
            },
        }
    }
}
