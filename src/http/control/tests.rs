//! Every route of the control API, called without a socket.

mod objects;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use axum::http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::ids::AgentId;
use uuid::Uuid;

const ALICE: Uuid = Uuid::from_u128(0xA11CE);

#[derive(Default)]
struct Fake {
    ready: AtomicBool,
    stopped: AtomicBool,
    created: Mutex<Vec<NewAccount>>,
    passwords: Mutex<Vec<String>>,
    kicked: Mutex<Vec<(Who, String)>>,
    removed: Mutex<Vec<Who>>,
    sent: Mutex<Vec<NewMessage>>,
    objects: OnceLock<ObjectAccess>,
}

fn account(first: &str, uuid: Option<Uuid>) -> AccountStatus {
    AccountStatus {
        uuid: uuid.unwrap_or(ALICE),
        first: first.to_owned(),
        last: "Tester".to_owned(),
        online: false,
        created: 5,
        last_login: None,
    }
}

fn agent(id: u128, first: &str) -> AgentStatus {
    AgentStatus {
        id: Uuid::from_u128(id),
        name: format!("{first} Tester"),
        first: first.to_owned(),
        last: "Tester".to_owned(),
        region: "Holm".to_owned(),
        position: [128.0, 64.5, 22.0],
        velocity: [0.0; 3],
        flying: false,
        sitting: true,
        state: AgentState::InRegion,
        since_ms: 1500,
        circuit_code: 7,
    }
}

impl ControlBackend for Fake {
    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    fn metrics(&self) -> String {
        "holm_agents 2\n".to_owned()
    }

    fn agents(&self) -> BoxFuture<'_, Result<Vec<AgentStatus>, ControlError>> {
        Box::pin(async { Ok(vec![agent(2, "Bob"), agent(1, "Alice")]) })
    }

    fn circuits(&self) -> BoxFuture<'_, Result<Vec<CircuitStatus>, ControlError>> {
        Box::pin(async {
            let drops = [("unknown_message".to_owned(), 3)].into();
            let one = CircuitStatus { code: 9, drops, ..Default::default() };
            Ok(vec![one, CircuitStatus { code: 4, rtt_ms: Some(1.5), ..Default::default() }])
        })
    }

    fn accounts(
        &self,
        after: Option<AccountName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AccountStatus>, ControlError>> {
        Box::pin(async move {
            let after = after.map(|after| after.key()).unwrap_or_default();
            let names = ["Alice", "Bob", "Carol"].into_iter();
            let later = names.filter(|first| format!("{} tester", first.to_lowercase()) > after);
            Ok(later.take(limit).map(|first| account(first, None)).collect())
        })
    }

    fn account(&self, who: Who) -> BoxFuture<'_, Result<AccountStatus, ControlError>> {
        let alice = Who::Name(AccountName::new("Alice", "Tester").unwrap());
        Box::pin(async move {
            if who == Who::Id(AgentId(ALICE)) || who == alice {
                return Ok(account("Alice", None));
            }
            Err(ControlError::NotFound("account"))
        })
    }

    fn remove_account(&self, who: Who) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move {
            self.account(who.clone()).await?;
            self.removed.lock().unwrap().push(who);
            Ok(())
        })
    }

    fn create_account(
        &self,
        new: NewAccount,
    ) -> BoxFuture<'_, Result<AccountStatus, ControlError>> {
        Box::pin(async move {
            if new.first == "Taken" {
                let message = "an account of that name exists".to_owned();
                return Err(ControlError::Conflict { field: Some("first"), message });
            }
            self.created.lock().unwrap().push(new.clone());
            Ok(account(&new.first, new.uuid))
        })
    }

    fn set_password(
        &self,
        who: Who,
        change: PasswordChange,
    ) -> BoxFuture<'_, Result<AccountStatus, ControlError>> {
        Box::pin(async move {
            let account = self.account(who).await?;
            self.passwords.lock().unwrap().push(change.password);
            Ok(account)
        })
    }

    fn kick(&self, agent: Who, reason: String) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move {
            let alice = Who::Name(AccountName::new("Alice", "Tester").unwrap());
            if agent != Who::Id(AgentId(ALICE)) && agent != alice {
                return Err(ControlError::NotFound("agent"));
            }
            self.kicked.lock().unwrap().push((agent, reason));
            Ok(())
        })
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupStatus>, ControlError>> {
        Box::pin(async {
            let group = GroupStatus {
                id: Uuid::from_u128(5),
                name: "Weavers".to_owned(),
                charter: String::new(),
                open: true,
                founder: ALICE,
                roles: Vec::new(),
                members: vec![MemberStatus { id: ALICE, roles: Vec::new(), online: true }],
            };
            Ok(vec![group])
        })
    }

    fn chat_sessions(&self) -> BoxFuture<'_, Result<Vec<ChatSessionStatus>, ControlError>> {
        let session = |id, name: &str| ChatSessionStatus {
            id: Uuid::from_u128(id),
            name: name.to_owned(),
            kind: ChatSessionKind::Group,
            people: Vec::new(),
        };
        Box::pin(async move { Ok(vec![session(1, "Weavers"), session(2, "Dyers")]) })
    }

    fn friends(&self, agent: Who) -> BoxFuture<'_, Result<FriendList, ControlError>> {
        Box::pin(async move {
            if agent != Who::Id(AgentId(ALICE)) {
                return Err(ControlError::NotFound("account"));
            }
            let friend = FriendStatus { id: Uuid::from_u128(2), given: 1, has: 3, online: false };
            Ok(FriendList { friends: vec![friend], offers: Vec::new() })
        })
    }

    fn send_message(
        &self,
        message: NewMessage,
        _wait: Option<Duration>,
    ) -> BoxFuture<'_, Result<Sent, ControlError>> {
        Box::pin(async move {
            self.sent.lock().unwrap().push(message);
            Ok(Sent { status: "delivered".to_owned() })
        })
    }

    fn objects(&self) -> &ObjectAccess {
        self.objects.get().expect("a test about objects sets it")
    }

    fn shutdown(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

struct Api {
    fake: Arc<Fake>,
    router: Router,
}

impl Api {
    fn new() -> Self {
        let fake = Arc::new(Fake::default());
        let access = ControlAccess { token: None, loopback: true };
        Self { router: router(fake.clone(), access).unwrap(), fake }
    }

    async fn call(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:9001")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = body::read(response.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, "").await
    }

    async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        self.call(Method::POST, path, body).await
    }
}

