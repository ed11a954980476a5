//! The dialogs of instant messages that clients may not send, or that are answered by the grid.

use anyhow::Result;
use holm::client::Client;
use holm::ids::AgentId;
use holm::message::{AgentAlertMessage, ImprovedInstantMessage, text, variable2};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::{SOON, heard_before};

fn dialog_is(dialog: u8) -> impl Fn(&ImprovedInstantMessage) -> bool {
    move |im| im.message_block.dialog == dialog
}

/// After everything that `from` has sent, nothing of `dialog` may have reached `to`.
async fn never_came(from: &Client, to: &mut Client, dialog: u8) -> Result<bool> {
    let marker = format!("after {dialog}");
    from.im(to.login.agent_id, &marker, 0).await?;
    let is_marker = |im: &ImprovedInstantMessage| text(&im.message_block.message) == marker;
    let came = heard_before::<ImprovedInstantMessage, ImprovedInstantMessage>(
        to,
        dialog_is(dialog),
        is_marker,
    );
    Ok(!came.await?)
}

#[tokio::test]
async fn dialogs_that_only_the_grid_may_send_are_dropped() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    for dialog in [1, 2, 3, 9, 13, 14, 19, 21, 22, 23, 25, 28, 31, 37, 39, 40] {
        alice.im(bob.login.agent_id, "forged", dialog).await?;
        assert!(never_came(&alice, &mut bob, dialog).await?, "dialog {dialog}");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn dead_and_unknown_dialogs_are_dropped_and_counted() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    for dialog in [7, 8, 10, 11, 12, 27, 29, 30, 43, 99, 210, 255] {
        alice.im(bob.login.agent_id, "nothing", dialog).await?;
        assert!(never_came(&alice, &mut bob, dialog).await?, "dialog {dialog}");
    }
    let metrics = grid.http().get(&format!("{}metrics", grid.control_uri())).await?;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains("holm_messages_dropped_total{reason=\"im_dialog\"}"), "{metrics}");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn dialogs_between_agents_are_passed_on() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    for dialog in [0, 20, 24, 26, 41, 42] {
        alice.im(bob.login.agent_id, "text", dialog).await?;
        let heard = bob.expect::<ImprovedInstantMessage>(SOON, dialog_is(dialog)).await?;
        assert_eq!(heard.agent_data.agent_id, alice.login.agent_id.0);
        assert_eq!(text(&heard.message_block.from_agent_name), "Alice Tester");
        assert_eq!(&heard.message_block.binary_bucket[..], [0], "never an empty bucket");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn gifts_of_inventory_are_refused_with_a_word() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    alice.im(bob.login.agent_id, "a shirt", 4).await?;
    let alert = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    assert!(text(&alert.alert_data.message).contains("Inventory cannot be given"));
    assert!(never_came(&alice, &mut bob, 4).await?);
    // Nor can offers be answered that were never made.
    for dialog in [5, 6] {
        alice.im(bob.login.agent_id, "", dialog).await?;
        assert!(never_came(&alice, &mut bob, dialog).await?);
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn long_text_is_cut_between_characters() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut im = ImprovedInstantMessage::default();
    im.agent_data.agent_id = alice.login.agent_id.0;
    im.agent_data.session_id = alice.login.session_id.0;
    im.message_block.to_agent_id = bob.login.agent_id.0;
    im.message_block.message = variable2(&"ä".repeat(800));
    alice.send(&im).await?;
    let heard = bob.expect::<ImprovedInstantMessage>(SOON, |_| true).await?;
    let heard = text(&heard.message_block.message);
    assert_eq!(heard, "ä".repeat(511), "1,022 of 1,023 bytes");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn floods_are_dropped_and_the_sender_is_told() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.limits.instant_messages_per_second = 1;
    })
    .await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    for number in 0..20 {
        alice.im(bob.login.agent_id, &format!("flood {number}"), 0).await?;
    }
    alice.flush().await?;
    let alert = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    assert!(text(&alert.alert_data.message).contains("too fast"));
    bob.expect::<ImprovedInstantMessage>(SOON, |im| text(&im.message_block.message) == "flood 0")
        .await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn messages_that_claim_another_sender_are_dropped() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut im = ImprovedInstantMessage::default();
    im.agent_data.agent_id = AgentId::random().0;
    im.agent_data.session_id = Uuid::nil();
    im.message_block.to_agent_id = bob.login.agent_id.0;
    im.message_block.dialog = 20;
    alice.send(&im).await?;
    assert!(never_came(&alice, &mut bob, 20).await?);
    grid.stop().await?;
    Ok(())
}
