//! The output of `holm serve` on stdout: text for people, or one JSON object per line.
//!
//! The JSON objects are a stable interface: fields keep their names and meanings; new events and
//! fields may be added. Everything else (log, errors) goes to stderr.

use std::io::{self, Write};

use serde::Serialize;
use uuid::Uuid;

use super::globals::MessageFormat;

/// One thing worth telling whoever started the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Every listener is bound and the first login would succeed.
    Ready(Ready),
    /// Accounts with a well-known password exist.
    TestAccounts {
        /// `First Last`, each.
        names: Vec<String>,
        /// The password of all of them.
        password: String,
    },
    /// Any unknown name may log in and gets an account.
    OpenAccounts,
    /// The server was told to stop.
    Stopping {
        /// By whom or what: `signal`, `control`, `command` (that of `holm exec` has ended).
        reason: String,
    },
    /// The server has stopped; nothing follows.
    Stopped,
    /// The server cannot start or go on; nothing follows.
    Failed {
        /// The exit code that the process ends with.
        code: u8,
        /// What went wrong.
        message: String,
    },
}

/// Where everything listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// What clients are pointed at.
    pub login_uri: String,
    /// Base of the control API.
    pub control_uri: String,
    /// `address:port` on which script hosts connect; none unless that listener was asked for.
    pub script_address: Option<String>,
    /// The directory in which everything is kept, absolute; none when it is kept in memory.
    pub data_directory: Option<String>,
    /// The regions in configured order.
    pub regions: Vec<ReadyRegion>,
    /// Process id.
    pub pid: u32,
}

/// One region of [`Ready`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadyRegion {
    /// Name.
    pub name: String,
    /// Id.
    pub uuid: Uuid,
    /// Grid coordinate, units of 256 m.
    pub x: u32,
    /// Grid coordinate, units of 256 m.
    pub y: u32,
    /// `address:port` of the UDP socket as clients are told it.
    pub udp: String,
}

/// Writes events in the chosen form.
#[derive(Debug)]
pub struct Output<W> {
    format: MessageFormat,
    writer: W,
    /// Nobody reads: the reader has closed its end, or people asked for quiet.
    silent: bool,
}

impl Output<io::Stdout> {
    /// To stdout.
    pub fn stdout(format: MessageFormat) -> Self {
        Self::new(format, io::stdout())
    }
}

impl Output<io::Stderr> {
    /// To stderr, where stdout belongs to somebody else.
    pub fn stderr(format: MessageFormat) -> Self {
        Self::new(format, io::stderr())
    }
}

impl<W: Write> Output<W> {
    /// To any writer.
    pub fn new(format: MessageFormat, writer: W) -> Self {
        Self { format, writer, silent: false }
    }

    /// Leaves out what is for people if `quiet`; JSON was asked for by its own flag.
    #[must_use]
    pub fn without_text_if(mut self, quiet: bool) -> Self {
        self.silent = quiet && self.format == MessageFormat::Human;
        self
    }

