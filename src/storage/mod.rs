//! Persistence: the implementation of [`Store`](crate::services::store::Store).
//!
//! A store only stores and finds; it knows no rules. Services call it through a
//! [`StoreHandle`](crate::services::store::StoreHandle), whose thread owns the store.

#[cfg(test)]
mod conformance;
mod running;
mod sqlite;

pub use running::{note_server, noted_server};
pub use sqlite::{OpenError, SqliteStore};

/// The form in which names of groups are compared and searched. Letter by letter, unlike
/// [`str::to_lowercase`], so that a part of a name folds to a part of the folded name.
fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
