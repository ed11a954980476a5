//! Profiles and notes with a memory store.

use super::*;
use crate::ids::RoleId;
use crate::services::accounts::{AccountName, StoredPassword};
use crate::services::groups::{GroupInfo, Member, Role};
use crate::storage::SqliteStore;

const ALICE: AgentId = AgentId(Uuid::from_u128(1));
const BOB: AgentId = AgentId(Uuid::from_u128(2));
const NOBODY: AgentId = AgentId(Uuid::from_u128(9));

async fn with_two_accounts() -> (StoreHandle, Profiles) {
    let store = StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
    for (id, name) in [(ALICE, "Alice Tester"), (BOB, "Bob Tester")] {
        let account = Account {
            id,
            name: AccountName::parse(name).unwrap(),
            password: StoredPassword { full: String::new(), short: None },
            created_at: 7,
            last_login: None,
            last: None,
            home: None,
        };
        store.call(move |store| store.create_account(&account, &[], &[])).await.unwrap().unwrap();
    }
    (store.clone(), Profiles::new(store))
}

fn group(number: u128, name: &str, listed: bool) -> Group {
    let officer = RoleId(Uuid::from_u128(11));
    let role = |id, title: &str, powers| Role {
        id,
        name: String::new(),
        title: title.to_owned(),
        description: String::new(),
        powers,
    };
    Group {
        info: GroupInfo {
            id: GroupId(Uuid::from_u128(number)),
            name: name.to_owned(),
            charter: String::new(),
            show_in_list: true,
            insignia: Uuid::from_u128(5),
            membership_fee: 0,
            open_enrollment: false,
            allow_publish: false,
            mature_publish: false,
            founder: BOB,
            owner_role: RoleId::NIL,
            created_at: 0,
        },
        roles: vec![
            role(RoleId::NIL, "Member", Powers::JOIN_CHAT),
            role(officer, "Officer", Powers::EJECT),
        ],
        members: vec![Member {
            agent: ALICE,
            selected_role: officer,
            roles: vec![officer],
            accept_notices: false,
            list_in_profile: listed,
            contribution: 0,
            joined_at: 0,
        }],
    }
}

#[tokio::test]
async fn profile_that_was_never_written_is_the_default() {
    let (_, profiles) = with_two_accounts().await;
    let page = profiles.page(ALICE, BOB).await.unwrap().unwrap();
    assert_eq!((page.account.id, page.profile), (ALICE, Profile::default()));
    assert_eq!(page.memberships, []);
    assert_eq!(profiles.page(NOBODY, BOB).await.unwrap(), None);
}

#[tokio::test]
async fn changes_leave_the_rest_and_are_cut_between_characters() {
    let (_, profiles) = with_two_accounts().await;
    profiles.change(ALICE, |profile| profile.url = "x".repeat(300)).await.unwrap();
    let about = |profile: &mut Profile| profile.about = format!("x{}", "ü".repeat(300));
    profiles.change(ALICE, about).await.unwrap();
    let profile = profiles.page(ALICE, ALICE).await.unwrap().unwrap().profile;
    assert_eq!(profile.url.len(), MAX_TEXT);
    assert_eq!(profile.about, format!("x{}", "ü".repeat(255)));
    let refused = profiles.change(NOBODY, |_| {}).await;
    assert!(matches!(refused, Err(ProfileError::Store(StoreError::NotFound(NOBODY)))));
}

#[tokio::test]
async fn hidden_memberships_are_seen_by_their_member_only() {
    let (store, profiles) = with_two_accounts().await;
    for group in [group(2, "Hidden", false), group(1, "Shown", true)] {
        store.call(move |store| store.create_group(&group)).await.unwrap().unwrap();
    }
    let shown = ShownMembership {
        group: GroupId(Uuid::from_u128(1)),
        name: "Shown".to_owned(),
        insignia: Uuid::from_u128(5),
        title: "Officer".to_owned(),
        powers: Powers::JOIN_CHAT | Powers::EJECT,
        accept_notices: false,
        list_in_profile: true,
    };
    let page = profiles.page(ALICE, BOB).await.unwrap().unwrap();
    assert_eq!(page.memberships, [shown]);
    let page = profiles.page(ALICE, ALICE).await.unwrap().unwrap();
    let names: Vec<_> = page.memberships.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Hidden", "Shown"]);
}

#[tokio::test]
async fn notes_are_cut_and_not_kept_about_nobody() {
    let (_, profiles) = with_two_accounts().await;
    assert!(profiles.set_note(ALICE, BOB, "ü".repeat(600)).await.unwrap());
    assert_eq!(profiles.note(ALICE, BOB).await.unwrap(), "ü".repeat(511));
    assert_eq!(profiles.note(BOB, ALICE).await.unwrap(), "");
    assert!(!profiles.set_note(ALICE, NOBODY, "who?".to_owned()).await.unwrap());
    assert_eq!(profiles.note(ALICE, NOBODY).await.unwrap(), "");
    assert!(profiles.set_note(ALICE, BOB, String::new()).await.unwrap());
    assert_eq!(profiles.note(ALICE, BOB).await.unwrap(), "");
}
