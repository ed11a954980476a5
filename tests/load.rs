//! `holm load` against a grid in this process: exact counts, and what becomes of a run whose grid
//! is none, refuses or dies.

use std::sync::Arc;
use std::time::Duration;

use holm::load::plan::MIN_TEXT;
use holm::load::{
    AccountSource, LoadAccount, LoadError, Manner, Outcome, Phase, Plan, Progress, Scenario, run,
};
use holm::testing::{PASSWORD, TestGrid};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Longer than any of these runs takes.
const LONG: Duration = Duration::from_secs(60);

fn accounts(count: usize) -> AccountSource {
    let account = |number| LoadAccount {
        first: "Load".to_owned(),
        last: format!("{number:04}"),
        password: PASSWORD.to_owned(),
    };
    AccountSource::Known((0..count).map(account).collect())
}

fn plan(login_uri: &str, agents: usize, scenario: Scenario) -> Plan {
    Plan {
        login_uri: login_uri.to_owned(),
        own_grid: false,
        accounts: accounts(agents),
        agents,
        ramp: None,
        scenario,
        duration: Duration::from_secs(1),
        settle: Duration::ZERO,
        drain: Duration::from_secs(10),
        manner: Manner::Viewer,
        threads: 1,
        pid: None,
        calibrate: false,
        seed: 1,
    }
}

async fn carry_out(plan: Plan) -> Outcome {
    let (progress, _) = watch::channel(Progress::default());
    let stop = CancellationToken::new();
    tokio::time::timeout(LONG, run(plan, progress, stop)).await.expect("a run ends")
}

/// Runs against a fresh grid and wants no error, and nobody left behind.
async fn fine(agents: usize, scenario: Scenario) -> Outcome {
    let grid = TestGrid::start().await.expect("starts");
    let outcome = carry_out(plan(grid.login_uri(), agents, scenario)).await;
    assert_eq!(outcome.error, None, "{:?}", outcome.report.errors);
    let report = &outcome.report;
    assert_eq!((report.lost, report.doubled), (0, 0));
    assert_eq!(report.delivered, report.expected);
    assert_eq!(report.outcome, "complete");
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    grid.wait_for_count("v1/agents", 0).await.expect("all have logged out");
    grid.stop().await.expect("stops");
    outcome
}

#[tokio::test]
async fn idle_agents_come_and_go() {
    let report = fine(6, Scenario::Idle).await.report;
    assert_eq!((report.connected, report.logins, report.sent), (6, 6, 0));
    assert_eq!(report.login_ms.count, 6);
    for (name, count) in [
        ("UseCircuitCode", 6),
        ("RegionHandshakeReply", 6),
        ("AgentThrottle", 6),
        ("LogoutRequest", 6),
    ] {
        assert_eq!(report.messages.sent.get(name), Some(&count), "{name}");
    }
    assert_eq!(report.messages.received.get("LogoutReply"), Some(&6));
}

#[tokio::test]
async fn chat_at_a_rate_is_heard_by_all() {
    let scenario =
        Scenario::Chat { speakers: 3, rate: Some(50.0), outstanding: 1, text_bytes: MIN_TEXT };
    let report = fine(8, scenario).await.report;
    assert_eq!((report.sent, report.expected, report.delivered), (50, 400, 400));
    assert_eq!(report.latency_ms.count, 400);
    assert!(report.latency_ms.p50 > 0.0);
    assert_eq!(report.messages.received.get("ChatFromSimulator"), Some(&400));
    assert_eq!(report.series.iter().map(|second| second.sent).sum::<u64>(), 50);
}

#[tokio::test]
async fn chat_as_fast_as_it_goes_is_heard_by_all() {
    let scenario = Scenario::Chat { speakers: 2, rate: None, outstanding: 4, text_bytes: 200 };
    let report = fine(5, scenario).await.report;
    assert!(report.sent >= 8, "each speaker begins with four lines: {}", report.sent);
    assert_eq!(report.expected, report.sent * 5);
}

