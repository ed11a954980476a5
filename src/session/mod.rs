//! One login of one agent: what HTTP and UDP share about it, and what its messages do.
//!
//! [`AgentSession`] is made at login, long before the circuit opens, because clients ask the seed
//! capability first. [`Session`] is the half that lives beside the circuit in its endpoint task.

pub mod caps;
pub mod counters;
pub mod event_queue;
pub mod handlers;
pub mod home;
pub mod preferences;
pub mod presence;
mod registry;

pub use handlers::{Context, Outcome, Session, Turn};
pub use registry::{
    AgentCaps, AgentSession, ClaimError, Destination, EventQueue, NewSession, Sessions,
};
