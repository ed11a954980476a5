//! The tables of a report's page. Each cell with a figure has the JSON pointer of that figure, so
//! that tests and scripts can find it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::report::{Limit, Percentiles, Report, Usage};
use super::super::text::{count, figure};
use super::escape;

/// A figure with its name.
struct Row {
    label: &'static str,
    /// JSON pointer.
    key: String,
    text: String,
    unit: &'static str,
}

fn number(label: &'static str, key: &str, value: u64, unit: &'static str) -> Row {
    Row { label, key: key.to_owned(), text: count(value), unit }
}

fn measured(label: &'static str, key: &str, value: f64, unit: &'static str) -> Row {
    Row { label, key: key.to_owned(), text: figure(value), unit }
}

/// The few figures that a run is made for.
pub(super) fn tiles(report: &Report) -> String {
    let mut rows = Vec::new();
    if report.expected > 0 || report.sent > 0 {
        let rate = report.delivered_per_s;
        rows.push(measured("copies delivered", "/delivered_per_s", rate, "per second"));
        rows.push(measured("copy latency, p99", "/latency_ms/p99", report.latency_ms.p99, "ms"));
        rows.push(number("copies lost", "/lost", report.lost, ""));
        rows.push(number("copies doubled", "/doubled", report.doubled, ""));
    }
    if report.logins_per_s > 0.0 {
        rows.push(measured("logins", "/logins_per_s", report.logins_per_s, "per second"));
        rows.push(measured("login time, p99", "/login_ms/p99", report.login_ms.p99, "ms"));
    }
    if let Some(freshness) = &report.freshness {
        let p99 = freshness.nearest_20_ms.p99;
        rows.push(measured(
            "age of nearest 20 avatars, p99",
            "/freshness/nearest_20_ms/p99",
            p99,
            "ms",
        ));
    }
    if let Some(server) = &report.server {
        let per_cpu = server.delivered_per_cpu_s;
        if per_cpu > 0.0 {
            let key = "/server/delivered_per_cpu_s";
            rows.push(measured(report.delivers(), key, per_cpu, "per server CPU second"));
        }
        rows.push(measured("server CPU", "/server/cpu_percent", server.cpu_percent, "% of a core"));
        rows.push(measured("server memory", "/server/rss_mb", server.rss_mb, "MiB"));
    }
    rows.push(number("agents in the region", "/connected", report.connected as u64, "at most"));
    let mut html = "<section class=\"tiles\" aria-label=\"Main figures\">\n".to_owned();
    for Row { label, key, text, unit } in rows {
        let _ = writeln!(
            html,
            "<div class=\"tile\"><span class=\"label\">{label}</span><b data-key=\"{}\">{text}</b>\
             <span class=\"unit\">{unit}</span></div>",
            escape(&key)
        );
    }
    html + "</section>\n"
}

/// Distributions, one per row.
pub(super) fn percentiles(report: &Report) -> String {
    let mut rows = vec![
        ("Copy latency", "/latency_ms", report.latency_ms),
        ("Login time", "/login_ms", report.login_ms),
    ];
    if let Some(freshness) = &report.freshness {
        let nearest = freshness.nearest_20_ms;
        rows.push(("Age of nearest 20 avatars", "/freshness/nearest_20_ms", nearest));
        rows.push(("Age of all avatars", "/freshness/all_ms", freshness.all_ms));
    }
    // Where the run goes on to log in, the first logins are told apart.
    if report.filling.login_ms != report.login_ms {
        rows.push(("Login time while filling", "/filling/login_ms", report.filling.login_ms));
    }
    rows.retain(|(_, _, row)| row.count > 0);
    if rows.is_empty() {
        return String::new();
    }
    let mut html = "<section class=\"wide\"><h2>Distributions</h2><div class=\"scroll\"><table>\
                    <thead><tr><th>ms</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th>\
                    <th>max</th><th>mean</th><th>values</th></tr></thead><tbody>\n"
        .to_owned();
    for (label, key, row) in rows {
        let Percentiles { count: values, mean, p50, p90, p99, p999, max } = row;
        let _ = write!(html, "<tr><th>{label}</th>");
        let cells = [
            ("p50", p50),
            ("p90", p90),
            ("p99", p99),
            ("p999", p999),
            ("max", max),
            ("mean", mean),
        ];
        for (name, value) in cells {
            let _ = write!(html, "<td data-key=\"{key}/{name}\">{}</td>", figure(value));
        }
        let _ = writeln!(html, "<td data-key=\"{key}/count\">{}</td></tr>", count(values));
    }
    html + "</tbody></table></div></section>\n"
}

