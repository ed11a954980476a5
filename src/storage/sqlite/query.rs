//! Runs cached statements: many rows, one row, or a change. Errors become the store's own.

use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

use crate::ids::{AgentId, GroupId};
use crate::services::ports::{Fault, StoreError};

use super::row::blob;
use super::sql;

/// All rows, in the statement's order.
pub(super) fn all<T>(
    connection: &Connection,
    action: &'static str,
    text: &str,
    parameters: &[&dyn ToSql],
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let run = || -> rusqlite::Result<Vec<T>> {
        connection.prepare_cached(text)?.query_map(parameters, read)?.collect()
    };
    sql(action, run())
}

/// The first row, if there is any.
pub(super) fn one<T>(
    connection: &Connection,
    action: &'static str,
    text: &str,
    parameters: &[&dyn ToSql],
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    let run = || connection.prepare_cached(text)?.query_row(parameters, read);
    sql(action, run().optional())
}

/// Changes rows; how many.
pub(super) fn change(
    connection: &Connection,
    action: &'static str,
    text: &str,
    parameters: &[&dyn ToSql],
) -> Result<usize, StoreError> {
    sql(action, execute(connection, text, parameters))
}

/// As [`change`], for callers that know what a refusal means.
pub(super) fn execute(
    connection: &Connection,
    text: &str,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<usize> {
    connection.prepare_cached(text)?.execute(parameters)
}

/// # Errors
/// [`StoreError::NotFound`] if there is no such account.
pub(super) fn require_account(connection: &Connection, id: AgentId) -> Result<(), StoreError> {
    let text = "SELECT 1 FROM accounts WHERE id = ?1";
    let found = one(connection, "look for an account", text, params![blob(&id.0)], |_| Ok(()))?;
    found.ok_or(StoreError::NotFound(id))
}

/// # Errors
/// [`StoreError::NoGroup`] if there is no such group.
pub(super) fn require_group(connection: &Connection, id: GroupId) -> Result<(), StoreError> {
    let text = "SELECT 1 FROM groups WHERE id = ?1";
    let found = one(connection, "look for a group", text, params![blob(&id.0)], |_| Ok(()))?;
    found.ok_or(StoreError::NoGroup(id))
}

/// [`StoreError::IdTaken`] if something has the key already.
pub(super) fn taken(
    action: &'static str,
    error: rusqlite::Error,
    what: impl FnOnce() -> String,
) -> StoreError {
    let code = error.sqlite_error().map(|error| error.extended_code);
    if matches!(code, Some(SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE)) {
        return StoreError::IdTaken(what());
    }
    StoreError::Backend { action, source: Fault(Box::new(error)) }
}
