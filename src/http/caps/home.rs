//! `HomeLocation`: "set home here" in current viewers.

use super::Caps;
use super::request::{CapError, CapReply, CapRequest};
use crate::llsd;
use crate::message::Vector3;
use crate::session::{AgentSession, home};

/// POST `{HomeLocation: {LocationId, LocationPos, LocationLookAt}}`. The place is where the avatar
/// is; the answer names it, because the viewer shows that one.
pub(super) async fn set(
    caps: &Caps,
    session: &AgentSession,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let body = request.post(caps.max_body).await?;
    let wanted = body.get("HomeLocation").get("LocationLookAt");
    let part = |name| wanted.get(name).as_f64() as f32;
    let look_at = Vector3 { x: part("X"), y: part("Y"), z: part("Z") };
    let home = home::set(&caps.services.accounts, session, look_at).await.map_err(|error| {
        tracing::error!(agent = %session.agent_id, %error, "home not kept");
        CapError::Unavailable("the home cannot be saved now")
    })?;
    let vector = |at: Vector3| {
        llsd::map! { "X" => f64::from(at.x), "Y" => f64::from(at.y), "Z" => f64::from(at.z) }
    };
    Ok(CapReply::Value(llsd::map! {
        "success" => true,
        "HomeLocation" => llsd::map! {
            "LocationId" => 1,
            "LocationPos" => vector(home.position),
            "LocationLookAt" => vector(home.look_at),
        },
    }))
}
