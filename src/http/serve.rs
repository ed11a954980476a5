//! Accepts HTTP connections and limits how long a client may take to send a request head and to
//! read a response. [`Connections`] limits their number.
//!
//! The routes are passed in as an [`axum::Router`]; nothing here knows them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, header};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::answering::Connection;
use super::connections::{Connections, Place, Work};
use super::date::http_date;
use crate::time::Clock;

/// Bounds of a listener.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// How long a request head may take, counted from the response before it: also the longest
    /// time that a connection stays open unused.
    pub head_timeout: Duration,
    /// How long a client may read nothing of a response that waits for it.
    pub write_timeout: Duration,
    /// How long open requests may take to end after `stop`.
    pub drain: Duration,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(3),
        }
    }
}

/// Serves `router` on `listener` until `stop`, then waits at most `settings.drain` for requests
/// that are being answered.
///
/// Answers are dated by `clock`. Handlers find the peer's address as [`ConnectInfo<SocketAddr>`](ConnectInfo).
pub async fn serve(
    listener: TcpListener,
    router: Router,
    places: Arc<Connections>,
    clock: Arc<dyn Clock>,
    settings: ServeSettings,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    let abort = CancellationToken::new();
    // Node's HTTP client does not repeat a POST that meets a closing connection, but believes
    // this announcement; it must be shorter than the truth.
    let announced = settings.head_timeout.as_secs().saturating_sub(5).max(1);
    let keep_alive = HeaderValue::from_str(&format!("timeout={announced}")).ok();
    while let Some((stream, peer, place)) = accept(&listener, &places, &stop).await {
        let (router, settings) = (router.clone(), settings.clone());
        let (stop, abort, keep_alive) = (stop.clone(), abort.clone(), keep_alive.clone());
        let clock = clock.clone();
        connections.spawn(async move {
            let routes = Routes { router, peer, keep_alive, place: place.clone(), clock };
            tokio::select! {
                biased;
                () = place.lost() => {}
                () = abort.cancelled() => {}
                () = connection(stream, routes, &settings, &stop) => {}
            }
        });
    }
    connections.close();
    if tokio::time::timeout(settings.drain, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections cut off at stop");
        abort.cancel();
        connections.wait().await;
    }
}

/// The next connection and its place among the allowed ones; `None` at stop.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Connections>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, Arc<Place>)> {
    let next = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    if let Some(place) = places.place(peer.ip()).await {
                        return (stream, peer, place);
                    }
                }
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    // Out of file descriptors, most likely: trying at once again would spin.
                    tracing::warn!(%error, "cannot accept a connection");
                    let pause = if places.shed() { SHED_PAUSE } else { ACCEPT_PAUSE };
                    tokio::time::sleep(pause).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        accepted = next => Some(accepted),
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

/// What a connection's requests are answered with.
struct Routes {
    router: Router,
    peer: SocketAddr,
    keep_alive: Option<HeaderValue>,
    place: Arc<Place>,
    clock: Arc<dyn Clock>,
}

async fn connection(
    stream: TcpStream,
    routes: Routes,
    settings: &ServeSettings,
    stop: &CancellationToken,
) {
    let Routes { router, peer, keep_alive, place, clock } = routes;
    // Answers are small and written whole: waiting for more bytes only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
    }
    let state = Arc::new(Connection::default());
    let requests = state.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let work = place.work();
        request.extensions_mut().insert(ConnectInfo(peer));
        let answering = requests.next();
        request.extensions_mut().insert(answering.clone());
        let (router, keep_alive) = (router.clone(), keep_alive.clone());
        let clock = clock.clone();
        async move {
            let Ok(mut response): Result<Response<Body>, Infallible> =
                router.oneshot(request).await;
            if let Some(keep_alive) = keep_alive {
                response
                    .headers_mut()
                    .insert(header::HeaderName::from_static("keep-alive"), keep_alive);
            }
            if let Some(date) = http_date(clock.unix()) {
                response.headers_mut().insert(header::DATE, date);
            }
            answering.answered();
            Ok::<_, Infallible>(response.map(|body| Working { body, _work: work }))
        }
    });
    let stream = Impatient::new(stream, settings.write_timeout, state.clone());
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_timeout)
        .max_buf_size(MAX_BUFFER)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        // Connections that become WebSockets live on in tasks of their own.
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    state.end();
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended badly");
    }
}

