//! What a login costs: in process, from request to answer; and over loopback, with a server in a
//! process of its own, so that its CPU time can be told from that of the clients.
//!
//! `cargo bench --bench login`. Accounts have password hashes of the default cost and are kept on
//! disk. *Cold* is a login whose password must be hashed, *verified* one that was right before.

#[path = "common/process.rs"]
mod process;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use argon2::password_hash::PasswordHasher as _;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion};
use hdrhistogram::Histogram;
use holm::config::{Config, DuplicateLogin};
use holm::ids::AgentId;
use holm::server::Server;
use holm::services::accounts::{Account, AccountName, AccountStore as _, StoredPassword};
use holm::services::inventory::standard_inventory;
use holm::services::ports::Engine as _;
use holm::storage::SqliteStore;
use process::Process;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

/// Accounts of the grid; all have the password `test`.
const ACCOUNTS: usize = 1000;
/// Keep-alive connections of a sustained run.
const CONNECTIONS: usize = 16;

/// How a request travels.
#[derive(Clone, Copy)]
enum Wire {
    XmlRpc,
    Llsd,
}

impl Wire {
    const ALL: [Self; 2] = [Self::XmlRpc, Self::Llsd];

    const fn name(self) -> &'static str {
        match self {
            Self::XmlRpc => "XML-RPC",
            Self::Llsd => "LLSD",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::XmlRpc => "text/xml",
            Self::Llsd => "application/llsd+xml",
        }
    }

    /// As much as a viewer sends.
    fn body(self, number: usize) -> String {
        let last = format!("Number{number}");
        let fields = [
            ("first", "Bench"),
            ("last", &last),
            ("passwd", "$1$098f6bcd4621d373cade4e832627b4f6"),
            ("start", "last"),
            ("channel", "Bench Viewer"),
            ("version", "7.1.9.1"),
            ("platform", "lnx"),
            ("platform_string", "Linux 6.1"),
            ("mac", "0f6bcd4621d373cade4e832627b4f609"),
            ("id0", "f6bcd4621d373cade4e832627b4f6098"),
            ("agree_to_tos", "true"),
            ("read_critical", "true"),
        ];
        let options = [
            "inventory-root",
            "inventory-skeleton",
            "inventory-lib-root",
            "inventory-lib-owner",
            "inventory-skel-lib",
            "initial-outfit",
            "gestures",
            "display_names",
            "event_categories",
            "event_notifications",
            "classified_categories",
            "adult_compliant",
            "buddy-list",
            "newuser-config",
            "ui-config",
            "voice-config",
            "tutorial_setting",
            "login-flags",
            "global-textures",
        ];
        let (mut text, mut list) = (String::new(), String::new());
        for (name, value) in fields {
            // Writing to a string cannot fail.
            let _ = match self {
                Self::XmlRpc => write!(
                    text,
                    "<member><name>{name}</name><value><string>{value}</string></value></member>"
                ),
                Self::Llsd => write!(text, "<key>{name}</key><string>{value}</string>"),
            };
        }
        for option in options {
            let _ = match self {
                Self::XmlRpc => write!(list, "<value><string>{option}</string></value>"),
                Self::Llsd => write!(list, "<string>{option}</string>"),
            };
        }
        match self {
            Self::XmlRpc => format!(
                "<?xml version=\"1.0\"?><methodCall><methodName>login_to_simulator</methodName>\
                 <params><param><value><struct>{text}<member><name>options</name><value><array>\
                 <data>{list}</data></array></value></member></struct></value></param></params>\
                 </methodCall>"
            ),
            Self::Llsd => {
                format!("<llsd><map>{text}<key>options</key><array>{list}</array></map></llsd>")
            }
        }
    }

    /// A whole HTTP request for a keep-alive connection.
    fn request(self, number: usize) -> Bytes {
        let body = self.body(number);
        let head = format!(
            "POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-type: {}\r\n\
             content-length: {}\r\n\r\n",
            self.content_type(),
            body.len()
        );
        Bytes::from(head + &body)
    }
}

/// Whether this is a smoke run, which is to show only that all of it works; `cargo bench` says so
/// if figures are wanted.
fn is_smoke() -> bool {
    !std::env::args().any(|argument| argument == "--bench")
}

/// Fills a data directory. One hash serves all accounts: to check it costs the same.
fn fill(directory: &Path, accounts: usize) {
    let login = Config::default().login;
    let params = argon2::Params::new(login.argon2_memory_kib, login.argon2_passes, 1, None);
    let hasher = argon2::Argon2::new(
        argon2::Algorithm::Argon2id,
        argon2::Version::V0x13,
        params.expect("the default cost"),
    );
    let sent = b"$1$098f6bcd4621d373cade4e832627b4f6";
    let hash = hasher.hash_password(sent).expect("a hash").to_string();
    let mut store = SqliteStore::open(directory).expect("a store");
    store.begin().expect("a batch");
    for number in 0..accounts {
        let account = Account {
            id: AgentId::random(),
            name: AccountName::new("Bench", &format!("Number{number}")).expect("a name"),
            password: StoredPassword { full: hash.clone(), short: None },
            created_at: 1,
            last_login: None,
            last: None,
            home: None,
        };
        let (folders, items) = standard_inventory(account.id, 1);
        store.create_account(&account, &folders, &items).expect("an account");
    }
    store.commit().expect("a commit");
}

async fn start(directory: &Path, verified_cache: u32) -> Server {
    let mut config = Config::default();
    config.storage.directory = directory.to_owned();
    config.network.http_port = 0;
    config.network.control_port = 0;
    config.region.iter_mut().for_each(|region| region.udp_port = 0);
    config.login.test_accounts = false;
    config.login.verified_cache = verified_cache;
    config.grid.duplicate_login = DuplicateLogin::Replace;
    Server::start(config).await.expect("a server")
}

