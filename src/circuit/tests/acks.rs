//! Acks in both directions.

use super::*;
use crate::circuit::{AckCarrier, wire};

const RELIABLE: PacketFlags = PacketFlags::RELIABLE;
const USE_CIRCUIT_CODE: [u8; 5] = [0xFF, 0xFF, 0, 3, 1];

#[test]
fn reliable_packet_is_acked_at_once_by_packet_ack() {
    let mut circuit = Circuit::new(quiet(), at(0));
    hear(&mut circuit, at(0), chat(RELIABLE, 0));
    hear(&mut circuit, at(0), chat(RELIABLE, 77));
    let packets = sent(&mut circuit, at(0));
    assert_eq!(packets.len(), 1);
    assert_eq!(acked(&packets[0]), [0, 77]);
    assert_eq!(packets[0].flags, PacketFlags::empty());
    assert_eq!(circuit.stats().acks_out, 2);
}

#[test]
fn ack_repeats_all_32_bits_of_the_number() {
    let mut circuit = Circuit::new(quiet(), at(0));
    hear(&mut circuit, at(0), chat(RELIABLE, 0x0123_4567));
    assert_eq!(acked(&sent(&mut circuit, at(0))[0]), [0x0123_4567]);
}

#[test]
fn unreliable_packet_is_not_acked() {
    let mut circuit = Circuit::new(quiet(), at(0));
    hear(&mut circuit, at(0), chat(PacketFlags::empty(), 1));
    assert!(sent(&mut circuit, at(0)).is_empty());
}

#[test]
fn use_circuit_code_is_acked_alone_and_first() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.send(at(0), reliable(b"handshake")).unwrap();
    hear(&mut circuit, at(0), chat(RELIABLE, 8));
    hear(&mut circuit, at(0), datagram(RELIABLE, 9, &USE_CIRCUIT_CODE));
    let packets = sent(&mut circuit, at(0));
    assert_eq!(acked(&packets[0]), [9]);
    assert_eq!(acked(&packets[1]), [8]);
    assert_eq!(packets[2].id, CHAT);
    assert_eq!(packets.len(), 3);
}

#[test]
fn use_circuit_code_is_acked_alone_also_where_acks_are_appended() {
    let config = CircuitConfig { ack_carrier: AckCarrier::Append, ..quiet() };
    let mut circuit = Circuit::new(config, at(0));
    assert_eq!(hear(&mut circuit, at(0), datagram(RELIABLE, 1, &USE_CIRCUIT_CODE)), 1);
    circuit.send(at(0), reliable(b"handshake")).unwrap();
    let packets = sent(&mut circuit, at(0));
    assert_eq!(acked(&packets[0]), [1]);
    assert!(packets[1].acks.is_empty());
    // Again, because the ack was lost.
    let again = datagram(RELIABLE | PacketFlags::RESENT, 1, &USE_CIRCUIT_CODE);
    assert_eq!(hear(&mut circuit, at(9), again), 0);
    assert_eq!(acked(&sent(&mut circuit, at(9))[0]), [1]);
}

#[test]
fn unreliable_use_circuit_code_needs_no_ack() {
    let mut circuit = Circuit::new(quiet(), at(0));
    assert_eq!(hear(&mut circuit, at(0), datagram(PacketFlags::empty(), 0, &USE_CIRCUIT_CODE)), 1);
    assert!(sent(&mut circuit, at(0)).is_empty());
}

#[test]
fn acks_are_appended_where_configured_but_never_for_duplicates() {
    let config = CircuitConfig { ack_carrier: AckCarrier::Append, ack_delay: 100 * MS, ..quiet() };
    let mut circuit = Circuit::new(config, at(0));
    hear(&mut circuit, at(0), chat(RELIABLE, 5));
    hear(&mut circuit, at(0), chat(RELIABLE, 6));
    hear(&mut circuit, at(0), chat(RELIABLE | PacketFlags::RESENT, 5));
    circuit.send(at(1), unreliable(b"x")).unwrap();
    let packets = sent(&mut circuit, at(1));
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0].acks.iter().collect::<Vec<_>>(), [5, 6]);
    circuit.handle_timeout(at(100));
    assert_eq!(acked(&sent(&mut circuit, at(100))[0]), [5]);
}

