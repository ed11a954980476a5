//! The recorder behind `/metrics`, and what each metric counts.
//!
//! [`FAMILIES`] has every metric of the process. Its texts are the `# HELP` lines, and
//! `docs/metrics.md` begins each meaning with them; tests compare the two.

use std::sync::OnceLock;

use metrics::Recorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Installs the recorder of this process, or gives the one that an earlier server installed:
/// several servers in one process count together.
pub(super) fn install() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            for (name, help) in FAMILIES {
                describe(&recorder, name, help);
            }
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another metrics recorder is installed; /metrics stays empty");
            }
            handle
        })
        .clone()
}

fn describe(recorder: &impl Recorder, name: &'static str, help: &'static str) {
    if name.ends_with("_total") {
        recorder.describe_counter(name.into(), None, help.into());
    } else {
        recorder.describe_gauge(name.into(), None, help.into());
    }
}

/// Every metric with its help, in the order of the page.
const FAMILIES: &[(&str, &str)] = &[
    // Logins.
    ("holm_sessions", "live logins"),
    ("holm_agents_online", "agents whose avatar has entered"),
    ("holm_logins_granted_total", "successful logins"),
    ("holm_logins_refused_total", "refused logins"),
    ("holm_logins_limited_total", "logins refused by the limit on failed logins"),
    // UDP and circuits.
    ("holm_datagrams_received_total", "datagrams received"),
    ("holm_datagrams_sent_total", "datagrams sent"),
    ("holm_bytes_received_total", "bytes of datagrams received"),
    ("holm_bytes_sent_total", "bytes of datagrams sent"),
    ("holm_datagrams_dropped_total", "datagrams without a circuit"),
    ("holm_udp_send_errors_total", "datagrams that the system refused to send"),
    ("holm_packets_resent_total", "packets resent"),
    (
        "holm_packets_probed_total",
        "packets resent to find out whether a silent client is still there",
    ),
    ("holm_packets_duplicate_total", "duplicate packets received"),
    ("holm_circuit_drops_total", "messages and packets that circuits dropped"),
    ("holm_circuits_closed_total", "circuits that ended"),
    (
        "holm_circuits_unproven_total",
        "circuits that ended before the client had proven its address",
    ),
    (
        "holm_circuit_held_back_total",
        "packets that had to wait until the client had proven its address",
    ),
    ("holm_sends_after_close_total", "messages for circuits that had ended"),
    // Messages.
    ("holm_messages_received_total", "messages from clients by what was done with them"),
    ("holm_generic_messages_total", "generic messages from clients by method"),
    ("holm_messages_dropped_total", "messages from clients that were dropped"),
    ("holm_messages_busy_total", "messages not accepted because too much is queued for the agent"),
    ("holm_messages_refused_total", "messages to clients that a full circuit did not accept"),
    ("holm_answers_refused_total", "answers to clients that a circuit did not accept"),
    (
        "holm_outbox_refused_total",
        "messages to clients that an endpoint's full channel did not accept",
    ),
    ("holm_messages_given_up_total", "reliable messages that were never acked"),
    // HTTP.
    ("holm_http_connections", "open connections"),
    ("holm_http_connections_shed_total", "idle connections closed in favour of new ones"),
    ("holm_http_connections_refused_total", "new connections refused"),
    ("holm_http_requests_total", "requests to the public listener"),
    ("holm_control_requests_total", "requests to the control listener"),
    // Regions.
    ("holm_region_avatars", "avatars in the region"),
    ("holm_region_pending_updates", "updates that clients have not been sent yet"),
    ("holm_region_events_total", "what happened in the region"),
    ("holm_region_drops_total", "what the region dropped"),
    // Inventories.
    ("holm_inventory_refusals_total", "changes to inventories that were refused with an alert"),
    // Instant messages, chat sessions and groups.
    (
        "holm_messages_returned_total",
        "instant messages that were not acked before their circuit ended",
    ),
    ("holm_object_messages_dropped_total", "instant messages from objects"),
    ("holm_chat_session_drops_total", "what chat sessions dropped"),
    ("holm_group_requests_refused_total", "group requests that were refused with an alert"),
    // Objects and scripts.
    ("holm_object_events_total", "what happened to objects and their scripts"),
    ("holm_object_drops_total", "what objects and their scripts dropped"),
    ("holm_lsl_lines_total", "lines that the chat bus matched against listens"),
    ("holm_lsl_events_queued_total", "script events that lines caused"),
    ("holm_lsl_truncated_total", "texts that were truncated"),
    ("holm_lsl_script_errors_total", "run-time errors of scripts"),
    ("holm_lsl_drops_total", "events and effects of scripts that were dropped"),
    ("holm_lsl_refused_total", "calls of scripts that did nothing"),
    ("holm_clep_lines_total", "lines and link messages that the observer recorded"),
    ("holm_clep_delivered_total", "messages that scripts accepted, counted once per script"),
    ("holm_clep_drops_total", "messages dropped by scripts that listen for CLEP or LEP"),
    ("holm_script_hosts_total", "connections of script hosts"),
    ("holm_script_hosts_cut_total", "script hosts that were disconnected"),
    ("holm_script_host_requests_total", "requests of script hosts"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../docs/metrics.md");

    #[test]
    fn page_lists_every_metric_with_its_help() {
        let rows: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| `holm_")).collect();
        assert_eq!(rows.len(), FAMILIES.len());
        for (row, (name, help)) in rows.into_iter().zip(FAMILIES) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            assert_eq!(cells[0], format!("`{name}`"));
            assert!(cells[2].starts_with(help), "docs/metrics.md: {row}\nshould begin: {help}");
        }
    }
}
