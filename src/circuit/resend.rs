//! Reliable packets that have not been acked yet.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::queue::Queued;
use super::shares::ShareId;
use super::{Category, QueueLimit};
use crate::message::{Encoded, MessageId};
use crate::time::Timestamp;

/// The unacked packets, by their number in the circuit's own endless count.
///
/// Every packet has exactly one deadline. While it is in flight that is its time-out, while it
/// waits to be repeated it is the moment at which it is given up.
///
/// Nearly all packets are acked long before their deadline, so these are not kept in order: the
/// circuit only knows a time before which none of them is due, and looks through all when that has
/// come. Sending and acking then touch one list and nothing else.
///
/// The circuit as a whole backs off. When a packet times out and nothing was acked since it left, the
/// peer is silent: only a packet or two are repeated, with doubling waits, and everything else that
/// has timed out waits behind them until the next ack.
#[derive(Debug, Default)]
pub(super) struct Unacked {
    /// In the order of numbers. Those that were acked leave a gap until it reaches an end or gaps
    /// are in the majority.
    packets: VecDeque<Slot>,
    live: usize,
    /// No deadline is earlier; none at all when nothing is unacked.
    next_deadline: Option<Timestamp>,
    /// What is to be repeated: unthrottled messages first, then what was tried least, then by age.
    due: BTreeSet<(bool, u32, u64)>,
    bytes: usize,
    last_ack: Option<Timestamp>,
    /// Whether a packet that left after the last ack waits for its own.
    fresh: bool,
    silence: Option<Silence>,
}

/// How a peer is treated that acks nothing.
#[derive(Clone, Copy, Debug)]
struct Silence {
    /// Until the next probe.
    wait: Duration,
    next: Timestamp,
    /// Packets that this probe may still repeat.
    allowed: u32,
}

#[derive(Debug)]
struct Slot {
    number: u64,
    sent: Option<Sent>,
}

#[derive(Debug)]
struct Sent {
    message: Encoded,
    throttled: bool,
    /// When it left for the first time.
    began: Timestamp,
    /// When it left last.
    left: Timestamp,
    transmissions: u32,
    deadline: Timestamp,
    token: Option<u64>,
    share: Option<ShareId>,
}

/// A packet whose ack has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Acked {
    /// How long ago its only transmission left; none if it was repeated, because nobody knows which
    /// transmission the ack answers.
    pub(super) after: Option<Duration>,
    pub(super) token: Option<u64>,
    pub(super) share: Option<ShareId>,
    pub(super) bytes: usize,
}

/// A packet that is repeated no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GivenUp {
    pub(super) id: MessageId,
    pub(super) token: Option<u64>,
    pub(super) share: Option<ShareId>,
    pub(super) bytes: usize,
}

/// The next packet to repeat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) number: u64,
    /// Whether it has to wait for the Resend bucket.
    pub(super) throttled: bool,
    /// Whether it asks a silent peer.
    pub(super) probe: bool,
    transmissions: u32,
}

/// When to try again and when to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Time-out of a first transmission.
    pub(super) timeout: Duration,
    /// Longest time-out.
    pub(super) longest: Duration,
    /// Longest wait between two probes of a silent peer.
    pub(super) longest_probe: Duration,
    /// Age at which a message is given up.
    pub(super) give_up_after: Duration,
}

impl Unacked {
    /// Keeps a packet that is just being sent for the first time.
    pub(super) fn insert(
        &mut self,
        now: Timestamp,
        number: u64,
        Queued { outgoing: sent, token, share, .. }: Queued,
        patience: Patience,
    ) {
        let deadline = now + patience.timeout.min(patience.give_up_after);
        self.bytes += sent.message.body.len();
        self.live += 1;
        self.note_deadline(deadline);
        if !self.fresh {
            // Some clients never ack kinds of messages that they do not know. The silence about
            // those says nothing about this one.
            self.fresh = true;
            self.silence = None;
        }
        let sent = Sent {
            throttled: sent.category != Category::Unthrottled,
            message: sent.message,
            began: now,
            left: now,
            transmissions: 1,
            deadline,
            token,
            share,
        };
        self.packets.push_back(Slot { number, sent: Some(sent) });
    }

    /// Forgets an acked packet, if it waited for its ack.
    pub(super) fn acknowledge(&mut self, now: Timestamp, number: u64) -> Option<Acked> {
        let sent = self.remove(number)?;
        self.last_ack = Some(now);
        self.fresh = false;
        self.silence = None;
        let after = (sent.transmissions == 1).then(|| now.since(sent.began));
        let bytes = sent.message.body.len();
        Some(Acked { after, token: sent.token, share: sent.share, bytes })
    }

    /// Repeats a packet no longer, because a newer one tells the same.
    pub(super) fn withdraw(&mut self, number: u64) -> Option<GivenUp> {
        self.remove(number).map(Sent::given_up)
    }

