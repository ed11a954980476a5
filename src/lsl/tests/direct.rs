//! Owner chat, instant messages, link messages, and what avatars see.

use super::*;

#[test]
fn owner_say_goes_to_the_owner_alone() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (prim, script) = scene.object("box", HERE);
        let (_, listener) = scene.object("listener", HERE);
        scene.listen(listener, 0);
        let said = scene.bus.owner_say(scene.now, script, "psst").unwrap();
        assert_eq!(said.refused, Some(CallRefusal::OwnerAway));
        let owner = scene.avatar(1, at(250.0, 250.0, 25.0));
        scene.avatar(2, HERE);
        scene.bus.owner_say(scene.now, script, "psst").unwrap();
        let (seen_by, line) = scene.shown().remove(0);
        assert_eq!(seen_by, [owner]);
        let place = if flavour == Flavour::OpenSim { at(128.0, 128.0, 30.0) } else { HERE };
        assert_eq!((line.chat_type, line.position), (ChatType::Owner, place));
        assert_eq!((line.source, line.owner), (prim.0, owner.0));
        assert_eq!(scene.hearers(), []);
    }
}

#[test]
fn owner_say_follows_an_owner_that_has_just_left_second_life() {
    for (flavour, follows) in [(Flavour::OpenSim, false), (Flavour::SecondLife, true)] {
        let mut scene = Scene::new(flavour);
        let (_, script) = scene.object("box", HERE);
        let owner = scene.avatar(1, HERE);
        scene.bus.remove_avatar(scene.now, owner).unwrap();
        scene.wait(44_000);
        scene.bus.owner_say(scene.now, script, "psst").unwrap();
        assert_eq!(scene.effects().len(), usize::from(follows));
        scene.wait(1000);
        let said = scene.bus.owner_say(scene.now, script, "psst").unwrap();
        assert_eq!(said.refused, Some(CallRefusal::OwnerAway));
    }
}

#[test]
fn group_owned_objects_have_nobody_to_say_it_to() {
    let mut scene = Scene::new(Flavour::SecondLife);
    let (prim, script) = scene.object("box", HERE);
    let id = crate::ids::GroupId(Uuid::from_u128(5));
    let group = Owner::Group { id, name: "Gardeners".into() };
    assert_eq!(group.names(), ("", "Gardeners"));
    scene.bus.set_owner(prim, group).unwrap();
    let said = scene.bus.owner_say(scene.now, script, "psst").unwrap();
    assert_eq!(said.refused, Some(CallRefusal::GroupOwned));
}

#[test]
fn instant_message_is_cut_per_flavour_and_costs_two_seconds() {
    // 1022 letters, a crab of four bytes or two units.
    let text = format!("{}🦀", "a".repeat(1022));
    for (flavour, left) in [(Flavour::OpenSim, 1026), (Flavour::SecondLife, 1022)] {
        let mut scene = Scene::new(flavour);
        let (prim, script) = scene.object("box", HERE);
        let key = agent(9).to_string();
        let said = scene.bus.instant_message(scene.now, script, &key, &text).unwrap();
        assert_eq!(said.sleep, Duration::from_secs(2));
        let Some(Effect::InstantMessage(message)) = scene.bus.poll_effect() else {
            panic!("no message")
        };
        assert_eq!((message.to, message.prim, message.position), (agent(9), prim, HERE));
        assert_eq!(message.text.len(), left);
        assert_eq!(message.owner, owner(1));
    }
}

#[test]
fn instant_messages_without_text_or_address() {
    for flavour in FLAVOURS {
        let is_open_sim = flavour == Flavour::OpenSim;
        let mut scene = Scene::new(flavour);
        let (_, script) = scene.object("box", HERE);
        let said = scene.bus.instant_message(scene.now, script, NULL_KEY, "text").unwrap();
        assert_eq!(said.refused, Some(CallRefusal::BadKey));
        assert_eq!(scene.bus.counters().script_errors, u64::from(is_open_sim));
        scene.effects();
        let key = agent(2).to_string();
        let said = scene.bus.instant_message(scene.now, script, &key, "").unwrap();
        assert_eq!(scene.effects().is_empty(), is_open_sim);
        assert_eq!(said.sleep.is_zero(), is_open_sim);
    }
}

