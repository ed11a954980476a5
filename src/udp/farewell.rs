//! The last message of a circuit, sent to a client when its session ends.

use super::slots::Slot;
use crate::circuit::{Category, CloseReason, Outgoing};
use crate::message::{
    self, DisableSimulator, KickUser, LogoutReply, LogoutReplyInventoryData, Message,
};
use crate::time::Timestamp;

/// The last message of a circuit, by the reason of its end.
pub(super) fn farewell(slot: &mut Slot, reason: CloseReason, text: &str, now: Timestamp) {
    let shared = slot.session.shared.clone();
    match reason {
        CloseReason::Logout => {
            let mut reply = LogoutReply::default();
            reply.agent_data.agent_id = shared.agent_id.0;
            reply.agent_data.session_id = shared.session_id.0;
            // An empty list is told as one nil id.
            reply.inventory_data.push(LogoutReplyInventoryData::default());
            say(slot, &reply, now);
        }
        CloseReason::ClosedByPeer => {}
        // After a teleport the client is elsewhere; this ends only its view of the old region.
        CloseReason::Silence
        | CloseReason::ResendBufferFull
        | CloseReason::OutboxFull
        | CloseReason::Left => {
            say(slot, &DisableSimulator::default(), now);
        }
        CloseReason::Kicked | CloseReason::Superseded | CloseReason::Shutdown => {
            let mut kick = KickUser::default();
            kick.user_info.agent_id = shared.agent_id.0;
            kick.user_info.session_id = shared.session_id.0;
            kick.user_info.reason = message::variable2(kick_text(reason, text));
            say(slot, &kick, now);
        }
    }
}

/// What the user reads: what was said with the kick, or what the reason means.
fn kick_text(reason: CloseReason, text: &str) -> &str {
    match reason {
        _ if !text.is_empty() => text,
        CloseReason::Superseded => "You have logged in from another place.",
        CloseReason::Shutdown => "The region is going down.",
        _ => "You have been logged out by an administrator.",
    }
}

fn say<M: Message>(slot: &mut Slot, farewell: &M, now: Timestamp) {
    let Ok(message) = message::encode(farewell) else { return };
    let outgoing = Outgoing::reliable(message, Category::Unthrottled);
    // A circuit that takes nothing more ends without a farewell; its client will time out.
    let _ = slot.circuit.send(now, outgoing);
}
