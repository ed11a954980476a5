//! Exit codes, which are a stable interface.

use crate::config::ConfigError;

/// Success; for `serve`: it was stopped and shut down cleanly.
pub const OK: u8 = 0;
/// An internal error; please report it.
pub const INTERNAL: u8 = 1;
/// The command line is invalid.
pub const USAGE: u8 = 2;
/// The configuration is invalid: file, environment or a flag's value.
pub const CONFIG: u8 = 3;
/// A port is in use or binding it is not permitted.
pub const BIND: u8 = 4;
/// The database cannot be opened, read or written, or another process uses it.
pub const STORAGE: u8 = 5;
/// An input file (accounts, terrain, capture, template) is unreadable or malformed, or a report
/// cannot be written. A text is not a CLEP message, or a message is too long.
pub const INPUT: u8 = 6;
/// The request is valid but refused: no such account, name taken, a grid on another machine; the
/// machine's clock is before 1970.
pub const REFUSED: u8 = 7;
/// No server answers, or it reports that it is unhealthy.
pub const UNHEALTHY: u8 = 8;
/// A load run lost messages or received them more than once.
pub const LOST: u8 = 9;
/// The grid under load does not answer, refuses logins, or died.
pub const GRID: u8 = 10;
/// A load run was stopped by Ctrl-C or SIGTERM; shells use this code for SIGINT.
pub const INTERRUPTED: u8 = 130;

/// `exec` itself failed: an invalid command line, or a grid that did not start or stop.
pub const EXEC_FAILED: u8 = 125;
/// `exec`: the command cannot be run.
pub const NOT_RUN: u8 = 126;
/// `exec`: the command does not exist.
pub const NOT_FOUND: u8 = 127;
/// `exec`: signal N killed the command, or arrived before it started; plus N.
pub const SIGNALLED: u8 = 128;

/// The exit code of `exec` for its own failures: never one that could be its command's.
pub fn of_exec(code: u8) -> u8 {
    if code < EXEC_FAILED { EXEC_FAILED } else { code }
}

/// The table at the end of `holm --help`.
pub const HELP: &str = "\
Exit codes:
  0    success
  1    internal error, please report it
  2    invalid command line
  3    invalid configuration
  4    port in use or not permitted
  5    storage error
  6    input file or text unreadable or malformed, or a report cannot be written
  7    refused: no such account, name taken, a grid on another machine, a clock before 1970
  8    no server answers, or it is unhealthy
  9    load: messages were lost or doubled
  10   load: the grid does not answer, refuses logins or died
  125  exec: Holm failed, not the command
  126  exec: the command cannot be run
  127  exec: the command does not exist
  128+ exec: the command was killed by this signal; otherwise the command's own code
  130  load: stopped by Ctrl-C or SIGTERM";

/// How a command failed: a message for the user and an exit code for the shell.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// One of the constants of this module.
    pub code: u8,
    /// A lower-case fragment that reads well after "holm: ".
    pub message: String,
    /// The output on stdout already says so.
    pub reported: bool,
}

impl Failure {
    /// A failure with its code.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reported: false }
    }

    /// The reader of stdout has closed it: there is nothing to report, and this is a success.
    pub fn is_closed_pipe(&self) -> bool {
        self.code == OK
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(CONFIG, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    /// Writing to stdout failed. That the reader closed it is not a failure.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(OK, "");
        }
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
            EXEC_FAILED,
            NOT_RUN,
            NOT_FOUND,
            SIGNALLED,
            INTERRUPTED,
        ];
        let listed: Vec<_> = HELP
            .lines()
            .skip(1)
            .map(|line| {
                line.split_whitespace().next().unwrap().trim_end_matches('+').parse::<u8>().unwrap()
            })
            .collect();
        assert_eq!(listed, codes);
    }

    #[test]
    fn clap_ends_with_the_documented_code() {
        let words = ["holm".into(), "--no-such-flag".into()];
        let error = crate::cli::usage::read(&words).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(USAGE));
    }
}
