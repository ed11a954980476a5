//! Effects of a client that others in range should see or hear at once.

use uuid::Uuid;

use super::{Outcome, Session, Turn, dropped};
use crate::circuit::{Category, Outgoing};
use crate::message::{self, Message, SoundTrigger, ViewerEffect};
use crate::region::Command;

/// Beams, glances and the like. Others learn whose they are, but not the session id.
pub(super) fn viewer_effect(
    session: &mut Session,
    turn: &mut Turn<'_>,
    mut message: ViewerEffect,
) -> Outcome {
    if message.effect.is_empty() {
        return Outcome::Continue;
    }
    message.agent_data.session_id = Uuid::nil();
    for effect in &mut message.effect {
        effect.agent_id = session.shared.agent_id.0;
    }
    relay(session, turn, &message)
}

/// The sound of a gesture, which comes from where the avatar is.
pub(super) fn sound_trigger(
    session: &mut Session,
    turn: &mut Turn<'_>,
    mut message: SoundTrigger,
) -> Outcome {
    let sound = &mut message.sound_data;
    sound.owner_id = session.shared.agent_id.0;
    sound.object_id = session.shared.agent_id.0;
    sound.parent_id = Uuid::nil();
    sound.handle = session.context.region.info.handle.0;
    sound.position = session.shared.whereabouts.position();
    sound.gain = if sound.gain.is_finite() { sound.gain.clamp(0.0, 1.0) } else { 0.0 };
    relay(session, turn, &message)
}

fn relay<M: Message>(session: &Session, turn: &mut Turn<'_>, message: &M) -> Outcome {
    if !session.entered {
        return dropped("effect_before_entry");
    }
    let Ok(message) = message::encode(message) else { return dropped("effect_too_large") };
    if message.body.len() > LARGEST {
        return dropped("effect_too_large");
    }
    let outgoing = Outgoing::unreliable(message, Category::Task).from(session.shared.agent_id.0);
    turn.commands.push_back(Command::Relay { agent: session.shared.agent_id, outgoing });
    Outcome::Continue
}

/// Bytes of a message that is passed on; a viewer's effects take a few hundred.
const LARGEST: usize = 1000;
