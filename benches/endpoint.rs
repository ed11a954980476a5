//! What one endpoint task handles over loopback: a whole server in one process, clients that ask
//! pings and chat, and beside them the same datagrams between two plain sockets, which is what the
//! kernel allows.
//!
//! `cargo bench --bench endpoint`; the figures are datagrams per second, in and out together.

use std::hint::black_box;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use holm::client::LoginAnswer;
use holm::message::header::{PacketFlags, write_header};
use holm::message::{
    self, CompleteAgentMovement, CompletePingCheck, Message, MessageId, StartPingCheck,
    UseCircuitCode,
};
use holm::testing::TestGrid;

/// Pings of one measured round.
const ROUND: usize = 1000;
/// Pings under way at a time.
const WINDOW: usize = 64;

/// A circuit as bare as it gets, so that its own cost does not count much.
struct RawCircuit {
    socket: UdpSocket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl RawCircuit {
    fn open(login: &LoginAnswer) -> std::io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(login.simulator)?;
        socket.set_read_timeout(Some(Duration::from_secs(2)))?;
        let mut circuit = Self { socket, sequence: 0, buffer: vec![0; 8192] };
        let mut open = UseCircuitCode::default();
        open.circuit_code.code = login.circuit_code.0;
        open.circuit_code.session_id = login.session_id.0;
        open.circuit_code.id = login.agent_id.0;
        circuit.send(PacketFlags::RELIABLE, &open)?;
        circuit.wait_for(MessageId::fixed(0xFFFF_FFFB))?;
        Ok(circuit)
    }

    fn enter(&mut self, login: &LoginAnswer) -> std::io::Result<()> {
        let mut movement = CompleteAgentMovement::default();
        movement.agent_data.agent_id = login.agent_id.0;
        movement.agent_data.session_id = login.session_id.0;
        movement.agent_data.circuit_code = login.circuit_code.0;
        self.send(PacketFlags::RELIABLE, &movement)
    }

    fn send<M: Message>(&mut self, flags: PacketFlags, message: &M) -> std::io::Result<()> {
        let encoded = message::encode(message).expect("a small message");
        let coded = if encoded.zerocoded { PacketFlags::ZEROCODED } else { PacketFlags::empty() };
        let mut datagram = BytesMut::new();
        self.sequence += 1;
        write_header(flags | coded, self.sequence, &mut datagram);
        datagram.put_slice(&encoded.body);
        self.socket.send(&datagram)?;
        Ok(())
    }

    fn wait_for(&mut self, wanted: MessageId) -> std::io::Result<()> {
        loop {
            let length = self.socket.recv(&mut self.buffer)?;
            let number = self.buffer.get(6..length).unwrap_or_default();
            if MessageId::read(number).is_some_and(|(id, _)| id == wanted) {
                return Ok(());
            }
        }
    }

    /// Asks [`ROUND`] pings, [`WINDOW`] at a time, and reads the answers.
    fn ping_round(&mut self) -> std::io::Result<()> {
        let mut ping = StartPingCheck::default();
        let (mut asked, mut answered) = (0, 0);
        while answered < ROUND {
            while asked < ROUND && asked - answered < WINDOW {
                ping.ping_id.ping_id = asked as u8;
                self.send(PacketFlags::empty(), &ping)?;
                asked += 1;
            }
            self.wait_for(CompletePingCheck::ID)?;
            answered += 1;
        }
        Ok(())
    }
}

/// The same exchange between two plain sockets and a thread that sends everything back.
fn plain_round(socket: &UdpSocket, buffer: &mut [u8]) -> std::io::Result<()> {
    let datagram = [7u8; 12];
    let (mut asked, mut answered) = (0, 0);
    while answered < ROUND {
        while asked < ROUND && asked - answered < WINDOW {
            socket.send(&datagram)?;
            asked += 1;
        }
        black_box(socket.recv(buffer)?);
        answered += 1;
    }
    Ok(())
}

fn pings(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (grid, login) = runtime.block_on(async {
        let grid = TestGrid::start().await.expect("a grid");
        let options = grid.options("Bench", "Marker");
        let login = LoginAnswer::request(grid.http(), &options).await.expect("a login");
        (grid, login)
    });
    let mut circuit = RawCircuit::open(&login).expect("a circuit");
    circuit.enter(&login).expect("an entry");

    let mut group = criterion.benchmark_group("endpoint");
    // One datagram in and one out per ping.
    group.throughput(Throughput::Elements(2 * ROUND as u64));
    group.measurement_time(Duration::from_secs(5)).sample_size(20);
    group.bench_function("ping and answer", |bencher| {
        bencher.iter_custom(|rounds| {
            let start = now();
            for _ in 0..rounds {
                circuit.ping_round().expect("answers");
            }
            start.elapsed()
        });
    });

    let echo = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let plain = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    plain.connect(echo.local_addr().expect("an address")).expect("a peer");
    plain.set_read_timeout(Some(Duration::from_secs(2))).expect("a time-out");
    std::thread::spawn(move || {
        let mut buffer = [0u8; 8192];
        while let Ok((length, from)) = echo.recv_from(&mut buffer) {
            if echo.send_to(&buffer[..length], from).is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 8192];
    group.bench_function("plain sockets", |bencher| {
        bencher.iter(|| plain_round(&plain, &mut buffer).expect("answers"));
    });
    group.finish();
    runtime.block_on(grid.stop()).expect("a clean stop");
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

criterion_group!(benches, pings);
criterion_main!(benches);
