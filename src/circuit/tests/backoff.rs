//! A circuit whose peer acks nothing backs off as a whole, and recovers with the first ack.

use proptest::prelude::*;

use super::*;

fn unhurried() -> CircuitConfig {
    CircuitConfig { idle_timeout: 1000 * SECOND, throttled: false, ..quiet() }
}

fn acks(numbers: &[u32]) -> Bytes {
    let mut out = BytesMut::new();
    super::super::wire::write_acks(numbers, &mut out);
    datagram(PacketFlags::empty(), 1, &out)
}

/// Lets time pass until `until` and gives when repetitions left, and of which numbers.
fn repetitions(circuit: &mut Circuit, until: Timestamp) -> Vec<(u128, u32)> {
    let mut repeated = Vec::new();
    while let Some(now) = circuit.poll_timeout().filter(|&next| next <= until) {
        circuit.handle_timeout(now);
        let packets = sent(circuit, now);
        repeated.extend(
            packets
                .iter()
                .filter(|packet| packet.flags.contains(PacketFlags::RESENT))
                .map(|packet| (now.since_origin().as_millis(), packet.sequence)),
        );
    }
    repeated
}

#[test]
fn a_silent_peer_is_probed_with_doubling_waits() {
    let mut circuit = Circuit::new(unhurried(), at(0));
    for n in 0..100 {
        circuit.send(at(0), reliable(&[n])).unwrap();
    }
    sent(&mut circuit, at(0));
    let repeated = repetitions(&mut circuit, at(59_000));
    let times: Vec<u128> = repeated.iter().map(|&(time, _)| time).collect();
    let rounds = [1000, 3000, 7000, 15_000, 23_000, 31_000, 39_000, 47_000, 55_000];
    assert_eq!(times, rounds.map(|time| [time, time]).concat());
    assert_eq!(circuit.stats().probes, 18);
    repetitions(&mut circuit, at(60_000));
    assert_eq!(circuit.stats().gave_up, 100);
}

#[test]
fn the_first_ack_brings_everything_that_waits() {
    let mut circuit = Circuit::new(unhurried(), at(0));
    for n in 0..100 {
        circuit.send(at(0), reliable(&[n])).unwrap();
    }
    sent(&mut circuit, at(0));
    assert_eq!(repetitions(&mut circuit, at(2000)), [(1000, 1), (1000, 2)]);
    circuit.handle_datagram(at(2000), acks(&[1, 2]));
    let numbers: Vec<u32> = sent(&mut circuit, at(2000)).iter().map(|p| p.sequence).collect();
    assert_eq!(numbers, (3..=100).collect::<Vec<u32>>());
}

#[test]
fn kinds_that_are_never_acked_do_not_delay_what_is_lost() {
    let mut circuit = Circuit::new(unhurried(), at(0));
    circuit.send(at(0), reliable(b"unknown")).unwrap();
    circuit.send(at(0), reliable(b"known")).unwrap();
    sent(&mut circuit, at(0));
    circuit.handle_datagram(at(10), acks(&[2]));
    // Long after: the peer had nothing to ack, and the probes are far apart.
    repetitions(&mut circuit, at(26_000));
    circuit.send(at(26_000), reliable(b"lost")).unwrap();
    sent(&mut circuit, at(26_000));
    let repeated = repetitions(&mut circuit, at(28_000));
    assert!(repeated.iter().any(|&(time, number)| number == 3 && time <= 27_000), "{repeated:?}");
}

proptest! {
    #[test]
    fn a_dead_peer_gets_few_repetitions_whatever_is_sent(
        times in proptest::collection::vec(0..60_000u64, 1..300),
    ) {
        let mut times = times;
        times.sort_unstable();
        let mut circuit = Circuit::new(unhurried(), at(0));
        let mut repeated = 0;
        for time in times {
            repeated += repetitions(&mut circuit, at(time)).len();
            circuit.send(at(time), reliable(b"x")).unwrap();
            sent(&mut circuit, at(time));
        }
        repeated += repetitions(&mut circuit, at(60_000)).len();
        prop_assert!(repeated <= 20, "{repeated} repetitions");
    }
}
