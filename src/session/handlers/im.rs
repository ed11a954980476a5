//! Instant messages: what a client may send, and what is corrected on the way.

use super::{Outcome, Session, Turn, dropped};
use crate::ids::AgentId;
use crate::message::ImprovedInstantMessage;
use crate::services::im::{self, Corrections, Verdict};

pub(super) fn instant_message(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: ImprovedInstantMessage,
) -> Outcome {
    let info = &session.context.region.info;
    let corrections = Corrections {
        sender: session.shared.agent_id,
        sender_name: session.shared.name(),
        region: info.id,
        position: session.shared.whereabouts.position(),
        unix_seconds: session.context.clock.unix().as_secs() as u32,
    };
    let dialog = message.message_block.dialog;
    match im::route(&*session.context.bus, &corrections, message) {
        Verdict::Delivered => {}
        Verdict::NotOnline { to, store } => {
            if store {
                let notice = im::not_online(session.shared.agent_id, to, &corrections);
                session.reply(turn, &notice);
            }
        }
        Verdict::Refused => {
            tracing::debug!(agent = %session.shared.agent_id, dialog, "dialog is not for clients");
            return dropped("im_dialog");
        }
        Verdict::Congested(to) => {
            let notice = im::congested(session.shared.agent_id, AgentId(to.0), &corrections);
            session.reply(turn, &notice);
            return dropped("im_recipient_congested");
        }
    }
    Outcome::Continue
}
