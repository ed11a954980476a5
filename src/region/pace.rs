//! Reduces the number of updates while ticks take most of the time they have, so that with a crowd
//! too large for the machine updates become less frequent and chat does not wait.

use std::time::Duration;

/// The part of the usual packets that is sent, from [`LEAST`] to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace(f32);

impl Default for Pace {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Pace {
    /// A tick took `spent`; ticks are `frame` apart. Slows down within a second and recovers within
    /// ten, so that it settles instead of swinging.
    pub fn record(&mut self, spent: Duration, frame: Duration) {
        self.0 = if spent > frame.mul_f32(BUSY) {
            (self.0 * SLOWER).max(LEAST)
        } else {
            (self.0 + FASTER).min(1.0)
        };
    }

    /// What of `packets` is sent; at least one.
    pub fn of(self, packets: usize) -> usize {
        ((packets as f32 * self.0) as usize).max(1)
    }
}

/// The part of a frame from which on a tick takes too long.
const BUSY: f32 = 0.75;
const SLOWER: f32 = 0.9;
const FASTER: f32 = 0.01;
/// Enough for those nearby.
const LEAST: f32 = 0.35;

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(90);

    #[test]
    fn long_ticks_slow_the_pace_and_short_ones_restore_it() {
        let mut pace = Pace::default();
        pace.record(Duration::from_millis(60), FRAME);
        assert_eq!(pace.of(18), 18);
        pace.record(Duration::from_millis(75), FRAME);
        assert_eq!(pace.of(18), 16);
        for _ in 0..1000 {
            pace.record(Duration::from_secs(9), FRAME);
        }
        assert_eq!((pace.of(18), pace.of(2), pace.of(0)), (6, 1, 1));
        for _ in 0..100 {
            pace.record(Duration::ZERO, FRAME);
        }
        assert_eq!(pace, Pace::default());
    }
}
