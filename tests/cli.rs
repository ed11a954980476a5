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

#[track_caller]
fn prints(arguments: &[&str], expected: &str) {
    let output = holm(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(stderr, "");
}

#[test]
fn clep_channel_is_the_integer_alone() {
    let channel =
        |rest: &[&str], expected| prints(&[&["clep", "channel"], rest].concat(), expected);
    channel(&["--dialect", "seed-chuf", "test"], "-1326446072\n");
    channel(&["--dialect", "seed-chuf", "--", "clep-6023606648"], "1\n");
    channel(&["--dialect", "seed-chuf", "CLEP-4882641407"], "-2147483648\n");
    channel(&["--dialect", "clep-svc", "--service", "svc", "test"], "-110328430\n");
    channel(&["--dialect", "clep-sha", "--service", "svc", "--", "test"], "-199295149\n");
    channel(&["--dialect", "clep-json", "test "], "-614433938\n");
    channel(&["--dialect", "clep-json", ""], "-1073741824\n");
    channel(&["--dialect", "clep-lines", "🧡"], "-2147354143\n");
    let dashed = holm(&["clep", "channel", "--dialect", "clep-json", "--", "--dialect"]);
    assert_eq!(dashed.status.code(), Some(0));
    let lenient = ["--dialect", "clep-json", "--lenient", "a\nb"];
    assert_eq!(holm(&[&["clep", "channel"], &lenient[..]].concat()).status.code(), Some(0));
}

#[test]
fn clep_channel_refuses_with_2() {
    let refuses = |rest: &[&str], message: &str| {
        fails(&[&["clep", "channel"], rest].concat(), 2, message);
    };
    let newline = "holm: newline in the domain after 1 characters";
    refuses(&["--dialect", "seed-chuf", "a\nb"], newline);
    refuses(&["--dialect", "clep-json", "a\n"], newline);
    let service = "holm: newline in the service after 0 characters";
    refuses(&["--dialect", "clep-svc", "--service", "\n", "a"], service);
    refuses(
        &["--dialect", "clep", "a"],
        "\"clep\" is no dialect: expected one of xichat, seed-chuf",
    );
    refuses(&["a"], "--dialect");
    refuses(&["--dialect", "clep-json"], "DOMAIN");
    refuses(&["--dialect", "clep-json", "-x"], "-x");
}

#[test]
fn clep_messages_go_there_and_back() {
    let svc = ["clep", "encode", "--dialect", "clep-svc", "--service", "svc", "--domain", "dom"];
    let text = "CLEP,svc,dom,,raw,hi%2C%20%3C1%3E,";
    prints(&[&svc[..], &["--text", "hi, <1>"]].concat(), &format!("{text}\n"));
    let decode = ["clep", "decode", "--dialect", "clep-svc", "--message-format", "json", text];
    prints(
        &decode,
        "{\"channel\":-189571646,\"dialect\":\"clep-svc\",\"message\":{\"body\":{\"raw\":{\
         \"text\":\"hi, <1>\",\"type\":\"raw\"}},\"domain\":\"dom\",\"prim\":\"\",\
         \"service\":\"svc\"},\"warnings\":[]}\n",
    );
    let cut = "holm: text: truncated after 30 bytes: the comma at the end";
    fails(&["clep", "decode", "--dialect", "clep-svc", &text[..30]], 6, cut);
    fails(&["clep", "decode", "--dialect", "clep-svc", "hello"], 6, "tag \"hello\": expected CLEP");
    let long = "x".repeat(1024);
    let too_long = "holm: message of 1043 bytes: at most 1023 fit into one chat message";
    fails(&[&svc[..], &["--text", &long]].concat(), 6, too_long);
    let method = [&svc[..], &["--method", "ping"]].concat();
    fails(&method, 2, "holm: --method is not for dialect clep-svc");
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
    assert!(version.starts_with(concat!("holm ", env!("CARGO_PKG_VERSION"), " (")), "{version}");
    assert!(version.contains(std::env::consts::ARCH), "{version}");
    let help = String::from_utf8(holm(&["--help"]).stdout).unwrap();
    for promised in ["--message-format <FORMAT>", "--external-host <HOST>", "Exit codes:"] {
        assert!(help.contains(promised), "{promised} is not in: {help}");
    }
}

#[test]
fn load_refuses_what_it_can_before_anything_starts() {
    let load = |rest: &[&str], code, message: &str| {
        fails(&[&["load", "--create", "--agents", "2"], rest].concat(), code, message);
    };
    load(&["--scenario", "chat", "--radius", "3"], 2, "--radius is not for scenario chat");
    load(&["--scenario", "dance"], 2, "dance");
    load(&["--scenario", "idle", "--report", "a.txt"], 2, "expected a name in .json or .html");
    load(&["--scenario", "idle", "--report", "/no/such/a.json"], 6, "/no/such/a.json: ");
    load(&["--scenario", "idle", "--login", "http://192.0.2.1/"], 7, "--i-own-this-grid");
    load(&["--scenario", "idle", "--control", "http://192.0.2.1/"], 7, "--i-own-this-grid");
    fails(&["load", "--scenario", "idle"], 2, "--create");
    let files = ["load", "--scenario", "idle", "--accounts", "/no/such.json"];
    fails(&files, 6, "holm: /no/such.json: ");
}

#[test]
fn load_of_a_dead_grid_is_10_and_the_reports_are_written() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let accounts = r#"[{"first":"A","last":"B","password":"x"}]"#;
    std::fs::write(path("accounts.json"), accounts).unwrap();
    let output = holm(&[
        "load",
        "--login",
        &uri,
        "--accounts",
        &path("accounts.json"),
        "--agents",
        "1",
        "--scenario",
        "idle",
        "--token",
        "secret",
        "--message-format",
        "json",
        "--report",
        &path("report.json"),
        "--report",
        &path("report.html"),
    ]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(10), "{stderr}");
    assert!(stderr.contains(&format!("holm: no grid at {uri}")), "{stderr}");
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["scenario"], "idle");
    assert!(printed["failure"].as_str().unwrap().starts_with("no grid at "), "{printed}");
    assert_eq!(output.stdout, std::fs::read(path("report.json")).unwrap());
    assert!(!String::from_utf8(output.stdout).unwrap().contains("secret"));
    let page = std::fs::read_to_string(path("report.html")).unwrap();
    assert!(page.contains("What went wrong") && page.contains("no grid at "), "{page}");
}
