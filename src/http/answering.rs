//! Whether an answer has arrived, as far as the connection shows it.
//!
//! HTTP has no acks. But a client that sends the next request on the same connection has read the
//! answer to the previous one, and so has, as a rule, a client that closes the connection cleanly.
//! After a reset it is unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::services::offline::Reader;

/// One connection, as its requests see it.
#[derive(Debug, Default)]
pub(super) struct Connection {
    requests: AtomicU64,
    /// The last request that has an answer.
    answered: AtomicU64,
    broken: AtomicBool,
    ended: AtomicBool,
}

impl Connection {
    /// A request has come in.
    pub(super) fn next(self: &Arc<Self>) -> Answering {
        let number = self.requests.fetch_add(1, Ordering::AcqRel) + 1;
        Answering { connection: self.clone(), number }
    }

    /// Reading or writing has failed.
    pub(super) fn broke(&self) {
        self.broken.store(true, Ordering::Release);
    }

    /// It is closed.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }
}

/// One request that is being answered, or was; handlers find it among the request's extensions.
#[derive(Clone, Debug)]
pub(super) struct Answering {
    connection: Arc<Connection>,
    number: u64,
}

impl Answering {
    /// The answer is ready to be written.
    pub(super) fn answered(&self) {
        self.connection.answered.store(self.number, Ordering::Release);
    }
}

impl Reader for Answering {
    fn received(&self) -> Option<bool> {
        let connection = &self.connection;
        if connection.requests.load(Ordering::Acquire) > self.number {
            return Some(true);
        }
        // In this order, because what breaks ends a moment later.
        let ended = connection.ended.load(Ordering::Acquire);
        let broken = connection.broken.load(Ordering::Acquire);
        let answered = connection.answered.load(Ordering::Acquire) >= self.number;
        (ended || broken).then_some(answered && !broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_request_and_a_peaceful_end_tell_of_arrival() {
        let connection = Arc::new(Connection::default());
        let first = connection.next();
        first.answered();
        assert_eq!(first.received(), None);
        let second = connection.next();
        second.answered();
        assert_eq!((first.received(), second.received()), (Some(true), None));
        connection.end();
        assert_eq!(second.received(), Some(true));

        let connection = Arc::new(Connection::default());
        let only = connection.next();
        only.answered();
        connection.broke();
        assert_eq!(only.received(), Some(false));
        connection.end();
        assert_eq!(only.received(), Some(false));

        let connection = Arc::new(Connection::default());
        let unanswered = connection.next();
        connection.end();
        assert_eq!(unanswered.received(), Some(false), "closed before there was an answer");
    }
}
