//! Who may do what in a group: pure functions over the model.
//!
//! Nothing here reads or writes a store. A function takes the group as it is and returns what to
//! store instead, or a [`GroupRefusal`]; then nothing may be stored.

use uuid::Uuid;

use super::{Group, GroupInfo, GroupRefusal, Invite, Member, Powers, Role};
use crate::ids::{AgentId, GroupId, RoleId};
use crate::services::accounts::is_visible;

/// Groups that one agent may be in, as login answers tell it (`max-agent-groups`).
pub const MAX_GROUPS: usize = 42;
/// Roles that a group may have, that of everyone included.
pub const MAX_ROLES: usize = 10;
/// People invited by one request.
pub const MAX_INVITES: usize = 100;

/// What a founder says about a new group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// Its name; blanks around it do not count.
    pub name: String,
    /// The rest.
    pub options: GroupOptions,
}

/// What the profile of a group says besides its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupOptions {
    /// What it is about.
    pub charter: String,
    /// Whether searches find it.
    pub show_in_list: bool,
    /// Texture.
    pub insignia: Uuid,
    /// What joining costs; never charged.
    pub membership_fee: i32,
    /// Whether anybody may join.
    pub open_enrollment: bool,
    /// Whether it may be published on the web.
    pub allow_publish: bool,
    /// Whether it is for adults.
    pub mature_publish: bool,
}

/// One entry of `GroupRoleChanges`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The role.
    pub role: RoleId,
    /// Id of the member.
    pub member: AgentId,
    /// Into the role, or out of it.
    pub add: bool,
}

/// One entry of `GroupRoleUpdate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleEdit {
    /// Makes a role; its id is chosen by the group.
    Create(Role),
    /// Changes the role with that id.
    Change {
        /// The role as it is to be.
        role: Role,
        /// Name, title and description are meant.
        texts: bool,
        /// The powers are meant.
        powers: bool,
    },
    /// Removes a role.
    Delete(RoleId),
}

/// What is to be kept after `GroupRoleUpdate`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditedRoles {
    /// New and changed ones.
    pub kept: Vec<Role>,
    /// Removed ones.
    pub removed: Vec<RoleId>,
    /// Members whose powers or titles may be others now.
    pub concerned: Vec<AgentId>,
}

/// A new group with its three roles and its founder in all of them.
///
/// # Errors
/// A name or charter that cannot be.
pub fn found(
    new: NewGroup,
    founder: AgentId,
    id: GroupId,
    [officers, owners]: [RoleId; 2],
    at: u64,
) -> Result<Group, GroupRefusal> {
    let name = group_name(&new.name)?;
    let info = GroupInfo {
        id,
        name,
        charter: String::new(),
        show_in_list: false,
        insignia: Uuid::nil(),
        membership_fee: 0,
        open_enrollment: false,
        allow_publish: false,
        mature_publish: false,
        founder,
        owner_role: owners,
        created_at: at,
    };
    let role = |id, name: &str, title: &str, description: &str, powers| Role {
        id,
        name: name.to_owned(),
        title: title.to_owned(),
        description: description.to_owned(),
        powers,
    };
    let roles = vec![
        role(RoleId::NIL, "Everyone", "Member", "Every member is in this role.", Powers::EVERYONE),
        role(officers, "Officers", "Officer", "Those who run the group.", Powers::OFFICERS),
        role(owners, "Owners", "Owner", "Those who may do everything.", Powers::OWNERS),
    ];
    let mut member = member(founder, at);
    member.roles = vec![officers, owners];
    member.selected_role = owners;
    let info = with_options(info, new.options)?;
    Ok(Group { info, roles, members: vec![member] })
}

/// A name as it is kept: its words with one blank between. As with accounts, what does not show is
/// refused, or two groups could look the same.
pub(super) fn group_name(text: &str) -> Result<String, GroupRefusal> {
    let blank = |character: char| character == ' ' || !character.is_whitespace();
    if !text.trim().chars().all(|character| blank(character) && is_visible(character)) {
        return Err(GroupRefusal::BadName);
    }
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if (4..=35).contains(&name.len()) { Ok(name) } else { Err(GroupRefusal::BadName) }
}

