//! Messages for who is not here.

use anyhow::Result;
use holm::client::Client;
use holm::llsd::Llsd;
use holm::message::{ImprovedInstantMessage, RetrieveInstantMessages, text};
use holm::testing::TestGrid;
use serde_json::json;

use super::{SOON, heard_before};

fn says(wanted: &'static str) -> impl Fn(&ImprovedInstantMessage) -> bool {
    move |im| text(&im.message_block.message) == wanted
}

async fn retrieve(client: &Client) -> Result<()> {
    let mut request = RetrieveInstantMessages::default();
    request.agent_data.agent_id = client.login.agent_id.0;
    request.agent_data.session_id = client.login.session_id.0;
    Ok(client.send(&request).await?)
}

/// Alice writes to Bob, who has an account and is away; the id of Bob.
async fn leave_for_bob(grid: &TestGrid, texts: &[&'static str]) -> Result<Client> {
    let bob = grid.enter("Bob", "Tester").await?;
    let bob_id = bob.login.agent_id;
    bob.log_out().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    for message in texts {
        alice.im(bob_id, message, 0).await?;
        let saved = "User is not logged in. Message saved.";
        alice.expect::<ImprovedInstantMessage>(SOON, says(saved)).await?;
    }
    Ok(alice)
}

#[tokio::test]
async fn messages_wait_for_the_next_login_and_come_once() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = leave_for_bob(&grid, &["one", "two"]).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    retrieve(&bob).await?;
    for wanted in ["one", "two"] {
        let heard = bob.expect::<ImprovedInstantMessage>(SOON, says(wanted)).await?;
        assert_eq!(heard.message_block.offline, 1);
        assert_eq!(heard.agent_data.agent_id, alice.login.agent_id.0);
        assert_eq!(text(&heard.message_block.from_agent_name), "Alice Tester");
        assert!(heard.message_block.timestamp > 1_700_000_000, "when it was written");
    }
    retrieve(&bob).await?;
    // In order behind the second request.
    alice.im(bob.login.agent_id, "marker", 0).await?;
    let again =
        heard_before::<ImprovedInstantMessage, _>(&mut bob, says("one"), says("marker")).await?;
    assert!(!again);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn messages_are_read_by_capability() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = leave_for_bob(&grid, &["by capability"]).await?;
    let bob = grid.enter("Bob", "Tester").await?;
    let url = bob.caps.url("ReadOfflineMsgs")?;
    let read = async || -> Result<Llsd> {
        let answer = grid.http().get(url).await?;
        Ok(holm::llsd::xml::parse(&answer.body)?)
    };
    let answer = read().await?;
    let message = answer.get("messages").at(0);
    assert_eq!(message.get("from_agent_id").as_uuid(), alice.login.agent_id.0);
    assert_eq!(message.get("from_agent_name").as_string(), "Alice Tester");
    assert_eq!(message.get("message").as_string(), "by capability");
    assert_eq!(message.get("dialog").as_i32(), 0);
    assert_eq!(message.get("binary_bucket").as_binary(), [0]);
    assert_eq!(message.get("offline").as_i32(), 1);
    assert!(read().await?.get("messages").as_array().is_empty());
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_full_mail_box_is_told() -> Result<()> {
    let grid = TestGrid::start_with(|config| config.limits.offline_messages = 1).await?;
    let mut alice = leave_for_bob(&grid, &["the only one"]).await?;
    let bob = grid.control("v1/agents").await?;
    assert_eq!(bob["agents"].as_array().map(Vec::len), Some(1));
    let bob_id = {
        let bob = grid.log_in("Bob", "Tester").await?;
        let id = bob.login.agent_id;
        bob.log_out().await?;
        id
    };
    alice.im(bob_id, "one too many", 0).await?;
    let received = alice
        .expect::<ImprovedInstantMessage>(SOON, |im| {
            text(&im.message_block.message).contains("mail box is full")
        })
        .await?;
    assert_eq!(received.agent_data.agent_id, bob_id.0);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn one_sender_does_not_fill_a_mailbox_and_is_told() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.limits.offline_messages = 3;
        config.limits.offline_messages_per_sender = 2;
    })
    .await?;
    let mut alice = leave_for_bob(&grid, &["one", "two"]).await?;
    let mut carol = grid.enter("Carol", "Tester").await?;
    let bob_id = {
        let bob = grid.log_in("Bob", "Tester").await?;
        let id = bob.login.agent_id;
        bob.log_out().await?;
        id
    };
    alice.im(bob_id, "three", 0).await?;
    let refused = |im: &ImprovedInstantMessage| {
        text(&im.message_block.message).contains("too many messages of yours")
    };
    let received = alice.expect::<ImprovedInstantMessage>(SOON, refused).await?;
    assert_eq!(received.agent_data.agent_id, bob_id.0, "filed under the talk with Bob");
    carol.im(bob_id, "of another", 0).await?;
    let saved = says("User is not logged in. Message saved.");
    carol.expect::<ImprovedInstantMessage>(SOON, saved).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_control_api_speaks_as_the_grid_and_as_an_agent() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let (to, from) = (bob.login.agent_id.0, alice.login.agent_id.0);
    let status = grid.control_post("v1/im", &json!({ "to": to, "message": "closing" })).await?;
    assert_eq!(status, 200);
    let heard = bob.expect::<ImprovedInstantMessage>(SOON, says("closing")).await?;
    assert!(heard.agent_data.agent_id.is_nil());
    assert_eq!(text(&heard.message_block.from_agent_name), "Second Life");
    let body = json!({ "to": to, "from": from, "message": "as Alice" });
    assert_eq!(grid.control_post("v1/im", &body).await?, 200);
    let heard = bob.expect::<ImprovedInstantMessage>(SOON, says("as Alice")).await?;
    assert_eq!(heard.agent_data.agent_id, from);
    assert_eq!(text(&heard.message_block.from_agent_name), "Alice Tester");
    for wrong in [
        json!({ "message": "to nobody" }),
        json!({ "to": to }),
        json!({ "to": to, "message": "" }),
        json!({ "to": to, "message": "x".repeat(1024) }),
        json!({ "to": to, "from": from, "from_name": "Other", "message": "x" }),
    ] {
        assert_eq!(grid.control_post("v1/im", &wrong).await?, 400, "{wrong}");
    }
    let nobody = uuid::Uuid::from_u128(9);
    let body = json!({ "to": nobody, "message": "x" });
    assert_eq!(grid.control_post("v1/im", &body).await?, 404);
    grid.stop().await?;
    Ok(())
}
