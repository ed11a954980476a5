//! Limits per sender, and messages that replace earlier ones.

use uuid::Uuid;

use super::super::{CloseReason, DropReason, LatestState, QueueLimit, SendError};
use super::*;

const LOUD: Uuid = Uuid::from_u128(1);
const QUIET: Uuid = Uuid::from_u128(2);

fn bounded() -> CircuitConfig {
    CircuitConfig {
        unacked_limit: QueueLimit { packets: 80, bytes: 8000 },
        sender_limit: QueueLimit { packets: 20, bytes: 2000 },
        silent_limit: QueueLimit { packets: 32, bytes: 3200 },
        silent_after: 500 * MS,
        idle_timeout: 1000 * SECOND,
        ..quiet()
    }
}

fn from(origin: Uuid) -> Outgoing {
    reliable(b"text").from(origin)
}

fn typing(origin: Uuid, starts: u8) -> Outgoing {
    reliable(&[starts]).from(origin).superseding(LatestState::ChatTyping, origin)
}

fn ack(circuit: &mut Circuit, now: Timestamp, numbers: &[u32]) {
    let mut out = BytesMut::new();
    super::super::wire::write_acks(numbers, &mut out);
    circuit.handle_datagram(now, datagram(PacketFlags::empty(), 1, &out));
}

#[test]
fn a_flooding_sender_is_refused_and_the_circuit_lives() {
    let mut circuit = Circuit::new(bounded(), at(0));
    let taken = (0..1000).filter(|_| circuit.send(at(0), from(LOUD)).is_ok()).count();
    assert_eq!(taken, 20);
    assert_eq!(circuit.stats().drops.of(DropReason::ShareFull), 980);
    assert_eq!(circuit.send(at(0), from(QUIET)), Ok(()));
    // The same while they wait for acks.
    sent(&mut circuit, at(0));
    assert_eq!(circuit.send(at(1), from(LOUD)), Err(SendError::ShareFull));
    assert_eq!(circuit.send(at(1), from(QUIET)), Ok(()));
    ack(&mut circuit, at(2), &[1, 2, 3]);
    let taken = (0..10).filter(|_| circuit.send(at(2), from(LOUD)).is_ok()).count();
    assert_eq!((taken, circuit.closed()), (3, None));
}

#[test]
fn many_senders_leave_room_for_the_grid_itself() {
    let mut circuit = Circuit::new(bounded(), at(0));
    for sender in 0..1000 {
        let _ = circuit.send(at(0), from(Uuid::from_u128(sender)));
    }
    sent(&mut circuit, at(0));
    assert_eq!(circuit.stats().unacked_packets, 60);
    for _ in 0..20 {
        circuit.send(at(0), reliable(b"grid")).unwrap();
    }
    sent(&mut circuit, at(0));
    assert_eq!((circuit.stats().unacked_packets, circuit.closed()), (80, None));
    circuit.send(at(0), reliable(b"grid")).unwrap();
    sent(&mut circuit, at(0));
    assert_eq!(circuit.closed(), Some(CloseReason::ResendBufferFull));
}

#[test]
fn a_silent_peer_gets_less_from_senders() {
    let mut circuit = Circuit::new(bounded(), at(0));
    circuit.send(at(0), from(QUIET)).unwrap();
    sent(&mut circuit, at(0));
    circuit.handle_timeout(at(1000));
    for sender in 0..1000 {
        let _ = circuit.send(at(1000), from(Uuid::from_u128(sender)));
    }
    assert_eq!(circuit.send(at(1000), from(QUIET)), Err(SendError::Silent));
    sent(&mut circuit, at(1000));
    assert_eq!(circuit.stats().unacked_packets, 32);
    // It was only slow.
    ack(&mut circuit, at(1100), &[1]);
    circuit.send(at(1100), from(QUIET)).unwrap();
}

#[test]
fn a_peer_that_acks_late_is_not_silent_before_its_time() {
    let mut circuit = Circuit::new(bounded(), at(0));
    let fill = |circuit: &mut Circuit, now| {
        let taken = (0..100).filter(|_| circuit.send(now, from(LOUD)).is_ok()).count();
        sent(circuit, now);
        taken
    };
    assert_eq!(fill(&mut circuit, at(0)), 20);
    ack(&mut circuit, at(300), &(1..=15).collect::<Vec<u32>>());
    assert_eq!(fill(&mut circuit, at(799)), 15, "half a second after the last ack is not over");
    ack(&mut circuit, at(799), &(21..=35).collect::<Vec<u32>>());
    assert_eq!(fill(&mut circuit, at(1299)), 3, "a quarter of what a silent peer gets");
}

