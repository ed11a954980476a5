//! The parts of a group, with the numbers used on the wire.

use bitflags::bitflags;
use uuid::Uuid;

use crate::ids::{AgentId, GroupId, ItemId, NoticeId, RoleId};

bitflags! {
    /// What a role lets its members do (`GroupPowers`). Bits that Holm has no rule for are kept
    /// and passed on.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Powers: u64 {
        /// Invite people.
        const INVITE = 1 << 1;
        /// Throw members out.
        const EJECT = 1 << 2;
        /// Change enrolment, fee and listing.
        const CHANGE_OPTIONS = 1 << 3;
        /// Create roles.
        const CREATE_ROLE = 1 << 4;
        /// Delete roles.
        const DELETE_ROLE = 1 << 5;
        /// Change names, titles and descriptions of roles.
        const ROLE_PROPERTIES = 1 << 6;
        /// Put members into roles that one has oneself.
        const ASSIGN_MEMBER_LIMITED = 1 << 7;
        /// Put members into any role.
        const ASSIGN_MEMBER = 1 << 8;
        /// Take members out of roles.
        const REMOVE_MEMBER = 1 << 9;
        /// Change the powers of roles.
        const CHANGE_ACTIONS = 1 << 10;
        /// Change charter, insignia and the like.
        const CHANGE_IDENTITY = 1 << 11;
        /// Take part in group chat.
        const JOIN_CHAT = 1 << 16;
        /// Take part in voice chat.
        const VOICE_CHAT = 1 << 27;
        /// Set home on the group's land.
        const ALLOW_SET_HOME = 1 << 28;
        /// Mute others in group chat.
        const MODERATE_CHAT = 1 << 37;
        /// Be accountable.
        const ACCOUNTABLE = 1 << 40;
        /// Send notices.
        const SEND_NOTICES = 1 << 42;
        /// Receive notices.
        const RECEIVE_NOTICES = 1 << 43;
        /// Be seen in the member list by outsiders.
        const MEMBERS_VISIBLE = 1 << 47;

        const _ = !0;
    }
}

impl Powers {
    /// What everyone may do in a new group: bits 16, 27, 28, 40 and 43, as on Second Life.
    pub const EVERYONE: Self = Self::from_bits_retain(0x0900_1801_0000);
    /// What the officers of a new group may do.
    pub const OFFICERS: Self = Self::from_bits_retain(0x1_CDFF_FFFF_F8CE);
    /// What the owners of a new group may do: bits 1 to 51.
    pub const OWNERS: Self = Self::from_bits_retain(0xF_FFFF_FFFF_FFFE);
}

/// A group with all its roles and members.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What the profile shows.
    pub info: GroupInfo,
    /// The role of everyone first, then in the order of creation.
    pub roles: Vec<Role>,
    /// In the order of joining.
    pub members: Vec<Member>,
}

impl Group {
    /// The member that this agent is, if it is one.
    pub fn member(&self, agent: AgentId) -> Option<&Member> {
        self.members.iter().find(|member| member.agent == agent)
    }

    /// The role with that id.
    pub fn role(&self, id: RoleId) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// Whether the member is one of the owners.
    pub fn owns(&self, member: &Member) -> bool {
        member.roles.contains(&self.info.owner_role)
    }

    /// The title that the member shows: that of its selected role.
    pub fn title_of(&self, member: &Member) -> &str {
        self.role(member.selected_role).map_or("", |role| &role.title)
    }

    /// What a member may do: all that any of its roles may. None for somebody else.
    pub fn powers_of(&self, agent: AgentId) -> Option<Powers> {
        self.member(agent).map(|member| self.powers_of_member(member))
    }

    /// As [`Self::powers_of`], of a member that was found already.
    pub fn powers_of_member(&self, member: &Member) -> Powers {
        let has = |role: &&Role| role.id == RoleId::NIL || member.roles.contains(&role.id);
        self.roles.iter().filter(has).fold(Powers::empty(), |all, role| all | role.powers)
    }
}

/// What is kept once per group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupInfo {
    /// Its id.
    pub id: GroupId,
    /// Its name, 4 to 35 bytes, unique without regard to case.
    pub name: String,
    /// What it is about, at most 511 bytes.
    pub charter: String,
    /// Whether searches find it.
    pub show_in_list: bool,
    /// Texture.
    pub insignia: Uuid,
    /// What joining costs; kept and shown, never charged.
    pub membership_fee: i32,
    /// Whether anybody may join without an invitation.
    pub open_enrollment: bool,
    /// Whether it may be published on the web.
    pub allow_publish: bool,
    /// Whether it is for adults.
    pub mature_publish: bool,
    /// Who made it.
    pub founder: AgentId,
    /// The role of its owners.
    pub owner_role: RoleId,
    /// Seconds since 1970.
    pub created_at: u64,
}

/// A role. [`RoleId::NIL`] is the one that every member has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Its name, at most 20 bytes.
    pub name: String,
    /// What its members can show above their heads, at most 20 bytes.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What its members may do.
    pub powers: Powers,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Id of the agent.
    pub agent: AgentId,
    /// The role whose title is shown; one of `roles`, or nil.
    pub selected_role: RoleId,
    /// Roles besides that of everyone.
    pub roles: Vec<RoleId>,
    /// Whether notices are wanted.
    pub accept_notices: bool,
    /// Whether the profile shows the membership.
    pub list_in_profile: bool,
    /// Land tier given, square metres.
    pub contribution: i32,
    /// Seconds since 1970.
    pub joined_at: u64,
}

/// An invitation that was not answered yet; one per group and invitee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The transaction, `ID` of the message with dialog 3.
    pub id: Uuid,
    /// To which group.
    pub group: GroupId,
    /// Who is invited.
    pub invitee: AgentId,
    /// Into which role, besides that of everyone.
    pub role: RoleId,
    /// Id of the member that invites.
    pub inviter: AgentId,
    /// Seconds since 1970.
    pub at: u64,
}

/// A notice to all members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// Whose notice it is.
    pub group: GroupId,
    /// Who wrote it.
    pub from: AgentId,
    /// Under which name.
    pub from_name: String,
    /// At most 63 bytes.
    pub subject: String,
    /// Subject and body together at most 1,022 bytes.
    pub body: String,
    /// What comes with it.
    pub attachment: Option<NoticeAttachment>,
    /// Seconds since 1970.
    pub at: u64,
}

/// An item that comes with a notice, by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeAttachment {
    /// The item.
    pub item: ItemId,
    /// Whose item it is.
    pub owner: AgentId,
    /// An asset type's number on the wire.
    pub asset_type: i8,
    /// The item's name.
    pub name: String,
}

/// A group as a search or a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// How many members it has.
    pub members: u32,
}
