//! Login, seed, circuit, entry and logout, each step with a deadline.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use smallvec::SmallVec;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::ears::Ears;
use super::eyes::Eyes;
use super::feet::Feet;
use super::group::GroupNews;
use super::queue::poll_events;
use super::socket::{self, Waiter};
use super::voice::Voice;
use super::{Agent, End, News};
use crate::circuit::{AckCarrier, Circuit, CircuitConfig};
use crate::client::{Caps, ClientError, LoginAnswer, LoginOptions};
use crate::llsd::Llsd;
use crate::load::cast::Part;
use crate::load::plan::Manner;
use crate::load::shared::{Presence, Shared, Stage, nanos};
use crate::load::tally::Tally;
use crate::message::{
    AgentThrottle, CompleteAgentMovement, LogoutRequest, Quaternion, TeleportLocationRequest,
    UseCircuitCode, Vector3,
};
use crate::time::Timestamp;

/// Why an agent did not get in.
#[derive(Debug, Error)]
pub(in crate::load) enum EntryError {
    /// The login failed.
    #[error(transparent)]
    Login(ClientError),
    /// The seed capability failed.
    #[error("seed capability: {0}")]
    Seed(ClientError),
    /// The grid sent the agent to another machine.
    #[error("the grid sends agents to {0}, which is not this machine (see --i-own-this-grid)")]
    Elsewhere(String),
    /// No socket.
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
    /// A step of the entry was not answered.
    #[error("waited {0:?} for {1}")]
    TimedOut(Duration, &'static str),
    /// The circuit ended before the agent was in.
    #[error("on entry: {0}")]
    Ended(String),
    /// Everybody leaves.
    #[error("told to leave")]
    Leaving,
}

/// The whole life of one agent of a region: comes, does its part, goes; guests do so again and
/// again.
pub(in crate::load) async fn come_and_go(
    shared: Arc<Shared>,
    number: usize,
) -> Result<(), EntryError> {
    let (Some(part), Some(seat)) = (shared.parts.get(number).copied(), shared.seats.get(number))
    else {
        return Ok(());
    };
    let mut first = true;
    loop {
        let leaving = shared.leaving.clone();
        let entered = tokio::select! {
            entered = enter(&shared, number, part) => entered,
            () = leaving.cancelled() => Err(EntryError::Leaving),
        };
        let mut agent = match entered {
            Ok(agent) => agent,
            Err(error) if first => return Err(error),
            Err(EntryError::Leaving) => return Ok(()),
            Err(error) => {
                seat.set_presence(Presence::Fallen);
                let text = format!("did not get in again: {error}");
                shared.totals().trouble(part.fall(), &text, 1);
                return Ok(());
            }
        };
        seat.heard_at.store(nanos(shared.now()), Ordering::Relaxed);
        seat.set_presence(Presence::Present);
        let leave_at = match part.churns {
            Some((stay, first_stay)) => agent.time_up(if first { first_stay } else { stay }).await,
            None => None,
        };
        first = false;
        match agent.live(leave_at).await {
            End::Fell(reason) => {
                seat.set_presence(Presence::Fallen);
                agent.stop_polling();
                let now = shared.now();
                agent.hand_in(now, true);
                shared.totals().trouble(part.fall(), &reason, 1);
                return Ok(());
            }
            End::TimeUp => {
                seat.set_presence(Presence::Away);
                agent.leave().await;
            }
            End::Over => {
                // Still present for the balance of the others, which count what it sent.
                agent.leave().await;
                return Ok(());
            }
        }
    }
}

/// Logs in, once more if the grid says that an older session had to be ended first.
pub(in crate::load) async fn log_in(
    shared: &Shared,
    number: usize,
) -> Result<LoginAnswer, ClientError> {
    let Some(account) = shared.accounts.get(number) else {
        return Err(ClientError::MissingField("account"));
    };
    let options =
        LoginOptions::new(&shared.plan.login_uri, &account.first, &account.last, &account.password);
    let mut tries = 1;
    loop {
        match LoginAnswer::request(&shared.http, &options).await {
            Ok(mut login) => {
                // Thousands of inventories are no use to anybody.
                login.fields = Llsd::Undef;
                return Ok(login);
            }
            Err(ClientError::Refused { reason, .. })
                if reason == "presence" && tries < MAX_TRIES =>
            {
                tries += 1;
                tokio::time::sleep(PRESENCE_PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn enter(shared: &Arc<Shared>, number: usize, part: Part) -> Result<Agent, EntryError> {
    let door = shared.doors.acquire().await;
    let begun = shared.now();
    let login = log_in(shared, number).await.map_err(EntryError::Login)?;
    if let Some(seat) = shared.seats.get(number) {
        // The same account has the same id each time.
        let _ = seat.agent.set(login.agent_id);
    }
    let mut agent = Agent::open(shared.clone(), number, part, login).await?;
    let caps = Caps::request(&shared.http, &agent.login.seed).await.map_err(EntryError::Seed)?;
    if !shared.plan.own_grid {
        caps.urls().try_for_each(|url| check_host(&shared.plan.login_uri, url))?;
    }
    drop(door);
    agent.arrive().await?;
    let took = shared.now().since(begun);
    {
        let mut totals = shared.totals();
        totals.logins += 1;
        totals.login.record(took);
    }
    agent.settle(part).await?;
    // The way into a session is by the event queue, whatever the manner later.
    let polls = part.manner == Manner::Viewer;
    if polls || part.in_group {
        tokio::spawn(poll_events(shared.clone(), number, caps, agent.polling.clone()));
    }
    if part.in_group {
        agent.enter_group().await?;
    }
    if !polls {
        agent.stop_polling();
    }
    agent.manner = part.manner;
    Ok(agent)
}

impl Agent {
    /// An agent whose circuit is about to open.
    pub(in crate::load) async fn open(
        shared: Arc<Shared>,
        number: usize,
        part: Part,
        login: LoginAnswer,
    ) -> Result<Self, EntryError> {
        if !shared.plan.own_grid {
            check_is_here(&shared.plan.login_uri, &login)?;
        }
        let wake = match shared.seats.get(number) {
            Some(seat) => seat.wake.clone(),
            None => Arc::default(),
        };
        let mut voices = SmallVec::new();
        voices.extend(part.speech.map(|speech| Voice::new(speech, None)));
        voices.extend(part.letters.map(|(speech, to)| Voice::new(speech, Some(to))));
        let seed = shared.plan.seed.wrapping_add((number as u64).wrapping_mul(0x9E37_79B9));
        let feet = part.place.filter(|_| part.walks);
        Ok(Self {
            socket: socket::open(login.simulator).await?,
            circuit: Circuit::new(circuit_config(), shared.now()),
            waiter: Waiter::new(wake),
            out: BytesMut::new(),
            tally: Tally::default(),
            tally_due: None,
            news: News::default(),
            group: GroupNews::default(),
            ears: Ears::default(),
            voices,
            feet: feet.map(|radius| Feet::new(radius, fastrand::Rng::with_seed(seed), number)),
            eyes: part.looks.then(|| Eyes::new(number)),
            polling: CancellationToken::new(),
            manner: Manner::Viewer,
            shared,
            number,
            part,
            login,
        })
    }

    /// Opens the circuit.
    pub(in crate::load) async fn use_circuit_code(&mut self) -> Result<(), EntryError> {
        let mut open = UseCircuitCode::default();
        open.circuit_code.code = self.login.circuit_code.0;
        open.circuit_code.session_id = self.login.session_id.0;
        open.circuit_code.id = self.login.agent_id.0;
        self.send(self.shared.now(), &open, true);
        self.until("the ack of UseCircuitCode", STEP, |agent| {
            agent.circuit.stats().packets_out > 0 && agent.circuit.stats().unacked_packets == 0
        })
        .await
    }

    /// Opens the circuit and enters the region.
    pub(in crate::load) async fn arrive(&mut self) -> Result<(), EntryError> {
        self.use_circuit_code().await?;
        let now = self.shared.now();
        let mut movement = CompleteAgentMovement::default();
        movement.agent_data.agent_id = self.login.agent_id.0;
        movement.agent_data.session_id = self.login.session_id.0;
        movement.agent_data.circuit_code = self.login.circuit_code.0;
        self.send(now, &movement, true);
        let mut throttle = AgentThrottle::default();
        throttle.agent_data.agent_id = self.login.agent_id.0;
        throttle.agent_data.session_id = self.login.session_id.0;
        throttle.agent_data.circuit_code = self.login.circuit_code.0;
        throttle.throttle.throttles = throttles();
        self.send(now, &throttle, true);
        self.until("RegionHandshake and AgentMovementComplete", STEP, |agent| {
            agent.news.handshake && agent.news.arrived
        })
        .await
    }

    /// Says how it stands, and goes to its place.
    async fn settle(&mut self, part: Part) -> Result<(), EntryError> {
        let standing = self.agent_update(Quaternion::IDENTITY, 0);
        self.send(self.shared.now(), &standing, true);
        let Some(radius) = part.place else { return Ok(()) };
        let seed = self.shared.plan.seed ^ (self.number as u64 + 1).wrapping_mul(0xA076_1D64);
        let (x, y) = Feet::somewhere(radius, &mut fastrand::Rng::with_seed(seed));
        let mut teleport = TeleportLocationRequest::default();
        teleport.agent_data.agent_id = self.login.agent_id.0;
        teleport.agent_data.session_id = self.login.session_id.0;
        teleport.info.region_handle = self.login.region_handle.0;
        teleport.info.position = Vector3::new(x, y, ALTITUDE);
        teleport.info.look_at = Vector3::new(1.0, 0.0, 0.0);
        self.send(self.shared.now(), &teleport, true);
        self.until("TeleportLocal", STEP, |agent| agent.news.teleported).await
    }

    /// Logs out and waits for the answer; a server that gives none is not waited for long.
    pub(in crate::load) async fn leave(&mut self) {
        if self.shared.stage() == Stage::Leaving {
            self.balance();
        }
        self.stop_polling();
        self.manner = Manner::Viewer;
        self.voices.clear();
        if self.shared.abandoned.load(Ordering::Relaxed) {
            self.hand_in(self.shared.now(), true);
            return;
        }
        let mut logout = LogoutRequest::default();
        logout.agent_data.agent_id = self.login.agent_id.0;
        logout.agent_data.session_id = self.login.session_id.0;
        let now = self.shared.now();
        self.send(now, &logout, true);
        let answered = self.until("LogoutReply", FAREWELL, |agent| agent.news.logged_out).await;
        if matches!(answered, Err(EntryError::TimedOut(..) | EntryError::Ended(_))) {
            let text = "no LogoutReply came";
            self.shared.totals().trouble("logout", text, 1);
        }
        let now = self.shared.now();
        // The ack of the reply must leave before the socket goes.
        self.circuit.handle_timeout(now + ACK_DELAY);
        self.transmit(now);
        self.hand_in(now, true);
    }

    fn stop_polling(&self) {
        self.polling.cancel();
    }

    /// Tells the totals what it should have heard and has.
    fn balance(&self) {
        if self.part.counts {
            let balance = self.ears.balance(&self.shared, self.part.pen_friend);
            self.shared.totals().balance(balance.expected, balance.delivered, balance.lost);
            if balance.invented > 0 {
                let text = "a numbered message was heard that was never sent";
                self.shared.totals().trouble("foreign", text, balance.invented);
            }
        }
    }

    /// When a guest goes: so many seconds after the scenario starts, or from now on.
    async fn time_up(&mut self, seconds: f64) -> Option<Timestamp> {
        while self.shared.stage() == Stage::Filling && self.news.ended.is_none() {
            let more = self.turn();
            self.wait(more, None).await;
        }
        let from = self.shared.start().max(self.shared.now());
        Some(from + Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    /// Goes on until `done`.
    pub(super) async fn until(
        &mut self,
        what: &'static str,
        within: Duration,
        done: impl Fn(&Self) -> bool,
    ) -> Result<(), EntryError> {
        let deadline = self.shared.now() + within;
        loop {
            let more = self.turn();
            if done(self) {
                return Ok(());
            }
            if let Some(reason) = &self.news.ended {
                return Err(EntryError::Ended(reason.clone()));
            }
            if self.shared.abandoned.load(Ordering::Relaxed) {
                return Err(EntryError::Leaving);
            }
            if self.shared.now() >= deadline {
                return Err(EntryError::TimedOut(within, what));
            }
            self.wait(more, Some(deadline)).await;
        }
    }
}

/// Refuses a login answer that leads to another machine. The login URI's own host was checked.
fn check_is_here(login_uri: &str, login: &LoginAnswer) -> Result<(), EntryError> {
    if !login.simulator.ip().is_loopback() {
        return Err(EntryError::Elsewhere(login.simulator.to_string()));
    }
    check_host(login_uri, &login.seed)
}

/// Refuses a URL whose host is neither that of the login URI nor this machine by name or address.
fn check_host(login_uri: &str, url: &str) -> Result<(), EntryError> {
    let host = |address: &str| {
        let uri: Option<hyper::Uri> = address.parse().ok();
        uri.and_then(|uri| uri.host().map(str::to_lowercase)).unwrap_or_default()
    };
    let named = host(url);
    let is_loopback = || {
        let address = named.trim_start_matches('[').trim_end_matches(']');
        address == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    };
    if named == host(login_uri) || is_loopback() {
        Ok(())
    } else {
        Err(EntryError::Elsewhere(url.to_owned()))
    }
}

/// Acks ride on what is sent anyway, or wait as long as viewers let them.
fn circuit_config() -> CircuitConfig {
    CircuitConfig {
        ack_carrier: AckCarrier::Append,
        ack_delay: ACK_DELAY,
        ack_batch: 200,
        ..CircuitConfig::client()
    }
}

/// The rates of a viewer set to 1,500 kbit/s: resend, land, wind, cloud, task, texture, asset.
fn throttles() -> Bytes {
    let mut out = BytesMut::with_capacity(28);
    for kilobits in [150.0, 150.0, 30.0, 30.0, 465.0, 465.0, 210.0_f32] {
        out.put_f32_le(kilobits * 1024.0);
    }
    out.freeze()
}

/// How long one step of the entry may take; the circuit repeats what was lost.
const STEP: Duration = Duration::from_secs(20);
/// How long an agent waits for `LogoutReply`.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long viewers gather acks.
const ACK_DELAY: Duration = Duration::from_millis(100);
/// Logins until a grid that says "presence" is believed.
const MAX_TRIES: u32 = 3;
/// Pause before such a login is tried again.
const PRESENCE_PAUSE: Duration = Duration::from_millis(500);
/// Height at which agents arrive, metres: near the ground of flat regions. Regions put what is
/// below the ground on it.
const ALTITUDE: f32 = 25.0;
