//! Random listeners and lines: the observer's report matches what the scripts get.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const SCRIPTS: usize = 4;
const DIALECTS: [Dialect; 4] =
    [Dialect::ClepSvc, Dialect::ClepRpcShort, Dialect::ClepLines, Dialect::ClepJson];
/// The first pair shares a channel with a service before it, the second one by its hash.
const NAMES: [(&str, &str); 5] =
    [("svc", "test"), ("sv", "ctest"), ("", "2xlhr0"), ("", "0f84gu"), ("", "test")];

#[derive(Clone, Debug)]
enum Step {
    Listen { script: usize, dialect: usize, name: usize, owner_only: bool, exact: bool },
    Forget { script: usize, name: Option<usize> },
    ChangeState { script: usize },
    Open { script: usize, channel: usize },
    Send { script: usize, dialect: usize, name: usize, target: Option<Index>, to_script: bool },
    Chatter { script: usize, channel: usize, text: usize },
    Move { script: usize },
    Run,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let script = || 0..SCRIPTS;
    let dialect = || 0..DIALECTS.len();
    let name = || 0..NAMES.len();
    let step = prop_oneof![
        4 => (script(), dialect(), name(), any::<bool>(), any::<bool>()).prop_map(
            |(script, dialect, name, owner_only, exact)| {
                Step::Listen { script, dialect, name, owner_only, exact }
            }
        ),
        1 => (script(), proptest::option::of(name()))
            .prop_map(|(script, name)| Step::Forget { script, name }),
        1 => script().prop_map(|script| Step::ChangeState { script }),
        1 => (script(), name()).prop_map(|(script, channel)| Step::Open { script, channel }),
        6 => (script(), dialect(), name(), proptest::option::of(any::<Index>()), any::<bool>())
            .prop_map(|(script, dialect, name, target, to_script)| {
                Step::Send { script, dialect, name, target, to_script }
            }),
        2 => (script(), name(), 0..3usize)
            .prop_map(|(script, channel, text)| Step::Chatter { script, channel, text }),
        1 => script().prop_map(|script| Step::Move { script }),
        2 => Just(Step::Run),
    ];
    proptest::collection::vec(step, 1..60)
}

fn a_message(
    dialect: Dialect,
    (service, domain): (&str, &str),
    prim: &str,
    script: &str,
) -> Message {
    let mut message = message(dialect, domain, prim);
    match &mut message {
        Message::Listed(message) => message.service = service.to_owned(),
        Message::Short(message) => message.target.script = script.to_owned(),
        Message::Lines(message) => message.target.script = script.to_owned(),
        Message::Json(message) => message.target.script = Some(script.to_owned()),
        Message::Opaque { .. } | Message::Packet(_) => {}
    }
    message
}

fn kind(event: &ScriptEvent) -> &'static str {
    match event {
        ScriptEvent::Clep(_) => "delivered",
        ScriptEvent::Lsl(_) => "passed",
        other => panic!("{other:?} was never sent"),
    }
}

