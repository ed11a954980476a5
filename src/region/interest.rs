//! Decides which avatar updates each client gets, and when: only the latest state, the nearest most
//! often, and never more than the throttle allows. [`super::object_interest`] does the same for
//! prims, in the same turn and with the same budget.
//!
//! Updates are never queued. A slow client simply has an older state; each tick compares that with
//! the current state, and sends as much of the difference as fits. So memory does not grow however
//! slow a client is, and chat, which does not go through here, does not wait.

use std::time::Duration;

use super::Region;
use super::avatar_wire::terse_update;
use super::math::distance_squared;
use super::motions::{Close, Motions, Spot, Urgency, is_due, take_first};
use super::object_interest::{Lack, SentPrims};
use super::send_budget::SendBudget;
use crate::circuit::{Category, LatestState, Outgoing, Supersedes};
use crate::ids::LocalId;
use crate::message::{self, EncodeError, Encoded, KillObject, KillObjectObjectData, Message};
use crate::time::Timestamp;

/// Four counters of changes to one avatar, or of those that a client was sent. Equal marks mean
/// that there is nothing to tell. A counter never is 0 while the avatar is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(u64);

/// One of a [`Mark`]'s counters, by its lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// Place and movement.
    Motion = 0,
    /// Animations.
    Animation = 16,
    /// Looks.
    Appearance = 32,
    /// Everything else in `ObjectUpdate`.
    Identity = 48,
}

impl Mark {
    /// Nobody is there, or nothing was sent.
    pub const NOBODY: Self = Self(0);
    /// Somebody who just came.
    pub const FIRST: Self = Self(0x0001_0001_0001_0001);

    /// Counts a change.
    pub fn bump(&mut self, aspect: Aspect) {
        let next = self.counter(aspect).checked_add(1).unwrap_or(1);
        self.set(aspect, next);
    }

    fn counter(self, aspect: Aspect) -> u16 {
        (self.0 >> aspect as u32) as u16
    }

    fn set(&mut self, aspect: Aspect, value: u16) {
        let shift = aspect as u32;
        self.0 = (self.0 & !(0xFFFF << shift)) | (u64::from(value) << shift);
    }

    /// How often that aspect changed since `sent`, at least once if it changed at all.
    fn changes_since(self, sent: Self, aspect: Aspect) -> u32 {
        u32::from(self.counter(aspect).wrapping_sub(sent.counter(aspect)))
    }

    fn differs(self, other: Self, aspect: Aspect) -> bool {
        self.counter(aspect) != other.counter(aspect)
    }

    fn copy(&mut self, other: Self, aspect: Aspect) {
        self.set(aspect, other.counter(aspect));
    }

    /// Whether there is nobody, or nothing was sent.
    pub fn is_nobody(self) -> bool {
        self == Self::NOBODY
    }
}

/// What one client was sent.
#[derive(Debug, Default)]
pub struct View {
    /// It answered the handshake, or had time enough to: the world may be shown.
    pub ready: bool,
    /// Terrain packets that were sent.
    pub land_sent: usize,
    /// When the next `CoarseLocationUpdate` is due.
    pub coarse_due: Timestamp,
    /// By slot: what was sent last.
    sent: Vec<Mark>,
    /// By slot: where it shows an avatar.
    spots: Vec<Spot>,
    /// The crowd's version of which everything was sent.
    settled: Option<u64>,
    /// How near somebody must be for every movement to be sent.
    close: Close,
    /// Avatars and prims that are gone and that it still shows.
    pub(super) gone: Vec<LocalId>,
    /// What it was sent of prims.
    pub(super) prims: SentPrims,
    /// Where the round of those with more to tell than movement goes on.
    message_cursor: usize,
}

impl View {
    /// Somebody left: nothing about that avatar is sent any more but its end.
    pub fn forget(&mut self, slot: usize, local_id: LocalId) {
        if let Some(mark) = self.sent.get_mut(slot)
            && !mark.is_nobody()
        {
            *mark = Mark::NOBODY;
            self.gone.push(local_id);
        }
    }

