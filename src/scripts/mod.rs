//! External programs that own objects: their access to the regions' objects, and the protocol with
//! which they create prims, run scripts and receive events.
//!
//! [`ObjectAccess`] gives script hosts and everybody else outside access to the objects of all
//! regions. [`protocol`] parses requests and writes answers as lines of JSON, [`connection`] serves
//! one host over any transport, and [`tcp`] is one transport; the control listener has the other.
//! Nothing here knows the rules of the chat bus, which are in [`crate::objects`].

pub mod access;
mod calls;
pub mod clep;
pub mod connection;
pub mod create;
pub mod fields;
pub mod protocol;
pub mod render;
pub mod tcp;
mod token;

pub use access::{AccessError, ObjectAccess};
pub use create::{ChangePlan, ObjectPlan, ScriptPlan};
pub use fields::{FieldError, Fields};
pub use token::same_secret;

#[cfg(test)]
pub(crate) mod fake;
