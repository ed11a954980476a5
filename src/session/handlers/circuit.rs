//! Opening and closing the circuit.

use super::{Outcome, Session, Turn};
use crate::circuit::CloseReason;
use crate::message::{CloseCircuit, LogoutRequest, UseCircuitCode};

/// The endpoint has opened the circuit with it; a repetition only wants its ack.
pub(super) fn use_circuit_code(
    _session: &mut Session,
    _turn: &mut Turn<'_>,
    _message: UseCircuitCode,
) -> Outcome {
    Outcome::Continue
}

pub(super) fn logout(
    _session: &mut Session,
    _turn: &mut Turn<'_>,
    _message: LogoutRequest,
) -> Outcome {
    Outcome::Close(CloseReason::Logout)
}

pub(super) fn close(
    _session: &mut Session,
    _turn: &mut Turn<'_>,
    _message: CloseCircuit,
) -> Outcome {
    Outcome::Close(CloseReason::ClosedByPeer)
}
