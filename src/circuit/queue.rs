//! Messages that wait to be sent for the first time.

use std::collections::VecDeque;

use super::{Outgoing, QueueLimit};

/// A message that waits, and the name under which its sender wants to hear of its ack.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) outgoing: Outgoing,
    pub(super) token: Option<u64>,
}

/// A first-in-first-out queue bounded in packets and bytes.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    messages: VecDeque<Queued>,
    bytes: usize,
}

impl SendQueue {
    /// Takes the message if it fits; whether it does.
    pub(super) fn push(&mut self, queued: Queued, limit: QueueLimit) -> bool {
        let bytes = queued.outgoing.message.body.len();
        if self.messages.len() >= limit.packets || self.bytes + bytes > limit.bytes {
            return false;
        }
        self.bytes += bytes;
        self.messages.push_back(queued);
        true
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        let queued = self.messages.pop_front()?;
        self.bytes -= queued.outgoing.message.body.len();
        Some(queued)
    }

    /// Bytes of the message that [`SendQueue::pop`] gives next.
    pub(super) fn next_length(&self) -> Option<usize> {
        self.messages.front().map(|queued| queued.outgoing.message.body.len())
    }

    /// Empties the queue; gives how many messages that were.
    pub(super) fn clear(&mut self) -> usize {
        let count = self.messages.len();
        *self = Self::default();
        count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
