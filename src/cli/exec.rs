//! `holm exec`: runs a command with its own grid.
//!
//! The grid starts before the command and stops after it. The command finds it through four
//! environment variables; stdin and stdout belong to the command.

use std::ffi::OsString;
use std::io;
use std::process::ExitStatus;

use clap::Args;
use tokio::process::{Child, Command};

use super::exit::{self, Failure};
use super::output::{Event, Output};
use super::serve::{self, announce};
use super::serve_args::ServeArgs;
use super::signals::Signals;
use crate::config::Loaded;
use crate::server::{Addresses, Server};

/// Flags of `holm exec`.
#[derive(Clone, Debug, Args)]
#[command(after_help = HELP)]
pub struct ExecArgs {
    /// As of `holm serve`; without --data nothing is kept, and ports that no flag names are free
    /// ones.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, num_args = 1.., value_name = "COMMAND")]
    command: Vec<OsString>,
}

const HELP: &str = "\
The command finds the grid by these variables:
  HOLM_LOGIN_URI       the login URI
  HOLM_CONTROL_URI     base of the control API
  HOLM_SCRIPT_ADDRESS  address:port for script hosts
  HOLM_UDP             address:port of the first region

Exit codes: that of the command, 128+N when signal N killed it, and
  125  Holm failed: wrong flags, or the grid did not start or stop
  126  the command cannot be run
  127  the command does not exist

Example:
  holm exec --open -- sh -c './run-my-tests \"$HOLM_LOGIN_URI\"'";

/// Starts the grid, runs the command, stops the grid; gives the command's exit code. What the grid
/// has to say goes to stderr.
///
/// # Errors
/// [`exit::EXEC_FAILED`], [`exit::NOT_RUN`], [`exit::NOT_FOUND`], and 128+N when signal N came
/// before the command had started.
pub fn run(
    loaded: Loaded,
    args: &ExecArgs,
    output: &mut Output<io::Stderr>,
) -> Result<u8, Failure> {
    serve::runtime(&loaded.config)?.block_on(carry_out(loaded, args, output))
}

async fn carry_out(
    loaded: Loaded,
    args: &ExecArgs,
    output: &mut Output<io::Stderr>,
) -> Result<u8, Failure> {
    let mut signals = Signals::listen()?;
    let Loaded { config, origins, .. } = loaded;
    let open = config.opens_accounts();
    let data = serve::data_directory(&config);
    let server = tokio::select! {
        started = Server::start(config) => {
            started.map_err(|error| serve::not_started(&origins, error))?
        }
        signal = signals.next() => {
            return Err(Failure::new(exit::SIGNALLED + signal, "stopped before the command started"));
        }
    };
    announce(&server, open, data, output)?;
    let mut command = Command::new(&args.command[0]);
    command.args(&args.command[1..]).envs(variables(server.addresses())).kill_on_drop(true);
    let ended = match command.spawn() {
        Ok(child) => Ok(wait(child, &mut signals).await?),
        Err(error) => Err(not_run(&args.command[0], &error)),
    };
    output.event(&Event::Stopping { reason: "command".to_owned() })?;
    // Nobody is left who would have to be told.
    server.stop_at_once().await?;
    output.event(&Event::Stopped)?;
    ended.map(code_of)
}

/// Waits for the end of the command and passes signals on to it.
async fn wait(mut child: Child, signals: &mut Signals) -> Result<ExitStatus, Failure> {
    loop {
        tokio::select! {
            ended = child.wait() => {
                let lost = |error| Failure::new(exit::INTERNAL, format!("command lost: {error}"));
                return ended.map_err(lost);
            }
            signal = signals.next() => forward(&child, signal),
        }
    }
}

/// What the command finds the grid by.
fn variables(addresses: &Addresses) -> Vec<(&'static str, String)> {
    let udp = addresses.regions.first().map(|region| region.address.to_string());
    let found = [
        ("HOLM_LOGIN_URI", Some(addresses.login_uri.clone())),
        ("HOLM_CONTROL_URI", Some(addresses.control_uri.clone())),
        ("HOLM_SCRIPT_ADDRESS", addresses.script_address.map(|address| address.to_string())),
        ("HOLM_UDP", udp),
    ];
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn not_run(command: &OsString, error: &io::Error) -> Failure {
    let code = match error.kind() {
        io::ErrorKind::NotFound => exit::NOT_FOUND,
        _ => exit::NOT_RUN,
    };
    Failure::new(code, format!("cannot run {}: {error}", command.display()))
}

/// The exit code as shells tell it.
#[cfg(unix)]
fn code_of(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;

    let signal = status.signal().map(|signal| exit::SIGNALLED.saturating_add(signal as u8));
    signal.or_else(|| status.code().map(|code| code as u8)).unwrap_or(exit::INTERNAL)
}

#[cfg(not(unix))]
fn code_of(status: ExitStatus) -> u8 {
    status.code().map_or(exit::INTERNAL, |code| u8::try_from(code).unwrap_or(exit::INTERNAL))
}

#[cfg(unix)]
fn forward(child: &Child, signal: u8) {
    use rustix::process::{Pid, Signal, kill_process};

    let is_interrupt = i32::from(signal) == Signal::INT.as_raw();
    // Ctrl-C reaches the command by itself; twice would tell it to hurry.
    if is_interrupt && is_foreground() {
        return;
    }
    // Not yet waited for, so the id is still the command's.
    let Some(pid) = child.id().and_then(|id| Pid::from_raw(id as i32)) else { return };
    let signal = if is_interrupt { Signal::INT } else { Signal::TERM };
    if let Err(error) = kill_process(pid, signal) {
        tracing::warn!(%error, "signal not passed on");
    }
}

/// Whether a terminal sends its Ctrl-C to this process and to those that it started.
#[cfg(unix)]
fn is_foreground() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Elsewhere Ctrl-C reaches the command by itself.
#[cfg(not(unix))]
fn forward(_: &Child, _: u8) {}
