//! `ReadOfflineMsgs`: the agent's offline messages.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;

use super::Caps;
use super::request::{CapError, CapReply, CapRequest};
use crate::llsd::{self, Llsd};
use crate::services::im::{InstantMessage, PARENT_ESTATE};
use crate::services::offline::Reader;
use crate::session::AgentSession;

/// All of them, the oldest first. They are forgotten when the client reads again or logs out, and
/// only if the answer seems to have arrived.
pub(super) async fn read_offline(
    caps: &Caps,
    session: &AgentSession,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    request.require(&Method::GET)?;
    let reader = request.answering.map(|answering| Arc::new(answering) as Arc<dyn Reader>);
    // A connection that is just being closed tells a moment later how.
    for _ in 0..DOUBTS {
        if !session.mail.is_doubtful() {
            break;
        }
        tokio::time::sleep(DOUBT).await;
    }
    let agent = session.agent_id;
    let offline = &caps.services.offline;
    let messages = offline.read_waiting(agent, &session.mail, reader).await.map_err(|error| {
        tracing::error!(%agent, %error, "waiting messages cannot be read");
        CapError::Unavailable("messages cannot be read now")
    })?;
    let messages: Llsd = messages.iter().map(entry).collect();
    Ok(CapReply::Value(llsd::map! { "messages" => messages }))
}

/// How often, and after what time, one looks again whether an earlier answer has arrived.
const DOUBTS: u32 = 20;
const DOUBT: Duration = Duration::from_millis(10);

/// One message. Viewers take `asset_id` for the group of a notice or an invitation.
fn entry(message: &InstantMessage) -> Llsd {
    let wire = message.to_message(true);
    let block = &wire.message_block;
    let asset = if message.from_group { message.from } else { message.id };
    let position = message.position;
    llsd::map! {
        "from_agent_id" => message.from,
        "from_agent_name" => message.from_name.as_str(),
        "from_group" => i32::from(message.from_group),
        "to_agent_id" => message.to.0,
        "region_id" => message.region.0,
        "asset_id" => asset,
        "dialog" => i32::from(message.dialog),
        "offline" => 1,
        "transaction-id" => message.id,
        "timestamp" => block.timestamp as i32,
        "parent_estate_id" => PARENT_ESTATE as i32,
        "position" => llsd::array![
            f64::from(position.x),
            f64::from(position.y),
            f64::from(position.z),
        ],
        "message" => crate::message::text(&block.message),
        "binary_bucket" => Llsd::Binary(block.binary_bucket.to_vec()),
    }
}
