//! A connection over channels, with a fake region.

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::*;
use crate::objects::ObjectError;
use crate::scripts::fake::{self, Gone, TEST_USER};

struct Host {
    lines: mpsc::Sender<Incoming>,
    out: mpsc::Receiver<String>,
    task: JoinHandle<()>,
}

impl Host {
    fn start(access: &ObjectAccess) -> Self {
        let (lines, incoming) = mpsc::channel(INCOMING);
        let (outgoing, out) = mpsc::channel(OUTGOING);
        let access = access.clone();
        let task = tokio::spawn(async move {
            run(&access, incoming, outgoing, &CancellationToken::new()).await;
        });
        Self { lines, out, task }
    }

    /// Past the first line.
    async fn greeted(access: &ObjectAccess) -> Self {
        let mut host = Self::start(access);
        let hello = host.next().await;
        assert_eq!(hello["hello"]["regions"], json!(["Holm"]));
        host
    }

    async fn next(&mut self) -> Value {
        serde_json::from_str(&self.out.recv().await.unwrap()).unwrap()
    }

    async fn ask(&mut self, line: Value) -> Value {
        self.lines.send(Ok(line.to_string())).await.unwrap();
        self.next().await
    }

    /// Makes an object and takes its first event.
    async fn create(&mut self, object: Value) -> Value {
        let made = self.ask(json!({"id": "c", "create": object})).await;
        assert_eq!(self.next().await["event"], "on_rez", "{made}");
        made["result"].clone()
    }

    async fn leave(self) {
        drop(self.lines);
        self.task.await.unwrap();
    }
}

#[tokio::test]
async fn two_hosts_hear_each_other_by_their_own_numbers() {
    let (access, _) = fake::access().await;
    let mut bell = Host::greeted(&access).await;
    let mut door = Host::greeted(&access).await;
    let made = bell.create(json!({"name": "Bell", "owner": TEST_USER})).await;
    assert_eq!(made["scripts"], json!([1]), "numbers are the connection's own");
    assert_eq!(made["prims"], json!([made["object"]]));
    assert_eq!(door.create(json!({"name": "Door"})).await["scripts"], json!([1]));

    let heard = json!({"id": 2, "script": 1, "call": "llListen", "args": [0, "", "", ""]});
    assert_eq!(door.ask(heard).await, json!({"id": 2, "result": 1}));
    let said = bell.ask(json!({"id": 3, "script": 1, "call": "llSay", "args": [0, "ring"]})).await;
    let expected = json!({"queued": 1, "considered": 1, "truncated": false, "sleep_ms": 0});
    assert_eq!(said, json!({"id": 3, "result": null, "said": expected}));
    let event = door.next().await;
    let args = json!([0, "speaker", made["object"], "ring"]);
    let owner = made["object"].clone();
    assert_eq!(event, json!({"event": "listen", "script": 1, "args": args, "owner": owner}));
}

#[tokio::test]
async fn scripts_are_numbered_in_the_order_of_the_request() {
    let (access, _) = fake::access().await;
    let mut host = Host::greeted(&access).await;
    let object = json!({"prims": [{}], "start": 3,
        "scripts": [{"name": "b", "link": 2}, {"name": "a"}, {"name": "c", "link": 2}]});
    let made = host.ask(json!({"id": 1, "create": object})).await;
    assert_eq!(made["result"]["scripts"], json!([1, 2, 3]));
    for number in 1..=3 {
        let event = host.next().await;
        assert_eq!(event, json!({"event": "on_rez", "script": number, "args": [3]}));
    }
    let object = made["result"]["object"].clone();
    let added = host.ask(json!({"id": 2, "add_script": {"object": object, "name": "d"}})).await;
    assert_eq!(added["result"], 4);
    assert_eq!(host.ask(json!({"id": 3, "remove_script": 4})).await["result"], Value::Null);
    let again = host.ask(json!({"id": 4, "script": 4, "state": []})).await;
    let message = "the connection has no script 4";
    assert_eq!(again["error"], json!({"message": message, "field": "script"}));
    assert_eq!(host.ask(json!({"script": 3, "state": ["listen"]})).await["result"], Value::Null);
}

#[tokio::test]
async fn every_failure_is_answered_and_the_connection_goes_on() {
    let (access, _) = fake::access().await;
    let mut host = Host::greeted(&access).await;
    let made = host.create(json!({"uuid": Uuid::from_u128(5)})).await;
    for (line, field) in [
        (json!({"id": 1, "create": {"uuid": Uuid::from_u128(5)}}), "uuid"),
        (json!({"id": 1, "create": {"region": "Elsewhere"}}), "region"),
        (json!({"id": 1, "create": {"owner": "Nobody Here"}}), "owner"),
        (json!({"id": 1, "create": {"worn_by": "Nobody Here"}}), "worn_by"),
        (json!({"id": 1, "script": 7, "call": "llDie", "args": []}), "script"),
        (json!({"id": 1, "remove": Uuid::from_u128(6)}), "object"),
        (json!({"id": 1, "change": {"prim": made["object"], "text": "t"}}), "change"),
    ] {
        let answer = host.ask(line.clone()).await;
        assert_eq!(
            (&answer["id"], &answer["error"]["field"]),
            (&json!(1), &json!(field)),
            "{line}"
        );
    }
    let answer = host.ask(json!("no object")).await;
    assert_eq!(answer["error"]["message"], "line is not a JSON object");
    let changed = host.ask(json!({"change": {"prim": made["object"], "name": "n"}})).await;
    assert_eq!(changed["result"], Value::Null);
}

