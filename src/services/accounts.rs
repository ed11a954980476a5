//! Accounts: who may log in, with which password, and how many failures are allowed.
//!
//! It knows nothing of sessions; a verified account continues in [`super::login`].

mod directory;
mod file;
mod limits;
mod model;
mod name;
mod name_cache;
mod password;
mod store;
mod verified;

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;

pub use file::{AccountFileError, NewAccount, default_accounts, parse_account_file};
pub use limits::{FailureLimit, FailureLimits};
pub use model::{Account, Location, Place, StoredPassword};
pub use name::{AccountName, NameError, ONE_WORD_LAST_NAME, is_visible};
pub use password::{HashCost, HashError, NewPassword, PasswordDigest, PasswordError};
pub use store::AccountStore;

use crate::config::{LoginConfig, derived_agent_id};
use crate::ids::AgentId;
use crate::services::inventory::standard_inventory;
use crate::services::ports::{StoreError, StoreGone};
use crate::services::store::StoreHandle;
use crate::time::Clock;

use limits::{Admission, Failures, Outcome, Try};
use name_cache::NameCache;
use password::HashMemory;
use verified::Verified;

/// The bounds and costs of account work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountsConfig {
    /// What hashing a password costs.
    pub hash_cost: HashCost,
    /// Passwords hashed at the same time; each takes [`HashCost::memory_kib`].
    pub hash_workers: usize,
    /// Logins that may wait for a hash worker; more are told to come back.
    pub hash_queue: usize,
    /// Verified logins that are remembered; 0 remembers none.
    pub verified_logins: usize,
    /// Failed logins of one account and from one address.
    pub failures: FailureLimits,
    /// Names that are remembered, so that who asks for them needs no storage.
    pub remembered_names: usize,
    /// Accounts that [`Accounts::login_or_create`] makes in the life of the process.
    pub open_accounts: usize,
    /// From which the ids of new accounts follow, together with their names; none: they are random.
    pub seed: Option<u64>,
}

impl AccountsConfig {
    /// As `[login]` of the configuration has it. With `ephemeral` hashes are cheap, because there
    /// is no file to steal them from.
    pub fn new(login: &LoginConfig, ephemeral: bool) -> Self {
        let per_minute = |failures: u32| {
            let burst = failures.max(1);
            FailureLimit { burst, refill: Duration::from_secs(60) / burst }
        };
        let configured =
            HashCost { memory_kib: login.argon2_memory_kib, passes: login.argon2_passes };
        Self {
            hash_cost: if ephemeral { HashCost::EPHEMERAL } else { configured },
            verified_logins: login.verified_cache as usize,
            failures: FailureLimits {
                account: per_minute(login.failures_per_account),
                address: per_minute(login.failures_per_address),
                loopback: login.limit_loopback,
                ..Self::default().failures
            },
            ..Self::default()
        }
    }
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self {
            hash_cost: HashCost::STORED,
            hash_workers: std::thread::available_parallelism().map_or(1, Into::into),
            hash_queue: 10_000,
            verified_logins: 10_000,
            failures: FailureLimits {
                account: FailureLimit { burst: 10, refill: Duration::from_secs(6) },
                address: FailureLimit { burst: 50, refill: Duration::from_secs(1) },
                loopback: false,
                remembered: 10_000,
            },
            remembered_names: 10_000,
            open_accounts: 100_000,
            seed: None,
        }
    }
}

/// The account service; a cheap clone.
#[derive(Clone, Debug)]
pub struct Accounts {
    inner: Arc<Inner>,
}

