//! How fast each category may be sent: `AgentThrottle` and its token buckets.

use std::time::Duration;

use thiserror::Error;

use super::Category;
use crate::time::Timestamp;

/// Why the bytes of an `AgentThrottle` were refused; the old rates stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ThrottleError {
    /// Not seven numbers.
    #[error("throttle data of {0} bytes is shorter than 28")]
    TooShort(usize),
}

/// Bytes per second for each category, in the order of [`Category::THROTTLED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rates([u32; 7]);

impl Rates {
    /// Bounds given rates: each at least the floor of its category, together at most `max`
    /// (a smaller `max` than all floors gives the floors).
    pub(super) fn bounded(wanted: [f64; 7], max: u32) -> Self {
        let max = f64::from(max);
        let bounded = |index: usize, value: f64| {
            let floor = FLOORS[index];
            // Neither comparison holds for NaN, which so ends at the floor.
            if value > max.max(floor) {
                max.max(floor)
            } else if value > floor {
                value
            } else {
                floor
            }
        };
        let mut rates = [0.0; 7];
        for (index, rate) in rates.iter_mut().enumerate() {
            *rate = bounded(index, wanted[index]);
        }
        let sum: f64 = rates.iter().sum();
        if sum > max {
            for (index, rate) in rates.iter_mut().enumerate() {
                *rate = bounded(index, *rate * max / sum);
            }
        }
        Self(rates.map(|rate| rate as u32))
    }

    /// Reads seven F32 little-endian, bits per second, and bounds them.
    pub(super) fn from_agent_throttle(data: &[u8], max: u32) -> Result<Self, ThrottleError> {
        let (chunks, _) = data.as_chunks::<4>();
        let Some(values) = chunks.first_chunk::<7>() else {
            return Err(ThrottleError::TooShort(data.len()));
        };
        let wanted = values.map(|value| f64::from(f32::from_le_bytes(value)) / 8.0);
        Ok(Self::bounded(wanted, max))
    }

    #[cfg(test)]
    pub(super) fn sum(&self) -> u64 {
        self.0.iter().map(|&rate| u64::from(rate)).sum()
    }
}

/// A token bucket for each throttled category.
///
/// A bucket lets a packet pass as long as it holds any token, and may go into debt by it: so
/// packets bigger than a bucket pass too, and the rate holds on average.
#[derive(Clone, Debug)]
pub(super) struct Throttle {
    buckets: [Bucket; 7],
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Bytes per second.
    rate: u32,
    /// Billionths of a byte, so that nothing is lost by rounding.
    tokens: i64,
    filled_at: Timestamp,
}

impl Throttle {
    pub(super) fn new(now: Timestamp, rates: Rates) -> Self {
        Self { buckets: rates.0.map(|rate| Bucket::full(now, rate)) }
    }

    pub(super) fn set(&mut self, now: Timestamp, rates: Rates) {
        for (bucket, rate) in self.buckets.iter_mut().zip(rates.0) {
            bucket.refill(now);
            bucket.rate = rate;
            bucket.tokens = bucket.tokens.min(bucket.capacity());
        }
    }

    /// Bytes per second of a category; none if it has no limit.
    pub(super) fn rate(&self, category: Category) -> Option<u32> {
        self.buckets.get(index(category)?).map(|bucket| bucket.rate)
    }

    /// Whether a packet of the category may leave now.
    pub(super) fn is_open(&mut self, now: Timestamp, category: Category) -> bool {
        self.bucket(category).is_none_or(|bucket| {
            bucket.refill(now);
            bucket.tokens > 0
        })
    }

    /// Takes the tokens of a packet that leaves.
    pub(super) fn take(&mut self, category: Category, bytes: usize) {
        if let Some(bucket) = self.bucket(category) {
            bucket.tokens -= bytes as i64 * NANO;
        }
    }

    /// When a closed category opens, as of the last time it was looked at. Rounded up to a tick,
    /// so that a slow bucket does not wake its owner for every packet.
    pub(super) fn opens_at(&self, category: Category) -> Option<Timestamp> {
        let bucket = self.buckets.get(index(category)?)?;
        let missing = u64::try_from(1 - bucket.tokens).unwrap_or(0);
        let wait = Duration::from_nanos(missing.div_ceil(u64::from(bucket.rate.max(1))));
        Some(bucket.filled_at + wait.max(TICK))
    }

    fn bucket(&mut self, category: Category) -> Option<&mut Bucket> {
        self.buckets.get_mut(index(category)?)
    }
}

