//! What the observer records besides verdicts, and its limits.

use super::*;
use crate::objects::clep::receivers::LISTED;
use crate::objects::clep::record::{BYTES, ENTRIES};

fn name(dialect: Dialect, domain: &str) -> Name {
    Name { dialect, service: String::new(), domain: domain.to_owned() }
}

#[test]
fn avatars_can_type_on_half_of_the_channels() {
    let mut stage = Stage::new(Flavour::OpenSim);
    assert_eq!(stage.clep.watch(name(Dialect::SeedChuf, "d997831")), Ok(280));
    let avatar = stage.avatar(1);
    let bare = stage.object(1).1;
    stage.open(bare, 280);
    stage.chat(avatar, 280, "hello");
    let last = stage.last();
    assert_eq!((last.number, last.unix_ms), (1, 1_767_225_601_000));
    assert_eq!((last.region.as_str(), last.channel, last.call), ("Here", 280, "chat"));
    assert_eq!((last.sender, last.owner), (avatar.0, avatar.0));
    assert_eq!((last.dialect, last.domain.as_deref()), (Dialect::SeedChuf, Some("d997831")));
    assert_eq!(last.message, Some(Message::Opaque { text: "hello".to_owned() }));
    assert_eq!(last.warnings, [Warning::Typeable]);
    let [receiver] = &*last.receivers else { panic!("{last:?}") };
    assert_eq!((receiver.clep, receiver.outcome), (false, Outcome("delivered")));
    assert_eq!(stage.run().len(), 1);
    // Which of two names an open text is for cannot be told; both were found with this sum.
    for domain in ["clep-6023606648", "clep-7599567870"] {
        assert_eq!(stage.clep.watch(name(Dialect::SeedChuf, domain)), Ok(1));
    }
    stage.chat(avatar, 1, "hello");
    let last = stage.last();
    assert_eq!(last.domain, None);
    let others = vec!["seed-chuf clep-7599567870".to_owned()];
    assert_eq!(last.warnings, [Warning::Typeable, Warning::Interference { others }]);
}

#[test]
fn nothing_is_watched_that_nobody_named() {
    let mut stage = Stage::new(Flavour::OpenSim);
    assert!(!stage.clep.watches(280) && !stage.clep.watches_links());
    let script = stage.object(1).1;
    stage.region_say(script, 280, "hello");
    assert_eq!(stage.traffic(), []);
    assert_eq!(stage.clep.counters(), &ClepCounters::default());
    stage.clep.watch(name(Dialect::SeedChuf, "d997831")).unwrap();
    stage.clep.watch(name(Dialect::SeedChuf, "d997831")).unwrap();
    assert!(stage.clep.watch(name(Dialect::SeedChuf, "a\nb")).is_err());
    for number in 1..1024 {
        stage.clep.watch(name(Dialect::ClepJson, &number.to_string())).unwrap();
    }
    let error = stage.clep.watch(name(Dialect::ClepJson, "full")).unwrap_err();
    assert_eq!(error.to_string(), "clep name: directory is full with 1024 names");
    // A watched name stays watched when its last listener goes.
    stage.listen(script, listen(Dialect::ClepJson, "", &["7"])).unwrap();
    stage.forget(script, "7");
    assert!(stage.clep.watches(crate::clep::channel(Dialect::ClepJson, "", "7").unwrap()));
}

#[test]
fn listens_of_the_bus_tell_their_own_reasons() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let channel = stage.clep.watch(name(Dialect::ClepJson, "test")).unwrap();
    let (prim, speaker) = stage.object(1);
    let heard = |stage: &mut Stage, filter: (&str, &str, &str)| {
        let script = stage.object(1).1;
        stage.bus.listen(stage.now, script, channel, filter).unwrap();
        script
    };
    stage.open(speaker, channel);
    heard(&mut stage, ("", ABSENT, ""));
    heard(&mut stage, ("nobody", "", ""));
    heard(&mut stage, ("", "", "nothing"));
    let inactive = heard(&mut stage, ("", "", ""));
    let handle = stage.open(inactive, channel);
    stage.bus.listen_control(inactive, handle, false).unwrap();
    let far = heard(&mut stage, ("", "", ""));
    let root = stage.bus.script(far).unwrap().0;
    stage.bus.move_object(root, Vector3::new(1.0, 1.0, 1.0)).unwrap();
    let deaf = heard(&mut stage, ("", "", ""));
    stage.bus.change_state(stage.now, deaf, EventKinds::TIMER).unwrap();
    stage.open(deaf, channel);
    let full = heard(&mut stage, ("", "", ""));
    for _ in 0..64 {
        stage.say(speaker, Volume::Say, channel, "x");
    }
    let text =
        stage.plan(speaker, send(Message::Json(json("test")), Dialect::ClepJson)).unwrap().text;
    stage.say(speaker, Volume::Say, channel, &text);
    let expected = [
        "own_prim",
        "filter_key",
        "filter_name",
        "filter_text",
        "inactive",
        "out_of_range",
        "no_handler",
        "queue_full",
    ];
    let last = stage.last();
    assert_eq!((last.call, last.sender), ("llSay", prim.0));
    // A change of state puts a script's listen behind the others.
    let mut outcomes = stage.outcomes();
    outcomes.sort_unstable();
    let mut sorted = expected;
    sorted.sort_unstable();
    assert_eq!(outcomes, sorted);
    assert!(last.receivers.iter().all(|receiver| !receiver.clep));
    assert_eq!(stage.run().len(), 64);
    assert_eq!(stage.bus.waiting(full), 0);
}

