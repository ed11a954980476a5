//! The start and end of sessions: the one place that lists who must be notified.
//!
//! Each service gets the session's id, so that the late end of an old login does not affect a newer
//! one of the same agent. A change of region is neither a start nor an end.

use super::{AgentSession, Sessions};
use crate::circuit::CloseReason;
use crate::ids::{AgentId, RegionHandle};
use crate::message::Vector3;
use crate::outbox::Outbox;
use crate::services::Services;
use crate::services::login::Relations;
use crate::services::mutes::MuteTarget;

/// A login was granted; its circuit is not open yet.
pub fn logged_in(services: &Services, session: &AgentSession, relations: Relations) {
    let Relations { friends, mut offers, mutes } = relations;
    if session.is_closed() {
        // Another login of the agent came at this very moment.
        return;
    }
    let (agent, id) = (session.agent_id, session.session_id);
    services.mutes.arrive(agent, id, mutes);
    offers.retain(|offer| {
        services.mutes.hears(agent, MuteTarget::Agent(offer.offer.from, &offer.from_name))
    });
    services.friends.arrive(agent, id, friends, offers);
    if session.is_closed() {
        services.friends.depart(agent, id, false);
        services.mutes.depart(agent, id);
    }
}

/// The agent is in the world: from now on it is online and reached by `outbox`.
pub fn entered(services: &Services, session: &AgentSession, outbox: &Outbox) {
    if session.is_closed() {
        // A newer login has ended it; its circuit is about to hear of that.
        return;
    }
    services.chats.arrived(session.agent_id);
    services.bus.arrive(session.agent_id, outbox.clone());
    // After the bus, so that of two friends who enter at once each hears of the other.
    services.friends.enter(session.agent_id, session.session_id);
}

/// The agent has come from another region of this grid: it was online before and is reached by
/// `outbox` from now on.
pub fn moved(services: &Services, session: &AgentSession, outbox: &Outbox) {
    services.bus.arrive(session.agent_id, outbox.clone());
}

/// Ends a session, whether it has entered or not; `true` for the call that ended it. Harmless when
/// repeated.
pub fn ended(
    services: &Services,
    sessions: &Sessions,
    session: &AgentSession,
    reason: CloseReason,
) -> bool {
    let (agent, id) = (session.agent_id, session.session_id);
    let ended = sessions.remove(session, reason);
    // The agent is in another region already, whatever ended the circuit to this one.
    if session.close_reason() == Some(CloseReason::Left) {
        return ended;
    }
    if let Some(outbox) = session.outbox() {
        services.bus.depart(&outbox);
        if !services.bus.is_online(agent) {
            services.chats.departed(agent);
        }
    }
    // When the grid stops, everybody leaves.
    services.friends.depart(agent, id, reason != CloseReason::Shutdown);
    services.mutes.depart(agent, id);
    services.offline.login_ended(agent, &session.mail, reason == CloseReason::Logout);
    ended
}

/// Where an agent is: its region and the place in it, in metres. Knows the agents of this process.
pub fn place_of(sessions: &Sessions, agent: AgentId) -> Option<(RegionHandle, Vector3)> {
    let session = sessions.by_agent(agent)?;
    Some((session.region.info.handle, session.whereabouts.position()))
}
