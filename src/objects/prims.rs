//! The prims that viewers are shown, by slot, with numbers that grow with each change.
//!
//! Pure bookkeeping; the region tracks what each client has been sent.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::model::Shape;
use crate::ids::{AgentId, LocalId, PrimId};
use crate::lsl::Owner;
use crate::message::Vector3;

/// A prim as viewers are shown it.
#[derive(Clone, Debug, PartialEq)]
pub struct PrimView {
    /// Its key, `FullID`.
    pub id: PrimId,
    /// Its number in the region, from [`FIRST_LOCAL_ID`] on; avatars have lower ones.
    pub local_id: LocalId,
    /// The root prim of its object; its own key if it is that.
    pub root: PrimId,
    /// The root prim's number; none for the root.
    pub parent: Option<LocalId>,
    /// Its link number as scripts count: 0 for a single prim, 1 for a root.
    pub link: i32,
    /// Its name.
    pub name: Arc<str>,
    /// Its description.
    pub description: Arc<str>,
    /// Of a root: region-local metres, or nothing while it is worn. Of a child: from its root.
    pub position: Vector3,
    /// In metres.
    pub size: Vector3,
    /// What it looks like.
    pub shape: Shape,
    /// Hover text.
    pub text: Arc<str>,
    /// Of the hover text: red, green, blue, alpha from 0 to 1.
    pub text_color: [f32; 4],
    /// Whose it is.
    pub owner: Owner,
    /// Who wears its object, and where.
    pub worn: Option<(AgentId, u8)>,
    /// Whether there is a script in it.
    pub scripted: bool,
    /// Whether a script of it, or of its root, handles `touch_start`.
    pub touchable: bool,
    /// When it was made, microseconds since 1970.
    pub created: u64,
}

impl PrimView {
    /// Whether it is on the screen of somebody else (attachment points 31 to 38), where only the
    /// wearer sees it.
    pub fn is_hidden_from(&self, agent: AgentId) -> bool {
        self.worn.is_some_and(|(wearer, point)| wearer != agent && matches!(point, 31..=38))
    }
}

/// The first number of prims; avatars count from 1.
pub const FIRST_LOCAL_ID: u32 = 1 << 30;

/// Most changes that are known by their slots.
const CHANGES: usize = 1024;

/// All prims of a region by slot. Slots are used again, numbers are not until they run out. A root
/// has a lower slot than its children only by chance: who shows them must show the root first.
#[derive(Debug, Default)]
pub struct Prims {
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    by_id: HashMap<PrimId, usize>,
    by_local_id: HashMap<LocalId, usize>,
    version: u64,
    /// The slots of the latest changes, one for each version, that of the current one last.
    changes: VecDeque<usize>,
    /// Counted from [`FIRST_LOCAL_ID`].
    next_local_id: u32,
}

#[derive(Debug)]
struct Slot {
    view: PrimView,
    version: u64,
}

impl Prims {
    /// The same number again means that nothing changed.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The slots that changed since `version`, some more than once; none if that was too many
    /// changes ago to tell.
    pub fn changed_since(&self, version: u64) -> Option<impl Iterator<Item = usize>> {
        let count = usize::try_from(self.version.checked_sub(version)?).ok()?;
        let first = self.changes.len().checked_sub(count)?;
        Some(self.changes.range(first..).copied())
    }

    /// Slots, used or not.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// A prim and the number of its latest change; none for a slot that is free. A slot that is
    /// used again has other numbers than before.
    pub fn get(&self, slot: usize) -> Option<(&PrimView, u64)> {
        let slot = self.slots.get(slot)?.as_ref()?;
        Some((&slot.view, slot.version))
    }

    /// Where a prim is in the table.
    pub fn slot_of(&self, id: PrimId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// The same by its number.
    pub fn slot_of_local_id(&self, id: LocalId) -> Option<usize> {
        self.by_local_id.get(&id).copied()
    }

    /// A prim by its number.
    pub fn by_local_id(&self, id: LocalId) -> Option<&PrimView> {
        Some(self.get(self.slot_of_local_id(id)?)?.0)
    }

    /// A prim by its key.
    pub fn by_id(&self, id: PrimId) -> Option<&PrimView> {
        Some(self.get(self.slot_of(id)?)?.0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A number that no prim has.
    pub(super) fn new_local_id(&mut self) -> LocalId {
        loop {
            let id = LocalId(FIRST_LOCAL_ID + self.next_local_id);
            self.next_local_id = (self.next_local_id + 1) % (u32::MAX - FIRST_LOCAL_ID);
            // There are far fewer prims than numbers.
            if !self.by_local_id.contains_key(&id) {
                return id;
            }
        }
    }

    /// Lets the last number be the next.
    #[cfg(test)]
    pub(super) fn skip_to_last(&mut self) {
        self.next_local_id = u32::MAX - FIRST_LOCAL_ID - 1;
    }

    /// Adds a prim whose key and number no other has.
    pub(super) fn insert(&mut self, view: PrimView) {
        let free = self.free.pop();
        let index = free.unwrap_or(self.slots.len());
        self.changed(index);
        let (id, local_id) = (view.id, view.local_id);
        let added = Some(Slot { view, version: self.version });
        match self.slots.get_mut(index) {
            Some(slot) => *slot = added,
            None => self.slots.push(added),
        }
        self.by_id.insert(id, index);
        self.by_local_id.insert(local_id, index);
    }

    /// Removes a prim.
    pub(super) fn remove(&mut self, id: PrimId) {
        let Some(index) = self.by_id.remove(&id) else { return };
        if let Some(slot) = self.slots.get_mut(index).and_then(Option::take) {
            self.by_local_id.remove(&slot.view.local_id);
        }
        self.free.push(index);
        self.changed(index);
    }

    /// Changes what viewers see of a prim; its key and number stay. Nothing is told if it comes to
    /// the same.
    pub(super) fn update(&mut self, id: PrimId, change: impl FnOnce(&mut PrimView)) {
        let Some(index) = self.slot_of(id) else { return };
        let Some(slot) = self.slots.get_mut(index).and_then(Option::as_mut) else { return };
        let before = slot.view.clone();
        change(&mut slot.view);
        if slot.view != before {
            slot.version = self.version + 1;
            self.changed(index);
        }
    }

    /// There is a new version, by what is in this slot.
    fn changed(&mut self, index: usize) {
        self.version += 1;
        if self.changes.len() >= CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back(index);
    }
}
