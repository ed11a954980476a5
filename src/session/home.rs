//! An agent's home position: stored in its account, and cached in its session.

use super::AgentSession;
use crate::message::Vector3;
use crate::services::accounts::{AccountError, Accounts, Location, Place};

/// Makes the place where the agent is its home, once it is stored. `look_at` comes from a client.
///
/// # Errors
/// [`AccountError`]; the home is what it was.
pub async fn set(
    accounts: &Accounts,
    session: &AgentSession,
    look_at: Vector3,
) -> Result<Location, AccountError> {
    let (x, y) = (look_at.x, look_at.y);
    let length = x.hypot(y);
    let look_at = if length.is_normal() {
        Vector3 { x: x / length, y: y / length, z: 0.0 }
    } else {
        session.look_at
    };
    let home = Location {
        region: session.region.info.id,
        position: session.whereabouts.position(),
        look_at,
    };
    accounts.set_location(session.agent_id, Place::Home, home).await?;
    session.move_home(home);
    Ok(home)
}
