//! Axes: map values to positions, and choose round numbers for the labels.
//!
//! Whatever the values are, an axis has a positive width and a handful of ticks.

use super::super::text;

/// One axis, from `low` to `high`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
    /// Values and what is written there.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Scale {
    /// From 0 to a round number not below `max`.
    pub(super) fn linear(max: f64) -> Self {
        let max = if max.is_finite() && max > 0.0 { max.clamp(SMALLEST, LARGEST) } else { 1.0 };
        let step = round_up(max / TICKS);
        let steps = (max / step).ceil().max(1.0);
        let ticks = (0..=steps as u32).map(|n| f64::from(n) * step);
        Self {
            low: 0.0,
            high: steps * step,
            is_log: false,
            ticks: ticks.map(|value| (value, short(value))).collect(),
        }
    }

    /// From a round number not above `min` to one not below `max`, by factors. Both are above 0;
    /// with `zeros` there is one more step below, which stands for 0.
    pub(super) fn log(min: f64, max: f64, zeros: bool) -> Self {
        let max = if max.is_finite() && max > 0.0 { max.clamp(SMALLEST, LARGEST) } else { 1.0 };
        let floor = SMALLEST.max(max / WIDEST);
        let zeros = zeros || min < floor;
        let min = if min.is_finite() { min.clamp(floor, max) } else { max };
        let low = round_down(if zeros { min * 0.6 } else { min });
        let mut high = round_up(max);
        if high <= low {
            high = round_up(low * 1.5);
        }
        let decades = (high / low).log10();
        let mut values = Vec::new();
        let mut value = low;
        // A little above, for powers of ten have no exact form.
        while value <= high * 1.001 && values.len() < 64 {
            values.push(value);
            value = round_up(value * 1.5);
        }
        if decades > 2.5 {
            let every = (decades / TICKS).ceil().max(1.0) as i32;
            values.retain(|value| {
                let exponent = value.log10();
                let whole = exponent.round();
                (exponent - whole).abs() < 1e-6 && (whole as i32).rem_euclid(every) == 0
            });
        }
        if zeros {
            // Labels need some room.
            values.retain(|value| (value / low).log10() > decades * 0.06);
            values.insert(0, low);
        }
        let label = |value: f64| {
            if zeros && value == low { "0".to_owned() } else { short(value) }
        };
        let ticks = values.into_iter().map(|value| (value, label(value))).collect();
        Self { low, high, is_log: true, ticks }
    }

    /// Seconds, from 0 to `end`, at least one.
    pub(super) fn time(end: f64) -> Self {
        let end = if end.is_finite() { end.clamp(1.0, LARGEST) } else { 1.0 };
        let step = TIME_STEPS
            .into_iter()
            .find(|step| end / step <= TICKS)
            .unwrap_or_else(|| round_up(end / TICKS));
        let ticks = (0..=(end / step) as u32).map(|n| f64::from(n) * step);
        Self {
            low: 0.0,
            high: end,
            is_log: false,
            ticks: ticks.map(|seconds| (seconds, time(seconds, step))).collect(),
        }
    }

    /// Names at even distances.
    pub(super) fn names(names: &[&str]) -> Self {
        let ticks = names.iter().enumerate().map(|(n, name)| (n as f64, (*name).to_owned()));
        // Half a step of air on both sides.
        let high = names.len().max(1) as f64 - 0.5;
        Self { low: -0.5, high, is_log: false, ticks: ticks.collect() }
    }

    /// Where a value lies, 0 at the low end and 1 at the high one; what lies outside is put at the
    /// nearer end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let part = if self.is_log {
            if value <= self.low {
                return 0.0;
            }
            (value / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) }
    }

    /// The values at both ends.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}

/// 1, 2 or 5 times a power of ten, not below `value`, which is above 0.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    // The little more is for a logarithm that fell on the wrong side.
    let factors = [1.0, 2.0, 5.0, 10.0, 20.0];
    let factor = factors.into_iter().find(|factor| factor * power >= value * (1.0 - 1e-9));
    factor.unwrap_or(20.0) * power
}

/// 1, 2 or 5 times a power of ten, not above `value`, which is above 0.
fn round_down(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let factors = [10.0, 5.0, 2.0, 1.0];
    let factor = factors.into_iter().find(|factor| factor * power <= value * (1.0 + 1e-9));
    factor.unwrap_or(1.0) * power
}

