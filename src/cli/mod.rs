//! The command line: flags, exit codes, output for people and for scripts.
//!
//! `holm` without a subcommand is `holm serve`. Flags, exit codes ([`exit`]) and the JSON lines
//! ([`output`]) are a stable interface; human-readable text is not. This module must not contain
//! server logic: it turns arguments into calls and results into lines.

use clap::{Parser, Subcommand};

pub mod account;
pub mod clep;
pub mod decode;
pub mod exec;
pub mod exit;
pub mod globals;
pub mod health;
pub mod load;
pub mod log;
pub mod messages;
pub mod output;
pub mod pages;
pub mod serve;
mod serve_args;
mod signals;
pub mod usage;

pub use globals::Globals;
pub use serve_args::{ConfigArgs, ServeArgs};

/// The version, the commit it was built from, how and for which machine.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_OF_HOLM"), ")");

/// The whole command line; [`usage::read`] reads one.
#[derive(Debug, Parser)]
#[command(
    name = "holm",
    version = VERSION,
    about = "A small, faithful region simulator for Second Life and OpenSim clients",
    long_about = "A small, faithful region simulator for Second Life and OpenSim clients.\n\n\
                  The default subcommand is `serve`: `holm --ephemeral` means \
                  `holm serve --ephemeral`.",
    after_help = exit::HELP,
)]
pub struct Cli {
    /// Options of every subcommand.
    #[command(flatten)]
    pub globals: Globals,
    /// Flags of `serve`, when there is no subcommand.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// What to do; the default is to serve.
    #[command(subcommand)]
    pub command: Option<CliCommand>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Run a grid until it is stopped
    Serve(ServeArgs),
    /// Run a command with its own grid, and exit with the command's code
    Exec(Box<exec::ExecArgs>),
    /// Create, list, change and remove accounts, also while the server is running
    Account(account::AccountArgs),
    /// Show the contents of a datagram or a capture
    Decode(decode::DecodeArgs),
    /// Compute channels and messages of CLEP, a protocol between scripts on chat channels
    Clep(clep::ClepArgs),
    /// Print the effective configuration as TOML, or report what is wrong with it
    Config(ConfigArgs),
    /// Check the health of a running server; for scripts and containers
    Health(health::HealthArgs),
    /// Show how every message that a client may send is handled
    Messages,
    /// Load a grid with agents and measure it
    Load(Box<load::LoadArgs>),
    /// Print a shell's completions
    Completions(pages::CompletionsArgs),
    /// Print a manual page
    Man(pages::ManArgs),
}

impl Cli {
    /// The command to run. The flags of a bare `holm` go to `serve`.
    pub fn into_command(self) -> (Globals, CliCommand) {
        (self.globals, self.command.unwrap_or(CliCommand::Serve(self.serve)))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
