//! Each call of a script has the effect of LSL's on the bus.

use super::*;
use crate::lsl::{Audience, BusError, CallRefusal, ChatType, Fate, LINK_SET, TEXT_BOX};

fn own(text: &str) -> String {
    text.to_owned()
}

#[test]
fn listens_are_made_switched_and_removed() {
    let mut scene = Scene::new();
    let (prim, script) = scene.object("box", Driver::Recorder);
    let filtered = |channel| ScriptCall::Listen {
        channel,
        name: own("bell"),
        key: Uuid::from_u128(3).to_string(),
        message: own("ring"),
    };
    let handle = scene.call(script, filtered(5)).unwrap().handle;
    assert_eq!(handle, Some(1));
    assert_eq!(scene.call(script, filtered(5)).unwrap().handle, handle, "the same again");
    assert_eq!(scene.listen(script, -5), 2);
    let listens =
        |scene: &mut Scene| scene.report(prim).unwrap().prims[0].scripts[0].listens.clone();
    assert_eq!(listens(&mut scene), [(1, 5), (2, -5)]);

    let (_, speaker) = scene.object("speaker", Driver::Recorder);
    let switch = |handle, active| ScriptCall::ListenControl { handle, active };
    for (active, queued) in [(false, 0), (true, 1)] {
        assert_eq!(scene.call(script, switch(2, active)), Ok(CallOutcome::default()));
        let said = scene.call(speaker, say(-5, "hello")).unwrap().said.unwrap();
        assert_eq!(said.queued, queued);
    }
    let remove = |handle| ScriptCall::ListenRemove { handle };
    assert_eq!(scene.call(script, remove(2)), Ok(CallOutcome::default()));
    assert_eq!(listens(&mut scene), [(1, 5)]);
    for call in [switch(2, true), remove(2), remove(0)] {
        let error = scene.call(script, call).unwrap_err();
        assert!(matches!(error, ObjectError::Value { field: "handle", .. }), "{error}");
    }
}

#[test]
fn a_listen_beyond_the_limit_is_what_the_flavour_makes_of_it() {
    for flavour in [Flavour::OpenSim, Flavour::SecondLife] {
        let mut scene = Scene::with(lsl::Settings::new(flavour));
        let (_, script) = scene.object("box", Driver::Recorder);
        let limit = scene.objects.bus.settings().rules.listens_per_script;
        for channel in 0..limit {
            scene.listen(script, 100 + channel as i32);
        }
        let full = scene.call(script, listen(165));
        if flavour == Flavour::OpenSim {
            assert_eq!(full.map(|outcome| outcome.handle), Ok(Some(-1)));
            assert_eq!(scene.run(), []);
        } else {
            let what = lsl::Countable::ListensOfAScript;
            assert_eq!(full, bus_error(BusError::TooMany { what, limit }));
            let effects = scene.run();
            let [Effect::Chat { line, .. }] = effects.as_slice() else { panic!("{effects:?}") };
            assert_eq!((line.chat_type, &*line.text), (ChatType::Debug, "Too many listens"));
        }
        assert_eq!(scene.objects.counters().refused[&CallRefusal::TooManyListens], 1);
    }
}

#[test]
fn call_is_heard_at_its_own_loudness() {
    let mut scene = Scene::new();
    let (_, speaker) = scene.object("speaker", Driver::Recorder);
    for (volume, range, chat_type) in [
        (Volume::Whisper, 10.0, ChatType::Whisper),
        (Volume::Say, 20.0, ChatType::Say),
        (Volume::Shout, 100.0, ChatType::Shout),
    ] {
        let call = ScriptCall::Say { volume, channel: 0, text: own("hello") };
        assert_eq!(scene.call(speaker, call).unwrap().said.unwrap().refused, None);
        let effects = scene.run();
        let [Effect::Chat { audience: Audience::Within { center, range: metres, .. }, line }] =
            &effects[..]
        else {
            panic!("{effects:?} is not one line")
        };
        assert_eq!((*center, *metres, line.chat_type), (HERE, range, chat_type));
        assert_eq!((&*line.from, line.owner), ("speaker", agent(1).0));
    }
}

