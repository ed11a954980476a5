use anyhow::Result;
use holm::message::{
    AgentDataUpdate, AgentDataUpdateRequest, AgentThrottle, AgentWearablesRequest,
    AgentWearablesUpdate, AvatarAppearance, CoarseLocationUpdate, LayerData, MoneyBalanceReply,
    MoneyBalanceRequest, ObjectUpdate, ParcelOverlay, RegionHandshake, text,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;

/// `ObjectData.PCode` of an avatar.
const AVATAR: u8 = 47;

#[tokio::test]
async fn everything_a_viewer_waits_for_comes() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut client = grid.log_in("Alice", "Tester").await?;
    let agent = client.login.agent_id;
    let arrived = client.enter().await?;
    assert_eq!(arrived.data.region_handle, client.login.region_handle.0);
    assert_eq!(arrived.agent_data.session_id, client.login.session_id.0);

    let own = client
        .expect::<ObjectUpdate>(SOON, |update| update.object_data[0].full_id == agent.0)
        .await?;
    let object = &own.object_data[0];
    assert_eq!((object.p_code, object.object_data.len()), (AVATAR, 76));
    assert_ne!(object.id, 0);
    assert!(text(&object.name_value).contains("FirstName STRING RW SV Alice"));

    let looks = client.expect::<AvatarAppearance>(SOON, |_| true).await?;
    assert_eq!(looks.sender.id, agent.0);
    assert!(looks.visual_param.len() >= 218);
    assert_eq!(looks.appearance_data.len(), 1, "a viewer drops its own looks without this");

    let mut overlays = Vec::new();
    for _ in 0..4 {
        let overlay = client.expect::<ParcelOverlay>(SOON, |_| true).await?;
        assert_eq!(overlay.parcel_data.data.len(), 1024);
        overlays.push(overlay.parcel_data.sequence_id);
    }
    overlays.sort_unstable();
    assert_eq!(overlays, [0, 1, 2, 3]);

    client.expect::<LayerData>(SOON, |layer| layer.layer_id.type_ == b'L').await?;
    client.expect::<CoarseLocationUpdate>(SOON, |_| true).await?;
    let parcel = client.expect_event(SOON, "ParcelProperties", |_| true).await?;
    assert_eq!(parcel.get("ParcelData").at(0).get("Bitmap").as_binary().len(), 512);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_handshake_names_the_region() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut client = grid.log_in("Alice", "Tester").await?;
    let mut movement = holm::message::CompleteAgentMovement::default();
    movement.agent_data.agent_id = client.login.agent_id.0;
    movement.agent_data.session_id = client.login.session_id.0;
    movement.agent_data.circuit_code = client.login.circuit_code.0;
    client.send(&movement).await?;
    let handshake = client.expect::<RegionHandshake>(SOON, |_| true).await?;
    assert_eq!(text(&handshake.region_info.sim_name), "Holm");
    let protocols = handshake.region_info4.iter().map(|block| block.region_protocols & 1);
    assert_eq!(protocols.sum::<u64>(), 0, "no server-side baking is offered");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn two_agents_see_each_other() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter_at("Alice", "Tester", [50, 60, 22]).await?;
    let mut bob = grid.enter_at("Bob", "Tester", [70, 60, 22]).await?;
    let (alice_id, bob_id) = (alice.login.agent_id, bob.login.agent_id);
    for (client, other, x) in [(&mut alice, bob_id, 70.0), (&mut bob, alice_id, 50.0)] {
        let seen = client
            .expect::<ObjectUpdate>(SOON, |update| {
                update.object_data.iter().any(|object| object.full_id == other.0)
            })
            .await?;
        let object = seen.object_data.iter().find(|object| object.full_id == other.0);
        let data = &object.expect("found above").object_data;
        // Behind the collision plane of 16 bytes stands the position.
        let seen_x = f32::from_le_bytes(data[16..20].try_into()?);
        assert!((seen_x - x).abs() < 0.5, "at x {seen_x}, not {x}");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn questions_about_oneself_are_answered() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut client = grid.enter("Alice", "Tester").await?;
    let (agent, session) = (client.login.agent_id.0, client.login.session_id.0);

    let mut money = MoneyBalanceRequest::default();
    money.agent_data.agent_id = agent;
    money.agent_data.session_id = session;
    money.money_data.transaction_id = Uuid::from_u128(77);
    client.send(&money).await?;
    let balance = client.expect::<MoneyBalanceReply>(SOON, |_| true).await?;
    assert_eq!(balance.money_data.transaction_id, Uuid::from_u128(77));
    assert!(balance.money_data.transaction_success);

    let mut data = AgentDataUpdateRequest::default();
    data.agent_data.agent_id = agent;
    data.agent_data.session_id = session;
    client.send(&data).await?;
    let update = client.expect::<AgentDataUpdate>(SOON, |_| true).await?;
    assert_eq!(text(&update.agent_data.first_name), "Alice");

    let mut wearables = AgentWearablesRequest::default();
    wearables.agent_data.agent_id = agent;
    wearables.agent_data.session_id = session;
    client.send(&wearables).await?;
    let worn = client.expect::<AgentWearablesUpdate>(SOON, |_| true).await?;
    assert!(worn.wearable_data.iter().any(|wearable| !wearable.asset_id.is_nil()));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn hostile_throttles_are_survived() -> Result<()> {
    let grid = TestGrid::start().await?;
    let client = grid.enter("Alice", "Tester").await?;
    let floats = [f32::NAN, -1.0, f32::INFINITY, 0.0, 1e30, -0.0, f32::MIN_POSITIVE];
    let bodies =
        [floats.iter().flat_map(|f| f.to_le_bytes()).collect::<Vec<_>>(), vec![1, 2, 3], vec![]];
    for body in bodies {
        let mut throttle = AgentThrottle::default();
        throttle.agent_data.agent_id = client.login.agent_id.0;
        throttle.agent_data.session_id = client.login.session_id.0;
        throttle.agent_data.circuit_code = client.login.circuit_code.0;
        throttle.throttle.throttles = body.into();
        client.send(&throttle).await?;
    }
    client.say("still here").await?;
    client.flush().await?;
    grid.stop().await?;
    Ok(())
}
