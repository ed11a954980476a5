//! The results of a run. The JSON form is a stable interface: keys keep their names and meanings,
//! and new ones may be added.

use std::collections::BTreeMap;

use serde::Serialize;

/// Everything that is known of one run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Version of the load tool.
    pub version: String,
    /// The command line that made the run, program first.
    pub command: Vec<String>,
    /// When it began, RFC 3339, UTC.
    pub started: String,
    /// What the agents did.
    pub scenario: String,
    /// The scenario's settings by name.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Agents that were wanted.
    pub agents: usize,
    /// The most that were in the region at once.
    pub connected: usize,
    /// Seconds that the scenario ran, without filling and draining.
    pub duration_s: f64,
    /// Numbered messages that were sent.
    pub sent: u64,
    /// Copies of them that had to arrive; copies whose hearer left in between do not count.
    pub expected: u64,
    /// Copies that arrived.
    pub delivered: u64,
    /// Copies per second.
    pub delivered_per_s: f64,
    /// Copies that never arrived.
    pub lost: u64,
    /// Copies that arrived again.
    pub doubled: u64,
    /// From the moment a message was due to be sent until a copy was read.
    pub latency_ms: Percentiles,
    /// From the login request to the end of the entry (or to the answer, if nobody enters). For
    /// `login` without those while filling.
    pub login_ms: Percentiles,
    /// Logins that succeeded, while filling and later.
    pub logins: u64,
    /// Successful logins per second of the scenario's duration; for `login` only.
    pub logins_per_s: f64,
    /// How the agents came in.
    pub filling: Filling,
    /// What was seen of moving avatars.
    pub freshness: Option<Freshness>,
    /// By message name.
    pub messages: Traffic,
    /// Datagrams and what the circuits counted, all agents together.
    pub datagrams: Datagrams,
    /// The server's process.
    pub server: Option<Usage>,
    /// The load tool's own process.
    pub tool: Usage,
    /// What plain sockets reach here.
    pub limit: Option<Limit>,
    /// Where it ran.
    pub machine: Machine,
    /// What went wrong, each kind once.
    pub errors: Vec<Trouble>,
    /// Second by second, filling and draining included.
    pub series: Vec<Second>,
    /// `complete`, `interrupted` (the run ended early; the figures are partial).
    pub outcome: String,
    /// Why the run does not count; null if it does. The command fills it in.
    pub failure: Option<String>,
}

impl Report {
    /// What the run delivers, and `delivered` counts: copies of messages, or logins.
    pub(super) fn delivers(&self) -> &'static str {
        if self.expected > 0 || self.sent > 0 { "copies" } else { "logins" }
    }
}

/// A distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many values.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Half are at most this.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 99 %.
    pub p99: f64,
    /// 99.9 %.
    pub p999: f64,
    /// All.
    pub max: f64,
}

/// How the agents came in. For `login`: the first login of every account, for which a server that
/// remembers verified passwords has to verify them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Filling {
    /// Seconds from the first login request until all had entered or failed.
    pub seconds: f64,
    /// Logins that succeeded.
    pub logins: u64,
    /// The same per second.
    pub logins_per_s: f64,
    /// As the report's `login_ms`.
    pub login_ms: Percentiles,
}

/// Age of the newest update per avatar that an agent sees, sampled once a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Freshness {
    /// Of the 20 nearest.
    pub nearest_20_ms: Percentiles,
    /// Of all that are known.
    pub all_ms: Percentiles,
    /// Avatars that an agent knows on the average.
    pub known: f64,
}

/// Counts by message name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Traffic {
    /// Sent by UDP.
    pub sent: BTreeMap<String, u64>,
    /// Received by UDP.
    pub received: BTreeMap<String, u64>,
    /// Received by the event queue.
    pub events: BTreeMap<String, u64>,
}

/// What all circuits counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Datagrams {
    /// Datagrams sent.
    pub sent: u64,
    /// Datagrams received.
    pub received: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Their bytes.
    pub bytes_received: u64,
    /// Packets that an agent sent again.
    pub resent: u64,
    /// Packets that an agent got more than once.
    pub duplicates: u64,
    /// Reliable messages that were never acked.
    pub given_up: u64,
}

/// What a process used during the scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Process id.
    pub pid: u32,
    /// CPU seconds, user and system.
    pub cpu_s: f64,
    /// Of which in the kernel.
    pub cpu_system_s: f64,
    /// CPU seconds per second, in percent of one core.
    pub cpu_percent: f64,
    /// Resident memory before the first login, MiB.
    pub rss_start_mb: f64,
    /// Resident memory at the end of the scenario, MiB.
    pub rss_mb: f64,
    /// The most that was seen.
    pub rss_max_mb: f64,
    /// `delivered` per CPU second (for `login`: logins).
    pub delivered_per_cpu_s: f64,
}

/// One thread that sends datagrams of this size to as many sockets, which are read as those of
/// agents are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Limit {
    /// Bytes of a datagram.
    pub datagram_bytes: usize,
    /// Sockets that it was sent to.
    pub sockets: usize,
    /// `send_to` per CPU second of the sending thread.
    pub send_to_per_cpu_s: f64,
    /// `send_to` per second.
    pub send_to_per_s: f64,
    /// The server's datagrams per CPU second, as a part of that: 1 is the kernel's own speed.
    pub ratio: Option<f64>,
}

/// Where a run was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Machine {
    /// Operating system and kernel.
    pub system: String,
    /// CPU model.
    pub cpu: String,
    /// Cores.
    pub cores: usize,
    /// Memory, MiB.
    pub memory_mb: u64,
}

/// One kind of failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What failed, a stable word: `login`, `circuit`, `event_queue`, `lost`, …
    pub kind: String,
    /// The first text of this kind.
    pub text: String,
    /// How often.
    pub count: u64,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Second {
    /// Seconds since the first login, at the end of this one.
    pub t_s: f64,
    /// Agents in the region.
    pub connected: usize,
    /// Numbered messages sent.
    pub sent: u64,
    /// Copies that arrived.
    pub delivered: u64,
    /// Logins that succeeded.
    pub logins: u64,
    /// Failures.
    pub errors: u64,
    /// Datagrams that arrived.
    pub datagrams: u64,
    /// Latency of the copies of this second, median in milliseconds.
    pub latency_p50_ms: f64,
    /// Latency of the copies of this second, 99th percentile in milliseconds.
    pub latency_p99_ms: f64,
    /// Latency of the slowest copy of this second, in milliseconds.
    pub latency_max_ms: f64,
    /// Freshness of the nearest 20 avatars, 99 %.
    pub freshness_p99_ms: f64,
    /// The server, percent of a core.
    pub server_cpu_percent: f64,
    /// The server's resident memory, MiB.
    pub server_rss_mb: f64,
    /// The load tool, percent of a core.
    pub tool_cpu_percent: f64,
}