/// All other figures.
pub(super) fn figures(report: &Report) -> String {
    let circuits = &report.datagrams;
    let messages = vec![
        number("Messages sent", "/sent", report.sent, ""),
        number("Copies expected", "/expected", report.expected, ""),
        number("Copies delivered", "/delivered", report.delivered, ""),
        measured("Copies delivered", "/delivered_per_s", report.delivered_per_s, "per second"),
        number("Copies lost", "/lost", report.lost, ""),
        number("Copies doubled", "/doubled", report.doubled, ""),
        number("Logins", "/logins", report.logins, ""),
        measured("Filling took", "/filling/seconds", report.filling.seconds, "s"),
        number("Logins while filling", "/filling/logins", report.filling.logins, ""),
        measured(
            "Logins while filling",
            "/filling/logins_per_s",
            report.filling.logins_per_s,
            "per second",
        ),
        number("Agents wanted", "/agents", report.agents as u64, ""),
        number("Agents in the region", "/connected", report.connected as u64, "at most"),
        measured("Duration", "/duration_s", report.duration_s, "s"),
    ];
    let datagrams = vec![
        number("Datagrams sent", "/datagrams/sent", circuits.sent, ""),
        number("Datagrams received", "/datagrams/received", circuits.received, ""),
        number("Bytes sent", "/datagrams/bytes_sent", circuits.bytes_sent, ""),
        number("Bytes received", "/datagrams/bytes_received", circuits.bytes_received, ""),
        number("Packets sent again", "/datagrams/resent", circuits.resent, ""),
        number("Packets received again", "/datagrams/duplicates", circuits.duplicates, ""),
        number("Messages never acked", "/datagrams/given_up", circuits.given_up, ""),
    ];
    let mut html = "<section class=\"columns\">\n".to_owned();
    html += &table("Run", &messages);
    html += &table("Datagrams of all agents", &datagrams);
    if let Some(server) = &report.server {
        html += &table("Server process", &usage("/server", server, report.delivers()));
    }
    html += &table("Load tool", &usage("/tool", &report.tool, report.delivers()));
    if let Some(limit) = &report.limit {
        html += &table("Plain sockets on this machine", &plain_sockets(limit));
    }
    html + "</section>\n"
}

fn usage(key: &str, usage: &Usage, delivered: &'static str) -> Vec<Row> {
    let key = |name: &str| format!("{key}/{name}");
    let mut rows = vec![
        // An id is a name, so it has no groups of digits.
        Row { label: "Process", key: key("pid"), text: usage.pid.to_string(), unit: "id" },
        measured("CPU time", &key("cpu_s"), usage.cpu_s, "s"),
        measured("CPU time in the kernel", &key("cpu_system_s"), usage.cpu_system_s, "s"),
        measured("CPU use", &key("cpu_percent"), usage.cpu_percent, "% of a core"),
        measured("Memory before the first login", &key("rss_start_mb"), usage.rss_start_mb, "MiB"),
        measured("Memory at the end", &key("rss_mb"), usage.rss_mb, "MiB"),
        measured("Memory at most", &key("rss_max_mb"), usage.rss_max_mb, "MiB"),
    ];
    if usage.delivered_per_cpu_s > 0.0 {
        let name = key("delivered_per_cpu_s");
        let label = if delivered == "logins" { "Logins" } else { "Copies delivered" };
        rows.push(measured(label, &name, usage.delivered_per_cpu_s, "per CPU second"));
    }
    rows
}

fn plain_sockets(limit: &Limit) -> Vec<Row> {
    let per_cpu = limit.send_to_per_cpu_s;
    let mut rows = vec![
        number("Size of a datagram", "/limit/datagram_bytes", limit.datagram_bytes as u64, "bytes"),
        number("Sockets", "/limit/sockets", limit.sockets as u64, ""),
        measured("Calls of send_to", "/limit/send_to_per_cpu_s", per_cpu, "per CPU second"),
        measured("Calls of send_to", "/limit/send_to_per_s", limit.send_to_per_s, "per second"),
    ];
    if let Some(ratio) = limit.ratio {
        rows.push(measured("Server, as a part of that", "/limit/ratio", ratio, "1: the same"));
    }
    rows
}

fn table(title: &str, rows: &[Row]) -> String {
    let mut html = format!("<div><h2>{title}</h2><table class=\"figures\"><tbody>\n");
    for Row { label, key, text, unit } in rows {
        let _ = writeln!(
            html,
            "<tr><th>{label}</th><td data-key=\"{}\">{text}</td><td class=\"unit\">{unit}</td></tr>",
            escape(key)
        );
    }
    html + "</tbody></table></div>\n"
}

