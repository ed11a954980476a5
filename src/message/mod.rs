//! The messages of the template: typed structs, their wire format, and their description table.
//!
//! Typed code uses the structs with [`decode`] and [`encode`]. Tools that treat all messages alike
//! use the table ([`info`], [`MESSAGES`]) with [`DynamicMessage`] and [`json`]. This module knows
//! only bytes: [`header`] handles headers with acks and sequence numbers, and the circuit sends and
//! receives.

mod codec;
mod copies;
mod dynamic;
mod encoded;
mod error;
mod generated;
pub mod header;
mod id;
mod info;
pub mod json;
mod reader;
mod text;
mod value;
mod wire;
mod writer;
pub mod zerocode;

pub use codec::{Message, Roundtrip, RoundtripError, decode, encode};
pub use copies::{Copies, CopiesError};
pub use dynamic::{DynamicMessage, Entry, Value};
pub use encoded::Encoded;
pub use error::{DecodeError, DecodeProblem, EncodeError, EncodeProblem, Place};
pub use generated::*;
pub use id::MessageId;
pub use info::{BlockInfo, Deprecation, FieldInfo, FieldType, MessageInfo, Quantity};
pub use reader::Reader;
pub use text::{cut, text, variable_max, variable1, variable2};
pub use value::{Quaternion, Vector3, Vector3d, Vector4};
pub use wire::Block;
pub use writer::Writer;
