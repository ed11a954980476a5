//! CLEP: addressed messages between scripted objects over LSL chat channels.
//!
//! CLEP turns a text, the domain, into a chat channel and puts an addressed message on it. Its
//! revisions agree in neither the hash nor the message, so everything here goes by [`Dialect`]:
//! [`channel()`] hashes, a [`Codec`] writes and reads texts, a [`Listener`] says whether a script
//! would take what it hears and why not, [`route()`] says which call a sender makes, a
//! [`Directory`] finds names by channel. [`lep`] is the sister protocol for link messages, which
//! older dialects carry inside. `docs/clep.md` lists the dialects.
//!
//! This module only computes: no chat bus, no IO, no clock. Texts come from strangers; reading
//! never panics, and a text that the simulator has cut is refused as such.

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
