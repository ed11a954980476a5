//! Every public route, called without a socket.

use std::sync::Mutex;
use std::time::Duration;

use axum::http::Method;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::super::caps::GridFacts;
use super::super::login::{Arrival, Identity, Inventory as Folders, Maturity, StartedAt};
use super::*;
use crate::cluster::LocalBus;
use crate::ids::{AgentId, CircuitCode, RegionHandle, RegionId, SecureSessionId, SessionId};
use crate::llsd;
use crate::services::accounts::{Accounts, AccountsConfig};
use crate::services::assets::Assets;
use crate::services::store::StoreHandle;
use crate::services::{ServiceSettings, Services};
use crate::session::caps::CapRegistry;
use crate::storage::SqliteStore;
use crate::time::ManualClock;

#[derive(Default)]
struct Fake {
    seen: Mutex<Vec<(String, SocketAddr)>>,
}

impl LoginBackend for Fake {
    fn login(
        &self,
        request: LoginRequest,
        peer: SocketAddr,
    ) -> BoxFuture<'_, Result<Box<LoginSuccess>, LoginFailure>> {
        Box::pin(async move {
            assert_ne!(request.first, "Panic", "a defect in the backend");
            self.seen.lock().unwrap().push((format!("{} {}", request.first, request.last), peer));
            if request.first != "Test" {
                return Err(LoginFailure::new(FailureReason::Key, "no"));
            }
            Ok(Box::new(success()))
        })
    }

    fn grid_info(&self) -> GridInfo {
        GridInfo::new("http://127.0.0.1:9000/", "Holm & more", "holm", "http://127.0.0.1:9000/")
    }

    fn grid_stats(&self) -> BoxFuture<'_, GridStats> {
        Box::pin(async { GridStats { residents: 3, active_users: 1, region_count: 1 } })
    }

    fn welcome(&self) -> Welcome {
        Welcome { grid_name: "Holm & more".to_owned(), ..Default::default() }
    }
}

fn success() -> LoginSuccess {
    let identity = Identity {
        agent_id: AgentId::random(),
        session_id: SessionId::random(),
        secure_session_id: SecureSessionId::random(),
        first_name: "Test".to_owned(),
        quotes_first_name: true,
        last_name: "User".to_owned(),
        display_name: None,
        agent_access: Maturity::General,
        agent_access_max: Maturity::Adult,
        agent_region_access: Maturity::General,
    };
    let arrival = Arrival {
        circuit_code: CircuitCode(5),
        sim_ip: std::net::Ipv4Addr::LOCALHOST,
        sim_port: 9000,
        http_port: 9000,
        region: RegionHandle::from_grid(1000, 1000),
        region_size: [256, 256],
        seed_capability: "http://127.0.0.1:9000/cap/x".to_owned(),
        start_location: StartedAt::Last,
        look_at: [1.0, 0.0, 0.0],
    };
    LoginSuccess::new(identity, arrival, Folders::default())
}

struct Site {
    fake: Arc<Fake>,
    router: Router,
}

impl Site {
    fn new() -> Self {
        Self::behind(SiteGuard::any_host())
    }

