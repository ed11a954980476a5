//! Dialogs and text boxes.

use super::*;

/// A scene with a menu object and an avatar near it.
fn menu(flavour: Flavour) -> (Scene, ScriptId, String) {
    let mut scene = Scene::new(flavour);
    let (_, script) = scene.object("menu", HERE);
    let avatar = scene.avatar(2, HERE);
    (scene, script, avatar.to_string())
}

fn dialogs(scene: &mut Scene) -> Vec<ScriptDialog> {
    let only_dialogs = |effect: Effect| match effect {
        Effect::Dialog(dialog) => Some(dialog),
        _ => None,
    };
    scene.effects().into_iter().filter_map(only_dialogs).collect()
}

#[test]
fn dialog_has_what_the_viewer_shows_and_makes_the_script_sleep() {
    for flavour in FLAVOURS {
        let (mut scene, script, key) = menu(flavour);
        let said = scene.bus.dialog(scene.now, script, (&key, "Which?"), &["a", "b"], -5).unwrap();
        assert_eq!(said.sleep, Duration::from_secs(1));
        let dialog = dialogs(&mut scene).remove(0);
        assert_eq!(dialog.to, agent(2));
        assert_eq!(dialog.prim, scene.bus.script(script).unwrap().0);
        assert_eq!((&*dialog.object_name, &*dialog.message), ("menu", "Which?"));
        assert_eq!(dialog.owner.names(), ("Olga", "Owner"));
        assert_eq!((dialog.channel, dialog.buttons), (-5, vec!["a".to_owned(), "b".to_owned()]));
    }
}

#[test]
fn dialog_without_buttons_has_one_in_the_flavours_words() {
    for (flavour, label) in [(Flavour::OpenSim, "Ok"), (Flavour::SecondLife, "OK")] {
        let (mut scene, script, key) = menu(flavour);
        scene.bus.dialog::<&str>(scene.now, script, (&key, "Well?"), &[], -5).unwrap();
        assert_eq!(dialogs(&mut scene)[0].buttons, [label]);
    }
}

#[test]
fn wrong_length_is_an_error_yet_open_sim_shows_the_message() {
    for flavour in FLAVOURS {
        for (message, shown) in [(String::new(), 0), ("ü".repeat(257), 512)] {
            let (mut scene, script, key) = menu(flavour);
            let now = scene.now;
            let said = scene.bus.dialog(now, script, (&key, &message), &["a"], -5).unwrap();
            assert_eq!(scene.bus.counters().script_errors, 1);
            let dialogs = dialogs(&mut scene);
            if flavour == Flavour::OpenSim {
                assert_eq!(dialogs[0].message.len(), shown);
                assert_eq!((said.refused, said.sleep), (None, Duration::from_secs(2)));
            } else {
                assert_eq!(dialogs, []);
                assert_eq!(said.refused, Some(CallRefusal::BadDialog));
            }
        }
    }
}

#[test]
fn too_many_buttons_and_empty_labels_show_nothing() {
    for flavour in FLAVOURS {
        for buttons in [vec!["a"; 13], vec!["a", ""]] {
            let (mut scene, script, key) = menu(flavour);
            let now = scene.now;
            let said = scene.bus.dialog(now, script, (&key, "?"), &buttons, -5).unwrap();
            assert_eq!(said.refused, Some(CallRefusal::BadDialog));
            assert_eq!(dialogs(&mut scene), []);
            assert_eq!(scene.bus.counters().script_errors, 1);
        }
        let (mut scene, script, key) = menu(flavour);
        scene.bus.dialog(scene.now, script, (&key, "?"), &["a"; 12], -5).unwrap();
        assert_eq!(dialogs(&mut scene)[0].buttons.len(), 12);
    }
}

#[test]
fn long_labels_are_cut_or_refused() {
    for (bytes, open_sim, second_life) in
        [(23, Some(23), Some(23)), (24, Some(23), Some(24)), (25, Some(23), None)]
    {
        for (flavour, left) in [(Flavour::OpenSim, open_sim), (Flavour::SecondLife, second_life)] {
            let (mut scene, script, key) = menu(flavour);
            let label = "x".repeat(bytes);
            scene.bus.dialog(scene.now, script, (&key, "?"), &[label], -5).unwrap();
            let shown = dialogs(&mut scene).first().map(|dialog| dialog.buttons[0].len());
            assert_eq!(shown, left, "{flavour:?} {bytes}");
        }
    }
}

#[test]
fn text_box_is_a_dialog_with_one_known_label_and_never_lenient() {
    for flavour in FLAVOURS {
        let (mut scene, script, key) = menu(flavour);
        let said = scene.bus.text_box(scene.now, script, (&key, "Name?"), 9).unwrap();
        assert_eq!(said.sleep, Duration::from_secs(u64::from(flavour == Flavour::OpenSim)));
        assert_eq!(dialogs(&mut scene)[0].buttons, [TEXT_BOX]);
        for message in [String::new(), "x".repeat(513)] {
            let said = scene.bus.text_box(scene.now, script, (&key, &message), 9).unwrap();
            assert_eq!(said.refused, Some(CallRefusal::BadDialog));
            assert_eq!(dialogs(&mut scene), []);
        }
    }
}

#[test]
fn dialogs_for_those_who_are_not_here_cost_the_pause_only() {
    let (mut scene, script, _) = menu(Flavour::OpenSim);
    let child = Participant {
        id: agent(3),
        name: "Child Agent".into(),
        position: at(-5.0, 0.0, 0.0),
        is_child: true,
    };
    scene.bus.put_avatar(child).unwrap();
    for key in [agent(3).to_string().as_str(), agent(4).to_string().as_str()] {
        let said = scene.bus.dialog(scene.now, script, (key, "?"), &["a"], -5).unwrap();
        assert_eq!(said.refused, Some(CallRefusal::NoTarget));
        assert_eq!(said.sleep, Duration::from_secs(1));
    }
    assert_eq!(scene.effects(), []);
}

#[test]
fn dialogs_to_what_is_no_key_are_errors_in_open_sim() {
    for flavour in FLAVOURS {
        let (mut scene, script, _) = menu(flavour);
        let now = scene.now;
        let is_error = flavour == Flavour::OpenSim;
        for key in [NULL_KEY, "", "x"] {
            let menu = scene.bus.dialog(now, script, (key, "?"), &["a"], -5).unwrap();
            let text_box = scene.bus.text_box(now, script, (key, "?"), -5).unwrap();
            let refusal = if is_error { CallRefusal::BadKey } else { CallRefusal::NoTarget };
            assert_eq!(menu.sleep, Duration::from_secs(1));
            assert_eq!(text_box.sleep, scene.bus.settings().rules.text_box_sleep);
            for said in [menu, text_box] {
                assert_eq!(said.refused, Some(refusal));
            }
            assert_eq!(dialogs(&mut scene), []);
        }
        let errors = if is_error { 6 } else { 0 };
        assert_eq!(scene.bus.counters().script_errors, errors);
    }
}

#[test]
fn replies_need_neither_a_dialog_nor_an_object() {
    for flavour in FLAVOURS {
        let (mut scene, script, _) = menu(flavour);
        scene.listen(script, -5);
        let nothing = PrimId(Uuid::from_u128(99));
        scene.bus.avatar_reply(scene.now, agent(2), nothing, -5, "any text").unwrap();
        assert_eq!(scene.heard(), [(script, "any text".to_owned())]);
    }
}