    /// Writes one event and flushes, so that a waiting script sees it at once. A reader that has
    /// seen enough, say the ready line, and closed the pipe is no error.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        if self.silent {
            return Ok(());
        }
        match self.write(event) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.silent = true;
                Ok(())
            }
            result => result,
        }
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        match self.format {
            MessageFormat::Json => {
                let mut line = serde_json::to_vec(event)?;
                line.push(b'\n');
                self.writer.write_all(&line)?;
            }
            MessageFormat::Human => self.human(event)?,
        }
        self.writer.flush()
    }

    fn human(&mut self, event: &Event) -> io::Result<()> {
        let w = &mut self.writer;
        match event {
            Event::Ready(ready) => {
                writeln!(w, "Holm {} is ready. Ctrl-C stops it.", env!("CARGO_PKG_VERSION"))?;
                writeln!(w, "  login     {}", ready.login_uri)?;
                writeln!(w, "  control   {}", ready.control_uri)?;
                if let Some(address) = &ready.script_address {
                    writeln!(w, "  scripts   {address}")?;
                }
                match &ready.data_directory {
                    Some(directory) => writeln!(w, "  data      {directory}")?,
                    None => writeln!(w, "  data      in memory, lost on exit")?,
                }
                for region in &ready.regions {
                    let ReadyRegion { name, x, y, udp, .. } = region;
                    writeln!(w, "  region    {name} at {x},{y}, udp {udp}")?;
                }
                Ok(())
            }
            Event::TestAccounts { names, password } => {
                writeln!(w, "  accounts  {} (password: {password})", names.join(", "))
            }
            Event::OpenAccounts => {
                writeln!(w, "  open      a login with a new name creates an account")
            }
            Event::Stopping { reason } => writeln!(w, "Stopping ({reason})."),
            Event::Stopped => writeln!(w, "Stopped."),
            // People read it on stderr.
            Event::Failed { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready() -> Event {
        Event::Ready(Ready {
            login_uri: "http://127.0.0.1:9000/".into(),
            control_uri: "http://127.0.0.1:9001/".into(),
            script_address: Some("127.0.0.1:9002".into()),
            data_directory: Some("/var/holm".into()),
            regions: vec![ReadyRegion {
                name: "Holm".into(),
                uuid: Uuid::from_u128(1),
                x: 1000,
                y: 1001,
                udp: "127.0.0.1:9000".into(),
            }],
            pid: 7,
        })
    }

    fn written(format: MessageFormat, events: &[Event]) -> String {
        let mut output = Output::new(format, Vec::new());
        for event in events {
            output.event(event).unwrap();
        }
        String::from_utf8(output.writer).unwrap()
    }

    #[test]
    fn ready_line_is_exactly_as_promised() {
        assert_eq!(
            written(MessageFormat::Json, &[ready()]),
            "{\"event\":\"ready\",\"login_uri\":\"http://127.0.0.1:9000/\",\
             \"control_uri\":\"http://127.0.0.1:9001/\",\
             \"script_address\":\"127.0.0.1:9002\",\"data_directory\":\"/var/holm\",\"regions\":[{\"name\":\"Holm\",\
             \"uuid\":\"00000000-0000-0000-0000-000000000001\",\"x\":1000,\"y\":1001,\
             \"udp\":\"127.0.0.1:9000\"}],\"pid\":7}\n"
        );
    }

    #[test]
    fn every_event_is_one_line_of_json() {
        let events = [
            ready(),
            Event::TestAccounts { names: vec!["A\nB".into()], password: "test".into() },
            Event::OpenAccounts,
            Event::Stopping { reason: "signal".into() },
            Event::Stopped,
            Event::Failed { code: 4, message: "a\nb".into() },
        ];
        let text = written(MessageFormat::Json, &events);
        let kinds: Vec<_> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].clone())
            .collect();
        assert_eq!(
            kinds,
            ["ready", "test_accounts", "open_accounts", "stopping", "stopped", "failed"]
        );
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_another_failure_is() {
        struct Failing(io::ErrorKind, u32);
        impl Write for Failing {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut closed = Output::new(MessageFormat::Json, Failing(io::ErrorKind::BrokenPipe, 0));
        closed.event(&ready()).unwrap();
        closed.event(&Event::Stopped).unwrap();
        assert_eq!(closed.writer.1, 1, "written again after the reader had gone");
        let mut full = Output::new(MessageFormat::Human, Failing(io::ErrorKind::StorageFull, 0));
        assert!(full.event(&ready()).is_err());
    }

    #[test]
    fn human_block() {
        let accounts = Event::TestAccounts {
            names: vec!["Test User".into(), "Alice Tester".into()],
            password: "test".into(),
        };
        assert_eq!(
            written(MessageFormat::Human, &[ready(), accounts]),
            format!(
                "Holm {} is ready. Ctrl-C stops it.\n  login     http://127.0.0.1:9000/\n  \
                 control   http://127.0.0.1:9001/\n  scripts   127.0.0.1:9002\n  data      \
                 /var/holm\n  region    \
                 Holm at 1000,1001, udp 127.0.0.1:9000\n  accounts  Test User, Alice Tester \
                 (password: test)\n",
                env!("CARGO_PKG_VERSION")
            )
        );
    }
}
