//! The first checks that anybody who knows LSL chat would make, numbered.

use super::*;

#[test]
fn check_01_a_prim_is_deaf_to_itself_and_its_sibling_hears() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (prims, scripts) = scene.linkset("box", HERE, &[at(0.0, 0.0, 0.0), at(1.0, 0.0, 0.0)]);
        let same_prim = scene.script(prims[0]);
        for script in [scripts[0], scripts[1], same_prim] {
            scene.listen(script, 5);
        }
        let said = scene.say(scripts[0], 5, "hello");
        assert_eq!(scene.hearers(), [scripts[1]]);
        let own = said.hearings.iter().filter(|hearing| hearing.fate == Fate::Own).count();
        assert_eq!((said.considered, own), (3, 2));

        scene.bus.region_say(scene.now, scripts[1], 5, "hello").unwrap();
        assert_eq!(scene.hearers(), [scripts[0], same_prim]);
        let own_key = prims[0].to_string();
        scene.bus.region_say_to(scene.now, scripts[0], &own_key, 5, "hello").unwrap();
        assert_eq!(scene.hearers(), []);
    }
}

#[test]
fn check_02_ranges_end_where_they_should_in_three_dimensions() {
    for flavour in FLAVOURS {
        for (volume, range) in
            [(Volume::Whisper, 10.0), (Volume::Say, 20.0), (Volume::Shout, 100.0)]
        {
            for (beyond, scripts_hear) in
                [(-0.01, true), (0.0, flavour == Flavour::SecondLife), (0.01, false)]
            {
                let mut scene = Scene::new(flavour);
                let (_, speaker) = scene.object("speaker", at(100.0, 100.0, 100.0));
                let place = at(100.0, 100.0 + 0.6 * range, 100.0 + 0.8 * range + beyond);
                let (_, listener) = scene.object("listener", place);
                let avatar = scene.avatar(2, place);
                scene.listen(listener, 0);
                scene.bus.say(scene.now, speaker, volume, 0, "hello").unwrap();

                let case = format!("{flavour:?} {volume:?} {beyond}");
                assert_eq!(!scene.hearers().is_empty(), scripts_hear, "{case}");
                let (seen_by, line) = scene.shown().remove(0);
                assert_eq!(seen_by == [avatar], beyond <= 0.0, "{case}");
                assert_eq!(line.chat_type, volume.chat_type());
            }
        }
    }
}

#[test]
fn check_03_child_prim_hears_at_its_place_or_its_roots() {
    for (flavour, hears_at_child) in [(Flavour::OpenSim, true), (Flavour::SecondLife, false)] {
        let mut scene = Scene::new(flavour);
        let offsets = [at(0.0, 0.0, 0.0), at(50.0, 0.0, 0.0)];
        let (_, scripts) = scene.linkset("long", HERE, &offsets);
        let (_, at_child) = scene.object("speaker", at(151.0, 100.0, 25.0));
        let (_, at_root) = scene.object("speaker", at(101.0, 100.0, 25.0));
        scene.listen(scripts[1], 5);
        scene.say(at_child, 5, "at the child");
        assert_eq!(scene.hearers().len(), usize::from(hears_at_child));
        scene.say(at_root, 5, "at the root");
        assert_eq!(scene.hearers().len(), usize::from(!hears_at_child));

        // It speaks at its own place in both.
        let (_, hearer) = scene.object("hearer", at(151.0, 100.0, 25.0));
        scene.listen(hearer, 6);
        scene.say(scripts[1], 6, "from the child");
        assert_eq!(scene.hearers(), [hearer]);
    }
}

