//! The built `holm` in a process of its own, so that its CPU time can be told from that of clients.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use holm::load::process::{Sample, Sampler};

/// A running `holm` on free ports.
pub struct Process {
    child: Child,
    sampler: Sampler,
    /// Its login URI.
    pub login_uri: String,
}

impl Process {
    /// Starts `holm serve` with what `change` adds, and waits until it is ready.
    pub fn start(change: impl FnOnce(&mut Command)) -> io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holm"));
        command.args(["serve", "--log", "warn", "--message-format", "json"]);
        command.args(["--http-port", "0", "--udp-port", "0", "--control-port", "0"]);
        command.args(["--script-port", "0"]);
        change(&mut command);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut first)?;
        let ready: serde_json::Value = serde_json::from_str(&first)?;
        let uri = ready["login_uri"].as_str();
        let login_uri = uri.ok_or_else(|| io::Error::other("holm was not ready first"))?.to_owned();
        Ok(Self { sampler: Sampler::new(child.id())?, child, login_uri })
    }

    /// What it has used so far.
    pub fn sample(&self) -> Sample {
        self.sampler.sample().expect("a running server")
    }

    /// CPU seconds so far.
    pub fn cpu(&self) -> f64 {
        let sample = self.sample();
        sample.cpu_user_s + sample.cpu_system_s
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
