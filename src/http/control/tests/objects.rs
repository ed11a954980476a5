//! Routes for objects and CLEP, and the WebSocket of script hosts, against a fake region.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::http::connections::{ConnectionLimits, Connections};
use crate::http::serve::{self, ServeSettings};
use crate::scripts::fake::{self, TEST_USER};
use crate::time::ManualClock;

async fn api() -> Api {
    let api = Api::new();
    let (access, _) = fake::access().await;
    assert!(api.fake.objects.set(access).is_ok());
    api
}

async fn made(api: &Api, body: Value) -> Value {
    let (status, made) = api.post("/v1/objects", &body.to_string()).await;
    assert_eq!(status, 201, "{made}");
    made
}

#[tokio::test]
async fn an_object_is_made_looked_at_and_removed() {
    let api = api().await;
    let key = Uuid::from_u128(5);
    let made = made(
        &api,
        json!({"name": "Bell", "uuid": key, "owner": TEST_USER, "position": [1, 2, 3],
            "shape": "sphere", "prims": [{"name": "Rope", "offset": [0, 0, 1]}]}),
    )
    .await;
    assert_eq!((&made["id"], &made["region"]), (&json!(key), &json!("Holm")));
    assert_eq!(made["owner"]["name"], TEST_USER);
    assert_eq!(made["position"], json!([1.0, 2.0, 3.0]));
    let [bell, rope] = made["prims"].as_array().unwrap().as_slice() else { panic!("{made}") };
    assert_eq!((&bell["link"], &bell["shape"]), (&json!(1), &json!("sphere")));
    let scripts = json!([{"name": "main", "driver": "recorder", "listens": [], "waiting": 0}]);
    assert_eq!(bell["scripts"], scripts);
    assert_eq!(rope["offset"], json!([0.0, 0.0, 1.0]));

    let (status, listed) = api.get("/v1/objects?region=holm").await;
    assert_eq!((status, &listed["objects"][0]), (200, &made));
    let path = format!("/v1/objects/{}", rope["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await, (200, made), "any prim names the object");
    let removed = api.call(Method::DELETE, &path, "").await;
    assert_eq!(removed, (200, json!({"status": "removed"})));
    assert_eq!(api.get(&path).await, (404, json!({"error": "no such object"})));
    assert_eq!(api.get("/v1/objects").await.1, json!({"objects": []}));
}

#[tokio::test]
async fn wrong_objects_are_refused_by_field() {
    let api = api().await;
    let key = Uuid::from_u128(5);
    made(&api, json!({"uuid": key})).await;
    for (body, status, field) in [
        (json!({"uuid": key}), 409, json!("uuid")),
        (json!({"owner": "Nobody Here"}), 400, json!("owner")),
        (json!({"region": "Elsewhere"}), 400, json!("region")),
        (json!({"size": [1]}), 400, json!("size")),
        (json!({"nam": "Bell"}), 400, Value::Null),
    ] {
        let (got, answer) = api.post("/v1/objects", &body.to_string()).await;
        assert_eq!((got, &answer["field"]), (status, &field), "{body}");
    }
    assert_eq!(api.get("/v1/objects?region=Elsewhere").await.1["field"], "region");
    assert_eq!(api.get("/v1/objects?regio=Holm").await.0, 400);
    assert_eq!(api.get("/v1/objects/bell").await.1["field"], "id");
}

#[tokio::test]
async fn scripts_make_calls_and_what_they_hear_is_recorded() {
    let api = api().await;
    let bell = made(&api, json!({"name": "Bell"})).await["id"].as_str().unwrap().to_owned();
    let door = made(&api, json!({"name": "Door"})).await["id"].as_str().unwrap().to_owned();
    let listen = api.post(&format!("/v1/objects/{door}/listen"), r#"{"channel":-5}"#).await;
    assert_eq!(listen, (200, json!({"result": 1})));
    let body = r#"{"channel":-5,"text":"ring","script":"main","link":1}"#;
    let (status, said) = api.post(&format!("/v1/objects/{bell}/say"), body).await;
    assert_eq!((status, &said["said"]["queued"]), (200, &json!(1)));

    let (status, page) = api.get(&format!("/v1/objects/{door}/events?after=2")).await;
    assert_eq!(status, 200);
    let expected = json!({"number": 3, "unix_ms": 5, "prim": door, "script": "main", "owner": bell,
        "event": "listen", "args": [-5, "speaker", bell, "ring"]});
    assert_eq!(page, json!({"events": [expected], "last": 3, "forgotten": 0}));
    let (_, later) = api.get(&format!("/v1/objects/{door}/events?after=3")).await;
    assert_eq!((&later["events"], &later["last"]), (&json!([]), &json!(3)));
}

#[tokio::test]
async fn an_avatar_touches_a_prim() {
    let api = api().await;
    let bell = made(&api, json!({"name": "Bell"})).await["id"].as_str().unwrap().to_owned();
    let (_, unclaimed) = api.get(&format!("/v1/objects/{bell}")).await;
    assert_eq!(unclaimed["owner"]["name"], TEST_USER, "as an object of the configuration");
    let path = format!("/v1/objects/{bell}/touch");
    let toucher = Uuid::from_u128(7);
    let body = json!({"by": toucher}).to_string();
    assert_eq!(api.post(&path, &body).await, (200, json!({"scripts": 1})));
    let (_, page) = api.get(&format!("/v1/objects/{bell}/events?after=1")).await;
    assert_eq!(page["events"][0]["event"], "touch_start");
    assert_eq!(page["events"][0]["detected"], json!([{"key": toucher}]));
    let by_name = json!({"by": TEST_USER}).to_string();
    assert_eq!(api.post(&path, &by_name).await, (200, json!({"scripts": 1})));

    for (body, field) in [
        (json!({}), json!("by")),
        (json!({"by": 5}), json!("by")),
        (json!({"by": "Nobody Here"}), json!("by")),
        (json!({"by": toucher, "link": 1}), Value::Null),
    ] {
        let (status, answer) = api.post(&path, &body.to_string()).await;
        assert_eq!((status, &answer["field"]), (400, &field), "{body}");
    }
    let nothing = format!("/v1/objects/{}/touch", Uuid::nil());
    assert_eq!(api.post(&nothing, &body).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn event_request_may_wait_for_the_next_event() {
    let api = api().await;
    let bell = made(&api, json!({"name": "Bell"})).await["id"].as_str().unwrap().to_owned();
    let path = |query: &str| format!("/v1/objects/{bell}/events?{query}");
    let began = tokio::time::Instant::now();
    assert_eq!(api.get(&path("wait=9")).await.1["last"], 1, "what is there is given at once");
    assert_eq!(began.elapsed().as_secs(), 0);
    let nothing = json!({"events": [], "last": 1, "forgotten": 0});
    assert_eq!(api.get(&path("after=1&wait=9")).await, (200, nothing));
    assert_eq!(began.elapsed().as_secs(), 9);

    let (query, touch) = (path("after=1&wait=60"), format!("/v1/objects/{bell}/touch"));
    // By key: a name is looked up on another thread, for which a paused clock does not wait.
    let body = json!({"by": Uuid::from_u128(7)}).to_string();
    let (page, touched) = tokio::join!(api.get(&query), api.post(&touch, &body));
    assert_eq!((touched.0, &page.1["events"][0]["event"]), (200, &json!("touch_start")));
    let (query, object) = (path("after=2&wait=60"), format!("/v1/objects/{bell}"));
    let (gone, removed) = tokio::join!(api.get(&query), api.call(Method::DELETE, &object, ""));
    assert_eq!((gone.0, removed.0), (404, 200), "waiting ends with the object");
    assert_eq!(began.elapsed().as_secs(), 9);
    for wrong in ["wait=61", "wait=x", "wait=-1"] {
        assert_eq!(api.get(&path(wrong)).await.1["field"], "wait", "{wrong}");
    }
}

#[tokio::test]
async fn every_call_is_known_and_wrong_ones_are_refused() {
    let api = api().await;
    let bell = made(&api, json!({})).await["id"].as_str().unwrap().to_owned();
    for (call, body) in [
        ("listen", json!({"channel": 1, "name": "n", "key": "k", "message": "m"})),
        ("listen_control", json!({"handle": 1, "active": false})),
        ("listen_remove", json!({"handle": 1})),
        ("say", json!({"text": "t"})),
        ("shout", json!({"channel": 1, "text": "t"})),
        ("whisper", json!({"message": "t"})),
        ("region_say", json!({"channel": 1, "text": "t"})),
        ("region_say_to", json!({"target": bell, "text": "t"})),
        ("owner_say", json!({"text": "t"})),
        ("instant_message", json!({"target": bell, "text": "t"})),
        ("dialog", json!({"target": bell, "message": "t", "buttons": ["a"], "channel": -1})),
        ("text_box", json!({"target": bell, "message": "t", "channel": -1})),
        ("message_linked", json!({"to": -1, "number": 1, "text": "t", "id": "i"})),
        ("clep", json!({"dialect": "seed-chuf", "domain": "d", "message": {"text": "t"}})),
        ("clep_listen", json!({"dialect": "clep-json", "domain": "d"})),
        ("clep_forget", json!({})),
        ("lep_listen", json!({"revision": "l1"})),
        ("lep_send", json!({"revision": "l1", "link": -4, "message": {"target": "t"}})),
    ] {
        let (status, answer) =
            api.post(&format!("/v1/objects/{bell}/{call}"), &body.to_string()).await;
        assert_eq!(status, 200, "{call}: {answer}");
        assert!(answer.as_object().unwrap().contains_key("result"), "{call}");
    }
    for (call, body, status, field) in [
        ("sing", json!({}), 404, Value::Null),
        ("say", json!({}), 400, json!("text")),
        ("say", json!({"text": "t", "channel": 2_147_483_648_u32}), 400, json!("channel")),
        ("say", json!({"text": "t", "chanel": 1}), 400, Value::Null),
        ("say", json!({"text": "t", "script": "other"}), 404, Value::Null),
        ("say", json!({"text": "t", "link": 2}), 404, Value::Null),
        ("listen_control", json!({"handle": 1}), 400, json!("active")),
        ("clep", json!({"dialect": "clep", "domain": "d", "message": {}}), 400, json!("dialect")),
    ] {
        let path = format!("/v1/objects/{bell}/{call}");
        let (got, answer) = api.post(&path, &body.to_string()).await;
        assert_eq!((got, &answer["field"]), (status, &field), "{call} {body}");
    }
    assert_eq!(api.post(&format!("/v1/objects/{bell}/events"), "{}").await.0, 405);
    let error = async |call: &str, body: Value| {
        let path = format!("/v1/objects/{bell}/{call}");
        api.post(&path, &body.to_string()).await.1["error"].as_str().unwrap().to_owned()
    };
    let unknown = error("sing", json!({})).await;
    assert!(unknown.contains("\"sing\"") && unknown.contains("`region_say_to`"), "{unknown}");
    let channel = error("say", json!({"text": "t", "channel": 3_000_000_000_u32})).await;
    assert_eq!(channel, "channel is not a 32-bit integer: 3000000000");
    let script = error("say", json!({"text": "t", "script": "other", "link": 1})).await;
    assert_eq!(script, "no such script: the object has none \"other\" in link 1");
}

#[tokio::test]
async fn traffic_is_read_page_by_page() {
    let api = api().await;
    let bell = made(&api, json!({})).await["id"].as_str().unwrap().to_owned();
    for text in ["a", "b", "c"] {
        let body = json!({"text": text}).to_string();
        assert_eq!(api.post(&format!("/v1/objects/{bell}/say"), &body).await.0, 200);
    }
    let (status, page) = api.get("/v1/clep/traffic?limit=2").await;
    assert_eq!((status, &page["last"]), (200, &json!(2)));
    assert_eq!(page["traffic"][1]["text"], "b");
    let (_, rest) = api.get("/v1/clep/traffic?after=2").await;
    assert_eq!((&rest["traffic"][0]["text"], &rest["last"]), (&json!("c"), &json!(3)));
    for wrong in ["limit=0", "limit=1001", "limit=x", "after=-1", "region=x", "from=1"] {
        assert_eq!(api.get(&format!("/v1/clep/traffic?{wrong}")).await.0, 400, "{wrong}");
    }
    let body = json!({"dialect": "clep-json", "domain": "test"}).to_string();
    let watched = json!({"channel": -951_725_774, "warnings": []});
    assert_eq!(api.post("/v1/clep/watch", &body).await, (200, watched));
    let body = json!({"dialect": "seed-chuf", "domain": "d997831"}).to_string();
    let watched = json!({"channel": 280, "warnings": [{"kind": "typeable"}]});
    assert_eq!(api.post("/v1/clep/watch", &body).await, (200, watched));
    let (status, answer) = api.post("/v1/clep/watch", r#"{"dialect":"clep-json"}"#).await;
    assert_eq!((status, &answer["field"]), (400, &json!("domain")));
}

struct Served {
    address: SocketAddr,
    api: Api,
    _stop: tokio_util::sync::DropGuard,
}

async fn serving() -> Served {
    let api = api().await;
    made(&api, json!({"name": "Bell", "uuid": Uuid::from_u128(5)})).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let places = Connections::new("test", ConnectionLimits { most: 64, per_address: 64 });
    let settings = ServeSettings::default();
    tokio::spawn(serve::serve(
        listener,
        api.router.clone(),
        places,
        Arc::new(ManualClock::default()),
        settings,
        stop.clone(),
    ));
    Served { address, api, _stop: stop.drop_guard() }
}

impl Served {
    async fn connect(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = head.replace("HOST", &self.address.to_string());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }
}

async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read);
        if text.contains(wanted) {
            return text.into_owned();
        }
        let mut buffer = [0; 1024];
        let length = stream.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "ended without {wanted:?}: {text}");
        read.extend_from_slice(&buffer[..length]);
    }
}

#[tokio::test]
async fn a_stream_begins_with_the_past_and_goes_on() {
    let served = serving().await;
    let say = format!("/v1/objects/{}/say", Uuid::from_u128(5));
    let api = &served.api;
    assert_eq!(api.post(&say, r#"{"text":"first"}"#).await.0, 200);
    let head = "GET /v1/clep/traffic/stream HTTP/1.1\r\nHost: HOST\r\nLast-Event-ID: 0\r\n\r\n";
    let mut stream = served.connect(head).await;
    let begun = read_until(&mut stream, "\"first\"").await;
    assert!(begun.contains("text/event-stream") && begun.contains("id: 1\nevent: traffic\n"));
    for _ in 0..20 {
        assert_eq!(api.post(&say, r#"{"text":"more"}"#).await.0, 200);
    }
    read_until(&mut stream, "id: 21\n").await;

    let by_header = "GET /v1/clep/traffic?after=21 HTTP/1.1\r\nHost: HOST\r\n\
                     Accept: text/event-stream\r\n\r\n";
    let mut stream = served.connect(by_header).await;
    read_until(&mut stream, ": traffic\n").await;
    assert_eq!(api.post(&say, r#"{"text":"last"}"#).await.0, 200);
    let text = read_until(&mut stream, "\"last\"").await;
    assert!(!text.contains("\"more\""), "{text}");
}

const HANDSHAKE: &str = "GET /v1/scripts HTTP/1.1\r\nHost: HOST\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A text message as clients send it, its mask all zero.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

#[tokio::test]
async fn a_script_host_speaks_by_websocket() {
    let served = serving().await;
    let mut stream = served.connect(&format!("{HANDSHAKE}\r\n")).await;
    let greeting = read_until(&mut stream, "\"hello\"").await;
    assert!(greeting.contains("101 Switching Protocols"), "{greeting}");
    stream.write_all(&frame(r#"{"id":1,"create":{"name":"Door"}}"#)).await.unwrap();
    read_until(&mut stream, "\"on_rez\"").await;
    stream.write_all(&frame(r#"{"id":2,"script":1,"call":"llDie"}"#)).await.unwrap();
    read_until(&mut stream, r#"{"id":2,"result":null}"#).await;
    stream.write_all(&[0x82, 0x81, 0, 0, 0, 0, b'x']).await.unwrap();
    read_until(&mut stream, "message is not text").await;
    stream.read_to_end(&mut Vec::new()).await.unwrap();
}

#[tokio::test]
async fn web_pages_and_plain_requests_get_no_websocket() {
    let served = serving().await;
    let page = format!("{HANDSHAKE}Origin: http://evil.example\r\n\r\n");
    read_until(&mut served.connect(&page).await, "403 Forbidden").await;
    let plain = "GET /v1/scripts HTTP/1.1\r\nHost: HOST\r\n\r\n";
    read_until(&mut served.connect(plain).await, "400 Bad Request").await;
}
