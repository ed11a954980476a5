use super::*;

fn shell(script: &str) -> Output {
    holm(&["exec", "--open", "--", "sh", "-c", script])
}

#[test]
fn exec_names_the_grid_and_leaves_stdout_to_the_command() {
    let print = r#"printf '%s %s %s %s' "$HOLM_LOGIN_URI" "$HOLM_CONTROL_URI" "$HOLM_UDP" "$HOLM_SCRIPT_ADDRESS""#;
    let output = shell(print);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let printed = stdout(&output);
    let words: Vec<_> = printed.split(' ').collect();
    let [login, control, udp, scripts] = words[..] else { panic!("{printed}") };
    for uri in [login, control] {
        assert!(uri.starts_with("http://127.0.0.1:") && uri.ends_with('/'), "{printed}");
    }
    for address in [udp, scripts] {
        assert!(address.starts_with("127.0.0.1:"), "{printed}");
    }
    assert!(stderr(&output).contains(login), "the banner is on stderr");
}

#[test]
fn a_quiet_exec_leaves_stderr_to_its_command() {
    let output = holm(&["exec", "-q", "--", "sh", "-c", "echo heard >&2; exit 3"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stderr(&output), "heard\n");
    let output = holm(&["exec", "-q", "--", "/no/such/command"]);
    assert!(stderr(&output).starts_with("holm: cannot run "), "{}", stderr(&output));
    let output = holm(&["exec", "-q", "--message-format", "json", "--", "true"]);
    let ready: Value = serde_json::from_str(stderr(&output).lines().next().unwrap()).unwrap();
    assert_eq!(ready["event"], "ready", "what programs read is asked for by itself");
}

#[test]
fn exec_gives_the_command_a_grid_to_log_in_to() {
    let holm = env!("CARGO_BIN_EXE_holm");
    let load = format!(
        "{holm} health --ready && {holm} load --create --agents 1 --scenario idle --duration 0 -q"
    );
    let output = shell(&load);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn exec_ends_with_the_code_of_its_command() {
    assert_eq!(shell("exit 7").status.code(), Some(7));
    assert_eq!(shell("kill -9 $$").status.code(), Some(128 + 9));
}

#[test]
fn exec_tells_a_missing_command_from_one_that_fails() {
    let output = holm(&["exec", "--", "/no/such/command"]);
    assert_eq!(output.status.code(), Some(127), "{}", stderr(&output));
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = holm(&["exec", "--", file.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(126), "{}", stderr(&output));
    assert!(stderr(&output).contains("holm: cannot run "), "{}", stderr(&output));
}

#[test]
fn exec_fails_with_its_own_code_when_the_grid_does_not_start() {
    let (_listener, port) = taken_port();
    let taken = ["--http-port", &port, "--message-format", "json", "--", "echo", "ran"];
    let wrong = ["--no-such-flag", "--message-format", "json", "--", "echo", "ran"];
    let unreadable = ["--config", "/no/such.toml", "--message-format", "json", "--", "echo", "ran"];
    for arguments in [&taken[..], &wrong, &unreadable] {
        let output = holm(&[&["exec"], arguments].concat());
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(125), "{stderr}");
        assert_eq!(stdout(&output), "", "the command has not run");
        let failed: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
        assert_eq!(failed["event"], "failed", "{stderr}");
        assert_eq!(failed["code"], 125, "{stderr}");
    }
}

#[test]
fn exec_passes_signals_on() {
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT")] {
        // Away from a terminal that may be there: Ctrl-C would come from it, not from Holm.
        let script = format!("trap 'exit 7' {name}; echo here; while :; do sleep 0.01; done");
        let holm = env!("CARGO_BIN_EXE_holm");
        let mut child = Command::new("setsid")
            .args([holm, "exec", "--", "sh", "-c", &script])
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut running = Running { child, lines };
        assert_eq!(running.line(), "here\n");
        running.signal(signal);
        assert_eq!(running.end().0, Some(7), "{name}");
    }
}

#[test]
fn a_grid_inside_exec_ignores_its_variables() {
    let output = shell(&format!("{} config > /dev/null", env!("CARGO_BIN_EXE_holm")));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