    fn behind(site: SiteGuard) -> Self {
        let fake = Arc::new(Fake::default());
        let clock = Arc::new(ManualClock::default());
        let store =
            StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
        let accounts = Accounts::new(store.clone(), clock.clone(), AccountsConfig::default());
        let bus = Arc::new(LocalBus::default());
        let assets = Assets::built_in(RegionId::NIL);
        let caps = Caps {
            registry: CapRegistry::new("http://x", Duration::from_secs(30), clock.clone()),
            services: Services::new(
                &store,
                bus,
                clock,
                accounts,
                assets,
                ServiceSettings::default(),
            ),
            grid: GridFacts::default(),
            max_body: 1 << 20,
            stop: CancellationToken::new(),
        };
        let router = router(fake.clone(), Arc::new(caps), 64 << 10, site);
        Self { fake, router }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> (u16, String, String) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(peer()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.map_or("", |value| value.to_str().unwrap()).to_owned();
        let status = response.status().as_u16();
        let body = body::read(response.into_body(), 1 << 20).await.unwrap();
        (status, content_type, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A request as a browser makes it: the status and the headers of its answer.
    async fn browse(&self, method: Method, path: &str, sent: &[(&str, &str)]) -> (u16, HeaderMap) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in sent {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(xmlrpc("Test"))).unwrap();
        request.extensions_mut().insert(ConnectInfo(peer()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        (response.status().as_u16(), response.headers().clone())
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        self.call(Method::GET, path, "", Body::empty()).await
    }
}

fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 4000))
}

fn xmlrpc(first: &str) -> String {
    let fields = llsd::map! { "first" => first, "last" => "User", "passwd" => "$1$5f4dcc3b5aa765d61d8327deb882cf99" };
    super::super::login::xmlrpc::write_call("login_to_simulator", &[fields])
}

#[tokio::test]
async fn every_login_path_takes_xml_rpc() {
    let site = Site::new();
    for path in ["/", "/login", "/login/", "/cgi-bin/login.cgi"] {
        let (status, content_type, body) =
            site.call(Method::POST, path, "text/xml", xmlrpc("Test")).await;
        assert_eq!((status, content_type.as_str()), (200, "text/xml"), "{path}");
        assert!(body.contains("<name>circuit_code</name><value><i4>5</i4></value>"), "{body}");
    }
    let seen = site.fake.seen.lock().unwrap();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[0], ("Test User".to_owned(), peer()));
}

