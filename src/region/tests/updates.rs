//! Movement updates, and what happens when clients cannot keep up.

use super::*;
use crate::message::{
    AgentSetAppearance, AvatarAnimation, AvatarAppearance, ChatFromSimulator,
    ImprovedTerseObjectUpdate, KillObject, ObjectUpdate,
};
use crate::region::movement::ControlFlags;

/// (local id, position, velocity is zero) of every terse entry.
fn steps(sent: &[Outgoing]) -> Vec<(u32, Vector3, bool)> {
    let updates: Vec<ImprovedTerseObjectUpdate> = decoded(sent);
    updates
        .iter()
        .flat_map(|update| &update.object_data)
        .map(|entry| {
            let number = |at: usize| f32::from_le_bytes(entry.data[at..at + 4].try_into().unwrap());
            let id = u32::from_le_bytes(entry.data[..4].try_into().unwrap());
            let still = entry.data[34..40] == [0xFF, 0x7F, 0xFF, 0x7F, 0xFF, 0x7F];
            (id, Vector3::new(number(22), number(26), number(30)), still)
        })
        .collect()
}

#[test]
fn the_last_update_holds_the_resting_place_and_is_reliable() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    world.ticks(3);
    ben.sent.drain();
    world.steer(&mut ann, ControlFlags::AT_POS | ControlFlags::FAST_AT);
    world.ticks(22);
    world.steer(&mut ann, ControlFlags::empty());
    world.ticks(10);
    let sent = ben.sent.drain();
    let steps = steps(&sent);
    assert!((6..=14).contains(&steps.len()), "about five a second: {}", steps.len());
    let (_, place, still) = steps[steps.len() - 1];
    assert!(still);
    assert_eq!(place, world.position(&ann));
    assert!(place.x > 133.0);
    let terse: Vec<&Outgoing> = sent
        .iter()
        .filter(|outgoing| outgoing.message.id == ImprovedTerseObjectUpdate::ID)
        .collect();
    assert!(terse[terse.len() - 1].reliable);
    assert!(terse[..terse.len() - 1].iter().all(|outgoing| !outgoing.reliable));
    assert!(terse.iter().all(|outgoing| outgoing.category == Category::Task));
    world.ticks(30);
    assert!(super::updates::steps(&ben.sent.drain()).is_empty(), "rest is silent");
}

#[test]
fn old_movement_is_dropped() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    world.steer(&mut ann, ControlFlags::empty());
    ann.sequence = 0;
    world.steer(&mut ann, ControlFlags::AT_POS);
    world.ticks(5);
    assert_eq!(world.position(&ann).x, 128.0);
    assert_eq!(world.region.counters().stale_movements, 1);
}

#[test]
fn a_lagging_client_gets_the_latest_state_once() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    world.ticks(3);
    ben.sent.drain();
    ben.sent.set_pressure(1 << 20);
    for round in 0..100 {
        let flags = if round % 2 == 0 { ControlFlags::AT_POS } else { ControlFlags::AT_NEG };
        world.steer(&mut ann, flags);
        world.ticks(2);
    }
    world.steer(&mut ann, ControlFlags::empty());
    world.ticks(10);
    assert!(steps(&ben.sent.drain()).is_empty());
    world.say(&ann, "still in touch", 1, 0);
    assert_eq!(ben.heard(), ["still in touch"]);
    assert!(world.region.counters().lagging_ticks > 200);
    ben.sent.set_pressure(0);
    world.ticks(4);
    let sent = ben.sent.drain();
    let steps = steps(&sent);
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].1, world.position(&ann));
    assert!(decoded::<AvatarAnimation>(&sent).len() <= 1);
}

#[test]
fn updates_wait_while_the_endpoint_is_behind_but_chat_does_not() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    world.ticks(3);
    ben.sent.drain();
    // A quarter of what a recorder holds.
    for _ in 0..=(1 << 14) {
        let text = "busy".to_owned();
        world.region.apply(world.now, Command::SystemChat { to: Some(ben.id), text });
    }
    world.steer(&mut ann, ControlFlags::AT_POS);
    world.ticks(10);
    world.say(&ann, "still in touch", 1, 0);
    let sent = ben.sent.drain();
    assert!(sent.iter().all(|outgoing| outgoing.category != Category::Task));
    assert_eq!(decoded::<ChatFromSimulator>(&sent).len(), (1 << 14) + 2);
    world.ticks(4);
    assert!(!steps(&ben.sent.drain()).is_empty());
}

#[test]
fn a_newcomer_that_lags_gets_full_before_terse() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    ben.sent.set_pressure(1 << 20);
    world.steer(&mut ann, ControlFlags::AT_POS);
    world.ticks(20);
    let own: Vec<ObjectUpdate> = ben.got();
    assert_eq!(own.len(), 1, "its own avatar only");
    ben.sent.set_pressure(0);
    world.ticks(10);
    let mut known = false;
    for outgoing in ben.sent.drain() {
        let one = std::slice::from_ref(&outgoing);
        let fulls = decoded::<ObjectUpdate>(one);
        known |= fulls.iter().any(|update| update.object_data[0].full_id == ann.id.0);
        assert!(known || steps(one).is_empty());
    }
    assert!(known);
}

