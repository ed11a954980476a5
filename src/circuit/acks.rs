//! Acks that are queued to be sent.

use std::collections::VecDeque;

use bytes::{BufMut, BytesMut};

use super::MTU;
use super::wire::{self, ACKS_PER_MESSAGE};

/// The acks that are owed to the peer.
#[derive(Debug, Default)]
pub(super) struct PendingAcks {
    /// Acks that may travel in any way.
    fresh: VecDeque<u32>,
    /// Acks for packets that came again: the peer may not read appended ones.
    again: VecDeque<u32>,
    /// The ack that must travel alone and first.
    alone: Option<u32>,
    flush: bool,
}

impl PendingAcks {
    /// Owes an ack; `false` if there is no room for it.
    pub(super) fn push(&mut self, sequence: u32, again: bool) -> bool {
        if self.len() >= LIMIT {
            return false;
        }
        let queue = if again { &mut self.again } else { &mut self.fresh };
        if queue.back() != Some(&sequence) {
            queue.push_back(sequence);
        }
        true
    }

    /// Owes an ack that travels in its own datagram before anything else.
    pub(super) fn push_alone(&mut self, sequence: u32) {
        if let Some(earlier) = self.alone.replace(sequence).filter(|&earlier| earlier != sequence) {
            self.push(earlier, true);
        }
    }

    /// From now until all are gone, acks do not wait.
    pub(super) fn flush(&mut self) {
        self.flush = true;
    }

    /// Writes one `PacketAck` with as many acks as it takes; gives their number.
    pub(super) fn write_message(&mut self, out: &mut BytesMut) -> usize {
        let mut numbers = [0; ACKS_PER_MESSAGE];
        let again = self.again.len().min(ACKS_PER_MESSAGE);
        let fresh = self.fresh.len().min(ACKS_PER_MESSAGE - again);
        let owed = self.again.drain(..again).chain(self.fresh.drain(..fresh));
        for (slot, sequence) in numbers.iter_mut().zip(owed) {
            *slot = sequence;
        }
        self.flush &= !self.is_empty();
        wire::write_acks(numbers.get(..again + fresh).unwrap_or_default(), out);
        again + fresh
    }

    /// Appends what fits to the packet in `out`; gives how many acks that were.
    pub(super) fn append(&mut self, out: &mut BytesMut) -> usize {
        let room = MTU.saturating_sub(out.len() + 1) / 4;
        let count = self.fresh.len().min(room).min(250);
        if count > 0 {
            for sequence in self.fresh.drain(..count) {
                out.put_u32(sequence);
            }
            out.put_u8(count as u8);
            self.flush &= !self.is_empty();
        }
        count
    }

    /// Bytes of the datagrams that all owed acks need.
    pub(super) fn datagram_bytes(&self) -> usize {
        let alone = if self.alone.is_some() { wire::acks_length(1) } else { 0 };
        let messages = self.len().div_ceil(ACKS_PER_MESSAGE);
        alone + messages * wire::acks_length(0) + self.len() * 4
    }

    /// Bytes of the next datagram of acks; none if nothing is due.
    pub(super) fn next_length(&self) -> Option<usize> {
        if self.alone.is_some() {
            return Some(wire::acks_length(1));
        }
        self.is_due().then(|| wire::acks_length(self.len().min(ACKS_PER_MESSAGE)))
    }

    pub(super) fn take_alone(&mut self) -> Option<u32> {
        self.alone.take()
    }

    /// Whether nothing at all is owed.
    pub(super) fn is_settled(&self) -> bool {
        self.is_empty() && self.alone.is_none()
    }

    /// Whether a `PacketAck` has to be written now.
    pub(super) fn is_due(&self) -> bool {
        self.flush && !self.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.fresh.len() + self.again.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.again.is_empty()
    }
}

/// Acks that may wait; more means that nobody polls.
const LIMIT: usize = 4096;
