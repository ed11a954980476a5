//! Metrics of an endpoint.

use metrics::Counter;

use crate::message::{self, MessageId};

/// Totals of one endpoint's region, registered once.
pub(super) struct Counters {
    pub(super) datagrams_in: Counter,
    pub(super) datagrams_out: Counter,
    pub(super) bytes_in: Counter,
    pub(super) bytes_out: Counter,
}

impl Counters {
    pub(super) fn of(region: &str) -> Self {
        let counter = |name| metrics::counter!(name, "region" => region.to_owned());
        Self {
            datagrams_in: counter("holm_datagrams_received_total"),
            datagrams_out: counter("holm_datagrams_sent_total"),
            bytes_in: counter("holm_bytes_received_total"),
            bytes_out: counter("holm_bytes_sent_total"),
        }
    }
}

/// Counts a datagram that reaches no circuit.
pub(super) fn drop_datagram(reason: &'static str) {
    metrics::counter!("holm_datagrams_dropped_total", "reason" => reason).increment(1);
}

/// Counts a reliable message that its client never acked.
pub(super) fn gave_up(id: MessageId) {
    metrics::counter!("holm_messages_given_up_total", "message" => name_of(id)).increment(1);
    tracing::debug!(message = name_of(id), "never acked, given up");
}

/// Counts a message that its handler had no room for.
pub(super) fn busy(id: MessageId) {
    metrics::counter!("holm_messages_busy_total", "message" => name_of(id)).increment(1);
}

/// The name of a message for labels and logs.
pub(super) fn name_of(id: MessageId) -> &'static str {
    message::info(id).map_or("unknown", |info| info.name)
}
