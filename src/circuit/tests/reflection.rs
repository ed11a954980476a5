//! A peer that has not proven its address receives little more than it sends.

use proptest::prelude::*;

use super::*;
use crate::circuit::{AckCarrier, CloseReason};

const NONE: PacketFlags = PacketFlags::empty();

fn limited() -> CircuitConfig {
    CircuitConfig { unproven_ratio: Some(3), ..CircuitConfig::default() }
}

/// What a client sends first, in its usual size.
fn opening(circuit: &mut Circuit, now: Timestamp) {
    let mut body = vec![0xFF, 0xFF, 0, 3];
    body.extend([9; 36]);
    hear(circuit, now, datagram(PacketFlags::RELIABLE, 1, &body));
}

fn packet_ack(number: u32) -> Bytes {
    let [a, b, c, d] = number.to_le_bytes();
    datagram(NONE, 2, &[0xFF, 0xFF, 0xFF, 0xFB, 1, a, b, c, d])
}

fn is_ping(packet: &Datagram) -> bool {
    packet.id == MessageId::high(1)
}

/// The number of the first packet among `packets` that wants an ack.
fn wants_ack(packets: &[Datagram]) -> u32 {
    let reliable = packets.iter().find(|packet| packet.flags.contains(PacketFlags::RELIABLE));
    reliable.expect("a reliable packet").sequence
}

#[test]
fn unproven_peer_draws_three_times_what_it_sent() {
    let mut circuit = Circuit::new(limited(), at(0));
    opening(&mut circuit, at(0));
    for _ in 0..40 {
        circuit.send(at(0), reliable(&[7; 30])).unwrap();
        circuit.send(at(0), in_category(Category::Task, 40)).unwrap();
    }
    let mut packets = sent(&mut circuit, at(0));
    assert_eq!(acked(&packets[0]), [1]);
    assert!(is_ping(&packets[1]), "asks for a proof at once");
    assert_eq!(packets.iter().filter(|packet| packet.id == CHAT).count(), 2);
    // Repetitions and pings count like everything else.
    let mut wakes = 0;
    while let Some(next) = circuit.poll_timeout().filter(|&next| next < at(60_000)) {
        circuit.handle_timeout(next);
        packets.append(&mut sent(&mut circuit, next));
        wakes += 1;
    }
    let stats = circuit.stats();
    assert!(!stats.proven);
    assert!(stats.bytes_out <= 3 * stats.bytes_in, "{stats:?}");
    assert!(stats.held_back > 0);
    assert!(wakes < 300, "woken {wakes} times in a minute");
}

#[test]
fn first_ack_lifts_the_limit_for_good() {
    let mut circuit = Circuit::new(limited(), at(0));
    opening(&mut circuit, at(0));
    for _ in 0..40 {
        circuit.send(at(0), reliable(&[7; 30])).unwrap();
    }
    let packets = sent(&mut circuit, at(0));
    assert!(packets.len() < 6);
    circuit.handle_datagram(at(10), packet_ack(12_345));
    assert!(!circuit.stats().proven, "nothing waited for that ack");
    sent(&mut circuit, at(10));
    circuit.handle_datagram(at(20), packet_ack(wants_ack(&packets)));
    assert!(circuit.stats().proven);
    assert!(sent(&mut circuit, at(20)).len() > 30);
}

#[test]
fn appended_ack_lifts_the_limit() {
    let mut circuit = Circuit::new(limited(), at(0));
    opening(&mut circuit, at(0));
    circuit.send(at(0), reliable(&[7; 30])).unwrap();
    let number = wants_ack(&sent(&mut circuit, at(0)));
    let mut body = vec![0xFF, 0xFF, 0, 80, 1];
    body.extend(number.to_be_bytes());
    body.push(1);
    hear(&mut circuit, at(10), datagram(PacketFlags::ACK, 2, &body));
    assert!(circuit.stats().proven);
}

#[test]
fn answered_ping_lifts_the_limit() {
    let mut circuit = Circuit::new(limited(), at(0));
    opening(&mut circuit, at(0));
    // Fits in no allowance of one small packet.
    circuit.send(at(0), reliable(&[7; 600])).unwrap();
    let packets = sent(&mut circuit, at(0));
    let ping = packets.iter().find(|packet| is_ping(packet)).expect("a ping");
    assert!(packets.iter().all(|packet| packet.id != CHAT));
    circuit.handle_datagram(at(10), datagram(NONE, 2, &[2, ping.body[0]]));
    assert!(circuit.stats().proven);
    assert_eq!(sent(&mut circuit, at(10))[0].id, CHAT);
}

#[test]
fn guessed_ping_answers_prove_nothing() {
    let mut circuit = Circuit::new(limited(), at(0));
    opening(&mut circuit, at(0));
    let packets = sent(&mut circuit, at(0));
    let ping = packets.iter().find(|packet| is_ping(packet)).expect("a ping").body[0];
    for id in [ping.wrapping_add(1), ping] {
        circuit.handle_datagram(at(10), datagram(NONE, 2, &[2, id]));
    }
    assert!(!circuit.stats().proven);
    circuit.send(at(10), reliable(&[7; 30])).unwrap();
    let number = wants_ack(&sent(&mut circuit, at(10)));
    circuit.handle_datagram(at(20), packet_ack(number));
    assert!(circuit.stats().proven, "acks still do");
}

