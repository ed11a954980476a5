//! The tables `groups`, `group_*` and `active_groups`.

use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::ids::{AgentId, GroupId, NoticeId, RoleId};
use crate::services::groups::{
    Group, GroupInfo, GroupListing, GroupStore, Invite, Member, Notice, Role,
};
use crate::services::ports::StoreError;
use crate::storage::folded;

use super::group_row::{
    INFO_COLUMNS, INVITE_COLUMNS, NOTICE_COLUMNS, info, invite, listing, member, notice, role,
};
use super::row::{blob, id, seconds};
use super::{SqliteStore, query, sql};

impl GroupStore for SqliteStore {
    fn create_group(&mut self, group: &Group) -> Result<(), StoreError> {
        let info = &group.info;
        if self.group_by_name(&info.name)?.is_some() {
            return Err(StoreError::GroupNameTaken(info.name.clone()));
        }
        // Undone when it goes out of scope before the commit.
        let transaction = sql(CREATE, self.connection.savepoint())?;
        insert_info(&transaction, info)
            .map_err(|error| query::taken(CREATE, error, || format!("group {}", info.id)))?;
        for role in &group.roles {
            execute_role(&transaction, INSERT_ROLE, info.id, role)
                .map_err(|error| query::taken(CREATE, error, || format!("role {}", role.id)))?;
        }
        for member in &group.members {
            query::require_account(&transaction, member.agent)?;
            execute_member(&transaction, INSERT_MEMBER, info.id, member).map_err(|error| {
                query::taken(CREATE, error, || format!("member {}", member.agent))
            })?;
            insert_member_roles(&transaction, info.id, member)?;
        }
        sql(CREATE, transaction.commit())
    }

    fn group(&mut self, id: GroupId) -> Result<Option<Group>, StoreError> {
        let Some(info) = self.group_info(id)? else { return Ok(None) };
        let text = "SELECT id, name, title, description, powers FROM group_roles \
                    WHERE group_id = ?1 ORDER BY row";
        let roles = query::all(&self.connection, READ, text, params![blob(&id.0)], role)?;
        Ok(Some(Group { info, roles, members: members(&self.connection, id)? }))
    }

    fn group_info(&mut self, id: GroupId) -> Result<Option<GroupInfo>, StoreError> {
        let text = format!("SELECT {INFO_COLUMNS} FROM groups WHERE id = ?1");
        query::one(&self.connection, READ, &text, params![blob(&id.0)], info)
    }

    fn group_by_name(&mut self, name: &str) -> Result<Option<GroupId>, StoreError> {
        let text = "SELECT id FROM groups WHERE name_key = ?1";
        let parameters = params![folded(name)];
        query::one(&self.connection, READ, text, parameters, |row| Ok(GroupId(id(row, 0)?)))
    }

