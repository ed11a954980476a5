//! The capability URLs of agent sessions: unguessable, one per session and name, and invalid after
//! the session. HTTP resolves an id here to a session and a name; the handlers define what a name
//! does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::preferences::Preferences;
use crate::time::{Clock, Timestamp};

/// Name under which the first capability of a session is kept; it is never asked for by name.
pub const SEED: &str = "Seed";

/// Name of the event queue's capability.
pub const EVENT_QUEUE_GET: &str = "EventQueueGet";

/// What a capability id stands for.
#[derive(Debug)]
pub enum Cap<S> {
    /// A capability of an open session.
    Open {
        /// The name it was granted under.
        name: &'static str,
        /// Whose it is.
        session: Arc<S>,
    },
    /// The event queue of a session that ended moments ago: node-metaverse posts there once more
    /// after its logout and fails if nothing answers.
    Departed,
}

/// All capabilities of this process. A cheap handle.
pub struct CapRegistry<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    /// Such as `http://127.0.0.1:9000`, without a slash at the end.
    base_url: String,
    linger: Duration,
    clock: Arc<dyn Clock>,
    caps: DashMap<Uuid, Entry<S>>,
    /// Ids of departed event queues, the earliest to forget first.
    departed: Mutex<VecDeque<(Timestamp, Uuid)>>,
}

enum Entry<S> {
    Open { name: &'static str, session: Arc<S> },
    Departed { until: Timestamp },
}

impl<S> CapRegistry<S> {
    /// A registry whose URLs begin with `base_url`. Event queues answer for `linger` after their
    /// session has ended.
    pub fn new(base_url: &str, linger: Duration, clock: Arc<dyn Clock>) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        let (caps, departed) = (DashMap::new(), Mutex::default());
        Self { shared: Arc::new(Shared { base_url, linger, clock, caps, departed }) }
    }

    /// The capabilities of a new session, none yet.
    pub fn open(&self) -> AgentCaps<S> {
        self.shared.forget_departed();
        let granted = Mutex::new(Some(Vec::new()));
        AgentCaps {
            shared: Arc::clone(&self.shared),
            granted,
            preferences: Mutex::default(),
            turns: Semaphore::new(MAX_AT_WORK),
        }
    }

    /// What `id` stands for; `None` for an id that never was or is no more.
    pub fn resolve(&self, id: Uuid) -> Option<Cap<S>> {
        match self.shared.caps.get(&id)?.value() {
            Entry::Open { name, session } => Some(Cap::Open { name, session: Arc::clone(session) }),
            Entry::Departed { until } => {
                (self.shared.clock.now() < *until).then_some(Cap::Departed)
            }
        }
    }

    /// How many ids are known, those of departed event queues included.
    pub fn len(&self) -> usize {
        self.shared.forget_departed();
        self.shared.caps.len()
    }

    /// Whether no id is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<S> Clone for CapRegistry<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<S> Shared<S> {
    fn departed(&self) -> MutexGuard<'_, VecDeque<(Timestamp, Uuid)>> {
        self.departed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_departed(&self) {
        let now = self.clock.now();
        let mut departed = self.departed();
        while let Some(&(until, id)) = departed.front()
            && until <= now
        {
            departed.pop_front();
            self.caps.remove(&id);
        }
    }
}

/// The capabilities of one session. Held by the session; ends with [`close`](Self::close).
pub struct AgentCaps<S> {
    shared: Arc<Shared<S>>,
    /// `None` once closed.
    granted: Mutex<Option<Vec<(&'static str, Uuid)>>>,
    preferences: Mutex<Preferences>,
    turns: Semaphore,
}

impl<S> AgentCaps<S> {
    /// The URL of the capability `name`, made at the first call and the same ever after. `None`
    /// when the session has ended. `session` must be the one that holds `self`.
    pub fn grant(&self, session: &Arc<S>, name: &'static str) -> Option<String> {
        let mut granted = self.lock();
        let granted = granted.as_mut()?;
        let known = granted.iter().find(|(other, _)| *other == name).map(|(_, id)| *id);
        let id = known.unwrap_or_else(|| {
            let id = Uuid::new_v4();
            granted.push((name, id));
            // Inside the lock, so that `close` cannot miss it.
            self.shared.caps.insert(id, Entry::Open { name, session: Arc::clone(session) });
            id
        });
        Some(format!("{}/cap/{id}", self.shared.base_url))
    }