    /// Makes it know nothing of the avatar at `slot`, so that everything is sent anew.
    pub fn reset(&mut self, slot: usize) {
        if let Some(mark) = self.sent.get_mut(slot) {
            *mark = Mark::NOBODY;
            self.settled = None;
        }
    }

    /// Notes that everything about the avatar at `slot` was sent as of `mark`.
    pub fn sent_all(&mut self, slot: usize, mark: Mark) {
        self.make_room(slot + 1);
        if let Some(sent) = self.sent.get_mut(slot) {
            *sent = mark;
        }
    }

    /// Avatars that it shows.
    pub fn known(&self) -> usize {
        self.sent.iter().filter(|mark| !mark.is_nobody()).count()
    }

    /// Avatars and prims that it still has to be sent the end of.
    pub fn gone(&self) -> usize {
        self.gone.len()
    }

    /// Whether it shows the avatar at `slot`.
    pub fn shows(&self, slot: usize) -> bool {
        self.sent.get(slot).is_some_and(|mark| !mark.is_nobody())
    }

    /// Avatars of which it was not sent the last state.
    pub fn pending(&self, marks: &[Mark]) -> usize {
        let sent = self.sent.iter().copied().chain(std::iter::repeat(Mark::NOBODY));
        marks.iter().zip(sent).filter(|(mark, sent)| **mark != *sent && !mark.is_nobody()).count()
    }

    fn make_room(&mut self, slots: usize) {
        if self.sent.len() < slots {
            self.sent.resize(slots, Mark::NOBODY);
            self.spots.resize(slots, Spot::default());
        }
    }
}

/// Lists that every flush needs, kept so that a tick allocates nothing for them.
#[derive(Debug, Default)]
pub struct Scratch {
    motions: Motions,
    /// How many of them are close.
    close_ones: usize,
    /// (order, slot) of avatars with more to tell.
    messages: Vec<(u32, usize)>,
    moving: Vec<usize>,
    resting: Vec<usize>,
    /// (square of the distance, slot) for `CoarseLocationUpdate`.
    pub(super) coarse: Vec<(u32, usize)>,
    /// Prims of which a client was not sent the last state.
    pub(super) prims: Vec<Lack>,
}

impl Region {
    /// Sends to the clients in these slots what they lack.
    pub(super) fn flush_views(&mut self, slots: std::ops::Range<usize>) {
        let share = self.settings.packets_per_tick / self.crowd.len().max(1);
        // Looking through a large crowd costs more than telling of it, so it is done half as often.
        let stride = if self.crowd.len() < LARGE_CROWD { 1 } else { 2 };
        let packets = self.pace.of(share.clamp(MIN_PACKETS, MAX_PACKETS) * stride);
        let mut scratch = std::mem::take(&mut self.scratch);
        for slot in slots {
            let turn = self.ticks as usize + slot;
            if turn.is_multiple_of(stride) {
                self.flush_view(slot, turn / stride, packets, &mut scratch);
            }
        }
        self.scratch = scratch;
    }

    /// `turn` counts the turns of this client.
    fn flush_view(&mut self, viewer: usize, turn: usize, packets: usize, scratch: &mut Scratch) {
        let Some(member) = self.crowd.get_mut(viewer).filter(|member| member.view.ready) else {
            return;
        };
        let outbox = member.avatar.outbox.clone();
        let mut view = std::mem::take(&mut member.view);
        let mut budget =
            SendBudget::new(&outbox, packets + LAND_PACKETS, self.settings.backlog_limit);
        if budget.is_open() {
            self.gather_prims(viewer, &mut view, &mut scratch.prims);
            send_ends(&mut view, &mut budget);
            self.send_land(&mut view, &mut budget);
        }
        budget.narrow(packets);
        if budget.is_open() {
            self.gather(viewer, turn, &mut view, scratch);
            // Movements go first, but what the others need is kept for them, up to half.
            let for_prims = budget.keep(scratch.prims.len(), PRIM_BYTES);
            let for_messages = budget.keep(scratch.messages.len(), MESSAGE_BYTES);
            self.send_motions(&mut view, &mut budget, scratch);
            budget.release(for_messages);
            self.send_messages(turn, &mut view, &mut budget, scratch);
            budget.release(for_prims);
            self.send_prims(viewer, &mut view, &mut budget, &mut scratch.prims);
        } else {
            self.counters.lagging_ticks += 1;
        }
        self.counters.update_packets += budget.sent();
        if let Some(member) = self.crowd.get_mut(viewer) {
            member.view = view;
        }
    }

