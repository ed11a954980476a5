//! CLEP: addressed messages between scripted objects over LSL chat channels.
//!
//! CLEP maps a text, the domain, to a chat channel and sends addressed messages on it. Its
//! revisions differ in both the hash and the message format, so everything here takes a
//! [`Dialect`]: [`channel()`] hashes, a [`Codec`] writes and reads texts, a [`Listener`] decides
//! whether a script would accept a message and why not, [`route()`] tells which call a sender
//! makes, and a [`Directory`] finds names by channel. [`lep`] is the sister protocol for link
//! messages, which older dialects also carry inside CLEP messages. `docs/clep.md` lists the
//! dialects.
//!
//! This module only computes: no chat bus, no IO, no clock. Texts are untrusted: reading never
//! panics, and a text that the simulator has truncated is refused with that reason.

mod channel;
mod codec;
mod compose;
mod dialect;
mod directory;
mod error;
mod escape;
mod json;
pub mod lep;
mod lines;
mod list;
mod listed;
mod message;
mod object;
mod receive;
mod route;
mod short;

pub use channel::{
    DEBUG_CHANNEL, NameError, PUBLIC_CHANNEL, channel, channel_lenient, from_hash, is_typeable,
    ll_hash, prim_domain,
};
pub use codec::{Codec, DEFAULT_LIMIT};
pub use compose::{ComposeError, Shape, Stamp};
pub use dialect::{Dialect, UnknownName};
pub use directory::{Directory, DirectoryError, Name};
pub use error::{DecodeError, EncodeError};
pub use escape::Escapes;
pub use json::{JsonMessage, Seal, Target};
pub use lines::{LineOutcome, LineSignature, LinesMessage, Scheme};
pub use list::ListForm;
pub use listed::{Body, ListedMessage, Order, Packet};
pub use message::{Address, Message, NULL_KEY};
pub use receive::{DropReason, Dropped, Heard, Listener, Match, Received};
pub use route::{Presence, Route, route};
pub use short::{Fault, ShortMessage, ShortOutcome};

#[cfg(test)]
mod tests;
