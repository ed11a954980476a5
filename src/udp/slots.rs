//! The circuits of one endpoint: a slab with generations, with lookup by key or by address.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::receipts::Receipts;
use crate::circuit::Circuit;
use crate::outbox::{CircuitGauge, CircuitKey};
use crate::session::Session;
use crate::time::Timestamp;

/// One circuit and what belongs to it.
pub(super) struct Slot {
    pub(super) key: CircuitKey,
    pub(super) address: SocketAddr,
    pub(super) circuit: Circuit,
    pub(super) session: Session,
    pub(super) gauge: Arc<CircuitGauge>,
    /// Of messages that are on their way; none once the session has ended.
    pub(super) receipts: Receipts,
    /// Set when the session has ended: until then farewells are resent and acks repeated.
    pub(super) lingers_until: Option<Timestamp>,
    /// Whether the slot waits in the endpoint's list of circuits with something to send.
    pub(super) dirty: bool,
    /// The earliest deadline that stands for this slot in the endpoint's timers.
    pub(super) armed: Option<Timestamp>,
}

/// All circuits of an endpoint.
#[derive(Default)]
pub(super) struct Slots {
    entries: Vec<Option<Box<Slot>>>,
    generations: Vec<u32>,
    free: Vec<u32>,
    by_address: HashMap<SocketAddr, u32>,
}

impl Slots {
    /// The key that the next insertion will use.
    pub(super) fn next_key(&mut self) -> CircuitKey {
        let slot = self.free.last().copied().unwrap_or_else(|| {
            let slot = self.entries.len() as u32;
            self.entries.push(None);
            self.generations.push(0);
            self.free.push(slot);
            slot
        });
        CircuitKey { slot, generation: self.generations[slot as usize] }
    }

    /// Puts a slot where [`Slots::next_key`] said.
    pub(super) fn insert(&mut self, slot: Slot) {
        let index = slot.key.slot;
        debug_assert_eq!(self.free.last(), Some(&index), "insert follows next_key");
        self.free.pop();
        self.by_address.insert(slot.address, index);
        self.entries[index as usize] = Some(Box::new(slot));
    }

    pub(super) fn get_mut(&mut self, key: CircuitKey) -> Option<&mut Slot> {
        let slot = self.entries.get_mut(key.slot as usize)?.as_deref_mut()?;
        (slot.key == key).then_some(slot)
    }

    pub(super) fn by_address(&mut self, address: &SocketAddr) -> Option<&mut Slot> {
        let index = *self.by_address.get(address)?;
        self.entries.get_mut(index as usize)?.as_deref_mut()
    }

    pub(super) fn remove(&mut self, key: CircuitKey) {
        let Some(entry) = self.entries.get_mut(key.slot as usize) else { return };
        if entry.as_ref().is_none_or(|slot| slot.key != key) {
            return;
        }
        if let Some(slot) = entry.take() {
            if self.by_address.get(&slot.address) == Some(&key.slot) {
                self.by_address.remove(&slot.address);
            }
            self.generations[key.slot as usize] = key.generation.wrapping_add(1);
            self.free.push(key.slot);
        }
    }

    pub(super) fn keys(&self) -> Vec<CircuitKey> {
        self.entries.iter().flatten().map(|slot| slot.key).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.entries.iter().filter_map(|slot| slot.as_deref())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.len() == self.free.len()
    }
}