impl Accounts {
    /// The service over `store`.
    pub fn new(store: StoreHandle, clock: Arc<dyn Clock>, config: AccountsConfig) -> Self {
        let mut key = [0; 32];
        for half in key.chunks_exact_mut(16) {
            half.copy_from_slice(AgentId::random().0.as_bytes());
        }
        let inner = Inner {
            store,
            clock,
            key,
            workers: Arc::new(Semaphore::new(config.hash_workers.clamp(1, 1024))),
            queue: Semaphore::new(config.hash_queue.clamp(1, Semaphore::MAX_PERMITS)),
            hash_memory: Arc::default(),
            verified: Mutex::new(Verified::new(config.verified_logins)),
            names: Mutex::new(NameCache::new(config.remembered_names)),
            failures: Mutex::new(Failures::new(config.failures)),
            opened: AtomicUsize::new(0),
            config,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The id of a new account that is given none.
    fn new_id(&self, name: &AccountName) -> AgentId {
        let seed = self.inner.config.seed;
        seed.map_or_else(AgentId::random, |seed| AgentId(derived_agent_id(seed, &name.key())))
    }

    /// Makes an account with its standard inventory. Without `id` it gets one that follows from seed
    /// and name, or a random one where there is no seed.
    ///
    /// # Errors
    /// [`AccountError`]; [`StoreError::NameTaken`] and [`StoreError::IdTaken`] inside.
    pub async fn create(
        &self,
        name: AccountName,
        password: NewPassword,
        id: Option<AgentId>,
    ) -> Result<Account, AccountError> {
        self.create_at(name, password, id, self.inner.config.hash_cost).await
    }

    async fn create_at(
        &self,
        name: AccountName,
        password: NewPassword,
        id: Option<AgentId>,
        cost: HashCost,
    ) -> Result<Account, AccountError> {
        let stored =
            self.inner.hashing(move |memory| password::hash(&password, cost, memory)).await?;
        let account = Account {
            id: id.unwrap_or_else(|| self.new_id(&name)),
            name,
            password: stored,
            created_at: self.inner.clock.unix().as_secs(),
            last_login: None,
            last: None,
            home: None,
        };
        let kept = account.clone();
        let (folders, items) = standard_inventory(account.id, account.created_at);
        self.inner.store.call(move |store| store.create_account(&kept, &folders, &items)).await??;
        tracing::info!(agent = %account.id, name = %account.name, "account created");
        Ok(account)
    }

    /// Makes those of `accounts` whose names do not exist; leaves the others as they are. Says
    /// how many it made.
    ///
    /// # Errors
    /// [`AccountError`]; those made before it stay.
    pub async fn ensure(&self, accounts: &[NewAccount]) -> Result<usize, AccountError> {
        self.ensure_at(accounts, self.inner.config.hash_cost).await
    }

    /// As [`Self::ensure`], for accounts whose password everybody knows: a slow hash would protect
    /// nothing, and delay the start and the first login.
    pub async fn ensure_public(&self, accounts: &[NewAccount]) -> Result<usize, AccountError> {
        self.ensure_at(accounts, HashCost::EPHEMERAL).await
    }

    async fn ensure_at(
        &self,
        accounts: &[NewAccount],
        cost: HashCost,
    ) -> Result<usize, AccountError> {
        let mut made = 0;
        // A few more than can be hashed at a time, so that no hash worker waits for the disk.
        for some in accounts.chunks(self.inner.config.hash_workers.max(1) * 4) {
            let mut tasks = JoinSet::new();
            for NewAccount { name, password, id } in some.iter().cloned() {
                let accounts = self.clone();
                tasks.spawn(async move {
                    if accounts.find(&name).await?.is_some() {
                        return Ok(0);
                    }
                    match accounts.create_at(name, password, id, cost).await {
                        Ok(_) => Ok(1),
                        Err(AccountError::Store(StoreError::NameTaken(_))) => Ok(0),
                        Err(error) => Err(error),
                    }
                });
            }
            while let Some(task) = tasks.join_next().await {
                made += task.map_err(|_| AccountError::Interrupted)??;
            }
        }
        Ok(made)
    }

    /// The account, if `passwd` (as clients send it) is right and not too many were wrong.
    ///
    /// # Errors
    /// [`LoginError`]; to the outside an unknown account and a wrong password are the same.
    pub async fn verify(
        &self,
        name: &AccountName,
        passwd: &str,
        from: IpAddr,
    ) -> Result<Account, LoginError> {
        let inner = &*self.inner;
        let key = name.key();
        let _place = inner.queue()?;
        let attempt = inner.attempt(&key, from).await?;
        let digest = PasswordDigest::from_login(passwd);
        // From here on a name that exists must cost what one costs that does not.
        let account = self.find(name).await?;
        match (inner.opens(account.as_ref(), digest).await?, account) {
            (true, Some(account)) => {
                attempt.end(Outcome::Right);
                Ok(account)
            }
            (_, account) => {
                attempt.end(Outcome::Wrong);
                tracing::info!(name = key, %from, "login failed: wrong name or password");
                Err(account.map_or(LoginError::UnknownAccount, |_| LoginError::WrongPassword))
            }
        }
    }

    /// As [`Self::verify`], but a name that does not exist gets an account with the password
    /// given: for `--open`.
    pub async fn login_or_create(
        &self,
        name: &AccountName,
        passwd: &str,
        from: IpAddr,
    ) -> Result<Account, LoginError> {
        self.inner.check_failures(&name.key(), from)?;
        let Some(digest) = PasswordDigest::from_login(passwd) else {
            return self.verify(name, passwd, from).await;
        };
        if self.find(name).await?.is_some() {
            return self.verify(name, passwd, from).await;
        }
        if self.inner.opened.fetch_add(1, Ordering::Relaxed) >= self.inner.config.open_accounts {
            self.inner.opened.fetch_sub(1, Ordering::Relaxed);
            return Err(LoginError::Full);
        }
        let created = self.create(name.clone(), digest.into(), None).await;
        if created.is_err() {
            self.inner.opened.fetch_sub(1, Ordering::Relaxed);
        }
        match created {
            Ok(account) => {
                self.inner.remember(&account, digest, from)?;
                Ok(account)
            }
            // Two first logins at once: the second finds what the first made.
            Err(AccountError::Store(StoreError::NameTaken(_))) => {
                self.verify(name, passwd, from).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The account of that name.
    pub async fn find(&self, name: &AccountName) -> Result<Option<Account>, AccountError> {
        let name = name.clone();
        Ok(self.inner.store.call(move |store| store.account_by_name(&name)).await??)
    }

    /// The account with that id.
    pub async fn by_id(&self, id: AgentId) -> Result<Option<Account>, AccountError> {
        Ok(self.inner.store.call(move |store| store.account(id)).await??)
    }

    /// Up to `limit` accounts in the order of their name keys, those after the key `after`.
    pub async fn list(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Account>, AccountError> {
        Ok(self.inner.store.call(move |store| store.accounts(after.as_deref(), limit)).await??)
    }

    /// Replaces the password.
    ///
    /// # Errors
    /// [`AccountError`]; [`StoreError::NotFound`] inside.
    pub async fn set_password(
        &self,
        id: AgentId,
        password: NewPassword,
    ) -> Result<(), AccountError> {
        let cost = self.inner.config.hash_cost;
        let stored =
            self.inner.hashing(move |memory| password::hash(&password, cost, memory)).await?;
        self.inner.store.call(move |store| store.set_password(id, &stored)).await??;
        lock(&self.inner.verified).remove(id);
        Ok(())
    }

    /// Forgets the account and all it owns.
    ///
    /// # Errors
    /// [`AccountError`]; [`StoreError::NotFound`] inside.
    pub async fn remove(&self, id: AgentId) -> Result<(), AccountError> {
        self.inner.store.call(move |store| store.remove_account(id)).await??;
        lock(&self.inner.verified).remove(id);
        lock(&self.inner.names).remove(id);
        Ok(())
    }
}

/// Why account work failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not answer.
    #[error(transparent)]
    Gone(#[from] StoreGone),
    /// A password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Too many logins wait for a hash worker.
    #[error("too many logins at once")]
    Busy,
    /// The process is stopping.
    #[error("password hashing was interrupted")]
    Interrupted,
}

/// Why a login was refused.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Nobody has that name.
    #[error("the name or the password is wrong")]
    UnknownAccount,
    /// The password is another.
    #[error("the name or the password is wrong")]
    WrongPassword,
    /// Too many tries failed of late.
    #[error("too many failed logins, the next is possible in {} s", .retry_after.as_secs() + 1)]
    TooManyFailures {
        /// When the next try is possible.
        retry_after: Duration,
    },
    /// No more accounts are made at first logins.
    #[error("no more accounts can be created")]
    Full,
    /// Nothing to do with the name or the password.
    #[error(transparent)]
    Failed(#[from] AccountError),
}

impl From<HashError> for LoginError {
    fn from(error: HashError) -> Self {
        Self::Failed(error.into())
    }
}

struct Inner {
    store: StoreHandle,
    clock: Arc<dyn Clock>,
    config: AccountsConfig,
    /// Of the marks in `verified`; lives and dies with the process.
    key: [u8; 32],
    workers: Arc<Semaphore>,
    queue: Semaphore,
    hash_memory: Arc<HashMemory>,
    verified: Mutex<Verified>,
    names: Mutex<NameCache>,
    failures: Mutex<Failures>,
    opened: AtomicUsize,
}

impl Inner {
    /// Waits for the outcome of tries under way until one more may be judged.
    async fn attempt(&self, key: &str, from: IpAddr) -> Result<Attempt<'_>, LoginError> {
        loop {
            let admission = lock(&self.failures).begin(key, from, self.clock.now());
            match admission {
                Admission::Now(tried) => return Ok(Attempt { inner: self, tried: Some(tried) }),
                Admission::After(ended) => ended.await,
                Admission::Refused(retry_after) => {
                    return Err(LoginError::TooManyFailures { retry_after });
                }
            }
        }
    }

    /// Whether `digest` opens `account`. A wrong digest, one that is none and no account cost the
    /// same.
    async fn opens(
        &self,
        account: Option<&Account>,
        digest: Option<PasswordDigest>,
    ) -> Result<bool, AccountError> {
        let stored = account.map(|account| account.password.clone());
        let mark = password::mark(&self.key, digest, stored.as_ref())?;
        if let Some(account) = account
            && digest.is_some()
            && lock(&self.verified).contains(account.id, &mark)
        {
            return Ok(true);
        }
        let cost = self.config.hash_cost;
        let verify = move |memory: &_| password::verify(digest, stored.as_ref(), cost, memory);
        let right = self.hash(verify).await?;
        if let Some(account) = account.filter(|_| right) {
            lock(&self.verified).insert(account.id, mark);
        }
        Ok(right)
    }

    fn remember(
        &self,
        account: &Account,
        digest: PasswordDigest,
        from: IpAddr,
    ) -> Result<(), HashError> {
        let mark = password::mark(&self.key, Some(digest), Some(&account.password))?;
        lock(&self.verified).insert(account.id, mark);
        lock(&self.failures).remember(&account.name.key(), from);
        Ok(())
    }

    /// A place among those that wait for a hash worker.
    fn queue(&self) -> Result<SemaphorePermit<'_>, AccountError> {
        self.queue.try_acquire().map_err(|_| AccountError::Busy)
    }

    /// Runs slow password work on a blocking thread, a bounded number at a time.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&HashMemory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let _place = self.queue()?;
        self.hash(work).await
    }

    /// As [`Self::hashing`], for who has a place in the queue.
    async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce(&HashMemory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let worker = Arc::clone(&self.workers)
            .acquire_owned()
            .await
            .map_err(|_| AccountError::Interrupted)?;
        let memory = Arc::clone(&self.hash_memory);
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work and not by the caller, who may give up while it runs.
            let _worker = worker;
            work(&memory)
        });
        let done = done.await;
        if self.queue.available_permits() + 1 >= self.config.hash_queue {
            self.hash_memory.shrink();
        }
        Ok(done.map_err(|_| AccountError::Interrupted)??)
    }

    fn check_failures(&self, key: &str, from: IpAddr) -> Result<(), LoginError> {
        match lock(&self.failures).wait(key, from, self.clock.now()) {
            Some(retry_after) => Err(LoginError::TooManyFailures { retry_after }),
            None => Ok(()),
        }
    }
}

/// A login that is being judged. Dropped without an outcome, it has none.
struct Attempt<'a> {
    inner: &'a Inner,
    tried: Option<Try>,
}

impl Attempt<'_> {
    fn end(mut self, outcome: Outcome) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        if let Some(tried) = self.tried.take() {
            lock(&self.inner.failures).end(tried, outcome, self.inner.clock.now());
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.settle(Outcome::Unjudged);
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("config", &self.config).finish_non_exhaustive()
    }
}

/// These tables stay whole whatever panicked beside them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
