//! The store: one SQLite file in the data directory, or a database in memory.
//!
//! What a call (or its batch) has confirmed is on disk, and survives `kill -9` and power failures.
//! Only one process at a time uses the directory, by a lock that ends with the process.

mod accounts;
mod friends;
mod group_row;
mod groups;
mod inventory;
mod mail;
mod migrate;
mod query;
mod row;
mod watch;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::running::forget_server;
use crate::services::ports::{Engine, Fault, StoreError};

/// An open data directory.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    /// Rows changed since the database was opened, as of the start of the job.
    changes_before_job: u64,
    /// The job wrote what counts as no row.
    has_tried: bool,
    /// The batch has changes.
    has_written: bool,
    /// Set in tests that run each job twice.
    watch: Option<watch::Watch>,
    /// Holds the directory for this process; none in memory. Declared last: the database closes
    /// first.
    _lock: Option<Lock>,
}

/// The lock of a directory.
#[derive(Debug)]
struct Lock {
    file: File,
    directory: PathBuf,
}

impl Drop for Lock {
    /// Said and not left to the closing of the file: a child process that is just being started has
    /// the same open file until it runs its program, and would hold the lock that long.
    fn drop(&mut self) {
        forget_server(&self.directory);
        // What cannot be unlocked is unlocked with the process.
        let _ = self.file.unlock();
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
        let failed = |source| OpenError::from_sqlite(&path, source);
        let unreadable = |source| OpenError::Directory { path: directory.to_owned(), source };
        if path.exists() {
            // Made by an older version, or copied.
            make_private(&path).map_err(unreadable)?;
        } else {
            create_database(&path).map_err(failed)?;
        }
        let mut connection = Connection::open(&path).map_err(failed)?;
        // Before anything is written: whose file is it, of what age, and is it whole?
        migrate::check(&connection, &path)?;
        check_whole(&connection, &path)?;
        configure(&connection).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        // The log is cut to this size when its content has reached the database.
        connection.pragma_update(None, "journal_size_limit", MAX_LOG).map_err(failed)?;
        migrate::run(&mut connection).map_err(failed)?;
        Ok(Self::new(connection, Some(lock)))
    }

    /// A database in memory that is gone with the store.
    pub fn in_memory() -> Result<Self, OpenError> {
        let open = || {
            let mut connection = Connection::open_in_memory()?;
            configure(&connection)?;
            migrate::run(&mut connection)?;
            Ok(connection)
        };
        let failed = |source| OpenError::Database { path: PathBuf::from(":memory:"), source };
        Ok(Self::new(open().map_err(failed)?, None))
    }

    fn new(connection: Connection, lock: Option<Lock>) -> Self {
        Self {
            connection,
            changes_before_job: 0,
            has_tried: false,
            has_written: false,
            watch: None,
            _lock: lock,
        }
    }

    /// Runs a statement that is kept prepared.
    fn run(&mut self, action: &'static str, text: &str) -> Result<(), StoreError> {
        sql(action, query::execute(&self.connection, text, &[]).map(drop))
    }
}

impl Engine for SqliteStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.has_written = false;
        if !self.connection.is_autocommit() {
            // The rest of a batch whose commit failed.
            sql("clear a failed batch", self.connection.execute_batch("ROLLBACK"))?;
        }
        // The right to write is claimed at once: a transaction that reads first and is then
        // refused by another writer cannot wait for it.
        self.run("start a batch", "BEGIN IMMEDIATE")
    }

    fn begin_job(&mut self) -> Result<(), StoreError> {
        self.changes_before_job = self.connection.total_changes();
        self.has_tried = false;
        self.run("start a job", "SAVEPOINT job")?;
        if let Some(watch) = &self.watch {
            watch.restart();
        }
        Ok(())
    }

    fn end_job(&mut self, is_kept: bool) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            // SQLite ends a whole transaction by itself when the disk is full or fails.
            let source = Fault("the disk refused, and the batch was undone".into());
            return Err(StoreError::Backend { action: "write a batch", source });
        }
        if is_kept {
            let has_changes = self.connection.total_changes() != self.changes_before_job;
            self.has_written |= has_changes || self.has_tried;
        } else {
            self.run("undo a job", "ROLLBACK TO job")?;
        }
        self.run("end a job", "RELEASE job")
    }

    fn watch(&mut self) {
        match watch::Watch::start(&mut self.connection) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => tracing::error!(%error, "storage cannot be watched"),
        }
    }

    fn asked(&self) -> u64 {
        self.watch.as_ref().map_or(0, watch::Watch::asked)
    }

    fn commit(&mut self) -> Result<bool, StoreError> {
        self.run("write a batch", "COMMIT")?;
        Ok(self.has_written)
    }

    fn try_writing(&mut self) -> Result<(), StoreError> {
        // The same value again: SQLite writes the page all the same, but counts no changed row.
        let update = self.connection.pragma_update(None, "user_version", migrate::CURRENT);
        sql("write at all", update)?;
        self.has_tried = true;
        Ok(())
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
    /// It has no content, though a database was there before.
    #[error(
        "{} is empty or has lost its tables; restore it from a backup, or delete it to start a new grid",
        path.display()
    )]
    Empty {
        /// The database file.
        path: PathBuf,
    },
    /// Its content contradicts itself.
    #[error("{} is damaged ({what}); restore it from a backup", path.display())]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// The first fault that SQLite found.
        what: String,
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

impl OpenError {
    /// What SQLite said of the database at `path`.
    fn from_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt) {
            return Self::Damaged { path, what: source.to_string() };
        }
        Self::Database { path, source }
    }
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
        Ok(()) => {
            // A server that was killed leaves its note.
            forget_server(directory);
            Ok(Lock { file, directory: directory.to_owned() })
        }
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Makes a database of the current format. It gets its name when it is complete, so that an empty
/// file of that name is never a start that was cut short.
fn create_database(path: &Path) -> rusqlite::Result<()> {
    let unnamed = with_suffix(path, ".new");
    let refused = |error: io::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    match std::fs::remove_file(&unnamed) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    // It holds password hashes. SQLite gives its log the permissions of the database.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&unnamed).map_err(refused)?;
    let mut connection = Connection::open(&unnamed)?;
    configure(&connection)?;
    migrate::run(&mut connection)?;
    connection.close().map_err(|(_, error)| error)?;
    std::fs::rename(&unnamed, path).map_err(refused)
}

/// Takes the right to read the database and its log from everybody but its owner.
fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    for file in [path.to_owned(), with_suffix(path, "-wal"), with_suffix(path, "-shm")] {
        use std::os::unix::fs::PermissionsExt as _;
        if file.exists() {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Refuses a database whose pages or indexes are damaged.
fn check_whole(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let verdict = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(what) => Err(OpenError::Damaged { path: path.to_owned(), what }),
        Err(source) => Err(OpenError::from_sqlite(path, source)),
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
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
        None => StoreError::Backend { action, source: Fault(Box::new(error)) },
    })
}

/// The database in the data directory. SQLite keeps its log beside it.
const DATABASE: &str = "holm.sqlite";

/// Bytes that the log keeps on disk once its content has reached the database.
const MAX_LOG: i64 = 16 << 20;

/// Locked, and otherwise empty.
const LOCK: &str = "holm.lock";

#[cfg(test)]
mod tests;