#[test]
fn check_04_region_say_reaches_all_but_on_channel_0() {
    for flavour in FLAVOURS {
        let is_open_sim = flavour == Flavour::OpenSim;
        let mut scene = Scene::new(flavour);
        let (prim, speaker) = scene.object("speaker", at(1.0, 1.0, 25.0));
        let (_, far) = scene.object("far", at(255.0, 255.0, 4000.0));
        let (_, near) = scene.object("near", at(2.0, 1.0, 25.0));
        scene.avatar(2, at(1.0, 1.0, 25.0));
        scene.listen(far, 5);
        scene.listen(far, 0);
        scene.listen(near, DEBUG_CHANNEL);

        scene.bus.region_say(scene.now, speaker, 5, "hello").unwrap();
        assert_eq!(scene.hearers(), [far]);
        assert_eq!(scene.effects(), []);

        let said = scene.bus.region_say(scene.now, speaker, 0, "hello").unwrap();
        assert_eq!(said.refused, Some(CallRefusal::PublicChannel));
        assert_eq!(said.sleep, Duration::from_secs(u64::from(is_open_sim)));
        let heard = scene.heard();
        let error = "llRegionSay: not possible on channel 0".to_owned();
        if is_open_sim {
            assert_eq!(heard, [(near, error.clone())]);
            let effects = scene.effects();
            let text = Arc::from(error);
            assert!(effects.contains(&Effect::ScriptError { script: speaker, prim, text }));
            assert_eq!(effects.len(), 2);
        } else {
            assert_eq!(heard, []);
            assert_eq!(scene.effects(), []);
        }

        scene.bus.region_say(scene.now, speaker, DEBUG_CHANNEL, "trouble").unwrap();
        let (seen_by, line) = scene.shown().remove(0);
        assert_eq!((seen_by, line.chat_type), (vec![agent(2)], ChatType::Debug));
        assert_eq!(scene.hearers(), [near]);
    }
}

#[test]
fn check_05_negative_channel_typing_comes_as_dialog_reply() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let avatar = scene.avatar(2, HERE);
        let (_, script) = scene.object("box", at(110.0, 100.0, 25.0));
        scene.listen(script, -5);
        let own_id = PrimId(avatar.0);
        scene.bus.avatar_reply(scene.now, avatar, own_id, -5, "text").unwrap();
        let event = scene.bus.poll_event(scene.now);
        let (name, message) = (Arc::from("Agent2 Tester"), Arc::from("text"));
        let listen = Event::Listen { channel: -5, name, id: avatar.0, message, owner: avatar.0 };
        assert_eq!(event, Some((script, listen)));
        assert_eq!(scene.effects(), [], "nobody sees it");
        let stranger = agent(3);
        assert_eq!(
            scene.bus.avatar_reply(scene.now, stranger, own_id, -5, "text"),
            Err(BusError::UnknownAvatar(stranger))
        );
    }
}

#[test]
fn check_06_region_say_to_reaches_exactly_its_target() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let avatar = scene.avatar(2, at(200.0, 200.0, 25.0));
        let (_, speaker) = scene.object("speaker", at(1.0, 1.0, 25.0));
        let offsets = [at(0.0, 0.0, 0.0), at(1.0, 0.0, 0.0)];
        let (prims, scripts) = scene.linkset("box", HERE, &offsets);
        let (worn, worn_scripts) = scene.linkset("hat", HERE, &offsets);
        scene.bus.wear(worn[0], Some(avatar)).unwrap();
        for script in [speaker, scripts[0], scripts[1], worn_scripts[0], worn_scripts[1]] {
            for channel in [0, 5, DEBUG_CHANNEL] {
                scene.listen(script, channel);
            }
        }
        let to = |scene: &mut Scene, key: &str, channel: i32| {
            let now = scene.now;
            scene.bus.region_say_to(now, speaker, key, channel, "hello").unwrap();
            let shown = scene.shown();
            (scene.hearers(), shown)
        };

        let (heard, shown) = to(&mut scene, &avatar.to_string(), 0);
        assert_eq!(heard, [], "what it wears does not hear");
        assert_eq!(shown.len(), 1);
        assert_eq!((&shown[0].0, shown[0].1.chat_type), (&vec![avatar], ChatType::Direct));

        let (heard, shown) = to(&mut scene, &avatar.to_string(), 5);
        assert_eq!(heard, worn_scripts);
        assert_eq!(shown, []);

        assert_eq!(to(&mut scene, &prims[1].to_string(), 5).0, [scripts[1]]);
        assert_eq!(to(&mut scene, &prims[0].to_string(), 5).0, [scripts[0]]);
        assert_eq!(to(&mut scene, &prims[0].to_string().to_uppercase(), 0).0, [scripts[0]]);

        let absent = "0f9c1d2e-3a4b-4c5d-8e6f-708192a3b4c5";
        for (key, channel) in [
            (absent, 5),
            (NULL_KEY, 5),
            ("", 5),
            ("garbage", 0),
            (prims[0].to_string().as_str(), DEBUG_CHANNEL),
            (avatar.to_string().as_str(), DEBUG_CHANNEL),
        ] {
            assert_eq!(to(&mut scene, key, channel), (vec![], vec![]), "{key} {channel}");
        }
    }
}

