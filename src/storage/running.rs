//! A note in the data directory that says where the server that uses it answers, for commands that
//! find the directory in use.
//!
//! It belongs to the lock: whoever takes or leaves the directory removes it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the note. It holds one line.
const NOTE: &str = "holm.control";

/// A longer note is not ours.
const LONGEST: usize = 300;

/// Notes the base URI of this server's control API. The caller has the directory.
pub fn note_server(directory: &Path, control_uri: &str) -> io::Result<()> {
    fs::write(path(directory), format!("{control_uri}\n"))
}

/// The base URI of the control API of the server that uses the directory, if it left a note.
pub fn noted_server(directory: &Path) -> Option<String> {
    let text = fs::read_to_string(path(directory)).ok()?;
    let uri = text.trim();
    (uri.starts_with("http://") && uri.len() <= LONGEST).then(|| uri.to_owned())
}

pub(super) fn forget_server(directory: &Path) {
    if let Err(error) = fs::remove_file(path(directory))
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, directory = %directory.display(), "{NOTE} cannot be removed");
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join(NOTE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::SqliteStore;

    #[test]
    fn note_ends_with_the_hold_on_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        assert_eq!(noted_server(directory), None);
        let store = SqliteStore::open(directory).unwrap();
        note_server(directory, "http://127.0.0.1:9001/").unwrap();
        assert!(SqliteStore::open(directory).is_err());
        assert_eq!(noted_server(directory).as_deref(), Some("http://127.0.0.1:9001/"));
        drop(store);
        assert_eq!(noted_server(directory), None);
        // Left by a server that was killed.
        note_server(directory, "http://127.0.0.1:9001/").unwrap();
        let _store = SqliteStore::open(directory).unwrap();
        assert_eq!(noted_server(directory), None);
    }

    #[test]
    fn note_of_another_form_is_ignored() {
        let directory = tempfile::tempdir().unwrap();
        for text in ["", "x", &format!("http://{}", "h".repeat(LONGEST))] {
            note_server(directory.path(), text).unwrap();
            assert_eq!(noted_server(directory.path()), None);
        }
    }
}
