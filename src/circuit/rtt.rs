//! Estimates the response time of the peer, and from it the resend timeout.

use std::time::Duration;

/// Smoothed round trips.
///
/// Pings measure the network; acks measure the network and the time for which the peer holds acks
/// back (up to half a second with some clients). A time-out from pings alone would repeat nearly
/// everything to such a client.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoundTrip {
    ping: Option<Duration>,
    ack: Option<AckTime>,
}

#[derive(Clone, Copy, Debug)]
struct AckTime {
    mean: Duration,
    deviation: Duration,
}

impl RoundTrip {
    /// Takes the time between a ping and its answer.
    pub(super) fn ping_answered(&mut self, sample: Duration) {
        let sample = sample.min(CEILING);
        self.ping = Some(self.ping.map_or(sample, |mean| (mean * 4 + sample) / 5));
    }

    /// Takes the time between the only transmission of a message and its ack.
    pub(super) fn acked(&mut self, sample: Duration) {
        let sample = sample.min(CEILING);
        self.ack = Some(match self.ack {
            None => AckTime { mean: sample, deviation: sample / 2 },
            Some(AckTime { mean, deviation }) => AckTime {
                mean: (mean * 7 + sample) / 8,
                deviation: (deviation * 3 + mean.abs_diff(sample)) / 4,
            },
        });
    }

    pub(super) fn ping(&self) -> Option<Duration> {
        self.ping
    }

    /// Time-out of a first transmission before it is clamped; `None` before any measurement.
    pub(super) fn timeout(&self) -> Option<Duration> {
        let by_ping = self.ping.map(|mean| mean * 5);
        let by_ack = self.ack.map(|ack| ack.mean + ack.deviation * 4);
        by_ping.max(by_ack)
    }
}

/// Longer samples say nothing more.
const CEILING: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn ping_weighs_one_fifth() {
        let mut rtt = RoundTrip::default();
        assert_eq!(rtt.timeout(), None);
        rtt.ping_answered(100 * MS);
        rtt.ping_answered(200 * MS);
        assert_eq!(rtt.ping(), Some(120 * MS));
        assert_eq!(rtt.timeout(), Some(600 * MS));
    }

    #[test]
    fn peer_that_holds_acks_back_gets_more_time() {
        let mut rtt = RoundTrip::default();
        rtt.ping_answered(MS);
        for n in 0..100 {
            rtt.acked((n % 5) * 100 * MS);
        }
        assert!(rtt.timeout().unwrap() > 450 * MS);
    }
}
