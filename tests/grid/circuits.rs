use std::time::Duration;

use anyhow::Result;
use bytes::{BufMut, Bytes, BytesMut};
use holm::client::LoginAnswer;
use holm::message::header::{PacketFlags, parse, write_header};
use holm::message::{
    self, AgentMovementComplete, ChatFromSimulator, CompleteAgentMovement, Message, PacketAck,
    PacketAckPackets, RegionHandshake, UseCircuitCode, text,
};
use holm::testing::TestGrid;
use tokio::net::UdpSocket;

use super::SOON;

/// A client without a circuit: just datagrams.
struct Raw {
    socket: UdpSocket,
}

impl Raw {
    async fn to(login: &LoginAnswer) -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(login.simulator).await?;
        Ok(Self { socket })
    }

    async fn send<M: Message>(
        &self,
        flags: PacketFlags,
        sequence: u32,
        message: &M,
    ) -> Result<usize> {
        let encoded = message::encode(message)?;
        let coded = if encoded.zerocoded { PacketFlags::ZEROCODED } else { PacketFlags::empty() };
        let mut datagram = BytesMut::new();
        write_header(flags | coded, sequence, &mut datagram);
        datagram.put_slice(&encoded.body);
        Ok(self.socket.send(&datagram).await?)
    }

    /// The next datagram, or nothing within `wait`.
    async fn receive(&self, wait: Duration) -> Result<Option<Bytes>> {
        let mut buffer = vec![0; 2048];
        match tokio::time::timeout(wait, self.socket.recv(&mut buffer)).await {
            Err(_) => Ok(None),
            Ok(length) => Ok(Some(Bytes::copy_from_slice(&buffer[..length?]))),
        }
    }
}

fn opening(login: &LoginAnswer) -> UseCircuitCode {
    let mut open = UseCircuitCode::default();
    open.circuit_code.code = login.circuit_code.0;
    open.circuit_code.session_id = login.session_id.0;
    open.circuit_code.id = login.agent_id.0;
    open
}

fn movement(login: &LoginAnswer) -> CompleteAgentMovement {
    let mut movement = CompleteAgentMovement::default();
    movement.agent_data.agent_id = login.agent_id.0;
    movement.agent_data.session_id = login.session_id.0;
    movement.agent_data.circuit_code = login.circuit_code.0;
    movement
}

/// Whoever forges an address must not have a region flood it.
#[tokio::test]
async fn unproven_address_draws_three_times_what_it_sent() -> Result<()> {
    let grid = TestGrid::start().await?;
    let login = LoginAnswer::request(grid.http(), &grid.options("A", "B")).await?;
    let raw = Raw::to(&login).await?;
    let mut told = raw.send(PacketFlags::RELIABLE, 1, &opening(&login)).await?;
    told += raw.send(PacketFlags::RELIABLE, 2, &movement(&login)).await?;

    // The handshake fits, what comes behind it does not.
    let (mut drawn, mut handshake) = (0, None);
    while handshake.is_none() {
        let datagram = raw.receive(SOON).await?.expect("the handshake");
        drawn += datagram.len();
        handshake = Some(parse(&datagram)?).filter(|packet| packet.id == RegionHandshake::ID);
    }
    let held_back =
        |circuits: &serde_json::Value| circuits["circuits"][0]["held_back"].as_u64() > Some(0);
    let circuits = grid.wait_for("v1/circuits", "something held back", held_back).await?;
    let circuit = &circuits["circuits"][0];
    assert_eq!(circuit["proven"], false);
    assert!(circuit["bytes_out"].as_u64() <= Some(3 * told as u64), "{circuit}");
    while let Some(datagram) = raw.receive(Duration::from_millis(50)).await? {
        drawn += datagram.len();
        assert!(parse(&datagram)?.id != AgentMovementComplete::ID, "came without a proof");
    }
    assert!(drawn <= 3 * told, "{told} bytes drew {drawn}");

    let mut ack = PacketAck::default();
    let number = handshake.map_or(0, |packet| packet.sequence);
    ack.packets.push(PacketAckPackets { id: number });
    raw.send(PacketFlags::empty(), 3, &ack).await?;
    while parse(&raw.receive(SOON).await?.expect("the rest"))?.id != AgentMovementComplete::ID {}
    grid.stop().await?;
    Ok(())
}

