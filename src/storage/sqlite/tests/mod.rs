//! Guarantees of this store: formats, the lock, and durability.

mod faults;
mod kill_nine;
mod rolled_back_jobs;

use rusqlite::StatementStatus;

use super::*;
use crate::ids::RegionId;
use crate::message::Vector3;
use crate::services::accounts::{
    Account, AccountName, AccountStore as _, Location, Place, StoredPassword,
};
use crate::services::friends::{FriendStore as _, Rights};
use crate::services::groups::GroupStore as _;
use crate::services::inventory::{
    FolderId, FolderType, InventoryStore as _, ItemId, standard_folder,
};
use crate::storage::conformance::{account, agent, create, group, member};
use uuid::Uuid;

/// Each row of each table, in a form that can be compared.
fn dump(connection: &Connection) -> Vec<String> {
    let text = "SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut tables = connection.prepare(text).unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut rows = Vec::new();
    for table in tables.map(Result::unwrap) {
        let mut statement = connection.prepare(&format!("SELECT * FROM main.{table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
            rows.push(format!("{table}: {}", values.collect::<Vec<_>>().join(", ")));
        }
    }
    rows.sort();
    rows
}

fn raw(directory: &Path) -> Connection {
    Connection::open(directory.join(DATABASE)).unwrap()
}

#[test]
fn fresh_database_has_the_current_format() {
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("made/by/holm");
    let store = SqliteStore::open(&inside).unwrap();
    assert_eq!(migrate::version(&store.connection).unwrap(), migrate::CURRENT);
    let text = |name: &str| -> String {
        store.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    };
    let number = |name: &str| -> i64 {
        store.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    };
    assert_eq!(text("journal_mode"), "wal");
    assert_eq!((number("synchronous"), number("foreign_keys")), (2, 1));
}

#[test]
fn kept_statements_are_not_planned_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    let kept = [account(1, "Test User"), account(2, "Other User"), account(3, "Third User")];
    for account in &kept {
        create(&mut store, account).unwrap();
    }
    for account in &kept {
        store.account(account.id).unwrap();
        store.account_by_name(&account.name).unwrap();
        store.folders(account.id).unwrap();
        store.set_last_login(account.id, 7).unwrap();
    }
    for text in [
        format!("{} WHERE a.id = ?1", accounts::SELECT),
        format!("{} WHERE a.name_key = ?1", accounts::SELECT),
        format!("SELECT {} FROM folders WHERE owner = ?1 ORDER BY row", row::FOLDER_COLUMNS),
        "UPDATE accounts SET last_login = ?2 WHERE id = ?1".to_owned(),
    ] {
        let statement = store.connection.prepare_cached(&text).unwrap();
        assert!(statement.get_status(StatementStatus::Run) >= 3, "another statement: {text}");
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{text}");
    }
}

#[test]
fn format_1_is_brought_up_to_date_and_kept_whole() {
    let directory = tempfile::tempdir().unwrap();
    raw(directory.path()).execute_batch(include_str!("format_1.sql")).unwrap();
    let kept = Account {
        id: agent(1),
        name: AccountName::parse("Ünï Cöde").unwrap(),
        password: StoredPassword { full: "full".to_owned(), short: Some("short".to_owned()) },
        created_at: 1_700_000_000,
        last_login: Some(1_700_000_001),
        last: Some(Location {
            region: RegionId(Uuid::from_u128(3)),
            position: Vector3::new(1.5, 2.5, 3.5),
            look_at: Vector3::new(1.0, 0.0, 0.0),
        }),
        home: None,
    };
    // Brought up to date by the first, found so by the second.
    for _ in 0..2 {
        let mut store = SqliteStore::open(directory.path()).unwrap();
        assert_eq!(migrate::version(&store.connection).unwrap(), migrate::CURRENT);
        assert_eq!(store.account(kept.id).unwrap().as_ref(), Some(&kept));
        let folders = store.folders(kept.id).unwrap();
        let names: Vec<_> = folders.iter().map(|folder| folder.name.as_str()).collect();
        assert_eq!(names, ["My Inventory", "Objects"]);
        assert_eq!(folders[1].parent, Some(FolderId(Uuid::from_u128(10))));
        let item = store.item(kept.id, ItemId(Uuid::from_u128(12))).unwrap().unwrap();
        assert_eq!((item.name.as_str(), item.sale.price), ("Thing", 10));
    }
    // What is new works with what is old.
    let mut store = SqliteStore::open(directory.path()).unwrap();
    create(&mut store, &account(2, "Test User")).unwrap();
    assert!(store.add_friendship(agent(1), agent(2), Rights::ONLINE).unwrap());
    store.create_group(&group(1, "Group", &[member(1, &[11])])).unwrap();
    store.remove_account(agent(1)).unwrap();
    assert_eq!(store.friends(agent(2)).unwrap(), []);
    assert_eq!(store.groups_of(agent(1)).unwrap(), []);
}

/// The same tables, whatever way the database came to the current format.
#[test]
fn migrated_database_has_the_tables_of_a_fresh_one() {
    let tables = |old: Option<&str>| -> Vec<(String, Option<String>)> {
        let directory = tempfile::tempdir().unwrap();
        if let Some(old) = old {
            raw(directory.path()).execute_batch(old).unwrap();
        }
        let store = SqliteStore::open(directory.path()).unwrap();
        let text = "SELECT name, sql FROM sqlite_schema ORDER BY name";
        let mut statement = store.connection.prepare(text).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(tables(Some(include_str!("format_1.sql"))), tables(None));
}

#[test]
fn newer_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(directory.path()).unwrap());
    raw(directory.path()).pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(directory.path().join(DATABASE)).unwrap();
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: migrate::CURRENT, .. }));
    assert!(error.to_string().contains("written by a newer holm"), "{error}");
    assert_eq!(std::fs::read(directory.path().join(DATABASE)).unwrap(), before);
}

