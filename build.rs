//! Makes `message/generated` from `message_template.msg`, and the text of `holm --version`.

use std::path::Path;
use std::process::Command;
use std::{env, error, fs};

#[expect(unreachable_pub, reason = "shared with the library, which uses the rest")]
#[path = "src/template/mod.rs"]
mod template;

fn main() -> Result<(), Box<dyn error::Error>> {
    const TEMPLATE: &str = "message_template.msg";
    println!("cargo::rerun-if-changed={TEMPLATE}");
    println!("cargo::rerun-if-changed=src/template");
    println!("cargo::rustc-env=BUILD_OF_HOLM={}", build());
    let text = fs::read_to_string(TEMPLATE)?;
    let parsed = template::parse::parse(&text)
        .and_then(|parsed| template::check::check(&parsed).map(|()| parsed));
    match parsed {
        Ok(parsed) => {
            let out = env::var_os("OUT_DIR").ok_or("cargo has not set OUT_DIR")?;
            fs::write(Path::new(&out).join("messages.rs"), template::emit::emit(&parsed))?;
        }
        Err(error) => println!("cargo::error={TEMPLATE}: {error}"),
    }
    Ok(())
}

/// Commit, profile and target. Only release builds name the commit: others would be built anew
/// after each.
fn build() -> String {
    let variable = |name| env::var(name).unwrap_or_default();
    let parts = [commit().unwrap_or_default(), variable("PROFILE"), variable("TARGET")];
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}

/// The commit by `HOLM_COMMIT`, where the checkout is not at hand, else by git.
fn commit() -> Option<String> {
    println!("cargo::rerun-if-env-changed=HOLM_COMMIT");
    if let Some(commit) = env::var("HOLM_COMMIT").ok().filter(|commit| !commit.is_empty()) {
        return Some(commit);
    }
    if env::var("PROFILE").is_ok_and(|profile| profile != "release") {
        return None;
    }
    // Without a file of its own in the checkout, git answers for a directory around it.
    if !Path::new(".git").exists() {
        return None;
    }
    let head = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={head}");
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { commit } else { format!("{commit}+changes") })
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