#[tokio::test]
async fn llsd_is_answered_in_llsd() {
    let site = Site::new();
    let fields = llsd::map! { "first" => "Test", "last" => "User", "passwd" => "$1$5f4dcc3b5aa765d61d8327deb882cf99" };
    let body = llsd::xml::write(&fields);
    let (status, content_type, body) =
        site.call(Method::POST, "/", "application/llsd+xml", body).await;
    assert_eq!((status, content_type.as_str()), (200, "application/llsd+xml"));
    let answer = llsd::xml::parse(body.as_bytes()).unwrap();
    assert_eq!(answer.get("circuit_code").as_i32(), 5);
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_not_an_error() {
    let site = Site::new();
    let (status, _, body) = site.call(Method::POST, "/", "text/xml", xmlrpc("Nobody")).await;
    assert_eq!(status, 200);
    assert!(body.contains("<name>reason</name><value><string>key</string></value>"), "{body}");
    let (status, _, body) = site.call(Method::POST, "/", "text/xml", xmlrpc("Panic")).await;
    assert_eq!(status, 200);
    assert!(body.contains("Internal Error"), "{body}");
}

#[tokio::test]
async fn garbage_is_a_fault_or_400() {
    let site = Site::new();
    let unknown = "<methodCall><methodName>x</methodName><params/></methodCall>";
    let (status, _, body) = site.call(Method::POST, "/", "text/xml", unknown).await;
    assert!(status == 200 && body.contains("<fault>"), "{body}");
    for garbage in ["", "hello", "<html>", "[1"] {
        let (status, _, body) = site.call(Method::POST, "/", "text/xml", garbage).await;
        assert!(status == 400 || body.contains("<fault>"), "{garbage}: {status} {body}");
    }
    let long = vec![b'x'; (64 << 10) + 1];
    assert_eq!(site.call(Method::POST, "/", "text/xml", long).await.0, 413);
    assert!(site.fake.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn grid_information_comes_in_three_forms() {
    let site = Site::new();
    let (status, content_type, body) = site.get("/get_grid_info").await;
    assert_eq!((status, content_type.as_str()), (200, "application/xml"));
    assert!(body.contains("<gridname>Holm &amp; more</gridname>"), "{body}");
    let (status, content_type, body) = site.get("/json_grid_info").await;
    assert_eq!((status, content_type.as_str()), (200, "application/json"));
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(json["login"], "http://127.0.0.1:9000/");
    let call = super::super::login::xmlrpc::write_call("get_grid_info", &[]);
    let (_, _, body) = site.call(Method::POST, "/", "text/xml", call).await;
    assert!(body.contains("<name>gridnick</name><value><string>holm</string></value>"), "{body}");
    assert_eq!(site.call(Method::POST, "/get_grid_info", "", "").await.0, 405);
}

#[tokio::test]
async fn people_get_a_page_and_numbers() {
    let site = Site::new();
    for path in ["/", "/cgi-bin/login.cgi"] {
        let (status, content_type, body) = site.get(path).await;
        assert_eq!((status, content_type.as_str()), (200, "text/html; charset=utf-8"));
        assert!(body.contains("Holm &amp; more"));
    }
    let (status, content_type, body) = site.get("/get_grid_stats").await;
    assert_eq!((status, content_type.as_str()), (200, "application/xml"));
    assert!(body.contains("<residents>3</residents>"));
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let site = Site::new();
    for path in ["/nothing", "/cap", "/cap/", "/get_grid_info/x"] {
        assert_eq!(site.get(path).await.0, 404, "{path}");
    }
    assert_eq!(site.call(Method::PUT, "/", "", "").await.0, 405);
    let (status, content_type, _) = site.get("/cap/0").await;
    assert_eq!((status, content_type.as_str()), (404, "application/llsd+xml"));
}

#[tokio::test]
async fn foreign_pages_and_hosts_reach_no_route() {
    let site = Site::behind(SiteGuard::this_machine([]));
    let here = ("host", "127.0.0.1:9000");
    for path in ["/", "/login", "/get_grid_info", "/json_grid_info", "/cap/0", "/nothing"] {
        for method in [Method::POST, Method::GET, Method::OPTIONS] {
            let page = [here, ("origin", "http://evil.example"), ("content-type", "text/plain")];
            assert_eq!(site.browse(method.clone(), path, &page).await.0, 403, "{method} {path}");
            let rebound = [("host", "evil.example:9000")];
            assert_eq!(site.browse(method.clone(), path, &rebound).await.0, 403, "{method} {path}");
        }
    }
    assert!(site.fake.seen.lock().unwrap().is_empty());
    assert_eq!(site.browse(Method::POST, "/", &[here]).await.0, 200, "a program");
    let own = [here, ("origin", "http://127.0.0.1:9000")];
    assert_eq!(site.browse(Method::POST, "/", &own).await.0, 200, "a page of this listener");
}

#[tokio::test]
async fn allowed_origins_get_cors_and_others_do_not() {
    let page = "https://viewer.example";
    let guard = SiteGuard::this_machine([]).allowing([page.to_owned()]);
    let site = Site::behind(guard);
    let from = |origin| [("host", "127.0.0.1:9000"), ("origin", origin)];
    for path in ["/", "/cap/0"] {
        let mut asked = from(page).to_vec();
        asked.push(("access-control-request-method", "POST"));
        asked.push(("access-control-request-headers", "content-type"));
        let (status, headers) = site.browse(Method::OPTIONS, path, &asked).await;
        let text = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!((status, text("access-control-allow-origin")), (200, page), "{path}");
        assert_eq!(text("access-control-allow-methods"), "GET,POST,PUT,DELETE");
        assert_eq!(text("access-control-allow-headers"), "content-type,accept,range");
        assert!(text("vary").contains("origin"), "{headers:?}");
        assert_eq!(text("access-control-allow-credentials"), "");
        assert!(site.fake.seen.lock().unwrap().is_empty(), "a preflight does nothing");
    }
    for (path, expected) in [("/", 200), ("/cap/0", 404)] {
        let (status, headers) = site.browse(Method::POST, path, &from(page)).await;
        assert_eq!(status, expected);
        assert_eq!(headers["access-control-allow-origin"], page, "{path}");
    }
    let (status, headers) = site.browse(Method::POST, "/", &from("https://evil.example")).await;
    assert_eq!((status, headers.get("access-control-allow-origin")), (403, None));
}
