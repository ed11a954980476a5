//! Exit codes: a promise to those who script against the command.

use crate::config::ConfigError;

/// All went well; for `serve`: it was told to stop and did.
pub const OK: u8 = 0;
/// Something failed that should not; please report.
pub const INTERNAL: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// The configuration is wrong: file, environment or a flag's value.
pub const CONFIG: u8 = 3;
/// A port is in use or may not be bound.
pub const BIND: u8 = 4;
/// The database cannot be opened, read or written, or another process uses it.
pub const STORAGE: u8 = 5;
/// A file that was named is unreadable or malformed: accounts, terrain, capture, template; or, for
/// a report, cannot be written. A text is no CLEP message, or a message is too long for one.
pub const INPUT: u8 = 6;
/// The request is fine but cannot be granted: no such account, name taken, a grid on another
/// machine.
pub const REFUSED: u8 = 7;
/// No server answers, or it says that it is not well.
pub const UNHEALTHY: u8 = 8;
/// A load run lost messages or got them more than once.
pub const LOST: u8 = 9;
/// The grid under load does not answer, refuses logins, or died.
pub const GRID: u8 = 10;
/// A load run was ended by Ctrl-C or SIGTERM; as shells tell of a process that SIGINT ended.
pub const INTERRUPTED: u8 = 130;

/// The table at the end of `holm --help`.
pub const HELP: &str = "\
Exit codes:
  0    fine
  1    internal failure, please report
  2    wrong command line
  3    wrong configuration
  4    port in use or not permitted
  5    storage failure
  6    unreadable or malformed input file or text, or a report that cannot be written
  7    refused: no such account, name taken, a grid on another machine
  8    no server answers, or it is not well
  9    load: messages were lost or doubled
  10   load: the grid does not answer, refuses logins or died
  130  load: stopped by Ctrl-C or SIGTERM";

/// The end of a command that failed: what to tell the user and what to tell the shell.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// One of the constants of this module.
    pub code: u8,
    /// A lower-case fragment that reads well after "holm: ".
    pub message: String,
}

impl Failure {
    /// A failure with its code.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(CONFIG, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    /// Writing to stdout failed; whoever read it is gone.
    fn from(error: std::io::Error) -> Self {
        Self::new(INTERNAL, format!("cannot write to stdout: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_every_code() {
        let codes = [
            OK,
            INTERNAL,
            USAGE,
            CONFIG,
            BIND,
            STORAGE,
            INPUT,
            REFUSED,
            UNHEALTHY,
            LOST,
            GRID,
            INTERRUPTED,
        ];
        let listed: Vec<_> = HELP
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().next().unwrap().parse::<u8>().unwrap())
            .collect();
        assert_eq!(listed, codes);
    }

    #[test]
    fn clap_ends_with_the_documented_code() {
        use clap::Parser;
        let error = crate::cli::Cli::try_parse_from(["holm", "--no-such-flag"]).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(USAGE));
    }
}
