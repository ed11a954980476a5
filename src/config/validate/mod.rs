//! Checks of ranges and contradictions, done once after all sources are merged.

mod objects;

use std::collections::HashSet;
use std::fmt::Display;
use std::net::Ipv6Addr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Config, GroupConfig, RegionConfig, TerrainKind};

/// What is wrong with the value of one key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The key, dotted; array elements by number.
    pub(super) key: String,
    /// What is allowed, as it follows "must": a lower-case fragment.
    pub(super) text: String,
}

/// The first problem found, in the order of the file.
pub(super) fn validate(config: &Config) -> Result<(), Problem> {
    check(i64::try_from(config.seed).is_ok(), "seed", "must be at most 9223372036854775807")?;
    grid(config)?;
    network(config)?;
    http(config)?;
    login(config)?;
    let directory = &config.storage.directory;
    check(!directory.as_os_str().is_empty(), "storage.directory", "must not be empty")?;
    circuit(config)?;
    event_queue(config)?;
    limits(config)?;
    objects::lsl(&config.lsl)?;
    regions(&config.region)?;
    groups(&config.group)?;
    objects::objects(config)
}

fn grid(config: &Config) -> Result<(), Problem> {
    let grid = &config.grid;
    text("grid.name", &grid.name, 1..=64)?;
    text("grid.nick", &grid.nick, 1..=32)?;
    check(
        grid.nick.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
        "grid.nick",
        "must consist of ASCII letters, digits, '.', '_' and '-'",
    )?;
    text("grid.welcome", &grid.welcome, 0..=1000)
}

fn network(config: &Config) -> Result<(), Problem> {
    let network = &config.network;
    check(
        !network.bind.is_unspecified() || network.external_host.is_some(),
        "network.bind",
        "listens on every address, so network.external_host must name the one that clients use",
    )?;
    if let Some(host) = &network.external_host {
        check(
            (1..=253).contains(&host.len())
                && host.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
            "network.external_host",
            "must be a host name or an IPv4 address, without scheme or port",
        )?;
    }
    external_port("network.external_http_port", network.external_http_port)?;
    let token = network.control_token.as_deref().unwrap_or_default();
    check(
        network.control_bind.is_loopback() || !token.is_empty(),
        "network.control_bind",
        "is not a loopback address, so network.control_token must be set",
    )?;
    check(
        token.is_empty() || (token.len() >= 16 && token.bytes().all(|b| b.is_ascii_graphic())),
        "network.control_token",
        "must have at least 16 visible ASCII characters",
    )?;
    range("network.endpoint_tasks", network.endpoint_tasks, 1..=64)?;
    range("network.worker_threads", network.worker_threads, 0..=256)?;
    range("network.receive_buffer", network.receive_buffer, 65_536..=1 << 30)?;
    range("network.send_buffer", network.send_buffer, 65_536..=1 << 30)?;
    range("network.unknown_source_rate", network.unknown_source_rate, 1..=1_000_000)?;
    range("network.unknown_source_burst", network.unknown_source_burst, 1..=1_000_000)
}

fn http(config: &Config) -> Result<(), Problem> {
    let origins = &config.http.allowed_origins;
    range("http.allowed_origins", origins.len(), 0..=64)?;
    for (index, origin) in origins.iter().enumerate() {
        check(
            is_origin(origin),
            &format!("http.allowed_origins.{index}"),
            "must be an origin as browsers send it: http:// or https://, a host in lower case, and \
             a port unless it is the usual one; nothing behind it",
        )?;
    }
    Ok(())
}

/// Whether a browser would send exactly this as `Origin`.
fn is_origin(text: &str) -> bool {
    let (authority, usual) = match text.split_once("://") {
        Some(("http", authority)) => (authority, "80"),
        Some(("https", authority)) => (authority, "443"),
        _ => return false,
    };
    let end = if authority.starts_with('[') { authority.find(']').map(|at| at + 1) } else { None };
    let end = end.or_else(|| authority.find(':')).unwrap_or(authority.len());
    let (host, port) = authority.split_at(end);
    let host_fits = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok_and(|six| six.to_string() == address),
        None => {
            (1..=253).contains(&host.len())
                && host.bytes().all(|b| {
                    b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_')
                })
        }
    };
    let port_fits = match port.strip_prefix(':') {
        Some(port) => {
            port != usual && port.parse::<u16>().is_ok_and(|number| number.to_string() == port)
        }
        None => port.is_empty(),
    };
    host_fits && port_fits
}

/// Clients cannot be told "any free port".
fn external_port(key: &str, port: Option<u16>) -> Result<(), Problem> {
    check(
        port != Some(0),
        key,
        "must be from 1 to 65535, or \"\" for the port that Holm listens on",
    )
}

