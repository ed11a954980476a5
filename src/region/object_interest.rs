//! Decides which prim updates each client gets, and when: only the latest state, roots before their
//! children, the nearest first, and never more than the throttle allows.
//!
//! As with avatars, nothing is queued. A client has a table with the number of the change that it
//! was last sent, for each slot. While the prims' version stays the same, the table is not read; if
//! few prims have changed since everything was sent, only those are checked.

use std::collections::BTreeSet;

use super::Region;
use super::interest::{View, as_update};
use super::math::distance_squared;
use super::motions::take_first;
use super::prim_wire::prim_update;
use super::send_budget::SendBudget;
use crate::circuit::Outgoing;
use crate::ids::{AgentId, LocalId};
use crate::lsl::Owner;
use crate::message;
use crate::objects::PrimView;

/// What one client was sent of prims.
#[derive(Debug, Default)]
pub struct SentPrims {
    /// By slot.
    sent: Vec<SentPrim>,
    /// The prims' version of which everything was sent.
    settled: Option<u64>,
    /// What is worn by somebody whom the client is not shown yet was not sent.
    waits: bool,
}

/// What a client was sent of the prim in one slot.
#[derive(Clone, Copy, Debug, Default)]
struct SentPrim {
    /// The prim that it shows there.
    shows: Option<LocalId>,
    /// The number of the latest change that it was sent; 0 if all is to be sent again.
    number: u64,
}

/// A prim of which a client was not sent the last state, in the order in which it will be: by the
/// square of its root's distance, by the root's slot, and the root itself first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    square: u32,
    root: usize,
    is_child: bool,
    slot: usize,
}

/// `ObjectUpdate`s by slot, encoded once per change: for those who own the prim, and for others.
#[derive(Debug, Default)]
pub struct PrimUpdates {
    slots: Vec<Encoded>,
}

#[derive(Clone, Debug, Default)]
struct Encoded {
    number: u64,
    forms: [Option<Outgoing>; 2],
}

impl SentPrims {
    /// Makes everything about the prim in `slot` be sent anew.
    pub fn reset(&mut self, slot: usize) {
        if let Some(sent) = self.sent.get_mut(slot) {
            sent.number = 0;
            self.settled = None;
        }
    }

    /// Prims that the client shows.
    pub fn known(&self) -> usize {
        self.sent.iter().filter(|sent| sent.shows.is_some()).count()
    }

    /// The prims' version of which the client was sent everything.
    #[cfg(test)]
    pub fn settled(&self) -> Option<u64> {
        self.settled
    }

    fn shows(&self, slot: usize, id: LocalId) -> bool {
        self.sent.get(slot).is_some_and(|sent| sent.shows == Some(id))
    }
}

impl PrimUpdates {
    /// Forgets all; they are encoded anew when somebody needs them.
    pub fn clear(&mut self) {
        self.slots = Vec::new();
    }

    /// The update of the prim in `slot` as of `number`, which `encode` makes if it is not here.
    fn get(
        &mut self,
        slot: usize,
        number: u64,
        owned: bool,
        encode: impl FnOnce() -> Option<Outgoing>,
    ) -> Option<Outgoing> {
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, Encoded::default());
        }
        let entry = self.slots.get_mut(slot)?;
        if entry.number != number {
            *entry = Encoded { number, forms: [None, None] };
        }
        let form = entry.forms.get_mut(usize::from(owned))?;
        if form.is_none() {
            *form = encode();
        }
        form.clone()
    }
}

impl Region {
    /// Whether a client is shown a prim at all: what others wear on their screens it is not.
    pub(super) fn is_shown_to(&self, agent: AgentId, prim: &PrimView) -> bool {
        let is_here = prim.worn.is_none_or(|(wearer, _)| self.crowd.slot_of(wearer).is_some());
        is_here && !prim.is_hidden_from(agent)
    }

    /// Prims of which a client was not sent the last state.
    pub(super) fn pending_prims(&self, agent: AgentId, view: &View) -> usize {
        let prims = self.objects.prims();
        if view.prims.settled == Some(prims.version()) {
            return 0;
        }
        let sent = view.prims.sent.iter().map(|sent| sent.number).chain(std::iter::repeat(0));
        (0..prims.slots())
            .zip(sent)
            .filter_map(|(slot, sent)| prims.get(slot).map(|(prim, number)| (prim, number, sent)))
            .filter(|(prim, number, sent)| number != sent && self.is_shown_to(agent, prim))
            .count()
    }

