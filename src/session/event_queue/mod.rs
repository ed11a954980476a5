//! The event queue of one agent session: messages that reach the client by long poll (capability
//! `EventQueueGet`) instead of UDP.
//!
//! [`QueueState`] implements the rules; [`EventQueue`] adds the waiting. It must not know HTTP: the
//! capability handler turns an [`Answer`] into a response. See `docs/event-queue.md`.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub use self::state::{
    Answer, Batch, EventQueueSettings, IdleAnswer, Progress, PushError, QueueCounts, QueueState,
    Ticket,
};
use crate::time::Clock;

/// An event queue that tasks can wait on.
pub struct EventQueue<E> {
    state: Mutex<QueueState<E>>,
    touched: Notify,
    clock: Arc<dyn Clock>,
}

impl<E> EventQueue<E> {
    /// An empty queue; `seed` decides its first id.
    pub fn new(settings: EventQueueSettings, seed: u32, clock: Arc<dyn Clock>) -> Self {
        Self { state: Mutex::new(QueueState::new(settings, seed)), touched: Notify::new(), clock }
    }

    /// An empty queue of the same settings, whose ids begin far from those of this one, so that an
    /// ack of one fits not the other.
    #[must_use]
    pub fn sibling(&self) -> Self {
        let state = Mutex::new(self.lock().sibling());
        Self { state, touched: Notify::new(), clock: Arc::clone(&self.clock) }
    }

    /// Queues an event of about `bytes` bytes; a waiting poll is answered with it at once.
    ///
    /// # Errors
    /// When the queue is full or closed; the event is then counted and gone.
    pub fn push(&self, event: E, bytes: usize) -> Result<(), PushError> {
        self.lock().push(event, bytes)?;
        self.touched.notify_waiters();
        Ok(())
    }

    /// Answers one poll, waiting as long as the rules say. Dropping the future loses no event.
    pub async fn poll(&self, ack: Option<i32>, done: bool) -> Answer<E> {
        let mut now = self.clock.now();
        let started = self.lock().poll(now, ack, done);
        // A replaced or finished older poll has to look again.
        self.touched.notify_waiters();
        let ticket = match started {
            Ok(ticket) => ticket,
            Err(answer) => return answer,
        };
        let _abandon_on_drop = Abandon { queue: self, ticket };
        loop {
            let touched = self.touched.notified();
            tokio::pin!(touched);
            touched.as_mut().enable();
            let progress = self.lock().resume(now, &ticket);
            let until = match progress {
                Progress::Answer(answer) => return answer,
                Progress::WaitUntil(until) => until,
            };
            let waited = tokio::time::timeout(until.since(now), touched).await;
            now = self.clock.now();
            if waited.is_err() {
                now = now.max(until);
            }
        }
    }

    /// The agent is gone: open polls are answered at once, later ones with [`Answer::Gone`].
    pub fn close(&self) {
        self.lock().close();
        self.touched.notify_waiters();
    }

    /// What happened so far.
    pub fn counts(&self) -> QueueCounts {
        self.lock().counts()
    }

    /// Events that wait for a first or a confirmed delivery.
    pub fn backlog(&self) -> usize {
        self.lock().backlog()
    }

    /// Polls that wait.
    pub fn open_polls(&self) -> usize {
        self.lock().open_polls()
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> std::fmt::Debug for EventQueue<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventQueue").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

struct Abandon<'a, E> {
    queue: &'a EventQueue<E>,
    ticket: Ticket,
}

impl<E> Drop for Abandon<'_, E> {
    fn drop(&mut self) {
        self.queue.lock().abandon(&self.ticket);
    }
}
