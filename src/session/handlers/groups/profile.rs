//! The group itself: creating, changing and showing it; and the agent's own groups.

use bytes::Bytes;

use super::Desk;
use crate::circuit::split_blocks;
use crate::ids::GroupId;
use crate::message::{
    self, AgentDataUpdateRequest, Block, CreateGroupReply, CreateGroupRequest,
    GroupAccountDetailsReply, GroupAccountDetailsRequest, GroupAccountSummaryReply,
    GroupAccountSummaryRequest, GroupAccountTransactionsReply, GroupAccountTransactionsRequest,
    GroupActiveProposalItemReply, GroupActiveProposalsRequest, GroupProfileReply,
    GroupProfileRequest, GroupVoteHistoryItemReply, GroupVoteHistoryRequest, UUIDGroupNameReply,
    UUIDGroupNameReplyUUIDNameBlock, UUIDGroupNameRequest, UpdateGroupInfo,
};
use crate::services::groups::{Group, GroupOptions, NewGroup};
use crate::session::handlers::{Outcome, Session, Turn, dropped};

/// Answered by `AgentDataUpdate` and the event `AgentGroupDataUpdate`.
pub(in super::super) fn agent_data(
    session: &mut Session,
    turn: &mut Turn<'_>,
    _request: AgentDataUpdateRequest,
) -> Outcome {
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let Some(standing) = desk.standing(desk.agent).await else { return };
        desk.send(&standing.agent_data());
        desk.outbox.event(standing.event());
        desk.show_title(&standing).await;
    })
}

pub(in super::super) fn create(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: CreateGroupRequest,
) -> Outcome {
    let data = request.group_data;
    let new = NewGroup {
        name: message::text(&data.name),
        options: GroupOptions {
            charter: message::text(&data.charter),
            show_in_list: data.show_in_list,
            insignia: data.insignia_id,
            membership_fee: data.membership_fee,
            open_enrollment: data.open_enrollment,
            allow_publish: data.allow_publish,
            mature_publish: data.mature_publish,
        },
    };
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let mut reply = CreateGroupReply::default();
        reply.agent_data.agent_id = desk.agent.0;
        match desk.context.services.groups.create(desk.agent, new).await {
            Ok(group) => {
                reply.reply_data.group_id = group.info.id.0;
                reply.reply_data.success = true;
                // Clients make up a membership when they read this, so it goes before the update.
                desk.send(&reply);
                desk.announce(&[desk.agent]).await;
            }
            Err(error) => {
                reply.reply_data.message = message::variable1(&error.to_text());
                desk.send(&reply);
            }
        }
    })
}

pub(in super::super) fn update(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: UpdateGroupInfo,
) -> Outcome {
    let data = request.group_data;
    let options = GroupOptions {
        charter: message::text(&data.charter),
        show_in_list: data.show_in_list,
        insignia: data.insignia_id,
        membership_fee: data.membership_fee,
        open_enrollment: data.open_enrollment,
        allow_publish: data.allow_publish,
        mature_publish: data.mature_publish,
    };
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let id = GroupId(data.group_id);
        let changed = desk.context.services.groups.set_options(desk.agent, id, options).await;
        if let Err(error) = changed {
            desk.refuse(&error);
        }
    })
}

/// Anybody may look. A group that does not exist is not answered, as on OpenSim.
pub(in super::super) fn profile(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupProfileRequest,
) -> Outcome {
    let id = GroupId(request.group_data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        match desk.context.services.groups.group(id).await {
            Ok(Some(group)) => desk.send(&profile_reply(&desk, &group)),
            Ok(None) => {
                dropped("unknown_group");
            }
            Err(error) => desk.refuse(&error),
        }
    })
}

