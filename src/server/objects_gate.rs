//! The gate between objects and the grid's services: who mutes them, and where their instant
//! messages go.
//!
//! Regions never wait for it. Messages go through one bounded queue to one task.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::ids::{AgentId, PrimId};
use crate::lsl::{ObjectMessage, Owner};
use crate::message;
use crate::region::{ObjectGate, RegionInfo};
use crate::services::Services;
use crate::services::im::{InstantMessage, MAX_BUCKET, dialog};
use crate::services::mutes::{MuteTarget, Mutes};
use crate::services::offline::{Delivered, Kept, OfflineMessages};
use crate::time::Clock;

/// Instant messages of objects that may wait for the storage.
const QUEUE: usize = 1024;

struct ServicesGate {
    mutes: Mutes,
    clock: Arc<dyn Clock>,
    messages: mpsc::Sender<InstantMessage>,
}

/// The gate of all regions. Its task ends when they have ended.
pub(super) fn start(services: &Services, tasks: &TaskTracker) -> Arc<dyn ObjectGate> {
    let (messages, receiver) = mpsc::channel(QUEUE);
    tasks.spawn(deliver(services.offline.clone(), receiver));
    Arc::new(ServicesGate {
        mutes: services.mutes.clone(),
        clock: services.clock.clone(),
        messages,
    })
}

impl ObjectGate for ServicesGate {
    fn hears(&self, listener: AgentId, prim: PrimId, owner: Uuid, name: &str) -> bool {
        self.mutes.hears(listener, MuteTarget::Object { id: prim.0, owner: AgentId(owner), name })
    }

    fn instant_message(&self, region: &RegionInfo, message: ObjectMessage) {
        let at = self.clock.unix().as_secs();
        if self.messages.try_send(instant_message(region, &message, at)).is_err() {
            dropped("queue_full");
        }
    }
}

impl fmt::Debug for ServicesGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServicesGate").finish_non_exhaustive()
    }
}

async fn deliver(offline: OfflineMessages, mut messages: mpsc::Receiver<InstantMessage>) {
    while let Some(message) = messages.recv().await {
        match offline.deliver(message, None).await {
            Delivered::Queued | Delivered::Arrived | Delivered::Away(Kept::Saved) => {}
            Delivered::Muted => dropped("muted"),
            Delivered::TooBusy => dropped("recipient_busy"),
            Delivered::Away(Kept::Full | Kept::SenderFull) => dropped("mailbox_full"),
            Delivered::Away(Kept::Unknown) => dropped("recipient_unknown"),
            Delivered::Away(Kept::NotOfItsKind | Kept::Failed) => dropped("not_kept"),
        }
    }
}

/// The message as clients know it: from the object's owner, in the object's name, its prim being
/// the session, and its place in the bucket.
fn instant_message(region: &RegionInfo, message: &ObjectMessage, at: u64) -> InstantMessage {
    InstantMessage {
        to: message.to,
        from: message.owner.key(),
        from_name: String::from(&*message.object_name),
        from_group: matches!(message.owner, Owner::Group { .. }),
        dialog: dialog::FROM_TASK,
        id: message.prim.0,
        region: region.id,
        position: message.position,
        at,
        text: String::from(&*message.text),
        bucket: bucket(region, message),
    }
}

/// `region/x/y/z` in whole metres, and a zero byte: what viewers make a link to the object of.
fn bucket(region: &RegionInfo, message: &ObjectMessage) -> Bytes {
    let metres = |part: f32| part.floor() as i32;
    let at = message.position;
    let place = format!("{}/{}/{}/{}", region.name, metres(at.x), metres(at.y), metres(at.z));
    message::variable_max(&place, MAX_BUCKET - 1)
}

fn dropped(reason: &'static str) {
    metrics::counter!("holm_object_messages_dropped_total", "reason" => reason).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{GroupId, RegionId};
    use crate::message::Vector3;

    fn message(owner: Owner) -> ObjectMessage {
        ObjectMessage {
            to: AgentId(Uuid::from_u128(1)),
            prim: PrimId(Uuid::from_u128(2)),
            object_name: "Bell".into(),
            owner,
            position: Vector3::new(12.9, 200.0, 21.5),
            text: "ring".into(),
        }
    }

    #[test]
    fn an_objects_message_names_owner_prim_and_place() {
        let region = RegionInfo::new(RegionId(Uuid::from_u128(3)), "North Holm", 1000, 1000);
        let owner = AgentId(Uuid::from_u128(4));
        let owner = Owner::Agent { id: owner, first: "Ann".into(), last: "Tester".into() };
        let made = instant_message(&region, &message(owner), 1_700_000_000);
        let wire = made.to_message(false);
        let block = &wire.message_block;
        assert_eq!((block.dialog, block.id, block.offline), (19, Uuid::from_u128(2), 0));
        assert_eq!((wire.agent_data.agent_id, block.from_group), (Uuid::from_u128(4), false));
        assert_eq!(block.to_agent_id, Uuid::from_u128(1));
        assert_eq!(&block.from_agent_name[..], b"Bell\0");
        assert_eq!(&block.message[..], b"ring\0");
        assert_eq!(&block.binary_bucket[..], b"North Holm/12/200/21\0");
        assert_eq!((block.region_id, block.timestamp), (Uuid::from_u128(3), 1_700_000_000));
        assert_eq!(block.position, Vector3::new(12.9, 200.0, 21.5));
    }

    #[test]
    fn a_groups_object_writes_in_the_groups_name() {
        let region = RegionInfo::new(RegionId(Uuid::from_u128(3)), "Holm", 1000, 1000);
        let owner = Owner::Group { id: GroupId(Uuid::from_u128(5)), name: "Makers".into() };
        let made = instant_message(&region, &message(owner), 0);
        assert_eq!((made.from, made.from_group), (Uuid::from_u128(5), true));
    }
}
