use anyhow::Result;
use holm::ids::AgentId;
use holm::message::{ImprovedInstantMessage, text};
use holm::services::im::conversation;
use holm::testing::TestGrid;

use super::{SOON, heard_before};

#[tokio::test]
async fn messages_go_both_ways_under_the_true_name() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let (alice_id, bob_id) = (alice.login.agent_id, bob.login.agent_id);

    alice.im(bob_id, "hello Bob", 0).await?;
    let heard = bob.expect::<ImprovedInstantMessage>(SOON, |_| true).await?;
    assert_eq!(text(&heard.message_block.message), "hello Bob");
    assert_eq!(text(&heard.message_block.from_agent_name), "Alice Tester");
    assert_eq!(heard.agent_data.agent_id, alice_id.0);
    assert!(heard.agent_data.session_id.is_nil());
    assert_eq!(heard.message_block.id, conversation(alice_id, bob_id));
    assert!(heard.message_block.timestamp > 1_700_000_000);

    bob.im(alice_id, "hello Alice", 0).await?;
    let heard = alice.expect::<ImprovedInstantMessage>(SOON, |_| true).await?;
    assert_eq!(text(&heard.message_block.from_agent_name), "Bob Tester");
    assert_eq!(heard.message_block.id, conversation(alice_id, bob_id));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn typing_is_passed_on() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    for dialog in [41, 42] {
        alice.im(bob.login.agent_id, "typing", dialog).await?;
        let heard = bob
            .expect::<ImprovedInstantMessage>(SOON, |im| im.message_block.dialog == dialog)
            .await?;
        assert_eq!(heard.agent_data.agent_id, alice.login.agent_id.0);
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn absence_is_answered() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let nobody = AgentId::random();
    alice.im(nobody, "anybody?", 0).await?;
    let notice = alice.expect::<ImprovedInstantMessage>(SOON, |_| true).await?;
    assert_eq!(text(&notice.message_block.from_agent_name), "System");
    assert_eq!(notice.agent_data.agent_id, nobody.0);
    assert_eq!(
        text(&notice.message_block.message),
        "User is not logged in. Message not saved: there is no such user."
    );
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn messages_of_the_system_cannot_be_forged() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    for dialog in [1, 19, 25, 31, 39, 210] {
        alice.im(bob.login.agent_id, "forged", dialog).await?;
    }
    alice.flush().await?;
    alice.im(bob.login.agent_id, "marker", 0).await?;
    let said = |what: &'static str| {
        move |im: &ImprovedInstantMessage| text(&im.message_block.message) == what
    };
    let heard = heard_before::<ImprovedInstantMessage, ImprovedInstantMessage>(
        &mut bob,
        said("forged"),
        said("marker"),
    );
    assert!(!heard.await?);
    grid.stop().await?;
    Ok(())
}
