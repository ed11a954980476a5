//! The event queue long poll of one agent: a task of its own that sleeps nearly all the time. Like
//! a viewer, it accepts invitations to chat sessions.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::super::shared::Shared;
use super::group::acceptance;
use crate::client::{Caps, ClientError};
use crate::llsd::Llsd;

/// Polls until `stop` is cancelled or the queue is gone, and counts what comes.
pub(super) async fn poll_events(
    shared: Arc<Shared>,
    number: usize,
    caps: Caps,
    stop: CancellationToken,
) {
    let mut ack = Llsd::Undef;
    loop {
        let polled = tokio::select! {
            () = stop.cancelled() => return,
            polled = caps.poll(&shared.patient, &ack) => polled,
        };
        match polled {
            Ok(polled) => {
                let mut invitations = Vec::new();
                for (name, body) in polled.events() {
                    shared.totals().event(&name);
                    if let Some(seat) = shared.seats.get(number) {
                        invitations.extend(seat.mail.put(&name, body));
                    }
                }
                if let Some(seat) = shared.seats.get(number) {
                    seat.wake.notify_one();
                }
                for session in invitations {
                    let body = acceptance(session);
                    if let Err(error) = caps.post("ChatSessionRequest", &body).await {
                        shared.totals().trouble("session", &error.to_string(), 1);
                    }
                }
                ack = polled.ack;
            }
            Err(error) => {
                let over = matches!(
                    error,
                    ClientError::Status { status: 404 | 410, .. } | ClientError::NoSuchCap(_)
                );
                shared.totals().trouble("event_queue", &error.to_string(), 1);
                if over {
                    return;
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }
}

/// Pause after a failed poll.
const PAUSE: Duration = Duration::from_secs(1);
