//! HTTP: login, capabilities and the control API.
//!
//! Handlers read a request, call a service or a backend trait, and write the answer; the rules are
//! in the layers below. Routers are built by functions, so that tests can call them without a
//! socket.

mod answering;
pub mod body;
pub mod caps;
pub mod connections;
pub mod control;
mod counted;
mod date;
pub mod guard;
pub mod login;
mod open_files;
pub mod router;
pub mod serve;
pub mod welcome;

pub use date::settle_thread;
pub use open_files::{open_files_limit, raise_open_files};
