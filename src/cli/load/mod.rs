//! `holm load`: fills a grid with agents, shows progress and writes the report.
//!
//! The run itself is [`crate::load`]. This module has its flags, the check of its target, its files
//! and its exit codes.

use std::io;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::output::ReportFile;
use super::exit::{self, Failure};
use super::globals::Globals;
use super::serve;
use crate::load::{self, LoadError, Outcome, Plan, PlanError, Progress, text};

mod accounts;
mod args;
mod output;
mod progress;
mod target;

pub use args::LoadArgs;

/// Does what `args` say. `command` is the command line for the report, program first.
///
/// The report is written also when the run failed or was interrupted. A first Ctrl-C or SIGTERM
/// ends the run in order, a second one ends the process.
///
/// # Errors
/// A wrong command line or input file, a target that may not be loaded, a file that cannot be
/// written; else why the run does not count.
pub fn run(
    args: &LoadArgs,
    globals: &Globals,
    command: impl IntoIterator<Item = String>,
) -> Result<(), Failure> {
    let plan = args.plan()?;
    let files = args.report_files()?;
    if !plan.own_grid {
        target::check(&plan)?;
    }
    files.iter().try_for_each(ReportFile::try_open)?;
    let mut builder = match plan.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder
        .worker_threads(plan.threads)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::INTERNAL, format!("no runtime: {error}")))?;
    let Outcome { mut report, error } = runtime.block_on(carry_out(plan, globals.quiet > 0));
    // A task that will not end must not keep the figures back.
    runtime.shutdown_background();
    report.command = without_secrets(command);
    report.failure = error.as_ref().map(ToString::to_string);
    let written = output::write(&report, globals.message_format, &mut io::stdout().lock());
    let filed: Vec<_> = files.iter().map(|file| file.write(&report)).collect();
    // Why the run failed says more than that a file could not be written, so it comes first.
    if let Some(error) = error {
        for failure in filed.iter().filter_map(|filed| filed.as_ref().err()) {
            tracing::error!("{failure}");
        }
        // The report says why.
        return Err(Failure { reported: true, ..error.into() });
    }
    written?;
    filed.into_iter().collect()
}

async fn carry_out(plan: Plan, quiet: bool) -> Outcome {
    let (sender, receiver) = watch::channel(Progress::default());
    let stop = CancellationToken::new();
    let display = tokio::spawn(progress::show(receiver, quiet));
    let signals = tokio::spawn(stop_on_signal(stop.clone()));
    let outcome = load::run(plan, sender, stop).await;
    signals.abort();
    // It ends with the run's sender; its failure would be one of looks only.
    let _ = display.await;
    outcome
}

async fn stop_on_signal(stop: CancellationToken) {
    serve::signal().await;
    stop.cancel();
    serve::signal().await;
    std::process::exit(i32::from(exit::INTERRUPTED));
}

/// The command line as a report may show it: reports are passed on, tokens are not.
fn without_secrets(command: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut is_value = false;
    command
        .into_iter()
        .map(|word| {
            let shown = if is_value {
                HIDDEN.to_owned()
            } else if word.starts_with("--token=") {
                format!("--token={HIDDEN}")
            } else {
                word.clone()
            };
            is_value = !is_value && word == "--token";
            shown
        })
        .collect()
}

const HIDDEN: &str = "***";

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let code = match &error {
            LoadError::OpenFiles { .. } => exit::REFUSED,
            LoadError::Plan(PlanError::BadAddress(_) | PlanError::OutOfRange { .. })
            | LoadError::TooFewAccounts { .. }
            | LoadError::Process { .. } => exit::USAGE,
            LoadError::Lost { .. } | LoadError::Astray { .. } => exit::LOST,
            LoadError::Accounts { .. }
            | LoadError::NoGrid { .. }
            | LoadError::Nonsense { .. }
            | LoadError::Refused { .. }
            | LoadError::NobodyGotIn { .. }
            | LoadError::SomeStayedOut { .. }
            | LoadError::LoginsFailed { .. }
            | LoadError::ServerDied { .. }
            | LoadError::FellOut { .. } => exit::GRID,
            LoadError::Interrupted => exit::INTERRUPTED,
        };
        // Part of it may be what a server said.
        Self::new(code, text::printable(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_do_not_get_into_reports() {
        let shown =
            |line: &str| without_secrets(line.split_whitespace().map(str::to_owned)).join(" ");
        assert_eq!(shown("holm load --token abc --agents 3"), "holm load --token *** --agents 3");
        assert_eq!(shown("holm load --token=abc --create"), "holm load --token=*** --create");
        assert_eq!(shown("holm load --token --token x"), "holm load --token *** x");
        assert_eq!(shown("holm load --create"), "holm load --create");
    }

    #[test]
    fn each_kind_of_failure_has_its_code() {
        let reason = || "x".to_owned();
        for (error, code) in [
            (LoadError::Lost { expected: 3, lost: 1, doubled: 0 }, exit::LOST),
            (LoadError::Astray { unacked: 0, foreign: 1 }, exit::LOST),
            (LoadError::NoGrid { url: reason(), reason: reason() }, exit::GRID),
            (LoadError::ServerDied { reason: reason() }, exit::GRID),
            (LoadError::Interrupted, exit::INTERRUPTED),
            (LoadError::Plan(PlanError::BadAddress(reason())), exit::USAGE),
            (LoadError::OpenFiles { needed: 2, limit: 1 }, exit::REFUSED),
            (LoadError::TooFewAccounts { wanted: 2, needed: 2, have: 1 }, exit::USAGE),
        ] {
            let text = error.to_string();
            let failure = Failure::from(error);
            assert_eq!((failure.code, failure.message), (code, text));
        }
        let rude = LoadError::ServerDied { reason: "\u{1b}[2J".to_owned() };
        assert_eq!(Failure::from(rude).message, "the server died: \u{FFFD}[2J");
    }
}
