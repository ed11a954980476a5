//! Remembers which reliable packets have arrived, so that each is handled once.

use std::time::Duration;

use crate::time::Timestamp;

/// The reliable sequence numbers of the recent past, modulo 2^24.
///
/// A table indexed by the low bits of the number: one entry per slot, so asking and noting cost
/// the same whatever is remembered. When a fresh number would push out another fresh one the
/// table doubles, up to its limit. Unlike a sliding window this knows no "too old": a peer whose
/// numbers jump or wrap early (one client counts in 16 bits) is never mistaken for a repeater, and
/// one strange number costs one slot, not the window.
///
/// A number is forgotten only when it was not heard for `keep`, when the peer said that it no
/// longer waits for its ack *and* its slot is needed, or when the peer used more than `limit`
/// numbers since. Within that every repetition is recognised.
#[derive(Debug)]
pub(super) struct Seen {
    slots: Vec<Slot>,
    limit: usize,
    keep: u32,
    oldest_unacked: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    number: u32,
    heard: u32,
}

impl Seen {
    /// Remembers up to `limit` numbers (at least 1024) for `keep` after they were last heard.
    pub(super) fn new(limit: usize, keep: Duration) -> Self {
        Self {
            slots: vec![EMPTY; FIRST_SIZE],
            limit: limit.clamp(1024, 1 << 20).next_power_of_two(),
            keep: u32::try_from(keep.as_secs()).unwrap_or(u32::MAX),
            oldest_unacked: None,
        }
    }

    /// Notes that the packet arrived; `true` if it did so for the first time.
    pub(super) fn insert(&mut self, now: Timestamp, sequence: u32) -> bool {
        let number = sequence & SEQUENCE_MASK;
        let heard = seconds(now);
        loop {
            let index = number as usize & (self.slots.len() - 1);
            let slot = self.slots[index];
            let known = slot.number == number && !self.expired(slot, heard);
            if !known && slot.number != number && self.slots.len() < self.limit {
                let settled =
                    self.oldest_unacked.is_some_and(|oldest| is_before(slot.number, oldest));
                if !self.expired(slot, heard) && !settled {
                    self.grow(heard);
                    continue;
                }
            }
            self.slots[index] = Slot { number, heard };
            return !known;
        }
    }

    /// Forgets a packet, so that its repetition counts as new.
    pub(super) fn remove(&mut self, sequence: u32) {
        let number = sequence & SEQUENCE_MASK;
        let index = number as usize & (self.slots.len() - 1);
        if self.slots[index].number == number {
            self.slots[index] = EMPTY;
        }
    }

    /// The peer will not repeat packets before `sequence` any more.
    pub(super) fn settle_before(&mut self, sequence: u32) {
        self.oldest_unacked = Some(sequence & SEQUENCE_MASK);
    }

    fn expired(&self, slot: Slot, now: u32) -> bool {
        slot.number == EMPTY.number || now.saturating_sub(slot.heard) > self.keep
    }

    fn grow(&mut self, now: u32) {
        let size = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, vec![EMPTY; size]);
        for slot in old {
            if !self.expired(slot, now) {
                self.slots[slot.number as usize & (size - 1)] = slot;
            }
        }
    }
}

/// Whether `a` comes before `b` on the circle of sequence numbers.
fn is_before(a: u32, b: u32) -> bool {
    let distance = b.wrapping_sub(a) & SEQUENCE_MASK;
    distance != 0 && distance < 1 << 23
}

fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.since_origin().as_secs()).unwrap_or(u32::MAX)
}

/// Sequence numbers count modulo 2^24.
pub(super) const SEQUENCE_MASK: u32 = 0x00FF_FFFF;

/// No sequence number: those have 24 bits.
const EMPTY: Slot = Slot { number: u32::MAX, heard: 0 };

/// Slots of a new table.
const FIRST_SIZE: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_millis(0);

    fn seen() -> Seen {
        Seen::new(1024, Duration::from_secs(120))
    }

    #[test]
    fn last_thousand_are_known() {
        let mut seen = seen();
        for n in 0..5000 {
            assert!(seen.insert(T0, n));
        }
        for n in 5000 - 1024..5000 {
            assert!(!seen.insert(T0, n), "{n} was forgotten");
        }
        assert_eq!(seen.slots.len(), 1024);
    }

    #[test]
    fn numbers_count_modulo_two_to_the_24() {
        let mut seen = seen();
        for n in 0x00FF_FF00..0x0100_0100 {
            assert!(seen.insert(T0, n));
        }
        assert!(!seen.insert(T0, 0x0100_0001));
        assert!(!seen.insert(T0, 1));
        assert!(!seen.insert(T0, 0x00FF_FFFF));
    }

    #[test]
    fn jump_does_not_make_others_look_old() {
        let mut seen = seen();
        assert!(seen.insert(T0, 100));
        assert!(seen.insert(T0, 0x0080_0000));
        assert!(seen.insert(T0, 101));
        assert!(!seen.insert(T0, 100));
    }

    #[test]
    fn numbers_that_wrap_early_are_new_again() {
        let mut seen = seen();
        assert!(seen.insert(T0, 5));
        assert!(seen.insert(T0 + Duration::from_secs(121), 5));
        assert!(!seen.insert(T0 + Duration::from_secs(241), 5));
    }

    #[test]
    fn settled_numbers_make_room_without_growth() {
        let mut seen = seen();
        for n in 0..100_000 {
            seen.settle_before(n);
            assert!(seen.insert(T0, n));
        }
        assert_eq!(seen.slots.len(), FIRST_SIZE);
        assert!(!seen.insert(T0, 99_999), "a settled number is still a duplicate");
    }
}
