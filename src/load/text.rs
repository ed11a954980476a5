//! A report as text: the summary on a terminal, and the formatting of figures.
//!
//! It is not a stable interface; scripts read the JSON.

use std::fmt::Write as _;

use super::report::{Limit, Percentiles, Report, Usage};

/// The summary of a run, the important first; some lines, each with its end.
pub fn summary(report: &Report) -> String {
    let mut lines = Lines(String::new());
    lines.head(report);
    lines.messages(report);
    lines.percentiles(report);
    if let Some(server) = &report.server {
        lines.server(server, report.delivers());
    }
    if let Some(limit) = &report.limit {
        lines.limit(limit);
    }
    let Usage { cpu_s, cpu_percent, rss_mb, .. } = report.tool;
    let (cpu, percent, memory) = (figure(cpu_s), figure(cpu_percent), figure(rss_mb));
    lines.line("load tool", &format!("{cpu} s CPU, {percent} % of a core; {memory} MiB"));
    lines.datagrams(report);
    for trouble in &report.errors {
        let text = format!("{} × {}", count(trouble.count), trouble.kind);
        lines.line("error", &format!("{}: {}", printable(&text), printable(&trouble.text)));
    }
    lines.0
}

struct Lines(String);

impl Lines {
    fn line(&mut self, label: &str, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "  {label:<18}{text}");
    }

    fn head(&mut self, report: &Report) {
        let agents = match report.connected {
            connected if connected == report.agents => count(connected as u64),
            connected => format!("{} of {}", count(connected as u64), count(report.agents as u64)),
        };
        let _ = writeln!(
            self.0,
            "{}: {agents} agents, {} s, {}",
            printable(&report.scenario),
            figure(report.duration_s),
            printable(&report.outcome),
        );
        if let Some(failure) = &report.failure {
            let _ = writeln!(self.0, "FAILED: {}", printable(failure));
        }
        self.0.push('\n');
    }

    fn messages(&mut self, report: &Report) {
        if report.sent > 0 || report.expected > 0 {
            let delivered = format!(
                "{} of {}, {} per second",
                count(report.delivered),
                count(report.expected),
                figure(report.delivered_per_s)
            );
            self.line("messages sent", &count(report.sent));
            self.line("copies delivered", &delivered);
            self.line("copies lost", &count(report.lost));
            self.line("copies doubled", &count(report.doubled));
        }
        let mut logins = count(report.logins);
        if report.logins_per_s > 0.0 {
            let _ = write!(logins, ", {} per second", figure(report.logins_per_s));
        }
        self.line("logins", &logins);
        let filling = &report.filling;
        if filling.logins > 0 {
            let (seconds, rate) = (figure(filling.seconds), figure(filling.logins_per_s));
            self.line("filled", &format!("in {seconds} s, {rate} logins per second"));
        }
    }

    fn percentiles(&mut self, report: &Report) {
        let mut rows = vec![("copy latency", report.latency_ms), ("login time", report.login_ms)];
        // Where the run goes on to log in, the first logins are told apart.
        if report.filling.login_ms != report.login_ms {
            rows.push(("  while filling", report.filling.login_ms));
        }
        if let Some(freshness) = report.freshness {
            rows.push(("age, nearest 20", freshness.nearest_20_ms));
            rows.push(("age, all avatars", freshness.all_ms));
        }
        rows.retain(|(_, row)| row.count > 0);
        if rows.is_empty() {
            return;
        }
        let heads = ["p50", "p90", "p99", "p99.9", "max"].map(|head| format!("{head:>9}"));
        self.line("", &heads.concat());
        for (label, Percentiles { p50, p90, p99, p999, max, .. }) in rows {
            let cells = [p50, p90, p99, p999, max].map(|value| format!("{:>9}", figure(value)));
            self.line(label, &format!("{} ms", cells.concat()));
        }
        if let Some(freshness) = report.freshness {
            self.line("", &format!("{} avatars known per agent", figure(freshness.known)));
        }
    }

    fn server(&mut self, server: &Usage, delivered: &str) {
        let mut cpu = format!(
            "{} s CPU ({} s in the kernel), {} % of a core",
            figure(server.cpu_s),
            figure(server.cpu_system_s),
            figure(server.cpu_percent)
        );
        if server.delivered_per_cpu_s > 0.0 {
            let _ =
                write!(cpu, "; {} {delivered} per CPU second", figure(server.delivered_per_cpu_s));
        }
        self.line("server", &cpu);
        let memory = format!(
            "{} MiB; {} before the first login, {} at most",
            figure(server.rss_mb),
            figure(server.rss_start_mb),
            figure(server.rss_max_mb)
        );
        self.line("", &memory);
    }

    fn limit(&mut self, limit: &Limit) {
        let mut text = format!(
            "{} calls of send_to per CPU second, {} bytes to {} sockets",
            figure(limit.send_to_per_cpu_s),
            count(limit.datagram_bytes as u64),
            count(limit.sockets as u64)
        );
        if let Some(ratio) = limit.ratio {
            let _ = write!(text, "; the server reaches {} %", figure(ratio * 100.0));
        }
        self.line("plain sockets", &text);
    }

    fn datagrams(&mut self, report: &Report) {
        let datagrams = &report.datagrams;
        let text = format!(
            "{} sent, {} received; {} resent, {} duplicates, {} given up",
            count(datagrams.sent),
            count(datagrams.received),
            count(datagrams.resent),
            count(datagrams.duplicates),
            count(datagrams.given_up)
        );
        self.line("datagrams", &text);
    }
}

/// A whole number, in groups of three digits: `12,345`.
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

/// So many of something: `1 login`, `2,000 logins`.
pub fn counted(number: u64, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", count(number))
}

