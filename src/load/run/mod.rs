//! The director of a run: controls all agents from start to end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::accounts::accounts;
use super::agent::{EntryError, come_and_go};
use super::cast::cast;
use super::health::Health;
use super::meter::{Meter, connected};
use super::plan::Scenario;
use super::report::{Filling, Freshness, Limit};
use super::shared::{Presence, Shared, Stage};
use super::stamp::Way;
use super::tally::Totals;
use super::{LoadError, Outcome, Phase, Plan, Progress, Report, calibrate, files, machine};
use crate::client::ClientError;
use crate::llsd::format_date;
use crate::time::{Clock, SystemClock, Timestamp};

mod logins;

/// Carries out `plan`, telling how far it is, until it is done, something makes it pointless, or
/// `stop` is cancelled. Whether login and control address are of this machine must have been
/// checked; where the grid sends the agents is checked here.
pub async fn run(
    plan: Plan,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
) -> Outcome {
    let unix = SystemClock::new().unix().as_secs_f64().floor();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: std::env::args().collect(),
        started: format_date(unix),
        scenario: plan.scenario.name().to_owned(),
        parameters: plan.parameters(),
        agents: plan.agents,
        machine: machine::facts(),
        ..Report::default()
    };
    let progress = ProgressSender { progress, wanted: plan.agents };
    let error = match prepare(&plan, &progress, &stop, &mut report).await {
        Ok((shared, meter)) => {
            let mut director = Director {
                progress,
                stop,
                shared,
                meter,
                health: Health::default(),
                phase: (Phase::Filling, Timestamp::ZERO, Duration::ZERO),
                most: 0,
                ran: Duration::ZERO,
                in_time: (0, 0),
            };
            let error = director.play(&mut report).await;
            director.finish(&mut report);
            error
        }
        Err(error) => {
            progress.send(Progress { phase: Phase::Done, ..Progress::default() });
            Some(error)
        }
    };
    let early = matches!(error, Some(LoadError::Interrupted | LoadError::ServerDied { .. }));
    let complete = !early && report.duration_s > 0.0;
    (if complete { "complete" } else { "interrupted" }).clone_into(&mut report.outcome);
    Outcome { report, error }
}

/// Everything before the first login.
async fn prepare(
    plan: &Plan,
    progress: &ProgressSender,
    stop: &CancellationToken,
    report: &mut Report,
) -> Result<(Arc<Shared>, Meter), LoadError> {
    plan.check()?;
    // Each agent has a socket and a long poll; logins have connections of their own.
    files::make_room(plan.agents as u64 * 3 + 64)?;
    let meter = Meter::new(plan.pid)?;
    if plan.calibrate {
        progress.send(Progress {
            phase: Phase::Calibrating,
            total: CALIBRATION,
            ..progress.nothing()
        });
        let (sockets, bytes) = (plan.agents, plan.scenario.datagram_bytes());
        let measured = tokio::select! {
            measured = calibrate::measure(sockets, bytes, CALIBRATION) => measured,
            () = stop.cancelled() => return Err(LoadError::Interrupted),
        };
        match measured {
            Ok(limit) => report.limit = Some(limit),
            Err(error) => tracing::warn!(%error, "plain sockets were not measured"),
        }
    }
    progress.send(Progress { phase: Phase::Accounts, ..progress.nothing() });
    let made = |connected| {
        progress.send(Progress { phase: Phase::Accounts, connected, ..progress.nothing() });
    };
    let accounts = tokio::select! {
        accounts = accounts(&plan.accounts, plan.agents, made) => accounts?,
        () = stop.cancelled() => return Err(LoadError::Interrupted),
    };
    Ok((Arc::new(Shared::new(plan.clone(), cast(plan), accounts)), meter))
}

/// Where progress is reported.
struct ProgressSender {
    progress: watch::Sender<Progress>,
    wanted: usize,
}

impl ProgressSender {
    fn nothing(&self) -> Progress {
        Progress { wanted: self.wanted, ..Progress::default() }
    }

    fn send(&self, progress: Progress) {
        self.progress.send_replace(progress);
    }
}

/// The agents' tasks; those that did not get in say why.
type Tasks = JoinSet<Result<(), EntryError>>;

struct Director {
    progress: ProgressSender,
    stop: CancellationToken,
    shared: Arc<Shared>,
    meter: Meter,
    health: Health,
    /// Which, since when, how long.
    phase: (Phase, Timestamp, Duration),
    most: usize,
    ran: Duration,
    /// Copies and logins within the scenario's time.
    in_time: (u64, u64),
}

