//! Counters of messages by name, looked up once and not per packet.

use std::collections::HashMap;

use metrics::Counter;

use crate::message::{MESSAGES, MessageId};

/// A counter for every message of the template.
pub struct MessageCounters {
    received: HashMap<MessageId, Counter>,
}

impl MessageCounters {
    /// Registers `holm_messages_received_total` for every message. Counters that never move stay
    /// out of the metrics.
    pub fn new() -> Self {
        let received = MESSAGES
            .iter()
            .filter(|info| !info.trusted)
            .map(|info| {
                let counter =
                    metrics::counter!("holm_messages_received_total", "message" => info.name);
                (info.id, counter)
            })
            .collect();
        Self { received }
    }

    /// Counts one.
    pub fn received(&self, id: MessageId) {
        if let Some(counter) = self.received.get(&id) {
            counter.increment(1);
        }
    }
}

impl Default for MessageCounters {
    fn default() -> Self {
        Self::new()
    }
}
