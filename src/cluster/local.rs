//! The bus within a single process: a map from agents to their outboxes.

use std::sync::{Mutex, PoisonError};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::ids::AgentId;
use crate::outbox::{self, Outbox};
use crate::services::ports::{Bus, Congestion, Delivery, Reach};

/// Reaches the agents of this process.
#[derive(Default)]
pub struct LocalBus {
    online: DashMap<AgentId, Outbox>,
    /// One whose endpoint was behind with its work when it was last looked at.
    behind: Mutex<Option<Outbox>>,
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

    fn outbox(&self, agent: AgentId) -> Option<Outbox> {
        self.online.get(&agent).map(|entry| entry.value().clone())
    }

    fn deliver(&self, agent: AgentId, delivery: Delivery) -> Reach {
        let Some(outbox) = self.outbox(agent) else { return Reach::Offline };
        let accepted = match delivery {
            Delivery::Message(outgoing) => outbox.send(outgoing).is_ok(),
            Delivery::Event(event) => outbox.event(event),
        };
        if accepted { Reach::Accepted } else { Reach::Congested }
    }

    fn deliver_each(&self, deliveries: Vec<(AgentId, Delivery)>) -> Vec<Reach> {
        let mut reaches = vec![Reach::Offline; deliveries.len()];
        let mut messages = Vec::with_capacity(deliveries.len());
        let mut places = Vec::with_capacity(deliveries.len());
        let mut behind = None;
        for (place, (agent, delivery)) in deliveries.into_iter().enumerate() {
            let Some(outbox) = self.outbox(agent) else { continue };
            match delivery {
                Delivery::Message(outgoing) => {
                    if outbox.is_congested() {
                        behind = Some(outbox.clone());
                    }
                    messages.push((outbox, outgoing));
                    places.push(place);
                }
                Delivery::Event(event) => set(&mut reaches, place, outbox.event(event)),
            }
        }
        for (place, accepted) in places.into_iter().zip(outbox::send_each(messages)) {
            set(&mut reaches, place, accepted);
        }
        if behind.is_some() {
            *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = behind;
        }
        reaches
    }

    fn congestion(&self) -> Congestion {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        if behind.as_ref().is_some_and(|outbox| !outbox.is_congested()) {
            *behind = None;
        }
        match &*behind {
            None => Congestion::None,
            Some(outbox) if outbox.is_overloaded() => Congestion::Full,
            Some(_) => Congestion::Some,
        }
    }

    fn is_online(&self, agent: AgentId) -> bool {
        self.online.contains_key(&agent)
    }
}

fn set(reaches: &mut [Reach], place: usize, accepted: bool) {
    if let Some(reach) = reaches.get_mut(place) {
        *reach = if accepted { Reach::Accepted } else { Reach::Congested };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llsd::{Llsd, Map};
    use crate::outbox::{Event, recorder::recorder};

    fn event() -> Delivery {
        Delivery::Event(Event::new("Test", &Llsd::Map(Map::new())))
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
    fn many_at_once_find_who_is_there() {
        let bus = LocalBus::default();
        let (here, away) = (AgentId::random(), AgentId::random());
        let (outbox, mut recorder) = recorder(here, 1);
        bus.arrive(here, outbox);
        let message = || {
            let message = crate::message::encode(&crate::message::StartPingCheck::default());
            Delivery::Message(crate::circuit::Outgoing::reliable(
                message.unwrap(),
                crate::circuit::Category::Unthrottled,
            ))
        };
        let reaches = bus.deliver_each(vec![
            (away, message()),
            (here, event()),
            (here, message()),
            (away, event()),
            (here, message()),
        ]);
        let (yes, no) = (Reach::Accepted, Reach::Offline);
        assert_eq!(reaches, [no, yes, yes, no, yes]);
        assert_eq!((recorder.drain().len(), recorder.drain_events().len()), (2, 1));
    }

    #[test]
    fn a_fan_out_that_waits_is_seen_until_it_is_done() {
        let bus = LocalBus::default();
        let agent = AgentId::random();
        let (outbox, mut recorder) = recorder(agent, 1);
        bus.arrive(agent, outbox);
        let message = crate::message::encode(&crate::message::StartPingCheck::default()).unwrap();
        let category = crate::circuit::Category::Unthrottled;
        let outgoing = crate::circuit::Outgoing::reliable(message, category);
        let many = |count| vec![(agent, Delivery::Message(outgoing.clone())); count];
        bus.deliver_each(many(1 << 15));
        bus.deliver_each(many(1));
        assert_eq!(bus.congestion(), Congestion::Some);
        recorder.drain();
        assert_eq!(bus.congestion(), Congestion::None);
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
