use std::io;

use super::*;

fn printed(arguments: &[&str]) -> String {
    let output = holm(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn completions_know_subcommands_and_options() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&["completions", shell]);
        for word in ["exec", "free-ports", "message-format"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn man_pages_are_there_for_each_subcommand() {
    assert!(printed(&["man"]).contains(".TH holm"));
    assert!(printed(&["man", "exec"]).contains("HOLM_LOGIN_URI"));
    assert!(printed(&["man", "account", "add"]).contains("holm\\-account\\-add"));
    assert_eq!(holm(&["man", "nonsense"]).status.code(), Some(2));
}

#[test]
fn the_example_is_the_commented_configuration() {
    let example = include_str!("../../config/holm.toml");
    assert_eq!(printed(&["config", "--example"]), example);
}

#[test]
fn help_is_in_groups() {
    let help = printed(&["--help"]);
    for group in ["Commands:", "Grid:", "Network:", "Accounts:", "Output:", "Exit codes:"] {
        assert!(help.contains(&format!("\n{group}")), "{group} is not in: {help}");
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let capture = ["decode", "--hex", "00 00000005 00 01 07 02010000"];
    for arguments in [
        &["config"][..],
        &["config", "--example"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
        &["clep", "channel", "--dialect", "clep-json", "d"],
        &capture,
    ] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = command(arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{arguments:?}");
    }
}

#[test]
fn a_closed_stderr_does_not_hide_the_code() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let status = command(&["--config", "/no/such.toml"]).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(3));
}

#[test]
fn colors_follow_flag_and_variable() {
    let escape = '\u{1b}';
    let help = |flags: &[&str]| printed(&[flags, &["--help"]].concat());
    assert!(help(&["--color", "always"]).contains(escape));
    assert!(!help(&["--color", "never"]).contains(escape));
    assert!(!help(&[]).contains(escape), "no terminal");
}

#[test]
fn the_log_can_be_json() {
    let flags = ["--free-ports", "--ephemeral", "--log-format", "json", "--log", "info"];
    let mut child = command(&flags).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["fields"]["message"].is_string(), "{line}");
}