impl Director {
    async fn play(&mut self, report: &mut Report) -> Option<LoadError> {
        self.meter.begin(self.shared.now());
        if let Scenario::Login { connections, enter } = self.shared.plan.scenario {
            return self.play_logins(connections, enter, report).await;
        }
        let mut tasks = self.spawn_agents();
        let filled = self.fill(&mut tasks).await;
        self.note_filling(report);
        let (error, missing) = match filled {
            Ok(missing) => (self.perform().await.err(), missing),
            Err(error) => (Some(error), None),
        };
        self.leave(&mut tasks, error.as_ref()).await;
        let verdict = verdict(&self.shared.totals());
        error.or(verdict).or(missing)
    }

    // --- agents of a region -----------------------------------------------------------------

    fn spawn_agents(&self) -> Tasks {
        let mut tasks = JoinSet::new();
        for number in 0..self.shared.plan.agents {
            let shared = self.shared.clone();
            let wait = shared.plan.ramp.map_or(0.0, |ramp| number as f64 / ramp);
            let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX);
            tasks.spawn(async move {
                tokio::select! {
                    () = sleep(wait) => {}
                    () = shared.leaving.cancelled() => return Err(EntryError::Leaving),
                }
                come_and_go(shared, number).await
            });
        }
        tasks
    }

    /// Until all agents are in, or failed; gives what is to be said if only some are in.
    async fn fill(&mut self, tasks: &mut Tasks) -> Result<Option<LoadError>, LoadError> {
        self.enter_phase(Phase::Filling, Duration::ZERO);
        let wanted = self.shared.plan.agents;
        let mut first: Option<EntryError> = None;
        let mut failed = 0;
        loop {
            while let Some(ended) = tasks.try_join_next() {
                if let Ok(Err(error)) = ended {
                    let kind =
                        if matches!(error, EntryError::Login(_)) { "login" } else { "entry" };
                    self.shared.totals().trouble(kind, &error.to_string(), 1);
                    failed += 1;
                    first.get_or_insert(error);
                }
            }
            let away = self.shared.count(Presence::Away);
            if let Some(error) = &first {
                let nobody = away == wanted;
                if nobody && failed >= wanted.min(ENOUGH_FAILURES) {
                    return Err(self.nobody(error, failed as u64));
                }
            }
            if away <= failed {
                let entered = wanted - failed;
                return Ok(first.map(|error| LoadError::SomeStayedOut {
                    wanted,
                    entered,
                    reason: error.to_string(),
                }));
            }
            self.tick(TICK).await?;
            self.health_of_circuits()?;
        }
    }

    fn nobody(&self, first: &EntryError, count: u64) -> LoadError {
        let url = self.shared.plan.login_uri.clone();
        match first {
            EntryError::Login(error) => match error {
                ClientError::Connect { reason, .. } => {
                    LoadError::NoGrid { url, reason: reason.clone() }
                }
                ClientError::TimedOut(..) => LoadError::NoGrid { url, reason: error.to_string() },
                ClientError::Refused { .. } => {
                    LoadError::Refused { count, reason: error.to_string() }
                }
                ClientError::Http { reason, .. } | ClientError::BadAnswer { reason, .. } => {
                    LoadError::Nonsense { url, reason: reason.clone() }
                }
                _ => LoadError::Nonsense { url, reason: error.to_string() },
            },
            other => LoadError::NobodyGotIn { reason: other.to_string() },
        }
    }

    /// The scenario and what is under way at its end.
    async fn perform(&mut self) -> Result<(), LoadError> {
        self.settle().await?;
        let duration = self.shared.plan.duration;
        let start = self.shared.now() + LEAD;
        self.shared.set_span(start, start + duration);
        self.shared.set_stage(Stage::Running);
        self.enter_phase(Phase::Running, duration);
        let result = self.run_until(start, start + duration).await;
        if matches!(result, Err(LoadError::ServerDied { .. })) {
            return result;
        }
        if result.is_err() {
            self.shared.set_span(start, self.shared.now().max(start));
        }
        self.shared.set_stage(Stage::Draining);
        self.drain(result.is_err()).await?;
        result
    }

    /// Until the time to settle is over.
    async fn settle(&mut self) -> Result<(), LoadError> {
        let settle = self.shared.plan.settle;
        if settle.is_zero() {
            return Ok(());
        }
        self.enter_phase(Phase::Settling, settle);
        let until = self.shared.now() + settle;
        while self.shared.now() < until {
            self.tick(TICK.min(until.since(self.shared.now()))).await?;
            self.health_of_circuits()?;
        }
        Ok(())
    }

    async fn run_until(&mut self, start: Timestamp, end: Timestamp) -> Result<(), LoadError> {
        sleep(start.since(self.shared.now())).await;
        self.meter.start();
        let logins = self.shared.totals().logins;
        let result = loop {
            let left = end.since(self.shared.now());
            if left.is_zero() {
                break Ok(());
            }
            let ticked = self.tick(TICK.min(left)).await;
            if let Err(error) = ticked.and_then(|()| self.check_health()) {
                break Err(error);
            }
        };
        self.ran = self.shared.now().since(start);
        self.meter.end(self.ran);
        let logins = self.shared.totals().logins - logins;
        self.in_time = (self.shared.delivered(), logins);
        result
    }

    /// Until everything that was sent is heard; not longer than the plan says, and not long after
    /// somebody pressed Ctrl-C.
    async fn drain(&mut self, hasty: bool) -> Result<(), LoadError> {
        let most = self.shared.plan.drain;
        let most = if hasty { most.min(HASTY_DRAIN) } else { most };
        self.enter_phase(Phase::Draining, most);
        let until = self.shared.now() + most;
        while !self.all_heard() && self.shared.now() < until {
            sleep(TICK).await;
            self.observe()?;
            self.health_of_circuits()?;
        }
        Ok(())
    }

    fn all_heard(&self) -> bool {
        let shared = &self.shared;
        let all = || shared.seats.iter().zip(&shared.parts);
        let is_present = |presence| presence == Presence::Present;
        if !all()
            .all(|(seat, _)| seat.silent.load(Ordering::Relaxed) || !is_present(seat.presence()))
        {
            return false;
        }
        let speakers = all().filter(|(seat, _)| is_present(seat.presence()));
        let said: u64 = speakers.map(|(seat, _)| u64::from(seat.sent(Way::Chat))).sum();
        all().filter(|(seat, part)| part.counts && is_present(seat.presence())).all(
            |(seat, part)| {
                let friend = part.pen_friend.and_then(|number| shared.seats.get(number));
                let written = friend.map_or(0, |seat| u64::from(seat.sent(Way::Im)));
                seat.delivered.load(Ordering::Relaxed) >= said + written
            },
        )
    }

    async fn leave(&mut self, tasks: &mut Tasks, error: Option<&LoadError>) {
        self.enter_phase(Phase::Leaving, Duration::ZERO);
        if matches!(error, Some(LoadError::ServerDied { .. })) {
            self.shared.abandoned.store(true, Ordering::Relaxed);
        }
        self.shared.set_stage(Stage::Leaving);
        let until = self.shared.now() + FAREWELLS;
        while !tasks.is_empty() && self.shared.now() < until {
            let _ = tokio::time::timeout(TICK, tasks.join_next()).await;
            // Whether the server dies now no longer matters.
            let _ = self.observe();
        }
        tasks.abort_all();
    }

    // --- all the time ---------------------------------------------------------------------

    fn enter_phase(&mut self, phase: Phase, total: Duration) {
        self.phase = (phase, self.shared.now(), total);
        self.send_progress();
    }

    /// Sleeps a little, then looks; an error when the user wants to stop.
    async fn tick(&mut self, time: Duration) -> Result<(), LoadError> {
        tokio::select! {
            () = self.stop.cancelled() => return Err(LoadError::Interrupted),
            () = sleep(time) => {}
        }
        self.observe()
    }

    fn observe(&mut self) -> Result<(), LoadError> {
        let now = self.shared.now();
        self.most = self.most.max(connected(&self.shared));
        let observed =
            if self.meter.is_due(now) { self.meter.second(now, &self.shared) } else { Ok(()) };
        self.send_progress();
        observed
    }

    fn check_health(&mut self) -> Result<(), LoadError> {
        if matches!(self.shared.plan.scenario, Scenario::Login { .. }) {
            self.health.check_logins(self.shared.now(), &self.shared)
        } else {
            self.health_of_circuits()
        }
    }

    fn health_of_circuits(&mut self) -> Result<(), LoadError> {
        self.health.check_circuits(self.shared.now(), &self.shared)
    }

    fn send_progress(&self) {
        let (phase, since, total) = self.phase;
        let totals = self.shared.totals();
        let (logins, errors) = (totals.logins, totals.errors);
        drop(totals);
        let is_login = matches!(self.shared.plan.scenario, Scenario::Login { .. });
        let (sent, delivered) =
            if is_login { (logins, logins) } else { (self.shared.sent(), self.shared.delivered()) };
        self.progress.send(Progress {
            phase,
            elapsed: self.shared.now().since(since),
            total,
            wanted: self.progress.wanted,
            connected: connected(&self.shared),
            sent,
            delivered,
            delivered_per_s: self.meter.recent_rate(is_login),
            errors,
        });
    }

    // --- the end ----------------------------------------------------------------------------

    fn note_filling(&self, report: &mut Report) {
        let totals = self.shared.totals();
        let seconds = self.shared.now().since(self.phase.1).as_secs_f64();
        report.filling = Filling {
            seconds,
            logins: totals.logins,
            logins_per_s: rate(totals.logins, seconds),
            login_ms: totals.login.percentiles(),
        };
    }

    fn finish(mut self, report: &mut Report) {
        // What came since the last full second; a server that is gone is no news any more.
        let _ = self.meter.second(self.shared.now(), &self.shared);
        let (copies, logins) = self.in_time;
        let is_login = matches!(self.shared.plan.scenario, Scenario::Login { .. });
        let ran = self.ran.as_secs_f64();
        let totals = self.shared.totals();
        report.connected = self.most;
        report.duration_s = ran;
        report.sent = self.shared.sent();
        report.expected = totals.expected;
        report.lost = totals.lost;
        report.doubled = totals.doubled;
        let abandoned = self.shared.abandoned.load(Ordering::Relaxed);
        report.delivered = if abandoned { self.shared.delivered() } else { totals.arrived };
        report.delivered_per_s = rate(copies, ran);
        report.latency_ms = totals.latency.whole.percentiles();
        report.login_ms = totals.login.percentiles();
        report.logins = totals.logins;
        report.logins_per_s = if is_login { rate(logins, ran) } else { 0.0 };
        report.freshness = (totals.looks > 0).then(|| Freshness {
            nearest_20_ms: totals.nearest.whole.percentiles(),
            all_ms: totals.all.percentiles(),
            known: totals.known as f64 / totals.looks as f64,
        });
        report.messages = totals.traffic();
        report.datagrams = totals.datagrams;
        report.errors.clone_from(&totals.troubles);
        drop(totals);
        let work = if is_login { logins } else { copies };
        (report.series, report.server, report.tool) = self.meter.finish(work);
        if let (Some(limit), Some(server)) = (&mut report.limit, &report.server)
            && !is_login
            && server.delivered_per_cpu_s > 0.0
        {
            set_ratio(limit, server.delivered_per_cpu_s);
        }
        self.progress.send(Progress {
            phase: Phase::Done,
            sent: report.sent,
            delivered: report.delivered,
            delivered_per_s: report.delivered_per_s,
            ..self.progress.nothing()
        });
    }
}

