use std::time::Duration;

use anyhow::Result;
use holm::client::Client;
use holm::config::RegionConfig;
use holm::ids::AgentId;
use holm::message::{
    ChangeUserRights, FindAgent, GenericMessage, GenericMessageParamList, OfflineNotification,
    OnlineNotification, variable1,
};
use holm::testing::TestGrid;
use serde_json::json;

use super::friends::{befriend, find, grant};
use super::{SOON, heard_before};

async fn comes_online(client: &mut Client, friend: AgentId) -> Result<()> {
    client
        .expect::<OnlineNotification>(SOON, |received| {
            received.agent_block.iter().any(|block| block.agent_id == friend.0)
        })
        .await?;
    Ok(())
}

async fn goes_offline(client: &mut Client, friend: AgentId) -> Result<()> {
    client
        .expect::<OfflineNotification>(SOON, |received| {
            received.agent_block.iter().any(|block| block.agent_id == friend.0)
        })
        .await?;
    Ok(())
}

/// Alice and Bob, friends, in the world.
async fn friends(grid: &TestGrid) -> Result<(Client, Client)> {
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    befriend(&mut alice, &mut bob).await?;
    Ok((alice, bob))
}

#[tokio::test]
async fn friends_hear_of_logout_and_entry_newcomer_gets_a_list() -> Result<()> {
    let grid = TestGrid::start().await?;
    let (mut alice, bob) = friends(&grid).await?;
    let bob_id = bob.login.agent_id;
    bob.log_out().await?;
    goes_offline(&mut alice, bob_id).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    comes_online(&mut alice, bob_id).await?;
    comes_online(&mut bob, alice.login.agent_id).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn silence_is_told_to_friends() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.circuit.inactivity = Duration::from_secs(1);
    })
    .await?;
    let (mut alice, bob) = friends(&grid).await?;
    let bob_id = bob.login.agent_id;
    drop(bob);
    goes_offline(&mut alice, bob_id).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_kick_is_told_to_friends() -> Result<()> {
    let grid = TestGrid::start().await?;
    let (mut alice, bob) = friends(&grid).await?;
    let path = format!("v1/agents/{}/kick", bob.login.agent_id);
    grid.control_post(&path, &json!({"reason": "enough"})).await?;
    goes_offline(&mut alice, bob.login.agent_id).await?;
    grid.stop().await?;
    Ok(())
}

/// Friends see the old login go before the new one comes, never after it.
#[tokio::test]
async fn a_new_login_is_not_taken_for_the_end_of_the_old_one() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.grid.duplicate_login = holm::config::DuplicateLogin::Replace;
    })
    .await?;
    let (mut alice, old) = friends(&grid).await?;
    let bob_id = old.login.agent_id;
    let new = grid.enter("Bob", "Tester").await?;
    comes_online(&mut alice, bob_id).await?;
    // The old one has left by now or leaves without a word; a marker tells that all was said.
    grid.wait_for_count("v1/circuits", 2).await?;
    alice.forget();
    grant(&new, alice.login.agent_id, 5).await?;
    let gone = heard_before::<OfflineNotification, ChangeUserRights>(
        &mut alice,
        |change| change.agent_block.iter().any(|block| block.agent_id == bob_id.0),
        |_| true,
    );
    assert!(!gone.await?);
    drop(old);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn friend_without_the_right_sees_no_coming_or_going() -> Result<()> {
    let grid = TestGrid::start().await?;
    let (mut alice, mut bob) = friends(&grid).await?;
    let bob_id = bob.login.agent_id;
    grant(&bob, alice.login.agent_id, 0).await?;
    bob.expect::<ChangeUserRights>(SOON, |_| true).await?;
    goes_offline(&mut alice, bob_id).await?;
    bob.log_out().await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    comes_online(&mut bob, alice.login.agent_id).await?;
    ask(&alice, bob_id).await?;
    alice.flush().await?;
    alice.forget();
    bob.im(alice.login.agent_id, "marker", 0).await?;
    let seen = heard_before::<OnlineNotification, holm::message::ImprovedInstantMessage>(
        &mut alice,
        |_| true,
        |_| true,
    );
    assert!(!seen.await?);
    grid.stop().await?;
    Ok(())
}

/// Presence does not depend on the region.
#[tokio::test]
async fn friends_in_two_regions_hear_of_each_other() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        let second =
            RegionConfig { name: "Skerry".into(), x: 1001, udp_port: 0, ..Default::default() };
        config.region.push(second);
    })
    .await?;
    let there = grid.options("Bob", "Tester").at("uri:Skerry&9&9&30");
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = Client::log_in(&there).await?;
    bob.enter().await?;
    befriend(&mut alice, &mut bob).await?;
    let bob_id = bob.login.agent_id;
    bob.log_out().await?;
    goes_offline(&mut alice, bob_id).await?;
    let mut bob = Client::log_in(&there).await?;
    bob.enter().await?;
    comes_online(&mut alice, bob_id).await?;
    comes_online(&mut bob, alice.login.agent_id).await?;

    grant(&bob, alice.login.agent_id, 3).await?;
    alice.expect::<ChangeUserRights>(SOON, |_| true).await?;
    find(&alice, bob_id).await?;
    let found = alice.expect::<FindAgent>(SOON, |_| true).await?;
    let east = found.location_block[0].global_x - f64::from(1001 * 256);
    assert!((east - 9.0).abs() < 1.0, "{east} m from the border");
    grid.stop().await?;
    Ok(())
}

async fn ask(client: &Client, friend: AgentId) -> Result<()> {
    let mut question = GenericMessage::default();
    question.agent_data.agent_id = client.login.agent_id.0;
    question.agent_data.session_id = client.login.session_id.0;
    question.method_data.method = variable1("requestonlinenotification");
    let parameter = variable1(&friend.to_string());
    question.param_list.push(GenericMessageParamList { parameter });
    client.send(&question).await?;
    Ok(())
}

#[tokio::test]
async fn presence_is_answered_when_asked() -> Result<()> {
    let grid = TestGrid::start().await?;
    let (mut alice, bob) = friends(&grid).await?;
    let bob_id = bob.login.agent_id;
    ask(&alice, bob_id).await?;
    comes_online(&mut alice, bob_id).await?;
    bob.log_out().await?;
    goes_offline(&mut alice, bob_id).await?;
    ask(&alice, bob_id).await?;
    goes_offline(&mut alice, bob_id).await?;
    grid.stop().await?;
    Ok(())
}
