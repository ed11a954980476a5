//! Throttled categories wait for their buckets; unthrottled messages do not.

use super::*;

fn throttle_of(bits_per_second: f32) -> Vec<u8> {
    [bits_per_second; 7].iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Bytes of each kind of packet that leave in `seconds`, as the owner would drive it.
fn bytes_sent(circuit: &mut Circuit, from: Timestamp, seconds: u64) -> usize {
    let until = from + SECOND * seconds as u32;
    let mut now = from;
    let mut total = 0;
    while now < until {
        circuit.handle_timeout(now);
        total += sent(circuit, now).iter().map(|packet| packet.body.len() + 10).sum::<usize>();
        now = circuit.poll_timeout().unwrap_or(until).max(now + MS);
    }
    total
}

#[test]
fn category_keeps_its_rate() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.set_throttle(at(0), &throttle_of(80_000.0)).unwrap();
    for _ in 0..200 {
        circuit.send(at(0), in_category(Category::Task, 1000)).unwrap();
    }
    let bytes = bytes_sent(&mut circuit, at(0), 10);
    assert!((98_000..104_000).contains(&bytes), "{bytes}");
    assert_eq!(circuit.backlog(), circuit.backlog_of(Category::Task));
    assert!(circuit.backlog() > 90_000);
}

#[test]
fn unthrottled_messages_overtake_everything() {
    let mut circuit = Circuit::new(quiet(), at(0));
    for _ in 0..100 {
        circuit.send(at(0), in_category(Category::Texture, 1000)).unwrap();
    }
    sent(&mut circuit, at(0));
    circuit.send(at(1), reliable(b"chat")).unwrap();
    let packets = sent(&mut circuit, at(1));
    assert_eq!(&packets[0].body[..], b"chat");
}

#[test]
fn categories_take_turns() {
    let config = CircuitConfig { throttled: false, ..quiet() };
    let mut circuit = Circuit::new(config, at(0));
    for size in [100, 101] {
        circuit.send(at(0), in_category(Category::Land, size)).unwrap();
    }
    for size in [200, 201] {
        circuit.send(at(0), in_category(Category::Asset, size)).unwrap();
    }
    let sizes: Vec<usize> =
        sent(&mut circuit, at(0)).iter().map(|packet| packet.body.len() + 4).collect();
    assert_eq!(sizes, [100, 200, 101, 201]);
}

#[test]
fn repetitions_wait_at_the_resend_bucket_but_not_those_of_chat() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.set_throttle(at(0), &throttle_of(f32::INFINITY)).unwrap();
    for _ in 0..20 {
        let task = Outgoing { reliable: true, ..in_category(Category::Task, 1000) };
        circuit.send(at(0), task).unwrap();
    }
    circuit.send(at(0), reliable(b"chat")).unwrap();
    bytes_sent(&mut circuit, at(0), 1);
    assert_eq!(circuit.stats().unacked_packets, 21);
    let mut number = 21;
    let mut ack_one = |circuit: &mut Circuit, now: Timestamp| {
        number += 1;
        circuit.send(now, reliable(b"y")).unwrap();
        sent(circuit, now);
        let ack = [0xFF, 0xFF, 0xFF, 0xFB, 1, number, 0, 0, 0];
        circuit.handle_datagram(now, datagram(PacketFlags::empty(), 1, &ack));
    };
    ack_one(&mut circuit, at(900));
    circuit.set_throttle(at(999), &throttle_of(0.0)).unwrap();
    ack_one(&mut circuit, at(999));
    circuit.handle_timeout(at(1500));
    let packets = sent(&mut circuit, at(1500));
    assert_eq!(&packets[0].body[..], b"chat");
    assert!(packets.len() < 5, "{} repetitions passed", packets.len());
    // The rest follows at the lowest rate, 1000 bytes a second.
    let mut bytes = 0;
    for second in 0..10 {
        ack_one(&mut circuit, at(1500) + SECOND * second);
        bytes += bytes_sent(&mut circuit, at(1500) + SECOND * second, 1);
    }
    assert!((7000..13_000).contains(&bytes), "{bytes}");
}

#[test]
fn new_rates_count_at_once() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.set_throttle(at(0), &throttle_of(0.0)).unwrap();
    for _ in 0..50 {
        circuit.send(at(0), in_category(Category::Task, 1000)).unwrap();
    }
    assert!(bytes_sent(&mut circuit, at(0), 2) < 5000);
    circuit.set_throttle(at(2000), &throttle_of(731_000.0)).unwrap();
    assert!(bytes_sent(&mut circuit, at(2000), 1) > 40_000);
    assert_eq!(circuit.backlog(), 0);
    assert!(circuit.set_throttle(at(3000), &[0; 27]).is_err());
}
