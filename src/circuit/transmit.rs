//! Sending: turns acks, queued messages and due resends into datagrams.

use std::time::Duration;

use bytes::{BufMut, BytesMut};

use super::queue::{Queued, SendQueue};
use super::resend::{Due, GivenUp};
use super::seen::SEQUENCE_MASK;
use super::timer::Timer;
use super::wire::{PING_LENGTH, PONG_LENGTH};
use super::{AckCarrier, Category, Circuit, CloseReason, DropReason, MTU, State, wire};
use crate::message::Encoded;
use crate::message::header::{self, HEADER_LEN, PacketFlags};
use crate::time::Timestamp;

impl Circuit {
    /// Writes the next datagram over whatever `out` held; `false` (and an empty `out`) when there
    /// is none. Call it until then.
    ///
    /// Acks and pings come first, then unthrottled messages, then repetitions, then the throttled
    /// categories in turn. The ack of `UseCircuitCode` comes before everything else and alone:
    /// clients wait for it before they listen to anything.
    pub fn poll_transmit(&mut self, now: Timestamp, out: &mut BytesMut) -> bool {
        self.accept_offered();
        out.clear();
        if !self.write_next(now, out) {
            out.clear();
            return false;
        }
        self.stats.packets_out += 1;
        self.stats.bytes_out += out.len() as u64;
        if out.len() > MTU {
            self.stats.oversized += 1;
        }
        self.end_if_settled();
        true
    }

    fn write_next(&mut self, now: Timestamp, out: &mut BytesMut) -> bool {
        if let Some(length) = self.acks.next_length().or_else(|| self.next_pong_length())
            && !self.proof.allows(&self.stats, length)
        {
            return self.hold_back(now, out);
        }
        if let Some(sequence) = self.acks.take_alone() {
            self.begin(PacketFlags::empty(), out);
            wire::write_acks(&[sequence], out);
            self.stats.acks_out += 1;
            return true;
        }
        if let Some(id) = self.pongs.pop_front() {
            self.begin(PacketFlags::empty(), out);
            wire::write_complete_ping(id, out);
            self.append_acks(out);
            return true;
        }
        if self.acks.is_due() {
            self.begin(PacketFlags::empty(), out);
            self.stats.acks_out += self.acks.write_message(out) as u64;
            if self.acks.is_empty() {
                self.timers.stop(Timer::Ack);
            }
            return true;
        }
        if self.ping_due && self.may_send(PING_LENGTH) {
            self.write_ping(now, out);
            return true;
        }
        self.skip_superseded(None);
        if let Some(length) = self.unthrottled.next_length() {
            if !self.may_send_body(length) {
                return self.hold_back(now, out);
            }
            if let Some(message) = self.unthrottled.pop() {
                return self.write_message(now, message, out);
            }
        }
        if matches!(self.state, State::Closed(_)) {
            return false;
        }
        if let Some(due) = self.unacked.next_due()
            && (!due.throttled || self.is_open(now, Category::Resend))
        {
            if !self.may_send_body(self.unacked.length_of(due.number)) {
                return self.hold_back(now, out);
            }
            return self.write_again(now, due, out);
        }
        self.write_throttled(now, out)
    }