/// A member in no role but that of everyone.
pub fn member(agent: AgentId, at: u64) -> Member {
    Member {
        agent,
        selected_role: RoleId::NIL,
        roles: Vec::new(),
        accept_notices: true,
        list_in_profile: true,
        contribution: 0,
        joined_at: at,
    }
}

/// The group with other options. Only what changes needs its power.
///
/// # Errors
/// Not a member, a power missing, a charter too long.
pub fn set_options(
    group: &Group,
    actor: AgentId,
    options: GroupOptions,
) -> Result<GroupInfo, GroupRefusal> {
    let powers = group.powers_of(actor).ok_or(GroupRefusal::NotMember)?;
    let old = &group.info;
    let new = with_options(old.clone(), options)?;
    let identity = new.charter != old.charter
        || new.insignia != old.insignia
        || new.allow_publish != old.allow_publish
        || new.mature_publish != old.mature_publish;
    let terms =
        new.open_enrollment != old.open_enrollment || new.membership_fee != old.membership_fee;
    let listing = new.show_in_list != old.show_in_list;
    let either = Powers::CHANGE_IDENTITY | Powers::CHANGE_OPTIONS;
    if identity && !powers.contains(Powers::CHANGE_IDENTITY)
        || terms && !powers.contains(Powers::CHANGE_OPTIONS)
        || listing && !powers.intersects(either)
        // Who has neither is told so also when nothing would change.
        || !powers.intersects(either)
    {
        return Err(GroupRefusal::NotAllowed);
    }
    Ok(new)
}

fn with_options(mut info: GroupInfo, options: GroupOptions) -> Result<GroupInfo, GroupRefusal> {
    if options.charter.len() > MAX_CHARTER {
        return Err(GroupRefusal::CharterTooLong);
    }
    info.charter = options.charter;
    info.show_in_list = options.show_in_list;
    info.insignia = options.insignia;
    info.membership_fee = options.membership_fee.max(0);
    info.open_enrollment = options.open_enrollment;
    info.allow_publish = options.allow_publish;
    info.mature_publish = options.mature_publish;
    Ok(info)
}

/// The new member, who was in `groups` groups so far. The role of an invitation is shown at once.
///
/// # Errors
/// A member already, no invitation where one is needed, too many groups.
pub fn join(
    group: &Group,
    agent: AgentId,
    invite: Option<&Invite>,
    groups: usize,
    at: u64,
) -> Result<Member, GroupRefusal> {
    if group.member(agent).is_some() {
        return Err(GroupRefusal::AlreadyMember);
    }
    if invite.is_none() && !group.info.open_enrollment {
        return Err(GroupRefusal::NotOpen);
    }
    if groups >= MAX_GROUPS {
        return Err(GroupRefusal::TooManyGroups);
    }
    let mut member = member(agent, at);
    // The role may have been deleted since the invitation.
    let role = invite.map(|invite| invite.role).filter(|role| *role != RoleId::NIL);
    if let Some(role) = role.and_then(|role| group.role(role)) {
        member.roles.push(role.id);
        member.selected_role = role.id;
    }
    Ok(member)
}

/// Whether a member may leave.
///
/// # Errors
/// Not a member, or the last owner.
pub fn leave(group: &Group, agent: AgentId) -> Result<(), GroupRefusal> {
    let member = group.member(agent).ok_or(GroupRefusal::NotMember)?;
    if group.owns(member) && owners(&group.members, group.info.owner_role) == 1 {
        return Err(GroupRefusal::LastOwner);
    }
    Ok(())
}

/// Those of `ejectees` to be thrown out, each once. All or nobody.
///
/// # Errors
/// No power, somebody who is no member, an owner, oneself.
pub fn eject(
    group: &Group,
    actor: AgentId,
    ejectees: &[AgentId],
) -> Result<Vec<AgentId>, GroupRefusal> {
    let powers = group.powers_of(actor).ok_or(GroupRefusal::NotMember)?;
    if !powers.contains(Powers::EJECT) {
        return Err(GroupRefusal::NotAllowed);
    }
    let mut out = Vec::new();
    for &ejectee in ejectees {
        let member = group.member(ejectee).ok_or(GroupRefusal::NoSuchMember)?;
        if ejectee == actor {
            return Err(GroupRefusal::SelfEjected);
        }
        if group.owns(member) {
            return Err(GroupRefusal::OwnerEjected);
        }
        if !out.contains(&ejectee) {
            out.push(ejectee);
        }
    }
    if out.is_empty() { Err(GroupRefusal::NoSuchMember) } else { Ok(out) }
}

