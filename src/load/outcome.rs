//! The progress and the outcome of a run, for the code that started it.

use std::time::Duration;

use thiserror::Error;

use super::text::counted;
use super::{PlanError, Report};

/// What a run came to. There is a report whatever happened; after an error it is partial.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was measured.
    pub report: Report,
    /// Why the run does not count.
    pub error: Option<LoadError>,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Measures what plain sockets reach.
    #[default]
    Calibrating,
    /// Makes accounts.
    Accounts,
    /// Agents log in.
    Filling,
    /// All are in and stand there.
    Settling,
    /// The scenario runs.
    Running,
    /// Waits for messages under way.
    Draining,
    /// Agents log out.
    Leaving,
    /// Over.
    Done,
}

impl Phase {
    /// What is being done, one word in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calibrating => "calibrating",
            Self::Accounts => "accounts",
            Self::Filling => "filling",
            Self::Settling => "settling",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Leaving => "leaving",
            Self::Done => "done",
        }
    }
}

/// How far a run is; told about ten times a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Where it is.
    pub phase: Phase,
    /// Time in this phase.
    pub elapsed: Duration,
    /// How long the phase takes; zero where nobody knows.
    pub total: Duration,
    /// Agents (while accounts are made: accounts) that are wanted.
    pub wanted: usize,
    /// Agents in the region (or accounts that exist).
    pub connected: usize,
    /// Numbered messages sent so far; for `login`, logins.
    pub sent: u64,
    /// Copies of them that arrived; for `login`, logins.
    pub delivered: u64,
    /// Copies per second lately.
    pub delivered_per_s: f64,
    /// Failures so far.
    pub errors: u64,
}

/// Why a run does not count.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoadError {
    /// The plan cannot be carried out.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The list of accounts is too short.
    #[error("{wanted} agents need {needed} accounts, there are {have}")]
    TooFewAccounts {
        /// Agents of the plan.
        wanted: usize,
        /// Accounts that they need.
        needed: usize,
        /// Accounts that there are.
        have: usize,
    },
    /// The process may not open enough sockets.
    #[error("{needed} open files are needed, the system allows {limit} (see ulimit -n)")]
    OpenFiles {
        /// Sockets and files that the plan needs.
        needed: u64,
        /// What the system allows.
        limit: u64,
    },
    /// The process to sample is not there, or may not be looked at.
    #[error("process {pid} cannot be sampled: {reason}")]
    Process {
        /// Its id.
        pid: u32,
        /// What the system says.
        reason: String,
    },
    /// The control API did not make the accounts.
    #[error("accounts cannot be made at {url}: {reason}")]
    Accounts {
        /// What was asked.
        url: String,
        /// What it answered.
        reason: String,
    },
    /// Nothing answers at the login URI.
    #[error("no grid at {url}: {reason}")]
    NoGrid {
        /// The login URI.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The login URI answers something that is no login answer.
    #[error("no login service at {url}: {reason}")]
    Nonsense {
        /// The login URI.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The grid refuses the logins.
    #[error("the grid refused {}, the first with: {reason}", counted(*count, "login"))]
    Refused {
        /// How many were refused.
        count: u64,
        /// What the grid said first.
        reason: String,
    },
    /// No agent reached the region.
    #[error("no agent got into the region; the first failed with: {reason}")]
    NobodyGotIn {
        /// What happened to the first.
        reason: String,
    },
    /// Some agents did not reach the region.
    #[error("{entered} of {wanted} agents got into the region; the first failed with: {reason}")]
    SomeStayedOut {
        /// Agents of the plan.
        wanted: usize,
        /// Agents in the region.
        entered: usize,
        /// What happened to the first that failed.
        reason: String,
    },
    /// Logins failed while others succeeded.
    #[error("{} failed, the first with: {reason}", counted(*count, "login"))]
    LoginsFailed {
        /// Logins that failed.
        count: u64,
        /// What happened to the first.
        reason: String,
    },
    /// The server went away.
    #[error("the server died: {reason}")]
    ServerDied {
        /// How it showed.
        reason: String,
    },
    /// The server ended circuits, or agents could not log in again.
    #[error("{} fell out of the region; the first by: {reason}", counted(*count, "agent"))]
    FellOut {
        /// Agents whose circuit ended, or that could not log in again.
        count: u64,
        /// What happened to the first.
        reason: String,
    },
    /// Reliable messages did not arrive exactly once.
    #[error("of {expected} copies {lost} were lost and {doubled} arrived twice")]
    Lost {
        /// Copies that had to arrive.
        expected: u64,
        /// Copies that did not.
        lost: u64,
        /// Copies that came again.
        doubled: u64,
    },
    /// All copies arrived, but more went wrong with messages.
    #[error("{unacked} reliable messages of agents were never acked, {foreign} came to others")]
    Astray {
        /// Messages of agents that the server never acked.
        unacked: u64,
        /// Numbered messages heard by who was not to hear them.
        foreign: u64,
    },
    /// The user ended it.
    #[error("stopped by the user")]
    Interrupted,
}
