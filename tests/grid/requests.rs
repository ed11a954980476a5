//! What the buttons of a viewer ask for: each has an effect, an answer or a refusal.

use anyhow::Result;
use holm::client::Client;
use holm::llsd::{self, Llsd};
use holm::message::{
    AgentAlertMessage, EstateCovenantReply, EstateCovenantRequest, FetchInventoryDescendents,
    InventoryDescendents, MoneyBalanceReply, MoneyTransferRequest, ObjectAdd,
    SetStartLocationRequest, TeleportLandmarkRequest, TeleportLocal, ViewerEffect,
    ViewerEffectEffect, text,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;

fn alert(message: &AgentAlertMessage) -> String {
    text(&message.alert_data.message)
}

async fn go_home(client: &Client, landmark: Uuid) -> Result<()> {
    let mut request = TeleportLandmarkRequest::default();
    request.info.agent_id = client.login.agent_id.0;
    request.info.session_id = client.login.session_id.0;
    request.info.landmark_id = landmark;
    Ok(client.send(&request).await?)
}

#[tokio::test]
async fn refused_requests_are_told_once_in_a_while() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut add = ObjectAdd::default();
    add.agent_data.agent_id = alice.login.agent_id.0;
    add.agent_data.session_id = alice.login.session_id.0;
    let mut pay = MoneyTransferRequest::default();
    pay.agent_data.agent_id = alice.login.agent_id.0;
    pay.agent_data.session_id = alice.login.session_id.0;
    for _ in 0..3 {
        alice.send(&add).await?;
    }
    alice.send(&pay).await?;
    let first = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    assert!(alert(&first).contains("created"), "{}", alert(&first));
    let second = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    assert!(alert(&second).contains("no money"), "{}", alert(&second));
    let balance = alice.expect::<MoneyBalanceReply>(SOON, |_| true).await?;
    assert!(!balance.money_data.transaction_success);
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn home_is_set_kept_and_reached() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter_at("Alice", "Tester", [40, 50, 30]).await?;
    go_home(&alice, Uuid::nil()).await?;
    let failed = alice.expect_event(SOON, "TeleportFailed", |_| true).await?;
    let reason = failed.get("Info").at(0).get("Reason").as_string();
    assert!(reason.contains("home"), "{reason}");
    go_home(&alice, Uuid::from_u128(7)).await?;
    alice.expect_event(SOON, "TeleportFailed", |_| true).await?;

    let mut here = SetStartLocationRequest::default();
    here.agent_data.agent_id = alice.login.agent_id.0;
    here.agent_data.session_id = alice.login.session_id.0;
    here.start_location_data.location_id = 1;
    alice.send(&here).await?;
    let received = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    assert_eq!(alert(&received), "Home position set.");
    go_home(&alice, Uuid::nil()).await?;
    let there = alice.expect::<TeleportLocal>(SOON, |_| true).await?;
    assert!((there.info.position.x - 40.0).abs() < 1.0, "{:?}", there.info.position);
    drop(alice);

    let options = grid.options("Bob", "Tester").at("home");
    let bob = Client::log_in(&options).await?;
    assert_eq!(bob.login.fields.get("start_location").as_string(), "safe");
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn home_is_set_by_the_capability_and_logged_in_to() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter_at("Alice", "Tester", [70, 80, 30]).await?;
    let look_at = llsd::map! { "X" => 0.0, "Y" => 1.0, "Z" => 0.0 };
    let body = llsd::map! { "HomeLocation" => llsd::map! { "LocationLookAt" => look_at } };
    let answer = alice.caps.post("HomeLocation", &body).await?;
    assert!(answer.get("success").as_bool());
    let x = answer.get("HomeLocation").get("LocationPos").get("X").as_f64();
    assert!((x - 70.0).abs() < 1.0, "{x}");
    alice.log_out().await?;
    let alice = Client::log_in(&grid.options("Alice", "Tester").at("home")).await?;
    assert_eq!(alice.login.fields.get("start_location").as_string(), "home");
    assert!(!matches!(alice.login.fields.get("home"), Llsd::Undef));
    assert_eq!(alice.login.fields.get("first_name").as_string(), "Alice", "without quotes");
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn an_inventory_is_read_by_udp() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let root = alice.login.fields.get("inventory-root").at(0).get("folder_id").as_uuid();
    let mut request = FetchInventoryDescendents::default();
    request.agent_data.agent_id = alice.login.agent_id.0;
    request.agent_data.session_id = alice.login.session_id.0;
    request.inventory_data.folder_id = root;
    request.inventory_data.owner_id = alice.login.agent_id.0;
    request.inventory_data.fetch_folders = true;
    request.inventory_data.fetch_items = true;
    alice.send(&request).await?;
    let mut found = 0;
    loop {
        let reply = alice.expect::<InventoryDescendents>(SOON, |_| true).await?;
        assert_eq!(reply.agent_data.folder_id, root);
        found += reply.folder_data.iter().filter(|folder| !folder.folder_id.is_nil()).count();
        found += reply.item_data.iter().filter(|item| !item.item_id.is_nil()).count();
        if found == reply.agent_data.descendents as usize {
            break;
        }
    }
    assert!(found > 5, "{found}");
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn effects_are_shown_to_others_without_the_session() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter_at("Alice", "Tester", [128, 128, 30]).await?;
    let mut bob = grid.enter_at("Bob", "Tester", [130, 128, 30]).await?;
    bob.flush().await?;
    let mut effect = ViewerEffect::default();
    effect.agent_data.agent_id = alice.login.agent_id.0;
    effect.agent_data.session_id = alice.login.session_id.0;
    effect.effect.push(ViewerEffectEffect { type_: 7, ..Default::default() });
    alice.send(&effect).await?;
    let seen = bob.expect::<ViewerEffect>(SOON, |_| true).await?;
    assert_eq!(seen.agent_data.agent_id, alice.login.agent_id.0);
    assert_eq!(seen.effect[0].agent_id, alice.login.agent_id.0);
    assert!(seen.agent_data.session_id.is_nil(), "a secret");
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn the_first_account_owns_the_estate() -> Result<()> {
    let grid = TestGrid::start_with(|config| config.login.test_accounts = true).await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut request = EstateCovenantRequest::default();
    request.agent_data.agent_id = alice.login.agent_id.0;
    request.agent_data.session_id = alice.login.session_id.0;
    alice.send(&request).await?;
    let reply = alice.expect::<EstateCovenantReply>(SOON, |_| true).await?;
    assert!(!reply.data.estate_owner_id.is_nil());
    Ok(grid.stop().await?)
}
