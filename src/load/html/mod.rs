//! A report as one self-contained HTML file: no network, no other files.
//!
//! Texts in a report come from the command line and from the grid under load, which may be hostile,
//! so all of them go through `escape`. The page's script only displays the values of the charts.

use std::fmt::Write as _;

use super::report::Report;
use super::text;

mod chart;
mod charts;
mod scale;
mod tables;

/// The page.
pub fn page(report: &Report) -> String {
    let mut html = String::new();
    let scenario = escape(&report.scenario);
    let verdict = Verdict::of(report);
    // Writing to a string cannot fail.
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\
         <title>holm load: {scenario}</title>\n<style>\n{STYLE}</style></head>\n<body>\n\
         <header><h1>{scenario}</h1><span class=\"badge {}\">{}</span>\
         <p>{} agents for {} s, {}</p></header>\n<main>\n",
        verdict.class(),
        verdict.as_str(),
        text::count(report.agents as u64),
        text::figure(report.duration_s),
        escape(&report.started),
    );
    html += &trouble(report);
    html += &tables::tiles(report);
    html += &tables::percentiles(report);
    html += "<section class=\"charts\" aria-label=\"Charts\">\n";
    for chart in charts::of(report) {
        html += &chart.to_html();
    }
    html += "</section>\n";
    html += &tables::figures(report);
    html += &tables::messages(report);
    html += &tables::circumstances(report);
    let _ = write!(
        html,
        "</main>\n<footer>Made by <code>holm load</code> {}; its file docs/load.md says how each \
         figure is defined.</footer>\n<div id=\"readout\" hidden></div>\n\
         <script>\n{SCRIPT}</script>\n</body></html>\n",
        escape(&report.version)
    );
    html
}

/// What the page says at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    /// It counts, but not all went well.
    Errors,
    Failed,
}

impl Verdict {
    fn of(report: &Report) -> Self {
        let is_wrong = report.lost > 0 || report.doubled > 0 || report.outcome != "complete";
        if report.failure.is_some() || is_wrong {
            Self::Failed
        } else if report.errors.is_empty() {
            Self::Fine
        } else {
            Self::Errors
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "complete",
            Self::Errors => "complete, with errors",
            Self::Failed => "failed",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Fine => "good",
            Self::Errors => "warning",
            Self::Failed => "bad",
        }
    }
}

/// What went wrong, or nothing.
fn trouble(report: &Report) -> String {
    if Verdict::of(report) == Verdict::Fine {
        return String::new();
    }
    let mut html = "<section class=\"trouble\"><h2>What went wrong</h2><ul>".to_owned();
    let mut item = |text: &str| {
        let _ = write!(html, "<li>{}</li>", escape(text));
    };
    if let Some(failure) = &report.failure {
        item(failure);
    }
    if report.outcome != "complete" {
        item(&format!("The run was {}: the figures are partial.", report.outcome));
    }
    if report.lost > 0 || report.doubled > 0 {
        let (lost, doubled) = (text::count(report.lost), text::count(report.doubled));
        item(&format!("Lost copies: {lost}, doubled copies: {doubled}."));
    }
    for error in &report.errors {
        item(&format!("{} × {}: {}", text::count(error.count), error.kind, error.text));
    }
    html + "</ul></section>\n"
}

/// Any text as text of HTML or as a value between double quotes. Control characters, and those
/// that turn the direction of what follows, are replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text::printable(text).chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            c => escaped.push(c),
        }
    }
    escaped
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    use super::super::report::{Second, Trouble};
    use super::*;

    fn report() -> Report {
        Report { scenario: "chat".to_owned(), outcome: "complete".to_owned(), ..Report::default() }
    }

    #[test]
    fn text_cannot_become_markup() {
        let evil = "</script><img src=x onerror=\"alert(1)\">'&\u{0}\u{202E}";
        let mut hostile = Report {
            version: evil.to_owned(),
            command: vec![evil.to_owned()],
            started: evil.to_owned(),
            scenario: evil.to_owned(),
            outcome: evil.to_owned(),
            failure: Some(evil.to_owned()),
            errors: vec![Trouble { kind: evil.to_owned(), text: evil.to_owned(), count: 1 }],
            ..Report::default()
        };
        hostile.parameters.insert(evil.to_owned(), evil.into());
        hostile.messages.events.insert(evil.to_owned(), 1);
        hostile.machine.cpu = evil.to_owned();
        hostile.machine.system = evil.to_owned();
        let html = page(&hostile);
        assert!(!html.contains("<img") && !html.contains("\"alert"), "{html}");
        assert!(!html.contains(['\u{0}', '\u{202E}']));
        assert_eq!(html.matches("</script>").count(), 1);
        assert!(html.contains("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;\u{FFFD}"));
    }

    #[test]
    fn page_needs_nothing_else() {
        let html = page(&report());
        for outside in ["http://", "https://", "src=", "href=", "url(", "@import"] {
            assert!(!html.contains(outside), "{outside}");
        }
    }

    #[test]
    fn problems_are_on_top() {
        assert!(!page(&report()).contains("What went wrong"));
        assert!(page(&report()).contains("badge good\">complete<"));
        let trouble = Trouble { kind: "login".to_owned(), text: "no".to_owned(), count: 2 };
        let errors = page(&Report { errors: vec![trouble], ..report() });
        assert!(errors.contains("badge warning") && errors.contains("<li>2 × login: no</li>"));
        for bad in [
            Report { failure: Some("the server died".to_owned()), ..report() },
            Report { outcome: "interrupted".to_owned(), ..report() },
            Report { lost: 1, ..report() },
            Report { doubled: 1, ..report() },
        ] {
            let html = page(&bad);
            assert!(html.contains("badge bad\">failed<"), "{html}");
            let trouble = html.find("What went wrong").unwrap();
            assert!(trouble < html.find("class=\"tiles\"").unwrap());
        }
    }

    #[test]
    fn a_long_run_makes_a_page_of_some_hundred_kilobytes() {
        let second = Second {
            delivered: 100,
            latency_p50_ms: 1.234_567,
            latency_p99_ms: 2.345_678,
            latency_max_ms: 3.456_789,
            server_cpu_percent: 12.345_678,
            server_rss_mb: 23.456_789,
            ..Second::default()
        };
        let series = (0..36_000).map(|n| Second { t_s: f64::from(n), ..second }).collect();
        let html = page(&Report { series, ..report() });
        assert!(html.len() < 600_000, "{}", html.len());
        assert!(page(&Report { series: vec![second], ..report() }).contains("<path"));
    }
}
