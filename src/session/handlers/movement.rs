//! Movement, sitting, animations and appearance.

use super::{Outcome, Session, Turn};
use crate::message::{
    AgentAnimation, AgentRequestSit, AgentSetAppearance, AgentSit, AgentUpdate, SetAlwaysRun,
};
use crate::region::Command;

pub(super) fn agent_update(
    session: &mut Session,
    turn: &mut Turn<'_>,
    update: AgentUpdate,
) -> Outcome {
    if session.entered {
        turn.commands.push_back(Command::Movement {
            agent: session.shared.agent_id,
            sequence: turn.sequence,
            update: Box::new(update),
        });
    }
    Outcome::Continue
}

pub(super) fn agent_animation(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: AgentAnimation,
) -> Outcome {
    let changes =
        message.animation_list.iter().map(|entry| (entry.anim_id, entry.start_anim)).collect();
    turn.commands.push_back(Command::Animation { agent: session.shared.agent_id, changes });
    Outcome::Continue
}

pub(super) fn set_always_run(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: SetAlwaysRun,
) -> Outcome {
    let on = message.agent_data.always_run;
    turn.commands.push_back(Command::AlwaysRun { agent: session.shared.agent_id, on });
    Outcome::Continue
}

pub(super) fn request_sit(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: AgentRequestSit,
) -> Outcome {
    turn.commands.push_back(Command::RequestSit {
        agent: session.shared.agent_id,
        target: message.target_object.target_id,
        offset: message.target_object.offset,
    });
    Outcome::Continue
}

pub(super) fn sit(session: &mut Session, turn: &mut Turn<'_>, _message: AgentSit) -> Outcome {
    turn.commands.push_back(Command::Sit { agent: session.shared.agent_id });
    Outcome::Continue
}

pub(super) fn set_appearance(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: AgentSetAppearance,
) -> Outcome {
    turn.commands.push_back(Command::Appearance {
        agent: session.shared.agent_id,
        message: Box::new(message),
    });
    Outcome::Continue
}
