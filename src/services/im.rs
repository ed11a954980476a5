//! Routing of instant messages between agents: which dialogs a client may send, and what the
//! server corrects before it passes one on. It knows no circuits; it hands over to the [`Bus`].

use bytes::Bytes;
use uuid::Uuid;

use super::ports::{Bus, Delivery, Reach};
use crate::circuit::{Category, Outgoing};
use crate::ids::{AgentId, RegionId};
use crate::message::{self, Vector3};
use crate::message::{ImprovedInstantMessage, ImprovedInstantMessageMessageBlock};

/// Text of a message, in bytes, without its final NUL.
const MAX_TEXT: usize = 1023;
/// The most that viewers read of a bucket, in bytes.
const MAX_BUCKET: usize = 1200;
/// What Second Life's mainland shows as `ParentEstateID`.
const PARENT_ESTATE: u32 = 1;

/// `ImprovedInstantMessage.Dialog` values that Holm routes.
pub mod dialog {
    /// Ordinary text.
    pub const MESSAGE: u8 = 0;
    /// The automatic answer of somebody who does not want to be disturbed.
    pub const BUSY_RESPONSE: u8 = 20;
    /// Refusal of a teleport offer.
    pub const DENY_LURE: u8 = 24;
    /// Asks somebody for a teleport offer.
    pub const REQUEST_LURE: u8 = 26;
    /// The sender began to type.
    pub const TYPING_START: u8 = 41;
    /// The sender stopped typing.
    pub const TYPING_STOP: u8 = 42;
}

/// What is true of the sender, whatever the message claims.
#[derive(Clone, Debug)]
pub struct Corrections {
    /// The circuit's agent.
    pub sender: AgentId,
    /// The account's name.
    pub sender_name: String,
    /// Where the sender is.
    pub region: RegionId,
    /// Where in it, region-local metres.
    pub position: Vector3,
    /// Wall time of the arrival, seconds since 1970.
    pub unix_seconds: u32,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is on its way.
    Delivered,
    /// The recipient is not online; `store` for dialogs whose sender is told so.
    NotOnline {
        /// The recipient.
        to: AgentId,
        /// Whether the dialog is one that would be kept, so that its loss must be told.
        store: bool,
    },
    /// Clients may not send this dialog, or it is unknown.
    Refused,
    /// The recipient's outbox is full.
    Congested(AgentId),
}

/// Corrects `message` and passes it on to its recipient.
pub fn route(
    bus: &dyn Bus,
    corrections: &Corrections,
    mut message: ImprovedInstantMessage,
) -> Verdict {
    let to = AgentId(message.message_block.to_agent_id);
    let dialog = message.message_block.dialog;
    if !matches!(
        dialog,
        dialog::MESSAGE
            | dialog::BUSY_RESPONSE
            | dialog::DENY_LURE
            | dialog::REQUEST_LURE
            | dialog::TYPING_START
            | dialog::TYPING_STOP
    ) {
        return Verdict::Refused;
    }
    correct(corrections, &mut message);
    let encoded = match message::encode(&message) {
        Ok(encoded) => encoded,
        Err(error) => {
            tracing::error!(%error, "a corrected instant message cannot be encoded");
            return Verdict::Refused;
        }
    };
    let outgoing = Outgoing { message: encoded, reliable: true, category: Category::Unthrottled };
    match bus.deliver(to, Delivery::Message(outgoing)) {
        Reach::Accepted => Verdict::Delivered,
        Reach::Offline => Verdict::NotOnline { to, store: dialog == dialog::MESSAGE },
        Reach::Congested => Verdict::Congested(to),
    }
}

/// The answer of the system to a message whose recipient is not online.
pub fn not_online(
    sender: AgentId,
    absent: AgentId,
    corrections: &Corrections,
) -> ImprovedInstantMessage {
    system_notice(sender, absent, corrections, "User is not logged in. Message not saved.")
}

/// The answer of the system to a message that the recipient's outbox had no room for.
pub fn congested(
    sender: AgentId,
    recipient: AgentId,
    corrections: &Corrections,
) -> ImprovedInstantMessage {
    system_notice(sender, recipient, corrections, "User is too busy. Message not delivered.")
}

fn system_notice(
    to: AgentId,
    about: AgentId,
    corrections: &Corrections,
    text: &str,
) -> ImprovedInstantMessage {
    let mut notice = ImprovedInstantMessage {
        message_block: ImprovedInstantMessageMessageBlock {
            to_agent_id: to.0,
            parent_estate_id: PARENT_ESTATE,
            region_id: corrections.region.0,
            id: conversation(to, about),
            timestamp: corrections.unix_seconds,
            from_agent_name: message::variable1("System"),
            message: message::variable2(text),
            binary_bucket: Bytes::from_static(&[0]),
            ..Default::default()
        },
        ..Default::default()
    };
    // Clients file it under the conversation with the one who is absent.
    notice.agent_data.agent_id = about.0;
    notice
}

fn correct(corrections: &Corrections, message: &mut ImprovedInstantMessage) {
    message.agent_data.agent_id = corrections.sender.0;
    message.agent_data.session_id = Uuid::nil();
    message.estate_block.estate_id = 0;
    message.meta_data.clear();
    let block = &mut message.message_block;
    block.from_group = false;
    block.parent_estate_id = PARENT_ESTATE;
    block.region_id = corrections.region.0;
    block.position = corrections.position;
    block.offline = 0;
    block.timestamp = corrections.unix_seconds;
    block.from_agent_name = message::variable1(&corrections.sender_name);
    block.message = message::variable_max(&message::text(&block.message), MAX_TEXT);
    if block.binary_bucket.is_empty() {
        // Some clients index the last byte of the bucket.
        block.binary_bucket = Bytes::from_static(&[0]);
    }
    block.binary_bucket.truncate(MAX_BUCKET);
    if block.id.is_nil() && block.dialog != dialog::REQUEST_LURE {
        block.id = conversation(corrections.sender, AgentId(block.to_agent_id));
    }
}

/// The session id of a 1:1 conversation: both ids XORed; one's own id for a talk with oneself.
pub fn conversation(one: AgentId, other: AgentId) -> Uuid {
    if one == other {
        return one.0;
    }
    Uuid::from_u128(one.0.as_u128() ^ other.0.as_u128())
}

#[cfg(test)]
mod tests;
