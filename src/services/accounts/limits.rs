//! The rate limit on failed logins: one token bucket per account name and one per address.
//!
//! An attempt takes its tokens before it is checked and gets them back unless it was wrong. So any
//! number of correct logins pass, and never more guesses are checked than there are tokens.
//! Attempts beyond that wait for the outcome of those in progress.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::time::Timestamp;

/// How many failures in a row, and how soon again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureLimit {
    /// Failures that are possible at once.
    pub burst: u32,
    /// Time after which one more is.
    pub refill: Duration,
}

/// The limits on failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureLimits {
    /// Of one account.
    pub account: FailureLimit,
    /// From one address (of IPv6, from one /64).
    pub address: FailureLimit,
    /// Whether loopback addresses are limited, too.
    pub loopback: bool,
    /// Entries that each table holds at most.
    pub remembered: usize,
}

/// The failures of late.
#[derive(Debug)]
pub struct Failures {
    by_account: Buckets<Target>,
    by_address: Buckets<IpAddr>,
    loopback: bool,
    known: Known,
}

/// What a try counts against.
///
/// At an address where the account has logged in before its owner is likely: such an address has a
/// bucket of its own, so that strangers elsewhere cannot lock the owner out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Target {
    account: String,
    known: Option<IpAddr>,
}

/// A try under way. It must come back to [`Failures::end`].
#[derive(Debug)]
pub struct Try {
    target: Target,
    address: Option<IpAddr>,
    network: IpAddr,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Name and password fit.
    Right,
    /// They do not.
    Wrong,
    /// Nobody knows: something else went wrong.
    Unjudged,
}

/// Whether a try may be judged.
#[derive(Debug)]
pub enum Admission {
    /// Now.
    Now(Try),
    /// That depends on tries under way: to be asked again when this completes.
    After(OwnedNotified),
    /// Not before this time has passed.
    Refused(Duration),
}

impl Failures {
    /// None yet.
    pub fn new(limits: FailureLimits) -> Self {
        Self {
            by_account: Buckets::new(limits.account, limits.remembered),
            by_address: Buckets::new(limits.address, limits.remembered),
            loopback: limits.loopback,
            known: Known::new(limits.remembered),
        }
    }

    /// Asks to judge a login of the account with that name key.
    pub fn begin(&mut self, account: &str, from: IpAddr, now: Timestamp) -> Admission {
        let (target, address) = self.counted(account, from);
        let network = network(from);
        let by_account = self.by_account.level(&target, now);
        let by_address =
            address.map_or(Level::Free, |address| self.by_address.level(&address, now));
        match (by_account, by_address) {
            (Level::Empty(one), Level::Empty(other)) => Admission::Refused(one.max(other)),
            (Level::Empty(wait), _) | (_, Level::Empty(wait)) => Admission::Refused(wait),
            (Level::Open(ended), _) | (_, Level::Open(ended)) => {
                Admission::After(ended.notified_owned())
            }
            (Level::Free, Level::Free) => {
                self.by_account.begin(target.clone());
                if let Some(address) = address {
                    self.by_address.begin(address);
                }
                Admission::Now(Try { target, address, network })
            }
        }
    }

    /// Ends a try. One that was right forgets the failures of its account, but not those of its
    /// address, or one own account would be enough to try others for ever.
    pub fn end(&mut self, tried: Try, outcome: Outcome, now: Timestamp) {
        let Try { target, address, network } = tried;
        self.by_account.end(&target);
        if let Some(address) = &address {
            self.by_address.end(address);
        }
        match outcome {
            Outcome::Right => {
                self.by_account.levels.remove(&target);
                self.known.insert(target.account, network);
            }
            Outcome::Wrong => {
                self.by_account.take(target, now);
                if let Some(address) = address {
                    self.by_address.take(address, now);
                }
            }
            Outcome::Unjudged => {}
        }
    }

    /// How long until a try is possible; none if one is now.
    pub fn wait(&self, account: &str, from: IpAddr, now: Timestamp) -> Option<Duration> {
        let (target, address) = self.counted(account, from);
        let account = self.by_account.missing(&target, now);
        account.max(address.and_then(|address| self.by_address.missing(&address, now)))
    }

    /// Remembers that the account has logged in from there.
    pub fn remember(&mut self, account: &str, from: IpAddr) {
        self.known.insert(account.to_owned(), network(from));
    }

    fn counted(&self, account: &str, from: IpAddr) -> (Target, Option<IpAddr>) {
        let network = network(from);
        let known = self.known.contains(account, network).then_some(network);
        let limited = self.loopback || !network.is_loopback();
        (Target { account: account.to_owned(), known }, limited.then_some(network))
    }
}

