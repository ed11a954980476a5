//! Effects that clients show each other, walking to a target, and which requests about others are
//! allowed.

use bytes::Bytes;

use super::*;
use crate::circuit::{Category, Outgoing};
use crate::ids::LocalId;
use crate::message::{
    CoarseLocationUpdate, ObjectUpdate, ReplyTaskInventory, SimStats, ViewerEffect,
    ViewerEffectEffect,
};
use crate::objects::Behaviour;
use crate::objects::ScriptCall;

fn effect() -> Outgoing {
    let mut message = ViewerEffect::default();
    message.effect.push(ViewerEffectEffect { type_: 7, ..Default::default() });
    let message = message::encode(&message).unwrap();
    Outgoing::unreliable(message, Category::Task)
}

#[test]
fn effects_reach_others_in_range() {
    let mut world = World::new();
    let mut ann = world.join(20.0, 20.0);
    let mut ben = world.join(60.0, 20.0);
    let mut far = world.join(250.0, 250.0);
    world.ticks(2);
    world.region.apply(world.now, Command::Relay { agent: ann.id, outgoing: effect() });
    assert_eq!(ben.got::<ViewerEffect>().len(), 1);
    assert!(ann.got::<ViewerEffect>().is_empty());
    assert!(far.got::<ViewerEffect>().is_empty());
}

#[test]
fn a_flood_of_effects_is_cut_and_counted() {
    let mut world = World::new();
    let ann = world.join(20.0, 20.0);
    let mut ben = world.join(60.0, 20.0);
    world.ticks(2);
    for _ in 0..3000 {
        world.region.apply(world.now, Command::Relay { agent: ann.id, outgoing: effect() });
    }
    assert_eq!(ben.got::<ViewerEffect>().len(), 2000);
    assert_eq!(world.region.counters().relays_flooded, 1000);
}

/// Every message in its order must name in `CoarseLocationUpdate` only who was shown before.
fn check_order(agent: &mut Agent, shown: &mut Vec<Uuid>) -> usize {
    let mut named = 0;
    for outgoing in agent.sent.drain() {
        let id = outgoing.message.id;
        for update in decoded::<ObjectUpdate>(std::slice::from_ref(&outgoing)) {
            shown.extend(update.object_data.iter().map(|object| object.full_id));
        }
        for coarse in decoded::<CoarseLocationUpdate>(std::slice::from_ref(&outgoing)) {
            for agent in &coarse.agent_data {
                assert!(shown.contains(&agent.agent_id), "{id}: named before shown");
                named += 1;
            }
        }
    }
    named
}

#[test]
fn nobody_is_named_before_being_shown() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut shown = Vec::new();
    let mut named = 0;
    let mut guests = Vec::new();
    for number in 0..200 {
        // Between two ticks, at them, and while coarse updates are due.
        world.now = world.now + Duration::from_millis(7);
        guests.push(world.join(100.0 + (number % 50) as f32, 120.0));
        if number % 3 == 0 {
            world.tick();
        }
        if number % 5 == 4 {
            let gone = guests.remove(0);
            world.leave(&gone);
        }
        named += check_order(&mut ann, &mut shown);
    }
    world.ticks(30);
    named += check_order(&mut ann, &mut shown);
    assert!(named > 200, "{named}");
    assert_eq!(shown.len(), 201, "everybody was shown once");
}

#[test]
fn an_answer_waits_for_the_next_frame() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let bell = world.make(object(&ann, 129.0, 128.0));
    world.listen(&bell, 0);
    world.ticks(2);
    ann.sent.drain();
    world.say(&ann, "ping", 1, 0);
    // The host answers at once.
    let text = "pong".to_owned();
    world.call(&bell, ScriptCall::Say { volume: crate::lsl::Volume::Say, channel: 0, text });
    assert_eq!(ann.heard(), ["ping"]);
    // A frame that begins right after the line is too early.
    world.now = world.now + Duration::from_millis(1);
    world.region.tick(world.now);
    assert!(ann.heard().is_empty());
    world.tick();
    assert_eq!(ann.heard(), ["pong"]);
    let text = "unasked".to_owned();
    world.call(&bell, ScriptCall::Say { volume: crate::lsl::Volume::Say, channel: 0, text });
    assert_eq!(ann.heard(), ["unasked"]);
}

#[test]
fn answers_to_scripts_come_one_frame_after_the_other() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    for _ in 0..2 {
        let mut echo = object(&ann, 128.0, 128.0);
        echo.scripts[0].driver = Driver::Behaviour(Behaviour::Echo { channel: 0 });
        world.make(echo);
    }
    let bell = world.make(object(&ann, 129.0, 128.0));
    world.ticks(2);
    ann.sent.drain();
    let text = "ding".to_owned();
    world.call(&bell, ScriptCall::Say { volume: crate::lsl::Volume::Say, channel: 0, text });
    assert_eq!(ann.heard(), ["ding"]);
    world.now = world.now + Duration::from_millis(1);
    world.region.tick(world.now);
    assert!(ann.heard().is_empty(), "a frame that begins right after the line is too early");
    let lines: Vec<usize> = (0..10)
        .map(|_| {
            world.tick();
            ann.heard().len()
        })
        .collect();
    // Each echo answers the line before, until the limit of hops.
    assert_eq!(lines, [2, 2, 2, 2, 2, 2, 2, 2, 0, 0]);
}

#[test]
fn an_avatar_walks_to_its_goal_until_steered() {
    let mut world = World::new();
    let mut ann = world.join(100.0, 100.0);
    let to = Vector3::new(106.0, 100.0, 0.0);
    world.region.apply(world.now, Command::Autopilot { agent: ann.id, to });
    world.ticks(30);
    let there = world.position(&ann);
    assert!((there.x - 106.0).abs() < 0.5 && (there.y - 100.0).abs() < 0.1, "{there:?}");
    let to = Vector3::new(150.0, 100.0, 0.0);
    world.region.apply(world.now, Command::Autopilot { agent: ann.id, to });
    world.ticks(5);
    world.steer(&mut ann, movement::ControlFlags::NUDGE_LEFT_POS);
    world.tick();
    world.steer(&mut ann, movement::ControlFlags::empty());
    world.ticks(2);
    let stopped = world.position(&ann);
    world.ticks(10);
    assert_eq!(world.position(&ann), stopped);
    assert!(stopped.x > 107.0 && stopped.x < 115.0, "{stopped:?}");
}

#[test]
fn statistics_tell_prims_scripts_and_the_usual_frame_rate() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    world.make(object(&ann, 129.0, 128.0));
    world.ticks(70);
    let stats: Vec<SimStats> = ann.got();
    let last = stats.last().unwrap();
    let stat = |id| last.stat.iter().find(|stat| stat.stat_id == id).unwrap().stat_value;
    assert_eq!((stat(11), stat(12), stat(15)), (1.0, 1.0, 1.0));
    assert!((stat(1) - 55.0).abs() < 3.0, "{}", stat(1));
}

#[test]
fn the_inside_of_a_prim_is_answered_empty() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let bell = world.make(object(&ann, 129.0, 128.0));
    world.ticks(2);
    let local_id = bell.prims[0].local_id;
    for local_id in [local_id, 9999].map(LocalId) {
        world.region.apply(world.now, Command::TaskInventory { agent: ann.id, local_id });
    }
    let replies: Vec<ReplyTaskInventory> = ann.got();
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].inventory_data.task_id, bell.prims[0].id.0);
    assert_eq!(replies[0].inventory_data.filename, Bytes::new());
}
