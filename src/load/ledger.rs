//! Exactly-once bookkeeping: which of one sender's numbered messages one recipient has received.

use std::collections::VecDeque;

/// What a hearer knows of one sender's messages. Takes the same room however many there are: only
/// those ahead of a gap are kept one by one, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// All before this were heard, but for those that were skipped.
    base: u32,
    /// Messages that were passed over because the gap became too long.
    skipped: u32,
    /// Bit by bit from `base` on; the first word is never full.
    ahead: VecDeque<u64>,
}

impl Track {
    /// Notes that message `sequence` was heard; `true` for the first time.
    pub fn hear(&mut self, sequence: u32) -> bool {
        if sequence == self.base && self.ahead.is_empty() {
            self.base = self.base.wrapping_add(1);
            return true;
        }
        let Some(mut offset) = sequence.checked_sub(self.base) else {
            // One of those that were passed over, as far as anybody knows.
            let late = self.skipped > 0;
            self.skipped -= u32::from(late);
            return late;
        };
        if offset >= WINDOW {
            self.pass_over(offset - WINDOW + 1);
            offset = sequence - self.base;
        }
        let (word, bit) = ((offset / 64) as usize, 1 << (offset % 64));
        if self.ahead.len() <= word {
            self.ahead.resize(word + 1, 0);
        }
        let Some(word) = self.ahead.get_mut(word) else { return false };
        let first = *word & bit == 0;
        *word |= bit;
        while self.ahead.front() == Some(&u64::MAX) {
            self.ahead.pop_front();
            self.base = self.base.wrapping_add(64);
        }
        first
    }

    /// How many different messages were heard.
    pub fn heard(&self) -> u64 {
        let ahead: u32 = self.ahead.iter().map(|word| word.count_ones()).sum();
        u64::from(self.base) - u64::from(self.skipped) + u64::from(ahead)
    }

    /// Moves the window on by at least `by` messages, which the sequence number bounds.
    fn pass_over(&mut self, by: u32) {
        let words = by.div_ceil(64);
        let kept = self.ahead.len().min(words as usize);
        let heard: u32 = self.ahead.drain(..kept).map(u64::count_ones).sum();
        self.base += words * 64;
        self.skipped += words * 64 - heard;
    }
}

/// Messages from the first missing one on that are kept apart; the longest gap that is told
/// exactly. Beyond it, a message that comes again may pass for one that was missing.
const WINDOW: u32 = 1 << 16;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn in_order_nothing_is_kept_apart() {
        let mut track = Track::default();
        assert!((0..100_000).all(|sequence| track.hear(sequence)));
        assert_eq!((track.heard(), track.ahead.capacity()), (100_000, 0));
        assert!(!track.hear(0) && !track.hear(99_999));
        assert_eq!(track.heard(), 100_000);
    }

    #[test]
    fn a_missing_message_stays_missing() {
        let mut track = Track::default();
        for sequence in (0..1000).filter(|&sequence| sequence != 500) {
            assert!(track.hear(sequence));
        }
        assert_eq!(track.heard(), 999);
        assert!(track.hear(500));
        assert!(!track.hear(500));
        assert_eq!(track.heard(), 1000);
    }

    #[test]
    fn a_gap_that_is_too_long_is_passed_over() {
        let mut track = Track::default();
        for sequence in (0..300_000).filter(|&sequence| sequence != 7) {
            assert!(track.hear(sequence), "{sequence}");
        }
        assert_eq!(track.heard(), 299_999);
        assert!(track.ahead.len() <= WINDOW as usize / 64);
        assert!(track.hear(7), "late, but not twice");
        assert!(!track.hear(7));
        assert_eq!(track.heard(), 300_000);
        assert!(track.hear(u32::MAX));
        assert!(!track.hear(u32::MAX));
        assert_eq!(track.heard(), 300_001);
    }

    proptest! {
        #[test]
        fn agrees_with_a_set(heard in prop::collection::vec(0_u32..60_000, 0..400)) {
            let (mut track, mut set) = (Track::default(), HashSet::new());
            for sequence in heard {
                prop_assert_eq!(track.hear(sequence), set.insert(sequence));
                prop_assert_eq!(track.heard(), set.len() as u64);
            }
        }
    }
}
