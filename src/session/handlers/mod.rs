//! Handlers for an agent's messages, with one file per topic.
//!
//! A handler answers on the circuit, queues a command for the region, or calls a service. It never
//! waits; work that needs storage continues in a task of its own and answers through the outbox.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a handler owns its message; some move parts of it on, all have one signature"
)]

mod agent_data;
mod assets;
mod chat;
mod chat_session;
mod circuit;
mod directory;
mod effects;
mod entry;
mod estate;
mod flood;
mod friends;
pub mod generic;
mod groups;
mod home;
mod im;
mod inventory;
mod inventory_edits;
mod lures;
mod map;
mod movement;
mod mutes;
mod names;
mod notices;
mod objects;
mod parcel;
mod profiles;
mod queue;
mod refusal;
pub mod table;
mod teleport;
mod xfer;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio_util::task::TaskTracker;

use super::counters::MessageCounters;
use super::{AgentSession, Sessions};
use crate::circuit::{Category, Circuit, CloseReason, Outgoing, split_blocks};
use crate::ids::AgentId;
use crate::message::{self, AgentAlertMessage, Block, Message, MessageId};
use crate::outbox::Outbox;
use crate::region::{Command, RegionLink};
use crate::services::Services;
use crate::services::accounts::{Location, Place};
use crate::time::Timestamp;

/// What all sessions of a region share.
pub struct Context {
    /// The region.
    pub region: RegionLink,
    /// All regions of the grid, for the map.
    pub regions: Arc<[RegionLink]>,
    /// All open sessions of this process.
    pub sessions: Arc<Sessions>,
    /// What the grid can do.
    pub services: Services,
    /// Counters by message.
    pub counters: MessageCounters,
    /// Where work goes on that a stop waits for.
    pub tasks: TaskTracker,
    /// Instant messages that one agent may send per second.
    pub im_rate: u32,
    /// Bytes that requests of one agent may take while they wait for storage.
    pub waiting_bytes: usize,
}

impl Context {
    /// Keeps where an agent is, for its next login at `last`.
    pub fn remember_place(&self, session: &AgentSession) {
        let place = session.whereabouts.position();
        let location =
            Location { region: self.region.info.id, position: place, look_at: session.look_at };
        let (accounts, agent) = (self.services.accounts.clone(), session.agent_id);
        self.tasks.spawn(async move {
            if let Err(error) = accounts.set_location(agent, Place::Last, location).await {
                tracing::warn!(%agent, %error, "last place not kept");
            }
        });
    }
}

/// What the endpoint lends to a handler for one message.
pub struct Turn<'a> {
    /// When the packet was read.
    pub now: Timestamp,
    /// The packet's sequence number.
    pub sequence: u32,
    /// The agent's circuit.
    pub circuit: &'a mut Circuit,
    /// Commands for the region, in order; the endpoint delivers them.
    pub commands: &'a mut VecDeque<Command>,
    /// Set when the circuit had no room for the answer.
    pub unanswered: bool,
}

/// What becomes of the circuit after a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on; the message is taken.
    Continue,
    /// It goes on; the message could not be taken now and nothing was done of it. It is not acked,
    /// so that the client's repetition brings it again.
    Busy,
    /// It goes on; the message is acked when what it asked for is done, by [`Outbox::settle`].
    Held,
    /// It ends.
    Close(CloseReason),
}

/// The half of an agent's session that lives beside its circuit.
pub struct Session {
    /// What HTTP knows too.
    pub shared: Arc<AgentSession>,
    /// The way to this very circuit, for answers that come later.
    pub outbox: Outbox,
    context: Arc<Context>,
    queue: queue::WorkQueue,
    overload: queue::Overload,
    /// Bytes of the message that is being handled.
    message_len: usize,
    im_gate: flood::FloodGate,
    xfers: xfer::Xfers,
    chats_under_way: chat_session::UnderWay,
    entered: bool,
    /// `SerialNum` of the last `AgentPause` or `AgentResume`.
    pause_serial: Option<u32>,
    refusals: refusal::Refusals,
}

impl Session {
    /// A session whose circuit has just opened.
    pub fn new(shared: Arc<AgentSession>, outbox: Outbox, context: Arc<Context>) -> Self {
        let queue = queue::WorkQueue::new(context.tasks.clone(), context.waiting_bytes);
        let im_gate = flood::FloodGate::new(context.im_rate);
        Self {
            shared,
            outbox,
            context,
            queue,
            overload: queue::Overload::default(),
            message_len: 0,
            im_gate,
            xfers: xfer::Xfers::default(),
            chats_under_way: chat_session::UnderWay::default(),
            entered: false,
            pause_serial: None,
            refusals: refusal::Refusals::default(),
        }
    }

    /// Whether the agent has entered the region.
    pub fn entered(&self) -> bool {
        self.entered
    }

