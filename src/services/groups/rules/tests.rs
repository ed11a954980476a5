//! The rules, with a group of five: an owner, two officers, two ordinary members.

use proptest::prelude::*;

use super::*;

const OFFICERS: RoleId = RoleId(Uuid::from_u128(11));
const OWNERS: RoleId = RoleId(Uuid::from_u128(12));

fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(number))
}

const OWNER: AgentId = AgentId(Uuid::from_u128(1));
const OFFICER: AgentId = AgentId(Uuid::from_u128(2));
const PLAIN: AgentId = AgentId(Uuid::from_u128(4));
const STRANGER: AgentId = AgentId(Uuid::from_u128(9));

fn named(name: &str) -> Result<Group, GroupRefusal> {
    let new = NewGroup { name: name.to_owned(), options: GroupOptions::default() };
    found(new, OWNER, GroupId(Uuid::from_u128(7)), [OFFICERS, OWNERS], 100)
}

fn group() -> Group {
    let mut group = named("Gardeners").unwrap();
    for number in 2..=5 {
        let mut new = member(agent(number), 200);
        if number < 4 {
            new.roles.push(OFFICERS);
            new.selected_role = OFFICERS;
        }
        group.members.push(new);
    }
    group
}

fn role(id: u128, name: &str, powers: Powers) -> Role {
    Role {
        id: RoleId(Uuid::from_u128(id)),
        name: name.to_owned(),
        title: name.to_owned(),
        description: String::new(),
        powers,
    }
}

fn add(role: RoleId, member: AgentId) -> Assignment {
    Assignment { role, member, add: true }
}

fn take(role: RoleId, member: AgentId) -> Assignment {
    Assignment { role, member, add: false }
}

fn edit(group: &Group, actor: AgentId, edit: RoleEdit) -> Result<EditedRoles, GroupRefusal> {
    edit_roles(group, actor, vec![edit], &[RoleId(Uuid::from_u128(99))])
}

#[test]
fn a_new_group_has_three_roles_and_its_founder_in_all() {
    let group = named("  Gardeners ").unwrap();
    assert_eq!(group.info.name, "Gardeners");
    let roles: Vec<_> =
        group.roles.iter().map(|role| (role.name.as_str(), role.powers.bits())).collect();
    assert_eq!(
        roles,
        [
            ("Everyone", 0x0900_1801_0000),
            ("Officers", 0x0001_CDFF_FFFF_F8CE),
            ("Owners", 0x000F_FFFF_FFFF_FFFE),
        ]
    );
    assert_eq!(group.roles[0].id, RoleId::NIL);
    assert_eq!(group.info.owner_role, OWNERS);
    let founder = &group.members[0];
    assert_eq!(founder.roles, [OFFICERS, OWNERS]);
    assert!(founder.accept_notices && founder.list_in_profile && group.owns(founder));
    assert_eq!(group.title_of(founder), "Owner");
}

#[test]
fn names_have_4_to_35_bytes() {
    for bad in ["abc", "  abc  ", &"x".repeat(36), &"ü".repeat(18), "tab\there", ""] {
        assert_eq!(named(bad), Err(GroupRefusal::BadName), "{bad:?}");
    }
    for good in ["abcd", &"x".repeat(35), &"ü".repeat(17)] {
        assert!(named(good).is_ok(), "{good:?}");
    }
}

#[test]
fn a_group_has_no_twin_that_looks_the_same() {
    for twin in ["Garden\u{200B}ers", "Gardeners\u{FEFF}", "Gard\u{AD}eners", "The\u{A0}Gardeners"]
    {
        assert_eq!(named(twin), Err(GroupRefusal::BadName), "{twin:?}");
    }
    assert_eq!(named("  The   Gardeners ").unwrap().info.name, "The Gardeners");
}

#[test]
fn powers_are_those_of_all_roles_together() {
    let group = group();
    let officer = group.powers_of(OFFICER).unwrap();
    assert_eq!(officer, Powers::OFFICERS | Powers::EVERYONE);
    assert_eq!(group.powers_of(PLAIN), Some(Powers::EVERYONE));
    assert_eq!(group.powers_of(STRANGER), None);
}