#[test]
fn region_says_reach_everybody_or_one_prim() {
    let mut scene = Scene::new();
    let (_, speaker) = scene.object("speaker", Driver::Recorder);
    let (near, near_script) = scene.object("near", Driver::Recorder);
    let far = NewObject {
        position: Vector3::new(1.0, 1.0, 4000.0),
        ..new_object("far", vec![Driver::Recorder])
    };
    let far = scene.create(far).unwrap();
    let far_script = far.prims[0].scripts[0].id;
    scene.run();
    scene.listen(near_script, 5);
    scene.listen(far_script, 5);
    let call = ScriptCall::RegionSay { channel: 5, text: own("all") };
    assert_eq!(scene.call(speaker, call).unwrap().said.unwrap().queued, 2);
    let to = |target: String| ScriptCall::RegionSayTo { target, channel: 5, text: own("one") };
    let said = scene.call(speaker, to(far.id.to_string())).unwrap().said.unwrap();
    assert_eq!((said.considered, said.queued, said.hearings.len()), (2, 1, 0));
    let said = scene.call(speaker, to(own("nobody"))).unwrap().said.unwrap();
    assert_eq!(said.refused, Some(CallRefusal::NoTarget));
    scene.run();
    let heard = scene.heard(far.id, 2);
    assert_eq!(texts(heard.iter().map(|(_, event)| event)), ["all", "one"]);
    let heard = scene.heard(near, 2);
    assert_eq!(texts(heard.iter().map(|(_, event)| event)), ["all"]);
}

#[test]
fn with_the_tap_on_each_listen_is_told_of() {
    let bus = lsl::Settings { tap: true, ..lsl::Settings::new(Flavour::OpenSim) };
    let mut scene = Scene::with(bus);
    let (_, script) = scene.object("box", Driver::Recorder);
    scene.listen(script, 5);
    let said = scene.call(script, say(5, "hello")).unwrap().said.unwrap();
    assert_eq!(said.hearings.len(), 1);
    assert_eq!(said.hearings[0].fate, Fate::Own);
}

#[test]
fn avatars_are_spoken_to_and_asked() {
    let mut scene = Scene::new();
    let owner = scene.avatar(1, HERE);
    let (prim, script) = scene.object("box", Driver::Recorder);
    let key = owner.to_string();
    let text = own("text");

    scene.call(script, ScriptCall::OwnerSay { text: text.clone() }).unwrap();
    let effects = scene.run();
    let [Effect::Chat { audience: Audience::Agent(to), line }] = &effects[..] else {
        panic!("{effects:?} is not one line")
    };
    assert_eq!((*to, line.chat_type), (owner, ChatType::Owner));

    scene.call(script, ScriptCall::InstantMessage { to: key.clone(), text }).unwrap();
    let effects = scene.run();
    let [Effect::InstantMessage(message)] = &effects[..] else {
        panic!("{effects:?} is not one message")
    };
    assert_eq!((message.to, message.prim, &*message.text), (owner, prim, "text"));

    let (avatar, message) = (key, own("Well?"));
    let buttons = vec![own("yes"), own("no")];
    let dialog = ScriptCall::Dialog {
        avatar: avatar.clone(),
        message: message.clone(),
        buttons: buttons.clone(),
        channel: -9,
    };
    scene.call(script, dialog).unwrap();
    scene.call(script, ScriptCall::TextBox { avatar, message, channel: -9 }).unwrap();
    let effects = scene.run();
    let [Effect::Dialog(dialog), Effect::Dialog(text_box)] = &effects[..] else {
        panic!("{effects:?} is not two dialogs")
    };
    assert_eq!((dialog.to, dialog.prim, dialog.channel), (owner, prim, -9));
    assert_eq!(dialog.buttons, buttons);
    assert_eq!(text_box.buttons, [TEXT_BOX]);

    scene.listen(script, -9);
    scene.objects.dialog_reply(scene.now, owner, prim.0, -9, "yes");
    scene.run();
    let heard = scene.heard(prim, 2);
    assert_eq!(texts(heard.iter().map(|(_, event)| event)), ["yes"]);
}

#[test]
fn link_messages_reach_the_linkset() {
    let mut scene = Scene::new();
    let (prims, scripts) = scene.linkset(3);
    let last = scene.last_heard(prims[0]);
    let call = ScriptCall::MessageLinked {
        link: LINK_SET,
        number: 7,
        text: own("text"),
        id: own("any text"),
    };
    assert_eq!(scene.call(scripts[1], call).unwrap().said.unwrap().queued, 3);
    scene.run();
    let event =
        Event::LinkMessage { sender: 2, number: 7, text: "text".into(), id: "any text".into() };
    let expected = vec![(own("main"), ScriptEvent::Lsl(event)); 3];
    assert_eq!(scene.heard(prims[0], last), expected);
}

