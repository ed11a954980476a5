//! Messages to an agent: a cheap handle that works wherever the agent's circuit is.
//!
//! Regions and services hold an [`Outbox`] per agent and know neither sessions nor sockets nor
//! HTTP. UDP messages go to the endpoint task that owns the circuit, events to the agent's event
//! queue. Nothing here waits: a full channel is reported and counted, and ends the agent's circuit,
//! because a reliable message must not be lost silently.

mod budget;
mod receipt;
pub mod recorder;

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use smallvec::SmallVec;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::circuit::{Category, CloseReason, Outgoing, Statistics};
use crate::ids::{AgentId, CircuitCode};
use crate::llsd::{self, Llsd};
use crate::message::{self, Message};

pub use budget::CopyBudget;
pub use receipt::{Delivery, Receipt};

/// Names a circuit within its endpoint. The generation tells a reused slot from the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CircuitKey {
    /// Index in the endpoint's table.
    pub slot: u32,
    /// How often the slot was used before.
    pub generation: u32,
}

/// What an endpoint task is asked to do.
#[derive(Debug)]
pub enum EndpointCommand {
    /// Send one message on one circuit.
    Send(CircuitKey, Outgoing),
    /// Send one message on one circuit, reliably, and say what became of it.
    SendTracked(CircuitKey, Outgoing, Receipt),
    /// Send one message on many circuits; it was encoded once.
    SendMany(Box<[CircuitKey]>, Outgoing),
    /// Send to each circuit a message of its own, in this order.
    SendEach(Each),
    /// Ack the held packet with that sequence number, or leave it to the client to send it again.
    Settle(CircuitKey, u32, bool),
    /// End a circuit; the endpoint says the fitting farewell first, with the text if it has one.
    Close(CircuitKey, CloseReason, String),
    /// Tell about all circuits.
    Report(oneshot::Sender<Vec<CircuitReport>>),
}

/// Messages for circuits of one endpoint, each its own. They are counted while they wait, because
/// one command may hold thousands.
#[derive(Debug)]
pub struct Each {
    messages: Vec<(CircuitKey, Outgoing)>,
    count: usize,
    waiting: Arc<AtomicUsize>,
}

impl Each {
    fn new(messages: Vec<(CircuitKey, Outgoing)>, waiting: Arc<AtomicUsize>) -> Self {
        let count = messages.len();
        waiting.fetch_add(count, Ordering::Relaxed);
        Self { messages, count, waiting }
    }

    /// The messages; they no longer wait.
    pub fn take(mut self) -> Vec<(CircuitKey, Outgoing)> {
        std::mem::take(&mut self.messages)
    }
}

impl Drop for Each {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.count, Ordering::Relaxed);
    }
}

/// What an endpoint tells about one of its circuits.
#[derive(Clone, Debug)]
pub struct CircuitReport {
    /// Whose circuit it is.
    pub agent: AgentId,
    /// The code that opened it.
    pub circuit_code: CircuitCode,
    /// Where its datagrams go.
    pub address: SocketAddr,
    /// `false` once its session has ended and only the farewell is still repeated.
    pub open: bool,
    /// Whether the agent has entered the region.
    pub entered: bool,
    /// Bytes that wait behind its throttles.
    pub backlog: usize,
    /// Counters.
    pub stats: Statistics,
}

/// An event for an agent's `EventQueueGet`.
///
/// It may wait long at many agents, so its body is binary LLSD, which takes a tenth of the memory of
/// the values, and all copies share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name, such as `ParcelProperties`.
    pub message: Cow<'static, str>,
    body: Bytes,
    size: usize,
}

impl Event {
    /// The event `message` with that body, a map.
    pub fn new(message: impl Into<Cow<'static, str>>, body: &Llsd) -> Self {
        let message = message.into();
        let size = message.len() + size_of_value(body);
        Self { message, body: llsd::binary::write(body).into(), size }
    }

    /// Its body, always a map.
    pub fn body(&self) -> Llsd {
        llsd::binary::parse(&self.body).unwrap_or_else(|error| {
            tracing::error!(event = %self.message, %error, "body of an event cannot be read");
            Llsd::Undef
        })
    }

    /// Roughly how many bytes it takes on the wire, to bound queues by.
    pub fn size(&self) -> usize {
        self.size
    }
}

/// A value's own bytes and its tags.
fn size_of_value(value: &Llsd) -> usize {
    const TAGS: usize = 24;
    TAGS + match value {
        Llsd::String(text) | Llsd::Uri(text) => text.len(),
        Llsd::Binary(bytes) => bytes.len() * 4 / 3,
        Llsd::Array(values) => values.iter().map(size_of_value).sum(),
        Llsd::Map(map) => map.iter().map(|(key, value)| key.len() + size_of_value(value)).sum(),
        _ => 16,
    }
}

