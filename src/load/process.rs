//! CPU time and resident memory of a process, by its id.
//!
//! It reads `/proc`, so it works on Linux only; elsewhere [`Sampler::new`] returns an error. A
//! process that has ended, and one that reuses the id of another, are errors and never produce
//! figures.

use std::io;

/// What a process has used up to a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// CPU seconds in its own code, all threads, dead ones included; in steps of 10 ms.
    pub cpu_user_s: f64,
    /// CPU seconds in the kernel, likewise.
    pub cpu_system_s: f64,
    /// Resident memory, bytes.
    pub rss_bytes: u64,
}

/// Watches one process.
#[derive(Debug)]
pub struct Sampler {
    pid: u32,
    /// When it began, in ticks since the machine did; tells it from a later one of the same id.
    began: u64,
}

impl Sampler {
    /// Begins to watch the process with this id.
    ///
    /// # Errors
    /// There is no such process, or this is not Linux.
    pub fn new(pid: u32) -> io::Result<Self> {
        let stat = system::stat(pid)?;
        Ok(Self { pid, began: stat.began })
    }

    /// What it has used so far.
    pub fn sample(&self) -> io::Result<Sample> {
        let stat = system::stat(self.pid)?;
        if stat.began != self.began || stat.is_dead() {
            return Err(gone(self.pid));
        }
        let ticks = system::ticks_per_second();
        Ok(Sample {
            cpu_user_s: stat.user_ticks as f64 / ticks,
            cpu_system_s: stat.system_ticks as f64 / ticks,
            rss_bytes: system::resident_bytes(self.pid)?,
        })
    }

    /// Its id.
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

fn gone(pid: u32) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("there is no process {pid}"))
}

/// What is used of `/proc/PID/stat`; proc_pid_stat(5).
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is nothing to parse"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    user_ticks: u64,
    system_ticks: u64,
    began: u64,
}

impl Stat {
    /// `PID (NAME) STATE …`. The name is whatever the process calls itself, with blanks and
    /// parentheses if it likes, so the last `)` ends it.
    #[cfg(any(target_os = "linux", test))]
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        // Counted from here: the state is field 3 of the page.
        let mut number = |skip: usize| fields.nth(skip)?.parse::<u64>().ok();
        Some(Self { state, user_ticks: number(10)?, system_ticks: number(0)?, began: number(6)? })
    }

    /// A zombie, which has given its memory back, or one that is just being taken away.
    fn is_dead(self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// Resident memory in bytes, from `/proc/PID/status`.
#[cfg(any(target_os = "linux", test))]
fn parse_resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes = line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(target_os = "linux")]
mod system {
    use std::io::Read as _;

    use super::{Stat, gone, io, parse_resident};

    pub(super) fn stat(pid: u32) -> io::Result<Stat> {
        let text = read(pid, "stat")?;
        Stat::parse(&text).ok_or_else(|| unknown(pid, "stat"))
    }

    pub(super) fn resident_bytes(pid: u32) -> io::Result<u64> {
        let text = read(pid, "status")?;
        parse_resident(&text).ok_or_else(|| unknown(pid, "status"))
    }

    pub(super) fn ticks_per_second() -> f64 {
        rustix::param::clock_ticks_per_second().max(1) as f64
    }

    fn read(pid: u32, name: &str) -> io::Result<String> {
        let mut bytes = Vec::new();
        std::fs::File::open(format!("/proc/{pid}/{name}"))
            .and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
            .map_err(|error| match error.raw_os_error() {
                // The second one: it ended between opening and reading.
                Some(NOT_FOUND | NO_PROCESS) => gone(pid),
                _ => io::Error::new(error.kind(), format!("/proc/{pid}/{name}: {error}")),
            })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn unknown(pid: u32, name: &str) -> io::Error {
        let text = format!("/proc/{pid}/{name} has an unknown form");
        io::Error::new(io::ErrorKind::InvalidData, text)
    }

    const NOT_FOUND: i32 = rustix::io::Errno::NOENT.raw_os_error();
    const NO_PROCESS: i32 = rustix::io::Errno::SRCH.raw_os_error();

    /// Many times what the kernel writes there.
    const LONGEST: u64 = 64 * 1024;
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Stat, io};

    pub(super) fn stat(_pid: u32) -> io::Result<Stat> {
        let text = "the CPU time and memory of a process can be read on Linux only";
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }

    pub(super) fn resident_bytes(_pid: u32) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn ticks_per_second() -> f64 {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "4711 (a) b (c)) S 1 4711 4711 0 -1 4194560 1093 0 0 0 123 45 7 8 20 0 4 0 \
                        987654 226340864 2311 18446744073709551615 1 1 0 0 0 0 0\n";

    #[test]
    fn stat_is_read_whatever_the_process_calls_itself() {
        let expected = Stat { state: 'S', user_ticks: 123, system_ticks: 45, began: 987_654 };
        assert_eq!(Stat::parse(STAT), Some(expected));
        assert_eq!(Stat::parse(&STAT.replace("a) b (c)", "holm")), Some(expected));
        assert_eq!(Stat::parse(&STAT.replace("a) b (c)", "\u{FFFD} \n) Z 1 2 3")), Some(expected));
    }

    #[test]
    fn any_cut_of_stat_is_refused_or_read() {
        for end in 0..STAT.len() {
            if let Some(stat) = Stat::parse(&STAT[..end]) {
                assert_eq!((stat.user_ticks, stat.system_ticks), (123, 45));
            }
        }
        assert_eq!(Stat::parse("1 (x) S 1 1 1 0 -1 0 0 0 0 0 -1 0 0 0 0 0 1 0 5"), None);
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        let status = "Name:\tx\nVmRSS:\t    9320 kB\nRssAnon:\t 1 kB\n";
        assert_eq!(parse_resident(status), Some(9320 * 1024));
        for bad in ["", "VmRSS:\t12", "VmRSS:\t-1 kB", "VmRSS:\t18446744073709551615 kB"] {
            assert_eq!(parse_resident(bad), None, "{bad}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn own_process_uses_something_and_more_later() {
        let sampler = Sampler::new(std::process::id()).unwrap();
        let before = sampler.sample().unwrap();
        assert!(before.rss_bytes > 100_000, "{before:?}");
        let mut after = before;
        // Until it has worked for some ticks of the clock; nobody waits for time to pass.
        while after.cpu_user_s + after.cpu_system_s < before.cpu_user_s + before.cpu_system_s + 0.02
        {
            after = sampler.sample().unwrap();
        }
        assert!(after.cpu_user_s >= before.cpu_user_s);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_ended_process_is_an_error() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let sampler = Sampler::new(child.id()).unwrap();
        assert_eq!(sampler.pid(), child.id());
        sampler.sample().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let error = sampler.sample().unwrap_err();
        assert_eq!(error.to_string(), format!("there is no process {}", child.id()));
        // No system has ids that large.
        assert_eq!(Sampler::new(u32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
