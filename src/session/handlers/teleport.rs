//! Teleports: within the region, and to the other regions of the grid.

use super::{Outcome, Session, Turn};
use crate::ids::RegionHandle;
use crate::llsd::{self, Llsd};
use crate::message::{TeleportLocationRequest, TeleportStart, Vector3};
use crate::outbox::Event;
use crate::region::terrain::REGION_SIZE;
use crate::region::{Command, RegionLink};
use crate::session::Destination;
use crate::session::caps::SEED;

/// `TeleportFlags` of a teleport to a place on the map.
pub(super) const VIA_LOCATION: u32 = 1 << 4;
/// `TeleportFlags` of a teleport home.
pub(super) const VIA_HOME: u32 = 1 << 5;
/// `LocationID` that OpenSim always sends.
const LOCATION: u32 = 4;
/// `TeleportFlags` of a teleport by somebody's offer.
pub(super) const VIA_LURE: u32 = 1 << 2;

pub(super) fn teleport_location(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: TeleportLocationRequest,
) -> Outcome {
    let info = &message.info;
    let region = RegionHandle(info.region_handle);
    teleport(session, turn, region, info.position, info.look_at, VIA_LOCATION)
}

/// Moves the agent within the region, or sends its client to another one.
pub(super) fn teleport(
    session: &mut Session,
    turn: &mut Turn<'_>,
    region: RegionHandle,
    position: Vector3,
    look_at: Vector3,
    flags: u32,
) -> Outcome {
    let agent = session.shared.agent_id;
    if region == session.context.region.info.handle {
        turn.commands.push_back(Command::TeleportLocal { agent, position, look_at });
        return Outcome::Continue;
    }
    let regions = session.context.regions.clone();
    let Some(to) = regions.iter().find(|link| link.info.handle == region) else {
        failed(session, "no_host");
        return Outcome::Continue;
    };
    if session.context.sessions.count_in(region) >= to.info.max_agents as usize {
        failed(session, "region_full");
        return Outcome::Continue;
    }
    let mut start = TeleportStart::default();
    start.info.teleport_flags = flags;
    session.reply(turn, &start);
    let handoff = session.context.sessions.depart(
        &session.shared,
        Destination { region: to.clone(), position: inside(position), look_at, at: turn.now },
    );
    match handoff.caps.grant(&handoff, SEED) {
        Some(seed) => {
            session.outbox.event(finish(session, to, &seed, flags));
            tracing::info!(%agent, to = %to.info.name, "agent teleports");
        }
        // The session ended at this very moment.
        None => failed(session, "no_host"),
    }
    Outcome::Continue
}

/// Tells the client that it stays where it is. Clients look for this only in the event queue;
/// libopenmetaverse wants both blocks.
pub(super) fn failed(session: &Session, reason: &str) {
    let body = llsd::map! {
        "Info" => llsd::array![llsd::map! {
            "AgentID" => session.shared.agent_id.0,
            "Reason" => reason,
        }],
        "AlertInfo" => llsd::array![llsd::map! { "Message" => reason, "ExtraParams" => "" }],
    };
    session.outbox.event(Event::new("TeleportFailed", &body));
}

/// Where the client goes on. Numbers that are unsigned on the wire travel as binary.
fn finish(session: &Session, to: &RegionLink, seed: &str, flags: u32) -> Event {
    let info = &to.info;
    let body = llsd::map! {
        "Info" => llsd::array![llsd::map! {
            "AgentID" => session.shared.agent_id.0,
            "LocationID" => Llsd::u32(LOCATION),
            "SimIP" => Llsd::ip(*info.address.ip()),
            "SimPort" => i32::from(info.address.port()),
            "RegionHandle" => Llsd::u64(info.handle.0),
            "SeedCapability" => seed,
            "SimAccess" => i32::from(info.sim_access),
            "TeleportFlags" => Llsd::u32(flags),
            "RegionSizeX" => Llsd::u32(REGION_SIZE as u32),
            "RegionSizeY" => Llsd::u32(REGION_SIZE as u32),
        }],
    };
    Event::new("TeleportFinish", &body)
}

/// A place that is in a region, whatever was asked for; the region raises it to the ground.
fn inside(position: Vector3) -> Vector3 {
    let within =
        |value: f32, most: f32| if value.is_finite() { value.clamp(0.0, most) } else { 0.0 };
    let edge = REGION_SIZE - 0.1;
    Vector3 {
        x: within(position.x, edge),
        y: within(position.y, edge),
        z: within(position.z, 4096.0),
    }
}
