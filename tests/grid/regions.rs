use anyhow::Result;
use holm::config::RegionConfig;
use holm::message::{ChatFromSimulator, ImprovedInstantMessage, text};
use holm::testing::TestGrid;

use super::SOON;

#[tokio::test]
async fn two_regions_in_one_process() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        let second =
            RegionConfig { name: "Skerry".into(), x: 1001, udp_port: 0, ..Default::default() };
        config.region.push(second);
    })
    .await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob =
        holm::client::Client::log_in(&grid.options("Bob", "Tester").at("uri:Skerry&9&9&30"))
            .await?;
    bob.enter().await?;
    assert_ne!(alice.login.simulator, bob.login.simulator);
    assert_eq!(bob.login.region_handle.x_metres(), 1001 * 256);

    // Chat stays in its region, instant messages do not.
    alice.chat("only here", 2, 0).await?;
    alice.flush().await?;
    alice.im(bob.login.agent_id, "across", 0).await?;
    let across = bob.expect::<ImprovedInstantMessage>(SOON, |_| true).await?;
    assert_eq!(text(&across.message_block.message), "across");
    let said = |chat: &ChatFromSimulator| text(&chat.chat_data.message) == "only here";
    alice.expect::<ChatFromSimulator>(SOON, said).await?;
    let soon = std::time::Duration::from_millis(1);
    assert!(bob.expect::<ChatFromSimulator>(soon, said).await.is_err());
    grid.stop().await?;
    Ok(())
}

/// Where the system shares a port among sockets, each keeps its own clients; elsewhere there is
/// one socket, and this holds all the same.
#[tokio::test]
async fn several_endpoint_tasks_share_a_port() -> Result<()> {
    let grid = TestGrid::start_with(|config| config.network.endpoint_tasks = 3).await?;
    let mut clients = Vec::new();
    for number in 0..12 {
        clients.push(grid.enter("Shared", &format!("Port{number}")).await?);
    }
    grid.wait_for_count("v1/circuits", 12).await?;
    clients[0].chat("to all of them", 2, 0).await?;
    for client in &mut clients {
        client
            .expect::<ChatFromSimulator>(SOON, |chat| {
                text(&chat.chat_data.message) == "to all of them"
            })
            .await?;
    }
    grid.stop().await?;
    Ok(())
}
