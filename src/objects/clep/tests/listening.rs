//! Listens of the bus for domains: how they are created, shared and removed.

use super::*;
use crate::lsl::ListenHandle;
use crate::objects::clep::listen::DOMAINS;

#[test]
fn the_same_again_takes_no_room() {
    for flavour in FLAVOURS {
        let mut stage = Stage::new(flavour);
        let script = stage.object(1).1;
        let domains: Vec<String> = (0..DOMAINS).map(|number| format!("d{number}")).collect();
        let all = ClepListen { domains, ..listen(Dialect::ClepJson, "", &[]) };
        let channels = stage.listen(script, all.clone()).unwrap();
        assert_eq!(stage.bus.listens(), DOMAINS);
        // The reference library does just this, over and over.
        for _ in 0..3 {
            assert_eq!(stage.listen(script, all.clone()).as_ref(), Ok(&channels));
        }
        assert_eq!(stage.bus.listens(), DOMAINS);

        let error = stage.listen(script, listen(Dialect::ClepJson, "", &["more"])).unwrap_err();
        assert_eq!(error.to_string(), "domains are more than 64 of one script");
        stage.forget(script, "d7");
        assert_eq!(stage.bus.listens(), DOMAINS - 1);
        assert!(stage.listen(script, listen(Dialect::ClepJson, "", &["more"])).is_ok());
    }
}

#[test]
fn bad_names_change_nothing() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let script = stage.object(1).1;
    let error = stage.listen(script, listen(Dialect::ClepJson, "", &["a", "b\nc"])).unwrap_err();
    assert_eq!(error.to_string(), "clep name: newline in the domain after 1 characters");
    let error = stage.listen(script, listen(Dialect::ClepSvc, "s\n", &["a"])).unwrap_err();
    assert_eq!(error.to_string(), "clep name: newline in the service after 1 characters");
    let error = stage.listen(script, listen(Dialect::ClepJson, "", &[])).unwrap_err();
    assert_eq!(error.to_string(), "domains must name a domain");
    let error = stage.listen(ScriptId(99), listen(Dialect::ClepJson, "", &["a"])).unwrap_err();
    assert_eq!(error.to_string(), "there is no script 99");
    assert_eq!(stage.bus.listens(), 0);
    assert!(!stage.clep.watches(crate::clep::channel(Dialect::ClepJson, "", "a").unwrap()));
}

#[test]
fn one_listen_too_many_undoes_those_of_its_call() {
    for flavour in FLAVOURS {
        let mut stage = Stage::new(flavour);
        let (speaker, script) = (stage.object(1).1, stage.object(1).1);
        let limit = stage.bus.settings().rules.listens_per_script;
        for channel in 1..=limit - 5 {
            stage.open(script, channel as i32);
        }
        stage.listen(script, listen(Dialect::ClepJson, "", &["d0"])).unwrap();
        let more = listen(Dialect::ClepJson, "", &["d0", "d1", "d2", "d3", "d4", "d5"]);
        let error = stage.listen(script, more.clone()).unwrap_err();
        assert_eq!(error.to_string(), format!("more than {limit} listens of a script"));
        assert_eq!(stage.bus.listens(), limit - 4);
        assert!(!stage.clep.watches(crate::clep::channel(Dialect::ClepJson, "", "d1").unwrap()));
        // What was before still works, and there is room for as many as fit.
        stage.send(speaker, send(Message::Json(json("d0")), Dialect::ClepJson));
        assert_eq!(stage.takers(), [script]);
        let fewer = ClepListen { domains: more.domains[..5].to_vec(), ..more };
        assert_eq!(stage.listen(script, fewer).map(|channels| channels.len()), Ok(5));
    }
}

#[test]
fn listen_ends_with_the_last_domain_of_its_channel() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let script = stage.object(1).1;
    let channel = stage.listen(script, listen(Dialect::ClepSvc, "svc", &["test"])).unwrap()[0];
    stage.listen(script, listen(Dialect::ClepSvc, "sv", &["ctest"])).unwrap();
    assert_eq!(stage.bus.listens_of(script), [(1, channel)]);
    stage.forget(script, "nobody");
    stage.forget(script, "test");
    assert_eq!(stage.bus.listens_of(script), [(1, channel)]);
    stage.forget(script, "ctest");
    assert_eq!(stage.bus.listens_of(script), []);
    assert!(!stage.clep.watches(channel));
    stage.listen(script, listen(Dialect::ClepJson, "", &["a", "b"])).unwrap();
    stage.forget(script, "");
    assert_eq!(stage.bus.listens(), 0);
}

