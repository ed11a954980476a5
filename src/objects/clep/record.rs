//! The observer's record: the latest entries, and the delivery of new ones to followers. Bounded in
//! number and in bytes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::model::{Receiver, Traffic, TrafficFeed, Warning};
use crate::time::Timestamp;

/// The latest entries.
#[derive(Debug)]
pub(super) struct Record {
    entries: VecDeque<Arc<Traffic>>,
    /// About how many all entries take.
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
        self.bytes += weight(&traffic);
        let entry = Arc::new(traffic);
        self.entries.push_back(Arc::clone(&entry));
        while self.entries.len() > ENTRIES || (self.bytes > BYTES && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= weight(&oldest);
        }
        // Nobody need follow.
        let _ = self.live.send(entry);
    }

    /// All that is kept, and the way to what follows.
    pub(super) fn feed(&self) -> TrafficFeed {
        TrafficFeed { past: self.entries.iter().cloned().collect(), live: self.live.subscribe() }
    }
}

/// About how many bytes an entry takes: its text, its receivers and the names that it lists are
/// most of it.
fn weight(traffic: &Traffic) -> usize {
    let receivers = traffic.receivers.iter().map(|receiver| {
        let detail = receiver.detail.as_ref().map_or(0, String::len);
        size_of::<Receiver>() + receiver.prim_name.len() + receiver.script.len() + detail
    });
    let warnings = traffic.warnings.iter().map(|warning| match warning {
        Warning::Interference { others } => others.iter().map(String::len).sum::<usize>(),
        Warning::Typeable | Warning::Truncated { .. } => 0,
    });
    traffic.text.len() + receivers.sum::<usize>() + warnings.sum::<usize>()
}

/// Most entries that are kept.
pub(super) const ENTRIES: usize = 1024;

/// Most bytes that are kept, the latest entry apart.
pub(super) const BYTES: usize = 4 << 20;

/// Most entries that wait for one who follows; who is slower loses the oldest and is told so.
const LIVE: usize = 256;
