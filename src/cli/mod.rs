//! The command line: flags, exit codes, output for people and for scripts.
//!
//! `holm` without a subcommand is `holm serve`. Flags, exit codes ([`exit`]) and the JSON lines
//! ([`output`]) are promises to those who script against them; the text for people is not. This
//! module must not hold server logic: it turns arguments into calls and results into lines.

use clap::{Parser, Subcommand};

pub mod account;
pub mod clep;
pub mod decode;
pub mod exit;
pub mod health;
pub mod load;
pub mod messages;
pub mod output;
pub mod serve;
mod serve_args;

pub use serve_args::ServeArgs;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "holm",
    version,
    about = "A small, exact region simulator for Second Life and OpenSim clients",
    long_about = "A small, exact region simulator for Second Life and OpenSim clients.\n\n\
                  Without a subcommand, holm serves: `holm --ephemeral` is \
                  `holm serve --ephemeral`.",
    after_help = exit::HELP,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// Flags of `serve`, when there is no subcommand.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// What to do; nothing: serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What the log on stderr shows, in the syntax of `RUST_LOG`, which it wins over.
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the grid and its regions until told to stop.
    Serve(ServeArgs),
    /// Create, list, change and remove accounts while no server runs.
    Account(account::AccountArgs),
    /// Show what is in a datagram or a capture.
    Decode(decode::DecodeArgs),
    /// Channels and messages of CLEP, the protocol of scripts on chat channels.
    Clep(clep::ClepArgs),
    /// Print the effective configuration as TOML, or say what is wrong with it.
    Config(ServeArgs),
    /// Ask a running server whether it is well; for scripts and containers.
    Health(health::HealthArgs),
    /// Show what becomes of every message that a client may send.
    Messages(messages::MessagesArgs),
    /// Fill a grid with agents and measure it.
    Load(Box<load::LoadArgs>),
}

impl Cli {
    /// What to do, with the flags of a bare `holm` put where they belong.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or(Command::Serve(self.serve))
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

    #[test]
    fn no_subcommand_is_serve() {
        for line in [&["holm", "--open"][..], &["holm", "serve", "--open"]] {
            match Cli::parse_from(line).into_command() {
                Command::Serve(args) => assert!(args.overrides().open),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn serve_flags_before_another_subcommand_are_an_error() {
        assert!(Cli::try_parse_from(["holm", "--open", "health"]).is_err());
    }
}
