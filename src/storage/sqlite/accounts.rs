//! The tables `accounts` and `locations`.

use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::ids::AgentId;
use crate::message::Vector3;
use crate::services::accounts::{
    Account, AccountName, AccountStore, Location, Place, StoredPassword,
};
use crate::services::inventory::{Folder, Item};
use crate::services::ports::StoreError;

use super::row::{blob, damage, id, location, seconds, time};
use super::{SqliteStore, inventory, query, sql};

impl AccountStore for SqliteStore {
    fn create_account(
        &mut self,
        account: &Account,
        folders: &[Folder],
        items: &[Item],
    ) -> Result<(), StoreError> {
        if self.account_by_name(&account.name)?.is_some() {
            return Err(StoreError::NameTaken(account.name.to_string()));
        }
        // Undone when it goes out of scope before the commit.
        let transaction = sql(CREATE, self.connection.savepoint())?;
        insert_account(&transaction, account)
            .map_err(|error| query::taken(CREATE, error, || format!("account {}", account.id)))?;
        for folder in folders {
            inventory::insert_folder(&transaction, folder)
                .map_err(|error| query::taken(CREATE, error, || format!("folder {}", folder.id)))?;
        }
        for item in items {
            inventory::insert_item(&transaction, item)
                .map_err(|error| query::taken(CREATE, error, || format!("item {}", item.id)))?;
        }
        for (place, at) in [(Place::Last, account.last), (Place::Home, account.home)] {
            if let Some(at) = at {
                sql(CREATE, insert_location(&transaction, account.id, place, &at))?;
            }
        }
        sql(CREATE, transaction.commit())
    }

    fn account_by_name(&mut self, name: &AccountName) -> Result<Option<Account>, StoreError> {
        let text = format!("{SELECT} WHERE a.name_key = ?1");
        sql(READ, one(&self.connection, &text, params![name.key()]))
    }

    fn account(&mut self, id: AgentId) -> Result<Option<Account>, StoreError> {
        let text = format!("{SELECT} WHERE a.id = ?1");
        sql(READ, one(&self.connection, &text, params![blob(&id.0)]))
    }

    fn accounts(&mut self, after: Option<&str>, limit: usize) -> Result<Vec<Account>, StoreError> {
        let text = format!("{SELECT} WHERE a.name_key > ?1 ORDER BY a.name_key LIMIT ?2");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<Vec<Account>> {
            let mut statement = self.connection.prepare_cached(&text)?;
            let rows = statement.query_map(params![after.unwrap_or_default(), limit], account)?;
            // One damaged account does not hide all others.
            let readable = rows.filter_map(|row| match row {
                Err(error) if is_one_row(&error) => {
                    tracing::error!(%error, "an account cannot be read and is left out");
                    None
                }
                row => Some(row),
            });
            readable.collect()
        };
        sql(READ, read())
    }

    fn count_accounts(&mut self) -> Result<u64, StoreError> {
        let count =
            self.connection.query_row("SELECT COUNT(*) FROM accounts", [], |row| row.get(0));
        sql(READ, count.map(|count: i64| count.unsigned_abs()))
    }

    fn set_password(&mut self, id: AgentId, password: &StoredPassword) -> Result<(), StoreError> {
        let text = "UPDATE accounts SET password = ?2, password_short = ?3 WHERE id = ?1";
        let parameters = params![blob(&id.0), password.full, password.short];
        change(&self.connection, id, text, parameters)
    }

    fn set_last_login(&mut self, id: AgentId, at: u64) -> Result<(), StoreError> {
        let text = "UPDATE accounts SET last_login = ?2 WHERE id = ?1";
        change(&self.connection, id, text, params![blob(&id.0), seconds(at)])
    }

    fn set_location(
        &mut self,
        id: AgentId,
        place: Place,
        location: &Location,
    ) -> Result<(), StoreError> {
        match insert_location(&self.connection, id, place, location) {
            Err(error) if violates_foreign_key(&error) => Err(StoreError::NotFound(id)),
            other => sql("keep a location", other),
        }
    }

    fn remove_account(&mut self, id: AgentId) -> Result<(), StoreError> {
        // Foreign keys take all that the account owned with it.
        let text = "DELETE FROM accounts WHERE id = ?1";
        change(&self.connection, id, text, params![blob(&id.0)])
    }
}

fn one(
    connection: &Connection,
    text: &str,
    parameters: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Option<Account>> {
    connection.prepare_cached(text)?.query_row(parameters, account).optional()
}

fn change(
    connection: &Connection,
    id: AgentId,
    text: &str,
    parameters: &[&dyn rusqlite::ToSql],
) -> Result<(), StoreError> {
    let run = || connection.prepare_cached(text)?.execute(parameters);
    match sql("change an account", run())? {
        0 => Err(StoreError::NotFound(id)),
        _ => Ok(()),
    }
}

fn insert_account(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    let text = "INSERT INTO accounts (id, first, last, name_key, password, password_short, \
                created_at, last_login) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let parameters = params![
        blob(&account.id.0),
        account.name.first(),
        account.name.last(),
        account.name.key(),
        account.password.full,
        account.password.short,
        seconds(account.created_at),
        account.last_login.map(seconds),
    ];
    connection.prepare_cached(text)?.execute(parameters).map(drop)
}

fn insert_location(
    connection: &Connection,
    id: AgentId,
    place: Place,
    location: &Location,
) -> rusqlite::Result<()> {
    let text = "INSERT INTO locations (account, place, region, x, y, z, look_x, look_y, look_z) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
                ON CONFLICT (account, place) DO UPDATE SET region = excluded.region, \
                x = excluded.x, y = excluded.y, z = excluded.z, look_x = excluded.look_x, \
                look_y = excluded.look_y, look_z = excluded.look_z";
    let Vector3 { x, y, z } = location.position;
    let Vector3 { x: look_x, y: look_y, z: look_z } = location.look_at;
    let place = match place {
        Place::Last => 0,
        Place::Home => 1,
    };
    let region = blob(&location.region.0);
    let parameters = params![blob(&id.0), place, region, x, y, z, look_x, look_y, look_z];
    connection.prepare_cached(text)?.execute(parameters).map(drop)
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let (first, last): (String, String) = (row.get(1)?, row.get(2)?);
    let name = AccountName::new(&first, &last).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error))
    })?;
    let last_login = match row.get_ref(6)? {
        ValueRef::Null => None,
        _ => Some(time(row, 6)?),
    };
    Ok(Account {
        id: AgentId(id(row, 0)?),
        name,
        password: StoredPassword { full: row.get(3)?, short: row.get(4)? },
        created_at: time(row, 5)?,
        last_login,
        last: location(row, 7)?,
        home: location(row, 14)?,
    })
}

/// Whether what is damaged is a row and not the database.
fn is_one_row(error: &rusqlite::Error) -> bool {
    !matches!(error, rusqlite::Error::SqliteFailure(..)) && damage(error).is_some()
}

fn violates_foreign_key(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY)
}

const CREATE: &str = "create an account";

const READ: &str = "read an account";

pub(super) const SELECT: &str = "SELECT a.id, a.first, a.last, a.password, a.password_short, a.created_at, \
     a.last_login, l.region, l.x, l.y, l.z, l.look_x, l.look_y, l.look_z, \
     h.region, h.x, h.y, h.z, h.look_x, h.look_y, h.look_z FROM accounts a \
     LEFT JOIN locations l ON l.account = a.id AND l.place = 0 \
     LEFT JOIN locations h ON h.account = a.id AND h.place = 1";