fn set_ratio(limit: &mut Limit, delivered_per_cpu_s: f64) {
    if limit.send_to_per_cpu_s > 0.0 {
        limit.ratio = Some(delivered_per_cpu_s / limit.send_to_per_cpu_s);
    }
}

fn rate(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

/// Between two looks at everything.
const TICK: Duration = Duration::from_millis(50);
/// From the signal to start until the start, so that all agents know.
const LEAD: Duration = Duration::from_millis(100);
/// How long plain sockets are measured.
const CALIBRATION: Duration = Duration::from_secs(2);
/// Failed entries after which nobody else is expected to get in.
const ENOUGH_FAILURES: usize = 4;
/// How long messages under way are waited for when the user wants to stop.
const HASTY_DRAIN: Duration = Duration::from_secs(2);
/// How long all logouts together may take.
const FAREWELLS: Duration = Duration::from_secs(8);

/// What the agents' books say.
fn verdict(totals: &Totals) -> Option<LoadError> {
    let fell = totals.troubles.iter().find(|trouble| trouble.kind == "circuit");
    if let Some(fell) = fell {
        return Some(LoadError::FellOut { count: fell.count, reason: fell.text.clone() });
    }
    if totals.lost > 0 || totals.doubled > 0 {
        return Some(LoadError::Lost {
            expected: totals.expected,
            lost: totals.lost,
            doubled: totals.doubled,
        });
    }
    let foreign = totals.troubles.iter().find(|trouble| trouble.kind == "foreign");
    let (unacked, foreign) = (totals.unacked, foreign.map_or(0, |trouble| trouble.count));
    (unacked > 0 || foreign > 0).then_some(LoadError::Astray { unacked, foreign })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_failures_fail_the_run() {
        let mut totals = Totals::default();
        assert_eq!(verdict(&totals), None);
        totals.trouble("logout", "no answer", 1);
        assert_eq!(verdict(&totals), None, "counted, but no failure");
        totals.trouble("foreign", "a text of others", 2);
        assert_eq!(verdict(&totals), Some(LoadError::Astray { unacked: 0, foreign: 2 }));
        totals.unacked = 1;
        assert_eq!(verdict(&totals), Some(LoadError::Astray { unacked: 1, foreign: 2 }));
        totals.doubled = 3;
        let lost = LoadError::Lost { expected: 0, lost: 0, doubled: 3 };
        assert_eq!(verdict(&totals), Some(lost));
    }
}
