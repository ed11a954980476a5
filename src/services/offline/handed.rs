//! Which stored messages one login was given, so that it gets each once, and each is deleted when
//! it has arrived and not before.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// How somebody who read messages by HTTP turned out to have received them.
pub trait Reader: Send + Sync {
    /// Whether the answer has arrived: none while that cannot be known.
    fn received(&self) -> Option<bool>;
}

/// What one login was given; shared by all that serve it.
#[derive(Default)]
pub struct HandedOver {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// On their way by the circuit, or acked there.
    sent: HashSet<Uuid>,
    /// Answered by HTTP, and to whom.
    read: Vec<(Uuid, Option<Arc<dyn Reader>>)>,
}

impl HandedOver {
    /// Notes that a message goes out by the circuit; `false` if it did before.
    pub(super) fn send(&self, key: Uuid) -> bool {
        self.state().sent.insert(key)
    }

    /// It was lost on the circuit.
    pub(super) fn lost(&self, key: Uuid) {
        self.state().sent.remove(&key);
    }

    /// Whether a message goes or went out by the circuit.
    pub(super) fn is_sent(&self, key: Uuid) -> bool {
        self.state().sent.contains(&key)
    }

    /// Forgets about messages that are no longer kept.
    pub(super) fn retain(&self, kept: &HashSet<Uuid>) {
        self.state().sent.retain(|key| kept.contains(key));
    }

    /// Notes that messages were answered by HTTP.
    pub(super) fn read(&self, keys: &[Uuid], reader: Option<&Arc<dyn Reader>>) {
        self.state().read.extend(keys.iter().map(|key| (*key, reader.cloned())));
    }

    /// Whether nobody can tell yet if an answer by HTTP has arrived.
    pub fn is_doubtful(&self) -> bool {
        let doubtful = |reader: &Arc<dyn Reader>| reader.received().is_none();
        self.state().read.iter().any(|(_, reader)| reader.as_ref().is_some_and(doubtful))
    }

    /// Messages that were answered by HTTP and have arrived, as far as can be told. The others are as
    /// if they had not been answered. `doubtful` says what is true where it cannot be told.
    pub(super) fn take_read(&self, doubtful: bool) -> Vec<Uuid> {
        let read = std::mem::take(&mut self.state().read);
        let arrived = read.into_iter().filter(|(_, reader)| match reader {
            Some(reader) => reader.received().unwrap_or(doubtful),
            None => true,
        });
        arrived.map(|(key, _)| key).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
