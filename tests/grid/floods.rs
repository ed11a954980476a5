//! One sender cannot end another's session, or silence others, by sending more than the recipient
//! takes.

use anyhow::{Context as _, Result, bail};
use bytes::{BufMut, Bytes, BytesMut};
use holm::client::{Client, LoginAnswer};
use holm::ids::AgentId;
use holm::llsd::Llsd;
use holm::message::header::{Datagram, PacketFlags, parse, write_header};
use holm::message::{
    self, ChatFromSimulator, CompleteAgentMovement, ImprovedInstantMessage, Message, PacketAck,
    PacketAckPackets, UseCircuitCode, text,
};
use holm::testing::TestGrid;
use tokio::net::UdpSocket;

use super::SOON;
use super::conference::{ids, start as start_conference};
use super::group_chat::{INVITATION, ask, hears, request, residents, say, start};

/// The dialog of an ordinary message.
const MESSAGE: u8 = 0;
/// More than a circuit keeps for acks.
const FLOOD: usize = 5000;
const TOO_BUSY: &str = "User is too busy. Message not delivered.";

/// A client that reads and acks only when it is told to.
struct Sluggish {
    socket: UdpSocket,
    agent: AgentId,
    sequence: u32,
}

impl Sluggish {
    async fn enter(grid: &TestGrid, first: &str) -> Result<Self> {
        let login = LoginAnswer::request(grid.http(), &grid.options(first, "Tester")).await?;
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(login.simulator).await?;
        let mut client = Self { socket, agent: login.agent_id, sequence: 0 };
        let mut open = UseCircuitCode::default();
        open.circuit_code.code = login.circuit_code.0;
        open.circuit_code.session_id = login.session_id.0;
        open.circuit_code.id = login.agent_id.0;
        client.send(&open).await?;
        let mut movement = CompleteAgentMovement::default();
        movement.agent_data.agent_id = login.agent_id.0;
        movement.agent_data.session_id = login.session_id.0;
        movement.agent_data.circuit_code = login.circuit_code.0;
        client.send(&movement).await?;
        client.read_until(|packet| packet.id == message::AgentMovementComplete::ID).await?;
        Ok(client)
    }

    async fn send<M: Message>(&mut self, message: &M) -> Result<()> {
        let encoded = message::encode(message)?;
        let mut flags = PacketFlags::RELIABLE;
        flags.set(PacketFlags::ZEROCODED, encoded.zerocoded);
        self.write(flags, &encoded.body).await
    }

    async fn write(&mut self, flags: PacketFlags, body: &[u8]) -> Result<()> {
        let mut datagram = BytesMut::new();
        write_header(flags, self.sequence, &mut datagram);
        self.sequence += 1;
        datagram.put_slice(body);
        self.socket.send(&datagram).await?;
        Ok(())
    }

    /// Reads and acks until a packet fits.
    async fn read_until(&mut self, fits: impl Fn(&Datagram) -> bool) -> Result<()> {
        let mut buffer = vec![0; 4096];
        loop {
            let received = tokio::time::timeout(SOON, self.socket.recv(&mut buffer)).await;
            let length = received.context("nothing comes any more")??;
            let packet = parse(&Bytes::copy_from_slice(&buffer[..length]))?;
            if packet.flags.contains(PacketFlags::RELIABLE) {
                let packets = vec![PacketAckPackets { id: packet.sequence }];
                let ack = message::encode(&PacketAck { packets })?;
                self.write(PacketFlags::empty(), &ack.body).await?;
            }
            if packet.id == message::DisableSimulator::ID || packet.id == message::KickUser::ID {
                bail!("the session was ended");
            }
            if fits(&packet) {
                return Ok(());
            }
        }
    }

