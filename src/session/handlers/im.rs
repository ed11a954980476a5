//! Instant messages: what a client may send with each dialog, and who handles it.

use super::flood::FloodVerdict;
use super::{Outcome, Session, Turn, chat_session, dropped, friends, groups, notices};
use crate::message::{ImprovedInstantMessage, RetrieveInstantMessages};
use crate::services::im::{self, Corrections, Verdict, dialog};

pub(super) fn instant_message(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: ImprovedInstantMessage,
) -> Outcome {
    // Before it is counted: the repetition is the same message.
    if !session.has_room() {
        return Outcome::Busy;
    }
    match session.im_gate.pass(turn.now) {
        FloodVerdict::Open => {}
        FloodVerdict::Closed => return dropped("im_flood"),
        FloodVerdict::ClosedNotify => {
            let text = "You are sending messages too fast. Some of them were not delivered.";
            session.alert(turn, text);
            return dropped("im_flood");
        }
    }
    let message_dialog = message.message_block.dialog;
    match message_dialog {
        dialog::SESSION_GROUP_START
        | dialog::SESSION_CONFERENCE_START
        | dialog::SESSION_SEND
        | dialog::SESSION_LEAVE => chat_session::handle(session, turn, message),
        dialog::FRIENDSHIP_OFFERED => friends::offer(session, turn, &message),
        dialog::GROUP_NOTICE => notices::notice(session, turn, &message),
        dialog::NOTICE_INVENTORY_ACCEPTED => {
            notices::notice_attachment_answer(session, turn, &message, true)
        }
        dialog::NOTICE_INVENTORY_DECLINED => {
            notices::notice_attachment_answer(session, turn, &message, false)
        }
        dialog::GROUP_INVITATION_ACCEPTED => {
            groups::invitation_answer(session, turn, &message, true)
        }
        dialog::GROUP_INVITATION_DECLINED => {
            groups::invitation_answer(session, turn, &message, false)
        }
        dialog::INVENTORY_OFFERED => {
            // The item would have to be copied, and inventories cannot be written yet.
            session.alert(turn, "Inventory cannot be given on this grid. Nothing was sent.");
            dropped("im_inventory_offer")
        }
        // Answers to offers that cannot have been made.
        dialog::INVENTORY_ACCEPTED | dialog::INVENTORY_DECLINED => dropped("im_inventory_answer"),
        _ => routed(session, turn, message),
    }
}

/// From one agent to another, the grid only passing it on.
fn routed(session: &mut Session, turn: &mut Turn<'_>, message: ImprovedInstantMessage) -> Outcome {
    let corrections = session.corrections();
    let services = &session.context.services;
    let message_dialog = message.message_block.dialog;
    let returns = services.offline.returns();
    match im::route(&*services.bus, &services.mutes, returns, &corrections, message) {
        Verdict::Delivered | Verdict::NotOnline(None) => Outcome::Continue,
        Verdict::Muted => dropped("im_muted"),
        Verdict::NotOnline(Some(message)) => {
            let (offline, outbox) = (services.offline.clone(), session.outbox.clone());
            session.in_order(turn, async move {
                let kept = offline.keep((*message).clone()).await;
                if let Some(notice) = offline.notice(&message, kept).to_outgoing(false) {
                    // The outbox counts what it has no room for.
                    let _ = outbox.send(notice);
                }
            })
        }
        Verdict::Refused => {
            tracing::debug!(agent = %session.shared.agent_id, dialog = message_dialog,
                "dialog is not for clients");
            dropped("im_dialog")
        }
        Verdict::Congested(_) if im::is_typing(message_dialog) => dropped("im_recipient_congested"),
        Verdict::Congested(to) => {
            let at = u64::from(corrections.unix_seconds);
            session.reply(turn, &im::too_busy(corrections.sender, to, at).to_message(false));
            dropped("im_recipient_congested")
        }
    }
}

/// Sends what waited for the agent; each message is forgotten when the client has acked it.
pub(super) fn retrieve(
    session: &mut Session,
    turn: &mut Turn<'_>,
    _request: RetrieveInstantMessages,
) -> Outcome {
    let (shared, outbox) = (session.shared.clone(), session.outbox.clone());
    let offline = session.context.services.offline.clone();
    session.in_order(turn, async move {
        if let Err(error) = offline.send_waiting(&outbox, &shared.mail).await {
            tracing::warn!(agent = %shared.agent_id, %error, "waiting messages cannot be read");
        }
    })
}

impl Session {
    /// What is true of messages of this agent now.
    pub(super) fn corrections(&self) -> Corrections {
        Corrections {
            sender: self.shared.agent_id,
            sender_name: self.shared.name(),
            region: self.context.region.info.id,
            position: self.shared.whereabouts.position(),
            unix_seconds: self.context.services.clock.unix().as_secs() as u32,
        }
    }
}
