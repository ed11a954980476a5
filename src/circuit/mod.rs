//! One end of an LLUDP circuit as a state machine: reliable delivery, acks, pings, throttling.
//!
//! A circuit takes datagrams and the current time, and returns datagrams, events and a deadline. It
//! opens no socket, reads no clock, draws no random numbers and decodes no messages except acks and
//! pings, so the same inputs give the same outputs, byte for byte. The endpoint knows which client
//! a datagram belongs to, and the session what a message means. Both ends of a circuit use this
//! type.
//!
//! # How to drive it
//!
//! After every call that changes a circuit, drain [`Circuit::poll_event`] and
//! [`Circuit::poll_transmit`]; then sleep no longer than until [`Circuit::poll_timeout`].
//!
//! A message counts as accepted, and is acked, when the owner polls the next event. Until then the
//! owner can return it with [`Circuit::refuse`].
//!
//! # A complete loop
//!
//! ```
//! use bytes::{Bytes, BytesMut};
//! use holm::circuit::{Category, Circuit, CircuitConfig, CircuitEvent, Outgoing};
//! use holm::message::{Encoded, MessageId};
//! use holm::time::Timestamp;
//!
//! let mut now = Timestamp::ZERO;
//! let mut simulator = Circuit::new(CircuitConfig::default(), now);
//! let mut viewer = Circuit::new(CircuitConfig::client(), now);
//! let mut datagram = BytesMut::new();
//!
//! // DisableSimulator has a number and no body.
//! let id = MessageId::low(152);
//! let message = Encoded { id, body: Bytes::from_static(&[0xFF, 0xFF, 0, 152]), zerocoded: false };
//! simulator.send(now, Outgoing::reliable(message, Category::Unthrottled))?;
//!
//! let mut heard = Vec::new();
//! while heard.is_empty() || simulator.stats().unacked_packets > 0 {
//!     // Datagrams both ways, until neither has anything to say.
//!     while simulator.poll_transmit(now, &mut datagram) {
//!         viewer.handle_datagram(now, datagram.split().freeze());
//!     }
//!     while let Some(event) = viewer.poll_event() {
//!         if let CircuitEvent::Message { id, .. } = event {
//!             heard.push(id);
//!         }
//!     }
//!     while viewer.poll_transmit(now, &mut datagram) {
//!         simulator.handle_datagram(now, datagram.split().freeze());
//!     }
//!     // Sleep until the next deadline.
//!     let next = [simulator.poll_timeout(), viewer.poll_timeout()];
//!     now = next.into_iter().flatten().min().unwrap_or(now);
//!     simulator.handle_timeout(now);
//!     viewer.handle_timeout(now);
//! }
//! assert_eq!(heard, [id]);
//! # Ok::<(), holm::circuit::SendError>(())
//! ```

mod acks;
mod config;
mod event;
mod proof;
mod queue;
mod receive;
mod resend;
mod rtt;
mod seen;
mod shares;
mod split;
mod stats;
mod subjects;
mod throttle;
mod timer;
mod transmit;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use self::acks::PendingAcks;
use self::proof::Proof;
use self::queue::{Queued, SendQueue};
use self::resend::{GivenUp, Patience, Unacked};
use self::rtt::RoundTrip;
use self::seen::Seen;
use self::shares::{ShareId, Shares};
use self::subjects::Subjects;
use self::throttle::{Rates, Throttle};
use self::timer::{Timer, TimerTable};
use crate::message::MessageId;
use crate::message::header::{HEADER_LEN, MAX_DATAGRAM};
use crate::time::Timestamp;

pub use self::config::{AckCarrier, CircuitConfig, MTU, QueueLimit};
pub use self::event::{
    Category, CircuitEvent, CloseReason, LatestState, Outgoing, SendError, Supersedes,
};
pub use self::split::{MAX_BLOCKS, split_blocks};
pub use self::stats::{DropReason, Drops, Statistics};
pub use self::throttle::ThrottleError;

