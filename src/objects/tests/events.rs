//! Who gets which event: hosts, recorders, behaviours; and what avatars cause in scripts.

use super::*;
use crate::clep::{Dialect, Message};
use crate::lsl::{Audience, CallRefusal, DEBUG_CHANNEL, MAX_HOPS};
use crate::objects::answering::ANSWERS_PER_SECOND;
use crate::objects::run::{DIRECT, REACTIONS, REACTIONS_IN_PERIOD};

#[test]
fn host_gets_the_complete_events_of_its_scripts() {
    let mut scene = Scene::new();
    let (speaker_prim, speaker) = scene.object("speaker", Driver::Recorder);
    let (prim, script, mut events) = scene.hosted("box");
    scene.listen(script, 5);
    scene.call(speaker, say(5, "hello")).unwrap();
    assert!(events.try_recv().is_err(), "nothing is delivered within a call");
    scene.run();
    let listen = Event::Listen {
        channel: 5,
        name: "speaker".into(),
        id: speaker_prim.0,
        message: "hello".into(),
        owner: scene.objects.bus.owner_key(speaker_prim.0),
    };
    let (region, event) = (RegionId(Uuid::from_u128(0xE0)), ScriptEvent::Lsl(listen));
    let expected = HostEvent { region, object: prim, prim, script, event };
    assert_eq!(events.try_recv(), Ok(expected));
    assert!(events.try_recv().is_err());
}

#[test]
fn a_host_that_does_not_read_loses_events_and_they_are_counted() {
    let mut scene = Scene::new();
    let (_, speaker) = scene.object("speaker", Driver::Recorder);
    let (link, mut events) = scene.host(2);
    let (_, script) = scene.object("box", Driver::Host(link));
    scene.listen(script, 5);
    for _ in 0..3 {
        scene.call(speaker, say(5, "hello")).unwrap();
    }
    scene.run();
    let counters = scene.objects.object_counters();
    assert_eq!((counters.host_events, counters.host_full), (2, 3));
    assert_eq!(taken(&mut events).len(), 2);

    drop(events);
    scene.call(speaker, say(5, "hello")).unwrap();
    scene.run();
    assert_eq!(scene.objects.object_counters().host_gone, 1);
}

#[test]
fn recorded_scripts_of_an_object_share_a_ring() {
    let mut scene = Scene::new();
    let (_, speaker) = scene.object("speaker", Driver::Recorder);
    let (prims, scripts) = scene.linkset(2);
    let first = scene.last_heard(prims[0]);
    scene.listen(scripts[0], 5);
    scene.listen(scripts[1], 5);
    for number in 0..150 {
        scene.call(speaker, say(5, &number.to_string())).unwrap();
        scene.run();
    }
    let ask = |answer| ObjectCommand::Heard { object: prims[1], after: first, answer };
    let page = scene.ask(ask).unwrap();
    assert_eq!((page.events.len(), page.forgotten), (256, 44));
    let last = page.events.last().unwrap();
    assert_eq!((last.number, last.prim, last.unix_ms), (first + 300, prims[1].0, 1_000_001_000));
    assert_eq!(texts([&last.event]), ["149"]);
    let counters = scene.objects.object_counters();
    assert_eq!(counters.recorded_forgotten, 44 + first);
    let nothing = ObjectError::UnknownObject(PrimId::NIL);
    let ask = |answer| ObjectCommand::Heard { object: PrimId::NIL, after: 0, answer };
    assert_eq!(scene.ask(ask), Err(nothing));
}

#[test]
fn two_that_answer_each_other_have_so_many_turns_in_a_run() {
    let mut scene = Scene::new();
    let echo = || Driver::Behaviour(Behaviour::Echo { channel: 5 });
    scene.object("a", echo());
    scene.object("b", echo());
    let (prim, script) = scene.object("c", Driver::Recorder);
    scene.listen(script, 5);
    let before = scene.objects.object_counters();
    for _ in 0..20 {
        scene.call(script, say(5, "begin")).unwrap();
    }
    scene.run();
    let counters = scene.objects.object_counters();
    assert_eq!(counters.reactions - before.reactions, REACTIONS);
    assert_eq!(counters.reactions_postponed, 1);
    let first = scene.last_heard(prim);
    scene.run();
    assert!(scene.last_heard(prim) > first, "it goes on");
    assert_eq!(scene.objects.counters().full, 0, "events are taken in turn");
    // Each call is followed by a run.
    for _ in 0..400 {
        scene.call(script, say(5, "begin")).unwrap();
        scene.run();
    }
    let reactions = |scene: &Scene| scene.objects.object_counters().reactions;
    assert_eq!(reactions(&scene), REACTIONS_IN_PERIOD);
    scene.now = scene.now + Duration::from_millis(100);
    scene.run();
    assert_eq!(reactions(&scene), REACTIONS_IN_PERIOD + REACTIONS);
}