#[test]
fn listen_that_the_script_made_itself_stays() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let script = stage.object(1).1;
    let names = listen(Dialect::ClepJson, "", &["before", "after"]);
    let channel = |domain: &str| crate::clep::channel(Dialect::ClepJson, "", domain).unwrap();
    let before = stage.open(script, channel("before"));
    stage.listen(script, names.clone()).unwrap();
    let after = stage.open(script, channel("after"));
    stage.listen(script, names).unwrap();
    stage.forget(script, "");
    let kept = [(before.0, channel("before")), (after.0, channel("after"))];
    assert_eq!(stage.bus.listens_of(script), kept);

    // A script that removes CLEP's listen is deaf to it, and what has its number next is not ours.
    let handle = ListenHandle(stage.bus.listens_of(script).len() as i32 + 1);
    stage.listen(script, listen(Dialect::ClepJson, "", &["third"])).unwrap();
    assert_eq!(stage.bus.listen_remove(script, handle), Ok(true));
    let speaker = stage.object(1).1;
    stage.send(speaker, send(Message::Json(json("third")), Dialect::ClepJson));
    assert_eq!(stage.outcomes(), ["not_listening"]);
    assert_eq!(stage.open(script, 5), handle);
    stage.forget(script, "third");
    assert_eq!(stage.bus.listens_of(script).len(), 3);
}

#[test]
fn domain_again_takes_the_new_settings() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let (stranger, script) = (stage.object(2).1, stage.object(1).1);
    let names = listen(Dialect::ClepJson, "", &["a", "b"]);
    stage.listen(script, names.clone()).unwrap();
    let strict = listen(Dialect::ClepJson, "", &["a"]);
    stage.listen(script, ClepListen { owner_only: true, ..strict }).unwrap();
    for (domain, outcome) in [("a", "owner"), ("b", "delivered")] {
        stage.send(stranger, send(Message::Json(json(domain)), Dialect::ClepJson));
        assert_eq!(stage.outcomes(), [outcome]);
    }
    stage.listen(script, names).unwrap();
    stage.send(stranger, send(Message::Json(json("a")), Dialect::ClepJson));
    assert_eq!(stage.outcomes(), ["delivered"]);
}

#[test]
fn change_of_state_ends_listening() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let (speaker, (prim, script)) = (stage.object(1).1, stage.object(1));
    let channel = stage.listen(script, listen(Dialect::ClepJson, "", &["a"])).unwrap()[0];
    let ping = || send(Message::Json(json("a")), Dialect::ClepJson);
    stage.send(speaker, ping());
    stage.bus.change_state(stage.now, script, EventKinds::LISTEN).unwrap();
    stage.clep.script_gone(script);
    assert_eq!(stage.run(), []);
    assert!(!stage.clep.watches(channel));
    stage.open(script, channel);
    let text = stage.send(speaker, ping()).text;
    let [(_, ScriptEvent::Lsl(Event::Listen { message, .. }))] = &*stage.run() else {
        panic!("no raw event")
    };
    assert_eq!(**message, *text);
    // A listening that begins while a line waits already still judges it.
    stage.send(speaker, ping());
    stage.listen(script, listen(Dialect::ClepJson, "", &["a"])).unwrap();
    assert_eq!(stage.takers(), [script]);
    assert_eq!(stage.bus.root_of(prim), Some(prim));
}

#[test]
fn verdict_is_that_of_the_moment_when_it_was_said() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let (speaker, script) = (stage.object(1), stage.object(1).1);
    let strict = listen(Dialect::ClepJson, "", &["a"]);
    stage.listen(script, ClepListen { owner_only: true, ..strict }).unwrap();
    stage.send(speaker.1, send(Message::Json(json("a")), Dialect::ClepJson));
    assert_eq!(stage.outcomes(), ["delivered"]);
    stage.bus.remove_object(speaker.0).unwrap();
    stage.forget(script, "a");
    assert_eq!(stage.takers(), [script]);
}
