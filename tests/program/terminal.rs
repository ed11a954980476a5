//! What a person at a terminal sees.

use std::fs::File;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use holm::time::{Clock as _, SystemClock};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

/// A terminal as the program behind it sees one, and the end at which somebody types and reads.
fn terminal() -> (File, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let program = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (File::from(person), program)
}

/// What appears on the terminal until the program has closed it.
fn shown(mut person: File) -> String {
    let mut seen = Vec::new();
    let mut part = [0; 256];
    // Linux says EIO when nobody has the other end any more.
    while let Ok(length @ 1..) = person.read(&mut part) {
        seen.extend_from_slice(&part[..length]);
    }
    String::from_utf8(seen).unwrap()
}

#[test]
fn a_password_typed_at_the_prompt_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let (person, program) = terminal();
    let add = ["account", "add", "Carol", "Tester", "--data", data];
    // A session of its own, whose terminal is this one and not that of the tests.
    let mut child = Command::new("setsid")
        .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_holm")])
        .args(add)
        .stdin(program.try_clone().unwrap())
        .stdout(program.try_clone().unwrap())
        .stderr(program)
        .spawn()
        .unwrap();
    let clock = SystemClock::new();
    let began = clock.now();
    while tcgetattr(&person).unwrap().local_modes.contains(LocalModes::ECHO) {
        assert!(clock.now().since(began) < DEADLINE, "the terminal still shows what is typed");
        assert_eq!(child.try_wait().unwrap(), None, "ended without asking");
        thread::yield_now();
    }
    (&person).write_all(b"open sesame\n").unwrap();
    let seen = shown(person);
    assert_eq!(child.wait().unwrap().code(), Some(0), "{seen}");
    assert!(seen.starts_with("Password: "), "{seen}");
    assert!(!seen.contains("sesame"), "{seen}");
    let listed = stdout(&holm(&["account", "list", "--data", data]));
    assert!(listed.contains("Carol Tester"), "{listed}");
}
