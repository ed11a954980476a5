//! Founding, joining, leaving, and what a member is told of its groups.

use anyhow::{Context as _, Result};
use holm::client::Client;
use holm::config::{Config, GroupConfig};
use holm::ids::GroupId;
use holm::llsd::Llsd;
use holm::message::{
    ActivateGroup, AgentAlertMessage, AgentDataUpdate, AgentDataUpdateRequest, CreateGroupReply,
    CreateGroupRequest, GroupAccountDetailsReply, GroupAccountDetailsRequest,
    GroupAccountSummaryReply, GroupAccountSummaryRequest, GroupAccountTransactionsReply,
    GroupAccountTransactionsRequest, GroupActiveProposalItemReply, GroupActiveProposalsRequest,
    GroupProfileReply, GroupProfileRequest, GroupProposalBallot, GroupVoteHistoryItemReply,
    GroupVoteHistoryRequest, JoinGroupReply, JoinGroupRequest, ObjectUpdate, SetGroupAcceptNotices,
    SetGroupContribution, StartGroupProposal, UUIDGroupNameReply, UUIDGroupNameRequest,
    UUIDGroupNameRequestUUIDNameBlock, UpdateGroupInfo, text, variable1, variable2,
};
use holm::services::groups::Powers;
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;

/// A message of the client's with its agent and session filled in.
macro_rules! request {
    ($client:expr, $message:ident) => {{
        let mut request = $message::default();
        request.agent_data.agent_id = $client.login.agent_id.0;
        request.agent_data.session_id = $client.login.session_id.0;
        request
    }};
}
pub(crate) use request;

/// Asks for a new group; the answer.
pub async fn ask_for_group(
    client: &mut Client,
    name: &str,
    open: bool,
) -> Result<CreateGroupReply> {
    let mut request = request!(client, CreateGroupRequest);
    request.group_data.name = variable1(name);
    request.group_data.charter = variable2("We dig.");
    request.group_data.show_in_list = true;
    request.group_data.open_enrollment = open;
    client.send(&request).await?;
    Ok(client.expect::<CreateGroupReply>(SOON, |_| true).await?)
}

/// A new group that the founder knows to be in.
pub async fn found(client: &mut Client, name: &str, open: bool) -> Result<GroupId> {
    let reply = ask_for_group(client, name, open).await?;
    assert!(reply.reply_data.success, "{}", text(&reply.reply_data.message));
    let id = GroupId(reply.reply_data.group_id);
    standing_of(client, id).await?;
    client.expect::<AgentDataUpdate>(SOON, |u| u.agent_data.active_group_id == id.0).await?;
    Ok(id)
}

/// Joins an open group, successfully or not.
pub async fn join(client: &mut Client, group: GroupId) -> Result<bool> {
    let mut request = request!(client, JoinGroupRequest);
    request.group_data.group_id = group.0;
    client.send(&request).await?;
    let reply = client.expect::<JoinGroupReply>(SOON, |_| true).await?;
    assert_eq!(reply.group_data.group_id, group.0);
    Ok(reply.group_data.success)
}

/// The entry of a group in the next `AgentGroupDataUpdate` that has it.
pub async fn standing_of(client: &mut Client, group: GroupId) -> Result<Llsd> {
    let has = |body: &Llsd| entry(body, group).is_some();
    let body = client.expect_event(SOON, "AgentGroupDataUpdate", has).await?;
    entry(&body, group).cloned().context("found above")
}

/// The entry of a group in an `AgentGroupDataUpdate`.
pub fn entry(body: &Llsd, group: GroupId) -> Option<&Llsd> {
    let groups = body.get("GroupData").as_array();
    assert_eq!(groups.len(), body.get("NewGroupData").as_array().len());
    groups.iter().find(|entry| entry.get("GroupID").as_uuid() == group.0)
}

/// The next line of the grid's.
pub async fn alerted(client: &mut Client) -> Result<String> {
    let alert = client.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    Ok(text(&alert.alert_data.message))
}

