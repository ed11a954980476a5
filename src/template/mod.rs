//! The language of the message template: model, parser, checker, and the emitter of Rust source.
//!
//! `build.rs` includes this module by path to generate `holm::message` from `message_template.msg`,
//! and `holm decode --template` reads other templates with it. So it needs only the standard
//! library, and it must not know the message module: its output is text.

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
