//! Why a request about objects failed.

use crate::clep;
use crate::ids::PrimId;
use crate::lsl::BusError;

/// Why a request about objects cannot be done. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The bus says no: unknown, taken, too many.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// No object has a prim with that key.
    #[error("there is no object {0}")]
    UnknownObject(PrimId),
    /// The object has no prim with that link number.
    #[error("the object has no link {0}")]
    UnknownLink(usize),
    /// A value that a field cannot have.
    #[error("{field} {problem}")]
    Value {
        /// Which field, as requests name it.
        field: &'static str,
        /// What is wrong, as it follows the field's name.
        problem: String,
    },
    /// A CLEP message that cannot be written.
    #[error("clep message: {0}")]
    ClepEncode(String),
    /// A CLEP name that cannot be listened to.
    #[error("clep name: {0}")]
    ClepName(#[from] clep::DirectoryError),
}
