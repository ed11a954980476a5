//! A circuit's bookkeeping: sending and resending, receiving and acking, and one message to many.

#[path = "common/circuits.rs"]
mod circuits;
#[path = "common/messages.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod messages;
#[path = "common/mode.rs"]
mod mode;
#[path = "common/packets.rs"]
mod packets;

use std::time::Duration;

use bytes::BytesMut;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holm::circuit::{AckCarrier, Category, Circuit, CircuitConfig};
use holm::time::Timestamp;

use circuits::{Hub, Peer, Receiver, Sender, outgoing, quiet};

fn sending(c: &mut Criterion) {
    let mut group = c.benchmark_group("circuit");
    let now = Timestamp::ZERO;
    let mut out = BytesMut::with_capacity(2048);

    group.throughput(Throughput::Elements(1));
    let mut circuit = Circuit::new(quiet(), now);
    let message = outgoing(&messages::chat_from_simulator(), false, Category::Unthrottled);
    group.bench_function("send unreliable", |b| {
        b.iter(|| {
            circuit.send(now, message.clone()).expect("room for one message");
            circuits::drive(&mut circuit, now, &mut out)
        });
    });

    // With 20 packets under way, as with a client near by, and with 1000, as with a slow one.
    group.throughput(Throughput::Elements(10));
    for lag in [20, 1000] {
        let mut sender = Sender::new(lag);
        group.bench_with_input(BenchmarkId::new("send 10 reliable, unacked", lag), &(), |b, ()| {
            b.iter(|| sender.ten());
        });
        assert_eq!(sender.unacked(), lag as usize);
    }

    group.throughput(Throughput::Elements(1000));
    group.bench_function("1000 packets time out and are repeated", |b| {
        b.iter_batched(
            || {
                let config = CircuitConfig { throttled: false, ..quiet() };
                let mut circuit = Circuit::new(config, now);
                let message = outgoing(&messages::terse_update(), true, Category::Task);
                for _ in 0..1001 {
                    circuit.send(now, message.clone()).expect("room for 1001 messages");
                    circuits::drive(&mut circuit, now, &mut out);
                }
                // A peer that acks nothing would only be probed.
                circuit.handle_datagram(now, circuits::ack(1001, 1));
                (circuit, BytesMut::with_capacity(2048))
            },
            |(mut circuit, mut out)| {
                let later = now + Duration::from_secs(2);
                circuit.handle_timeout(later);
                circuits::drive(&mut circuit, later, &mut out);
                assert_eq!(circuit.stats().resends, 1000);
                circuit
            },
            BatchSize::SmallInput,
        );
    });

    group.bench_function("1000 messages end to end, every 10th datagram lost", |b| {
        b.iter(|| {
            let (arrived, resent) = circuits::lossy(1000, 10);
            assert_eq!(arrived, 1000);
            resent
        });
    });
    group.finish();
}

fn receiving(c: &mut Criterion) {
    let mut group = c.benchmark_group("circuit");
    for together in [1, 16] {
        group.throughput(Throughput::Elements(u64::from(together)));
        let (mut peer, mut receiver) = (Peer::new(), Receiver::new(quiet()));
        group.bench_function(format!("receive {together} reliable and ack"), |b| {
            b.iter_batched(
                || peer.datagrams(together),
                |datagrams| receiver.take(datagrams, None),
                BatchSize::SmallInput,
            );
        });
    }

    group.throughput(Throughput::Elements(10));
    let config = CircuitConfig {
        ack_carrier: AckCarrier::Append,
        ack_delay: Duration::from_millis(50),
        ack_batch: 100,
        ..quiet()
    };
    let (mut peer, mut receiver) = (Peer::new(), Receiver::new(config));
    let answer = outgoing(&messages::chat_from_simulator(), false, Category::Unthrottled);
    group.bench_function("receive 10 reliable, acks appended to one message", |b| {
        b.iter_batched(
            || peer.datagrams(10),
            |datagrams| receiver.take(datagrams, Some(&answer)),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn fan_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("circuit/chat to all");
    for listeners in [10, 100, 1000] {
        group.throughput(Throughput::Elements(listeners as u64));
        let mut hub = Hub::new(listeners);
        group.bench_with_input(BenchmarkId::from_parameter(listeners), &(), |b, ()| {
            b.iter(|| hub.say());
        });
        assert_eq!(hub.unacked(), 0);
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = mode::criterion();
    targets = sending, receiving, fan_out
}
criterion_main!(benches);
