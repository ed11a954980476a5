//! How many instructions the hot paths take: figures that a busy machine does not change.
//!
//! Run by `benches/instructions.sh`, which needs valgrind and `gungraun-runner`.
#![expect(missing_docs, reason = "the macros write public items without docs")]

#[path = "common/circuits.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod circuits;
#[path = "common/documents.rs"]
mod documents;
#[path = "common/messages.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod messages;
#[path = "common/packets.rs"]
mod packets;

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use circuits::{Hub, Peer, Receiver, Sender};
use gungraun::prelude::*;
use holm::circuit::CircuitConfig;
use holm::llsd::{Llsd, xml};
use holm::message::header::{self, Datagram, HeaderError, PacketFlags};
use holm::message::{
    self, AgentUpdate, ChatFromSimulator, DecodeError, EncodeError, Encoded,
    ImprovedInstantMessage, ImprovedTerseObjectUpdate, Message, ObjectUpdate, PacketAck, zerocode,
};

/// The body behind the number.
fn body<M: Message>(sample: &M) -> Bytes {
    header::parse(&datagram(sample)).expect("a packet").body
}

fn datagram<M: Message>(sample: &M) -> Bytes {
    packets::packet(PacketFlags::RELIABLE, 7, sample, &[])
}

/// With acks behind the message.
fn with_acks<M: Message>(sample: &M) -> Bytes {
    packets::packet(PacketFlags::RELIABLE, 7, sample, &[4, 5, 6])
}

type Encoding = Result<Encoded, EncodeError>;

#[library_benchmark]
#[bench::agent_update(messages::agent_update())]
fn encode_agent_update(sample: AgentUpdate) -> (AgentUpdate, Encoding) {
    let encoded = message::encode(black_box(&sample));
    (sample, encoded)
}

#[library_benchmark]
#[bench::sixteen_avatars(messages::terse_update())]
fn encode_terse_update(sample: ImprovedTerseObjectUpdate) -> (ImprovedTerseObjectUpdate, Encoding) {
    let encoded = message::encode(black_box(&sample));
    (sample, encoded)
}

#[library_benchmark]
#[bench::line(messages::chat_from_simulator())]
fn encode_chat(sample: ChatFromSimulator) -> (ChatFromSimulator, Encoding) {
    let encoded = message::encode(black_box(&sample));
    (sample, encoded)
}

#[library_benchmark]
#[bench::line(messages::instant_message())]
fn encode_instant_message(sample: ImprovedInstantMessage) -> (ImprovedInstantMessage, Encoding) {
    let encoded = message::encode(black_box(&sample));
    (sample, encoded)
}

#[library_benchmark]
#[bench::avatar(messages::object_update())]
fn encode_object_update(sample: ObjectUpdate) -> (ObjectUpdate, Encoding) {
    let encoded = message::encode(black_box(&sample));
    (sample, encoded)
}

#[library_benchmark]
#[bench::walking(body(&messages::agent_update()))]
fn decode_agent_update(body: Bytes) -> (Bytes, Result<AgentUpdate, DecodeError>) {
    let decoded = message::decode(black_box(&body));
    (body, decoded)
}

#[library_benchmark]
#[bench::line(body(&messages::instant_message()))]
fn decode_instant_message(body: Bytes) -> (Bytes, Result<ImprovedInstantMessage, DecodeError>) {
    let decoded = message::decode(black_box(&body));
    (body, decoded)
}

#[library_benchmark]
#[bench::thirty_two(body(&messages::packet_ack(1000, 32)))]
fn decode_packet_ack(body: Bytes) -> (Bytes, Result<PacketAck, DecodeError>) {
    let decoded = message::decode(black_box(&body));
    (body, decoded)
}

#[library_benchmark]
#[bench::plain(datagram(&messages::terse_update()))]
#[bench::zero_coded(datagram(&messages::object_update()))]
#[bench::three_acks(with_acks(&messages::agent_update()))]
fn parse_datagram(datagram: Bytes) -> (Bytes, Result<Datagram, HeaderError>) {
    let packet = header::parse(black_box(&datagram));
    (datagram, packet)
}

/// Plain bytes and room for their coded form.
fn to_code(plain: Vec<u8>) -> (Vec<u8>, BytesMut) {
    let room = BytesMut::with_capacity(2 * plain.len());
    (plain, room)
}

fn avatar() -> Vec<u8> {
    let coded = message::encode(&messages::object_update()).expect("a message that fits").body;
    zerocode::decode(&coded, zerocode::MAX_DECODED).expect("own coding").to_vec()
}

#[library_benchmark]
#[bench::avatar(to_code(avatar()))]
#[bench::no_zeros(to_code(vec![7; 1200]))]
#[bench::all_zeros(to_code(vec![0; 1200]))]
fn zero_code((plain, mut out): (Vec<u8>, BytesMut)) -> (Vec<u8>, BytesMut) {
    zerocode::encode(black_box(&plain), &mut out);
    (plain, out)
}

#[library_benchmark]
#[bench::twenty_unacked(Sender::new(20))]
#[bench::thousand_unacked(Sender::new(1000))]
fn send_ten_and_take_acks(mut sender: Sender) -> Sender {
    sender.ten();
    sender
}

/// A circuit that has received 1000 messages, and the next 16.
fn receiving(config: CircuitConfig) -> (Receiver, Vec<Bytes>) {
    let (mut peer, mut receiver) = (Peer::new(), Receiver::new(config));
    receiver.take(peer.datagrams(1000), None);
    let next = peer.datagrams(16);
    (receiver, next)
}

#[library_benchmark]
#[bench::sixteen(receiving(circuits::quiet()))]
fn receive_and_ack((mut receiver, next): (Receiver, Vec<Bytes>)) -> (usize, Receiver) {
    (receiver.take(next, None), receiver)
}

/// Listeners that have heard ten lines.
fn hub(listeners: usize) -> Hub {
    let mut hub = Hub::new(listeners);
    for _ in 0..10 {
        hub.say();
    }
    hub
}

#[library_benchmark]
#[bench::ten(hub(10))]
#[bench::hundred(hub(100))]
#[bench::thousand(hub(1000))]
fn chat_to_all(mut hub: Hub) -> (usize, Hub) {
    let sent = hub.say();
    (sent, hub)
}

#[library_benchmark]
#[bench::login(documents::login())]
#[bench::events(documents::events())]
fn write_xml(value: Llsd) -> (Llsd, String) {
    let text = xml::write(black_box(&value));
    (value, text)
}

#[library_benchmark]
#[bench::poll(xml::write(&documents::poll()))]
#[bench::inventory(xml::write(&documents::inventory()))]
fn parse_xml(text: String) -> (String, bool) {
    let is_read = xml::parse(black_box(text.as_bytes())).is_ok();
    (text, is_read)
}

library_benchmark_group!(
    name = codec,
    benchmarks = [
        encode_agent_update,
        encode_terse_update,
        encode_chat,
        encode_instant_message,
        encode_object_update,
        decode_agent_update,
        decode_instant_message,
        decode_packet_ack,
        parse_datagram,
        zero_code,
    ]
);
library_benchmark_group!(
    name = circuit,
    benchmarks = [send_ten_and_take_acks, receive_and_ack, chat_to_all]
);
library_benchmark_group!(name = llsd, benchmarks = [write_xml, parse_xml]);

main!(library_benchmark_groups = [codec, circuit, llsd]);
