//! The emitter's output for ten messages, kept as a file.
//!
//! `HOLM_UPDATE_GOLDEN=1 cargo test --test message_emitter` writes it anew.

use std::path::{Path, PathBuf};
use std::{env, fs};

use holm::template::{check, emit, parse};

fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

#[test]
fn ten_messages_give_the_golden_source() {
    let text = fs::read_to_string(vectors("ten.msg")).unwrap();
    let template = parse::parse(&text).unwrap();
    check::check(&template).unwrap();
    assert_eq!(template.messages.len(), 10);
    let source = emit::emit(&template);
    let golden = vectors("ten.rs.txt");
    if env::var_os("HOLM_UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &source).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap().replace("\r\n", "\n");
    for (at, (line, wanted)) in source.lines().zip(expected.lines()).enumerate() {
        assert_eq!(line, wanted, "line {} of {}", at + 1, golden.display());
    }
    assert_eq!(source.lines().count(), expected.lines().count(), "{}", golden.display());
}
