//! The message template's language: model, parser, checker, and the emitter of Rust source.
//!
//! `build.rs` includes this module by path to make `holm::message` from `message_template.msg`;
//! `holm decode --template` reads other templates with it. So it needs nothing but the standard
//! library, and it must not know the message module: what it emits is text.

pub mod check;
pub mod emit;
pub mod error;
pub mod model;
pub mod names;
pub mod parse;

mod output;
mod token;

#[cfg(test)]
mod tests;