#[test]
fn the_end_comes_after_everything_else() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    world.ticks(3);
    let sent = ben.sent.drain();
    let id = decoded::<ObjectUpdate>(&sent)
        .iter()
        .find(|update| update.object_data[0].full_id == ann.id.0)
        .map(|update| update.object_data[0].id)
        .unwrap();
    world.steer(&mut ann, ControlFlags::AT_POS);
    world.ticks(3);
    world.leave(&ann);
    world.ticks(3);
    let sent = ben.sent.drain();
    let mut dead = false;
    for outgoing in &sent {
        let one = std::slice::from_ref(outgoing);
        for kill in decoded::<KillObject>(one) {
            assert!(!dead && outgoing.reliable && outgoing.category == Category::Task);
            assert_eq!(kill.object_data.len(), 1);
            assert_eq!(kill.object_data[0].id, id);
            dead = true;
        }
        assert!(!dead || steps(one).iter().all(|step| step.0 != id));
    }
    assert!(dead);
    assert!(ann.got::<KillObject>().is_empty());
}

#[test]
fn avatar_never_shown_needs_no_end() {
    let mut world = World::new();
    let mut ben = world.join(130.0, 128.0);
    world.ticks(3);
    let ann = world.join(128.0, 128.0);
    world.leave(&ann);
    world.ticks(3);
    assert!(ben.got::<KillObject>().is_empty());
}

#[test]
fn returning_agent_has_a_new_number_after_the_old_one_ends() {
    let mut world = World::new();
    let mut ben = world.join(130.0, 128.0);
    let (first, old) = world.arrival(128.0, 128.0, 22.0);
    let (second, _new) = world.arrival(128.0, 128.0, 22.0);
    let again = Arrival { agent: first.agent, ..second };
    world.region.apply(world.now, Command::Enter(Box::new(first)));
    world.ticks(3);
    ben.sent.drain();
    world.region.apply(world.now, Command::Enter(Box::new(again)));
    // The farewell of the first login, late.
    world.leave(&old);
    assert_eq!(world.region.population(), 2);
    world.ticks(3);
    let sent = ben.sent.drain();
    let kill = sent.iter().position(|outgoing| outgoing.message.id == KillObject::ID).unwrap();
    let full = sent.iter().position(|outgoing| outgoing.message.id == ObjectUpdate::ID).unwrap();
    assert!(kill < full);
    let kill = decoded::<KillObject>(&sent).remove(0).object_data[0].id;
    let full = decoded::<ObjectUpdate>(&sent).remove(0).object_data[0].id;
    assert_ne!(kill, full);
}

#[test]
fn near_ones_come_first_in_a_crowd() {
    let mut world = World::with(RegionSettings {
        packets_per_tick: 0, // Everybody has the least share.
        ..RegionSettings::default()
    });
    let mut viewer = world.join(10.0, 10.0);
    let mut others: Vec<Agent> =
        (0..40).map(|n| world.join(12.0 + 5.0 * (40 - n) as f32, 10.0)).collect();
    world.region.ticks = 1; // The next tick goes by distance.
    viewer.sent.drain();
    world.tick();
    let seen: Vec<ObjectUpdate> = viewer.got();
    let nearest = others[39].id.0;
    assert_eq!(seen[0].object_data[0].full_id, nearest);
    // In the end everybody is there, however little goes at a time.
    let mut count = seen.len();
    for _ in 0..400 {
        world.tick();
        for other in &mut others {
            other.sent.drain();
        }
        count += viewer.got::<ObjectUpdate>().len();
    }
    assert_eq!(count, 40);
}

#[test]
fn far_ones_are_not_forgotten_in_a_crowd_that_moves() {
    let mut world = World::with(RegionSettings { packets_per_tick: 0, ..Default::default() });
    let mut viewer = world.join(10.0, 10.0);
    let mut others: Vec<Agent> =
        (0..150).map(|n| world.join(12.0 + 1.5 * n as f32, 20.0 + n as f32)).collect();
    for _ in 0..600 {
        world.tick();
        viewer.sent.drain();
    }
    for other in &mut others {
        world.steer(other, ControlFlags::FLY | ControlFlags::LEFT_POS);
    }
    let mut received = std::collections::BTreeSet::new();
    for _ in 0..33 {
        world.tick();
        received.extend(steps(&viewer.sent.drain()).iter().map(|step| step.0));
        for other in &mut others {
            other.sent.drain();
        }
    }
    assert_eq!(received.len(), 150, "all of them within three seconds");
}

