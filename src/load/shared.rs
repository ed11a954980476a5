//! State that the agents of a run and the director share. Agents write their own slot and read the
//! others'; everything else is added to [`Totals`], rarely and under one lock.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::agent::Mail;
use super::cast::{Pace, Part, Speech};
use super::plan::{LoadAccount, Plan};
use super::stamp::Way;
use super::tally::Totals;
use crate::client::{HttpClient, POLL_TIMEOUT};
use crate::ids::{AgentId, GroupId};
use crate::time::{Clock, SystemClock, Timestamp};

/// Where the agents' work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// They come in.
    Filling,
    /// They do what the scenario says, from one moment to another.
    Running,
    /// They only listen.
    Draining,
    /// They log out.
    Leaving,
}

/// What has become of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Not in the region, or no longer, by its own will.
    Away,
    /// In the region.
    Present,
    /// Not by its own will.
    Fallen,
}

/// One agent, as the others see it.
#[derive(Debug, Default)]
pub(super) struct Seat {
    /// Wakes its task.
    pub wake: Arc<Notify>,
    /// Who it is, once it has logged in.
    pub agent: OnceLock<AgentId>,
    /// Nanoseconds of the clock when it last got a datagram.
    pub heard_at: AtomicU64,
    /// The system said that nobody takes its datagrams.
    pub refused: AtomicBool,
    /// Numbered messages that it heard, each once.
    pub delivered: AtomicU64,
    /// What its event queue has brought.
    pub mail: Mail,
    /// It will send no more numbered messages.
    pub silent: AtomicBool,
    presence: AtomicU8,
    sent: [AtomicU32; 2],
    lines: [Lines; 2],
}

/// Lines under way: the number in the high half, hearers that have not heard it in the low one.
#[derive(Debug, Default)]
struct Lines(Box<[AtomicU64]>);

impl Lines {
    fn of(speech: Option<Speech>) -> Self {
        match speech.map(|speech| speech.pace) {
            Some(Pace::Loop { outstanding }) => {
                Self((0..outstanding).map(|_| AtomicU64::new(0)).collect())
            }
            Some(Pace::Rate { .. }) | None => Self::default(),
        }
    }
}

impl Seat {
    /// A seat for who plays this part.
    pub fn new(part: &Part) -> Self {
        let letters = part.letters.map(|(speech, _)| speech);
        Self {
            lines: [Lines::of(part.speech), Lines::of(letters)],
            silent: AtomicBool::new(part.speech.is_none() && letters.is_none()),
            ..Self::default()
        }
    }

    /// Numbered messages that it sent.
    pub fn sent(&self, way: Way) -> u32 {
        self.sent[way as usize].load(Ordering::Relaxed)
    }

