//! How much an agent may send before some of it is dropped.

use std::time::Duration;

use crate::time::Timestamp;

/// A user is told of dropped messages once in this time.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// A bucket that holds twice what flows in per second.
pub(super) struct FloodGate {
    rate: f64,
    used: f64,
    at: Timestamp,
    told: Option<Timestamp>,
}

/// What to do with one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Take it.
    Open,
    /// Drop it.
    Closed,
    /// Drop it, and tell the user.
    ClosedTell,
}

impl FloodGate {
    /// An empty bucket for `rate` messages per second.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate.max(1)), used: 0.0, at: Timestamp::ZERO, told: None }
    }

    /// Whether one more message is taken.
    pub(super) fn pass(&mut self, now: Timestamp) -> Gate {
        let drained = now.since(self.at).as_secs_f64() * self.rate;
        self.used = (self.used - drained).max(0.0);
        self.at = now;
        if self.used + 1.0 <= self.rate * 2.0 {
            self.used += 1.0;
            return Gate::Open;
        }
        if self.told.is_some_and(|told| now.since(told) < TOLD_EVERY) {
            return Gate::Closed;
        }
        self.told = Some(now);
        Gate::ClosedTell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_a_flood_is_told_of_once() {
        let mut gate = FloodGate::new(5);
        let now = Timestamp::ZERO + Duration::from_secs(100);
        for _ in 0..10 {
            assert_eq!(gate.pass(now), Gate::Open);
        }
        assert_eq!(gate.pass(now), Gate::ClosedTell);
        assert_eq!(gate.pass(now), Gate::Closed);
        let later = now + Duration::from_secs(1);
        for _ in 0..5 {
            assert_eq!(gate.pass(later), Gate::Open);
        }
        assert_eq!(gate.pass(later), Gate::Closed);
        let much_later = now + TOLD_EVERY + Duration::from_secs(1);
        while gate.pass(much_later) == Gate::Open {}
        assert_eq!(gate.pass(much_later), Gate::Closed, "told by the loop's last");
    }
}
