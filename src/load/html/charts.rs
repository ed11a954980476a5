//! The charts of a report.

use super::super::report::{Percentiles, Report, Second};
use super::chart::{Across, Chart, ChartLine};

/// The charts of a report in their order; those without any data are left out, but never all.
pub(super) fn of(report: &Report) -> Vec<Chart> {
    let series = report.series.as_slice();
    let any = |value: fn(&Second) -> f64| series.iter().any(|second| value(second) > 0.0);
    let mut charts = Vec::new();
    charts.extend(percentiles(report));
    if any(|second| second.delivered as f64) {
        charts.push(Chart {
            title: "Latency",
            unit: "ms",
            across: Across::Time,
            // The maximum is often far above the rest.
            is_log: true,
            lines: vec![
                copies(series, "p50", "latency_p50_ms", |second| second.latency_p50_ms),
                copies(series, "p99", "latency_p99_ms", |second| second.latency_p99_ms),
                copies(series, "max", "latency_max_ms", |second| second.latency_max_ms),
            ],
        });
    }
    let mut rates = Vec::new();
    if any(|second| (second.sent + second.delivered) as f64) {
        rates.push(line(series, "sent", "sent", |second| second.sent as f64));
        rates.push(line(series, "delivered", "delivered", |second| second.delivered as f64));
    }
    rates.push(line(series, "datagrams", "datagrams", |second| second.datagrams as f64));
    charts.push(even("Messages and datagrams", "per second", rates));
    if any(|second| second.logins as f64) {
        let logins = line(series, "logins", "logins", |second| second.logins as f64);
        charts.push(even("Logins", "per second", vec![logins]));
    }
    charts.push(even(
        "Agents and errors",
        "agents in the region, errors per second",
        vec![
            line(series, "connected", "connected", |second| second.connected as f64),
            line(series, "errors", "errors", |second| second.errors as f64),
        ],
    ));
    if report.freshness.is_some() {
        charts.push(even(
            "Freshness of the nearest 20 avatars",
            "ms, age of the newest update",
            vec![above_zero(series, "p99", "freshness_p99_ms", |second| second.freshness_p99_ms)],
        ));
    }
    let tool = line(series, "load tool", "tool_cpu_percent", |second| second.tool_cpu_percent);
    let mut cpu = vec![tool];
    if report.server.is_some() {
        let server = |second: &Second| second.server_cpu_percent;
        cpu.insert(0, line(series, "server", "server_cpu_percent", server));
    }
    charts.push(even("CPU", "% of a core", cpu));
    if report.server.is_some() {
        let memory = above_zero(series, "server", "server_rss_mb", |second| second.server_rss_mb);
        charts.push(even("Server memory", "MiB resident", vec![memory]));
    }
    charts
}

fn percentiles(report: &Report) -> Option<Chart> {
    let mut rows =
        vec![("latency", "latency_ms", report.latency_ms), ("login", "login_ms", report.login_ms)];
    if let Some(freshness) = &report.freshness {
        rows.push(("nearest 20", "freshness/nearest_20_ms", freshness.nearest_20_ms));
        rows.push(("all avatars", "freshness/all_ms", freshness.all_ms));
    }
    rows.retain(|(_, _, row)| row.count > 0);
    let line = |(name, key, row): (&'static str, &'static str, Percentiles)| ChartLine {
        name,
        key,
        points: (0_u8..)
            .zip([row.p50, row.p90, row.p99, row.p999, row.max])
            .map(|(at, value)| (f64::from(at), Some(value)))
            .collect(),
    };
    let lines: Vec<ChartLine> = rows.into_iter().map(line).collect();
    (!lines.is_empty()).then_some(Chart {
        title: "Percentiles",
        unit: "ms",
        across: Across::Names(&["p50", "p90", "p99", "p99.9", "max"]),
        lines,
        is_log: true,
    })
}

fn even(title: &'static str, unit: &'static str, lines: Vec<ChartLine>) -> Chart {
    Chart { title, unit, across: Across::Time, lines, is_log: false }
}

fn line(
    series: &[Second],
    name: &'static str,
    key: &'static str,
    value: impl Fn(&Second) -> f64,
) -> ChartLine {
    let points = series.iter().map(|second| (second.t_s, Some(value(second)))).collect();
    ChartLine { name, key, points }
}

/// A line of what was measured with copies: without copies there is nothing, not 0.
fn copies(
    series: &[Second],
    name: &'static str,
    key: &'static str,
    value: impl Fn(&Second) -> f64,
) -> ChartLine {
    let value = |second: &Second| (second.delivered > 0).then(|| value(second));
    let points = series.iter().map(|second| (second.t_s, value(second))).collect();
    ChartLine { name, key, points }
}

/// A line of what cannot be 0: where it is, nothing was measured.
fn above_zero(
    series: &[Second],
    name: &'static str,
    key: &'static str,
    value: impl Fn(&Second) -> f64,
) -> ChartLine {
    let points = series.iter().map(|second| (second.t_s, Some(value(second)).filter(|v| *v > 0.0)));
    ChartLine { name, key, points: points.collect() }
}

#[cfg(test)]
mod tests {
    use super::super::super::report::{Freshness, Usage};
    use super::*;

    fn titles(report: &Report) -> Vec<&'static str> {
        of(report).iter().map(|chart| chart.title).collect()
    }

    #[test]
    fn charts_are_those_that_have_something_to_show() {
        let bare = ["Messages and datagrams", "Agents and errors", "CPU"];
        assert_eq!(titles(&Report::default()), bare);
        let second = Second { delivered: 1, logins: 1, ..Second::default() };
        let report = Report {
            latency_ms: Percentiles { count: 1, ..Percentiles::default() },
            freshness: Some(Freshness::default()),
            server: Some(Usage::default()),
            series: vec![second],
            ..Report::default()
        };
        let full = [
            "Percentiles",
            "Latency",
            "Messages and datagrams",
            "Logins",
            "Agents and errors",
            "Freshness of the nearest 20 avatars",
            "CPU",
            "Server memory",
        ];
        assert_eq!(titles(&report), full);
    }

    #[test]
    fn keys_are_those_of_the_json_report() {
        let report = Report {
            latency_ms: Percentiles { count: 1, ..Percentiles::default() },
            login_ms: Percentiles { count: 1, ..Percentiles::default() },
            freshness: Some(Freshness {
                nearest_20_ms: Percentiles { count: 1, ..Percentiles::default() },
                all_ms: Percentiles { count: 1, ..Percentiles::default() },
                known: 1.0,
            }),
            server: Some(Usage::default()),
            series: vec![Second { delivered: 1, logins: 1, ..Second::default() }],
            ..Report::default()
        };
        let json = serde_json::to_value(&report).unwrap();
        for chart in of(&report) {
            for line in &chart.lines {
                let pointer = match chart.across {
                    Across::Time => format!("/series/0/{}", line.key),
                    Across::Names(_) => format!("/{}/p50", line.key),
                };
                assert!(
                    json.pointer(&pointer).is_some_and(serde_json::Value::is_number),
                    "{pointer}"
                );
            }
        }
    }

    #[test]
    fn seconds_without_copies_are_gaps() {
        let series = vec![Second { delivered: 1, ..Second::default() }, Second::default()];
        let charts = of(&Report { series, ..Report::default() });
        let latency = charts.iter().find(|chart| chart.title == "Latency").unwrap();
        let values: Vec<_> = latency.lines[0].points.iter().map(|(_, value)| *value).collect();
        assert_eq!(values, [Some(0.0), None]);
    }
}