    /// Finds the prims that a client lacks, and those that it must not show any more.
    pub(super) fn gather_prims(&self, viewer: usize, view: &mut View, lacks: &mut Vec<Lack>) {
        lacks.clear();
        let prims = self.objects.prims();
        let version = prims.version();
        if view.prims.settled == Some(version) {
            return;
        }
        let Some(member) = self.crowd.get(viewer) else { return };
        let (agent, place) = (member.avatar.agent, member.avatar.motion.position);
        let changed = view.prims.settled.and_then(|known| prims.changed_since(known));
        let mut table = std::mem::take(&mut view.prims.sent);
        let mut gone = std::mem::take(&mut view.gone);
        let slots = prims.slots().max(table.len());
        table.resize(slots, SentPrim::default());
        let mut waits = false;
        let mut look = |slot: usize, sent: &mut SentPrim| {
            let prim = prims.get(slot).filter(|(prim, _)| self.is_shown_to(agent, prim));
            let id = prim.map(|(prim, _)| prim.local_id);
            if sent.shows.is_some() && sent.shows != id {
                gone.extend(sent.shows);
                *sent = SentPrim::default();
            }
            let Some((prim, number)) = prim else { return };
            if sent.shows == id && sent.number == number {
                return;
            }
            let root = prims.by_id(prim.root).unwrap_or(prim);
            let at = match prim.worn {
                None => root.position,
                Some((wearer, _)) => {
                    let shown = self.crowd.slot_of(wearer).filter(|slot| view.shows(*slot));
                    let Some(wearer) = shown.and_then(|slot| self.crowd.get(slot)) else {
                        // What is worn comes after who wears it.
                        waits = true;
                        return;
                    };
                    wearer.avatar.motion.position
                }
            };
            lacks.push(Lack {
                square: distance_squared(place, at) as u32,
                root: prims.slot_of(prim.root).unwrap_or(slot),
                is_child: prim.parent.is_some(),
                slot,
            });
        };
        match changed {
            Some(changed) => {
                let changed: BTreeSet<usize> = changed.collect();
                for slot in changed {
                    if let Some(sent) = table.get_mut(slot) {
                        look(slot, sent);
                    }
                }
            }
            None => table.iter_mut().enumerate().for_each(|(slot, sent)| look(slot, sent)),
        }
        table.truncate(prims.slots());
        view.gone = gone;
        view.prims.sent = table;
        view.prims.waits = waits;
        view.prims.settled = (lacks.is_empty() && !waits).then_some(version);
    }

    /// Sends what [`Self::gather_prims`] found, as far as there is room.
    pub(super) fn send_prims(
        &mut self,
        viewer: usize,
        view: &mut View,
        budget: &mut SendBudget<'_>,
        lacks: &mut Vec<Lack>,
    ) {
        if lacks.is_empty() {
            return;
        }
        let mut is_all = lacks.len() <= budget.packets() && !view.prims.waits;
        take_first(lacks, budget.packets());
        let Some(agent) = self.crowd.get(viewer).map(|member| member.avatar.agent) else { return };
        let Self { objects, prim_updates, crowd, info, .. } = self;
        for lack in lacks.iter() {
            let Some((prim, number)) = objects.prims().get(lack.slot) else { continue };
            if prim.parent.is_some_and(|root| !view.prims.shows(lack.root, root)) {
                is_all = false;
                continue;
            }
            let owned = matches!(&prim.owner, Owner::Agent { id, .. } if *id == agent);
            let outgoing = prim_updates.get(lack.slot, number, owned, || {
                let wearer = prim.worn.and_then(|(wearer, _)| crowd.slot_of(wearer));
                let wearer = wearer.and_then(|slot| crowd.get(slot));
                let parent = prim.parent.or(wearer.map(|member| member.avatar.local_id));
                let update = prim_update(info.handle, prim, number, parent, owned);
                as_update(message::encode(&update), true)
            });
            if !budget.send(outgoing) {
                return;
            }
            if let Some(sent) = view.prims.sent.get_mut(lack.slot) {
                *sent = SentPrim { shows: Some(prim.local_id), number };
            }
        }
        if is_all {
            view.prims.settled = Some(objects.prims().version());
        }
    }
}
