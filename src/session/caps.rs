//! The capability URLs of agent sessions: unguessable, one per session and name, dead with the
//! session. HTTP resolves an id here to a session and a name; what the name does is its business.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dashmap::DashMap;
use uuid::Uuid;

use super::event_queue::EventQueue;
use super::preferences::Preferences;
use crate::ids::AgentId;
use crate::region::RegionInfo;
use crate::time::{Clock, Timestamp};

/// Name under which the first capability of a session is kept; it is never asked for by name.
pub const SEED: &str = "Seed";

/// Name of the event queue's capability.
pub const EVENT_QUEUE_GET: &str = "EventQueueGet";

/// What a capability id stands for.
#[derive(Debug)]
pub enum Cap {
    /// A capability of an open session.
    Open {
        /// The name it was granted under.
        name: &'static str,
        /// The capabilities that it belongs to.
        caps: AgentCaps,
    },
    /// The event queue of a session that ended moments ago: node-metaverse posts there once more
    /// after its logout and fails if nothing answers.
    Departed,
}

/// Whose capabilities they are, and what the handlers of capabilities need to know of the session.
#[derive(Debug)]
pub struct CapOwner {
    /// The agent.
    pub agent: AgentId,
    /// The region that the capabilities speak for.
    pub region: Arc<RegionInfo>,
    /// The agent's event queue.
    pub events: Arc<EventQueue>,
    preferences: Mutex<Preferences>,
}

impl CapOwner {
    /// An owner with default preferences.
    pub fn new(agent: AgentId, region: Arc<RegionInfo>, events: Arc<EventQueue>) -> Self {
        Self { agent, region, events, preferences: Mutex::default() }
    }

    /// What the client has set so far.
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
}

/// All capabilities of this process. A cheap handle.
#[derive(Clone)]
pub struct CapRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    /// Such as `http://127.0.0.1:9000`, without a slash at the end.
    base_url: String,
    linger: Duration,
    clock: Arc<dyn Clock>,
    caps: DashMap<Uuid, Entry>,
    /// Ids of departed event queues, the earliest to forget first.
    departed: Mutex<VecDeque<(Timestamp, Uuid)>>,
}

enum Entry {
    Open { name: &'static str, caps: AgentCaps },
    Departed { until: Timestamp },
}

impl CapRegistry {
    /// A registry whose URLs begin with `base_url`. Event queues answer for `linger` after their
    /// session has ended.
    pub fn new(base_url: &str, linger: Duration, clock: Arc<dyn Clock>) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        let (caps, departed) = (DashMap::new(), Mutex::default());
        Self { shared: Arc::new(Shared { base_url, linger, clock, caps, departed }) }
    }

    /// The capabilities of a new session, none yet.
    pub fn open(&self, owner: CapOwner) -> AgentCaps {
        self.shared.forget_departed();
        let (shared, granted) = (Arc::clone(&self.shared), Mutex::new(Some(Vec::new())));
        AgentCaps { inner: Arc::new(Inner { shared, owner, granted }) }
    }

