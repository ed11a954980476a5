//! Circuits with the work that they do all day, in memory.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use holm::circuit::{Category, Circuit, CircuitConfig, CircuitEvent, Outgoing};
use holm::message::header::PacketFlags;
use holm::message::{self, Message};
use holm::time::Timestamp;

use crate::{messages, packets};

/// A simulator's side without pings, so that nothing but the work itself is sent.
pub fn quiet() -> CircuitConfig {
    CircuitConfig { ping_interval: None, ..CircuitConfig::default() }
}

/// A message that is ready to be sent.
pub fn outgoing<M: Message>(message: &M, reliable: bool, category: Category) -> Outgoing {
    let message = message::encode(message).expect("a message that fits");
    Outgoing::new(message, reliable, category)
}

/// An unreliable `PacketAck`.
pub fn ack(first: u32, count: u32) -> Bytes {
    packets::packet(PacketFlags::empty(), 0, &messages::packet_ack(first, count), &[])
}

/// What an endpoint does after each datagram; gives the bytes that were sent.
pub fn drive(circuit: &mut Circuit, now: Timestamp, out: &mut BytesMut) -> usize {
    while circuit.poll_event().is_some() {}
    let mut sent = 0;
    while circuit.poll_transmit(now, out) {
        sent += out.len();
    }
    std::hint::black_box(circuit.poll_timeout());
    sent
}

/// One message to many circuits and the acks back: chat fan-out without sockets.
pub struct Hub {
    circuits: Vec<Circuit>,
    now: Timestamp,
    said: u32,
    out: BytesMut,
}

impl Hub {
    /// So many listeners.
    pub fn new(listeners: usize) -> Self {
        let now = Timestamp::ZERO;
        let circuits = (0..listeners).map(|_| Circuit::new(quiet(), now)).collect();
        Self { circuits, now, said: 0, out: BytesMut::with_capacity(2048) }
    }

    /// Encodes a line once, sends it to all and takes their acks; gives the bytes that were sent.
    pub fn say(&mut self) -> usize {
        self.said += 1;
        self.now = self.now + Duration::from_millis(1);
        let line = outgoing(&messages::chat_from_simulator(), true, Category::Unthrottled);
        let mut sent = 0;
        for circuit in &mut self.circuits {
            circuit.send(self.now, line.clone()).expect("room for one message");
            sent += drive(circuit, self.now, &mut self.out);
        }
        let ack = ack(self.said & 0x00FF_FFFF, 1);
        for circuit in &mut self.circuits {
            circuit.handle_datagram(self.now, ack.clone());
            sent += drive(circuit, self.now, &mut self.out);
        }
        sent
    }

    /// Messages that some circuit still waits to be acked.
    pub fn unacked(&self) -> usize {
        self.circuits.iter().map(|circuit| circuit.stats().unacked_packets).sum()
    }
}

/// Sends reliable messages over one circuit of which the peer acks each packet `lag` packets
/// later, so that so many are always unacked.
pub struct Sender {
    circuit: Circuit,
    message: Outgoing,
    now: Timestamp,
    sent: u32,
    lag: u32,
    out: BytesMut,
}

impl Sender {
    /// A circuit with `lag` unacked packets.
    pub fn new(lag: u32) -> Self {
        let now = Timestamp::ZERO;
        let message = outgoing(&messages::chat_from_simulator(), true, Category::Unthrottled);
        let out = BytesMut::with_capacity(2048);
        let circuit = Circuit::new(quiet(), now);
        let mut sender = Self { circuit, message, now, sent: 0, lag, out };
        for _ in 0..lag {
            sender.send();
        }
        sender
    }

    fn send(&mut self) {
        self.sent += 1;
        self.now = self.now + Duration::from_micros(100);
        self.circuit.send(self.now, self.message.clone()).expect("room for one message");
        drive(&mut self.circuit, self.now, &mut self.out);
    }

