//! Group chat and conferences by instant message: dialogs 15 to 18.
//!
//! What needs no storage is done at once, unless an earlier request of this agent is still waiting
//! for storage: then it is queued behind that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use uuid::Uuid;

use super::{Outcome, Session, Turn, dropped};
use crate::ids::{AgentId, ChatSessionId, GroupId};
use crate::message::{self, ImprovedInstantMessage, ImprovedInstantMessageMessageBlock};
use crate::services::chats::{ChatSessions, MAX_IN_CONFERENCE, Speaker};
use crate::services::im::dialog;

/// How much of one agent's chat still waits for storage.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<AtomicUsize>);

/// One thing that waits, until it is done or dropped.
struct Waiting(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(&self) -> Waiting {
        self.0.fetch_add(1, Ordering::AcqRel);
        Waiting(self.0.clone())
    }

    fn is_nothing(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Acts on a message with one of these dialogs; others are dropped.
pub(super) fn handle(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: ImprovedInstantMessage,
) -> Outcome {
    let block = message.message_block;
    let agent = session.shared.agent_id;
    let chats = session.context.services.chats.clone();
    match block.dialog {
        dialog::SESSION_GROUP_START => {
            let group = GroupId(if block.id.is_nil() { block.to_agent_id } else { block.id });
            later(session, turn, async move { chats.start_group(agent, group).await })
        }
        dialog::SESSION_CONFERENCE_START => {
            let (name, temporary) = (session.shared.name(), ChatSessionId(block.id));
            // Nobody to talk to is refused as any other conference is.
            let invitees = invitees(&block).unwrap_or_default();
            in_turn(session, turn, chats, move |chats| {
                // The agent was told why not.
                let _ = chats.start_conference(agent, &name, temporary, &invitees);
            })
        }
        dialog::SESSION_SEND => speak(session, turn, chats, &block),
        dialog::SESSION_LEAVE => {
            let id = ChatSessionId(block.id);
            in_turn(session, turn, chats, move |chats| chats.leave(agent, id))
        }
        _ => dropped("im_dialog"),
    }
}

fn speak(
    session: &mut Session,
    turn: &Turn<'_>,
    chats: ChatSessions,
    block: &ImprovedInstantMessageMessageBlock,
) -> Outcome {
    let text = message::text(&block.message);
    if text.is_empty() {
        return dropped("im_empty");
    }
    let speaker = Speaker {
        agent: session.shared.agent_id,
        name: session.shared.name(),
        region: session.context.region.info.id,
        position: session.shared.whereabouts.position(),
    };
    let id = ChatSessionId(block.id);
    if !session.chats_under_way.is_nothing() {
        return later(session, turn, async move {
            if let Err(unsaid) = chats.say(speaker, id, text) {
                chats.ask_and_say(unsaid).await;
            }
        });
    }
    match chats.say(speaker, id, text) {
        Ok(()) => Outcome::Continue,
        Err(unsaid) => later(session, turn, async move { chats.ask_and_say(unsaid).await }),
    }
}

/// Does what needs no storage: now, or behind what waits.
fn in_turn(
    session: &mut Session,
    turn: &Turn<'_>,
    chats: ChatSessions,
    what: impl FnOnce(&ChatSessions) + Send + 'static,
) -> Outcome {
    if session.chats_under_way.is_nothing() {
        what(&chats);
        return Outcome::Continue;
    }
    later(session, turn, async move { what(&chats) })
}

/// Does what needs storage, after all that this agent asked for before.
fn later(
    session: &mut Session,
    turn: &Turn<'_>,
    work: impl Future<Output = ()> + Send + 'static,
) -> Outcome {
    let waiting = session.chats_under_way.begin();
    session.in_order(turn, async move {
        work.await;
        drop(waiting);
    })
}

/// The ids in the bucket, 16 bytes each; without any the recipient. None if they are malformed or
/// too many.
fn invitees(block: &ImprovedInstantMessageMessageBlock) -> Option<Vec<AgentId>> {
    if matches!(block.binary_bucket[..], [] | [0]) {
        return Some(vec![AgentId(block.to_agent_id)]);
    }
    let (ids, rest) = block.binary_bucket.as_chunks::<16>();
    let fits = rest.is_empty() && ids.len() <= MAX_IN_CONFERENCE;
    fits.then(|| ids.iter().map(|id| AgentId(Uuid::from_bytes(*id))).collect())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_bucket_holds_whole_ids() {
        let to = Uuid::from_u128(9);
        let block = |bucket: Vec<u8>| ImprovedInstantMessageMessageBlock {
            to_agent_id: to,
            binary_bucket: Bytes::from(bucket),
            ..Default::default()
        };
        let two = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let bytes: Vec<u8> = two.iter().flat_map(Uuid::as_bytes).copied().collect();
        assert_eq!(invitees(&block(bytes.clone())), Some(two.map(AgentId).to_vec()));
        assert_eq!(invitees(&block(vec![0])), Some(vec![AgentId(to)]));
        assert_eq!(invitees(&block(Vec::new())), Some(vec![AgentId(to)]));
        assert_eq!(invitees(&block(bytes[..31].to_vec())), None);
        assert_eq!(invitees(&block(vec![7; 16 * (MAX_IN_CONFERENCE + 1)])), None);
    }

    #[test]
    fn work_dropped_unrun_no_longer_waits() {
        let under_way = UnderWay::default();
        let (one, other) = (under_way.begin(), under_way.begin());
        drop(one);
        assert!(!under_way.is_nothing());
        let never_run = async move { drop(other) };
        drop(never_run);
        assert!(under_way.is_nothing());
    }
}
