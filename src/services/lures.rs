//! Open teleport offers: who may use them, for which place, and until when.
//!
//! They are in memory only, because they are short-lived. This module knows neither messages nor
//! the state of regions.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::ids::{AgentId, RegionHandle};
use crate::message::Vector3;
use crate::time::{Clock, Timestamp};

/// How long an offer stands.
pub const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Agents that one offer may be for, as in viewers.
pub const MAX_TARGETS: usize = 250;
/// Offers that one agent may make within [`PACE`].
const MAX_AT_ONCE: usize = 10;
/// See [`MAX_AT_ONCE`].
const PACE: Duration = Duration::from_secs(10);
/// Open offers of one agent; the oldest makes room.
const MAX_PER_AGENT: usize = 20;
/// Open offers together with all whom they are for; the oldest offers make room.
const MAX_SIZE: usize = 20_000;

/// Where an offer leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LurePlace {
    /// The region.
    pub region: RegionHandle,
    /// Region-local metres.
    pub position: Vector3,
    /// A unit vector.
    pub look_at: Vector3,
}

/// Why there was no offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LureError {
    /// It is for nobody.
    #[error("a teleport offer is for nobody")]
    Nobody,
    /// It is for more than [`MAX_TARGETS`].
    #[error("a teleport offer is for more than {MAX_TARGETS} agents")]
    TooManyTargets,
    /// The agent makes more than so many at once.
    #[error("more than {MAX_AT_ONCE} teleport offers within {} s", PACE.as_secs())]
    TooFast,
}

/// The open offers of a grid; a cheap clone.
#[derive(Clone)]
pub struct Lures {
    book: Arc<Mutex<Book>>,
    clock: Arc<dyn Clock>,
}

