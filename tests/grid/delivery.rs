//! Delivered means acked: what a client that died did not get is kept, or its sender is told.

use std::time::Duration;

use anyhow::{Context as _, Result};
use holm::client::Client;
use holm::ids::AgentId;
use holm::llsd::Llsd;
use holm::message::{
    AcceptFriendship, AcceptFriendshipFolderData, AgentAlertMessage, ImprovedInstantMessage,
    InviteGroupRequest, InviteGroupRequestInviteData, OfferCallingCard, RetrieveInstantMessages,
    StartLure, StartLureTargetData, text, variable1, variable2,
};
use holm::testing::TestGrid;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::friends::dialog;
use super::groups::{found, join, request};
use super::{SOON, heard_before};

const SAVED: &str = "User is not logged in. Message saved.";

fn says(wanted: &str) -> impl Fn(&ImprovedInstantMessage) -> bool {
    move |im| text(&im.message_block.message) == wanted
}

async fn retrieve(client: &Client) -> Result<()> {
    Ok(client.send(&request!(client, RetrieveInstantMessages)).await?)
}

/// A grid on which a silent circuit ends after a second.
async fn hasty_grid() -> Result<TestGrid> {
    let grid = TestGrid::start_with(|config| {
        config.circuit.inactivity = Duration::from_secs(1);
        config.circuit.paused_inactivity = Duration::from_secs(1);
        config.circuit.ping_interval = Duration::from_millis(200);
    });
    Ok(grid.await?)
}

/// Enters and dies: from now on nothing is acked.
async fn die(grid: &TestGrid, first: &str) -> Result<AgentId> {
    let client = grid.enter(first, "Tester").await?;
    Ok(client.login.agent_id)
}

/// The texts that waited for an agent, in the order in which they come.
async fn waited(client: &mut Client, count: usize) -> Result<Vec<String>> {
    retrieve(client).await?;
    let mut texts = Vec::new();
    for number in 0..count {
        let fits = |im: &ImprovedInstantMessage| im.message_block.offline == 1;
        let kept = client.expect::<ImprovedInstantMessage>(SOON, fits).await;
        texts.push(text(&kept.with_context(|| format!("message {number}"))?.message_block.message));
    }
    Ok(texts)
}

