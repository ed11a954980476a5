//! Friendship, calling cards, and the positions of friends.

use uuid::Uuid;

use super::{Outcome, Session, Turn, alert_to, dropped};
use crate::circuit::Category;
use crate::ids::AgentId;
use crate::message::{
    self, AcceptCallingCard, AcceptFriendship, DeclineCallingCard, DeclineFriendship, FindAgent,
    FindAgentLocationBlock, GrantUserRights, ImprovedInstantMessage, OfferCallingCard,
    TerminateFriendship,
};
use crate::outbox::Outbox;
use crate::services::friends::{self, CardError, FriendError, Rights, Sender};
use crate::services::mutes::MuteTarget;
use crate::session::presence;

/// A message with dialog 38. Most of what clients write into it is not used: viewers put the name
/// of the recipient where the sender's belongs.
pub(super) fn offer(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: &ImprovedInstantMessage,
) -> Outcome {
    let to = AgentId(message.message_block.to_agent_id);
    let text = message::text(&message.message_block.message);
    let by = sender(session);
    let services = session.context.services.clone();
    if !services.mutes.hears(to, MuteTarget::Agent(by.agent, &by.name)) {
        return dropped("muted");
    }
    let outbox = session.outbox.clone();
    session.in_order(turn, async move {
        if let Err(error) = services.friends.offer(&by, to, &text).await {
            refused(&outbox, &error);
        }
    })
}

pub(super) fn accept(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: AcceptFriendship,
) -> Outcome {
    let from = AgentId(message.transaction_block.transaction_id);
    let (by, services) = (sender(session), session.context.services.clone());
    let outbox = session.outbox.clone();
    session.in_order(turn, async move {
        if let Err(error) = friends::accept(&services, &by, from).await {
            refused(&outbox, &error);
        }
    })
}

pub(super) fn decline(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: DeclineFriendship,
) -> Outcome {
    let from = AgentId(message.transaction_block.transaction_id);
    let (by, services) = (sender(session), session.context.services.clone());
    let outbox = session.outbox.clone();
    session.in_order(turn, async move {
        if let Err(error) = friends::decline(&services, &by, from).await {
            refused(&outbox, &error);
        }
    })
}

pub(super) fn terminate(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: TerminateFriendship,
) -> Outcome {
    let (by, other) = (session.shared.agent_id, AgentId(message.ex_block.other_id));
    let friends = session.context.services.friends.clone();
    let outbox = session.outbox.clone();
    session.in_order(turn, async move {
        if let Err(error) = friends.terminate(by, other).await {
            refused(&outbox, &error);
        }
    })
}

/// Each entry holds all that one friend may do. Who is no friend is passed over.
pub(super) fn grant_rights(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: GrantUserRights,
) -> Outcome {
    let by = session.shared.agent_id;
    let friends = session.context.services.friends.clone();
    let outbox = session.outbox.clone();
    session.in_order(turn, async move {
        for entry in &message.rights {
            let rights = Rights::from_bits_truncate(entry.related_rights as u32);
            match friends.grant_rights(by, AgentId(entry.agent_related), rights).await {
                Ok(true) => {}
                Ok(false) => {
                    dropped("rights_of_stranger");
                }
                Err(error) => return refused(&outbox, &error),
            }
        }
    })
}

/// Answered about friends who let it be known; about others there is silence.
pub(super) fn ask_online(session: &Session, friend: AgentId) -> Outcome {
    if session.context.services.friends.notify_presence(session.shared.agent_id, friend) {
        Outcome::Continue
    } else {
        dropped("presence_of_stranger")
    }
}

