//! Script hosts with JSON lines over TCP.
//!
//! A browser can be made to send anything to any port, except data that begins with a JSON object.
//! So if the first line is not one, the connection is closed before anything is done.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::access::ObjectAccess;
use super::connection::{self, FAREWELL, INCOMING, Incoming, OUTGOING, count_cut};
use super::fields::{FieldError, Fields};
use super::protocol;
use super::token::same_secret;

/// How long a connection that needs a token may take to show it.
const TOKEN_WITHIN: Duration = Duration::from_secs(10);
/// Connections that may be without having shown a token, the latest of them.
const MOST_WAITING: usize = 64;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves script hosts on `listener` until `stop`. With a token the first line of each must show
/// it; without one, only programs on this machine are served.
pub async fn serve(
    listener: TcpListener,
    access: ObjectAccess,
    token: Option<String>,
    stop: CancellationToken,
) {
    let token = token.filter(|token| !token.is_empty());
    let connections = TaskTracker::new();
    // Those that may not have shown their token yet, the longest ago first.
    let mut waiting: VecDeque<CancellationToken> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if token.is_none() && !is_local(peer) {
                    count_cut("not_local");
                    continue;
                }
                let hurry = stop.child_token();
                if token.is_some() {
                    waiting.push_back(hurry.clone());
                    if waiting.len() > MOST_WAITING
                        && let Some(first) = waiting.pop_front()
                    {
                        // Whoever has a token shows it at once; the silent must not keep it out.
                        first.cancel();
                    }
                }
                let (access, token, stop) = (access.clone(), token.clone(), stop.clone());
                connections.spawn(async move {
                    converse(stream, &access, token.as_deref(), (&stop, &hurry)).await;
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: trying at once again would spin.
                tracing::warn!(%error, "cannot accept a script host");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
}

fn is_local(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

async fn converse(
    stream: TcpStream,
    access: &ObjectAccess,
    token: Option<&str>,
    (stop, hurry): (&CancellationToken, &CancellationToken),
) {
    // Lines are small and written whole: waiting for more bytes only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let (read, write) = stream.into_split();
    let mut read = BufReader::new(read);
    if let Some(token) = token {
        let shown = tokio::select! {
            () = hurry.cancelled() => {
                if !stop.is_cancelled() {
                    count_cut("too_many_without_token");
                }
                return;
            }
            shown = tokio::time::timeout(TOKEN_WITHIN, shows(&mut read, token)) => shown,
        };
        match shown {
            Ok(Shown::Right) => {}
            Ok(Shown::Wrong) => {
                count_cut("wrong_token");
                let error = FieldError::new("token", "token is missing or wrong");
                return refuse(write, error).await;
            }
            Ok(Shown::NotJson) => return count_cut("not_json"),
            Err(_) => return count_cut("no_token_in_time"),
        }
    }
    let Some(_place) = access.place() else {
        count_cut("too_many");
        return refuse(write, FieldError::general("too many script hosts")).await;
    };
    let (lines, incoming) = mpsc::channel(INCOMING);
    let (out, outgoing) = mpsc::channel(OUTGOING);
    let reader = tokio::spawn(bring_lines(read, lines, token.is_none()));
    let mut writer = tokio::spawn(take_lines(write, outgoing));
    connection::run(access, incoming, out, stop).await;
    reader.abort();
    if tokio::time::timeout(FAREWELL, &mut writer).await.is_err() {
        writer.abort();
    }
}

/// Says why a connection ends, to whoever is still there to be told.
async fn refuse(mut write: OwnedWriteHalf, error: FieldError) {
    let line = protocol::failed(&Value::Null, &error.into());
    // The socket is new and has room; if it has not, the end says enough.
    let _ = tokio::time::timeout(FAREWELL, write.write_all(format!("{line}\n").as_bytes())).await;
}

enum Shown {
    Right,
    Wrong,
    NotJson,
}

/// Reads the first line, which must show the token.
async fn shows(read: &mut BufReader<OwnedReadHalf>, token: &str) -> Shown {
    let Some(Ok(line)) = next_line(read).await else { return Shown::NotJson };
    let Some(mut fields) = object(&line) else { return Shown::NotJson };
    match fields.optional_string("token") {
        Ok(Some(given)) if same_secret(given.as_bytes(), token.as_bytes()) => Shown::Right,
        _ => Shown::Wrong,
    }
}

/// A line that is a JSON object.
fn object(line: &str) -> Option<Fields> {
    Fields::parse("line", line.as_bytes()).ok().filter(|_| !line.trim().is_empty())
}

/// Hands on lines until there are no more. With `is_first` the next one decides whether the other
/// side speaks this protocol at all; a token that nobody asked for is passed over.
async fn bring_lines(
    mut read: BufReader<OwnedReadHalf>,
    lines: mpsc::Sender<Incoming>,
    mut is_first: bool,
) {
    while let Some(line) = next_line(&mut read).await {
        if is_first {
            is_first = false;
            match line.as_deref().map(object) {
                Ok(Some(fields)) if fields.has("token") => continue,
                Ok(Some(_)) => {}
                _ => return count_cut("not_json"),
            }
        }
        let is_last = line.is_err();
        if lines.send(line).await.is_err() || is_last {
            return;
        }
    }
}

/// The next line without its end, or why there is none; nothing at the end of the stream.
async fn next_line(read: &mut (impl AsyncBufRead + Unpin)) -> Option<Incoming> {
    let most = protocol::LONGEST_LINE as u64 + END;
    let mut line = Vec::new();
    let length = read.take(most).read_until(b'\n', &mut line).await.ok()?;
    if length == 0 {
        return None;
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    if line.len() > protocol::LONGEST_LINE {
        return Some(Err(protocol::too_long()));
    }
    Some(String::from_utf8(line).map_err(|_| FieldError::general("line is not UTF-8")))
}

/// Bytes of a line's end.
const END: u64 = 2;

async fn take_lines(mut write: OwnedWriteHalf, mut outgoing: mpsc::Receiver<String>) {
    while let Some(mut line) = outgoing.recv().await {
        line.push('\n');
        if write.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
    // The other side may be gone already.
    let _ = write.shutdown().await;
}

#[cfg(test)]
mod tests;
