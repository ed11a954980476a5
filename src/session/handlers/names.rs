//! Names of agents.

use super::{Outcome, Session, Turn};
use crate::circuit::{Category, split_blocks};
use crate::ids::AgentId;
use crate::message::{
    self, AvatarPickerReply, AvatarPickerReplyData, AvatarPickerRequest, Block, UUIDNameReply,
    UUIDNameReplyUUIDNameBlock, UUIDNameRequest,
};
use crate::services::accounts::AccountName;

/// Bytes of a `UUIDNameReply` besides its names: number and count.
const NAMES_FIXED: usize = 5;
/// Matches told for one search; libraries read the first `AvatarPickerReply` only.
const MAX_MATCHES: usize = 14;

/// Names that are known without asking the store are answered at once, others when they were found;
/// unknown ids not at all.
pub(super) fn uuid_name(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: UUIDNameRequest,
) -> Outcome {
    let asked: Vec<AgentId> =
        request.uuid_name_block.iter().map(|block| AgentId(block.id)).collect();
    let accounts = session.context.services.accounts.clone();
    let (known, unknown) = accounts.known_names(&asked);
    if !unknown.is_empty() {
        let (agent, outbox) = (session.shared.agent_id, session.outbox.clone());
        let taken = session.look_up(async move {
            match accounts.names(unknown).await {
                Ok(found) => {
                    for reply in replies(&found) {
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
    for reply in replies(&known) {
        session.reply(turn, &reply);
    }
    Outcome::Continue
}

/// The names, in as many messages as they take.
fn replies(names: &[(AgentId, AccountName)]) -> Vec<UUIDNameReply> {
    let blocks: Vec<_> = names.iter().map(|(id, name)| name_block(*id, name)).collect();
    split_blocks(&blocks, NAMES_FIXED, Block::wire_len)
        .map(|names| UUIDNameReply { uuid_name_block: names.to_vec() })
        .collect()
}

fn name_block(agent: AgentId, name: &AccountName) -> UUIDNameReplyUUIDNameBlock {
    UUIDNameReplyUUIDNameBlock {
        id: agent.0,
        first_name: message::variable1(name.first()),
        last_name: message::variable1(name.last()),
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
