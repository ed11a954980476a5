//! Requests of clients about prims: their properties, and touching them.
//!
//! A client cannot ask about prims that it is not shown; such requests are counted.

use uuid::Uuid;

use super::Region;
use super::prim_wire::{properties, properties_family};
use crate::circuit::Category;
use crate::ids::{AgentId, LocalId, PrimId};
use crate::message::ReplyTaskInventory;
use crate::objects::PrimView;
use crate::time::Timestamp;

impl Region {
    /// `RequestMultipleObjects`: avatars and prims come again in full.
    pub(super) fn request_objects(&mut self, agent: AgentId, ids: &[u32]) {
        let Some(viewer) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        for &id in ids {
            let avatar = self.crowd.slot_of_local_id(LocalId(id));
            let prim = self.objects.prims().slot_of_local_id(LocalId(id));
            let Some(member) = self.crowd.get_mut(viewer) else { return };
            match (avatar, prim) {
                (Some(slot), _) => member.view.reset(slot),
                (None, Some(slot)) => member.view.prims.reset(slot),
                (None, None) => self.counters.unknown_objects += 1,
            }
        }
    }

    /// `ObjectSelect`: an `ObjectProperties` for each prim.
    pub(super) fn select_objects(&mut self, agent: AgentId, ids: &[u32]) {
        let Some(slot) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        let Some(member) = self.crowd.get(slot) else { return };
        let outbox = member.avatar.outbox.clone();
        // A client that selects more than it takes asks again; its circuit must not end of it.
        if outbox.is_congested() || outbox.pressure() > self.settings.backlog_limit {
            self.counters.properties_refused += ids.len() as u64;
            return;
        }
        for &id in ids {
            let prim = self.objects.prims().by_local_id(LocalId(id));
            match prim.filter(|prim| self.is_shown_to(agent, prim)) {
                Some(prim) => {
                    // Full: the endpoint counts it and ends the circuit.
                    let _ = outbox.send_message(&properties(prim), true, Category::Task);
                }
                None => self.counters.unknown_objects += 1,
            }
        }
    }

    /// `RequestObjectPropertiesFamily`.
    pub(super) fn object_family(&mut self, agent: AgentId, flags: u32, object: Uuid) {
        let Some(slot) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        let Some(member) = self.crowd.get(slot) else { return };
        let outbox = member.avatar.outbox.clone();
        if outbox.is_congested() || outbox.pressure() > self.settings.backlog_limit {
            self.counters.properties_refused += 1;
            return;
        }
        match self.shown_prim(agent, PrimId(object)) {
            Some(prim) => {
                let reply = properties_family(prim, flags);
                // Full: the endpoint counts it and ends the circuit.
                let _ = outbox.send_message(&reply, true, Category::Task);
            }
            None => self.counters.unknown_objects += 1,
        }
    }

    /// `RequestTaskInventory`: nothing can be inside a prim yet, and no file name says so.
    pub(super) fn task_inventory(&mut self, agent: AgentId, id: LocalId) {
        let Some(slot) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        let Some(member) = self.crowd.get(slot) else { return };
        let prim = self.objects.prims().by_local_id(id);
        match prim.filter(|prim| self.is_shown_to(agent, prim)) {
            Some(prim) => {
                let mut reply = ReplyTaskInventory::default();
                reply.inventory_data.task_id = prim.id.0;
                // Full: the endpoint counts it and ends the circuit.
                let _ = member.avatar.outbox.send_message(&reply, true, Category::Unthrottled);
            }
            None => self.counters.unknown_objects += 1,
        }
    }

    /// `ObjectGrab`.
    pub(super) fn touch(&mut self, now: Timestamp, agent: AgentId, id: LocalId) {
        if self.crowd.slot_of(agent).is_none() {
            return self.count_unknown();
        }
        let prim = self.objects.prims().by_local_id(id);
        if prim.is_none_or(|prim| !self.is_shown_to(agent, prim)) {
            self.counters.unknown_objects += 1;
            return;
        }
        self.counters.touches += 1;
        self.objects.touched(now, agent, id);
        self.run_objects(now);
    }

    fn shown_prim(&self, agent: AgentId, id: PrimId) -> Option<&PrimView> {
        self.objects.prims().by_id(id).filter(|prim| self.is_shown_to(agent, prim))
    }
}
