//! Creation and removal of objects, avatars and scripts, and the order of turns.

use super::*;

fn spec(prims: Vec<PrimSpec>) -> ObjectSpec {
    ObjectSpec { position: HERE, owner: owner(1), worn_by: None, prims }
}

fn prim(number: u128) -> PrimSpec {
    let id = PrimId(Uuid::from_u128(number));
    PrimSpec { id, name: "prim".to_owned(), offset: Vector3::default() }
}

#[test]
fn objects_that_cannot_be_are_refused_whole() {
    let settings = Settings {
        objects: 2,
        prims_per_object: 2,
        scripts_per_prim: 1,
        ..Settings::new(Flavour::OpenSim)
    };
    let mut scene = Scene::with(settings);
    let avatar = scene.avatar(2, HERE);
    let bus = &mut scene.bus;
    assert_eq!(bus.insert_object(spec(vec![])), Err(BusError::NoPrims));
    let null = prim(0);
    assert_eq!(bus.insert_object(spec(vec![null])), Err(BusError::BadKey(Uuid::nil())));
    let twice = spec(vec![prim(1), prim(1)]);
    assert_eq!(bus.insert_object(twice), Err(BusError::BadKey(Uuid::from_u128(1))));
    let avatars = PrimSpec { id: PrimId(avatar.0), ..prim(1) };
    assert_eq!(bus.insert_object(spec(vec![avatars])), Err(BusError::BadKey(avatar.0)));
    let three = spec(vec![prim(1), prim(2), prim(3)]);
    assert_eq!(
        bus.insert_object(three),
        Err(BusError::TooMany { what: Countable::PrimsOfAnObject, limit: 2 })
    );
    let lost = ObjectSpec { position: at(f32::NAN, 0.0, 0.0), ..spec(vec![prim(1)]) };
    assert_eq!(bus.insert_object(lost), Err(BusError::Position));
    let worn = ObjectSpec { worn_by: Some(agent(9)), ..spec(vec![prim(1)]) };
    assert_eq!(bus.insert_object(worn), Err(BusError::UnknownAvatar(agent(9))));

    let first = bus.insert_object(spec(vec![prim(1), prim(2)])).unwrap();
    assert_eq!(bus.insert_object(spec(vec![prim(2)])), Err(BusError::BadKey(Uuid::from_u128(2))));
    bus.insert_object(spec(vec![prim(3)])).unwrap();
    assert_eq!(
        bus.insert_object(spec(vec![prim(4)])),
        Err(BusError::TooMany { what: Countable::Objects, limit: 2 })
    );
    bus.add_script(scene.now, first, "a", EventKinds::empty()).unwrap();
    assert_eq!(
        bus.add_script(scene.now, first, "b", EventKinds::empty()),
        Err(BusError::TooMany { what: Countable::ScriptsOfAPrim, limit: 1 })
    );
    bus.remove_object(first).unwrap();
    bus.insert_object(spec(vec![prim(1)])).unwrap();
}

#[test]
fn a_removed_object_takes_scripts_listens_and_events_with_it() {
    let mut scene = Scene::new(Flavour::OpenSim);
    let (_, speaker) = scene.object("speaker", HERE);
    let (root, script) = scene.object("box", HERE);
    scene.listen(script, 5);
    scene.say(speaker, 5, "lost");
    scene.bus.remove_object(root).unwrap();
    assert_eq!((scene.bus.listens(), scene.bus.waiting(script)), (0, 0));
    assert_eq!(scene.bus.poll_event(scene.now), None);
    assert_eq!(scene.bus.poll_timeout(), None);
    assert_eq!(scene.bus.listen(scene.now, script, 5, ALL), Err(BusError::UnknownScript(script)));
    assert_eq!(scene.bus.remove_object(root), Err(BusError::UnknownObject(root)));
    assert_eq!(scene.say(speaker, 5, "nobody").considered, 0);
}

#[test]
fn a_removed_script_leaves_the_others_of_its_prim() {
    let mut scene = Scene::new(Flavour::OpenSim);
    let (_, speaker) = scene.object("speaker", HERE);
    let (prim, first) = scene.object("box", HERE);
    let second = scene.script(prim);
    scene.listen(first, 5);
    scene.listen(second, 5);
    scene.bus.remove_script(first).unwrap();
    assert_eq!(scene.bus.scripts_of(prim), Ok(&[second][..]));
    scene.say(speaker, 5, "hello");
    assert_eq!(scene.hearers(), [second]);
}