    /// It sent one more.
    pub fn count_sent(&self, way: Way) {
        self.sent[way as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Whether everybody has heard what is in a slot.
    pub fn is_done(&self, way: Way, slot: usize) -> bool {
        let line = self.lines[way as usize].0.get(slot);
        line.is_none_or(|line| line.load(Ordering::Relaxed) & HEARERS == 0)
    }

    /// Puts a new line into a slot.
    pub fn begin(&self, way: Way, slot: usize, sequence: u32, hearers: u32) {
        if let Some(line) = self.lines[way as usize].0.get(slot) {
            line.store(u64::from(sequence) << 32 | u64::from(hearers), Ordering::Relaxed);
        }
    }

    /// Somebody has heard a line; wakes the speaker if it was the last who had to.
    pub fn heard(&self, way: Way, slot: u16, sequence: u32) {
        let Some(line) = self.lines[way as usize].0.get(usize::from(slot)) else { return };
        let before = line.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |line| {
            (line >> 32 == u64::from(sequence) && line & HEARERS > 0).then(|| line - 1)
        });
        if before.is_ok_and(|line| line & HEARERS == 1) {
            self.wake.notify_one();
        }
    }

    /// What has become of the agent.
    pub fn presence(&self) -> Presence {
        match self.presence.load(Ordering::Relaxed) {
            0 => Presence::Away,
            1 => Presence::Present,
            _ => Presence::Fallen,
        }
    }

    /// Something has become of the agent.
    pub fn set_presence(&self, presence: Presence) {
        self.presence.store(presence as u8, Ordering::Relaxed);
    }
}

const HEARERS: u64 = u32::MAX as u64;

/// A run, as its agents see it.
pub(super) struct Shared {
    /// What is to be done.
    pub plan: Plan,
    /// Who does what.
    pub parts: Vec<Part>,
    /// Who logs in, by number.
    pub accounts: Vec<LoadAccount>,
    /// Tells this run's messages from those of others.
    pub run: u32,
    /// The one clock of the run.
    pub clock: SystemClock,
    /// One for each agent.
    pub seats: Vec<Seat>,
    /// For requests that are answered at once.
    pub http: HttpClient,
    /// For long polls.
    pub patient: HttpClient,
    /// Logins under way at once.
    pub doors: Semaphore,
    /// Cancelled when the agents are to leave.
    pub leaving: CancellationToken,
    /// The group of the run, once there is one.
    pub group: OnceLock<GroupId>,
    /// Agents of `login` that are logged in.
    pub online: AtomicUsize,
    /// The last login of `login` found nobody who takes connections, or datagrams.
    pub unreachable: AtomicBool,
    /// The server is dead: nobody needs to say goodbye.
    pub abandoned: AtomicBool,
    stage: AtomicU8,
    start: AtomicU64,
    end: AtomicU64,
    totals: Mutex<Totals>,
}

impl Shared {
    /// A run that begins with filling.
    pub fn new(plan: Plan, parts: Vec<Part>, accounts: Vec<LoadAccount>) -> Self {
        Self {
            seats: parts.iter().map(Seat::new).collect(),
            parts,
            accounts,
            run: uuid::Uuid::new_v4().as_u128() as u32,
            clock: SystemClock::new(),
            http: HttpClient::new(LOGIN_TIMEOUT),
            patient: HttpClient::new(POLL_TIMEOUT),
            doors: Semaphore::new(MAX_LOGINS),
            leaving: CancellationToken::new(),
            group: OnceLock::new(),
            online: AtomicUsize::new(0),
            unreachable: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            stage: AtomicU8::new(Stage::Filling as u8),
            start: AtomicU64::new(0),
            end: AtomicU64::new(0),
            totals: Mutex::default(),
            plan,
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where the work is.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Filling,
            1 => Stage::Running,
            2 => Stage::Draining,
            _ => Stage::Leaving,
        }
    }

    /// Goes on to the next stage and tells everybody.
    pub fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
        if stage == Stage::Leaving {
            self.leaving.cancel();
        }
        self.wake_all();
    }

    /// Wakes every agent.
    pub fn wake_all(&self) {
        for seat in &self.seats {
            seat.wake.notify_one();
        }
    }

    /// The scenario runs from `start` to `end`.
    pub fn set_span(&self, start: Timestamp, end: Timestamp) {
        self.start.store(nanos(start), Ordering::Relaxed);
        self.end.store(nanos(end), Ordering::Relaxed);
    }

    /// When the scenario starts; meaningful from [`Stage::Running`] on.
    pub fn start(&self) -> Timestamp {
        timestamp(self.start.load(Ordering::Relaxed))
    }

    /// When it ends.
    pub fn end(&self) -> Timestamp {
        timestamp(self.end.load(Ordering::Relaxed))
    }

    /// What was counted. Held only for a moment.
    pub fn totals(&self) -> MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Agents with this presence.
    pub fn count(&self, presence: Presence) -> usize {
        self.seats.iter().filter(|seat| seat.presence() == presence).count()
    }

    /// Hearers that count and are there.
    pub fn hearers(&self) -> u32 {
        let both = self.seats.iter().zip(&self.parts);
        both.filter(|(seat, part)| part.counts && seat.presence() == Presence::Present).count()
            as u32
    }

    /// Copies that were heard so far.
    pub fn delivered(&self) -> u64 {
        self.seats.iter().map(|seat| seat.delivered.load(Ordering::Relaxed)).sum()
    }

    /// Numbered messages sent so far.
    pub fn sent(&self) -> u64 {
        let sent = |seat: &Seat| u64::from(seat.sent(Way::Chat)) + u64::from(seat.sent(Way::Im));
        self.seats.iter().map(sent).sum()
    }
}

/// Nanoseconds of the clock.
pub(super) fn nanos(at: Timestamp) -> u64 {
    at.since_origin().as_nanos() as u64
}

fn timestamp(nanos: u64) -> Timestamp {
    Timestamp::ZERO + Duration::from_nanos(nanos)
}

/// How long a login may take: a burst of them waits for password hashes.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);
/// Logins under way at once, and so TCP connections for them.
const MAX_LOGINS: usize = 1024;
