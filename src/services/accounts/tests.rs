//! The account service with a memory store.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::services::inventory::{FolderType, standard_folder};
use crate::storage::SqliteStore;
use crate::time::ManualClock;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Setup {
    accounts: Accounts,
    store: StoreHandle,
    clock: Arc<ManualClock>,
}

fn setup(change: impl FnOnce(&mut AccountsConfig)) -> Setup {
    let mut config = AccountsConfig {
        hash_cost: HashCost::EPHEMERAL,
        failures: FailureLimits {
            account: FailureLimit { burst: 3, refill: Duration::from_secs(10) },
            address: FailureLimit { burst: 5, refill: Duration::from_secs(1) },
            loopback: true,
            remembered: 100,
        },
        ..AccountsConfig::default()
    };
    change(&mut config);
    let store = StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
    let clock = Arc::new(ManualClock::default());
    let accounts = Accounts::new(store.clone(), clock.clone(), config);
    Setup { accounts, store, clock }
}

fn name(text: &str) -> AccountName {
    AccountName::parse(text).unwrap()
}

fn password(text: &str) -> NewPassword {
    NewPassword::parse(text).unwrap()
}

#[tokio::test]
async fn created_account_opens_with_its_password_and_has_an_inventory() {
    let Setup { accounts, store, .. } = setup(|_| ());
    let made = accounts.create(name("Test User"), password("test"), None).await.unwrap();
    assert_eq!(made.created_at, 1_767_225_600);
    let found = accounts.verify(&name("test user"), "test", HOME).await.unwrap();
    assert_eq!(found, made);
    let digest = "$1$098f6bcd4621d373cade4e832627b4f6";
    assert!(accounts.verify(&name("test.user"), digest, HOME).await.is_ok());
    let folders = store.call(move |store| store.folders(made.id)).await.unwrap().unwrap();
    assert_eq!(folders[0].id, standard_folder(made.id, FolderType::Root));
}

#[tokio::test]
async fn unknown_name_and_wrong_password_look_the_same() {
    let Setup { accounts, .. } = setup(|_| ());
    accounts.create(name("Test User"), password("test"), None).await.unwrap();
    let wrong = accounts.verify(&name("Test User"), "tset", HOME).await.unwrap_err();
    let unknown = accounts.verify(&name("Nobody Here"), "test", HOME).await.unwrap_err();
    let broken = accounts.verify(&name("Test User"), "$1$zz", HOME).await.unwrap_err();
    assert!(matches!(wrong, LoginError::WrongPassword));
    assert!(matches!(unknown, LoginError::UnknownAccount));
    assert!(matches!(broken, LoginError::WrongPassword));
    assert_eq!(wrong.to_string(), unknown.to_string());
}

#[tokio::test]
async fn failed_logins_lock_the_account_even_for_its_password() {
    let Setup { accounts, clock, .. } = setup(|_| ());
    accounts.create(name("Test User"), password("test"), None).await.unwrap();
    for _ in 0..3 {
        let wrong = accounts.verify(&name("Test User"), "tset", HOME).await;
        assert!(matches!(wrong, Err(LoginError::WrongPassword)));
    }
    let closed = accounts.verify(&name("Test User"), "test", HOME).await;
    let Err(LoginError::TooManyFailures { retry_after }) = closed else {
        panic!("{closed:?}");
    };
    assert_eq!(retry_after, Duration::from_secs(10));
    clock.advance(retry_after);
    assert!(accounts.verify(&name("Test User"), "test", HOME).await.is_ok());
    // The success forgave the account: two wrong ones are possible again.
    for _ in 0..2 {
        let wrong = accounts.verify(&name("Test User"), "tset", HOME).await;
        assert!(matches!(wrong, Err(LoginError::WrongPassword)), "{wrong:?}");
    }
}

#[tokio::test]
async fn failures_with_made_up_names_close_the_address() {
    let Setup { accounts, .. } = setup(|_| ());
    accounts.create(name("Test User"), password("test"), None).await.unwrap();
    for number in 0..5 {
        let made_up = name(&format!("Nobody N{number}"));
        let refused = accounts.verify(&made_up, "test", HOME).await;
        assert!(matches!(refused, Err(LoginError::UnknownAccount)));
    }
    let closed = accounts.verify(&name("Test User"), "test", HOME).await;
    assert!(matches!(closed, Err(LoginError::TooManyFailures { .. })));
    let elsewhere = IpAddr::from([192, 0, 2, 1]);
    assert!(accounts.verify(&name("Test User"), "test", elsewhere).await.is_ok());
}