/// Takes events for one agent; implemented by the session's event queue.
pub trait EventSink: Send + Sync {
    /// Queues the event. `false` when the queue is full or closed; the sink has counted that.
    fn push(&self, event: Event) -> bool;
}

/// The channel to the endpoint is full: the agent's circuit is being closed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the outbox of the agent is full")]
pub struct OutboxFull;

/// The sending side of one endpoint task's channel.
#[derive(Clone)]
pub struct EndpointLink {
    shared: Arc<EndpointShared>,
}

struct EndpointShared {
    number: u32,
    commands: mpsc::Sender<EndpointCommand>,
    refused: AtomicU64,
    /// Messages in [`EndpointCommand::SendEach`] that were not taken yet.
    waiting: Arc<AtomicUsize>,
}

impl EndpointLink {
    /// A channel to endpoint `number` that holds at most `capacity` commands.
    pub fn channel(number: u32, capacity: usize) -> (Self, mpsc::Receiver<EndpointCommand>) {
        let (commands, receiver) = mpsc::channel(capacity);
        let (refused, waiting) = (AtomicU64::new(0), Arc::default());
        let shared = EndpointShared { number, commands, refused, waiting };
        (Self { shared: Arc::new(shared) }, receiver)
    }

    /// Commands that found the channel full.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// Asks the endpoint about its circuits; empty when it has stopped.
    pub async fn report(&self) -> Vec<CircuitReport> {
        let (answer, report) = oneshot::channel();
        if self.shared.commands.send(EndpointCommand::Report(answer)).await.is_err() {
            return Vec::new();
        }
        report.await.unwrap_or_default()
    }

    fn push(&self, command: EndpointCommand) -> Result<(), OutboxFull> {
        match self.shared.commands.try_send(command) {
            // A closed channel means that the server is stopping: nobody is left to hear it.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(command)) => {
                if let EndpointCommand::SendTracked(_, outgoing, receipt) = command
                    && outgoing.origin.is_some()
                {
                    receipt.settle(Delivery::Refused);
                }
                self.shared.refused.fetch_add(1, Ordering::Relaxed);
                Err(OutboxFull)
            }
        }
    }
}

/// What the endpoint and the outboxes of one circuit batch.
#[derive(Debug, Default)]
pub struct CircuitGauge {
    pressure: AtomicUsize,
    task_backlog: AtomicUsize,
    /// 0 for no limit.
    task_rate: AtomicU32,
    overflowed: AtomicBool,
}

impl CircuitGauge {
    /// Called by the endpoint: [`Circuit::pressure`](crate::circuit::Circuit::pressure).
    pub fn set_pressure(&self, bytes: usize) {
        self.pressure.store(bytes, Ordering::Relaxed);
    }

    /// Called by the endpoint: bytes of [`Category::Task`] that wait, and how many of them leave per
    /// second.
    pub fn set_task(&self, backlog: usize, rate: Option<u32>) {
        self.task_backlog.store(backlog, Ordering::Relaxed);
        self.task_rate.store(rate.unwrap_or(0), Ordering::Relaxed);
    }

    /// Whether a message found the endpoint's channel full since the circuit opened.
    pub fn overflowed(&self) -> bool {
        self.overflowed.load(Ordering::Relaxed)
    }
}

/// The way to one agent.
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<Inner>,
}

struct Inner {
    agent: AgentId,
    circuit: CircuitKey,
    endpoint: EndpointLink,
    events: Arc<dyn EventSink>,
    gauge: Arc<CircuitGauge>,
}

impl Outbox {
    /// The handle for the circuit `circuit` of `endpoint`.
    pub fn new(
        agent: AgentId,
        circuit: CircuitKey,
        endpoint: EndpointLink,
        events: Arc<dyn EventSink>,
        gauge: Arc<CircuitGauge>,
    ) -> Self {
        Self { inner: Arc::new(Inner { agent, circuit, endpoint, events, gauge }) }
    }

    /// Sends an encoded message.
    ///
    /// # Errors
    /// When the endpoint's channel is full; the endpoint then ends the circuit.
    pub fn send(&self, outgoing: Outgoing) -> Result<(), OutboxFull> {
        let origin = outgoing.origin;
        let result = self.inner.endpoint.push(EndpointCommand::Send(self.inner.circuit, outgoing));
        self.note(result, origin)
    }

