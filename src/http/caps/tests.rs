//! Every capability, called through the router without a socket.

mod friendship;
mod groups;
mod inventory;

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, header};
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use super::*;
use crate::circuit::CloseReason;
use crate::cluster::LocalBus;
use crate::http::body;
use crate::ids::{AgentId, RegionId};
use crate::llsd::Llsd;
use crate::message::Vector3;
use crate::outbox::{Event, EventSink};
use crate::region::{RegionInfo, RegionLink};
use crate::services::ServiceSettings;
use crate::services::accounts::{AccountName, Accounts, AccountsConfig, HashCost, NewPassword};
use crate::services::assets::Assets;
use crate::services::store::StoreHandle;
use crate::session::event_queue::{EventQueueSettings, IdleAnswer};
use crate::session::{EventQueue, NewSession, Sessions};
use crate::storage::SqliteStore;
use crate::time::{Clock as _, ManualClock, Timestamp};

/// A grid with one logged-in agent, without sockets.
pub(super) struct Grid {
    clock: Arc<ManualClock>,
    sessions: Sessions,
    session: Arc<AgentSession>,
    caps: Arc<Caps>,
    router: Router,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: bytes::Bytes,
}

impl Answer {
    pub(super) fn llsd(&self) -> Llsd {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/llsd+xml");
        llsd::xml::parse(&self.body).expect("LLSD XML")
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

impl Grid {
    pub(super) async fn new() -> Self {
        Self::with(EventQueueSettings::default()).await
    }

    async fn with(settings: EventQueueSettings) -> Self {
        let clock = Arc::new(ManualClock::default());
        let store =
            StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
        let config = AccountsConfig { hash_cost: HashCost::EPHEMERAL, ..Default::default() };
        let accounts = Accounts::new(store.clone(), clock.clone(), config);
        let name = AccountName::new("Test", "User").unwrap();
        let account =
            accounts.create(name, NewPassword::parse("test").unwrap(), None).await.unwrap();
        let registry = CapRegistry::new("http://grid", Duration::from_secs(30), clock.clone());
        let sessions = Sessions::default();
        let region = RegionInfo::new(RegionId(Uuid::from_u128(7)), "Holm", 1000, 1000);
        let (session, _) = sessions.create(NewSession {
            agent_id: account.id,
            first: "Test".to_owned(),
            last: "User".to_owned(),
            region: RegionLink { info: Arc::new(region), commands: mpsc::channel(1).0 },
            position: Vector3::default(),
            look_at: Vector3::default(),
            home: None,
            started: Timestamp::ZERO,
            events: Arc::new(EventQueue::new(settings, 1, clock.clone())),
            caps: registry.open(),
        });
        let bus = Arc::new(LocalBus::default());
        let assets = Assets::built_in(RegionId(Uuid::from_u128(7)));
        let caps = Arc::new(Caps {
            registry,
            services: Services::new(
                &store,
                bus.clone(),
                clock.clone(),
                accounts,
                assets,
                ServiceSettings::default(),
            ),
            grid: GridFacts {
                name: "Holm".into(),
                nick: "holm".into(),
                login_uri: "http://grid/".into(),
            },
            max_body: 1 << 20,
            stop: CancellationToken::new(),
        });
        let router = router(caps.clone());
        Self { clock, sessions, session, caps, router }
    }

    pub(super) fn agent(&self) -> AgentId {
        self.session.agent_id
    }

    pub(super) fn url(&self, name: &'static str) -> String {
        self.session.caps.grant(&self.session, name).expect("the session is open")
    }

    pub(super) async fn call(
        &self,
        method: Method,
        url: &str,
        headers: &[(header::HeaderName, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let path = url.strip_prefix("http://grid").expect("the grid's URL");
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let response =
            self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body::read(body, 1 << 24).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, url: &str) -> Answer {
        self.call(Method::GET, url, &[], Vec::new()).await
    }

    async fn post(&self, url: &str, body: &Llsd) -> Answer {
        let headers = [(header::CONTENT_TYPE, "application/llsd+xml")];
        self.call(Method::POST, url, &headers, llsd::xml::write(body).into_bytes()).await
    }

    async fn poll(&self, url: &str, ack: Llsd, done: bool) -> Answer {
        self.post(url, &llsd::map! { "ack" => ack, "done" => done }).await
    }

    fn event(&self, name: &'static str) {
        let body = llsd::map! { "n" => 1 };
        assert!(EventSink::push(&*self.session.events, Event::new(name, &body)));
    }

    fn leave(&self) {
        assert!(self.sessions.remove(&self.session, CloseReason::Logout));
    }
}

fn names(list: &[&str]) -> Llsd {
    Llsd::Array(list.iter().map(|name| Llsd::from(*name)).collect())
}

#[tokio::test]
async fn the_seed_gives_urls_for_what_exists() {
    let grid = Grid::new().await;
    let seed = grid.url(SEED);
    let wanted = names(&["ViewerAsset", "FetchLibDescendents2", "FetchInventoryDescendents2"]);
    let answer = grid.post(&seed, &wanted).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().starts_with("<llsd><map><key>ViewerAsset</key><string>http://grid/cap/"));
    let urls = answer.llsd();
    assert_eq!(urls.as_map().len(), 3);
    let again = grid.post(&seed, &names(&["Nothing", "ViewerAsset", "ViewerAsset", "Seed"])).await;
    assert_eq!(again.llsd().as_map().len(), 1, "unknown names and repetitions are left out");
    assert_eq!(again.llsd().get("ViewerAsset"), urls.get("ViewerAsset"), "the same URLs");
}

#[tokio::test]
async fn the_seed_takes_any_llsd_and_answers_llsd_to_anything() {
    let grid = Grid::new().await;
    let seed = grid.url(SEED);
    let wanted = names(&["EventQueueGet"]);
    for (content_type, body) in [
        ("application/llsd+binary", llsd::binary::write(&wanted)),
        ("application/llsd+notation", llsd::notation::write(&wanted).into_bytes()),
        ("application/xml", llsd::xml::write(&wanted).into_bytes()),
        ("", b"<?xml version=\"1.0\"?>\n<llsd>\n<array>\n<string>EventQueueGet</string>\n</array>\n</llsd>\n".to_vec()),
    ] {
        let headers = [(header::CONTENT_TYPE, content_type)];
        let answer = grid.call(Method::POST, &seed, &headers, body).await;
        assert_eq!((answer.status, answer.llsd().as_map().len()), (StatusCode::OK, 1), "{content_type}");
    }
    for body in [&b""[..], b"<llsd>", b"<llsd><map /></llsd>", b"\xFF\xFE", b"hello"] {
        let answer = grid.call(Method::POST, &seed, &[], body.to_vec()).await;
        assert_eq!(answer.status, 400, "{body:?}");
        assert!(answer.llsd().as_str().is_some(), "an error is a text and no map");
    }
    let long = grid.call(Method::POST, &seed, &[], vec![b' '; 100_000]).await;
    assert_eq!(long.status, 413);
    assert_eq!(grid.get(&seed).await.status, 405);
}

#[tokio::test]
async fn answers_are_binary_on_request() {
    let grid = Grid::new().await;
    let headers = [(header::ACCEPT, "application/llsd+binary")];
    let url = grid.url("SimulatorFeatures");
    let answer = grid.call(Method::GET, &url, &headers, Vec::new()).await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/llsd+binary");
    assert!(llsd::binary::parse(&answer.body).unwrap().get("MeshRezEnabled").as_bool());
}

#[tokio::test]
async fn every_granted_name_is_served() {
    let grid = Grid::new().await;
    let all: Vec<_> = NAMES.to_vec();
    let urls = grid.post(&grid.url(SEED), &names(&all)).await.llsd();
    assert_eq!(urls.as_map().len(), NAMES.len());
    for (name, url) in urls.as_map().iter() {
        let url = url.as_string();
        // Every capability refuses one of the two methods, and none is unknown.
        let get = grid.get(&url).await.status;
        // AIS has nothing at its own URL.
        if name.ends_with("APIv3") {
            assert_eq!(get, 404, "{name}");
            continue;
        }
        assert!(get == 405 || get == 200 || get == 400, "{name} {get}");
        if get == 405 {
            let post = grid.post(&url, &Llsd::Map(llsd::Map::new())).await.status;
            let expected = match name {
                // These cannot do without what an empty map leaves out.
                "ChatSessionRequest" | "AcceptFriendship" | "CreateInventoryCategory" => 400,
                "DeclineFriendship" => 405,
                _ => 200,
            };
            assert_eq!(post, expected, "{name}");
        } else {
            assert_eq!(grid.post(&url, &Llsd::Undef).await.status, 405, "{name}");
        }
    }
}

#[tokio::test]
async fn urls_bear_additions() {
    let grid = Grid::new().await;
    let url = grid.url("SimulatorFeatures");
    for suffix in ["", "/", "/?x=1", "?x=1", "/more/of/it"] {
        assert_eq!(grid.get(&format!("{url}{suffix}")).await.status, 200, "{suffix}");
    }
    for url in ["/cap/x", "/cap/00000000-0000-0000-0000-000000000000", "/cap/%7B"] {
        let answer = grid.get(&format!("http://grid{url}")).await;
        assert_eq!(
            (answer.status, answer.llsd().as_str().is_some()),
            (StatusCode::NOT_FOUND, true)
        );
    }
    assert_eq!(grid.get(&format!("{url}0")).await.status, 404);
}

#[tokio::test]
async fn the_first_poll_is_answered_at_once_in_the_exact_form() {
    let grid = Grid::new().await;
    let answer = grid.poll(&grid.url(EVENT_QUEUE_GET), Llsd::Undef, false).await;
    let id = answer.llsd().get("id").as_i32();
    assert!(id > 0);
    let expected = format!(
        "<llsd><map><key>events</key><array /><key>id</key><integer>{id}</integer></map></llsd>"
    );
    assert_eq!(answer.text(), expected);
}

#[tokio::test]
async fn a_batch_comes_again_until_it_is_acknowledged() {
    let grid = Grid::new().await;
    let url = grid.url(EVENT_QUEUE_GET);
    grid.event("First");
    grid.event("Second");
    let batch = grid.poll(&url, Llsd::Undef, false).await.llsd();
    let events = batch.get("events").as_array();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].get("message").as_string(), "First");
    assert_eq!(events[0].get("body").get("n").as_i32(), 1);
    assert_eq!(grid.poll(&url, Llsd::Undef, false).await.llsd(), batch);
    grid.event("Third");
    let next = grid.poll(&url, batch.get("id").clone(), false).await.llsd();
    assert_eq!(next.get("events").at(0).get("message").as_string(), "Third");
}

#[tokio::test(start_paused = true)]
async fn an_idle_poll_ends_as_configured() {
    for (idle, status) in [(IdleAnswer::Empty, 200), (IdleAnswer::BadGateway, 502)] {
        let grid = Grid::with(EventQueueSettings { idle, ..Default::default() }).await;
        let url = grid.url(EVENT_QUEUE_GET);
        let ack = grid.poll(&url, Llsd::Undef, false).await.llsd().get("id").clone();
        let begun = tokio::time::Instant::now();
        grid.clock.advance(Duration::from_secs(25));
        let poll = grid.poll(&url, ack, false);
        let answer = poll.await;
        assert_eq!(answer.status, status);
        assert_eq!(begun.elapsed().as_secs(), 25);
    }
}

#[tokio::test(start_paused = true)]
async fn done_is_answered_with_undef_also_after_the_session() {
    let grid = Grid::new().await;
    let url = grid.url(EVENT_QUEUE_GET);
    let done = grid.poll(&url, Llsd::Undef, true).await;
    assert_eq!((done.status, done.text()), (StatusCode::OK, "<llsd><undef /></llsd>"));
    grid.leave();
    let done = grid.poll(&url, Llsd::Undef, true).await;
    assert_eq!((done.status, done.text()), (StatusCode::OK, "<llsd><undef /></llsd>"));
    let begun = tokio::time::Instant::now();
    assert_eq!(grid.poll(&url, Llsd::Undef, false).await.status, 404);
    assert_eq!(begun.elapsed().as_secs(), 1, "late, so that clients do not spin");
    grid.clock.advance(Duration::from_secs(31));
    assert_eq!(grid.poll(&url, Llsd::Undef, true).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn stopping_answers_open_polls() {
    let grid = Grid::new().await;
    let url = grid.url(EVENT_QUEUE_GET);
    let ack = grid.poll(&url, Llsd::Undef, false).await.llsd().get("id").clone();
    let begun = tokio::time::Instant::now();
    let stop = async {
        while grid.session.events.open_polls() == 0 {
            tokio::task::yield_now().await;
        }
        grid.caps.stop.cancel();
    };
    let (answer, ()) = tokio::join!(grid.poll(&url, ack, false), stop);
    assert_eq!((answer.status, begun.elapsed()), (StatusCode::NOT_FOUND, Duration::ZERO));
}

#[tokio::test]
async fn garbage_polls_are_refused() {
    let grid = Grid::new().await;
    let url = grid.url(EVENT_QUEUE_GET);
    for body in [&b""[..], b"hello", b"<llsd>", b"<llsd><array /></llsd>"] {
        let answer = grid.call(Method::POST, &url, &[], body.to_vec()).await;
        assert_eq!(answer.status, 400, "{body:?}");
        assert!(answer.llsd().as_str().is_some());
    }
}

#[tokio::test]
async fn nothing_of_a_session_is_left() {
    let grid = Grid::new().await;
    let urls = grid.post(&grid.url(SEED), &names(&NAMES)).await.llsd();
    let seed = grid.url(SEED);
    assert_eq!(grid.caps.registry.len(), NAMES.len() + 1);
    grid.leave();
    assert_eq!(grid.caps.registry.len(), 1, "the event queue's, for a while");
    assert_eq!(grid.post(&seed, &names(&["ViewerAsset"])).await.status, 404);
    for (name, url) in urls.as_map().iter().filter(|(name, _)| *name != EVENT_QUEUE_GET) {
        assert_eq!(grid.get(&url.as_string()).await.status, 404, "{name}");
    }
    grid.clock.advance(Duration::from_secs(30));
    assert!(grid.caps.registry.is_empty());
    assert_eq!(Arc::strong_count(&grid.session), 1);
}

#[tokio::test]
async fn simulator_features_have_ranges_and_names() {
    let grid = Grid::new().await;
    let features = grid.get(&grid.url("SimulatorFeatures")).await.llsd();
    assert_eq!(features.get("MaxTextureResolution"), &Llsd::Integer(2048));
    let extras = features.get("OpenSimExtras");
    assert_eq!(extras.get("say-range"), &Llsd::Integer(20));
    assert_eq!(extras.get("GridName").as_string(), "Holm");
}

#[tokio::test]
async fn display_names_tell_known_from_unknown() {
    let grid = Grid::new().await;
    let url = grid.url("GetDisplayNames");
    let stranger = Uuid::from_u128(1);
    let answer =
        grid.get(&format!("{url}?ids={}&ids={stranger}&ids={stranger}", grid.agent())).await;
    assert_eq!(answer.headers[header::CACHE_CONTROL], "max-age=3600");
    let names = answer.llsd();
    assert_eq!(names.get("bad_ids"), &Llsd::Array(vec![Llsd::Uuid(stranger)]));
    let [entry] = names.get("agents").as_array() else { panic!("{names:?}") };
    for (key, expected) in [
        ("username", "test.user"),
        ("display_name", "Test User"),
        ("legacy_first_name", "Test"),
        ("legacy_last_name", "User"),
    ] {
        assert_eq!(entry.get(key).as_string(), expected);
    }
    assert_eq!(entry.get("id").as_uuid(), grid.agent().0);
    assert!(entry.get("display_name_expires").as_date() > grid.clock.unix().as_secs_f64());
}

#[tokio::test]
async fn a_malformed_id_does_not_fail_display_names() {
    let grid = Grid::new().await;
    let url = grid.url("GetDisplayNames");
    let answer = grid.get(&format!("{url}?ids=bob&ids=&ids={}", grid.agent())).await;
    assert_eq!(answer.status, 200);
    let names = answer.llsd();
    assert_eq!(names.get("agents").at(0).get("id").as_uuid(), grid.agent().0);
    assert_eq!(names.get("bad_ids"), &Llsd::Array(vec![Llsd::from("bob"), Llsd::from("")]));
    let many = "&ids=x".repeat(501);
    assert_eq!(grid.get(&format!("{url}?{many}")).await.status, 400, "bounded");
}

#[tokio::test]
async fn a_text_that_is_too_short_fails_no_other() {
    let grid = Grid::new().await;
    let url = grid.url("AvatarPickerSearch");
    let answer = grid.get(&format!("{url}?names=t&names=user&names=test&names=")).await;
    assert_eq!(answer.status, 200);
    let found = answer.llsd();
    let [agent] = found.get("agents").as_array() else { panic!("{found:?}") };
    assert_eq!(agent.get("id").as_uuid(), grid.agent().0);
    assert_eq!(grid.get(&format!("{url}?names=t&names=")).await.status, 400);
}

#[tokio::test]
async fn preferences_are_kept_and_answered() {
    let grid = Grid::new().await;
    let url = grid.url("AgentPreferences");
    let set = llsd::map! { "hover_height" => 0.25, "access_prefs" => llsd::map! { "max" => "M" } };
    let answer = grid.post(&url, &set).await.llsd();
    assert_eq!(answer.get("hover_height"), &Llsd::Real(0.25));
    assert_eq!(answer.get("god_level"), &Llsd::Integer(0));
    let language = llsd::map! { "language" => "de", "language_is_public" => false };
    grid.post(&grid.url("UpdateAgentLanguage"), &language).await;
    let information =
        grid.post(&grid.url("UpdateAgentInformation"), &Llsd::Map(llsd::Map::new())).await;
    assert_eq!(information.llsd(), llsd::map! { "access_prefs" => llsd::map! { "max" => "M" } });
    let all = grid.post(&url, &Llsd::Map(llsd::Map::new())).await.llsd();
    assert_eq!(all.get("language").as_string(), "de");
    assert!(!all.get("language_is_public").as_bool());
}

#[tokio::test]
async fn the_environment_names_region_and_parcel() {
    let grid = Grid::new().await;
    let url = grid.url("ExtEnvironment");
    let answer = grid.get(&url).await.llsd();
    assert!(answer.get("success").as_bool());
    let environment = answer.get("environment");
    assert_eq!(environment.get("region_id").as_uuid(), Uuid::from_u128(7));
    assert_eq!(environment.get("parcel_id"), &Llsd::Integer(-1));
    for key in ["day_length", "day_offset", "flags", "env_version"] {
        assert!(matches!(environment.get(key), Llsd::Integer(_)), "{key}");
    }
    let parcel = grid.get(&format!("{url}?parcelid=5")).await.llsd();
    assert_eq!(parcel.get("environment").get("parcel_id"), &Llsd::Integer(5));
    let old = grid.get(&grid.url("EnvironmentSettings")).await.llsd();
    assert_eq!(old.at(0).get("regionID").as_uuid(), Uuid::from_u128(7));
}

#[tokio::test]
async fn no_materials_are_an_empty_list() {
    let grid = Grid::new().await;
    let answer = grid.get(&grid.url("RenderMaterials")).await.llsd();
    let zipped = answer.get("Zipped").as_binary();
    // A zlib stream with one fixed block for the six bytes of an empty array.
    assert_eq!(zipped[..2], [0x78, 0x9C]);
    let checksum = [0x5B, 0, 0, 0, 0, 0x5D].iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + byte) % 65521;
        (a, (b + a) % 65521)
    });
    assert_eq!(zipped[zipped.len() - 4..], (checksum.1 << 16 | checksum.0).to_be_bytes());
}

