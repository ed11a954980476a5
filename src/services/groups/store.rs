//! What the store keeps of groups.

use uuid::Uuid;

use super::model::{Group, GroupInfo, GroupListing, Invite, Member, Notice, Role};
use crate::ids::{AgentId, GroupId, NoticeId, RoleId};
use crate::services::ports::StoreError;

/// Groups, their roles and members, invitations and notices. Rules are the service's: the store
/// keeps what it is told. Removing an account removes its memberships and invitations.
pub trait GroupStore {
    /// Keeps a new group with its roles and members, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::GroupNameTaken`], [`StoreError::IdTaken`]; [`StoreError::NotFound`] for a member
    /// without account.
    fn create_group(&mut self, group: &Group) -> Result<(), StoreError>;

    /// The whole group.
    fn group(&mut self, id: GroupId) -> Result<Option<Group>, StoreError>;

    /// Only what is kept once per group.
    fn group_info(&mut self, id: GroupId) -> Result<Option<GroupInfo>, StoreError>;

    /// The group of that name, upper and lower case being the same.
    fn group_by_name(&mut self, name: &str) -> Result<Option<GroupId>, StoreError>;

    /// Groups whose names contain `text` without regard to case, by name, hidden ones only if
    /// `hidden`; at most `limit` after the first `skip`.
    fn find_groups(
        &mut self,
        text: &str,
        hidden: bool,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<GroupListing>, StoreError>;

    /// The groups of an agent, in the order of joining.
    fn groups_of(&mut self, agent: AgentId) -> Result<Vec<GroupId>, StoreError>;

    /// Replaces what is kept once per group, its name and founder included.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] or [`StoreError::GroupNameTaken`].
    fn set_group_info(&mut self, info: &GroupInfo) -> Result<(), StoreError>;

    /// Adds a role, or replaces the one with its id.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`].
    fn put_role(&mut self, group: GroupId, role: &Role) -> Result<(), StoreError>;

    /// Removes a role, from its members too; whoever showed its title shows that of everyone.
    fn remove_role(&mut self, group: GroupId, role: RoleId) -> Result<(), StoreError>;

    /// Adds a member, or replaces the one with its agent; a replaced one keeps its place in the order.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`]; [`StoreError::NotFound`] for an agent without account.
    fn put_member(&mut self, group: GroupId, member: &Member) -> Result<(), StoreError>;

    /// Removes a member; the group is no longer active for it. Whether there was one.
    fn remove_member(&mut self, group: GroupId, agent: AgentId) -> Result<bool, StoreError>;

    /// The group whose title the agent shows.
    fn active_group(&mut self, agent: AgentId) -> Result<Option<GroupId>, StoreError>;

    /// Sets that group. Nothing checks that the agent is a member.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] or [`StoreError::NoGroup`].
    fn set_active_group(
        &mut self,
        agent: AgentId,
        group: Option<GroupId>,
    ) -> Result<(), StoreError>;

    /// Keeps an invitation in place of an older one of the same invitee to the same group.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] or [`StoreError::NoGroup`].
    fn put_invite(&mut self, invite: &Invite) -> Result<(), StoreError>;

    /// The invitations of an agent, the oldest first.
    fn invites_of(&mut self, invitee: AgentId) -> Result<Vec<Invite>, StoreError>;

    /// Removes an invitation; whether there was one.
    fn remove_invite(&mut self, id: Uuid) -> Result<bool, StoreError>;

    /// Keeps a notice.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] or [`StoreError::IdTaken`].
    fn add_notice(&mut self, notice: &Notice) -> Result<(), StoreError>;

    /// The notices of a group, the newest first, at most `limit`.
    fn notices(&mut self, group: GroupId, limit: usize) -> Result<Vec<Notice>, StoreError>;

    /// One notice.
    fn notice(&mut self, id: NoticeId) -> Result<Option<Notice>, StoreError>;

    /// Forgets notices and invitations from before `at` (seconds since 1970); how many.
    fn forget_group_mail(&mut self, at: u64) -> Result<usize, StoreError>;
}
