//! The flags of `holm load`, and the plan made from them.
//!
//! One table, [`Scenario::takes`], defines which flags a scenario takes; both the help and the
//! check use it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};

use super::accounts;
use super::output::ReportFile;
use crate::cli::exit::{Failure, USAGE};
use crate::load::{self, AccountSource, Plan};

/// Flags of `holm load`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = SCENARIOS,
    group = ArgGroup::new("who").args(["accounts", "create"]).required(true)
)]
pub struct LoadArgs {
    /// The grid's login URI
    #[arg(
        long,
        value_name = "URI",
        env = "HOLM_LOGIN_URI",
        default_value = "http://127.0.0.1:9000/",
        help_heading = GRID
    )]
    login: String,
    /// Existing accounts: JSON array of {"first","last","password"}, as `holm serve --accounts`
    #[arg(long, value_name = "FILE", help_heading = GRID)]
    accounts: Option<PathBuf>,
    /// Create N accounts through Holm's control API [default without N: one per agent]
    #[arg(long, value_name = "N", num_args = 0..=1, help_heading = GRID)]
    #[expect(clippy::option_option, reason = "clap's form of a flag whose value may be left out")]
    create: Option<Option<usize>>,
    /// Base URI of the control API, for --create
    #[arg(
        long,
        value_name = "URI",
        env = "HOLM_CONTROL_URI",
        default_value = "http://127.0.0.1:9001/",
        help_heading = GRID
    )]
    control: String,
    /// Bearer token of the control API, if it requires one
    #[arg(
        long,
        value_name = "TOKEN",
        env = "HOLM_NETWORK_CONTROL_TOKEN",
        hide_env_values = true,
        help_heading = GRID
    )]
    token: Option<String>,
    /// Allow loading a grid on another machine
    #[arg(long, help_heading = GRID)]
    i_own_this_grid: bool,

    /// Agents in the region at once
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = AGENTS)]
    agents: usize,
    /// Logins per second while the region fills; not with scenario login [default: all at once]
    #[arg(long, value_name = "R", help_heading = AGENTS)]
    ramp: Option<f64>,
    /// How the agents behave on the wire; not with scenario login [default: viewer]
    #[arg(long, value_name = "MANNER", value_enum, help_heading = AGENTS)]
    manner: Option<Manner>,
    /// Threads that the agents share [default: number of cores minus one, 1 to 8]
    #[arg(long, value_name = "N", help_heading = AGENTS)]
    threads: Option<usize>,
    /// Seed for where agents stand and walk
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = AGENTS)]
    seed: u64,

    /// What the agents do; see the list below
    #[arg(long, value_name = "NAME", value_enum, help_heading = RUN, hide_possible_values = true)]
    scenario: Scenario,
    /// How long to run the scenario once all agents have entered: seconds, or a number with s, m or h
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        value_parser = parse_time,
        help_heading = RUN
    )]
    duration: Duration,
    /// How long to wait before the scenario starts, so that a large crowd has time to see each
    /// other; not with scenario login
    #[arg(
        long,
        value_name = "TIME",
        default_value = "0",
        value_parser = parse_time,
        help_heading = RUN
    )]
    settle: Duration,
    /// How long to wait for outstanding messages at the end
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10s",
        value_parser = parse_time,
        help_heading = RUN
    )]
    drain: Duration,

    /// login: concurrent logins [default: 16, at most --agents]
    #[arg(long, value_name = "N", help_heading = OF_SCENARIOS)]
    connections: Option<usize>,
    /// login: log in without entering the region
    #[arg(long, help_heading = OF_SCENARIOS)]
    answer_only: bool,
    /// chat, walk, group: number of speakers [default: 10, at most --agents]
    #[arg(long, value_name = "N", help_heading = OF_SCENARIOS)]
    speakers: Option<usize>,
    /// chat, im, walk, group: messages per second of all senders together [default: unlimited;
    /// walk: 10]
    #[arg(long, value_name = "R", help_heading = OF_SCENARIOS)]
    rate: Option<f64>,
    /// chat, im, group: messages in flight per sender, without --rate [default: 1]
    #[arg(long, value_name = "N", help_heading = OF_SCENARIOS)]
    outstanding: Option<usize>,
    /// chat, im, group: bytes per message, 64 to 1000 [default: 100]
    #[arg(long, value_name = "N", help_heading = OF_SCENARIOS)]
    text_bytes: Option<usize>,
    /// walk: radius around the region's centre in metres [default: 40]
    #[arg(long, value_name = "M", help_heading = OF_SCENARIOS)]
    radius: Option<f32>,
    /// mixed: lines of chat per second [default: 10]
    #[arg(long, value_name = "R", help_heading = OF_SCENARIOS)]
    chat_rate: Option<f64>,
    /// mixed: instant messages per second [default: 10]
    #[arg(long, value_name = "R", help_heading = OF_SCENARIOS)]
    im_rate: Option<f64>,
    /// mixed: agents per second that log out and in again [default: 1]
    #[arg(long, value_name = "R", help_heading = OF_SCENARIOS)]
    churn: Option<f64>,
    /// mixed: fraction of the agents that walk, 0 to 1 [default: 0.5]
    #[arg(long, value_name = "PART", help_heading = OF_SCENARIOS)]
    walking: Option<f64>,

    /// Process id of the server, to sample its CPU time and memory; Linux only
    #[arg(long, value_name = "PID", help_heading = MEASURING)]
    pid: Option<u32>,
    /// First measure what plain sockets reach on this machine; takes a few seconds, Linux only
    #[arg(long, help_heading = MEASURING)]
    calibrate: bool,
    /// Also write the report to FILE, which ends in .json or .html; can be repeated
    #[arg(long, value_name = "FILE", help_heading = MEASURING)]
    report: Vec<PathBuf>,
}

