//! A script host (docs/script-host.md) with two objects: a bell that answers `ring`, and a visitor
//! that rings it. It exits when the visitor has heard the answer; the objects are then removed. The
//! argument is the address of `holm --script-port 9002`.
//!
//! ```console
//! $ cargo run --example scripted_object -- 127.0.0.1:9002
//! Bell hears Visitor: ring
//! Visitor hears Bell: ding
//! ```

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

struct Host {
    stream: TcpStream,
    lines: Lines<BufReader<TcpStream>>,
    events: VecDeque<Value>,
}

impl Host {
    fn line(&mut self) -> Result<Value> {
        Ok(serde_json::from_str(&self.lines.next().context("the connection has ended")??)?)
    }

    /// Sends a request and waits for its result; what happens meanwhile is kept for `event`.
    fn ask(&mut self, mut request: Value) -> Result<Value> {
        request["id"] = json!(1);
        writeln!(self.stream, "{request}")?;
        loop {
            let mut line = self.line()?;
            if line["id"] != 1 {
                self.events.push_back(line);
            } else if let Some(error) = line.get("error") {
                bail!("{request}: {error}");
            } else {
                return Ok(line["result"].take());
            }
        }
    }

    /// An object whose script listens to channel 0; gives the script's number.
    fn listener(&mut self, name: &str) -> Result<Value> {
        let script = self.ask(json!({ "create": { "name": name } }))?["scripts"][0].take();
        self.ask(json!({ "script": script, "call": "llListen", "args": [0, "", "", ""] }))?;
        Ok(script)
    }

    fn say(&mut self, script: &Value, text: &str) -> Result<Value> {
        self.ask(json!({ "script": script, "call": "llSay", "args": [0, text] }))
    }
}

fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("usage: scripted_object ADDRESS:PORT")?;
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let lines = BufReader::new(stream.try_clone()?).lines();
    let mut host = Host { stream, lines, events: VecDeque::new() };
    let (bell, visitor) = (host.listener("Bell")?, host.listener("Visitor")?);
    host.say(&visitor, "ring")?;
    loop {
        let event = host.events.pop_front().map_or_else(|| host.line(), Ok)?;
        match (&event["script"], event["args"][1].as_str(), event["args"][3].as_str()) {
            (script, Some(speaker), Some("ring")) if *script == bell => {
                println!("Bell hears {speaker}: ring");
                host.say(&bell, "ding")?;
            }
            (script, Some(speaker), Some("ding")) if *script == visitor => {
                println!("Visitor hears {speaker}: ding");
                return Ok(());
            }
            _ => {}
        }
    }
}
