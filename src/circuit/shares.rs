//! The share of each sender in what is queued on one circuit, so that nobody's messages crowd out
//! another's or end the circuit.

use std::num::NonZeroU16;

use uuid::Uuid;

use super::QueueLimit;

/// Senders with messages that wait here to be sent or acked.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// By [`ShareId`]. A sender with nothing waiting gives its place to the next one, so there are
    /// never more places than messages waited at once.
    places: Vec<Share>,
    waiting: usize,
    bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Share {
    origin: Uuid,
    packets: u32,
    bytes: usize,
}

/// A sender's place; valid while one of its messages waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShareId(NonZeroU16);

impl Shares {
    /// Counts a message of `origin`, if both the sender's and everybody's limit have room for it.
    pub(super) fn take(
        &mut self,
        origin: Uuid,
        bytes: usize,
        own: QueueLimit,
        all: QueueLimit,
    ) -> Option<ShareId> {
        if self.waiting >= all.packets || self.bytes + bytes > all.bytes {
            return None;
        }
        let mut free = None;
        let mut found = None;
        for (index, share) in self.places.iter().enumerate() {
            if share.packets == 0 {
                free = Some(index);
            } else if share.origin == origin {
                found = Some(index);
                break;
            }
        }
        let index = found.or(free).unwrap_or(self.places.len());
        let id = ShareId(NonZeroU16::new(u16::try_from(index + 1).ok()?)?);
        if found.is_none() {
            let share = Share { origin, packets: 0, bytes: 0 };
            match self.places.get_mut(index) {
                Some(place) => *place = share,
                None => self.places.push(share),
            }
        }
        let share = self.places.get_mut(index)?;
        if share.packets as usize >= own.packets || share.bytes + bytes > own.bytes {
            return None;
        }
        share.packets += 1;
        share.bytes += bytes;
        self.waiting += 1;
        self.bytes += bytes;
        Some(id)
    }

    /// A message of that many bytes waits no longer.
    pub(super) fn give_back(&mut self, id: ShareId, bytes: usize) {
        let Some(share) = self.places.get_mut(usize::from(id.0.get()) - 1) else { return };
        share.packets = share.packets.saturating_sub(1);
        share.bytes = share.bytes.saturating_sub(bytes);
        self.waiting = self.waiting.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        if self.waiting == 0 && self.places.len() > MOST_UNUSED {
            self.places = Vec::new();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Places that are kept while nothing waits.
const MOST_UNUSED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: QueueLimit = QueueLimit { packets: 10, bytes: 1000 };
    const OWN: QueueLimit = QueueLimit { packets: 4, bytes: 300 };

    fn sender(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn a_sender_fills_its_own_share_only() {
        let mut shares = Shares::default();
        let mut take = |number, bytes| shares.take(sender(number), bytes, OWN, ALL);
        assert!((0..4).all(|_| take(1, 10).is_some()));
        assert_eq!(take(1, 10), None, "packets");
        assert!(take(2, 300).is_some());
        assert_eq!(take(2, 1), None, "bytes");
        assert!(take(3, 10).is_some());
    }

    #[test]
    fn all_senders_together_have_a_limit() {
        let mut shares = Shares::default();
        let mut take = |number, bytes| shares.take(sender(number), bytes, OWN, ALL);
        assert!((1..=3).all(|number| take(number, 300).is_some()));
        assert_eq!(take(4, 101), None, "bytes");
        assert!((4..=10).all(|number| take(number, 1).is_some()));
        assert_eq!(take(11, 1), None, "packets");
    }

    #[test]
    fn places_given_back_are_taken_by_others() {
        let mut shares = Shares::default();
        for round in 0..1000 {
            let ids: Vec<ShareId> = (0..10)
                .map(|number| shares.take(sender(round + number), 100, OWN, ALL).unwrap())
                .collect();
            assert_eq!(shares.take(sender(0), 1, OWN, ALL), None);
            for id in ids {
                shares.give_back(id, 100);
            }
        }
        assert_eq!((shares.places.len(), shares.waiting, shares.bytes), (10, 0, 0));
    }
}
