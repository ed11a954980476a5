//! The signals that stop the program.

use super::exit::Failure;

/// SIGINT and SIGTERM, as numbers.
#[cfg(unix)]
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on signals no longer end the process.
    pub(super) fn listen() -> Result<Self, Failure> {
        use super::exit::INTERNAL;
        use tokio::signal::unix::{SignalKind, signal};

        let listen = |kind| {
            signal(kind).map_err(|error| Failure::new(INTERNAL, format!("signals: {error}")))
        };
        let interrupt = listen(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: listen(SignalKind::terminate())? })
    }

    /// The number of the next one.
    pub(super) async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => rustix::process::Signal::INT.as_raw() as u8,
            _ = self.terminate.recv() => rustix::process::Signal::TERM.as_raw() as u8,
        }
    }
}

/// Ctrl-C, as the number that SIGINT has elsewhere.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> Result<Self, Failure> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) -> u8 {
        super::serve::signal().await;
        2
    }
}
