//! The rules of one event queue, without clock, task or HTTP: how and when a poll is answered. The
//! shell ([`super::EventQueue`]) only waits and wakes.
//!
//! The invariant: a batch that was sent stays `pending` until a later poll acknowledges its id, so
//! an answer that is lost is sent again and never silently missed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

pub use crate::config::IdleAnswer;
use crate::time::Timestamp;

/// Bounds and timing of an event queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQueueSettings {
    /// How long an idle poll is held. Viewers count an error before 10 s as a failure and hang up
    /// at 30 s, so 11 s to 29 s are sensible.
    pub hold: Duration,
    /// How an idle poll ends.
    pub idle: IdleAnswer,
    /// Most events that wait for the next batch.
    pub max_events: usize,
    /// Most bytes (estimated size as XML) that wait for the next batch; viewers read about 1 MB.
    pub max_bytes: usize,
    /// How often one batch is handed out before it is given up: a client that cannot read a batch
    /// must not get it without end.
    pub max_deliveries: u32,
}

impl Default for EventQueueSettings {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(25),
            idle: IdleAnswer::default(),
            max_events: 2048,
            max_bytes: 1 << 20,
            max_deliveries: 5,
        }
    }
}

/// Events handed out together.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch<E> {
    /// The number the client acknowledges; positive, new for every batch.
    pub id: i32,
    /// The events in the order in which they were queued.
    pub events: Vec<E>,
}

/// How a poll is answered.
#[derive(Debug)]
pub enum Answer<E> {
    /// 200 with these events.
    Batch(Arc<Batch<E>>),
    /// 200 with no events and this id, which no batch has or will have.
    Empty(i32),
    /// 502 with an empty body.
    BadGateway,
    /// 200 with undef: the client said that it is done.
    Done,
    /// 404: the agent is gone.
    Gone,
}

/// A poll that waits.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    number: u64,
    started: Timestamp,
}

/// What becomes of a poll for now.
#[derive(Debug)]
pub enum Progress<E> {
    /// It is over.
    Answer(Answer<E>),
    /// Ask again when the queue was touched, or at this time.
    WaitUntil(Timestamp),
}

/// Why an event was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PushError {
    /// As many events as allowed wait already.
    #[error("event queue is full")]
    Full,
    /// The client or the agent is gone.
    #[error("event queue is closed")]
    Closed,
}

/// What happened in a queue so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Events accepted.
    pub queued: u64,
    /// Batches handed out for the first time.
    pub batches: u64,
    /// Batches handed out again.
    pub redelivered: u64,
    /// Events refused because the queue was full. Not zero marks a queue that lost something.
    pub dropped_full: u64,
    /// Events refused or thrown away because the client or the agent was gone.
    pub dropped_closed: u64,
    /// Events in batches that were never acknowledged.
    pub dropped_undelivered: u64,
}

/// The state of one event queue.
#[derive(Debug)]
pub struct QueueState<E> {
    settings: EventQueueSettings,
    last_id: i32,
    queued: VecDeque<E>,
    queued_bytes: usize,
    pending: Option<Pending<E>>,
    /// The client has returned some id, so it has read at least one answer.
    acknowledged: bool,
    greetings: u32,
    /// Polls that wait, oldest first; only the last one gets events.
    waiting: VecDeque<Ticket>,
    next_ticket: u64,
    phase: Phase,
    counts: QueueCounts,
}

impl<E> QueueState<E> {
    /// An empty queue whose first id follows `seed`; real grids start at a random number.
    pub fn new(settings: EventQueueSettings, seed: u32) -> Self {
        Self {
            settings,
            last_id: (seed % HIGHEST_FIRST_ID) as i32,
            queued: VecDeque::new(),
            queued_bytes: 0,
            pending: None,
            acknowledged: false,
            greetings: 0,
            waiting: VecDeque::new(),
            next_ticket: 0,
            phase: Phase::Open,
            counts: QueueCounts::default(),
        }
    }

