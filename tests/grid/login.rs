use std::net::SocketAddr;

use anyhow::Result;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use holm::client::{ClientError, LoginAnswer};
use holm::config::DuplicateLogin;
use holm::testing::{PASSWORD, TestGrid};
use serde_json::json;
use tower::ServiceExt as _;

fn xml_rpc(first: &str, last: &str, passwd: &str, start: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>login_to_simulator</methodName><params>\
         <param><value><struct>\
         <member><name>first</name><value><string>{first}</string></value></member>\
         <member><name>last</name><value><string>{last}</string></value></member>\
         <member><name>passwd</name><value><string>{passwd}</string></value></member>\
         <member><name>start</name><value><string><![CDATA[{start}]]></string></value></member>\
         <member><name>agree_to_tos</name><value/></member>\
         </struct></value></param></params></methodCall>"
    )
}

#[tokio::test]
async fn xml_rpc_at_every_path() -> Result<()> {
    let grid = TestGrid::start().await?;
    for (number, path) in ["", "login", "login/", "cgi-bin/login.cgi"].iter().enumerate() {
        let body = xml_rpc("Alice", &format!("Number{number}"), PASSWORD, "uri:Holm&10&20&30");
        let url = format!("{}{path}", grid.login_uri());
        let answer = grid.http().post(&url, "text/xml", body).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{path}: {text}");
        let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?><methodResponse>";
        assert!(text.replace('\n', "").starts_with(head), "{text}");
        let login = "<name>login</name><value><string>true</string></value>";
        assert!(text.contains(login), "{text}");
        assert!(text.contains("<name>seed_capability</name>"));
        assert!(text.contains("<name>region_x</name><value><i4>256000</i4></value>"));
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn password_set_by_the_control_api_counts_from_the_next_login() -> Result<()> {
    let grid = TestGrid::start().await?;
    let log_in = async |password: &str| -> Result<bool> {
        let body = xml_rpc("Alice", "Tester", password, "last");
        let answer = grid.http().post(grid.login_uri(), "text/xml", body).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        Ok(text.contains("<name>login</name><value><string>true</string></value>"))
    };
    assert!(log_in(PASSWORD).await?);
    let path = "v1/accounts/Alice%20Tester/password";
    let account = grid.control_ask(path, &json!({ "password": "other" })).await?;
    assert_eq!((&account["first"], &account["online"]), (&json!("Alice"), &json!(true)));
    assert!(!log_in(PASSWORD).await?);
    assert!(log_in("other").await?);
    assert_eq!(grid.control_post(path, &json!({ "password": "" })).await?, 400);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn runs_with_one_seed_have_the_same_ids() -> Result<()> {
    async fn ids(seed: u64) -> Result<Vec<String>> {
        let grid = TestGrid::start_with(|config| {
            config.seed = seed;
            config.login.test_accounts = true;
        })
        .await?;
        let mut ids = Vec::new();
        let account = json!({"first": "Made", "last": "Here", "password": PASSWORD});
        let made = grid.control_ask("v1/accounts", &account).await?;
        ids.push(made["uuid"].to_string());
        let mut object = grid.control_ask("v1/objects", &json!({"name": "Bell"})).await?;
        ids.push(object["id"].take().to_string());
        let ready_made = grid.log_in("Test", "User").await?;
        ids.push(ready_made.login.agent_id.to_string());
        let session = ready_made.login.session_id.to_string();
        grid.stop().await?;
        assert!(!ids.contains(&session));
        Ok(ids)
    }
    let first = ids(1).await?;
    assert_eq!(first, ids(1).await?);
    for (one, other) in first.iter().zip(ids(2).await?) {
        assert_ne!(*one, other);
    }
    Ok(())
}

/// As behind the port mapping of a container.
#[tokio::test]
async fn mapped_ports_are_told_to_clients() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.network.external_http_port = Some(40_001);
        config.region[0].external_udp_port = Some(40_002);
    })
    .await?;
    assert_eq!(grid.login_uri(), "http://127.0.0.1:40001/");
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    let request = Request::post("/")
        .header("content-type", "text/xml")
        .extension(ConnectInfo(peer))
        .body(Body::from(xml_rpc("Alice", "Tester", PASSWORD, "last")))?;
    let answer = grid.server().router().oneshot(request).await?;
    let text = String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await?.to_vec())?;
    let member = |name: &str, value: &str| format!("<name>{name}</name><value>{value}");
    for (name, value) in [
        ("sim_port", "<i4>40002</i4>"),
        ("http_port", "<i4>40001</i4>"),
        ("seed_capability", "<string>http://127.0.0.1:40001/"),
    ] {
        assert!(text.contains(&member(name, value)), "{name}: {text}");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn refusals_have_the_right_reason() -> Result<()> {
    let grid = TestGrid::start().await?;
    grid.log_in("Alice", "Tester").await?.log_out().await?;
    let mut wrong = grid.options("Alice", "Tester");
    wrong.password = "wrong".to_owned();
    let refused = LoginAnswer::request(grid.http(), &wrong).await.err();
    assert!(
        matches!(&refused, Some(ClientError::Refused { reason, .. }) if reason == "key"),
        "{refused:?}"
    );
    let bad_start = grid.options("Alice", "Tester").at("nowhere");
    let refused = LoginAnswer::request(grid.http(), &bad_start).await.err();
    assert!(
        matches!(&refused, Some(ClientError::Refused { reason, .. }) if reason == "key"),
        "{refused:?}"
    );
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn without_open_only_accounts_get_in() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.login.open = false;
        config.login.test_accounts = true;
    })
    .await?;
    let refused = grid.log_in("Nobody", "Known").await.err();
    assert!(matches!(refused, Some(ClientError::Refused { .. })), "{refused:?}");
    for name in ["Test User", "Alice Tester", "Bob Tester"] {
        let (first, last) = name.split_once(' ').expect("two words");
        grid.enter(first, last).await?;
    }
    let account = serde_json::json!({"first": "New", "last": "Comer", "password": PASSWORD});
    let status = grid.control_post("v1/accounts", &account).await?;
    assert!((200..300).contains(&status), "status {status}");
    assert_eq!(grid.control_post("v1/accounts", &account).await?, 409);
    grid.enter("New", "Comer").await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_last_place_is_kept() -> Result<()> {
    let grid = TestGrid::start().await?;
    let client = grid.enter_at("Alice", "Tester", [40, 50, 30]).await?;
    client.log_out().await?;
    let mut again = grid.log_in("Alice", "Tester").await?;
    let arrived = again.enter().await?;
    let place = arrived.data.position;
    assert!((place.x - 40.0).abs() < 1.0 && (place.y - 50.0).abs() < 1.0, "{place:?}");

    let unknown = grid.options("Bob", "Tester").at("uri:Atlantis&1&2&3");
    let answer = LoginAnswer::request(grid.http(), &unknown).await?;
    assert_eq!(answer.fields.get("start_location").as_string(), "safe");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_full_region_takes_nobody_in() -> Result<()> {
    let grid = TestGrid::start_with(|config| config.region[0].max_agents = 1).await?;
    let first = grid.enter("Alice", "Tester").await?;
    let refused = grid.log_in("Bob", "Tester").await.err();
    assert!(
        matches!(&refused, Some(ClientError::Refused { reason, .. }) if reason == "presence"),
        "{refused:?}"
    );
    first.log_out().await?;
    grid.enter("Bob", "Tester").await?;
    grid.stop().await?;
    Ok(())
}

/// From one address, as in a load test: valid openings do not count against their source.
#[tokio::test]
async fn many_circuits_open_at_once_from_one_address() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.network.unknown_source_rate = 1;
        config.network.unknown_source_burst = 1;
    })
    .await?;
    let logins = (0..40).map(|number| {
        let options = grid.options("Crowd", &format!("Number{number}"));
        tokio::spawn(async move { holm::client::Client::log_in(&options).await })
    });
    // Dropped openings would come again one per second, too late for the last of these.
    for login in logins.collect::<Vec<_>>() {
        login.await??;
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn garbage_gets_an_answer() -> Result<()> {
    let grid = TestGrid::start().await?;
    for (content_type, body, expected) in [
        ("text/xml", "", 400),
        ("text/xml", "not xml at all", 400),
        ("text/xml", "<methodCall><methodName>fly</methodName></methodCall>", 200),
        ("application/llsd+xml", "<llsd><map>", 400),
        ("application/octet-stream", "\u{0}\u{1}\u{2}", 400),
    ] {
        let answer = grid.http().post(grid.login_uri(), content_type, body).await?;
        assert_eq!(answer.status, expected, "{body:?}");
    }
    let huge = "x".repeat(70_000);
    let answer = grid.http().post(grid.login_uri(), "text/xml", huge).await?;
    assert_eq!(answer.status, 413);
    grid.stop().await?;
    Ok(())
}

/// From one address and cold: only logins that fail count against their source.
#[tokio::test]
async fn a_burst_of_logins_all_enter() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.login.failures_per_address = 1;
        config.login.failures_per_account = 1;
    })
    .await?;
    let logins = (0..100).map(|number| {
        let options = grid.options("Burst", &format!("Number{number}"));
        tokio::spawn(async move {
            let mut client = holm::client::Client::log_in(&options).await?;
            client.enter().await?;
            Ok::<_, ClientError>(client)
        })
    });
    let mut clients = Vec::new();
    for login in logins.collect::<Vec<_>>() {
        clients.push(login.await??);
    }
    grid.wait_for_count("v1/circuits", 100).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn grid_information_in_both_forms() -> Result<()> {
    let grid = TestGrid::start().await?;
    let xml = grid.http().get(&format!("{}get_grid_info", grid.login_uri())).await?;
    let text = String::from_utf8_lossy(&xml.body).into_owned();
    assert!(text.contains(&format!("<login>{}</login>", grid.login_uri())), "{text}");
    let json = grid.http().get(&format!("{}json_grid_info", grid.login_uri())).await?;
    let json: serde_json::Value = serde_json::from_slice(&json.body)?;
    assert_eq!(json["login"], grid.login_uri());
    assert_eq!(json["platform"], "OpenSim");
    grid.stop().await?;
    Ok(())
}