/// Where accounts have logged in, the oldest giving way.
#[derive(Debug)]
struct Known {
    capacity: usize,
    pairs: HashSet<(String, IpAddr)>,
    /// The same, oldest first.
    order: VecDeque<(String, IpAddr)>,
}

impl Known {
    fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), pairs: HashSet::new(), order: VecDeque::new() }
    }

    fn contains(&self, account: &str, network: IpAddr) -> bool {
        self.pairs.contains(&(account.to_owned(), network))
    }

    fn insert(&mut self, account: String, network: IpAddr) {
        let pair = (account, network);
        if !self.pairs.insert(pair.clone()) {
            return;
        }
        self.order.push_back(pair);
        while self.order.len() > self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.pairs.remove(&oldest);
            }
        }
    }
}

/// Full buckets are not kept.
#[derive(Debug)]
struct Buckets<K> {
    limit: FailureLimit,
    capacity: usize,
    /// When the bucket will be full again: the level, in time.
    levels: HashMap<K, Timestamp>,
    /// Tries that are being judged; as many as the logins at work at a time.
    under_way: HashMap<K, UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    count: u32,
    ended: Arc<Notify>,
}

/// What a bucket has for one more try.
#[derive(Debug)]
enum Level {
    /// A token.
    Free,
    /// One if a try under way gives its own back.
    Open(Arc<Notify>),
    /// Nothing, for so long.
    Empty(Duration),
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    fn new(limit: FailureLimit, capacity: usize) -> Self {
        let (levels, under_way) = (HashMap::new(), HashMap::new());
        Self { limit, capacity: capacity.max(1), levels, under_way }
    }

    fn level(&self, key: &K, now: Timestamp) -> Level {
        if let Some(wait) = self.missing(key, now) {
            return Level::Empty(wait);
        }
        let Some(under_way) = self.under_way.get(key) else { return Level::Free };
        let missing = self.levels.get(key).map_or(Duration::ZERO, |full_at| full_at.since(now));
        if missing + self.limit.refill * under_way.count > self.spare() {
            return Level::Open(Arc::clone(&under_way.ended));
        }
        Level::Free
    }

    fn begin(&mut self, key: K) {
        self.under_way.entry(key).or_default().count += 1;
    }

    fn end(&mut self, key: &K) {
        let Some(under_way) = self.under_way.get_mut(key) else { return };
        under_way.ended.notify_waiters();
        under_way.count -= 1;
        if under_way.count == 0 {
            self.under_way.remove(key);
        }
    }

    fn take(&mut self, key: K, now: Timestamp) {
        if self.levels.len() >= self.capacity && !self.levels.contains_key(&key) {
            self.make_room(now);
        }
        let full_at = self.levels.entry(key).or_insert(now);
        let empty = now + self.limit.refill * self.limit.burst.max(1);
        *full_at = ((*full_at).max(now) + self.limit.refill).min(empty);
    }

    /// How long an empty bucket stays so.
    fn missing(&self, key: &K, now: Timestamp) -> Option<Duration> {
        let missing = self.levels.get(key)?.since(now);
        missing.checked_sub(self.spare()).filter(|wait| !wait.is_zero())
    }