/// A round number in few characters: `0.05`, `200`, `50k`, `2M`.
fn short(value: f64) -> String {
    let (value, unit) = match value {
        _ if value >= 1e9 => (value / 1e9, "G"),
        _ if value >= 1e6 => (value / 1e6, "M"),
        _ if value >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    // Sums of steps have digits at the end that nobody meant.
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let number = if text.is_empty() { "0" } else { text };
    match number.parse::<u64>() {
        Ok(whole) => format!("{}{unit}", text::count(whole)),
        Err(_) => format!("{number}{unit}"),
    }
}

/// `45 s`, `1:30` or `2 h`, as the distance of the ticks demands.
fn time(seconds: f64, step: f64) -> String {
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60, whole % 60);
    if seconds == 0.0 {
        "0".to_owned()
    } else if step < 1.0 {
        format!("{} s", short(seconds))
    } else if whole < 60 {
        format!("{whole} s")
    } else if step >= 3600.0 && whole >= 3600 {
        format!("{hours} h")
    } else if whole >= 3600 {
        format!("{hours}:{:02} h", minutes % 60)
    } else {
        format!("{minutes}:{rest:02}")
    }
}

/// Ticks of an axis, about.
const TICKS: f64 = 5.0;

/// Nothing smaller is measured; a label has no more digits.
const SMALLEST: f64 = 0.001;

/// Nothing that is measured comes near; beyond it a step might be infinite.
const LARGEST: f64 = 1e15;

/// The most that a logarithmic axis spans.
const WIDEST: f64 = 1e9;

const TIME_STEPS: [f64; 18] = [
    0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
    7200.0, 21_600.0, 86_400.0,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(scale: &Scale) -> Vec<&str> {
        scale.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn linear_axes_have_round_ticks() {
        assert_eq!(labels(&Scale::linear(43.0)), ["0", "10", "20", "30", "40", "50"]);
        assert_eq!(labels(&Scale::linear(0.3)), ["0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(&Scale::linear(41_000.0)), ["0", "10k", "20k", "30k", "40k", "50k"]);
        assert_eq!(labels(&Scale::linear(7e6)), ["0", "2M", "4M", "6M", "8M"]);
        assert_eq!(labels(&Scale::linear(4000.0)), ["0", "1,000", "2,000", "3,000", "4,000"]);
        assert_eq!(Scale::linear(0.0), Scale::linear(1.0));
    }

    #[test]
    fn logarithmic_axes_have_round_ticks() {
        assert_eq!(labels(&Scale::log(0.3, 4.0, false)), ["0.2", "0.5", "1", "2", "5"]);
        assert_eq!(labels(&Scale::log(0.4, 3000.0, false)), ["1", "10", "100", "1,000"]);
        assert_eq!(labels(&Scale::log(5.0, 5.0, false)), ["5", "10"]);
        assert_eq!(labels(&Scale::log(1.0, 30.0, true)), ["0", "1", "2", "5", "10", "20", "50"]);
    }

    #[test]
    fn time_has_its_own_round_numbers() {
        assert_eq!(labels(&Scale::time(31.0)), ["0", "10 s", "20 s", "30 s"]);
        assert_eq!(labels(&Scale::time(130.0)), ["0", "30 s", "1:00", "1:30", "2:00"]);
        assert_eq!(labels(&Scale::time(3600.0)), ["0", "15:00", "30:00", "45:00", "1:00 h"]);
        assert_eq!(labels(&Scale::time(36_000.0)), ["0", "2 h", "4 h", "6 h", "8 h", "10 h"]);
        assert_eq!(labels(&Scale::time(1.0)), ["0", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s"]);
    }

    #[test]
    fn places_run_from_one_end_to_the_other() {
        let scale = Scale::linear(40.0);
        assert_eq!((scale.place(0.0), scale.place(10.0), scale.place(99.0)), (0.0, 0.25, 1.0));
        let scale = Scale::log(1.0, 100.0, true);
        assert_eq!((scale.place(0.0), scale.place(0.5), scale.place(100.0)), (0.0, 0.0, 1.0));
        let scale = Scale::log(1.0, 100.0, false);
        assert_eq!((scale.place(0.0), scale.place(10.0), scale.place(100.0)), (0.0, 0.5, 1.0));
        let scale = Scale::names(&["a", "b"]);
        assert_eq!((scale.place(0.0), scale.place(1.0)), (0.25, 0.75));
    }

    proptest! {
        #[test]
        fn any_numbers_make_an_axis(a in any::<f64>(), b in any::<f64>()) {
            for scale in [Scale::linear(a), Scale::log(a, b, true), Scale::time(a)] {
                let (low, high) = scale.ends();
                prop_assert!(low < high && low.is_finite() && high.is_finite(), "{scale:?}");
                prop_assert!((1..=12).contains(&scale.ticks.len()), "{scale:?}");
                for value in [a, b, low, high] {
                    prop_assert!((0.0..=1.0).contains(&scale.place(value)));
                }
                for pair in scale.ticks.windows(2) {
                    prop_assert!(pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1, "{scale:?}");
                }
            }
        }
    }
}
