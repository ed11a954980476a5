//! Measures what plain sockets reach on this machine: the limit to compare a server's figures with.
//!
//! One thread does nothing but call `send_to`, for one receiving socket after the other. The
//! receivers are like the agents: sockets of the runtime with one task each, so the kernel has the
//! same work to deliver datagrams and to wake tasks. The result is the number of datagrams that
//! arrived, per second and per CPU second of the sending thread. Two effects would distort it and
//! are excluded:
//!
//! - Datagrams that a full socket drops are cheap to send. So at most `WINDOW` are in flight, far
//!   fewer than a socket holds.
//! - Waiting for the readers is not work. Its CPU time is subtracted.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::report::Limit;
use crate::time::{Clock as _, SystemClock};

/// Measures for about `for_` with datagrams of `bytes` bytes to `sockets` sockets on loopback.
/// [`Limit::ratio`] is left empty.
///
/// # Errors
/// A socket cannot be made or used; `sockets` is 0; `bytes` is more than a datagram of the protocol
/// may have; this is not Linux, where the CPU time of a thread is not asked for; nothing arrived.
pub async fn measure(sockets: usize, bytes: usize, for_: Duration) -> io::Result<Limit> {
    if sockets == 0 || bytes > LARGEST {
        let text =
            format!("{sockets} sockets, {bytes} bytes: expected 1 or more, {LARGEST} or less");
        return Err(io::Error::new(ErrorKind::InvalidInput, text));
    }
    // Before anything is made, so that an unsupported system says so.
    cpu_time()?;
    let arrived = Arc::new(AtomicU64::new(0));
    let mut addresses = Vec::new();
    // Dropped, and with it all readers, when this returns.
    let mut readers = JoinSet::new();
    for _ in 0..sockets {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        addresses.push(socket.local_addr()?);
        readers.spawn(read(socket, arrived.clone()));
    }
    let window = (PER_SOCKET * sockets as u64).min(WINDOW);
    let count = arrived.clone();
    let sent = tokio::task::spawn_blocking(move || send(&addresses, bytes, for_, window, &count));
    let sent = sent.await.map_err(io::Error::other)??;
    // What was lost in spite of all that does not count as sent.
    let arrived = sent.datagrams.min(arrived.load(Ordering::Acquire)) as f64;
    if arrived == 0.0 || sent.cpu.is_zero() || sent.wall.is_zero() {
        return Err(io::Error::new(ErrorKind::TimedOut, "nothing arrived on loopback"));
    }
    Ok(Limit {
        datagram_bytes: bytes,
        sockets,
        send_to_per_cpu_s: arrived / sent.cpu.as_secs_f64(),
        send_to_per_s: arrived / sent.wall.as_secs_f64(),
        ratio: None,
    })
}

/// What the sending thread did.
#[derive(Clone, Copy, Debug)]
struct Sent {
    datagrams: u64,
    /// CPU time of the thread, waiting taken off.
    cpu: Duration,
    wall: Duration,
}

/// Sends to all addresses in turn, and sees to it that all arrives.
fn send(
    addresses: &[SocketAddr],
    bytes: usize,
    for_: Duration,
    window: u64,
    arrived: &AtomicU64,
) -> io::Result<Sent> {
    let clock = SystemClock::new();
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let payload = vec![0x5a; bytes];
    let mut datagrams = 0_u64;
    let (began, cpu_began) = (clock.now(), cpu_time()?);
    let (mut waited, mut lost) = (Duration::ZERO, 0);
    for target in addresses.iter().cycle() {
        if datagrams.is_multiple_of(LOOK_AT_CLOCK) && clock.now().since(began) >= for_ {
            break;
        }
        // What was given up may still come, so there may be less than nothing under way.
        if (datagrams - lost).saturating_sub(arrived.load(Ordering::Relaxed)) >= window {
            let (spent, left) = wait(&clock, datagrams - lost - window / 2, arrived)?;
            waited += spent;
            lost += left;
        }
        socket.send_to(&payload, target)?;
        datagrams += 1;
    }
    let cpu = cpu_time()?.saturating_sub(cpu_began).saturating_sub(waited);
    let wall = clock.now().since(began);
    wait(&clock, datagrams - lost, arrived)?;
    Ok(Sent { datagrams, cpu, wall })
}

/// Waits until so many have arrived; gives the CPU time that this took, and how many never came.
fn wait(clock: &SystemClock, wanted: u64, arrived: &AtomicU64) -> io::Result<(Duration, u64)> {
    let (cpu, began) = (cpu_time()?, clock.now());
    let missing = loop {
        let missing = wanted.saturating_sub(arrived.load(Ordering::Acquire));
        if missing == 0 || clock.now().since(began) > LOST_AFTER {
            break missing;
        }
        thread::sleep(NAP);
    };
    Ok((cpu_time()?.saturating_sub(cpu), missing))
}

/// Reads as an agent does, and counts.
async fn read(socket: UdpSocket, arrived: Arc<AtomicU64>) {
    let mut buffer = [0; LARGEST];
    while socket.readable().await.is_ok() {
        while socket.try_recv(&mut buffer).is_ok() {
            arrived.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// CPU time of this thread.
#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it is an error")]
fn cpu_time() -> io::Result<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[cfg(not(target_os = "linux"))]
fn cpu_time() -> io::Result<Duration> {
    let text = "plain sockets can be measured on Linux only";
    Err(io::Error::new(ErrorKind::Unsupported, text))
}

/// Datagrams under way to all sockets together: well below the 1,000 that Linux queues for a core
/// by default (`net.core.netdev_max_backlog`) when its soft interrupts are behind.
const WINDOW: u64 = 512;

/// Datagrams under way per socket; a Linux socket holds about 90 of the largest by default.
const PER_SOCKET: u64 = 32;

/// Bytes of the largest datagram; the protocol's are below an Ethernet frame.
const LARGEST: usize = 1500;

/// Datagrams between two looks at the clock.
const LOOK_AT_CLOCK: u64 = 64;

/// How long the sender sleeps when the readers are behind: less than they need for half a window.
const NAP: Duration = Duration::from_micros(50);

/// Datagrams that are not there after this were dropped.
const LOST_AFTER: Duration = Duration::from_millis(200);

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn something_is_measured_with_one_socket_and_with_many() {
        for sockets in [1, 50] {
            let limit = measure(sockets, 200, Duration::from_millis(30)).await.unwrap();
            assert_eq!((limit.sockets, limit.datagram_bytes, limit.ratio), (sockets, 200, None));
            assert!(limit.send_to_per_cpu_s > 0.0 && limit.send_to_per_s > 0.0, "{limit:?}");
            assert!(limit.send_to_per_cpu_s.is_finite() && limit.send_to_per_s.is_finite());
        }
    }

    #[tokio::test]
    async fn nonsense_is_refused() {
        for (sockets, bytes) in [(0, 100), (1, LARGEST + 1)] {
            let error = measure(sockets, bytes, Duration::from_millis(1)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }
}
