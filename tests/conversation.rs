//! The conversation of `docs/objects.md` over real sockets: two agents, objects of the
//! configuration, one of the control API and one of a script host.

#[path = "script_host/host.rs"]
#[expect(dead_code, reason = "one carrier is enough here")]
mod host;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use holm::client::Client;
use holm::config::{Config, Overrides, load_text};
use holm::message::{
    ChatFromSimulator, ImprovedInstantMessage, KillObject, ObjectUpdate, ScriptDialog,
    ScriptDialogReply, text, variable1,
};
use holm::testing::{DEADLINE, TestGrid};
use serde_json::{Value, json};
use uuid::Uuid;

use host::Host;

const DOCUMENT: &str = include_str!("../docs/objects.md");

/// The configuration that the document shows.
fn shown() -> Result<Config> {
    let (_, behind) = DOCUMENT.split_once("```toml\n").context("no toml in the document")?;
    let (toml, _) = behind.split_once("```").context("an open block")?;
    Ok(load_text(Path::new("objects.md"), toml, [], &Overrides::default())?.config)
}

async fn grid() -> Result<TestGrid> {
    let shown = shown()?;
    let change = |config: &mut Config| {
        config.login.test_accounts = true;
        config.object = shown.object;
        config.clep = shown.clep;
    };
    Ok(TestGrid::start_with(change).await?)
}

