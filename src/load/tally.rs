//! Counters: each agent has its own, and they are summed up about once a second.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::report::{Datagrams, Percentiles, Traffic, Trouble};
use crate::circuit::Statistics;
use crate::message::{self, MessageId};

/// A distribution of times, in microseconds, to three digits; an hour at most.
#[derive(Clone, Debug)]
pub(super) struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, 3).expect("bounds that a histogram takes"))
    }
}

impl Times {
    /// Notes a time.
    pub fn record(&mut self, time: Duration) {
        self.record_micros(micros(time));
    }

    /// Notes a time in microseconds.
    pub fn record_micros(&mut self, time: u32) {
        self.0.saturating_record(u64::from(time).max(1));
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// Its summary.
    pub fn percentiles(&self) -> Percentiles {
        if self.0.is_empty() {
            return Percentiles::default();
        }
        let at = |quantile| self.0.value_at_quantile(quantile) as f64 / 1000.0;
        Percentiles {
            count: self.0.len(),
            mean: self.0.mean() / 1000.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: self.0.max() as f64 / 1000.0,
        }
    }
}

/// Microseconds, an hour at most.
pub(super) fn micros(time: Duration) -> u32 {
    time.as_micros().min(u128::from(LONGEST)) as u32
}

/// Counts by message number. An agent meets a few dozen at most, the frequent ones early, so a
/// list is shorter than any table.
#[derive(Debug, Default)]
pub(super) struct Kinds(Vec<(MessageId, u64)>);

impl Kinds {
    /// Counts one.
    pub fn count(&mut self, id: MessageId) {
        if let Some((_, count)) = self.0.iter_mut().find(|(known, _)| *known == id) {
            *count += 1;
        } else if self.0.len() < MAX_KINDS {
            self.0.push((id, 1));
        }
    }
}

/// What one agent counted since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Numbered messages sent.
    pub sent: u64,
    /// Numbered messages heard for the first time.
    pub delivered: u64,
    /// Numbered messages heard again.
    pub doubled: u64,
    /// Numbered messages that no agent of this run can have sent this way.
    pub foreign: u64,
    /// By message, sent.
    pub sent_by: Kinds,
    /// By message, received.
    pub received_by: Kinds,
    latencies: Vec<u32>,
    reported: Statistics,
}

impl Tally {
    /// Notes how late a numbered message was heard.
    pub fn latency(&mut self, time: Duration) {
        self.latencies.push(micros(time));
    }

    /// Whether it should be handed in before more is counted.
    pub fn is_full(&self) -> bool {
        self.latencies.len() >= MAX_LATENCIES
    }
}

/// What all agents counted together.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// Numbered messages sent.
    pub sent: u64,
    /// Copies heard for the first time.
    pub delivered: u64,
    /// Copies heard again.
    pub doubled: u64,
    /// Successful logins.
    pub logins: u64,
    /// Failures of all kinds.
    pub errors: u64,
    /// Of numbered messages, of the whole run and of this second.
    pub latency: Pair,
    /// Of logins.
    pub login: Times,
    /// Age of what is known of the nearest avatars.
    pub nearest: Pair,
    /// Age of what is known of all avatars.
    pub all: Times,
    /// Avatars that were known, summed over `looks`.
    pub known: u64,
    /// How often an agent looked around.
    pub looks: u64,
    /// What the circuits counted.
    pub datagrams: Datagrams,
    /// Reliable messages of agents who behave like viewers that were never acked.
    pub unacked: u64,
    /// What went wrong, each kind once.
    pub troubles: Vec<Trouble>,
    /// Copies that had to arrive, and of them those that did and did not; known at the end.
    pub expected: u64,
    /// The second of them.
    pub arrived: u64,
    /// The third.
    pub lost: u64,
    sent_by: BTreeMap<MessageId, u64>,
    received_by: BTreeMap<MessageId, u64>,
    events: BTreeMap<String, u64>,
}

/// A distribution of the whole run and one of the current second.
#[derive(Debug, Default)]
pub(super) struct Pair {
    /// Since the beginning.
    pub whole: Times,
    /// Since it was last cleared.
    pub second: Times,
}

impl Pair {
    /// Notes a time, in microseconds.
    pub fn record_micros(&mut self, time: u32) {
        self.whole.record_micros(time);
        self.second.record_micros(time);
    }
}

