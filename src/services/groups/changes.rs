//! Changes to groups: creation, profile, roles, joining and leaving, and members' own settings.

use super::rules::{self, Assignment, GroupOptions, NewGroup, RoleEdit};
use super::{Group, GroupError, GroupRefusal, Groups, Member};
use crate::ids::{AgentId, GroupId, RoleId};
use crate::services::ports::StoreError;
use crate::services::store::Store;

impl Groups {
    /// Founds a group and makes it the founder's active one.
    ///
    /// # Errors
    /// [`GroupError`]; refused for a bad or taken name and for a founder in too many groups.
    pub async fn create(&self, founder: AgentId, new: NewGroup) -> Result<Group, GroupError> {
        let roles = [RoleId::random(), RoleId::random()];
        let group = rules::found(new, founder, GroupId::random(), roles, self.now())?;
        self.store
            .call(move |store| {
                if store.groups_of(founder)?.len() >= rules::MAX_GROUPS {
                    return Err(GroupRefusal::TooManyGroups.into());
                }
                match store.create_group(&group) {
                    Err(StoreError::GroupNameTaken(_)) => {
                        return Err(GroupRefusal::NameTaken.into());
                    }
                    kept => kept?,
                }
                store.set_active_group(founder, Some(group.info.id))?;
                Ok(group.clone())
            })
            .await?
    }

    /// Changes what the profile shows.
    ///
    /// # Errors
    /// [`GroupError`]; see [`rules::set_options`].
    pub async fn set_options(
        &self,
        actor: AgentId,
        group: GroupId,
        options: GroupOptions,
    ) -> Result<(), GroupError> {
        self.with_group(group, move |store, group| {
            let info = rules::set_options(&group, actor, options.clone())?;
            if info != group.info {
                store.set_group_info(&info)?;
            }
            Ok(())
        })
        .await
    }

    /// Makes, changes and removes roles, all or none; the members for whom something changed.
    ///
    /// # Errors
    /// [`GroupError`]; see [`rules::edit_roles`].
    pub async fn edit_roles(
        &self,
        actor: AgentId,
        id: GroupId,
        edits: Vec<RoleEdit>,
    ) -> Result<Vec<AgentId>, GroupError> {
        let new_ids: Vec<RoleId> = edits.iter().map(|_| RoleId::random()).collect();
        self.with_group(id, move |store, group| {
            let edited = rules::edit_roles(&group, actor, edits.clone(), &new_ids)?;
            for role in &edited.kept {
                store.put_role(id, role)?;
            }
            for role in edited.removed {
                store.remove_role(id, role)?;
            }
            Ok(edited.concerned)
        })
        .await
    }

    /// Puts members into roles and takes them out, all or none; those for whom something changed.
    ///
    /// # Errors
    /// [`GroupError`]; see [`rules::assign`].
    pub async fn assign(
        &self,
        actor: AgentId,
        id: GroupId,
        changes: Vec<Assignment>,
    ) -> Result<Vec<AgentId>, GroupError> {
        self.with_group(id, move |store, group| {
            let changed = rules::assign(&group, actor, &changes)?;
            for member in &changed {
                store.put_member(id, member)?;
            }
            Ok(changed.iter().map(|member| member.agent).collect())
        })
        .await
    }

    /// Joins a group that is open, or to which the agent is invited, and makes it the active one.
    ///
    /// # Errors
    /// [`GroupError`]; see [`rules::join`].
    pub async fn join(&self, agent: AgentId, id: GroupId) -> Result<(), GroupError> {
        let now = self.now();
        self.with_group(id, move |store, group| {
            let invites = store.invites_of(agent)?;
            let invite = invites.iter().find(|invite| invite.group == id);
            let groups = store.groups_of(agent)?.len();
            let member = rules::join(&group, agent, invite, groups, now)?;
            keep_new_member(store, id, &member)?;
            if let Some(invite) = invite {
                store.remove_invite(invite.id)?;
            }
            Ok(())
        })
        .await
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// [`GroupError`]; see [`rules::leave`].
    pub async fn leave(&self, agent: AgentId, id: GroupId) -> Result<(), GroupError> {
        self.with_group(id, move |store, group| {
            rules::leave(&group, agent)?;
            store.remove_member(id, agent)?;
            Ok(())
        })
        .await
    }

    /// Throws members out, all or nobody; who they were, each once, and the group's name.
    ///
    /// # Errors
    /// [`GroupError`]; see [`rules::eject`].
    pub async fn eject(
        &self,
        actor: AgentId,
        id: GroupId,
        ejectees: Vec<AgentId>,
    ) -> Result<(Vec<AgentId>, String), GroupError> {
        self.with_group(id, move |store, group| {
            let out = rules::eject(&group, actor, &ejectees)?;
            for ejectee in &out {
                store.remove_member(id, *ejectee)?;
            }
            Ok((out, group.info.name))
        })
        .await
    }

    /// Makes a group the active one, or none.
    ///
    /// # Errors
    /// [`GroupError`]; refused for who is no member.
    pub async fn activate(&self, agent: AgentId, group: Option<GroupId>) -> Result<(), GroupError> {
        let Some(id) = group else {
            let set = self.store.call(move |store| store.set_active_group(agent, None));
            return Ok(set.await??);
        };
        self.with_group(id, move |store, group| {
            group.member(agent).ok_or(GroupRefusal::NotMember)?;
            Ok(store.set_active_group(agent, Some(id))?)
        })
        .await
    }

    /// Shows the title of another of the member's roles.
    ///
    /// # Errors
    /// [`GroupError`]; see [`rules::select_title`].
    pub async fn select_title(
        &self,
        agent: AgentId,
        id: GroupId,
        role: RoleId,
    ) -> Result<(), GroupError> {
        self.with_group(id, move |store, group| {
            Ok(store.put_member(id, &rules::select_title(&group, agent, role)?)?)
        })
        .await
    }

    /// Sets how much land tier the member gives, in square metres.
    ///
    /// # Errors
    /// [`GroupError`]; refused for who is no member and for less than 0.
    pub async fn set_contribution(
        &self,
        agent: AgentId,
        id: GroupId,
        contribution: i32,
    ) -> Result<(), GroupError> {
        if contribution < 0 {
            return Err(GroupRefusal::BadContribution.into());
        }
        self.change_member(id, agent, move |member| member.contribution = contribution).await
    }

    /// Sets whether the member wants notices and shows the group in its profile.
    ///
    /// # Errors
    /// [`GroupError`]; refused for who is no member.
    pub async fn set_accept_notices(
        &self,
        agent: AgentId,
        id: GroupId,
        accept_notices: bool,
        list_in_profile: bool,
    ) -> Result<(), GroupError> {
        self.change_member(id, agent, move |member| {
            member.accept_notices = accept_notices;
            member.list_in_profile = list_in_profile;
        })
        .await
    }

    async fn change_member(
        &self,
        id: GroupId,
        agent: AgentId,
        change: impl Fn(&mut Member) + Send + 'static,
    ) -> Result<(), GroupError> {
        self.with_group(id, move |store, group| {
            let mut member = group.member(agent).ok_or(GroupRefusal::NotMember)?.clone();
            change(&mut member);
            Ok(store.put_member(id, &member)?)
        })
        .await
    }
}

/// Seen in: OpenSim, which makes the group that somebody joins the active one.
pub(super) fn keep_new_member(
    store: &mut dyn Store,
    group: GroupId,
    member: &Member,
) -> Result<(), StoreError> {
    store.put_member(group, member)?;
    store.set_active_group(member.agent, Some(group))
}