#[test]
fn crowd_sees_neighbours_every_turn_and_others_in_time() {
    let mut world = World::new();
    let mut viewer = world.join(100.0, 100.0);
    let mut others: Vec<Agent> = Vec::new();
    for n in 0..300 {
        let (angle, radius) = (n as f32, if n < 20 { 4.0 } else { 15.0 + n as f32 / 10.0 });
        others.push(world.join(100.0 + radius * angle.cos(), 100.0 + radius * angle.sin()));
    }
    // Only the viewer looks, with room for three packets in its turn, which is every second tick.
    for other in &others {
        other.sent.set_pressure(1 << 20);
    }
    for _ in 0..300 {
        world.tick();
        viewer.sent.drain();
    }
    assert_eq!(world.region.counts().known, 301 + 300, "the others know themselves");
    viewer.sent.set_task(0, Some(15_000));
    for agent in others.iter_mut().chain([&mut viewer]) {
        world.steer(agent, ControlFlags::AT_POS);
    }
    // By then it is told that they walk.
    world.ticks(100);
    viewer.sent.drain();
    let mut received = std::collections::BTreeMap::<u32, usize>::new();
    for _ in 0..150 {
        world.ticks(2);
        let sent = viewer.sent.drain();
        let packets = decoded::<ImprovedTerseObjectUpdate>(&sent).len();
        assert!(packets <= 3, "{packets} packets of 1,020 bytes where 3,000 bytes pass");
        for (id, ..) in steps(&sent) {
            *received.entry(id).or_default() += 1;
        }
    }
    assert_eq!(received.len(), 301, "nobody is forgotten");
    let snapshot = world.region.snapshot();
    let number = |agent: &Agent| {
        snapshot.agents.iter().find(|known| known.agent == agent.id).unwrap().local_id.0
    };
    for neighbour in &others[..20] {
        let times = received[&number(neighbour)];
        assert!(times >= 149, "{times} of 150");
    }
    let seldom = others[20..].iter().map(|other| received[&number(other)]).max().unwrap();
    assert!(seldom < 100, "{seldom}");

    // With room for one packet only, neighbours do not take all of it.
    received.clear();
    viewer.sent.set_task(2500, Some(17_500));
    for agent in others.iter_mut().chain([&mut viewer]) {
        world.steer(agent, ControlFlags::AT_NEG);
    }
    for _ in 0..200 {
        world.ticks(2);
        let sent = viewer.sent.drain();
        assert!(decoded::<ImprovedTerseObjectUpdate>(&sent).len() <= 1);
        for (id, ..) in steps(&sent) {
            *received.entry(id).or_default() += 1;
        }
    }
    assert_eq!(received.len(), 301, "nobody is forgotten");
}

#[test]
fn looks_titles_and_animations_are_relayed() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    world.ticks(3);
    ben.sent.drain();
    let id = Uuid::from_u128(55);
    world.region.apply(world.now, Command::Animation { agent: ann.id, changes: vec![(id, true)] });
    let title = "Founder".to_owned();
    world.region.apply(world.now, Command::GroupTitle { agent: ann.id, title });
    let mut message = Box::new(AgentSetAppearance::default());
    message.object_data.texture_entry = bytes::Bytes::from_static(&[1, 2, 3]);
    message.agent_data.size = Vector3::new(0.5, 0.6, 2.1);
    world.region.apply(world.now, Command::Appearance { agent: ann.id, message });
    world.ticks(3);
    let sent = ben.sent.drain();
    let animation = decoded::<AvatarAnimation>(&sent).remove(0);
    assert!(animation.animation_list.iter().any(|entry| entry.anim_id == id));
    let looks = decoded::<AvatarAppearance>(&sent).remove(0);
    assert_eq!(&looks.object_data.texture_entry[..], [1, 2, 3]);
    let update = decoded::<ObjectUpdate>(&sent).remove(0);
    let object = &update.object_data[0];
    assert!(message::text(&object.name_value).ends_with("Title STRING RW SV Founder"));
    assert_eq!(object.scale.z, 2.1);
}

#[test]
fn walking_and_jumping_show() {
    use animation::builtin::{FALL_DOWN, JUMP, LAND, PRE_JUMP, STAND, WALK};

    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    world.ticks(3);
    ben.sent.drain();
    let mut played = Vec::new();
    for flags in [ControlFlags::AT_POS, ControlFlags::UP_POS, ControlFlags::empty()] {
        world.steer(&mut ann, flags);
        world.ticks(4);
        let sent: Vec<AvatarAnimation> = ben.got();
        played.extend(sent.iter().map(|message| message.animation_list[0].anim_id));
    }
    world.ticks(30);
    let sent: Vec<AvatarAnimation> = ben.got();
    played.extend(sent.iter().map(|message| message.animation_list[0].anim_id));
    assert_eq!(played, [WALK, PRE_JUMP, JUMP, FALL_DOWN, LAND, STAND]);
}

#[test]
fn asked_for_objects_come_again() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    world.ticks(3);
    let updates: Vec<ObjectUpdate> = ben.got();
    let ids: Vec<u32> = updates.iter().map(|update| update.object_data[0].id).collect();
    world.region.apply(
        world.now,
        Command::RequestObjects { agent: ben.id, ids: [ids.clone(), vec![0, 9999]].concat() },
    );
    world.ticks(3);
    let again: Vec<ObjectUpdate> = ben.got();
    assert_eq!(again.len(), 2);
    assert!(again.iter().any(|update| update.object_data[0].full_id == ann.id.0));
}
