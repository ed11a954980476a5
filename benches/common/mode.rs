//! How long the benches run.

use std::time::Duration;

use criterion::Criterion;

/// Shorter than criterion's own times, because there are many benches and ratios are taken from
/// several runs (`benches/compare.sh`).
pub fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}
