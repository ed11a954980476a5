//! Names of agents.

use super::{Outcome, Session, Turn};
use crate::circuit::{Category, split_blocks};
use crate::ids::AgentId;
use crate::message::{
    self, AvatarPickerReply, AvatarPickerReplyData, AvatarPickerRequest, Block, UUIDNameReply,
    UUIDNameReplyUUIDNameBlock, UUIDNameRequest,
};

/// Bytes of a `UUIDNameReply` besides its names: number and count.
const NAMES_FIXED: usize = 5;
/// Matches told for one search; libraries read the first `AvatarPickerReply` only.
const MAX_MATCHES: usize = 14;

/// Agents that are here, and names that are known without asking the store, are answered at once,
/// others when they were found; unknown ids not at all.
pub(super) fn uuid_name(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: UUIDNameRequest,
) -> Outcome {
    let mut blocks = Vec::new();
    let mut asked = Vec::new();
    for block in &request.uuid_name_block {
        let agent = AgentId(block.id);
        match session.context.sessions.by_agent(agent) {
            Some(here) => blocks.push(name_block(agent, &here.first, &here.last)),
            None => asked.push(agent),
        }
    }
    let accounts = session.context.services.accounts.clone();
    let (known, unknown) = accounts.known_names(&asked);
    blocks.extend(known.iter().map(|(id, name)| name_block(*id, name.first(), name.last())));
    if !unknown.is_empty() {
        let (agent, outbox) = (session.shared.agent_id, session.outbox.clone());
        let taken = session.look_up(async move {
            match accounts.names(unknown).await {
                Ok(found) => {
                    let blocks: Vec<_> = found
                        .iter()
                        .map(|(id, name)| name_block(*id, name.first(), name.last()))
                        .collect();
                    for reply in replies(&blocks) {
                        let _ = outbox.send_message(&reply, true, Category::Unthrottled);
                    }
                }
                Err(error) => tracing::warn!(%agent, %error, "names not found"),
            }
        });
        if taken == Outcome::Busy {
            return taken;
        }
    }
    for reply in replies(&blocks) {
        session.reply(turn, &reply);
    }
    Outcome::Continue
}

/// The names, in as many messages as they take.
fn replies(blocks: &[UUIDNameReplyUUIDNameBlock]) -> Vec<UUIDNameReply> {
    split_blocks(blocks, NAMES_FIXED, Block::wire_len)
        .map(|names| UUIDNameReply { uuid_name_block: names.to_vec() })
        .collect()
}

fn name_block(agent: AgentId, first: &str, last: &str) -> UUIDNameReplyUUIDNameBlock {
    UUIDNameReplyUUIDNameBlock {
        id: agent.0,
        first_name: message::variable1(first),
        last_name: message::variable1(last),
    }
}

/// Answered also when nobody matches: libraries wait for it.
pub(super) fn avatar_picker(
    session: &mut Session,
    _turn: &mut Turn<'_>,
    request: AvatarPickerRequest,
) -> Outcome {
    let agent = session.shared.agent_id;
    let query_id = request.agent_data.query_id;
    let name = message::text(&request.data.name);
    let accounts = session.context.services.accounts.clone();
    let outbox = session.outbox.clone();
    session.look_up(async move {
        let found = accounts.search(&name, MAX_MATCHES).await.unwrap_or_default();
        let mut reply = AvatarPickerReply::default();
        reply.agent_data.agent_id = agent.0;
        reply.agent_data.query_id = query_id;
        reply.data = found
            .iter()
            .map(|account| AvatarPickerReplyData {
                avatar_id: account.id.0,
                first_name: message::variable1(account.name.first()),
                last_name: message::variable1(account.name.last()),
            })
            .collect();
        if reply.data.is_empty() {
            // Viewers read one entry with a nil id as "nobody".
            reply.data.push(AvatarPickerReplyData::default());
        }
        let _ = outbox.send_message(&reply, true, Category::Unthrottled);
    })
}
