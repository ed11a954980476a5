//! The cost of bytes: the ten hottest messages, zero coding, and the packet header with its acks.

#[path = "common/messages.rs"]
mod messages;
#[path = "common/mode.rs"]
mod mode;
#[path = "common/packets.rs"]
mod packets;

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use holm::message::header::{self, PacketFlags};
use holm::message::{self, DynamicMessage, Encoded, Message, zerocode};

/// The body behind the number, plain.
fn plain_body(encoded: &Encoded) -> Bytes {
    let plain = if encoded.zerocoded {
        zerocode::decode(&encoded.body, zerocode::MAX_DECODED).expect("own coding")
    } else {
        encoded.body.clone()
    };
    plain.slice(encoded.id.wire_len()..)
}

fn typed<M: Message>(c: &mut Criterion, sample: &M) {
    let encoded = message::encode(sample).expect("a message that fits");
    let body = plain_body(&encoded);
    let mut group = c.benchmark_group(format!("codec/{}", M::NAME));
    group.throughput(Throughput::Elements(1));
    group.bench_function("encode", |b| b.iter(|| message::encode(black_box(sample))));
    group.bench_function("decode", |b| b.iter(|| message::decode::<M>(black_box(&body))));
    group.finish();
}

/// By the description table, as tools do it.
fn generic<M: Message>(c: &mut Criterion, sample: &M) {
    let body = plain_body(&message::encode(sample).expect("a message that fits"));
    let dynamic = DynamicMessage::decode(M::INFO, &body).expect("a whole message");
    let mut group = c.benchmark_group(format!("codec/{}", M::NAME));
    group.throughput(Throughput::Elements(1));
    group.bench_function("encode by table", |b| b.iter(|| black_box(&dynamic).encode()));
    group.bench_function("decode by table", |b| {
        b.iter(|| DynamicMessage::decode(M::INFO, black_box(&body)));
    });
    group.finish();
}

fn codec(c: &mut Criterion) {
    typed(c, &messages::agent_update());
    typed(c, &messages::terse_update());
    typed(c, &messages::chat_from_viewer());
    typed(c, &messages::chat_from_simulator());
    typed(c, &messages::instant_message());
    typed(c, &messages::packet_ack(1000, 32));
    typed(c, &messages::start_ping());
    typed(c, &messages::complete_ping());
    typed(c, &messages::object_update());
    typed(c, &messages::avatar_animation());
    generic(c, &messages::agent_update());
    generic(c, &messages::terse_update());
    generic(c, &messages::object_update());
}

fn zero_coding(c: &mut Criterion) {
    // An avatar in full; nothing to gain; all to gain; the most to write.
    let coded = message::encode(&messages::object_update()).expect("a message that fits").body;
    let avatar = zerocode::decode(&coded, zerocode::MAX_DECODED).expect("own coding");
    let samples: [(&str, Vec<u8>); 4] = [
        ("avatar", avatar.to_vec()),
        ("no zeros", (0..1200).map(|n| (n % 255 + 1) as u8).collect()),
        ("all zeros", vec![0; zerocode::MAX_DECODED]),
        ("lone zeros", (0..1200).map(|n| (n % 2) as u8).collect()),
    ];
    for (name, plain) in samples {
        let mut group = c.benchmark_group(format!("zerocode/{name}"));
        group.throughput(Throughput::Bytes(plain.len() as u64));
        let mut out = BytesMut::with_capacity(2 * plain.len());
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

    // What costs a receiver most before it can say no: a whole datagram that ends one byte late.
    let mut bomb = vec![1; 8000];
    bomb.extend([0, 255].repeat(96));
    let mut group = c.benchmark_group("zerocode/hostile");
    group.throughput(Throughput::Bytes(bomb.len() as u64));
    assert!(zerocode::decode(&bomb, zerocode::MAX_DECODED).is_err());
    group.bench_function("refuse", |b| {
        b.iter(|| zerocode::decode(black_box(&bomb), zerocode::MAX_DECODED));
    });
    group.finish();
}

fn headers(c: &mut Criterion) {
    let acks: Vec<u32> = (5000..5010).collect();
    let samples = [
        ("plain", packets::packet(PacketFlags::RELIABLE, 7, &messages::terse_update(), &[])),
        ("zero-coded", packets::packet(PacketFlags::RELIABLE, 7, &messages::object_update(), &[])),
        ("10 acks", packets::packet(PacketFlags::RELIABLE, 7, &messages::start_ping(), &acks)),
    ];
    let mut group = c.benchmark_group("header");
    group.throughput(Throughput::Elements(1));
    for (name, datagram) in samples {
        group.bench_function(format!("parse {name}"), |b| {
            b.iter(|| {
                let packet = header::parse(black_box(&datagram)).expect("a packet");
                packet.acks.iter().fold(packet.sequence, u32::wrapping_add)
            });
        });
    }
    let mut out = BytesMut::with_capacity(64);
    group.bench_function("write", |b| {
        b.iter(|| {
            out.clear();
            header::write_header(PacketFlags::RELIABLE, black_box(7), &mut out);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = mode::criterion();
    targets = codec, zero_coding, headers
}
criterion_main!(benches);
