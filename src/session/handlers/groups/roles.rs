//! Roles and titles.

use super::Desk;
use crate::ids::{AgentId, GroupId, RoleId};
use crate::message::{
    self, GroupRoleChanges, GroupRoleDataReply, GroupRoleDataReplyRoleData, GroupRoleDataRequest,
    GroupRoleUpdate, GroupRoleUpdateRoleData, GroupTitleUpdate, GroupTitlesReply,
    GroupTitlesReplyGroupData, GroupTitlesRequest,
};
use crate::services::groups::{
    Assignment, Group, GroupError, GroupRefusal, Member, Powers, Role, RoleEdit,
};
use crate::session::handlers::{Outcome, Session, Turn, packets};

/// Answered for an unknown group, too, with no roles.
pub(in super::super) fn role_data(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupRoleDataRequest,
) -> Outcome {
    let id = GroupId(request.group_data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let group = match desk.context.services.groups.group(id).await {
            Ok(group) => group,
            Err(error) => return desk.refuse(&error),
        };
        let blocks = group.map_or_else(Vec::new, |group| role_blocks(&group));
        let mut reply = GroupRoleDataReply::default();
        reply.agent_data.agent_id = desk.agent.0;
        reply.group_data.group_id = id.0;
        reply.group_data.request_id = request.group_data.request_id;
        reply.group_data.role_count = blocks.len() as i32;
        for roles in packets(&blocks, ROLES_FIXED) {
            reply.role_data = roles;
            desk.send(&reply);
        }
    })
}

fn role_blocks(group: &Group) -> Vec<GroupRoleDataReplyRoleData> {
    let members = |role: &Role| {
        let has = |member: &&Member| role.id == RoleId::NIL || member.roles.contains(&role.id);
        group.members.iter().filter(has).count() as u32
    };
    let block = |role: &Role| GroupRoleDataReplyRoleData {
        role_id: role.id.0,
        name: message::variable1(&role.name),
        title: message::variable1(&role.title),
        description: message::variable1(&role.description),
        powers: role.powers.bits(),
        members: members(role),
    };
    group.roles.iter().map(block).collect()
}

pub(in super::super) fn update(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupRoleUpdate,
) -> Outcome {
    let id = GroupId(request.agent_data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let edits = request.role_data.iter().filter_map(role_edit).collect::<Result<Vec<_>, _>>();
        let done = match edits {
            Ok(edits) => desk.context.services.groups.edit_roles(desk.agent, id, edits).await,
            Err(refusal) => Err(GroupError::from(refusal)),
        };
        match done {
            Ok(concerned) => desk.announce_changed(&concerned, id).await,
            Err(error) => desk.refuse(&error),
        }
    })
}

/// What one entry asks for; none if it asks for nothing.
fn role_edit(data: &GroupRoleUpdateRoleData) -> Option<Result<RoleEdit, GroupRefusal>> {
    let id = RoleId(data.role_id);
    let role = || Role {
        id,
        name: message::text(&data.name),
        title: message::text(&data.title),
        description: message::text(&data.description),
        powers: Powers::from_bits_retain(data.powers),
    };
    let change = |texts, powers| RoleEdit::Change { role: role(), texts, powers };
    Some(match data.update_type {
        update_type::NOTHING => return None,
        update_type::DATA => Ok(change(true, false)),
        update_type::POWERS => Ok(change(false, true)),
        update_type::ALL => Ok(change(true, true)),
        update_type::CREATE => Ok(RoleEdit::Create(role())),
        update_type::DELETE => Ok(RoleEdit::Delete(id)),
        _ => Err(GroupRefusal::BadChange),
    })
}

pub(in super::super) fn changes(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupRoleChanges,
) -> Outcome {
    let id = GroupId(request.agent_data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let assignments = request
            .role_change
            .iter()
            .map(|change| match change.change {
                kind @ (0 | 1) => Ok(Assignment {
                    role: RoleId(change.role_id),
                    member: AgentId(change.member_id),
                    add: kind == 0,
                }),
                _ => Err(GroupRefusal::BadChange),
            })
            .collect::<Result<Vec<_>, _>>();
        let done = match assignments {
            Ok(changes) => desk.context.services.groups.assign(desk.agent, id, changes).await,
            Err(refusal) => Err(GroupError::from(refusal)),
        };
        match done {
            Ok(concerned) => desk.announce_changed(&concerned, id).await,
            Err(error) => desk.refuse(&error),
        }
    })
}

/// The titles that the requester can choose from: none for who is no member.
pub(in super::super) fn titles(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupTitlesRequest,
) -> Outcome {
    let id = GroupId(request.agent_data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let group = match desk.context.services.groups.group(id).await {
            Ok(group) => group,
            Err(error) => return desk.refuse(&error),
        };
        let mut reply = GroupTitlesReply::default();
        reply.agent_data.agent_id = desk.agent.0;
        reply.agent_data.group_id = id.0;
        reply.agent_data.request_id = request.agent_data.request_id;
        if let Some(group) = &group
            && let Some(member) = group.member(desk.agent)
        {
            let own = |role: &&Role| role.id == RoleId::NIL || member.roles.contains(&role.id);
            let title = |role: &Role| GroupTitlesReplyGroupData {
                title: message::variable1(&role.title),
                role_id: role.id.0,
                selected: role.id == member.selected_role,
            };
            // At most ten, so they fit into one packet.
            reply.group_data = group.roles.iter().filter(own).map(title).collect();
        }
        desk.send(&reply);
    })
}

pub(in super::super) fn select_title(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: GroupTitleUpdate,
) -> Outcome {
    let group = GroupId(request.agent_data.group_id);
    let role = RoleId(request.agent_data.title_role_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        match desk.context.services.groups.select_title(desk.agent, group, role).await {
            Ok(()) => desk.announce(&[desk.agent]).await,
            Err(error) => desk.refuse(&error),
        }
    })
}

/// `GroupRoleUpdate.RoleData.UpdateType`.
mod update_type {
    pub(super) const NOTHING: u8 = 0;
    pub(super) const DATA: u8 = 1;
    pub(super) const POWERS: u8 = 2;
    pub(super) const ALL: u8 = 3;
    pub(super) const CREATE: u8 = 4;
    pub(super) const DELETE: u8 = 5;
}

/// Bytes of a `GroupRoleDataReply` besides its roles: number, ids, count and count.
const ROLES_FIXED: usize = 4 + 16 + 36 + 1;
