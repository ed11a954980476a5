//! Groups, their roles and members.

use uuid::Uuid;

use super::group_mail::{invite, notice};
use super::{NOBODY, account, agent, create, people};
use crate::ids::{AgentId, GroupId, RoleId};
use crate::services::groups::{
    Group, GroupInfo, GroupListing, Invite, Member, Notice, Powers, Role,
};
use crate::services::ports::StoreError;
use crate::services::store::Store;

suite! {
    group_comes_back_as_it_was_kept,
    group_is_found_by_name_in_any_case,
    taken_names_and_ids_of_groups_change_nothing,
    failed_creation_of_a_group_keeps_nothing_of_it,
    failed_creation_of_a_group_in_a_batch_leaves_the_others,
    search_is_literal_and_without_regard_to_case,
    search_goes_by_name_in_pages_and_hides_the_hidden,
    groups_of_an_agent_come_in_the_order_of_joining,
    information_is_replaced_and_frees_the_old_name,
    information_of_a_group_refuses_what_is_taken,
    roles_are_added_and_replaced_in_their_place,
    removed_role_is_taken_from_everybody,
    members_are_added_and_replaced_in_their_place,
    removed_member_is_gone_with_roles_and_title,
    changes_of_no_group_and_no_account_are_refused,
    active_group_is_kept_without_membership,
    removed_account_leaves_its_groups,
}

pub(in crate::storage) fn role(number: u128, name: &str) -> Role {
    Role {
        id: RoleId(Uuid::from_u128(number)),
        name: name.to_owned(),
        title: format!("Title of {name}"),
        description: "Ünïcode 'quoted'".to_owned(),
        powers: Powers::EVERYONE,
    }
}

pub(in crate::storage) fn member(number: u128, roles: &[u128]) -> Member {
    Member {
        agent: agent(number),
        selected_role: RoleId::NIL,
        roles: roles.iter().map(|role| RoleId(Uuid::from_u128(*role))).collect(),
        accept_notices: true,
        list_in_profile: true,
        contribution: 0,
        joined_at: 1_700_000_000,
    }
}

/// A group with the roles of everyone, 11 and 12.
pub(in crate::storage) fn group(number: u128, name: &str, members: &[Member]) -> Group {
    Group {
        info: GroupInfo {
            id: id(number),
            name: name.to_owned(),
            charter: "What it is for.".to_owned(),
            show_in_list: true,
            insignia: Uuid::from_u128(5),
            membership_fee: 0,
            open_enrollment: false,
            allow_publish: true,
            mature_publish: false,
            founder: agent(1),
            owner_role: RoleId(Uuid::from_u128(12)),
            created_at: 1_700_000_000,
        },
        roles: vec![role(0, "Everyone"), role(12, "Owners"), role(11, "Officers")],
        members: members.to_vec(),
    }
}

pub(super) const fn id(number: u128) -> GroupId {
    GroupId(Uuid::from_u128(number))
}

fn member_of(store: &mut dyn Store, group: u128, agent: AgentId) -> Option<Member> {
    let group = store.group(id(group)).unwrap().unwrap();
    group.members.into_iter().find(|member| member.agent == agent)
}

fn found(
    store: &mut dyn Store,
    text: &str,
    hidden: bool,
    skip: usize,
    limit: usize,
) -> Vec<String> {
    let found = store.find_groups(text, hidden, skip, limit).unwrap();
    found.into_iter().map(|group| group.name).collect()
}

