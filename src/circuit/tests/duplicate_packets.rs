//! Every reliable message is handled once, however often it arrives.

use super::*;
use crate::circuit::DropReason;

const RELIABLE: PacketFlags = PacketFlags::RELIABLE;

#[test]
fn duplicate_is_acked_but_not_handled_whatever_its_flag() {
    let mut circuit = Circuit::new(quiet(), at(0));
    let mut taken = 0;
    for flags in [RELIABLE, RELIABLE, RELIABLE | PacketFlags::RESENT] {
        taken += hear(&mut circuit, at(0), chat(flags, 3));
        assert_eq!(acked(&sent(&mut circuit, at(0))[0]), [3]);
    }
    assert_eq!(taken, 1);
    assert_eq!(circuit.stats().duplicates, 2);
}

#[test]
fn repetition_of_a_lost_packet_is_handled() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.handle_datagram(at(0), chat(RELIABLE | PacketFlags::RESENT, 3));
    let events = events(&mut circuit);
    assert!(matches!(events[..], [CircuitEvent::Message { resent: true, reliable: true, .. }]));
}

#[test]
fn unreliable_packets_are_never_checked() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.handle_datagram(at(0), chat(PacketFlags::empty(), 3));
    circuit.handle_datagram(at(0), chat(PacketFlags::empty(), 3));
    circuit.handle_datagram(at(0), chat(RELIABLE, 3));
    assert_eq!(events(&mut circuit).len(), 3);
}

#[test]
fn client_that_counts_in_16_bits_is_heard_after_its_wrap() {
    let mut circuit = Circuit::new(quiet(), at(0));
    // Ten packets a second, one of them reliable.
    for n in 0..140_000u32 {
        let sequence = n & 0xFFFF;
        let flags = if n % 10 == 0 { RELIABLE } else { PacketFlags::empty() };
        circuit.handle_datagram(at(u64::from(n) * 100), chat(flags, sequence));
        assert_eq!(events(&mut circuit).len(), 1, "packet {n} was not handled");
        sent(&mut circuit, at(u64::from(n) * 100));
    }
    assert_eq!(circuit.stats().duplicates, 0);
}

#[test]
fn packet_that_finds_no_room_for_its_event_is_not_acked() {
    let config = CircuitConfig { event_limit: 2, ..quiet() };
    let mut circuit = Circuit::new(config, at(0));
    for sequence in 0..3 {
        circuit.handle_datagram(at(0), chat(RELIABLE, sequence));
    }
    assert_eq!(events(&mut circuit).len(), 2);
    assert_eq!(acked(&sent(&mut circuit, at(0))[0]), [0, 1]);
    assert_eq!(circuit.stats().drops.of(DropReason::EventsFull), 1);
    circuit.handle_datagram(at(1000), chat(RELIABLE | PacketFlags::RESENT, 2));
    assert_eq!(events(&mut circuit).len(), 1);
}