    /// Sends ten and takes the ack of ten earlier ones.
    pub fn ten(&mut self) {
        for _ in 0..10 {
            self.send();
        }
        let first = (self.sent - self.lag - 9) & 0x00FF_FFFF;
        self.circuit.handle_datagram(self.now, ack(first, 10));
        drive(&mut self.circuit, self.now, &mut self.out);
    }

    /// Packets without an ack.
    pub fn unacked(&self) -> usize {
        self.circuit.stats().unacked_packets
    }
}

/// A client that talks: one reliable message after the other.
pub struct Peer {
    template: Bytes,
    sequence: u32,
}

impl Peer {
    /// Its first packet has number 1.
    pub fn new() -> Self {
        let chat = messages::chat_from_viewer();
        let template = packets::packet(PacketFlags::RELIABLE, 0, &chat, &[]);
        Self { template, sequence: 0 }
    }

    /// Its next `count` datagrams.
    pub fn datagrams(&mut self, count: u32) -> Vec<Bytes> {
        let datagram = |_| {
            self.sequence = (self.sequence + 1) & 0x00FF_FFFF;
            let mut bytes = BytesMut::from(&self.template[..]);
            bytes[1..5].copy_from_slice(&self.sequence.to_be_bytes());
            bytes.freeze()
        };
        (0..count).map(datagram).collect()
    }
}

/// A circuit that receives and acks.
pub struct Receiver {
    circuit: Circuit,
    out: BytesMut,
}

impl Receiver {
    /// A circuit that sends its acks as `config` says.
    pub fn new(config: CircuitConfig) -> Self {
        let circuit = Circuit::new(config, Timestamp::ZERO);
        Self { circuit, out: BytesMut::with_capacity(2048) }
    }

    /// Takes datagrams that came together, then sends what it owes and has to say; gives the bytes
    /// that were sent.
    pub fn take(&mut self, datagrams: Vec<Bytes>, answer: Option<&Outgoing>) -> usize {
        for datagram in datagrams {
            self.circuit.handle_datagram(Timestamp::ZERO, datagram);
        }
        if let Some(answer) = answer {
            self.circuit.send(Timestamp::ZERO, answer.clone()).expect("room for one message");
        }
        drive(&mut self.circuit, Timestamp::ZERO, &mut self.out)
    }
}

/// Sends `count` reliable messages from one circuit to another over a network that loses every
/// `lose`th datagram; gives how many arrived for the first time and how many were sent again.
pub fn lossy(count: usize, lose: usize) -> (usize, u64) {
    let mut now = Timestamp::ZERO;
    let config = CircuitConfig { throttled: false, ..quiet() };
    let mut from = Circuit::new(config.clone(), now);
    let mut to =
        Circuit::new(CircuitConfig { ping_interval: None, ..CircuitConfig::client() }, now);
    let message = outgoing(&messages::chat_from_simulator(), true, Category::Unthrottled);
    let mut out = BytesMut::with_capacity(2048);
    let (mut datagrams, mut arrived) = (0, 0);
    let mut is_lost = || {
        datagrams += 1;
        datagrams % lose == 0
    };
    for _ in 0..count {
        from.send(now, message.clone()).expect("room for all");
    }
    loop {
        while from.poll_transmit(now, &mut out) {
            let datagram = out.split().freeze();
            if !is_lost() {
                to.handle_datagram(now, datagram);
            }
            while let Some(event) = to.poll_event() {
                arrived += usize::from(matches!(event, CircuitEvent::Message { .. }));
            }
        }
        while to.poll_transmit(now, &mut out) {
            let datagram = out.split().freeze();
            if !is_lost() {
                from.handle_datagram(now, datagram);
            }
        }
        if from.is_settled() {
            return (arrived, from.stats().resends);
        }
        now = from.poll_timeout().unwrap_or(now);
        from.handle_timeout(now);
    }
}