#[test]
fn given_up_messages_make_room_for_their_sender() {
    let mut circuit = Circuit::new(bounded(), at(0));
    let fill = |circuit: &mut Circuit, now| {
        let taken = (0..100).filter(|_| circuit.send(now, from(LOUD)).is_ok()).count();
        sent(circuit, now);
        taken
    };
    assert_eq!(fill(&mut circuit, at(0)), 20);
    assert_eq!(fill(&mut circuit, at(59_000)), 0);
    circuit.handle_timeout(at(60_000));
    assert_eq!(circuit.stats().gave_up, 20);
    assert_eq!(fill(&mut circuit, at(60_000)), 20);
}

#[test]
fn typing_is_refused_before_text() {
    let mut circuit = Circuit::new(bounded(), at(0));
    for _ in 0..5 {
        circuit.send(at(0), from(LOUD)).unwrap();
    }
    assert_eq!(circuit.send(at(0), typing(LOUD, 1)), Err(SendError::ShareFull));
    assert_eq!(circuit.send(at(0), typing(QUIET, 1)), Ok(()));
    assert_eq!(circuit.send(at(0), from(LOUD)), Ok(()));
}

#[test]
fn only_the_newest_state_of_a_subject_leaves() {
    let mut circuit = Circuit::new(bounded(), at(0));
    for round in 0..5 {
        circuit.send(at(0), typing(LOUD, round)).unwrap();
        circuit.send(at(0), typing(QUIET, round)).unwrap();
    }
    let bodies: Vec<u8> = sent(&mut circuit, at(0)).iter().map(|packet| packet.body[0]).collect();
    assert_eq!(bodies, [4, 4]);
    assert_eq!(circuit.stats().drops.of(DropReason::Superseded), 8);
    assert_eq!(circuit.send(at(0), from(LOUD)), Ok(()));
}

#[test]
fn a_superseded_packet_is_not_repeated() {
    let mut circuit = Circuit::new(bounded(), at(0));
    circuit.send(at(0), typing(LOUD, 1)).unwrap();
    sent(&mut circuit, at(0));
    circuit.send(at(500), typing(LOUD, 0)).unwrap();
    sent(&mut circuit, at(500));
    assert_eq!(circuit.stats().unacked_packets, 1);
    circuit.handle_timeout(at(1500));
    let repeated = sent(&mut circuit, at(1500));
    assert_eq!(repeated.iter().map(|packet| packet.body[0]).collect::<Vec<_>>(), [0]);
    // The late ack of the one that was replaced settles nothing else.
    ack(&mut circuit, at(1600), &[1]);
    assert_eq!(circuit.stats().unacked_packets, 1);
}

#[test]
fn the_state_of_many_subjects_takes_bounded_memory() {
    let mut circuit = Circuit::new(CircuitConfig::client(), at(0));
    for subject in 0..100_000u32 {
        let now = at(u64::from(subject));
        circuit.send(now, typing(Uuid::from_u128(u128::from(subject)), 1)).unwrap();
        let packets = sent(&mut circuit, now);
        let numbers: Vec<u32> = packets.iter().map(|packet| packet.sequence).collect();
        ack(&mut circuit, now, &numbers);
    }
    assert!(circuit.subjects.len() <= 128, "{}", circuit.subjects.len());
}

#[test]
fn unacked_bytes_beyond_the_window_press() {
    let config = CircuitConfig { unacked_window: 1000, ..bounded() };
    let mut circuit = Circuit::new(config, at(0));
    for _ in 0..4 {
        circuit.send(at(0), reliable(&[7; 296])).unwrap();
    }
    sent(&mut circuit, at(0));
    assert_eq!(circuit.pressure(), 200);
    circuit.handle_timeout(at(1000));
    assert_eq!(circuit.pressure(), 950, "a silent peer has a quarter");
    ack(&mut circuit, at(1000), &[1, 2, 3]);
    assert_eq!(circuit.pressure(), 0);
}
