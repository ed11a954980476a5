//! Reliable messages are resent until they are acked or given up.

use super::*;
use crate::circuit::{CloseReason, QueueLimit};

#[test]
fn repetition_has_same_number_same_bytes_and_the_resent_flag() {
    let mut circuit = Circuit::new(quiet(), at(0));
    let mut coded = reliable(b"hi");
    coded.message.zerocoded = true;
    coded.message.body = Bytes::from_static(&[0xFF, 0xFF, 0, 1, 80, 9]);
    circuit.send(at(0), coded).unwrap();
    let first = sent(&mut circuit, at(0)).remove(0);
    assert_eq!(circuit.poll_timeout(), Some(at(1000)));
    circuit.handle_timeout(at(999));
    assert!(sent(&mut circuit, at(999)).is_empty());
    circuit.handle_timeout(at(1000));
    let again = sent(&mut circuit, at(1000)).remove(0);
    assert_eq!(again, Datagram { flags: first.flags | PacketFlags::RESENT, ..first });
    assert!(again.flags.contains(PacketFlags::ZEROCODED | PacketFlags::RELIABLE));
    assert_eq!(circuit.stats().resends, 1);
}

#[test]
fn waits_double_up_to_the_ceiling_and_end_with_giving_up() {
    let config =
        CircuitConfig { give_up_after: 10 * SECOND, idle_timeout: 100 * SECOND, ..quiet() };
    let mut circuit = Circuit::new(config, at(0));
    circuit.send(at(0), reliable(b"hi")).unwrap();
    assert_eq!(sent(&mut circuit, at(0)).len(), 1);
    let mut times = Vec::new();
    while circuit.stats().unacked_packets > 0 {
        let now = circuit.poll_timeout().unwrap();
        circuit.handle_timeout(now);
        times.extend(sent(&mut circuit, now).iter().map(|_| now.since_origin().as_millis()));
    }
    assert_eq!(times, [1000, 3000, 6000, 9000]);
    assert_eq!(events(&mut circuit), [CircuitEvent::GaveUp { id: CHAT }]);
    assert_eq!(circuit.stats().gave_up, 1);
    assert_eq!(circuit.closed(), None);
    // The buffer is free again and the circuit works.
    circuit.send(at(10_000), reliable(b"on")).unwrap();
    assert_eq!(sent(&mut circuit, at(10_000)).len(), 1);
}

#[test]
fn acked_message_is_not_repeated() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.send(at(0), reliable(b"hi")).unwrap();
    sent(&mut circuit, at(0));
    let ack = [0xFF, 0xFF, 0xFF, 0xFB, 1, 1, 0, 0, 0];
    circuit.handle_datagram(at(50), datagram(PacketFlags::empty(), 1, &ack));
    circuit.handle_timeout(at(5000));
    assert!(sent(&mut circuit, at(5000)).is_empty());
}

#[test]
fn ack_between_time_out_and_repetition_stops_the_repetition() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.send(at(0), reliable(b"hi")).unwrap();
    sent(&mut circuit, at(0));
    circuit.handle_timeout(at(1000));
    let ack = [0xFF, 0xFF, 0xFF, 0xFB, 1, 1, 0, 0, 0];
    circuit.handle_datagram(at(1000), datagram(PacketFlags::empty(), 1, &ack));
    circuit.send(at(1000), in_category(Category::Task, 100)).unwrap();
    assert_eq!(sent(&mut circuit, at(1000)).len(), 1);
    assert_eq!(circuit.stats().resends, 0);
    assert!(circuit.is_settled());
}

#[test]
fn time_out_follows_the_measured_round_trip_within_its_bounds() {
    for (round_trip, expected) in [(2, 250), (100, 500), (5000, 3000)] {
        let profile = Profile { delay: MS * (round_trip / 2), ..Profile::default() };
        let mut pair = Pair::new([CircuitConfig::default(), quiet()], profile, 1);
        pair.run_until(at(40_000));
        let stats = pair.ends[0].circuit.stats();
        assert_eq!(stats.round_trip, Some(MS * round_trip));
        assert_eq!(stats.resend_timeout, MS * expected);
    }
}

