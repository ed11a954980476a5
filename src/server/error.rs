//! Why a server cannot start or cannot stop cleanly.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use super::objects::ConfiguredObjectError;
use crate::http::control::MissingToken;
use crate::region::terrain::TerrainError;
use crate::services::accounts::{AccountError, AccountFileError};
use crate::services::groups::ConfiguredGroupError;
use crate::services::ports::StoreError;
use crate::storage;

/// What keeps a server from running.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The machine's clock is wrong by decades, and no HTTP answer can be dated.
    #[error("the machine's clock shows a time before 1970: set it, then start again")]
    Clock,
    /// A listener's address is taken or not ours.
    #[error("{key}: cannot listen on {address}: {source}")]
    Bind {
        /// The key that named the port.
        key: String,
        /// The address with its port.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A host name that clients are to be told has no IPv4 address.
    #[error("external_host {host:?} has no IPv4 address")]
    NoAddress {
        /// The name.
        host: String,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Storage(#[from] storage::OpenError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The storage thread is gone.
    #[error("the storage thread has ended")]
    StoreGone,
    /// The system gave no thread or socket.
    #[error("the system refused: {0}")]
    System(io::Error),
    /// An account cannot be created.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The accounts file is wrong.
    #[error(transparent)]
    AccountFile(#[from] AccountFileError),
    /// A group of the configuration cannot be created.
    #[error(transparent)]
    ConfiguredGroup(#[from] ConfiguredGroupError),
    /// An object or a watched name of the configuration cannot be created.
    #[error(transparent)]
    ConfiguredObject(#[from] ConfiguredObjectError),
    /// A file cannot be read.
    #[error("{key}: cannot read {}: {source}", file.display())]
    File {
        /// The key that named it.
        key: String,
        /// The path as it was configured.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A terrain file is wrong.
    #[error("{key}: {}: {source}", file.display())]
    Terrain {
        /// The key that named it.
        key: String,
        /// The path as it was configured.
        file: PathBuf,
        /// What is wrong.
        source: TerrainError,
    },
    /// The control API would be open to the network.
    #[error(transparent)]
    Control(#[from] MissingToken),
}

impl ServerError {
    /// The key of the configuration that is to blame, dotted, if one is.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Bind { key, .. }
            | Self::File { key, .. }
            | Self::Terrain { key, .. }
            | Self::ConfiguredGroup(
                ConfiguredGroupError::Value { key, .. } | ConfiguredGroupError::Failed { key, .. },
            ) => Some(key),
            Self::NoAddress { .. } => Some("network.external_host"),
            Self::AccountFile(_) => Some("login.accounts_file"),
            Self::ConfiguredObject(error) => Some(&error.key),
            Self::Control(_) => Some("network.control_token"),
            Self::Storage(_) => Some("storage.directory"),
            Self::Clock | Self::Store(_) | Self::StoreGone | Self::System(_) | Self::Account(_) => {
                None
            }
        }
    }
}
