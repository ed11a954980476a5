//! Mute lists.

use super::friends::alert;
use super::{Outcome, Session, Turn, dropped};
use crate::circuit::Category;
use crate::ids::AgentId;
use crate::message::{
    self, GenericMessage, MuteListRequest, MuteListUpdate, RemoveMuteListEntry,
    UpdateMuteListEntry, UseCachedMuteList,
};
use crate::outbox::Outbox;
use crate::services::mutes::{
    MAX_MUTES, Mute, MuteError, MuteExceptions, MuteKind, MuteListState, Mutes,
};

/// Always answered: viewers wait for the list before they ask for stored messages.
pub(super) fn request(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: MuteListRequest,
) -> Outcome {
    let agent = session.shared.agent_id;
    let copy = message.mute_data.mute_crc;
    if !session.has_room() {
        return Outcome::Busy;
    }
    let name = session.xfers.offer_mute_list();
    let mutes = session.context.services.mutes.clone();
    let outbox = session.outbox.clone();
    if session.queue.is_unused() {
        answer(&mutes, &outbox, agent, copy, &name);
        return Outcome::Continue;
    }
    // A change that was asked for before belongs to the answer.
    session.in_order(turn, async move { answer(&mutes, &outbox, agent, copy, &name) })
}

fn answer(mutes: &Mutes, outbox: &Outbox, agent: AgentId, copy: u32, name: &str) {
    let sent = match mutes.compare(agent, copy) {
        MuteListState::Empty => {
            let mut reply = GenericMessage::default();
            reply.agent_data.agent_id = agent.0;
            reply.method_data.method = message::variable1("emptymutelist");
            outbox.send_message(&reply, true, Category::Unthrottled)
        }
        MuteListState::Unchanged => {
            let mut reply = UseCachedMuteList::default();
            reply.agent_data.agent_id = agent.0;
            outbox.send_message(&reply, true, Category::Unthrottled)
        }
        MuteListState::Changed => {
            let mut reply = MuteListUpdate::default();
            reply.mute_data.agent_id = agent.0;
            reply.mute_data.filename = message::variable1(name);
            outbox.send_message(&reply, true, Category::Unthrottled)
        }
    };
    // A full outbox ends the circuit, which is told elsewhere.
    let _ = sent;
}

pub(super) fn update(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: UpdateMuteListEntry,
) -> Outcome {
    let data = &message.mute_data;
    let agent = session.shared.agent_id;
    let Some(kind) = MuteKind::from_code(data.mute_type) else { return dropped("mute_type") };
    let mute = Mute {
        id: data.mute_id,
        name: Mute::clean_name(&message::text(&data.mute_name)),
        kind,
        exceptions: MuteExceptions::from_bits_truncate(data.mute_flags),
    };
    let names_nobody =
        if kind == MuteKind::ByName { mute.name.is_empty() } else { mute.id.is_nil() };
    if names_nobody || mute.id == agent.0 {
        return dropped("mute_of_nobody");
    }
    let mutes = session.context.services.mutes.clone();
    let outbox = session.outbox.clone();
    session.in_order(turn, async move {
        if let Err(error) = mutes.put(agent, mute).await {
            refused(&outbox, &error);
        }
    })
}

pub(super) fn remove(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: RemoveMuteListEntry,
) -> Outcome {
    let agent = session.shared.agent_id;
    let id = message.mute_data.mute_id;
    let name = Mute::clean_name(&message::text(&message.mute_data.mute_name));
    let mutes = session.context.services.mutes.clone();
    let outbox = session.outbox.clone();
    session.in_order(turn, async move {
        if let Err(error) = mutes.remove(agent, id, name).await {
            refused(&outbox, &error);
        }
    })
}

fn refused(outbox: &Outbox, error: &MuteError) {
    match error {
        MuteError::Full => {
            alert(outbox, &format!("Your block list is full: it has {MAX_MUTES} entries."));
        }
        MuteError::Store(_) | MuteError::Gone(_) => {
            tracing::error!(agent = %outbox.agent(), %error, "a mute list cannot be changed");
            alert(outbox, "Your block list cannot be changed right now. Please try again.");
        }
    }
}