fn login(config: &Config) -> Result<(), Problem> {
    let login = &config.login;
    check(
        !login.open || login.open_anywhere || config.network.is_loopback(),
        "login.open",
        "lets anybody in, so login.open_anywhere must insist where network.bind is no loopback \
         address",
    )?;
    time("login.circuit_code_lifetime_seconds", login.circuit_code_lifetime, 5..=3600)?;
    range("login.failures_per_account", login.failures_per_account, 1..=1_000_000)?;
    range("login.failures_per_address", login.failures_per_address, 1..=1_000_000)?;
    range("login.verified_cache", login.verified_cache, 0..=1_000_000)?;
    range("login.argon2_memory_kib", login.argon2_memory_kib, 64..=1 << 20)?;
    range("login.argon2_passes", login.argon2_passes, 1..=100)
}

fn circuit(config: &Config) -> Result<(), Problem> {
    let circuit = &config.circuit;
    time("circuit.inactivity_seconds", circuit.inactivity, 1..=86_400)?;
    time("circuit.paused_inactivity_seconds", circuit.paused_inactivity, 1..=86_400)?;
    check(
        circuit.paused_inactivity >= circuit.inactivity,
        "circuit.paused_inactivity_seconds",
        "must not be less than circuit.inactivity_seconds",
    )?;
    time("circuit.ping_interval_seconds", circuit.ping_interval, 1..=3600)?;
    check(
        circuit.ping_interval < circuit.inactivity,
        "circuit.ping_interval_seconds",
        "must be less than circuit.inactivity_seconds",
    )?;
    time("circuit.give_up_after_seconds", circuit.give_up_after, 1..=86_400)?;
    range("circuit.ack_delay_ms", circuit.ack_delay.as_millis(), 0..=500)?;
    range("circuit.max_unacked_packets", circuit.max_unacked_packets, 16..=1 << 20)?;
    range("circuit.max_unacked_bytes", circuit.max_unacked_bytes, 65_536..=1 << 30)?;
    range("circuit.max_queued_bytes", circuit.max_queued_bytes, 65_536..=1 << 30)?;
    range("circuit.max_bytes_per_second", circuit.max_bytes_per_second, 6250..=1 << 30)
}

fn event_queue(config: &Config) -> Result<(), Problem> {
    let queue = &config.event_queue;
    time("event_queue.hold_seconds", queue.hold, 11..=29)?;
    range("event_queue.max_events", queue.max_events, 16..=1 << 20)?;
    range("event_queue.max_bytes", queue.max_bytes, 65_536..=1 << 28)?;
    time("event_queue.linger_seconds", queue.linger, 0..=300)
}

fn limits(config: &Config) -> Result<(), Problem> {
    let limits = &config.limits;
    range("limits.max_sessions", limits.max_sessions, 1..=1_000_000)?;
    range("limits.max_http_connections", limits.max_http_connections, 16..=1_000_000)?;
    range(
        "limits.max_http_connections_per_address",
        limits.max_http_connections_per_address,
        1..=1_000_000,
    )?;
    range("limits.max_control_connections", limits.max_control_connections, 4..=100_000)?;
    range("limits.reserved_files", limits.reserved_files, 64..=100_000)?;
    range("limits.max_login_body", limits.max_login_body, 4096..=1 << 20)?;
    range("limits.max_cap_body", limits.max_cap_body, 4096..=1 << 28)?;
    range("limits.region_queue", limits.region_queue, 16..=1 << 20)?;
    range("limits.outbox_queue", limits.outbox_queue, 16..=1 << 20)?;
    range("limits.chat_copies_per_second", limits.chat_copies_per_second, 100..=100_000_000)?;
    range("limits.session_copies_per_second", limits.session_copies_per_second, 100..=100_000_000)?;
    range(
        "limits.instant_messages_per_second",
        limits.instant_messages_per_second,
        1..=10_000_000,
    )?;
    range("limits.waiting_request_bytes", limits.waiting_request_bytes, 16_384..=1 << 28)?;
    range("limits.offline_messages", limits.offline_messages, 0..=100_000)?;
    range("limits.offline_messages_per_sender", limits.offline_messages_per_sender, 1..=100_000)?;
    range("limits.offline_days", limits.offline_days, 1..=3650)
}

