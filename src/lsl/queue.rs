//! The bounded event queue of one script, first in, first out.

use std::collections::VecDeque;
use std::sync::Arc;

use bitflags::bitflags;
use uuid::Uuid;

use super::rules::QueueRule;
use crate::ids::AgentId;

/// What a script is told, with LSL's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A state was entered.
    StateEntry,
    /// The object was rezzed.
    OnRez {
        /// What it was rezzed with.
        start: i32,
    },
    /// A listen heard something.
    Listen {
        /// On this channel.
        channel: i32,
        /// The speaker's name.
        name: Arc<str>,
        /// The speaker's key: a prim's or an avatar's.
        id: Uuid,
        /// What was said.
        message: Arc<str>,
        /// The owner of the speaker when it spoke, as `llGetOwnerKey` gives it; an avatar's own
        /// key.
        owner: Uuid,
    },
    /// A link message.
    LinkMessage {
        /// The link number of the prim it is from; 0 if the object is a single prim.
        sender: i32,
        /// The number.
        number: i32,
        /// The text.
        text: Arc<str>,
        /// The other text, often a key.
        id: Arc<str>,
    },
    /// An avatar began to touch.
    TouchStart {
        /// The avatar's key.
        toucher: AgentId,
    },
    /// Something about the object changed.
    Changed {
        /// LSL's `CHANGED_…` bits.
        mask: i32,
    },
    /// The timer.
    Timer,
}

impl Event {
    /// Its kind, as the one flag.
    pub fn kind(&self) -> EventKinds {
        match self {
            Self::StateEntry => EventKinds::STATE_ENTRY,
            Self::OnRez { .. } => EventKinds::ON_REZ,
            Self::Listen { .. } => EventKinds::LISTEN,
            Self::LinkMessage { .. } => EventKinds::LINK_MESSAGE,
            Self::TouchStart { .. } => EventKinds::TOUCH_START,
            Self::Changed { .. } => EventKinds::CHANGED,
            Self::Timer => EventKinds::TIMER,
        }
    }
}

bitflags! {
    /// Kinds of events, such as those that a script's state has handlers for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct EventKinds: u8 {
        /// `state_entry`
        const STATE_ENTRY = 1;
        /// `on_rez`
        const ON_REZ = 1 << 1;
        /// `listen`
        const LISTEN = 1 << 2;
        /// `link_message`
        const LINK_MESSAGE = 1 << 3;
        /// `touch_start`
        const TOUCH_START = 1 << 4;
        /// `changed`
        const CHANGED = 1 << 5;
        /// `timer`
        const TIMER = 1 << 6;
    }
}

/// An event that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// The events of one script, each with its place in the order of all scripts' events.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    items: VecDeque<Queued>,
    /// How many there are of each kind.
    counts: [usize; 8],
}

#[derive(Debug)]
struct Queued {
    sequence: u64,
    /// How many lines led to it, each caused by the one before.
    hops: u8,
    event: Event,
    /// Whether it may change places with its neighbour of the same kind.
    loose: bool,
}

impl EventQueue {
    /// Adds an event at the end; `state_entry` at the front. With `swap` a loose event takes the
    /// place of the loose one before it, if both are from one speaker.
    pub(super) fn push(
        &mut self,
        (sequence, hops): (u64, u8),
        event: Event,
        rule: QueueRule,
        (loose, swap): (bool, bool),
    ) -> Result<(), Full> {
        let kind = event.kind();
        let waiting = self.count(kind);
        let is_full = match rule {
            _ if kind == EventKinds::STATE_ENTRY => waiting > 0,
            _ if kind == EventKinds::TIMER && waiting > 0 => true,
            QueueRule::Total(limit) => {
                self.items.len() - self.count(EventKinds::STATE_ENTRY) >= limit
            }
            QueueRule::PerKind(limit) => waiting >= limit,
        };
        if is_full {
            return Err(Full);
        }
        if let Some(count) = self.counts.get_mut(index(kind)) {
            *count += 1;
        }
        let added = Queued { sequence, hops, event, loose };
        if kind == EventKinds::STATE_ENTRY {
            self.items.push_front(added);
            return Ok(());
        }
        let swaps = loose && swap && self.items.back().is_some_and(|last| last.may_swap(&added));
        match self.items.pop_back() {
            Some(last) if swaps => {
                self.items.push_back(Queued { sequence: last.sequence, ..added });
                self.items.push_back(Queued { sequence, ..last });
            }
            last => {
                self.items.extend(last);
                self.items.push_back(added);
            }
        }
        Ok(())
    }

