//! An outbox whose receiving end is held by a test.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    CircuitGauge, CircuitKey, EndpointCommand, EndpointLink, Event, EventSink, Outbox, Receipt,
};
use crate::circuit::{CloseReason, Outgoing};
use crate::ids::AgentId;
use crate::message::{self, Message, MessageId, zerocode};

#[derive(Default)]
struct EventLog(Mutex<Vec<Event>>);

impl EventSink for EventLog {
    fn push(&self, event: Event) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        true
    }
}

/// Collects what was sent to one agent.
pub struct Recorder {
    /// Came while a test waited.
    waiting: Vec<EndpointCommand>,
    commands: mpsc::Receiver<EndpointCommand>,
    events: Arc<EventLog>,
    gauge: Arc<CircuitGauge>,
    closed: Option<CloseReason>,
    settled: Vec<(u32, bool)>,
    receipts: Vec<Receipt>,
}

/// An outbox for `agent` and the recorder of what goes into it. `number` tells recorders apart in
/// fan-outs; give each its own.
pub fn recorder(agent: AgentId, number: u32) -> (Outbox, Recorder) {
    let (endpoint, commands) = EndpointLink::channel(number, 1 << 16);
    let events = Arc::new(EventLog::default());
    let gauge = Arc::new(CircuitGauge::default());
    let circuit = CircuitKey { slot: number, generation: 0 };
    let outbox = Outbox::new(agent, circuit, endpoint, events.clone(), gauge.clone());
    (
        outbox,
        Recorder {
            waiting: Vec::new(),
            commands,
            events,
            gauge,
            closed: None,
            settled: Vec::new(),
            receipts: Vec::new(),
        },
    )
}

impl Recorder {
    /// All messages sent since the last call, in order.
    pub fn drain(&mut self) -> Vec<Outgoing> {
        let mut sent = Vec::new();
        let mut commands = std::mem::take(&mut self.waiting);
        while let Ok(command) = self.commands.try_recv() {
            commands.push(command);
        }
        for command in commands {
            match command {
                EndpointCommand::Send(_, outgoing) | EndpointCommand::SendMany(_, outgoing) => {
                    sent.push(outgoing);
                }
                EndpointCommand::SendTracked(_, outgoing, receipt) => {
                    sent.push(outgoing);
                    self.receipts.push(receipt);
                }
                EndpointCommand::SendEach(each) => {
                    sent.extend(each.take().into_iter().map(|(_, outgoing)| outgoing));
                }
                EndpointCommand::Settle(_, sequence, is_done) => {
                    self.settled.push((sequence, is_done));
                }
                EndpointCommand::Close(_, reason, _) => self.closed = Some(reason),
                EndpointCommand::Report(answer) => drop(answer),
            }
        }
        sent
    }

    /// Waits until something is there for [`Recorder::drain`].
    pub async fn wait(&mut self) {
        if self.waiting.is_empty() {
            self.waiting.extend(self.commands.recv().await);
        }
    }

    /// The receipts of messages that [`Recorder::drain`] gave, in order, to be answered.
    pub fn take_receipts(&mut self) -> Vec<Receipt> {
        std::mem::take(&mut self.receipts)
    }

    /// All events queued since the last call, in order.
    pub fn drain_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut *self.events.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Held packets that were settled, and how, once [`Recorder::drain`] met that.
    pub fn settled(&self) -> &[(u32, bool)] {
        &self.settled
    }

    /// Why the circuit was asked to close, once [`Recorder::drain`] met that request.
    pub fn closed(&self) -> Option<&CloseReason> {
        self.closed.as_ref()
    }

    /// Pretends that `bytes` wait behind the circuit's throttles.
    pub fn set_pressure(&self, bytes: usize) {
        self.gauge.set_pressure(bytes);
    }

    /// Pretends that the circuit has a throttle: `backlog` bytes of updates wait, `rate` leave per
    /// second.
    pub fn set_task(&self, backlog: usize, rate: Option<u32>) {
        self.gauge.set_task(backlog, rate);
    }
}

/// The messages of type `M` among `sent`, decoded.
///
/// # Panics
/// When one of them does not decode: then the sender is wrong.
pub fn decoded<M: Message>(sent: &[Outgoing]) -> Vec<M> {
    sent.iter()
        .filter(|outgoing| outgoing.message.id == M::ID)
        .map(|outgoing| {
            message::decode::<M>(&plain_body(outgoing)).expect("a message that Holm encoded")
        })
        .collect()
}

/// The numbers of the messages in `sent`, in order.
pub fn ids(sent: &[Outgoing]) -> Vec<MessageId> {
    sent.iter().map(|outgoing| outgoing.message.id).collect()
}

/// The body without message number and zero coding.
fn plain_body(outgoing: &Outgoing) -> Bytes {
    let number = outgoing.message.id.wire_len();
    if !outgoing.message.zerocoded {
        return outgoing.message.body.slice(number..);
    }
    zerocode::decode(&outgoing.message.body, zerocode::MAX_DECODED)
        .expect("a message that Holm coded")
        .slice(number..)
}
