//! The home position, and teleporting there.

use super::teleport::{self, VIA_HOME, VIA_LOCATION};
use super::{Outcome, Session, Turn, alert_to, dropped};
use crate::circuit::Category;
use crate::ids::RegionId;
use crate::message::{SetStartLocationRequest, TeleportLandmarkRequest, TeleportRequest};
use crate::session::home;

/// `LocationID` of home.
const HOME: u32 = 1;

/// "Set home here". The place is where the avatar is, not where its client believes it to be.
pub(super) fn set_start_location(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: SetStartLocationRequest,
) -> Outcome {
    if message.start_location_data.location_id != HOME {
        return dropped("unknown_start_location");
    }
    if !session.entered {
        return dropped("home_before_entry");
    }
    let (shared, outbox) = (session.shared.clone(), session.outbox.clone());
    let accounts = session.context.services.accounts.clone();
    let look_at = message.start_location_data.location_look_at;
    session.in_order(turn, async move {
        let text = match home::set(&accounts, &shared, look_at).await {
            Ok(_) => "Home position set.",
            Err(error) => {
                tracing::error!(agent = %shared.agent_id, %error, "home not kept");
                "Your home position could not be saved. Please try again later."
            }
        };
        let _ = outbox.send_message(&alert_to(shared.agent_id, text), true, Category::Unthrottled);
    })
}

/// A null landmark leads home. Others are assets that nobody here can have.
pub(super) fn teleport_landmark(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: TeleportLandmarkRequest,
) -> Outcome {
    let (shared, info) = (&session.shared, &message.info);
    if info.agent_id != shared.agent_id.0 || info.session_id != shared.session_id.0 {
        return dropped("wrong_agent_or_session");
    }
    if !session.entered {
        return dropped("teleport_before_entry");
    }
    if !info.landmark_id.is_nil() {
        teleport::failed(session, "This landmark does not exist on this grid.");
        return Outcome::Continue;
    }
    let Some(home) = shared.home() else {
        teleport::failed(session, "You have not set a home on this grid yet.");
        return Outcome::Continue;
    };
    let regions = session.context.regions.clone();
    let Some(region) = regions.iter().find(|region| region.info.id == home.region) else {
        teleport::failed(session, "The region of your home is not there.");
        return Outcome::Continue;
    };
    let to = region.info.handle;
    teleport::teleport(session, turn, to, home.position, home.look_at, VIA_HOME)
}

/// A teleport that names its region by id, as old clients do.
pub(super) fn teleport_region(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: TeleportRequest,
) -> Outcome {
    if !session.entered {
        return dropped("teleport_before_entry");
    }
    let info = &message.info;
    let regions = session.context.regions.clone();
    let Some(region) = regions.iter().find(|region| region.info.id == RegionId(info.region_id))
    else {
        teleport::failed(session, "no_host");
        return Outcome::Continue;
    };
    let to = region.info.handle;
    teleport::teleport(session, turn, to, info.position, info.look_at, VIA_LOCATION)
}