#[test]
fn check_07_two_listens_that_match_give_two_events_or_one() {
    for (flavour, events) in [(Flavour::OpenSim, 2), (Flavour::SecondLife, 1)] {
        let mut scene = Scene::new(flavour);
        let (_, speaker) = scene.object("bell", HERE);
        let (_, script) = scene.object("box", HERE);
        // The other way round the first would do for both in OpenSim.
        scene.bus.listen(scene.now, script, 5, ("bell", "", "")).unwrap();
        scene.listen(script, 5);
        let said = scene.say(speaker, 5, "ring");
        assert_eq!((said.considered, said.queued), (2, events));
        assert_eq!(scene.hearers(), vec![script; events]);
        scene.say(speaker, 5, "again");
        assert_eq!(scene.hearers().len(), events, "the next line counts anew");
    }
}

#[test]
fn check_08_listens_have_one_handle_and_a_limit() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (_, script) = scene.object("box", HERE);
        let (_, other) = scene.object("other", HERE);
        scene.listen(other, DEBUG_CHANNEL);
        let first = scene.listen(script, 1000);
        for key in ["", NULL_KEY, "no key"] {
            assert_eq!(scene.bus.listen(scene.now, script, 1000, ("", key, "")), Ok(first));
        }
        assert_eq!(scene.bus.listens(), 2);
        let limit = if flavour == Flavour::OpenSim { 64 } else { 65 };
        for channel in 1001..1000 + limit {
            scene.listen(script, channel);
        }
        assert_eq!(
            scene.bus.listen(scene.now, script, 1065, ALL),
            Err(BusError::TooMany { what: Countable::ListensOfAScript, limit: limit as usize })
        );
        let errors = if flavour == Flavour::SecondLife {
            vec![(other, "Too many listens".to_owned())]
        } else {
            vec![]
        };
        assert_eq!(scene.heard(), errors);
        assert_eq!(scene.bus.counters().refused[&CallRefusal::TooManyListens], 1);
        assert_eq!(scene.listen(script, 1000), first, "the same one still works");

        assert_eq!(scene.bus.listen_remove(script, ListenHandle(7)), Ok(true));
        assert_eq!(scene.listen(script, 2000), ListenHandle(7));
    }
}

#[test]
fn check_09_a_state_change_ends_listens_and_clears_the_queue() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (_, speaker) = scene.object("speaker", HERE);
        let (_, script) = scene.object("box", HERE);
        scene.listen(script, 5);
        scene.say(speaker, 5, "lost");
        assert_eq!(scene.bus.waiting(script), 1);
        let handlers = EventKinds::LISTEN | EventKinds::STATE_ENTRY;
        scene.bus.change_state(scene.now, script, handlers).unwrap();
        scene.say(speaker, 5, "not heard");
        assert_eq!(scene.bus.poll_event(scene.now), Some((script, Event::StateEntry)));
        assert_eq!(scene.bus.poll_event(scene.now), None);
        assert_eq!((scene.bus.listens(), scene.bus.counters().cleared), (0, 1));
        assert_eq!(scene.listen(script, 5), ListenHandle(1));
        scene.say(speaker, 5, "heard");
        assert_eq!(scene.heard(), [(script, "heard".to_owned())]);
    }
}

