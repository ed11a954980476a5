//! Waiting for datagrams, a deadline or a wake-up; and the socket itself.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Instant, Sleep};

use crate::time::Timestamp;

/// Opens the socket of one agent towards a simulator.
///
/// # Errors
/// When the system has no more sockets or ports, or no way there.
pub(super) async fn open(simulator: SocketAddr) -> io::Result<UdpSocket> {
    let local =
        if simulator.ip().is_loopback() { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    // As viewers do. A kernel that grants less is no reason to fail.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((local, 0)).into())?;
    let socket = UdpSocket::from_std(socket.into())?;
    socket.connect(simulator).await?;
    // Until the reactor has seen the socket, nothing can be sent.
    socket.writable().await?;
    Ok(socket)
}

/// The timer and the wake-up call of one agent, kept from one wait to the next.
pub(super) struct Waiter {
    wake: Arc<Notify>,
    notified: Pin<Box<OwnedNotified>>,
    sleep: Pin<Box<Sleep>>,
    armed: Timestamp,
}

impl Waiter {
    /// A waiter that `wake` wakes.
    pub fn new(wake: Arc<Notify>) -> Self {
        Self {
            notified: Box::pin(wake.clone().notified_owned()),
            wake,
            sleep: Box::pin(tokio::time::sleep(Duration::ZERO)),
            armed: Timestamp::ZERO,
        }
    }

    /// Waits until `socket` can be read, the call comes, or it is `until`; sometimes shorter.
    pub async fn wait(&mut self, socket: Option<&UdpSocket>, now: Timestamp, until: Timestamp) {
        // A timer that rings too early costs less than setting it anew each time.
        if until < self.armed || self.armed <= now {
            self.sleep.as_mut().reset(Instant::now() + until.since(now));
            self.armed = until;
        }
        poll_fn(|context| {
            if self.notified.as_mut().poll(context).is_ready() {
                self.notified.set(self.wake.clone().notified_owned());
                return Poll::Ready(());
            }
            if let Some(socket) = socket
                && socket.poll_recv_ready(context).is_ready()
            {
                return Poll::Ready(());
            }
            if self.sleep.as_mut().poll(context).is_ready() {
                self.armed = Timestamp::ZERO;
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }
}

/// Bytes; what viewers ask for.
const RECEIVE_BUFFER: usize = 400_000;
