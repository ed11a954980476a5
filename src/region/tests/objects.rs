//! Chat from objects to avatars, and from avatars to objects.

use std::sync::Mutex;

use super::*;
use crate::lsl::{ObjectMessage, Volume};
use crate::message::{ChatFromSimulator, ChatFromSimulatorChatData, ScriptDialog};

/// A gate that writes down what passes; one listener has one name muted.
#[derive(Debug, Default)]
struct RecordingGate {
    muted: Mutex<Option<(AgentId, String)>>,
    sent: Mutex<Vec<ObjectMessage>>,
}

impl ObjectGate for RecordingGate {
    fn hears(&self, listener: AgentId, _: PrimId, _: Uuid, name: &str) -> bool {
        let muted = self.muted.lock().unwrap();
        muted.as_ref().is_none_or(|(who, what)| (*who, what.as_str()) != (listener, name))
    }

    fn instant_message(&self, _: &RegionInfo, message: ObjectMessage) {
        self.sent.lock().unwrap().push(message);
    }
}

fn gated() -> (World, Arc<RecordingGate>) {
    let gate = Arc::new(RecordingGate::default());
    let world = World::new();
    (World { region: world.region.with_gate(gate.clone()), ..world }, gate)
}

fn chat(agent: &mut Agent) -> Vec<ChatFromSimulatorChatData> {
    let lines: Vec<ChatFromSimulator> = agent.got();
    lines.into_iter().map(|line| line.chat_data).collect()
}

fn say(volume: Volume, channel: i32, text: &str) -> ScriptCall {
    ScriptCall::Say { volume, channel, text: text.to_owned() }
}

fn reply(world: &mut World, agent: &Agent, object: Uuid, channel: i32, label: &str) {
    let (agent, label) = (agent.id, label.to_owned());
    world.region.apply(world.now, Command::DialogReply { agent, object, channel, label });
}

#[test]
fn ranges_of_objects_include_their_border() {
    for (volume, kind, range) in
        [(Volume::Whisper, 0, 10.0), (Volume::Say, 1, 20.0), (Volume::Shout, 2, 100.0)]
    {
        let mut world = World::new();
        let mut at_border = world.join(128.0 + range, 128.0);
        let mut beyond = world.join(128.0 + range + 0.25, 128.0);
        let bell = world.make(object(&beyond, 128.0, 128.0));
        world.call(&bell, say(volume, 0, "ding"));
        let lines = chat(&mut at_border);
        assert_eq!(lines.len(), 1, "{volume:?}");
        let line = &lines[0];
        assert_eq!((line.chat_type, line.source_type, line.audible), (kind, 2, 1));
        assert_eq!((line.source_id, line.owner_id), (bell.id.0, beyond.id.0));
        assert_eq!(message::text(&line.from_name), "Bell");
        assert_eq!(&line.message[..], b"ding\0");
        assert_eq!(line.position, Vector3::new(128.0, 128.0, 21.95));
        assert!(chat(&mut beyond).is_empty(), "{volume:?}");
    }
}

#[test]
fn listeners_of_an_object_share_one_encoding() {
    let mut world = World::new();
    let mut listeners: Vec<Agent> = (0..3).map(|n| world.join(128.0 + n as f32, 128.0)).collect();
    world.ticks(4);
    let bell = world.make(object(&listeners[0], 128.0, 128.0));
    world.ticks(2);
    for listener in &mut listeners {
        listener.sent.drain();
    }
    world.call(&bell, say(Volume::Say, 0, "ding"));
    let sent: Vec<_> = listeners.iter_mut().flat_map(|listener| listener.sent.drain()).collect();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|one| one.message.body.as_ptr() == sent[0].message.body.as_ptr()));
    assert!(sent.iter().all(|one| one.reliable && one.category == Category::Unthrottled));
    let counters = world.region.counters();
    assert_eq!((counters.object_lines, counters.object_copies), (1, 3));
}

#[test]
fn only_two_channels_of_objects_reach_avatars() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let bell = world.make(object(&ann, 128.0, 128.0));
    for channel in [1, -1, i32::MIN] {
        world.call(&bell, say(Volume::Shout, channel, "secret"));
        let text = "secret".to_owned();
        world.call(&bell, ScriptCall::RegionSay { channel, text });
    }
    assert!(chat(&mut ann).is_empty());
    world.call(&bell, say(Volume::Say, i32::MAX, "wrong"));
    assert_eq!(chat(&mut ann)[0].chat_type, 6);
}

