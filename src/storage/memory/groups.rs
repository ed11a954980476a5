//! Groups, invitations and notices.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use crate::ids::{AgentId, GroupId, NoticeId, RoleId};
use crate::services::groups::{Group, GroupInfo, GroupListing, Invite, Member, Notice, Role};
use crate::services::ports::{GroupStore, StoreError};
use crate::storage::folded;

use super::MemoryStore;

#[derive(Debug, Default)]
pub(super) struct Tables {
    groups: HashMap<GroupId, Group>,
    /// By folded name.
    names: BTreeMap<String, GroupId>,
    /// The groups of each agent, in the order of joining.
    memberships: HashMap<AgentId, Vec<GroupId>>,
    active: HashMap<AgentId, GroupId>,
    /// The oldest first.
    invites: Vec<Invite>,
    /// The oldest first.
    notices: Vec<Notice>,
}

impl Tables {
    pub(super) fn forget_account(&mut self, id: AgentId) {
        for group in self.memberships.remove(&id).unwrap_or_default() {
            if let Some(group) = self.groups.get_mut(&group) {
                group.members.retain(|member| member.agent != id);
            }
        }
        self.active.remove(&id);
        self.invites.retain(|invite| invite.invitee != id);
    }

    fn group_mut(&mut self, id: GroupId) -> Result<&mut Group, StoreError> {
        self.groups.get_mut(&id).ok_or(StoreError::NoGroup(id))
    }

    fn require_group(&self, id: GroupId) -> Result<(), StoreError> {
        if self.groups.contains_key(&id) { Ok(()) } else { Err(StoreError::NoGroup(id)) }
    }
}

impl GroupStore for MemoryStore {
    fn create_group(&mut self, group: &Group) -> Result<(), StoreError> {
        // Everything is checked before anything is changed.
        let (info, key) = (&group.info, folded(&group.info.name));
        if self.groups.names.contains_key(&key) {
            return Err(StoreError::GroupNameTaken(info.name.clone()));
        }
        if self.groups.groups.contains_key(&info.id) {
            return Err(StoreError::IdTaken(format!("group {}", info.id)));
        }
        let mut roles = HashSet::new();
        if let Some(role) = group.roles.iter().find(|role| !roles.insert(role.id)) {
            return Err(StoreError::IdTaken(format!("role {}", role.id)));
        }
        let mut members = HashSet::new();
        for member in &group.members {
            self.require_account(member.agent)?;
            if !members.insert(member.agent) {
                return Err(StoreError::IdTaken(format!("member {}", member.agent)));
            }
        }
        self.groups.names.insert(key, info.id);
        for member in &group.members {
            self.groups.memberships.entry(member.agent).or_default().push(info.id);
        }
        self.groups.groups.insert(info.id, group.clone());
        Ok(())
    }

    fn group(&mut self, id: GroupId) -> Result<Option<Group>, StoreError> {
        Ok(self.groups.groups.get(&id).cloned())
    }

    fn group_info(&mut self, id: GroupId) -> Result<Option<GroupInfo>, StoreError> {
        Ok(self.groups.groups.get(&id).map(|group| group.info.clone()))
    }

    fn group_by_name(&mut self, name: &str) -> Result<Option<GroupId>, StoreError> {
        Ok(self.groups.names.get(&folded(name)).copied())
    }