#[test]
fn options_need_the_power_for_what_changes() {
    let mut group = group();
    let charter = GroupOptions { charter: "We dig.".to_owned(), ..GroupOptions::default() };
    let open = GroupOptions { open_enrollment: true, ..GroupOptions::default() };
    assert_eq!(set_options(&group, OWNER, charter.clone()).unwrap().charter, "We dig.");
    assert_eq!(set_options(&group, PLAIN, charter.clone()), Err(GroupRefusal::NotAllowed));
    assert_eq!(set_options(&group, STRANGER, charter.clone()), Err(GroupRefusal::NotMember));
    group.roles[1].powers = Powers::CHANGE_OPTIONS;
    assert!(set_options(&group, OFFICER, open.clone()).unwrap().open_enrollment);
    assert_eq!(set_options(&group, OFFICER, charter.clone()), Err(GroupRefusal::NotAllowed));
    group.roles[1].powers = Powers::CHANGE_IDENTITY;
    assert_eq!(set_options(&group, OFFICER, open), Err(GroupRefusal::NotAllowed));
    assert!(set_options(&group, OFFICER, charter).is_ok());
    let long = GroupOptions { charter: "x".repeat(512), ..GroupOptions::default() };
    assert_eq!(set_options(&group, OWNER, long), Err(GroupRefusal::CharterTooLong));
    let fee = GroupOptions { membership_fee: -5, ..GroupOptions::default() };
    assert_eq!(set_options(&group, OWNER, fee).unwrap().membership_fee, 0);
}

#[test]
fn joining_needs_an_open_door_or_an_invitation() {
    let mut group = group();
    assert_eq!(join(&group, STRANGER, None, 0, 300), Err(GroupRefusal::NotOpen));
    let mut invite = Invite {
        id: Uuid::from_u128(50),
        group: group.info.id,
        invitee: STRANGER,
        role: OFFICERS,
        inviter: OWNER,
        at: 250,
    };
    let joined = join(&group, STRANGER, Some(&invite), 41, 300).unwrap();
    assert_eq!((joined.roles.as_slice(), joined.selected_role), (&[OFFICERS][..], OFFICERS));
    assert_eq!(joined.joined_at, 300);
    assert_eq!(join(&group, STRANGER, Some(&invite), 42, 300), Err(GroupRefusal::TooManyGroups));
    // The role was deleted meanwhile.
    invite.role = RoleId(Uuid::from_u128(77));
    assert_eq!(join(&group, STRANGER, Some(&invite), 0, 300).unwrap(), member(STRANGER, 300));
    group.info.open_enrollment = true;
    assert!(join(&group, STRANGER, None, 0, 300).is_ok());
    assert_eq!(join(&group, PLAIN, None, 0, 300), Err(GroupRefusal::AlreadyMember));
}

#[test]
fn the_last_owner_stays() {
    let mut group = group();
    assert_eq!(leave(&group, OWNER), Err(GroupRefusal::LastOwner));
    assert_eq!(leave(&group, STRANGER), Err(GroupRefusal::NotMember));
    assert_eq!(leave(&group, OFFICER), Ok(()));
    let demotion = assign(&group, OWNER, &[take(OWNERS, OWNER)]);
    assert_eq!(demotion, Err(GroupRefusal::LastOwner));
    group.members[1].roles.push(OWNERS);
    assert_eq!(leave(&group, OWNER), Ok(()));
    assert_eq!(assign(&group, OWNER, &[take(OWNERS, OWNER)]).unwrap()[0].agent, OWNER);
}

#[test]
fn ejecting_is_for_the_powerful_and_all_or_nobody() {
    let group = group();
    assert_eq!(eject(&group, OFFICER, &[PLAIN, agent(5), PLAIN]), Ok(vec![PLAIN, agent(5)]));
    assert_eq!(eject(&group, PLAIN, &[agent(5)]), Err(GroupRefusal::NotAllowed));
    assert_eq!(eject(&group, STRANGER, &[PLAIN]), Err(GroupRefusal::NotMember));
    assert_eq!(eject(&group, OFFICER, &[PLAIN, OWNER]), Err(GroupRefusal::OwnerEjected));
    assert_eq!(eject(&group, OFFICER, &[PLAIN, STRANGER]), Err(GroupRefusal::NoSuchMember));
    assert_eq!(eject(&group, OFFICER, &[OFFICER]), Err(GroupRefusal::SelfEjected));
    assert_eq!(eject(&group, OFFICER, &[]), Err(GroupRefusal::NoSuchMember));
}

