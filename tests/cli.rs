//! The command as scripts see it: exit codes, what goes to stdout and what to stderr.

use std::process::{Command, Output};

fn holm(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holm"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOLM_") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG").args(arguments).output().unwrap()
}

#[track_caller]
fn fails(arguments: &[&str], code: i32, message: &str) {
    let output = holm(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
    assert!(output.stdout.is_empty(), "{:?}", output.stdout);
}

#[test]
fn wrong_command_line_is_2() {
    fails(&["--no-such-flag"], 2, "--no-such-flag");
    fails(&["serve", "--http-port", "70000"], 2, "--http-port");
    fails(&["serve", "--bind", "localhost"], 2, "--bind");
}

#[test]
fn wrong_configuration_is_3_and_names_the_place() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[grid]\nname = \"\"\n").unwrap();
    let path = file.path().to_str().unwrap();
    fails(&["--config", path], 3, &format!("holm: {path}:2: grid.name = \"\": must have"));
    fails(&["serve", "--config", "/no/such.toml"], 3, "holm: /no/such.toml: ");
    fails(&["--bind", "0.0.0.0"], 3, "holm: flag --bind: network.bind = \"0.0.0.0\": ");
    fails(&["--log", "holm=loud"], 3, "holm: flag --log: holm=loud: ");
}

#[test]
fn no_server_to_ask_is_8() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    fails(&["health", "--control", &uri], 8, "holm: no answer from ");
}

#[test]
fn effective_configuration_goes_to_stdout() {
    let output = holm(&["config", "--udp-port", "0", "--seed", "7"]);
    assert_eq!(output.status.code(), Some(0));
    let printed: toml::Table = String::from_utf8(output.stdout).unwrap().parse().unwrap();
    assert_eq!(printed["seed"].as_integer(), Some(7));
    assert_eq!(printed["region"][0]["udp_port"].as_integer(), Some(0));
}

#[test]
fn version_and_help_go_to_stdout() {
    let version = String::from_utf8(holm(&["--version"]).stdout).unwrap();
    assert_eq!(version, format!("holm {}\n", env!("CARGO_PKG_VERSION")));
    let help = String::from_utf8(holm(&["--help"]).stdout).unwrap();
    for promised in ["--message-format <FORMAT>", "--external-host <HOST>", "Exit codes:"] {
        assert!(help.contains(promised), "{promised} is not in: {help}");
    }
}
