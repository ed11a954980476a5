//! Programs outside that own objects: how they reach the regions' objects, and the protocol by
//! which they create prims, run scripts and hear events.
//!
//! [`ObjectAccess`] is the way to the objects of all regions, for script hosts and for everybody
//! else outside. [`protocol`] reads requests and writes answers as lines of JSON, [`connection`]
//! serves one host over any carrier of lines, [`tcp`] is one carrier; the control listener has the
//! other. Nothing here knows the rules of the chat bus: [`crate::objects`] does.

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