#[tokio::test]
async fn letters_go_to_the_neighbour() {
    let rate = Scenario::Im { rate: Some(60.0), outstanding: 1, text_bytes: 100 };
    let fast = Scenario::Im { rate: None, outstanding: 2, text_bytes: 100 };
    let (rate, fast) = tokio::join!(fine(6, rate), fine(4, fast));
    assert_eq!((rate.report.sent, rate.report.delivered), (60, 60));
    assert!(fast.report.sent >= 4, "each begins with at least one: {}", fast.report.sent);
    assert_eq!(fast.report.expected, fast.report.sent);
}

#[tokio::test]
async fn a_group_hears_each_text_once() {
    let group =
        |rate, outstanding| Scenario::Group { speakers: 2, rate, outstanding, text_bytes: 100 };
    let (rate, fast) = tokio::join!(fine(5, group(Some(40.0), 1)), fine(4, group(None, 4)));
    let report = rate.report;
    assert_eq!((report.sent, report.expected, report.delivered), (40, 200, 200));
    assert_eq!(report.messages.received.get("ImprovedInstantMessage"), Some(&200));
    assert_eq!(report.messages.events.get("ChatterBoxSessionStartReply"), Some(&5));
    assert!(fast.report.sent >= 8, "each speaker begins with four: {}", fast.report.sent);
    assert_eq!(fast.report.expected, fast.report.sent * 4);
}

#[tokio::test]
async fn walkers_see_each_other() {
    let grid = TestGrid::start().await.expect("starts");
    let scenario = Scenario::Walk { radius: 40.0, speakers: 2, rate: 10.0 };
    let plan = Plan { duration: Duration::from_secs(3), ..plan(grid.login_uri(), 5, scenario) };
    let outcome = carry_out(plan).await;
    assert_eq!(outcome.error, None);
    let report = outcome.report;
    assert_eq!((report.sent, report.delivered), (30, 150));
    let freshness = report.freshness.expect("was looked at");
    assert!((freshness.known - 4.0).abs() < f64::EPSILON, "{freshness:?}");
    // At most two looks of five agents at four others.
    assert!((1..=40).contains(&freshness.nearest_20_ms.count), "{freshness:?}");
    assert_eq!(freshness.nearest_20_ms.count, freshness.all_ms.count);
    assert!(freshness.all_ms.max > 0.0, "{freshness:?}");
    let updates = report.messages.sent.get("AgentUpdate").copied().unwrap_or_default();
    // Each at least once, at the start; at most ten times a second.
    assert!((5..=180).contains(&updates), "{updates} in three seconds of five agents");
    grid.stop().await.expect("stops");
}

#[tokio::test]
async fn event_queues_are_polled() {
    let report = fine(3, Scenario::EventQueue).await.report;
    assert_eq!(report.messages.events.get("ParcelProperties"), Some(&3));
}

#[tokio::test]
async fn logins_go_round() {
    let run = async |enter| {
        let scenario = Scenario::Login { connections: 2, enter };
        let report = fine(5, scenario).await.report;
        assert_eq!(report.filling.logins, 5);
        assert!(report.logins > 5, "{}", report.logins);
        assert!(report.logins_per_s > 0.0);
        assert_eq!(report.login_ms.count, report.logins - 5);
    };
    tokio::join!(run(true), run(false));
}

#[tokio::test]
async fn a_blend_keeps_its_books() {
    let scenario = Scenario::Mixed { chat_rate: 20.0, im_rate: 10.0, churn: 2.0, walking: 0.5 };
    let report = fine(8, scenario).await.report;
    // Six stay: all hear each line, three of them write letters.
    assert_eq!((report.sent, report.expected), (30, 20 * 6 + 10));
    assert!(report.logins > 8, "guests came again: {}", report.logins);
}

#[tokio::test]
async fn accounts_are_made_and_may_exist() {
    let grid = TestGrid::start_with(|config| config.login.open = false).await.expect("starts");
    for _ in 0..2 {
        let accounts = AccountSource::Create {
            control_uri: grid.control_uri().to_owned(),
            token: None,
            count: 3,
        };
        let plan = Plan {
            accounts,
            duration: Duration::ZERO,
            ..plan(grid.login_uri(), 3, Scenario::Idle)
        };
        let outcome = carry_out(plan).await;
        assert_eq!(outcome.error, None);
        assert_eq!(outcome.report.connected, 3);
    }
    grid.stop().await.expect("stops");
}