impl Lures {
    /// No offers yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { book: Arc::default(), clock }
    }

    /// Notes an offer of `from` to `targets`; its id.
    pub fn offer(
        &self,
        from: AgentId,
        targets: &[AgentId],
        place: LurePlace,
    ) -> Result<Uuid, LureError> {
        let id = Uuid::new_v4();
        let made = self.clock.now();
        let targets = targets.to_vec();
        self.book().add(Lure { id, from, targets, place, made })?;
        Ok(id)
    }

    /// Where the offer `id` leads, if it is for `agent` and still stands.
    pub fn find(&self, id: Uuid, agent: AgentId) -> Option<LurePlace> {
        let now = self.clock.now();
        self.book().find(now, id, agent)
    }

    /// `agent` has gone there, or does not want to: the offer is no longer for it.
    pub fn close(&self, id: Uuid, agent: AgentId) {
        self.book().close(id, agent);
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Lure {
    id: Uuid,
    from: AgentId,
    targets: Vec<AgentId>,
    place: LurePlace,
    made: Timestamp,
}

impl Lure {
    /// What it counts for in the book.
    fn size(&self) -> usize {
        1 + self.targets.len()
    }
}

/// The offers in the order in which they were made.
#[derive(Default)]
struct Book {
    lures: VecDeque<Lure>,
    size: usize,
}

impl Book {
    fn add(&mut self, lure: Lure) -> Result<(), LureError> {
        if lure.targets.is_empty() {
            return Err(LureError::Nobody);
        }
        if lure.targets.len() > MAX_TARGETS {
            return Err(LureError::TooManyTargets);
        }
        self.expire(lure.made);
        let own = || self.lures.iter().filter(|other| other.from == lure.from);
        let recent = own().filter(|other| lure.made.since(other.made) < PACE).count();
        if recent >= MAX_AT_ONCE {
            return Err(LureError::TooFast);
        }
        if own().count() >= MAX_PER_AGENT
            && let Some(at) = self.lures.iter().position(|other| other.from == lure.from)
        {
            self.remove(at);
        }
        while self.size + lure.size() > MAX_SIZE {
            self.remove(0);
        }
        self.size += lure.size();
        self.lures.push_back(lure);
        Ok(())
    }

    fn find(&mut self, now: Timestamp, id: Uuid, agent: AgentId) -> Option<LurePlace> {
        self.expire(now);
        let lure = self.lures.iter().find(|lure| lure.id == id)?;
        lure.targets.contains(&agent).then_some(lure.place)
    }

    fn close(&mut self, id: Uuid, agent: AgentId) {
        let Some(at) = self.lures.iter().position(|lure| lure.id == id) else { return };
        let Some(lure) = self.lures.get_mut(at) else { return };
        let before = lure.targets.len();
        lure.targets.retain(|target| *target != agent);
        self.size -= before - lure.targets.len();
        // An offer that is for nobody any more still counts against its agent's pace.
    }

    fn expire(&mut self, now: Timestamp) {
        while self.lures.front().is_some_and(|lure| now.since(lure.made) >= LIFETIME) {
            self.remove(0);
        }
    }

    fn remove(&mut self, at: usize) {
        if let Some(lure) = self.lures.remove(at) {
            self.size -= lure.size();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::ManualClock;

    const PLACE: LurePlace = LurePlace {
        region: RegionHandle::from_grid(1000, 1000),
        position: Vector3 { x: 1.0, y: 2.0, z: 3.0 },
        look_at: Vector3 { x: 1.0, y: 0.0, z: 0.0 },
    };

    fn agent(number: u32) -> AgentId {
        AgentId(Uuid::from_u128(number.into()))
    }

    fn lures() -> (Lures, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        (Lures::new(clock.clone()), clock)
    }

    #[test]
    fn an_offer_is_for_those_whom_it_names_and_once() {
        let (lures, _clock) = lures();
        let id = lures.offer(agent(1), &[agent(2), agent(3)], PLACE).unwrap();
        assert_eq!(lures.find(id, agent(2)), Some(PLACE));
        assert_eq!(lures.find(id, agent(4)), None);
        assert_eq!(lures.find(Uuid::from_u128(9), agent(2)), None);
        lures.close(id, agent(2));
        assert_eq!(lures.find(id, agent(2)), None);
        assert_eq!(lures.find(id, agent(3)), Some(PLACE));
    }

    #[test]
    fn an_offer_expires() {
        let (lures, clock) = lures();
        let id = lures.offer(agent(1), &[agent(2)], PLACE).unwrap();
        clock.advance(LIFETIME / 2);
        assert!(lures.find(id, agent(2)).is_some());
        clock.advance(LIFETIME / 2);
        assert!(lures.find(id, agent(2)).is_none());
    }

    #[test]
    fn offers_to_nobody_or_to_too_many_or_too_often_are_refused() {
        let (lures, clock) = lures();
        let many: Vec<_> = (0..=MAX_TARGETS as u32).map(agent).collect();
        assert_eq!(lures.offer(agent(1), &[], PLACE), Err(LureError::Nobody));
        assert_eq!(lures.offer(agent(1), &many, PLACE), Err(LureError::TooManyTargets));
        for _ in 0..MAX_AT_ONCE {
            lures.offer(agent(1), &[agent(2)], PLACE).unwrap();
        }
        assert_eq!(lures.offer(agent(1), &[agent(2)], PLACE), Err(LureError::TooFast));
        assert!(lures.offer(agent(3), &[agent(2)], PLACE).is_ok(), "others may");
        clock.advance(PACE);
        assert!(lures.offer(agent(1), &[agent(2)], PLACE).is_ok());
    }

    proptest! {
        #[test]
        fn the_book_stays_bounded_and_its_count_true(
            offers in prop::collection::vec((0..3u32, 1..=MAX_TARGETS, 0..90u64), 0..300),
        ) {
            let mut book = Book::default();
            let mut now = Timestamp::ZERO;
            for (number, (from, targets, seconds)) in offers.into_iter().enumerate() {
                now = now + Duration::from_secs(seconds);
                let id = Uuid::from_u128(number as u128);
                let targets: Vec<_> = (0..targets as u32).map(agent).collect();
                let lure = Lure { id, from: agent(from), targets, place: PLACE, made: now };
                if book.add(lure).is_ok() && number % 3 == 0 {
                    book.close(id, agent(0));
                }
                for from in (0..3).map(agent) {
                    let own = book.lures.iter().filter(|lure| lure.from == from).count();
                    prop_assert!(own <= MAX_PER_AGENT);
                }
                let counted: usize = book.lures.iter().map(Lure::size).sum();
                prop_assert_eq!(counted, book.size);
                prop_assert!(counted <= MAX_SIZE);
            }
        }
    }
}
