//! The cost of a packet: header, zero coding, and a circuit's bookkeeping.

use std::hint::black_box;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use holm::circuit::{Category, Circuit, CircuitConfig, Outgoing};
use holm::message::header::{self, PacketFlags};
use holm::message::{Encoded, MessageId, zerocode};
use holm::time::Timestamp;

/// A message of about 300 bytes of which most are zero, like an object update.
fn sparse() -> Vec<u8> {
    let mut plain = vec![12];
    for n in 0..30u8 {
        plain.extend([n, 1, 2, n, 0, 0, 0, 0, 0, 0]);
    }
    plain
}

fn outgoing(reliable: bool) -> Outgoing {
    let mut body = BytesMut::new();
    body.put_slice(&sparse());
    let message = Encoded { id: MessageId::high(12), body: body.freeze(), zerocoded: false };
    Outgoing { message, reliable, category: Category::Unthrottled }
}

fn packet(flags: PacketFlags, sequence: u32, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    header::write_header(flags, sequence, &mut out);
    out.put_slice(payload);
    out.freeze()
}

fn headers(c: &mut Criterion) {
    let mut group = c.benchmark_group("header");
    group.throughput(Throughput::Elements(1));
    let plain = packet(PacketFlags::RELIABLE, 7, &sparse());
    group.bench_function("parse plain", |b| b.iter(|| header::parse(black_box(&plain))));
    let mut coded = BytesMut::new();
    zerocode::encode(&sparse(), &mut coded);
    let coded = packet(PacketFlags::ZEROCODED, 7, &coded);
    group.bench_function("parse zero-coded", |b| b.iter(|| header::parse(black_box(&coded))));
    group.finish();
}

fn zero_coding(c: &mut Criterion) {
    let mut group = c.benchmark_group("zerocode");
    let plain = sparse();
    group.throughput(Throughput::Bytes(plain.len() as u64));
    let mut out = BytesMut::with_capacity(1024);
    group.bench_function("encode", |b| {
        b.iter(|| {
            out.clear();
            zerocode::encode(black_box(&plain), &mut out);
        });
    });
    let mut coded = BytesMut::new();
    zerocode::encode(&plain, &mut coded);
    group.bench_function("decode", |b| {
        b.iter(|| zerocode::decode(black_box(&coded), zerocode::MAX_DECODED));
    });
    group.finish();
}

fn sending(c: &mut Criterion) {
    let mut group = c.benchmark_group("circuit");
    group.throughput(Throughput::Elements(1));
    let config = CircuitConfig { ping_interval: None, ..CircuitConfig::default() };
    let now = Timestamp::ZERO;
    let mut out = BytesMut::with_capacity(2048);

    let mut circuit = Circuit::new(config.clone(), now);
    let message = outgoing(false);
    group.bench_function("send unreliable", |b| {
        b.iter(|| {
            let queued = circuit.send(now, message.clone());
            while circuit.poll_transmit(now, &mut out) {}
            queued
        });
    });

    // Sent, acked 32 packets later: what a circuit does all day.
    let mut circuit = Circuit::new(config.clone(), now);
    let message = outgoing(true);
    let mut number = 0u32;
    group.bench_function("send reliable, then its ack", |b| {
        b.iter(|| {
            number = (number + 1) & 0x00FF_FFFF;
            let queued = circuit.send(now, message.clone());
            while circuit.poll_transmit(now, &mut out) {}
            let mut ack = [0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFB, 1, 0, 0, 0, 0];
            ack[11..].copy_from_slice(&number.wrapping_sub(32).to_le_bytes());
            circuit.handle_datagram(now, Bytes::copy_from_slice(&ack));
            queued
        });
    });

    let mut circuit = Circuit::new(config.clone(), now);
    let mut sequence = 0u32;
    group.bench_function("receive reliable and ack it", |b| {
        b.iter_batched(
            || {
                sequence = (sequence + 1) & 0x00FF_FFFF;
                packet(PacketFlags::RELIABLE, sequence, &[4, 1, 2, 3, 4])
            },
            |datagram| {
                circuit.handle_datagram(now, datagram);
                while circuit.poll_event().is_some() {}
                while circuit.poll_transmit(now, &mut out) {}
            },
            BatchSize::SmallInput,
        );
    });

    group.throughput(Throughput::Elements(1000));
    group.bench_function("1000 packets time out and are repeated", |b| {
        b.iter_batched(
            || {
                let config = CircuitConfig { throttled: false, ..config.clone() };
                let mut circuit = Circuit::new(config, now);
                for _ in 0..1000 {
                    // The queue holds more than this.
                    let _queued = circuit.send(now, outgoing(true));
                    circuit.poll_transmit(now, &mut out);
                }
                (circuit, BytesMut::with_capacity(2048))
            },
            |(mut circuit, mut out)| {
                let later = now + Duration::from_secs(2);
                circuit.handle_timeout(later);
                while circuit.poll_transmit(later, &mut out) {}
                circuit.stats().resends
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, headers, zero_coding, sending);
criterion_main!(benches);