    /// Acts on one message. `body` begins behind the message number and is not zero-coded.
    pub fn handle(&mut self, turn: &mut Turn<'_>, id: MessageId, body: &Bytes) -> Outcome {
        let Some(index) = message::index(id) else {
            return dropped("unknown_message");
        };
        let Some(route) = table::route(index) else {
            return dropped("trusted_message_from_client");
        };
        if !route.identity_holds(self, body) {
            return dropped("wrong_agent_or_session");
        }
        self.context.counters.received(index);
        self.message_len = body.len();
        let mut outcome = route.run(self, turn, body);
        if turn.unanswered && outcome == Outcome::Continue {
            // An ack would promise the answer. What such messages ask for can be asked twice.
            outcome = Outcome::Busy;
        }
        if outcome == Outcome::Busy && self.overload.note(turn.now) {
            let text = "The grid cannot keep up with your requests. Some may not be answered.";
            self.alert(turn, text);
        }
        outcome
    }

    /// Whether a pause or resume is newer than the last; packets may overtake each other.
    fn is_news(&mut self, serial: u32) -> bool {
        let news = self.pause_serial.is_none_or(|last| serial > last);
        if news {
            self.pause_serial = Some(serial);
        }
        news
    }

    /// Decodes and calls. A body that does not decode is counted and dropped.
    fn with<M: Message>(
        &mut self,
        turn: &mut Turn<'_>,
        body: &Bytes,
        handler: impl FnOnce(&mut Self, &mut Turn<'_>, M) -> Outcome,
    ) -> Outcome {
        match message::decode::<M>(body) {
            Ok(message) => handler(self, turn, message),
            Err(error) => {
                tracing::debug!(agent = %self.shared.agent_id, %error, "undecodable message");
                dropped("undecodable_message")
            }
        }
    }

    /// Answers on the circuit, reliably, ahead of every throttle. If there is no room, the message is
    /// left unacked and comes again, so answer before you change anything.
    fn reply<M: Message>(&self, turn: &mut Turn<'_>, message: &M) {
        self.reply_as(turn, message, Category::Unthrottled);
    }

    /// Answers on the circuit, reliably, under a throttle category.
    fn reply_as<M: Message>(&self, turn: &mut Turn<'_>, message: &M, category: Category) {
        turn.unanswered |= !self.send_now(turn, message, category);
    }

    /// Sends on the circuit, reliably; whether there was room.
    fn send_now<M: Message>(&self, turn: &mut Turn<'_>, message: &M, category: Category) -> bool {
        match message::encode(message) {
            Ok(message) => {
                let outgoing = Outgoing::reliable(message, category);
                if let Err(error) = turn.circuit.send(turn.now, outgoing) {
                    tracing::debug!(agent = %self.shared.agent_id, message = M::NAME, %error,
                        "answer not sent");
                    metrics::counter!("holm_answers_refused_total").increment(1);
                    return false;
                }
            }
            Err(error) => {
                tracing::error!(message = M::NAME, %error, "answer cannot be encoded");
            }
        }
        true
    }

    /// Tells the user something in a small window. What the circuit has no room for is counted.
    fn alert(&self, turn: &mut Turn<'_>, text: &str) {
        self.send_now(turn, &alert_to(self.shared.agent_id, text), Category::Unthrottled);
    }

    /// Whether [`Self::in_order`] and [`Self::look_up`] will take the next thing. A handler that does
    /// something before it calls them asks first.
    fn has_room(&self) -> bool {
        self.queue.has_room()
    }

    /// Runs work that changes something beside the circuit, after all that this agent asked before
    /// and one thing at a time. The message is acked when the work is done, so that what is acked is
    /// stored. What finds too much before it has to come again.
    fn in_order(
        &mut self,
        turn: &Turn<'_>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Outcome {
        self.in_order_or_again(turn, async move {
            work.await;
            true
        })
    }

    /// As [`Self::in_order`], but for work that may answer `false`: then the client sends the message
    /// again. So it does if the server dies before the work is done.
    fn in_order_or_again(
        &mut self,
        turn: &Turn<'_>,
        work: impl Future<Output = bool> + Send + 'static,
    ) -> Outcome {
        if !turn.circuit.can_hold() {
            return Outcome::Busy;
        }
        let (outbox, sequence) = (self.outbox.clone(), turn.sequence);
        let work = async move { outbox.settle(sequence, work.await) };
        if self.queue.push(self.message_len, work) { Outcome::Held } else { Outcome::Busy }
    }

    /// Runs a look-up beside the circuit. What finds too much before it has to come again.
    fn look_up(&mut self, work: impl Future<Output = ()> + Send + 'static) -> Outcome {
        if self.queue.look_up(self.message_len, work) { Outcome::Continue } else { Outcome::Busy }
    }
}

/// Something to be shown to a user in a small window.
fn alert_to(agent: AgentId, text: &str) -> AgentAlertMessage {
    let mut alert = AgentAlertMessage::default();
    alert.agent_data.agent_id = agent.0;
    alert.alert_data.message = message::variable1(text);
    alert
}

/// The blocks as they go into one message each; one message without any if there are none.
fn packets<T: Block + Clone>(blocks: &[T], fixed: usize) -> Vec<Vec<T>> {
    if blocks.is_empty() {
        return vec![Vec::new()];
    }
    split_blocks(blocks, fixed, Block::wire_len).map(<[T]>::to_vec).collect()
}

/// Counts a message that goes no further.
fn dropped(reason: &'static str) -> Outcome {
    metrics::counter!("holm_messages_dropped_total", "reason" => reason).increment(1);
    Outcome::Continue
}