#[test]
fn check_10_65th_event_is_dropped_the_others_stay_in_order() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (_, speaker) = scene.object("speaker", HERE);
        let (prim, script) = scene.object("box", HERE);
        scene.listen(script, 5);
        for number in 0..64 {
            assert_eq!(scene.say(speaker, 5, &number.to_string()).queued, 1);
        }
        let said = scene.say(speaker, 5, "64");
        assert_eq!((said.queued, said.hearings[0].fate), (0, Fate::Full));
        assert_eq!(scene.bus.counters().full, 1);

        // Another kind of event has room only where each kind has its own.
        let linked = scene.script(prim);
        let said = scene.bus.message_linked(scene.now, linked, (LINK_THIS, 1), "", "").unwrap();
        let room = usize::from(flavour == Flavour::OpenSim);
        assert_eq!((said.considered, said.queued), (2, 1 + room));
        assert_eq!(scene.bus.waiting(script), 64 + room);

        let messages: Vec<_> = std::iter::from_fn(|| scene.bus.next_event(scene.now, script))
            .filter_map(|event| match event {
                Event::Listen { message, .. } => Some(String::from(&*message)),
                _ => None,
            })
            .collect();
        let expected: Vec<_> = (0..64).map(|number: i32| number.to_string()).collect();
        assert_eq!(messages, expected);
    }
}

#[test]
fn check_11_texts_are_cut_before_a_character_that_does_not_fit() {
    let crab = |before: usize| format!("{}🦀", "a".repeat(before));
    for (flavour, before, left) in [
        (Flavour::SecondLife, 1020, 1024),
        (Flavour::SecondLife, 1021, 1021),
        (Flavour::SecondLife, 1023, 1023),
        (Flavour::OpenSim, 1019, 1023),
        (Flavour::OpenSim, 1020, 1020),
        (Flavour::OpenSim, 1022, 1022),
    ] {
        let mut scene = Scene::new(flavour);
        let (_, speaker) = scene.object("speaker", HERE);
        let (prim, script) = scene.object("box", HERE);
        scene.avatar(2, HERE);
        scene.listen(script, 5);
        scene.listen(script, 0);
        let text = crab(before);
        let said = scene.say(speaker, 5, &text);
        assert_eq!(said.truncated, left < text.len(), "{flavour:?} {before}");
        scene.bus.region_say(scene.now, speaker, 5, &text).unwrap();
        scene.say(speaker, 0, &text);
        for (_, heard) in scene.heard() {
            assert_eq!(heard, text[..left], "{flavour:?} {before}");
        }
        let (_, line) = scene.shown().remove(0);
        assert!(line.text.len() <= VIEWER_TEXT && text.starts_with(&*line.text));

        // OpenSim counts UTF-16 units here: a crab is two.
        let said =
            scene.bus.region_say_to(scene.now, speaker, &prim.to_string(), 5, &text).unwrap();
        let fits = if flavour == Flavour::OpenSim { before <= 1021 } else { before <= 1020 };
        assert_eq!(said.truncated, !fits);
        let whole = if fits { text.as_str() } else { &text[..before] };
        assert_eq!(scene.heard(), [(script, whole.to_owned())]);
    }
}

