use std::time::Duration;

use anyhow::{Result, ensure};
use holm::client::Client;
use holm::message::{ImprovedTerseObjectUpdate, ObjectUpdate};
use holm::testing::TestGrid;

use super::SOON;

/// `AgentUpdate.ControlFlags`.
const FORWARD: u32 = 0x1;
const SIT_ON_GROUND: u32 = 0x2_0000;
const STAND_UP: u32 = 0x1_0000;
const FLY: u32 = 0x2000;

/// Where a terse update says that `local_id` is.
async fn place_of(client: &mut Client, local_id: u32) -> Result<[f32; 3]> {
    let update = client
        .expect::<ImprovedTerseObjectUpdate>(SOON, |update| {
            update.object_data.iter().any(|object| object.data.starts_with(&local_id.to_le_bytes()))
        })
        .await?;
    let object = update
        .object_data
        .iter()
        .rev()
        .find(|object| object.data.starts_with(&local_id.to_le_bytes()))
        .map(|object| object.data.clone());
    let data = object.unwrap_or_default();
    ensure!(data.len() == 60, "a terse update of an avatar has 60 bytes, not {}", data.len());
    let at = |offset: usize| f32::from_le_bytes([0, 1, 2, 3].map(|i| data[offset + i]));
    Ok([at(22), at(26), at(30)])
}

async fn agent(grid: &TestGrid, name: &str) -> Result<serde_json::Value> {
    let list = grid.control("v1/agents").await?;
    let agents = list["agents"].as_array().cloned().unwrap_or_default();
    agents
        .into_iter()
        .find(|agent| agent["name"] == name)
        .ok_or_else(|| anyhow::anyhow!("{name} is not in {list}"))
}

async fn wait_for(
    grid: &TestGrid,
    name: &str,
    holds: impl Fn(&serde_json::Value) -> bool,
) -> Result<serde_json::Value> {
    let looked = async {
        loop {
            let agent = agent(grid, name).await?;
            if holds(&agent) {
                return Ok(agent);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, looked).await?
}

#[tokio::test]
async fn walking_is_seen_by_others() -> Result<()> {
    let grid = TestGrid::start().await?;
    let walker = grid.enter_at("Walker", "Tester", [100, 100, 22]).await?;
    let mut watcher = grid.enter_at("Watcher", "Tester", [110, 110, 22]).await?;
    let walker_id = walker.login.agent_id.0;
    let seen = watcher
        .expect::<ObjectUpdate>(SOON, |update| {
            update.object_data.iter().any(|object| object.full_id == walker_id)
        })
        .await?;
    let object = seen.object_data.iter().find(|object| object.full_id == walker_id);
    let local_id = object.expect("found above").id;

    walker.steer(FORWARD).await?;
    let mut place = place_of(&mut watcher, local_id).await?;
    while place[0] < 101.0 {
        place = place_of(&mut watcher, local_id).await?;
    }
    assert!((place[1] - 100.0).abs() < 0.5, "it walks along x: {place:?}");
    walker.steer(0).await?;
    let stopped = wait_for(&grid, "Walker Tester", |agent| agent["velocity"][0] == 0.0).await?;
    // The last update must hold the final place: some clients do not carry a motion on.
    let end = stopped["position"][0].as_f64().unwrap_or_default();
    let deadline = tokio::time::Instant::now() + SOON;
    while (f64::from(place[0]) - end).abs() > 0.05 {
        ensure!(tokio::time::Instant::now() < deadline, "last seen at {place:?}, is at {end}");
        place = place_of(&mut watcher, local_id).await?;
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn sitting_standing_and_flying() -> Result<()> {
    let grid = TestGrid::start().await?;
    let client = grid.enter("Alice", "Tester").await?;
    client.steer(SIT_ON_GROUND).await?;
    wait_for(&grid, "Alice Tester", |agent| agent["sitting"] == true).await?;
    client.steer(STAND_UP).await?;
    wait_for(&grid, "Alice Tester", |agent| agent["sitting"] == false).await?;
    client.steer(FLY).await?;
    wait_for(&grid, "Alice Tester", |agent| agent["flying"] == true).await?;
    grid.stop().await?;
    Ok(())
}
