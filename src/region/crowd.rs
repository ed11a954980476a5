//! All avatars in a region, by slot, by agent and by local id, with what each client was sent.
//!
//! Pure bookkeeping. This is the only place that knows which collections must shrink when somebody
//! leaves.

use std::collections::{HashMap, VecDeque};

use super::avatar::Avatar;
use super::avatar_wire::TerseEntry;
use super::grid::Grid;
use super::interest::{Mark, View};
use crate::ids::{AgentId, LocalId};
use crate::message::Vector3;

/// One avatar and what its client was told of the others.
#[derive(Debug)]
pub struct Member {
    /// The avatar.
    pub avatar: Avatar,
    /// What its client knows.
    pub view: View,
}

/// All members. Slots are small numbers that are used again; local ids are not, until the
/// counter has gone round.
#[derive(Debug, Default)]
pub struct Crowd {
    members: Vec<Option<Box<Member>>>,
    /// State numbers by slot, see [`Mark`]; packed together because interest reads them all.
    marks: Vec<Mark>,
    /// Shown positions by slot, for the same reason.
    places: Vec<Vector3>,
    /// Whether the shown state is the last for now, by slot.
    resting: Vec<bool>,
    /// Terse forms of the shown states by slot, for the same reason.
    terse: Vec<TerseEntry>,
    /// Counts every change of a mark.
    version: u64,
    grid: Grid,
    by_agent: HashMap<AgentId, usize>,
    by_local_id: HashMap<LocalId, usize>,
    free: VecDeque<usize>,
    last_local_id: u32,
}

impl Crowd {
    /// A local id that nobody has.
    pub fn next_local_id(&mut self) -> LocalId {
        loop {
            self.last_local_id = self.last_local_id.wrapping_add(1);
            let id = LocalId(self.last_local_id);
            if id.0 != 0 && !self.by_local_id.contains_key(&id) {
                return id;
            }
        }
    }

    /// Takes somebody in; gives the slot.
    pub fn insert(&mut self, avatar: Avatar) -> usize {
        let place = avatar.motion.position;
        let (agent, local_id, terse) = (avatar.agent, avatar.local_id, avatar.terse());
        let member = Some(Box::new(Member { avatar, view: View::default() }));
        let slot = self.free.pop_front().unwrap_or(self.members.len());
        if let Some(old) = self.members.get_mut(slot) {
            *old = member;
        } else {
            self.members.push(member);
        }
        put(&mut self.marks, slot, Mark::FIRST);
        self.version += 1;
        put(&mut self.places, slot, place);
        put(&mut self.resting, slot, true);
        put(&mut self.terse, slot, terse);
        self.grid.insert(slot, place);
        self.by_agent.insert(agent, slot);
        self.by_local_id.insert(local_id, slot);
        slot
    }

    /// Takes somebody out of everything, other members' views included.
    pub fn remove(&mut self, slot: usize) -> Option<Box<Member>> {
        let member = self.members.get_mut(slot)?.take()?;
        let local_id = member.avatar.local_id;
        self.by_agent.remove(&member.avatar.agent);
        self.by_local_id.remove(&local_id);
        if let Some(place) = self.places.get(slot) {
            self.grid.remove(slot, *place);
        }
        put(&mut self.marks, slot, Mark::NOBODY);
        self.free.push_back(slot);
        for other in self.members.iter_mut().flatten() {
            other.view.forget(slot, local_id);
        }
        if self.by_agent.is_empty() {
            // The next visitors of an empty region begin with small tables again.
            self.members.clear();
            self.marks.clear();
            self.places.clear();
            self.resting.clear();
            self.terse.clear();
            self.free.clear();
        }
        Some(member)
    }

    /// A member by slot.
    pub fn get(&self, slot: usize) -> Option<&Member> {
        self.members.get(slot)?.as_deref()
    }

    /// A member by slot.
    pub fn get_mut(&mut self, slot: usize) -> Option<&mut Member> {
        self.members.get_mut(slot)?.as_deref_mut()
    }

    /// Where somebody is in the tables.
    pub fn slot_of(&self, agent: AgentId) -> Option<usize> {
        self.by_agent.get(&agent).copied()
    }

    /// The same by the avatar's number.
    pub fn slot_of_local_id(&self, id: LocalId) -> Option<usize> {
        self.by_local_id.get(&id).copied()
    }

    /// All members in the order of slots.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Member)> {
        let members = self.members.iter().enumerate();
        members.filter_map(|(slot, member)| Some((slot, member.as_deref()?)))
    }

    /// All members in the order of slots.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut Member)> {
        let members = self.members.iter_mut().enumerate();
        members.filter_map(|(slot, member)| Some((slot, member.as_deref_mut()?)))
    }

    /// Slots, used or not.
    pub fn slots(&self) -> usize {
        self.members.len()
    }

    /// How many are here.
    pub fn len(&self) -> usize {
        self.by_agent.len()
    }

    /// The state numbers of everybody, by slot.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The shown positions of everybody, by slot.
    pub fn places(&self) -> &[Vector3] {
        &self.places
    }

    /// The same number again means that nobody came and nobody's state changed.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Counts a change of somebody's state.
    pub fn touch(&mut self, slot: usize, change: impl FnOnce(&mut Mark)) {
        if let Some(mark) = self.marks.get_mut(slot) {
            let before = *mark;
            change(mark);
            self.version += u64::from(*mark != before);
        }
    }

    /// Whether everybody's shown state is the last for now, by slot.
    pub fn resting(&self) -> &[bool] {
        &self.resting
    }

    /// Tells the tables where somebody is now, and whether the state that is shown is one of rest.
    pub fn moved(&mut self, slot: usize, to: Vector3, resting: bool) {
        put(&mut self.resting, slot, resting);
        if let Some(place) = self.places.get_mut(slot) {
            self.grid.update(slot, *place, to);
            *place = to;
        }
    }

    /// The terse forms of everybody's shown state, by slot.
    pub fn terse(&self) -> &[TerseEntry] {
        &self.terse
    }

    /// The state that is shown of somebody is another now.
    pub fn shows(&mut self, slot: usize, terse: TerseEntry) {
        put(&mut self.terse, slot, terse);
    }

    /// Who is where.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Entries in the agent and local id indexes.
    pub fn index_entries(&self) -> usize {
        self.by_agent.len() + self.by_local_id.len()
    }
}

fn put<T: Copy>(list: &mut Vec<T>, slot: usize, value: T) {
    if slot >= list.len() {
        list.resize(slot + 1, value);
    }
    if let Some(entry) = list.get_mut(slot) {
        *entry = value;
    }
}