#[test]
fn two_echoes_stop_at_the_hop_limit() {
    let mut scene = Scene::new();
    let echo = || Driver::Behaviour(Behaviour::Echo { channel: 5 });
    scene.object("a", echo());
    scene.object("b", echo());
    let (_, script) = scene.object("c", Driver::Recorder);
    for round in 1..=2 {
        scene.call(script, say(5, "begin")).unwrap();
        for _ in 0..50 {
            scene.run();
        }
        let counters = scene.objects.counters();
        assert_eq!(counters.refused.get(&CallRefusal::TooManyHops), Some(&(2 * round)));
        assert_eq!(counters.lines, round * (1 + 2 * u64::from(MAX_HOPS)));
    }
}

/// Two programs outside that repeat what they hear, as fast as they can, for three seconds.
#[test]
fn hosts_that_echo_each_other_are_slowed_down_and_told() {
    let mut scene = Scene::new();
    let (_, one, mut one_hears) = scene.hosted("one");
    let (_, two, mut two_hears) = scene.hosted("two");
    scene.listen(one, 0);
    scene.listen(two, 0);
    let (mut seen, mut refused, mut begun) = (0, 0, 0);
    for round in 0..3000u32 {
        if round % 1000 == 0 {
            // What answers nothing always passes; here it starts them again.
            let (_, starter) = scene.object("starter", Driver::Recorder);
            assert_eq!(scene.call(starter, say(0, "begin")).unwrap().said.unwrap().refused, None);
            begun += scene.run().len();
        }
        for (script, hears) in [(one, &mut one_hears), (two, &mut two_hears)] {
            for _ in 0..texts(&taken(hears)).len() {
                let said = scene.call(script, say(0, "echo")).unwrap().said.unwrap();
                refused += u64::from(said.refused == Some(CallRefusal::AnswersFlooded));
                seen += scene.run().len();
            }
        }
        scene.now = scene.now + Duration::from_millis(1);
    }
    assert_eq!(begun, 3);
    assert!((60..=3 * 2 * ANSWERS_PER_SECOND as usize).contains(&seen), "{seen}");
    assert!(refused > 0);
    assert_eq!(scene.objects.counters().refused[&CallRefusal::AnswersFlooded], refused);
}

/// Programs may speak on channels of their own as fast as they like.
#[test]
fn hosts_answer_each_other_freely_where_nobody_sees_it() {
    let mut scene = Scene::new();
    let (_, one, mut one_hears) = scene.hosted("one");
    let (_, two, mut two_hears) = scene.hosted("two");
    scene.listen(one, 7);
    scene.listen(two, 7);
    scene.call(one, say(7, "request")).unwrap();
    for _ in 0..500 {
        for (script, hears) in [(two, &mut two_hears), (one, &mut one_hears)] {
            scene.run();
            assert_eq!(texts(&taken(hears)).len(), 1);
            assert_eq!(scene.call(script, say(7, "next")).unwrap().said.unwrap().refused, None);
        }
    }
}

#[test]
fn messages_to_oneself_wait_their_turn_and_are_bounded() {
    let mut scene = Scene::new();
    let (prim, script) = scene.object("box", Driver::Recorder);
    let last = scene.last_heard(prim);
    let clep = |text: &str| {
        ScriptEvent::Clep(Box::new(ClepReceived {
            dialect: Dialect::ClepJson,
            channel: 0,
            name: "box".to_owned(),
            key: prim.0,
            message: Message::Opaque { text: text.to_owned() },
            signed: false,
        }))
    };
    for text in ["a", "b"] {
        assert_eq!(scene.objects.queue_direct(script, Some(clep(text))), 1);
    }
    scene.listen(script, 0);
    let avatar = scene.avatar(2, HERE);
    assert!(scene.objects.avatar_says(scene.now, avatar, 1, 0, "chat"));
    scene.run();
    let heard: Vec<_> = scene.heard(prim, last).into_iter().map(|(_, event)| event).collect();
    assert_eq!((&heard[0], &heard[2]), (&clep("a"), &clep("b")), "they take turns");
    assert_eq!(texts(&heard), ["chat"]);

    for _ in 0..DIRECT {
        assert_eq!(scene.objects.queue_direct(script, Some(clep("c"))), 1);
    }
    assert_eq!(scene.objects.queue_direct(script, Some(clep("d"))), 0);
    assert_eq!(scene.objects.object_counters().direct_dropped, 1);
    let handlers = EventKinds::STATE_ENTRY;
    scene.ask(|answer| ObjectCommand::ChangeState { script, handlers, answer }).unwrap();
    let last = scene.last_heard(prim);
    scene.run();
    let heard: Vec<_> = scene.heard(prim, last).into_iter().map(|(_, event)| event).collect();
    assert_eq!(heard, [ScriptEvent::Lsl(Event::StateEntry)], "a change of state forgets them");
}

