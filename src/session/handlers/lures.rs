//! Teleport offers.

use bytes::Bytes;

use super::friends::{alert, sender};
use super::teleport::{self, VIA_LURE};
use super::{Outcome, Session, Turn, dropped};
use crate::ids::AgentId;
use crate::message::{self, StartLure, TeleportLureRequest, Vector3};
use crate::region::RegionInfo;
use crate::region::info::sim_access;
use crate::services::friends::Sender;
use crate::services::im::InstantMessage;
use crate::services::lures::{LureError, LurePlace};
use crate::services::mutes::MuteTarget;
use crate::services::offline::Mail;

/// `Dialog` of an offer.
const LURE: u8 = 22;

/// Offers a teleport to where the agent is. Only who is online is asked; nothing is kept.
pub(super) fn start(session: &mut Session, _turn: &mut Turn<'_>, message: StartLure) -> Outcome {
    if !session.entered {
        return dropped("lure_before_entry");
    }
    let services = &session.context.services;
    let info = &session.context.region.info;
    let by = sender(session);
    let place =
        LurePlace { region: info.handle, position: by.position, look_at: session.shared.look_at };
    let mut targets: Vec<AgentId> = Vec::new();
    for target in message.target_data.iter().map(|data| AgentId(data.target_id)) {
        if target != by.agent && !targets.contains(&target) {
            targets.push(target);
        }
    }
    let asked = targets.len();
    targets.retain(|&target| services.bus.is_online(target));
    let absent = asked - targets.len();
    // Who does not want to hear of the agent is passed over without a word.
    let muted = |target| !services.mutes.hears(target, MuteTarget::Agent(by.agent, &by.name));
    targets.retain(|&target| !muted(target));
    if absent > 0 {
        alert(&session.outbox, &not_online(absent));
    }
    if targets.is_empty() {
        return dropped("lure_for_nobody");
    }
    let id = match services.lures.offer(by.agent, &targets, place) {
        Ok(id) => id,
        Err(LureError::TooFast) => {
            alert(&session.outbox, "You offer teleports too often. Please wait a little.");
            return dropped("lure_flood");
        }
        Err(LureError::Nobody | LureError::TooManyTargets) => return dropped("lure_targets"),
    };
    let mut offer = InstantMessage {
        to: by.agent,
        from: by.agent.0,
        from_name: by.name.clone(),
        from_group: false,
        dialog: LURE,
        id,
        region: by.region,
        position: by.position,
        at: services.clock.unix().as_secs(),
        text: message::text(&message.info.message),
        bucket: bucket(info, &by, place.look_at),
    };
    let mut gone = 0;
    for target in targets {
        offer.to = target;
        let Some(outgoing) = offer.to_outgoing(false) else { continue };
        let Some(outbox) = services.bus.outbox(target) else {
            gone += 1;
            continue;
        };
        let mail = Mail::new(outgoing.message.clone(), Some(by.agent));
        services.offline.returns().send(&outbox, outgoing, mail);
    }
    if gone > 0 {
        alert(&session.outbox, &not_online(gone));
    }
    Outcome::Continue
}

/// The agent follows an offer.
pub(super) fn follow(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: TeleportLureRequest,
) -> Outcome {
    let (agent, asked) = (session.shared.agent_id, &message.info);
    if asked.agent_id != agent.0 || asked.session_id != session.shared.session_id.0 {
        return dropped("wrong_agent_or_session");
    }
    if !session.entered {
        return dropped("teleport_before_entry");
    }
    let lures = &session.context.services.lures;
    let Some(place) = lures.find(asked.lure_id, agent) else {
        teleport::failed(session, "This teleport offer is no longer there.");
        return Outcome::Continue;
    };
    lures.close(asked.lure_id, agent);
    teleport::teleport(session, turn, place.region, place.position, place.look_at, VIA_LURE)
}

/// Where an offer leads, for clients: the region's corner, the place in it, the direction, all in
/// whole metres, and the region's rating. Ends in a zero byte, because viewers read it as a string.
fn bucket(info: &RegionInfo, by: &Sender, look_at: Vector3) -> Bytes {
    let whole = |vector: Vector3| {
        format!(
            "{}|{}|{}",
            vector.x.round() as i32,
            vector.y.round() as i32,
            vector.z.round() as i32
        )
    };
    let (x, y) = (info.handle.x_metres(), info.handle.y_metres());
    let access = match info.sim_access {
        sim_access::ADULT => "A",
        sim_access::MODERATE => "M",
        _ => "PG",
    };
    format!("{x}|{y}|{}|{}|{access}\0", whole(by.position), whole(look_at)).into()
}

fn not_online(absent: usize) -> String {
    match absent {
        1 => "A resident whom you offered a teleport is not online.".to_owned(),
        _ => format!("{absent} residents whom you offered a teleport are not online."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RegionId;

    #[test]
    fn the_bucket_says_where_it_leads() {
        let mut info = RegionInfo::new(RegionId::NIL, "Holm", 1000, 1001);
        let position = Vector3 { x: 127.6, y: 20.0, z: 25.4 };
        let by = Sender { position, ..Sender::default() };
        let look_at = Vector3 { x: 0.0, y: -1.0, z: 0.0 };
        let expected = "256000|256256|128|20|25|0|-1|0|PG\0";
        assert_eq!(bucket(&info, &by, look_at), expected);
        info.sim_access = sim_access::ADULT;
        assert!(bucket(&info, &by, look_at).ends_with(b"|A\0"));
    }
}