const GRID: &str = "Grid";
const AGENTS: &str = "Agents";
const RUN: &str = "Run";
const OF_SCENARIOS: &str = "Options of single scenarios";
const MEASURING: &str = "Measuring";

const SCENARIOS: &str = "\
Scenarios:
  login       log in and out repeatedly       --connections --answer-only
  idle        stand still
  chat        some speak, all hear            --speakers --rate --outstanding --text-bytes
  im          pairs write to each other       --rate --outstanding --text-bytes
  walk        all walk, some speak            --radius --speakers --rate
  eventqueue  all keep a long poll open
  mixed       a mix of the above              --chat-rate --im-rate --churn --walking
  group       all in one group, some speak    --speakers --rate --outstanding --text-bytes

Exit codes in addition to those in `holm --help`:
  9    messages were lost or doubled
  10   the grid does not answer, refuses or died
  130  stopped by Ctrl-C; the report is partial

Example:
  holm --ephemeral &
  holm load --create --agents 100 --scenario chat --rate 50 --pid $! --report chat.html";

/// What the agents do, as a name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Scenario {
    Login,
    Idle,
    Chat,
    Im,
    Walk,
    #[value(name = "eventqueue")]
    EventQueue,
    Mixed,
    Group,
}

impl Scenario {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The flags that it takes.
    fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Login => &["connections", "answer-only"],
            Self::Idle | Self::EventQueue => &[],
            Self::Chat | Self::Group => &["speakers", "rate", "outstanding", "text-bytes"],
            Self::Im => &["rate", "outstanding", "text-bytes"],
            Self::Walk => &["radius", "speakers", "rate"],
            Self::Mixed => &["chat-rate", "im-rate", "churn", "walking"],
        }
    }
}

/// How the agents behave on the wire, as a name on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Manner {
    /// Behave like a viewer
    Viewer,
    /// Read, but never ack, ping or move
    Silent,
    /// Do not even read
    Rude,
}

impl LoadArgs {
    /// The plan, with everything checked that can be checked without the network, and with the
    /// account file read.
    ///
    /// # Errors
    /// [`USAGE`], or what is wrong with the file of accounts.
    pub(super) fn plan(&self) -> Result<Plan, Failure> {
        let scenario = self.scenario()?;
        let plan = Plan {
            login_uri: self.login.clone(),
            own_grid: self.i_own_this_grid,
            accounts: self.account_source()?,
            agents: self.agents,
            ramp: self.ramp,
            scenario,
            duration: self.duration,
            settle: self.settle,
            drain: self.drain,
            manner: match self.manner {
                None | Some(Manner::Viewer) => load::Manner::Viewer,
                Some(Manner::Silent) => load::Manner::Silent,
                Some(Manner::Rude) => load::Manner::Rude,
            },
            threads: self.threads.unwrap_or_else(default_threads),
            pid: self.pid,
            calibrate: self.calibrate,
            seed: self.seed,
        };
        // The addresses are resolved later, since that may need a name server.
        plan.check().map_err(|error| usage(error.to_string()))?;
        Ok(plan)
    }