#[test]
fn officers_invite_into_their_own_role_only() {
    let mut group = group();
    assert_eq!(invite(&group, OFFICER, RoleId::NIL), Ok(()));
    assert_eq!(invite(&group, OFFICER, OFFICERS), Ok(()));
    assert_eq!(invite(&group, OFFICER, OWNERS), Err(GroupRefusal::NotAllowed));
    assert_eq!(invite(&group, PLAIN, RoleId::NIL), Err(GroupRefusal::NotAllowed));
    assert_eq!(invite(&group, STRANGER, RoleId::NIL), Err(GroupRefusal::NotMember));
    assert_eq!(invite(&group, OWNER, OWNERS), Ok(()));
    assert_eq!(invite(&group, OWNER, RoleId(Uuid::from_u128(1))), Err(GroupRefusal::NoSuchRole));
    group.roles.push(role(20, "Diggers", Powers::empty()));
    assert_eq!(invite(&group, OFFICER, group.roles[3].id), Err(GroupRefusal::NotAllowed));
    group.roles[1].powers |= Powers::ASSIGN_MEMBER;
    assert_eq!(invite(&group, OFFICER, group.roles[3].id), Ok(()));
    assert_eq!(invite(&group, OFFICER, OWNERS), Err(GroupRefusal::NotAllowed));
}

#[test]
fn assignments_change_all_or_nothing() {
    let group = group();
    let changed = assign(&group, OWNER, &[add(OFFICERS, PLAIN), take(OFFICERS, OFFICER)]).unwrap();
    assert_eq!(changed.len(), 2);
    assert_eq!((changed[0].agent, changed[0].roles.len()), (OFFICER, 0));
    assert_eq!(changed[0].selected_role, RoleId::NIL, "its title went with the role");
    assert_eq!(changed[1].roles, [OFFICERS]);
    assert_eq!(assign(&group, OWNER, &[add(OFFICERS, OFFICER)]), Ok(Vec::new()), "no news");
    assert_eq!(assign(&group, OWNER, &[add(RoleId::NIL, PLAIN)]), Ok(Vec::new()));
    for (actor, change, refusal) in [
        (OWNER, take(RoleId::NIL, PLAIN), GroupRefusal::FixedRole),
        (OWNER, add(OFFICERS, STRANGER), GroupRefusal::NoSuchMember),
        (OWNER, add(RoleId(Uuid::from_u128(1)), PLAIN), GroupRefusal::NoSuchRole),
        (OFFICER, add(OWNERS, OFFICER), GroupRefusal::NotAllowed),
        (OFFICER, take(OWNERS, OWNER), GroupRefusal::NotAllowed),
        (PLAIN, add(OFFICERS, PLAIN), GroupRefusal::NotAllowed),
        (STRANGER, add(OFFICERS, PLAIN), GroupRefusal::NotMember),
    ] {
        let changes = [add(OFFICERS, OFFICER), change];
        let got = assign(&group, actor, &changes[usize::from(actor != OWNER)..]);
        assert_eq!(got, Err(refusal), "{change:?}");
    }
}

#[test]
fn roles_are_made_changed_and_deleted_by_their_powers() {
    let group = group();
    let digger = role(30, "Diggers", Powers::EJECT);
    let made = edit(&group, OWNER, RoleEdit::Create(digger.clone())).unwrap();
    assert_eq!(made.kept[0].id, RoleId(Uuid::from_u128(99)), "the group chooses the id");
    assert!(made.concerned.is_empty());
    let none = edit(&group, OFFICER, RoleEdit::Create(digger.clone()));
    assert_eq!(none, Err(GroupRefusal::NotAllowed));

    let renamed = Role { id: OFFICERS, ..role(0, "Foremen", Powers::empty()) };
    let change = |texts, powers| RoleEdit::Change { role: renamed.clone(), texts, powers };
    let changed = edit(&group, OWNER, change(true, false)).unwrap();
    assert_eq!(changed.kept[0].name, "Foremen");
    assert_eq!(changed.kept[0].powers, Powers::OFFICERS, "only the texts were meant");
    assert_eq!(changed.concerned, [OWNER, OFFICER, agent(3)]);
    let changed = edit(&group, OWNER, change(false, true)).unwrap();
    assert_eq!(
        (changed.kept[0].name.as_str(), changed.kept[0].powers),
        ("Officers", Powers::empty())
    );
    assert_eq!(edit(&group, OFFICER, change(false, true)), Err(GroupRefusal::NotAllowed));

    let deleted = edit(&group, OWNER, RoleEdit::Delete(OFFICERS)).unwrap();
    assert_eq!((deleted.removed.as_slice(), deleted.kept.len()), (&[OFFICERS][..], 0));
    for fixed in [RoleId::NIL, OWNERS] {
        assert_eq!(edit(&group, OWNER, RoleEdit::Delete(fixed)), Err(GroupRefusal::FixedRole));
    }
    let unknown = RoleEdit::Delete(RoleId(Uuid::from_u128(1)));
    assert_eq!(edit(&group, OWNER, unknown), Err(GroupRefusal::NoSuchRole));
    let weak = Role { id: OWNERS, ..role(0, "Owners", Powers::empty()) };
    let weaken = RoleEdit::Change { role: weak, texts: false, powers: true };
    assert_eq!(edit(&group, OWNER, weaken), Err(GroupRefusal::OwnerPowers));
}

