//! Rate limits for packets that belong to no circuit and open none: a flood of them must stay
//! cheap, also in the log and the metrics.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::time::Timestamp;

/// Sources that are remembered; beyond that all strangers share one bucket.
const MAX_SOURCES: usize = 4096;

/// Token buckets per source address.
#[derive(Debug)]
pub(super) struct SourceLimit {
    /// Packets per second that a source may send.
    rate: f64,
    /// Packets that a source may send at once.
    burst: f64,
    sources: HashMap<IpAddr, Bucket>,
    others: Bucket,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    fn take(&mut self, now: Timestamp, rate: f64, burst: f64) -> bool {
        let gained = now.since(self.at).as_secs_f64() * rate;
        self.tokens = (self.tokens + gained).min(burst);
        self.at = now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

impl SourceLimit {
    pub(super) fn new(rate: u32, burst: u32, now: Timestamp) -> Self {
        let (rate, burst) = (f64::from(rate.max(1)), f64::from(burst.max(1)));
        let others = Bucket { tokens: burst, at: now };
        Self { rate, burst, sources: HashMap::new(), others }
    }

    /// Whether one more packet of `source` is looked at.
    pub(super) fn allows(&mut self, source: IpAddr, now: Timestamp) -> bool {
        if let Some(bucket) = self.sources.get_mut(&source) {
            return bucket.take(now, self.rate, self.burst);
        }
        if self.sources.len() >= MAX_SOURCES {
            let (rate, burst) = (self.rate, self.burst);
            // A source that was quiet for so long has a full bucket: forgetting it changes nothing.
            self.sources.retain(|_, bucket| now.since(bucket.at).as_secs_f64() < burst / rate);
            if self.sources.len() >= MAX_SOURCES {
                return self.others.take(now, rate, burst);
            }
        }
        let mut bucket = Bucket { tokens: self.burst, at: now };
        let allowed = bucket.take(now, self.rate, self.burst);
        self.sources.insert(source, bucket);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(n))
    }

    #[test]
    fn a_flood_is_cut_and_others_are_not() {
        let mut limit = SourceLimit::new(10, 10, Timestamp::ZERO);
        let passed = (0..100).filter(|_| limit.allows(address(1), Timestamp::ZERO)).count();
        assert_eq!(passed, 10);
        assert!(limit.allows(address(2), Timestamp::ZERO));
        let later = Timestamp::ZERO + Duration::from_millis(500);
        let passed = (0..100).filter(|_| limit.allows(address(1), later)).count();
        assert_eq!(passed, 5);
    }

    #[test]
    fn memory_is_bounded_under_forged_sources() {
        let mut limit = SourceLimit::new(5, 5, Timestamp::ZERO);
        let passed = (0..20_000).filter(|&n| limit.allows(address(n), Timestamp::ZERO)).count();
        assert_eq!(limit.sources.len(), MAX_SOURCES);
        assert_eq!(passed, MAX_SOURCES + 5);
        let later = Timestamp::ZERO + Duration::from_secs(2);
        assert!(limit.allows(address(50_000), later));
        assert_eq!(limit.sources.len(), 1);
    }
}
