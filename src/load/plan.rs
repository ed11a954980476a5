//! What a run is to do.

use std::time::Duration;

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The grid's login URI.
    pub login_uri: String,
    /// Who logs in.
    pub accounts: AccountSource,
    /// How many agents are in the region at once.
    pub agents: usize,
    /// Logins per second while the region fills; `None`: all at once.
    pub ramp: Option<f64>,
    /// What the agents do.
    pub scenario: Scenario,
    /// How long they do it, once all are in.
    pub duration: Duration,
    /// How long after the end messages under way are waited for.
    pub drain: Duration,
    /// How the agents behave on the wire.
    pub manner: Manner,
    /// Threads that the agents share.
    pub threads: usize,
    /// The server's process, to sample its CPU time and memory; on Linux only.
    pub pid: Option<u32>,
    /// Whether to measure first what plain sockets reach on this machine.
    pub calibrate: bool,
    /// Seed of where agents stand and walk.
    pub seed: u64,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// The password as typed.
    pub password: String,
}

/// Where the accounts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountSource {
    /// They exist.
    Known(Vec<Account>),
    /// They are made through a control API; those that exist already stay.
    Create {
        /// Base URI of the control API.
        control_uri: String,
        /// Its bearer token, if it wants one.
        token: Option<String>,
        /// How many.
        count: usize,
    },
}

/// How the agents behave on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// As viewers do.
    #[default]
    Viewer,
    /// They never ack, ping or move, but read.
    Silent,
    /// They never read either.
    Rude,
}

/// What the agents do. Rates are messages per second of all speakers together; without one each
/// speaker has `outstanding` messages under way and sends the next when one was heard by all.
#[derive(Clone, Debug, PartialEq)]
pub enum Scenario {
    /// Logs in and out again and again, on `connections` at a time.
    Login {
        /// Logins under way at once.
        connections: usize,
        /// Whether each agent enters the region before it logs out, or only gets its answer.
        enter: bool,
    },
    /// Stands there.
    Idle,
    /// Some speak, all hear.
    Chat {
        /// How many speak.
        speakers: usize,
        /// Lines per second; `None`: as fast as it goes.
        rate: Option<f64>,
        /// Lines under way per speaker when there is no rate.
        outstanding: usize,
        /// Bytes of a line.
        text_bytes: usize,
    },
    /// Every second agent writes to its neighbour.
    Im {
        /// Messages per second; `None`: as fast as it goes.
        rate: Option<f64>,
        /// Messages under way per pair when there is no rate.
        outstanding: usize,
        /// Bytes of a message.
        text_bytes: usize,
    },
    /// All walk to random places; some speak.
    Walk {
        /// Metres around the region's middle in which they walk; up to 49 all hear all.
        radius: f32,
        /// How many speak.
        speakers: usize,
        /// Lines per second.
        rate: f64,
    },
    /// All keep a long poll open; nothing else happens.
    EventQueue,
    /// A blend of walking, chat, instant messages and logins.
    Mixed {
        /// Lines of chat per second.
        chat_rate: f64,
        /// Instant messages per second.
        im_rate: f64,
        /// Agents that log out and in again per second.
        churn: f64,
        /// Part of the agents that walk, 0 to 1.
        walking: f64,
    },
}

impl Scenario {
    /// Its name on the command line and in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Login { .. } => "login",
            Self::Idle => "idle",
            Self::Chat { .. } => "chat",
            Self::Im { .. } => "im",
            Self::Walk { .. } => "walk",
            Self::EventQueue => "eventqueue",
            Self::Mixed { .. } => "mixed",
        }
    }
}