#[test]
fn lost_ping_is_asked_again_while_something_waits() {
    let mut circuit = Circuit::new(limited(), at(0));
    opening(&mut circuit, at(0));
    circuit.send(at(0), reliable(&[7; 600])).unwrap();
    assert_eq!(sent(&mut circuit, at(0)).iter().filter(|packet| is_ping(packet)).count(), 1);
    let next = circuit.poll_timeout().unwrap();
    assert!(next <= at(1000));
    circuit.handle_timeout(next);
    assert_eq!(sent(&mut circuit, next).iter().filter(|packet| is_ping(packet)).count(), 1);
}

#[test]
fn farewell_keeps_to_the_limit() {
    let mut circuit = Circuit::new(limited(), at(0));
    opening(&mut circuit, at(0));
    for _ in 0..40 {
        circuit.send(at(0), reliable(&[7; 30])).unwrap();
    }
    circuit.close(at(0), CloseReason::Kicked);
    sent(&mut circuit, at(0));
    let stats = circuit.stats();
    assert!(stats.bytes_out <= 3 * stats.bytes_in, "{stats:?}");
}

#[test]
fn acks_always_fit() {
    let config = CircuitConfig { ack_delay: 50 * MS, ..limited() };
    let mut circuit = Circuit::new(config, at(0));
    opening(&mut circuit, at(0));
    for number in 2..200 {
        circuit.send(at(0), reliable(&[7; 30])).unwrap();
        // The shortest packet that wants an ack.
        hear(&mut circuit, at(0), datagram(PacketFlags::RELIABLE, number, &[9]));
        sent(&mut circuit, at(0));
    }
    circuit.handle_timeout(at(50));
    sent(&mut circuit, at(50));
    let stats = circuit.stats();
    assert_eq!(stats.acks_out, 199);
    assert!(stats.bytes_out <= 3 * stats.bytes_in, "{stats:?}");
}

/// Something that happens to a circuit.
#[derive(Clone, Debug)]
enum Step {
    Send { reliable: bool, category: Category, size: usize },
    Hear { reliable: bool, kind: u8, size: usize },
    Wait(u64),
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let category = prop_oneof![Just(Category::Unthrottled), Just(Category::Task)];
    let send = (any::<bool>(), category, 4..1200usize)
        .prop_map(|(reliable, category, size)| Step::Send { reliable, category, size });
    let hear = (any::<bool>(), 0..4u8, 0..300usize).prop_map(|(reliable, kind, size)| Step::Hear {
        reliable,
        kind,
        size,
    });
    let step = prop_oneof![
        8 => send,
        8 => hear,
        4 => (0..3000u64).prop_map(Step::Wait),
        1 => Just(Step::Close),
    ];
    proptest::collection::vec(step, 1..80)
}

proptest! {
    #[test]
    fn nothing_draws_more_than_the_ratio_before_a_proof(
        steps in steps(),
        ratio in 1..5u32,
        appends in any::<bool>(),
        ack_delay in prop_oneof![Just(0), Just(200u64)],
    ) {
        let config = CircuitConfig {
            unproven_ratio: Some(ratio),
            ack_carrier: if appends { AckCarrier::Append } else { AckCarrier::Message },
            ack_delay: Duration::from_millis(ack_delay),
            farewell: Some(message(b"bye")),
            ..CircuitConfig::default()
        };
        let mut circuit = Circuit::new(config, at(0));
        let (mut now, mut bytes_in, mut number) = (at(0), 0, 0);
        for step in steps {
            match step {
                Step::Send { reliable, category, size } => {
                    let message = message(&vec![5; size]);
                    let _ = circuit.send(now, Outgoing::new(message, reliable, category));
                }
                Step::Hear { reliable, kind, size } => {
                    number += 1;
                    let flags = if reliable { PacketFlags::RELIABLE } else { NONE };
                    let mut body = match kind {
                        // Never seen, a ping, the opening, one of unknown kind.
                        0 => vec![0xFF, 0xFF, 0, 80],
                        1 => vec![1, number as u8],
                        2 => vec![0xFF, 0xFF, 0, 3],
                        _ => vec![9],
                    };
                    body.resize(body.len() + size, 1);
                    let datagram = datagram(flags, number, &body);
                    bytes_in += datagram.len();
                    hear(&mut circuit, now, datagram);
                }
                Step::Wait(milliseconds) => {
                    let end = now + MS * milliseconds as u32;
                    let mut wakes = 0;
                    while let Some(next) = circuit.poll_timeout().filter(|&next| next <= end) {
                        now = now.max(next);
                        circuit.handle_timeout(now);
                        sent(&mut circuit, now);
                        wakes += 1;
                        prop_assert!(wakes < 2000, "spins");
                    }
                    now = end;
                }
                Step::Close => circuit.close(now, CloseReason::Kicked),
            }
            sent(&mut circuit, now);
            let stats = circuit.stats();
            prop_assert!(stats.bytes_out <= u64::from(ratio) * bytes_in as u64, "{stats:?}");
        }
    }
}
