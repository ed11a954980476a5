//! Returned messages: those that the recipient's client never acked, and acks of stored ones.
//!
//! Code that settles a receipt must not wait, so everything goes through one queue to one task, in
//! the order in which it happened. The queue has no limit of its own: each entry was in an outbox
//! before, and those are bounded.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::Delivered;
use crate::circuit::Outgoing;
use crate::ids::AgentId;
use crate::message::Encoded;
use crate::outbox::{self, Outbox, Receipt};

/// The way into the queue; a cheap clone.
#[derive(Clone)]
pub struct Returns {
    inner: Arc<Inner>,
}

struct Inner {
    queue: mpsc::UnboundedSender<Returned>,
    /// Entries that were not dealt with yet.
    waiting: AtomicUsize,
    /// The other end, until the task takes it.
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Returned>>>,
}

/// One thing that came back.
pub(super) enum Returned {
    /// A message that was not acked.
    Mail(Mail),
    /// A message that was not sent, because too much of its sender waits for its recipient already.
    Refused(Mail),
    /// A kept message that was.
    Arrived {
        /// Its recipient.
        agent: AgentId,
        /// Its key in the store.
        key: Uuid,
    },
    /// Something else that was not acked; whoever sent it knows what to do.
    Lost(Box<dyn FnOnce() + Send>),
    /// Everything before it is dealt with.
    Mark(oneshot::Sender<()>),
}

/// A message on its way to a client, with what is needed if it comes back.
pub struct Mail {
    /// An `ImprovedInstantMessage`.
    pub(super) message: Encoded,
    /// Who is told if it cannot be delivered now.
    pub(super) author: Option<AgentId>,
    /// The way that it went.
    pub(super) way: Option<Outbox>,
    /// Who waits to hear what became of it.
    pub(super) report: Option<oneshot::Sender<Delivered>>,
}

impl Mail {
    /// A message that goes out for the first time. `author` is told if it cannot be delivered.
    pub fn new(message: Encoded, author: Option<AgentId>) -> Self {
        Self { message, author, way: None, report: None }
    }

    /// Tells whoever waits for it.
    pub(super) fn report(&mut self, delivered: Delivered) {
        if let Some(report) = self.report.take() {
            // Whoever asked may not wait any longer.
            let _ = report.send(delivered);
        }
    }
}

impl Default for Returns {
    fn default() -> Self {
        let (queue, receiver) = mpsc::unbounded_channel();
        let receiver = Mutex::new(Some(receiver));
        Self { inner: Arc::new(Inner { queue, waiting: AtomicUsize::new(0), receiver }) }
    }
}

impl Returns {
    /// Sends a message. If it is lost, it is kept or handed on.
    pub fn send(&self, outbox: &Outbox, outgoing: Outgoing, mut mail: Mail) {
        mail.way = Some(outbox.clone());
        let returns = self.clone();
        let receipt = Receipt::new(move |delivery| match delivery {
            outbox::Delivery::Acked => mail.report(Delivered::Arrived),
            outbox::Delivery::Lost => returns.push(Returned::Mail(mail)),
            outbox::Delivery::Refused => returns.push(Returned::Refused(mail)),
        });
        outbox.send_with_receipt(outgoing, receipt);
    }

    /// The receipt of a kept message: once acked it is forgotten; if it is lost, `lost` is called at
    /// once.
    pub(super) fn of_kept(
        &self,
        agent: AgentId,
        key: Uuid,
        lost: impl FnOnce() + Send + 'static,
    ) -> Receipt {
        let returns = self.clone();
        Receipt::new(move |delivery| match delivery {
            outbox::Delivery::Acked => returns.arrived(agent, key),
            outbox::Delivery::Lost | outbox::Delivery::Refused => lost(),
        })
    }

    /// The receipt of something that its sender keeps itself. If it is lost, `then` is called after
    /// everything that came back before it, by a task that must not be held up.
    pub fn if_lost(&self, then: impl FnOnce() + Send + 'static) -> Receipt {
        let returns = self.clone();
        Receipt::new(move |delivery| {
            if delivery != outbox::Delivery::Acked {
                returns.push(Returned::Lost(Box::new(then)));
            }
        })
    }

    /// A kept message has reached its recipient.
    pub(super) fn arrived(&self, agent: AgentId, key: Uuid) {
        self.push(Returned::Arrived { agent, key });
    }

    /// Waits until everything that has come back so far is kept, handed on or forgotten.
    pub async fn settled(&self) {
        if self.inner.waiting.load(Ordering::Acquire) == 0 {
            return;
        }
        let (mark, reached) = oneshot::channel();
        self.push(Returned::Mark(mark));
        // The task ends with the process only.
        let _ = reached.await;
    }

    pub(super) fn done(&self, count: usize) {
        self.inner.waiting.fetch_sub(count, Ordering::AcqRel);
    }

    /// The other end of the queue, for the one task.
    pub(super) fn receiver(&self) -> Option<mpsc::UnboundedReceiver<Returned>> {
        self.inner.receiver.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn push(&self, returned: Returned) {
        self.inner.waiting.fetch_add(1, Ordering::AcqRel);
        if self.inner.queue.send(returned).is_err() {
            self.done(1);
            metrics::counter!("holm_messages_returned_total", "outcome" => "after_stop")
                .increment(1);
        }
    }
}