#[test]
fn a_change_of_state_ends_listens_and_has_other_handlers() {
    let mut scene = Scene::new();
    let (prim, script) = scene.object("box", Driver::Recorder);
    scene.listen(script, 5);
    assert!(scene.objects.listens() && scene.view(prim).touchable);
    let handlers = EventKinds::LISTEN;
    let changed = scene.ask(|answer| ObjectCommand::ChangeState { script, handlers, answer });
    assert_eq!(changed, Ok(()));
    assert!(!scene.objects.listens() && !scene.view(prim).touchable);
    assert_eq!(scene.report(prim).unwrap().prims[0].scripts[0].waiting, 0);
    let script = ScriptId(99);
    let changed = scene.ask(|answer| ObjectCommand::ChangeState { script, handlers, answer });
    assert_eq!(changed, bus_error(lsl::BusError::UnknownScript(script)));
}

#[test]
fn script_errors_go_to_their_host_and_the_debug_channel() {
    let mut scene = Scene::new();
    let (_, hosted, mut events) = scene.hosted("hosted");
    let (prim, recorded) = scene.object("recorded", Driver::Recorder);
    let error = "llRegionSay: not possible on channel 0";
    for script in [hosted, recorded] {
        let call = ScriptCall::RegionSay { channel: 0, text: "hello".to_owned() };
        let said = scene.call(script, call).unwrap().said.unwrap();
        assert_eq!(said.refused, Some(lsl::CallRefusal::PublicChannel));
        let effects = scene.run();
        let [Effect::Chat { audience: Audience::Region, line }] = &effects[..] else {
            panic!("{effects:?} is not one line")
        };
        assert_eq!((line.chat_type, &*line.text), (lsl::ChatType::Debug, error));
    }
    assert_eq!(taken(&mut events), [ScriptEvent::Error(error.into())]);
    let last = scene.heard(prim, 0).pop().unwrap();
    assert_eq!(last, ("script 1".to_owned(), ScriptEvent::Error(error.into())));
}

#[test]
fn a_sleeping_script_gets_its_events_when_it_wakes() {
    let mut scene = Scene::new();
    let (_, speaker) = scene.object("speaker", Driver::Recorder);
    let (_, script, mut events) = scene.hosted("box");
    scene.listen(script, 5);
    scene.call(script, ScriptCall::Sleep(Duration::from_secs(2))).unwrap();
    scene.call(speaker, say(5, "hello")).unwrap();
    scene.now = scene.now + Duration::from_millis(1999);
    scene.run();
    assert_eq!(taken(&mut events), []);
    scene.now = scene.now + Duration::from_millis(1);
    scene.run();
    assert_eq!(texts(&taken(&mut events)), ["hello"]);
}

#[test]
fn a_touch_goes_to_the_prim_or_to_its_root() {
    let mut scene = Scene::new();
    let toucher = scene.avatar(2, Vector3::default());
    let (prims, scripts) = scene.linkset(3);
    let script = scripts[1];
    let handlers = EventKinds::LISTEN;
    scene.ask(|answer| ObjectCommand::ChangeState { script, handlers, answer }).unwrap();
    let touched = |scene: &mut Scene, prim: usize| {
        let last = scene.last_heard(prims[0]);
        let local_id = scene.view(prims[prim]).local_id;
        scene.objects.touched(scene.now, toucher, local_id);
        scene.run();
        let ask = |answer| ObjectCommand::Heard { object: prims[0], after: last, answer };
        let heard = scene.ask(ask).unwrap().events.into_iter();
        heard.map(|heard| (PrimId(heard.prim), heard.event)).collect::<Vec<_>>()
    };
    let touch = ScriptEvent::Lsl(Event::TouchStart { toucher });
    assert_eq!(touched(&mut scene, 0), [(prims[0], touch.clone())]);
    assert_eq!(touched(&mut scene, 1), [(prims[0], touch.clone())]);
    assert_eq!(touched(&mut scene, 2), [(prims[2], touch)]);
    assert!(prims.iter().all(|prim| scene.view(*prim).touchable));

    let local_id = scene.view(prims[0]).local_id;
    scene.objects.touched(scene.now, agent(9), local_id);
    scene.objects.touched(scene.now, toucher, crate::ids::LocalId(1));
    let counters = scene.objects.object_counters();
    assert_eq!((counters.touches, counters.touches_lost), (3, 2));
}