    /// Whether the peer has acked nothing since a packet timed out.
    pub(super) fn is_silent(&self) -> bool {
        self.silence.is_some()
    }

    /// For how long the peer has acked nothing although something waits for its ack.
    pub(super) fn waits_for(&self, now: Timestamp) -> Duration {
        let Some(oldest) = self.packets.front().and_then(|slot| slot.sent.as_ref()) else {
            return Duration::ZERO;
        };
        now.since(self.last_ack.map_or(oldest.began, |acked| acked.max(oldest.began)))
    }

    /// Puts what has timed out in line to be repeated. Gives one message that is given up, if any;
    /// call again until there is none.
    pub(super) fn expire(&mut self, now: Timestamp, patience: Patience) -> Option<GivenUp> {
        if let Some(silence) = self.silence.as_mut().filter(|silence| silence.next <= now) {
            silence.wait = (silence.wait * 2).min(patience.longest_probe);
            silence.next = now + silence.wait;
            silence.allowed = PROBES;
        }
        if self.next_deadline.is_none_or(|next| next > now) {
            return None;
        }
        let mut silent = false;
        let mut next: Option<Timestamp> = None;
        let mut given_up = None;
        for slot in &mut self.packets {
            let Some(sent) = &mut slot.sent else { continue };
            if sent.deadline <= now {
                let end = sent.began + patience.give_up_after;
                if end <= now {
                    given_up = Some(slot.number);
                    break;
                }
                sent.deadline = end;
                silent |= self.last_ack.is_none_or(|acked| acked < sent.left);
                self.due.insert((sent.throttled, sent.transmissions, slot.number));
            }
            next = Some(next.map_or(sent.deadline, |next| next.min(sent.deadline)));
        }
        if silent && self.silence.is_none() {
            let wait = (patience.timeout * 2).min(patience.longest_probe);
            self.silence = Some(Silence { wait, next: now + wait, allowed: PROBES });
        }
        // After a give-up the look-through is not over: the next call goes on.
        if let Some(number) = given_up {
            return self.remove(number).map(Sent::given_up);
        }
        self.next_deadline = next;
        None
    }

    /// What to repeat next.
    pub(super) fn next_due(&self) -> Option<Due> {
        if self.silence.is_some_and(|silence| silence.allowed == 0) {
            return None;
        }
        let &(throttled, transmissions, number) = self.due.first()?;
        Some(Due { number, throttled, probe: self.silence.is_some(), transmissions })
    }

    /// Takes a packet out of the line because it is being repeated now.
    pub(super) fn repeat(
        &mut self,
        now: Timestamp,
        due: Due,
        patience: Patience,
    ) -> Option<Encoded> {
        self.due.remove(&(due.throttled, due.transmissions, due.number));
        if let Some(silence) = &mut self.silence {
            silence.allowed = silence.allowed.saturating_sub(1);
        }
        let at = self.position(due.number)?;
        let sent = self.packets.get_mut(at)?.sent.as_mut()?;
        // A sixteenth doubling is far beyond any ceiling.
        let wait = patience.timeout.saturating_mul(1 << sent.transmissions.min(16));
        let end = sent.began + patience.give_up_after;
        sent.transmissions += 1;
        sent.left = now;
        sent.deadline = (now + wait.min(patience.longest)).min(end);
        let (message, deadline) = (sent.message.clone(), sent.deadline);
        self.note_deadline(deadline);
        Some(message)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn has_room(&self, limit: QueueLimit, bytes: usize) -> bool {
        self.live < limit.packets && self.bytes + bytes <= limit.bytes
    }

    /// The lowest number that waits for an ack.
    pub(super) fn oldest(&self) -> Option<u64> {
        // Gaps never lie at the front.
        self.packets.front().map(|slot| slot.number)
    }

    /// When to look for what has timed out; there may be nothing yet.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        let deadline = self.next_deadline?;
        let probe = self.silence.filter(|_| !self.due.is_empty()).map(|silence| silence.next);
        Some(probe.map_or(deadline, |probe| probe.min(deadline)))
    }

    /// Bytes of a packet's message; none of one that waits no longer.
    pub(super) fn length_of(&self, number: u64) -> usize {
        let slot = self.position(number).and_then(|at| self.packets.get(at));
        slot.and_then(|slot| slot.sent.as_ref()).map_or(0, |sent| sent.message.body.len())
    }

    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn note_deadline(&mut self, deadline: Timestamp) {
        self.next_deadline = Some(self.next_deadline.map_or(deadline, |next| next.min(deadline)));
    }

    /// Where a number is in the list, or was before it was acked.
    fn position(&self, number: u64) -> Option<usize> {
        // Most acks come in order.
        if self.packets.front()?.number == number {
            return Some(0);
        }
        self.packets.binary_search_by_key(&number, |slot| slot.number).ok()
    }