#[test]
fn client_that_holds_acks_back_causes_no_repetitions_for_long() {
    let slow = CircuitConfig { ack_delay: 500 * MS, ack_batch: 1000, ..quiet() };
    let profile = Profile { delay: 5 * MS, ..Profile::default() };
    let mut pair = Pair::new([CircuitConfig::default(), slow], profile, 1);
    for n in 0..100u64 {
        pair.run_until(at(170 * n));
        pair.send(0, reliable(&[n as u8]));
    }
    pair.run_until(at(30_000));
    let resends = pair.ends[0].circuit.stats().resends;
    assert!(resends < 10, "{resends} needless repetitions");
}

#[test]
fn kinds_that_are_never_acked_do_not_end_the_circuit() {
    // The other end does nothing but answer pings.
    let config = CircuitConfig { throttled: false, ..CircuitConfig::default() };
    let mut circuit = Circuit::new(config, at(0));
    let mut now = at(0);
    let mut given_up = 0;
    while now < at(300_000) {
        if now.since_origin().subsec_millis() == 0 {
            circuit.send(now, reliable(b"unknown kind")).unwrap();
        }
        circuit.handle_timeout(now);
        for packet in sent(&mut circuit, now) {
            if packet.id == MessageId::high(1) {
                let body = [2, packet.body[0]];
                circuit.handle_datagram(now, datagram(PacketFlags::empty(), 1, &body));
            }
        }
        given_up += events(&mut circuit)
            .iter()
            .inspect(|event| assert_eq!(**event, CircuitEvent::GaveUp { id: CHAT }))
            .count();
        now = now + 250 * MS;
    }
    assert!((238..=240).contains(&given_up), "{given_up}");
    assert!(circuit.stats().unacked_packets <= 61);
}

#[test]
fn full_resend_buffer_ends_the_circuit_with_a_reason() {
    for limit in [QueueLimit { packets: 3, bytes: 1000 }, QueueLimit { packets: 10, bytes: 15 }] {
        let farewell = Encoded { id: MessageId::low(152), ..message(b"") };
        let config =
            CircuitConfig { unacked_limit: limit, farewell: Some(farewell.clone()), ..quiet() };
        let mut circuit = Circuit::new(config, at(0));
        for n in 0..5 {
            circuit.send(at(0), reliable(&[n])).unwrap();
        }
        let packets = sent(&mut circuit, at(0));
        assert_eq!(circuit.closed(), Some(CloseReason::ResendBufferFull));
        assert!(packets.len() >= 4);
        assert!(!packets.last().unwrap().flags.contains(PacketFlags::RELIABLE));
        assert_eq!(circuit.poll_timeout(), None);
        assert_eq!(
            events(&mut circuit),
            [CircuitEvent::Closed { reason: CloseReason::ResendBufferFull }],
        );
    }
}

#[test]
fn numbers_wrap_at_24_bits_and_are_acked_across_the_wrap() {
    let config = CircuitConfig { first_sequence: 0x00FF_FFFE, ..quiet() };
    let mut pair = Pair::new([config, quiet()], Profile::default(), 1);
    for n in 0..4 {
        pair.send(0, reliable(&[n]));
    }
    pair.settle();
    assert_eq!(pair.ends[1].payloads(), [[0], [1], [2], [3]]);
    assert_eq!(pair.ends[0].circuit.stats().unacked_packets, 0);
    let sequences: Vec<u32> = pair.ends[1]
        .events
        .iter()
        .filter_map(|event| match event {
            CircuitEvent::Message { sequence, .. } => Some(*sequence),
            _ => None,
        })
        .collect();
    assert_eq!(sequences, [0x00FF_FFFE, 0x00FF_FFFF, 0, 1]);
}
