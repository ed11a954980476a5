//! Throttles: counts of calls over time, and their consequences.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use uuid::Uuid;

use crate::ids::PrimId;
use crate::time::Timestamp;

/// Second Life's throttles, by owner.
#[derive(Debug)]
pub(super) struct OwnerThrottles {
    public: Windows<Uuid>,
    instant_messages: Windows<Uuid>,
    /// By owner and destination.
    direct: Windows<(Uuid, Uuid)>,
    /// By object, after it has gone beyond `direct`.
    tripped: Windows<PrimId>,
    /// Owners that went beyond that, too.
    blocked: BTreeSet<Uuid>,
}

impl Default for OwnerThrottles {
    fn default() -> Self {
        Self {
            public: Windows::new(199, Duration::from_secs(10)),
            instant_messages: Windows::new(2500, Duration::from_secs(30 * 60)),
            direct: Windows::new(200, Duration::from_secs(10)),
            tripped: Windows::new(100, Duration::from_secs(300)),
            blocked: BTreeSet::new(),
        }
    }
}

impl OwnerThrottles {
    /// A line on the public or the debug channel.
    pub(super) fn allows_public(&mut self, now: Timestamp, owner: Uuid) -> bool {
        self.public.allows(now, owner)
    }

    /// A text by `llInstantMessage`.
    pub(super) fn allows_instant_message(&mut self, now: Timestamp, owner: Uuid) -> bool {
        self.instant_messages.allows(now, owner)
    }

    /// A text by `llRegionSayTo`. Only those on the public channel count, but a block covers all.
    pub(super) fn allows_direct(
        &mut self,
        now: Timestamp,
        (owner, object, destination): (Uuid, PrimId, Uuid),
        is_public: bool,
    ) -> bool {
        if self.blocked.contains(&owner) {
            return false;
        }
        if !is_public {
            return true;
        }
        let is_slow = self.direct.allows(now, (owner, destination));
        if is_slow && !self.tripped.knows(object) {
            return true;
        }
        if !self.tripped.allows(now, object) && self.blocked.len() < KEYS {
            self.blocked.insert(owner);
        }
        is_slow && !self.blocked.contains(&owner)
    }
}

/// OpenSim's throttle of one script: how often it said something on the public channel since when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SayWindow {
    since: Timestamp,
    count: u32,
}

impl SayWindow {
    /// How long the script sleeps for a `llSay` or `llShout`. Only those on the public channel
    /// count, and only they end the window; until then the others sleep, too.
    pub(super) fn sleep(&mut self, now: Timestamp, is_public: bool) -> Duration {
        if is_public {
            if now.since(self.since) >= Duration::from_secs(1) {
                *self = Self { since: now, count: 0 };
            }
            self.count = self.count.saturating_add(1);
        }
        if self.count >= FIRST_THAT_SLEEPS { Duration::from_secs(2) } else { Duration::ZERO }
    }
}

/// The last times of something, for each key.
#[derive(Debug)]
struct Windows<K> {
    allowed: usize,
    span: Duration,
    times: BTreeMap<K, VecDeque<Timestamp>>,
}

impl<K: Ord + Copy> Windows<K> {
    fn new(allowed: usize, span: Duration) -> Self {
        Self { allowed, span, times: BTreeMap::new() }
    }

    /// Counts one more, and whether it is among the first `allowed` of its time span. Those that
    /// are not count, too.
    fn allows(&mut self, now: Timestamp, key: K) -> bool {
        let Self { allowed, span, times } = self;
        let is_recent = |time: &Timestamp| now.since(*time) < *span;
        if times.len() >= KEYS && !times.contains_key(&key) {
            times.retain(|_, times| times.back().is_some_and(is_recent));
            if times.len() >= KEYS {
                return false;
            }
        }
        let times = times.entry(key).or_default();
        let is_allowed = times.len() < *allowed || !times.front().is_some_and(is_recent);
        times.push_back(now);
        if times.len() > *allowed {
            times.pop_front();
        }
        is_allowed
    }

    fn knows(&self, key: K) -> bool {
        self.times.contains_key(&key)
    }
}

/// Most keys that are watched; who comes beyond is refused.
const KEYS: usize = 1024;
/// Seen in: OpenSim; the twelfth line within a second.
const FIRST_THAT_SLEEPS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp::from_millis(milliseconds)
    }

    #[test]
    fn refused_calls_count() {
        let mut windows = Windows::new(2, Duration::from_secs(10));
        assert!(windows.allows(at(0), 1));
        assert!(windows.allows(at(1000), 1));
        assert!(!windows.allows(at(9000), 1));
        assert!(windows.allows(at(9000), 2), "others are not concerned");
        assert!(windows.allows(at(11_000), 1), "one within the last ten seconds");
        assert!(!windows.allows(at(18_000), 1), "two, of which one was refused at first");
    }

    #[test]
    fn many_keys_are_forgotten_when_idle_or_refused() {
        let mut windows = Windows::new(1, Duration::from_secs(1));
        (0..KEYS).for_each(|key| assert!(windows.allows(at(0), key)));
        assert!(!windows.allows(at(999), KEYS));
        assert!(windows.allows(at(1000), KEYS));
        assert_eq!(windows.times.len(), 1);
    }

    #[test]
    fn block_covers_all_channels_and_objects_of_an_owner() {
        let mut throttles = OwnerThrottles::default();
        let owner = Uuid::from_u128(1);
        let who = (owner, PrimId(Uuid::from_u128(2)), Uuid::from_u128(3));
        let allowed = (0..400).filter(|_| throttles.allows_direct(at(0), who, true)).count();
        assert_eq!(allowed, 200);
        let other = (owner, PrimId(Uuid::from_u128(4)), Uuid::from_u128(5));
        assert!(!throttles.allows_direct(at(1_000_000), other, false));
        let stranger = (Uuid::from_u128(6), PrimId(Uuid::from_u128(7)), Uuid::from_u128(3));
        assert!(throttles.allows_direct(at(0), stranger, true));
    }

    #[test]
    fn twelfth_say_of_a_second_sleeps_until_a_public_one() {
        let mut window = SayWindow::default();
        let two = Duration::from_secs(2);
        (0..11).for_each(|_| assert_eq!(window.sleep(at(5000), true), Duration::ZERO));
        assert_eq!(window.sleep(at(5000), true), two);
        assert_eq!(window.sleep(at(60_000), false), two);
        assert_eq!(window.sleep(at(60_000), true), Duration::ZERO);
        assert_eq!(window.sleep(at(60_000), false), Duration::ZERO);
    }
}
