//! Counters of messages by name, looked up once and not per packet.

use metrics::Counter;

use super::handlers::table;
use crate::message::{MESSAGES, MessageInfo};

/// A counter for every message that a client may send.
pub struct MessageCounters {
    /// By the messages' places in [`MESSAGES`].
    received: Vec<Option<Counter>>,
}

impl MessageCounters {
    /// Registers `holm_messages_received_total` for every message. Counters that never move stay
    /// out of the metrics.
    pub fn new() -> Self {
        let counter = |info: &MessageInfo| {
            let disposition = table::disposition(info.id)?.as_str();
            Some(metrics::counter!("holm_messages_received_total",
                "message" => info.name, "disposition" => disposition))
        };
        Self { received: MESSAGES.iter().map(counter).collect() }
    }

    /// Counts the message at this place of [`MESSAGES`].
    pub fn received(&self, index: usize) {
        if let Some(Some(counter)) = self.received.get(index) {
            counter.increment(1);
        }
    }
}

impl Default for MessageCounters {
    fn default() -> Self {
        Self::new()
    }
}
