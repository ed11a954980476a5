//! `holm health`: one plain HTTP request to a running server's control listener.
//!
//! Deliberately blocking and without a runtime: it runs every few seconds in containers that have
//! no other HTTP client.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use clap::Args;

use super::exit::{Failure, UNHEALTHY, USAGE};
use crate::time::{Clock as _, SystemClock};

/// How long connecting, sending and each read may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// More of an answer is not read: the first line is enough.
const LONGEST_ANSWER: u64 = 4096;

/// Pause between two attempts of `--wait`.
const PAUSE: Duration = Duration::from_millis(50);

const DEFAULT: &str = "http://127.0.0.1:9001/";

/// Flags of `holm health`.
#[derive(Clone, Debug, Args)]
pub struct HealthArgs {
    /// Base URI of the control API
    #[arg(long, value_name = "URI", env = "HOLM_CONTROL_URI", default_value = DEFAULT)]
    control: String,
    /// Check whether logins would succeed, not only whether the process answers
    #[arg(long)]
    ready: bool,
    /// Retry for up to this many seconds until the check succeeds [default: check once]
    #[arg(long, value_name = "SECONDS", default_value_t = 0, hide_default_value = true)]
    wait: u32,
    /// Bearer token, if the control API requires one
    #[arg(long, value_name = "TOKEN", env = "HOLM_NETWORK_CONTROL_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Runs the check; returns silently if the server is healthy.
///
/// # Errors
/// [`USAGE`] for an invalid URI, [`UNHEALTHY`] if there is no answer with status 200.
pub fn run(args: &HealthArgs) -> Result<(), Failure> {
    let (authority, base) = split_uri(&args.control)?;
    let path = if args.ready { "ready" } else { "health" };
    let token = args.token.as_deref().filter(|token| !token.is_empty());
    let request = request(authority, &format!("{base}{path}"), token)?;
    let clock = SystemClock::new();
    let end = clock.now() + Duration::from_secs(u64::from(args.wait));
    loop {
        // The last attempt may take as long as the only one of a call without `--wait`.
        match attempt(authority, &request) {
            Err(_) if clock.now() < end => thread::sleep(PAUSE),
            result => return result,
        }
    }
}

fn attempt(authority: &str, request: &str) -> Result<(), Failure> {
    let status = ask(authority, request)
        .map_err(|error| Failure::new(UNHEALTHY, format!("no answer from {authority}: {error}")))?;
    match status {
        Some(200) => Ok(()),
        Some(status) => {
            Err(Failure::new(UNHEALTHY, format!("{authority} answered with status {status}")))
        }
        None => Err(Failure::new(UNHEALTHY, format!("{authority} does not speak http"))),
    }
}

/// `http://host:port/base/` as `host:port` and `/base/`.
fn split_uri(uri: &str) -> Result<(&str, String), Failure> {
    let wrong = || Failure::new(USAGE, format!("control uri {uri}: expected http://host:port/"));
    let rest = uri.strip_prefix("http://").ok_or_else(wrong)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let has_port = authority.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0)
    });
    if !has_port || uri.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(wrong());
    }
    let path = path.trim_end_matches('/');
    Ok((authority, if path.is_empty() { "/".to_owned() } else { format!("/{path}/") }))
}

fn request(authority: &str, path: &str, token: Option<&str>) -> Result<String, Failure> {
    let authorization = match token {
        Some(token) if token.bytes().all(|b| b.is_ascii_graphic()) => {
            format!("Authorization: Bearer {token}\r\n")
        }
        Some(_) => return Err(Failure::new(USAGE, "token: expected visible ASCII characters")),
        None => String::new(),
    };
    Ok(format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\n{authorization}Connection: close\r\n\r\n"
    ))
}

/// The status of the answer; `None` if it is not HTTP.
fn ask(authority: &str, request: &str) -> io::Result<Option<u16>> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in authority.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(mut stream) => {
                stream.set_read_timeout(Some(TIMEOUT))?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                stream.write_all(request.as_bytes())?;
                let mut answer = Vec::new();
                stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
                return Ok(status_of(&answer));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The status in the first line of an answer.
fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|b| *b == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    if !words.next()?.starts_with("HTTP/1.") {
        return None;
    }
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with `answer` and hands back its lines.
    fn serve_once(answer: &'static str) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap());
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap())
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            stream.write_all(answer.as_bytes()).unwrap();
            lines
        });
        (uri, thread)
    }

    fn args(control: &str, ready: bool, token: Option<&str>) -> HealthArgs {
        HealthArgs { control: control.to_owned(), ready, wait: 0, token: token.map(str::to_owned) }
    }

    #[test]
    fn asks_the_right_path_with_the_token() {
        let (uri, server) = serve_once("HTTP/1.1 200 OK\r\n\r\nok");
        run(&args(&uri, true, Some("sesame"))).unwrap();
        let lines = server.join().unwrap();
        assert_eq!(lines[0], "GET /ready HTTP/1.1");
        assert!(lines.contains(&"Authorization: Bearer sesame".to_owned()), "{lines:?}");
    }

    #[test]
    fn any_other_status_is_unhealthy() {
        for answer in ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "SSH-2.0-x\r\n", ""] {
            let (uri, server) = serve_once(answer);
            assert_eq!(run(&args(&uri, false, None)).unwrap_err().code, UNHEALTHY, "{answer}");
            assert_eq!(server.join().unwrap()[0], "GET /health HTTP/1.1");
        }
    }

    #[test]
    fn nobody_there_is_unhealthy() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(run(&args(&uri, false, None)).unwrap_err().code, UNHEALTHY);
    }

    #[test]
    fn waiting_ends_with_the_first_good_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            for answer in ["HTTP/1.1 503 x\r\n\r\n", "", "HTTP/1.1 200 OK\r\n\r\n"] {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        run(&HealthArgs { wait: 60, ..args(&uri, true, None) }).unwrap();
        server.join().unwrap();
    }

    #[test]
    fn uris_are_checked() {
        assert_eq!(split_uri("http://a:1/").unwrap(), ("a:1", "/".to_owned()));
        assert_eq!(split_uri("http://a:1/base").unwrap(), ("a:1", "/base/".to_owned()));
        for bad in ["https://a:1/", "http://a/", "http://:1/", "http://a:0/", "http://a:1/b c", "a"]
        {
            assert_eq!(split_uri(bad).unwrap_err().code, USAGE, "{bad}");
        }
        assert_eq!(run(&args("http://a:1/", false, Some("a\r\nb"))).unwrap_err().code, USAGE);
    }
}
