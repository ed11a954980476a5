//! The rules inside of a layer: what the ports and the traits of the store may use, and that the
//! parts of a module do not use each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Token, is_cfg_test, source_files, tokens};

/// Circles that are there, as the folder and the parts in it. New ones are refused; one that was
/// opened is taken from the list.
const KNOWN_CIRCLES: [&str; 19] = [
    "clep: channel codec dialect error json lep lines list listed message object receive short",
    "cli: serve signals",
    "cli::decode: blocks pcap",
    "llsd: map value",
    "load: agent shared",
    "load::agent: entry group queue",
    "lsl: deliver listens",
    "message: reader wire writer",
    "objects: behaviour call clep driver",
    "objects::clep: filter judge listen",
    "region: appearance avatar avatar_wire",
    "region: interest object_interest",
    "scripts: access create",
    "services: assets inventory",
    "services: im offline",
    "services::groups: refusal rules",
    "session: counters handlers",
    "session::handlers: generic table",
    "udp: endpoint opening",
];

/// The modules of the crate, each with the paths that its code mentions, tests aside.
struct Modules {
    /// By the path of the module, such as `http::caps`.
    mentions: BTreeMap<String, Vec<Mention>>,
    /// What `use` brings into a module: by its name there, the whole path.
    names: BTreeMap<(String, String), Vec<String>>,
}

/// A path to something of this crate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mention {
    line: usize,
    /// From the crate's root.
    path: Vec<String>,
}

#[test]
fn parts_of_modules_use_each_other_in_one_direction() {
    let found = Modules::of(&source_files()).circles();
    let known: BTreeSet<_> = KNOWN_CIRCLES.iter().map(|&circle| circle.to_owned()).collect();
    let mut report = String::new();
    for new in found.difference(&known) {
        writeln!(report, "new circle, {new}").unwrap();
    }
    for gone in known.difference(&found) {
        writeln!(report, "no circle any more, {gone}").unwrap();
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn ports_know_no_service_and_models_no_handle() {
    let problems = Modules::of(&source_files()).service_problems();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

impl Modules {
    /// Reads sources, each a name below `src` and a text.
    fn of(sources: &[(String, String)]) -> Self {
        let paths: BTreeSet<_> = sources.iter().map(|(name, _)| module_path(name)).collect();
        let mut modules = Self { mentions: BTreeMap::new(), names: BTreeMap::new() };
        for (name, text) in sources {
            let module = module_path(name);
            let (mentions, used) = mentions(&module, text, &paths);
            for mention in &used {
                if let Some(last) = mention.path.last() {
                    modules.names.insert((module.clone(), last.clone()), mention.path.clone());
                }
            }
            modules.mentions.insert(module, mentions);
        }
        modules
    }

    /// The module in which the thing of a path is, re-exports followed.
    fn home(&self, path: &[String]) -> String {
        let mut path = path.to_vec();
        // A name that is re-exported again and again is not followed for ever.
        for _ in 0..8 {
            let (mut module, mut rest) = (String::new(), 0);
            for part in &path {
                let deeper = join(&module, part);
                if !self.mentions.contains_key(&deeper) {
                    break;
                }
                (module, rest) = (deeper, rest + 1);
            }
            let Some(name) = path.get(rest) else { return module };
            let Some(whole) = self.names.get(&(module.clone(), name.clone())) else {
                return module;
            };
            let longer: Vec<_> = whole.iter().chain(&path[rest + 1..]).cloned().collect();
            if longer == path {
                return module;
            }
            path = longer;
        }
        String::new()
    }

    /// Each circle of parts of one folder, such as `http: control router`.
    fn circles(&self) -> BTreeSet<String> {
        let mut graphs: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (module, mentions) in &self.mentions {
            // What sums up the traits of all services is a rule of its own.
            if module == SUM {
                continue;
            }
            for mention in mentions {
                let (from, to): (Vec<_>, String) =
                    (module.split("::").collect(), self.home(&mention.path));
                let to: Vec<_> = to.split("::").collect();
                let common = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
                // The parts of the deepest folder that holds both; a folder is no part of its own.
                if let (Some(from_part), Some(to_part)) = (from.get(common), to.get(common)) {
                    let graph = graphs.entry(from[..common].join("::")).or_default();
                    let parts = graph.entry((*from_part).to_owned()).or_default();
                    parts.insert((*to_part).to_owned());
                }
            }
        }
        let mut circles = BTreeSet::new();
        for (folder, graph) in graphs {
            for part in graph.keys() {
                let there = reached(&graph, part);
                if there.contains(part) {
                    let circle: Vec<_> = there
                        .iter()
                        .filter(|other| reached(&graph, other).contains(part))
                        .map(String::as_str)
                        .collect();
                    circles.insert(format!("{folder}: {}", circle.join(" ")));
                }
            }
        }
        circles
    }

    /// What of the services uses what it should not know.
    fn service_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (module, mentions) in &self.mentions {
            let is_in = |module: &str, folder: &str| {
                module
                    .strip_prefix(folder)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            };
            let part = module.rsplit("::").next().unwrap_or_default();
            let is_stored = module.starts_with("services::") && matches!(part, "store" | "model");
            for Mention { line, path } in mentions {
                let name = path.last().map_or("", String::as_str);
                let home = self.home(path);
                if !is_in(&home, "services") || is_in(&home, "services::ports") {
                    continue;
                }
                let may = if module == SUM {
                    name.ends_with("Store")
                } else if is_in(module, "services::ports") {
                    false
                } else {
                    !(is_stored && is_in(&home, SUM))
                };
                if !may {
                    problems.push(format!("{module}, line {line}: uses {}", path.join("::")));
                }
            }
        }
        problems
    }
}

/// The module that sums up what services store.
const SUM: &str = "services::store";

/// The parts that can be reached from one, itself only in a circle.
fn reached(graph: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut there = BTreeSet::new();
    let mut ahead = vec![from.to_owned()];
    while let Some(part) = ahead.pop() {
        for next in graph.get(&part).into_iter().flatten() {
            if there.insert(next.clone()) {
                ahead.push(next.clone());
            }
        }
    }
    there
}

fn module_path(name: &str) -> String {
    name.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::")
}

fn join(module: &str, part: &str) -> String {
    if module.is_empty() { part.to_owned() } else { format!("{module}::{part}") }
}

/// All mentions in a file, and those of them that stand in a `use`.
fn mentions(module: &str, text: &str, modules: &BTreeSet<String>) -> (Vec<Mention>, Vec<Mention>) {
    let tokens = tokens(text);
    let own: Vec<_> = module.split("::").map(str::to_owned).collect();
    let (mut all, mut used) = (Vec::new(), Vec::new());
    // The depth of braces outside of a test module, while in one.
    let (mut depth, mut test_since) = (0, None);
    for at in 0..tokens.len() {
        let text = |offset: usize| tokens.get(at + offset).map_or("", |token| token.text);
        let before = at.checked_sub(1).map_or("", |before| tokens[before].text);
        match text(0) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                test_since = test_since.filter(|since| *since < depth);
            }
            "mod" if text(2) == "{" && test_since.is_none() && is_cfg_test(&tokens[..at]) => {
                test_since = Some(depth);
            }
            _ => {}
        }
        if test_since.is_some() || before == "::" {
            continue;
        }
        let is_child = before == "use" && modules.contains(&join(module, text(0)));
        let start = match text(0) {
            "crate" => Vec::new(),
            "super" => own[..own.len() - 1].to_vec(),
            "self" => own.clone(),
            _ if is_child => own.clone(),
            _ => continue,
        };
        let mut paths = Vec::new();
        if is_child {
            branches(&tokens[at..], &start, &mut paths);
        } else if text(1) == "::" {
            branches(&tokens[at + 2..], &start, &mut paths);
        }
        if before == "use" {
            used.extend_from_slice(&paths);
        }
        all.append(&mut paths);
    }
    (all, used)
}

