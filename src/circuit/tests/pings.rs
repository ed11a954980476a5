//! Pings in both directions, silence, pause.

use super::*;
use crate::circuit::{CloseReason, DropReason};

const NONE: PacketFlags = PacketFlags::empty();

#[test]
fn ping_is_answered_at_once_and_not_reported() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.handle_datagram(at(0), datagram(NONE, 1, &[1, 42, 0, 0, 0, 0]));
    let packets = sent(&mut circuit, at(0));
    assert_eq!(packets.len(), 1);
    assert_eq!((packets[0].id, &packets[0].body[..]), (MessageId::high(2), &[42u8][..]));
    assert_eq!(packets[0].flags, NONE);
    assert!(events(&mut circuit).is_empty());
}

#[test]
fn reliable_ping_is_answered_and_acked() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.handle_datagram(at(0), datagram(PacketFlags::RELIABLE, 9, &[1, 42, 0, 0, 0, 0]));
    let packets = sent(&mut circuit, at(0));
    assert_eq!(packets[0].id, MessageId::high(2));
    assert_eq!(acked(&packets[1]), [9]);
}

#[test]
fn flood_of_pings_is_bounded() {
    let mut circuit = Circuit::new(quiet(), at(0));
    for id in 0..100 {
        circuit.handle_datagram(at(0), datagram(NONE, 1, &[1, id, 0, 0, 0, 0]));
    }
    assert_eq!(sent(&mut circuit, at(0)).len(), 16);
    assert_eq!(circuit.stats().drops.of(DropReason::PingsFull), 84);
}

#[test]
fn own_pings_come_each_interval_with_the_oldest_unacked_number() {
    let config = CircuitConfig { first_sequence: 0, ..CircuitConfig::default() };
    let mut circuit = Circuit::new(config, at(0));
    assert!(sent(&mut circuit, at(0)).is_empty());
    let mut pings = Vec::new();
    for now in [1000, 6000, 11_000] {
        circuit.handle_timeout(at(now));
        let packets = sent(&mut circuit, at(now));
        pings.push(packets[0].body.to_vec());
        if now == 1000 {
            circuit.send(at(now), unreliable(b"1")).unwrap();
            circuit.send(at(now), reliable(b"2")).unwrap();
            circuit.send(at(now), reliable(b"3")).unwrap();
            sent(&mut circuit, at(now));
        }
        if now == 6000 {
            let ack = [0xFF, 0xFF, 0xFF, 0xFB, 2, 2, 0, 0, 0, 3, 0, 0, 0];
            circuit.handle_datagram(at(now), datagram(NONE, 1, &ack));
        }
    }
    // Packets: 0 ping, 1 to 3 messages, 4 ping, 5 and 6 nothing but the next ping.
    assert_eq!(pings[0], [0, 0, 0, 0, 0]);
    assert_eq!(pings[1], [1, 2, 0, 0, 0]);
    assert_eq!(pings[2], [2, 4, 0, 0, 0]);
}

#[test]
fn silence_ends_the_circuit() {
    let mut circuit = Circuit::new(CircuitConfig::default(), at(0));
    circuit.handle_datagram(at(7000), chat(NONE, 1));
    events(&mut circuit);
    circuit.handle_timeout(at(66_999));
    assert_eq!(circuit.closed(), None);
    circuit.handle_timeout(at(67_000));
    assert_eq!(events(&mut circuit), [CircuitEvent::Closed { reason: CloseReason::Silence }],);
    assert_eq!(circuit.poll_timeout(), None);
    circuit.handle_timeout(at(99_000));
    assert!(events(&mut circuit).is_empty());
}

#[test]
fn garbage_does_not_keep_a_circuit_alive() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.handle_datagram(at(59_000), Bytes::from_static(&[1, 2, 3]));
    assert_eq!(circuit.stats().drops.of(DropReason::Malformed), 1);
    circuit.handle_timeout(at(60_000));
    assert_eq!(circuit.closed(), Some(CloseReason::Silence));
}

#[test]
fn paused_client_gets_more_time_and_a_ping_when_it_returns() {
    let mut circuit = Circuit::new(CircuitConfig::default(), at(0));
    circuit.pause();
    circuit.handle_timeout(at(299_000));
    sent(&mut circuit, at(299_000));
    assert_eq!(circuit.closed(), None);
    circuit.handle_datagram(at(299_500), chat(NONE, 1));
    circuit.resume(at(299_500));
    assert_eq!(sent(&mut circuit, at(299_500))[0].id, MessageId::high(1));
    circuit.handle_timeout(at(359_499));
    assert_eq!(circuit.closed(), None);
    circuit.handle_timeout(at(359_500));
    assert_eq!(circuit.closed(), Some(CloseReason::Silence));
}

#[test]
fn two_idle_ends_keep_each_other_alive() {
    let profile = Profile { loss: 0.3, delay: 50 * MS, ..Profile::default() };
    let mut pair = Pair::new([CircuitConfig::default(), quiet()], profile, 3);
    pair.run_until(at(600_000));
    assert!(pair.ends.iter().all(|end| end.circuit.closed().is_none()));
    let stats = pair.ends[0].circuit.stats();
    assert!((115..=125).contains(&stats.packets_out), "{stats:?}");
}