proptest! {
    #[test]
    fn scripts_get_what_the_observer_says(
        is_second_life: bool,
        steps in steps(),
    ) {
        let flavour = if is_second_life { Flavour::SecondLife } else { Flavour::OpenSim };
        let mut stage = Stage::new(flavour);
        let mut scripts = stage.linkset(1, 2);
        scripts.extend([stage.object(1), stage.object(2)]);
        // What a script hears by listens of its own is written down there, too.
        for (service, domain) in NAMES {
            let (service, domain) = (service.to_owned(), domain.to_owned());
            stage.clep.watch(Name { dialect: Dialect::ClepSvc, service, domain }).unwrap();
        }
        let channel = |dialect: Dialect, name: usize| {
            crate::clep::channel(dialect, NAMES[name].0, NAMES[name].1).unwrap()
        };
        let mut got: BTreeMap<ScriptId, Vec<&str>> = BTreeMap::new();
        // Forgotten with a state: what the observer had told of what waited.
        let mut expected: BTreeMap<ScriptId, Vec<&str>> = BTreeMap::new();
        let mut seen = 0;

        for step in steps.into_iter().chain([Step::Run]) {
            match step {
                Step::Listen { script, dialect, name, owner_only, exact } => {
                    let (service, domain) = NAMES[name];
                    let listen = listen(DIALECTS[dialect], service, &[domain]);
                    let script_match = if exact { Match::Exact } else { Match::Substring };
                    let listen = ClepListen { owner_only, script_match, ..listen };
                    let waits = stage.bus.waiting(scripts[script].1) > 0;
                    if waits {
                        // Lines that were not for CLEP when they were said are judged later.
                        continue;
                    }
                    let channels = stage.listen(scripts[script].1, listen).unwrap();
                    prop_assert_eq!(channels, [channel(DIALECTS[dialect], name)]);
                }
                Step::Forget { script, name } => {
                    stage.forget(scripts[script].1, name.map_or("", |name| NAMES[name].1));
                }
                Step::ChangeState { script } => {
                    let script = scripts[script].1;
                    let handlers = EventKinds::LISTEN | EventKinds::LINK_MESSAGE;
                    let waiting = stage.bus.waiting(script);
                    let expected = expected.entry(script).or_default();
                    expected.truncate(expected.len() - waiting);
                    stage.bus.change_state(stage.now, script, handlers).unwrap();
                    stage.clep.script_gone(script);
                }
                Step::Open { script, channel: name } => {
                    stage.open(scripts[script].1, channel(Dialect::ClepSvc, name));
                }
                Step::Send { script, dialect, name, target, to_script } => {
                    let at = target.map(|index| index.index(SCRIPTS + 1));
                    let target = match at {
                        Some(at) => scripts.get(at).map_or(ABSENT.to_owned(), |it| it.0.to_string()),
                        None => String::new(),
                    };
                    let to = if to_script { "a" } else { "" };
                    let message = a_message(DIALECTS[dialect], NAMES[name], &target, to);
                    let planned = stage.send(scripts[script].1, send(message, DIALECTS[dialect]));
                    let is_linked = matches!(planned.route, Route::MessageLinked(_));
                    // Nobody reads it: it passes, and is not written down.
                    if is_linked && stage.traffic().last().map_or(0, |last| last.number) == seen {
                        expected.entry(scripts[at.unwrap()].1).or_default().push("passed");
                    }
                }
                Step::Chatter { script, channel: name, text } => {
                    let text = ["hello", "{\"domain\":", "CLEP,svc,test,"][text];
                    stage.region_say(scripts[script].1, channel(Dialect::ClepSvc, name), text);
                }
                Step::Move { script } => {
                    let prim = stage.bus.script(scripts[script].1).unwrap().0;
                    let root = stage.bus.root_of(prim).unwrap();
                    stage.bus.move_object(root, Vector3::new(1.0, 1.0, 1.0)).unwrap();
                }
                Step::Run => {
                    for (script, event) in stage.run() {
                        got.entry(script).or_default().push(kind(&event));
                    }
                    for (_, script) in &scripts {
                        let expected: &[&str] = expected.get(script).map_or(&[], Vec::as_slice);
                        let expected: Vec<_> = expected.iter().filter(|word| **word != "dropped").collect();
                        let got: &[&str] = got.get(script).map_or(&[], Vec::as_slice);
                        prop_assert_eq!(expected, got.iter().collect::<Vec<_>>());
                    }
                    // Nothing may be left that could be mistaken for a later event.
                    let mut libraries = stage.clep.scripts.values();
                    prop_assert!(libraries.all(|library| library.pending.is_empty()));
                }
            }
            let traffic = stage.traffic();
            for traffic in traffic.iter().filter(|traffic| traffic.number > seen) {
                if traffic.call == "direct" {
                    continue;
                }
                for receiver in &traffic.receivers {
                    let (_, script) =
                        *scripts.iter().find(|(prim, _)| prim.0 == receiver.prim).unwrap();
                    let word = match (receiver.clep, receiver.outcome.0) {
                        (true, "delivered") => "delivered",
                        (true, "not_clep") | (false, "delivered") => "passed",
                        (true, reason) if crate::clep::DropReason::ALL
                            .iter().any(|known| known.name() == reason) => "dropped",
                        _ => continue,
                    };
                    expected.entry(script).or_default().push(word);
                }
            }
            seen = traffic.last().map_or(seen, |last| last.number);
        }
    }
}
