//! What plain sockets reach on this machine: the limit to hold a server's figures against.
//!
//! One thread calls `send_to`, for one receiving socket after the other, and does nothing else;
//! another reads all of them. Counted is what arrived, per second and per second of CPU time of the
//! sending thread. Three things would make the figure a lie, and are kept out:
//!
//! - Datagrams that a full socket drops are cheap to send. So no more than `WINDOW` are under way,
//!   far less than a socket holds.
//! - Waiting for the reader is no work. The CPU time of it is taken off.
//! - Waking a sleeping reader is work that a server has only if its clients are idle. So the reader
//!   never sleeps in the kernel while there may be something to read; it looks at a shared counter.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::report::Limit;
use crate::time::{Clock as _, SystemClock, Timestamp};

/// Measures for about `for_` with datagrams of `bytes` bytes to `sockets` sockets on loopback.
/// Blocks that long, and keeps two cores busy. [`Limit::ratio`] is left empty.
///
/// # Errors
/// A socket cannot be made or used; `sockets` is 0; `bytes` is more than a datagram of the protocol
/// may have; this is not Linux, where the CPU time of a thread is not asked for; nothing arrived.
pub fn measure(sockets: usize, bytes: usize, for_: Duration) -> io::Result<Limit> {
    if sockets == 0 || bytes > LARGEST {
        let text =
            format!("{sockets} sockets, {bytes} bytes: expected 1 or more, {LARGEST} or less");
        return Err(io::Error::new(ErrorKind::InvalidInput, text));
    }
    // Before anything is made, so that an unsupported system says so.
    cpu_time()?;
    let receivers: Vec<UdpSocket> = (0..sockets).map(|_| socket()).collect::<io::Result<_>>()?;
    let addresses: Vec<SocketAddr> =
        receivers.iter().map(UdpSocket::local_addr).collect::<io::Result<_>>()?;
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let window = (PER_SOCKET * sockets as u64).min(WINDOW);
    let shared = Shared::default();
    let clock = SystemClock::new();
    let (sent, received) = thread::scope(|scope| {
        let reader = thread::Builder::new()
            .name("calibrate".to_owned())
            .spawn_scoped(scope, || read(&receivers, &shared, &clock))?;
        let payload = vec![0x5a; bytes];
        let sending = Sending { socket: &sender, payload: &payload, shared: &shared, window };
        let sent = sending.run(&addresses, for_, &clock, || reader.is_finished());
        // Whatever happened, the reader must end, or the scope never does.
        shared.done.store(true, Ordering::Release);
        let received = reader.join().map_err(|_| io::Error::other("the reader panicked"))??;
        Ok::<_, io::Error>((sent?, received))
    })?;
    if received == 0 || sent.cpu.is_zero() || sent.wall.is_zero() {
        return Err(io::Error::new(ErrorKind::TimedOut, "nothing arrived on loopback"));
    }
    // What was lost in spite of all that does not count as sent.
    let arrived = sent.datagrams.min(received) as f64;
    Ok(Limit {
        datagram_bytes: bytes,
        sockets,
        send_to_per_cpu_s: arrived / sent.cpu.as_secs_f64(),
        send_to_per_s: arrived / sent.wall.as_secs_f64(),
        ratio: None,
    })
}

/// What both threads see.
#[derive(Debug, Default)]
struct Shared {
    /// Datagrams given to the kernel.
    sent: AtomicU64,
    /// Datagrams that the reader is done with, lost ones included.
    passed: AtomicU64,
    /// No more will be sent.
    done: AtomicBool,
}

/// What the sending thread did.
#[derive(Clone, Copy, Debug)]
struct Sent {
    datagrams: u64,
    /// CPU time of the thread, waiting taken off.
    cpu: Duration,
    wall: Duration,
}

struct Sending<'a> {
    socket: &'a UdpSocket,
    payload: &'a [u8],
    shared: &'a Shared,
    window: u64,
}