#[test]
fn events_lost_for_want_of_a_handler_are_told_at_once() {
    let mut stage = Stage::new(Flavour::SecondLife);
    let (speaker, deaf) = (stage.object(1).1, stage.object(1).1);
    stage.bus.change_state(stage.now, deaf, EventKinds::TIMER).unwrap();
    stage.listen(deaf, listen(Dialect::ClepJson, "", &["test"])).unwrap();
    stage.send(speaker, send(Message::Json(json("test")), Dialect::ClepJson));
    assert_eq!(stage.outcomes(), ["no_handler"]);
    assert_eq!(stage.run(), []);
}

#[test]
fn two_listens_of_a_script_are_one_event_or_two() {
    for (flavour, outcomes) in [
        (Flavour::OpenSim, ["delivered", "delivered"]),
        (Flavour::SecondLife, ["delivered", "already_heard"]),
    ] {
        let mut stage = Stage::new(flavour);
        let (speaker, script) = (stage.object(1).1, stage.object(1).1);
        let channel = crate::clep::channel(Dialect::ClepJson, "", "test").unwrap();
        // The other way round the open one would do for both in OpenSim.
        stage.bus.listen(stage.now, script, channel, ("prim 1", "", "")).unwrap();
        stage.listen(script, listen(Dialect::ClepJson, "", &["test"])).unwrap();
        stage.send(speaker, send(Message::Json(json("test")), Dialect::ClepJson));
        assert_eq!(stage.outcomes(), outcomes);
        let events = outcomes.iter().filter(|outcome| **outcome == "delivered").count();
        assert_eq!(stage.takers().len(), events);
    }
}

#[test]
fn record_is_bounded_in_number_and_bytes() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let channel = stage.clep.watch(name(Dialect::ClepJson, "test")).unwrap();
    let script = stage.object(1).1;
    let mut live = stage.clep.feed().live;
    stage.region_say(script, channel, "first");
    assert_eq!(live.try_recv().unwrap().text, "first");
    for _ in 0..ENTRIES {
        stage.region_say(script, channel, "x");
    }
    let past = stage.traffic();
    assert_eq!((past.len(), past[0].number), (ENTRIES, 2));
    // Who does not keep up is told how much it has missed.
    let lagged = tokio::sync::broadcast::error::TryRecvError::Lagged(ENTRIES as u64 - 256);
    assert_eq!(live.try_recv().unwrap_err(), lagged);
    let text = "x".repeat(100_000);
    for _ in 0..ENTRIES {
        stage.region_say(script, channel, &text);
    }
    let past = stage.traffic();
    assert_eq!(past.len(), BYTES / 65_536);
    assert!(past.iter().all(|traffic| traffic.text.len() == 65_536));
    assert_eq!(past[0].warnings, [Warning::Truncated { bytes: 1023 }]);
    assert_eq!(stage.clep.counters().lines, 2 * ENTRIES as u64 + 1);
}

#[test]
fn line_is_read_in_the_dialect_that_it_is_in() {
    let mut stage = Stage::new(Flavour::OpenSim);
    // All on one channel.
    let dialects = [Dialect::ClepRpcShort, Dialect::ClepLines, Dialect::ClepJson];
    for dialect in dialects {
        stage.clep.watch(name(dialect, "test")).unwrap();
    }
    let speaker = stage.object(1).1;
    for dialect in dialects {
        let message = message(dialect, "test", "");
        stage.send(speaker, send(message, dialect));
        let last = stage.last();
        assert_eq!((last.dialect, last.domain.as_deref()), (dialect, Some("test")));
        assert!(last.message.is_some() && last.problem.is_none() && last.service.is_none());
        let [Warning::Interference { others }] = &*last.warnings else { panic!("{last:?}") };
        assert_eq!(others.len(), 2);
    }
    let json = serde_json::to_value(&*stage.last()).unwrap();
    assert_eq!(json["warnings"][0]["kind"], "interference");
    assert_eq!(json["message"]["domain"], "test");
}

#[test]
fn of_a_line_that_thousands_hear_not_each_is_written_down() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let speaker = stage.object(1).1;
    let scripts: Vec<_> = (0..LISTED + 3).map(|_| stage.object(1).1).collect();
    for script in &scripts {
        stage.listen(*script, listen(Dialect::ClepJson, "", &["test"])).unwrap();
    }
    let message = send(message(Dialect::ClepJson, "test", ""), Dialect::ClepJson);
    stage.send(speaker, message.clone());
    let last = stage.last();
    assert_eq!((last.receivers.len(), last.receivers_left_out), (LISTED, 3));
    assert_eq!(stage.clep.counters().delivered, LISTED as u64 + 3);
    assert_eq!(stage.takers(), scripts, "each gets it");
    for _ in 0..ENTRIES / 8 {
        stage.send(speaker, message.clone());
    }
    let kept = stage.traffic().len();
    assert!(kept * LISTED * size_of::<Receiver>() <= BYTES, "{kept} entries");
}
