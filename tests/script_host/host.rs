//! A script host for tests, by either carrier.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use holm::testing::TestGrid;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Long enough for anything that must come.
pub const SOON: Duration = Duration::from_secs(10);

pub struct Host {
    stream: BufReader<TcpStream>,
    carrier: Carrier,
    /// Events that nobody has asked for yet.
    events: VecDeque<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Lines,
    Frames,
}

impl Host {
    pub async fn tcp(grid: &TestGrid) -> Result<Self> {
        Self::tcp_with(grid, None).await
    }

    pub async fn tcp_with(grid: &TestGrid, token: Option<&str>) -> Result<Self> {
        let mut stream =
            TcpStream::connect(grid.script_address().context("a script listener")?).await?;
        // Without a token any first request will do: one that is wrong is told so.
        let first = token.map_or(json!({"keep": false}), |token| json!({"token": token}));
        stream.write_all(format!("{first}\n").as_bytes()).await?;
        let mut host = Self::greeted(BufReader::new(stream), Carrier::Lines).await?;
        if token.is_none() {
            host.answer().await?;
        }
        Ok(host)
    }

    pub async fn websocket(grid: &TestGrid) -> Result<Self> {
        Self::websocket_with(grid, None).await
    }

    pub async fn websocket_with(grid: &TestGrid, token: Option<&str>) -> Result<Self> {
        let uri = grid.control_uri();
        let authority = uri.trim_start_matches("http://").trim_end_matches('/');
        let token =
            token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
        let head = format!(
            "GET /v1/scripts HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{token}\r\n"
        );
        let mut stream = TcpStream::connect(authority).await?;
        stream.write_all(head.as_bytes()).await?;
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(stream.read_line(&mut head).await? > 0, "no answer to the handshake");
        }
        ensure!(head.starts_with("HTTP/1.1 101 "), "no websocket: {head}");
        ensure!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "wrong key: {head}");
        Self::greeted(stream, Carrier::Frames).await
    }

    async fn greeted(stream: BufReader<TcpStream>, carrier: Carrier) -> Result<Self> {
        let mut host = Self { stream, carrier, events: VecDeque::new() };
        let hello = host.next().await?;
        ensure!(hello["hello"]["regions"].is_array(), "no greeting: {hello}");
        Ok(host)
    }

    /// Sends a request and gives its answer.
    pub async fn ask(&mut self, request: Value) -> Result<Value> {
        self.say(&request.to_string()).await
    }

    /// Sends any line and gives the answer to it.
    pub async fn say(&mut self, line: &str) -> Result<Value> {
        let bytes = match self.carrier {
            Carrier::Lines => format!("{line}\n").into_bytes(),
            Carrier::Frames => frame(line)?,
        };
        self.stream.get_mut().write_all(&bytes).await?;
        self.answer().await
    }

    /// Makes an object; gives the result when its first script has begun.
    pub async fn create(&mut self, object: Value) -> Result<Value> {
        let made = self.ask(json!({"create": object})).await?;
        ensure!(made["error"].is_null(), "{made}");
        self.event("on_rez").await?;
        Ok(made["result"].clone())
    }

    pub async fn call(&mut self, script: u64, function: &str, args: Value) -> Result<Value> {
        self.ask(json!({"script": script, "call": function, "args": args})).await
    }

    /// The next event of that name; those before it are forgotten.
    pub async fn event(&mut self, name: &str) -> Result<Value> {
        self.pick(|event| event["event"] == name).await
    }

    /// The next event of a script; those of others before it are forgotten.
    pub async fn event_of(&mut self, script: u64) -> Result<Value> {
        self.pick(|event| event["script"] == script).await
    }

    async fn pick(&mut self, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        loop {
            let next = match self.events.pop_front() {
                Some(event) => event,
                None => self.next().await?,
            };
            if fits(&next) {
                return Ok(next);
            }
        }
    }

    async fn answer(&mut self) -> Result<Value> {
        loop {
            let next = self.next().await?;
            if next.get("id").is_some() {
                return Ok(next);
            }
            self.events.push_back(next);
        }
    }

    async fn next(&mut self) -> Result<Value> {
        let text = tokio::time::timeout(SOON, self.read()).await.context("nothing came")??;
        Ok(serde_json::from_str(&text)?)
    }

    async fn read(&mut self) -> Result<String> {
        if self.carrier == Carrier::Lines {
            let mut line = String::new();
            ensure!(self.stream.read_line(&mut line).await? > 0, "the connection has ended");
            return Ok(line);
        }
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).await?;
        let length = match head[1] {
            126 => u64::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await?,
            length => u64::from(length),
        };
        let mut text = vec![0; usize::try_from(length)?];
        self.stream.read_exact(&mut text).await?;
        if head[0] != 0x81 {
            bail!("no text message: {head:?}");
        }
        Ok(String::from_utf8(text)?)
    }

    /// Whether nothing but the end comes any more.
    pub async fn is_over(&mut self) -> bool {
        tokio::time::timeout(SOON, async { while self.read().await.is_ok() {} }).await.is_ok()
    }
}

/// A text message as clients send it, its mask all zero.
fn frame(text: &str) -> Result<Vec<u8>> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 + 126);
            frame.extend(u16::try_from(text.len())?.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    Ok(frame)
}
