//! Watches the CLEP messages of a domain through the control API: who said what, and what each
//! listener did with it. The last argument is the number of messages after which it exits.
//!
//! The example uses a grid started with `holm`, in which an object Caller sends `open` to an object
//! Door that listens.
//!
//! ```console
//! $ cargo run --example clep_watcher -- http://127.0.0.1:9001/ clep-json doors 1
//! watching doors on channel -337349467
//! Caller by llRegionSay: ["open"]
//!   Door: delivered
//! ```

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use holm::client::HttpClient;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [control, dialect, domain, count] = &words[..] else {
        bail!("usage: clep_watcher CONTROL_URI DIALECT DOMAIN COUNT");
    };
    let mut left: u32 = count.parse()?;

    // Without this, messages are recorded only while a script listens to the domain.
    let body = json!({ "dialect": dialect, "domain": domain }).to_string();
    let url = format!("{control}v1/clep/watch");
    let http = HttpClient::new(Duration::from_secs(10));
    let answer = http.post(&url, "application/json", body).await?;
    ensure!(answer.status == 200, "{}", String::from_utf8_lossy(&answer.body));
    let watched: Value = serde_json::from_slice(&answer.body)?;
    println!("watching {domain} on channel {}", watched["channel"]);

    // Server-sent events over HTTP/1.0, which has no chunks: what is recorded, then what comes.
    let host = control.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET /v1/clep/traffic/stream HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut lines = BufReader::new(stream).lines();
    while left > 0 {
        let line = lines.next().context("the stream has ended")??;
        let Some(data) = line.strip_prefix("data: ") else { continue };
        let entry: Value = serde_json::from_str(data)?;
        if entry["domain"] != domain.as_str() {
            continue;
        }
        left -= 1;
        let what = match &entry["problem"] {
            Value::Null => &entry["message"]["method"],
            problem => problem,
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        println!("{} by {}: {what}", text(&entry["sender_name"]), text(&entry["call"]));
        for receiver in entry["receivers"].as_array().context("no receivers")? {
            println!("  {}: {}", text(&receiver["prim_name"]), text(&receiver["outcome"]));
        }
    }
    Ok(())
}