#[test]
fn databases_of_others_and_rubbish_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    raw(directory.path()).execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    std::fs::write(directory.path().join(DATABASE), vec![7; 5000]).unwrap();
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, OpenError::Database { .. }), "{error}");
    assert!(error.to_string().contains("holm.sqlite"), "{error}");
}

#[test]
fn an_empty_database_is_never_taken_for_a_new_grid() {
    let directory = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(directory.path()).unwrap());
    std::fs::write(directory.path().join(DATABASE), b"").unwrap();
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, OpenError::Empty { .. }), "{error}");
    assert_eq!(std::fs::read(directory.path().join(DATABASE)).unwrap(), b"");
}

#[test]
fn a_start_that_was_cut_short_does_not_block_the_next() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("holm.sqlite.new"), b"half").unwrap();
    drop(SqliteStore::open(directory.path()).unwrap());
    assert!(!directory.path().join("holm.sqlite.new").exists());
}

#[test]
fn a_database_with_a_damaged_page_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    for number in 1..=20 {
        create(&mut store, &account(number, &format!("User N{number}"))).unwrap();
    }
    store.flush().unwrap();
    drop(store);
    let path = directory.path().join(DATABASE);
    let mut bytes = std::fs::read(&path).unwrap();
    // Page 1 stays, so that it is still known for a database of Holm.
    for page in bytes.chunks_mut(4096).skip(2) {
        page[..8].fill(0xFF);
    }
    std::fs::write(&path, &bytes).unwrap();
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("is damaged"), "{error}");
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_database() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open.clone()).unwrap();
    for _ in 0..2 {
        let mut store = SqliteStore::open(directory.path()).unwrap();
        create(&mut store, &account(1, "Test User")).ok();
        for name in [DATABASE, "holm.sqlite-wal", "holm.sqlite-shm"] {
            let mode = std::fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        drop(store);
        // As an older version left it.
        std::fs::set_permissions(directory.path().join(DATABASE), open.clone()).unwrap();
    }
}

#[test]
fn the_log_does_not_keep_the_size_of_its_worst_day() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    let limit: i64 =
        store.connection.pragma_query_value(None, "journal_size_limit", |row| row.get(0)).unwrap();
    assert_eq!(limit, MAX_LOG);
}

#[test]
fn one_process_at_a_time_has_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(directory.path()).unwrap();
    let error = SqliteStore::open(directory.path()).unwrap_err();
    let expected =
        format!("data directory {} is in use by another holm", directory.path().display());
    assert_eq!(error.to_string(), expected);
    drop(first);
    assert!(SqliteStore::open(directory.path()).is_ok());
}

#[test]
fn file_in_place_of_the_directory_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(SqliteStore::open(&file), Err(OpenError::Directory { .. })));
}

/// A copy of the files while the store is open is what a power cut would leave.
#[test]
fn every_acknowledged_call_is_on_disk_before_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    let mut kept = account(1, "Test User");
    create(&mut store, &kept).unwrap();
    kept.last = Some(Location {
        region: RegionId(Uuid::from_u128(7)),
        position: Vector3::new(1.0, 2.0, 3.0),
        look_at: Vector3::new(1.0, 0.0, 0.0),
    });
    store.set_location(kept.id, Place::Last, &kept.last.unwrap()).unwrap();
    let copy = tempfile::tempdir().unwrap();
    for file in [DATABASE, "holm.sqlite-wal"] {
        std::fs::copy(directory.path().join(file), copy.path().join(file)).unwrap();
    }
    let mut survivor = SqliteStore::open(copy.path()).unwrap();
    let root = standard_folder(kept.id, FolderType::Root);
    assert!(survivor.folder(kept.id, root).unwrap().is_some());
    assert_eq!(survivor.account(kept.id).unwrap(), Some(kept));
}

#[test]
fn batch_that_was_not_committed_is_gone_and_blocks_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    store.begin().unwrap();
    create(&mut store, &account(1, "Half Done")).unwrap();
    store.begin().unwrap();
    create(&mut store, &account(2, "Test User")).unwrap();
    store.commit().unwrap();
    assert_eq!(store.accounts(None, 10).unwrap().len(), 1);
    assert!(store.commit().is_err(), "nothing was begun");
}

#[test]
fn damaged_rows_are_named_and_not_guessed_at() {
    let directory = tempfile::tempdir().unwrap();
    let kept = account(1, "Test User");
    create(&mut SqliteStore::open(directory.path()).unwrap(), &kept).unwrap();
    raw(directory.path()).execute_batch("UPDATE folders SET type = 99").unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    let error = store.folders(kept.id).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert!(error.to_string().contains("99 is no known type"), "{error}");
}

#[test]
fn a_damaged_account_does_not_hide_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    for (number, name) in [(1, "Ann Tester"), (2, "Bob Tester"), (3, "Cat Tester")] {
        create(&mut store, &account(number, name)).unwrap();
    }
    store.connection.execute("UPDATE accounts SET first = '' WHERE first = 'Bob'", []).unwrap();
    let names: Vec<String> =
        store.accounts(None, 9).unwrap().iter().map(|account| account.name.to_string()).collect();
    assert_eq!(names, ["Ann Tester", "Cat Tester"]);
}