/// Messages by name, the most frequent first.
pub(super) fn messages(report: &Report) -> String {
    let traffic = &report.messages;
    let maps =
        [("sent", &traffic.sent), ("received", &traffic.received), ("events", &traffic.events)];
    let names: BTreeSet<&String> = maps.iter().flat_map(|(_, map)| map.keys()).collect();
    if names.is_empty() {
        return String::new();
    }
    let total = |name: &String| {
        let counts = maps.iter().filter_map(|(_, map)| map.get(name));
        counts.fold(0_u64, |sum, count| sum.saturating_add(*count))
    };
    let mut names: Vec<_> = names.into_iter().map(|name| (total(name), name)).collect();
    names.sort_by(|a, b| b.cmp(a));
    let mut html = "<section class=\"wide\"><h2>Messages by name</h2><div class=\"scroll\"><table>\
                    <thead><tr><th>message</th><th>sent by UDP</th><th>received by UDP</th>\
                    <th>by event queue</th></tr></thead><tbody>\n"
        .to_owned();
    for (_, name) in names {
        let _ = write!(html, "<tr><th>{}</th>", escape(name));
        for (kind, map) in maps {
            let Some(value) = map.get(name) else {
                html += "<td>·</td>";
                continue;
            };
            // A name is one step of the pointer, whatever is in it.
            let step = name.replace('~', "~0").replace('/', "~1");
            let key = escape(&format!("/messages/{kind}/{step}"));
            let _ = write!(html, "<td data-key=\"{key}\">{}</td>", count(*value));
        }
        html += "</tr>\n";
    }
    html + "</tbody></table></div></section>\n"
}

/// What the run was, and where.
pub(super) fn circumstances(report: &Report) -> String {
    let machine = &report.machine;
    let cores = count(machine.cores as u64);
    let facts = [
        ("System", machine.system.clone()),
        ("CPU", format!("{cores} × {}", machine.cpu)),
        ("Memory", format!("{} MiB", count(machine.memory_mb))),
        ("Load tool", format!("holm {}", report.version)),
        ("Started", report.started.clone()),
    ];
    let parameters = report.parameters.iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.as_str(), text)
    });
    let mut html =
        "<section class=\"wide\"><h2>How it was made</h2><pre class=\"command\">".to_owned();
    html += &escape(&shell(&report.command));
    html += "</pre><table class=\"facts\"><tbody>\n";
    for (name, text) in parameters.chain(facts) {
        let _ = writeln!(html, "<tr><th>{}</th><td>{}</td></tr>", escape(name), escape(&text));
    }
    html + "</tbody></table></section>\n"
}

/// The command line as a shell takes it.
fn shell(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+*".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::super::report::Freshness;
    use super::*;

    fn full() -> Report {
        let row = Percentiles { count: 1, p99: 1.5, ..Percentiles::default() };
        let mut report = Report {
            sent: 1,
            expected: 1,
            logins_per_s: 1.0,
            latency_ms: row,
            login_ms: row,
            freshness: Some(Freshness { nearest_20_ms: row, all_ms: row, known: 1.0 }),
            server: Some(Usage { delivered_per_cpu_s: 1.0, ..Usage::default() }),
            tool: Usage { delivered_per_cpu_s: 1.0, ..Usage::default() },
            limit: Some(Limit { ratio: Some(0.7), ..Limit::default() }),
            ..Report::default()
        };
        report.messages.sent.insert("a/b~\"c".to_owned(), 1234);
        report.messages.received.insert("Rare".to_owned(), 1);
        report
    }

    #[test]
    fn each_figure_carries_its_pointer_in_the_json_report() {
        let report = full();
        let json = serde_json::to_value(&report).unwrap();
        let html = [tiles, percentiles, figures, messages].map(|table| table(&report)).concat();
        let mut found = 0;
        for rest in html.split("data-key=\"").skip(1) {
            let key = rest.split('"').next().unwrap().replace("&quot;", "\"");
            assert!(json.pointer(&key).is_some_and(serde_json::Value::is_number), "{key}");
            found += 1;
        }
        assert!(found > 60, "{found}");
    }

    #[test]
    fn frequent_messages_come_first() {
        let html = messages(&full());
        let (frequent, rare) = (html.find("a/b~&quot;c").unwrap(), html.find("Rare").unwrap());
        assert!(frequent < rare);
        assert!(html.contains("/messages/sent/a~1b~0&quot;c\">1,234</td><td>·</td>"), "{html}");
        assert_eq!(messages(&Report::default()), "");
    }

    #[test]
    fn the_command_line_can_be_typed_again() {
        let words = ["holm", "load", "--login=http://h:1/", "a b", "it's", "", "$x"];
        let text = shell(&words.map(str::to_owned));
        assert_eq!(text, r"holm load --login=http://h:1/ 'a b' 'it'\''s' '' '$x'");
    }
}