fn regions(regions: &[RegionConfig]) -> Result<(), Problem> {
    range("region", regions.len(), 1..=1024)?;
    let mut names = HashSet::new();
    let mut ids = HashSet::new();
    let mut places = HashSet::new();
    let mut ports = HashSet::new();
    let mut external_ports = HashSet::new();
    for (index, region) in regions.iter().enumerate() {
        let key = |name: &str| format!("region.{index}.{name}");
        text(&key("name"), &region.name, 1..=63)?;
        check(
            region.name.trim() == region.name && !region.name.contains(['&', '/']),
            &key("name"),
            "must not begin or end with a space or contain '&' or '/'",
        )?;
        check(
            names.insert(region.name.to_lowercase()),
            &key("name"),
            "must differ from the names of the other regions",
        )?;
        check(
            region.uuid.is_none_or(|id| !id.is_nil()),
            &key("uuid"),
            "must not be the all-zero id",
        )?;
        check(
            ids.insert(region.id()),
            &key("uuid"),
            "must differ from the ids of the other regions",
        )?;
        // Beyond this the corner in metres no longer fits the signed numbers of login answers.
        range(&key("x"), region.x, 0..=0x007F_FFFF)?;
        range(&key("y"), region.y, 0..=0x007F_FFFF)?;
        check(
            places.insert((region.x, region.y)),
            &key("x"),
            "together with y must differ from the positions of the other regions",
        )?;
        check(
            region.udp_port == 0 || ports.insert(region.udp_port),
            &key("udp_port"),
            "must differ from the ports of the other regions, or be 0 to pick a free one",
        )?;
        external_port(&key("external_udp_port"), region.external_udp_port)?;
        check(
            region.external_udp_port.is_none_or(|port| external_ports.insert(port)),
            &key("external_udp_port"),
            "must differ from those of the other regions",
        )?;
        range(&key("water_height"), region.water_height, -100.0..=1000.0)?;
        for (axis, value) in region.spawn.into_iter().enumerate() {
            let most = if axis == 2 { 4096.0 } else { 255.9 };
            range(&key(&format!("spawn.{axis}")), value, 0.0..=most)?;
        }
        range(&key("max_agents"), region.max_agents, 1..=100_000)?;
        let terrain = &region.terrain;
        range(&key("terrain.height"), terrain.height, -100.0..=1000.0)?;
        range(&key("terrain.amplitude"), terrain.amplitude, 0.0..=1000.0)?;
        check(
            i64::try_from(terrain.seed).is_ok(),
            &key("terrain.seed"),
            "must be at most 9223372036854775807",
        )?;
        let needs_file = matches!(terrain.kind, TerrainKind::Raw | TerrainKind::Png);
        check(
            terrain.file.is_some() == needs_file,
            &key("terrain.file"),
            if needs_file {
                "must be set for this kind of terrain"
            } else {
                "must be empty for this kind of terrain"
            },
        )?;
    }
    Ok(())
}

fn groups(groups: &[GroupConfig]) -> Result<(), Problem> {
    range("group", groups.len(), 0..=1024)?;
    let mut names = HashSet::new();
    let mut ids = HashSet::new();
    for (index, group) in groups.iter().enumerate() {
        let key = |name: &str| format!("group.{index}.{name}");
        text(&key("name"), &group.name, 4..=35)?;
        check(group.name.trim() == group.name, &key("name"), "must not begin or end with a space")?;
        check(
            names.insert(group.name.to_lowercase()),
            &key("name"),
            "must differ from the names of the other groups",
        )?;
        check(
            group.uuid.is_none_or(|id| !id.is_nil()),
            &key("uuid"),
            "must not be the all-zero id",
        )?;
        check(
            ids.insert(group.id()),
            &key("uuid"),
            "must differ from the ids of the other groups",
        )?;
        text(&key("founder"), &group.founder, 1..=255)?;
        range(&key("members"), group.members.len(), 0..=10_000)?;
        let mut members = HashSet::new();
        for (number, member) in group.members.iter().enumerate() {
            let key = key(&format!("members.{number}"));
            text(&key, member, 1..=255)?;
            check(members.insert(member.to_lowercase()), &key, "must be listed only once")?;
        }
        check(group.charter.len() <= 511, &key("charter"), "must have at most 511 bytes of utf-8")?;
    }
    Ok(())
}

fn check(holds: bool, key: &str, text: &str) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem { key: key.to_owned(), text: text.to_owned() }) }
}

fn range<T: PartialOrd + Display + Copy>(
    key: &str,
    value: T,
    allowed: RangeInclusive<T>,
) -> Result<(), Problem> {
    let text = format!("must be from {} to {}", allowed.start(), allowed.end());
    check(allowed.contains(&value), key, &text)
}

fn time(key: &str, value: Duration, seconds: RangeInclusive<u64>) -> Result<(), Problem> {
    let (least, most) = seconds.into_inner();
    let allowed = Duration::from_secs(least)..=Duration::from_secs(most);
    check(allowed.contains(&value), key, &format!("must be from {least} to {most}"))
}

fn text(key: &str, value: &str, length: RangeInclusive<usize>) -> Result<(), Problem> {
    let (least, most) = length.into_inner();
    check(
        (least..=most).contains(&value.len()),
        key,
        &format!("must have from {least} to {most} bytes of utf-8"),
    )?;
    check(!value.chars().any(char::is_control), key, "must not contain control characters")
}
