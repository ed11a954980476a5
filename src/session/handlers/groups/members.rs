//! The members of a group and their roles: lists too long for one packet.

use super::Desk;
use crate::ids::{AgentId, GroupId, RoleId};
use crate::message::{
    self, GroupMembersReply, GroupMembersReplyMemberData, GroupMembersRequest,
    GroupRoleMembersReply, GroupRoleMembersReplyMemberData, GroupRoleMembersRequest,
};
use crate::services::groups::{Group, GroupError, LastSeen, Member, visible_members};
use crate::session::handlers::{Outcome, Session, Turn, packets};

/// Answered also when there is nobody to be seen: clients wait until they have counted all.
pub(in super::super) fn members(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupMembersRequest,
) -> Outcome {
    let id = GroupId(request.group_data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let blocks = match member_blocks(&desk, id).await {
            Ok(blocks) => blocks,
            Err(error) => return desk.refuse(&error),
        };
        let mut reply = GroupMembersReply::default();
        reply.agent_data.agent_id = desk.agent.0;
        reply.group_data.group_id = id.0;
        reply.group_data.request_id = request.group_data.request_id;
        reply.group_data.member_count = blocks.len() as i32;
        for members in packets(&blocks, MEMBERS_FIXED) {
            reply.member_data = members;
            desk.send(&reply);
        }
    })
}

async fn member_blocks(
    desk: &Desk,
    id: GroupId,
) -> Result<Vec<GroupMembersReplyMemberData>, GroupError> {
    let groups = &desk.context.services.groups;
    let Some(group) = groups.group(id).await? else { return Ok(Vec::new()) };
    let visible = visible_members(&group, desk.agent);
    let agents: Vec<AgentId> = visible.iter().map(|member| member.agent).collect();
    let seen = groups.last_seen(&agents).await?;
    let block = |(member, seen): (&Member, LastSeen)| GroupMembersReplyMemberData {
        agent_id: member.agent.0,
        contribution: member.contribution,
        online_status: message::variable1(&seen.to_status()),
        agent_powers: group.powers_of_member(member).bits(),
        title: message::variable1(group.title_of(member)),
        is_owner: group.owns(member),
    };
    Ok(visible.into_iter().zip(seen).map(block).collect())
}

/// A pair for each member and role, the role of everyone included, as on OpenSim.
pub(in super::super) fn role_members(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupRoleMembersRequest,
) -> Outcome {
    let id = GroupId(request.group_data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let pairs = match desk.context.services.groups.group(id).await {
            Ok(group) => group.map_or_else(Vec::new, |group| pairs(&group, desk.agent)),
            Err(error) => return desk.refuse(&error),
        };
        let mut reply = GroupRoleMembersReply::default();
        reply.agent_data.agent_id = desk.agent.0;
        reply.agent_data.group_id = id.0;
        reply.agent_data.request_id = request.group_data.request_id;
        reply.agent_data.total_pairs = pairs.len() as u32;
        for pairs in packets(&pairs, PAIRS_FIXED) {
            reply.member_data = pairs;
            desk.send(&reply);
        }
    })
}

fn pairs(group: &Group, viewer: AgentId) -> Vec<GroupRoleMembersReplyMemberData> {
    let of = |member: &Member| {
        let roles = std::iter::once(RoleId::NIL).chain(member.roles.iter().copied());
        let agent = member.agent.0;
        let pair = move |role: RoleId| GroupRoleMembersReplyMemberData {
            role_id: role.0,
            member_id: agent,
        };
        roles.map(pair).collect::<Vec<_>>()
    };
    visible_members(group, viewer).into_iter().flat_map(of).collect()
}

/// Bytes of a `GroupMembersReply` besides its members: number, ids, count and count.
const MEMBERS_FIXED: usize = 4 + 16 + 36 + 1;
/// Bytes of a `GroupRoleMembersReply` besides its pairs.
const PAIRS_FIXED: usize = 4 + 52 + 1;
