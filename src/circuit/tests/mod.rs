//! Behaviour tests: two circuits with a simulated network between them, in virtual time.

mod acceptance;
mod acks;
mod backoff;
mod bounds;
mod duplicate_packets;
mod pings;
mod reflection;
mod resend;
mod schedules;
mod senders;
mod throttling;

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use super::{Category, Circuit, CircuitConfig, CircuitEvent, Outgoing};
use crate::message::header::{self, Datagram, PacketFlags};
use crate::message::{Encoded, MessageId};
use crate::netsim::{Link, Profile};
use crate::time::Timestamp;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A message kind that the circuit does not know.
const CHAT: MessageId = MessageId::low(80);

/// A `CHAT` message whose body is `payload`.
fn message(payload: &[u8]) -> Encoded {
    let mut body = BytesMut::new();
    CHAT.write(&mut body);
    body.put_slice(payload);
    Encoded { id: CHAT, body: body.freeze(), zerocoded: false }
}

fn reliable(payload: &[u8]) -> Outgoing {
    Outgoing::reliable(message(payload), Category::Unthrottled)
}

fn unreliable(payload: &[u8]) -> Outgoing {
    Outgoing { reliable: false, ..reliable(payload) }
}

fn in_category(category: Category, size: usize) -> Outgoing {
    Outgoing { category, ..unreliable(&vec![7; size - 4]) }
}

/// A datagram as a client would write it: number and body in `rest`.
fn datagram(flags: PacketFlags, sequence: u32, rest: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    header::write_header(flags, sequence, &mut out);
    out.put_slice(rest);
    out.freeze()
}

fn chat(flags: PacketFlags, sequence: u32) -> Bytes {
    datagram(flags, sequence, &[0xFF, 0xFF, 0, 80, 1])
}

/// Lets a datagram in and takes what it brings; gives how many events that were.
fn hear(circuit: &mut Circuit, now: Timestamp, datagram: Bytes) -> usize {
    circuit.handle_datagram(now, datagram);
    events(circuit).len()
}

/// Everything that the circuit wants to send now.
fn sent(circuit: &mut Circuit, now: Timestamp) -> Vec<Datagram> {
    let mut out = BytesMut::new();
    let mut packets = Vec::new();
    while circuit.poll_transmit(now, &mut out) {
        packets.push(header::parse(&out.split().freeze()).unwrap());
    }
    packets
}

/// The numbers in a `PacketAck`.
fn acked(packet: &Datagram) -> Vec<u32> {
    assert_eq!(packet.id, super::wire::PACKET_ACK);
    super::wire::read_acks(&packet.body).collect()
}

fn events(circuit: &mut Circuit) -> Vec<CircuitEvent> {
    std::iter::from_fn(|| circuit.poll_event()).collect()
}

fn at(milliseconds: u64) -> Timestamp {
    Timestamp::from_millis(milliseconds)
}

/// A circuit without pings, for tests that count packets.
fn quiet() -> CircuitConfig {
    CircuitConfig { ping_interval: None, ..CircuitConfig::default() }
}

/// One end of a [`Pair`] and what it heard.
struct End {
    circuit: Circuit,
    events: Vec<CircuitEvent>,
}

impl End {
    fn new(config: CircuitConfig) -> Self {
        Self { circuit: Circuit::new(config, Timestamp::ZERO), events: Vec::new() }
    }

    /// The payloads of the messages that arrived, in order of arrival.
    fn payloads(&self) -> Vec<&[u8]> {
        let messages = self.events.iter().filter_map(|event| match event {
            CircuitEvent::Message { body, .. } => Some(&body[..]),
            _ => None,
        });
        messages.collect()
    }
}

/// Two ends and a link each way.
struct Pair {
    now: Timestamp,
    ends: [End; 2],
    /// `links[n]` carries what `ends[n]` sends.
    links: [Link; 2],
    scratch: BytesMut,
}

impl Pair {
    fn new(configs: [CircuitConfig; 2], profile: Profile, seed: u64) -> Self {
        Self {
            now: Timestamp::ZERO,
            ends: configs.map(End::new),
            links: [Link::new(profile, seed), Link::new(profile, seed ^ 0x5555)],
            scratch: BytesMut::new(),
        }
    }

    fn send(&mut self, from: usize, message: Outgoing) {
        self.ends[from].circuit.send(self.now, message).unwrap();
    }

    /// Moves datagrams until nobody has anything to do at this moment.
    fn settle(&mut self) {
        loop {
            let mut busy = false;
            for from in [0, 1] {
                let End { circuit, events } = &mut self.ends[from];
                circuit.handle_timeout(self.now);
                while circuit.poll_transmit(self.now, &mut self.scratch) {
                    busy = true;
                    self.links[from].push(self.now, self.scratch.split().freeze());
                }
                events.extend(std::iter::from_fn(|| circuit.poll_event()));
                while let Some(datagram) = self.links[from].poll(self.now) {
                    busy = true;
                    self.ends[1 - from].circuit.handle_datagram(self.now, datagram);
                }
            }
            if !busy {
                break;
            }
        }
        for End { circuit, events } in &mut self.ends {
            events.extend(std::iter::from_fn(|| circuit.poll_event()));
        }
    }

    /// When something happens next.
    fn next_deadline(&self) -> Option<Timestamp> {
        let circuits = self.ends.iter().filter_map(|end| end.circuit.poll_timeout());
        circuits.chain(self.links.iter().filter_map(Link::next_due)).min()
    }

    /// Lives on until `until`, jumping from deadline to deadline.
    fn run_until(&mut self, until: Timestamp) {
        loop {
            self.settle();
            match self.next_deadline() {
                Some(next) if next <= until => {
                    assert!(next > self.now, "a deadline does not move: {next:?}");
                    self.now = next;
                }
                _ => break,
            }
        }
        self.now = until;
    }
}