#[tokio::test]
async fn the_silent_and_the_rude_do_no_harm_to_the_others() {
    let run = async |manner| {
        let grid = TestGrid::start().await.expect("starts");
        let scenario =
            Scenario::Chat { speakers: 2, rate: Some(20.0), outstanding: 1, text_bytes: 100 };
        let outcome = carry_out(Plan { manner, ..plan(grid.login_uri(), 5, scenario) }).await;
        assert_eq!(outcome.error, None, "{manner:?}");
        // Only the speakers are held to hear everything.
        assert_eq!((outcome.report.sent, outcome.report.expected), (20, 40));
        grid.stop().await.expect("stops");
    };
    tokio::join!(run(Manner::Silent), run(Manner::Rude));
}

#[tokio::test]
async fn a_hundred_rude_agents_do_no_harm_to_twenty_speakers() {
    let grid = TestGrid::start().await.expect("starts");
    let scenario =
        Scenario::Chat { speakers: 20, rate: Some(30.0), outstanding: 1, text_bytes: 100 };
    let plan = Plan {
        manner: Manner::Rude,
        duration: Duration::from_secs(4),
        ..plan(grid.login_uri(), 120, scenario)
    };
    let (progress, seen) = watch::channel(Progress::default());
    let running = tokio::time::timeout(LONG, run(plan, progress, CancellationToken::new()));
    let watching = most_resends_while_running(&grid, seen);
    let (outcome, most) = tokio::join!(running, watching);
    let report = outcome.expect("a run ends").report;
    assert_eq!(report.outcome, "complete", "{:?}", report.errors);
    assert_eq!((report.connected, report.sent), (120, 120));
    assert_eq!((report.expected, report.lost, report.doubled), (2400, 0, 0));
    // A probe or two, each time later, and not all that is unacked again and again.
    assert!(most > 0 && most <= 12, "{most} packets were sent again to one client");
    grid.stop().await.expect("stops");
}

/// The most packets that one circuit has sent again while the agents were in.
async fn most_resends_while_running(grid: &TestGrid, mut seen: watch::Receiver<Progress>) -> u64 {
    let mut most = 0;
    let is_running = |progress: &Progress| progress.phase == Phase::Running;
    if seen.wait_for(is_running).await.is_err() {
        return most;
    }
    // The run reports its progress several times a second.
    while seen.changed().await.is_ok() {
        let circuits = grid.control("v1/circuits").await.expect("circuits");
        // When agents leave, they ack again and get what they have missed.
        if !is_running(&seen.borrow()) {
            break;
        }
        let circuits = circuits["circuits"].as_array().expect("a list");
        let resends = circuits.iter().filter_map(|circuit| circuit["resends"].as_u64());
        most = resends.fold(most, u64::max);
    }
    most
}

// --- what can go wrong ----------------------------------------------------------------------

/// A listener that answers every connection with these bytes; gives its login URI.
async fn answers(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = Arc::new(bytes.into());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("is bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&bytes).await;
            });
        }
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn nonsense_is_no_login_answer() {
    for bytes in [
        &b"220 smtp.example ESMTP\r\n"[..],
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/llsd+xml\r\nContent-Length: 65\r\n\r\n\
          <llsd><map><key>login</key><string>true</string></map></llsd>    ",
    ] {
        let uri = answers(bytes).await;
        let outcome = carry_out(plan(&uri, 3, Scenario::Idle)).await;
        match outcome.error {
            Some(LoadError::Nonsense { url, .. }) => assert_eq!(url, uri),
            other => panic!("{other:?}"),
        }
        assert_eq!(outcome.report.outcome, "interrupted");
        assert_eq!((outcome.report.agents, outcome.report.connected), (3, 0));
    }
}

/// The address of a server that answers everything with that LLSD.
async fn answers_llsd(body: &str) -> String {
    let length = body.len();
    answers(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/llsd+xml\r\nContent-Length: {length}\r\n\r\n\
         {body}"
    ))
    .await
}