/// What the profile of a group says.
pub async fn profile(client: &mut Client, group: GroupId) -> Result<GroupProfileReply> {
    let mut request = request!(client, GroupProfileRequest);
    request.group_data.group_id = group.0;
    client.send(&request).await?;
    Ok(client.expect::<GroupProfileReply>(SOON, |_| true).await?)
}

#[tokio::test]
async fn a_group_is_founded_and_its_founder_told() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let reply = ask_for_group(&mut alice, "Gardeners", true).await?;
    assert!(reply.reply_data.success);
    let id = GroupId(reply.reply_data.group_id);
    let update = alice
        .expect::<AgentDataUpdate>(SOON, |update| update.agent_data.active_group_id == id.0)
        .await?
        .agent_data;
    assert_eq!(text(&update.group_title), "Owner");
    assert_eq!(text(&update.group_name), "Gardeners");
    assert_eq!(text(&update.first_name), "Alice");
    assert_eq!(update.group_powers, Powers::OWNERS.bits());
    let received = standing_of(&mut alice, id).await?;
    assert_eq!(received.get("GroupName").as_string(), "Gardeners");
    let powers = Powers::OWNERS.bits().to_be_bytes().to_vec();
    assert_eq!(received.get("GroupPowers"), &Llsd::Binary(powers));
    assert!(received.get("AcceptNotices").as_bool());

    let data = profile(&mut alice, id).await?.group_data;
    assert_eq!((text(&data.name), text(&data.charter)), ("Gardeners".into(), "We dig.".into()));
    assert_eq!(data.founder_id, alice.login.agent_id.0);
    assert_eq!((data.group_membership_count, data.group_roles_count), (1, 3));
    assert_eq!((text(&data.member_title), data.powers_mask), ("Owner".into(), update.group_powers));
    assert!(data.show_in_list && data.open_enrollment && !data.owner_role.is_nil());

    let mut bob = grid.enter("Bob", "Tester").await?;
    let data = profile(&mut bob, id).await?.group_data;
    assert_eq!((data.member_title.len(), data.powers_mask), (0, 0), "a stranger");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn bad_and_taken_names_are_refused_in_the_reply() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    found(&mut alice, "Gardeners", true).await?;
    for (name, reason) in [
        ("GARDENERS", "A group with the same name already exists."),
        ("abc", "A group name must have from 4 to 35 bytes and no invisible characters."),
        (&"x".repeat(36), "A group name must have from 4 to 35 bytes and no invisible characters."),
    ] {
        let reply = ask_for_group(&mut alice, name, true).await?.reply_data;
        assert!(!reply.success && reply.group_id.is_nil());
        assert_eq!(text(&reply.message), reason);
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_title_of_the_active_group_is_seen_by_others() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let alice_id = alice.login.agent_id.0;
    let titled = |title: &'static str| {
        move |update: &ObjectUpdate| {
            update.object_data.iter().any(|object| {
                let names = text(&object.name_value);
                let shown = names.lines().any(|l| l == format!("Title STRING RW SV {title}"));
                object.full_id == alice_id && shown
            })
        }
    };
    let id = found(&mut alice, "Gardeners", true).await?;
    bob.expect::<ObjectUpdate>(SOON, titled("Owner")).await?;
    let mut activate = request!(alice, ActivateGroup);
    activate.agent_data.group_id = Uuid::nil();
    alice.send(&activate).await?;
    alice.expect::<AgentDataUpdate>(SOON, |u| u.agent_data.active_group_id.is_nil()).await?;
    bob.expect::<ObjectUpdate>(SOON, titled("")).await?;
    activate.agent_data.group_id = id.0;
    alice.send(&activate).await?;
    bob.expect::<ObjectUpdate>(SOON, titled("Owner")).await?;
    alice.log_out().await?;
    bob.forget();

    let mut alice = grid.enter("Alice", "Tester").await?;
    let update = alice.expect::<AgentDataUpdate>(SOON, |u| u.agent_data.active_group_id == id.0);
    assert_eq!(text(&update.await?.agent_data.group_title), "Owner");
    bob.expect::<ObjectUpdate>(SOON, titled("Owner")).await?;

    activate.agent_data.session_id = alice.login.session_id.0;
    activate.agent_data.group_id = Uuid::new_v4();
    alice.send(&activate).await?;
    assert_eq!(alerted(&mut alice).await?, "There is no such group.");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn agent_data_are_answered_also_without_groups() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    alice.forget();
    alice.send(&request!(alice, AgentDataUpdateRequest)).await?;
    let update = alice.expect::<AgentDataUpdate>(SOON, |_| true).await?.agent_data;
    assert_eq!(text(&update.last_name), "Tester");
    assert!(update.active_group_id.is_nil() && update.group_powers == 0);
    let event = alice.expect_event(SOON, "AgentGroupDataUpdate", |_| true).await?;
    assert_eq!(event.get("AgentData").at(0).get("AgentID").as_uuid(), alice.login.agent_id.0);
    for list in ["GroupData", "NewGroupData"] {
        assert_eq!(event.get(list), &Llsd::Array(Vec::new()));
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn settings_of_a_member_are_kept() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    let mut notices = request!(alice, SetGroupAcceptNotices);
    notices.data.group_id = id.0;
    alice.send(&notices).await?;
    let received = standing_of(&mut alice, id).await?;
    assert!(!received.get("AcceptNotices").as_bool());
    let mut contribution = request!(alice, SetGroupContribution);
    contribution.data.group_id = id.0;
    contribution.data.contribution = 512;
    alice.send(&contribution).await?;
    let received = standing_of(&mut alice, id).await?;
    assert_eq!(received.get("Contribution").as_i32(), 512);
    contribution.data.contribution = -1;
    alice.send(&contribution).await?;
    assert!(alerted(&mut alice).await?.contains("less than 0"));
    notices.data.group_id = Uuid::new_v4();
    alice.send(&notices).await?;
    assert_eq!(alerted(&mut alice).await?, "There is no such group.");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_profile_is_changed_by_those_who_may() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    let change = |client: &Client, charter: &str| {
        let mut update = request!(client, UpdateGroupInfo);
        update.group_data.group_id = id.0;
        update.group_data.charter = variable2(charter);
        update.group_data.membership_fee = 10;
        update
    };
    bob.send(&change(&bob, "Mine!")).await?;
    assert!(alerted(&mut bob).await?.contains("not allowed"));
    alice.send(&change(&alice, "We plant.")).await?;
    let data = profile(&mut alice, id).await?.group_data;
    assert_eq!((text(&data.charter), data.membership_fee), ("We plant.".into(), 10));
    assert!(!data.open_enrollment);
    alice.send(&change(&alice, &"x".repeat(512))).await?;
    assert!(alerted(&mut alice).await?.contains("511 bytes"));
    assert_eq!(text(&profile(&mut bob, id).await?.group_data.charter), "We plant.");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn names_of_groups_known_and_unknown() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    let ids = [id.0, Uuid::from_u128(99)];
    let uuid_name_block = ids.map(|id| UUIDGroupNameRequestUUIDNameBlock { id }).to_vec();
    alice.send(&UUIDGroupNameRequest { uuid_name_block }).await?;
    let reply = alice.expect::<UUIDGroupNameReply>(SOON, |_| true).await?;
    let names: Vec<_> =
        reply.uuid_name_block.iter().map(|block| (block.id, text(&block.group_name))).collect();
    assert_eq!(names, [(ids[0], "Gardeners".to_owned()), (ids[1], "Unknown".to_owned())]);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn accounts_and_votes_are_answered_as_empty() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?.0;
    let wanted = Uuid::from_u128(5);
    macro_rules! money {
        ($request:ident, $reply:ident) => {{
            let mut request = request!(alice, $request);
            request.agent_data.group_id = id;
            request.money_data.request_id = wanted;
            request.money_data.interval_days = 7;
            request.money_data.current_interval = 1;
            alice.send(&request).await?;
            let reply = alice.expect::<$reply>(SOON, |_| true).await?;
            let data = &reply.money_data;
            assert_eq!((reply.agent_data.group_id, data.request_id), (id, wanted));
            assert_eq!((data.interval_days, data.current_interval), (7, 1));
            assert_eq!(&data.start_date[..], [0]);
            reply
        }};
    }
    let summary = money!(GroupAccountSummaryRequest, GroupAccountSummaryReply);
    assert_eq!((summary.money_data.balance, summary.money_data.total_credits), (0, 0));
    let details = money!(GroupAccountDetailsRequest, GroupAccountDetailsReply);
    assert!(details.history_data.is_empty());
    let transactions = money!(GroupAccountTransactionsRequest, GroupAccountTransactionsReply);
    assert!(transactions.history_data.is_empty());
    macro_rules! votes {
        ($request:ident, $reply:ident) => {{
            let mut request = request!(alice, $request);
            request.group_data.group_id = id;
            request.transaction_data.transaction_id = wanted;
            alice.send(&request).await?;
            let reply = alice.expect::<$reply>(SOON, |_| true).await?;
            assert_eq!(
                (reply.agent_data.group_id, reply.transaction_data.transaction_id),
                (id, wanted)
            );
            assert_eq!(reply.transaction_data.total_num_items, 0);
        }};
    }
    votes!(GroupActiveProposalsRequest, GroupActiveProposalItemReply);
    votes!(GroupVoteHistoryRequest, GroupVoteHistoryItemReply);
    grid.stop().await?;
    Ok(())
}