#[tokio::test]
async fn health_is_ok_and_ready_follows_the_server() {
    let api = Api::new();
    assert_eq!(api.get("/health").await, (200, json!({"status": "ok"})));
    assert_eq!(api.get("/ready").await.0, 503);
    api.fake.ready.store(true, Ordering::Relaxed);
    assert_eq!(api.get("/ready").await, (200, json!({"status": "ready"})));
}

#[tokio::test]
async fn metrics_are_plain_text() {
    let api = Api::new();
    assert_eq!(api.get("/metrics").await, (200, json!("holm_agents 2\n")));
}

#[tokio::test]
async fn agents_come_in_order_of_their_names() {
    let (status, body) = Api::new().get("/v1/agents").await;
    assert_eq!(status, 200);
    assert_eq!(
        body["agents"][0],
        json!({
            "id": "00000000-0000-0000-0000-000000000001",
            "name": "Alice Tester", "first": "Alice", "last": "Tester", "region": "Holm",
            "position": [128.0, 64.5, 22.0], "velocity": [0.0, 0.0, 0.0],
            "flying": false, "sitting": true, "state": "in_region",
            "since_ms": 1500, "circuit_code": 7,
        })
    );
    assert_eq!(body["agents"][1]["name"], "Bob Tester");
}

#[tokio::test]
async fn circuits_come_in_order_of_their_codes() {
    let (status, body) = Api::new().get("/v1/circuits").await;
    assert_eq!(status, 200);
    assert_eq!(body["circuits"][0]["rtt_ms"], json!(1.5));
    assert_eq!(body["circuits"][1]["drops"], json!({"unknown_message": 3}));
    assert_eq!(body["circuits"][1]["rtt_ms"], Value::Null);
}

#[tokio::test]
async fn an_account_is_created() {
    let api = Api::new();
    let body = r#"{"first":"Carol","last":"Tester","password":"pw"}"#;
    let (status, answer) = api.post("/v1/accounts", body).await;
    assert_eq!(status, 201);
    assert_eq!(
        answer,
        json!({"uuid": ALICE, "first": "Carol", "last": "Tester", "online": false,
            "created": 5, "last_login": null})
    );
    let created = api.fake.created.lock().unwrap();
    assert_eq!(created[0].password, "pw");
}

