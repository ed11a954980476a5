//! The event queue over real connections: clients that hang up, leave, or see the server stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use holm::circuit::CloseReason;
use holm::cluster::LocalBus;
use holm::http::caps::{Caps, GridFacts, router};
use holm::http::connections::{ConnectionLimits, Connections};
use holm::http::serve::{ServeSettings, serve};
use holm::ids::{AgentId, RegionId};
use holm::llsd::{self, Llsd};
use holm::message::Vector3;
use holm::outbox::{Event, EventSink};
use holm::region::{RegionInfo, RegionLink};
use holm::services::accounts::{Accounts, AccountsConfig};
use holm::services::assets::Assets;
use holm::services::store::StoreHandle;
use holm::services::{ServiceSettings, Services};
use holm::session::caps::{CapRegistry, EVENT_QUEUE_GET};
use holm::session::event_queue::EventQueueSettings;
use holm::session::{AgentSession, EventQueue, NewSession, Sessions};
use holm::storage::SqliteStore;
use holm::time::{Clock, SystemClock, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Grid {
    sessions: Sessions,
    session: Arc<AgentSession>,
    address: SocketAddr,
    path: String,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Grid {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let store =
            StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
        let registry = CapRegistry::new("", Duration::from_secs(30), clock.clone());
        let region = RegionInfo::new(RegionId::NIL, "Holm", 1000, 1000);
        let sessions = Sessions::default();
        let events = EventQueue::new(EventQueueSettings::default(), 1, clock.clone());
        let (session, _) = sessions.create(NewSession {
            agent_id: AgentId::random(),
            first: "Test".to_owned(),
            last: "User".to_owned(),
            region: RegionLink { info: Arc::new(region), commands: mpsc::channel(1).0 },
            position: Vector3::default(),
            look_at: Vector3::default(),
            home: None,
            started: Timestamp::ZERO,
            events: Arc::new(events),
            caps: registry.open(),
        });
        let path = session.caps.grant(&session, EVENT_QUEUE_GET).unwrap();
        let stop = CancellationToken::new();
        let accounts = Accounts::new(store.clone(), clock.clone(), AccountsConfig::default());
        let assets = Assets::built_in(RegionId::NIL);
        let caps = Caps {
            registry,
            services: Services::new(
                &store,
                Arc::new(LocalBus::default()),
                clock.clone(),
                accounts,
                assets,
                ServiceSettings::default(),
            ),
            grid: GridFacts::default(),
            max_body: 1 << 20,
            stop: stop.clone(),
        };
        let router = router(Arc::new(caps));
        let places = Connections::new("test", ConnectionLimits { most: 64, per_address: 64 });
        let settings = ServeSettings::default();
        let server = tokio::spawn(serve(listener, router, places, clock, settings, stop.clone()));
        Self { sessions, session, address, path, stop, server }
    }

    /// Sends a poll and leaves the answer to be read.
    async fn ask(&self, ack: Option<i32>, done: bool) -> TcpStream {
        let ack = ack.map_or(Llsd::Undef, Llsd::from);
        let body = llsd::xml::write(&llsd::map! { "ack" => ack, "done" => done });
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (path, length) = (&self.path, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: grid\r\nconnection: close\r\n\
             content-type: application/llsd+xml\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn poll(&self, ack: Option<i32>, done: bool) -> (u16, Llsd) {
        read(self.ask(ack, done).await).await
    }

    /// Waits until exactly `count` polls wait in the server.
    async fn until_open(&self, count: usize) {
        while self.session.events.open_polls() != count {
            tokio::task::yield_now().await;
        }
    }

    fn event(&self, name: &'static str) {
        let body = Llsd::Map(llsd::Map::new());
        assert!(EventSink::push(&*self.session.events, Event::new(name, &body)));
    }
}

async fn read(mut stream: TcpStream) -> (u16, Llsd) {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("a response head");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, llsd::xml::parse(body.as_bytes()).unwrap())
}

fn names(answer: &Llsd) -> Vec<String> {
    answer.get("events").as_array().iter().map(|e| e.get("message").as_string()).collect()
}

#[tokio::test]
async fn events_survive_clients_that_hang_up() {
    let grid = Grid::start().await;
    let (_, first) = grid.poll(None, false).await;
    let ack = Some(first.get("id").as_i32());

    let waiting = grid.ask(ack, false).await;
    grid.until_open(1).await;
    drop(waiting);
    grid.until_open(0).await;
    grid.event("Early");

    // This answer is sent, but nobody reads it.
    drop(grid.ask(ack, false).await);
    let (status, batch) = grid.poll(ack, false).await;
    assert_eq!((status, names(&batch)), (200, vec!["Early".to_owned()]));

    let ack = Some(batch.get("id").as_i32());
    let waiting = grid.ask(ack, false).await;
    grid.until_open(1).await;
    grid.event("Late");
    assert_eq!(names(&read(waiting).await.1), ["Late"]);
}

#[tokio::test]
async fn logging_out_ends_the_open_poll_and_done_is_still_answered() {
    let grid = Grid::start().await;
    let (_, first) = grid.poll(None, false).await;
    let waiting = grid.ask(Some(first.get("id").as_i32()), false).await;
    grid.until_open(1).await;
    assert!(grid.sessions.remove(&grid.session, CloseReason::Logout));
    assert_eq!(read(waiting).await.0, 404);
    assert_eq!(grid.poll(None, true).await, (200, Llsd::Undef));
}

#[tokio::test]
async fn stopping_answers_open_polls_before_the_connections_go() {
    let grid = Grid::start().await;
    let (_, first) = grid.poll(None, false).await;
    let waiting = grid.ask(Some(first.get("id").as_i32()), false).await;
    grid.until_open(1).await;
    grid.stop.cancel();
    assert_eq!(read(waiting).await.0, 404);
    grid.server.await.unwrap();
}