    fn send_land(&self, view: &mut View, budget: &mut SendBudget<'_>) {
        for packet in self.land.iter().skip(view.land_sent).take(LAND_PACKETS) {
            if !budget.send(Some(packet.clone())) {
                return;
            }
            view.land_sent += 1;
        }
    }

    /// Finds what the client lacks.
    fn gather(&self, viewer: usize, turn: usize, view: &mut View, scratch: &mut Scratch) {
        scratch.motions.clear();
        scratch.close_ones = 0;
        scratch.messages.clear();
        let version = self.crowd.version();
        if view.settled == Some(version) {
            return;
        }
        let mut differs = false;
        let (marks, places) = (self.crowd.marks(), self.crowd.places());
        let resting = self.crowd.resting();
        view.make_room(marks.len());
        let Some(own_place) = places.get(viewer) else { return };
        let sent = view.sent.iter().zip(&view.spots);
        let avatars = marks.iter().zip(sent).zip(places).zip(resting).enumerate();
        for (slot, (((mark, (sent, spot)), place), resting)) in avatars {
            if mark == sent || mark.is_nobody() {
                continue;
            }
            differs = true;
            let square = distance_squared(*own_place, *place);
            if sent.is_nobody() || (mark.0 ^ sent.0) >> 16 != 0 {
                let order = if is_round(turn) && slot != viewer {
                    let behind = slot + marks.len() - view.message_cursor % marks.len();
                    1 + (behind % marks.len()) as u32
                } else {
                    square as u32
                };
                scratch.messages.push((order, slot));
            }
            if !sent.is_nobody()
                && !mark.differs(*sent, Aspect::Identity)
                && mark.differs(*sent, Aspect::Motion)
            {
                let nearest = square.min(spot.distance_squared(*own_place));
                if *resting {
                    scratch.motions.push(Urgency::of_resting(nearest), slot);
                } else if is_due(turn + slot, nearest) {
                    let close = view.close.holds(nearest);
                    scratch.close_ones += usize::from(close);
                    let changes = mark.changes_since(*sent, Aspect::Motion);
                    scratch.motions.push(Urgency::of_moving(nearest, changes, close), slot);
                }
            }
        }
        view.settled = (!differs).then_some(version);
    }

