use anyhow::Result;
use holm::client::Client;
use holm::ids::AgentId;
use holm::message::{
    AgentAlertMessage, StartLure, StartLureTargetData, TeleportLocal, TeleportLureRequest, text,
    variable1,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;
use super::friends::dialog;

async fn lure(client: &Client, targets: &[AgentId]) -> Result<()> {
    let mut lure = StartLure::default();
    lure.agent_data.agent_id = client.login.agent_id.0;
    lure.agent_data.session_id = client.login.session_id.0;
    lure.info.message = variable1("Come here");
    lure.target_data =
        targets.iter().map(|target| StartLureTargetData { target_id: target.0 }).collect();
    client.send(&lure).await?;
    Ok(())
}

async fn follow(client: &Client, lure: Uuid) -> Result<()> {
    let mut request = TeleportLureRequest::default();
    request.info.agent_id = client.login.agent_id.0;
    request.info.session_id = client.login.session_id.0;
    request.info.lure_id = lure;
    request.info.teleport_flags = 4;
    client.send(&request).await?;
    Ok(())
}

async fn failure(client: &mut Client) -> Result<String> {
    let failed = client.expect_event(SOON, "TeleportFailed", |_| true).await?;
    let info = failed.get("Info").as_array();
    assert_eq!(info[0].get("AgentID").as_uuid(), client.login.agent_id.0);
    assert!(!failed.get("AlertInfo").as_array().is_empty());
    Ok(info[0].get("Reason").as_string())
}

#[tokio::test]
async fn an_offer_brings_its_target_to_the_offerer_once() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter_at("Alice", "Tester", [40, 50, 30]).await?;
    let mut bob = grid.enter_at("Bob", "Tester", [200, 200, 30]).await?;
    lure(&alice, &[bob.login.agent_id]).await?;
    let offer = dialog(&mut bob, 22).await?;
    assert_eq!(offer.agent_data.agent_id, alice.login.agent_id.0);
    let block = &offer.message_block;
    assert_eq!(text(&block.message), "Come here");
    assert_eq!(text(&block.from_agent_name), "Alice Tester");
    assert_eq!(block.to_agent_id, bob.login.agent_id.0);
    let corner = alice.login.region_handle;
    let bucket = text(&block.binary_bucket);
    let parts: Vec<&str> = bucket.split('|').collect();
    assert_eq!(parts.len(), 9, "{bucket}");
    assert_eq!(parts[0], corner.x_metres().to_string());
    assert_eq!(parts[1], corner.y_metres().to_string());
    assert_eq!(&parts[2..4], ["40", "50"]);
    assert!(["PG", "M", "A"].contains(&parts[8]));

    follow(&bob, block.id).await?;
    let arrived = bob.expect::<TeleportLocal>(SOON, |_| true).await?;
    assert_eq!(arrived.info.agent_id, bob.login.agent_id.0);
    let place = arrived.info.position;
    assert!((place.x - 40.0).abs() < 2.0 && (place.y - 50.0).abs() < 2.0, "{place:?}");

    follow(&bob, block.id).await?;
    assert_eq!(failure(&mut bob).await?, "This teleport offer is no longer there.");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn offers_to_others_lead_nowhere() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut carol = grid.enter("Carol", "Tester").await?;
    lure(&alice, &[bob.login.agent_id]).await?;
    let offer = dialog(&mut bob, 22).await?;
    for id in [offer.message_block.id, Uuid::from_u128(5)] {
        follow(&carol, id).await?;
        assert_eq!(failure(&mut carol).await?, "This teleport offer is no longer there.");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn offline_agent_cannot_be_sent_a_lure() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    lure(&alice, &[AgentId::random(), bob.login.agent_id]).await?;
    dialog(&mut bob, 22).await?;
    let alert = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    let expected = "A resident whom you offered a teleport is not online.";
    assert_eq!(text(&alert.alert_data.message), expected);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_flood_of_offers_is_stopped() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let bob = grid.enter("Bob", "Tester").await?;
    for _ in 0..11 {
        lure(&alice, &[bob.login.agent_id]).await?;
    }
    let alert = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    let expected = "You offer teleports too often. Please wait a little.";
    assert_eq!(text(&alert.alert_data.message), expected);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn an_offer_from_another_region_leads_there() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        let mut second = config.region[0].clone();
        second.name = "Second".to_owned();
        second.uuid = None;
        second.x += 1;
        config.region.push(second);
    })
    .await?;
    let options = grid.options("Alice", "Tester").at("uri:Second&128&128&30");
    let mut alice = Client::log_in(&options).await?;
    alice.enter().await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    lure(&alice, &[bob.login.agent_id]).await?;
    let offer = dialog(&mut bob, 22).await?;
    follow(&bob, offer.message_block.id).await?;
    let finish = bob.expect_event(SOON, "TeleportFinish", |_| true).await?;
    let handle = finish.get("Info").at(0).get("RegionHandle").as_binary();
    assert_eq!(handle, alice.login.region_handle.0.to_be_bytes());
    grid.stop().await?;
    Ok(())
}