fn group_comes_back_as_it_was_kept(store: &mut dyn Store) {
    people(store, 3);
    // Neither roles nor members are in the order of their ids; roles of a member keep theirs.
    let members = [
        member(3, &[12, 11]),
        Member {
            selected_role: RoleId(Uuid::from_u128(11)),
            accept_notices: false,
            list_in_profile: false,
            contribution: -512,
            joined_at: u64::from(u32::MAX) + 1,
            ..member(1, &[])
        },
        member(2, &[11, 12]),
    ];
    let mut kept = group(1, "Ünï Cöde", &members);
    kept.info.membership_fee = -1;
    kept.info.mature_publish = true;
    kept.info.founder = NOBODY;
    kept.roles[1].powers = Powers::from_bits_retain(u64::MAX);
    store.create_group(&kept).unwrap();
    store.create_group(&group(2, "Other", &[member(1, &[12])])).unwrap();
    assert_eq!(store.group(id(1)).unwrap(), Some(kept.clone()));
    assert_eq!(store.group_info(id(1)).unwrap(), Some(kept.info));
    assert_eq!(store.group(id(3)).unwrap(), None);
    assert_eq!(store.group_info(id(3)).unwrap(), None);
}

fn group_is_found_by_name_in_any_case(store: &mut dyn Store) {
    store.create_group(&group(1, "Ünï Cöde", &[])).unwrap();
    assert_eq!(store.group_by_name("üNÏ cÖDE").unwrap(), Some(id(1)));
    assert_eq!(store.group_by_name("ünï").unwrap(), None);
    assert_eq!(store.group_by_name("").unwrap(), None);
}

fn taken_names_and_ids_of_groups_change_nothing(store: &mut dyn Store) {
    people(store, 2);
    let kept = group(1, "Group", &[member(1, &[])]);
    store.create_group(&kept).unwrap();
    let taken = store.create_group(&group(2, "GROUP", &[member(2, &[])]));
    assert!(matches!(&taken, Err(StoreError::GroupNameTaken(name)) if name == "GROUP"));
    let taken = store.create_group(&group(1, "Other", &[member(2, &[])]));
    assert!(matches!(taken, Err(StoreError::IdTaken(_))), "{taken:?}");
    assert_eq!(store.group(id(1)).unwrap(), Some(kept));
    assert_eq!(store.group(id(2)).unwrap(), None);
    assert_eq!(store.group_by_name("Other").unwrap(), None);
    assert_eq!(store.groups_of(agent(2)).unwrap(), []);
}

fn failed_creation_of_a_group_keeps_nothing_of_it(store: &mut dyn Store) {
    people(store, 2);
    // The very last member is the one that cannot be.
    let failed = store.create_group(&group(1, "Group", &[member(1, &[11]), member(99, &[])]));
    assert!(matches!(failed, Err(StoreError::NotFound(NOBODY))), "{failed:?}");
    let twice = [member(1, &[11]), member(2, &[]), member(1, &[])];
    let failed = store.create_group(&group(1, "Group", &twice));
    assert!(matches!(failed, Err(StoreError::IdTaken(_))), "{failed:?}");
    let mut two_roles = group(1, "Group", &[member(1, &[])]);
    two_roles.roles.push(role(11, "Again"));
    let failed = store.create_group(&two_roles);
    assert!(matches!(failed, Err(StoreError::IdTaken(_))), "{failed:?}");
    assert_eq!(store.group(id(1)).unwrap(), None);
    assert_eq!(store.group_by_name("Group").unwrap(), None);
    assert_eq!(store.groups_of(agent(1)).unwrap(), []);
    store.create_group(&group(1, "Group", &[member(1, &[])])).unwrap();
    assert_eq!(store.groups_of(agent(1)).unwrap(), [id(1)]);
}

fn failed_creation_of_a_group_in_a_batch_leaves_the_others(store: &mut dyn Store) {
    people(store, 1);
    store.begin().unwrap();
    store.create_group(&group(1, "First", &[member(1, &[])])).unwrap();
    assert!(store.create_group(&group(2, "First", &[])).is_err());
    assert!(store.create_group(&group(3, "Third", &[member(99, &[])])).is_err());
    store.create_group(&group(4, "Fourth", &[])).unwrap();
    store.commit().unwrap();
    assert_eq!(found(store, "", true, 0, 10), ["First", "Fourth"]);
}

