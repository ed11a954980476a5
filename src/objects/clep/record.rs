//! What the observer has written down: the latest entries, and the way of new ones to whoever
//! follows them. Bounded in number and in bytes of text.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::model::{Traffic, TrafficFeed};
use crate::time::Timestamp;

/// The latest entries.
#[derive(Debug)]
pub(super) struct Record {
    entries: VecDeque<Arc<Traffic>>,
    /// Of the texts of all entries.
    bytes: usize,
    /// The number of the latest entry.
    last: u64,
    live: broadcast::Sender<Arc<Traffic>>,
    unix_at_origin: Duration,
}

impl Record {
    pub(super) fn new(unix_at_origin: Duration) -> Self {
        let live = broadcast::Sender::new(LIVE);
        Self { entries: VecDeque::new(), bytes: 0, last: 0, live, unix_at_origin }
    }

    /// Adds an entry, which gets its number and its time here.
    pub(super) fn push(&mut self, now: Timestamp, mut traffic: Traffic) {
        self.last += 1;
        traffic.number = self.last;
        traffic.unix_ms = self.unix_at_origin.saturating_add(now.since_origin()).as_millis() as u64;
        self.bytes += traffic.text.len();
        let entry = Arc::new(traffic);
        self.entries.push_back(Arc::clone(&entry));
        while self.entries.len() > ENTRIES || (self.bytes > BYTES && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.text.len();
        }
        // Nobody need follow.
        let _ = self.live.send(entry);
    }

    /// All that is kept, and the way to what follows.
    pub(super) fn feed(&self) -> TrafficFeed {
        TrafficFeed { past: self.entries.iter().cloned().collect(), live: self.live.subscribe() }
    }
}

/// Most entries that are kept.
pub(super) const ENTRIES: usize = 1024;

/// Most bytes of text that are kept, the latest entry apart.
pub(super) const BYTES: usize = 4 << 20;

/// Most entries that wait for one who follows; who is slower loses the oldest and is told so.
const LIVE: usize = 256;
