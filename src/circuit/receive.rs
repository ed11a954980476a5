//! Receiving: turns a datagram into acks, pings and events.

use bytes::Bytes;

use super::seen::SEQUENCE_MASK;
use super::timer::Timer;
use super::{Circuit, CircuitEvent, DropReason, State, wire};
use crate::message::MessageId;
use crate::message::header::{self, Datagram, PacketFlags};
use crate::time::Timestamp;

impl Circuit {
    /// Takes a datagram that came from the peer. What is no packet is counted and dropped.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a datagram is used up; what is kept of it are slices"
    )]
    pub fn handle_datagram(&mut self, now: Timestamp, datagram: Bytes) {
        match header::parse(&datagram) {
            Ok(packet) => self.handle_packet(now, packet, datagram.len()),
            Err(error) => {
                tracing::debug!(%error, length = datagram.len(), "malformed packet");
                self.stats.drops.count(DropReason::Malformed);
            }
        }
    }

    /// Takes a packet that the caller has parsed already; `length` is that of its datagram.
    pub fn handle_packet(&mut self, now: Timestamp, packet: Datagram, length: usize) {
        if matches!(self.state, State::Closed(_)) {
            self.stats.drops.count(DropReason::Closed);
            return;
        }
        self.stats.packets_in += 1;
        self.stats.bytes_in += length as u64;
        self.last_received = now;
        self.restart_idle();
        if !self.proof.is_given() {
            self.proof.release();
            if self.stats.packets_in == 1 && self.timers.is_set(Timer::Ping) {
                self.start_ping(now);
            }
        }

        // Acks count even when the packet that carries them is a duplicate.
        for sequence in packet.acks.iter() {
            self.handle_ack(now, sequence);
        }
        let reliable = packet.flags.contains(PacketFlags::RELIABLE);
        match packet.id {
            // These may be handled any number of times, so they need no duplicate check; and must
            // not get one: a client sends every PacketAck reliably with sequence 0.
            wire::PACKET_ACK => {
                for sequence in wire::read_acks(&packet.body) {
                    self.handle_ack(now, sequence);
                }
            }
            wire::START_PING_CHECK => self.handle_start_ping(&packet.body),
            wire::COMPLETE_PING_CHECK => self.handle_complete_ping(now, &packet.body),
            _ => {
                self.handle_message(now, packet, reliable);
                return;
            }
        }
        if reliable {
            self.owe_ack(now, packet.sequence, false);
        }
        self.end_if_settled();
    }

    fn handle_message(&mut self, now: Timestamp, packet: Datagram, reliable: bool) {
        if self.events.len() >= self.config.event_limit {
            // Unacked, so a reliable one will come again.
            self.stats.drops.count(DropReason::EventsFull);
            return;
        }
        if reliable && !self.seen.insert(now, packet.sequence) {
            self.stats.duplicates += 1;
            // An ack of what nobody has taken yet would promise too much.
            if !self.is_untaken(packet.sequence) {
                self.owe_ack_of(now, packet.id, packet.sequence, true);
            }
            return;
        }
        self.events.push_back(CircuitEvent::Message {
            id: packet.id,
            body: packet.body,
            reliable,
            resent: packet.flags.contains(PacketFlags::RESENT),
            sequence: packet.sequence,
        });
    }

    /// Whether a packet that has been seen still waits for somebody to take it.
    fn is_untaken(&self, sequence: u32) -> bool {
        let is_it = |other: u32| (other ^ sequence) & SEQUENCE_MASK == 0;
        self.offered.is_some_and(|(_, other)| is_it(other))
            || self.held.iter().any(|&other| is_it(other))
            || self.events.iter().any(|event| {
                matches!(*event, CircuitEvent::Message { reliable: true, sequence, .. }
                    if is_it(sequence))
            })
    }

    fn handle_ack(&mut self, now: Timestamp, sequence: u32) {
        // The number of the circuit's own count that lies at most 2^24 back.
        let Some(last) = self.next_number.checked_sub(1) else { return };
        let behind = last.wrapping_sub(u64::from(sequence)) & u64::from(SEQUENCE_MASK);
        let Some(number) = last.checked_sub(behind) else { return };
        let Some(acked) = self.unacked.acknowledge(now, number) else { return };
        self.proof.acked();
        if let Some(sample) = acked.after {
            self.round_trip.acked(sample);
        }
        if let Some(share) = acked.share {
            self.shares.give_back(share, acked.bytes);
        }
        if let Some(token) = acked.token {
            self.events.push_back(CircuitEvent::Acked { token });
        }
        self.stats.acks_in += 1;
    }

    fn handle_start_ping(&mut self, body: &[u8]) {
        let (id, oldest_unacked) = wire::read_start_ping(body);
        if let Some(oldest) = oldest_unacked {
            self.seen.settle_before(oldest);
        }
        if self.pongs.len() >= MAX_PONGS {
            self.stats.drops.count(DropReason::PingsFull);
        } else if !self.pongs.contains(&id) {
            self.pongs.push_back(id);
        }
    }

    fn handle_complete_ping(&mut self, now: Timestamp, body: &[u8]) {
        let id = body.first().copied().unwrap_or_default();
        let open = self.open_pings.iter().position(|&(open, _)| open == id);
        self.proof.ping_answered(open.is_some());
        if let Some((_, sent)) = open.and_then(|at| self.open_pings.remove(at)) {
            self.round_trip.ping_answered(now.since(sent));
        }
    }

    /// The message that was given out last has been taken: its ack is owed.
    pub(super) fn accept_offered(&mut self) {
        if let Some((id, sequence)) = self.offered.take() {
            self.owe_ack_of(self.last_received, id, sequence, false);
        }
    }

    fn owe_ack_of(&mut self, now: Timestamp, id: MessageId, sequence: u32, again: bool) {
        if id == wire::USE_CIRCUIT_CODE {
            self.acks.push_alone(sequence);
        } else {
            self.owe_ack(now, sequence, again);
        }
    }

    pub(super) fn owe_ack(&mut self, now: Timestamp, sequence: u32, again: bool) {
        if !self.acks.push(sequence, again) {
            self.stats.drops.count(DropReason::AcksFull);
        }
        let soon = self.config.ack_delay.is_zero() || matches!(self.state, State::Closed(_));
        if soon || self.acks.len() >= self.config.ack_batch {
            self.acks.flush();
        } else if !self.timers.is_set(Timer::Ack) {
            self.timers.set(Timer::Ack, now + self.config.ack_delay);
        }
    }
}

/// Answers to pings that may wait.
const MAX_PONGS: usize = 16;
