//! Messages that wait to be sent for the first time.

use std::collections::VecDeque;

use super::{Outgoing, QueueLimit};

/// A first-in-first-out queue bounded in packets and bytes.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    messages: VecDeque<Outgoing>,
    bytes: usize,
}

impl SendQueue {
    /// Takes the message, or gives it back if it does not fit.
    pub(super) fn push(&mut self, message: Outgoing, limit: QueueLimit) -> Result<(), Outgoing> {
        let bytes = message.message.body.len();
        if self.messages.len() >= limit.packets || self.bytes + bytes > limit.bytes {
            return Err(message);
        }
        self.bytes += bytes;
        self.messages.push_back(message);
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Option<Outgoing> {
        let message = self.messages.pop_front()?;
        self.bytes -= message.message.body.len();
        Some(message)
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
