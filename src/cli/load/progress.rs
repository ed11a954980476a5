//! Progress of a run on stderr: a bar on a terminal, otherwise one line per phase.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;

use crate::load::{Phase, Progress, text};

/// Shows what comes until the run is over and its sender gone; nothing if it is to be quiet.
pub(super) async fn show(mut progress: watch::Receiver<Progress>, quiet: bool) {
    let mut display = (!quiet).then(Display::new);
    while progress.changed().await.is_ok() {
        let now = *progress.borrow_and_update();
        if let Some(display) = &mut display {
            display.update(&now);
        }
    }
    if let Some(display) = display {
        display.finish();
    }
}

enum Display {
    Bar(ProgressBar),
    Lines(Lines<io::Stderr>),
}

impl Display {
    fn new() -> Self {
        if !io::stderr().is_terminal() {
            return Self::Lines(Lines { last: None, writer: io::stderr() });
        }
        let bar = ProgressBar::with_draw_target(Some(PARTS), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix:>11} [{bar:10}] {wide_msg}");
        // The template is fixed; without it the bar is only less pretty.
        bar.set_style(
            style.map_or_else(|_| ProgressStyle::default_bar(), |s| s.progress_chars("=> ")),
        );
        Self::Bar(bar)
    }

    fn update(&mut self, now: &Progress) {
        match self {
            Self::Bar(bar) => {
                bar.set_prefix(now.phase.as_str());
                bar.set_position((part(now) * PARTS as f64) as u64);
                bar.set_message(message(now));
            }
            Self::Lines(lines) => lines.update(now),
        }
    }

    fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// A line when a phase begins; a log file wants no more.
struct Lines<W> {
    last: Option<Phase>,
    writer: W,
}

impl<W: Write> Lines<W> {
    fn update(&mut self, now: &Progress) {
        // The summary tells the end.
        if self.last.replace(now.phase) == Some(now.phase) || now.phase == Phase::Done {
            return;
        }
        // Nobody is there to be told that stderr is closed.
        let _ = writeln!(self.writer, "holm: {}: {}", now.phase.as_str(), message(now));
    }
}

/// How much of the phase is done, 0 to 1; by its time if that is known, else by its agents.
fn part(now: &Progress) -> f64 {
    let part = match now.phase {
        Phase::Done => 1.0,
        Phase::Accounts | Phase::Filling => now.connected as f64 / now.wanted.max(1) as f64,
        _ if now.total.is_zero() => 0.0,
        _ => now.elapsed.as_secs_f64() / now.total.as_secs_f64(),
    };
    part.clamp(0.0, 1.0)
}

/// What matters first: a narrow terminal shows no more than the beginning.
fn message(now: &Progress) -> String {
    let what = if now.phase == Phase::Accounts { "accounts" } else { "agents" };
    let mut message = format!("{} of {} {what}", now.connected, now.wanted);
    if now.sent > 0 {
        // Writing to a string cannot fail.
        let _ = write!(message, ", {}/s delivered", text::figure(now.delivered_per_s));
    }
    let _ = write!(message, ", {}", text::counted(now.errors, "error"));
    if now.sent > 0 {
        let _ = write!(message, ", {} sent", text::count(now.sent));
    }
    message
}

/// Steps of the bar.
const PARTS: u64 = 1000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn progress(phase: Phase) -> Progress {
        Progress { phase, wanted: 100, connected: 40, ..Progress::default() }
    }

    #[test]
    fn without_a_terminal_each_phase_is_one_line() {
        let mut lines = Lines { last: None, writer: Vec::new() };
        let running =
            Progress { sent: 1500, delivered_per_s: 4996.7, errors: 1, ..progress(Phase::Running) };
        for now in [Phase::Filling, Phase::Filling]
            .map(progress)
            .into_iter()
            .chain([running, progress(Phase::Done)])
        {
            lines.update(&now);
        }
        assert_eq!(
            String::from_utf8(lines.writer).unwrap(),
            "holm: filling: 40 of 100 agents, 0 errors\n\
             holm: running: 40 of 100 agents, 4,997/s delivered, 1 error, 1,500 sent\n"
        );
    }

    #[test]
    fn the_bar_knows_how_far_a_phase_is() {
        assert_eq!(part(&progress(Phase::Filling)), 0.4);
        assert_eq!(part(&Progress { wanted: 0, ..progress(Phase::Filling) }), 1.0);
        let running = Progress {
            elapsed: Duration::from_secs(3),
            total: Duration::from_secs(12),
            ..progress(Phase::Running)
        };
        assert_eq!(part(&running), 0.25);
        assert_eq!(part(&Progress { total: Duration::ZERO, ..running }), 0.0);
        assert_eq!(part(&Progress { elapsed: Duration::from_secs(99), ..running }), 1.0);
        assert_eq!(part(&progress(Phase::Done)), 1.0);
    }
}
