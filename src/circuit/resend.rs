//! Reliable packets that wait for their ack.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Category, Outgoing, QueueLimit};
use crate::message::{Encoded, MessageId};
use crate::time::Timestamp;

/// The unacked packets, by their number in the circuit's own endless count.
///
/// Every packet has exactly one deadline. While it is in flight that is its time-out, while it
/// waits to be repeated it is the moment at which it is given up.
#[derive(Debug, Default)]
pub(super) struct Unacked {
    packets: BTreeMap<u64, Sent>,
    deadlines: BTreeSet<(Timestamp, u64)>,
    /// What is to be repeated: unthrottled messages first, then by age.
    due: BTreeSet<(bool, u64)>,
    bytes: usize,
}

#[derive(Debug)]
struct Sent {
    message: Encoded,
    throttled: bool,
    /// When it left for the first time.
    began: Timestamp,
    transmissions: u32,
    deadline: Timestamp,
}

/// What an ack tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acked {
    /// Nothing waited for it.
    Unknown,
    /// It answers the only transmission, which left this long ago.
    After(Duration),
    /// The packet was repeated: nobody knows which transmission it answers.
    Ambiguous,
}

/// The next packet to repeat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) number: u64,
    /// Whether it has to wait for the Resend bucket.
    pub(super) throttled: bool,
}

/// When to try again and when to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Time-out of a first transmission.
    pub(super) timeout: Duration,
    /// Longest time-out.
    pub(super) longest: Duration,
    /// Age at which a message is given up.
    pub(super) give_up_after: Duration,
}

impl Unacked {
    /// Keeps a packet that is just being sent for the first time.
    pub(super) fn insert(
        &mut self,
        now: Timestamp,
        number: u64,
        sent: &Outgoing,
        patience: Patience,
    ) {
        let deadline = now + patience.timeout.min(patience.give_up_after);
        self.bytes += sent.message.body.len();
        self.deadlines.insert((deadline, number));
        self.packets.insert(
            number,
            Sent {
                message: sent.message.clone(),
                throttled: sent.category != Category::Unthrottled,
                began: now,
                transmissions: 1,
                deadline,
            },
        );
    }

    /// Forgets an acked packet.
    pub(super) fn acknowledge(&mut self, now: Timestamp, number: u64) -> Acked {
        match self.remove(number) {
            None => Acked::Unknown,
            Some(sent) if sent.transmissions == 1 => Acked::After(now.since(sent.began)),
            Some(_) => Acked::Ambiguous,
        }
    }

    /// Puts what has timed out in line to be repeated. Gives one message that is given up, if any;
    /// call again until there is none.
    pub(super) fn expire(&mut self, now: Timestamp, patience: Patience) -> Option<MessageId> {
        while let Some(&(deadline, number)) = self.deadlines.first() {
            if deadline > now {
                break;
            }
            let Some(sent) = self.packets.get_mut(&number) else {
                self.deadlines.pop_first();
                continue;
            };
            let end = sent.began + patience.give_up_after;
            if end <= now {
                return self.remove(number).map(|sent| sent.message.id);
            }
            self.deadlines.pop_first();
            self.deadlines.insert((end, number));
            sent.deadline = end;
            self.due.insert((sent.throttled, number));
        }
        None
    }

    /// What to repeat next.
    pub(super) fn next_due(&self) -> Option<Due> {
        self.due.first().map(|&(throttled, number)| Due { number, throttled })
    }

    /// Takes a packet out of the line because it is being repeated now.
    pub(super) fn repeat(
        &mut self,
        now: Timestamp,
        due: Due,
        patience: Patience,
    ) -> Option<Encoded> {
        self.due.remove(&(due.throttled, due.number));
        let sent = self.packets.get_mut(&due.number)?;
        self.deadlines.remove(&(sent.deadline, due.number));
        // A sixteenth doubling is far beyond any ceiling.
        let wait = patience.timeout.saturating_mul(1 << sent.transmissions.min(16));
        let end = sent.began + patience.give_up_after;
        sent.transmissions += 1;
        sent.deadline = (now + wait.min(patience.longest)).min(end);
        self.deadlines.insert((sent.deadline, due.number));
        Some(sent.message.clone())
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn has_room(&self, limit: QueueLimit, bytes: usize) -> bool {
        self.packets.len() < limit.packets && self.bytes + bytes <= limit.bytes
    }

    /// The lowest number that waits for an ack.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.packets.first_key_value().map(|(&number, _)| number)
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn remove(&mut self, number: u64) -> Option<Sent> {
        let sent = self.packets.remove(&number)?;
        self.deadlines.remove(&(sent.deadline, number));
        self.due.remove(&(sent.throttled, number));
        self.bytes -= sent.message.body.len();
        Some(sent)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const PATIENCE: Patience = Patience {
        timeout: Duration::from_secs(1),
        longest: Duration::from_secs(3),
        give_up_after: Duration::from_secs(60),
    };

    fn sent(category: Category) -> Outgoing {
        let id = MessageId::high(4);
        let message = Encoded { id, body: Bytes::from_static(&[4, 0]), zerocoded: false };
        Outgoing { message, reliable: true, category }
    }

    #[test]
    fn every_packet_has_one_deadline_and_leaves_nothing_behind() {
        let mut unacked = Unacked::default();
        for number in 0..100 {
            let category = if number % 3 == 0 { Category::Unthrottled } else { Category::Task };
            unacked.insert(Timestamp::from_millis(number), number, &sent(category), PATIENCE);
        }
        let now = Timestamp::from_millis(1050);
        assert_eq!(unacked.expire(now, PATIENCE), None);
        assert_eq!(unacked.due.len(), 51);
        for _ in 0..30 {
            let due = unacked.next_due().unwrap();
            assert!(unacked.repeat(now, due, PATIENCE).is_some());
        }
        // Unthrottled ones first, then the oldest.
        assert_eq!(unacked.next_due().unwrap().number, 20);
        assert_eq!((unacked.deadlines.len(), unacked.due.len()), (100, 21));

        assert_eq!(unacked.acknowledge(now, 0), Acked::Ambiguous);
        assert_eq!(unacked.acknowledge(now, 0), Acked::Unknown);
        assert_eq!(unacked.acknowledge(now, 50), Acked::After(Duration::from_secs(1)));
        assert_eq!((unacked.deadlines.len(), unacked.due.len()), (98, 20));

        let end = Timestamp::from_millis(61_000);
        let given_up = std::iter::from_fn(|| unacked.expire(end, PATIENCE)).count();
        assert_eq!(given_up, 98);
        assert_eq!((unacked.len(), unacked.bytes()), (0, 0));
        assert_eq!((unacked.deadlines.len(), unacked.due.len()), (0, 0));
    }
}
