//! One login of an agent: the state that HTTP and UDP share, and the handling of its messages.
//!
//! An [`AgentSession`] is created at login, long before the circuit opens, because clients request
//! the seed capability first. [`Session`] is the part that belongs to the circuit in its endpoint
//! task.

pub mod caps;
pub mod counters;
pub mod event_queue;
pub mod handlers;
pub mod home;
pub mod inventory_news;
pub mod preferences;
pub mod presence;
mod registry;
#[cfg(test)]
pub mod testing;

pub use handlers::{Context, Outcome, Session, Turn};
pub use registry::{
    AgentCaps, AgentSession, ClaimError, Destination, EventQueue, NewSession, Sessions,
};
