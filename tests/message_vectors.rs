//! Datagrams that were written by hand from the protocol's facts, read and written.
//!
//! `tests/vectors/datagrams.json`: `hex` is the packet in parts, the other keys are what it says.
//! With `reads_only` a sender other than us would write it so.

use bytes::{BufMut, BytesMut};
use holm::message::header::{self, PacketFlags};
use holm::message::{DynamicMessage, MessageId, info, info_by_name, json, roundtrip};
use serde_json::Value as Json;

struct Vector(Json);

impl Vector {
    fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap()
    }

    fn datagram(&self) -> Vec<u8> {
        let parts = self.0["hex"].as_array().unwrap().iter();
        let digits: String = parts.flat_map(|part| part.as_str().unwrap().split(' ')).collect();
        assert_eq!(digits.len() % 2, 0, "{}", self.text("title"));
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(byte).collect()
    }

    fn acks(&self) -> Vec<u32> {
        serde_json::from_value(self.0["acks"].clone()).unwrap()
    }

    fn flags(&self) -> PacketFlags {
        let names = self.0["flags"].as_array().unwrap().iter();
        names.map(|name| PacketFlags::from_name(name.as_str().unwrap()).unwrap()).collect()
    }

    fn sequence(&self) -> u32 {
        serde_json::from_value(self.0["sequence"].clone()).unwrap()
    }
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Json> = serde_json::from_str(include_str!("vectors/datagrams.json")).unwrap();
    vectors.into_iter().map(Vector).collect()
}

#[test]
fn datagrams_read_as_their_json() {
    for vector in vectors() {
        let title = vector.text("title");
        let packet = header::parse(&vector.datagram().into()).expect(title);
        assert_eq!(packet.flags, vector.flags(), "{title}");
        assert_eq!(packet.sequence, vector.sequence(), "{title}");
        assert_eq!(packet.acks.iter().collect::<Vec<_>>(), vector.acks(), "{title}");
        let info = info(packet.id).expect(title);
        assert_eq!(info.name, vector.text("message"), "{title}");
        let message = DynamicMessage::decode(info, &packet.body).expect(title);
        assert_eq!(json::to_json(&message), vector.0["body"], "{title}");
        // The typed struct says the same.
        let again = roundtrip(packet.id, &packet.body).expect(title).expect(title);
        assert_eq!(again, message.encode().expect(title), "{title}");
    }
}

#[test]
fn json_is_written_as_the_datagram() {
    for vector in vectors() {
        if vector.0["reads_only"] == Json::Bool(true) {
            continue;
        }
        let title = vector.text("title");
        let info = info_by_name(vector.text("message")).expect(title);
        let message = json::from_json(info, &vector.0["body"]).expect(title);
        let encoded = message.encode().expect(title);
        let flags = vector.flags();
        assert_eq!(encoded.zerocoded, flags.contains(PacketFlags::ZEROCODED), "{title}");
        let mut datagram = BytesMut::new();
        header::write_header(flags, vector.sequence(), &mut datagram);
        datagram.put_slice(&encoded.body);
        let acks = vector.acks();
        if flags.contains(PacketFlags::ACK) {
            for &ack in &acks {
                datagram.put_u32(ack);
            }
            datagram.put_u8(acks.len() as u8);
        }
        assert_eq!(datagram[..], vector.datagram(), "{title}");
    }
}

#[test]
fn all_kinds_of_messages_are_among_the_vectors() {
    let written = vectors().into_iter().filter(|vector| vector.0["reads_only"].is_null());
    let mut kinds = Vec::new();
    for vector in written {
        let id: MessageId = info_by_name(vector.text("message")).unwrap().id;
        let frequency = id.to_string().split(' ').next().unwrap().to_owned();
        kinds.push((frequency, vector.flags().contains(PacketFlags::ZEROCODED)));
    }
    assert!(kinds.len() >= 20, "{}", kinds.len());
    for frequency in ["High", "Medium", "Low", "Fixed"] {
        assert!(kinds.contains(&(frequency.to_owned(), false)), "{frequency} plain");
        // No Fixed message is Zerocoded.
        assert!(
            frequency == "Fixed" || kinds.contains(&(frequency.to_owned(), true)),
            "{frequency} zero-coded"
        );
    }
}