fn search_is_literal_and_without_regard_to_case(store: &mut dyn Store) {
    for (number, name) in ["100% Fun", "Holm Residents", "ÖRE_sund", "Öresund"].iter().enumerate()
    {
        store.create_group(&group(number as u128, name, &[])).unwrap();
    }
    assert_eq!(found(store, "RESI", false, 0, 10), ["Holm Residents"]);
    assert_eq!(found(store, "%", false, 0, 10), ["100% Fun"]);
    assert_eq!(found(store, "_", false, 0, 10), ["ÖRE_sund"]);
    assert_eq!(found(store, "öRe", false, 0, 10), ["ÖRE_sund", "Öresund"]);
    assert_eq!(found(store, "sund", false, 0, 10), ["ÖRE_sund", "Öresund"]);
    assert_eq!(found(store, "ore", false, 0, 10), Vec::<String>::new());
    assert_eq!(found(store, "'", false, 0, 10), Vec::<String>::new());
}

fn search_goes_by_name_in_pages_and_hides_the_hidden(store: &mut dyn Store) {
    people(store, 2);
    for (number, name) in ["b group", "C group", "A group", "D group"].iter().enumerate() {
        let members = [member(1, &[]), member(2, &[])];
        let mut new = group(number as u128, name, &members[..number.min(2)]);
        new.info.show_in_list = *name != "b group";
        store.create_group(&new).unwrap();
    }
    assert_eq!(found(store, "group", false, 0, 10), ["A group", "C group", "D group"]);
    assert_eq!(found(store, "", true, 0, 10), ["A group", "b group", "C group", "D group"]);
    assert_eq!(found(store, "group", true, 1, 2), ["b group", "C group"]);
    assert_eq!(found(store, "group", false, 1, 2), ["C group", "D group"]);
    assert_eq!(found(store, "group", true, 4, 2), Vec::<String>::new());
    assert_eq!(found(store, "group", true, 0, 0), Vec::<String>::new());
    let listing = GroupListing { id: id(2), name: "A group".to_owned(), members: 2 };
    assert_eq!(store.find_groups("a g", false, 0, 10).unwrap(), [listing]);
}

fn groups_of_an_agent_come_in_the_order_of_joining(store: &mut dyn Store) {
    people(store, 2);
    store.create_group(&group(3, "Third", &[member(1, &[]), member(2, &[])])).unwrap();
    store.create_group(&group(1, "First", &[])).unwrap();
    store.create_group(&group(2, "Second", &[member(1, &[])])).unwrap();
    store.put_member(id(1), &member(1, &[])).unwrap();
    store.put_member(id(3), &member(1, &[11])).unwrap();
    assert_eq!(store.groups_of(agent(1)).unwrap(), [id(3), id(2), id(1)]);
    assert_eq!(store.groups_of(agent(2)).unwrap(), [id(3)]);
    assert_eq!(store.groups_of(NOBODY).unwrap(), []);
}

fn information_is_replaced_and_frees_the_old_name(store: &mut dyn Store) {
    people(store, 1);
    let mut kept = group(1, "Group", &[member(1, &[12])]);
    store.create_group(&kept).unwrap();
    kept.info = GroupInfo {
        id: id(1),
        name: "Renamed".to_owned(),
        charter: String::new(),
        show_in_list: false,
        insignia: Uuid::nil(),
        membership_fee: 7,
        open_enrollment: true,
        allow_publish: false,
        mature_publish: true,
        founder: agent(2),
        owner_role: RoleId(Uuid::from_u128(13)),
        created_at: 5,
    };
    store.set_group_info(&kept.info).unwrap();
    assert_eq!(store.group(id(1)).unwrap(), Some(kept.clone()));
    assert_eq!(store.group_by_name("renamed").unwrap(), Some(id(1)));
    store.create_group(&group(2, "Group", &[])).unwrap();
    // Its own name in another case is not taken.
    kept.info.name = "RENAMED".to_owned();
    store.set_group_info(&kept.info).unwrap();
    assert_eq!(store.group(id(1)).unwrap(), Some(kept));
    assert_eq!(store.group_by_name("renamed").unwrap(), Some(id(1)));
}