    fn find_groups(
        &mut self,
        text: &str,
        hidden: bool,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<GroupListing>, StoreError> {
        let text = folded(text);
        let found = self.groups.names.iter().filter(|(name, _)| name.contains(&text));
        let groups = found.filter_map(|(_, id)| self.groups.groups.get(id));
        let listed = groups.filter(|group| hidden || group.info.show_in_list);
        let page = listed.skip(skip).take(limit);
        Ok(page
            .map(|group| GroupListing {
                id: group.info.id,
                name: group.info.name.clone(),
                members: u32::try_from(group.members.len()).unwrap_or(u32::MAX),
            })
            .collect())
    }

    fn groups_of(&mut self, agent: AgentId) -> Result<Vec<GroupId>, StoreError> {
        Ok(self.groups.memberships.get(&agent).cloned().unwrap_or_default())
    }

    fn set_group_info(&mut self, info: &GroupInfo) -> Result<(), StoreError> {
        let key = folded(&info.name);
        self.groups.require_group(info.id)?;
        if self.groups.names.get(&key).is_some_and(|other| *other != info.id) {
            return Err(StoreError::GroupNameTaken(info.name.clone()));
        }
        let group = self.groups.group_mut(info.id)?;
        let old = folded(&group.info.name);
        group.info = info.clone();
        self.groups.names.remove(&old);
        self.groups.names.insert(key, info.id);
        Ok(())
    }

    fn put_role(&mut self, group: GroupId, role: &Role) -> Result<(), StoreError> {
        let roles = &mut self.groups.group_mut(group)?.roles;
        match roles.iter_mut().find(|one| one.id == role.id) {
            Some(one) => *one = role.clone(),
            None => roles.push(role.clone()),
        }
        Ok(())
    }

    fn remove_role(&mut self, group: GroupId, role: RoleId) -> Result<(), StoreError> {
        let Ok(group) = self.groups.group_mut(group) else { return Ok(()) };
        group.roles.retain(|one| one.id != role);
        for member in &mut group.members {
            member.roles.retain(|one| *one != role);
            if member.selected_role == role {
                member.selected_role = RoleId::NIL;
            }
        }
        Ok(())
    }

    fn put_member(&mut self, group: GroupId, member: &Member) -> Result<(), StoreError> {
        self.groups.require_group(group)?;
        self.require_account(member.agent)?;
        let members = &mut self.groups.group_mut(group)?.members;
        if let Some(one) = members.iter_mut().find(|one| one.agent == member.agent) {
            *one = member.clone();
        } else {
            members.push(member.clone());
            self.groups.memberships.entry(member.agent).or_default().push(group);
        }
        Ok(())
    }

    fn remove_member(&mut self, group: GroupId, agent: AgentId) -> Result<bool, StoreError> {
        if self.groups.active.get(&agent) == Some(&group) {
            self.groups.active.remove(&agent);
        }
        if let Some(groups) = self.groups.memberships.get_mut(&agent) {
            groups.retain(|one| *one != group);
        }
        let Ok(group) = self.groups.group_mut(group) else { return Ok(false) };
        let before = group.members.len();
        group.members.retain(|member| member.agent != agent);
        Ok(group.members.len() < before)
    }

    fn active_group(&mut self, agent: AgentId) -> Result<Option<GroupId>, StoreError> {
        Ok(self.groups.active.get(&agent).copied())
    }

    fn set_active_group(
        &mut self,
        agent: AgentId,
        group: Option<GroupId>,
    ) -> Result<(), StoreError> {
        self.require_account(agent)?;
        match group {
            Some(group) => {
                self.groups.require_group(group)?;
                self.groups.active.insert(agent, group);
            }
            None => {
                self.groups.active.remove(&agent);
            }
        }
        Ok(())
    }

    fn put_invite(&mut self, invite: &Invite) -> Result<(), StoreError> {
        self.require_account(invite.invitee)?;
        self.groups.require_group(invite.group)?;
        let same = |one: &Invite| one.group == invite.group && one.invitee == invite.invitee;
        self.groups.invites.retain(|one| one.id != invite.id && !same(one));
        self.groups.invites.push(invite.clone());
        Ok(())
    }

    fn invites_of(&mut self, invitee: AgentId) -> Result<Vec<Invite>, StoreError> {
        let invites = self.groups.invites.iter();
        Ok(invites.filter(|invite| invite.invitee == invitee).cloned().collect())
    }

    fn remove_invite(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let before = self.groups.invites.len();
        self.groups.invites.retain(|invite| invite.id != id);
        Ok(self.groups.invites.len() < before)
    }

    fn add_notice(&mut self, notice: &Notice) -> Result<(), StoreError> {
        self.groups.require_group(notice.group)?;
        if self.groups.notices.iter().any(|one| one.id == notice.id) {
            return Err(StoreError::IdTaken(format!("notice {}", notice.id)));
        }
        self.groups.notices.push(notice.clone());
        Ok(())
    }

    fn notices(&mut self, group: GroupId, limit: usize) -> Result<Vec<Notice>, StoreError> {
        let newest_first = self.groups.notices.iter().rev();
        Ok(newest_first.filter(|notice| notice.group == group).take(limit).cloned().collect())
    }

    fn notice(&mut self, id: NoticeId) -> Result<Option<Notice>, StoreError> {
        Ok(self.groups.notices.iter().find(|notice| notice.id == id).cloned())
    }

    fn forget_group_mail(&mut self, at: u64) -> Result<usize, StoreError> {
        let before = self.groups.notices.len() + self.groups.invites.len();
        self.groups.notices.retain(|notice| notice.at >= at);
        self.groups.invites.retain(|invite| invite.at >= at);
        Ok(before - self.groups.notices.len() - self.groups.invites.len())
    }
}