    /// An empty queue of the same settings whose ids begin far from those of this one.
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self::new(
            self.settings.clone(),
            self.last_id.cast_unsigned().wrapping_add(HIGHEST_FIRST_ID / 2),
        )
    }

    /// Queues an event of about `bytes` bytes. Wake the waiting polls afterwards.
    ///
    /// # Errors
    /// When the queue is full or closed; the event is then counted and gone.
    pub fn push(&mut self, event: E, bytes: usize) -> Result<(), PushError> {
        if self.phase != Phase::Open {
            self.counts.dropped_closed += 1;
            return Err(PushError::Closed);
        }
        let total = self.queued_bytes.saturating_add(bytes);
        if self.queued.len() >= self.settings.max_events || total > self.settings.max_bytes {
            self.counts.dropped_full += 1;
            return Err(PushError::Full);
        }
        self.queued.push_back(event);
        self.queued_bytes = total;
        self.counts.queued += 1;
        Ok(())
    }

    /// A poll came in: `ack` as sent (`None` for undef), `done` when the client wants to stop.
    /// Gives a ticket for [`resume`](Self::resume). Wake the other polls afterwards.
    ///
    /// # Errors
    /// The answer, when the poll need not wait.
    pub fn poll(
        &mut self,
        now: Timestamp,
        ack: Option<i32>,
        done: bool,
    ) -> Result<Ticket, Answer<E>> {
        if done {
            self.shut(Phase::Finished);
            return Err(Answer::Done);
        }
        match self.phase {
            Phase::Gone => return Err(Answer::Gone),
            // A client that said done and polls again has changed its mind.
            Phase::Finished => self.phase = Phase::Open,
            Phase::Open => {}
        }
        // Some clients read id 0 as none and send it in place of undef.
        let ack = ack.filter(|&id| id != 0);
        self.acknowledged |= ack.is_some();
        if let Some(pending) = &mut self.pending {
            if ack == Some(pending.batch.id) {
                self.pending = None;
            } else if pending.deliveries < self.settings.max_deliveries {
                pending.deliveries += 1;
                self.counts.redelivered += 1;
                return Err(Answer::Batch(Arc::clone(&pending.batch)));
            } else {
                self.counts.dropped_undelivered += pending.batch.events.len() as u64;
                self.pending = None;
            }
        }
        if let Some(batch) = self.next_batch() {
            return Err(Answer::Batch(batch));
        }
        // Libremetaverse takes the queue for running only after the first answer with status 200,
        // so a client that has not acknowledged anything is not kept waiting.
        if !self.acknowledged && ack.is_none() && self.greetings < MAX_GREETINGS {
            self.greetings += 1;
            return Err(Answer::Empty(self.new_id()));
        }
        if self.waiting.len() >= MAX_PARALLEL_POLLS {
            self.waiting.pop_front();
        }
        let ticket = Ticket { number: self.next_ticket, started: now };
        self.next_ticket += 1;
        self.waiting.push_back(ticket);
        Ok(ticket)
    }

    /// Asks whether a waiting poll can be answered now.
    pub fn resume(&mut self, now: Timestamp, ticket: &Ticket) -> Progress<E> {
        let newest = self.waiting.back().map(|newest| newest.number);
        let newest = newest == Some(ticket.number);
        if newest && let Some(batch) = self.next_batch() {
            self.abandon(ticket);
            return Progress::Answer(Answer::Batch(batch));
        }
        if self.phase != Phase::Open {
            self.abandon(ticket);
            return Progress::Answer(Answer::Gone);
        }
        // A poll that a newer one has replaced most likely belongs to a dead connection. Ending
        // it early would be an error to a viewer, and would let two live loops chase each other.
        let hold = if newest { self.settings.hold } else { self.settings.hold.min(EARLIEST_502) };
        let until = ticket.started + hold;
        let evicted = !self.waiting.iter().any(|other| other.number == ticket.number);
        if now < until && !evicted {
            return Progress::WaitUntil(until);
        }
        self.abandon(ticket);
        let late = now.since(ticket.started) >= EARLIEST_502;
        Progress::Answer(match self.settings.idle {
            IdleAnswer::BadGateway if late => Answer::BadGateway,
            IdleAnswer::BadGateway | IdleAnswer::Empty => Answer::Empty(self.new_id()),
        })
    }

    /// The client of a waiting poll is gone; its events stay for the next poll.
    pub fn abandon(&mut self, ticket: &Ticket) {
        self.waiting.retain(|other| other.number != ticket.number);
    }

    /// The agent is gone: a waiting poll gets what is queued or [`Answer::Gone`], later ones
    /// [`Answer::Gone`]. Wake the waiting polls afterwards.
    pub fn close(&mut self) {
        if self.waiting.is_empty() {
            self.shut(Phase::Gone);
        } else {
            self.phase = Phase::Gone;
        }
    }

    /// What happened so far.
    pub fn counts(&self) -> QueueCounts {
        self.counts
    }

    /// Events that wait for a first or a confirmed delivery.
    pub fn backlog(&self) -> usize {
        self.queued.len() + self.pending.as_ref().map_or(0, |pending| pending.batch.events.len())
    }

    /// Polls that wait.
    pub fn open_polls(&self) -> usize {
        self.waiting.len()
    }

    fn next_batch(&mut self) -> Option<Arc<Batch<E>>> {
        if self.queued.is_empty() {
            return None;
        }
        self.queued_bytes = 0;
        let events = std::mem::take(&mut self.queued).into();
        let batch = Arc::new(Batch { id: self.new_id(), events });
        self.counts.batches += 1;
        if self.phase == Phase::Open {
            self.pending = Some(Pending { batch: Arc::clone(&batch), deliveries: 1 });
        }
        Some(batch)
    }

    /// Never 0, which some clients read as "no id", and never negative.
    fn new_id(&mut self) -> i32 {
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        self.last_id
    }

    fn shut(&mut self, phase: Phase) {
        if self.phase != Phase::Gone {
            self.phase = phase;
        }
        self.counts.dropped_closed += self.queued.len() as u64;
        self.queued = VecDeque::new();
        self.queued_bytes = 0;
        self.pending = None;
    }
}

#[derive(Debug)]
struct Pending<E> {
    batch: Arc<Batch<E>>,
    deliveries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// The client said `done`.
    Finished,
    /// The agent is gone.
    Gone,
}

/// A 502 that comes earlier counts as a failure in viewers; ten of them end the session there.
const EARLIEST_502: Duration = Duration::from_secs(10);
const HIGHEST_FIRST_ID: u32 = 30_000_000;
const MAX_GREETINGS: u32 = 3;
const MAX_PARALLEL_POLLS: usize = 4;

#[cfg(test)]
impl<E> QueueState<E> {
    pub(super) fn last_id_for_test(&mut self, id: i32) {
        self.last_id = id;
    }
}