fn information_of_a_group_refuses_what_is_taken(store: &mut dyn Store) {
    let (one, two) = (group(1, "One", &[]), group(2, "Two", &[]));
    store.create_group(&one).unwrap();
    store.create_group(&two).unwrap();
    let taken = store.set_group_info(&GroupInfo { name: "TWO".to_owned(), ..one.info.clone() });
    assert!(matches!(taken, Err(StoreError::GroupNameTaken(_))), "{taken:?}");
    let unknown = store.set_group_info(&group(3, "Three", &[]).info);
    assert!(matches!(unknown, Err(StoreError::NoGroup(group)) if group == id(3)));
    assert_eq!(store.group(id(1)).unwrap(), Some(one));
    assert_eq!(store.group_by_name("three").unwrap(), None);
}

fn roles_are_added_and_replaced_in_their_place(store: &mut dyn Store) {
    let mut kept = group(1, "Group", &[]);
    store.create_group(&kept).unwrap();
    let new = role(1, "New");
    let changed = Role {
        id: RoleId(Uuid::from_u128(12)),
        name: "Changed".to_owned(),
        title: String::new(),
        description: String::new(),
        powers: Powers::from_bits_retain(1 << 63),
    };
    store.put_role(id(1), &new).unwrap();
    store.put_role(id(1), &changed).unwrap();
    kept.roles[1] = changed;
    kept.roles.push(new);
    assert_eq!(store.group(id(1)).unwrap(), Some(kept));
}

fn removed_role_is_taken_from_everybody(store: &mut dyn Store) {
    people(store, 2);
    let officer = RoleId(Uuid::from_u128(11));
    let shown = Member { selected_role: officer, ..member(1, &[11, 12]) };
    let other = Member { selected_role: RoleId(Uuid::from_u128(12)), ..member(2, &[12, 11]) };
    store.create_group(&group(1, "Group", &[shown.clone(), other.clone()])).unwrap();
    let untouched = group(2, "Other", &[shown]);
    store.create_group(&untouched).unwrap();
    store.remove_role(id(1), officer).unwrap();
    let after = store.group(id(1)).unwrap().unwrap();
    assert!(after.roles.iter().all(|role| role.id != officer));
    assert_eq!(after.roles.len(), 2);
    let kept = RoleId(Uuid::from_u128(12));
    assert_eq!(after.members, [member(1, &[12]), Member { roles: vec![kept], ..other }]);
    assert_eq!(store.group(id(2)).unwrap(), Some(untouched));
    // Nothing there, nothing to do.
    store.remove_role(id(1), officer).unwrap();
    store.remove_role(id(9), officer).unwrap();
}

fn members_are_added_and_replaced_in_their_place(store: &mut dyn Store) {
    people(store, 3);
    let mut kept = group(1, "Group", &[member(2, &[11]), member(3, &[])]);
    store.create_group(&kept).unwrap();
    let changed = Member {
        selected_role: RoleId(Uuid::from_u128(12)),
        accept_notices: false,
        list_in_profile: false,
        contribution: 16,
        joined_at: 3,
        ..member(2, &[12])
    };
    store.put_member(id(1), &member(1, &[12, 11])).unwrap();
    store.put_member(id(1), &changed).unwrap();
    kept.members = vec![changed, member(3, &[]), member(1, &[12, 11])];
    assert_eq!(store.group(id(1)).unwrap(), Some(kept));
}

fn removed_member_is_gone_with_roles_and_title(store: &mut dyn Store) {
    people(store, 2);
    for (number, name) in [(1, "One"), (2, "Two")] {
        let members = [member(1, &[11]), member(2, &[11])];
        store.create_group(&group(number, name, &members)).unwrap();
    }
    store.set_active_group(agent(1), Some(id(1))).unwrap();
    store.set_active_group(agent(2), Some(id(1))).unwrap();
    assert!(store.remove_member(id(2), agent(1)).unwrap());
    assert_eq!(store.active_group(agent(1)).unwrap(), Some(id(1)));
    assert!(store.remove_member(id(1), agent(1)).unwrap());
    assert!(!store.remove_member(id(1), agent(1)).unwrap());
    assert!(!store.remove_member(id(9), agent(2)).unwrap());
    assert_eq!(store.active_group(agent(1)).unwrap(), None);
    assert_eq!(store.active_group(agent(2)).unwrap(), Some(id(1)));
    assert_eq!(store.groups_of(agent(1)).unwrap(), []);
    assert_eq!(store.group(id(1)).unwrap().unwrap().members, [member(2, &[11])]);
    // Who joins again has the roles of that time only.
    store.put_member(id(1), &member(1, &[])).unwrap();
    assert_eq!(member_of(store, 1, agent(1)), Some(member(1, &[])));
}