#[tokio::test]
async fn chat_sessions_are_asked_for_with_care() {
    let grid = Grid::new().await;
    let url = grid.url("ChatSessionRequest");
    let friend = Uuid::from_u128(77);
    let some = Uuid::from_u128(5);
    let ask = |method: &str, id: Uuid, params: Llsd| {
        llsd::map! { "method" => method, "session-id" => id, "params" => params }
    };
    let friends = || llsd::array![friend];
    let started = grid.post(&url, &ask("start conference", some, friends())).await;
    assert_eq!(started.status, 200);
    // Nobody is at the end of the circuit, so the session has ended again.
    let id = started.llsd().get("session_id").as_uuid();
    assert!(!id.is_nil() && id != some);
    let muting = llsd::map! {
        "agent_id" => friend, "mute_info" => llsd::map! { "text" => true },
    };
    let mode = llsd::map! { "moderated_mode" => llsd::map! { "voice" => true } };
    let moderating = llsd::map! { "update_info" => mode };
    for (method, params, status) in [
        ("accept invitation", Llsd::Undef, 404),
        ("decline invitation", Llsd::Undef, 404),
        ("fetch history", Llsd::Undef, 404),
        ("invite", friends(), 404),
        ("invite", Llsd::Undef, 400),
        ("invite", llsd::array!["nobody"], 400),
        ("start conference", Llsd::Undef, 400),
        ("start conference", (0..251).map(|_| friend).collect(), 400),
        ("mute update", muting, 404),
        ("mute update", Llsd::Undef, 400),
        ("mute update", llsd::map! { "agent_id" => friend }, 400),
        ("session update", moderating, 404),
        ("session update", Llsd::Undef, 400),
        ("call", Llsd::Undef, 403),
        ("start p2p voice", Llsd::from(friend), 400),
        ("decline p2p voice", Llsd::Undef, 200),
        ("moderate update", Llsd::Undef, 400),
        ("", Llsd::Undef, 400),
    ] {
        let answer = grid.post(&url, &ask(method, some, params)).await;
        assert_eq!(answer.status, status, "{method}");
        assert_eq!(answer.llsd().as_str().is_some(), status != 200, "{method}: a short text");
    }
    for body in [Llsd::Undef, ask("accept invitation", Uuid::nil(), Llsd::Undef), llsd::array![1]] {
        assert_eq!(grid.post(&url, &body).await.status, 400, "{body:?}");
    }
    assert_eq!(grid.get(&url).await.status, 405);
}
