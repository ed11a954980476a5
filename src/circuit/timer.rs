//! One deadline for each thing that a circuit waits for.

use crate::time::Timestamp;

/// What a circuit can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// Acks that waited long enough for company.
    Ack,
    /// The next own ping.
    Ping,
    /// The end of patience with a silent peer.
    Idle,
    /// Tokens for something that waits behind the throttle.
    Throttle,
    /// The end of the time that a closing circuit gets to settle.
    Finish,
}

/// A deadline, or none, for each [`Timer`]. Resends have their own ordered set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimerTable([Option<Timestamp>; 5]);

impl TimerTable {
    pub(super) fn set(&mut self, timer: Timer, at: Timestamp) {
        self.0[timer as usize] = Some(at);
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.0[timer as usize].is_some()
    }

    /// Stops the timer if its deadline has come, and says whether it had.
    pub(super) fn take_expired(&mut self, timer: Timer, now: Timestamp) -> bool {
        let slot = &mut self.0[timer as usize];
        if slot.is_some_and(|at| at <= now) {
            *slot = None;
            return true;
        }
        false
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.iter().flatten().min().copied()
    }
}
