//! Rows of groups, their roles, members, invitations and notices.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::ids::{AgentId, GroupId, ItemId, NoticeId, RoleId};
use crate::services::groups::{
    GroupInfo, GroupListing, Invite, Member, Notice, NoticeAttachment, Powers, Role,
};

use super::row::{id, time};

/// The columns that [`info`] reads.
pub(super) const INFO_COLUMNS: &str = "id, name, charter, show_in_list, insignia, \
     membership_fee, open_enrollment, allow_publish, mature_publish, founder, owner_role, \
     created_at";

/// The columns that [`invite`] reads.
pub(super) const INVITE_COLUMNS: &str = "id, group_id, invitee, role, inviter, at";

/// The columns that [`notice`] reads.
pub(super) const NOTICE_COLUMNS: &str = "id, group_id, sender, sender_name, subject, body, \
     attachment_item, attachment_owner, attachment_type, attachment_name, at";

pub(super) fn info(row: &Row<'_>) -> rusqlite::Result<GroupInfo> {
    Ok(GroupInfo {
        id: GroupId(id(row, 0)?),
        name: row.get(1)?,
        charter: row.get(2)?,
        show_in_list: row.get(3)?,
        insignia: id(row, 4)?,
        membership_fee: row.get(5)?,
        open_enrollment: row.get(6)?,
        allow_publish: row.get(7)?,
        mature_publish: row.get(8)?,
        founder: AgentId(id(row, 9)?),
        owner_role: RoleId(id(row, 10)?),
        created_at: time(row, 11)?,
    })
}

/// Id, name and number of members.
pub(super) fn listing(row: &Row<'_>) -> rusqlite::Result<GroupListing> {
    Ok(GroupListing { id: GroupId(id(row, 0)?), name: row.get(1)?, members: row.get(2)? })
}

/// Id, name, title, description and powers.
pub(super) fn role(row: &Row<'_>) -> rusqlite::Result<Role> {
    Ok(Role {
        id: RoleId(id(row, 0)?),
        name: row.get(1)?,
        title: row.get(2)?,
        description: row.get(3)?,
        powers: Powers::from_bits_retain(row.get::<_, i64>(4)?.cast_unsigned()),
    })
}

/// All columns but the group, in their order; the roles are in another table.
pub(super) fn member(row: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member {
        agent: AgentId(id(row, 0)?),
        selected_role: RoleId(id(row, 1)?),
        roles: Vec::new(),
        accept_notices: row.get(2)?,
        list_in_profile: row.get(3)?,
        contribution: row.get(4)?,
        joined_at: time(row, 5)?,
    })
}

pub(super) fn invite(row: &Row<'_>) -> rusqlite::Result<Invite> {
    Ok(Invite {
        id: id(row, 0)?,
        group: GroupId(id(row, 1)?),
        invitee: AgentId(id(row, 2)?),
        role: RoleId(id(row, 3)?),
        inviter: AgentId(id(row, 4)?),
        at: time(row, 5)?,
    })
}

pub(super) fn notice(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let attachment = match row.get_ref(6)? {
        ValueRef::Null => None,
        _ => Some(NoticeAttachment {
            item: ItemId(id(row, 6)?),
            owner: AgentId(id(row, 7)?),
            asset_type: row.get(8)?,
            name: row.get(9)?,
        }),
    };
    Ok(Notice {
        id: NoticeId(id(row, 0)?),
        group: GroupId(id(row, 1)?),
        from: AgentId(id(row, 2)?),
        from_name: row.get(3)?,
        subject: row.get(4)?,
        body: row.get(5)?,
        attachment,
        at: time(row, 10)?,
    })
}