impl Bucket {
    fn full(now: Timestamp, rate: u32) -> Self {
        let mut bucket = Self { rate, tokens: 0, filled_at: now };
        bucket.tokens = bucket.capacity();
        bucket
    }

    fn capacity(&self) -> i64 {
        let burst = (self.rate / 10).clamp(1500, 15_000);
        i64::from(burst) * NANO
    }

    fn refill(&mut self, now: Timestamp) {
        let elapsed = now.since(self.filled_at);
        if elapsed.is_zero() {
            return;
        }
        let nanos = elapsed.min(LONGEST_REFILL).as_nanos() as i64;
        self.tokens = (self.tokens + nanos * i64::from(self.rate)).min(self.capacity());
        self.filled_at = now;
    }
}

fn index(category: Category) -> Option<usize> {
    Category::THROTTLED.iter().position(|&throttled| throttled == category)
}

/// Lowest rates, bytes per second: a client that asks for nothing still gets something.
const FLOORS: [f64; 7] = [1000.0, 1000.0, 50.0, 50.0, 1000.0, 1000.0, 1000.0];

const NANO: i64 = 1_000_000_000;

/// Fills any bucket and pays any debt; keeps the product below the range of i64.
const LONGEST_REFILL: Duration = Duration::from_secs(1000);

/// Shortest wait for tokens.
const TICK: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn message(values: [f32; 7]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn bits_become_bytes_in_template_order() {
        let data =
            message([80_000.0, 160_000.0, 8000.0, 16_000.0, 800_000.0, 240_000.0, 320_000.0]);
        let rates = Rates::from_agent_throttle(&data, 640_000).unwrap();
        assert_eq!(rates.0, [10_000, 20_000, 1000, 2000, 100_000, 30_000, 40_000]);
    }

    #[test]
    fn hostile_values_are_bounded() {
        let data =
            message([f32::NAN, -1.0, f32::NEG_INFINITY, 0.0, f32::INFINITY, f32::MAX, 1e-30]);
        let rates = Rates::from_agent_throttle(&data, 640_000).unwrap();
        assert_eq!(rates.0[..4], [1000, 1000, 50, 50]);
        assert_eq!(rates.0[6], 1000);
        assert!(rates.sum() <= 640_000 + 4100, "{rates:?}");
        assert!(rates.0[4] > 300_000 && rates.0[5] > 300_000);
    }

    #[test]
    fn short_data_is_refused_and_long_data_is_read() {
        let data = message([80_000.0; 7]);
        assert_eq!(
            Rates::from_agent_throttle(&data[..27], 640_000),
            Err(ThrottleError::TooShort(27)),
        );
        let long = [&data[..], &[1, 2, 3]].concat();
        assert_eq!(Rates::from_agent_throttle(&long, 640_000).unwrap().0, [10_000; 7]);
    }

    #[test]
    fn rate_holds_on_average() {
        let start = Timestamp::ZERO;
        let mut throttle = Throttle::new(start, Rates([10_000; 7]));
        let mut sent = 0;
        for millisecond in 0..10_000 {
            let now = start + Duration::from_millis(millisecond);
            while throttle.is_open(now, Category::Task) {
                throttle.take(Category::Task, 1200);
                sent += 1200;
            }
        }
        assert!((100_000..104_000).contains(&sent), "{sent}");
    }

    #[test]
    fn closed_bucket_opens_when_it_says() {
        let start = Timestamp::ZERO;
        let mut throttle = Throttle::new(start, Rates([1000; 7]));
        throttle.take(Category::Land, 8192);
        assert!(!throttle.is_open(start, Category::Land));
        let at = throttle.opens_at(Category::Land).unwrap();
        assert!(!throttle.is_open(at - Duration::from_millis(1), Category::Land));
        assert!(throttle.is_open(at, Category::Land));
        assert!(throttle.is_open(start, Category::Unthrottled));
    }

    #[test]
    fn setting_rates_again_and_again_grants_nothing() {
        let start = Timestamp::ZERO;
        let mut throttle = Throttle::new(start, Rates([10_000; 7]));
        throttle.take(Category::Task, 5000);
        throttle.set(start, Rates([100_000; 7]));
        assert!(!throttle.is_open(start, Category::Task));
        throttle.set(start, Rates([1000; 7]));
        let now = start + Duration::from_secs(60);
        assert!(throttle.is_open(now, Category::Task));
        throttle.take(Category::Task, 1501);
        assert!(!throttle.is_open(now, Category::Task), "a burst beyond the small bucket");
    }
}
