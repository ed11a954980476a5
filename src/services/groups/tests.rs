//! The group service with a memory store.

use std::collections::HashSet;

use super::*;
use crate::cluster::LocalBus;
use crate::ids::{AgentId, ItemId, NoticeId, RoleId};
use crate::llsd::Llsd;
use crate::message::text;
use crate::services::accounts::{AccountName, Accounts, AccountsConfig, HashCost, NewPassword};
use crate::storage::SqliteStore;
use crate::time::ManualClock;

struct Setup {
    groups: Groups,
    accounts: Accounts,
    clock: Arc<ManualClock>,
}

fn setup() -> Setup {
    let store = StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
    let clock = Arc::new(ManualClock::default());
    let config = AccountsConfig { hash_cost: HashCost::EPHEMERAL, ..AccountsConfig::default() };
    let accounts = Accounts::new(store.clone(), clock.clone(), config);
    let groups = Groups::new(store, Arc::new(LocalBus::default()), clock.clone());
    Setup { groups, accounts, clock }
}

impl Setup {
    async fn account(&self, name: &str) -> AgentId {
        let name = AccountName::parse(name).unwrap();
        let password = NewPassword::parse("test").unwrap();
        self.accounts.create(name, password, None).await.unwrap().id
    }

    async fn open_group(&self, founder: AgentId, name: &str) -> GroupId {
        let options = GroupOptions { open_enrollment: true, ..GroupOptions::default() };
        let new = NewGroup { name: name.to_owned(), options };
        self.groups.create(founder, new).await.unwrap().info.id
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, GroupError>) -> GroupRefusal {
    match result {
        Err(GroupError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn draft(text: &str) -> Draft {
    Draft::parse(text, &[0]).unwrap()
}

#[tokio::test]
async fn names_are_unique_without_case_and_nothing_is_half_done() {
    let setup = setup();
    let ann = setup.account("Ann Test").await;
    let ben = setup.account("Ben Test").await;
    let id = setup.open_group(ann, "Gardeners").await;
    let new = NewGroup { name: "gardeNERS".to_owned(), options: GroupOptions::default() };
    assert_eq!(refusal(setup.groups.create(ben, new).await), GroupRefusal::NameTaken);
    let standing = setup.groups.standing(ben).await.unwrap().unwrap();
    assert_eq!((standing.active, standing.memberships.len()), (None, 0));
    let standing = setup.groups.standing(ann).await.unwrap().unwrap();
    assert_eq!((standing.active, standing.title()), (Some(id), "Owner"));
    let names = setup.groups.names(vec![GroupId::NIL, id]).await.unwrap();
    assert_eq!(names, [None, Some("Gardeners".to_owned())]);
}

#[tokio::test]
async fn an_agent_is_in_42_groups_at_most() {
    let setup = setup();
    let ann = setup.account("Ann Test").await;
    let ben = setup.account("Ben Test").await;
    for number in 0..rules::MAX_GROUPS {
        setup.open_group(ann, &format!("Group {number}")).await;
    }
    let new = NewGroup { name: "One more".to_owned(), options: GroupOptions::default() };
    assert_eq!(refusal(setup.groups.create(ann, new).await), GroupRefusal::TooManyGroups);
    let other = setup.open_group(ben, "Of Ben").await;
    assert_eq!(refusal(setup.groups.join(ann, other).await), GroupRefusal::TooManyGroups);
}

#[tokio::test]
async fn leaving_the_active_group_leaves_none_active() {
    let setup = setup();
    let ann = setup.account("Ann Test").await;
    let ben = setup.account("Ben Test").await;
    let id = setup.open_group(ann, "Gardeners").await;
    setup.groups.join(ben, id).await.unwrap();
    assert_eq!(setup.groups.active_group(ben).await.unwrap(), Some(id));
    setup.groups.leave(ben, id).await.unwrap();
    assert_eq!(setup.groups.active_group(ben).await.unwrap(), None);
    assert_eq!(refusal(setup.groups.activate(ben, Some(id)).await), GroupRefusal::NotMember);
    assert_eq!(refusal(setup.groups.leave(ann, id).await), GroupRefusal::LastOwner);
}

#[tokio::test]
async fn an_invitation_is_answered_once() {
    let setup = setup();
    let ann = setup.account("Ann Test").await;
    let ben = setup.account("Ben Test").await;
    let id = setup.open_group(ann, "Gardeners").await;
    let owners = setup.groups.group(id).await.unwrap().unwrap().info.owner_role;
    let invitees = vec![
        Invitee { agent: ben, role: owners },
        Invitee { agent: ann, role: RoleId::NIL },
        Invitee { agent: AgentId::random(), role: RoleId::NIL },
    ];
    let invited = setup.groups.invite(ann, "Ann Test".to_owned(), id, invitees).await.unwrap();
    assert_eq!((invited.members, invited.unknown, invited.messages.len()), (1, 1, 1));
    let message = &invited.messages[0];
    assert_eq!((message.to, message.from, message.dialog), (ben, id.0, 3));
    assert_eq!(message.bucket.len(), 20);
    assert_eq!(&message.bucket[4..], owners.0.as_bytes());

    let wrong = Some(uuid::Uuid::from_u128(5));
    assert_eq!(refusal(setup.groups.accept_invite(ben, id, wrong).await), GroupRefusal::NoInvite);
    setup.groups.accept_invite(ben, id, Some(message.id)).await.unwrap();
    let group = setup.groups.group(id).await.unwrap().unwrap();
    assert!(group.owns(group.member(ben).unwrap()));
    assert_eq!(refusal(setup.groups.accept_invite(ben, id, None).await), GroupRefusal::NoInvite);
    assert_eq!(refusal(setup.groups.decline_invite(ben, id, None).await), GroupRefusal::NoInvite);

    let cat = setup.account("Cat Test").await;
    let twice = vec![Invitee { agent: cat, role: RoleId::NIL }; 2];
    let invited = setup.groups.invite(ann, "Ann Test".to_owned(), id, twice.clone()).await.unwrap();
    assert_eq!((invited.messages.len(), invited.repeated), (1, 1));
    setup.clock.advance(Duration::from_secs(30));
    let invited = setup.groups.invite(ann, "Ann Test".to_owned(), id, twice).await.unwrap();
    assert_eq!((invited.messages.len(), invited.repeated), (1, 1), "once more after a while");

    let many = vec![Invitee { agent: ben, role: RoleId::NIL }; rules::MAX_INVITES + 1];
    let invited = setup.groups.invite(ann, "Ann Test".to_owned(), id, many).await;
    assert_eq!(refusal(invited), GroupRefusal::TooManyInvites);
}

#[tokio::test]
async fn a_declined_invitation_is_gone() {
    let setup = setup();
    let ann = setup.account("Ann Test").await;
    let ben = setup.account("Ben Test").await;
    let new = NewGroup { name: "Closed".to_owned(), options: GroupOptions::default() };
    let id = setup.groups.create(ann, new).await.unwrap().info.id;
    assert_eq!(refusal(setup.groups.join(ben, id).await), GroupRefusal::NotOpen);
    for join in [false, true] {
        let invitees = vec![Invitee { agent: ben, role: RoleId::NIL }];
        setup.groups.invite(ann, "Ann Test".to_owned(), id, invitees).await.unwrap();
        if join {
            // The invitation opens the door for `JoinGroupRequest`, too.
            setup.groups.join(ben, id).await.unwrap();
        } else {
            setup.groups.decline_invite(ben, id, None).await.unwrap();
            assert_eq!(refusal(setup.groups.join(ben, id).await), GroupRefusal::NotOpen);
        }
    }
}

#[tokio::test]
async fn notices_go_to_those_who_want_them_and_stay_for_members() {
    let setup = setup();
    let ann = setup.account("Ann Test").await;
    let ben = setup.account("Ben Test").await;
    let cat = setup.account("Cat Test").await;
    let id = setup.open_group(ann, "Gardeners").await;
    setup.groups.join(ben, id).await.unwrap();
    setup.groups.join(cat, id).await.unwrap();
    setup.groups.set_accept_notices(cat, id, false, true).await.unwrap();
    let post =
        |who, text: &str| setup.groups.post_notice(who, "Ann Test".to_owned(), id, draft(text));
    let posted = post(ann, "Meeting|Tonight | at ten").await.unwrap();
    let received: Vec<AgentId> = posted.messages.iter().map(|message| message.to).collect();
    assert_eq!(received, [ann, ben]);
    let message = &posted.messages[0];
    assert_eq!((message.dialog, message.from, message.from_group), (32, id.0, true));
    assert_eq!(message.text, "Meeting|Tonight | at ten");
    assert_eq!(message.bucket.len(), 19);
    assert_eq!(refusal(post(ben, "Me too|").await), GroupRefusal::NotAllowed);

    let list = setup.groups.notices(ben, id).await.unwrap();
    assert_eq!(list, std::slice::from_ref(&posted.notice));
    let again = setup.groups.requested_notice(cat, posted.notice.id).await.unwrap();
    assert_eq!((again.dialog, again.to, again.text.as_str()), (37, cat, message.text.as_str()));
    let dan = setup.account("Dan Test").await;
    assert_eq!(refusal(setup.groups.notices(dan, id).await), GroupRefusal::NotMember);
    for notice in [posted.notice.id, NoticeId::random()] {
        let asked = setup.groups.requested_notice(dan, notice).await;
        assert_eq!(refusal(asked), GroupRefusal::NoSuchNotice);
    }
    setup.clock.advance(KEPT_FOR + Duration::from_secs(1));
    assert_eq!(setup.groups.forget_old().await.unwrap(), 1);
    assert!(setup.groups.notices(ben, id).await.unwrap().is_empty());
}

#[tokio::test]
async fn attachments_must_be_the_authors() {
    let setup = setup();
    let ann = setup.account("Ann Test").await;
    let id = setup.open_group(ann, "Gardeners").await;
    let reference = |item: ItemId, owner: AgentId| {
        let map = llsd::map! { "item_id" => item.0, "owner_id" => owner.0 };
        let xml = format!("<? LLSD/XML ?>\n{}\0", llsd::xml::write(&map));
        Draft::parse("Look|", xml.as_bytes()).unwrap()
    };
    for owner in [ann, AgentId::random()] {
        let draft = reference(ItemId::random(), owner);
        let posted = setup.groups.post_notice(ann, "Ann Test".to_owned(), id, draft).await;
        assert_eq!(refusal(posted), GroupRefusal::NoSuchItem);
    }
    assert!(setup.groups.notices(ann, id).await.unwrap().is_empty(), "nothing half done");
}

#[test]
fn drafts_are_cut_between_characters() {
    let draft = draft(&format!("{}|{}", "ü".repeat(40), "ä".repeat(600)));
    assert_eq!((draft.subject.len(), draft.subject.chars().count()), (62, 31));
    assert_eq!(draft.subject.len() + draft.body.len(), 1022);
    assert_eq!(Draft::parse("no bar", &[]).unwrap().body, "");
    assert_eq!(Draft::parse(" | ", &[0]), Err(GroupRefusal::EmptyNotice));
    for bucket in [&b"\x01\x02"[..], b"<? LLSD/XML ?>\n<llsd><map>", b"<llsd><map /></llsd>"] {
        assert_eq!(Draft::parse("a|b", bucket), Err(GroupRefusal::BadAttachment));
    }
    let deep = format!("<llsd>{}{}</llsd>", "<array>".repeat(99), "</array>".repeat(99));
    assert_eq!(Draft::parse("a|b", deep.as_bytes()), Err(GroupRefusal::BadAttachment));
}

#[tokio::test]
async fn a_standing_is_told_in_both_forms() {
    let setup = setup();
    let ann = setup.account("Ann Test").await;
    let empty = setup.groups.standing(ann).await.unwrap().unwrap().event();
    for list in ["GroupData", "NewGroupData"] {
        assert_eq!(empty.body().get(list), &Llsd::Array(Vec::new()), "there, and empty");
    }
    let id = setup.open_group(ann, "Gardeners").await;
    let standing = setup.groups.standing(ann).await.unwrap().unwrap();
    let data = standing.agent_data().agent_data;
    assert_eq!((data.active_group_id, data.group_powers), (id.0, Powers::OWNERS.bits()));
    assert_eq!((text(&data.group_title), text(&data.first_name)), ("Owner".into(), "Ann".into()));
    let event = standing.event();
    let body = event.body();
    let group = body.get("GroupData").at(0);
    let powers = Powers::OWNERS.bits().to_be_bytes().to_vec();
    assert_eq!(group.get("GroupPowers"), &Llsd::Binary(powers));
    assert_eq!(group.get("GroupName").as_string(), "Gardeners");
    assert!(body.get("NewGroupData").at(0).get("ListInProfile").as_bool());
    assert_eq!(body.get("AgentData").at(0).get("AgentID").as_uuid(), ann.0);
}

#[tokio::test]
async fn configured_groups_are_made_once_and_their_mistakes_named() {
    let setup = setup();
    let ann = setup.account("Ann Test").await;
    setup.account("Ben Test").await;
    let wanted = ConfiguredGroup {
        key: "group.0".to_owned(),
        id: GroupId::random(),
        name: "Gardeners".to_owned(),
        charter: String::new(),
        open: true,
        founder: "ann.test".to_owned(),
        members: vec!["Ann Test".to_owned(), "Ben Test".to_owned()],
    };
    assert_eq!(setup.groups.ensure(vec![wanted.clone()]).await.unwrap(), 1);
    assert_eq!(setup.groups.ensure(vec![wanted.clone()]).await.unwrap(), 0);
    let group = setup.groups.group(wanted.id).await.unwrap().unwrap();
    assert_eq!((group.members.len(), group.info.founder), (2, ann));
    let agents: HashSet<_> = group.members.iter().map(|member| member.agent).collect();
    assert_eq!(agents.len(), 2);

    let fails = async |change: &dyn Fn(&mut ConfiguredGroup), expected: &str| {
        let mut group = wanted.clone();
        group.name = "Others".to_owned();
        group.id = GroupId::random();
        change(&mut group);
        let error = setup.groups.ensure(vec![group]).await.unwrap_err().to_string();
        assert_eq!(error, expected);
    };
    fails(
        &|group| group.founder = "Zoe".to_owned(),
        "group.0.founder = \"Zoe\": no account has that name",
    )
    .await;
    fails(
        &|group| group.members.push("ben.test".to_owned()),
        "group.0.members.2 = \"ben.test\": is listed twice",
    )
    .await;
    let id = wanted.id;
    let expected = format!("group.0.uuid = \"{id}\": is the id of the group \"Gardeners\"");
    fails(&|group| group.id = id, &expected).await;
}

#[test]
fn presence_is_told_in_words_or_as_a_date() {
    assert_eq!(LastSeen::Online.to_status(), "Online");
    assert_eq!(LastSeen::Never.to_status(), "unknown");
    assert_eq!(LastSeen::At(1_700_000_000).to_status(), "11/14/2023");
}
