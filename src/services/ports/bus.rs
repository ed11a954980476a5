//! The port for delivery and presence: who is online, wherever that is, and how to reach them.

use crate::circuit::Outgoing;
use crate::ids::AgentId;
use crate::outbox::{Event, Outbox};

/// Something for one agent.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// A message for its circuit.
    Message(Outgoing),
    /// An event for its event queue.
    Event(Event),
}

/// Whether a delivery found its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is on its way.
    Accepted,
    /// The agent is not online.
    Offline,
    /// The agent is online, but its outbox or event queue is full.
    Congested,
}

/// How much of what was handed over waits already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Congestion {
    /// No more than usual.
    None,
    /// So much that who causes most of it should stop.
    Some,
    /// So much that no more fan-outs should begin.
    Full,
}

/// Carries deliveries between agents. No service may assume that the other agent is in the same
/// region or process.
pub trait Bus: Send + Sync {
    /// The agent is online from now on, reachable by `outbox`.
    fn arrive(&self, agent: AgentId, outbox: Outbox);

    /// The circuit of `outbox` is over. A newer arrival of the same agent stays.
    fn depart(&self, outbox: &Outbox);

    /// The way to an agent that is online, for messages whose sender wants to know what became of
    /// them.
    fn outbox(&self, agent: AgentId) -> Option<Outbox>;

    /// Hands over; never waits.
    fn deliver(&self, agent: AgentId, delivery: Delivery) -> Reach;

    /// Hands over many at once, which costs less than one by one; never waits. What goes to one
    /// agent the same way keeps its order. The answers stand in the order of the deliveries.
    fn deliver_each(&self, deliveries: Vec<(AgentId, Delivery)>) -> Vec<Reach> {
        deliveries.into_iter().map(|(agent, delivery)| self.deliver(agent, delivery)).collect()
    }

    /// Whether more fan-outs may begin, and whose.
    fn congestion(&self) -> Congestion {
        Congestion::None
    }

    /// Whether the agent is online.
    fn is_online(&self, agent: AgentId) -> bool;
}
