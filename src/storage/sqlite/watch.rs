//! Keeps account of the statements that a job runs, to compare two runs of the same job.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

/// The statements of a job, with the values bound to them, as a running hash.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    hasher: Arc<Mutex<DefaultHasher>>,
}

impl Watch {
    /// Watches all statements of a connection.
    pub(super) fn start(connection: &mut Connection) -> rusqlite::Result<Self> {
        let watch = Self::default();
        let hasher = watch.hasher.clone();
        let note = move |event: TraceEvent<'_>| {
            if let TraceEvent::Stmt(statement, _) = event {
                let mut hasher = hasher.lock().unwrap_or_else(PoisonError::into_inner);
                statement.expanded_sql().hash(&mut *hasher);
            }
        };
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note))?;
        Ok(watch)
    }

    /// Forgets what was noted.
    pub(super) fn restart(&self) {
        *self.hasher.lock().unwrap_or_else(PoisonError::into_inner) = DefaultHasher::new();
    }

    pub(super) fn asked(&self) -> u64 {
        self.hasher.lock().unwrap_or_else(PoisonError::into_inner).finish()
    }
}
