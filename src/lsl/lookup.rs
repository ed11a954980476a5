//! Read-only queries of the bus: positions, owners and listens.

use uuid::Uuid;

use super::error::BusError;
use super::objects::{Owner, Participant};
use super::queue::EventKinds;
use super::scripts::Script;
use super::{ChatBus, ScriptId};
use crate::ids::{AgentId, PrimId};
use crate::message::Vector3;

impl ChatBus {
    /// Switches [`Settings::tap`](super::Settings::tap) on or off.
    pub fn set_tap(&mut self, is_on: bool) {
        self.settings.tap = is_on;
    }

    /// The root of the object that has a prim; of a root, itself.
    pub fn root_of(&self, prim: PrimId) -> Option<PrimId> {
        self.world.prim(prim).ok().map(|known| known.root)
    }

    /// The owner of the object that has a prim.
    pub fn owner_of(&self, prim: PrimId) -> Option<&Owner> {
        self.world.object(self.root_of(prim)?).ok().map(|object| &object.owner)
    }

    /// `llGetOwnerKey`: the owner's key of the object that has a prim; any other key is its own.
    pub fn owner_key(&self, key: Uuid) -> Uuid {
        self.owner_of(PrimId(key)).map_or(key, Owner::key)
    }

    /// Who wears the object that has a prim.
    pub fn wearer_of(&self, prim: PrimId) -> Option<AgentId> {
        self.world.wearer(prim)
    }

    /// A prim's name, as it was cut.
    pub fn prim_name(&self, prim: PrimId) -> Option<&str> {
        self.world.prim(prim).ok().map(|known| &*known.name)
    }

    /// Where a prim is: where its wearer is, if it is worn. Region-local metres.
    pub fn prim_position(&self, prim: PrimId) -> Option<Vector3> {
        self.world.place(prim, false)
    }

    /// A prim's link number as scripts count: 0 for a single prim, 1 for a root.
    pub fn link_number(&self, prim: PrimId) -> Option<i32> {
        let prims = &self.world.object(self.root_of(prim)?).ok()?.prims;
        let index = prims.iter().position(|other| *other == prim)?;
        Some(if prims.len() > 1 { index as i32 + 1 } else { 0 })
    }

    /// Whether a prim or an avatar, be it a child agent, has a key.
    pub fn is_known(&self, key: Uuid) -> bool {
        self.world.prim(PrimId(key)).is_ok() || self.world.avatar(AgentId(key)).is_ok()
    }

    /// An avatar that is in the region and does not only look in.
    pub fn avatar(&self, agent: AgentId) -> Option<&Participant> {
        self.world.present(agent)
    }

    /// A script's prim and name.
    pub fn script(&self, script: ScriptId) -> Result<(PrimId, &str), BusError> {
        let known = self.scripts.get(script).ok_or(BusError::UnknownScript(script))?;
        Ok((known.prim, &*known.name))
    }

    /// Whether a script's state handles all of these kinds of events.
    pub fn handles(&self, script: ScriptId, kinds: EventKinds) -> bool {
        self.scripts.get(script).is_some_and(|script| script.handlers().contains(kinds))
    }

    /// How many events wait for a script; 0 for an unknown one.
    pub fn waiting(&self, script: ScriptId) -> usize {
        self.scripts.get(script).map_or(0, Script::waiting)
    }

    /// The scripts of a prim, the oldest first.
    pub fn scripts_of(&self, prim: PrimId) -> Result<&[ScriptId], BusError> {
        Ok(&self.world.prim(prim)?.scripts)
    }

    /// The prims of an object by link number, the root first.
    pub fn prims_of(&self, root: PrimId) -> Result<&[PrimId], BusError> {
        Ok(&self.world.object(root)?.prims)
    }

    /// A script's listens by handle: handle and channel. None for an unknown one.
    pub fn listens_of(&self, script: ScriptId) -> Vec<(i32, i32)> {
        let known = self.scripts.get(script);
        let listens = known.into_iter().flat_map(|known| &known.listens);
        listens.map(|(handle, (channel, _))| (*handle, *channel)).collect()
    }

    /// How many listens there are.
    pub fn listens(&self) -> usize {
        self.listens.len()
    }
}