/// Whether `actor` may invite into `role`.
///
/// # Errors
/// No power to invite, or none to put somebody into that role.
pub fn invite(group: &Group, actor: AgentId, role: RoleId) -> Result<(), GroupRefusal> {
    let member = group.member(actor).ok_or(GroupRefusal::NotMember)?;
    if !group.powers_of_member(member).contains(Powers::INVITE) {
        return Err(GroupRefusal::NotAllowed);
    }
    if role == RoleId::NIL {
        return Ok(());
    }
    may_assign(group, member, role)
}

/// Owners may put anybody into any role. With [`Powers::ASSIGN_MEMBER`] it is any role but that of
/// the owners, so that nobody makes himself one; with the limited power, roles one has oneself.
fn may_assign(group: &Group, actor: &Member, role: RoleId) -> Result<(), GroupRefusal> {
    group.role(role).ok_or(GroupRefusal::NoSuchRole)?;
    let powers = group.powers_of_member(actor);
    let to_owners = role == group.info.owner_role;
    let allowed = group.owns(actor)
        || !to_owners
            && (powers.contains(Powers::ASSIGN_MEMBER)
                || powers.contains(Powers::ASSIGN_MEMBER_LIMITED) && actor.roles.contains(&role));
    if allowed { Ok(()) } else { Err(GroupRefusal::NotAllowed) }
}

/// The members that `changes` make different, as they are to be kept.
///
/// # Errors
/// No power, unknown roles or members, nobody left who owns the group.
pub fn assign(
    group: &Group,
    actor: AgentId,
    changes: &[Assignment],
) -> Result<Vec<Member>, GroupRefusal> {
    let actor = group.member(actor).ok_or(GroupRefusal::NotMember)?;
    let powers = group.powers_of_member(actor);
    let owner_role = group.info.owner_role;
    let mut members = group.members.clone();
    let mut changed = Vec::new();
    for change in changes {
        let member = members
            .iter_mut()
            .find(|member| member.agent == change.member)
            .ok_or(GroupRefusal::NoSuchMember)?;
        if change.add {
            if change.role == RoleId::NIL {
                continue;
            }
            may_assign(group, actor, change.role)?;
            if !member.roles.contains(&change.role) {
                member.roles.push(change.role);
                changed.push(change.member);
            }
            continue;
        }
        if change.role == RoleId::NIL {
            return Err(GroupRefusal::FixedRole);
        }
        group.role(change.role).ok_or(GroupRefusal::NoSuchRole)?;
        let from_owners = change.role == owner_role;
        let allowed = group.owns(actor) || !from_owners && powers.contains(Powers::REMOVE_MEMBER);
        if !allowed {
            return Err(GroupRefusal::NotAllowed);
        }
        if member.roles.contains(&change.role) {
            member.roles.retain(|role| *role != change.role);
            if member.selected_role == change.role {
                member.selected_role = RoleId::NIL;
            }
            changed.push(change.member);
        }
    }
    if owners(&members, owner_role) == 0 {
        return Err(GroupRefusal::LastOwner);
    }
    members.retain(|member| changed.contains(&member.agent));
    Ok(members)
}

