//! Any bytes as a datagram: header, appended acks, zero coding, and a circuit that takes them.
#![no_main]

use bytes::{Bytes, BytesMut};
use holm::circuit::{Circuit, CircuitConfig};
use holm::message::{header, zerocode};
use holm::time::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let datagram = Bytes::copy_from_slice(data);
    if let Ok(packet) = header::parse(&datagram) {
        assert!(packet.body.len() <= zerocode::MAX_DECODED);
        assert_eq!(packet.acks.iter().count(), packet.acks.len());
    }
    if let Ok(plain) = zerocode::decode(data, zerocode::MAX_DECODED) {
        let mut coded = BytesMut::new();
        zerocode::encode(&plain, &mut coded);
        assert_eq!(zerocode::decode(&coded, zerocode::MAX_DECODED).as_ref(), Ok(&plain));
    }
    let mut circuit = Circuit::new(CircuitConfig::default(), Timestamp::ZERO);
    circuit.handle_datagram(Timestamp::ZERO, datagram);
    while circuit.poll_event().is_some() {}
    let mut out = BytesMut::new();
    while circuit.poll_transmit(Timestamp::ZERO, &mut out) {
        assert!(header::parse(&out.split().freeze()).is_ok());
    }
});