#[tokio::test]
async fn repeated_login_skips_the_hash_until_the_password_changes() {
    // A cost that would take minutes if the second login hashed again cannot be set, because the
    // first one has to pass; that the pool is closed shows it as well.
    let Setup { accounts, .. } = setup(|_| ());
    let made = accounts.create(name("Test User"), password("test"), None).await.unwrap();
    accounts.verify(&name("Test User"), "test", HOME).await.unwrap();
    accounts.inner.workers.close();
    assert!(accounts.verify(&name("Test User"), "test", HOME).await.is_ok());
    let other = accounts.verify(&name("Test User"), "other", HOME).await;
    assert!(matches!(other, Err(LoginError::Failed(AccountError::Interrupted))));
    // Changed behind the service's back, as another process would.
    let stored =
        password::hash(&password("new"), HashCost::EPHEMERAL, &HashMemory::default()).unwrap();
    let store = &accounts.inner.store;
    store.call(move |store| store.set_password(made.id, &stored)).await.unwrap().unwrap();
    let old = accounts.verify(&name("Test User"), "test", HOME).await;
    assert!(matches!(old, Err(LoginError::Failed(AccountError::Interrupted))));
}

#[tokio::test]
async fn changed_password_and_removed_account() {
    let Setup { accounts, .. } = setup(|_| ());
    let made = accounts.create(name("Test User"), password("test"), None).await.unwrap();
    accounts.verify(&name("Test User"), "test", HOME).await.unwrap();
    accounts.set_password(made.id, password("new")).await.unwrap();
    assert!(accounts.verify(&name("Test User"), "test", HOME).await.is_err());
    assert!(accounts.verify(&name("Test User"), "new", HOME).await.is_ok());
    accounts.remove(made.id).await.unwrap();
    let gone = accounts.verify(&name("Test User"), "new", HOME).await;
    assert!(matches!(gone, Err(LoginError::UnknownAccount)));
    let again = accounts.remove(made.id).await;
    assert!(matches!(again, Err(AccountError::Store(StoreError::NotFound(_)))));
}

