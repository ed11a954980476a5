//! The store that lasts: one SQLite file in the data directory.
//!
//! What a call (or the batch around it) acknowledged is on disk; `kill -9` and a power cut lose
//! nothing of it. One process at a time has the directory, by a lock that dies with the process.

mod accounts;
mod friends;
mod group_row;
mod groups;
mod inventory;
mod mail;
mod migrate;
mod query;
mod row;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::services::ports::{Store, StoreError};

/// An open data directory.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    /// Holds the directory for this process. Declared last: the database closes first.
    _lock: Lock,
}

/// The lock of a directory.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    /// Said and not left to the closing of the file: a child process that is just being started has
    /// the same open file until it runs its program, and would hold the lock that long.
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked with the process.
        let _ = self.0.unlock();
    }
}

impl SqliteStore {
    /// Whether the directory has a database, of whatever kind.
    pub fn exists(directory: &Path) -> bool {
        directory.join(DATABASE).exists()
    }

    /// Opens the data directory, making it and the database if they are not there, and brings an
    /// older database up to date.
    ///
    /// # Errors
    /// [`OpenError`]. Nothing is changed unless the database is known to be Holm's and not newer.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        create_directory(directory)
            .map_err(|source| OpenError::Directory { path: directory.to_owned(), source })?;
        let lock = lock(directory)?;
        let path = directory.join(DATABASE);
        let failed = |source| OpenError::Database { path: path.clone(), source };
        let mut connection = Connection::open(&path).map_err(failed)?;
        // Before anything is written: whose file is it, and of what age?
        migrate::check(&connection, &path)?;
        configure(&connection).map_err(failed)?;
        migrate::run(&mut connection).map_err(failed)?;
        Ok(Self { connection, _lock: lock })
    }
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        if !self.connection.is_autocommit() {
            // The rest of a batch whose commit failed.
            sql("clear a failed batch", self.connection.execute_batch("ROLLBACK"))?;
        }
        sql("start a batch", self.connection.execute_batch("BEGIN"))
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        sql("write a batch", self.connection.execute_batch("COMMIT"))
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        // Moves everything from the log into the database file and empties the log.
        let result = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        sql("flush", result)
    }
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be made or entered.
    #[error("data directory {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the machine said.
        source: io::Error,
    },
    /// Another process has it.
    #[error("data directory {} is in use by another holm", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A newer version wrote it.
    #[error(
        "{} has format {found}, written by a newer holm; this one knows formats up to {known}",
        path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest known.
        known: i64,
    },
    /// It is a database of another program.
    #[error("{} is a database, but not one of holm", path.display())]
    Foreign {
        /// The database file.
        path: PathBuf,
    },
    /// SQLite refused.
    #[error("{}: {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
}

fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    // It holds password hashes: nobody else's business.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn lock(directory: &Path) -> Result<Lock, OpenError> {
    let failed = |source| OpenError::Directory { path: directory.to_owned(), source };
    let path = directory.join(LOCK);
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: the log is flushed to the disk at every commit, not only at checkpoints.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // The plan of a statement does not depend on the values bound to it. Without this promise each
    // use of a kept statement would parse and plan it again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Nobody else writes, but somebody may look at the file with the sqlite3 tool.
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Names what was being done when SQLite refused.
fn sql<T>(action: &'static str, result: rusqlite::Result<T>) -> Result<T, StoreError> {
    result.map_err(|error| match row::damage(&error) {
        Some(what) => StoreError::Corrupt(what),
        None => StoreError::Backend { action, source: Box::new(error) },
    })
}

/// The database in the data directory. SQLite keeps its log beside it.
const DATABASE: &str = "holm.sqlite";

/// Locked, and otherwise empty.
const LOCK: &str = "holm.lock";

#[cfg(test)]
mod tests;