    /// Serves the throttled categories round robin, one packet each.
    fn write_throttled(&mut self, now: Timestamp, out: &mut BytesMut) -> bool {
        if self.queues.iter().all(SendQueue::is_empty) && self.unacked.next_due().is_none() {
            self.timers.stop(Timer::Throttle);
            return false;
        }
        let count = self.queues.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            let category = Category::THROTTLED[index];
            self.skip_superseded(Some(index));
            let Some(length) = self.queues[index].next_length() else { continue };
            if !self.is_open(now, category) {
                continue;
            }
            if !self.may_send_body(length) {
                return self.hold_back(now, out);
            }
            if let Some(message) = self.queues[index].pop() {
                self.turn = (index + 1) % count;
                let written = self.write_message(now, message, out);
                self.take_tokens(category, out.len());
                return written;
            }
        }
        self.wait_for_tokens();
        false
    }

    /// Whether a datagram of that many bytes may leave besides the acks that are owed.
    fn may_send(&self, length: usize) -> bool {
        self.proof.is_given() || self.proof.allows(&self.stats, length + self.acks.datagram_bytes())
    }

    /// The same for a body behind a header, besides a ping, whose answer would be the proof.
    fn may_send_body(&self, length: usize) -> bool {
        self.proof.is_given() || self.may_send(HEADER_LEN + length + PING_LENGTH)
    }

    /// What comes next has to wait until more comes in, because the peer's address is not proven.
    /// Asks for the proof instead, unless that was done a moment ago.
    fn hold_back(&mut self, now: Timestamp, out: &mut BytesMut) -> bool {
        // Tokens are not what it waits for.
        self.timers.stop(Timer::Throttle);
        if !self.proof.hold() {
            return false;
        }
        self.stats.held_back += 1;
        let asked = self.open_pings.back().is_some_and(|&(_, sent)| now < sent + PROOF_PATIENCE);
        if asked || !self.timers.is_set(Timer::Ping) || !self.may_send(PING_LENGTH) {
            return false;
        }
        self.write_ping(now, out);
        true
    }

    fn next_pong_length(&self) -> Option<usize> {
        (!self.pongs.is_empty()).then_some(PONG_LENGTH)
    }

    /// Drops from the front of a queue what a newer message behind it tells as well.
    fn skip_superseded(&mut self, throttled: Option<usize>) {
        loop {
            let queue = match throttled {
                Some(index) => self.queues.get_mut(index),
                None => Some(&mut self.unthrottled),
            };
            let Some(queue) = queue else { return };
            let Some(front) = queue.front() else { return };
            if front.outgoing.supersedes.is_none_or(|it| self.subjects.is_newest(it, front.serial))
            {
                return;
            }
            let Some(queued) = queue.pop() else { return };
            self.stats.drops.count(DropReason::Superseded);
            self.settle_lost(GivenUp {
                id: queued.outgoing.message.id,
                token: queued.token,
                share: queued.share,
                bytes: queued.outgoing.message.body.len(),
            });
        }
    }

    /// An earlier packet about the same subject is repeated no longer.
    fn withdraw_earlier(&mut self, queued: &Queued) {
        let Some(subject) = queued.outgoing.supersedes else { return };
        let number = queued.outgoing.reliable.then_some(self.next_number);
        let earlier = self.subjects.sent(subject, number);
        if let Some(withdrawn) = earlier.and_then(|number| self.unacked.withdraw(number)) {
            self.stats.drops.count(DropReason::Superseded);
            self.settle_lost(withdrawn);
        }
    }

    fn write_message(&mut self, now: Timestamp, queued: Queued, out: &mut BytesMut) -> bool {
        self.withdraw_earlier(&queued);
        let number = self.next_number;
        let sent = &queued.outgoing;
        let keeps = sent.reliable && !matches!(self.state, State::Closed(_));
        if keeps && !self.unacked.has_room(self.config.unacked_limit, sent.message.body.len()) {
            self.end(CloseReason::ResendBufferFull);
            return self.write_next(now, out);
        }
        let mut flags = flags_of(&sent.message);
        flags.set(PacketFlags::RELIABLE, sent.reliable);
        self.begin(flags, out);
        out.put_slice(&sent.message.body);
        if keeps {
            self.unacked.insert(now, number, queued, self.patience());
        } else if let Some(share) = queued.share {
            self.shares.give_back(share, queued.outgoing.message.body.len());
        }
        self.append_acks(out);
        true
    }

    /// Repeats a packet: same number, same bytes, no appended acks.
    fn write_again(&mut self, now: Timestamp, due: Due, out: &mut BytesMut) -> bool {
        let patience = self.patience();
        let Some(message) = self.unacked.repeat(now, due, patience) else { return false };
        let flags = flags_of(&message) | PacketFlags::RELIABLE | PacketFlags::RESENT;
        header::write_header(flags, wire_sequence(due.number), out);
        out.put_slice(&message.body);
        self.stats.resends += 1;
        self.stats.probes += u64::from(due.probe);
        if due.throttled {
            self.take_tokens(Category::Resend, out.len());
        }
        true
    }

    fn write_ping(&mut self, now: Timestamp, out: &mut BytesMut) {
        self.ping_due = false;
        let id = self.next_ping_id;
        self.next_ping_id = id.wrapping_add(1);
        if self.open_pings.len() >= MAX_OPEN_PINGS {
            self.open_pings.pop_front();
        }
        self.open_pings.push_back((id, now));
        // With nothing unacked this is the latest number that was used.
        let oldest = self.unacked.oldest().unwrap_or(self.next_number.saturating_sub(1));
        self.begin(PacketFlags::empty(), out);
        wire::write_start_ping(id, wire_sequence(oldest), out);
        self.append_acks(out);
    }

    /// Writes the header of a new packet.
    fn begin(&mut self, flags: PacketFlags, out: &mut BytesMut) {
        header::write_header(flags, wire_sequence(self.next_number), out);
        self.next_number += 1;
    }

    fn append_acks(&mut self, out: &mut BytesMut) {
        // What is appended would not fit what was measured before.
        if self.config.ack_carrier != AckCarrier::Append || !self.proof.is_given() {
            return;
        }
        let count = self.acks.append(out);
        if count > 0 {
            if let Some(flags) = out.first_mut() {
                *flags |= PacketFlags::ACK.bits();
            }
            self.stats.acks_out += count as u64;
        }
        if self.acks.is_empty() {
            self.timers.stop(Timer::Ack);
        }
    }

    fn is_open(&mut self, now: Timestamp, category: Category) -> bool {
        self.throttle.as_mut().is_none_or(|throttle| throttle.is_open(now, category))
    }

    fn take_tokens(&mut self, category: Category, bytes: usize) {
        if let Some(throttle) = &mut self.throttle {
            throttle.take(category, bytes);
        }
    }

    /// Sets the timer for the first bucket that something waits at.
    fn wait_for_tokens(&mut self) {
        let Some(throttle) = &self.throttle else { return };
        let resend = self.unacked.next_due().filter(|due| due.throttled);
        let waiting = Category::THROTTLED
            .iter()
            .zip(&self.queues)
            .filter(|(_, queue)| !queue.is_empty())
            .map(|(&category, _)| category)
            .chain(resend.map(|_| Category::Resend));
        match waiting.filter_map(|category| throttle.opens_at(category)).min() {
            Some(at) => self.timers.set(Timer::Throttle, at),
            None => self.timers.stop(Timer::Throttle),
        }
    }
}

fn flags_of(message: &Encoded) -> PacketFlags {
    if message.zerocoded { PacketFlags::ZEROCODED } else { PacketFlags::empty() }
}

/// Sequence numbers count modulo 2^24.
fn wire_sequence(number: u64) -> u32 {
    number as u32 & SEQUENCE_MASK
}

/// How long an answered ping may take before something that waits for it asks again.
const PROOF_PATIENCE: Duration = Duration::from_millis(250);

/// Own pings whose answer is still awaited.
const MAX_OPEN_PINGS: usize = 4;