    /// The capabilities of the same agent in another region: none yet, with what the client has set.
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            granted: Mutex::new(Some(Vec::new())),
            preferences: Mutex::new(self.preferences()),
            turns: Semaphore::new(MAX_AT_WORK),
        }
    }

    /// Ends all capabilities; only the event queue's is remembered for a while.
    pub fn close(&self) {
        let Some(granted) = self.lock().take() else { return };
        self.shared.forget_departed();
        for (name, id) in granted {
            if name == EVENT_QUEUE_GET {
                let mut departed = self.shared.departed();
                let until = self.shared.clock.now() + self.shared.linger;
                departed.push_back((until, id));
                self.shared.caps.insert(id, Entry::Departed { until });
            } else {
                self.shared.caps.remove(&id);
            }
        }
    }

    /// Waits for a turn to do work for the client, so that one client with many requests leaves
    /// room for others. Held for the time of the work; polls that only wait need none.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.turns.acquire().await.ok()
    }

    /// What the client has set through its capabilities so far.
    pub fn preferences(&self) -> Preferences {
        self.lock_preferences().clone()
    }

    /// Changes what the client has set; gives the outcome.
    pub fn change_preferences(&self, change: impl FnOnce(&mut Preferences)) -> Preferences {
        let mut preferences = self.lock_preferences();
        change(&mut preferences);
        preferences.clone()
    }

    fn lock_preferences(&self) -> MutexGuard<'_, Preferences> {
        self.preferences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<(&'static str, Uuid)>>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Requests of one session that are worked on at a time; more wait. Viewers send about as many.
const MAX_AT_WORK: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;

    struct Session {
        number: u32,
        caps: AgentCaps<Session>,
    }

    fn registry() -> (CapRegistry<Session>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        let linger = Duration::from_secs(30);
        (CapRegistry::new("http://127.0.0.1:9000/", linger, clock.clone()), clock)
    }

    fn session(registry: &CapRegistry<Session>, number: u32) -> Arc<Session> {
        Arc::new(Session { number, caps: registry.open() })
    }

    /// The outcome of a future that need not wait.
    fn at_once<T>(future: impl Future<Output = Option<T>>) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(outcome) => outcome,
            std::task::Poll::Pending => None,
        }
    }

    fn id_of(url: &str) -> Uuid {
        let id = url.strip_prefix("http://127.0.0.1:9000/cap/").expect("base URL and path");
        Uuid::try_parse(id).expect("a UUID at the end")
    }

    #[test]
    fn a_capability_resolves_to_its_session_and_name() {
        let (registry, _clock) = registry();
        let (one, two) = (session(&registry, 1), session(&registry, 2));
        let first = one.caps.grant(&one, SEED).unwrap();
        let second = two.caps.grant(&two, SEED).unwrap();
        assert_ne!(first, second);
        assert_eq!(one.caps.grant(&one, SEED).unwrap(), first, "the same at the second time");
        assert_ne!(one.caps.grant(&one, "Other").unwrap(), first);
        match registry.resolve(id_of(&second)) {
            Some(Cap::Open { name, session }) => assert_eq!((name, session.number), (SEED, 2)),
            _ => panic!("not found"),
        }
        assert!(registry.resolve(Uuid::new_v4()).is_none());
    }

    #[test]
    fn only_the_event_queue_resolves_a_while_after_the_session() {
        let (registry, clock) = registry();
        let one = session(&registry, 1);
        let seed = id_of(&one.caps.grant(&one, SEED).unwrap());
        let queue = id_of(&one.caps.grant(&one, EVENT_QUEUE_GET).unwrap());
        one.caps.close();
        assert!(registry.resolve(seed).is_none());
        assert!(matches!(registry.resolve(queue), Some(Cap::Departed)));
        assert!(one.caps.grant(&one, SEED).is_none(), "a closed session gets no more");
        clock.advance(Duration::from_secs(30));
        assert!(registry.resolve(queue).is_none());
        assert!(registry.is_empty());
        assert_eq!(Arc::strong_count(&one), 1, "the registry holds no session back");
    }

    #[tokio::test]
    async fn one_session_works_on_few_requests_at_a_time() {
        let (registry, _clock) = registry();
        let one = session(&registry, 1);
        let mut turns = Vec::new();
        for _ in 0..MAX_AT_WORK {
            turns.push(one.caps.turn().await);
        }
        let mut next = at_once(one.caps.turn());
        assert!(next.is_none(), "it waits");
        turns.pop();
        next = at_once(one.caps.turn());
        assert!(next.is_some());
    }

    #[test]
    fn departed_event_queues_are_forgotten_by_later_sessions() {
        let (registry, clock) = registry();
        for number in 0..100 {
            let session = session(&registry, number);
            session.caps.grant(&session, EVENT_QUEUE_GET).unwrap();
            session.caps.close();
            clock.advance(Duration::from_secs(10));
        }
        assert!(registry.shared.caps.len() <= 4);
    }
}