#[tokio::test]
async fn removal_of_an_object_is_news_to_others_only() {
    let (access, _) = fake::access().await;
    let mut host = Host::greeted(&access).await;
    let first = host.create(json!({})).await;
    let second = host.create(json!({})).await;
    let third = host.create(json!({})).await;
    assert_eq!(host.ask(json!({"remove": first["object"]})).await["result"], Value::Null);
    let dies = json!({"script": second["scripts"][0], "call": "llDie", "args": []});
    assert_eq!(host.ask(dies).await["result"], Value::Null);
    let object = Uuid::parse_str(third["object"].as_str().unwrap()).unwrap();
    access.remove(PrimId(object)).await.unwrap();
    assert_eq!(host.next().await, json!({"event": "gone", "script": 3}));
    let after = host.ask(json!({"script": 3, "state": []})).await;
    assert_eq!(after["error"]["field"], "script");
}

#[tokio::test]
async fn a_script_of_what_is_worn_lives_on_after_it_asked_to_die() {
    let (access, _) = fake::access().await;
    let mut host = Host::greeted(&access).await;
    let wearer = Uuid::from_u128(9);
    let worn = host.create(json!({"worn_by": wearer})).await;
    let dies = json!({"script": worn["scripts"][0], "call": "llDie", "args": []});
    assert_eq!(host.ask(dies).await["result"], Value::Null);
    let still = json!({"script": worn["scripts"][0], "state": []});
    assert_eq!(host.ask(still).await, json!({"id": null, "result": null}));
}

#[tokio::test]
async fn a_connection_has_only_so_many_scripts() {
    let (access, _) = fake::access().await;
    let mut host = Host::greeted(&access).await;
    let scripts = vec![json!({}); MOST_SCRIPTS + 1];
    let answer = host.ask(json!({"create": {"scripts": scripts}})).await;
    assert_eq!(answer["error"]["field"], "scripts");
}

#[tokio::test]
async fn an_object_is_not_called_unknown_if_nobody_could_be_asked() {
    let object = PrimId(Uuid::from_u128(5));
    let found = fake::stopped().await.find(object).await.map(drop);
    assert_eq!(found, Err(AccessError::Stopped));
    let (access, _) = fake::access().await;
    let found = access.find(object).await.map(drop);
    assert_eq!(found, Err(ObjectError::UnknownObject(object).into()));
}

async fn gone_with(keep: Option<bool>) -> bool {
    let (access, gone): (_, std::sync::Arc<Gone>) = fake::access().await;
    let mut host = Host::greeted(&access).await;
    host.create(json!({})).await;
    if let Some(keep) = keep {
        host.ask(json!({"keep": keep})).await;
    }
    host.leave().await;
    gone.next().await
}

#[tokio::test]
async fn regions_are_told_when_a_host_is_gone() {
    assert!(!gone_with(None).await);
    assert!(gone_with(Some(true)).await);
    assert!(!gone_with(Some(false)).await);
}

#[tokio::test]
async fn requests_that_came_before_the_end_are_done() {
    let (access, _) = fake::access().await;
    let mut host = Host::start(&access);
    for id in 0..3 {
        host.lines.send(Ok(json!({"id": id, "keep": false}).to_string())).await.unwrap();
    }
    host.lines.send(Err(FieldError::general("line is not UTF-8"))).await.unwrap();
    host.next().await;
    for id in 0..3 {
        assert_eq!(host.next().await["id"], id);
    }
    assert_eq!(host.next().await["error"]["message"], "line is not UTF-8");
    assert_eq!(host.out.recv().await, None, "a line that cannot be read is the last");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_read_is_cut_off() {
    let (access, gone) = fake::access().await;
    let mut host = Host::greeted(&access).await;
    host.create(json!({})).await;
    let lines = host.lines.clone();
    let asks = tokio::spawn(async move {
        while lines.send(Ok(json!({"keep": false}).to_string())).await.is_ok() {}
    });
    host.task.await.unwrap();
    asks.await.unwrap();
    gone.next().await;
}

#[tokio::test]
async fn connections_end_with_the_regions() {
    let (access, _) = fake::access().await;
    let stop = CancellationToken::new();
    let (lines, incoming) = mpsc::channel::<Incoming>(1);
    let (outgoing, mut out) = mpsc::channel(4);
    let task = {
        let stop = stop.clone();
        tokio::spawn(async move { run(&access, incoming, outgoing, &stop).await })
    };
    assert!(out.recv().await.unwrap().contains("hello"));
    stop.cancel();
    task.await.unwrap();
    drop(lines);
}

#[tokio::test]
async fn a_script_that_is_gone_can_be_given_up() {
    let (access, _) = fake::access().await;
    let mut host = Host::greeted(&access).await;
    let made = host.create(json!({"name": "Bell"})).await;
    let object = PrimId(made["object"].as_str().unwrap().parse().unwrap());
    let (region, report) = access.find(object).await.unwrap();
    let script = report.prims[0].scripts[0].id;
    // By somebody else, and there was no room to tell of it.
    access.remove_script(region, script).await.unwrap();
    let first = host.ask(json!({"id": 1, "remove_script": 1})).await;
    let second = host.ask(json!({"id": 2, "remove_script": 1})).await;
    assert_eq!(first["error"]["field"], "script");
    assert_eq!(second["error"]["message"], "the connection has no script 1");
}
