//! Simulates a bad network: loss, delay, jitter, duplication, reordering, corruption, and a limited
//! rate.
//!
//! One [`Link`] is one direction. Datagrams and the current time go in, and datagrams come out when
//! they are due. There are no sockets, no clock and no randomness except the seed's, so a run can
//! be repeated. It serves tests only, and does not know what the datagrams contain.
//!
//! ```
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use holm::netsim::{Link, Profile};
//! use holm::time::Timestamp;
//!
//! let profile = Profile { delay: Duration::from_millis(40), ..Profile::default() };
//! let mut link = Link::new(profile, 7);
//! link.push(Timestamp::ZERO, Bytes::from_static(b"hello"));
//! let due = link.next_due().unwrap();
//! assert_eq!(due, Timestamp::from_millis(40));
//! assert_eq!(link.poll(due).unwrap(), "hello");
//! ```

mod profile;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fastrand::Rng;

use crate::time::Timestamp;

pub use self::profile::{Burst, Profile, ProfileError};

/// One direction of a bad network.
#[derive(Debug)]
pub struct Link {
    profile: Profile,
    rng: Rng,
    /// Whether the line is in its bad state ([`Profile::burst`]).
    bad: bool,
    in_flight: BinaryHeap<InFlight>,
    next_serial: u64,
    /// When the last datagram in order arrives.
    last_due: Timestamp,
    /// When the line has put everything out.
    free_at: Timestamp,
    counts: Counts,
}

/// What happened on a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Datagrams put in.
    pub pushed: u64,
    /// Datagrams taken out, copies included.
    pub delivered: u64,
    /// Lost at random.
    pub lost: u64,
    /// Lost because the line was full.
    pub overflowed: u64,
    /// Copies made.
    pub duplicated: u64,
    /// Held back behind later ones.
    pub reordered: u64,
    /// Changed on the way.
    pub corrupted: u64,
}

#[derive(Debug)]
struct InFlight {
    due: Timestamp,
    serial: u64,
    datagram: Bytes,
}

impl Link {
    /// A link with the given habits; the same seed gives the same fate to the same datagrams.
    pub fn new(profile: Profile, seed: u64) -> Self {
        Self {
            profile,
            rng: Rng::with_seed(seed),
            bad: false,
            in_flight: BinaryHeap::new(),
            next_serial: 0,
            last_due: Timestamp::ZERO,
            free_at: Timestamp::ZERO,
            counts: Counts::default(),
        }
    }

    /// Puts a datagram on the line.
    pub fn push(&mut self, now: Timestamp, datagram: Bytes) {
        self.counts.pushed += 1;
        if self.is_lost() {
            self.counts.lost += 1;
            return;
        }
        let Some(departure) = self.depart(now, datagram.len()) else {
            self.counts.overflowed += 1;
            return;
        };
        if self.happens(self.profile.duplicate) {
            self.counts.duplicated += 1;
            self.launch(departure, datagram.clone());
        }
        self.launch(departure, datagram);
    }

    /// Takes the next datagram that has arrived.
    pub fn poll(&mut self, now: Timestamp) -> Option<Bytes> {
        if self.next_due()? > now {
            return None;
        }
        let arrived = self.in_flight.pop()?;
        self.counts.delivered += 1;
        Some(arrived.datagram)
    }

    /// Changes the habits; what is on its way arrives as it would have.
    pub fn set_profile(&mut self, profile: Profile) {
        self.profile = profile;
    }

    /// When the next datagram arrives.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.in_flight.peek().map(|next| next.due)
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn is_lost(&mut self) -> bool {
        if let Some(burst) = self.profile.burst {
            let change = if self.bad { burst.leave } else { burst.enter };
            if self.happens(change) {
                self.bad = !self.bad;
            }
            if self.bad && self.happens(burst.loss) {
                return true;
            }
        }
        self.happens(self.profile.loss)
    }

    /// When the datagram has left, or `None` if the line is too full for it.
    fn depart(&mut self, now: Timestamp, bytes: usize) -> Option<Timestamp> {
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            return None;
        }
        let Some(rate) = self.profile.rate else { return Some(now) };
        let start = self.free_at.max(now);
        if start.since(now) > self.profile.rate_queue {
            return None;
        }
        let nanos = (bytes as u64).saturating_mul(1_000_000_000) / u64::from(rate.get());
        self.free_at = start + Duration::from_nanos(nanos);
        Some(self.free_at)
    }

    fn launch(&mut self, departure: Timestamp, mut datagram: Bytes) {
        if self.happens(self.profile.corrupt) && !datagram.is_empty() {
            self.counts.corrupted += 1;
            datagram = self.corrupted(&datagram);
        }
        let jitter = self.profile.jitter.mul_f64(self.rng.f64());
        let mut due = departure + self.profile.delay + jitter;
        if self.happens(self.profile.reorder) {
            self.counts.reordered += 1;
            due = due + self.profile.reorder_by.mul_f64(self.rng.f64());
        } else {
            // Jitter alone keeps the order.
            due = due.max(self.last_due);
            self.last_due = due;
        }
        let serial = self.next_serial;
        self.next_serial += 1;
        self.in_flight.push(InFlight { due, serial, datagram });
    }

    /// Flips some bits, or cuts the end off.
    fn corrupted(&mut self, datagram: &Bytes) -> Bytes {
        if self.rng.u8(..4) == 0 {
            return datagram.slice(..self.rng.usize(..datagram.len()));
        }
        let mut bytes = BytesMut::from(&datagram[..]);
        for _ in 0..self.rng.usize(1..=3) {
            let at = self.rng.usize(..bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << self.rng.u8(..8);
            }
        }
        bytes.freeze()
    }

    fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.rng.f64() < probability
    }
}

impl PartialEq for InFlight {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for InFlight {}

impl PartialOrd for InFlight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for InFlight {
    /// The earliest is the greatest: a [`BinaryHeap`] gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.serial).cmp(&(self.due, self.serial))
    }
}

/// Datagrams that may be on their way at once.
const MAX_IN_FLIGHT: usize = 1 << 16;

#[cfg(test)]
mod tests;
