//! Real sockets with a fake region.

use serde_json::json;

use super::*;
use crate::scripts::fake;

struct Served {
    address: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn serving(token: Option<&str>) -> Served {
    let (access, _) = fake::access().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, access, token.map(str::to_owned), stop.clone()));
    Served { address, stop, task }
}

/// Sends all of it, ends, and gives all that was answered, line by line.
async fn send(served: &Served, bytes: &[u8]) -> Vec<Value> {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    // The other side may end first.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    // So it may when it has not read everything.
    let _ = stream.read_to_end(&mut answer).await;
    let lines = answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

#[tokio::test]
async fn lines_are_answered_in_order_with_either_end_of_line() {
    let served = serving(None).await;
    let lines = b"{\"id\":1,\"keep\":true}\r\n\n{\"id\":2,\"keep\":false}\n{\"id\":3,\"keep\":1}";
    let answers = send(&served, lines).await;
    assert!(answers[0]["hello"]["holm"].is_string());
    let ids: Vec<_> = answers[1..].iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [1, 2, 3], "the last line needs no end");
    assert_eq!(answers[3]["error"]["field"], "keep");
}

#[tokio::test]
async fn browser_request_does_nothing() {
    let served = serving(None).await;
    let post = b"POST / HTTP/1.1\r\nHost: x\r\n\r\n{\"id\":1,\"keep\":true}\n";
    assert_eq!(send(&served, post).await.len(), 1, "the greeting and nothing else");
    let long = " ".repeat(200_000);
    for first in [&b"[]\n"[..], b"\n", b"\xff\n", long.as_bytes()] {
        let lines = [first, b"{\"id\":1,\"keep\":true}\n"].concat();
        assert!(send(&served, &lines).await.len() <= 1);
    }
    assert_eq!(send(&served, b"{\"token\":\"any\"}\n{\"id\":1,\"keep\":true}\n").await.len(), 2);
    assert_eq!(send(&served, b"{}\n").await[1]["error"]["field"], Value::Null);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_the_last() {
    let served = serving(None).await;
    let long = "x".repeat(protocol::LONGEST_LINE + 1);
    let lines = format!("{{\"id\":1,\"keep\":true}}\n{long}\n");
    let answers = send(&served, lines.as_bytes()).await;
    assert_eq!(answers[2]["error"]["message"], "line is longer than 131072 bytes");
}

#[tokio::test]
async fn a_configured_token_is_demanded_before_anything_is_told() {
    let served = serving(Some("s3cret")).await;
    let request = "{\"id\":1,\"keep\":true}\n";
    let right = format!("{{\"token\":\"s3cret\"}}\n{request}");
    let answers = send(&served, right.as_bytes()).await;
    assert!(answers[0]["hello"].is_object());
    assert_eq!(answers[1], json!({"id": 1, "result": null}));
    for wrong in ["{\"token\":\"s3cre\"}\n", "{\"token\":1}\n", request] {
        let answers = send(&served, format!("{wrong}{request}").as_bytes()).await;
        assert!(answers.len() <= 1, "{wrong}");
        assert!(answers.iter().all(|answer| answer["error"]["field"] == "token"), "{wrong}");
    }
    assert!(send(&served, b"GET / HTTP/1.1\n").await.is_empty());
}

#[tokio::test]
async fn connections_are_counted_and_end_at_stop() {
    let served = serving(None).await;
    let mut open = Vec::new();
    loop {
        let stream = TcpStream::connect(served.address).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        if !line.contains("hello") {
            assert!(line.contains("too many script hosts"), "{line}");
            break;
        }
        open.push(lines);
    }
    assert_eq!(open.len(), 64);
    served.stop.cancel();
    served.task.await.unwrap();
    for mut lines in open {
        assert_eq!(lines.next_line().await.unwrap(), None);
    }
}

#[tokio::test]
async fn those_without_token_do_not_keep_out_those_with_one() {
    let served = serving(Some("s3cret")).await;
    let mut silent = Vec::new();
    for _ in 0..MOST_WAITING + 6 {
        silent.push(TcpStream::connect(served.address).await.unwrap());
    }
    let answers = send(&served, b"{\"token\":\"s3cret\"}\n{\"id\":1,\"keep\":true}\n").await;
    assert_eq!(answers[1]["id"], 1);
    let mut rest = Vec::new();
    silent[0].read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"", "the first was let go at once");
    silent[MOST_WAITING].write_all(b"{\"token\":\"s3cret\"}\n").await.unwrap();
    let hello = BufReader::new(&mut silent[MOST_WAITING]).lines().next_line().await.unwrap();
    assert!(hello.unwrap().contains("hello"));
}