/// One end of a circuit; see the [module](self) for how to drive it.
#[derive(Debug)]
pub struct Circuit {
    config: CircuitConfig,
    state: State,
    timers: TimerTable,
    last_received: Timestamp,
    paused: bool,
    proof: Proof,

    /// Packets numbered so far, counted without end from the first sequence number; the low 24
    /// bits travel.
    next_number: u64,
    unthrottled: SendQueue,
    /// In the order of [`Category::THROTTLED`].
    queues: [SendQueue; 7],
    /// The category whose turn is next.
    turn: usize,
    throttle: Option<Throttle>,
    unacked: Unacked,
    shares: Shares,
    subjects: Subjects,
    round_trip: RoundTrip,

    seen: Seen,
    acks: PendingAcks,
    pongs: VecDeque<u8>,

    ping_due: bool,
    next_ping_id: u8,
    open_pings: VecDeque<(u8, Timestamp)>,

    events: VecDeque<CircuitEvent>,
    /// The reliable message that was given out last and not refused yet.
    offered: Option<(MessageId, u32)>,
    /// Sequence numbers of reliable messages that were taken, but whose acks wait until they are
    /// done.
    held: Vec<u32>,
    stats: Statistics,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// No new messages; ends when everything is acked or the finish timer expires.
    Finishing(CloseReason),
    Closed(CloseReason),
}

impl Circuit {
    /// A circuit that begins now. Its first own ping comes after a second (or the ping interval,
    /// if that is shorter), so that resend times soon fit the network.
    pub fn new(config: CircuitConfig, now: Timestamp) -> Self {
        let mut timers = TimerTable::default();
        timers.set(Timer::Idle, now + config.idle_timeout);
        if let Some(interval) = config.ping_interval {
            timers.set(Timer::Ping, now + interval.min(FIRST_PING));
        }
        let throttle = config.throttled.then(|| {
            let wanted = config.throttle_initial.map(f64::from);
            Throttle::new(now, Rates::bounded(wanted, config.throttle_max))
        });
        Self {
            state: State::Open,
            timers,
            last_received: now,
            paused: false,
            proof: Proof::new(config.unproven_ratio),
            next_number: u64::from(config.first_sequence & seen::SEQUENCE_MASK),
            unthrottled: SendQueue::default(),
            queues: Default::default(),
            turn: 0,
            throttle,
            unacked: Unacked::default(),
            shares: Shares::default(),
            subjects: Subjects::default(),
            round_trip: RoundTrip::default(),
            seen: Seen::new(config.seen_limit, config.seen_for),
            acks: PendingAcks::default(),
            pongs: VecDeque::new(),
            ping_due: false,
            next_ping_id: config.first_ping,
            open_pings: VecDeque::new(),
            events: VecDeque::new(),
            offered: None,
            held: Vec::new(),
            stats: Statistics::default(),
            config,
        }
    }

    /// Queues a message; it leaves with a later [`Circuit::poll_transmit`].
    ///
    /// # Errors
    /// When the message is not taken. Unreliable ones, and those of a sender, are then counted as
    /// dropped; what becomes of a reliable one of the grid itself is the caller's decision.
    pub fn send(&mut self, now: Timestamp, message: Outgoing) -> Result<(), SendError> {
        let counts = !message.reliable || message.origin.is_some();
        let result = self.enqueue(now, Queued::new(message, None));
        if let Err(error) = result
            && counts
        {
            self.stats.drops.count(error.reason());
        }
        result
    }

    /// Queues a message and tells later what became of it: [`CircuitEvent::Acked`] or
    /// [`CircuitEvent::Lost`] with this token, or [`CircuitEvent::Closed`] before either. It is sent
    /// reliably in any case.
    ///
    /// # Errors
    /// When the message is not taken; its token is then never heard of.
    pub fn send_tracked(
        &mut self,
        now: Timestamp,
        message: Outgoing,
        token: u64,
    ) -> Result<(), SendError> {
        let outgoing = Outgoing { reliable: true, ..message };
        let counts = outgoing.origin.is_some();
        let result = self.enqueue(now, Queued::new(outgoing, Some(token)));
        if let Err(error) = result
            && counts
        {
            self.stats.drops.count(error.reason());
        }
        result
    }