fn profile_reply(desk: &Desk, group: &Group) -> GroupProfileReply {
    let member = group.member(desk.agent);
    let info = &group.info;
    let mut reply = GroupProfileReply::default();
    reply.agent_data.agent_id = desk.agent.0;
    let data = &mut reply.group_data;
    data.group_id = info.id.0;
    data.name = message::variable1(&info.name);
    data.charter = message::variable2(&info.charter);
    data.show_in_list = info.show_in_list;
    data.member_title = message::variable1(member.map_or("", |member| group.title_of(member)));
    data.powers_mask = member.map_or(0, |member| group.powers_of_member(member).bits());
    data.insignia_id = info.insignia;
    data.founder_id = info.founder.0;
    data.membership_fee = info.membership_fee;
    data.open_enrollment = info.open_enrollment;
    data.group_membership_count = group.members.len() as i32;
    data.group_roles_count = group.roles.len() as i32;
    data.allow_publish = info.allow_publish;
    data.mature_publish = info.mature_publish;
    data.owner_role = info.owner_role.0;
    reply
}

/// A group that does not exist is called `Unknown`, as on OpenSim.
pub(in super::super) fn names(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: UUIDGroupNameRequest,
) -> Outcome {
    let ids: Vec<GroupId> = request.uuid_name_block.iter().map(|block| GroupId(block.id)).collect();
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let names = match desk.context.services.groups.names(ids.clone()).await {
            Ok(names) => names,
            Err(error) => return desk.refuse(&error),
        };
        let named = |(id, name): (GroupId, Option<String>)| UUIDGroupNameReplyUUIDNameBlock {
            id: id.0,
            group_name: message::variable1(name.as_deref().unwrap_or("Unknown")),
        };
        let blocks: Vec<_> = ids.into_iter().zip(names).map(named).collect();
        for blocks in split_blocks(&blocks, NAMES_FIXED, Block::wire_len) {
            desk.send(&UUIDGroupNameReply { uuid_name_block: blocks.to_vec() });
        }
    })
}

/// Nobody has money here, so every account of every group stands at zero.
pub(in super::super) fn summary(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupAccountSummaryRequest,
) -> Outcome {
    let mut reply = GroupAccountSummaryReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.group_id = request.agent_data.group_id;
    let data = &mut reply.money_data;
    data.request_id = request.money_data.request_id;
    data.interval_days = request.money_data.interval_days;
    data.current_interval = request.money_data.current_interval;
    data.start_date = NO_DATE;
    data.last_tax_date = NO_DATE;
    data.tax_date = NO_DATE;
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(in super::super) fn details(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupAccountDetailsRequest,
) -> Outcome {
    let mut reply = GroupAccountDetailsReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.group_id = request.agent_data.group_id;
    reply.money_data.request_id = request.money_data.request_id;
    reply.money_data.interval_days = request.money_data.interval_days;
    reply.money_data.current_interval = request.money_data.current_interval;
    reply.money_data.start_date = NO_DATE;
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(in super::super) fn transactions(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupAccountTransactionsRequest,
) -> Outcome {
    let mut reply = GroupAccountTransactionsReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.group_id = request.agent_data.group_id;
    reply.money_data.request_id = request.money_data.request_id;
    reply.money_data.interval_days = request.money_data.interval_days;
    reply.money_data.current_interval = request.money_data.current_interval;
    reply.money_data.start_date = NO_DATE;
    session.reply(turn, &reply);
    Outcome::Continue
}

/// Groups do not vote: there are no proposals, and there never were any.
pub(in super::super) fn proposals(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupActiveProposalsRequest,
) -> Outcome {
    let mut reply = GroupActiveProposalItemReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.group_id = request.group_data.group_id;
    reply.transaction_data.transaction_id = request.transaction_data.transaction_id;
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(in super::super) fn votes(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupVoteHistoryRequest,
) -> Outcome {
    let mut reply = GroupVoteHistoryItemReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.group_id = request.group_data.group_id;
    reply.transaction_data.transaction_id = request.transaction_data.transaction_id;
    session.reply(turn, &reply);
    Outcome::Continue
}

/// A text of nothing that still has its zero byte, which some clients take off unseen.
const NO_DATE: Bytes = Bytes::from_static(&[0]);
/// Bytes of a `UUIDGroupNameReply` besides its names: number and count.
const NAMES_FIXED: usize = 5;
