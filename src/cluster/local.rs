//! The bus of a single process: a map from agents to their outboxes.

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::ids::AgentId;
use crate::outbox::Outbox;
use crate::services::ports::{Bus, Delivery, Reach};

/// Reaches the agents of this process.
#[derive(Default)]
pub struct LocalBus {
    online: DashMap<AgentId, Outbox>,
}

impl LocalBus {
    /// How many agents are online.
    pub fn len(&self) -> usize {
        self.online.len()
    }

    /// Whether nobody is online.
    pub fn is_empty(&self) -> bool {
        self.online.is_empty()
    }
}

impl Bus for LocalBus {
    fn arrive(&self, agent: AgentId, outbox: Outbox) {
        self.online.insert(agent, outbox);
    }

    fn depart(&self, outbox: &Outbox) {
        // A newer login of the same agent stays.
        if let Entry::Occupied(held) = self.online.entry(outbox.agent())
            && held.get().is_same(outbox)
        {
            held.remove();
        }
    }

    fn deliver(&self, agent: AgentId, delivery: Delivery) -> Reach {
        let Some(outbox) = self.online.get(&agent).map(|entry| entry.value().clone()) else {
            return Reach::Offline;
        };
        let accepted = match delivery {
            Delivery::Message(outgoing) => outbox.send(outgoing).is_ok(),
            Delivery::Event(event) => outbox.event(event),
        };
        if accepted { Reach::Accepted } else { Reach::Congested }
    }

    fn is_online(&self, agent: AgentId) -> bool {
        self.online.contains_key(&agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llsd::{Llsd, Map};
    use crate::outbox::{Event, recorder::recorder};

    fn event() -> Delivery {
        Delivery::Event(Event { message: "Test".into(), body: Llsd::Map(Map::new()) })
    }

    #[test]
    fn reaches_who_is_online_and_nobody_else() {
        let bus = LocalBus::default();
        let agent = AgentId::random();
        assert_eq!(bus.deliver(agent, event()), Reach::Offline);
        let (outbox, mut recorder) = recorder(agent, 1);
        bus.arrive(agent, outbox.clone());
        assert_eq!(bus.deliver(agent, event()), Reach::Accepted);
        assert_eq!(recorder.drain_events().len(), 1);
        bus.depart(&outbox);
        assert_eq!(bus.deliver(agent, event()), Reach::Offline);
        assert!(bus.is_empty());
    }

    #[test]
    fn a_late_departure_leaves_the_newer_login_alone() {
        let bus = LocalBus::default();
        let agent = AgentId::random();
        let (old, _old) = recorder(agent, 1);
        let (new, _new) = recorder(agent, 2);
        bus.arrive(agent, old.clone());
        bus.arrive(agent, new.clone());
        bus.depart(&old);
        assert!(bus.is_online(agent));
        bus.depart(&new);
        assert!(!bus.is_online(agent));
    }
}