#[test]
fn role_texts_and_numbers_are_bounded() {
    let mut group = group();
    for bad in ["", "  ", &"x".repeat(21), "a\nb"] {
        let made = edit(&group, OWNER, RoleEdit::Create(role(1, bad, Powers::empty())));
        assert_eq!(made, Err(GroupRefusal::BadRole), "{bad:?}");
    }
    while group.roles.len() < MAX_ROLES - 1 {
        group.roles.push(role(100 + group.roles.len() as u128, "More", Powers::empty()));
    }
    let one = RoleEdit::Create(role(1, "One", Powers::empty()));
    assert!(edit(&group, OWNER, one.clone()).is_ok());
    let two =
        edit_roles(&group, OWNER, vec![one.clone(), one], &[RoleId::random(), RoleId::random()]);
    assert_eq!(two, Err(GroupRefusal::TooManyRoles));
}

#[test]
fn nobody_makes_a_role_above_himself() {
    let mut group = group();
    group.roles[1].powers = Powers::CREATE_ROLE | Powers::EJECT;
    let own = RoleEdit::Create(role(1, "Own", Powers::EJECT));
    let more = RoleEdit::Create(role(1, "More", Powers::EJECT | Powers::INVITE));
    assert!(edit(&group, OFFICER, own).is_ok());
    assert_eq!(edit(&group, OFFICER, more), Err(GroupRefusal::NotAllowed));
}

#[test]
fn titles_are_those_of_own_roles() {
    let group = group();
    let shown = select_title(&group, OFFICER, RoleId::NIL).unwrap();
    assert_eq!(group.title_of(&shown), "Member");
    assert_eq!(select_title(&group, PLAIN, OFFICERS), Err(GroupRefusal::NoSuchRole));
    assert_eq!(select_title(&group, STRANGER, RoleId::NIL), Err(GroupRefusal::NotMember));
}

#[test]
fn strangers_see_only_members_that_are_to_be_seen() {
    let mut group = group();
    assert_eq!(visible_members(&group, PLAIN).len(), 5);
    let seen = |group: &Group| -> Vec<AgentId> {
        visible_members(group, STRANGER).iter().map(|member| member.agent).collect()
    };
    // The powers of officers and owners contain the bit.
    assert_eq!(seen(&group), [OWNER, OFFICER, agent(3)]);
    group.roles[1].powers -= Powers::MEMBERS_VISIBLE;
    assert_eq!(seen(&group), [OWNER]);
}

proptest! {
    /// Whatever is asked: the group keeps an owner, and only owners make owners.
    #[test]
    fn assignments_never_usurp_a_group(
        actor in 1u128..7,
        officer_powers: u64,
        changes in prop::collection::vec((0usize..3, 1u128..7, any::<bool>()), 0..12),
    ) {
        let mut group = group();
        group.roles[1].powers = Powers::from_bits_retain(officer_powers);
        let roles = [RoleId::NIL, OFFICERS, OWNERS];
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(role, member, add)| Assignment { role: roles[role], member: agent(member), add })
            .collect();
        if let Ok(changed) = assign(&group, agent(actor), &changes) {
            let mut after = group.clone();
            for new in changed {
                let old = after.members.iter_mut().find(|old| old.agent == new.agent).unwrap();
                *old = new;
            }
            let owners: Vec<_> = after.members.iter().filter(|m| after.owns(m)).collect();
            prop_assert!(!owners.is_empty());
            if agent(actor) != OWNER {
                prop_assert_eq!(owners.len(), 1);
                prop_assert_eq!(owners[0].agent, OWNER);
            }
        }
    }
}
