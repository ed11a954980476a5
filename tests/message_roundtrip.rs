//! Every message of the table, with arbitrary values and with arbitrary bytes.

use std::net::Ipv4Addr;

use bytes::{Bytes, BytesMut};
use fastrand::Rng;
use holm::message::{
    BlockInfo, DynamicMessage, Encoded, Entry, FieldType, MESSAGES, MessageId, MessageInfo,
    Quantity, Quaternion, RoundtripError, Value, Vector3, Vector3d, Vector4, json, roundtrip,
    zerocode,
};
use proptest::prelude::*;
use uuid::Uuid;

/// Number and plain body.
fn plain(encoded: &Encoded) -> (MessageId, Bytes) {
    let bytes = if encoded.zerocoded {
        zerocode::decode(&encoded.body, 1 << 24).unwrap()
    } else {
        encoded.body.clone()
    };
    let (id, len) = MessageId::read(&bytes).unwrap();
    (id, bytes.slice(len..))
}

fn message(info: &'static MessageInfo, rng: &mut Rng) -> DynamicMessage {
    let blocks = info.blocks.iter().map(|block| {
        let count = match block.quantity {
            Quantity::Single => 1,
            Quantity::Multiple(count) => usize::from(count),
            Quantity::Variable if rng.u8(..) == 0 => 255,
            Quantity::Variable => rng.usize(0..4),
        };
        (0..count).map(|_| entry(block, rng)).collect()
    });
    DynamicMessage { info, blocks: blocks.collect() }
}

fn entry(block: &BlockInfo, rng: &mut Rng) -> Entry {
    block.fields.iter().map(|field| value(field.kind, rng)).collect()
}

fn value(kind: FieldType, rng: &mut Rng) -> Value {
    if rng.u8(0..4) == 0 {
        return Value::zero(kind);
    }
    match kind {
        FieldType::Null | FieldType::Eol => Value::Null,
        FieldType::U8 => Value::U8(rng.u8(..)),
        FieldType::U16 | FieldType::IpPort => Value::U16(rng.u16(..)),
        FieldType::U32 => Value::U32(rng.u32(..)),
        FieldType::U64 => Value::U64(rng.u64(..)),
        FieldType::S8 => Value::S8(rng.i8(..)),
        FieldType::S16 => Value::S16(rng.i16(..)),
        FieldType::S32 => Value::S32(rng.i32(..)),
        FieldType::S64 => Value::S64(rng.i64(..)),
        FieldType::F32 => Value::F32(float(rng)),
        FieldType::F64 => Value::F64(double(rng)),
        FieldType::Vector3 => Value::Vector3(Vector3::new(float(rng), float(rng), float(rng))),
        FieldType::Vector3d => {
            Value::Vector3d(Vector3d::new(double(rng), double(rng), double(rng)))
        }
        FieldType::Vector4 => {
            Value::Vector4(Vector4::new(float(rng), float(rng), float(rng), float(rng)))
        }
        FieldType::Quaternion => {
            let mut part = || rng.f32() * 2.0 - 1.0;
            Value::Quaternion(Quaternion::from_wire(part(), part(), part()))
        }
        FieldType::Uuid => Value::Uuid(Uuid::from_u128(rng.u128(..))),
        FieldType::Bool => Value::Bool(rng.bool()),
        FieldType::IpAddr => Value::IpAddr(Ipv4Addr::from(rng.u32(..))),
        FieldType::Fixed(len) => Value::Bytes(bytes(rng, usize::from(len))),
        FieldType::Variable1 => {
            let len = *rng.choice(&[1, 2, 7, 255]).unwrap();
            Value::Bytes(bytes(rng, len))
        }
        FieldType::Variable2 => {
            let len = *rng.choice(&[1, 2, 7, 300]).unwrap();
            Value::Bytes(bytes(rng, len))
        }
        FieldType::U16Vec3 => Value::U16Vec3([rng.u16(..), 0, rng.u16(..)]),
        FieldType::U16Quat => Value::U16Quat([rng.u16(..), 0, 1, rng.u16(..)]),
        FieldType::S16Array => Value::S16Array(vec![rng.i16(..); 3]),
    }
}

fn float(rng: &mut Rng) -> f32 {
    let any = f32::from_bits(rng.u32(..));
    if any.is_finite() { any } else { 1.5 }
}

fn double(rng: &mut Rng) -> f64 {
    let any = f64::from_bits(rng.u64(..));
    if any.is_finite() { any } else { 1.5 }
}

/// Text, or bytes that are likely to look like it.
fn bytes(rng: &mut Rng, len: usize) -> Bytes {
    let from: &[u8] = rng.choice([&b"\0"[..], b"ab\0", b"abc", "ä\0\u{FF}".as_bytes()]).unwrap();
    let mut bytes: Vec<u8> = (0..len).map(|_| *rng.choice(from).unwrap()).collect();
    if rng.bool() {
        bytes[len - 1] = 0;
    }
    bytes.into()
}

/// The typed struct and the generic form must agree on any body.
fn forms_agree(info: &'static MessageInfo, body: &Bytes) -> Result<(), TestCaseError> {
    let typed = roundtrip(info.id, body).unwrap();
    match DynamicMessage::decode(info, body) {
        Ok(message) => {
            prop_assert_eq!(typed, Ok(message.encode().unwrap()), "{}", info.name);
            let read = json::from_json(info, &json::to_json(&message)).unwrap();
            // Quaternions of no sound length may differ in W.
            prop_assert_eq!(read.encode(), message.encode(), "{}", info.name);
        }
        Err(error) => {
            prop_assert_eq!(typed, Err(RoundtripError::Decode(error)), "{}", info.name);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_message_survives_the_wire_and_json(seed in any::<u64>()) {
        let mut rng = Rng::with_seed(seed);
        for info in &MESSAGES {
            let message = message(info, &mut rng);
            let encoded = message.encode().unwrap();
            let (id, body) = plain(&encoded);
            prop_assert_eq!(id, info.id);
            prop_assert_eq!(&DynamicMessage::decode(info, &body).unwrap(), &message);
            prop_assert_eq!(roundtrip(id, &body).unwrap(), Ok(encoded));

            let text = json::to_json(&message).to_string();
            let read = json::from_json(info, &serde_json::from_str(&text).unwrap()).unwrap();
            prop_assert_eq!(read, message, "{}", text);
        }
    }

    #[test]
    fn cut_and_longer_packets_are_read_or_refused(seed in any::<u64>()) {
        let mut rng = Rng::with_seed(seed);
        for info in &MESSAGES {
            let message = message(info, &mut rng);
            let (_, body) = plain(&message.encode().unwrap());
            for _ in 0..8 {
                forms_agree(info, &body.slice(..rng.usize(0..=body.len())))?;
            }
            let mut longer = BytesMut::from(&body[..]);
            longer.extend_from_slice(&[0xAA; 3]);
            prop_assert_eq!(&DynamicMessage::decode(info, &longer.freeze()).unwrap(), &message);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        body in proptest::collection::vec(prop_oneof![Just(0u8), 0..4u8, any::<u8>()], 0..600),
    ) {
        let body = Bytes::from(body);
        for info in &MESSAGES {
            forms_agree(info, &body)?;
        }
    }
}

/// Messages that end in Single blocks only may end anywhere; what is missing is zero.
#[test]
fn every_message_may_be_empty() {
    for info in &MESSAGES {
        let message = DynamicMessage::decode(info, &Bytes::new()).unwrap();
        assert_eq!(message, DynamicMessage::new(info), "{}", info.name);
    }
}
