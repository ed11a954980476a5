//! One line of chat to many hearers over loopback, end to end: the built `holm` in a process of
//! its own, and beside it, in the same run, one thread that only sends the same bytes to as many
//! plain sockets. That is what the kernel allows; the ratio of the two is the figure.
//!
//! `cargo bench --bench fanout [-- HEARERS...]`. CPU time is read from /proc, so figures per CPU
//! second come on Linux only.

#[path = "common/bare.rs"]
mod bare;
#[path = "common/packets.rs"]
mod packets;
#[path = "common/process.rs"]
mod process;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bare::BareCircuit;
use holm::client::{HttpClient, LoginAnswer, LoginOptions};
use holm::message::header::PacketFlags;
use holm::message::{
    self, AgentMovementComplete, ChatFromSimulator, ChatFromViewer, CompleteAgentMovement, Message,
    RegionHandshakeReply,
};
use process::Process;
use rustix::time::{ClockId, clock_gettime};

/// Lines that are under way at once.
const WINDOW: usize = 16;
/// Rounds of which the median counts.
const ROUNDS: usize = 5;
/// Datagrams that a quiet region still sends to an agent in a second: pings, time, statistics.
const IDLE: usize = 5;
/// Characters of a line.
const TEXT: usize = 60;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --bench` wants to see that it runs, not how fast.
    let measures = arguments.iter().any(|argument| argument == "--bench");
    let wanted: Vec<usize> = arguments.iter().filter_map(|text| text.parse().ok()).collect();
    let hearers = match (measures, wanted.is_empty()) {
        (false, _) => vec![3],
        (true, true) => vec![10, 30, 100, 300, 1000],
        (true, false) => wanted,
    };
    let time = if measures { Duration::from_secs(2) } else { Duration::from_millis(50) };
    println!(
        "{:>7} {:>6} {:>16} {:>16} {:>6} {:>16} {:>14}",
        "hearers", "bytes", "plain /cpu s", "holm /cpu s", "ratio", "plain /s", "holm /s"
    );
    for count in hearers {
        let mut crowd = Crowd::enter(count).expect("a grid with everybody in it");
        let bytes = crowd.say(WINDOW).expect("the first lines are heard");
        let mut rounds: Vec<(Rate, Rate)> = (0..ROUNDS)
            .map(|_| {
                let plain = plain(count, bytes, time).expect("plain sockets");
                (plain, crowd.measure(time).expect("chat that is heard"))
            })
            .collect();
        rounds.sort_by(|(plain, holm), (plain2, holm2)| {
            (holm.per_cpu / plain.per_cpu).total_cmp(&(holm2.per_cpu / plain2.per_cpu))
        });
        let (plain, holm) = rounds[ROUNDS / 2];
        println!(
            "{count:>7} {bytes:>6} {:>16.0} {:>16.0} {:>6.2} {:>16.0} {:>14.0}",
            plain.per_cpu,
            holm.per_cpu,
            holm.per_cpu / plain.per_cpu,
            plain.per_second,
            holm.per_second
        );
    }
}

/// Datagrams.
#[derive(Clone, Copy)]
struct Rate {
    per_cpu: f64,
    per_second: f64,
}

/// What one thread reaches that only sends, in the same pattern: so many lines to all sockets,
/// then a wait until another thread, which blocks in `recv` as clients do, has read them.
fn plain(sockets: usize, bytes: usize, time: Duration) -> io::Result<Rate> {
    let receivers = (0..sockets)
        .map(|_| {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.set_read_timeout(Some(Duration::from_secs(5)))?;
            Ok(socket)
        })
        .collect::<io::Result<Vec<_>>>()?;
    let addresses =
        receivers.iter().map(UdpSocket::local_addr).collect::<io::Result<Vec<SocketAddr>>>()?;
    let (ask, asked) = mpsc::channel::<()>();
    let (answer, answered) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut buffer = [0u8; 8192];
        while asked.recv().is_ok() {
            let read = receivers.iter().try_for_each(|socket| {
                (0..WINDOW).try_for_each(|_| socket.recv(&mut buffer).map(drop))
            });
            if answer.send(read).is_err() {
                return;
            }
        }
    });
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let datagram = vec![7u8; bytes];
    let (began, cpu) = (now(), thread_cpu());
    let mut count = 0;
    while began.elapsed() < time {
        ask.send(()).map_err(io::Error::other)?;
        for _ in 0..WINDOW {
            for address in &addresses {
                socket.send_to(&datagram, address)?;
            }
        }
        count += WINDOW * sockets;
        answered.recv().map_err(io::Error::other)??;
    }
    let (wall, cpu) = (began.elapsed().as_secs_f64(), thread_cpu() - cpu);
    drop(ask);
    let _ = reader.join();
    Ok(Rate { per_cpu: count as f64 / cpu, per_second: count as f64 / wall })
}

/// Agents in a region; the first one speaks.
struct Crowd {
    server: Process,
    agents: Vec<BareCircuit>,
}

impl Crowd {
    fn enter(count: usize) -> io::Result<Self> {
        let server = Process::start(|command| {
            command.args(["--ephemeral", "--open"]);
        })?;
        let runtime = tokio::runtime::Runtime::new()?;
        let http = HttpClient::new(Duration::from_secs(10));
        let mut agents = Vec::new();
        for number in 0..count {
            let (first, last) = ("Bench", format!("Number{number}"));
            let options = LoginOptions::new(&server.login_uri, first, &last, "test");
            let login = runtime
                .block_on(LoginAnswer::request(&http, &options))
                .map_err(|error| io::Error::other(error.to_string()))?;
            agents.push(enter(login)?);
            if number % 8 == 0 {
                agents.iter_mut().try_for_each(|agent| agent.drain().map(drop))?;
            }
        }
        // Everybody is shown to everybody before anybody speaks.
        loop {
            let (second, mut heard) = (now(), 0);
            while second.elapsed() < Duration::from_secs(1) {
                std::thread::sleep(Duration::from_millis(10));
                for agent in &mut agents {
                    heard += agent.drain()?;
                }
            }
            if heard <= IDLE * count {
                break;
            }
        }
        Ok(Self { server, agents })
    }

    /// Rounds of lines for `time`.
    fn measure(&mut self, time: Duration) -> io::Result<Rate> {
        let (began, cpu) = (now(), self.server.cpu());
        let mut copies = 0;
        while began.elapsed() < time {
            self.say(WINDOW)?;
            copies += WINDOW * self.agents.len();
        }
        let (wall, cpu) = (began.elapsed().as_secs_f64(), self.server.cpu() - cpu);
        Ok(Rate { per_cpu: copies as f64 / cpu, per_second: copies as f64 / wall })
    }

    /// Says some lines and waits until all have heard them; gives the bytes of a copy.
    fn say(&mut self, lines: usize) -> io::Result<usize> {
        let speaker = &mut self.agents[0];
        let mut chat = ChatFromViewer::default();
        chat.agent_data.agent_id = speaker.login.agent_id.0;
        chat.agent_data.session_id = speaker.login.session_id.0;
        chat.chat_data.message = message::variable2(&"x".repeat(TEXT));
        chat.chat_data.type_ = 2;
        for _ in 0..lines {
            speaker.send(PacketFlags::RELIABLE, &chat)?;
        }
        let mut bytes = 0;
        for agent in &mut self.agents {
            bytes = hear(agent, lines)?;
        }
        Ok(bytes)
    }
}

/// Enters the region, as viewers do.
fn enter(login: LoginAnswer) -> io::Result<BareCircuit> {
    let mut agent = BareCircuit::open(login)?;
    let (agent_id, session_id) = (agent.login.agent_id.0, agent.login.session_id.0);
    let mut movement = CompleteAgentMovement::default();
    movement.agent_data.agent_id = agent_id;
    movement.agent_data.session_id = session_id;
    movement.agent_data.circuit_code = agent.login.circuit_code.0;
    agent.send(PacketFlags::RELIABLE, &movement)?;
    agent.wait_for_and_ack(AgentMovementComplete::ID)?;
    let mut reply = RegionHandshakeReply::default();
    reply.agent_data.agent_id = agent_id;
    reply.agent_data.session_id = session_id;
    agent.send(PacketFlags::RELIABLE, &reply)?;
    Ok(agent)
}

/// Reads until so many lines of chat were heard, and acks all that asks for it.
fn hear(agent: &mut BareCircuit, lines: usize) -> io::Result<usize> {
    let mut bytes = 0;
    for _ in 0..lines {
        bytes = agent.wait_for(ChatFromSimulator::ID)?;
    }
    agent.ack()?;
    Ok(bytes)
}

/// CPU seconds of this thread.
fn thread_cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}
