//! Rate limits: for speakers, for listeners, and for answers.

use super::*;
use crate::objects::Behaviour;

#[test]
fn lines_that_scripts_hear_cost_the_speaker() {
    let settings = RegionSettings { chat_copies_per_second: 100, ..RegionSettings::default() };
    let mut world = World::with(settings);
    let ann = world.join(128.0, 128.0);
    for _ in 0..40 {
        let bell = world.make(object(&ann, 128.0, 128.0));
        world.listen(&bell, 9);
    }
    for _ in 0..50 {
        world.say(&ann, "flood", 1, 9);
    }
    // 400 copies are a burst, and each line is 40 events.
    let counters = world.region.counters();
    assert_eq!((counters.chat_for_scripts, counters.chat_flooded), (10, 40));
    for _ in 0..50 {
        let (agent, object, label) = (ann.id, ann.id.0, "flood".to_owned());
        let reply = Command::DialogReply { agent, object, channel: 9, label };
        world.region.apply(world.now, reply);
    }
    assert_eq!(world.region.counters().chat_flooded, 90);
}

#[test]
fn behaviours_that_many_hear_have_fewer_turns() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    for _ in 0..320 {
        let mut echo = object(&ann, 128.0, 128.0);
        echo.scripts[0].driver = Driver::Behaviour(Behaviour::Echo { channel: 9 });
        world.make(echo);
    }
    world.ticks(2);
    let before = world.region.objects.object_counters().reactions;
    world.say(&ann, "once", 1, 9);
    let reactions = world.region.objects.object_counters().reactions - before;
    assert!((15..=30).contains(&reactions), "{reactions} of 320");
}

#[test]
fn regions_of_one_seed_give_their_prims_different_keys() {
    let key = |region| {
        let mut world = World::new();
        let info = RegionInfo::new(RegionId(Uuid::from_u128(region)), "Holm", 1000, 1000);
        let settings = RegionSettings::default();
        world.region = Region::new(Arc::new(info), Heightmap::flat(21.0), 7, settings);
        let ann = world.join(128.0, 128.0);
        world.make(object(&ann, 128.0, 128.0)).id
    };
    assert_eq!(key(1), key(1));
    assert_ne!(key(1), key(2));
}

#[test]
fn ever_changing_prim_does_not_cause_full_scans() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let bells: Vec<_> = (0..20).map(|_| world.make(object(&ann, 128.0, 128.0)).id).collect();
    world.ticks(20);
    let settled = |world: &World| {
        let slot = world.region.crowd.slot_of(ann.id).unwrap();
        world.region.crowd.get(slot).unwrap().view.prims.settled()
    };
    for number in 0..5 {
        world.change(bells[3], PrimChange::Text(format!("{number}"), [1.0; 4]));
        assert_ne!(settled(&world), Some(world.region.objects.prims().version()));
        world.ticks(2);
        assert_eq!(settled(&world), Some(world.region.objects.prims().version()));
    }
}

#[test]
fn changes_between_two_turns_are_sent_once() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let bell = world.make(object(&ann, 128.0, 128.0)).id;
    let gone = world.make(object(&ann, 128.0, 128.0));
    world.ticks(20);
    for changes in [1, 3, 2000] {
        ann.sent.drain();
        for number in 0..changes {
            world.change(bell, PrimChange::Text(format!("{changes} {number}"), [1.0; 4]));
        }
        world.ticks(3);
        let received = ann.got::<message::ObjectUpdate>();
        let texts = received.iter().flat_map(|update| &update.object_data);
        let texts: Vec<_> = texts.map(|prim| message::text(&prim.text)).collect();
        assert_eq!(texts, [format!("{changes} {}", changes - 1)]);
    }
    // Another takes its place at once.
    world.unmake(&gone);
    let next = world.make(object(&ann, 128.0, 128.0));
    world.ticks(3);
    let sent = ann.sent.drain();
    let killed = decoded::<message::KillObject>(&sent);
    assert_eq!(killed[0].object_data[0].id, gone.prims[0].local_id);
    let received = decoded::<message::ObjectUpdate>(&sent);
    let ids = received.iter().flat_map(|update| &update.object_data).map(|prim| prim.id);
    assert_eq!(ids.collect::<Vec<_>>(), [next.prims[0].local_id]);
}
