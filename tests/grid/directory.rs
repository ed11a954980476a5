use anyhow::Result;
use holm::client::Client;
use holm::ids::{AgentId, GroupId, RoleId};
use holm::llsd::{self, Llsd};
use holm::message::{
    DirClassifiedQuery, DirClassifiedReply, DirEventsReply, DirFindQuery, DirGroupsReply,
    DirLandQuery, DirLandReply, DirPeopleReply, DirPlacesQuery, DirPlacesReply, text, variable1,
};
use holm::services::groups::{Group, GroupInfo, GroupStore as _};
use holm::storage::SqliteStore;
use holm::testing::TestGrid;
use uuid::Uuid;

use super::{SOON, heard_before};

const QUERY: Uuid = Uuid::from_u128(0x0101_0101);

async fn search(client: &Client, query: &str, flags: u32, start: i32) -> Result<()> {
    let mut request = DirFindQuery::default();
    request.agent_data.agent_id = client.login.agent_id.0;
    request.agent_data.session_id = client.login.session_id.0;
    request.query_data.query_id = QUERY;
    request.query_data.query_text = variable1(query);
    request.query_data.query_flags = flags;
    request.query_data.query_start = start;
    Ok(client.send(&request).await?)
}

async fn people(client: &mut Client, query: &str, flags: u32) -> Result<Vec<(String, bool)>> {
    search(client, query, flags, 0).await?;
    let reply = client.expect::<DirPeopleReply>(SOON, |_| true).await?;
    assert_eq!(reply.agent_data.agent_id, client.login.agent_id.0);
    assert_eq!(reply.query_data.query_id, QUERY);
    let mut found: Vec<_> = reply
        .query_replies
        .iter()
        .map(|one| (format!("{} {}", text(&one.first_name), text(&one.last_name)), one.online))
        .collect();
    found.sort();
    Ok(found)
}

#[tokio::test]
async fn people_are_found_by_a_part_of_their_name() -> Result<()> {
    let grid = TestGrid::start().await?;
    grid.enter("Bob", "Tester").await?.log_out().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let (alice_here, bob_away) = (("Alice Tester".into(), true), ("Bob Tester".into(), false));
    let both = vec![alice_here.clone(), bob_away];
    assert_eq!(people(&mut alice, "teST", 0x1).await?, both);
    assert_eq!(people(&mut alice, "tester", 0x1 | 0x2).await?, [alice_here]);
    assert_eq!(people(&mut alice, "nobody at all", 0x1).await?, []);
    assert_eq!(people(&mut alice, "", 0x1).await?, []);
    grid.stop().await?;
    Ok(())
}

fn group(number: u128, name: String, show_in_list: bool) -> Group {
    let info = GroupInfo {
        id: GroupId(Uuid::from_u128(number)),
        name,
        charter: String::new(),
        show_in_list,
        insignia: Uuid::nil(),
        membership_fee: 0,
        open_enrollment: true,
        allow_publish: true,
        mature_publish: false,
        founder: AgentId::NIL,
        owner_role: RoleId::NIL,
        created_at: 1_700_000_000,
    };
    Group { info, roles: Vec::new(), members: Vec::new() }
}

/// The names of the groups found, from `count` hits on; fewer are waited for in vain.
async fn groups(client: &mut Client, query: &str, start: i32, count: usize) -> Result<Vec<String>> {
    search(client, query, 0x10, start).await?;
    let mut found = Vec::new();
    loop {
        let reply = client.expect::<DirGroupsReply>(SOON, |_| true).await?;
        assert_eq!(reply.agent_data.agent_id, client.login.agent_id.0);
        assert_eq!(reply.query_data.query_id, QUERY);
        found.extend(reply.query_replies.iter().map(|one| text(&one.group_name)));
        if found.len() >= count {
            return Ok(found);
        }
    }
}

