//! Groups: the member list, and answers to invitations.

use std::collections::HashMap;

use super::Caps;
use super::request::{CapError, CapReply, CapRequest};
use crate::ids::{AgentId, GroupId, RoleId};
use crate::llsd::{self, Llsd, Map};
use crate::region::Command;
use crate::services::groups::{Group, GroupError, LastSeen, Member, Powers};
use crate::session::AgentSession;

/// `GroupMemberData`: POST `{group_id, page_size, page_start, sort_column, sort_descending}`, all
/// but the first optional. Strangers get a list of nobody.
pub(super) async fn member_data(
    caps: &Caps,
    agent: AgentId,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let body = request.post(caps.max_body).await?;
    let groups = &caps.services.groups;
    let mut id = GroupId(body.get("group_id").as_uuid());
    if id == GroupId::NIL {
        id = groups.active_group(agent).await.map_err(unavailable)?.unwrap_or(GroupId::NIL);
    }
    let group = groups.group(id).await.map_err(unavailable)?;
    let Some(group) = group.filter(|group| group.member(agent).is_some()) else {
        return Ok(CapReply::Value(nobody(agent, id)));
    };
    let agents: Vec<AgentId> = group.members.iter().map(|member| member.agent).collect();
    let seen = groups.last_seen(&agents).await.map_err(unavailable)?;
    let mut rows: Vec<(&Member, LastSeen)> = group.members.iter().zip(seen).collect();
    if body.get("sort_column").as_i32() == BY_NAME {
        let names = names(caps, &agents).await?;
        rows.sort_by_cached_key(|(member, _)| names.get(&member.agent).cloned());
    } else {
        sort(&group, &mut rows, body.get("sort_column").as_i32());
    }
    if body.get("sort_descending").as_bool() {
        rows.reverse();
    }
    let start = usize::try_from(body.get("page_start").as_i32()).unwrap_or(0);
    let size = match usize::try_from(body.get("page_size").as_i32()) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(size) => size,
    };
    let page: Vec<_> = rows.into_iter().skip(start).take(size).collect();
    Ok(CapReply::Value(listing(agent, &group, &page)))
}

fn listing(agent: AgentId, group: &Group, page: &[(&Member, LastSeen)]) -> Llsd {
    let titles = titles(group);
    let default_powers = group.role(RoleId::NIL).map_or(Powers::empty(), |role| role.powers);
    let mut members = Map::new();
    for (member, seen) in page {
        let mut entry = Map::new();
        if *seen != LastSeen::Never {
            entry.insert("last_login", seen.to_status());
        }
        let powers = group.powers_of_member(member);
        if powers != default_powers {
            entry.insert("powers", hex(powers));
        }
        let title = group.title_of(member);
        if let Some(index @ 1..) = titles.iter().position(|known| *known == title) {
            entry.insert("title", index as i32);
        }
        if group.owns(member) {
            // Viewers look whether it is there; libraries compare it with this letter.
            entry.insert("owner", "Y");
        }
        if member.contribution > 0 {
            entry.insert("donated_square_meters", member.contribution);
        }
        members.insert(member.agent.to_string(), entry);
    }
    llsd::map! {
        "group_id" => group.info.id.0,
        "agent_id" => agent.0,
        "member_count" => group.members.len() as i32,
        "titles" => titles.into_iter().collect::<Llsd>(),
        "defaults" => llsd::map! { "default_powers" => hex(default_powers) },
        "members" => members,
    }
}

fn nobody(agent: AgentId, id: GroupId) -> Llsd {
    llsd::map! {
        "group_id" => id.0,
        "agent_id" => agent.0,
        "member_count" => 0,
        "titles" => Llsd::Array(Vec::new()),
        "defaults" => llsd::map! { "default_powers" => hex(Powers::empty()) },
        "members" => Map::new(),
    }
}

/// The titles that members show, the one that most show first: it is left out of their entries.
fn titles(group: &Group) -> Vec<&str> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for member in &group.members {
        let title = group.title_of(member);
        match counts.iter_mut().find(|(known, _)| *known == title) {
            Some((_, count)) => *count += 1,
            None => counts.push((title, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().map(|(title, _)| title).collect()
}

fn sort(group: &Group, rows: &mut [(&Member, LastSeen)], column: i32) {
    match column {
        BY_DONATION => rows.sort_by_key(|(member, _)| member.contribution),
        BY_PRESENCE => rows.sort_by_key(|(_, seen)| match seen {
            LastSeen::Never => 0,
            LastSeen::At(at) => *at,
            LastSeen::Online => u64::MAX,
        }),
        BY_TITLE => rows.sort_by_key(|(member, _)| group.title_of(member)),
        _ => {}
    }
}

async fn names(caps: &Caps, agents: &[AgentId]) -> Result<HashMap<AgentId, String>, CapError> {
    let mut names = HashMap::new();
    for some in agents.chunks(NAMES_AT_A_TIME) {
        let found = caps.services.accounts.names(some.to_vec()).await.map_err(unavailable)?;
        names.extend(found.iter().map(|(id, name)| (*id, name.key())));
    }
    Ok(names)
}

/// `AcceptGroupInvite`: POST `{group}`, for invitations that came without their transaction.
pub(super) async fn accept_invite(
    caps: &Caps,
    session: &AgentSession,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let body = request.post(caps.max_body).await?;
    let group = GroupId(body.get("group").as_uuid());
    let groups = &caps.services.groups;
    let success = done(groups.accept_invite(session.agent_id, group, None).await)?;
    if success
        && let Some(standing) = groups.standing(session.agent_id).await.map_err(unavailable)?
    {
        caps.services.chats.renew_group(group).await;
        standing.send(&*caps.services.bus);
        let title = standing.title().to_owned();
        let command = Command::GroupTitle { agent: session.agent_id, title };
        // A region that has stopped shows no titles.
        let _ = session.region.commands.send(command).await;
    }
    Ok(CapReply::Value(llsd::map! { "success" => success }))
}

/// `DeclineGroupInvite`: POST `{group}`.
pub(super) async fn decline_invite(
    caps: &Caps,
    agent: AgentId,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let body = request.post(caps.max_body).await?;
    let group = GroupId(body.get("group").as_uuid());
    let success = done(caps.services.groups.decline_invite(agent, group, None).await)?;
    Ok(CapReply::Value(llsd::map! { "success" => success }))
}

/// What the rules refuse is an answer; what failed is not.
fn done(result: Result<(), GroupError>) -> Result<bool, CapError> {
    match result {
        Ok(()) => Ok(true),
        Err(GroupError::Refused(refusal)) => {
            tracing::debug!(%refusal, "answer to an invitation refused");
            Ok(false)
        }
        Err(error) => Err(unavailable(error)),
    }
}

/// Without `0x`, as clients read it.
fn hex(powers: Powers) -> String {
    format!("{:x}", powers.bits())
}

fn unavailable(error: impl std::fmt::Display) -> CapError {
    tracing::error!(%error, "groups cannot be read or changed");
    CapError::Unavailable("groups cannot be reached now")
}

/// `sort_column`.
const BY_NAME: i32 = 1;
const BY_DONATION: i32 = 2;
const BY_PRESENCE: i32 = 3;
const BY_TITLE: i32 = 4;
/// Accounts read in one storage call.
const NAMES_AT_A_TIME: usize = 64;