#[test]
fn an_avatar_leaves_with_what_it_wears() {
    let mut scene = Scene::new(Flavour::SecondLife);
    let avatar = scene.avatar(2, HERE);
    let (hat, _) = scene.object("hat", HERE);
    let (other, _) = scene.object("box", HERE);
    scene.bus.wear(hat, Some(avatar)).unwrap();
    assert_eq!(scene.bus.remove_avatar(scene.now, avatar), Ok(vec![hat]));
    assert_eq!(scene.bus.prims_of(hat), Err(BusError::UnknownObject(hat)));
    assert_eq!(scene.bus.prims_of(other), Ok(&[other][..]));
    assert_eq!(scene.bus.move_avatar(avatar, HERE), Err(BusError::UnknownAvatar(avatar)));
}

#[test]
fn worn_objects_speak_and_hear_where_their_wearer_is() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let avatar = scene.avatar(2, HERE);
        let (hat, worn) = scene.object("hat", at(1.0, 1.0, 1.0));
        let (_, script) = scene.object("box", at(110.0, 100.0, 25.0));
        scene.bus.wear(hat, Some(avatar)).unwrap();
        scene.listen(worn, 5);
        scene.listen(script, 5);
        scene.say(script, 5, "hello");
        scene.say(worn, 5, "hello");
        assert_eq!(scene.hearers(), [worn, script]);
        scene.bus.move_avatar(avatar, at(10.0, 10.0, 25.0)).unwrap();
        scene.say(script, 5, "hello");
        assert_eq!(scene.hearers(), []);
    }
}

#[test]
fn inactive_listens_keep_their_room_and_hear_again() {
    let mut scene = Scene::new(Flavour::OpenSim);
    let (_, speaker) = scene.object("speaker", HERE);
    let (_, script) = scene.object("box", HERE);
    let handle = scene.listen(script, 5);
    assert_eq!(scene.bus.listen_control(script, handle, false), Ok(true));
    scene.say(speaker, 5, "unheard");
    assert_eq!(scene.bus.listens(), 1);
    assert_eq!(scene.bus.listen_control(script, handle, true), Ok(true));
    scene.say(speaker, 5, "heard");
    assert_eq!(scene.bus.listen_remove(script, handle), Ok(true));
    scene.say(speaker, 5, "unheard");
    assert_eq!(scene.heard(), [(script, "heard".to_owned())], "what is queued stays");
    assert_eq!(scene.bus.listen_control(script, handle, true), Ok(false));
    assert_eq!(scene.bus.listen_remove(script, handle), Ok(false));
}

#[test]
fn events_come_in_the_order_of_lines_then_of_listens() {
    let mut scene = Scene::new(Flavour::OpenSim);
    let (_, speaker) = scene.object("speaker", HERE);
    let (_, a) = scene.object("a", HERE);
    let (_, b) = scene.object("b", HERE);
    scene.listen(b, 5);
    scene.listen(a, 5);
    scene.say(speaker, 5, "1");
    scene.say(speaker, 5, "2");
    let expected = [(b, "1"), (a, "1"), (b, "2"), (a, "2")];
    assert_eq!(scene.heard(), expected.map(|(script, text)| (script, text.to_owned())));
}

#[test]
fn a_sleeping_script_keeps_its_events_until_it_wakes() {
    let mut scene = Scene::new(Flavour::SecondLife);
    let (_, speaker) = scene.object("speaker", HERE);
    let (_, script) = scene.object("box", HERE);
    scene.listen(script, 5);
    let key = agent(2).to_string();
    scene.bus.dialog(scene.now, script, (&key, "?"), &["a"], 5).unwrap();
    scene.bus.instant_message(scene.now, script, &key, "text").unwrap();
    scene.say(speaker, 5, "good morning");
    let awake = scene.now + Duration::from_secs(3);
    assert_eq!(scene.bus.poll_timeout(), Some(awake));
    scene.wait(2999);
    assert_eq!(scene.bus.poll_event(scene.now), None);
    assert_eq!(scene.bus.next_event(scene.now, script), None);
    scene.wait(1);
    assert!(matches!(scene.bus.poll_event(scene.now), Some((_, Event::Listen { .. }))));
    assert_eq!(scene.bus.poll_timeout(), None);
}

#[test]
fn without_delays_nobody_sleeps() {
    let settings = Settings { delays: false, ..Settings::new(Flavour::OpenSim) };
    let mut scene = Scene::with(settings);
    let (_, script) = scene.object("box", HERE);
    let key = agent(2).to_string();
    let said = scene.bus.instant_message(scene.now, script, &key, "text").unwrap();
    assert_eq!(said.sleep, Duration::ZERO);
}

