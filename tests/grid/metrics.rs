//! What `/metrics` shows, against the page that documents it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use holm::testing::TestGrid;

const PAGE: &str = include_str!("../../docs/metrics.md");

/// The names of the page, with the labels of each.
fn documented() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `holm_"));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|');
        let name = cells.next().unwrap_or_default().trim().trim_matches('`');
        let labels = cells.next().unwrap_or_default().split(',');
        let labels = labels.map(|label| label.trim().trim_matches('`'));
        (name, labels.filter(|label| !label.is_empty()).collect())
    })
    .collect()
}

#[tokio::test]
async fn every_exposed_metric_has_help_and_is_documented() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    alice.say("hello").await?;
    alice.flush().await?;
    assert_eq!(grid.http().get(&format!("{}nothing", grid.login_uri())).await?.status, 404);
    alice.log_out().await?;
    grid.control("v1/agents").await?;

    let answer = grid.http().get(&format!("{}metrics", grid.control_uri())).await?;
    let text = String::from_utf8(answer.body.to_vec())?;
    let documented = documented();
    let mut families = 0;
    let mut help = "";
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(described) = line.strip_prefix("# HELP ") {
            help = described.split(' ').next().unwrap_or_default();
        } else if let Some(typed) = line.strip_prefix("# TYPE ") {
            let name = typed.split(' ').next().unwrap_or_default();
            assert_eq!(help, name, "no help: {line}");
            assert!(documented.contains_key(name), "docs/metrics.md lacks {name}");
            families += 1;
        } else {
            let series = line.rsplit_once(' ').context("a series without value")?.0;
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            // No value of these labels has a comma.
            let labels = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0));
            assert_eq!(documented.get(name), Some(&labels.collect()), "labels of {series}");
        }
    }
    assert!(families >= 10, "{text}");
    assert!(text.contains("# HELP holm_logins_granted_total successful logins\n"), "{text}");
    grid.stop().await?;
    Ok(())
}

#[test]
fn every_metric_of_the_sources_is_documented() {
    let mut names = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
    let documented = documented().into_keys().map(str::to_owned).collect();
    assert_eq!(names, documented);
}

/// Literals such as `"holm_sessions"` of all sources but the table that has them all.
fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, names);
        } else if !path.ends_with("server/metrics.rs") {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let literals = text.split('"').filter(|word| word.starts_with("holm_"));
            let is_name = |word: &&str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            names.extend(literals.filter(is_name).map(str::to_owned));
        }
    }
}
