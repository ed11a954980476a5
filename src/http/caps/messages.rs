//! `ReadOfflineMsgs`: the messages that waited for the agent.

use super::Caps;
use super::request::{CapError, CapReply};
use crate::ids::AgentId;
use crate::llsd::{self, Llsd};
use crate::services::im::{InstantMessage, PARENT_ESTATE};

/// All of them, the oldest first; they are forgotten once they were read.
pub(super) async fn read_offline(caps: &Caps, agent: AgentId) -> Result<CapReply, CapError> {
    let failed = |error| {
        tracing::error!(%agent, %error, "waiting messages cannot be had");
        CapError::Unavailable("messages cannot be read now")
    };
    let (messages, keys) = caps.services.offline.waiting(agent).await.map_err(failed)?;
    if !keys.is_empty() {
        caps.services.offline.forget(agent, keys).await.map_err(failed)?;
    }
    let messages: Llsd = messages.iter().map(entry).collect();
    Ok(CapReply::Value(llsd::map! { "messages" => messages }))
}

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