    /// Sends an encoded message, reliably, and answers `receipt`: acked by the client, or lost
    /// because the circuit is over, ends before that, or its endpoint's channel is full. Messages
    /// that are lost with their circuit are told in the order in which they were sent.
    pub fn send_with_receipt(&self, outgoing: Outgoing, receipt: Receipt) {
        let origin = outgoing.origin;
        let command = EndpointCommand::SendTracked(self.inner.circuit, outgoing, receipt);
        let result = self.inner.endpoint.push(command);
        // What found no room took its receipt with it: the answer is given.
        let _ = self.note(result, origin);
    }

    /// Encodes and sends a message.
    ///
    /// # Errors
    /// When the endpoint's channel is full. A message that cannot be encoded is our own bug: it
    /// is logged and dropped.
    pub fn send_message<M: Message>(
        &self,
        message: &M,
        reliable: bool,
        category: Category,
    ) -> Result<(), OutboxFull> {
        match message::encode(message) {
            Ok(message) => self.send(Outgoing::new(message, reliable, category)),
            Err(error) => {
                tracing::error!(message = M::NAME, %error, "message cannot be encoded");
                Ok(())
            }
        }
    }

    /// Says that what the held packet `sequence` asked for is done, so that it is acked; or that it
    /// failed, so that the client sends it again.
    pub fn settle(&self, sequence: u32, is_done: bool) {
        let command = EndpointCommand::Settle(self.inner.circuit, sequence, is_done);
        let result = self.inner.endpoint.push(command);
        // A full channel ends the circuit.
        let _ = self.note(result, None);
    }

    /// Queues an event for `EventQueueGet`.
    pub fn event(&self, event: Event) -> bool {
        self.inner.events.push(event)
    }

    /// Asks the endpoint to end the circuit. `text` is shown to the user where the farewell has
    /// room for it.
    pub fn close(&self, reason: CloseReason, text: impl Into<String>) {
        let command = EndpointCommand::Close(self.inner.circuit, reason, text.into());
        if self.inner.endpoint.push(command).is_err() {
            self.inner.gauge.overflowed.store(true, Ordering::Relaxed);
        }
    }

    /// Bytes that wait behind the circuit's throttles, and those that wait for acks beyond what a
    /// client that keeps up leaves unacked. While they are many, what can be sent later should be.
    pub fn pressure(&self) -> usize {
        self.inner.gauge.pressure.load(Ordering::Relaxed)
    }

    /// Bytes of updates of avatars and objects that wait behind the throttle, and how many leave per
    /// second; none if there is no limit.
    pub fn task_queue(&self) -> Option<(usize, u32)> {
        let gauge = &self.inner.gauge;
        let rate = gauge.task_rate.load(Ordering::Relaxed);
        (rate > 0).then(|| (gauge.task_backlog.load(Ordering::Relaxed), rate))
    }

    /// Whether the endpoint is behind with its work: what can be told later should be.
    pub fn is_congested(&self) -> bool {
        let EndpointShared { commands, waiting, .. } = &*self.inner.endpoint.shared;
        let most = commands.max_capacity();
        commands.capacity() < most / 4 * 3 || waiting.load(Ordering::Relaxed) > most / 4
    }

    /// Whether the endpoint is so far behind that nothing more should be told to many.
    pub fn is_overloaded(&self) -> bool {
        let EndpointShared { commands, waiting, .. } = &*self.inner.endpoint.shared;
        let most = commands.max_capacity();
        commands.capacity() < most / 4 || waiting.load(Ordering::Relaxed) > most
    }

    /// Whether both lead to the same circuit.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whose outbox it is.
    pub fn agent(&self) -> AgentId {
        self.inner.agent
    }

    /// A message of the grid itself that finds the channel full ends the circuit; one that somebody
    /// sends does not, or that sender could end it.
    fn note(&self, result: Result<(), OutboxFull>, origin: Option<Uuid>) -> Result<(), OutboxFull> {
        if result.is_err() {
            self.overflow(origin);
        }
        result
    }

