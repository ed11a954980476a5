//! Any body as any message: the typed struct and the generic form must agree, and JSON lose
//! nothing. The first two bytes pick the message.

#![no_main]

use bytes::Bytes;
use holm::message::{DynamicMessage, MESSAGES, RoundtripError, json, roundtrip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((pick, body)) = data.split_first_chunk::<2>() else { return };
    let info = &MESSAGES[usize::from(u16::from_le_bytes(*pick)) % MESSAGES.len()];
    let body = Bytes::copy_from_slice(body);
    let typed = roundtrip(info.id, &body).expect("a message of the table");
    match DynamicMessage::decode(info, &body) {
        Ok(message) => {
            let encoded = message.encode().expect("what was read can be written");
            assert_eq!(typed.as_ref(), Ok(&encoded), "{}", info.name);
            let read = json::from_json(info, &json::to_json(&message)).expect("own JSON");
            assert_eq!(read.encode().as_ref(), Ok(&encoded), "{}", info.name);
        }
        Err(error) => assert_eq!(typed, Err(RoundtripError::Decode(error)), "{}", info.name),
    }
});
