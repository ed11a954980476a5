//! The scenario `login`: accounts log in and out as fast as the given number of connections allows.
//!
//! A login counts when it is answered, or when the agent has entered. The session is then ended as
//! by a viewer, in parallel to the next login, and its account is reused only after that, so no
//! login finds an earlier session of its account.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::agent::{Agent, EntryError, log_in};
use super::cast::Part;
use super::shared::Shared;
use crate::client::ClientError;

/// Accounts that nobody uses at the moment.
#[derive(Clone)]
pub(super) struct Pool {
    shared: Arc<Shared>,
    free: Arc<Mutex<VecDeque<usize>>>,
    count: Arc<Semaphore>,
    /// Logouts under way.
    pub farewells: TaskTracker,
}

impl Pool {
    /// All accounts of a run.
    pub fn new(shared: Arc<Shared>) -> Self {
        let accounts = shared.accounts.len();
        Self {
            shared,
            free: Arc::new(Mutex::new((0..accounts).collect())),
            count: Arc::new(Semaphore::new(accounts)),
            farewells: TaskTracker::new(),
        }
    }

    /// The account that was not used for longest; waits for one.
    async fn take(&self) -> Option<usize> {
        tokio::select! {
            permit = self.count.acquire() => permit.ok()?.forget(),
            () = self.shared.leaving.cancelled() => return None,
        }
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn give_back(&self, account: usize) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push_back(account);
        self.count.add_permits(1);
    }

    /// Logs one account in, as one login of the scenario, and sees to its logout.
    ///
    /// # Errors
    /// When the login or the entry fails; that is counted.
    pub async fn log_in_once(&self, enter: bool) -> Result<(), EntryError> {
        let Some(account) = self.take().await else { return Err(EntryError::Leaving) };
        let entered = tokio::select! {
            entered = self.try_once(account, enter) => entered,
            () = self.shared.leaving.cancelled() => Err(EntryError::Leaving),
        };
        let nobody = matches!(entered, Err(EntryError::Login(ClientError::Connect { .. })));
        self.shared.unreachable.store(nobody, Ordering::Relaxed);
        match entered {
            Ok(agent) => {
                self.say_goodbye(agent, account, enter);
                Ok(())
            }
            Err(EntryError::Leaving) => Err(EntryError::Leaving),
            Err(error) => {
                self.shared.totals().trouble("login", &error.to_string(), 1);
                self.give_back(account);
                Err(error)
            }
        }
    }

    async fn try_once(&self, account: usize, enter: bool) -> Result<Agent, EntryError> {
        let shared = &self.shared;
        let begun = shared.now();
        let login = log_in(shared, account).await.map_err(EntryError::Login)?;
        let answered = shared.now();
        let mut agent = Agent::open(shared.clone(), account, Part::IDLE, login).await?;
        if enter {
            agent.arrive().await?;
        }
        let done = if enter { shared.now() } else { answered };
        shared.online.fetch_add(1, Ordering::Relaxed);
        let mut totals = shared.totals();
        totals.logins += 1;
        totals.login.record(done.since(begun));
        drop(totals);
        Ok(agent)
    }

    /// Without an entry the circuit is opened only to end the session: nothing else ends it.
    fn say_goodbye(&self, mut agent: Agent, account: usize, entered: bool) {
        let pool = self.clone();
        self.farewells.spawn(async move {
            let opened = if entered { Ok(()) } else { agent.use_circuit_code().await };
            match opened {
                Ok(()) => agent.leave().await,
                Err(EntryError::Leaving) => {}
                Err(error) => pool.shared.totals().trouble("logout", &error.to_string(), 1),
            }
            pool.shared.online.fetch_sub(1, Ordering::Relaxed);
            pool.give_back(account);
        });
    }

    /// Logs in again and again until the scenario ends.
    pub async fn go_on(self, enter: bool) {
        while self.shared.now() < self.shared.end() {
            match self.log_in_once(enter).await {
                Ok(()) => {}
                Err(EntryError::Leaving) => return,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

/// Pause after a failed login, so that a grid that refuses is not hammered.
const PAUSE: Duration = Duration::from_millis(100);