#[tokio::test]
async fn two_agents_and_five_objects_converse() -> Result<()> {
    let grid = grid().await?;
    let mut test = grid.enter("Test", "User").await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let objects = grid.control("v1/objects").await?;
    let names: Vec<_> = list(&objects, "objects").map(|object| object["name"].clone()).collect();
    assert_eq!(names, ["Bell", "Oracle", "Tower"]);

    says(&mut test, &mut alice).await?;
    let clerk = dialog(&grid, &mut alice).await?;
    private(&grid, clerk, &mut test, &mut alice).await?;
    clep(&grid).await?;

    let is_clerk = |update: &ObjectUpdate| id_of(update, clerk).is_some();
    test.expect::<ObjectUpdate>(DEADLINE, is_clerk).await?;
    let shown = alice.expect::<ObjectUpdate>(DEADLINE, is_clerk).await?;
    let local_id = id_of(&shown, clerk).context("the prim")?;
    delete(&grid, &format!("v1/objects/{clerk}")).await?;
    for client in [&mut test, &mut alice] {
        let gone = |kill: &KillObject| kill.object_data.iter().any(|block| block.id == local_id);
        client.expect::<KillObject>(DEADLINE, gone).await?;
    }
    for series in [
        "holm_lsl_lines_total{region=\"Holm\"}",
        "holm_object_events_total{region=\"Holm\",event=\"removed\"}",
        "holm_object_drops_total{region=\"Holm\",reason=\"request_refused\"}",
        "holm_clep_lines_total{region=\"Holm\"}",
        "holm_clep_delivered_total{region=\"Holm\"}",
        "holm_control_requests_total{route=\"/v1/objects/{id}/{call}\",status=\"400\"}",
    ] {
        counted(&grid, series).await?;
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn objects_that_cannot_be_had_end_the_start_with_their_key() -> Result<()> {
    let mut shown = shown()?;
    shown.object[1].owner = "Nobody Here".to_owned();
    let objects = shown.object.clone();
    let change = |config: &mut Config| {
        config.login.test_accounts = true;
        config.object = objects;
    };
    let error = TestGrid::start_with(change).await.err().context("it started")?.to_string();
    assert_eq!(error, "object.1.owner: there is no account \"Nobody Here\"");

    shown.clep[0].dialect = "clep".to_owned();
    let change = |config: &mut Config| config.clep = shown.clep;
    let error = TestGrid::start_with(change).await.err().context("it started")?.to_string();
    ensure!(error.starts_with("clep.0.dialect: \"clep\" is no dialect: expected"), "{error}");
    Ok(())
}

/// Say and region say.
async fn says(test: &mut Client, alice: &mut Client) -> Result<()> {
    test.say("hello there").await?;
    for client in [&mut *test, &mut *alice] {
        let line = hears(client, "Hello, Test User.").await?.chat_data;
        assert_eq!(
            (text(&line.from_name), line.source_type, line.chat_type),
            ("Bell".into(), 2, 1)
        );
        assert_ne!(line.source_id, line.owner_id);
    }
    alice.say("ring").await?;
    for client in [test, alice] {
        let line = hears(client, "ding").await?.chat_data;
        assert_eq!((text(&line.from_name), line.chat_type), ("Tower".into(), 2));
    }
    Ok(())
}

/// A dialog, and its answer. Gives the object's key.
async fn dialog(grid: &TestGrid, alice: &mut Client) -> Result<Uuid> {
    let clerk = json!({
        "name": "Clerk", "owner": "Alice Tester", "position": [130, 128, 22], "shape": "sphere",
    });
    let made = grid.control_ask("v1/objects", &clerk).await?;
    let id: Uuid = made["id"].as_str().context("an id")?.parse()?;
    let path = |verb: &str| format!("v1/objects/{id}/{verb}");
    let handle = grid.control_ask(&path("listen"), &json!({"channel": -99})).await?;
    ensure!(handle["result"].as_i64() > Some(0), "{handle}");
    let unknown = json!({"handle": 9});
    assert_eq!(grid.control_post(&path("listen_remove"), &unknown).await?, 400);
    let question = json!({
        "target": alice.login.agent_id.0, "text": "Tea?", "buttons": ["Tea", "No"], "channel": -99,
    });
    grid.control_ask(&path("dialog"), &question).await?;
    let is_ours = |dialog: &ScriptDialog| dialog.data.object_id == id;
    let asked = alice.expect::<ScriptDialog>(DEADLINE, is_ours).await?;
    assert_eq!((text(&asked.data.message), asked.data.chat_channel), ("Tea?".into(), -99));
    assert_eq!(text(&asked.data.first_name), "Alice");
    assert_eq!(asked.buttons.len(), 2);

    let mut reply = ScriptDialogReply::default();
    reply.agent_data.agent_id = alice.login.agent_id.0;
    reply.agent_data.session_id = alice.login.session_id.0;
    reply.data.object_id = id;
    reply.data.chat_channel = -99;
    reply.data.button_label = variable1("Tea");
    alice.send(&reply).await?;
    let wanted = json!([-99, "Alice Tester", alice.login.agent_id.0, "Tea"]);
    let is_there = |page: &Value| {
        list(page, "events").any(|event| event["event"] == "listen" && event["args"] == wanted)
    };
    grid.wait_for(&path("events"), "the answer in the events", is_there).await?;
    Ok(id)
}

/// Owner say and instant message.
async fn private(grid: &TestGrid, id: Uuid, test: &mut Client, alice: &mut Client) -> Result<()> {
    let path = |verb: &str| format!("v1/objects/{id}/{verb}");
    grid.control_ask(&path("owner_say"), &json!({"text": "for my owner"})).await?;
    let line = hears(alice, "for my owner").await?.chat_data;
    assert_eq!((line.chat_type, line.owner_id), (8, alice.login.agent_id.0));
    let message = json!({"target": test.login.agent_id.0, "text": "for you"});
    grid.control_ask(&path("instant_message"), &message).await?;
    let fits = |im: &ImprovedInstantMessage| text(&im.message_block.message) == "for you";
    let im = test.expect::<ImprovedInstantMessage>(DEADLINE, fits).await?;
    assert_eq!((im.message_block.dialog, im.message_block.id), (19, id));
    assert_eq!(im.agent_data.agent_id, alice.login.agent_id.0);
    assert_eq!(text(&im.message_block.from_agent_name), "Clerk");
    // What is said to all comes after what was said to one.
    grid.control_ask(&path("say"), &json!({"channel": 0, "text": "for all"})).await?;
    hears(alice, "for all").await?;
    let both = |chat: &ChatFromSimulator| {
        ["for my owner", "for all"].contains(&text(&chat.chat_data.message).as_str())
    };
    let first = test.expect::<ChatFromSimulator>(DEADLINE, both).await?;
    assert_eq!(text(&first.chat_data.message), "for all");
    Ok(())
}

/// A CLEP request by a script host, and the answer of a built-in behaviour.
async fn clep(grid: &TestGrid) -> Result<()> {
    let mut host = Host::tcp(grid).await?;
    let visitor = json!({
        "name": "Visitor", "position": [127, 127, 22], "scripts": [{"name": "asks"}],
    });
    assert_eq!(host.create(visitor).await?["scripts"], json!([1]));
    let name = json!({"dialect": "clep-json", "domain": "holm-demo"});
    let listening = host.ask(json!({"script": 1, "clep_listen": name})).await?;
    let channel = listening["result"][0].clone();
    ensure!(channel.as_i64() < Some(0), "{listening}");
    let request = json!({
        "dialect": "clep-json", "domain": "holm-demo",
        "message": {"method": ["ping"], "params": {"count": 1}},
    });
    let sent = host.ask(json!({"script": 1, "clep_send": request})).await?;
    assert_eq!(sent["result"]["route"], "region_say", "{sent}");
    let answer = host.event("clep").await?;
    assert_eq!(answer["message"]["result"], json!({"count": 1}), "{answer}");
    assert_eq!((&answer["name"], &answer["script"]), (&json!("Oracle"), &json!(1)));

    let are_two = |page: &Value| list(page, "traffic").count() == 2;
    let page = grid.wait_for("v1/clep/traffic", "two lines of CLEP", are_two).await?;
    let lines: Vec<_> = list(&page, "traffic").collect();
    for (line, call, from, to) in [
        (lines[0], "llRegionSay", "Visitor", "Oracle"),
        (lines[1], "llRegionSayTo", "Oracle", "Visitor"),
    ] {
        assert_eq!((&line["call"], &line["sender_name"]), (&json!(call), &json!(from)));
        assert_eq!((&line["domain"], &line["channel"]), (&json!("holm-demo"), &channel));
        let got = list(line, "receivers").filter(|receiver| receiver["outcome"] == "delivered");
        let got: Vec<_> = got.map(|receiver| receiver["prim_name"].clone()).collect();
        assert_eq!(got, [to], "{line}");
    }
    Ok(())
}

async fn hears(client: &mut Client, wanted: &str) -> Result<ChatFromSimulator> {
    let fits = |chat: &ChatFromSimulator| text(&chat.chat_data.message) == wanted;
    Ok(client.expect::<ChatFromSimulator>(DEADLINE, fits).await?)
}

fn id_of(update: &ObjectUpdate, prim: Uuid) -> Option<u32> {
    update.object_data.iter().find(|block| block.full_id == prim).map(|block| block.id)
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}

async fn delete(grid: &TestGrid, path: &str) -> Result<()> {
    let answer = grid.http().delete(&format!("{}{path}", grid.control_uri())).await?;
    ensure!(answer.status == 200, "{path}: {}", answer.status);
    Ok(())
}

/// Waits until the metrics, which are brought up to date every few seconds, have a series.
async fn counted(grid: &TestGrid, series: &str) -> Result<()> {
    let url = format!("{}metrics", grid.control_uri());
    let asked = async {
        loop {
            let metrics = grid.http().get(&url).await?;
            if String::from_utf8_lossy(&metrics.body).contains(series) {
                return Ok::<_, anyhow::Error>(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asked).await.with_context(|| format!("no {series}"))?
}
