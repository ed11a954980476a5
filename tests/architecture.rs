//! The rules of `docs/architecture.md` that a compiler does not check: layers, what the lower
//! layers may use, module headers, file sizes, names of functions.
//!
//! The checker reads the sources as text. Code under `#[cfg(test)]` may import what it likes, since
//! it is not part of what others build on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "architecture/inside.rs"]
mod inside;

/// A module imports from lower numbers only.
const LAYERS: [&[&str]; 10] = [
    &["ids", "time", "template", "message", "llsd", "config"],
    &["circuit", "netsim", "lsl", "clep"],
    &["outbox", "objects"],
    &["region"],
    &["services"],
    &["session", "scripts", "storage", "cluster"],
    &["udp", "http"],
    &["server", "client"],
    &["load"],
    &["cli", "testing"],
];

/// The packages that layers 0 and 1 may use.
const GROUND_PACKAGES: [&str; 11] = [
    "base64",
    "bitflags",
    "bytes",
    "fastrand",
    "quick_xml",
    "serde",
    "serde_json",
    "smallvec",
    "thiserror",
    "tracing",
    "uuid",
];

/// Exceptions to the list above: who may use what besides. CLEP's channels are SHA-256 sums.
const GROUND_EXCEPTIONS: [(&str, &str); 2] = [("clep", "sha2"), ("config", "toml")];

/// Longest file that needs no reason.
const LONGEST_FILE: usize = 1000;

/// What a longer file's header must contain, followed by the reason.
const SIZE_REASON: &str = "over 1000 lines because";

/// Longest name of a function. Those of tests give subject and outcome.
const LONGEST_NAME: usize = 60;

#[test]
fn sources_keep_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = packages(&fs::read_to_string(root.join("Cargo.toml")).unwrap());
    let sources = sources();
    let test_files = test_files(&sources);
    let macros = sources.iter().flat_map(|(name, text)| exported_macros(name, text)).collect();
    let crate_facts = Facts { packages, macros };

    let mut report = String::new();
    for (name, text) in &sources {
        for problem in check(name, text, is_test_file(name, &test_files), &crate_facts) {
            writeln!(report, "src/{name}:{problem}").unwrap();
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// All files below `src`, each with its name there and its text.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&root);
    assert!(files.len() > 20, "only {} sources found", files.len());
    let read = |file: &PathBuf| {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap();
        (name.replace('\\', "/"), fs::read_to_string(file).unwrap())
    };
    files.iter().map(read).collect()
}

/// The [`sources`] without the library's root, the program and the tests.
fn source_files() -> Vec<(String, String)> {
    let mut sources = sources();
    let test_files = test_files(&sources);
    sources.retain(|(name, _)| {
        !matches!(name.as_str(), "lib.rs" | "main.rs") && !is_test_file(name, &test_files)
    });
    sources
}

fn test_files(sources: &[(String, String)]) -> BTreeSet<String> {
    sources.iter().flat_map(|(name, text)| test_modules(name, text)).collect()
}

#[test]
fn every_module_has_a_layer() {
    let library = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).unwrap();
    let declared: BTreeSet<_> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let layered: BTreeSet<_> = LAYERS.iter().flat_map(|layer| layer.iter().copied()).collect();
    assert_eq!(declared, layered);
}

#[test]
fn architecture_document_shows_the_same_layers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/architecture.md");
    let document = fs::read_to_string(path).unwrap();
    for (number, modules) in LAYERS.iter().enumerate() {
        let line = format!("| {number} | `{}` |", modules.join("`, `"));
        assert!(document.contains(&line), "docs/architecture.md lacks: {line}");
    }
}

