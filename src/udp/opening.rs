//! `UseCircuitCode`, read before there is a circuit, and the circuit that it opens.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::endpoint::Endpoint;
use super::receipts::Receipts;
use super::slots::Slot;
use crate::circuit::{Circuit, CircuitConfig, CloseReason};
use crate::ids::{AgentId, CircuitCode, SessionId};
use crate::message::{self, Message, UseCircuitCode, header};
use crate::outbox::{CircuitGauge, CircuitKey, Outbox};
use crate::session::{ClaimError, Session};
use crate::time::Timestamp;

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

impl Endpoint {
    /// Opens a circuit for a `UseCircuitCode` that fits a login.
    pub(super) fn open(
        &mut self,
        from: SocketAddr,
        datagram: &Bytes,
        now: Timestamp,
    ) -> Result<CircuitKey, &'static str> {
        let request = use_circuit_code(datagram).ok_or("malformed_use_circuit_code")?;
        let block = &request.circuit_code;
        let session = self
            .context
            .sessions
            .by_circuit_code(CircuitCode(block.code), self.context.region.info.handle)
            .ok_or("unknown_circuit_code")?;
        if session.session_id != SessionId(block.session_id)
            || session.agent_id != AgentId(block.id)
        {
            return Err("wrong_session_or_agent");
        }
        if session.region.info.handle != self.context.region.info.handle {
            return Err("other_region");
        }
        if session.address().is_none()
            && now.since(session.started) > self.settings.circuit_code_lifetime
        {
            return Err("circuit_code_expired");
        }
        session.claim(from).map_err(|error| match error {
            ClaimError::OtherAddress(_) => "address_change",
            ClaimError::Closed => "session_ended",
        })?;
        if let Some(old) = self.slots.by_address(&from).map(|slot| slot.key) {
            // The same client logged in again from the same port.
            self.end(old, CloseReason::Superseded, "", now);
            self.forget(old);
        }
        let key = self.slots.next_key();
        let gauge = Arc::new(CircuitGauge::default());
        let outbox = Outbox::new(
            session.agent_id,
            key,
            self.link.clone(),
            session.events.clone(),
            gauge.clone(),
        );
        session.set_outbox(outbox.clone());
        tracing::debug!(%from, agent = %session.agent_id, "circuit opened");
        let session = Session::new(session, outbox, self.context.clone());
        self.slots.insert(Slot {
            key,
            address: from,
            circuit: Circuit::new(unguessable(&self.settings.circuit), now),
            session,
            gauge,
            receipts: Receipts::default(),
            lingers_until: None,
            dirty: false,
            armed: None,
        });
        Ok(key)
    }
}

/// Numbers that a stranger who forges the address cannot ack without having seen them. Clients take
/// any first number.
fn unguessable(config: &CircuitConfig) -> CircuitConfig {
    let [a, b, c, first_ping, ..] = *Uuid::new_v4().as_bytes();
    // Far below half of the range, where clients would take a number for one from before a wrap.
    let first_sequence = 1 + (u32::from_le_bytes([a, b, c, 0]) & 0x003F_FFFF);
    CircuitConfig { first_sequence, first_ping, ..config.clone() }
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
    fn first_numbers_differ_and_stay_in_the_lower_half() {
        let config = CircuitConfig::default();
        let firsts: Vec<u32> = (0..64).map(|_| unguessable(&config).first_sequence).collect();
        assert!(firsts.iter().all(|first| (1..1 << 23).contains(first)), "{firsts:?}");
        assert!(firsts.iter().any(|&first| first != firsts[0]));
    }

    #[test]
    fn garbage_opens_nothing() {
        assert!(use_circuit_code(&Bytes::from_static(&[0x40, 0, 0, 0, 0, 0, 4, 1, 2])).is_none());
        assert!(use_circuit_code(&Bytes::from_static(&[0x80, 0, 0, 0, 0, 0, 0])).is_none());
    }
}
