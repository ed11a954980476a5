//! The format of the database: numbered steps, each applied once and completely.
//!
//! A released step is never changed; a new format is a new step.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::OpenError;

/// Refuses a database of another program, of a newer Holm, or one that has lost its content.
/// Changes nothing.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::from_sqlite(path, source);
    let found = version(connection).map_err(failed)?;
    let owner: i64 = pragma(connection, "application_id").map_err(failed)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    let is_empty = owner == 0 && found == 0 && tables == 0;
    // An empty file in place of a grid must not pass for a new grid.
    if is_empty || (owner == APPLICATION_ID && tables == 0) {
        return Err(OpenError::Empty { path: path.to_owned() });
    }
    if owner != APPLICATION_ID {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    if !(0..=CURRENT).contains(&found) {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: CURRENT });
    }
    Ok(())
}

/// Applies the steps that the database has not seen.
pub(super) fn run(connection: &mut Connection) -> rusqlite::Result<()> {
    for (number, step) in (1..).zip(STEPS) {
        if number <= version(connection)? {
            continue;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    pragma(connection, "user_version")
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Marks the file as Holm's: `HOLM` in ASCII.
const APPLICATION_ID: i64 = 0x484F_4C4D;

/// Step 1 makes format 1 of an empty file, and so on.
const STEPS: &[&str] = &[
    include_str!("0001_accounts_and_inventory.sql"),
    include_str!("0002_people.sql"),
    include_str!("0003_inventory.sql"),
];

/// The format after all steps.
pub(super) const CURRENT: i64 = STEPS.len() as i64;