#[test]
fn names_of_tests_are_short_and_begin_with_their_subject() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut report = String::new();
    for file in ["src", "tests", "benches"].iter().flat_map(|folder| rust_files(&root.join(folder)))
    {
        for problem in name_problems(&fs::read_to_string(&file).unwrap()) {
            writeln!(report, "{}:{problem}", file.strip_prefix(root).unwrap().display()).unwrap();
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// Functions whose names are too long, or are a clause in the place of a subject.
fn name_problems(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let names = tokens.windows(2).filter(|pair| pair[0].text == "fn").map(|pair| pair[1]);
    let clauses = ["who_", "whom_", "whoever_", "what_", "whatever_"];
    names
        .filter(|name| {
            name.text.len() > LONGEST_NAME || clauses.iter().any(|word| name.text.starts_with(word))
        })
        .map(|name| format!("{}: fn {}", name.line, name.text))
        .collect()
}

/// What must be known of the whole crate to judge one file.
#[derive(Debug, Default)]
struct Facts {
    /// The packages that the crate depends on.
    packages: BTreeSet<String>,
    /// Macros that are exported, and so lie at the crate's root, with their modules.
    macros: BTreeMap<String, String>,
}

/// All problems of one source file, each as `line: what`.
fn check(name: &str, text: &str, is_test: bool, facts: &Facts) -> Vec<String> {
    let mut problems = Vec::new();
    if !text.starts_with("//!") {
        problems.push("1: does not start with //!".to_owned());
    }
    let header: Vec<_> =
        text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let lines = text.lines().count();
    if lines > LONGEST_FILE && !header.join(" ").contains(SIZE_REASON) {
        problems.push(format!("1: {lines} lines, and no \"{SIZE_REASON}\" in the header"));
    }
    let module = top_module(name);
    if module == "main" || module == "lib" {
        return problems;
    }
    let Some(layer) = layer_of(&module) else {
        problems.push(format!("1: module {module} has no layer"));
        return problems;
    };
    let tokens = tokens(text);
    for reference in references(name, &tokens) {
        let Reference { line, target, in_test } = reference;
        let target = facts.macros.get(&target).unwrap_or(&target);
        if is_test || in_test || *target == module {
            continue;
        }
        match layer_of(target) {
            None => problems.push(format!("{line}: crate::{target} has no layer")),
            Some(lower) if lower < layer => {}
            Some(number) => problems
                .push(format!("{line}: {module} (layer {layer}) uses {target} (layer {number})")),
        }
    }
    if layer <= 1 {
        problems.extend(ground_problems(&module, &tokens, &facts.packages));
    }
    problems
}

/// What layers 0 and 1 must not contain: other packages, async, sockets, randomness of their own.
fn ground_problems(module: &str, tokens: &[Token<'_>], packages: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let follows = |offset: usize| tokens.get(at + offset).map_or("", |token| token.text);
        let starts_path = at == 0 || tokens[at - 1].text != "::";
        let is_path = starts_path && follows(1) == "::";
        let is_use = at > 0 && tokens[at - 1].text == "use";
        let allowed = GROUND_PACKAGES.contains(&token.text)
            || GROUND_EXCEPTIONS.contains(&(module, token.text));
        let problem = match token.text {
            "async" | "await" => Some("is async".to_owned()),
            "UdpSocket" | "TcpStream" | "TcpListener" => Some("opens sockets".to_owned()),
            "fastrand" if is_path && follows(2).starts_with(char::is_lowercase) => {
                Some("draws from the global generator".to_owned())
            }
            "Rng" if follows(1) == "::" && follows(2) == "new" => {
                Some("makes an unseeded generator".to_owned())
            }
            package if (is_path || is_use) && packages.contains(package) && !allowed => {
                Some(format!("uses the package {package}"))
            }
            _ => None,
        };
        if let Some(problem) = problem {
            problems.push(format!("{}: {module} {problem}", token.line));
        }
    }
    problems
}

/// A mention of a top-level module of this crate.
#[derive(Debug, PartialEq, Eq)]
struct Reference {
    line: usize,
    target: String,
    in_test: bool,
}

/// Every path that leads to the crate's root and on: `crate::x`, `crate::{x, y}`, `super::x`.
fn references(name: &str, tokens: &[Token<'_>]) -> Vec<Reference> {
    let mut found = Vec::new();
    // Inline modules around the current token: the brace depth each was opened at, whether test.
    let mut inline: Vec<(usize, bool)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        let text = |offset: usize| tokens.get(at + offset).map_or("", |token| token.text);
        match text(0) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inline.pop_if(|(opened, _)| *opened == depth);
            }
            "mod" if text(2) == "{" => {
                inline.push((depth, is_cfg_test(&tokens[..at])));
                depth += 1;
                at += 3;
                continue;
            }
            "crate" | "super" | "self" if at == 0 || tokens[at - 1].text != "::" => {
                let mut level = file_depth(name) + inline.len();
                match text(0) {
                    "crate" => level = 0,
                    "super" => level = level.saturating_sub(1),
                    _ => {}
                }
                let mut next = 1;
                while text(next) == "::" && text(next + 1) == "super" {
                    level = level.saturating_sub(1);
                    next += 2;
                }
                if level == 0 && text(next) == "::" {
                    let in_test = inline.iter().any(|(_, test)| *test);
                    for (line, target) in path_heads(&tokens[at + next + 1..]) {
                        found.push(Reference { line, target: target.to_owned(), in_test });
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The first names of `x::y`, or of every branch of `{x::y, z}`.
fn path_heads<'t>(tokens: &[Token<'t>]) -> Vec<(usize, &'t str)> {
    let Some(first) = tokens.first() else { return Vec::new() };
    if first.text != "{" {
        return vec![(first.line, first.text)];
    }
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut at_head = false;
    for token in tokens {
        match token.text {
            "{" => {
                depth += 1;
                at_head = depth == 1;
            }
            "}" => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            "," => at_head = depth == 1,
            name if at_head => {
                heads.push((token.line, name));
                at_head = false;
            }
            _ => {}
        }
    }
    heads
}

/// Whether the tokens end with `#[cfg(test)]`, other attributes and visibility aside.
fn is_cfg_test(before: &[Token<'_>]) -> bool {
    let since = before
        .iter()
        .rposition(|token| matches!(token.text, ";" | "}" | "{"))
        .map_or(0, |position| position + 1);
    before[since..].windows(3).any(|window| {
        let texts: Vec<_> = window.iter().map(|token| token.text).collect();
        texts == ["cfg", "(", "test"]
    })
}

/// The file stems that `#[cfg(test)] mod x;` lines of a file declare: `circuit/x`.
fn test_modules(name: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let folder = match name.strip_suffix("/mod.rs") {
        Some(folder) => folder.to_owned(),
        None => name.trim_end_matches(".rs").to_owned(),
    };
    (2..tokens.len())
        .filter(|&at| tokens[at - 2].text == "mod" && tokens[at].text == ";")
        .filter(|&at| is_cfg_test(&tokens[..at - 2]))
        .map(|at| format!("{folder}/{}", tokens[at - 1].text))
        .collect()
}

/// The macros that a file exports, with its top-level module.
fn exported_macros(name: &str, text: &str) -> Vec<(String, String)> {
    let tokens = tokens(text);
    let texts: Vec<_> = tokens.iter().map(|token| token.text).collect();
    texts
        .windows(5)
        .filter(|window| window[..4] == ["macro_export", "]", "macro_rules", "!"])
        .map(|window| (window[4].to_owned(), top_module(name)))
        .collect()
}

fn is_test_file(name: &str, test_files: &BTreeSet<String>) -> bool {
    let stem = name.trim_end_matches(".rs").trim_end_matches("/mod");
    test_files.iter().any(|test| {
        stem.strip_prefix(test.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// How many modules lie between a file's own and the crate's root: `a.rs` and `a/mod.rs` 1,
/// `a/b.rs` 2.
fn file_depth(name: &str) -> usize {
    name.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count()
}

fn top_module(name: &str) -> String {
    name.trim_end_matches(".rs").split('/').next().unwrap_or_default().to_owned()
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The names of a manifest's dependencies as they stand in paths. Those for tests only are left
/// out: nothing else can use them.
fn packages(manifest: &str) -> BTreeSet<String> {
    let manifest: toml::Table = manifest.parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    dependencies.keys().map(|name| name.replace('-', "_")).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[derive(Clone, Copy, Debug)]
struct Token<'t> {
    line: usize,
    text: &'t str,
}

/// Words, `::` and single characters; comments, literals and white space left out.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = literal(rest) {
            length
        } else {
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            if !first.is_whitespace() {
                tokens.push(Token { line, text: &rest[..length] });
            }
            length
        };
        line += rest[..length].matches('\n').count();
        at += length;
    }
    tokens
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of a string or character literal at the start of `rest`; nothing for other text,
/// lifetimes included.
fn literal(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - body.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = body.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let inner = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = inner.find(&end).map_or(inner.len(), |found| found + end.len());
        return Some(prefix + 1 + hashes + 1 + length);
    }
    let quote = body.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut characters = body.char_indices().skip(1);
    if quote == '\'' {
        let (_, first) = characters.next()?;
        if first != '\\' {
            // 'a' is a literal, 'a a lifetime.
            let after = 1 + first.len_utf8();
            return body[after..].starts_with('\'').then_some(prefix + after + 1);
        }
        characters.next();
    }
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return Some(prefix + at + 1);
        }
        if character == '\\' {
            characters.next();
        }
    }
    Some(rest.len())
}

mod checker {
    //! The checker finds what it is for, and nothing else.

    use super::*;

    fn problems(name: &str, code: &str) -> Vec<String> {
        let packages = packages("[dependencies]\ntokio = \"1\"\ntoml = \"1\"\nbytes = \"1\"");
        let macros = BTreeMap::from([("llsd_map".to_owned(), "llsd".to_owned())]);
        check(name, &format!("//! Sample.\n{code}"), false, &Facts { packages, macros })
    }

    #[track_caller]
    fn finds(name: &str, code: &str, expected: &str) {
        assert_eq!(problems(name, code), [expected], "{code}");
    }

    #[track_caller]
    fn passes(name: &str, code: &str) {
        assert_eq!(problems(name, code), Vec::<String>::new(), "{code}");
    }

    #[test]
    fn imports_upwards_and_sideways() {
        let upwards = "2: circuit (layer 1) uses region (layer 3)";
        finds("circuit/mod.rs", "use crate::region::Region;", upwards);
        finds("circuit/mod.rs", "use crate::{ids, region::{A, B}, time};", upwards);
        finds("circuit/mod.rs", "fn f() { let x = crate::region::new(); }", upwards);
        finds("circuit/mod.rs", "pub(crate) use super::region;", upwards);
        finds("circuit/acks.rs", "use super::super::region::X;", upwards);
        finds("circuit/mod.rs", "mod inner { use super::super::region::X; }", upwards);
        finds("circuit.rs", "use self::super::region;", upwards);
        finds("circuit/mod.rs", "use crate::lsl;", "2: circuit (layer 1) uses lsl (layer 1)");
        finds("llsd/xml.rs", "use crate::ids;", "2: llsd (layer 0) uses ids (layer 0)");
        finds("http/mod.rs", "\n\nuse crate::udp;", "4: http (layer 6) uses udp (layer 6)");
        finds("server.rs", "use crate::client;", "2: server (layer 7) uses client (layer 7)");
        finds("region/mod.rs", "use crate::world;", "2: crate::world has no layer");
        finds("world.rs", "", "1: module world has no layer");
    }

    #[test]
    fn lawful_imports_pass() {
        passes("circuit/mod.rs", "use crate::{ids::A, message, time::{Timestamp, X}};");
        passes("circuit/mod.rs", "use super::ids; mod acks; use self::acks::Y;");
        passes("circuit/acks.rs", "use super::{region, Z}; use super::super::ids;");
        passes("circuit/acks.rs", "use crate::circuit::seen;");
        passes("cli/mod.rs", "use crate::server; use crate::client;");
        passes("main.rs", "use crate::server;");
        passes("circuit/mod.rs", "// use crate::region;\n/* crate::region */\n/// crate::region\n");
        passes("circuit/mod.rs", "const A: &str = \"crate::region\"; const B: char = '\"';");
        passes("circuit/mod.rs", "const A: &str = r#\"\"crate::region\"#; fn f<'a>(_: &'a u8) {}");
        passes("circuit/mod.rs", "fn f() -> u8 { b'\\'' } // '\nconst Q: u8 = b'\"';");
    }

    #[test]
    fn test_code_is_free_but_only_test_code() {
        let test = "#[cfg(test)]\nmod tests { use crate::netsim; use super::super::region; }";
        passes("circuit/mod.rs", test);
        let after = format!("{test}\nuse crate::region;");
        finds("circuit/mod.rs", &after, "4: circuit (layer 1) uses region (layer 3)");
        let plain = "mod tests { use crate::netsim; }";
        finds("circuit/mod.rs", plain, "2: circuit (layer 1) uses netsim (layer 1)");

        let declared = test_modules("circuit/mod.rs", "mod a;\n#[cfg(test)]\nmod pair;\nmod b;");
        assert_eq!(declared, ["circuit/pair"]);
        let declared = BTreeSet::from_iter(declared);
        assert!(is_test_file("circuit/pair.rs", &declared));
        assert!(is_test_file("circuit/pair/mod.rs", &declared));
        assert!(is_test_file("circuit/pair/x.rs", &declared));
        assert!(!is_test_file("circuit/pairs.rs", &declared));
        assert!(!is_test_file("circuit/a.rs", &declared));
    }

    #[test]
    fn long_names_and_clauses_are_found() {
        let longest = "a".repeat(LONGEST_NAME);
        let code = format!("fn {longest}() {{}}\n#[test]\nfn {longest}b() {{}} // fn who_x()\n");
        assert_eq!(name_problems(&code), [format!("3: fn {longest}b")]);
        let code = "async fn whoever_asks() {}\nfn whole() { what_for() }\nfn what_for() {}";
        assert_eq!(name_problems(code), ["1: fn whoever_asks", "3: fn what_for"]);
    }

    #[test]
    fn exported_macros_belong_to_their_modules() {
        passes("circuit/mod.rs", "use crate::llsd_map;");
        passes("llsd/mod.rs", "use crate::llsd_map;");
        let sideways = "2: time (layer 0) uses llsd (layer 0)";
        finds("time.rs", "fn f() { crate::llsd_map! {} }", sideways);
        let text = "#[macro_export]\nmacro_rules! a { () => {} }\nmacro_rules! b { () => {} }";
        assert_eq!(exported_macros("llsd/value.rs", text), [("a".to_owned(), "llsd".to_owned())]);
    }

    #[test]
    fn ground_floor_stays_pure() {
        finds("circuit/mod.rs", "use tokio::net;", "2: circuit uses the package tokio");
        finds("lsl/mod.rs", "fn f() { tokio::spawn(g()); }", "2: lsl uses the package tokio");
        finds("llsd/mod.rs", "use toml;", "2: llsd uses the package toml");
        finds("llsd/mod.rs", "async fn f() {}", "2: llsd is async");
        finds("time.rs", "use std::net::{Ipv4Addr, UdpSocket};", "2: time opens sockets");
        let global = "2: netsim draws from the global generator";
        finds("netsim/mod.rs", "fn f() -> u8 { fastrand::u8(..) }", global);
        let unseeded = "2: netsim makes an unseeded generator";
        finds("netsim/mod.rs", "fn f() { let r = fastrand::Rng::new(); }", unseeded);
        passes("netsim/mod.rs", "use fastrand::Rng; fn f(r: Rng) { Rng::with_seed(1); }");
        passes("config/mod.rs", "use toml::Table;");
        passes("circuit/mod.rs", "use bytes::Bytes; struct S { tokio: u8 }");
        passes("udp/mod.rs", "async fn f() { tokio::spawn(g()); }");
    }

    #[test]
    fn headers_and_sizes() {
        let facts = Facts::default();
        let no_header = check("ids.rs", "use std::fmt;\n", false, &facts);
        assert_eq!(no_header, ["1: does not start with //!"]);
        let long = "\n".repeat(LONGEST_FILE);
        let silent = format!("//! Long.\n{long}");
        assert_eq!(check("ids.rs", &silent, false, &facts).len(), 1);
        let explained = format!("//! Long: over 1000\n//! lines because it is a table.\n{long}");
        assert!(check("ids.rs", &explained, false, &facts).is_empty());
    }
}
