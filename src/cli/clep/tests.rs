//! `holm clep` on its arguments and its stdin.

use std::io::empty;

use clap::Parser;
use serde_json::Value;

use super::*;
use crate::cli::{Cli, CliCommand};
use crate::time::ManualClock;

fn run_with(input: &mut impl Read, line: &[&str]) -> Result<String, Failure> {
    let parsed = Cli::parse_from([&["holm", "clep"], line].concat());
    let (globals, CliCommand::Clep(args)) = parsed.into_command() else { panic!("{line:?}") };
    let mut out = Vec::new();
    run(&args, globals.message_format, &ManualClock::default(), input, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn ok(line: &[&str]) -> String {
    run_with(&mut empty(), line).unwrap()
}

#[track_caller]
fn fails(line: &[&str], code: u8, message: &str) {
    let failure = run_with(&mut empty(), line).unwrap_err();
    assert_eq!(failure.to_string(), message);
    assert_eq!(failure.code, code);
}

#[test]
fn composed_message_is_shown_field_by_field() {
    let line = ["encode", "--dialect", "clep-json", "--domain", "test", "--method", "file.open"];
    let id = ["--id", "7", "--params", r#"{"path":["a",1]}"#, "--source-script", "s"];
    let text = ok(&[&line[..], &id, &["--target-prim", "p", "--wrap"]].concat());
    let shown = ok(&["decode", "--dialect", "clep-json", text.trim_end()]);
    assert_eq!(
        shown,
        "dialect             clep-json\n\
         channel             -951725774\n\
         domain              \"test\"\n\
         id                  \"7\"\n\
         method.0            \"file\"\n\
         method.1            \"open\"\n\
         params.path.0       \"a\"\n\
         params.path.1       1\n\
         seal.wrapped.utime  1767225600\n\
         source.prim         \"\"\n\
         source.region       \"\"\n\
         source.script       \"s\"\n\
         target.prim         \"p\"\n\
         utime               1767225600\n"
    );
}

#[test]
fn json_of_decode_is_what_encode_takes() {
    let requests: [&[&str]; 5] = [
        &["--dialect", "clep-svc", "--service", "s", "--domain", "d", "--text", "t", "--type", "x"],
        &[
            "--dialect",
            "clep-svc",
            "--domain",
            "d",
            "--lep",
            r#"{"flags":1,"source":"a","target":"b","parameters":["ping"],"data":"x"}"#,
        ],
        &["--dialect", "clep-rpc-short", "--domain", "d", "--method", "a.b", "--result", "null"],
        &["--dialect", "clep-lines", "--domain", "d", "--method", "a.b", "--params", "x\ny"],
        &["--dialect", "clep-json", "--domain", "d", "--method", "a.b", "--result", "[1]"],
    ];
    for request in requests {
        let dialect = &request[..2];
        let written = ok(&[&["encode"], request, &["--message-format", "json"]].concat());
        let written: Value = serde_json::from_str(&written).unwrap();
        let text = written["text"].as_str().unwrap();
        assert_eq!(written["bytes"], text.len());
        let json = ["--message-format", "json", "--", text];
        let shown = ok(&[&["decode"], dialect, &json[..]].concat());
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["channel"], written["channel"]);
        let message = shown["message"].to_string();
        let again = ok(&[&["encode"], dialect, &["--message", &message][..]].concat());
        assert_eq!(again, format!("{text}\n"), "{request:?}");
    }
}

#[test]
fn texts_come_from_stdin_too() {
    let text = ok(&["encode", "--dialect", "clep-lines", "--domain", "d", "--timestamp", "t"]);
    // It ends with an empty field, and with the newline that the command adds.
    assert!(text.ends_with("\n\n"), "{text:?}");
    let decode = ["decode", "--dialect", "clep-lines", "-"];
    let shown = run_with(&mut text.as_bytes(), &decode).unwrap();
    assert!(shown.contains("outcome        \"request\"\n"), "{shown}");
    let bare = text.strip_suffix('\n').unwrap().as_bytes();
    assert_eq!(run_with(&mut &bare[..], &decode).unwrap_err().code, INPUT);
    let bytes: &[u8] = b"CLEP,\xff";
    let svc = ["decode", "--dialect", "clep-svc", "-"];
    let failure = run_with(&mut &bytes[..], &svc).unwrap_err();
    assert_eq!(failure.to_string(), "text: not utf-8 after 5 bytes");
    let endless = run_with(&mut std::io::repeat(b'x'), &svc).unwrap_err();
    assert_eq!(endless.to_string(), "stdin: more than 1048576 bytes");
}

#[test]
fn texts_of_strangers_cannot_talk_to_the_terminal() {
    let text = "CLEP,s,d,,raw,%1B%5B2J%C2%9B,";
    let shown = ok(&["decode", "--dialect", "clep-svc", text]);
    assert!(shown.contains(r#"body.raw.text  "\u{1b}[2J\u{9b}""#), "{shown}");
    let params = r#"{"ss":"a","ts":"","p":{"\u001b\u009b":1}}"#;
    let shown = ok(&["decode", "--dialect", "clep-rpc-short", params]);
    assert!(!shown.contains(['\u{1b}', '\u{9b}']), "{shown:?}");
}

#[test]
fn channels_that_avatars_type_on_are_told() {
    let line = ["encode", "--dialect", "seed-chuf", "--form", "s3", "--domain", "d997831"];
    let text = ok(&[&line[..], &["--text", "x"]].concat());
    let decode = ["decode", "--dialect", "seed-chuf", "--form", "s3", text.trim_end_matches('\n')];
    let shown = ok(&decode);
    assert!(shown.contains("channel        280\n"), "{shown}");
    assert!(shown.ends_with("warning        any avatar can type on this channel\n"), "{shown}");
}

#[test]
fn flags_must_fit_the_dialect() {
    let json = ["encode", "--dialect", "clep-json", "--domain", "d"];
    fails(&[&json[..], &["--text", "x"]].concat(), USAGE, "--text is not for dialect clep-json");
    fails(&[&json[..], &["--form", "s4"]].concat(), USAGE, "--form is not for dialect clep-json");
    fails(&json, USAGE, "message: missing field `method`");
    let opaque = ["encode", "--dialect", "seed-chuf"];
    let domain = "--domain is not for dialect seed-chuf without --form";
    fails(&[&opaque[..], &["--domain", "d"]].concat(), USAGE, domain);
    fails(&opaque, USAGE, "message: expected --text and nothing else");
    assert_eq!(ok(&[&opaque[..], &["--text", "any"]].concat()), "any\n");
    let svc = ["encode", "--dialect", "clep-svc"];
    let with = |rest: &[&'static str]| [&svc[..], rest].concat();
    let body = "message: invalid value: map, expected map with a single key";
    let both = with(&["--message", r#"{"body":{"lep":{}}}"#, "--text", "x"]);
    fails(&both, USAGE, body);
    let no_object = "--text: body of --message is not an object";
    fails(&with(&["--message", r#"{"body":"x"}"#, "--text", "x"]), USAGE, no_object);
    let newline = "newline in the domain after 1 characters";
    fails(&with(&["--domain", "a\nb", "--text", "x"]), USAGE, newline);
    let error = run_with(&mut empty(), &with(&["--message", "{"])).unwrap_err();
    assert!(error.to_string().starts_with("--message: EOF"), "{error}");
}