#[test]
fn lines_for_one_avatar() {
    let mut world = World::new();
    let mut ann = world.join(1.0, 1.0);
    let mut ben = world.join(250.0, 250.0);
    let bell = world.make(object(&ann, 128.0, 128.0));
    world.call(&bell, ScriptCall::OwnerSay { text: "mine".to_owned() });
    let (target, text) = (ben.id.to_string(), "yours".to_owned());
    world.call(&bell, ScriptCall::RegionSayTo { target, channel: 0, text });
    let (hers, his) = (chat(&mut ann), chat(&mut ben));
    assert_eq!((hers.len(), his.len()), (1, 1));
    assert_eq!((hers[0].chat_type, &hers[0].message[..]), (8, &b"mine\0"[..]));
    assert_eq!((his[0].chat_type, &his[0].message[..]), (9, &b"yours\0"[..]));
    assert_eq!((his[0].source_id, his[0].owner_id), (bell.id.0, ann.id.0));
}

#[test]
fn a_dialog_and_its_answer() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let mut ben = world.join(200.0, 200.0);
    let bell = world.make(object(&ann, 128.0, 128.0));
    world.listen(&bell, -77);
    world.call(
        &bell,
        ScriptCall::Dialog {
            avatar: ben.id.to_string(),
            message: "Which?".to_owned(),
            buttons: vec!["Red".to_owned(), "Green".to_owned()],
            channel: -77,
        },
    );
    let dialogs: Vec<ScriptDialog> = ben.got();
    assert_eq!(dialogs.len(), 1);
    let data = &dialogs[0].data;
    assert_eq!((data.object_id, data.chat_channel), (bell.id.0, -77));
    assert_eq!((&data.first_name[..], &data.last_name[..]), (&b"Ann\0"[..], &b"Tester\0"[..]));
    assert_eq!((&data.object_name[..], &data.message[..]), (&b"Bell\0"[..], &b"Which?\0"[..]));
    let labels: Vec<String> =
        dialogs[0].buttons.iter().map(|button| message::text(&button.button_label)).collect();
    assert_eq!(labels, ["Red", "Green"]);
    assert_eq!(dialogs[0].owner_data[0].owner_id, ann.id.0);

    reply(&mut world, &ben, bell.id.0, -77, "Green");
    world.ticks(15);
    assert_eq!(world.lines(&bell), [("Agent2 Tester".to_owned(), "Green".to_owned(), -77)]);
    assert!(chat(&mut ben).is_empty());
}

#[test]
fn a_dialog_for_somebody_who_left() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let bell = world.make(object(&ann, 128.0, 128.0));
    world.leave(&ann);
    let (message, avatar) = ("Hello".to_owned(), ann.id.to_string());
    world.call(&bell, ScriptCall::TextBox { avatar, message, channel: -1 });
    world.call(&bell, ScriptCall::OwnerSay { text: "gone?".to_owned() });
    let counters = world.region.counters();
    assert_eq!((counters.object_dialogs, counters.object_copies), (0, 0));
}

#[test]
fn typed_text_reaches_scripts_on_every_channel() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let bell = world.make(object(&ann, 130.0, 128.0));
    let far = world.make(object(&ann, 150.0, 128.0));
    for channel in [0, 7, -7, i32::MAX] {
        world.listen(&bell, channel);
        world.listen(&far, channel);
    }
    world.say(&ann, "to all", 1, 0);
    world.say(&ann, "to scripts", 1, 7);
    world.say(&ann, "by chat", 1, -7);
    reply(&mut world, &ann, ann.id.0, -7, "as viewers do");
    world.say(&ann, "debug", 1, i32::MAX);
    world.say(&ann, "", 4, 0);
    world.say(&ann, "spoof", 9, 7);
    world.tick();
    let heard = world.lines(&bell);
    let texts: Vec<(&str, i32)> = heard.iter().map(|(_, text, at)| (text.as_str(), *at)).collect();
    let expected = [
        ("to all", 0),
        ("to scripts", 7),
        ("by chat", -7),
        ("as viewers do", -7),
        ("debug", i32::MAX),
    ];
    assert_eq!(texts, expected);
    assert!(heard.iter().all(|(name, ..)| name == "Agent1 Tester"));
    let texts: Vec<String> = world.lines(&far).into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(texts, ["as viewers do"], "answers reach the region, lines 20 m");
    let seen: Vec<String> =
        chat(&mut ann).iter().map(|line| message::text(&line.message)).collect();
    assert_eq!(seen, ["to all", "debug", ""]);
    assert_eq!(world.region.counters().chat_for_scripts, 3);
}