#[test]
fn touch_request_is_answered_with_its_outcome() {
    let mut scene = Scene::new();
    let (toucher, wearer) = (scene.avatar(2, HERE), scene.avatar(3, HERE));
    let (prims, _) = scene.linkset(2);
    let touch = |scene: &mut Scene, prim, agent| {
        scene.ask(|answer| ObjectCommand::Touch { prim, agent, answer })
    };
    assert_eq!(touch(&mut scene, prims[1], toucher), Ok(1));
    scene.run();
    let (_, event) = scene.heard(prims[0], 4).pop().unwrap();
    assert_eq!(event, ScriptEvent::Lsl(Event::TouchStart { toucher }));
    let absent = touch(&mut scene, prims[0], agent(9)).unwrap_err().to_string();
    assert_eq!(absent, format!("by {} is no avatar in the region", agent(9)));
    let nothing = touch(&mut scene, PrimId::NIL, toucher);
    assert_eq!(nothing, Err(ObjectError::UnknownObject(PrimId::NIL)));

    scene.change(prims[0], PrimChange::Worn(Some((wearer, 31)))).unwrap();
    assert_eq!(touch(&mut scene, prims[0], wearer), Ok(1));
    assert!(touch(&mut scene, prims[0], toucher).is_err(), "it is on the screen of another");
    scene.change(prims[0], PrimChange::Worn(Some((wearer, 30)))).unwrap();
    assert_eq!(touch(&mut scene, prims[0], toucher), Ok(1));
}

#[test]
fn touches_reach_root_scripts_only_where_there_are_some() {
    let mut scene = Scene::new();
    let toucher = scene.avatar(2, Vector3::default());
    let mut new = new_object("box", vec![]);
    new.prims.push(NewPrim::default());
    new.scripts.push(new_script(2, "main", Driver::Recorder));
    let made = scene.create(new).unwrap();
    scene.run();
    let (root, child) = (scene.view(made.id), scene.view(made.prims[1].id));
    assert_eq!((root.touchable, child.touchable), (false, true));
    let (local_id, last) = (root.local_id, 2);
    scene.objects.touched(scene.now, toucher, local_id);
    scene.run();
    assert_eq!(scene.heard(made.id, last), []);
}

#[test]
fn scripts_hear_what_avatars_say_but_not_that_they_type() {
    let mut scene = Scene::new();
    let avatar = scene.avatar(2, HERE);
    let (_, script, mut events) = scene.hosted("box");
    assert!(!scene.objects.listens());
    for channel in [0, -7, DEBUG_CHANNEL] {
        scene.listen(script, channel);
    }
    assert!(scene.objects.listens());
    let now = scene.now;
    let objects = &mut scene.objects;
    for kind in 0..=3 {
        assert!(objects.avatar_says(now, avatar, kind, 0, "text"), "{kind}");
    }
    assert!(objects.avatar_says(now, avatar, 1, DEBUG_CHANNEL, "debug"));
    assert!(objects.avatar_says(now, avatar, 1, -7, "negative"));
    for kind in [4, 5, 6, 255] {
        assert!(!objects.avatar_says(now, avatar, kind, 0, "text"), "{kind}");
    }
    assert!(!objects.avatar_says(now, avatar, 1, 0, ""));
    assert!(!objects.avatar_says(now, agent(9), 1, 0, "nobody"));
    objects.dialog_reply(now, avatar, avatar.0, -7, "answer");
    objects.dialog_reply(now, agent(9), avatar.0, -7, "nobody");
    assert_eq!(scene.run(), [], "avatars see none of it by objects");
    let heard = taken(&mut events);
    assert_eq!(texts(&heard), ["text", "text", "text", "text", "debug", "negative", "answer"]);
}

#[test]
fn an_avatar_that_the_bus_does_not_take_is_counted() {
    let mut scene = Scene::new();
    let (prim, _) = scene.object("box", Driver::Recorder);
    let participant =
        |id| Participant { id, name: "Agent Tester".into(), position: HERE, is_child: false };
    scene.objects.avatar_entered(participant(AgentId(prim.0)));
    scene.objects.avatar_entered(participant(AgentId::NIL));
    assert_eq!(scene.objects.object_counters().avatars_refused, 2);
    scene.objects.avatar_moved(AgentId(prim.0), HERE);
    scene.objects.avatar_left(scene.now, AgentId(prim.0));
    assert!(scene.report(prim).is_ok());
}