#[test]
fn events_without_handler_are_not_queued_or_lost_later() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (_, speaker) = scene.object("speaker", HERE);
        let (prim, _) = scene.object("box", HERE);
        let script = scene.bus.add_script(scene.now, prim, "deaf", EventKinds::TIMER).unwrap();
        scene.listen(script, 5);
        scene.say(speaker, 5, "hello");
        scene.bus.post(scene.now, script, Event::Timer).unwrap();
        let is_queued = flavour == Flavour::SecondLife;
        assert_eq!(scene.bus.waiting(script), 1 + usize::from(is_queued));
        assert_eq!(scene.bus.poll_event(scene.now), Some((script, Event::Timer)));
        assert_eq!(scene.bus.poll_event(scene.now), None);
        assert_eq!(scene.bus.counters().unhandled, 1);
    }
}

#[test]
fn min_event_delay_drops_listen_events_that_come_too_early() {
    for (flavour, heard) in [(Flavour::OpenSim, 2), (Flavour::SecondLife, 3)] {
        let mut scene = Scene::new(flavour);
        let (_, speaker) = scene.object("speaker", HERE);
        let (_, script) = scene.object("box", HERE);
        scene.listen(script, 5);
        scene.bus.min_event_delay(script, Duration::from_millis(100)).unwrap();
        for wait in [0, 99, 1] {
            scene.wait(wait);
            scene.say(speaker, 5, "tick");
        }
        assert_eq!(scene.hearers().len(), heard);
        assert_eq!(scene.bus.counters().too_early, 3 - heard as u64);
    }
}

#[test]
fn the_region_has_room_for_a_thousand_listens_in_open_sim() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let scripts: Vec<_> = (0..16).map(|_| scene.object("box", HERE).1).collect();
        let results: Vec<_> = (0..1001)
            .map(|number| scene.bus.listen(scene.now, scripts[number / 64], number as i32, ALL))
            .collect();
        let refused = results.iter().filter(|result| result.is_err()).count();
        assert_eq!(refused, usize::from(flavour == Flavour::OpenSim));
        assert_eq!(scene.effects(), [], "no error is shown");
    }
}

#[test]
fn effects_beyond_the_limit_are_dropped_and_counted() {
    let settings = Settings { effects: 2, ..Settings::new(Flavour::OpenSim) };
    let mut scene = Scene::with(settings);
    let (_, script) = scene.object("box", HERE);
    for text in ["1", "2", "3"] {
        scene.say(script, 0, text);
    }
    let texts: String = scene.shown().iter().map(|(_, line)| &*line.text).collect();
    assert_eq!(texts, "12");
    assert_eq!(scene.bus.counters().effects_dropped, 1);
}

#[test]
fn names_are_cut_at_the_flavours_limit() {
    for (flavour, limit) in [(Flavour::OpenSim, 254), (Flavour::SecondLife, 63)] {
        let mut scene = Scene::new(flavour);
        let (_, script) = scene.object(&"x".repeat(300), HERE);
        scene.say(script, 0, "hello");
        assert_eq!(scene.shown()[0].1.from.len(), limit);
    }
}

#[test]
fn shuffled_texts_may_change_places_but_none_is_lost() {
    let texts = |seed: u64, shuffle: bool| {
        let settings =
            Settings { shuffle_region_say_to: shuffle, ..Settings::new(Flavour::SecondLife) };
        let mut scene = Scene { bus: ChatBus::new(settings, seed), now: Timestamp::ZERO };
        let (_, speaker) = scene.object("speaker", HERE);
        let (prim, script) = scene.object("box", HERE);
        scene.listen(script, 5);
        for number in 0..32 {
            let (now, key) = (scene.now, prim.to_string());
            scene.bus.region_say_to(now, speaker, &key, 5, &number.to_string()).unwrap();
        }
        scene.heard().into_iter().map(|(_, text)| text).collect::<Vec<_>>()
    };
    let in_order: Vec<_> = (0..32).map(|number: i32| number.to_string()).collect();
    assert_eq!(texts(1, false), in_order);
    let shuffled = texts(1, true);
    assert_ne!(shuffled, in_order);
    assert_eq!(shuffled, texts(1, true), "the same seed gives the same order");
    let mut sorted = shuffled;
    sorted.sort_by_key(|text| text.parse::<u32>().unwrap());
    assert_eq!(sorted, in_order);
}