#[test]
fn scripts_hear_where_avatars_are_now() {
    let mut world = World::new();
    let mut ann = world.join(100.0, 128.0);
    let bell = world.make(object(&ann, 128.0, 128.0));
    world.listen(&bell, 5);
    world.say(&ann, "too far", 1, 5);
    let (agent, position) = (ann.id, Vector3::new(127.0, 128.0, 22.0));
    let look_at = Vector3::new(1.0, 0.0, 0.0);
    world.region.apply(world.now, Command::TeleportLocal { agent, position, look_at });
    world.say(&ann, "near", 1, 5);
    world.steer(&mut ann, movement::ControlFlags::AT_NEG | movement::ControlFlags::FLY);
    world.ticks(100);
    world.say(&ann, "far again", 1, 5);
    world.leave(&ann);
    world.say(&ann, "gone", 1, 5);
    world.tick();
    let texts: Vec<String> = world.lines(&bell).into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(texts, ["near"]);
}

#[test]
fn answers_on_the_public_channel_are_seen_and_cost() {
    let settings = RegionSettings { chat_copies_per_second: 50, ..RegionSettings::default() };
    let mut world = World::with(settings);
    let ann = world.join(128.0, 128.0);
    let mut ben = world.join(129.0, 128.0);
    for _ in 0..1000 {
        reply(&mut world, &ann, ann.id.0, 0, "flood");
    }
    let lines = chat(&mut ben);
    assert_eq!(lines.len(), 100, "200 copies for two listeners");
    assert_eq!((lines[0].source_type, lines[0].source_id), (1, ann.id.0));
    assert_eq!(world.region.counters().chat_flooded, 900);
}

#[test]
fn floods_on_script_channels_end_too() {
    let settings = RegionSettings { chat_copies_per_second: 10, ..RegionSettings::default() };
    let mut world = World::with(settings);
    let ann = world.join(128.0, 128.0);
    for _ in 0..500 {
        world.say(&ann, "flood", 1, 9);
    }
    let counters = world.region.counters();
    assert_eq!((counters.chat_for_scripts, counters.chat_flooded), (40, 460));
    for _ in 0..500 {
        reply(&mut world, &ann, ann.id.0, -9, "flood");
    }
    assert_eq!(world.region.counters().chat_flooded, 960);
}

#[test]
fn typing_and_debug_carry_as_the_flavour_says() {
    for (flavour, heard) in [(Flavour::OpenSim, 2), (Flavour::SecondLife, 0)] {
        let bus = lsl::Settings::new(flavour);
        let mut world = World::with(RegionSettings { bus, ..RegionSettings::default() });
        let ann = world.join(128.0, 128.0);
        let mut near = world.join(147.0, 128.0);
        let mut far = world.join(200.0, 200.0);
        world.say(&ann, "", 4, 0);
        world.say(&ann, "wrong", 1, i32::MAX);
        assert_eq!(chat(&mut near).len(), 2);
        assert_eq!(chat(&mut far).len(), heard, "{flavour:?}");
    }
}

#[test]
fn instant_messages_leave_by_the_gate() {
    let (mut world, gate) = gated();
    let ann = world.join(128.0, 128.0);
    let bell = world.make(object(&ann, 128.0, 128.0));
    let (to, text) = (Uuid::from_u128(99).to_string(), "wherever you are".to_owned());
    let message = ScriptCall::InstantMessage { to, text };
    world.call(&bell, message.clone());
    let sent = std::mem::take(&mut *gate.sent.lock().unwrap());
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].to, sent[0].prim), (AgentId(Uuid::from_u128(99)), bell.id));
    assert_eq!((&*sent[0].object_name, &*sent[0].text), ("Bell", "wherever you are"));
    assert_eq!(world.region.counters().object_messages, 1);

    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let bell = world.make(object(&ann, 128.0, 128.0));
    world.call(&bell, message);
    assert_eq!(world.region.counters().object_messages_lost, 1);
}

#[test]
fn a_muted_object_is_silent_to_who_muted_it() {
    let (mut world, gate) = gated();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(129.0, 128.0);
    let bell = world.make(object(&ann, 128.0, 128.0));
    *gate.muted.lock().unwrap() = Some((ben.id, "Bell".to_owned()));
    world.call(&bell, say(Volume::Shout, 0, "ding"));
    let (message, avatar) = ("Hello".to_owned(), ben.id.to_string());
    world.call(&bell, ScriptCall::TextBox { avatar, message, channel: -1 });
    assert_eq!(chat(&mut ann).len(), 1);
    let sent = ben.sent.drain();
    assert!(decoded::<ChatFromSimulator>(&sent).is_empty());
    assert!(decoded::<ScriptDialog>(&sent).is_empty());
    assert_eq!(world.region.counters().object_muted, 2);
    // Avatars are muted by the clients themselves.
    reply(&mut world, &ann, ann.id.0, 0, "Bell?");
    assert_eq!(chat(&mut ben).len(), 1);
}
