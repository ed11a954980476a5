//! Per-second samples of the counters and of the processes' usage.

use std::time::Duration;

use super::LoadError;
use super::process::{Sample, Sampler};
use super::report::{Second, Usage};
use super::shared::{Presence, Shared};
use crate::time::Timestamp;

/// Takes the figures of each second and of the scenario as a whole.
#[derive(Debug)]
pub(super) struct Meter {
    server: Option<Probe>,
    tool: Option<Probe>,
    series: Vec<Second>,
    began: Timestamp,
    last: Timestamp,
    sent: u64,
    delivered: u64,
    logins: u64,
    errors: u64,
    datagrams: u64,
}

/// One process that is watched.
#[derive(Debug)]
struct Probe {
    sampler: Sampler,
    last: Sample,
    start: Sample,
    span: Option<Duration>,
    used: Usage,
}

impl Probe {
    fn new(pid: u32) -> std::io::Result<Self> {
        let sampler = Sampler::new(pid)?;
        let first = sampler.sample()?;
        let rss = megabytes(first);
        let used = Usage { pid, rss_start_mb: rss, rss_max_mb: rss, ..Usage::default() };
        Ok(Self { sampler, last: first, start: first, span: None, used })
    }

    /// CPU percent since the last time, and resident megabytes.
    fn sample(&mut self, elapsed: Duration) -> std::io::Result<(f64, f64)> {
        let sample = self.sampler.sample()?;
        let used = cpu(sample) - cpu(self.last);
        self.last = sample;
        let rss = megabytes(sample);
        self.used.rss_max_mb = self.used.rss_max_mb.max(rss);
        Ok((percent(used, elapsed), rss))
    }

    fn start(&mut self) {
        if let Ok(sample) = self.sampler.sample() {
            self.start = sample;
        }
    }

    /// A process that has ended keeps what was last seen of it.
    fn end(&mut self, elapsed: Duration) {
        let sample = self.sampler.sample().unwrap_or(self.last);
        self.span = Some(elapsed);
        self.used.cpu_s = cpu(sample) - cpu(self.start);
        self.used.cpu_system_s = sample.cpu_system_s - self.start.cpu_system_s;
        self.used.cpu_percent = percent(self.used.cpu_s, elapsed);
        self.used.rss_mb = megabytes(sample);
        self.used.rss_max_mb = self.used.rss_max_mb.max(self.used.rss_mb);
    }

    fn usage(&self, work: u64) -> Usage {
        let cpu_s = self.used.cpu_s;
        let rate = if cpu_s > 0.0 { work as f64 / cpu_s } else { 0.0 };
        Usage { delivered_per_cpu_s: rate, ..self.used }
    }
}

impl Meter {
    /// A meter that begins before the first login.
    ///
    /// # Errors
    /// [`LoadError::Process`] when `pid` cannot be sampled.
    pub fn new(pid: Option<u32>) -> Result<Self, LoadError> {
        let server = pid.map(Probe::new).transpose().map_err(|error| LoadError::Process {
            pid: pid.unwrap_or_default(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            server,
            // Not on every system; then the figures stay empty.
            tool: Probe::new(std::process::id()).ok(),
            series: Vec::new(),
            began: Timestamp::ZERO,
            last: Timestamp::ZERO,
            sent: 0,
            delivered: 0,
            logins: 0,
            errors: 0,
            datagrams: 0,
        })
    }

    /// The first login comes now.
    pub fn begin(&mut self, now: Timestamp) {
        self.began = now;
        self.last = now;
    }

    /// Whether a second has passed since the last one was noted.
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.since(self.last) >= Duration::from_secs(1)
    }

    /// Notes the second that ends now.
    ///
    /// # Errors
    /// [`LoadError::ServerDied`] when the server's process is gone.
    pub fn second(&mut self, now: Timestamp, shared: &Shared) -> Result<(), LoadError> {
        let elapsed = now.since(self.last);
        self.last = now;
        let tool = self.tool.as_mut().and_then(|probe| probe.sample(elapsed).ok());
        let server = self.server.as_mut().map(|probe| probe.sample(elapsed)).transpose();
        let (server_cpu_percent, server_rss_mb) =
            server.as_ref().ok().copied().flatten().unwrap_or_default();
        let (sent, delivered) = (shared.sent(), shared.delivered());
        let connected = connected(shared);
        let mut totals = shared.totals();
        let latency = totals.latency.second.percentiles();
        let freshness = totals.nearest.second.percentiles();
        totals.latency.second.clear();
        totals.nearest.second.clear();
        let datagrams = totals.datagrams.received;
        let (logins, errors) = (totals.logins, totals.errors);
        drop(totals);
        self.series.push(Second {
            t_s: now.since(self.began).as_secs_f64(),
            connected,
            sent: sent - self.sent,
            delivered: delivered - self.delivered,
            logins: logins - self.logins,
            errors: errors - self.errors,
            datagrams: datagrams - self.datagrams,
            latency_p50_ms: latency.p50,
            latency_p99_ms: latency.p99,
            latency_max_ms: latency.max,
            freshness_p99_ms: freshness.p99,
            server_cpu_percent,
            server_rss_mb,
            tool_cpu_percent: tool.unwrap_or_default().0,
        });
        (self.sent, self.delivered) = (sent, delivered);
        (self.logins, self.errors, self.datagrams) = (logins, errors, datagrams);
        match server {
            Ok(_) => Ok(()),
            Err(error) => Err(LoadError::ServerDied { reason: error.to_string() }),
        }
    }

    /// The scenario starts now.
    pub fn start(&mut self) {
        self.probes().for_each(Probe::start);
    }

    /// The scenario ends now, after `elapsed`.
    pub fn end(&mut self, elapsed: Duration) {
        self.probes().for_each(|probe| probe.end(elapsed));
    }

    /// Copies, or logins, per second in the last seconds.
    pub fn recent_rate(&self, logins: bool) -> f64 {
        let recent = self.series.iter().rev().take(3);
        let count = recent.len().max(1) as f64;
        let of = |second: &Second| if logins { second.logins } else { second.delivered } as f64;
        // The sum of nothing would be a negative zero.
        recent.map(of).fold(0.0, |sum, number| sum + number) / count
    }

    /// Seconds, server and tool; `work` is what was done for the CPU time.
    pub fn finish(mut self, work: u64) -> (Vec<Second>, Option<Usage>, Usage) {
        self.probes().filter(|probe| probe.span.is_none()).for_each(|probe| {
            // The scenario was not reached: memory is all there is to tell.
            probe.used.rss_mb = megabytes(probe.last);
        });
        let server = self.server.map(|probe| probe.usage(work));
        let tool = self.tool.map(|probe| probe.usage(work)).unwrap_or_default();
        (self.series, server, tool)
    }

    fn probes(&mut self) -> impl Iterator<Item = &mut Probe> {
        self.server.iter_mut().chain(&mut self.tool)
    }
}

/// Agents that are there.
pub(super) fn connected(shared: &Shared) -> usize {
    let online = shared.online.load(std::sync::atomic::Ordering::Relaxed);
    online + shared.count(Presence::Present)
}

fn cpu(sample: Sample) -> f64 {
    sample.cpu_user_s + sample.cpu_system_s
}

fn megabytes(sample: Sample) -> f64 {
    sample.rss_bytes as f64 / f64::from(1 << 20)
}

fn percent(seconds: f64, of: Duration) -> f64 {
    if of.is_zero() { 0.0 } else { 100.0 * seconds / of.as_secs_f64() }
}