#[tokio::test]
async fn messages_to_a_dead_client_come_at_its_next_login() -> Result<()> {
    let grid = hasty_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let bob_id = die(&grid, "Bob").await?;
    let texts: Vec<String> = (0..40).map(|number| format!("message {number}")).collect();
    for said in &texts {
        alice.im(bob_id, said, 0).await?;
    }
    for _ in 0..40 {
        alice.expect::<ImprovedInstantMessage>(SOON, says(SAVED)).await?;
    }
    let mut bob = grid.enter("Bob", "Tester").await?;
    assert_eq!(waited(&mut bob, 40).await?, texts);
    retrieve(&bob).await?;
    alice.im(bob_id, "marker", 0).await?;
    let doubled = |im: &ImprovedInstantMessage| im.message_block.offline == 1;
    assert!(!heard_before(&mut bob, doubled, says("marker")).await?);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn messages_to_a_replaced_login_come_to_the_new_one() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let bob_id = die(&grid, "Bob").await?;
    let texts: Vec<String> = (0..40).map(|number| format!("message {number}")).collect();
    for said in &texts {
        alice.im(bob_id, said, 0).await?;
    }
    alice.flush().await?;
    // The first is refused and ends the old session.
    assert!(grid.log_in("Bob", "Tester").await.is_err());
    let mut bob = grid.enter("Bob", "Tester").await?;
    assert_eq!(waited(&mut bob, 40).await?, texts);
    for _ in 0..40 {
        alice.expect::<ImprovedInstantMessage>(SOON, says(SAVED)).await?;
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn group_mail_to_a_dead_client_is_kept() -> Result<()> {
    let grid = hasty_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let group = found(&mut alice, "Gardeners", true).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    assert!(join(&mut bob, group).await?);
    drop(bob);
    let carol = die(&grid, "Carol").await?;
    let mut notice = request!(alice, ImprovedInstantMessage);
    notice.message_block.to_agent_id = group.0;
    notice.message_block.dialog = 32;
    notice.message_block.message = variable2("Meeting|Tonight.");
    alice.send(&notice).await?;
    let mut invite = request!(alice, InviteGroupRequest);
    invite.group_data.group_id = group.0;
    invite.invite_data.push(InviteGroupRequestInviteData {
        invitee_id: carol.0,
        ..InviteGroupRequestInviteData::default()
    });
    alice.send(&invite).await?;
    dialog(&mut alice, 32).await?;
    grid.wait_for_count("v1/agents", 1).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    retrieve(&bob).await?;
    assert_eq!(text(&dialog(&mut bob, 32).await?.message_block.message), "Meeting|Tonight.");
    let mut carol = grid.enter("Carol", "Tester").await?;
    retrieve(&carol).await?;
    assert_eq!(dialog(&mut carol, 3).await?.agent_data.agent_id, group.0);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_friendship_offer_and_its_answer_outlive_dead_clients() -> Result<()> {
    let grid = hasty_grid().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let bob_id = die(&grid, "Bob").await?;
    alice.im(bob_id, "be my friend", 38).await?;
    alice.flush().await?;
    grid.wait_for_count("v1/agents", 1).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let offer = dialog(&mut bob, 38).await?;
    // Now the one who offered is dead.
    drop(alice);
    let mut accept = request!(bob, AcceptFriendship);
    accept.transaction_block.transaction_id = offer.message_block.id;
    accept.folder_data.push(AcceptFriendshipFolderData::default());
    bob.send(&accept).await?;
    bob.flush().await?;
    grid.wait_for_count("v1/agents", 1).await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    retrieve(&alice).await?;
    assert_eq!(dialog(&mut alice, 39).await?.agent_data.agent_id, bob_id.0);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_lure_to_a_dead_client_is_told_to_its_sender() -> Result<()> {
    let grid = hasty_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let bob_id = die(&grid, "Bob").await?;
    let mut lure = request!(alice, StartLure);
    lure.info.message = variable1("Come here");
    lure.target_data.push(StartLureTargetData { target_id: bob_id.0 });
    alice.send(&lure).await?;
    let alert = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    let expected = "A resident whom you offered a teleport is not online.";
    assert_eq!(text(&alert.alert_data.message), expected);
    alice.im(bob_id, "fetch me", 26).await?;
    let received = alice.expect::<ImprovedInstantMessage>(SOON, |_| true).await?;
    assert_eq!(
        text(&received.message_block.message),
        "User is not logged in. Message not saved.",
        "also when nobody is there any more"
    );
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_card_to_a_dead_client_is_told_to_its_sender() -> Result<()> {
    let grid = hasty_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let bob_id = die(&grid, "Bob").await?;
    let mut offer = request!(alice, OfferCallingCard);
    offer.agent_block.dest_id = bob_id.0;
    // One more than a minute's.
    for number in 0..6 {
        offer.agent_block.transaction_id = uuid::Uuid::from_u128(number);
        alice.send(&offer).await?;
    }
    let mut alerts = Vec::new();
    for _ in 0..6 {
        let alert = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
        alerts.push(text(&alert.alert_data.message));
    }
    let lost = "Your calling card did not arrive. Please offer it again later.";
    assert_eq!(alerts[0], "You offer calling cards too often. Please wait a little.");
    assert_eq!(alerts[1..], [lost; 5]);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_control_api_tells_queued_delivered_and_kept() -> Result<()> {
    let grid = hasty_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let send = async |to: AgentId, query: &str| -> Result<String> {
        let body = json!({ "to": to.0, "message": "from outside" });
        let answer = grid.control_ask(&format!("v1/im{query}"), &body).await?;
        Ok(answer["status"].as_str().unwrap_or_default().to_owned())
    };
    let alice_id = alice.login.agent_id;
    assert_eq!(send(alice_id, "").await?, "queued");
    assert_eq!(send(alice_id, "?wait=5").await?, "delivered");
    alice.expect::<ImprovedInstantMessage>(SOON, says("from outside")).await?;
    let bob_id = die(&grid, "Bob").await?;
    assert_eq!(send(bob_id, "").await?, "queued");
    assert_eq!(send(bob_id, "?wait=0").await?, "queued");
    assert_eq!(send(bob_id, "?wait=10").await?, "kept");
    assert_eq!(send(bob_id, "?wait=10").await?, "kept", "nobody is there");
    for wrong in ["?wait=31", "?wait=x", "?weight=1"] {
        let body = json!({ "to": alice_id.0, "message": "x" });
        assert_eq!(grid.control_post(&format!("v1/im{wrong}"), &body).await?, 400, "{wrong}");
    }
    let mut bob = grid.enter("Bob", "Tester").await?;
    assert_eq!(waited(&mut bob, 4).await?, vec!["from outside"; 4]);
    grid.stop().await?;
    Ok(())
}

/// Leaves messages for Bob, who is away.
async fn leave_for_bob(grid: &TestGrid, texts: &[String]) -> Result<()> {
    let bob = grid.log_in("Bob", "Tester").await?;
    let bob_id = bob.login.agent_id;
    bob.log_out().await?;
    for said in texts {
        let body = json!({ "to": bob_id.0, "message": said });
        assert_eq!(grid.control_ask("v1/im", &body).await?["status"], "kept");
    }
    Ok(())
}

#[tokio::test]
async fn kept_mail_survives_a_client_that_dies_while_it_comes() -> Result<()> {
    let grid = hasty_grid().await?;
    let texts: Vec<String> = (0..5).map(|number| format!("message {number}")).collect();
    leave_for_bob(&grid, &texts).await?;
    let bob = grid.enter("Bob", "Tester").await?;
    let mut asked = request!(bob, RetrieveInstantMessages);
    asked.agent_data.session_id = bob.login.session_id.0;
    bob.send(&asked).await?;
    // Asked and gone: what was acked before was heard, and nothing was read here.
    drop(bob);
    grid.wait_for_count("v1/agents", 0).await?;
    let bob = grid.enter("Bob", "Tester").await?;
    let url = bob.caps.url("ReadOfflineMsgs")?;
    let kept = holm::llsd::xml::parse(&grid.http().get(url).await?.body)?;
    let kept = kept.get("messages").as_array().len();
    assert!(kept >= 1, "a client that acks nothing cannot make all of them go");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn mail_read_by_http_survives_a_reset_connection() -> Result<()> {
    let grid = TestGrid::start().await?;
    let texts: Vec<String> = (0..10).map(|number| format!("message {number}")).collect();
    leave_for_bob(&grid, &texts).await?;
    let bob = grid.enter("Bob", "Tester").await?;
    let url = bob.caps.url("ReadOfflineMsgs")?.to_owned();
    let address = url.trim_start_matches("http://");
    let (host, path) = address.split_once('/').context("a path")?;
    for _ in 0..3 {
        let mut stream = TcpStream::connect(host).await?;
        stream.write_all(format!("GET /{path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await?;
        // The answer is there, and is thrown away with the connection.
        stream.readable().await?;
        stream.set_zero_linger()?;
        drop(stream);
    }
    let read = async || -> Result<Llsd> {
        Ok(holm::llsd::xml::parse(&grid.http().get(&url).await?.body)?)
    };
    let messages = read().await?;
    let heard: Vec<String> = messages
        .get("messages")
        .as_array()
        .iter()
        .map(|message| message.get("message").as_string())
        .collect();
    assert_eq!(heard, texts);
    assert!(read().await?.get("messages").as_array().is_empty(), "read in peace");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn mail_read_by_http_comes_once_and_goes_with_a_logout() -> Result<()> {
    let grid = TestGrid::start().await?;
    leave_for_bob(&grid, &["once".to_owned()]).await?;
    let bob = grid.enter("Bob", "Tester").await?;
    let read = async |client: &Client| -> Result<usize> {
        let answer = client.http().get(client.caps.url("ReadOfflineMsgs")?).await?;
        Ok(holm::llsd::xml::parse(&answer.body)?.get("messages").as_array().len())
    };
    assert_eq!(read(&bob).await?, 1);
    bob.log_out().await?;
    let bob = grid.enter("Bob", "Tester").await?;
    assert_eq!(read(&bob).await?, 0);
    grid.stop().await?;
    Ok(())
}