/// Every path of `x::y` or `x::{y, z::{v, w}}` behind `start`; how many tokens they take.
fn branches(tokens: &[Token<'_>], start: &[String], found: &mut Vec<Mention>) -> usize {
    let mut path = start.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token.text == "{" {
            at += 1;
            while let Some(token) = tokens.get(at) {
                at += match token.text {
                    "}" => return at + 1,
                    "," => 1,
                    _ => branches(&tokens[at..], &path, found).max(1),
                };
            }
            return at;
        }
        match token.text {
            "super" => drop(path.pop()),
            "self" => {}
            name => path.push(name.to_owned()),
        }
        at += 1;
        if tokens.get(at).is_none_or(|token| token.text != "::") {
            found.push(Mention { line: token.line, path });
            break;
        }
        at += 1;
    }
    // `x as y`
    if tokens.get(at).is_some_and(|token| token.text == "as") { at + 2 } else { at }
}

mod checker {
    //! The checker finds what it is for, and nothing else.

    use super::*;

    fn modules(files: &[(&str, &str)]) -> Modules {
        let files: Vec<_> =
            files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Modules::of(&files)
    }

    #[test]
    fn circles_are_found_behind_re_exports() {
        let open = [
            ("a/mod.rs", "mod b; mod c; pub use b::B; pub use c::C;"),
            ("a/b.rs", "use super::C;"),
            ("a/c.rs", "struct C; #[cfg(test)] mod tests { use super::super::B; }"),
        ];
        assert_eq!(modules(&open).circles(), BTreeSet::new());
        for text in ["use super::B;", "fn f() -> crate::a::B {}", "use crate::{x, a::{y, b::B}};"] {
            let closed = [open[0], open[1], ("a/c.rs", text)];
            assert_eq!(modules(&closed).circles(), BTreeSet::from(["a: b c".to_owned()]), "{text}");
        }
    }

    #[test]
    fn folders_are_parts_of_the_folder_above() {
        let files = [
            ("a/mod.rs", "mod b; mod c;"),
            ("a/b/mod.rs", "mod d; use d::D;"),
            ("a/b/d.rs", "use crate::a::c::C;"),
            ("a/c.rs", "fn f() { super::b::g() }"),
        ];
        assert_eq!(modules(&files).circles(), BTreeSet::from(["a: b c".to_owned()]));
    }

    #[test]
    fn services_keep_to_their_ports() {
        let files = [
            ("services/mod.rs", "mod groups; mod ports; mod store;"),
            ("services/ports.rs", "use super::groups::Group;"),
            ("services/store.rs", "use super::groups::{GroupStore, Group};"),
            ("services/groups/mod.rs", "mod store; pub use store::{GroupStore, Group};"),
            ("services/groups/store.rs", "use crate::services::{ports::E, store::StoreHandle};"),
        ];
        assert_eq!(
            modules(&files).service_problems(),
            [
                "services::groups::store, line 1: uses services::store::StoreHandle",
                "services::ports, line 1: uses services::groups::Group",
                "services::store, line 1: uses services::groups::Group",
            ]
        );
    }
}