#[test]
fn lookups_give_links_owners_names_and_places() {
    let mut scene = Scene::new(Flavour::SecondLife);
    let offsets = [at(0.0, 0.0, 0.0), at(1.0, 0.0, 0.0)];
    let (prims, scripts) = scene.linkset("box", HERE, &offsets);
    let (single, _) = scene.object("single", HERE);
    let avatar = scene.avatar(2, at(7.0, 7.0, 7.0));
    scene.listen(scripts[1], 5);
    scene.listen(scripts[1], -5);
    let bus = &mut scene.bus;
    let links = [prims[0], prims[1], single].map(|prim| bus.link_number(prim));
    assert_eq!(links, [Some(1), Some(2), Some(0)]);
    assert_eq!(bus.root_of(prims[1]), Some(prims[0]));
    assert_eq!(bus.owner_of(prims[1]), Some(&owner(1)));
    assert_eq!((bus.prim_name(prims[1]), bus.wearer_of(prims[1])), (Some("box"), None));
    assert_eq!(bus.prim_position(prims[1]), Some(at(101.0, 100.0, 25.0)));
    bus.wear(prims[0], Some(avatar)).unwrap();
    assert_eq!(bus.prim_position(prims[1]), Some(at(7.0, 7.0, 7.0)));
    assert_eq!(bus.wearer_of(prims[1]), Some(avatar));
    assert_eq!(bus.listens_of(scripts[1]), [(1, 5), (2, -5)]);
    assert!(bus.handles(scripts[1], EventKinds::LISTEN | EventKinds::LINK_MESSAGE));
    assert!(!bus.handles(scripts[1], EventKinds::LISTEN | EventKinds::TIMER));
    assert!(bus.is_known(avatar.0) && bus.is_known(prims[1].0));
    assert_eq!(bus.avatar(avatar).map(|avatar| avatar.position), Some(at(7.0, 7.0, 7.0)));

    let nobody = PrimId(Uuid::from_u128(99));
    assert_eq!((bus.link_number(nobody), bus.root_of(nobody)), (None, None));
    assert!(!bus.is_known(nobody.0) && !bus.is_known(Uuid::nil()));
    assert_eq!(bus.listens_of(ScriptId(99)), []);
    assert!(!bus.handles(ScriptId(99), EventKinds::empty()));
}

#[test]
fn a_covered_listen_gets_the_open_one_in_open_sim() {
    for flavour in FLAVOURS {
        let is_open_sim = flavour == Flavour::OpenSim;
        let mut scene = Scene::new(flavour);
        let (_, script) = scene.object("box", HERE);
        let open = scene.listen(script, 5);
        let narrow = scene.bus.listen(scene.now, script, 5, ("Ann", "", "")).unwrap();
        assert_eq!(narrow == open, is_open_sim, "a narrower one behind an open one");
        // The other way round both are needed.
        let narrow = scene.bus.listen(scene.now, script, 6, ("Ann", "", "")).unwrap();
        assert_ne!(scene.listen(script, 6), narrow);
        scene.bus.listen_control(script, open, false).unwrap();
        let again = scene.listen(script, 5);
        assert_eq!(again != open, is_open_sim, "what is switched off does not count");
    }
}

#[test]
fn timers_fire_once_for_each_interval_until_stopped() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (prim, _) = scene.object("box", HERE);
        let script = scene.bus.add_script(scene.now, prim, "t", EventKinds::TIMER).unwrap();
        let later = |scene: &Scene, millis| scene.now + Duration::from_millis(millis);
        scene.bus.set_timer(scene.now, script, Duration::from_secs(2)).unwrap();
        assert_eq!(scene.bus.poll_timeout(), Some(later(&scene, 2000)));
        assert_eq!(scene.bus.poll_event(later(&scene, 1999)), None);
        assert_eq!(scene.bus.poll_event(later(&scene, 2000)), Some((script, Event::Timer)));
        assert_eq!(scene.bus.poll_event(later(&scene, 3999)), None);
        // Late by several intervals: one event, and the next a whole interval later.
        assert_eq!(scene.bus.poll_event(later(&scene, 9500)), Some((script, Event::Timer)));
        assert_eq!(scene.bus.poll_event(later(&scene, 9500)), None);
        assert_eq!(scene.bus.poll_timeout(), Some(later(&scene, 11_500)));
        scene.bus.set_timer(scene.now, script, Duration::ZERO).unwrap();
        assert_eq!(scene.bus.poll_timeout(), None);
        assert_eq!(scene.bus.poll_event(later(&scene, 60_000)), None);
    }
}

#[test]
fn timers_have_a_shortest_interval_and_end_with_their_script() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (prim, script) = scene.object("box", HERE);
        scene.bus.set_timer(scene.now, script, Duration::from_nanos(1)).unwrap();
        let shortest = scene.bus.settings().rules.shortest_timer;
        assert!(shortest >= Duration::from_millis(20));
        assert_eq!(scene.bus.poll_timeout(), Some(scene.now + shortest));
        scene.bus.remove_object(prim).unwrap();
        assert_eq!(scene.bus.poll_timeout(), None);
        assert!(scene.bus.set_timer(scene.now, script, Duration::from_secs(1)).is_err());
    }
}