/// A grid that keeps what it is told in a directory.
fn kept_in(config: &mut Config, directory: &std::path::Path) {
    config.storage.ephemeral = false;
    directory.clone_into(&mut config.storage.directory);
}

#[tokio::test]
async fn a_group_outlives_its_server() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let grid = TestGrid::start_with(|config| kept_in(config, directory.path())).await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    drop(alice);
    grid.stop().await?;

    let grid = TestGrid::start_with(|config| kept_in(config, directory.path())).await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    alice.expect::<AgentDataUpdate>(SOON, |u| u.agent_data.active_group_id == id.0).await?;
    assert_eq!(text(&profile(&mut alice, id).await?.group_data.charter), "We dig.");
    let mut bob = grid.enter("Bob", "Tester").await?;
    assert!(join(&mut bob, id).await?);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_ready_made_accounts_share_a_group() -> Result<()> {
    let grid = TestGrid::start_with(|config| config.login.test_accounts = true).await?;
    let id = GroupId(GroupConfig::default().id());
    for (first, last) in [("Test", "User"), ("Alice", "Tester"), ("Bob", "Tester")] {
        let mut client = grid.enter(first, last).await?;
        client.send(&request!(client, AgentDataUpdateRequest)).await?;
        let received = standing_of(&mut client, id).await?;
        assert_eq!(received.get("GroupName").as_string(), "Holm Residents");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn configured_group_of_unknown_accounts_names_its_key() {
    let started = TestGrid::start_with(|config| {
        config.login.test_accounts = true;
        config.group.push(GroupConfig {
            name: "Strangers".to_owned(),
            founder: "Nobody Here".to_owned(),
            members: Vec::new(),
            ..GroupConfig::default()
        });
    });
    let error = started.await.err().map(|error| error.to_string());
    let expected = "group.1.founder = \"Nobody Here\": no account has that name";
    assert_eq!(error.as_deref(), Some(expected));
}

/// Voting is dead: clients may still send proposals and ballots, and nothing comes of them.
#[tokio::test]
async fn proposals_and_ballots_are_taken_and_do_nothing() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let before = grid.control("v1/groups").await?;
    let mut proposal = StartGroupProposal::default();
    proposal.agent_data.agent_id = alice.login.agent_id.0;
    proposal.agent_data.session_id = alice.login.session_id.0;
    proposal.proposal_data.proposal_text = variable1("Let us vote.");
    alice.send(&proposal).await?;
    let mut ballot = GroupProposalBallot::default();
    ballot.agent_data.agent_id = alice.login.agent_id.0;
    ballot.agent_data.session_id = alice.login.session_id.0;
    alice.send(&ballot).await?;
    alice.flush().await?;
    assert_eq!(grid.control("v1/groups").await?, before);
    grid.stop().await?;
    Ok(())
}
