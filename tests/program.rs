//! The built program: a grid for one command, side by side with others, its events and its pages.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

#[path = "program/accounts.rs"]
mod accounts;
#[path = "program/events.rs"]
mod events;
#[path = "program/exec.rs"]
mod exec;
#[path = "program/pages.rs"]
mod pages;
#[cfg(target_os = "linux")]
#[path = "program/terminal.rs"]
mod terminal;

/// `holm` without what the environment of the tests would tell it.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holm"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOLM_") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG").args(arguments).stdin(Stdio::null());
    command
}

fn holm(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A port that somebody else has for as long as the listener lives.
fn taken_port() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    (listener, port)
}

/// A process whose lines are read; killed when it goes out of scope.
struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        command.env("HOLM_STORAGE_REHEARSE", "true");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.child.id() as i32).unwrap(), signal).unwrap();
    }

    /// The exit code, and what else was on stdout.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn grids_on_free_ports_run_side_by_side() {
    let flags = ["--ephemeral", "--free-ports", "--message-format", "json"];
    let mut grids = [Running::start(&flags), Running::start(&flags)];
    let uris = grids.each_mut().map(|grid| {
        let ready: Value = serde_json::from_str(&grid.line()).unwrap();
        assert_eq!(ready["script_address"], Value::Null, "{ready}");
        ready["login_uri"].as_str().unwrap().to_owned()
    });
    assert_ne!(uris[0], uris[1]);
    for grid in grids {
        grid.signal(Signal::TERM);
        assert_eq!(grid.end().0, Some(0));
    }
}

#[test]
fn a_taken_port_names_flag_and_key() {
    let (_listener, port) = taken_port();
    for (flag, key) in [
        ("--http-port", "network.http_port"),
        ("--control-port", "network.control_port"),
        ("--script-port", "network.script_port"),
    ] {
        let output = holm(&["serve", "--ephemeral", "--free-ports", flag, &port]);
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(4), "{stderr}");
        assert!(stderr.contains(&format!("flag {flag}")), "{stderr}");
        assert!(stderr.contains(key), "{stderr}");
    }
}

#[test]
fn a_wrong_owner_of_an_object_names_file_and_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "[network]\n\n[[object]]\nname = \"Bell\"\nowner = \"Nobody Here\"\n";
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().to_str().unwrap();
    let output = holm(&["--ephemeral", "--free-ports", "--config", path]);
    let stderr = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains(&format!("holm: {path}:5: object.0.owner")), "{stderr}");
}

#[test]
fn terrain_errors_name_the_key_line_and_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("holm.toml");
    let file = directory.path().join("ground");
    let wrong = [
        ("raw", &b"short"[..], "raw terrain of 5 bytes: expected "),
        ("png", &b"\x89PNG\r\n\x1a\n damaged"[..], "png terrain: "),
    ];
    for (kind, bytes, problem) in wrong {
        std::fs::write(&file, bytes).unwrap();
        let path = file.to_str().unwrap();
        let table = format!("terrain = {{ kind = \"{kind}\", file = \"{path}\" }}");
        std::fs::write(&config, format!("[[region]]\nname = \"A\"\n{table}\n")).unwrap();
        let config = config.to_str().unwrap();
        let output = holm(&["--config", config, "--ephemeral", "--free-ports"]);
        let line = format!("holm: {config}:3: region.0.terrain.file: {path}: {problem}");
        assert!(stderr(&output).contains(&line), "{} lacks {line}", stderr(&output));
        assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    }
}

#[test]
fn the_durable_data_directory_is_in_the_banner() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("kept");
    let mut grid = Running::start(&["--free-ports", "--data", data.to_str().unwrap()]);
    let mut banner = String::new();
    while !banner.contains("  accounts") {
        banner.push_str(&grid.line());
    }
    assert!(banner.contains(&format!("  data      {}\n", data.display())), "{banner}");
    assert!(Path::new(&data).is_dir());
}