/// A response body whose connection is at work until it is written.
struct Working {
    body: Body,
    _work: Work,
}

impl hyper::body::Body for Working {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream whose writes fail when the other side takes nothing for too long.
struct Impatient<S> {
    stream: S,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    /// Learns of errors, some of which the protocol above keeps to itself.
    state: Arc<Connection>,
}

impl<S> Impatient<S> {
    fn new(stream: S, patience: Duration, state: Arc<Connection>) -> Self {
        Self { stream, patience, waiting: None, state }
    }

    fn note<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(result, Poll::Ready(Err(_))) {
            self.state.broke();
        }
        result
    }

    fn judge<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.waiting = None;
            return self.note(result);
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        let late = waiting.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()));
        self.note(late)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.note(result)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.judge(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.judge(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// As long as a connection that was cut off may take to give its descriptor back.
const SHED_PAUSE: Duration = Duration::from_millis(5);
const MAX_BUFFER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::connections::ConnectionLimits;
    use super::*;
    use crate::time::ManualClock;

    async fn started(
        settings: ServeSettings,
    ) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        started_with(settings, 8192).await
    }

    async fn started_with(
        settings: ServeSettings,
        most: usize,
    ) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let router = Router::new()
            .route(
                "/peer",
                get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
            )
            .route("/never", get(std::future::pending::<String>))
            .route("/big", get(|| async { vec![b'x'; 64 << 20] }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let clock = Arc::new(ManualClock::default());
        let places = Connections::new("test", ConnectionLimits { most, per_address: most });
        let server = tokio::spawn(serve(listener, router, places, clock, settings, stop.clone()));
        (address, stop, server)
    }

    async fn ask(stream: &mut TcpStream, path: &str) -> String {
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut text = String::new();
        while !text.contains("\r\n\r\n") || !text.contains("127.0.0.1:") {
            let mut buffer = [0; 1024];
            let length = stream.read(&mut buffer).await.unwrap();
            assert_ne!(length, 0, "closed early: {text}");
            text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        }
        text
    }

    #[tokio::test]
    async fn a_connection_serves_several_requests_and_knows_its_peer() {
        let (address, stop, server) = started(ServeSettings::default()).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            let answer = ask(&mut stream, "/peer").await;
            assert!(answer.ends_with(&stream.local_addr().unwrap().to_string()), "{answer}");
            assert!(answer.contains("keep-alive: timeout=25\r\n"), "{answer}");
            assert!(answer.contains("date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"), "{answer}");
            assert_eq!(answer.matches("date:").count(), 1, "{answer}");
        }
        stop.cancel();
        server.await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "an idle connection is closed at stop");
    }

    #[tokio::test]
    async fn a_connection_without_a_request_harms_nobody() {
        let (address, stop, server) = started(ServeSettings::default()).await;
        drop(TcpStream::connect(address).await.unwrap());
        let silent = TcpStream::connect(address).await.unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, "/peer").await;
        stop.cancel();
        server.await.unwrap();
        drop(silent);
    }

    #[tokio::test]
    async fn a_slow_request_head_is_cut_off() {
        let settings =
            ServeSettings { head_timeout: Duration::from_millis(50), ..Default::default() };
        let (address, _stop, _server) = started(settings).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /peer HTT").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn a_response_that_is_not_read_is_given_up() {
        let settings =
            ServeSettings { write_timeout: Duration::from_millis(50), ..Default::default() };
        let (address, _stop, _server) = started_with(settings, 1).await;
        let mut lazy = TcpStream::connect(address).await.unwrap();
        lazy.write_all(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        // There is one place only: this answer comes when the lazy client has lost it.
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, "/peer").await;
    }

    #[tokio::test]
    async fn silent_connections_give_way_to_requests() {
        let (address, _stop, _server) = started_with(ServeSettings::default(), 4).await;
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, "/peer").await;
        assert_eq!(silent[0].read(&mut [0]).await.unwrap_or_default(), 0, "it was closed");
    }

    #[tokio::test]
    async fn stop_waits_for_open_requests_only_so_long() {
        let settings = ServeSettings { drain: Duration::from_millis(50), ..Default::default() };
        let (address, stop, server) = started(settings).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut other = TcpStream::connect(address).await.unwrap();
        ask(&mut other, "/peer").await;
        stop.cancel();
        server.await.unwrap();
    }
}
