//! Who hears what.

use super::*;
use crate::message::ChatFromSimulator;

const WHISPER: u8 = 0;
const SAY: u8 = 1;
const SHOUT: u8 = 2;

#[test]
fn ranges_include_their_border_in_three_dimensions() {
    for (kind, range) in [(WHISPER, 10.0), (SAY, 20.0), (SHOUT, 100.0)] {
        let mut world = World::new();
        let mut ann = world.join(128.0, 128.0);
        let mut at_border = world.join(128.0 + range, 128.0);
        let mut beyond = world.join(128.0 + range + 0.25, 128.0);
        let (above, mut above_agent) = world.arrival(128.0, 128.0, 21.95 + range + 0.5);
        world.region.apply(world.now, Command::Enter(Box::new(above)));
        world.say(&ann, "hello", kind, 0);
        assert_eq!(ann.heard(), ["hello"], "speakers hear themselves");
        assert_eq!(at_border.heard(), ["hello"], "{kind}");
        assert!(beyond.heard().is_empty(), "{kind}");
        assert!(above_agent.heard().is_empty(), "height counts");
    }
}

#[test]
fn a_line_names_its_speaker_and_place() {
    let mut world = World::new();
    let mut ann = world.join(100.0, 128.0);
    ann.sent.drain();
    world.say(&ann, "/me waves", SAY, 0);
    let sent = ann.sent.drain();
    assert!(sent[0].reliable && sent[0].category == Category::Unthrottled);
    let line = decoded::<ChatFromSimulator>(&sent).remove(0).chat_data;
    assert_eq!(message::text(&line.from_name), "Agent1 Tester");
    assert_eq!((line.source_id, line.owner_id), (ann.id.0, ann.id.0));
    assert_eq!((line.source_type, line.chat_type, line.audible), (1, 1, 1));
    assert_eq!(line.position, Vector3::new(100.0, 128.0, 21.95));
    assert_eq!(line.message.last(), Some(&0));
}

#[test]
fn listeners_share_one_encoding() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let mut others: Vec<Agent> = (0..3).map(|n| world.join(129.0 + n as f32, 128.0)).collect();
    for other in &mut others {
        other.sent.drain();
    }
    world.say(&ann, "once", SAY, 0);
    let bodies: Vec<_> =
        others.iter_mut().map(|other| other.sent.drain()[0].message.body.as_ptr()).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[test]
fn typing_reaches_the_whole_region() {
    let mut world = World::new();
    let mut ann = world.join(1.0, 1.0);
    let mut ben = world.join(250.0, 250.0);
    for kind in [4, 5] {
        ann.sent.drain();
        ben.sent.drain();
        world.say(&ann, "not shown", kind, 0);
        let lines: Vec<ChatFromSimulator> = ben.got();
        assert_eq!(lines[0].chat_data.chat_type, kind);
        assert!(lines[0].chat_data.message.is_empty());
        assert_eq!(ann.got::<ChatFromSimulator>().len(), 1);
    }
}

#[test]
fn only_two_channels_reach_avatars() {
    let mut world = World::new();
    let mut ann = world.join(1.0, 1.0);
    let mut ben = world.join(250.0, 250.0);
    for channel in [1, 42, -1, i32::MIN, i32::MAX - 1] {
        world.say(&ann, "secret", SAY, channel);
    }
    assert!(ann.heard().is_empty());
    assert_eq!(world.region.counters().chat_for_scripts, 5);
    ben.sent.drain();
    world.say(&ann, "script error", SAY, i32::MAX);
    let lines: Vec<ChatFromSimulator> = ben.got();
    assert_eq!(lines[0].chat_data.chat_type, 6);
}

#[test]
fn types_that_clients_may_not_send_are_dropped() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    for kind in [6, 7, 8, 9, 255] {
        world.say(&ann, "spoof", kind, 0);
    }
    world.say(&ann, "", SAY, 0);
    world.say(&ann, "\0hidden", SAY, 0);
    assert!(ann.heard().is_empty());
    assert_eq!(world.region.counters().chat_refused, 7);
    world.say(&ann, "old say", 3, 0);
    let lines: Vec<ChatFromSimulator> = ann.got();
    assert_eq!(lines[0].chat_data.chat_type, 1);
}

#[test]
fn long_lines_are_cut_between_characters() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    world.say(&ann, &"x".repeat(10_240), SAY, 0);
    world.say(&ann, &"ä".repeat(600), SAY, 0);
    world.say(&ann, &"x".repeat(1023), SAY, 0);
    let lines = ann.heard();
    assert_eq!(lines[0].len(), 1023);
    assert_eq!(lines[1], "ä".repeat(511));
    assert_eq!(lines[2].len(), 1023);
}

#[test]
fn the_region_itself_speaks() {
    let mut world = World::new();
    let mut ann = world.join(1.0, 1.0);
    let mut ben = world.join(250.0, 250.0);
    world.region.apply(world.now, Command::SystemChat { to: None, text: "all".into() });
    let to = Some(ben.id);
    world.region.apply(world.now, Command::SystemChat { to, text: "ben".into() });
    let lines: Vec<ChatFromSimulator> = ann.got();
    assert_eq!((lines.len(), lines[0].chat_data.source_type), (1, 0));
    assert_eq!(ben.heard(), ["all", "ben"]);
}

#[test]
fn floods_end_where_they_cost_too_much() {
    let mut world =
        World::with(RegionSettings { chat_copies_per_second: 50, ..RegionSettings::default() });
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(129.0, 128.0);
    for _ in 0..1000 {
        world.say(&ann, "flood", SAY, 0);
    }
    assert_eq!(ben.heard().len(), 100, "200 copies for two listeners");
    assert_eq!(world.region.counters().chat_flooded, 900);
    world.say(&ben, "others may speak", SAY, 0);
    assert_eq!(ann.heard().len(), 101);
    world.ticks(22);
    world.say(&ann, "later again", SAY, 0);
    assert_eq!(ben.heard().len(), 2);
}

#[test]
fn strangers_are_counted_and_nothing_else() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    world.leave(&ann);
    world.say(&ann, "ghost", SAY, 0);
    let to = Some(ann.id);
    world.region.apply(world.now, Command::SystemChat { to, text: "ghost".into() });
    assert_eq!(world.region.counters().unknown_agent, 2);
}
