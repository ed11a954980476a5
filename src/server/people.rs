//! People in the control API: what it shows of them, and messages sent in their name.

use std::time::Duration;

use crate::http::control::{
    ChatSessionKind, ChatSessionStatus, ControlError, FriendList, FriendStatus, GroupStatus,
    MemberStatus, NewMessage, ParticipantState, ParticipantStatus, RoleStatus, Sent,
};
use crate::ids::AgentId;
use crate::services::Services;
use crate::services::chats::{ChatKind, ChatReport, Participant, Participation};
use crate::services::groups::Group;
use crate::services::im::{InstantMessage, conversation};
use crate::services::offline::{Delivered, Kept};
use crate::services::ports::StoreError;
use crate::services::store::StoreHandle;

/// Groups that are shown at most.
const MAX_GROUPS: usize = 10_000;

pub(super) async fn groups(
    store: &StoreHandle,
    services: &Services,
) -> Result<Vec<GroupStatus>, ControlError> {
    let groups = store.call(|store| {
        let listed = store.find_groups("", true, 0, MAX_GROUPS)?;
        let found = listed.into_iter().filter_map(|listing| store.group(listing.id).transpose());
        found.collect::<Result<Vec<Group>, StoreError>>()
    });
    let groups = groups.await.map_err(internal)?.map_err(internal)?;
    Ok(groups.into_iter().map(|group| group_status(group, services)).collect())
}

fn group_status(group: Group, services: &Services) -> GroupStatus {
    let role = |role: crate::services::groups::Role| RoleStatus {
        id: role.id.0,
        name: role.name,
        title: role.title,
        powers: format!("{:016x}", role.powers.bits()),
    };
    let member = |member: crate::services::groups::Member| MemberStatus {
        id: member.agent.0,
        roles: member.roles.iter().map(|role| role.0).collect(),
        online: services.bus.is_online(member.agent),
    };
    GroupStatus {
        id: group.info.id.0,
        name: group.info.name,
        charter: group.info.charter,
        open: group.info.open_enrollment,
        founder: group.info.founder.0,
        roles: group.roles.into_iter().map(role).collect(),
        members: group.members.into_iter().map(member).collect(),
    }
}

pub(super) fn chat_sessions(services: &Services) -> Vec<ChatSessionStatus> {
    services.chats.reports().into_iter().map(chat_session_status).collect()
}

fn chat_session_status(report: ChatReport) -> ChatSessionStatus {
    let person = |person: &Participant| ParticipantStatus {
        id: person.agent.0,
        state: match person.participation {
            Participation::Joined => ParticipantState::Joined,
            Participation::Invited => ParticipantState::Invited,
            Participation::Left => ParticipantState::Left,
        },
        moderator: person.moderator,
        muted: person.muted,
    };
    ChatSessionStatus {
        id: report.id.0,
        name: report.name,
        kind: match report.kind {
            ChatKind::Group => ChatSessionKind::Group,
            ChatKind::Conference => ChatSessionKind::Conference,
        },
        people: report.people.iter().map(person).collect(),
    }
}

pub(super) async fn friends(
    store: &StoreHandle,
    services: &Services,
    agent: AgentId,
) -> Result<FriendList, ControlError> {
    let read = store.call(move |store| {
        if store.account(agent)?.is_none() {
            return Ok(None);
        }
        Ok::<_, StoreError>(Some((store.friends(agent)?, store.friend_offers_to(agent)?)))
    });
    let found = read.await.map_err(internal)?.map_err(internal)?;
    let (friends, offers) = found.ok_or(ControlError::NotFound("account"))?;
    let status = |friend: &crate::services::friends::Friend| FriendStatus {
        id: friend.agent.0,
        given: friend.given.bits(),
        has: friend.has.bits(),
        online: services.bus.is_online(friend.agent),
    };
    Ok(FriendList {
        friends: friends.iter().map(status).collect(),
        offers: offers.iter().map(|offer| offer.from.0).collect(),
    })
}

pub(super) async fn send_message(
    services: &Services,
    new: NewMessage,
    wait: Option<Duration>,
) -> Result<Sent, ControlError> {
    let to = AgentId(new.to);
    let mut message = InstantMessage::system(to, services.clock.unix().as_secs(), new.message);
    if let Some(name) = new.from_name {
        message.from_name = name;
    }
    if let Some(from) = new.from.map(AgentId) {
        let found = services.accounts.by_id(from).await.map_err(internal)?;
        let account = found.ok_or(ControlError::NotFound("account with the id of `from`"))?;
        message.from = from.0;
        message.from_name = account.name.to_string();
        message.id = conversation(from, to);
    }
    let (mut delivered, report) = services.offline.deliver_and_report(message).await;
    if delivered == Delivered::Queued
        && let Some(wait) = wait
        && let Ok(Ok(settled)) = tokio::time::timeout(wait, report).await
    {
        delivered = settled;
    }
    let status = match delivered {
        Delivered::Queued => "queued",
        Delivered::Arrived => "delivered",
        Delivered::Muted => "muted",
        Delivered::TooBusy => "recipient_busy",
        Delivered::Away(Kept::Saved) => "kept",
        Delivered::Away(Kept::Full | Kept::SenderFull) => "mailbox_full",
        Delivered::Away(Kept::Unknown) => {
            return Err(ControlError::NotFound("account with the id of `to`"));
        }
        Delivered::Away(Kept::NotOfItsKind | Kept::Failed) => {
            return Err(ControlError::Internal("the message was not kept".to_owned()));
        }
    };
    Ok(Sent { status: status.to_owned() })
}

fn internal(error: impl std::fmt::Display) -> ControlError {
    ControlError::Internal(error.to_string())
}
