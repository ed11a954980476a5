//! Messages that are queued for their first transmission.

use std::collections::VecDeque;

use super::shares::ShareId;
use super::{Outgoing, QueueLimit};

/// A message that waits, and the name under which its sender wants to hear of its ack.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) outgoing: Outgoing,
    pub(super) token: Option<u64>,
    /// Where it is counted for its sender.
    pub(super) share: Option<ShareId>,
    /// Its place among the messages that supersede others; 0 if it does not.
    pub(super) serial: u64,
}

impl Queued {
    /// A message that counts for no sender and supersedes nothing.
    pub(super) const fn new(outgoing: Outgoing, token: Option<u64>) -> Self {
        Self { outgoing, token, share: None, serial: 0 }
    }
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

    /// The message whose turn is next.
    pub(super) fn front(&self) -> Option<&Queued> {
        self.messages.front()
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
