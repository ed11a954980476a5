//! Group notices: written, listed, and fetched again.

use super::groups::Desk;
use super::{Outcome, Session, Turn, packets};
use crate::ids::{GroupId, NoticeId};
use crate::message::{
    self, GroupNoticeRequest, GroupNoticesListReply, GroupNoticesListReplyData,
    GroupNoticesListRequest, ImprovedInstantMessage,
};
use crate::services::groups::{Draft, GroupError, Notice, Posted};

/// Dialog 32: a notice to all members.
pub(super) fn notice(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: &ImprovedInstantMessage,
) -> Outcome {
    let block = &message.message_block;
    let group = GroupId(block.to_agent_id);
    let draft = Draft::parse(&message::text(&block.message), &block.binary_bucket);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let draft = match draft {
            Ok(draft) => draft,
            Err(refusal) => return desk.refuse(&GroupError::from(refusal)),
        };
        let groups = &desk.context.services.groups;
        match groups.post_notice(desk.agent, desk.name.clone(), group, draft).await {
            Ok(Posted { messages, .. }) => {
                for message in messages {
                    desk.deliver(message).await;
                }
            }
            Err(error) => desk.refuse(&error),
        }
    })
}

/// Dialogs 33 and 34: the item of a notice is wanted or not. Inventories cannot be changed yet, so
/// that who wants it is told that it cannot be had.
pub(super) fn notice_attachment_answer(
    session: &mut Session,
    _turn: &mut Turn<'_>,
    _message: &ImprovedInstantMessage,
    accepted: bool,
) -> Outcome {
    if accepted {
        Desk::of(session).alert("What comes with a notice cannot be kept on this grid.");
    }
    Outcome::Continue
}

/// Answered for strangers, too, with nothing: clients wait for the list.
pub(super) fn list(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupNoticesListRequest,
) -> Outcome {
    let group = GroupId(request.data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let found = desk.context.services.groups.notices(desk.agent, group).await;
        let notices = found.unwrap_or_else(|error| {
            desk.refuse(&error);
            Vec::new()
        });
        let blocks: Vec<_> = notices.iter().map(entry).collect();
        let mut reply = GroupNoticesListReply::default();
        reply.agent_data.agent_id = desk.agent.0;
        reply.agent_data.group_id = group.0;
        for notices in packets(&blocks, LIST_FIXED) {
            reply.data = notices;
            desk.send(&reply);
        }
    })
}

fn entry(notice: &Notice) -> GroupNoticesListReplyData {
    GroupNoticesListReplyData {
        notice_id: notice.id.0,
        timestamp: notice.at as u32,
        from_name: message::variable2(&notice.from_name),
        subject: message::variable2(&notice.subject),
        has_attachment: notice.attachment.is_some(),
        asset_type: notice.attachment.as_ref().map_or(0, |attached| attached.asset_type as u8),
    }
}

/// Answered by dialog 37.
pub(super) fn fetch(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupNoticeRequest,
) -> Outcome {
    let notice = NoticeId(request.data.group_notice_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        match desk.context.services.groups.requested_notice(desk.agent, notice).await {
            Ok(message) => desk.send(&message.to_message(false)),
            Err(error) => desk.refuse(&error),
        }
    })
}

/// Bytes of a `GroupNoticesListReply` besides its notices: number, ids and count.
const LIST_FIXED: usize = 4 + 32 + 1;