#[test]
fn acks_wait_for_company_no_longer_than_configured() {
    let config = CircuitConfig { ack_delay: 20 * MS, ..quiet() };
    let mut circuit = Circuit::new(config, at(0));
    hear(&mut circuit, at(0), chat(RELIABLE, 1));
    assert!(sent(&mut circuit, at(0)).is_empty());
    assert_eq!(circuit.poll_timeout(), Some(at(20)));
    hear(&mut circuit, at(10), chat(RELIABLE, 2));
    circuit.handle_timeout(at(20));
    assert_eq!(acked(&sent(&mut circuit, at(20))[0]), [1, 2]);

    // A full batch does not wait.
    for sequence in 10..20 {
        hear(&mut circuit, at(30), chat(RELIABLE, sequence));
    }
    assert_eq!(acked(&sent(&mut circuit, at(30))[0]).len(), 10);
}

#[test]
fn appended_acks_stop_at_the_mtu() {
    let config = CircuitConfig {
        ack_carrier: AckCarrier::Append,
        ack_delay: SECOND,
        ack_batch: 1000,
        ..quiet()
    };
    let mut circuit = Circuit::new(config, at(0));
    for sequence in 0..100 {
        hear(&mut circuit, at(0), chat(RELIABLE, sequence));
    }
    circuit.send(at(0), unreliable(&[1; 1000])).unwrap();
    let mut out = BytesMut::new();
    assert!(circuit.poll_transmit(at(0), &mut out));
    assert!((1197..=1200).contains(&out.len()), "{}", out.len());
    let packet = header::parse(&out.freeze()).unwrap();
    assert_eq!(packet.acks.iter().collect::<Vec<_>>(), (0..47).collect::<Vec<_>>());
    assert_eq!(&packet.body[..], [1; 1000]);
}

#[test]
fn packet_acks_are_split_at_251() {
    let mut circuit = Circuit::new(quiet(), at(0));
    for sequence in 0..600 {
        hear(&mut circuit, at(0), chat(RELIABLE, sequence));
    }
    let packets = sent(&mut circuit, at(0));
    let counts: Vec<usize> = packets.iter().map(|packet| acked(packet).len()).collect();
    assert_eq!(counts, [251, 251, 98]);
}

#[test]
fn both_kinds_of_acks_are_read() {
    let mut circuit = Circuit::new(quiet(), at(0));
    for n in 0..3 {
        circuit.send(at(0), reliable(&[n])).unwrap();
    }
    let numbers: Vec<u32> =
        sent(&mut circuit, at(0)).iter().map(|packet| packet.sequence).collect();
    assert_eq!(numbers, [1, 2, 3]);

    // 3 by PacketAck, 1 appended to a duplicate chat message, both in the order of their carrier.
    hear(
        &mut circuit,
        at(5),
        datagram(PacketFlags::empty(), 1, &[0xFF, 0xFF, 0xFF, 0xFB, 1, 3, 0, 0, 0]),
    );
    hear(&mut circuit, at(5), chat(RELIABLE, 2));
    let with_ack = [0xFF, 0xFF, 0, 80, 1, 0, 0, 0, 1, 1];
    hear(&mut circuit, at(5), datagram(RELIABLE | PacketFlags::ACK, 2, &with_ack));
    assert_eq!(circuit.stats().acks_in, 2);
    assert_eq!(circuit.stats().duplicates, 1);
    assert_eq!(circuit.stats().unacked_packets, 1);
}

#[test]
fn reliable_packet_acks_that_all_have_sequence_0_are_all_read() {
    let mut circuit = Circuit::new(quiet(), at(0));
    for n in 0..3 {
        circuit.send(at(0), reliable(&[n])).unwrap();
    }
    sent(&mut circuit, at(0));
    for number in 1..=3 {
        let body = [0xFF, 0xFF, 0xFF, 0xFB, 1, number, 0, 0, 0];
        hear(&mut circuit, at(5), datagram(RELIABLE, 0, &body));
        assert_eq!(acked(&sent(&mut circuit, at(5))[0]), [0]);
    }
    assert_eq!(circuit.stats().unacked_packets, 0);
    // The number 0 of those acks does not hide a message with the same number.
    assert_eq!(hear(&mut circuit, at(6), chat(RELIABLE, 0)), 1);
}

#[test]
fn acks_of_unknown_numbers_do_nothing() {
    let mut circuit = Circuit::new(quiet(), at(0));
    for number in [0u32, 1, 2, 0x00FF_FFFF, u32::MAX] {
        let mut body = vec![0xFF, 0xFF, 0xFF, 0xFB, 1];
        body.extend(number.to_le_bytes());
        hear(&mut circuit, at(0), datagram(PacketFlags::empty(), 1, &body));
    }
    assert_eq!(circuit.stats().acks_in, 0);
    assert_eq!(wire::read_acks(&[255]).count(), 0);
}