/// Sixty logins of one account at the same moment; the sessions that answer afterwards.
async fn rush(grid: &TestGrid) -> Result<usize> {
    let logins = (0..60).map(|_| {
        let (http, options) = (grid.http().clone(), grid.options("Rush", "Tester"));
        tokio::spawn(async move { LoginAnswer::request(&http, &options).await })
    });
    let mut seeds = Vec::new();
    for login in logins.collect::<Vec<_>>() {
        match login.await? {
            Ok(answer) => seeds.push(answer.fields.get("seed_capability").as_string()),
            Err(ClientError::Refused { reason, .. }) => assert_eq!(reason, "presence"),
            Err(error) => return Err(error.into()),
        }
    }
    // Only now: a login that is still under way may end the session of one that has answered.
    let asked = holm::llsd::xml::write(&holm::llsd::Llsd::from("EventQueueGet"));
    let mut alive = 0;
    for seed in seeds {
        let answer = grid.http().post(&seed, "application/llsd+xml", asked.clone()).await?;
        alive += usize::from(answer.status != 404);
    }
    Ok(alive)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_logins_of_one_account_leave_one_session() -> Result<()> {
    for duplicate_login in [DuplicateLogin::RefuseOnce, DuplicateLogin::Replace] {
        let grid =
            TestGrid::start_with(|config| config.grid.duplicate_login = duplicate_login).await?;
        for round in 0..5 {
            let alive = rush(&grid).await?;
            let agents = grid.control("v1/agents").await?;
            let agents = agents["agents"].as_array().map(Vec::len);
            assert_eq!((alive, agents), (1, Some(1)), "{duplicate_login:?} round {round}");
        }
        grid.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_login_that_finds_a_client_is_refused_once() -> Result<()> {
    let grid = TestGrid::start().await?;
    let _client = grid.enter("Alice", "Tester").await?;
    let refused = grid.log_in("Alice", "Tester").await.err();
    assert!(
        matches!(&refused, Some(ClientError::Refused { reason, .. }) if reason == "presence"),
        "{refused:?}"
    );
    grid.wait_for_count("v1/agents", 0).await?;
    grid.enter("Alice", "Tester").await?;
    grid.stop().await?;
    Ok(())
}