    /// Does what has become due: repeats, pings, gives up, ends a silent circuit. May be called at
    /// any time, however late.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        if self.timers.take_expired(Timer::Idle, now) {
            self.end(CloseReason::Silence);
            return;
        }
        if let State::Finishing(reason) = self.state
            && self.timers.take_expired(Timer::Finish, now)
        {
            self.end(reason);
            return;
        }
        if self.timers.take_expired(Timer::Ack, now) {
            self.acks.flush();
        }
        if self.timers.take_expired(Timer::Ping, now) {
            self.start_ping(now);
        }
        self.timers.take_expired(Timer::Throttle, now);
        let patience = self.patience();
        while let Some(given_up) = self.unacked.expire(now, patience) {
            self.stats.gave_up += 1;
            self.events.push_back(CircuitEvent::GaveUp { id: given_up.id });
            self.settle_lost(given_up);
        }
        self.end_if_settled();
    }

    /// The next thing that happened. The message that came before it counts as taken.
    pub fn poll_event(&mut self) -> Option<CircuitEvent> {
        self.accept_offered();
        let event = self.events.pop_front()?;
        if let CircuitEvent::Message { id, reliable: true, sequence, .. } = event {
            self.offered = Some((id, sequence));
        }
        Some(event)
    }

    /// Gives back the message that [`Circuit::poll_event`] gave last, because nobody can take it
    /// now: it is not acked, so that the peer's repetition brings it again. An unreliable one is
    /// lost.
    pub fn refuse(&mut self, reason: DropReason) {
        if let Some((_, sequence)) = self.offered.take() {
            self.seen.remove(sequence);
        }
        self.stats.drops.count(reason);
    }

    /// Leaves the message that [`Circuit::poll_event`] gave last unacked until
    /// [`Circuit::settle`], because its sender takes the ack for the word that it is done. Ask
    /// [`Circuit::can_hold`] first.
    pub fn hold(&mut self) {
        if let Some((_, sequence)) = self.offered.take() {
            self.held.push(sequence);
        }
    }

    /// Whether another message can be held.
    pub fn can_hold(&self) -> bool {
        self.held.len() < MAX_HELD
    }

    /// A held message is done and now acked; or it failed, and the peer's repetition brings it
    /// again.
    pub fn settle(&mut self, now: Timestamp, sequence: u32, is_done: bool) {
        let Some(place) = self.held.iter().position(|&held| held == sequence) else { return };
        self.held.swap_remove(place);
        if is_done {
            self.owe_ack(now, sequence, false);
        } else {
            self.seen.remove(sequence);
        }
    }

    /// Applies the bytes of `AgentThrottle.Throttles`: seven F32 little-endian, bits per second.
    /// Strange values are bounded, not refused.
    ///
    /// # Errors
    /// When there are fewer than 28 bytes; the rates then stay as they are.
    pub fn set_throttle(&mut self, now: Timestamp, data: &[u8]) -> Result<(), ThrottleError> {
        let rates = Rates::from_agent_throttle(data, self.config.throttle_max)?;
        if let Some(throttle) = &mut self.throttle {
            throttle.set(now, rates);
            self.timers.stop(Timer::Throttle);
        }
        Ok(())
    }

    /// The client said that it will be silent for a while (`AgentPause`).
    pub fn pause(&mut self) {
        self.paused = true;
        self.restart_idle();
    }

    /// The client is back (`AgentResume`); pings at once.
    pub fn resume(&mut self, now: Timestamp) {
        self.paused = false;
        self.restart_idle();
        if self.timers.is_set(Timer::Ping) {
            self.start_ping(now);
        }
    }

    /// Ends the circuit now. Acks and unthrottled messages that were queued before still leave with
    /// the next polls, each once; everything else is forgotten. No-op on a closed circuit.
    pub fn close(&mut self, _now: Timestamp, reason: CloseReason) {
        if !matches!(self.state, State::Closed(_)) {
            self.end(reason);
        }
    }

    /// Takes no more messages and ends the circuit once everything was sent and acked, at the
    /// latest `within` from now: so that a last reliable message survives a lost datagram.
    pub fn finish(&mut self, now: Timestamp, reason: CloseReason, within: Duration) {
        if self.state == State::Open {
            self.state = State::Finishing(reason);
            self.timers.set(Timer::Finish, now + within);
            self.end_if_settled();
        }
    }

    /// When [`Circuit::handle_timeout`] must be called next; `None` once closed.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match (self.timers.next(), self.unacked.next_deadline()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Why the circuit ended, if it has.
    pub fn closed(&self) -> Option<CloseReason> {
        match self.state {
            State::Closed(reason) => Some(reason),
            State::Open | State::Finishing(_) => None,
        }
    }

    /// Bytes per second that the throttle lets a category have; none if it has no limit.
    pub fn rate(&self, category: Category) -> Option<u32> {
        self.throttle.as_ref()?.rate(category)
    }

    /// Bytes that wait behind the throttle.
    pub fn backlog(&self) -> usize {
        self.queues.iter().map(SendQueue::bytes).sum()
    }

    /// Bytes of one category that wait to be sent for the first time.
    pub fn backlog_of(&self, category: Category) -> usize {
        match Category::THROTTLED.iter().position(|&throttled| throttled == category) {
            Some(index) => self.queues.get(index).map_or(0, SendQueue::bytes),
            None => self.unthrottled.bytes(),
        }
    }

    /// Bytes that wait behind the throttle, and those that wait for acks beyond
    /// [`CircuitConfig::unacked_window`]. While they are many, what can be sent later should be: it
    /// would only take memory.
    pub fn pressure(&self) -> usize {
        let window = self.config.unacked_window;
        let window = if self.unacked.is_silent() { window / 4 } else { window };
        self.backlog() + self.unacked.bytes().saturating_sub(window)
    }

    /// Whether nothing waits to be sent, acked or taken.
    pub fn is_settled(&self) -> bool {
        self.unthrottled.is_empty()
            && self.queues.iter().all(SendQueue::is_empty)
            && self.unacked.len() == 0
            && self.acks.is_settled()
            && self.pongs.is_empty()
            && self.offered.is_none()
            && self.held.is_empty()
            && !self.events.iter().any(CircuitEvent::wants_ack)
    }

    /// What was counted, and the gauges of this moment.
    pub fn stats(&self) -> Statistics {
        Statistics {
            unacked_packets: self.unacked.len(),
            unacked_bytes: self.unacked.bytes(),
            backlog: self.backlog(),
            round_trip: self.round_trip.ping(),
            resend_timeout: self.patience().timeout,
            proven: self.proof.is_given(),
            ..self.stats
        }
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &CircuitConfig {
        &self.config
    }

    fn enqueue(&mut self, now: Timestamp, mut queued: Queued) -> Result<(), SendError> {
        if self.state != State::Open {
            return Err(SendError::Closed);
        }
        let bytes = queued.outgoing.message.body.len();
        if HEADER_LEN + bytes > MAX_DATAGRAM {
            return Err(SendError::TooLong(HEADER_LEN + bytes));
        }
        queued.share = self.take_share(now, &queued.outgoing, bytes)?;
        let (share, supersedes) = (queued.share, queued.outgoing.supersedes);
        if supersedes.is_some() {
            queued.serial = self.subjects.next_serial();
        }
        let serial = queued.serial;
        let category = queued.outgoing.category;
        let index = Category::THROTTLED.iter().position(|&throttled| throttled == category);
        let (queue, limit) = match index.and_then(|index| self.queues.get_mut(index)) {
            Some(queue) => (queue, self.config.category_limit),
            None => (&mut self.unthrottled, self.config.unthrottled_limit),
        };
        if !queue.push(queued, limit) {
            if let Some(share) = share {
                self.shares.give_back(share, bytes);
            }
            return Err(SendError::QueueFull(category));
        }
        if let Some(subject) = supersedes {
            self.subjects.queued(subject, serial, self.unacked.oldest());
        }
        Ok(())
    }

    /// Counts a message for its sender, if it has one.
    fn take_share(
        &mut self,
        now: Timestamp,
        outgoing: &Outgoing,
        bytes: usize,
    ) -> Result<Option<ShareId>, SendError> {
        let Some(origin) = outgoing.origin else { return Ok(None) };
        let CircuitConfig { sender_limit, silent_limit, unacked_limit, .. } = self.config;
        let is_silent = self.unacked.waits_for(now) >= self.config.silent_after;
        let (mut own, all) = if is_silent {
            (sender_limit.min(silent_limit.part(1, 4)), silent_limit)
        } else {
            (sender_limit, unacked_limit.part(3, 4))
        };
        // Typing is dropped first: nobody misses it.
        if outgoing.supersedes.is_some_and(|subject| subject.state.is_typing()) {
            own = own.part(1, 4);
        }
        match self.shares.take(origin, bytes, own, all) {
            Some(share) => Ok(Some(share)),
            None if is_silent => Err(SendError::Silent),
            None => Err(SendError::ShareFull),
        }
    }

    /// A message leaves the line without having been acked.
    fn settle_lost(&mut self, lost: GivenUp) {
        if let Some(share) = lost.share {
            self.shares.give_back(share, lost.bytes);
        }
        if let Some(token) = lost.token {
            self.events.push_back(CircuitEvent::Lost { token });
        }
    }

    fn start_ping(&mut self, now: Timestamp) {
        let Some(interval) = self.config.ping_interval else {
            self.ping_due = true;
            return;
        };
        let proven = self.proof.is_given();
        // Pings that nobody misses would use up what something else may have to be sent with.
        self.ping_due = proven || self.proof.is_holding() || self.open_pings.is_empty();
        let wait = if proven { interval } else { interval.min(FIRST_PING) };
        self.timers.set(Timer::Ping, now + wait);
    }

    fn restart_idle(&mut self) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        let patience =
            if self.paused { self.config.paused_timeout } else { self.config.idle_timeout };
        self.timers.set(Timer::Idle, self.last_received + patience);
    }

    fn patience(&self) -> Patience {
        let config = &self.config;
        let timeout = self.round_trip.timeout().unwrap_or(config.rto_initial);
        Patience {
            timeout: timeout.max(config.rto_min).min(config.rto_max),
            longest: config.rto_max,
            longest_probe: config.probe_max,
            give_up_after: config.give_up_after,
        }
    }

    fn end_if_settled(&mut self) {
        if let State::Finishing(reason) = self.state
            && self.is_settled()
        {
            self.end(reason);
        }
    }

    fn end(&mut self, reason: CloseReason) {
        self.state = State::Closed(reason);
        self.timers.stop_all();
        self.unacked.clear();
        self.shares.clear();
        self.subjects.clear();
        self.ping_due = false;
        let dropped: usize = self.queues.iter_mut().map(SendQueue::clear).sum();
        self.stats.drops.add(DropReason::Closed, dropped);
        self.acks.flush();
        if matches!(reason, CloseReason::Silence | CloseReason::ResendBufferFull)
            && let Some(message) = self.config.farewell.take()
        {
            let outgoing = Outgoing::unreliable(message, Category::Unthrottled);
            let farewell = Queued::new(outgoing, None);
            // A full queue means that nobody polls; then nobody would send the farewell either.
            if !self.unthrottled.push(farewell, self.config.unthrottled_limit) {
                self.stats.drops.count(DropReason::QueueFull);
            }
        }
        self.events.push_back(CircuitEvent::Closed { reason });
    }
}

/// Messages whose acks wait until they are done. Viewers send some tens of changes at a time.
const MAX_HELD: usize = 256;

/// Latest first ping after the circuit began, and time between those that ask for a proof.
const FIRST_PING: Duration = Duration::from_secs(1);
