//! What services rely on, whatever stores the data.

/// Makes one test per check, on a database in memory.
macro_rules! suite {
    ($($check:ident),+ $(,)?) => {
        mod checks {
            use crate::storage::SqliteStore;

            $(#[test] fn $check() { super::$check(&mut SqliteStore::in_memory().unwrap()); })+
        }
    };
}

mod accounts;
mod friends;
mod group_mail;
mod groups;
mod mail;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use uuid::Uuid;

use crate::ids::AgentId;
use crate::services::accounts::{Account, AccountName, AccountStore, StoredPassword};
use crate::services::inventory::standard_inventory;
use crate::services::ports::{Engine, StoreError, StoreGone};
use crate::services::store::{Store, StoreHandle};
use crate::storage::SqliteStore;

pub(super) use groups::{group, member};

pub(super) fn account(number: u128, name: &str) -> Account {
    Account {
        id: AgentId(Uuid::from_u128(number)),
        name: AccountName::parse(name).unwrap(),
        password: StoredPassword { full: format!("hash {number}"), short: None },
        created_at: 1_700_000_000,
        last_login: None,
        last: None,
        home: None,
    }
}

pub(super) fn create(store: &mut dyn Store, account: &Account) -> Result<(), StoreError> {
    let (folders, items) = standard_inventory(account.id, account.created_at);
    store.create_account(account, &folders, &items)
}

/// An agent without account.
const NOBODY: AgentId = agent(99);

pub(super) const fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(number))
}

/// Accounts 1 to `count`.
pub(super) fn people(store: &mut dyn Store, count: u128) {
    for number in 1..=count {
        create(store, &account(number, &format!("User N{number}"))).unwrap();
    }
}

#[tokio::test]
async fn handle_answers_in_order_and_says_when_it_has_stopped() {
    let store = StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
    let calls = (0..200).map(|number| {
        let store = store.clone();
        async move {
            let account = account(number, &format!("User N{number}"));
            store.call(move |store| create(store, &account)).await.unwrap().unwrap();
        }
    });
    let mut all: tokio::task::JoinSet<()> = calls.collect();
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    let kept = store.call(|store| store.accounts(None, 1000)).await.unwrap().unwrap();
    assert_eq!(kept.len(), 200);
    store.flush().await.unwrap().unwrap();
    store.shutdown().await.unwrap().unwrap();
    let gone = store.call(|store| store.accounts(None, 1).map(drop)).await;
    assert!(matches!(gone, Err(StoreGone::Stopped)));
}

#[tokio::test]
async fn answer_of_a_batch_that_was_not_written_is_withheld() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    let store = StoreHandle::spawn_rehearsing(Box::new(store)).unwrap();
    // Ends the batch behind the thread's back, so that the thread's own commit fails.
    let result = store.call(Engine::commit).await;
    assert!(matches!(result, Err(StoreGone::NotWritten)));
    assert!(store.is_failing());
    let kept = account(1, "Test User");
    store.call(move |store| create(store, &kept)).await.unwrap().unwrap();
    assert!(!store.is_failing(), "the next batch was written");
}

#[tokio::test]
async fn a_rehearsed_job_runs_twice_and_counts_once() {
    let store = SqliteStore::in_memory().unwrap();
    let store = StoreHandle::spawn_rehearsing(Box::new(store)).unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let kept = account(1, "Test User");
    // Fails if the first run left the account behind.
    let created = store.call(move |store| {
        counted.fetch_add(1, Ordering::Relaxed);
        create(store, &kept)
    });
    created.await.unwrap().unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    assert_eq!(store.call(AccountStore::count_accounts).await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn a_job_that_differs_when_it_runs_again_is_noticed() {
    let store = SqliteStore::in_memory().unwrap();
    let store = StoreHandle::spawn_rehearsing(Box::new(store)).unwrap();
    let kept = account(1, "Test User");
    store.call(move |store| create(store, &kept)).await.unwrap().unwrap();
    let runs = AtomicU64::new(0);
    let outside = store
        .call(move |store| store.set_last_login(agent(1), runs.fetch_add(1, Ordering::Relaxed)));
    assert!(matches!(outside.await, Err(StoreGone::Abandoned)));
    let runs = AtomicU64::new(0);
    let refused = store.call(move |_| match runs.fetch_add(1, Ordering::Relaxed) {
        0 => Err(StoreError::NotFound(NOBODY)),
        _ => Ok(()),
    });
    assert!(matches!(refused.await, Err(StoreGone::Abandoned)));
    let kept = store.call(|store| store.account(agent(1))).await.unwrap().unwrap();
    assert_eq!(kept.unwrap().last_login, None);
}

#[tokio::test]
async fn call_that_panics_takes_nobody_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    let store = StoreHandle::spawn_rehearsing(Box::new(store)).unwrap();
    let kept = account(1, "Test User");
    let wanted = kept.clone();
    let (panicked, created) = tokio::join!(
        store.call(|_| -> Result<(), StoreError> {
            std::panic::resume_unwind(Box::new("on purpose"))
        }),
        store.call(move |store| create(store, &kept)),
    );
    assert!(matches!(panicked, Err(StoreGone::Abandoned)));
    created.unwrap().unwrap();
    store.shutdown().await.unwrap().unwrap();
    // The shutdown let go of the directory before it answered.
    let mut again = SqliteStore::open(directory.path()).unwrap();
    assert_eq!(again.account(wanted.id).unwrap(), Some(wanted));
}
