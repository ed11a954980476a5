//! Where things are kept: implementations of [`Store`](crate::services::ports::Store).
//!
//! Stores keep and find; they know no rules. Services call them through a
//! [`StoreHandle`](crate::services::ports::StoreHandle), whose thread owns the store.

#[cfg(test)]
mod conformance;
mod memory;
mod sqlite;

pub use memory::MemoryStore;
pub use sqlite::{OpenError, SqliteStore};