    /// What `id` stands for; `None` for an id that never was or is no more.
    pub fn resolve(&self, id: Uuid) -> Option<Cap> {
        match self.shared.caps.get(&id)?.value() {
            Entry::Open { name, caps } => Some(Cap::Open { name, caps: caps.clone() }),
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

impl Shared {
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

/// All capabilities of one session. A cheap handle; they end with [`close`](Self::close), which
/// must be called, because the registry holds open ones.
#[derive(Clone)]
pub struct AgentCaps {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    owner: CapOwner,
    /// `None` once closed.
    granted: Mutex<Option<Vec<(&'static str, Uuid)>>>,
}

impl AgentCaps {
    /// The URL of the capability `name`, made at the first call and the same ever after. `None`
    /// when the session has ended.
    pub fn grant(&self, name: &'static str) -> Option<String> {
        let mut granted = self.lock();
        let granted = granted.as_mut()?;
        let known = granted.iter().find(|(other, _)| *other == name).map(|(_, id)| *id);
        let id = known.unwrap_or_else(|| {
            let id = Uuid::new_v4();
            granted.push((name, id));
            // Inside the lock, so that `close` cannot miss it.
            self.inner.shared.caps.insert(id, Entry::Open { name, caps: self.clone() });
            id
        });
        Some(format!("{}/cap/{id}", self.inner.shared.base_url))
    }

    /// The URL of the session's first capability, for the login answer.
    pub fn seed(&self) -> Option<String> {
        self.grant(SEED)
    }

    /// Ends all capabilities; only the event queue's is remembered for a while.
    pub fn close(&self) {
        let Some(granted) = self.lock().take() else { return };
        let shared = &self.inner.shared;
        shared.forget_departed();
        for (name, id) in granted {
            if name == EVENT_QUEUE_GET {
                let until = shared.clock.now() + shared.linger;
                shared.departed().push_back((until, id));
                shared.caps.insert(id, Entry::Departed { until });
            } else {
                shared.caps.remove(&id);
            }
        }
    }

    /// Whose they are.
    pub fn owner(&self) -> &CapOwner {
        &self.inner.owner
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<(&'static str, Uuid)>>> {
        self.inner.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for AgentCaps {
    /// Never shows an id: whoever knows one can act as the agent.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentCaps").field("agent", &self.inner.owner.agent).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RegionId;
    use crate::session::event_queue::EventQueueSettings;
    use crate::time::ManualClock;

    fn registry() -> (CapRegistry, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        let linger = Duration::from_secs(30);
        (CapRegistry::new("http://127.0.0.1:9000/", linger, clock.clone()), clock)
    }

    fn session(registry: &CapRegistry, number: u128) -> AgentCaps {
        let clock = Arc::clone(&registry.shared.clock);
        let events = Arc::new(EventQueue::new(EventQueueSettings::default(), 1, clock));
        let region = Arc::new(RegionInfo::new(RegionId::NIL, "Holm", 1000, 1000));
        registry.open(CapOwner::new(AgentId(Uuid::from_u128(number)), region, events))
    }

    fn id_of(url: &str) -> Uuid {
        let id = url.strip_prefix("http://127.0.0.1:9000/cap/").expect("base URL and path");
        Uuid::try_parse(id).expect("a UUID at the end")
    }

    #[test]
    fn a_capability_resolves_to_its_session_and_name() {
        let (registry, _clock) = registry();
        let (one, two) = (session(&registry, 1), session(&registry, 2));
        let first = one.seed().unwrap();
        let second = two.seed().unwrap();
        assert_ne!(first, second);
        assert_eq!(one.seed().unwrap(), first, "the same at the second time");
        assert_ne!(one.grant("Other").unwrap(), first);
        match registry.resolve(id_of(&second)) {
            Some(Cap::Open { name, caps }) => {
                assert_eq!((name, caps.owner().agent.0.as_u128()), (SEED, 2));
            }
            _ => panic!("not found"),
        }
        assert!(registry.resolve(Uuid::new_v4()).is_none());
    }

    #[test]
    fn nothing_resolves_after_the_session_but_its_event_queue_for_a_while() {
        let (registry, clock) = registry();
        let one = session(&registry, 1);
        let seed = id_of(&one.seed().unwrap());
        let queue = id_of(&one.grant(EVENT_QUEUE_GET).unwrap());
        one.close();
        assert!(registry.resolve(seed).is_none());
        assert!(matches!(registry.resolve(queue), Some(Cap::Departed)));
        assert!(one.seed().is_none(), "a closed session gets no more");
        clock.advance(Duration::from_secs(30));
        assert!(registry.resolve(queue).is_none());
        assert!(registry.is_empty());
        assert_eq!(Arc::strong_count(&one.inner), 1, "the registry holds no session back");
    }

    #[test]
    fn departed_event_queues_are_forgotten_by_later_sessions() {
        let (registry, clock) = registry();
        for number in 0..100 {
            let session = session(&registry, number);
            session.grant(EVENT_QUEUE_GET).unwrap();
            session.close();
            clock.advance(Duration::from_secs(10));
        }
        assert!(registry.shared.caps.len() <= 4);
    }
}
