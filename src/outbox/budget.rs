//! A rate limit on the copies that one speaker may cause.

use crate::time::Timestamp;

/// How many copies of texts a speaker caused lately: a text costs what it is heard. So many per
/// second are free, and four times that at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyBudget {
    used: f32,
    at: Timestamp,
}

impl CopyBudget {
    /// Whether another text may be said.
    pub fn is_open(&mut self, now: Timestamp, rate: u32) -> bool {
        let rate = rate as f32;
        self.used = (self.used - now.since(self.at).as_secs_f32() * rate).max(0.0);
        self.at = now;
        self.used < rate * 4.0
    }

    /// Adds what a text has caused.
    pub fn spend(&mut self, copies: u64) {
        self.used += copies as f32;
    }
}
