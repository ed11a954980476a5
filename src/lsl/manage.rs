//! Creating, changing and removing objects and scripts.

use std::time::Duration;

use uuid::Builder;

use super::error::{BusError, Countable};
use super::objects::{ObjectSpec, Owner, too_many};
use super::queue::{Event, EventKinds};
use super::scripts::{Pushed, Script};
use super::{ChatBus, ScriptId};
use crate::ids::{AgentId, PrimId};
use crate::message::Vector3;
use crate::time::Timestamp;

impl ChatBus {
    /// A new key, from the seed.
    pub fn new_prim_id(&mut self) -> PrimId {
        let bits: u128 = self.random.u128(..);
        PrimId(Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
    }

    /// Adds an object, and tells its root prim, by which it is known.
    ///
    /// # Errors
    ///
    /// Fails for an object without prims, a key that is null or taken, a place that is not finite,
    /// an unknown wearer, and beyond the limits. Nothing is added then.
    pub fn insert_object(&mut self, spec: ObjectSpec) -> Result<PrimId, BusError> {
        self.world.insert(spec, &self.settings)
    }

    /// Removes an object with its scripts, their listens and what waits for them.
    pub fn remove_object(&mut self, root: PrimId) -> Result<(), BusError> {
        for script in self.world.remove(root)? {
            self.forget_script(script);
        }
        Ok(())
    }

    /// Puts an object elsewhere, by its root prim's place.
    ///
    /// # Errors
    ///
    /// Fails for an unknown object and a place that is not finite.
    pub fn move_object(&mut self, root: PrimId, to: Vector3) -> Result<(), BusError> {
        self.world.move_object(root, to)
    }

    /// Puts a child prim elsewhere in its object; without effect on a root prim.
    ///
    /// # Errors
    ///
    /// Fails for an unknown prim and an offset that is not finite.
    pub fn move_prim(&mut self, prim: PrimId, offset: Vector3) -> Result<(), BusError> {
        self.world.move_prim(prim, offset)
    }

    /// Gives a prim another name, cut at the flavour's limit. Events that wait keep the old one.
    pub fn rename_prim(&mut self, prim: PrimId, name: &str) -> Result<(), BusError> {
        self.world.rename(prim, name, self.settings.rules.name)
    }

    /// Gives an object to another owner. Listens stay as they are, also those for the old owner.
    pub fn set_owner(&mut self, root: PrimId, owner: Owner) -> Result<(), BusError> {
        self.world.set_owner(root, owner)
    }

    /// Makes an avatar wear an object, or take it off.
    ///
    /// # Errors
    ///
    /// Fails for an unknown object or avatar.
    pub fn wear(&mut self, root: PrimId, by: Option<AgentId>) -> Result<(), BusError> {
        self.world.wear(root, by)
    }

    /// Adds a script to a prim, in a state with these handlers; `state_entry` waits for it.
    ///
    /// # Errors
    ///
    /// Fails for an unknown prim and beyond the limit.
    pub fn add_script(
        &mut self,
        now: Timestamp,
        prim: PrimId,
        name: &str,
        handlers: EventKinds,
    ) -> Result<ScriptId, BusError> {
        let limit = self.settings.scripts_per_prim;
        let scripts = &mut self.world.prim_mut(prim)?.scripts;
        if scripts.len() >= limit {
            return Err(too_many(Countable::ScriptsOfAPrim, limit));
        }
        let id = self.scripts.add(prim, self.settings.rules.name.cut(name), handlers);
        scripts.push(id);
        self.enter_state(now, id);
        Ok(id)
    }

    /// Removes a script, its listens and what waits for it.
    pub fn remove_script(&mut self, script: ScriptId) -> Result<(), BusError> {
        let prim = self.scripts.get(script).ok_or(BusError::UnknownScript(script))?.prim;
        self.world.prim_mut(prim)?.scripts.retain(|other| *other != script);
        self.forget_script(script);
        Ok(())
    }

    /// A script goes to a state with these handlers, or to its first state by a reset: it loses
    /// its listens and what waits for it, and `state_entry` comes next.
    pub fn change_state(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        handlers: EventKinds,
    ) -> Result<(), BusError> {
        let known = self.scripts.get_mut(script).ok_or(BusError::UnknownScript(script))?;
        for (channel, place) in std::mem::take(&mut known.listens).into_values() {
            self.listens.remove(channel, place);
        }
        self.counters.cleared += self.scripts.restart(script, handlers) as u64;
        self.enter_state(now, script);
        Ok(())
    }

    /// `llSetTimerEvent`: a `timer` event after each interval, at least the flavour's shortest one;
    /// none ends it. At most one `timer` event waits.
    pub fn set_timer(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        interval: Duration,
    ) -> Result<(), BusError> {
        self.script(script)?;
        let shortest = self.settings.rules.shortest_timer;
        let interval = (!interval.is_zero()).then(|| interval.max(shortest));
        self.scripts.set_timer(now, script, interval);
        Ok(())
    }

    /// `llMinEventDelay`: `listen` events within this time after the last one are dropped. Without
    /// effect where the rules have no such thing.
    pub fn min_event_delay(&mut self, script: ScriptId, delay: Duration) -> Result<(), BusError> {
        let known = self.scripts.get_mut(script).ok_or(BusError::UnknownScript(script))?;
        if self.settings.rules.min_event_delay {
            known.set_min_event_delay(delay);
        }
        Ok(())
    }

    /// `llSleep`: events wait meanwhile.
    pub fn sleep(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        pause: Duration,
    ) -> Result<(), BusError> {
        self.scripts.get(script).ok_or(BusError::UnknownScript(script))?;
        self.scripts.sleep(now, script, pause);
        Ok(())
    }

    /// Gives a script an event that comes from elsewhere, such as a touch. Whether it was queued.
    pub fn post(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        event: Event,
    ) -> Result<bool, BusError> {
        self.scripts.get(script).ok_or(BusError::UnknownScript(script))?;
        let pushed = self.scripts.push(now, script, event, &self.settings.rules, (false, false), 0);
        match pushed {
            Pushed::Queued => self.counters.queued += 1,
            Pushed::Full => self.counters.full += 1,
            Pushed::Unhandled => self.counters.unhandled += 1,
            Pushed::TooEarly => self.counters.too_early += 1,
        }
        Ok(pushed == Pushed::Queued)
    }

    /// Queues `state_entry`, if the state wants it.
    fn enter_state(&mut self, now: Timestamp, id: ScriptId) {
        let handlers = self.scripts.get(id).map(Script::handlers).unwrap_or_default();
        if handlers.contains(EventKinds::STATE_ENTRY) {
            let rules = &self.settings.rules;
            self.scripts.push(now, id, Event::StateEntry, rules, (false, false), 0);
            self.counters.queued += 1;
        }
    }

    fn forget_script(&mut self, id: ScriptId) {
        let Some(script) = self.scripts.remove(id) else { return };
        self.counters.cleared += script.waiting() as u64;
        for (channel, place) in script.listens.into_values() {
            self.listens.remove(channel, place);
        }
    }
}
