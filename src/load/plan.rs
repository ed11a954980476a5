//! The plan of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use thiserror::Error;

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The grid's login URI.
    pub login_uri: String,
    /// Whether the grid may be on, or send its agents to, another machine.
    pub own_grid: bool,
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
    /// How long they stand there before that, so that everybody is shown to everybody.
    pub settle: Duration,
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
pub struct LoadAccount {
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
    Known(Vec<LoadAccount>),
    /// They are made through a control API; those that exist already stay.
    Create {
        /// Base URI of the control API.
        control_uri: String,
        /// Its bearer token, if it wants one.
        token: Option<String>,
        /// Accounts to make.
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
    /// All are in one group; some speak in its chat session, all hear.
    Group {
        /// How many speak.
        speakers: usize,
        /// Texts per second; `None`: as fast as it goes.
        rate: Option<f64>,
        /// Texts under way per speaker when there is no rate.
        outstanding: usize,
        /// Bytes of a text.
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
            Self::Group { .. } => "group",
            Self::Walk { .. } => "walk",
            Self::EventQueue => "eventqueue",
            Self::Mixed { .. } => "mixed",
        }
    }
}

/// Why a plan is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// An address cannot be used.
    #[error("cannot use the address {0:?}: http://host:port/ is wanted")]
    BadAddress(String),
    /// A setting is out of its range.
    #[error("{setting} must be {range}")]
    OutOfRange {
        /// Which setting.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
    },
}

impl Plan {
    /// Whether the plan can be carried out. Where its addresses lead is not looked at.
    ///
    /// # Errors
    /// When an address is none, or a number is out of its range.
    pub fn check(&self) -> Result<(), PlanError> {
        check_address(&self.login_uri)?;
        if let AccountSource::Create { control_uri, count, .. } = &self.accounts {
            check_address(control_uri)?;
            ensure(*count <= MAX_AGENTS, "accounts to create", "at most 65535")?;
        }
        ensure(self.agents >= 1 && self.agents <= MAX_AGENTS, "agents", "1 to 65535")?;
        ensure(self.threads >= 1 && self.threads <= 64, "threads", "1 to 64")?;
        ensure(self.duration <= LONGEST, "duration", "at most 7 days")?;
        ensure(self.settle <= LONGEST, "settle", "at most 7 days")?;
        ensure(self.drain <= LONGEST, "drain", "at most 7 days")?;
        ensure(self.ramp.is_none_or(is_rate), "ramp", "above 0")?;
        self.scenario.check(self.agents)
    }

    /// The settings by name, for the report.
    pub(super) fn parameters(&self) -> BTreeMap<String, Value> {
        let mut all = match self.scenario {
            Scenario::Idle | Scenario::EventQueue => Map::new(),
            Scenario::Login { connections, enter } => {
                settings(json!({ "connections": connections, "enter": enter }))
            }
            Scenario::Chat { speakers, rate, outstanding, text_bytes }
            | Scenario::Group { speakers, rate, outstanding, text_bytes } => settings(json!({
                "speakers": speakers, "rate": rate, "outstanding": outstanding,
                "text_bytes": text_bytes,
            })),
            Scenario::Im { rate, outstanding, text_bytes } => settings(
                json!({ "rate": rate, "outstanding": outstanding, "text_bytes": text_bytes }),
            ),
            Scenario::Walk { radius, speakers, rate } => {
                settings(json!({ "radius": radius, "speakers": speakers, "rate": rate }))
            }
            Scenario::Mixed { chat_rate, im_rate, churn, walking } => settings(json!({
                "chat_rate": chat_rate, "im_rate": im_rate, "churn": churn, "walking": walking,
            })),
        };
        let manner = match self.manner {
            Manner::Viewer => "viewer",
            Manner::Silent => "silent",
            Manner::Rude => "rude",
        };
        all.extend(settings(json!({
            "ramp": self.ramp, "duration_s": self.duration.as_secs_f64(),
            "settle_s": self.settle.as_secs_f64(), "drain_s": self.drain.as_secs_f64(),
            "manner": manner, "threads": self.threads, "seed": self.seed,
        })));
        all.into_iter().collect()
    }
}

