//! `UseCircuitCode`, read before there is a circuit.

use bytes::Bytes;

use super::slots::Slot;
use crate::message::{self, Message, UseCircuitCode, header};

/// Whether a datagram opens a circuit; told from the number alone, plain or zero-coded.
pub(super) fn is_use_circuit_code(datagram: &[u8]) -> bool {
    matches!(
        datagram.get(header::HEADER_LEN..),
        Some([0xFF, 0xFF, 0, 3, ..] | [0xFF, 0xFF, 0, 1, 3, ..])
    )
}

pub(super) fn use_circuit_code(datagram: &Bytes) -> Option<UseCircuitCode> {
    let parsed = header::parse(datagram).ok()?;
    (parsed.id == UseCircuitCode::ID).then(|| message::decode(&parsed.body).ok())?
}

/// Whether a `UseCircuitCode` on a known address is for another login than the slot's.
pub(super) fn is_other_login(slot: &Slot, datagram: &Bytes) -> bool {
    use_circuit_code(datagram)
        .is_some_and(|request| request.circuit_code.code != slot.session.shared.circuit_code.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_datagrams_are_known_by_their_number() {
        assert!(is_use_circuit_code(&[0x40, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 3, 9]));
        assert!(is_use_circuit_code(&[0xC0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 1, 3, 9]));
        assert!(!is_use_circuit_code(&[0x40, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 4]));
        assert!(!is_use_circuit_code(&[0x40, 0, 0]));
    }

    #[test]
    fn garbage_opens_nothing() {
        assert!(use_circuit_code(&Bytes::from_static(&[0x40, 0, 0, 0, 0, 0, 4, 1, 2])).is_none());
        assert!(use_circuit_code(&Bytes::from_static(&[0x80, 0, 0, 0, 0, 0, 0])).is_none());
    }
}