    /// Where the report is written besides stdout.
    ///
    /// # Errors
    /// [`USAGE`] for a file name without a known extension.
    pub(super) fn report_files(&self) -> Result<Vec<ReportFile>, Failure> {
        self.report.iter().map(|path| ReportFile::new(path)).collect()
    }

    fn account_source(&self) -> Result<AccountSource, Failure> {
        match (&self.accounts, self.create) {
            (Some(file), _) => Ok(AccountSource::Known(accounts::read(file)?)),
            (None, count) => Ok(AccountSource::Create {
                control_uri: self.control.clone(),
                token: self.token.clone().filter(|token| !token.is_empty()),
                count: count.flatten().unwrap_or(self.agents),
            }),
        }
    }

    fn scenario(&self) -> Result<load::Scenario, Failure> {
        self.refuse_unused_flags()?;
        if self.rate.is_some() && self.outstanding.is_some() {
            return Err(usage("--outstanding is for runs without --rate; use only one of them"));
        }
        let speakers = self.speakers.unwrap_or(SPEAKERS.min(self.agents));
        let outstanding = self.outstanding.unwrap_or(1);
        let text_bytes = self.text_bytes.unwrap_or(TEXT_BYTES);
        Ok(match self.scenario {
            Scenario::Login => load::Scenario::Login {
                connections: self.connections.unwrap_or(CONNECTIONS.min(self.agents)),
                enter: !self.answer_only,
            },
            Scenario::Idle => load::Scenario::Idle,
            Scenario::Chat => {
                load::Scenario::Chat { speakers, rate: self.rate, outstanding, text_bytes }
            }
            Scenario::Group => {
                load::Scenario::Group { speakers, rate: self.rate, outstanding, text_bytes }
            }
            Scenario::Im => load::Scenario::Im { rate: self.rate, outstanding, text_bytes },
            Scenario::Walk => load::Scenario::Walk {
                radius: self.radius.unwrap_or(RADIUS),
                speakers,
                rate: self.rate.unwrap_or(RATE),
            },
            Scenario::EventQueue => load::Scenario::EventQueue,
            Scenario::Mixed => load::Scenario::Mixed {
                chat_rate: self.chat_rate.unwrap_or(RATE),
                im_rate: self.im_rate.unwrap_or(RATE),
                churn: self.churn.unwrap_or(CHURN),
                walking: self.walking.unwrap_or(WALKING),
            },
        })
    }

    /// A flag without effect would hide that the run is not the one that was intended.
    fn refuse_unused_flags(&self) -> Result<(), Failure> {
        let given = [
            ("connections", self.connections.is_some()),
            ("answer-only", self.answer_only),
            ("speakers", self.speakers.is_some()),
            ("rate", self.rate.is_some()),
            ("outstanding", self.outstanding.is_some()),
            ("text-bytes", self.text_bytes.is_some()),
            ("radius", self.radius.is_some()),
            ("chat-rate", self.chat_rate.is_some()),
            ("im-rate", self.im_rate.is_some()),
            ("churn", self.churn.is_some()),
            ("walking", self.walking.is_some()),
        ];
        // Agents that keep logging in and out neither fill a region nor stay to misbehave.
        let of_who_stays = [
            ("ramp", self.ramp.is_some()),
            ("manner", self.manner.is_some()),
            ("settle", !self.settle.is_zero()),
        ];
        if self.scenario == Scenario::Login
            && let Some((flag, _)) = of_who_stays.iter().find(|(_, given)| *given)
        {
            return Err(usage(format!("--{flag} is not for scenario login")));
        }
        let misbehaves = self.manner.is_some_and(|manner| !matches!(manner, Manner::Viewer));
        if self.scenario == Scenario::Im && misbehaves && self.rate.is_none() {
            // The next message would wait until the one before is heard.
            return Err(usage("--manner needs --rate in scenario im"));
        }
        let taken = self.scenario.takes();
        let unused = given.iter().find(|(flag, given)| *given && !taken.contains(flag));
        let Some((flag, _)) = unused else { return Ok(()) };
        let users: Vec<String> = Scenario::value_variants()
            .iter()
            .filter(|scenario| scenario.takes().contains(flag))
            .map(|scenario| scenario.name())
            .collect();
        let (name, users) = (self.scenario.name(), users.join(", "));
        Err(usage(format!("--{flag} is not for scenario {name}, only for {users}")))
    }
}