fn settings(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Scenario {
    /// Roughly the size of the datagrams that a server mostly sends in it, to measure plain sockets
    /// with.
    pub(super) fn datagram_bytes(&self) -> usize {
        match self {
            Self::Chat { text_bytes, .. } => text_bytes + 72,
            Self::Im { text_bytes, .. } | Self::Group { text_bytes, .. } => text_bytes + 130,
            Self::Login { .. } | Self::Idle | Self::EventQueue => 100,
            Self::Walk { .. } | Self::Mixed { .. } => 600,
        }
    }

    fn check(&self, agents: usize) -> Result<(), PlanError> {
        match *self {
            Self::Idle | Self::EventQueue => Ok(()),
            Self::Login { connections, .. } => {
                ensure((1..=agents).contains(&connections), "connections", "1 to agents")
            }
            Self::Chat { speakers, rate, outstanding, text_bytes }
            | Self::Group { speakers, rate, outstanding, text_bytes } => {
                ensure((1..=agents).contains(&speakers), "speakers", "1 to agents")?;
                check_messages(rate, outstanding, text_bytes)
            }
            Self::Im { rate, outstanding, text_bytes } => {
                ensure(agents >= 2, "agents", "at least 2 for im")?;
                check_messages(rate, outstanding, text_bytes)
            }
            Self::Walk { radius, speakers, rate } => {
                ensure((1.0..=120.0).contains(&radius), "radius", "1 to 120")?;
                ensure(speakers <= agents, "speakers", "at most agents")?;
                ensure(speakers == 0 || is_rate(rate), "rate", "above 0")
            }
            Self::Mixed { chat_rate, im_rate, churn, walking } => {
                ensure(agents >= 4, "agents", "at least 4 for mixed")?;
                let rates = [chat_rate, im_rate, churn];
                let fine = rates.iter().all(|&rate| rate == 0.0 || is_rate(rate));
                ensure(fine, "rates", "0 or above")?;
                ensure((0.0..=1.0).contains(&walking), "walking", "0 to 1")
            }
        }
    }
}

fn check_messages(
    rate: Option<f64>,
    outstanding: usize,
    text_bytes: usize,
) -> Result<(), PlanError> {
    ensure(rate.is_none_or(is_rate), "rate", "above 0")?;
    ensure((1..=1024).contains(&outstanding), "outstanding", "1 to 1024")?;
    ensure((MIN_TEXT..=MAX_TEXT).contains(&text_bytes), "text bytes", "64 to 1000")
}

fn ensure(holds: bool, setting: &'static str, range: &'static str) -> Result<(), PlanError> {
    if holds { Ok(()) } else { Err(PlanError::OutOfRange { setting, range }) }
}

fn is_rate(rate: f64) -> bool {
    rate.is_finite() && rate > 0.0
}

fn check_address(address: &str) -> Result<(), PlanError> {
    let uri: Option<hyper::Uri> = address.parse().ok();
    match uri {
        Some(uri) if uri.scheme_str() == Some("http") && uri.host().is_some() => Ok(()),
        _ => Err(PlanError::BadAddress(address.to_owned())),
    }
}

/// Numbers of speakers travel as 16 bits.
const MAX_AGENTS: usize = 65_535;
const LONGEST: Duration = Duration::from_secs(7 * 86_400);
/// The header of a numbered message fits.
pub const MIN_TEXT: usize = 64;
/// Simulators cut chat and instant messages at 1,023 bytes.
pub const MAX_TEXT: usize = 1000;

#[cfg(test)]
impl Plan {
    /// A plan of one second that tests of other modules start from.
    pub(super) fn example(agents: usize, scenario: Scenario) -> Self {
        Self {
            login_uri: "http://127.0.0.1:9000/".to_owned(),
            own_grid: false,
            accounts: AccountSource::Known(Vec::new()),
            agents,
            ramp: None,
            scenario,
            duration: Duration::from_secs(1),
            settle: Duration::ZERO,
            drain: Duration::from_secs(1),
            manner: Manner::Viewer,
            threads: 1,
            pid: None,
            calibrate: false,
            seed: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan::example(10, Scenario::Idle)
    }

    #[test]
    fn addresses_are_plain_http() {
        for address in ["http://127.0.0.1:9000/", "http://[::1]:9000", "http://grid.example/login"]
        {
            let plan = Plan { login_uri: address.to_owned(), ..plan() };
            assert_eq!(plan.check(), Ok(()), "{address}");
        }
        for address in ["", "127.0.0.1:9000", "https://127.0.0.1/", "http://"] {
            let plan = Plan { login_uri: address.to_owned(), ..plan() };
            assert_eq!(plan.check(), Err(PlanError::BadAddress(address.to_owned())));
        }
    }

    #[test]
    fn accounts_to_make_are_bounded_and_have_an_address() {
        let create = |control_uri: &str, count| {
            let control_uri = control_uri.to_owned();
            let accounts = AccountSource::Create { control_uri, token: None, count };
            Plan { accounts, ..plan() }.check()
        };
        assert_eq!(create("http://127.0.0.1:9001/", MAX_AGENTS), Ok(()));
        assert!(matches!(create("9001", 1), Err(PlanError::BadAddress(_))));
        let too_many = create("http://127.0.0.1:9001/", MAX_AGENTS + 1);
        assert!(matches!(too_many, Err(PlanError::OutOfRange { .. })), "{too_many:?}");
    }

    #[test]
    fn numbers_have_ranges() {
        let fails = |scenario: Scenario| {
            let plan = Plan { scenario, ..plan() };
            assert!(matches!(plan.check(), Err(PlanError::OutOfRange { .. })), "{plan:?}");
        };
        fails(Scenario::Login { connections: 11, enter: true });
        fails(Scenario::Chat { speakers: 0, rate: None, outstanding: 1, text_bytes: 64 });
        fails(Scenario::Chat { speakers: 1, rate: Some(0.0), outstanding: 1, text_bytes: 64 });
        fails(Scenario::Group { speakers: 11, rate: None, outstanding: 1, text_bytes: 64 });
        fails(Scenario::Im { rate: Some(f64::NAN), outstanding: 1, text_bytes: 64 });
        fails(Scenario::Im { rate: None, outstanding: 1, text_bytes: 63 });
        fails(Scenario::Walk { radius: f32::NAN, speakers: 1, rate: 1.0 });
        fails(Scenario::Mixed { chat_rate: 1.0, im_rate: -1.0, churn: 0.0, walking: 0.5 });
        for plan in [
            Plan { agents: 0, ..plan() },
            Plan { threads: 0, ..plan() },
            Plan { ramp: Some(0.0), ..plan() },
            Plan { duration: Duration::MAX, ..plan() },
        ] {
            assert!(matches!(plan.check(), Err(PlanError::OutOfRange { .. })), "{plan:?}");
        }
    }
}
