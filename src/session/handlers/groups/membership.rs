//! Joining and leaving, and members' own settings.

use uuid::Uuid;

use super::Desk;
use crate::ids::{AgentId, GroupId, RoleId};
use crate::message::{
    ActivateGroup, EjectGroupMemberReply, EjectGroupMemberRequest, ImprovedInstantMessage,
    InviteGroupRequest, JoinGroupReply, JoinGroupRequest, LeaveGroupReply, LeaveGroupRequest,
    SetGroupAcceptNotices, SetGroupContribution,
};
use crate::services::groups::{Invited, Invitee};
use crate::services::im::InstantMessage;
use crate::services::mutes::MuteTarget;
use crate::session::handlers::{Outcome, Session, Turn};

pub(in super::super) fn join(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: JoinGroupRequest,
) -> Outcome {
    let group = GroupId(request.group_data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let done = desk.context.services.groups.join(desk.agent, group).await;
        let mut reply = JoinGroupReply::default();
        reply.agent_data.agent_id = desk.agent.0;
        reply.group_data.group_id = group.0;
        reply.group_data.success = done.is_ok();
        desk.send(&reply);
        match done {
            Ok(()) => desk.announce_changed(&[desk.agent], group).await,
            Err(error) => desk.refuse(&error),
        }
    })
}

pub(in super::super) fn leave(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: LeaveGroupRequest,
) -> Outcome {
    let group = GroupId(request.group_data.group_id);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let done = desk.context.services.groups.leave(desk.agent, group).await;
        let mut reply = LeaveGroupReply::default();
        reply.agent_data.agent_id = desk.agent.0;
        reply.group_data.group_id = group.0;
        reply.group_data.success = done.is_ok();
        desk.send(&reply);
        match done {
            Ok(()) => desk.announce_gone(desk.agent, group).await,
            Err(error) => desk.refuse(&error),
        }
    })
}

pub(in super::super) fn eject(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: EjectGroupMemberRequest,
) -> Outcome {
    let group = GroupId(request.group_data.group_id);
    let ejectees = request.eject_data.iter().map(|data| AgentId(data.ejectee_id)).collect();
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let services = &desk.context.services;
        let done = services.groups.eject(desk.agent, group, ejectees).await;
        let mut reply = EjectGroupMemberReply::default();
        reply.agent_data.agent_id = desk.agent.0;
        reply.group_data.group_id = group.0;
        reply.eject_data.success = done.is_ok();
        desk.send(&reply);
        let (ejected, group_name) = match done {
            Ok(done) => done,
            Err(error) => return desk.refuse(&error),
        };
        let at = services.clock.unix().as_secs();
        let names = services.accounts.names(ejected.clone()).await.unwrap_or_default();
        for agent in ejected {
            desk.announce_gone(agent, group).await;
            let by = &desk.name;
            // Seen in: OpenSim, word for word.
            let text = format!("You have been ejected from '{group_name}' by {by}.");
            desk.deliver(InstantMessage::system(agent, at, text)).await;
            let name = names.iter().find(|(id, _)| *id == agent);
            let name = name.map_or_else(|| agent.to_string(), |(_, name)| name.to_string());
            let text = format!("{name} has been ejected from '{group_name}'.");
            desk.deliver(InstantMessage::system(desk.agent, at, text)).await;
        }
    })
}

pub(in super::super) fn invite(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: InviteGroupRequest,
) -> Outcome {
    let group = GroupId(request.group_data.group_id);
    let invitees = request
        .invite_data
        .iter()
        .map(|data| Invitee { agent: AgentId(data.invitee_id), role: RoleId(data.role_id) })
        .collect();
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let name = desk.name.clone();
        let done = desk.context.services.groups.invite(desk.agent, name, group, invitees).await;
        let Invited { messages, members, unknown, repeated } = match done {
            Ok(invited) => invited,
            Err(error) => return desk.refuse(&error),
        };
        let mutes = &desk.context.services.mutes;
        for message in messages {
            // It speaks as the group; whoever has muted the inviter does not want it either.
            if mutes.hears(message.to, MuteTarget::Agent(desk.agent, &desk.name)) {
                desk.deliver(message).await;
            }
        }
        if members > 0 {
            desk.alert(&format!("Not invited, being members already: {members}."));
        }
        if repeated > 0 {
            desk.alert(&format!("Not invited, because they were a moment ago: {repeated}."));
        }
        if unknown > 0 {
            desk.alert(&format!("Not invited, because nobody has that id: {unknown}."));
        }
    })
}

/// Dialogs 35 and 36: the invitation named by its transaction is accepted or declined.
pub(in super::super) fn invitation_answer(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: &ImprovedInstantMessage,
    accepted: bool,
) -> Outcome {
    let group = GroupId(message.message_block.to_agent_id);
    let transaction: Uuid = message.message_block.id;
    let transaction = (!transaction.is_nil()).then_some(transaction);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let groups = &desk.context.services.groups;
        let done = if accepted {
            groups.accept_invite(desk.agent, group, transaction).await
        } else {
            groups.decline_invite(desk.agent, group, transaction).await
        };
        match done {
            Ok(()) if accepted => desk.announce_changed(&[desk.agent], group).await,
            Ok(()) => {}
            Err(error) => desk.refuse(&error),
        }
    })
}

pub(in super::super) fn activate(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: ActivateGroup,
) -> Outcome {
    let group = GroupId(request.agent_data.group_id);
    let group = (group != GroupId::NIL).then_some(group);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        match desk.context.services.groups.activate(desk.agent, group).await {
            Ok(()) => {
                let Some(standing) = desk.standing(desk.agent).await else { return };
                desk.send(&standing.agent_data());
                desk.show_title(&standing).await;
            }
            Err(error) => desk.refuse(&error),
        }
    })
}

pub(in super::super) fn contribution(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: SetGroupContribution,
) -> Outcome {
    let (group, given) = (GroupId(request.data.group_id), request.data.contribution);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        match desk.context.services.groups.set_contribution(desk.agent, group, given).await {
            Ok(()) => desk.announce(&[desk.agent]).await,
            Err(error) => desk.refuse(&error),
        }
    })
}

pub(in super::super) fn accept_notices(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: SetGroupAcceptNotices,
) -> Outcome {
    let group = GroupId(request.data.group_id);
    let (accept, list) = (request.data.accept_notices, request.new_data.list_in_profile);
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let groups = &desk.context.services.groups;
        match groups.set_accept_notices(desk.agent, group, accept, list).await {
            Ok(()) => desk.announce(&[desk.agent]).await,
            Err(error) => desk.refuse(&error),
        }
    })
}