    fn find_groups(
        &mut self,
        text: &str,
        hidden: bool,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<GroupListing>, StoreError> {
        // The text is looked for letter by letter; a LIKE would know wildcards.
        let statement = "SELECT id, name, (SELECT COUNT(*) FROM group_members \
                         WHERE group_id = groups.id) FROM groups \
                         WHERE instr(name_key, ?1) > 0 AND (show_in_list OR ?2) \
                         ORDER BY name_key LIMIT ?3 OFFSET ?4";
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let parameters = params![folded(text), hidden, number(limit), number(skip)];
        query::all(&self.connection, "search groups", statement, parameters, listing)
    }

    fn groups_of(&mut self, agent: AgentId) -> Result<Vec<GroupId>, StoreError> {
        let text = "SELECT group_id FROM group_members WHERE agent = ?1 ORDER BY row";
        let parameters = params![blob(&agent.0)];
        query::all(&self.connection, READ, text, parameters, |row| Ok(GroupId(id(row, 0)?)))
    }

    fn set_group_info(&mut self, info: &GroupInfo) -> Result<(), StoreError> {
        query::require_group(&self.connection, info.id)?;
        if self.group_by_name(&info.name)?.is_some_and(|other| other != info.id) {
            return Err(StoreError::GroupNameTaken(info.name.clone()));
        }
        let text = "UPDATE groups SET name = ?2, name_key = ?3, charter = ?4, show_in_list = ?5, \
                    insignia = ?6, membership_fee = ?7, open_enrollment = ?8, allow_publish = ?9, \
                    mature_publish = ?10, founder = ?11, owner_role = ?12, created_at = ?13 \
                    WHERE id = ?1";
        sql(CHANGE, execute_info(&self.connection, text, info))
    }

    fn put_role(&mut self, group: GroupId, role: &Role) -> Result<(), StoreError> {
        query::require_group(&self.connection, group)?;
        let text = format!(
            "{INSERT_ROLE} ON CONFLICT (group_id, id) DO UPDATE SET name = excluded.name, \
             title = excluded.title, description = excluded.description, powers = excluded.powers"
        );
        sql(CHANGE, execute_role(&self.connection, &text, group, role))
    }

    fn remove_role(&mut self, group: GroupId, role: RoleId) -> Result<(), StoreError> {
        let transaction = sql(CHANGE, self.connection.savepoint())?;
        let parameters = params![blob(&group.0), blob(&role.0)];
        for text in [
            "DELETE FROM group_roles WHERE group_id = ?1 AND id = ?2",
            "DELETE FROM group_member_roles WHERE group_id = ?1 AND role = ?2",
            "UPDATE group_members SET selected_role = zeroblob(16) \
             WHERE group_id = ?1 AND selected_role = ?2",
        ] {
            query::change(&transaction, CHANGE, text, parameters)?;
        }
        sql(CHANGE, transaction.commit())
    }

    fn put_member(&mut self, group: GroupId, member: &Member) -> Result<(), StoreError> {
        query::require_group(&self.connection, group)?;
        query::require_account(&self.connection, member.agent)?;
        let transaction = sql(CHANGE, self.connection.savepoint())?;
        let text = format!(
            "{INSERT_MEMBER} ON CONFLICT (group_id, agent) DO UPDATE SET \
             selected_role = excluded.selected_role, accept_notices = excluded.accept_notices, \
             list_in_profile = excluded.list_in_profile, contribution = excluded.contribution, \
             joined_at = excluded.joined_at"
        );
        sql(CHANGE, execute_member(&transaction, &text, group, member))?;
        let text = "DELETE FROM group_member_roles WHERE group_id = ?1 AND agent = ?2";
        let parameters = params![blob(&group.0), blob(&member.agent.0)];
        query::change(&transaction, CHANGE, text, parameters)?;
        insert_member_roles(&transaction, group, member)?;
        sql(CHANGE, transaction.commit())
    }

    fn remove_member(&mut self, group: GroupId, agent: AgentId) -> Result<bool, StoreError> {
        let transaction = sql(CHANGE, self.connection.savepoint())?;
        let parameters = params![blob(&group.0), blob(&agent.0)];
        let text = "DELETE FROM active_groups WHERE group_id = ?1 AND agent = ?2";
        query::change(&transaction, CHANGE, text, parameters)?;
        let text = "DELETE FROM group_members WHERE group_id = ?1 AND agent = ?2";
        let removed = query::change(&transaction, CHANGE, text, parameters)? > 0;
        sql(CHANGE, transaction.commit())?;
        Ok(removed)
    }

    fn active_group(&mut self, agent: AgentId) -> Result<Option<GroupId>, StoreError> {
        let text = "SELECT group_id FROM active_groups WHERE agent = ?1";
        let parameters = params![blob(&agent.0)];
        query::one(&self.connection, READ, text, parameters, |row| Ok(GroupId(id(row, 0)?)))
    }

    fn set_active_group(
        &mut self,
        agent: AgentId,
        group: Option<GroupId>,
    ) -> Result<(), StoreError> {
        const ACTIVATE: &str = "keep an active group";
        query::require_account(&self.connection, agent)?;
        let Some(group) = group else {
            let text = "DELETE FROM active_groups WHERE agent = ?1";
            let parameters = params![blob(&agent.0)];
            return query::change(&self.connection, ACTIVATE, text, parameters).map(drop);
        };
        query::require_group(&self.connection, group)?;
        let text = "INSERT OR REPLACE INTO active_groups (agent, group_id) VALUES (?1, ?2)";
        let parameters = params![blob(&agent.0), blob(&group.0)];
        query::change(&self.connection, ACTIVATE, text, parameters).map(drop)
    }

    fn put_invite(&mut self, invite: &Invite) -> Result<(), StoreError> {
        query::require_account(&self.connection, invite.invitee)?;
        query::require_group(&self.connection, invite.group)?;
        // A replaced row gets a new number and so goes to the end.
        let text = format!(
            "INSERT OR REPLACE INTO group_invites ({INVITE_COLUMNS}) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        );
        let parameters = params![
            blob(&invite.id),
            blob(&invite.group.0),
            blob(&invite.invitee.0),
            blob(&invite.role.0),
            blob(&invite.inviter.0),
            seconds(invite.at),
        ];
        query::change(&self.connection, "keep an invitation", &text, parameters).map(drop)
    }

    fn invites_of(&mut self, invitee: AgentId) -> Result<Vec<Invite>, StoreError> {
        let text =
            format!("SELECT {INVITE_COLUMNS} FROM group_invites WHERE invitee = ?1 ORDER BY row");
        query::all(&self.connection, "read invitations", &text, params![blob(&invitee.0)], invite)
    }

    fn remove_invite(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let text = "DELETE FROM group_invites WHERE id = ?1";
        Ok(query::change(&self.connection, "remove an invitation", text, params![blob(&id)])? > 0)
    }

    fn add_notice(&mut self, notice: &Notice) -> Result<(), StoreError> {
        query::require_group(&self.connection, notice.group)?;
        insert_notice(&self.connection, notice).map_err(|error| {
            query::taken("keep a notice", error, || format!("notice {}", notice.id))
        })
    }

    fn notices(&mut self, group: GroupId, limit: usize) -> Result<Vec<Notice>, StoreError> {
        let text = format!(
            "SELECT {NOTICE_COLUMNS} FROM group_notices WHERE group_id = ?1 \
             ORDER BY row DESC LIMIT ?2"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let parameters = params![blob(&group.0), limit];
        query::all(&self.connection, READ_NOTICES, &text, parameters, notice)
    }

    fn notice(&mut self, id: NoticeId) -> Result<Option<Notice>, StoreError> {
        let text = format!("SELECT {NOTICE_COLUMNS} FROM group_notices WHERE id = ?1");
        query::one(&self.connection, READ_NOTICES, &text, params![blob(&id.0)], notice)
    }

    fn forget_group_mail(&mut self, at: u64) -> Result<usize, StoreError> {
        const FORGET: &str = "forget old notices and invitations";
        let transaction = sql(FORGET, self.connection.savepoint())?;
        let mut forgotten = 0;
        for text in
            ["DELETE FROM group_notices WHERE at < ?1", "DELETE FROM group_invites WHERE at < ?1"]
        {
            forgotten += query::change(&transaction, FORGET, text, params![seconds(at)])?;
        }
        sql(FORGET, transaction.commit())?;
        Ok(forgotten)
    }
}

fn members(connection: &Connection, group: GroupId) -> Result<Vec<Member>, StoreError> {
    let text = "SELECT agent, selected_role, accept_notices, list_in_profile, contribution, \
                joined_at FROM group_members WHERE group_id = ?1 ORDER BY row";
    let mut members = query::all(connection, READ, text, params![blob(&group.0)], member)?;
    let text = "SELECT agent, role FROM group_member_roles WHERE group_id = ?1 \
                ORDER BY agent, position";
    let roles = query::all(connection, READ, text, params![blob(&group.0)], |row| {
        Ok((AgentId(id(row, 0)?), RoleId(id(row, 1)?)))
    })?;
    // Sorted by agent, in the order of bytes, which is that of ids.
    for member in &mut members {
        let first = roles.partition_point(|(agent, _)| *agent < member.agent);
        let own = roles.iter().skip(first).take_while(|(agent, _)| *agent == member.agent);
        member.roles = own.map(|(_, role)| *role).collect();
    }
    Ok(members)
}

fn insert_info(connection: &Connection, info: &GroupInfo) -> rusqlite::Result<()> {
    let text = format!(
        "INSERT INTO groups ({INFO_COLUMNS}, name_key) \
         VALUES (?1, ?2, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?3)"
    );
    execute_info(connection, &text, info)
}

fn execute_info(connection: &Connection, text: &str, info: &GroupInfo) -> rusqlite::Result<()> {
    let parameters = params![
        blob(&info.id.0),
        info.name,
        folded(&info.name),
        info.charter,
        info.show_in_list,
        blob(&info.insignia),
        info.membership_fee,
        info.open_enrollment,
        info.allow_publish,
        info.mature_publish,
        blob(&info.founder.0),
        blob(&info.owner_role.0),
        seconds(info.created_at),
    ];
    query::execute(connection, text, parameters).map(drop)
}

fn execute_role(
    connection: &Connection,
    text: &str,
    group: GroupId,
    role: &Role,
) -> rusqlite::Result<()> {
    let parameters = params![
        blob(&group.0),
        blob(&role.id.0),
        role.name,
        role.title,
        role.description,
        role.powers.bits().cast_signed(),
    ];
    query::execute(connection, text, parameters).map(drop)
}

fn execute_member(
    connection: &Connection,
    text: &str,
    group: GroupId,
    member: &Member,
) -> rusqlite::Result<()> {
    let parameters = params![
        blob(&group.0),
        blob(&member.agent.0),
        blob(&member.selected_role.0),
        member.accept_notices,
        member.list_in_profile,
        member.contribution,
        seconds(member.joined_at),
    ];
    query::execute(connection, text, parameters).map(drop)
}

fn insert_member_roles(
    connection: &Connection,
    group: GroupId,
    member: &Member,
) -> Result<(), StoreError> {
    let text = "INSERT INTO group_member_roles (group_id, agent, position, role) \
                VALUES (?1, ?2, ?3, ?4)";
    for (position, role) in (0_i64..).zip(&member.roles) {
        let parameters = params![blob(&group.0), blob(&member.agent.0), position, blob(&role.0)];
        query::change(connection, CHANGE, text, parameters)?;
    }
    Ok(())
}

fn insert_notice(connection: &Connection, notice: &Notice) -> rusqlite::Result<()> {
    let text = format!(
        "INSERT INTO group_notices ({NOTICE_COLUMNS}) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    );
    let attachment = notice.attachment.as_ref();
    let parameters = params![
        blob(&notice.id.0),
        blob(&notice.group.0),
        blob(&notice.from.0),
        notice.from_name,
        notice.subject,
        notice.body,
        attachment.map(|attachment| blob(&attachment.item.0)),
        attachment.map(|attachment| blob(&attachment.owner.0)),
        attachment.map(|attachment| attachment.asset_type),
        attachment.map(|attachment| &attachment.name),
        seconds(notice.at),
    ];
    query::execute(connection, &text, parameters).map(drop)
}

const INSERT_ROLE: &str = "INSERT INTO group_roles \
     (group_id, id, name, title, description, powers) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const INSERT_MEMBER: &str = "INSERT INTO group_members \
     (group_id, agent, selected_role, accept_notices, list_in_profile, contribution, joined_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

const CREATE: &str = "create a group";

const CHANGE: &str = "change a group";

const READ: &str = "read groups";

const READ_NOTICES: &str = "read notices";