/// A measured number with three digits that count, never in powers of ten: `0.412`, `5.20`,
/// `12,346`. What is no number is a dash.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    // The bounds are those above which rounding would give a fourth digit.
    let decimals = match size {
        _ if size == 0.0 || size >= 99.95 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.9995 => 2,
        _ => 3,
    };
    group(&format!("{value:.decimals$}"))
}

/// Text from the network or the command line without what a terminal might obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { '\u{FFFD}' }).collect()
}

/// Neither a control character nor one that changes the direction of what follows.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn group(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut grouped = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped += fraction;
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::super::report::{Datagrams, Filling, Freshness, Trouble};
    use super::*;

    fn percentiles(p50: f64) -> Percentiles {
        let [p90, p99, p999, max] = [2.0, 5.0, 10.0, 30.0].map(|factor| p50 * factor);
        Percentiles { count: 9, mean: p50, p50, p90, p99, p999, max }
    }

    fn report() -> Report {
        Report {
            scenario: "chat".to_owned(),
            outcome: "complete".to_owned(),
            agents: 100,
            connected: 100,
            duration_s: 30.0,
            sent: 1500,
            expected: 148_500,
            delivered: 148_500,
            delivered_per_s: 4950.0,
            latency_ms: percentiles(0.4117),
            login_ms: percentiles(12.0),
            logins: 100,
            filling: Filling {
                seconds: 2.0,
                logins: 100,
                logins_per_s: 50.0,
                login_ms: percentiles(12.0),
            },
            tool: Usage { cpu_s: 4.2, cpu_percent: 14.0, rss_mb: 31.26, ..Usage::default() },
            datagrams: Datagrams { sent: 9000, received: 160_000, ..Datagrams::default() },
            ..Report::default()
        }
    }

    #[test]
    fn summary_of_a_good_run() {
        let server = Usage {
            cpu_s: 1.234,
            cpu_system_s: 0.9,
            cpu_percent: 4.11,
            rss_start_mb: 9.1,
            rss_mb: 14.02,
            rss_max_mb: 14.5,
            delivered_per_cpu_s: 120_340.2,
            ..Usage::default()
        };
        let limit = Limit {
            datagram_bytes: 180,
            sockets: 100,
            send_to_per_cpu_s: 401_234.0,
            send_to_per_s: 380_000.0,
            ratio: Some(0.734),
        };
        let freshness =
            Freshness { nearest_20_ms: percentiles(50.0), all_ms: percentiles(90.0), known: 99.0 };
        let full = Report {
            server: Some(server),
            limit: Some(limit),
            freshness: Some(freshness),
            ..report()
        };
        assert_eq!(
            summary(&full),
            "\
chat: 100 agents, 30.0 s, complete

  messages sent     1,500
  copies delivered  148,500 of 148,500, 4,950 per second
  copies lost       0
  copies doubled    0
  logins            100
  filled            in 2.00 s, 50.0 logins per second
                          p50      p90      p99    p99.9      max
  copy latency          0.412    0.823     2.06     4.12     12.4 ms
  login time             12.0     24.0     60.0      120      360 ms
  age, nearest 20        50.0      100      250      500    1,500 ms
  age, all avatars       90.0      180      450      900    2,700 ms
                    99.0 avatars known per agent
  server            1.23 s CPU (0.900 s in the kernel), 4.11 % of a core; 120,340 copies per CPU second
                    14.0 MiB; 9.10 before the first login, 14.5 at most
  plain sockets     401,234 calls of send_to per CPU second, 180 bytes to 100 sockets; the server reaches 73.4 %
  load tool         4.20 s CPU, 14.0 % of a core; 31.3 MiB
  datagrams         9,000 sent, 160,000 received; 0 resent, 0 duplicates, 0 given up
"
        );
    }

    #[test]
    fn problems_come_first_without_control_characters() {
        let trouble = Trouble {
            kind: "login".to_owned(),
            text: "no \u{1b}[2Jway\u{202E}\n".to_owned(),
            count: 3,
        };
        let failed = Report {
            connected: 97,
            failure: Some("of 3 copies 1 was lost\r".to_owned()),
            errors: vec![trouble],
            outcome: "interrupted".to_owned(),
            ..report()
        };
        let text = summary(&failed);
        assert!(
            text.starts_with(
                "chat: 97 of 100 agents, 30.0 s, interrupted\n\
                 FAILED: of 3 copies 1 was lost\u{FFFD}\n"
            ),
            "{text}"
        );
        let last = "  error             3 × login: no \u{FFFD}[2Jway\u{FFFD}\u{FFFD}\n";
        assert!(text.ends_with(last), "{text}");
    }

    #[test]
    fn an_empty_report_is_a_summary_too() {
        let text = summary(&Report::default());
        assert!(text.starts_with(": 0 agents, 0 s, \n"), "{text}");
        assert!(!text.contains("latency") && !text.contains("copies"), "{text}");
    }

    #[test]
    fn figures_have_three_digits_that_count() {
        for (value, expected) in [
            (0.0, "0"),
            (0.000_04, "0.000"),
            (0.0416, "0.042"),
            (0.4117, "0.412"),
            (0.9996, "1.00"),
            (9.996, "10.0"),
            (12.34, "12.3"),
            (99.96, "100"),
            (1_234_567.8, "1,234,568"),
            (-1234.0, "-1,234"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(figure(value), expected);
        }
        assert_eq!(figure(1e300).len(), 401);
    }

    #[test]
    fn counts_are_grouped() {
        for (value, expected) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (u64::MAX, "18,446,744,073,709,551,615")]
        {
            assert_eq!(count(value), expected);
        }
        assert_eq!(counted(1, "agent"), "1 agent");
        assert_eq!([0, 2000].map(|n| counted(n, "agent")), ["0 agents", "2,000 agents"]);
    }
}