    /// Reads and acks until that text was said to it.
    async fn hear(&mut self, wanted: &str) -> Result<()> {
        self.read_until(|packet| {
            let im = message::decode::<ImprovedInstantMessage>(&packet.body).ok();
            let said = im.filter(|_| packet.id == ImprovedInstantMessage::ID);
            let line = message::decode::<ChatFromSimulator>(&packet.body).ok();
            let line = line.filter(|_| packet.id == ChatFromSimulator::ID);
            said.is_some_and(|im| text(&im.message_block.message) == wanted)
                || line.is_some_and(|line| text(&line.chat_data.message) == wanted)
        })
        .await
    }
}

async fn told_too_busy(client: &mut Client) -> Result<()> {
    let fits = |im: &ImprovedInstantMessage| text(&im.message_block.message) == TOO_BUSY;
    client.expect::<ImprovedInstantMessage>(SOON, fits).await.context("told")?;
    Ok(())
}

#[tokio::test]
async fn an_im_flood_is_refused_and_leaves_room_for_others() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut victim = Sluggish::enter(&grid, "Victim").await?;
    let mut loud = grid.enter("Loud", "Tester").await?;
    let quiet = grid.enter("Quiet", "Tester").await?;
    for number in 0..FLOOD {
        loud.im(victim.agent, &format!("flood {number}"), MESSAGE).await?;
    }
    told_too_busy(&mut loud).await?;
    quiet.im(victim.agent, "hello", MESSAGE).await?;
    victim.hear("hello").await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_chat_flood_is_refused_and_leaves_room_for_others() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut victim = Sluggish::enter(&grid, "Victim").await?;
    let loud = grid.enter("Loud", "Tester").await?;
    let quiet = grid.enter("Quiet", "Tester").await?;
    for number in 0..FLOOD {
        loud.say(&format!("flood {number}")).await?;
    }
    loud.flush().await?;
    quiet.say("hello").await?;
    victim.hear("hello").await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_typing_flood_goes_before_text() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut victim = Sluggish::enter(&grid, "Victim").await?;
    let loud = grid.enter("Loud", "Tester").await?;
    for number in 0..FLOOD {
        let kind = if number % 2 == 0 { 4 } else { 5 };
        loud.chat("", kind, 0).await?;
        let kind = if number % 2 == 0 { 41 } else { 42 };
        loud.im(victim.agent, "typing", kind).await?;
    }
    loud.im(victim.agent, "hello", MESSAGE).await?;
    victim.hear("hello").await?;
    let circuits = grid.control("v1/circuits").await?;
    let of_victim = circuits["circuits"]
        .as_array()
        .context("circuits")?
        .iter()
        .find(|circuit| circuit["agent_id"].as_str() == Some(&victim.agent.0.to_string()));
    let drops = &of_victim.context("the victim's circuit")?["drops"];
    assert!(drops["superseded"].as_u64() > Some(4000), "{drops}");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_group_flood_silences_no_other_session() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.login.test_accounts = true;
        config.limits.outbox_queue = 1024;
        config.limits.session_copies_per_second = 100;
    })
    .await?;
    let mut loud = grid.enter("Alice", "Tester").await?;
    let mut member = grid.enter("Bob", "Tester").await?;
    let group = residents(&mut loud).await?;
    start(&mut loud, group).await?;
    start(&mut member, group).await?;
    let mut quiet = grid.enter("Quiet", "Tester").await?;
    let mut friend = grid.enter("Friend", "Tester").await?;
    let pair = start_conference(&mut quiet, ids(&[&friend])).await?;
    say(&quiet, pair, "first").await?;
    friend.expect_event(SOON, INVITATION, |_| true).await?;
    assert_eq!(request(&friend, &ask("accept invitation", pair, Llsd::Undef)).await?.0, 200);
    for number in 0..35 {
        for flood in 0..60 {
            say(&loud, group, &format!("flood {number} {flood}")).await?;
        }
        let text = format!("text {number}");
        say(&quiet, pair, &text).await?;
        hears(&mut friend, &text).await.context(text)?;
    }
    Ok(grid.stop().await?)
}
