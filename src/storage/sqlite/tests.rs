//! What only this store promises: formats, the lock, and survival.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use rusqlite::StatementStatus;

use super::*;
use crate::ids::{AgentId, RegionId};
use crate::message::Vector3;
use crate::services::inventory::{FolderType, standard_folder};
use crate::services::ports::{AccountStore, InventoryStore, Location, Place, StoredPassword};
use crate::storage::MemoryStore;
use crate::storage::conformance::{account, create};
use uuid::Uuid;

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
fn every_older_format_is_brought_up_to_date_and_kept_whole() {
    // Format 1 is the first; each later one adds its own database of the time before here.
    let directory = tempfile::tempdir().unwrap();
    let kept = account(1, "Test User");
    create(&mut SqliteStore::open(directory.path()).unwrap(), &kept).unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    assert_eq!(migrate::version(&store.connection).unwrap(), migrate::CURRENT);
    assert_eq!(store.account(kept.id).unwrap(), Some(kept));
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

/// Kills a process that writes, at no chosen moment, and looks for all it had acknowledged.
#[test]
fn kill_nine_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "storage::sqlite::tests::victim_of_kill_nine", "--nocapture"])
        .env(VICTIM, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged: u128 = 0;
    while acknowledged < 25 {
        let line = lines.next().expect("the victim ended by itself").unwrap();
        if let Some(number) = line.strip_prefix("acknowledged ") {
            acknowledged = number.parse().unwrap();
        }
    }
    child.kill().unwrap();
    for line in lines.map_while(Result::ok) {
        if let Some(number) = line.strip_prefix("acknowledged ") {
            acknowledged = number.parse().unwrap();
        }
    }
    child.wait().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    for number in 1..=acknowledged {
        let kept = store.account(AgentId(Uuid::from_u128(number))).unwrap().unwrap();
        assert_eq!(store.folders(kept.id).unwrap().len(), 20);
    }
    // At most the one in work is there beyond them, and then it is whole.
    let all = store.accounts(None, 100_000).unwrap();
    assert!(all.len() as u128 <= acknowledged + 1);
    for one in all {
        assert_eq!(store.folders(one.id).unwrap().len(), 20);
    }
}

/// Does nothing unless [`kill_nine_loses_nothing_acknowledged`] starts it.
#[test]
fn victim_of_kill_nine() {
    let Some(directory) = std::env::var_os(VICTIM) else { return };
    let mut store = SqliteStore::open(Path::new(&directory)).unwrap();
    // The test harness has begun a line of its own.
    println!();
    for number in 1..=10_000 {
        create(&mut store, &account(number, &format!("User N{number}"))).unwrap();
        println!("acknowledged {number}");
    }
}

const VICTIM: &str = "HOLM_TEST_KILL_NINE_DIRECTORY";

#[derive(Clone, Debug)]
enum Step {
    Create(u8, u8),
    Remove(u8),
    Password(u8, u8),
    Login(u8, u32),
    Move(u8, bool, f32),
    List(u8, u8),
    Contents(u8, u8),
    Batch(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let few = 0u8..6;
    prop_oneof![
        4 => (few.clone(), few.clone()).prop_map(|(id, name)| Step::Create(id, name)),
        1 => few.clone().prop_map(Step::Remove),
        1 => (few.clone(), any::<u8>()).prop_map(|(id, password)| Step::Password(id, password)),
        1 => (few.clone(), any::<u32>()).prop_map(|(id, at)| Step::Login(id, at)),
        2 => (few.clone(), any::<bool>(), -1.0f32..300.0)
            .prop_map(|(id, home, x)| Step::Move(id, home, x)),
        1 => (few.clone(), 0u8..4).prop_map(|(after, limit)| Step::List(after, limit)),
        2 => (few.clone(), few).prop_map(|(owner, of)| Step::Contents(owner, of)),
        1 => any::<bool>().prop_map(Step::Batch),
    ]
}

/// Runs a step and tells all that came of it.
fn run(store: &mut dyn Store, step: &Step, in_batch: &mut bool) -> String {
    let id = |number: u8| AgentId(Uuid::from_u128(u128::from(number) + 1));
    let name = |number: u8| format!("User N{number}");
    match step {
        Step::Create(number, named) => {
            let account = account(id(*number).0.as_u128(), &name(*named));
            format!("{:?}", create(store, &account))
        }
        Step::Remove(number) => format!("{:?}", store.remove_account(id(*number))),
        Step::Password(number, password) => {
            let password = StoredPassword { full: password.to_string(), short: None };
            let result = store.set_password(id(*number), &password);
            let after = store.account(id(*number)).unwrap().map(|account| account.password.full);
            format!("{result:?} {after:?}")
        }
        Step::Login(number, at) => {
            format!("{:?}", store.set_last_login(id(*number), u64::from(*at)))
        }
        Step::Move(number, home, x) => {
            let region = RegionId(Uuid::from_u128(3));
            let to = Location {
                region,
                position: Vector3::new(*x, *x, *x),
                look_at: Vector3::default(),
            };
            let place = if *home { Place::Home } else { Place::Last };
            let result = store.set_location(id(*number), place, &to);
            format!("{result:?} {:?}", store.account(id(*number)))
        }
        Step::List(after, limit) => {
            format!("{:?}", store.accounts(Some(&name(*after).to_lowercase()), (*limit).into()))
        }
        Step::Contents(owner, of) => {
            let folder = standard_folder(id(*of), FolderType::Clothing);
            format!("{:?}", store.folder_contents(id(*owner), folder))
        }
        Step::Batch(begin) => {
            if *begin && !*in_batch {
                store.begin().unwrap();
            } else if !*begin && *in_batch {
                store.commit().unwrap();
            }
            *in_batch = *begin;
            String::new()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_stores_say_the_same_to_anything(steps in prop::collection::vec(step(), 1..60)) {
        let mut connection = Connection::open_in_memory().unwrap();
        configure(&connection).unwrap();
        migrate::run(&mut connection).unwrap();
        let mut sqlite = SqliteStore { connection, _lock: tempfile::tempfile().unwrap() };
        let mut memory = MemoryStore::new();
        let (mut one, mut two) = (false, false);
        for step in &steps {
            let (one, two) =
                (run(&mut memory, step, &mut one), run(&mut sqlite, step, &mut two));
            prop_assert_eq!(one, two, "{:?}", step);
        }
    }
}
