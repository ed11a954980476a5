//! The parameters of a bad network.

use std::num::NonZeroU32;
use std::time::Duration;

use thiserror::Error;

/// How a link treats datagrams. The default is a perfect line. Probabilities are 0.0 to 1.0 and
/// count for each datagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// Probability that a datagram is lost, independent of others.
    pub loss: f64,
    /// Loss that comes in bursts, besides `loss`.
    pub burst: Option<Burst>,
    /// Time that every datagram takes.
    pub delay: Duration,
    /// Time that comes on top, evenly spread between zero and this. Does not change the order.
    pub jitter: Duration,
    /// Probability that a datagram arrives twice.
    pub duplicate: f64,
    /// Probability that a datagram is held back so that later ones may overtake it.
    pub reorder: f64,
    /// For how long at most.
    pub reorder_by: Duration,
    /// Probability that a datagram is changed: some bits flipped, or cut short.
    pub corrupt: f64,
    /// Bytes per second; `None` is no bound.
    pub rate: Option<NonZeroU32>,
    /// With `rate`: how far the line may fall behind before it loses datagrams.
    pub rate_queue: Duration,
}

/// Loss in bursts after Gilbert and Elliott: a line with a good state and a bad one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Probability at each datagram that a good line turns bad.
    pub enter: f64,
    /// Probability at each datagram that a bad line turns good.
    pub leave: f64,
    /// Probability that a datagram is lost while the line is bad.
    pub loss: f64,
}

/// What is wrong with a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// A probability that is none.
    #[error("{0} is not a probability between 0 and 1")]
    Probability(&'static str),
    /// A time beyond an hour.
    #[error("{0} is longer than an hour")]
    Time(&'static str),
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            loss: 0.0,
            burst: None,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            duplicate: 0.0,
            reorder: 0.0,
            reorder_by: Duration::from_millis(100),
            corrupt: 0.0,
            rate: None,
            rate_queue: Duration::from_millis(200),
        }
    }
}

impl Profile {
    /// Checks a profile that came from outside.
    ///
    /// # Errors
    /// Names the first field whose value makes no sense.
    pub fn check(&self) -> Result<(), ProfileError> {
        let burst = self.burst.unwrap_or(Burst { enter: 0.0, leave: 0.0, loss: 0.0 });
        let probabilities = [
            ("loss", self.loss),
            ("duplicate", self.duplicate),
            ("reorder", self.reorder),
            ("corrupt", self.corrupt),
            ("burst.enter", burst.enter),
            ("burst.leave", burst.leave),
            ("burst.loss", burst.loss),
        ];
        for (name, value) in probabilities {
            if !(0.0..=1.0).contains(&value) {
                return Err(ProfileError::Probability(name));
            }
        }
        let times = [
            ("delay", self.delay),
            ("jitter", self.jitter),
            ("reorder_by", self.reorder_by),
            ("rate_queue", self.rate_queue),
        ];
        for (name, value) in times {
            if value > Duration::from_secs(3600) {
                return Err(ProfileError::Time(name));
            }
        }
        Ok(())
    }
}
