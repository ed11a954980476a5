//! One socket of a region: receives, sends, and owns the circuits behind it.
//!
//! The task never waits for the region: while the region's channel is full it stops reading its
//! socket, so that clients slow down, and keeps sending.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::batch::Batch;
use super::counters::{Counters, busy, drop_datagram, gave_up, name_of};
use super::farewell::farewell;
use super::limit::SourceLimit;
use super::opening::{is_other_login, is_use_circuit_code};
use super::slots::{Slot, Slots};
use crate::circuit::{Category, CircuitConfig, CircuitEvent, CloseReason, DropReason, Outgoing};
use crate::message::header;
use crate::outbox::{CircuitKey, CircuitReport, Delivery, EndpointCommand, EndpointLink, Receipt};
use crate::region::Command;
use crate::session::{Context, Outcome, Turn, presence};
use crate::time::{Clock, Timestamp};

/// Datagrams or commands that are handled before the other side of the task gets its turn.
const BATCH: usize = 256;
/// Messages that are queued on circuits before these get to send.
const SENDS_AT_A_TIME: usize = 1024;
/// Rounds in a row before other tasks of the thread get their turn; to look for them costs a
/// system call.
const ROUNDS: u32 = 8;
/// Largest datagram that is read, in bytes.
const RECEIVE_BUFFER: usize = header::MAX_DATAGRAM;
/// How long a stopping endpoint waits for its farewells to be acked.
const STOP_LINGER: Duration = Duration::from_millis(500);

/// What an endpoint is told by the configuration.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// For every circuit.
    pub circuit: CircuitConfig,
    /// Packets per second that one source without a circuit may send.
    pub stranger_rate: u32,
    /// Packets that such a source may send at once.
    pub stranger_burst: u32,
    /// How long after its login a circuit may be opened.
    pub circuit_code_lifetime: Duration,
    /// How long an ended circuit repeats its farewell and its acks.
    pub linger: Duration,
}

/// One socket and its circuits.
pub struct Endpoint {
    socket: UdpSocket,
    pub(super) context: Arc<Context>,
    pub(super) settings: EndpointSettings,
    pub(super) link: EndpointLink,
    commands: mpsc::Receiver<EndpointCommand>,
    clock: Arc<dyn Clock>,
    pub(super) slots: Slots,
    timers: BinaryHeap<Reverse<(Timestamp, u32, u32)>>,
    dirty: Vec<CircuitKey>,
    /// What the kernel is about to get; between two rounds only what it had no room for.
    batch: Batch,
    held: VecDeque<Command>,
    /// The region got something since other tasks last had their turn.
    handed: bool,
    strangers: SourceLimit,
    receive_buffer: Box<[u8]>,
    scratch: BytesMut,
    counters: Counters,
}

impl Endpoint {
    /// An endpoint on `socket`; `commands` is the other end of `link`.
    pub fn new(
        socket: UdpSocket,
        context: Arc<Context>,
        settings: EndpointSettings,
        link: EndpointLink,
        commands: mpsc::Receiver<EndpointCommand>,
    ) -> Self {
        let clock = context.services.clock.clone();
        let counters = Counters::of(&context.region.info.name);
        let strangers =
            SourceLimit::new(settings.stranger_rate, settings.stranger_burst, clock.now());
        Self {
            socket,
            context,
            settings,
            link,
            commands,
            clock,
            slots: Slots::default(),
            timers: BinaryHeap::new(),
            dirty: Vec::new(),
            batch: Batch::default(),
            held: VecDeque::new(),
            handed: false,
            strangers,
            receive_buffer: vec![0; RECEIVE_BUFFER].into_boxed_slice(),
            scratch: BytesMut::new(),
            counters,
        }
    }

