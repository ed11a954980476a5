//! Delivery and presence: implementations of [`crate::services::ports::Bus`].
//!
//! The only implementation so far works within this process; nothing above the port depends on
//! that.

mod local;

pub use local::LocalBus;