fn changes_of_no_group_and_no_account_are_refused(store: &mut dyn Store) {
    people(store, 1);
    store.create_group(&group(1, "Group", &[])).unwrap();
    for refused in [
        store.put_role(id(9), &role(1, "Role")),
        store.put_member(id(9), &member(1, &[])),
        store.set_active_group(agent(1), Some(id(9))),
        store.put_invite(&invite(1, 9, 1, 1)),
        store.add_notice(&notice(1, 9, 1)),
    ] {
        assert!(
            matches!(refused, Err(StoreError::NoGroup(group)) if group == id(9)),
            "{refused:?}"
        );
    }
    for refused in [
        store.put_member(id(1), &member(99, &[])),
        store.set_active_group(NOBODY, Some(id(1))),
        store.set_active_group(NOBODY, None),
        store.put_invite(&invite(1, 1, 99, 1)),
    ] {
        assert!(matches!(refused, Err(StoreError::NotFound(NOBODY))), "{refused:?}");
    }
    assert_eq!(store.group(id(1)).unwrap(), Some(group(1, "Group", &[])));
    assert_eq!(store.active_group(agent(1)).unwrap(), None);
    assert_eq!(store.invites_of(agent(1)).unwrap(), []);
}

fn active_group_is_kept_without_membership(store: &mut dyn Store) {
    people(store, 1);
    store.create_group(&group(1, "One", &[])).unwrap();
    store.create_group(&group(2, "Two", &[])).unwrap();
    store.set_active_group(agent(1), None).unwrap();
    store.set_active_group(agent(1), Some(id(1))).unwrap();
    store.set_active_group(agent(1), Some(id(2))).unwrap();
    assert_eq!(store.active_group(agent(1)).unwrap(), Some(id(2)));
    store.set_active_group(agent(1), None).unwrap();
    assert_eq!(store.active_group(agent(1)).unwrap(), None);
    assert_eq!(store.active_group(NOBODY).unwrap(), None);
}

fn removed_account_leaves_its_groups(store: &mut dyn Store) {
    people(store, 2);
    let mut kept = group(1, "One", &[member(1, &[11, 12]), member(2, &[11])]);
    store.create_group(&kept).unwrap();
    store.create_group(&group(2, "Two", &[])).unwrap();
    store.set_active_group(agent(1), Some(id(1))).unwrap();
    store.put_invite(&invite(1, 2, 1, 1)).unwrap();
    let sent = Invite { inviter: agent(1), ..invite(2, 2, 2, 2) };
    store.put_invite(&sent).unwrap();
    let written = Notice { from: agent(1), ..notice(1, 1, 1) };
    store.add_notice(&written).unwrap();
    store.remove_account(agent(1)).unwrap();
    // The group stays, though its founder is gone, and so does what that one wrote.
    kept.members.remove(0);
    assert_eq!(store.group(id(1)).unwrap(), Some(kept));
    assert_eq!(store.notices(id(1), 9).unwrap(), [written]);
    assert_eq!(store.invites_of(agent(2)).unwrap(), [sent]);
    create(store, &account(1, "Come Back")).unwrap();
    assert_eq!(store.groups_of(agent(1)).unwrap(), []);
    assert_eq!(store.active_group(agent(1)).unwrap(), None);
    assert_eq!(store.invites_of(agent(1)).unwrap(), []);
}
