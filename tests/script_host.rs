//! Script hosts over real sockets: a whole server, programs that own objects in it, and avatars who
//! talk to them.

#[path = "script_host/host.rs"]
mod host;

use anyhow::{Context as _, Result};
use holm::client::Client;
use holm::message::{ChatFromSimulator, ObjectGrab, text};
use holm::testing::TestGrid;
use serde_json::{Value, json};

use host::{Host, SOON};

/// LSL's bit for a new size.
const CHANGED_SCALE: i64 = 8;

async fn hears(client: &mut Client, wanted: &str) -> Result<ChatFromSimulator> {
    let fits = |chat: &ChatFromSimulator| text(&chat.chat_data.message) == wanted;
    Ok(client.expect::<ChatFromSimulator>(SOON, fits).await?)
}

#[tokio::test]
async fn two_hosts_talk_over_tcp_and_websocket() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut bell = Host::tcp(&grid).await?;
    let mut door = Host::websocket(&grid).await?;
    let bell_key = bell.create(json!({"name": "Bell"})).await?["object"].clone();
    let door_key = door.create(json!({"name": "Door"})).await?["object"].clone();

    let handle = door.call(1, "llListen", json!([-5, "Bell", "", ""])).await?;
    assert_eq!(handle["result"], 1);
    assert_eq!(door.call(1, "llListen", json!([-5, "Bell", "", ""])).await?["result"], 1);
    let said = bell.call(1, "llSay", json!([-5, "ring"])).await?;
    assert_eq!((&said["result"], &said["said"]["queued"]), (&Value::Null, &json!(1)));
    let heard = door.event("listen").await?;
    let args = json!([-5, "Bell", bell_key, "ring"]);
    // The owner is one of the ready-made accounts, whatever its id is.
    let owner = heard["owner"].clone();
    assert!(owner.is_string(), "{heard}");
    assert_eq!(heard, json!({"event": "listen", "script": 1, "args": args, "owner": owner}));

    bell.call(1, "llListen", json!([7, "", door_key, "open"])).await?;
    door.call(1, "llRegionSay", json!([7, "shut"])).await?;
    door.call(1, "llRegionSayTo", json!([bell_key, 7, "open"])).await?;
    assert_eq!(bell.event("listen").await?["args"], json!([7, "Door", door_key, "open"]));

    let removed = door.call(1, "llListenRemove", json!([1])).await?;
    assert_eq!(removed["result"], Value::Null);
    let unheard = bell.call(1, "llSay", json!([-5, "ring"])).await?;
    assert_eq!(unheard["said"]["queued"], 0);
    let refused = bell.call(1, "llRegionSay", json!([0, "all"])).await?;
    assert_eq!(refused["said"]["refused"], "public_channel");
    assert!(bell.event("script_error").await?["text"].is_string());
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn avatars_and_objects_hear_and_touch_each_other() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let alice_key = json!(alice.login.agent_id);
    let mut host = Host::tcp(&grid).await?;
    let made = host.create(json!({"name": "Bell", "owner": "Alice Tester", "start": 3})).await?;
    host.call(1, "llListen", json!([0, "", "", ""])).await?;

    alice.say("hello").await?;
    let heard = host.event("listen").await?;
    assert_eq!(heard["args"], json!([0, "Alice Tester", alice_key, "hello"]));
    host.call(1, "llSay", json!([0, "hello, Alice"])).await?;
    let answer = hears(&mut alice, "hello, Alice").await?;
    assert_eq!(text(&answer.chat_data.from_name), "Bell");
    assert_eq!(json!(answer.chat_data.source_id), made["object"]);
    assert_eq!(json!(answer.chat_data.owner_id), alice_key);
    host.call(1, "llOwnerSay", json!(["for you"])).await?;
    assert_eq!(hears(&mut alice, "for you").await?.chat_data.chat_type, 8);

    let path = format!("v1/objects/{}", made["object"].as_str().context("a key")?);
    let shown = grid.control(&path).await?;
    let local_id = shown["prims"][0]["local_id"].as_u64().context("a number")?;
    let mut grab = ObjectGrab::default();
    grab.agent_data.agent_id = alice.login.agent_id.0;
    grab.agent_data.session_id = alice.login.session_id.0;
    grab.object_data.local_id = u32::try_from(local_id)?;
    alice.send(&grab).await?;
    let touched = host.event("touch_start").await?;
    assert_eq!(touched["args"], json!([1]));
    assert_eq!(touched["detected"], json!([{"key": alice_key}]));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn events_come_with_the_arguments_of_lsl() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut host = Host::tcp(&grid).await?;
    let object = json!({"start": 3, "prims": [{"name": "Rope", "offset": [0, 0, 1]}],
        "scripts": [{"name": "main"}, {"name": "rope", "link": 2}]});
    let made = host.ask(json!({"create": object})).await?["result"].clone();
    assert_eq!(made["scripts"], json!([1, 2]));
    let begin = |name: &str, script: u64, args: Value| json!({"event": name, "script": script, "args": args});
    for script in [1, 2] {
        assert_eq!(host.event_of(script).await?, begin("state_entry", script, json!([])));
        assert_eq!(host.event_of(script).await?, begin("on_rez", script, json!([3])));
    }
    host.call(1, "llMessageLinked", json!([2, -7, "text", "id"])).await?;
    let message = begin("link_message", 2, json!([1, -7, "text", "id"]));
    assert_eq!(host.event_of(2).await?, message);

    let change = json!({"change": {"prim": made["object"], "size": [1, 1, 1]}});
    assert_eq!(host.ask(change).await?["result"], Value::Null);
    let mask = host.event("changed").await?["args"][0].as_i64().context("a mask")?;
    assert_eq!(mask & CHANGED_SCALE, CHANGED_SCALE);

    let added = json!({"add_script": {"object": made["object"], "name": "late"}});
    assert_eq!(host.ask(added).await?["result"], 3);
    assert_eq!(host.event_of(3).await?["event"], "state_entry");
    assert_eq!(host.ask(json!({"script": 3, "state": ["timer"]})).await?["result"], Value::Null);
    assert_eq!(host.ask(json!({"remove_script": 3})).await?["result"], Value::Null);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn objects_go_with_their_host_unless_it_keeps_them() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut leaving = Host::tcp(&grid).await?;
    leaving.create(json!({})).await?;
    leaving.create(json!({})).await?;
    grid.wait_for_count("v1/objects", 2).await?;
    drop(leaving);
    grid.wait_for_count("v1/objects", 0).await?;

    let mut keeping = Host::websocket(&grid).await?;
    let made = keeping.create(json!({"name": "Stays"})).await?;
    keeping.ask(json!({"keep": true})).await?;
    drop(keeping);
    let path = format!("v1/objects/{}", made["object"].as_str().context("a key")?);
    let is_kept = |shown: &Value| shown["prims"][0]["scripts"][0]["driver"] == "recorder";
    grid.wait_for(&path, "a script without its host", is_kept).await?;

    let mut owner = Host::tcp(&grid).await?;
    let mut other = Host::tcp(&grid).await?;
    let made = owner.create(json!({})).await?;
    assert_eq!(other.ask(json!({"remove": made["object"]})).await?["result"], Value::Null);
    assert_eq!(owner.event("gone").await?["script"], 1);
    let after = owner.call(1, "llSay", json!([0, "t"])).await?;
    assert_eq!(after["error"]["field"], "script");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn clep_goes_by_the_library_of_the_host() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut bell = Host::tcp(&grid).await?;
    let mut door = Host::tcp(&grid).await?;
    bell.create(json!({"name": "Bell"})).await?;
    let door_key = door.create(json!({"name": "Door"})).await?["object"].clone();
    let listen = json!({"dialect": "clep-json", "domain": "test"});
    let listening = door.ask(json!({"script": 1, "clep_listen": listen})).await?;
    assert_eq!(listening["result"], json!([-951_725_774]));

    let message = json!({"method": ["open"], "params": 7, "target": {"prim": door_key}});
    let send = json!({"dialect": "clep-json", "domain": "test", "message": message});
    let sent = bell.ask(json!({"script": 1, "clep_send": send})).await?;
    assert_eq!(sent["result"]["route"], "region_say_to", "{sent}");
    assert_eq!(sent["result"]["channel"], -951_725_774);
    let heard = door.event("clep").await?;
    assert_eq!((&heard["name"], &heard["message"]["params"]), (&json!("Bell"), &json!(7)));
    assert_eq!(heard["message"]["method"], json!(["open"]));

    let lep = json!({"revision": "l1", "link": -4, "message": {"target": "nobody"}});
    let sent = door.ask(json!({"script": 1, "lep_send": lep})).await?;
    assert!(sent["error"].is_null(), "{sent}");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn bad_lines_are_answered_and_end_nothing() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut host = Host::tcp(&grid).await?;
    for (line, field) in [
        (r#"{"id":1,"create":{"owner":"Nobody Here"}}"#, json!("owner")),
        (r#"{"id":1,"create":{"region":"Elsewhere"}}"#, json!("region")),
        (r#"{"id":1,"create":{"size":[0,0,0]}}"#, json!("size")),
        (r#"{"id":1,"create":{"scripts":[{"link":2}]}}"#, json!("link")),
        (r#"{"id":1,"script":1,"call":"llSay","args":[2147483648,"t"]}"#, json!("args")),
        (r#"{"id":1,"script":1,"call":"llDie","args":[]}"#, json!("script")),
    ] {
        let answer = host.say(line).await?;
        assert_eq!((&answer["id"], &answer["error"]["field"]), (&json!(1), &field), "{answer}");
    }
    let nonsense = host.say("nonsense").await?;
    assert_eq!(nonsense["id"], Value::Null);
    let key = json!("00000000-0000-0000-0000-00000000beef");
    host.create(json!({"uuid": key})).await?;
    let taken = host.ask(json!({"create": {"uuid": key}})).await?;
    assert_eq!(taken["error"]["field"], "uuid");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_token_is_demanded_of_both_carriers() -> Result<()> {
    let token = "s3cret";
    let grid = TestGrid::start_with(|config| {
        config.network.control_token = Some(token.to_owned());
    })
    .await?;
    assert!(Host::tcp(&grid).await.is_err(), "nothing is told before the token");
    assert!(Host::websocket(&grid).await.is_err());
    let mut by_line = Host::tcp_with(&grid, Some(token)).await?;
    let mut by_header = Host::websocket_with(&grid, Some(token)).await?;
    for host in [&mut by_line, &mut by_header] {
        host.create(json!({})).await?;
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn connections_end_with_the_server() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut lines = Host::tcp(&grid).await?;
    let mut messages = Host::websocket(&grid).await?;
    lines.create(json!({})).await?;
    messages.create(json!({})).await?;
    grid.stop().await?;
    assert!(lines.is_over().await);
    assert!(messages.is_over().await);
    Ok(())
}

#[test]
fn the_example_is_short_and_stands_on_its_own() {
    let document = include_str!("../docs/script-host.md");
    let example = document.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(example.lines().count() <= 40);
    let imports: Vec<_> = example.lines().filter(|line| line.starts_with("import")).collect();
    assert_eq!(imports, ["import json", "import socket", "import sys"]);
}
