//! What one endpoint task handles over loopback: a whole server in one process, clients that ask
//! pings and chat, and beside them the same datagrams between two plain sockets, which is what the
//! kernel allows.
//!
//! `cargo bench --bench endpoint`; the figures are datagrams per second, in and out together.

#[path = "common/bare.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod bare;
#[path = "common/packets.rs"]
mod packets;

use std::hint::black_box;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use bare::BareCircuit;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use holm::client::LoginAnswer;
use holm::message::header::PacketFlags;
use holm::message::{CompletePingCheck, Message, StartPingCheck};
use holm::testing::TestGrid;

/// Clients that ask at the same time.
const CLIENTS: usize = 8;
/// Pings that each of them has under way; a circuit answers so many in one go.
const WINDOW: usize = 16;

fn ask(circuit: &mut BareCircuit) -> std::io::Result<()> {
    let mut ping = StartPingCheck::default();
    for id in 0..WINDOW {
        ping.ping_id.ping_id = id as u8;
        circuit.send(PacketFlags::empty(), &ping)?;
    }
    Ok(())
}

fn hear(circuit: &mut BareCircuit) -> std::io::Result<()> {
    (0..WINDOW).try_for_each(|_| circuit.wait_for(CompletePingCheck::ID).map(drop))?;
    circuit.ack()
}

/// Every client asks its pings, then reads its answers.
fn round(circuits: &mut [BareCircuit]) -> std::io::Result<()> {
    circuits.iter_mut().try_for_each(ask)?;
    circuits.iter_mut().try_for_each(hear)
}

/// The same exchange between plain sockets and a thread that sends everything back.
fn plain_round(sockets: &[UdpSocket], buffer: &mut [u8]) -> std::io::Result<()> {
    let datagram = [7u8; 8];
    for socket in sockets {
        for _ in 0..WINDOW {
            socket.send(&datagram)?;
        }
    }
    for socket in sockets {
        for _ in 0..WINDOW {
            black_box(socket.recv(buffer)?);
        }
    }
    Ok(())
}

fn pings(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (grid, logins) = runtime.block_on(async {
        let grid = TestGrid::start_with(|config| config.storage.rehearse = false);
        let grid = grid.await.expect("a grid");
        let mut logins = Vec::new();
        for number in 0..CLIENTS {
            let options = grid.options("Bench", &format!("Number{number}"));
            logins.push(LoginAnswer::request(grid.http(), &options).await.expect("a login"));
        }
        (grid, logins)
    });
    let mut circuits: Vec<BareCircuit> =
        logins.into_iter().map(|login| BareCircuit::open(login).expect("a circuit")).collect();

    let mut group = criterion.benchmark_group("endpoint");
    // One datagram in and one out per ping.
    group.throughput(Throughput::Elements((2 * CLIENTS * WINDOW) as u64));
    group.measurement_time(Duration::from_secs(5)).sample_size(20);
    group.bench_function("ping and answer", |bencher| {
        bencher.iter_custom(|rounds| {
            let start = now();
            for _ in 0..rounds {
                round(&mut circuits).expect("answers");
            }
            start.elapsed()
        });
    });

    let echo = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let plain: Vec<UdpSocket> = (0..CLIENTS)
        .map(|_| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
            socket.connect(echo.local_addr().expect("an address")).expect("a peer");
            socket.set_read_timeout(Some(Duration::from_secs(2))).expect("a time-out");
            socket
        })
        .collect();
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
