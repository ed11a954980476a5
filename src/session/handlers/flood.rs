//! Rate limits on what an agent may send.

use std::time::Duration;

use crate::time::Timestamp;

/// A user is notified of dropped messages once in this time.
const NOTIFY_EVERY: Duration = Duration::from_secs(5);

/// A bucket that holds twice what flows in per second.
pub(super) struct FloodGate {
    rate: f64,
    used: f64,
    at: Timestamp,
    notified: Option<Timestamp>,
}

/// What to do with one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloodVerdict {
    /// Take it.
    Open,
    /// Drop it.
    Closed,
    /// Drop it, and tell the user.
    ClosedNotify,
}

impl FloodGate {
    /// An empty bucket for `rate` messages per second.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate.max(1)), used: 0.0, at: Timestamp::ZERO, notified: None }
    }

    /// Whether one more message is taken.
    pub(super) fn pass(&mut self, now: Timestamp) -> FloodVerdict {
        let drained = now.since(self.at).as_secs_f64() * self.rate;
        self.used = (self.used - drained).max(0.0);
        self.at = now;
        if self.used + 1.0 <= self.rate * 2.0 {
            self.used += 1.0;
            return FloodVerdict::Open;
        }
        if self.notified.is_some_and(|last| now.since(last) < NOTIFY_EVERY) {
            return FloodVerdict::Closed;
        }
        self.notified = Some(now);
        FloodVerdict::ClosedNotify
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
            assert_eq!(gate.pass(now), FloodVerdict::Open);
        }
        assert_eq!(gate.pass(now), FloodVerdict::ClosedNotify);
        assert_eq!(gate.pass(now), FloodVerdict::Closed);
        let later = now + Duration::from_secs(1);
        for _ in 0..5 {
            assert_eq!(gate.pass(later), FloodVerdict::Open);
        }
        assert_eq!(gate.pass(later), FloodVerdict::Closed);
        let much_later = now + NOTIFY_EVERY + Duration::from_secs(1);
        while gate.pass(much_later) == FloodVerdict::Open {}
        assert_eq!(gate.pass(much_later), FloodVerdict::Closed, "told by the loop's last");
    }
}