fn usage(text: impl Into<String>) -> Failure {
    Failure::new(USAGE, text)
}

/// One core is left to the server; more than a few threads do not help agents that mostly wait.
fn default_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.saturating_sub(1).clamp(1, 8)
}

/// `30`, `30s`, `1.5m`, `2h`.
fn parse_time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.chars().last() {
        Some('s') => (&text[..text.len() - 1], 1.0),
        Some('m') => (&text[..text.len() - 1], 60.0),
        Some('h') => (&text[..text.len() - 1], 3600.0),
        _ => (text, 1.0),
    };
    let seconds = number.parse::<f64>().ok().filter(|number| *number >= 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds * unit).ok())
        .ok_or_else(|| "expected seconds, or a number with s, m or h".to_owned())
}

const CONNECTIONS: usize = 16;
const SPEAKERS: usize = 10;
const TEXT_BYTES: usize = 100;
const RADIUS: f32 = 40.0;
/// Messages per second.
const RATE: f64 = 10.0;
const CHURN: f64 = 1.0;
const WALKING: f64 = 0.5;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct LoadLine {
        #[command(flatten)]
        args: LoadArgs,
    }

    fn parse(line: &str) -> LoadArgs {
        let words = std::iter::once("load").chain(line.split_whitespace());
        LoadLine::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}")).args
    }

    fn plan(line: &str) -> Plan {
        parse(line).plan().unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    fn refusal(line: &str) -> String {
        let failure = parse(line).plan().unwrap_err();
        assert_eq!(failure.code, USAGE, "{failure}");
        failure.message
    }

    #[test]
    fn every_promised_flag_reaches_the_plan() {
        let made = plan(
            "--login http://localhost:1/ --create 7 --control http://127.0.0.1:2/ --token t \
             --agents 5 --ramp 2.5 --scenario chat --speakers 2 --rate 50 --text-bytes 200 \
             --duration 90 --settle 1m --drain 2m --manner silent --threads 3 --seed 9 --pid 4 --calibrate \
             --i-own-this-grid",
        );
        let expected = Plan {
            login_uri: "http://localhost:1/".to_owned(),
            own_grid: true,
            accounts: AccountSource::Create {
                control_uri: "http://127.0.0.1:2/".to_owned(),
                token: Some("t".to_owned()),
                count: 7,
            },
            agents: 5,
            ramp: Some(2.5),
            scenario: load::Scenario::Chat {
                speakers: 2,
                rate: Some(50.0),
                outstanding: 1,
                text_bytes: 200,
            },
            duration: Duration::from_secs(90),
            settle: Duration::from_secs(60),
            drain: Duration::from_secs(120),
            manner: load::Manner::Silent,
            threads: 3,
            pid: Some(4),
            calibrate: true,
            seed: 9,
        };
        assert_eq!(made, expected);
    }

    #[test]
    fn scenarios_have_defaults_that_fit_the_agents() {
        use load::Scenario as S;
        let scenario = |line: &str| plan(&format!("--create {line}")).scenario;
        let login = S::Login { connections: 3, enter: true };
        assert_eq!(scenario("--agents 3 --scenario login"), login);
        let login = S::Login { connections: 16, enter: false };
        assert_eq!(scenario("--agents 30 --scenario login --answer-only"), login);
        assert_eq!(scenario("--scenario idle"), S::Idle);
        let chat = S::Chat { speakers: 4, rate: None, outstanding: 1, text_bytes: 100 };
        assert_eq!(scenario("--agents 4 --scenario chat"), chat);
        let im = S::Im { rate: None, outstanding: 8, text_bytes: 100 };
        assert_eq!(scenario("--scenario im --outstanding 8"), im);
        let group = S::Group { speakers: 10, rate: Some(50.0), outstanding: 1, text_bytes: 100 };
        assert_eq!(scenario("--agents 100 --scenario group --rate 50"), group);
        let walk = S::Walk { radius: 40.0, speakers: 10, rate: 10.0 };
        assert_eq!(scenario("--agents 20 --scenario walk"), walk);
        assert_eq!(scenario("--scenario eventqueue"), S::EventQueue);
        let mixed = S::Mixed { chat_rate: 10.0, im_rate: 10.0, churn: 1.0, walking: 0.25 };
        assert_eq!(scenario("--scenario mixed --walking 0.25"), mixed);
        let AccountSource::Create { count, .. } = plan("--create --scenario idle").accounts else {
            panic!("accounts are not made")
        };
        assert_eq!(count, 10, "one account for each agent");
    }

    #[test]
    fn a_flag_of_another_scenario_is_named_with_it() {
        for (line, expected) in [
            ("chat --radius 3", "--radius is not for scenario chat, only for walk"),
            ("idle --rate 3", "--rate is not for scenario idle, only for chat, im, walk, group"),
            ("im --speakers 1", "--speakers is not for scenario im, only for chat, walk, group"),
            ("walk --answer-only", "--answer-only is not for scenario walk, only for login"),
            ("eventqueue --churn 1", "--churn is not for scenario eventqueue, only for mixed"),
            ("login --ramp 3", "--ramp is not for scenario login"),
            ("login --settle 3", "--settle is not for scenario login"),
            ("login --manner rude", "--manner is not for scenario login"),
            ("im --manner rude", "--manner needs --rate in scenario im"),
            ("chat --rate 1 --outstanding 2", "--outstanding is for runs without --rate"),
            ("group --radius 3", "--radius is not for scenario group, only for walk"),
            ("chat --speakers 11", "speakers must be"),
            ("chat --login https://127.0.0.1/", "cannot use the address"),
        ] {
            let message = refusal(&format!("--create --scenario {line}"));
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn help_lists_the_flags_of_each_scenario() {
        for scenario in Scenario::value_variants() {
            let name = scenario.name();
            let line = SCENARIOS
                .lines()
                .find(|line| line.split_whitespace().next() == Some(&name))
                .unwrap_or_else(|| panic!("{name} is not in the list"));
            let listed: Vec<&str> =
                line.split_whitespace().filter_map(|word| word.strip_prefix("--")).collect();
            assert_eq!(listed, scenario.takes());
        }
        // The help of each flag begins with the scenarios that take it.
        let command = <LoadLine as clap::CommandFactory>::command();
        for argument in command.get_arguments() {
            if argument.get_help_heading() != Some(OF_SCENARIOS) {
                continue;
            }
            let (flag, help) = (argument.get_long().unwrap(), argument.get_help().unwrap());
            let takers: Vec<String> = Scenario::value_variants()
                .iter()
                .filter(|scenario| scenario.takes().contains(&flag))
                .map(|scenario| scenario.name())
                .collect();
            let begin = format!("{}: ", takers.join(", "));
            assert!(help.to_string().starts_with(&begin), "{flag}: {help}");
        }
    }

    #[test]
    fn accounts_come_from_one_place() {
        for line in ["--scenario idle", "--scenario idle --create 3 --accounts a.json"] {
            let words = std::iter::once("load").chain(line.split_whitespace());
            assert!(LoadLine::try_parse_from(words).is_err(), "{line}");
        }
    }

    #[test]
    fn times_are_seconds_or_have_a_unit() {
        let seconds = |text| parse_time(text).map(|time| time.as_secs_f64());
        assert_eq!(seconds("30"), Ok(30.0));
        assert_eq!(seconds("0.5s"), Ok(0.5));
        assert_eq!(seconds("1.5m"), Ok(90.0));
        assert_eq!(seconds("2h"), Ok(7200.0));
        for bad in ["", "s", "-1", "nan", "inf", "1d", "1e300", "30 s", "9ſ"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
