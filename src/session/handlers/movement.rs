//! Moving, sitting, animations and looks.

use super::{Outcome, Session, Turn};
use crate::llsd::Llsd;
use crate::message::{
    AgentAnimation, AgentRequestSit, AgentSetAppearance, AgentSit, AgentUpdate,
    RequestMultipleObjects, SetAlwaysRun, TeleportLocationRequest,
};
use crate::outbox::Event;
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

pub(super) fn request_objects(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: RequestMultipleObjects,
) -> Outcome {
    let ids = message.object_data.iter().map(|entry| entry.id).collect();
    turn.commands.push_back(Command::RequestObjects { agent: session.shared.agent_id, ids });
    Outcome::Continue
}

/// Within the region the agent is moved; elsewhere there is nothing to go to yet.
pub(super) fn teleport_location(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: TeleportLocationRequest,
) -> Outcome {
    let agent = session.shared.agent_id;
    if message.info.region_handle == session.context.region.info.handle.0 {
        turn.commands.push_back(Command::TeleportLocal {
            agent,
            position: message.info.position,
            look_at: message.info.look_at,
        });
        return Outcome::Continue;
    }
    // Clients look for this only in the event queue; libopenmetaverse wants both blocks.
    let mut info = crate::llsd::Map::new();
    info.insert("AgentID", Llsd::Uuid(agent.0));
    info.insert("Reason", Llsd::from("no_host"));
    let mut alert = crate::llsd::Map::new();
    alert.insert("Message", Llsd::from("no_host"));
    alert.insert("ExtraParams", Llsd::from(""));
    let mut body = crate::llsd::Map::new();
    body.insert("Info", Llsd::Array(vec![Llsd::Map(info)]));
    body.insert("AlertInfo", Llsd::Array(vec![Llsd::Map(alert)]));
    session.outbox.event(Event { message: "TeleportFailed".into(), body: Llsd::Map(body) });
    Outcome::Continue
}
