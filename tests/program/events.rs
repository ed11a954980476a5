//! `docs/events.schema.json` against real output.

use std::collections::BTreeSet;

use super::*;

const SCHEMA: &str = include_str!("../../docs/events.schema.json");
const PAGE: &str = include_str!("../../docs/events.md");

/// What is wrong with `value` by the part of JSON schema that the file uses.
fn problem(schema: &Value, value: &Value) -> Option<String> {
    let members = schema.as_object().unwrap();
    for (keyword, rule) in members {
        let wrong = match keyword.as_str() {
            "$schema" | "title" | "description" => None,
            "const" => (rule != value).then(|| format!("{value} is not {rule}")),
            "enum" => {
                (!rule.as_array().unwrap().contains(value)).then(|| format!("{value}: {rule}"))
            }
            "type" => (!has_type(rule, value)).then(|| format!("{value} is no {rule}")),
            "required" => {
                let names = rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                names
                    .filter(|name| value.get(name).is_none())
                    .map(|name| format!("no {name}"))
                    .next()
            }
            "properties" => {
                let rules = rule.as_object().unwrap();
                let given = value.as_object().unwrap();
                given.iter().find_map(|(name, value)| match rules.get(name) {
                    Some(rule) => problem(rule, value).map(|text| format!("{name}: {text}")),
                    None => Some(format!("{name} is not documented")),
                })
            }
            "items" => value.as_array().unwrap().iter().find_map(|item| problem(rule, item)),
            "oneOf" => {
                let fits = |rule: &&Value| problem(rule, value).is_none();
                let count = rule.as_array().unwrap().iter().filter(fits).count();
                (count != 1).then(|| format!("{value} fits {count} events"))
            }
            other => panic!("the test does not know the keyword {other}"),
        };
        if wrong.is_some() {
            return wrong;
        }
    }
    None
}

fn has_type(rule: &Value, value: &Value) -> bool {
    match rule {
        Value::Array(rules) => rules.iter().any(|rule| has_type(rule, value)),
        Value::String(name) => match name.as_str() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            "null" => value.is_null(),
            other => panic!("the test does not know the type {other}"),
        },
        other => panic!("no type: {other}"),
    }
}

/// Checks each line; the names of the events.
fn checked(lines: &str) -> BTreeSet<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let check = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        if let Some(problem) = problem(&schema, &value) {
            panic!("{problem}");
        }
        value["event"].as_str().unwrap().to_owned()
    };
    lines.lines().map(check).collect()
}

/// The names of all events of the schema.
fn documented() -> BTreeSet<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut names = BTreeSet::new();
    for event in schema["oneOf"].as_array().unwrap() {
        let rule = &event["properties"]["event"];
        let one = rule["const"].as_str().into_iter();
        let several = rule["enum"].as_array().into_iter().flatten();
        names.extend(one.chain(several.map(|name| name.as_str().unwrap())).map(str::to_owned));
    }
    names
}

#[test]
fn every_event_is_written_as_its_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let mut seen = BTreeSet::new();

    let flags = ["--free-ports", "--ephemeral", "--open", "--message-format", "json"];
    let mut grid = Running::start(&flags);
    let mut lines = grid.line();
    grid.signal(Signal::TERM);
    let (code, rest) = grid.end();
    assert_eq!(code, Some(0));
    lines.push_str(&rest);
    seen.extend(checked(&lines));

    for action in [
        &["add", "Test", "User", "--password", "test"][..],
        &["list"],
        &["passwd", "Test", "User", "--password", "other"],
        &["remove", "Test", "User"],
        &["remove", "Test", "User"],
    ] {
        let line = [&["account"], action, &["--data", data, "--message-format", "json"]].concat();
        let output = holm(&line);
        let written = stdout(&output);
        assert_eq!(written.lines().count(), 1, "{line:?}: {}", stderr(&output));
        seen.extend(checked(&written));
    }
    assert_eq!(seen, documented());
}

#[test]
fn the_events_page_shows_every_event() {
    for name in documented() {
        assert!(PAGE.contains(&format!("`{name}`")), "{name}");
    }
    let (_, behind) = PAGE.split_once("```json\n").unwrap();
    let (shown, _) = behind.split_once("```").unwrap();
    assert_eq!(checked(shown).len(), 4);
}

#[test]
fn a_failed_start_is_one_failed_event() {
    let (_listener, port) = taken_port();
    for (arguments, code) in [
        (&["--free-ports", "--ephemeral", "--http-port", &port][..], 4),
        (&["--no-such-flag"], 2),
        (&["serve", "--udp-port", "many"], 2),
        (&["--config", "/no/such.toml"], 3),
        (&["load", "--no-such-flag"], 2),
        (&["load", "--create", "--scenario", "chat", "--radius", "3"], 2),
    ] {
        let output = holm(&[arguments, &["--message-format", "json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let written = stdout(&output);
        assert_eq!(checked(&written), BTreeSet::from(["failed".to_owned()]), "{arguments:?}");
        assert_eq!(written.lines().count(), 1, "{written}");
        let failed: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(failed["code"], code);
        assert_eq!(failed.get("login_uri"), None);
    }
}