#[test]
fn link_messages_reach_what_the_number_names() {
    let origin = Vector3::default();
    let mut scene = Scene::new(Flavour::OpenSim);
    let (_, scripts) = scene.linkset("box", HERE, &[origin, origin, origin]);
    let (_, single) = scene.object("single", HERE);
    let reached = |scene: &mut Scene, from: ScriptId, link: i32| {
        let now = scene.now;
        let said = scene.bus.message_linked(now, from, (link, 7), "text", "id").unwrap();
        let events: Vec<_> = std::iter::from_fn(|| scene.bus.poll_event(now)).collect();
        assert_eq!(said.queued, events.len());
        let (text, id): (Arc<str>, Arc<str>) = (Arc::from("text"), Arc::from("id"));
        let sender = scripts.iter().position(|script| *script == from);
        let sender = sender.map_or(0, |index| index as i32 + 1);
        for (_, event) in &events {
            let (text, id) = (text.clone(), id.clone());
            assert_eq!(*event, Event::LinkMessage { sender, number: 7, text, id });
        }
        events.into_iter().map(|(script, _)| script).collect::<Vec<_>>()
    };
    let [root, two, three] = scripts[..] else { panic!("three scripts") };
    assert_eq!(reached(&mut scene, two, LINK_SET), [root, two, three]);
    assert_eq!(reached(&mut scene, two, LINK_ALL_OTHERS), [root, three]);
    assert_eq!(reached(&mut scene, root, LINK_ALL_CHILDREN), [two, three]);
    assert_eq!(reached(&mut scene, three, LINK_THIS), [three]);
    assert_eq!(reached(&mut scene, three, LINK_ROOT), [root]);
    assert_eq!(reached(&mut scene, root, 3), [three]);
    for nowhere in [0, 4, -5, i32::MAX, i32::MIN] {
        assert_eq!(reached(&mut scene, root, nowhere), []);
    }
    for here in [0, LINK_ROOT, LINK_THIS, LINK_SET] {
        assert_eq!(reached(&mut scene, single, here), [single]);
    }
    assert_eq!(reached(&mut scene, single, LINK_ALL_OTHERS), []);
}

#[test]
fn link_messages_have_a_limit() {
    let mut scene = Scene::new(Flavour::SecondLife);
    let (_, script) = scene.object("box", HERE);
    let long = "x".repeat(65_536);
    let now = scene.now;
    let said = scene.bus.message_linked(now, script, (LINK_THIS, 0), &long, "").unwrap();
    assert_eq!((said.refused, said.queued), (None, 1));
    let said = scene.bus.message_linked(now, script, (LINK_THIS, 0), &long, "x").unwrap();
    assert_eq!(said.refused, Some(CallRefusal::TooLong));
}

#[test]
fn avatars_see_the_public_and_the_debug_channel_only() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (prim, script) = scene.object("box", HERE);
        let (near, far) = (scene.avatar(2, HERE), scene.avatar(3, at(200.0, 200.0, 25.0)));
        scene.say(script, 5, "hidden");
        assert_eq!(scene.effects(), []);
        scene.say(script, 0, "");
        assert_eq!(scene.effects(), [], "nothing to see");

        scene.say(script, 0, "hello");
        let (seen_by, line) = scene.shown().remove(0);
        assert_eq!(seen_by, [near]);
        assert_eq!(
            line,
            ChatLine {
                from: "box".into(),
                source: prim.0,
                owner: agent(1).0,
                source_type: SourceType::Object,
                chat_type: ChatType::Say,
                position: HERE,
                text: "hello".into(),
            }
        );

        scene.say(script, DEBUG_CHANNEL, "trouble");
        let (seen_by, line) = scene.shown().remove(0);
        assert_eq!(line.chat_type, ChatType::Debug);
        let expected = if flavour == Flavour::OpenSim { vec![near, far] } else { vec![near] };
        assert_eq!(seen_by, expected);
    }
}

#[test]
fn child_agents_see_shouts_in_open_sim_only() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (_, script) = scene.object("box", at(1.0, 100.0, 25.0));
        let id = agent(2);
        let position = at(-5.0, 100.0, 25.0);
        let child = Participant { id, name: "Child Agent".into(), position, is_child: true };
        scene.bus.put_avatar(child).unwrap();
        for (volume, sees) in [(Volume::Say, false), (Volume::Shout, true)] {
            scene.bus.say(scene.now, script, volume, 0, "hello").unwrap();
            let (seen_by, _) = scene.shown().remove(0);
            assert_eq!(!seen_by.is_empty(), sees && flavour == Flavour::OpenSim);
        }
        let said = scene.bus.region_say_to(scene.now, script, &id.to_string(), 0, "hello").unwrap();
        assert_eq!(said.refused, Some(CallRefusal::NoTarget));
    }
}

#[test]
fn avatars_line_reaches_attachments_and_is_no_effect() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let avatar = scene.avatar(1, HERE);
        scene.avatar(2, HERE);
        let (hat, script) = scene.object("hat", at(0.0, 0.0, 0.0));
        scene.bus.wear(hat, Some(avatar)).unwrap();
        for channel in [0, 20, DEBUG_CHANNEL] {
            scene.listen(script, channel);
        }
        scene.bus.avatar_chat(scene.now, avatar, 0, 0, "aloud").unwrap();
        scene.bus.avatar_chat(scene.now, avatar, 1, 20, "softly").unwrap();
        scene.bus.avatar_chat(scene.now, avatar, 2, DEBUG_CHANNEL, "wrongly").unwrap();
        let heard: Vec<_> = scene.heard().into_iter().map(|(_, text)| text).collect();
        assert_eq!(heard, ["aloud", "softly", "wrongly"]);
        assert_eq!(scene.effects(), []);
    }
}

#[test]
fn answers_on_a_channel_that_avatars_see_are_seen() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (avatar, near) = (scene.avatar(1, HERE), scene.avatar(2, HERE));
        let own = PrimId(avatar.0);
        scene.bus.avatar_reply(scene.now, avatar, own, 0, "yes").unwrap();
        let (seen_by, line) = scene.shown().remove(0);
        assert_eq!(seen_by, [avatar, near]);
        assert_eq!((line.source_type, line.source), (SourceType::Agent, avatar.0));
        assert_eq!((line.chat_type, &*line.text), (ChatType::Say, "yes"));
    }
}