    fn overflow(&self, origin: Option<Uuid>) {
        if origin.is_none() {
            self.inner.gauge.overflowed.store(true, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("agent", &self.inner.agent).finish_non_exhaustive()
    }
}

/// Sends one encoded message to many agents: one command per endpoint, not one per agent.
pub fn send_many<'a>(recipients: impl IntoIterator<Item = &'a Outbox>, outgoing: &Outgoing) {
    let mut groups: SmallVec<[(&'a Outbox, Vec<&'a Outbox>); 4]> = SmallVec::new();
    for outbox in recipients {
        let number = outbox.inner.endpoint.shared.number;
        match groups.iter_mut().find(|(first, _)| first.inner.endpoint.shared.number == number) {
            Some((_, group)) => group.push(outbox),
            None => groups.push((outbox, vec![outbox])),
        }
    }
    for (first, group) in groups {
        let keys = group.iter().map(|outbox| outbox.inner.circuit).collect();
        let command = EndpointCommand::SendMany(keys, outgoing.clone());
        if first.inner.endpoint.push(command).is_err() {
            for outbox in group {
                outbox.overflow(outgoing.origin);
            }
        }
    }
}

/// Sends to each agent a message of its own: one command per endpoint, not one per agent. Tells
/// for each, in the same order, whether its endpoint had room; where it had not, the circuit ends.
pub fn send_each(messages: Vec<(Outbox, Outgoing)>) -> Vec<bool> {
    struct EndpointBatch {
        link: EndpointLink,
        messages: Vec<(CircuitKey, Outgoing)>,
        members: Vec<(usize, Outbox, Option<Uuid>)>,
    }
    let mut accepted = vec![true; messages.len()];
    let mut batches: SmallVec<[EndpointBatch; 4]> = SmallVec::new();
    for (index, (outbox, outgoing)) in messages.into_iter().enumerate() {
        let link = &outbox.inner.endpoint;
        let number = link.shared.number;
        let known = batches.iter().position(|batch| batch.link.shared.number == number);
        let place = known.unwrap_or_else(|| {
            batches.push(EndpointBatch {
                link: link.clone(),
                messages: Vec::new(),
                members: Vec::new(),
            });
            batches.len() - 1
        });
        if let Some(batch) = batches.get_mut(place) {
            let origin = outgoing.origin;
            batch.messages.push((outbox.inner.circuit, outgoing));
            batch.members.push((index, outbox, origin));
        }
    }
    for batch in batches {
        let waiting = batch.link.shared.waiting.clone();
        let command = EndpointCommand::SendEach(Each::new(batch.messages, waiting));
        if batch.link.push(command).is_err() {
            for (index, outbox, origin) in batch.members {
                outbox.overflow(origin);
                if let Some(taken) = accepted.get_mut(index) {
                    *taken = false;
                }
            }
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::recorder::{decoded, recorder};
    use super::*;
    use crate::message::StartPingCheck;

    fn ping(id: u8) -> Outgoing {
        let mut ping = StartPingCheck::default();
        ping.ping_id.ping_id = id;
        let message = message::encode(&ping).unwrap();
        Outgoing::unreliable(message, Category::Unthrottled)
    }

    #[test]
    fn each_gets_its_own_in_order() {
        let agents: Vec<_> = (1..=3).map(|number| recorder(AgentId::random(), number)).collect();
        let mut messages = Vec::new();
        for id in 0..9 {
            let (outbox, _) = &agents[usize::from(id) % 3];
            messages.push((outbox.clone(), ping(id)));
        }
        assert_eq!(send_each(messages), [true; 9]);
        for (first, (_, mut recorder)) in (0..).zip(agents) {
            let pings: Vec<u8> = decoded::<StartPingCheck>(&recorder.drain())
                .iter()
                .map(|ping| ping.ping_id.ping_id)
                .collect();
            assert_eq!(pings, [first, first + 3, first + 6]);
        }
    }

    #[test]
    fn messages_of_one_command_count_as_waiting() {
        let (outbox, mut recorder) = recorder(AgentId::random(), 1);
        let many = || (0..1 << 14).map(|_| (outbox.clone(), ping(0))).collect();
        send_each(many());
        assert!(!outbox.is_congested());
        send_each(vec![(outbox.clone(), ping(0))]);
        assert!(outbox.is_congested());
        recorder.drain();
        assert!(!outbox.is_congested());
    }

    #[test]
    fn a_full_endpoint_refuses_only_its_own() {
        struct Nowhere;
        impl EventSink for Nowhere {
            fn push(&self, _event: Event) -> bool {
                false
            }
        }
        let outbox = |link: &EndpointLink| {
            let key = CircuitKey { slot: 0, generation: 0 };
            let gauge = Arc::new(CircuitGauge::default());
            Outbox::new(AgentId::random(), key, link.clone(), Arc::new(Nowhere), gauge)
        };
        let (small, _held) = EndpointLink::channel(1, 1);
        let (large, _held_too) = EndpointLink::channel(2, 8);
        let (one, other) = (outbox(&small), outbox(&large));
        assert_eq!(send_each(vec![(one.clone(), ping(0))]), [true]);
        let (answer, answered) = std::sync::mpsc::channel();
        let report = move |delivery| answer.send(delivery).unwrap();
        one.send_with_receipt(ping(0), Receipt::new(report));
        assert_eq!(answered.try_recv(), Ok(Delivery::Lost));
        let both = vec![(one.clone(), ping(1)), (other.clone(), ping(1))];
        assert_eq!(send_each(both), [false, true]);
        assert!(one.inner.gauge.overflowed() && !other.inner.gauge.overflowed());
        assert_eq!(small.refused(), 2);
    }
}
