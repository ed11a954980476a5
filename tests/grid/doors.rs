//! Who gets through the HTTP door: web pages, rebound names, crowds of connections.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use holm::testing::TestGrid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::SOON;

fn address(grid: &TestGrid) -> Result<SocketAddr> {
    let uri = grid.login_uri().trim_start_matches("http://").trim_end_matches('/');
    Ok(uri.parse()?)
}

/// A login as LLSD in one HTTP request; `headers` are whole lines.
fn login(name: &str, headers: &str) -> String {
    let body = format!(
        "<llsd><map><key>first</key><string>{name}</string><key>last</key><string>Tester</string>\
         <key>passwd</key><string>test</string></map></llsd>"
    );
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\n{headers}Content-Type: application/llsd+xml\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// Sends `request` on a fresh connection from the loopback address `from` and reads the answer.
async fn ask(to: SocketAddr, from: Ipv4Addr, request: &str) -> Result<String> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let exchange = async {
        let mut stream = socket.connect(to).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    tokio::time::timeout(SOON, exchange).await.context("no answer")?
}

#[tokio::test]
async fn a_web_page_neither_logs_in_nor_ends_a_session() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.http.allowed_origins = vec!["https://viewer.example".to_owned()];
    })
    .await?;
    let _alice = grid.enter("Alice", "Tester").await?;
    let to = address(&grid)?;
    for headers in [
        format!("Host: {to}\r\nOrigin: https://evil.example\r\n"),
        format!("Host: {to}\r\nOrigin: null\r\n"),
        "Host: evil.example\r\n".to_owned(),
        "Host: evil.example\r\nOrigin: http://evil.example\r\n".to_owned(),
    ] {
        for name in ["Alice", "Mallory"] {
            let answer = ask(to, Ipv4Addr::LOCALHOST, &login(name, &headers)).await?;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{headers}: {answer}");
        }
    }
    let agents = grid.control("v1/agents").await?;
    assert_eq!(agents["agents"].as_array().map(Vec::len), Some(1));
    assert_eq!(agents["agents"][0]["name"], "Alice Tester");

    let allowed = format!("Host: {to}\r\nOrigin: https://viewer.example\r\n");
    let answer = ask(to, Ipv4Addr::LOCALHOST, &login("Bob", &allowed)).await?;
    assert!(answer.contains("access-control-allow-origin: https://viewer.example"), "{answer}");
    assert!(answer.contains("<key>login</key><string>true</string>"), "{answer}");
    grid.stop().await?;
    Ok(())
}

/// Other addresses than 127.0.0.1 are not set up on loopback everywhere.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn silent_sockets_of_one_address_keep_nobody_out() -> Result<()> {
    let grid = TestGrid::start_with(|config| config.limits.max_http_connections = 16).await?;
    let to = address(&grid)?;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(TcpStream::connect(to).await?);
    }
    let other = Ipv4Addr::new(127, 0, 0, 2);
    let host = format!("Host: {to}\r\n");
    for (from, name) in [(other, "Alice"), (Ipv4Addr::LOCALHOST, "Bob")] {
        let answer = ask(to, from, &login(name, &host)).await?;
        assert!(answer.contains("<key>login</key><string>true</string>"), "{answer}");
    }
    assert_eq!(grid.control("ready").await?["status"], "ready");
    let metrics = grid.http().get(&format!("{}metrics", grid.control_uri())).await?;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    let shed = "holm_http_connections_shed_total{listener=\"public\",reason=\"address_share\"}";
    assert!(metrics.contains(shed), "{metrics}");
    grid.stop().await?;
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_grid_whose_connections_all_work_is_not_ready() -> Result<()> {
    let grid = TestGrid::start_with(|config| config.limits.max_http_connections = 16).await?;
    let to = address(&grid)?;
    // A request whose body never comes is at work until its time is up; that it is asked for shows
    // that the work has begun.
    let half = format!(
        "POST / HTTP/1.1\r\nHost: {to}\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
    );
    let mut at_work = Vec::new();
    for last in 1..=2 {
        for _ in 0..8 {
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
            let mut stream = socket.connect(to).await?;
            stream.write_all(half.as_bytes()).await?;
            stream.read_exact(&mut [0; 25]).await?;
            at_work.push(stream);
        }
    }
    let ready = async || -> Result<u16> {
        Ok(grid.http().get(&format!("{}ready", grid.control_uri())).await?.status)
    };
    let mut newcomers = Vec::new();
    tokio::time::timeout(SOON, async {
        while ready().await? == 200 {
            newcomers.push(TcpStream::connect(to).await?);
        }
        anyhow::Ok(())
    })
    .await??;
    drop(at_work);
    tokio::time::timeout(SOON, async {
        while ready().await? != 200 {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    })
    .await??;
    grid.stop().await?;
    Ok(())
}