#[test]
fn a_script_changes_its_prim() {
    let mut scene = Scene::new();
    let (prims, scripts) = scene.linkset(2);
    let (root, child) = (prims[0], prims[1]);
    scene.call(scripts[1], ScriptCall::SetObjectName(own("lid"))).unwrap();
    let set_text = |text| ScriptCall::SetText { text, color: [0.0, 2.0, 0.0, 1.0] };
    scene.call(scripts[1], set_text("ü".repeat(200))).unwrap();
    let to = Vector3::new(1.0, 2.0, 3.0);
    scene.call(scripts[1], ScriptCall::SetPosition(to)).unwrap();
    assert_eq!(scene.view(root).position, to, "the object moves, by its root");
    let view = scene.view(child);
    assert_eq!((&*view.name, view.text.len()), ("lid", 254));
    assert_eq!((view.text_color, view.position), ([0.0, 1.0, 0.0, 1.0], Vector3::default()));
    assert_eq!(&*scene.view(root).name, "Object");

    let calls = [
        ScriptCall::SetObjectName(own("\r")),
        ScriptCall::SetPosition(Vector3::new(-1.0, 0.0, 0.0)),
        ScriptCall::SetText { text: own(""), color: [f32::INFINITY; 4] },
    ];
    for call in calls {
        let error = scene.call(scripts[1], call).unwrap_err();
        assert!(matches!(error, ObjectError::Value { .. }), "{error}");
    }
}

#[test]
fn a_minimum_delay_drops_events() {
    let mut scene = Scene::new();
    let (_, speaker) = scene.object("speaker", Driver::Recorder);
    let (_, script) = scene.object("box", Driver::Recorder);
    scene.listen(script, 5);
    scene.call(script, ScriptCall::MinEventDelay(Duration::from_secs(1))).unwrap();
    let queued =
        |scene: &mut Scene| scene.call(speaker, say(5, "hello")).unwrap().said.unwrap().queued;
    assert_eq!((queued(&mut scene), queued(&mut scene)), (1, 0));
}

#[test]
fn nobodys_calls_are_refused() {
    let mut scene = Scene::new();
    let text = || own("text");
    let nobody = ScriptId(7);
    let calls = [
        listen(1),
        ScriptCall::ListenControl { handle: 1, active: true },
        ScriptCall::ListenRemove { handle: 1 },
        say(0, "text"),
        ScriptCall::RegionSay { channel: 1, text: text() },
        ScriptCall::RegionSayTo { target: text(), channel: 1, text: text() },
        ScriptCall::OwnerSay { text: text() },
        ScriptCall::InstantMessage { to: text(), text: text() },
        ScriptCall::MessageLinked { link: 1, number: 1, text: text(), id: text() },
        ScriptCall::Dialog { avatar: text(), message: text(), buttons: vec![], channel: 1 },
        ScriptCall::TextBox { avatar: text(), message: text(), channel: 1 },
        ScriptCall::Sleep(Duration::ZERO),
        ScriptCall::MinEventDelay(Duration::ZERO),
        ScriptCall::SetObjectName(text()),
        ScriptCall::SetText { text: text(), color: [0.0; 4] },
        ScriptCall::SetPosition(HERE),
        ScriptCall::Die,
        ScriptCall::ClepForget { domain: text() },
    ];
    for call in calls {
        let refused = scene.call(nobody, call.clone());
        assert_eq!(refused, bus_error(BusError::UnknownScript(nobody)), "{call:?}");
    }
    assert_eq!(scene.run(), []);
}

#[test]
fn scripts_learn_the_keys_of_owners() {
    let mut scene = Scene::new();
    let (prim, script) = scene.object("box", Driver::Recorder);
    let owner = scene.objects.bus.owner_of(prim).unwrap().key();
    let mut key = |call| scene.call(script, call).unwrap().key;
    assert_eq!(key(ScriptCall::GetKey), Some(prim.0));
    assert_eq!(key(ScriptCall::GetOwner), Some(owner));
    assert_eq!(key(ScriptCall::GetOwnerKey(prim.to_string())), Some(owner));
    let stranger = Uuid::from_u128(77);
    assert_eq!(key(ScriptCall::GetOwnerKey(stranger.to_string())), Some(stranger));
    assert_eq!(key(ScriptCall::GetOwnerKey("no key".to_owned())), Some(Uuid::nil()));
}

#[test]
fn a_timer_of_a_script_is_recorded() {
    let mut scene = Scene::new();
    let (prim, script) = scene.object("box", Driver::Recorder);
    scene.call(script, ScriptCall::SetTimerEvent(Duration::from_secs(1))).unwrap();
    let before = scene.last_heard(prim);
    scene.now = scene.now + Duration::from_secs(1);
    scene.run();
    let heard = scene.heard(prim, before);
    let events: Vec<_> = heard.iter().map(|(_, event)| event.clone()).collect();
    assert_eq!(events, [ScriptEvent::Lsl(Event::Timer)]);
}
