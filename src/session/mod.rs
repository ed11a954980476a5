//! One login of an agent: its state, its queues, its capabilities.

pub mod caps;
pub mod event_queue;
