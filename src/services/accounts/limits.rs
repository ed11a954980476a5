//! How often a login may fail: one token bucket per account name and one per address.
//!
//! Only failures take tokens, so any number of good logins from one address pass.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::time::Timestamp;

/// How many failures in a row, and how soon again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureLimit {
    /// Failures that are possible at once.
    pub burst: u32,
    /// Time after which one more is.
    pub refill: Duration,
}

/// The failures of late.
#[derive(Debug)]
pub struct Failures {
    by_account: Buckets<String>,
    by_address: Buckets<IpAddr>,
}

impl Failures {
    /// None yet. Each table holds at most `capacity` entries.
    pub fn new(account: FailureLimit, address: FailureLimit, capacity: usize) -> Self {
        Self {
            by_account: Buckets::new(account, capacity),
            by_address: Buckets::new(address, capacity),
        }
    }

    /// Notes a failed login for the account with that name key.
    pub fn record(&mut self, account: &str, address: IpAddr, now: Timestamp) {
        self.by_account.take(account.to_owned(), now);
        self.by_address.take(network(address), now);
    }

    /// Forgets the account's failures; those of the address stay, or one own account would be
    /// enough to try others for ever.
    pub fn forgive(&mut self, account: &str) {
        self.by_account.levels.remove(account);
    }

    /// How long until the next try is possible; none if it is now.
    pub fn wait(&self, account: &str, address: IpAddr, now: Timestamp) -> Option<Duration> {
        let account = self.by_account.wait(account, now);
        account.max(self.by_address.wait(&network(address), now))
    }
}

/// Full buckets are not kept.
#[derive(Debug)]
struct Buckets<K> {
    limit: FailureLimit,
    capacity: usize,
    /// When the bucket will be full again: the level, in time.
    levels: HashMap<K, Timestamp>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    fn new(limit: FailureLimit, capacity: usize) -> Self {
        Self { limit, capacity: capacity.max(1), levels: HashMap::new() }
    }

    fn take(&mut self, key: K, now: Timestamp) {
        if self.levels.len() >= self.capacity && !self.levels.contains_key(&key) {
            self.make_room(now);
        }
        let full_at = self.levels.entry(key).or_insert(now);
        // Never deeper than empty: tries in flight when the limit was reached cost no extra time.
        let empty = now + self.limit.refill * self.limit.burst.max(1);
        *full_at = ((*full_at).max(now) + self.limit.refill).min(empty);
    }

    fn wait<Q>(&self, key: &Q, now: Timestamp) -> Option<Duration>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let missing = self.levels.get(key)?.since(now);
        let spare = self.limit.refill * (self.limit.burst.max(1) - 1);
        missing.checked_sub(spare).filter(|wait| !wait.is_zero())
    }

    /// Drops what is full again; if that is nothing, the half that will be full first, so that
    /// making room stays cheap however many keys an attacker makes up.
    fn make_room(&mut self, now: Timestamp) {
        self.levels.retain(|_, full_at| *full_at > now);
        if self.levels.len() < self.capacity {
            return;
        }
        let mut times: Vec<Timestamp> = self.levels.values().copied().collect();
        let middle = times.len() / 2;
        let (_, &mut median, _) = times.select_nth_unstable(middle);
        let mut over = self.levels.len() - middle;
        self.levels.retain(|_, full_at| {
            let drop = *full_at <= median && over > 0;
            over -= usize::from(drop);
            !drop
        });
    }
}

/// IPv6 hosts choose freely among the addresses of their /64, so they count as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: FailureLimit = FailureLimit { burst: 3, refill: Duration::from_secs(10) };
    const WIDE: FailureLimit = FailureLimit { burst: 1000, refill: Duration::from_secs(1) };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn host(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[test]
    fn burst_then_one_each_refill() {
        let mut failures = Failures::new(LIMIT, WIDE, 100);
        for _ in 0..3 {
            assert_eq!(failures.wait("a b", host(1), at(100)), None);
            failures.record("a b", host(1), at(100));
        }
        assert_eq!(failures.wait("a b", host(1), at(100)), Some(Duration::from_secs(10)));
        assert_eq!(failures.wait("a b", host(2), at(104)), Some(Duration::from_secs(6)));
        assert_eq!(failures.wait("c d", host(1), at(100)), None);
        assert_eq!(failures.wait("a b", host(1), at(110)), None);
        failures.record("a b", host(1), at(110));
        assert_eq!(failures.wait("a b", host(1), at(110)), Some(Duration::from_secs(10)));
    }

    #[test]
    fn success_forgives_the_account_but_not_the_address() {
        let mut failures = Failures::new(WIDE, LIMIT, 100);
        for _ in 0..3 {
            failures.record("a b", host(1), at(0));
        }
        failures.forgive("a b");
        assert!(failures.wait("a b", host(1), at(0)).is_some());
        assert!(failures.wait("a b", host(2), at(0)).is_none());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let two: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        let mapped: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
        assert_eq!(network(one), network(two));
        assert_ne!(network(one), network(other));
        assert_eq!(network(mapped), host(1));
    }

    proptest! {
        #[test]
        fn tables_stay_bounded_and_waits_short(
            tries in prop::collection::vec((0u8..40, 0u8..40, 0u64..5), 0..400),
        ) {
            let mut failures = Failures::new(LIMIT, LIMIT, 8);
            let mut now = at(0);
            for (account, address, pause) in tries {
                now = now + Duration::from_secs(pause);
                let name = account.to_string();
                failures.record(&name, host(address), now);
                prop_assert!(failures.by_account.levels.len() <= 8);
                prop_assert!(failures.by_address.levels.len() <= 8);
                let wait = failures.wait(&name, host(address), now);
                prop_assert!(wait.is_none_or(|wait| wait <= LIMIT.refill));
            }
        }
    }
}