#[tokio::test]
async fn an_account_is_given_a_new_password() {
    let api = Api::new();
    let path = "/v1/accounts/Alice%20Tester/password";
    let (status, answer) = api.post(path, r#"{"password":"new"}"#).await;
    assert_eq!((status, &answer["uuid"]), (200, &json!(ALICE)));
    assert_eq!(*api.fake.passwords.lock().unwrap(), ["new"]);
    assert_eq!(api.post(path, "{}").await.0, 400);
    let unknown = "/v1/accounts/Bob%20Tester/password";
    assert_eq!(api.post(unknown, r#"{"password":"new"}"#).await.0, 404);
}

#[tokio::test]
async fn accounts_are_listed_page_by_page() {
    let api = Api::new();
    let (status, page) = api.get("/v1/accounts?limit=2").await;
    assert_eq!((status, &page["next"]), (200, &json!("Bob Tester")));
    assert_eq!(page["accounts"].as_array().unwrap().len(), 2);
    let (_, last) = api.get("/v1/accounts?limit=2&after=Bob%20Tester").await;
    assert_eq!((&last["accounts"][0]["first"], &last["next"]), (&json!("Carol"), &Value::Null));
    for (query, field) in [("limit=0", "limit"), ("limit=1001", "limit"), ("after=a b c", "after")]
    {
        let path = format!("/v1/accounts?{}", query.replace(' ', "%20"));
        let (status, answer) = api.get(&path).await;
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{query}");
    }
}

#[tokio::test]
async fn an_account_is_found_and_deleted_by_id_or_name() {
    let api = Api::new();
    for path in [format!("/v1/accounts/{ALICE}"), "/v1/accounts/Alice%20Tester".to_owned()] {
        let (status, answer) = api.get(&path).await;
        assert_eq!((status, &answer["first"]), (200, &json!("Alice")));
        let removed = api.call(Method::DELETE, &path, "").await;
        assert_eq!(removed, (200, json!({"status": "removed"})));
    }
    assert_eq!(api.get("/v1/accounts/Bob%20Tester").await.0, 404);
    assert_eq!(api.fake.removed.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_agent_is_kicked_by_name() {
    let api = Api::new();
    let answer = api.post("/v1/agents/alice.tester/kick", "").await;
    assert_eq!(answer, (200, json!({"status": "kicked"})));
}

#[tokio::test]
async fn the_root_page_names_every_route() {
    let api = Api::new();
    let (status, page) = api.get("/").await;
    let page = page.as_str().unwrap();
    assert_eq!(status, 200);
    let (_, document) = api.get("/openapi.json").await;
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
    }
}

#[tokio::test]
async fn every_response_of_the_document_is_described() {
    let (_, document) = Api::new().get("/openapi.json").await;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["operationId"].as_str().unwrap().contains('_'), "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            for status in ["401", "403", "405"] {
                assert!(responses.contains_key(status), "{method} {path} {status}");
            }
            for (status, response) in responses {
                let described = response["description"].as_str().is_some_and(|d| !d.is_empty());
                assert!(described, "{method} {path} {status}");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_account_is_refused_by_field() {
    let api = Api::new();
    for (body, status, field) in [
        (r#"{"last":"T","password":"p"}"#, 400, json!("first")),
        (r#"{"first":1,"last":"T","password":"p"}"#, 400, json!("first")),
        (r#"{"first":"A","last":"T","password":"p","uuid":"x"}"#, 400, json!("uuid")),
        (r#"{"first":"Taken","last":"T","password":"p"}"#, 409, json!("first")),
        (r#"{"first":"A","last":"T","password":"p","pasword":"q"}"#, 400, Value::Null),
        ("[]", 400, Value::Null),
        ("{", 400, Value::Null),
    ] {
        let (got, answer) = api.post("/v1/accounts", body).await;
        assert_eq!((got, &answer["field"]), (status, &field), "{body}");
        assert!(answer["error"].is_string());
    }
    assert_eq!(api.post("/v1/accounts", &" ".repeat(100_000)).await.0, 413);
    assert!(api.fake.created.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_agent_is_kicked_with_a_reason() {
    let api = Api::new();
    let path = format!("/v1/agents/{ALICE}/kick");
    assert_eq!(api.post(&path, r#"{"reason":"bye"}"#).await, (200, json!({"status": "kicked"})));
    assert_eq!(api.post(&path, "").await.0, 200);
    let kicked = api.fake.kicked.lock().unwrap();
    assert_eq!(kicked[0], (Who::Id(AgentId(ALICE)), "bye".to_owned()));
    assert_eq!(kicked[1].1, agents::DEFAULT_REASON);
}

#[tokio::test]
async fn kicking_nobody_fails() {
    let api = Api::new();
    let stranger = format!("/v1/agents/{}/kick", Uuid::from_u128(9));
    assert_eq!(api.post(&stranger, "").await, (404, json!({"error": "no such agent"})));
    assert_eq!(api.post("/v1/agents/Bob%20Tester/kick", "").await.0, 404);
    let (status, answer) = api.post("/v1/agents/Bob%20The%20Builder/kick", "").await;
    assert_eq!((status, &answer["field"]), (400, &json!("agent")));
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(agents::MAX_REASON + 1));
    let (status, answer) = api.post(&format!("/v1/agents/{ALICE}/kick"), &long).await;
    assert_eq!((status, &answer["field"]), (400, &json!("reason")));
}

#[tokio::test]
async fn shutdown_is_accepted() {
    let api = Api::new();
    assert_eq!(api.get("/v1/shutdown").await.0, 405);
    assert!(!api.fake.stopped.load(Ordering::Relaxed), "reading stops nothing");
    assert_eq!(api.post("/v1/shutdown", "").await, (202, json!({"status": "stopping"})));
    assert!(api.fake.stopped.load(Ordering::Relaxed));
}

#[tokio::test]
async fn unknown_routes_and_methods_answer_in_json() {
    let api = Api::new();
    assert_eq!(api.get("/v2").await, (404, json!({"error": "no such route"})));
    let (status, answer) = api.post("/v1/agents", "").await;
    assert_eq!((status, answer), (405, json!({"error": "method not allowed"})));
}

#[tokio::test]
async fn every_route_demands_the_token() {
    let fake = Arc::new(Fake::default());
    let access = ControlAccess { token: Some("t".to_owned()), loopback: false };
    let router = router(fake, access).unwrap();
    for path in ["/health", "/ready", "/metrics", "/openapi.json", "/v1/agents", "/nothing"] {
        let ask = |token: &str| {
            let request =
                Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
            router.clone().oneshot(request.body(Body::empty()).unwrap())
        };
        let refused = ask("u").await.unwrap();
        assert_eq!(refused.status(), 401, "{path}");
        assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], "Bearer");
        assert_ne!(ask("t").await.unwrap().status(), 401, "{path}");
    }
}

#[tokio::test]
async fn the_document_names_every_route() {
    let api = Api::new();
    let (status, document) = api.get("/openapi.json").await;
    assert_eq!(status, 200);
    assert_eq!(document["paths"].as_object().unwrap().len(), 23);
}

#[test]
fn the_document_is_as_published() {
    // Refresh with `INSTA_UPDATE=always cargo test the_document_is_as_published`.
    insta::assert_snapshot!("openapi", openapi_document().unwrap());
}

#[tokio::test]
async fn groups_and_sessions_are_listed() {
    let api = Api::new();
    let (status, body) = api.get("/v1/groups").await;
    assert_eq!(status, 200);
    assert_eq!(body["groups"][0]["name"], "Weavers");
    assert_eq!(body["groups"][0]["members"][0]["online"], true);
    let (status, body) = api.get("/v1/sessions").await;
    assert_eq!(status, 200);
    let names: Vec<_> =
        body["sessions"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Dyers", "Weavers"], "in order of their names");
}

#[tokio::test]
async fn friends_are_those_of_the_agent_in_the_path() {
    let api = Api::new();
    let (status, body) = api.get(&format!("/v1/friends/{ALICE}")).await;
    assert_eq!((status, &body["friends"][0]["has"]), (200, &json!(3)));
    assert_eq!(api.get(&format!("/v1/friends/{}", Uuid::nil())).await.0, 404);
    assert_eq!(api.get("/v1/friends/Nobody.Here").await.0, 404);
    let (status, body) = api.get("/v1/friends/%C3%28").await;
    assert_eq!(status, 400, "{body}");
    assert!(body["error"].is_string());
}

#[tokio::test]
async fn a_message_is_sent_or_the_field_at_fault_is_named() {
    let api = Api::new();
    let body = json!({ "to": ALICE, "message": "hello", "from_name": "Weather" });
    let (status, answer) = api.post("/v1/im", &body.to_string()).await;
    assert_eq!((status, answer), (200, json!({ "status": "delivered" })));
    assert_eq!(api.fake.sent.lock().unwrap()[0].from_name.as_deref(), Some("Weather"));
    for (wrong, field) in [
        (json!({ "message": "x" }), "to"),
        (json!({ "to": "Alice", "message": "x" }), "to"),
        (json!({ "to": ALICE }), "message"),
        (json!({ "to": ALICE, "message": "" }), "message"),
        (json!({ "to": ALICE, "message": "x", "from_name": "" }), "from_name"),
        (json!({ "to": ALICE, "message": "x", "from": ALICE, "from_name": "A" }), "from_name"),
    ] {
        let (status, answer) = api.post("/v1/im", &wrong.to_string()).await;
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{wrong}");
    }
    assert_eq!(api.fake.sent.lock().unwrap().len(), 1);
}