#[test]
fn check_12_dialog_reply_carries_20_metres_or_region_wide() {
    for (flavour, distance, hears) in [
        (Flavour::SecondLife, 19.9, true),
        (Flavour::SecondLife, 20.1, false),
        (Flavour::OpenSim, 19.9, true),
        (Flavour::OpenSim, 20.1, true),
    ] {
        let mut scene = Scene::new(flavour);
        let avatar = scene.avatar(2, at(250.0, 250.0, 25.0));
        let offsets = [at(0.0, 0.0, 0.0), at(0.0, 9.0, 0.0)];
        let (prims, scripts) = scene.linkset("menu", HERE, &offsets);
        let (_, listener) = scene.object("listener", at(50.0 + distance, 50.0, 25.0));
        scene.listen(listener, -7);
        let key = avatar.to_string();
        scene.bus.dialog(scene.now, scripts[1], (&key, "?"), &["yes"], -7).unwrap();
        // Where the object is when the button is pressed is what counts.
        scene.bus.move_object(prims[0], at(50.0, 50.0, 25.0)).unwrap();
        scene.bus.avatar_reply(scene.now, avatar, prims[1], -7, "yes").unwrap();
        assert_eq!(!scene.hearers().is_empty(), hears, "{flavour:?} {distance}");
    }
}

#[test]
fn check_13_listen_for_owner_stays_with_the_old_owner() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (old, new) = (scene.avatar(1, HERE), scene.avatar(2, HERE));
        let (prim, script) = scene.object("box", HERE);
        scene.bus.listen(scene.now, script, 5, ("", &old.to_string(), "")).unwrap();
        scene.bus.set_owner(prim, owner(2)).unwrap();
        scene.bus.avatar_chat(scene.now, new, 1, 5, "new").unwrap();
        scene.bus.avatar_chat(scene.now, old, 1, 5, "old").unwrap();
        assert_eq!(scene.heard(), [(script, "old".to_owned())]);
    }
}

#[test]
fn check_14_scripts_do_not_hear_that_somebody_types() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let typist = scene.avatar(1, HERE);
        let (_, script) = scene.object("box", HERE);
        scene.listen(script, 0);
        for (kind, text) in [(4, ""), (5, ""), (4, "text"), (9, "text")] {
            let said = scene.bus.avatar_chat(scene.now, typist, kind, 0, text).unwrap();
            assert_eq!((said.refused, said.considered), (Some(CallRefusal::BadKind), 0), "{kind}");
        }
        let said = scene.bus.avatar_chat(scene.now, typist, 1, 0, "").unwrap();
        assert_eq!(said.refused, Some(CallRefusal::Empty));
        assert_eq!((scene.hearers(), scene.effects()), (vec![], vec![]));
        for kind in 0..=3 {
            scene.bus.avatar_chat(scene.now, typist, kind, 0, "text").unwrap();
        }
        assert_eq!((scene.hearers(), scene.effects()), (vec![script; 4], vec![]));
    }
}

#[test]
fn check_15_a_name_filter_wants_the_name_that_the_prim_has_now() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (prim, speaker) = scene.object("old", HERE);
        let (_, for_old) = scene.object("a", HERE);
        let (_, for_new) = scene.object("b", HERE);
        scene.bus.listen(scene.now, for_old, 5, ("old", "", "")).unwrap();
        scene.bus.listen(scene.now, for_new, 5, ("new", "", "")).unwrap();
        scene.say(speaker, 5, "first");
        scene.bus.rename_prim(prim, "new").unwrap();
        scene.say(speaker, 5, "second");
        scene.bus.rename_prim(prim, "NEW").unwrap();
        scene.say(speaker, 5, "third");
        assert_eq!(scene.heard(), [(for_old, "first".to_owned()), (for_new, "second".to_owned())]);
    }
}

#[test]
fn check_16_a_key_filter_may_be_in_upper_case() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (prim, speaker) = scene.object("speaker", HERE);
        let (_, other) = scene.object("speaker", HERE);
        let (_, script) = scene.object("box", HERE);
        let (upper, lower) = (prim.to_string().to_uppercase(), prim.to_string());
        let handle = scene.bus.listen(scene.now, script, 5, ("", &upper, "")).unwrap();
        assert_eq!(scene.bus.listen(scene.now, script, 5, ("", &lower, "")), Ok(handle));
        scene.say(other, 5, "no");
        scene.say(speaker, 5, "yes");
        assert_eq!(scene.heard(), [(script, "yes".to_owned())]);
    }
}