#[tokio::test]
async fn names_are_taken_without_regard_to_case_and_ids_too() {
    let Setup { accounts, .. } = setup(|_| ());
    let made = accounts.create(name("Test User"), password("test"), None).await.unwrap();
    let taken = accounts.create(name("TEST user"), password("x"), None).await;
    assert!(matches!(taken, Err(AccountError::Store(StoreError::NameTaken(_)))));
    let taken = accounts.create(name("Other User"), password("x"), Some(made.id)).await;
    assert!(matches!(taken, Err(AccountError::Store(StoreError::IdTaken(_)))));
    assert_eq!(accounts.list(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn ensure_makes_what_is_missing_and_touches_nothing_else() {
    let Setup { accounts, .. } = setup(|_| ());
    accounts.create(name("Alice Tester"), password("own"), None).await.unwrap();
    let defaults = default_accounts().unwrap();
    assert_eq!(accounts.ensure(&defaults).await.unwrap(), 2);
    assert_eq!(accounts.ensure(&defaults).await.unwrap(), 0);
    assert!(accounts.verify(&name("Alice Tester"), "own", HOME).await.is_ok());
    let names: Vec<String> =
        accounts.list(None, 10).await.unwrap().iter().map(|one| one.name.to_string()).collect();
    assert_eq!(names, ["Alice Tester", "Bob Tester", "Test User"]);
}

#[tokio::test]
async fn open_door_makes_an_account_once_and_not_without_end() {
    let Setup { accounts, .. } = setup(|config| config.open_accounts = 3);
    let made = accounts.login_or_create(&name("New Comer"), "secret", HOME).await.unwrap();
    let again = accounts.login_or_create(&name("New Comer"), "secret", HOME).await.unwrap();
    assert_eq!(made.id, again.id);
    let wrong = accounts.login_or_create(&name("New Comer"), "other", HOME).await;
    assert!(matches!(wrong, Err(LoginError::WrongPassword)));
    let (one, two) = (name("Same Time"), name("Same Time"));
    let both = tokio::join!(
        accounts.login_or_create(&one, "secret", HOME),
        accounts.login_or_create(&two, "secret", HOME),
    );
    assert_eq!(both.0.unwrap().id, both.1.unwrap().id);
    accounts.login_or_create(&name("One More"), "secret", HOME).await.unwrap();
    let full = accounts.login_or_create(&name("Two More"), "secret", HOME).await;
    assert!(matches!(full, Err(LoginError::Full)));
    assert!(accounts.login_or_create(&name("New Comer"), "secret", HOME).await.is_ok());
}

#[tokio::test]
async fn guesses_that_run_together_are_limited_together() {
    let Setup { accounts, .. } = setup(|config| config.hash_workers = 1);
    accounts.create(name("Test User"), password("test"), None).await.unwrap();
    let before = accounts.inner.hash_memory.work();
    let mut tries = tokio::task::JoinSet::new();
    for number in 0..20 {
        let accounts = accounts.clone();
        tries.spawn(async move {
            accounts.verify(&name("Test User"), &format!("guess {number}"), HOME).await
        });
    }
    let results = tries.join_all().await;
    let refused =
        results.iter().filter(|one| matches!(one, Err(LoginError::WrongPassword))).count();
    assert_eq!(refused, 3);
    assert_eq!(accounts.inner.hash_memory.work() - before, 3 * FAILED, "the others cost nothing");
}

/// What a failed try costs.
const FAILED: u64 = 2 * HashCost::EPHEMERAL.work();

/// What a login of `who` with `passwd` is told at a fresh grid, and what it costs there.
async fn refused(who: &str, passwd: &str, times: usize) -> (String, u64) {
    let Setup { accounts, .. } = setup(|_| ());
    accounts.create(name("Short User"), password("test"), None).await.unwrap();
    let long = "correct horse battery staple";
    accounts.create(name("Long User"), password(long), None).await.unwrap();
    let before = accounts.inner.hash_memory.work();
    let mut error = String::new();
    for _ in 0..times {
        error = accounts.verify(&name(who), passwd, HOME).await.unwrap_err().to_string();
    }
    (error, accounts.inner.hash_memory.work() - before)
}

#[tokio::test]
async fn names_that_exist_answer_and_cost_as_those_that_do_not() {
    for passwd in ["tset", "a password of more than sixteen characters", "$1$zz", ""] {
        for (times, cost) in [(1, FAILED), (5, 3 * FAILED)] {
            let unknown = refused("Nobody Here", passwd, times).await;
            assert_eq!(unknown.1, cost, "{passwd}");
            for known in ["Short User", "Long User"] {
                assert_eq!(refused(known, passwd, times).await, unknown, "{known} {passwd}");
            }
        }
    }
}

#[tokio::test]
async fn good_logins_take_no_token_however_many_come_at_once() {
    let one = FailureLimit { burst: 1, refill: Duration::from_secs(60) };
    let Setup { accounts, .. } = setup(|config| {
        config.failures = FailureLimits { account: one, address: one, ..config.failures };
    });
    for number in 0..10 {
        let each = name(&format!("User N{number}"));
        accounts.create(each, password("test"), None).await.unwrap();
    }
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..40 {
        let accounts = accounts.clone();
        let each = name(&format!("User N{}", number % 10));
        logins.spawn(async move { accounts.verify(&each, "test", HOME).await.is_ok() });
    }
    assert!(logins.join_all().await.into_iter().all(|right| right));
}

#[tokio::test]
async fn strangers_do_not_lock_an_owner_out_where_it_logged_in() {
    let Setup { accounts, .. } = setup(|_| ());
    accounts.create(name("Test User"), password("test"), None).await.unwrap();
    let stranger = IpAddr::from([192, 0, 2, 1]);
    accounts.verify(&name("Test User"), "test", HOME).await.unwrap();
    for _ in 0..3 {
        accounts.verify(&name("Test User"), "tset", stranger).await.unwrap_err();
    }
    let locked = accounts.verify(&name("Test User"), "test", stranger).await;
    assert!(matches!(locked, Err(LoginError::TooManyFailures { .. })));
    accounts.verify(&name("test user"), "test", HOME).await.unwrap();
}

#[tokio::test]
async fn names_come_in_order_and_without_storage_the_next_time() {
    let Setup { accounts, store, .. } = setup(|_| ());
    let ann = accounts.create(name("Ann Tester"), password("test"), None).await.unwrap().id;
    let bob = accounts.create(name("Bob Tester"), password("test"), None).await.unwrap().id;
    let nobody = AgentId::random();
    let found = accounts.names(vec![bob]).await.unwrap();
    assert_eq!(found, [(bob, name("Bob Tester"))]);
    let both = vec![(ann, name("Ann Tester")), (bob, name("Bob Tester"))];
    assert_eq!(accounts.names(vec![ann, nobody, bob]).await.unwrap(), both);
    store.shutdown().await.unwrap().unwrap();
    assert_eq!(accounts.names(vec![ann, bob]).await.unwrap(), both);
    assert!(accounts.names(vec![nobody]).await.is_err());
}

#[tokio::test]
async fn a_removed_account_has_no_name() {
    let Setup { accounts, .. } = setup(|_| ());
    let ann = accounts.create(name("Ann Tester"), password("test"), None).await.unwrap().id;
    assert_eq!(accounts.names(vec![ann]).await.unwrap().len(), 1);
    accounts.remove(ann).await.unwrap();
    assert_eq!(accounts.names(vec![ann]).await.unwrap(), []);
}