    /// Takes the first event, with the number of lines that led to it.
    pub(super) fn pop(&mut self) -> Option<(Event, u8)> {
        let Queued { event, hops, .. } = self.items.pop_front()?;
        if let Some(count) = self.counts.get_mut(index(event.kind())) {
            *count -= 1;
        }
        Some((event, hops))
    }

    /// Forgets all events, and tells how many.
    pub(super) fn clear(&mut self) -> usize {
        let forgotten = self.items.len();
        self.items.clear();
        self.counts = [0; 8];
        forgotten
    }

    /// The first event's place in the order of all.
    pub(super) fn front(&self) -> Option<u64> {
        self.items.front().map(|queued| queued.sequence)
    }

    /// How many events wait.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    fn count(&self, kind: EventKinds) -> usize {
        self.counts.get(index(kind)).copied().unwrap_or_default()
    }
}

impl Queued {
    fn may_swap(&self, next: &Self) -> bool {
        let speaker = |event: &Event| match event {
            Event::Listen { id, .. } => Some(*id),
            _ => None,
        };
        self.loose && speaker(&self.event) == speaker(&next.event)
    }
}

fn index(kind: EventKinds) -> usize {
    kind.bits().trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: (bool, bool) = (false, false);

    fn changed(mask: i32) -> Event {
        Event::Changed { mask }
    }

    fn drain(queue: &mut EventQueue) -> Vec<Event> {
        std::iter::from_fn(|| queue.pop()).map(|(event, _)| event).collect()
    }

    #[test]
    fn total_counts_all_kinds_together() {
        let mut queue = EventQueue::default();
        let rule = QueueRule::Total(2);
        assert_eq!(queue.push((1, 0), changed(1), rule, FIXED), Ok(()));
        assert_eq!(queue.push((2, 0), Event::Timer, rule, FIXED), Ok(()));
        assert_eq!(queue.push((3, 0), changed(2), rule, FIXED), Err(Full));
        queue.pop();
        assert_eq!(queue.push((4, 0), changed(2), rule, FIXED), Ok(()));
        assert_eq!(drain(&mut queue), [Event::Timer, changed(2)]);
    }

    #[test]
    fn each_kind_has_a_limit_of_its_own_and_timer_is_one() {
        let mut queue = EventQueue::default();
        let rule = QueueRule::PerKind(2);
        assert_eq!(queue.push((1, 0), changed(1), rule, FIXED), Ok(()));
        assert_eq!(queue.push((2, 0), changed(2), rule, FIXED), Ok(()));
        assert_eq!(queue.push((3, 0), changed(3), rule, FIXED), Err(Full));
        assert_eq!(queue.push((4, 0), Event::Timer, rule, FIXED), Ok(()));
        assert_eq!(queue.push((5, 0), Event::Timer, rule, FIXED), Err(Full));
        assert_eq!(queue.push((6, 0), Event::OnRez { start: 0 }, rule, FIXED), Ok(()));
        assert_eq!(queue.len(), 4);
    }

    #[test]
    fn state_entry_jumps_a_full_queue_once() {
        let mut queue = EventQueue::default();
        let rule = QueueRule::Total(1);
        queue.push((1, 0), changed(1), rule, FIXED).unwrap();
        assert_eq!(queue.push((2, 0), Event::StateEntry, rule, FIXED), Ok(()));
        assert_eq!(queue.push((3, 0), Event::StateEntry, rule, FIXED), Err(Full));
        assert_eq!(drain(&mut queue), [Event::StateEntry, changed(1)]);
        assert_eq!(queue.clear(), 0);
    }

    #[test]
    fn only_loose_texts_of_one_speaker_change_places() {
        let said = |id: u128, text: &str| Event::Listen {
            channel: 1,
            name: Arc::from("a"),
            id: Uuid::from_u128(id),
            message: Arc::from(text),
            owner: Uuid::from_u128(id),
        };
        let mut queue = EventQueue::default();
        let rule = QueueRule::Total(64);
        queue.push((1, 0), said(1, "a"), rule, (true, true)).unwrap();
        queue.push((2, 0), said(1, "b"), rule, (true, true)).unwrap();
        queue.push((3, 0), said(2, "c"), rule, (true, true)).unwrap();
        queue.push((4, 0), said(2, "d"), rule, (false, true)).unwrap();
        assert_eq!(queue.front(), Some(1), "places stay in order");
        assert_eq!(drain(&mut queue), [said(1, "b"), said(1, "a"), said(2, "c"), said(2, "d")]);
    }
}