async fn ask(router: Router, wire: Wire, number: usize) {
    let request = Request::post("/login")
        .header("content-type", wire.content_type())
        .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))))
        .body(Body::from(wire.body(number)))
        .expect("a request");
    let answer = router.oneshot(request).await.expect("an answer");
    let body = to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
    assert!(is_granted(&body), "{}", String::from_utf8_lossy(&body));
}

fn is_granted(answer: &[u8]) -> bool {
    const SEED: &[u8] = b"seed_capability";
    answer.windows(SEED.len()).any(|window| window == SEED)
}

fn in_process(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path(), 64);
    let mut group = criterion.benchmark_group("login in process");
    for (what, cache, samples) in [("verified", 4096, 50), ("cold", 0, 10)] {
        let server = runtime.block_on(start(directory.path(), cache));
        group.sample_size(samples);
        let next = AtomicUsize::new(0);
        for wire in Wire::ALL {
            let id = BenchmarkId::new(what, wire.name());
            group.bench_function(id, |bencher| {
                bencher.to_async(&runtime).iter(|| {
                    let number = next.fetch_add(1, Ordering::Relaxed) % 64;
                    ask(server.router(), wire, number)
                });
            });
        }
        runtime.block_on(server.stop()).expect("a clean stop");
    }
    group.finish();
}

/// A server that keeps its accounts in `directory`, and lets a second login in at once.
fn serve(directory: &Path) -> Process {
    let server = Process::start(|command| {
        command.arg("--data").arg(directory);
        command.env("HOLM_GRID_DUPLICATE_LOGIN", "replace");
        command.env("HOLM_LOGIN_TEST_ACCOUNTS", "false");
    });
    server.expect("a server")
}

/// Where its login port is.
fn address(server: &Process) -> SocketAddr {
    let authority = server.login_uri.trim_start_matches("http://").trim_end_matches('/');
    authority.parse().expect("an address")
}

/// Resident memory in KiB.
fn memory(server: &Process) -> u64 {
    server.sample().rss_bytes / 1024
}

/// Sends one request and reads its answer; whether the login was granted.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> bool {
    stream.write_all(request).await.expect("a request");
    buffer.clear();
    let mut length = None;
    loop {
        assert_ne!(stream.read_buf(buffer).await.expect("an answer"), 0, "closed early");
        if length.is_none()
            && let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let text = String::from_utf8_lossy(&buffer[..head]).to_lowercase();
            let field = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            length = Some(head + 4 + field.expect("a length").parse::<usize>().expect("a number"));
        }
        if length.is_some_and(|length| buffer.len() >= length) {
            return is_granted(buffer);
        }
    }
}

/// What a run over loopback came to.
struct Outcome {
    elapsed: Duration,
    cpu: Duration,
    granted: usize,
    refused: usize,
    latency: Histogram<u64>,
}

impl Outcome {
    fn print(&self, what: &str) {
        let ms = |quantile: f64| self.latency.value_at_quantile(quantile) as f64 / 1000.0;
        let granted = self.granted.max(1) as f64;
        println!(
            "{what:<36} {:>7.0} logins/s  {:>6.3} ms server CPU each  p50 {:>8.1} ms  \
             p99 {:>8.1} ms  refused {}",
            granted / self.elapsed.as_secs_f64(),
            self.cpu.as_secs_f64() * 1000.0 / granted,
            ms(0.5),
            ms(0.99),
            self.refused,
        );
    }
}

/// `logins` logins on `connections` connections, each of which sends its next request when it has
/// its answer.
async fn run(server: &Process, wire: Wire, connections: usize, logins: usize) -> Outcome {
    let next = Arc::new(AtomicUsize::new(0));
    let (cpu, begun) = (server.cpu(), now());
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (next, address) = (Arc::clone(&next), address(server));
        tasks.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            stream.set_nodelay(true).expect("no delay");
            let (mut buffer, mut results) = (Vec::new(), Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= logins {
                    return results;
                }
                let request = wire.request(number % ACCOUNTS);
                let asked = now();
                let granted = exchange(&mut stream, &request, &mut buffer).await;
                results.push((granted, asked.elapsed()));
            }
        }));
    }
    let mut latency = Histogram::new_with_bounds(1, 600_000_000, 3).expect("a histogram");
    let (mut granted, mut refused) = (0, 0);
    for task in tasks {
        for (entered, took) in task.await.expect("a connection's results") {
            latency.saturating_record(took.as_micros() as u64);
            if entered { granted += 1 } else { refused += 1 }
        }
    }
    let (elapsed, cpu) = (begun.elapsed(), Duration::from_secs_f64(server.cpu() - cpu));
    Outcome { elapsed, cpu, granted, refused, latency }
}

async fn over_loopback() {
    let (burst, logins) = if is_smoke() { (16, 16) } else { (ACCOUNTS, 20_000) };
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path(), burst);
    let began = now();
    let server = serve(directory.path());
    println!("\nstart to ready: {:.1} ms", began.elapsed().as_secs_f64() * 1000.0);
    println!("resident before: {} KiB", memory(&server));
    run(&server, Wire::XmlRpc, burst, burst).await.print("burst at once, cold");
    println!("resident after it: {} KiB", memory(&server));
    run(&server, Wire::XmlRpc, burst, burst).await.print("burst at once, verified");
    for wire in Wire::ALL {
        let what = format!("{CONNECTIONS} connections, verified, {}", wire.name());
        run(&server, wire, CONNECTIONS, logins).await.print(&what);
    }
    println!("resident at the end: {} KiB", memory(&server));
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    in_process(&mut criterion);
    criterion.final_summary();
    // One thread: the clients must leave a core to the server.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(over_loopback());
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}