    fn remove(&mut self, number: u64) -> Option<Sent> {
        let at = self.position(number)?;
        let sent = self.packets.get_mut(at)?.sent.take()?;
        self.live -= 1;
        self.bytes -= sent.message.body.len();
        self.due.remove(&(sent.throttled, sent.transmissions, number));
        while self.packets.front().is_some_and(|slot| slot.sent.is_none()) {
            self.packets.pop_front();
        }
        if self.live == 0 {
            self.next_deadline = None;
            self.silence = None;
        } else if self.packets.len() > MOST_GAPS + 2 * self.live {
            self.packets.retain(|slot| slot.sent.is_some());
        }
        Some(sent)
    }
}

impl Sent {
    fn given_up(self) -> GivenUp {
        let bytes = self.message.body.len();
        GivenUp { id: self.message.id, token: self.token, share: self.share, bytes }
    }
}

/// Packets that one probe repeats.
const PROBES: u32 = 2;

/// Gaps that are not worth closing.
const MOST_GAPS: usize = 64;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::Outgoing;
    use super::*;

    const PATIENCE: Patience = Patience {
        timeout: Duration::from_secs(1),
        longest: Duration::from_secs(3),
        longest_probe: Duration::from_secs(8),
        give_up_after: Duration::from_secs(60),
    };

    fn sent(category: Category) -> Queued {
        let id = MessageId::high(4);
        let message = Encoded { id, body: Bytes::from_static(&[4, 0]), zerocoded: false };
        Queued::new(Outgoing::reliable(message, category), None)
    }

    fn acked(after: Option<Duration>) -> Acked {
        Acked { after, token: None, share: None, bytes: 2 }
    }

    #[test]
    fn every_packet_has_one_deadline_and_leaves_nothing_behind() {
        let mut unacked = Unacked::default();
        for number in 0..100 {
            let category = if number % 3 == 0 { Category::Unthrottled } else { Category::Task };
            unacked.insert(Timestamp::from_millis(number), number, sent(category), PATIENCE);
        }
        let now = Timestamp::from_millis(1050);
        // The peer is not silent.
        unacked.insert(now, 100, sent(Category::Task), PATIENCE);
        assert!(unacked.acknowledge(now, 100).is_some());
        assert_eq!(unacked.expire(now, PATIENCE), None);
        assert_eq!(unacked.due.len(), 51);
        for _ in 0..30 {
            let due = unacked.next_due().unwrap();
            assert!(unacked.repeat(now, due, PATIENCE).is_some());
        }
        // Unthrottled ones first, then the oldest.
        assert_eq!(unacked.next_due().unwrap().number, 20);
        assert_eq!((unacked.len(), unacked.due.len()), (100, 21));

        assert_eq!(unacked.acknowledge(now, 0), Some(acked(None)));
        assert_eq!(unacked.acknowledge(now, 0), None);
        assert_eq!(unacked.acknowledge(now, 50), Some(acked(Some(Duration::from_secs(1)))));
        assert_eq!((unacked.len(), unacked.due.len()), (98, 20));

        let end = Timestamp::from_millis(61_000);
        let given_up = std::iter::from_fn(|| unacked.expire(end, PATIENCE)).count();
        assert_eq!(given_up, 98);
        assert_eq!((unacked.len(), unacked.bytes()), (0, 0));
        assert_eq!((unacked.packets.len(), unacked.due.len()), (0, 0));
        assert_eq!(unacked.next_deadline(), None);
    }

    #[test]
    fn one_packet_that_is_never_acked_keeps_no_others_in_memory() {
        let mut unacked = Unacked::default();
        for number in 0..10_000 {
            unacked.insert(Timestamp::ZERO, number, sent(Category::Task), PATIENCE);
            if number > 0 {
                assert!(unacked.acknowledge(Timestamp::ZERO, number).is_some());
            }
        }
        assert_eq!((unacked.len(), unacked.oldest()), (1, Some(0)));
        assert!(unacked.packets.len() <= MOST_GAPS + 3, "{}", unacked.packets.len());
    }

    #[test]
    fn acks_in_any_order_find_their_packets() {
        let mut unacked = Unacked::default();
        // Numbers have gaps where unreliable packets went.
        let numbers: Vec<u64> = (0..500).map(|n| n * 3).collect();
        for &number in &numbers {
            unacked.insert(Timestamp::ZERO, number, sent(Category::Task), PATIENCE);
        }
        let mut order = numbers.clone();
        fastrand::Rng::with_seed(7).shuffle(&mut order);
        for (count, &number) in order.iter().enumerate() {
            assert_eq!(unacked.len(), 500 - count);
            assert_eq!(unacked.acknowledge(Timestamp::ZERO, number + 1), None);
            let expected = Some(acked(Some(Duration::ZERO)));
            assert_eq!(unacked.acknowledge(Timestamp::ZERO, number), expected);
            let oldest = order[count + 1..].iter().min().copied();
            assert_eq!(unacked.oldest(), oldest);
        }
        assert_eq!(unacked.bytes(), 0);
    }
}