    /// Runs until cancelled; then every agent is told, and what was told is given a moment to
    /// arrive.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut stop_by = None;
        // Circuits that linger no longer than this had ended when the stop came.
        let mut left_before = self.clock.now();
        let mut rounds = 0;
        loop {
            if stop_by.is_none() && stop.is_cancelled() {
                let now = self.clock.now();
                stop_by = Some(now + STOP_LINGER);
                left_before = now + self.settings.linger;
                self.close_all(now);
            }
            let worked = self.work();
            if let Some(stop_by) = stop_by
                && (self.all_quiet(left_before) || self.clock.now() >= stop_by)
            {
                return;
            }
            if !worked {
                self.wait(&stop, stop_by).await;
                rounds = 0;
                continue;
            }
            rounds += 1;
            // The region may wait on this very thread for what it was just handed.
            if std::mem::take(&mut self.handed) || rounds >= ROUNDS {
                tokio::task::yield_now().await;
                rounds = 0;
            }
        }
    }

    /// One round over everything that is ready; whether there was anything.
    fn work(&mut self) -> bool {
        let mut worked = self.deliver_held();
        // While the kernel takes nothing, commands wait in their channel and not on the circuits.
        if self.batch.is_empty() {
            worked |= self.run_commands();
        }
        if self.held.is_empty() {
            worked |= self.receive();
        }
        self.fire_timers();
        self.transmit();
        worked
    }

    /// Waits for the next thing to do.
    async fn wait(&mut self, stop: &CancellationToken, stop_by: Option<Timestamp>) {
        let now = self.clock.now();
        let mut until = self.timers.peek().map(|Reverse((at, ..))| *at);
        if let Some(stop_by) = stop_by {
            until = Some(until.map_or(stop_by, |at| at.min(stop_by)));
        }
        // An idle endpoint wakes once a minute; nothing depends on it.
        let sleep = until.map_or(Duration::from_secs(60), |at| at.since(now));
        let writing = !self.batch.is_empty();
        let reading = self.held.is_empty() && !writing;
        let mut next = None;
        tokio::select! {
            () = stop.cancelled(), if stop_by.is_none() => {}
            command = self.commands.recv(), if !writing => next = command,
            permit = self.context.region.commands.reserve(), if !self.held.is_empty() => {
                if let (Ok(permit), Some(command)) = (permit, self.held.pop_front()) {
                    permit.send(command);
                }
            }
            _ = self.socket.readable(), if reading => {}
            _ = self.socket.writable(), if writing => {}
            () = tokio::time::sleep(sleep) => {}
        }
        if let Some(command) = next {
            self.command(command);
        }
    }

    // --- from outside ---------------------------------------------------------------------

    fn receive(&mut self) -> bool {
        let mut any = false;
        for _ in 0..BATCH {
            let received = self.socket.try_recv_from(&mut self.receive_buffer);
            match received {
                Ok((length, from)) => {
                    any = true;
                    let datagram = Bytes::copy_from_slice(&self.receive_buffer[..length]);
                    self.datagram(from, datagram);
                    if !self.deliver_held() && !self.held.is_empty() {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // A client's closed port comes back as an error of ours; it says nothing new.
                Err(_) => any = true,
            }
        }
        any
    }

    fn datagram(&mut self, from: SocketAddr, datagram: Bytes) {
        let now = self.clock.now();
        self.counters.datagrams_in.increment(1);
        self.counters.bytes_in.increment(datagram.len() as u64);
        let opening = is_use_circuit_code(&datagram);
        let mut left = None;
        if let Some(slot) = self.slots.by_address(&from) {
            let key = slot.key;
            if !opening || (slot.lingers_until.is_none() && !is_other_login(slot, &datagram)) {
                slot.circuit.handle_datagram(now, datagram);
                self.after(key, now);
                return;
            }
            // An agent that comes back soon opens a new circuit beside the one that only lingers.
            left = Some(key).filter(|_| !is_other_login(slot, &datagram));
        }
        let opened = if opening { self.open(from, &datagram, now) } else { Err("unknown_source") };
        match opened {
            Ok(key) => {
                if let Some(slot) = self.slots.get_mut(key) {
                    slot.circuit.handle_datagram(now, datagram);
                }
                self.after(key, now);
            }
            // A repetition for the circuit that lingers: it repeats its ack.
            Err(_) if let Some(key) = left => {
                if let Some(slot) = self.slots.get_mut(key) {
                    slot.circuit.handle_datagram(now, datagram);
                }
                self.after(key, now);
            }
            // Only what opens nothing counts against its source: many clients may log in at once
            // from one address.
            Err(_) if !self.strangers.allows(from.ip(), now) => drop_datagram("stranger_rate"),
            Err(reason) => {
                tracing::debug!(%from, reason, "datagram without a circuit");
                drop_datagram(reason);
            }
        }
    }

    fn run_commands(&mut self) -> bool {
        let mut sends = 0;
        for count in 0..BATCH {
            match self.commands.try_recv() {
                Ok(command) => sends += self.command(command),
                Err(_) => return count > 0,
            }
            if sends >= SENDS_AT_A_TIME {
                break;
            }
        }
        true
    }

    /// Does what was asked; gives how many messages that put on circuits.
    fn command(&mut self, command: EndpointCommand) -> usize {
        let now = self.clock.now();
        match command {
            EndpointCommand::Send(key, outgoing) => {
                self.send(key, outgoing, None, now);
                return 1;
            }
            EndpointCommand::SendTracked(key, outgoing, receipt) => {
                self.send(key, outgoing, Some(receipt), now);
                return 1;
            }
            EndpointCommand::SendMany(keys, outgoing) => {
                for &key in &keys {
                    self.send(key, outgoing.clone(), None, now);
                }
                return keys.len();
            }
            EndpointCommand::SendEach(each) => {
                let messages = each.take();
                let count = messages.len();
                for (key, outgoing) in messages {
                    self.send(key, outgoing, None, now);
                }
                return count;
            }
            EndpointCommand::Settle(key, sequence, is_done) => {
                if let Some(slot) = self.slots.get_mut(key) {
                    slot.circuit.settle(now, sequence, is_done);
                    self.settle(key);
                }
            }
            EndpointCommand::Close(key, reason, text) => {
                self.end(key, reason, &text, now);
                self.settle(key);
            }
            EndpointCommand::Report(answer) => {
                let _ = answer.send(self.report());
            }
        }
        0
    }

    /// Puts a message on its circuit. A receipt that gets no further says that it is lost.
    fn send(
        &mut self,
        key: CircuitKey,
        outgoing: Outgoing,
        receipt: Option<Receipt>,
        now: Timestamp,
    ) {
        let Some(slot) = self.slots.get_mut(key) else {
            metrics::counter!("holm_sends_after_close_total").increment(1);
            return;
        };
        if slot.lingers_until.is_some() {
            return;
        }
        let id = outgoing.message.id;
        // What the client would miss for good is worse than a lost circuit; what somebody sends it is
        // not.
        let is_vital = outgoing.origin.is_none() && (outgoing.reliable || receipt.is_some());
        let mut overflowed = slot.gauge.overflowed();
        let token = receipt.map(|receipt| slot.receipts.keep(receipt));
        let sent = match token {
            Some(token) => slot.circuit.send_tracked(now, outgoing, token),
            None => slot.circuit.send(now, outgoing),
        };
        if let Err(error) = sent {
            let agent = slot.session.shared.agent_id;
            tracing::debug!(%agent, message = name_of(id), %error, "not sent");
            metrics::counter!("holm_messages_refused_total", "message" => name_of(id)).increment(1);
            if let Some(token) = token {
                slot.receipts.settle(token, Delivery::Refused);
            }
            overflowed |= is_vital;
        }
        if overflowed {
            self.end(key, CloseReason::OutboxFull, "", now);
        }
        self.settle(key);
    }

    // --- one circuit ----------------------------------------------------------------------

    /// Handles what a circuit has to say after its input changed.
    fn after(&mut self, key: CircuitKey, now: Timestamp) {
        loop {
            let Some(slot) = self.slots.get_mut(key) else { return };
            let Some(event) = slot.circuit.poll_event() else { break };
            match event {
                CircuitEvent::Message { id, body, sequence, .. } => {
                    if slot.lingers_until.is_some() {
                        // Nobody takes it any more, so nobody may ack it.
                        slot.circuit.refuse(DropReason::Closed);
                        continue;
                    }
                    let mut turn = Turn {
                        now,
                        sequence,
                        circuit: &mut slot.circuit,
                        commands: &mut self.held,
                        unanswered: false,
                    };
                    match slot.session.handle(&mut turn, id, &body) {
                        Outcome::Continue => {}
                        Outcome::Busy => {
                            slot.circuit.refuse(DropReason::Busy);
                            busy(id);
                        }
                        Outcome::Held => slot.circuit.hold(),
                        Outcome::Close(reason) => self.end(key, reason, "", now),
                    }
                }
                CircuitEvent::Acked { token } => slot.receipts.settle(token, Delivery::Acked),
                CircuitEvent::Lost { token } => slot.receipts.settle(token, Delivery::Lost),
                CircuitEvent::GaveUp { id } => gave_up(id),
                CircuitEvent::Closed { reason } => {
                    self.end(key, reason, "", now);
                    // Its own farewell is the last datagram of a circuit that ended by itself.
                    self.transmit_circuit(key, now);
                    self.forget(key);
                    return;
                }
            }
        }
        self.settle(key);
    }

    /// Ends the session behind a circuit: says farewell, tells the region and whom it concerns. The
    /// circuit stays for a while to repeat the farewell and its acks.
    pub(super) fn end(&mut self, key: CircuitKey, reason: CloseReason, text: &str, now: Timestamp) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        if slot.lingers_until.is_some() {
            return;
        }
        slot.lingers_until = Some(now + self.settings.linger);
        let shared = slot.session.shared.clone();
        tracing::info!(agent = %shared.agent_id, name = %shared.name(), %reason, "agent leaves");
        metrics::counter!("holm_circuits_closed_total", "reason" => reason.as_str()).increment(1);
        farewell(slot, reason, text, now);
        // A circuit that lingers acks nothing that its owner could still act upon.
        slot.receipts.lose_all();
        if slot.session.entered() {
            self.held
                .push_back(Command::Leave { agent: shared.agent_id, session: shared.session_id });
            if reason != CloseReason::Left {
                self.context.remember_place(&shared);
            }
        }
        presence::ended(&self.context.services, &self.context.sessions, &shared, reason);
    }

    /// Drops a circuit and adds what it counted to the totals.
    pub(super) fn forget(&mut self, key: CircuitKey) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        let stats = slot.circuit.stats();
        metrics::counter!("holm_packets_resent_total").increment(stats.resends);
        metrics::counter!("holm_packets_probed_total").increment(stats.probes);
        metrics::counter!("holm_packets_duplicate_total").increment(stats.duplicates);
        metrics::counter!("holm_circuit_held_back_total").increment(stats.held_back);
        metrics::counter!("holm_circuits_unproven_total").increment(u64::from(!stats.proven));
        for (reason, count) in stats.drops.iter().filter(|(_, count)| *count > 0) {
            metrics::counter!("holm_circuit_drops_total", "reason" => reason.as_str())
                .increment(count);
        }
        self.slots.remove(key);
    }

    /// Marks a circuit for transmission and sets its timer.
    fn settle(&mut self, key: CircuitKey) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        if !slot.dirty {
            slot.dirty = true;
            self.dirty.push(key);
        }
    }

    fn fire_timers(&mut self) {
        let now = self.clock.now();
        while let Some(&Reverse((at, slot, generation))) = self.timers.peek() {
            if at > now {
                return;
            }
            self.timers.pop();
            let key = CircuitKey { slot, generation };
            let Some(slot) = self.slots.get_mut(key) else { continue };
            if slot.armed != Some(at) {
                continue;
            }
            slot.armed = None;
            if slot.lingers_until.is_some_and(|until| now >= until) {
                self.forget(key);
                continue;
            }
            slot.circuit.handle_timeout(now);
            self.after(key, now);
        }
    }

    // --- to outside -----------------------------------------------------------------------

    fn transmit(&mut self) {
        let now = self.clock.now();
        if !self.flush() {
            return;
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        let mut done = 0;
        for &key in &dirty {
            // A full batch is one that the kernel had no room for.
            if self.batch.is_full() {
                break;
            }
            done += 1;
            self.transmit_circuit(key, now);
        }
        dirty.drain(..done);
        dirty.append(&mut self.dirty);
        self.dirty = dirty;
        self.flush();
    }

    fn transmit_circuit(&mut self, key: CircuitKey, now: Timestamp) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        slot.dirty = false;
        while slot.circuit.poll_transmit(now, &mut self.scratch) {
            self.batch.push(slot.address, &self.scratch);
            if self.batch.is_full() && !flush(&mut self.batch, &self.socket, &self.counters) {
                slot.dirty = true;
                self.dirty.push(key);
                return;
            }
        }
        slot.gauge.set_pressure(slot.circuit.pressure());
        let (backlog, rate) =
            (slot.circuit.backlog_of(Category::Task), slot.circuit.rate(Category::Task));
        slot.gauge.set_task(backlog, rate);
        let deadline = match (slot.circuit.poll_timeout(), slot.lingers_until) {
            (Some(timer), Some(until)) => Some(timer.min(until)),
            (timer, until) => timer.or(until),
        };
        if let Some(at) = deadline
            && slot.armed.is_none_or(|armed| at < armed)
        {
            slot.armed = Some(at);
            self.timers.push(Reverse((at, key.slot, key.generation)));
        }
    }

    fn flush(&mut self) -> bool {
        flush(&mut self.batch, &self.socket, &self.counters)
    }

    /// Passes commands on to the region, as many as it takes; whether any went.
    fn deliver_held(&mut self) -> bool {
        let mut any = false;
        while let Some(command) = self.held.pop_front() {
            match self.context.region.commands.try_send(command) {
                Ok(()) => {
                    any = true;
                    self.handed = true;
                }
                Err(mpsc::error::TrySendError::Full(command)) => {
                    self.held.push_front(command);
                    break;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
        }
        any
    }

    // --- stopping, reporting --------------------------------------------------------------

    fn close_all(&mut self, now: Timestamp) {
        for key in self.slots.keys() {
            self.end(key, CloseReason::Shutdown, "", now);
            self.settle(key);
        }
    }

    /// Whether nothing is left to send, or to be acked by clients that the stop has thrown out: one
    /// that logged out has closed its socket by now and acks nothing.
    fn all_quiet(&self, left_before: Timestamp) -> bool {
        let is_gone = |slot: &Slot| slot.lingers_until.is_some_and(|until| until < left_before);

        self.batch.is_empty()
            && self.held.is_empty()
            && (self.slots.is_empty()
                || self
                    .slots
                    .iter()
                    .all(|slot| is_gone(slot) || slot.circuit.stats().unacked_packets == 0))
    }

    fn report(&self) -> Vec<CircuitReport> {
        self.slots
            .iter()
            .map(|slot| CircuitReport {
                agent: slot.session.shared.agent_id,
                circuit_code: slot.session.shared.circuit_code,
                address: slot.address,
                open: slot.lingers_until.is_none(),
                entered: slot.session.entered(),
                backlog: slot.circuit.backlog(),
                stats: slot.circuit.stats(),
            })
            .collect()
    }
}

/// Sends what has gathered; whether the kernel took all of it.
fn flush(batch: &mut Batch, socket: &UdpSocket, counters: &Counters) -> bool {
    if batch.is_empty() {
        return true;
    }
    let flushed = batch.flush(socket);
    counters.datagrams_out.increment(flushed.datagrams);
    counters.bytes_out.increment(flushed.bytes);
    if flushed.errors > 0 {
        metrics::counter!("holm_udp_send_errors_total").increment(flushed.errors);
    }
    batch.is_empty()
}
