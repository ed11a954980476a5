use std::time::Duration;

use anyhow::Result;
use holm::client::ClientError;
use holm::llsd::{Llsd, Map};
use holm::message::{KickUser, KillObject, ObjectUpdate, text};
use holm::testing::TestGrid;
use serde_json::json;

use super::SOON;

#[tokio::test]
async fn logout_leaves_nothing_behind() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let alice_id = alice.login.agent_id.0;
    let seen = bob
        .expect::<ObjectUpdate>(SOON, |update| {
            update.object_data.iter().any(|object| object.full_id == alice_id)
        })
        .await?;
    let object = seen.object_data.iter().find(|object| object.full_id == alice_id);
    let local_id = object.expect("found above").id;
    let (caps, seed) = (alice.caps.clone(), alice.login.seed.clone());
    alice.log_out().await?;

    bob.expect::<KillObject>(SOON, |kill| kill.object_data.iter().any(|o| o.id == local_id))
        .await?;
    grid.wait_for_count("v1/agents", 1).await?;
    grid.wait_for_count("v1/circuits", 1).await?;

    let gone = grid.http().get(caps.url("SimulatorFeatures")?).await?;
    assert_eq!(gone.status, 404);
    let gone = grid.http().post(&seed, "application/llsd+xml", "<llsd><array /></llsd>").await?;
    assert_eq!(gone.status, 404);
    grid.stop().await?;
    Ok(())
}

/// node-metaverse posts `done` after its logout and ends its process unless that is answered.
#[tokio::test]
async fn the_event_queue_answers_once_more_after_logout() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let url = alice.caps.url("EventQueueGet")?.to_owned();
    alice.log_out().await?;
    let mut done = Map::new();
    done.insert("ack", Llsd::Undef);
    done.insert("done", true);
    let body = holm::llsd::xml::write(&Llsd::Map(done));
    let answer = grid.http().post(&url, "application/llsd+xml", body).await?;
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("<llsd>"));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_kick_tells_its_reason() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let path = format!("v1/agents/{}/kick", alice.login.agent_id);
    let status = grid.control_post(&path, &json!({"reason": "be kind"})).await?;
    assert!((200..300).contains(&status), "status {status}");
    let kick = alice.expect::<KickUser>(SOON, |_| true).await?;
    assert_eq!(text(&kick.user_info.reason), "be kind");
    grid.wait_for_count("v1/agents", 0).await?;
    let status = grid.control_post(&path, &json!({"reason": "again"})).await?;
    assert_eq!(status, 404);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn silence_ends_a_circuit() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.circuit.inactivity = Duration::from_secs(1);
    })
    .await?;
    let alice = grid.enter("Alice", "Tester").await?;
    grid.wait_for_count("v1/agents", 1).await?;
    // Its task is gone, so nothing is acked or answered any more.
    drop(alice);
    grid.wait_for_count("v1/agents", 0).await?;
    grid.wait_for_count("v1/circuits", 0).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_stop_tells_everybody_and_is_quick() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let stopping = tokio::spawn(grid.stop());
    let kick = alice.expect::<KickUser>(SOON, |_| true).await?;
    assert!(!text(&kick.user_info.reason).is_empty());
    tokio::time::timeout(Duration::from_secs(5), stopping).await???;
    Ok(())
}

#[tokio::test]
async fn a_second_login_ends_the_first() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut first = grid.enter("Alice", "Tester").await?;
    let refused = grid.log_in("Alice", "Tester").await.err();
    assert!(
        matches!(&refused, Some(ClientError::Refused { reason, .. }) if reason == "presence"),
        "{refused:?}"
    );
    first.expect::<KickUser>(SOON, |_| true).await?;
    let second = grid.enter("Alice", "Tester").await?;
    assert_ne!(first.login.session_id, second.login.session_id);
    grid.wait_for_count("v1/agents", 1).await?;
    grid.stop().await?;
    Ok(())
}