impl Sending<'_> {
    fn run(
        &self,
        addresses: &[SocketAddr],
        for_: Duration,
        clock: &SystemClock,
        is_over: impl Fn() -> bool,
    ) -> io::Result<Sent> {
        let mut targets = addresses.iter().cycle();
        let mut datagrams = 0_u64;
        let began = clock.now();
        let cpu_began = cpu_time()?;
        let mut waited = Duration::ZERO;
        while !datagrams.is_multiple_of(LOOK_AT_CLOCK) || clock.now().since(began) < for_ {
            if datagrams - self.shared.passed.load(Ordering::Relaxed) >= self.window {
                let cpu = cpu_time()?;
                while datagrams - self.shared.passed.load(Ordering::Relaxed) > self.window / 2 {
                    if is_over() {
                        return Err(io::Error::other("the reader ended"));
                    }
                    thread::sleep(NAP);
                }
                waited += cpu_time()?.saturating_sub(cpu);
            }
            let Some(target) = targets.next() else { break };
            self.socket.send_to(self.payload, target)?;
            datagrams += 1;
            self.shared.sent.store(datagrams, Ordering::Release);
        }
        let cpu = cpu_time()?.saturating_sub(cpu_began).saturating_sub(waited);
        Ok(Sent { datagrams, cpu, wall: clock.now().since(began) })
    }
}

/// Reads in the order of sending, so that each read finds something, and counts what came.
fn read(sockets: &[UdpSocket], shared: &Shared, clock: &SystemClock) -> io::Result<u64> {
    let mut buffer = [0; LARGEST];
    let mut received = 0;
    for (passed, socket) in (1_u64..).zip(sockets.iter().cycle()) {
        let mut looks = 0_u32;
        while shared.sent.load(Ordering::Acquire) < passed {
            if shared.done.load(Ordering::Acquire) {
                // The count was perhaps raised between the two looks.
                if shared.sent.load(Ordering::Acquire) < passed {
                    return Ok(received);
                }
                break;
            }
            pause(&mut looks);
        }
        let mut since: Option<Timestamp> = None;
        loop {
            match socket.recv(&mut buffer) {
                Ok(_) => received += 1,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // The kernel has it still under way, or has lost it.
                    if clock.now().since(*since.get_or_insert_with(|| clock.now())) < LOST_AFTER {
                        pause(&mut looks);
                        continue;
                    }
                }
                Err(error) => return Err(error),
            }
            break;
        }
        shared.passed.store(passed, Ordering::Release);
    }
    Ok(received)
}

/// Lets others run now and then, should there be one core only.
fn pause(looks: &mut u32) {
    *looks += 1;
    if looks.is_multiple_of(256) {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

fn socket() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
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

/// Datagrams under way to all sockets together; one must not be able to fill the caches.
const WINDOW: u64 = 1024;

/// Datagrams under way per socket; a Linux socket holds about 90 of the largest by default.
const PER_SOCKET: u64 = 32;

/// Bytes of the largest datagram; the protocol's are below an Ethernet frame.
const LARGEST: usize = 1500;

/// Datagrams between two looks at the clock.
const LOOK_AT_CLOCK: u64 = 64;

/// How long the sender sleeps when the reader is behind: less than it needs for half a window.
const NAP: Duration = Duration::from_micros(50);

/// A datagram that is not there after this was dropped.
const LOST_AFTER: Duration = Duration::from_millis(200);

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn something_is_measured_with_one_socket_and_with_many() {
        for sockets in [1, 50] {
            let limit = measure(sockets, 200, Duration::from_millis(30)).unwrap();
            assert_eq!((limit.sockets, limit.datagram_bytes, limit.ratio), (sockets, 200, None));
            assert!(limit.send_to_per_cpu_s > 0.0 && limit.send_to_per_s > 0.0, "{limit:?}");
            assert!(limit.send_to_per_cpu_s.is_finite() && limit.send_to_per_s.is_finite());
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for (sockets, bytes) in [(0, 100), (1, LARGEST + 1)] {
            let error = measure(sockets, bytes, Duration::from_millis(1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn a_lost_datagram_is_passed_over() {
        let (shared, clock) = (Shared::default(), SystemClock::new());
        let receiver = socket().unwrap();
        let address = receiver.local_addr().unwrap();
        socket().unwrap().send_to(b"one", address).unwrap();
        // Two were sent, it says, but only one was.
        shared.sent.store(2, Ordering::Release);
        shared.done.store(true, Ordering::Release);
        assert_eq!(read(&[receiver], &shared, &clock).unwrap(), 1);
        assert_eq!(shared.passed.load(Ordering::Acquire), 2);
    }
}
