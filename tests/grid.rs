//! A real server on free ports and clients that speak the real protocol: one file per topic.

#[path = "grid/bursts.rs"]
mod bursts;
#[path = "grid/chat.rs"]
mod chat;
#[path = "grid/circuits.rs"]
mod circuits;
#[path = "grid/conference.rs"]
mod conference;
#[path = "grid/delivery.rs"]
mod delivery;
#[path = "grid/dialogs.rs"]
mod dialogs;
#[path = "grid/directory.rs"]
mod directory;
#[path = "grid/doors.rs"]
mod doors;
#[path = "grid/entry.rs"]
mod entry;
#[path = "grid/floods.rs"]
mod floods;
#[path = "grid/friends.rs"]
mod friends;
#[path = "grid/group_chat.rs"]
mod group_chat;
#[path = "grid/group_members.rs"]
mod group_members;
#[path = "grid/group_roles.rs"]
mod group_roles;
#[path = "grid/groups.rs"]
mod groups;
#[path = "grid/im.rs"]
mod im;
#[path = "grid/inventory.rs"]
mod inventory;
#[path = "grid/leaving.rs"]
mod leaving;
#[path = "grid/login.rs"]
mod login;
#[path = "grid/lures.rs"]
mod lures;
#[path = "grid/metrics.rs"]
mod metrics;
#[path = "grid/movement.rs"]
mod movement;
#[path = "grid/mutes.rs"]
mod mutes;
#[path = "grid/names.rs"]
mod names;
#[path = "grid/notices.rs"]
mod notices;
#[path = "grid/objects.rs"]
mod objects;
#[path = "grid/offline.rs"]
mod offline;
#[path = "grid/people.rs"]
mod people;
#[path = "grid/presence.rs"]
mod presence;
#[path = "grid/profiles.rs"]
mod profiles;
#[path = "grid/regions.rs"]
mod regions;
#[path = "grid/requests.rs"]
mod requests;
#[path = "grid/teleports.rs"]
mod teleports;

use std::time::Duration;

use holm::client::{Client, ClientError};
use holm::message::Message;

/// Long enough for anything that must come.
pub const SOON: Duration = Duration::from_secs(10);

/// That something does not come is told by something later that does: after the marker, nothing of
/// kind `M` that fits may have been heard.
///
/// # Errors
/// When the marker does not come, or the circuit is over.
pub async fn heard_before<M: Message, Marker: Message>(
    client: &mut Client,
    fits: impl Fn(&M) -> bool,
    is_marker: impl Fn(&Marker) -> bool,
) -> Result<bool, ClientError> {
    client.expect::<Marker>(SOON, is_marker).await?;
    // The marker has come, so whatever was sent before it has come, too.
    match client.expect::<M>(Duration::from_millis(1), fits).await {
        Ok(_) => Ok(true),
        Err(ClientError::TimedOut(..)) => Ok(false),
        Err(error) => Err(error),
    }
}