    /// How far from full a bucket may be that still has a token.
    fn spare(&self) -> Duration {
        self.limit.refill * (self.limit.burst.max(1) - 1)
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
        IpAddr::V6(v6) if !v6.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)))
        }
        single => single,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: FailureLimit = FailureLimit { burst: 3, refill: Duration::from_secs(10) };
    const WIDE: FailureLimit = FailureLimit { burst: 1000, refill: Duration::from_secs(1) };

    fn failures(account: FailureLimit, address: FailureLimit) -> Failures {
        Failures::new(FailureLimits { account, address, loopback: false, remembered: 100 })
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn host(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn begun(failures: &mut Failures, account: &str, from: IpAddr, now: Timestamp) -> Try {
        match failures.begin(account, from, now) {
            Admission::Now(tried) => tried,
            other => panic!("{other:?}"),
        }
    }

    fn fail(failures: &mut Failures, account: &str, from: IpAddr, now: Timestamp) {
        let tried = begun(failures, account, from, now);
        failures.end(tried, Outcome::Wrong, now);
    }

    #[test]
    fn burst_then_one_each_refill() {
        let mut failures = failures(LIMIT, WIDE);
        for _ in 0..3 {
            fail(&mut failures, "a b", host(1), at(100));
        }
        assert_eq!(failures.wait("a b", host(1), at(100)), Some(Duration::from_secs(10)));
        assert_eq!(failures.wait("a b", host(2), at(104)), Some(Duration::from_secs(6)));
        assert_eq!(failures.wait("c d", host(1), at(100)), None);
        fail(&mut failures, "a b", host(1), at(110));
        assert_eq!(failures.wait("a b", host(1), at(110)), Some(Duration::from_secs(10)));
    }

    #[test]
    fn tries_under_way_hold_their_tokens() {
        let mut failures = failures(LIMIT, WIDE);
        let mut tries: Vec<_> =
            (0..3).map(|_| begun(&mut failures, "a b", host(1), at(0))).collect();
        assert!(matches!(failures.begin("a b", host(2), at(0)), Admission::After(_)));
        failures.end(tries.pop().unwrap(), Outcome::Unjudged, at(0));
        tries.push(begun(&mut failures, "a b", host(2), at(0)));
        for tried in tries {
            failures.end(tried, Outcome::Wrong, at(0));
        }
        assert!(matches!(failures.begin("a b", host(2), at(0)), Admission::Refused(_)));
        assert!(failures.by_account.under_way.is_empty());
        assert!(failures.by_address.under_way.is_empty());
    }

    #[tokio::test]
    async fn waiter_hears_of_the_end_even_before_it_listens() {
        let mut failures = failures(FailureLimit { burst: 1, ..LIMIT }, WIDE);
        let first = begun(&mut failures, "a b", host(1), at(0));
        let Admission::After(ended) = failures.begin("a b", host(1), at(0)) else {
            panic!("one token, one try");
        };
        failures.end(first, Outcome::Right, at(0));
        ended.await;
        begun(&mut failures, "a b", host(1), at(0));
    }

    #[test]
    fn success_forgives_the_account_but_not_the_address() {
        let mut failures = failures(LIMIT, LIMIT);
        fail(&mut failures, "a b", host(1), at(0));
        fail(&mut failures, "a b", host(1), at(0));
        let right = begun(&mut failures, "a b", host(1), at(0));
        failures.end(right, Outcome::Right, at(0));
        fail(&mut failures, "c d", host(1), at(0));
        assert!(failures.wait("a b", host(1), at(0)).is_some());
        assert!(failures.wait("a b", host(2), at(0)).is_none());
    }

    #[test]
    fn strangers_do_not_lock_an_owner_out_where_it_was_before() {
        let mut failures = failures(LIMIT, WIDE);
        failures.remember("a b", host(1));
        for _ in 0..3 {
            fail(&mut failures, "a b", host(2), at(0));
        }
        assert!(failures.wait("a b", host(2), at(0)).is_some());
        assert!(failures.wait("a b", host(3), at(0)).is_some());
        for _ in 0..3 {
            fail(&mut failures, "a b", host(1), at(0));
        }
        assert!(failures.wait("a b", host(1), at(0)).is_some(), "limited there as well");
        assert!(failures.wait("c d", host(1), at(0)).is_none());
    }

    #[test]
    fn loopback_is_limited_only_where_asked_for() {
        for (loopback, refused) in [(false, false), (true, true)] {
            let limits = FailureLimits { account: WIDE, address: LIMIT, loopback, remembered: 100 };
            let mut failures = Failures::new(limits);
            for here in ["127.0.0.1", "127.0.0.1", "127.0.0.1"] {
                fail(&mut failures, "a b", here.parse().unwrap(), at(0));
                fail(&mut failures, "a b", "::1".parse().unwrap(), at(0));
            }
            for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
                let wait = failures.wait("c d", here.parse().unwrap(), at(0));
                assert_eq!(wait.is_some(), refused, "{here}");
            }
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let two: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(one), network(two));
        assert_ne!(network(one), network(other));
        assert_eq!(network(mapped), host(1));
    }

    proptest! {
        #[test]
        fn tables_stay_bounded_and_waits_short(
            tries in prop::collection::vec((0u8..40, 0u8..40, 0u64..5, any::<bool>()), 0..400),
        ) {
            let limits =
                FailureLimits { account: LIMIT, address: LIMIT, loopback: true, remembered: 8 };
            let mut failures = Failures::new(limits);
            let mut now = at(0);
            for (account, address, pause, right) in tries {
                now = now + Duration::from_secs(pause);
                let name = account.to_string();
                if let Admission::Now(tried) = failures.begin(&name, host(address), now) {
                    let outcome = if right { Outcome::Right } else { Outcome::Wrong };
                    failures.end(tried, outcome, now);
                }
                prop_assert!(failures.by_account.levels.len() <= 8);
                prop_assert!(failures.by_address.levels.len() <= 8);
                prop_assert!(failures.known.pairs.len() <= 8);
                prop_assert_eq!(failures.known.pairs.len(), failures.known.order.len());
                prop_assert!(failures.by_account.under_way.is_empty());
                let wait = failures.wait(&name, host(address), now);
                prop_assert!(wait.is_none_or(|wait| wait <= LIMIT.refill));
            }
        }
    }
}
