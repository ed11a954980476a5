//! Who else must hear: implementations of [`crate::services::ports::Bus`].
//!
//! Only the one within this process so far; nothing above the port knows that.

mod local;

pub use local::LocalBus;