#[tokio::test]
async fn a_grid_that_sends_agents_to_other_machines_is_refused() {
    let queue = "<key>EventQueueGet</key><string>http://192.0.2.1:9/</string>";
    let caps = answers_llsd(&format!("<llsd><map>{queue}</map></llsd>")).await;
    let idle = Scenario::Idle;
    let login = Scenario::Login { connections: 1, enter: false };
    for (simulator, seed, scenario) in [
        ("192.0.2.1", "http://127.0.0.1:9/seed", &idle),
        ("192.0.2.1", "http://127.0.0.1:9/seed", &login),
        ("127.0.0.1", "http://192.0.2.1:9/seed", &idle),
        ("127.0.0.1", "http://192.0.2.1:9/seed", &login),
        ("127.0.0.1", &caps, &idle),
    ] {
        let id = "<uuid>00000000-0000-4000-8000-00000000000a</uuid>";
        let uri = answers_llsd(&format!(
            "<llsd><map><key>login</key><string>true</string><key>agent_id</key>{id}\
             <key>session_id</key>{id}<key>secure_session_id</key>{id}\
             <key>sim_ip</key><string>{simulator}</string><key>sim_port</key><integer>9</integer>\
             <key>seed_capability</key><string>{seed}</string></map></llsd>"
        ))
        .await;
        let outcome = carry_out(plan(&uri, 1, scenario.clone())).await;
        match outcome.error {
            Some(LoadError::NobodyGotIn { reason }) => {
                assert!(reason.contains("192.0.2.1"), "{reason}");
                assert!(reason.contains("--i-own-this-grid"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn nobody_at_home_is_no_grid() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("is bound");
    drop(listener);
    let outcome = carry_out(plan(&format!("http://{address}/"), 2, Scenario::Idle)).await;
    assert!(matches!(outcome.error, Some(LoadError::NoGrid { .. })), "{:?}", outcome.error);
    let login = Scenario::Login { connections: 1, enter: false };
    let outcome = carry_out(plan(&format!("http://{address}/"), 2, login)).await;
    assert!(matches!(outcome.error, Some(LoadError::NoGrid { .. })), "{:?}", outcome.error);
}

#[tokio::test]
async fn a_grid_that_refuses_is_quoted() {
    let grid = TestGrid::start_with(|config| config.login.open = false).await.expect("starts");
    let outcome = carry_out(plan(grid.login_uri(), 3, Scenario::Idle)).await;
    match outcome.error {
        Some(LoadError::Refused { count: 3, reason }) => {
            assert!(reason.contains("name or the password is wrong"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    grid.stop().await.expect("stops");
}

#[tokio::test]
async fn too_few_accounts_are_told() {
    let plan = Plan { accounts: accounts(2), ..plan("http://127.0.0.1:9/", 3, Scenario::Idle) };
    let outcome = carry_out(plan).await;
    let expected = LoadError::TooFewAccounts { wanted: 3, needed: 3, have: 2 };
    assert_eq!(outcome.error, Some(expected));
}

#[tokio::test]
async fn some_who_stay_out_are_told() {
    let grid =
        TestGrid::start_with(|config| config.region[0].max_agents = 2).await.expect("starts");
    let outcome = carry_out(plan(grid.login_uri(), 3, Scenario::Idle)).await;
    match outcome.error {
        Some(LoadError::SomeStayedOut { wanted: 3, entered: 2, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(outcome.report.outcome, "complete");
    grid.stop().await.expect("stops");
}

/// Starts a run, waits until it is so far, does something, and gives the outcome.
async fn disturbed(
    plan: Plan,
    is_so_far: impl FnMut(&Progress) -> bool,
    disturb: impl AsyncFnOnce(CancellationToken),
) -> Outcome {
    let (progress, mut received) = watch::channel(Progress::default());
    let stop = CancellationToken::new();
    let running = tokio::spawn(run(plan, progress, stop.clone()));
    tokio::time::timeout(LONG, received.wait_for(is_so_far))
        .await
        .expect("it gets so far")
        .expect("the run goes on");
    disturb(stop).await;
    tokio::time::timeout(LONG, running).await.expect("a run ends").expect("without a panic")
}

fn is_in(phase: Phase) -> impl FnMut(&Progress) -> bool {
    move |progress| progress.phase == phase
}

/// Something was delivered, or somebody has logged in.
fn is_at_work(progress: &Progress) -> bool {
    progress.phase == Phase::Running && progress.delivered > 0
}

fn chat() -> Scenario {
    Scenario::Chat { speakers: 2, rate: Some(50.0), outstanding: 1, text_bytes: 100 }
}

#[tokio::test]
async fn a_server_that_stops_ends_the_run() {
    let run = async |scenario| {
        let grid = TestGrid::start().await.expect("starts");
        let plan = Plan { duration: LONG, ..plan(grid.login_uri(), 4, scenario) };
        let outcome = disturbed(plan, is_at_work, async |_| {
            grid.stop().await.expect("stops");
        })
        .await;
        match outcome.error {
            Some(LoadError::ServerDied { .. }) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(outcome.report.outcome, "interrupted");
        assert!(outcome.report.duration_s < LONG.as_secs_f64(), "before its time");
        assert!(outcome.report.logins >= 4, "what was done before is in the report");
    };
    tokio::join!(run(chat()), run(Scenario::Login { connections: 2, enter: true }));
}

#[tokio::test]
async fn the_user_may_stop_a_run() {
    let grid = TestGrid::start().await.expect("starts");
    let plan = Plan { duration: LONG, ..plan(grid.login_uri(), 4, chat()) };
    let outcome = disturbed(plan, is_at_work, async |stop| stop.cancel()).await;
    assert_eq!(outcome.error, Some(LoadError::Interrupted));
    let report = outcome.report;
    assert_eq!((report.outcome.as_str(), report.lost, report.doubled), ("interrupted", 0, 0));
    assert!(report.sent > 0 && report.delivered == report.sent * 4, "{report:?}");
    grid.wait_for_count("v1/agents", 0).await.expect("all have logged out");

    let slow = Plan { ramp: Some(0.1), ..self::plan(grid.login_uri(), 4, Scenario::Idle) };
    let outcome = disturbed(slow, is_in(Phase::Filling), async |stop| stop.cancel()).await;
    assert_eq!(outcome.error, Some(LoadError::Interrupted));
    let settling = Plan { settle: LONG, ..self::plan(grid.login_uri(), 2, Scenario::Idle) };
    let outcome = disturbed(settling, is_in(Phase::Settling), async |stop| stop.cancel()).await;
    assert_eq!(outcome.error, Some(LoadError::Interrupted));
    assert_eq!((outcome.report.connected, outcome.report.duration_s), (2, 0.0));
    let measuring = Plan { calibrate: true, ..self::plan(grid.login_uri(), 4, Scenario::Idle) };
    let outcome = disturbed(measuring, is_in(Phase::Calibrating), async |stop| stop.cancel()).await;
    assert_eq!(outcome.error, Some(LoadError::Interrupted));
    assert_eq!(outcome.report.limit, None, "it was not waited for");
    grid.stop().await.expect("stops");
}

#[tokio::test]
async fn kicked_agent_fails_the_run_with_its_reason() {
    let grid = TestGrid::start().await.expect("starts");
    let plan =
        Plan { duration: Duration::from_secs(2), ..plan(grid.login_uri(), 3, Scenario::Idle) };
    let outcome = disturbed(plan, is_in(Phase::Running), async |_| {
        let agents = grid.control("v1/agents").await.expect("answers");
        let id = agents["agents"][0]["id"].as_str().expect("an id").to_owned();
        let body = serde_json::json!({ "reason": "enough" });
        let status = grid.control_post(&format!("v1/agents/{id}/kick"), &body).await;
        assert_eq!(status.expect("answers"), 200);
    })
    .await;
    match outcome.error {
        Some(LoadError::FellOut { count: 1, reason }) => {
            assert!(reason.contains("enough"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    grid.stop().await.expect("stops");
}