    fn send_motions(&self, view: &mut View, budget: &mut SendBudget<'_>, scratch: &mut Scratch) {
        let waiting = scratch.motions.len();
        let most = budget.packets() * TERSE_PER_PACKET;
        scratch.moving.clear();
        scratch.resting.clear();
        let resting = self.crowd.resting();
        for slot in scratch.motions.take_first(most) {
            let rests = resting.get(slot).is_some_and(|&rests| rests);
            if rests { &mut scratch.resting } else { &mut scratch.moving }.push(slot);
        }
        let mut sent = 0;
        // A lost step is mended by the next one; after the last there is none.
        'lists: for (list, reliable) in [(&scratch.resting, true), (&scratch.moving, false)] {
            for slots in list.chunks(TERSE_PER_PACKET) {
                if !budget.send(Some(self.terse_packet(slots, reliable))) {
                    break 'lists;
                }
                sent += slots.len();
                for &slot in slots {
                    self.note_place(slot, view);
                }
            }
        }
        view.close.settle(scratch.close_ones, sent, waiting);
    }

    /// The client knows now where the avatar at `slot` is.
    fn note_place(&self, slot: usize, view: &mut View) {
        if let (Some(sent), Some(mark)) = (view.sent.get_mut(slot), self.crowd.marks().get(slot)) {
            sent.copy(*mark, Aspect::Motion);
        }
        if let (Some(spot), Some(place)) = (view.spots.get_mut(slot), self.crowd.places().get(slot))
        {
            *spot = Spot::of(*place);
        }
    }

    fn terse_packet(&self, slots: &[usize], reliable: bool) -> Outgoing {
        let shown = self.crowd.terse();
        let entries = slots.iter().filter_map(|&slot| shown.get(slot));
        let message = terse_update(self.info.handle, entries, slots.len() as u8);
        // A packet about several avatars is repeated as long as one of them may be where it says.
        let supersedes = match *slots {
            [slot] => self.crowd.get(slot).map(|member| member.avatar.agent.0),
            _ => None,
        };
        let supersedes =
            supersedes.map(|subject| Supersedes { state: LatestState::Place, subject });
        Outgoing { supersedes, ..Outgoing::new(message, reliable, Category::Task) }
    }

    fn send_messages(
        &mut self,
        turn: usize,
        view: &mut View,
        budget: &mut SendBudget<'_>,
        scratch: &mut Scratch,
    ) {
        take_first(&mut scratch.messages, budget.packets());
        let round = is_round(turn);
        for &(_, slot) in &scratch.messages {
            let handle = self.info.handle;
            let (Some(sent), Some(&mark)) = (view.sent.get_mut(slot), self.crowd.marks().get(slot))
            else {
                continue;
            };
            let Some(member) = self.crowd.get_mut(slot) else { continue };
            let avatar = &mut member.avatar;
            if mark.differs(*sent, Aspect::Identity) {
                if !budget.send(avatar.full(handle)) {
                    return;
                }
                sent.copy(mark, Aspect::Identity);
                sent.copy(mark, Aspect::Motion);
                if let Some(spot) = view.spots.get_mut(slot) {
                    *spot = Spot::of(avatar.shown().position);
                }
            }
            if mark.differs(*sent, Aspect::Appearance) {
                if !budget.send(avatar.looks()) {
                    return;
                }
                sent.copy(mark, Aspect::Appearance);
            }
            if mark.differs(*sent, Aspect::Animation) {
                if !budget.send(avatar.plays()) {
                    return;
                }
                sent.copy(mark, Aspect::Animation);
            }
            if round {
                view.message_cursor = slot + 1;
            }
        }
    }
}

/// In every other turn messages go round instead of to the nearest first, so that the far are not
/// forgotten.
fn is_round(turn: usize) -> bool {
    turn % 2 == 1
}

/// Tells the end of avatars and prims that are gone. They go before new ones, because who comes back
/// has a new number under the old id.
fn send_ends(view: &mut View, budget: &mut SendBudget<'_>) {
    while !view.gone.is_empty() && budget.is_open() {
        let count = view.gone.len().min(KILLS_PER_PACKET);
        let ids = view.gone.iter().take(count).map(|id| KillObjectObjectData { id: id.0 });
        if !budget.send(encoded(&KillObject { object_data: ids.collect() }, true)) {
            return;
        }
        view.gone.drain(..count);
    }
}

fn encoded<M: Message>(message: &M, reliable: bool) -> Option<Outgoing> {
    as_update(message::encode(message), reliable)
}

/// What goes through the throttle of objects.
pub(super) fn as_update(message: Result<Encoded, EncodeError>, reliable: bool) -> Option<Outgoing> {
    match message {
        Ok(message) => Some(Outgoing::new(message, reliable, Category::Task)),
        Err(error) => {
            tracing::error!(%error, "update cannot be encoded");
            None
        }
    }
}

/// How long after its entry a client that never answers the handshake is shown the world anyway.
pub const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(2);

/// Avatars from which on each client has its turn at every second tick only.
const LARGE_CROWD: usize = 256;
/// Packets that a client gets per tick however many there are.
const MIN_PACKETS: usize = 9;
/// Packets that a client gets per tick at most, terrain not counted.
const MAX_PACKETS: usize = 32;
/// Terrain packets per tick and client.
const LAND_PACKETS: usize = 2;
/// Entries of 63 bytes that fit a datagram with acks.
const TERSE_PER_PACKET: usize = 16;
const KILLS_PER_PACKET: usize = 200;
/// About what an avatar's message takes.
const MESSAGE_BYTES: usize = 300;
/// About what a prim's update takes.
const PRIM_BYTES: usize = 300;
