//! `holm account` while a server has the data directory: the server does the work.

use serde_json::Value;

use super::{Running, command, stderr, stdout};

const ID: &str = "00000000-0000-4000-8000-00000000000a";

struct Grid {
    data: tempfile::TempDir,
    /// Cheap hashes; a token, if the server wants one.
    config: tempfile::NamedTempFile,
    running: Option<Running>,
}

impl Grid {
    fn start(network: &str) -> Self {
        let config = tempfile::NamedTempFile::new().unwrap();
        let login = "[login]\nargon2_memory_kib = 1024\nargon2_passes = 1\n";
        std::fs::write(config.path(), format!("{login}{network}")).unwrap();
        let mut grid = Self { data: tempfile::tempdir().unwrap(), config, running: None };
        let mut arguments = grid.common();
        arguments.extend(
            ["--free-ports", "--log", "error", "--message-format", "json"].map(str::to_owned),
        );
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut running = Running::start(&arguments);
        let mut line = running.line();
        while !line.contains("\"ready\"") {
            assert!(!line.is_empty(), "the server has ended");
            line = running.line();
        }
        grid.running = Some(running);
        grid
    }

    fn common(&self) -> Vec<String> {
        let data = self.data.path().to_str().unwrap();
        let config = self.config.path().to_str().unwrap();
        ["--data", data, "--config", config].map(str::to_owned).to_vec()
    }

    /// Exit code and output.
    fn account(&self, line: &str, token: Option<&str>) -> (Option<i32>, String) {
        let mut command = command(&["account"]);
        command.args(line.split_whitespace()).args(self.common());
        if let Some(token) = token {
            command.env("HOLM_NETWORK_CONTROL_TOKEN", token);
        }
        let output = command.output().unwrap();
        let text = if output.status.success() { stdout(&output) } else { stderr(&output) };
        (output.status.code(), text)
    }

    #[track_caller]
    fn done(&self, line: &str) -> String {
        let (code, text) = self.account(line, None);
        assert_eq!(code, Some(0), "{text}");
        text
    }
}

#[test]
fn accounts_of_a_running_server_are_changed_by_the_server() {
    let mut grid = Grid::start("");
    let added = grid.done(&format!("add Carol Ivy --password a --uuid {ID}"));
    assert_eq!(added, format!("created {ID}  Carol Ivy\n"));
    let passwd = grid.done("passwd carol ivy --password b");
    assert_eq!(passwd, format!("changed the password of {ID}  Carol Ivy\n"));
    let list = grid.done("list --message-format json");
    let listed: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(listed.len(), 4, "{list}");
    let carol = listed.iter().find(|line| line["uuid"] == ID).unwrap();
    assert_eq!((&carol["event"], &carol["first"]), (&"account".into(), &"Carol".into()));
    assert!(carol["created_at"].as_u64() > Some(1_700_000_000), "{carol}");

    for (line, problem) in [
        ("add CAROL IVY --password x", "`CAROL IVY` is taken"),
        ("passwd No Body --password x", "no account is named `No Body`"),
        ("remove No Body", "no account is named `No Body`"),
    ] {
        let (code, text) = grid.account(line, None);
        assert_eq!(code, Some(7), "{text}");
        assert!(text.contains(problem), "{text}");
    }

    // The same directory without a server has what the server wrote.
    let running = grid.running.take().unwrap();
    running.signal(rustix::process::Signal::TERM);
    assert_eq!(running.end().0, Some(0));
    assert!(grid.done("list").contains(&format!("{ID}  Carol Ivy\n")));
    let removed = grid.done("remove Carol Ivy");
    assert_eq!(removed, format!("removed {ID}  Carol Ivy\n"));
}

#[test]
fn accounts_of_a_running_server_are_removed_by_the_server() {
    let grid = Grid::start("");
    grid.done(&format!("add Carol Ivy --password a --uuid {ID}"));
    assert_eq!(grid.done("remove Carol Ivy"), format!("removed {ID}  Carol Ivy\n"));
    assert!(!grid.done("list").contains("Carol"));
}

#[test]
fn a_running_server_with_a_token_demands_it_of_account_too() {
    let grid = Grid::start("[network]\ncontrol_token = \"sesame-sesame-sesame\"\n");
    assert!(grid.done("list").contains("Test User"));
    let (code, text) = grid.account("list", Some("another-token-than-that"));
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("is in use by another holm; http://127.0.0.1:"), "{text}");
    assert!(text.contains("HOLM_NETWORK_CONTROL_TOKEN"), "{text}");
    assert!(!text.contains("sesame") && !text.contains("another-token"), "{text}");
}
