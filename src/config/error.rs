//! Errors of a configuration.

use std::io;
use std::path::PathBuf;

use super::Origin;

/// An invalid configuration. Every message contains the place of the value, its key and, if there
/// is one, the value itself.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file as it was named.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}: {problem}")]
    Syntax {
        /// The line where reading stopped.
        origin: Origin,
        /// What was expected there.
        problem: String,
    },
    /// A key that does not exist.
    #[error("{origin}: unknown key {key}: {problem}")]
    UnknownKey {
        /// Its place.
        origin: Origin,
        /// The key, dotted.
        key: String,
        /// Which keys exist.
        problem: String,
    },
    /// A value of the wrong type or out of its range.
    #[error("{origin}: {key} = {value}: {problem}")]
    BadValue {
        /// Where it was set.
        origin: Origin,
        /// The key, dotted; array elements by number.
        key: String,
        /// The value as it was written.
        value: String,
        /// What is allowed.
        problem: String,
    },
    /// The effective configuration cannot be written as TOML.
    #[error("cannot be written as TOML: {0}")]
    Unprintable(String),
}