impl Totals {
    /// Takes over what an agent has counted.
    pub fn take(&mut self, tally: &mut Tally, circuit: &Statistics) {
        self.sent += std::mem::take(&mut tally.sent);
        self.delivered += std::mem::take(&mut tally.delivered);
        self.doubled += std::mem::take(&mut tally.doubled);
        for latency in tally.latencies.drain(..) {
            self.latency.record_micros(latency);
        }
        for (all, own) in [
            (&mut self.sent_by, &mut tally.sent_by),
            (&mut self.received_by, &mut tally.received_by),
        ] {
            for (id, count) in own.0.iter_mut().filter(|(_, count)| *count > 0) {
                *all.entry(*id).or_default() += std::mem::take(count);
            }
        }
        let (sum, reported) = (&mut self.datagrams, &tally.reported);
        sum.sent += circuit.packets_out - reported.packets_out;
        sum.received += circuit.packets_in - reported.packets_in;
        sum.bytes_sent += circuit.bytes_out - reported.bytes_out;
        sum.bytes_received += circuit.bytes_in - reported.bytes_in;
        sum.resent += circuit.resends - reported.resends;
        sum.duplicates += circuit.duplicates - reported.duplicates;
        sum.given_up += circuit.gave_up - reported.gave_up;
        tally.reported = *circuit;
        let foreign = std::mem::take(&mut tally.foreign);
        if foreign > 0 {
            self.trouble("foreign", "a numbered message that nobody of this run sent", foreign);
        }
    }

    /// Adds what one hearer had to hear, has heard and has not.
    pub fn balance(&mut self, expected: u64, arrived: u64, lost: u64) {
        self.expected += expected;
        self.arrived += arrived;
        self.lost += lost;
    }

    /// Counts a failure; the first text of each kind is kept.
    pub fn trouble(&mut self, kind: &'static str, text: &str, count: u64) {
        self.errors += count;
        match self.troubles.iter_mut().find(|trouble| trouble.kind == kind) {
            Some(trouble) => trouble.count += count,
            None => self.troubles.push(Trouble {
                kind: kind.to_owned(),
                text: text.chars().take(MAX_TEXT).collect(),
                count,
            }),
        }
    }

    /// Counts an event of the event queue.
    pub fn event(&mut self, name: &str) {
        if let Some(count) = self.events.get_mut(name) {
            *count += 1;
        } else if self.events.len() < MAX_KINDS {
            self.events.insert(name.chars().take(MAX_TEXT).collect(), 1);
        }
    }

    /// The counts by name.
    pub fn traffic(&self) -> Traffic {
        let named = |counts: &BTreeMap<MessageId, u64>| {
            let name = |id: MessageId| match message::info(id) {
                Some(info) => info.name.to_owned(),
                None => id.to_string(),
            };
            counts.iter().map(|(&id, &count)| (name(id), count)).collect()
        };
        Traffic {
            sent: named(&self.sent_by),
            received: named(&self.received_by),
            events: self.events.clone(),
        }
    }
}

/// An hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;
/// Different messages that are counted; a server that invents more is not followed.
const MAX_KINDS: usize = 512;
/// Characters of a text from outside that are kept.
const MAX_TEXT: usize = 300;
/// Latencies that an agent gathers before it hands them in.
const MAX_LATENCIES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ChatFromSimulator, Message};

    #[test]
    fn percentiles_are_milliseconds() {
        let mut times = Times::default();
        assert_eq!(times.percentiles(), Percentiles::default());
        for milliseconds in 1..=1000 {
            times.record(Duration::from_millis(milliseconds));
        }
        let Percentiles { count, mean, p50, p99, max, .. } = times.percentiles();
        assert_eq!(count, 1000);
        for (value, expected) in [(mean, 500.5), (p50, 500.0), (p99, 990.0), (max, 1000.0)] {
            assert!((value - expected).abs() < expected * 0.002, "{value} for {expected}");
        }
        times.record(Duration::MAX);
        assert!(times.percentiles().max > 3_599_000.0);
        times.record(Duration::ZERO);
    }

    #[test]
    fn earlier_tallies_are_not_counted_twice() {
        let (mut totals, mut tally) = (Totals::default(), Tally::default());
        let mut circuit = Statistics { packets_in: 5, resends: 1, ..Statistics::default() };
        tally.delivered = 3;
        tally.latency(Duration::from_millis(2));
        tally.received_by.count(ChatFromSimulator::ID);
        totals.take(&mut tally, &circuit);
        circuit.packets_in = 7;
        tally.received_by.count(ChatFromSimulator::ID);
        totals.take(&mut tally, &circuit);
        assert_eq!(
            (totals.delivered, totals.datagrams.received, totals.datagrams.resent),
            (3, 7, 1)
        );
        assert_eq!(totals.latency.whole.percentiles().count, 1);
        assert_eq!(totals.traffic().received["ChatFromSimulator"], 2);
    }

    #[test]
    fn troubles_are_kept_once_by_kind() {
        let mut totals = Totals::default();
        totals.trouble("login", "first", 1);
        totals.trouble("login", "second", 2);
        totals.trouble("circuit", "other", 1);
        let [login, circuit] = &totals.troubles[..] else { panic!("{:?}", totals.troubles) };
        assert_eq!((login.text.as_str(), login.count, circuit.count), ("first", 3, 1));
        assert_eq!(totals.errors, 4);
    }

    #[test]
    fn invented_names_take_bounded_room() {
        let mut totals = Totals::default();
        (0..10_000).for_each(|number| totals.event(&format!("Event{number}")));
        assert_eq!(totals.traffic().events.len(), MAX_KINDS);
    }
}
