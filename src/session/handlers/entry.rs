//! Entering the region, and settings of the circuit.

use super::{Outcome, Session, Turn, dropped, groups};
use crate::circuit::CloseReason;
use crate::message::{
    AgentPause, AgentResume, AgentThrottle, CompleteAgentMovement, RegionHandshakeReply,
};
use crate::region::{Arrival, Command};
use crate::session::presence;

pub(super) fn complete_movement(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: CompleteAgentMovement,
) -> Outcome {
    let shared = &session.shared;
    if message.agent_data.circuit_code != shared.circuit_code.0 {
        return dropped("wrong_circuit_code");
    }
    if session.entered {
        turn.commands.push_back(Command::MovementCompleteAgain { agent: shared.agent_id });
        return Outcome::Continue;
    }
    session.entered = true;
    let previous = session.context.sessions.arrive(shared);
    turn.commands.push_back(Command::Enter(Box::new(Arrival {
        agent: shared.agent_id,
        session: shared.session_id,
        first: shared.first.clone(),
        last: shared.last.clone(),
        outbox: session.outbox.clone(),
        position: shared.position,
        look_at: shared.look_at,
        whereabouts: shared.whereabouts.clone(),
    })));
    match previous {
        Some(previous) => {
            presence::moved(&session.context.services, shared, &session.outbox);
            if let Some(outbox) = previous.outbox() {
                outbox.close(CloseReason::Left, "");
            }
        }
        None => presence::entered(&session.context.services, shared, &session.outbox),
    }
    tracing::info!(agent = %shared.agent_id, name = %shared.name(),
        region = %session.context.region.info.name, "agent enters");
    Outcome::Continue
}

pub(super) fn handshake_reply(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: RegionHandshakeReply,
) -> Outcome {
    let flags = message.region_info.flags;
    turn.commands.push_back(Command::HandshakeReply { agent: session.shared.agent_id, flags });
    groups::entered(session, turn)
}

pub(super) fn throttle(
    _session: &mut Session,
    turn: &mut Turn<'_>,
    message: AgentThrottle,
) -> Outcome {
    match turn.circuit.set_throttle(turn.now, &message.throttle.throttles) {
        Ok(()) => Outcome::Continue,
        Err(_) => dropped("bad_throttle"),
    }
}

pub(super) fn pause(session: &mut Session, turn: &mut Turn<'_>, message: AgentPause) -> Outcome {
    if session.is_news(message.agent_data.serial_num) {
        turn.circuit.pause();
    }
    Outcome::Continue
}

pub(super) fn resume(session: &mut Session, turn: &mut Turn<'_>, message: AgentResume) -> Outcome {
    if session.is_news(message.agent_data.serial_num) {
        turn.circuit.resume(turn.now);
    }
    Outcome::Continue
}
