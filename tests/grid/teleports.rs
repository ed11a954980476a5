use anyhow::Result;
use holm::circuit::CircuitConfig;
use holm::client::{Client, LoginAnswer};
use holm::config::RegionConfig;
use holm::ids::RegionHandle;
use holm::llsd::Llsd;
use holm::message::{
    ChatFromSimulator, DisableSimulator, ImprovedInstantMessage, ObjectUpdate,
    TeleportLocationRequest, TeleportStart, Vector3, text,
};
use holm::testing::TestGrid;
use tokio::net::UdpSocket;

use super::SOON;

const THERE: Vector3 = Vector3 { x: 40.0, y: 50.0, z: 30.0 };

async fn two_regions() -> Result<TestGrid> {
    let grid = TestGrid::start_with(|config| {
        let second =
            RegionConfig { name: "Skerry".into(), x: 1001, udp_port: 0, ..Default::default() };
        config.region.push(second);
    });
    Ok(grid.await?)
}

pub async fn ask(client: &Client, region: RegionHandle) -> Result<()> {
    let mut request = TeleportLocationRequest::default();
    request.agent_data.agent_id = client.login.agent_id.0;
    request.agent_data.session_id = client.login.session_id.0;
    request.info.region_handle = region.0;
    request.info.position = THERE;
    request.info.look_at = Vector3 { x: 1.0, y: 0.0, z: 0.0 };
    Ok(client.send(&request).await?)
}

fn bytes<const N: usize>(value: &Llsd) -> [u8; N] {
    value.as_binary().try_into().expect("binary of that length")
}

/// Where `TeleportFinish` points.
async fn next_stop(client: &mut Client) -> Result<LoginAnswer> {
    client.expect::<TeleportStart>(SOON, |_| true).await?;
    let finish = client.expect_event(SOON, "TeleportFinish", |_| true).await?;
    let info = finish.get("Info").at(0);
    let ip: [u8; 4] = bytes(info.get("SimIP"));
    let port = u16::try_from(info.get("SimPort").as_i32())?;
    Ok(LoginAnswer {
        simulator: (ip, port).into(),
        region_handle: RegionHandle(u64::from_be_bytes(bytes(info.get("RegionHandle")))),
        seed: info.get("SeedCapability").as_string(),
        ..client.login.clone()
    })
}

/// Opens the circuit to which `TeleportFinish` points, as a client does, and enters.
pub async fn follow(client: &mut Client) -> Result<Client> {
    let login = next_stop(client).await?;
    let mut there = Client::connect(client.http().clone(), login, CircuitConfig::client()).await?;
    let arrived = there.enter().await?;
    assert_eq!(arrived.data.region_handle, RegionHandle::from_grid(1001, 1000).0);
    assert!((arrived.data.position.x - THERE.x).abs() < 0.5);
    Ok(there)
}

#[tokio::test]
async fn an_agent_that_comes_back_by_the_same_port_is_served() -> Result<()> {
    let grid = two_regions().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let (home, port) = (alice.login.region_handle, alice.local_address);
    ask(&alice, RegionHandle::from_grid(1001, 1000)).await?;
    let mut there = follow(&mut alice).await?;
    alice.expect::<DisableSimulator>(SOON, |_| true).await?;
    drop(alice);

    ask(&there, home).await?;
    let login = next_stop(&mut there).await?;
    let free = async {
        loop {
            match UdpSocket::bind(port).await {
                Ok(socket) => break socket,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let socket = tokio::time::timeout(SOON, free).await?;
    // It repeats nothing before everybody's patience is over: the first datagrams have to do.
    let (rto_initial, rto_max) = (10 * SOON, 10 * SOON);
    let config = CircuitConfig { rto_initial, rto_max, ..CircuitConfig::client() };
    let mut back = Client::connect_by(socket, there.http().clone(), login, config).await?;
    assert_eq!(back.enter().await?.data.region_handle, home.0);
    back.say("home again").await?;
    back.expect::<ChatFromSimulator>(SOON, |chat| text(&chat.chat_data.message) == "home again")
        .await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn agent_goes_to_the_other_region_and_is_the_same_there() -> Result<()> {
    let grid = two_regions().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    ask(&alice, RegionHandle::from_grid(1001, 1000)).await?;
    let mut there = follow(&mut alice).await?;
    // The old circuit is ended by the region, without a word of a logout.
    alice.expect::<DisableSimulator>(SOON, |_| true).await?;

    bob.im(there.login.agent_id, "are you there?", 0).await?;
    let said = |im: &ImprovedInstantMessage| text(&im.message_block.message) == "are you there?";
    there.expect::<ImprovedInstantMessage>(SOON, said).await?;
    there.im(bob.login.agent_id, "yes", 0).await?;
    let answer = bob
        .expect::<ImprovedInstantMessage>(SOON, |im| text(&im.message_block.message) == "yes")
        .await?;
    assert_eq!(answer.agent_data.agent_id, there.login.agent_id.0);
    there.say("alone here").await?;
    there
        .expect::<ChatFromSimulator>(SOON, |chat| text(&chat.chat_data.message) == "alone here")
        .await?;
    let agents = grid.control("v1/agents").await?;
    let regions: Vec<_> = agents["agents"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|agent| (agent["name"].clone(), agent["region"].clone()))
        .collect();
    assert!(regions.contains(&("Alice Tester".into(), "Skerry".into())), "{regions:?}");
    there.log_out().await?;
    grid.wait_for_count("v1/agents", 1).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn arrival_is_seen_by_those_present() -> Result<()> {
    let grid = two_regions().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let options = grid.options("Bob", "Tester").at("uri:Skerry&41&51&30");
    let mut bob = Client::log_in(&options).await?;
    bob.enter().await?;
    ask(&alice, RegionHandle::from_grid(1001, 1000)).await?;
    let there = follow(&mut alice).await?;
    let id = there.login.agent_id.0;
    bob.expect::<ObjectUpdate>(SOON, |update| {
        update.object_data.iter().any(|object| object.full_id == id)
    })
    .await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn agent_that_never_arrives_stays_where_it_is() -> Result<()> {
    let grid = two_regions().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    ask(&alice, RegionHandle::from_grid(1001, 1000)).await?;
    alice.expect_event(SOON, "TeleportFinish", |_| true).await?;
    alice.say("still here").await?;
    alice
        .expect::<ChatFromSimulator>(SOON, |chat| text(&chat.chat_data.message) == "still here")
        .await?;
    // Its handoff ends with it: the code opens nothing any more.
    alice.log_out().await?;
    grid.wait_for_count("v1/agents", 0).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn teleport_to_nowhere_fails_with_a_reason() -> Result<()> {
    let grid = two_regions().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    ask(&alice, RegionHandle::from_grid(5, 5)).await?;
    let failed = alice.expect_event(SOON, "TeleportFailed", |_| true).await?;
    assert_eq!(failed.get("Info").at(0).get("Reason").as_string(), "no_host");
    grid.stop().await?;
    Ok(())
}