#[tokio::test]
async fn groups_are_found_a_hundred_at_a_time_plus_one_for_more() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut store = SqliteStore::open(directory.path())?;
    store.create_group(&group(999, "Club of the hidden".to_owned(), false))?;
    for number in 0..120 {
        store.create_group(&group(number, format!("Club 100% {number:03}"), true))?;
    }
    drop(store);
    let grid = TestGrid::start_with(|config| {
        config.storage.ephemeral = false;
        directory.path().clone_into(&mut config.storage.directory);
    });
    let grid = grid.await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let names = |numbers: std::ops::Range<u32>| -> Vec<String> {
        numbers.map(|number| format!("Club 100% {number:03}")).collect()
    };
    assert_eq!(groups(&mut alice, "cLUB", 0, 101).await?, names(0..101));
    assert_eq!(groups(&mut alice, "club", 100, 20).await?, names(100..120));
    assert_eq!(groups(&mut alice, "100% 11", 0, 10).await?, names(110..120));
    assert_eq!(groups(&mut alice, "club", -5, 101).await?.len(), 101);
    for (nothing, start) in [("hidden", 0), ("club", 500), ("club", i32::MAX), ("_lub", 0)] {
        assert_eq!(groups(&mut alice, nothing, start, 0).await?, Vec::<String>::new(), "{nothing}");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn unsupported_searches_are_answered_as_not_found() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let (agent, session) = (alice.login.agent_id.0, alice.login.session_id.0);
    for flag in [0x8, 0x20] {
        search(&alice, "party", flag, 0).await?;
        let events = alice.expect::<DirEventsReply>(SOON, |_| true).await?;
        assert_eq!((events.agent_data.agent_id, events.query_data.query_id), (agent, QUERY));
        assert_eq!(events.query_replies, []);
    }
    let mut query = DirPlacesQuery::default();
    (query.agent_data.agent_id, query.agent_data.session_id) = (agent, session);
    query.query_data.query_id = QUERY;
    alice.send(&query).await?;
    let places = alice.expect::<DirPlacesReply>(SOON, |_| true).await?;
    assert_eq!((places.query_data[0].query_id, places.query_replies.len()), (QUERY, 0));
    let mut query = DirClassifiedQuery::default();
    (query.agent_data.agent_id, query.agent_data.session_id) = (agent, session);
    query.query_data.query_id = QUERY;
    alice.send(&query).await?;
    let classifieds = alice.expect::<DirClassifiedReply>(SOON, |_| true).await?;
    assert_eq!((classifieds.query_data.query_id, classifieds.query_replies.len()), (QUERY, 0));
    let mut query = DirLandQuery::default();
    (query.agent_data.agent_id, query.agent_data.session_id) = (agent, session);
    query.query_data.query_id = QUERY;
    alice.send(&query).await?;
    let land = alice.expect::<DirLandReply>(SOON, |_| true).await?;
    assert_eq!((land.query_data.query_id, land.query_replies.len()), (QUERY, 0));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_search_for_nothing_known_is_not_answered() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    search(&alice, "alice", 0x2, 0).await?;
    search(&alice, "party", 0x8, 0).await?;
    let any = |_: &DirPeopleReply| true;
    assert!(!heard_before::<_, DirEventsReply>(&mut alice, any, |_| true).await?);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn people_are_found_by_capability() -> Result<()> {
    let grid = TestGrid::start().await?;
    grid.enter("Bob", "Resident").await?.log_out().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let wanted = llsd::array!["AvatarPickerSearch"];
    let granted = grid.post_llsd(&alice.login.seed, &wanted).await?;
    let url = granted.get("AvatarPickerSearch").as_string();
    for (query, key, expected) in [
        ("?page_size=100&names=ALI", "username", "alice.tester"),
        ("?page_size=100&names=alice%20tester", "display_name", "Alice Tester"),
        ("?page_size=1&names=resi", "username", "bob"),
        ("?names=bob%20resident", "legacy_last_name", "Resident"),
    ] {
        let url = format!("{url}{query}");
        let answer = grid.http().get(&url).await?.llsd(&url)?;
        let [agent] = answer.get("agents").as_array() else { panic!("{answer:?}") };
        assert_eq!(agent.get(key).as_string(), expected);
        assert!(agent.get("is_display_name_default").as_bool());
        assert!(!agent.get("id").as_uuid().is_nil());
        assert_eq!(answer.get("next_page_url"), &Llsd::Undef);
    }
    let none = format!("{url}?page_size=100&names=nobody");
    assert_eq!(grid.http().get(&none).await?.llsd(&none)?.get("agents"), &llsd::array![]);
    for refused in ["", "?names=al", "?names=alice&page_size=many"] {
        assert_eq!(grid.http().get(&format!("{url}{refused}")).await?.status, 400, "{refused}");
    }
    grid.stop().await?;
    Ok(())
}
