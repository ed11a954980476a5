//! Routing of instant messages between agents: which dialogs a client may send, and what the server
//! corrects before delivery. It knows no circuits; it passes messages to the [`Bus`].

mod message;

pub use message::{InstantMessage, MAX_BUCKET, MAX_TEXT, PARENT_ESTATE};

use bytes::Bytes;
use uuid::Uuid;

use super::mutes::{MuteTarget, Mutes};
use super::offline::{Mail, Returns};
use super::ports::{Bus, Delivery, Reach};
use crate::circuit::{Category, LatestState, Outgoing};
use crate::ids::{AgentId, RegionId};
use crate::message::{self as wire, ImprovedInstantMessage, Vector3};

/// `ImprovedInstantMessage.Dialog` values.
pub mod dialog {
    /// Ordinary text.
    pub const MESSAGE: u8 = 0;
    /// An invitation to a group; from the grid only.
    pub const GROUP_INVITATION: u8 = 3;
    /// An agent gives something from its inventory.
    pub const INVENTORY_OFFERED: u8 = 4;
    /// It was taken.
    pub const INVENTORY_ACCEPTED: u8 = 5;
    /// It was not wanted.
    pub const INVENTORY_DECLINED: u8 = 6;
    /// Opens a group's chat session.
    pub const SESSION_GROUP_START: u8 = 15;
    /// Opens a conference.
    pub const SESSION_CONFERENCE_START: u8 = 16;
    /// Text in a chat session.
    pub const SESSION_SEND: u8 = 17;
    /// Leaves a chat session.
    pub const SESSION_LEAVE: u8 = 18;
    /// Text of an object; from the grid only.
    pub const FROM_TASK: u8 = 19;
    /// The automatic answer of somebody who does not want to be disturbed.
    pub const BUSY_RESPONSE: u8 = 20;
    /// A teleport offer; from the grid only, made of `StartLure`.
    pub const LURE: u8 = 22;
    /// Refusal of a teleport offer.
    pub const DENY_LURE: u8 = 24;
    /// Asks somebody for a teleport offer.
    pub const REQUEST_LURE: u8 = 26;
    /// A notice to a group.
    pub const GROUP_NOTICE: u8 = 32;
    /// What came with a notice was taken.
    pub const NOTICE_INVENTORY_ACCEPTED: u8 = 33;
    /// What came with a notice was not wanted.
    pub const NOTICE_INVENTORY_DECLINED: u8 = 34;
    /// An invitation to a group was accepted.
    pub const GROUP_INVITATION_ACCEPTED: u8 = 35;
    /// An invitation to a group was declined.
    pub const GROUP_INVITATION_DECLINED: u8 = 36;
    /// A notice that was asked for; from the grid only.
    pub const GROUP_NOTICE_REQUESTED: u8 = 37;
    /// An offer of friendship.
    pub const FRIENDSHIP_OFFERED: u8 = 38;
    /// An offer of friendship was accepted; from the grid only.
    pub const FRIENDSHIP_ACCEPTED: u8 = 39;
    /// An offer of friendship was declined; from the grid only.
    pub const FRIENDSHIP_DECLINED: u8 = 40;
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
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is on its way.
    Delivered,
    /// The recipient does not want to hear its sender. Nobody is told.
    Muted,
    /// The recipient is not online; the corrected message, if somebody has to know.
    NotOnline(Option<Box<InstantMessage>>),
    /// Clients may not send this dialog to each other, or it is unknown.
    Refused,
    /// The recipient's outbox is full.
    Congested(AgentId),
}

/// Corrects `message` and passes it on to its recipient. What is lost on the way comes back by
/// `returns`, unless it is worth nothing a moment later.
pub fn route(
    bus: &dyn Bus,
    mutes: &Mutes,
    returns: &Returns,
    corrections: &Corrections,
    mut message: ImprovedInstantMessage,
) -> Verdict {
    let to = AgentId(message.message_block.to_agent_id);
    let dialog = message.message_block.dialog;
    if !is_routed(dialog) {
        return Verdict::Refused;
    }
    let speaker = MuteTarget::Agent(corrections.sender, &corrections.sender_name);
    if !mutes.hears(to, speaker) {
        return Verdict::Muted;
    }
    correct(corrections, &mut message);
    let encoded = match wire::encode(&message) {
        Ok(encoded) => encoded,
        Err(error) => {
            tracing::error!(%error, "a corrected instant message cannot be encoded");
            return Verdict::Refused;
        }
    };
    if is_fleeting(dialog) {
        let sender = corrections.sender.0;
        let mut outgoing = Outgoing::reliable(encoded, Category::Unthrottled).from(sender);
        if is_typing(dialog) {
            outgoing = outgoing.superseding(LatestState::ImTyping, sender);
        }
        return match bus.deliver(to, Delivery::Message(outgoing)) {
            Reach::Accepted => Verdict::Delivered,
            Reach::Offline => Verdict::NotOnline(None),
            Reach::Congested => Verdict::Congested(to),
        };
    }
    let Some(outbox) = bus.outbox(to) else {
        return Verdict::NotOnline(Some(Box::new(kept_form(corrections, &message))));
    };
    let mail = Mail::new(encoded.clone(), Some(corrections.sender));
    let outgoing = Outgoing::reliable(encoded, Category::Unthrottled).from(corrections.sender.0);
    returns.send(&outbox, outgoing, mail);
    Verdict::Delivered
}

/// Whether nobody misses a message of this dialog that does not arrive.
const fn is_fleeting(dialog: u8) -> bool {
    is_typing(dialog) || matches!(dialog, dialog::BUSY_RESPONSE | dialog::DENY_LURE)
}

/// Whether a dialog only tells that somebody types.
pub const fn is_typing(dialog: u8) -> bool {
    matches!(dialog, dialog::TYPING_START | dialog::TYPING_STOP)
}

/// Whether clients send this dialog to each other, the grid only passing it on.
const fn is_routed(dialog: u8) -> bool {
    matches!(
        dialog,
        dialog::MESSAGE
            | dialog::BUSY_RESPONSE
            | dialog::DENY_LURE
            | dialog::REQUEST_LURE
            | dialog::TYPING_START
            | dialog::TYPING_STOP
    )
}

/// A corrected message as it can be kept.
fn kept_form(corrections: &Corrections, message: &ImprovedInstantMessage) -> InstantMessage {
    let block = &message.message_block;
    InstantMessage {
        to: AgentId(block.to_agent_id),
        from: corrections.sender.0,
        from_name: corrections.sender_name.clone(),
        from_group: false,
        dialog: block.dialog,
        id: block.id,
        region: corrections.region,
        position: corrections.position,
        at: u64::from(corrections.unix_seconds),
        text: wire::text(&block.message),
        bucket: block.binary_bucket.clone(),
    }
}

/// The answer of the grid to a message of `sender` that there is no room for on the way to
/// `recipient`. `at` is in seconds since 1970.
pub fn too_busy(sender: AgentId, recipient: AgentId, at: u64) -> InstantMessage {
    let text = "User is too busy. Message not delivered.";
    InstantMessage {
        // Clients file it under the conversation with the one who is busy.
        from: recipient.0,
        from_name: "System".to_owned(),
        id: conversation(sender, recipient),
        ..InstantMessage::system(sender, at, text)
    }
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
    block.from_agent_name = wire::variable1(&corrections.sender_name);
    block.message = wire::variable_max(&wire::text(&block.message), MAX_TEXT);
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