/// Answered only about friends who show themselves on the map and are online: the place in metres
/// from the grid's corner.
pub(super) fn find_agent(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: FindAgent,
) -> Outcome {
    let (hunter, prey) = (AgentId(message.agent_block.hunter), AgentId(message.agent_block.prey));
    if hunter != session.shared.agent_id {
        return dropped("wrong_agent_or_session");
    }
    let services = &session.context.services;
    if !services.friends.has_right(hunter, prey, Rights::MAP) || !services.bus.is_online(prey) {
        return dropped("place_of_stranger");
    }
    let Some((region, position)) = presence::place_of(&session.context.sessions, prey) else {
        return Outcome::Continue;
    };
    let mut reply = FindAgent::default();
    reply.agent_block.hunter = hunter.0;
    reply.agent_block.prey = prey.0;
    reply.location_block.push(FindAgentLocationBlock {
        global_x: f64::from(region.x_metres()) + f64::from(position.x),
        global_y: f64::from(region.y_metres()) + f64::from(position.y),
    });
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(super) fn offer_card(
    session: &mut Session,
    _turn: &mut Turn<'_>,
    message: OfferCallingCard,
) -> Outcome {
    let by = sender(session);
    let to = AgentId(message.agent_block.dest_id);
    let services = &session.context.services;
    if !services.mutes.hears(to, MuteTarget::Agent(by.agent, &by.name)) {
        return dropped("muted");
    }
    let lost =
        tell_later(session, "Your calling card did not arrive. Please offer it again later.");
    match services.friends.offer_card(by.agent, to, message.agent_block.transaction_id, lost) {
        Ok(()) => Outcome::Continue,
        Err(CardError::TooFast) => {
            alert(&session.outbox, "You offer calling cards too often. Please wait a little.");
            dropped("calling_card_flood")
        }
        Err(CardError::NotOnline | CardError::NoOffer) => {
            let text = "This resident is not online. The calling card was not offered.";
            alert(&session.outbox, text);
            Outcome::Continue
        }
    }
}

pub(super) fn accept_card(
    session: &mut Session,
    _turn: &mut Turn<'_>,
    message: AcceptCallingCard,
) -> Outcome {
    let folder = message.folder_data.first().map(|data| data.folder_id).unwrap_or_default();
    answer_card(session, message.transaction_block.transaction_id, Some(folder))
}

pub(super) fn decline_card(
    session: &mut Session,
    _turn: &mut Turn<'_>,
    message: DeclineCallingCard,
) -> Outcome {
    answer_card(session, message.transaction_block.transaction_id, None)
}

fn answer_card(session: &Session, transaction: Uuid, folder: Option<Uuid>) -> Outcome {
    let friends = &session.context.services.friends;
    let lost = tell_later(session, UNANSWERED_CARD);
    match friends.answer_card(session.shared.agent_id, transaction, folder, lost) {
        Ok(()) => Outcome::Continue,
        Err(CardError::NotOnline) => {
            alert(&session.outbox, UNANSWERED_CARD);
            Outcome::Continue
        }
        Err(CardError::NoOffer | CardError::TooFast) => dropped("unknown_calling_card"),
    }
}

/// Shows a text to the agent, wherever it is by then.
fn tell_later(session: &Session, text: &'static str) -> impl FnOnce() + Send + 'static {
    let (agent, bus) = (session.shared.agent_id, session.context.services.bus.clone());
    move || {
        if let Some(outbox) = bus.outbox(agent) {
            alert(&outbox, text);
        }
    }
}

const UNANSWERED_CARD: &str = "The resident who offered this calling card did not get your answer.";

/// The agent as others see it in notifications.
pub(super) fn sender(session: &Session) -> Sender {
    Sender {
        agent: session.shared.agent_id,
        name: session.shared.name(),
        region: session.context.region.info.id,
        position: session.shared.whereabouts.position(),
    }
}

fn refused(outbox: &Outbox, error: &FriendError) {
    if error.is_fault() {
        tracing::error!(agent = %outbox.agent(), %error, "a friendship cannot be changed");
    }
    alert(outbox, error.for_agent());
}

/// Shows a text to the agent.
pub(super) fn alert(outbox: &Outbox, text: &str) {
    let alert = alert_to(outbox.agent(), text);
    // A full outbox ends the circuit, which is told elsewhere.
    let _ = outbox.send_message(&alert, true, Category::Unthrottled);
}