/// Some libraries look for the handshake only once this ack has been read by itself.
#[tokio::test]
async fn use_circuit_code_is_acked_in_a_datagram_of_its_own() -> Result<()> {
    let grid = TestGrid::start().await?;
    let login = LoginAnswer::request(grid.http(), &grid.options("A", "B")).await?;
    let raw = Raw::to(&login).await?;
    raw.send(PacketFlags::RELIABLE, 0, &opening(&login)).await?;
    raw.send(PacketFlags::RELIABLE, 1, &movement(&login)).await?;

    let first = parse(&raw.receive(SOON).await?.expect("an answer"))?;
    assert_eq!(first.id, PacketAck::ID);
    assert!(first.acks.is_empty());
    let ack = message::decode::<PacketAck>(&first.body)?;
    assert_eq!(ack.packets.iter().map(|packet| packet.id).collect::<Vec<_>>(), [0]);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_circuit_needs_the_secrets_of_its_login() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut client = grid.enter("Alice", "Tester").await?;
    let raw = Raw::to(&client.login).await?;
    let mut wrong_session = opening(&client.login);
    wrong_session.circuit_code.session_id = uuid::Uuid::from_u128(1);
    let mut wrong_code = opening(&client.login);
    wrong_code.circuit_code.code ^= 1;
    for (sequence, open) in [wrong_session, wrong_code, opening(&client.login)].iter().enumerate() {
        raw.send(PacketFlags::RELIABLE, sequence as u32, open).await?;
    }
    // The last was right but from another address: refused, and the first circuit lives on.
    client.say("still mine").await?;
    client
        .expect::<ChatFromSimulator>(SOON, |chat| text(&chat.chat_data.message) == "still mine")
        .await?;
    assert_eq!(raw.receive(Duration::from_millis(50)).await?, None);
    let metrics = grid.http().get(&format!("{}metrics", grid.control_uri())).await?;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    for reason in ["wrong_session_or_agent", "unknown_circuit_code", "address_change"] {
        assert!(metrics.contains(reason), "{reason} is not counted:\n{metrics}");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn garbage_disturbs_nobody() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut client = grid.enter("Alice", "Tester").await?;
    let raw = Raw::to(&client.login).await?;
    for length in [0usize, 1, 5, 6, 7, 40, 1200] {
        for fill in [0u8, 1, 0x80, 0xFF] {
            raw.socket.send(&vec![fill; length]).await?;
        }
    }
    client.say("fine").await?;
    client
        .expect::<ChatFromSimulator>(SOON, |chat| text(&chat.chat_data.message) == "fine")
        .await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_repeated_packet_is_acked_again_and_heard_once() -> Result<()> {
    let grid = TestGrid::start().await?;
    let login = LoginAnswer::request(grid.http(), &grid.options("A", "B")).await?;
    let mut listener = grid.enter("Listener", "Tester").await?;
    let raw = Raw::to(&login).await?;
    raw.send(PacketFlags::RELIABLE, 0, &opening(&login)).await?;
    raw.send(PacketFlags::RELIABLE, 1, &movement(&login)).await?;

    let mut chat = holm::message::ChatFromViewer::default();
    chat.agent_data.agent_id = login.agent_id.0;
    chat.agent_data.session_id = login.session_id.0;
    chat.chat_data.message = message::variable2("once");
    chat.chat_data.type_ = 2;
    for flags in [PacketFlags::RELIABLE, PacketFlags::RELIABLE | PacketFlags::RESENT] {
        raw.send(flags, 2, &chat).await?;
    }
    chat.chat_data.message = message::variable2("twice");
    raw.send(PacketFlags::RELIABLE, 3, &chat).await?;

    let once = |chat: &ChatFromSimulator| text(&chat.chat_data.message) == "once";
    let twice = |chat: &ChatFromSimulator| text(&chat.chat_data.message) == "twice";
    listener.expect::<ChatFromSimulator>(SOON, once).await?;
    assert!(!super::heard_before(&mut listener, once, twice).await?);
    let mut acks = 0;
    while acks < 2 {
        let datagram = parse(&raw.receive(SOON).await?.expect("an ack of each arrival"))?;
        if datagram.id == PacketAck::ID {
            let ack = message::decode::<PacketAck>(&datagram.body)?;
            acks += ack.packets.iter().filter(|packet| packet.id == 2).count();
        }
    }
    grid.stop().await?;
    Ok(())
}