/// What becomes of the roles. `new_ids` has an id for each edit, for the case that it makes a role.
///
/// # Errors
/// No power, unknown roles, texts too long, too many roles, a change of what must stay.
pub fn edit_roles(
    group: &Group,
    actor: AgentId,
    edits: Vec<RoleEdit>,
    new_ids: &[RoleId],
) -> Result<EditedRoles, GroupRefusal> {
    let powers = group.powers_of(actor).ok_or(GroupRefusal::NotMember)?;
    let needs = |power| if powers.contains(power) { Ok(()) } else { Err(GroupRefusal::NotAllowed) };
    let mut roles = group.roles.clone();
    let mut edited = EditedRoles::default();
    for (edit, &new_id) in edits.into_iter().zip(new_ids) {
        match edit {
            RoleEdit::Create(role) => {
                needs(Powers::CREATE_ROLE)?;
                // Nobody makes a role that can do more than its maker.
                if !powers.contains(role.powers) {
                    needs(Powers::CHANGE_ACTIONS)?;
                }
                check_texts(&role)?;
                if roles.len() >= MAX_ROLES {
                    return Err(GroupRefusal::TooManyRoles);
                }
                let role = Role { id: new_id, ..role };
                roles.push(role.clone());
                edited.kept.push(role);
            }
            RoleEdit::Change { role, texts, powers: with_powers } => {
                let old = roles
                    .iter_mut()
                    .find(|old| old.id == role.id)
                    .ok_or(GroupRefusal::NoSuchRole)?;
                if texts {
                    needs(Powers::ROLE_PROPERTIES)?;
                    check_texts(&role)?;
                    old.name = role.name;
                    old.title = role.title;
                    old.description = role.description;
                }
                if with_powers && old.powers != role.powers {
                    needs(Powers::CHANGE_ACTIONS)?;
                    if role.id == group.info.owner_role {
                        return Err(GroupRefusal::OwnerPowers);
                    }
                    old.powers = role.powers;
                }
                let new = old.clone();
                edited.kept.retain(|kept| kept.id != new.id);
                concern(group, new.id, &mut edited.concerned);
                edited.kept.push(new);
            }
            RoleEdit::Delete(id) => {
                needs(Powers::DELETE_ROLE)?;
                if id == RoleId::NIL || id == group.info.owner_role {
                    return Err(GroupRefusal::FixedRole);
                }
                if !roles.iter().any(|role| role.id == id) {
                    return Err(GroupRefusal::NoSuchRole);
                }
                roles.retain(|role| role.id != id);
                edited.kept.retain(|kept| kept.id != id);
                concern(group, id, &mut edited.concerned);
                edited.removed.push(id);
            }
        }
    }
    Ok(edited)
}

fn concern(group: &Group, role: RoleId, concerned: &mut Vec<AgentId>) {
    for member in &group.members {
        let has = role == RoleId::NIL || member.roles.contains(&role);
        if has && !concerned.contains(&member.agent) {
            concerned.push(member.agent);
        }
    }
}

fn check_texts(role: &Role) -> Result<(), GroupRefusal> {
    let plain = |text: &str| text.len() <= MAX_ROLE_TEXT && !text.chars().any(char::is_control);
    let fine = !role.name.trim().is_empty() && plain(&role.name) && plain(&role.title);
    if fine { Ok(()) } else { Err(GroupRefusal::BadRole) }
}

/// The member showing another title.
///
/// # Errors
/// Not a member, or not in that role.
pub fn select_title(group: &Group, agent: AgentId, role: RoleId) -> Result<Member, GroupRefusal> {
    let mut member = group.member(agent).ok_or(GroupRefusal::NotMember)?.clone();
    if role != RoleId::NIL && !member.roles.contains(&role) {
        return Err(GroupRefusal::NoSuchRole);
    }
    member.selected_role = role;
    Ok(member)
}

/// The members that `viewer` may see: all for a member; for others those in a role that is to be
/// seen.
pub fn visible_members(group: &Group, viewer: AgentId) -> Vec<&Member> {
    let inside = group.member(viewer).is_some();
    let shown = |member: &&Member| {
        inside || group.powers_of_member(member).contains(Powers::MEMBERS_VISIBLE)
    };
    group.members.iter().filter(shown).collect()
}

fn owners(members: &[Member], owner_role: RoleId) -> usize {
    members.iter().filter(|member| member.roles.contains(&owner_role)).count()
}

/// Bytes.
const MAX_CHARTER: usize = 511;
/// Bytes of a role's name or title.
const MAX_ROLE_TEXT: usize = 20;

#[cfg(test)]
mod tests;
