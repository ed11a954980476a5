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
/// machine; the machine's clock shows a time before 1970.
pub const REFUSED: u8 = 7;
/// No server answers, or it says that it is not well.
pub const UNHEALTHY: u8 = 8;
/// A load run lost messages or got them more than once.
pub const LOST: u8 = 9;
/// The grid under load does not answer, refuses logins, or died.
pub const GRID: u8 = 10;
/// A load run was ended by Ctrl-C or SIGTERM; as shells tell of a process that SIGINT ended.
pub const INTERRUPTED: u8 = 130;

/// `exec` failed itself: a wrong command line, a grid that did not start or stop.
pub const EXEC_FAILED: u8 = 125;
/// `exec`: the command cannot be run.
pub const NOT_RUN: u8 = 126;
/// `exec`: the command does not exist.
pub const NOT_FOUND: u8 = 127;
/// `exec`: signal N killed the command, or came before it; plus N.
pub const SIGNALLED: u8 = 128;

/// The code with which `exec` ends for a failure of its own: never one that its command could mean.
pub fn of_exec(code: u8) -> u8 {
    if code < EXEC_FAILED { EXEC_FAILED } else { code }
}

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
  7    refused: no such account, name taken, a grid on another machine, a clock before 1970
  8    no server answers, or it is not well
  9    load: messages were lost or doubled
  10   load: the grid does not answer, refuses logins or died
  125  exec: Holm failed, not the command
  126  exec: the command cannot be run
  127  exec: the command does not exist
  128+ exec: the command was killed by this signal; else its own code
  130  load: stopped by Ctrl-C or SIGTERM";

/// The end of a command that failed: what to tell the user and what to tell the shell.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// One of the constants of this module.
    pub code: u8,
    /// A lower-case fragment that reads well after "holm: ".
    pub message: String,
    /// The output on stdout says it already.
    pub reported: bool,
}

impl Failure {
    /// A failure with its code.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reported: false }
    }

    /// The reader of stdout has seen enough and closed it: nobody is to be told, and all is well.
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
    /// Writing to stdout failed. A reader that has seen enough is no failure.
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
