//! The environment and arguments of the container image, without a container.

use super::*;

const IMAGE: &str = include_str!("../../Dockerfile");

/// Name and value of each `ENV` of the final stage.
fn environment() -> Vec<(&'static str, &'static str)> {
    let (_, behind) = IMAGE.split_once("\nENV ").unwrap();
    let block = behind.lines().scan(true, |goes_on, line| {
        let this = *goes_on;
        *goes_on = line.ends_with('\\');
        this.then(|| line.trim_end_matches('\\').trim())
    });
    block.map(|line| line.split_once('=').unwrap()).collect()
}

/// The arguments that the image has by default.
fn arguments() -> Vec<String> {
    let line = IMAGE.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap_or_default();
    serde_json::from_str(line).unwrap()
}

#[test]
fn anybody_can_log_in_to_the_grid_of_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = folder.path().join("accounts.json");
    std::fs::write(&accounts, r#"[{"first":"Any","last":"Body","password":"x"}]"#).unwrap();
    let arguments = arguments();
    let mut words: Vec<_> = arguments.iter().map(String::as_str).collect();
    words.extend(["--free-ports", "--message-format", "json"]);
    let mut image = command(&words);
    image.envs(environment()).env("HOLM_STORAGE_DIRECTORY", folder.path());
    let mut child = image.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    let mut grid = Running { child, lines };
    let ready: Value = serde_json::from_str(&grid.line()).unwrap();
    let uri = ready["login_uri"].as_str().unwrap_or_else(|| panic!("{ready}"));
    assert!(uri.starts_with("http://127.0.0.1:"), "{uri}");
    let load = ["load", "--login", uri, "--agents", "1", "--scenario", "idle", "--duration", "0"];
    let output = holm(&[&load[..], &["--accounts", accounts.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
