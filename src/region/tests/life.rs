//! The whole life of regions: nothing is left behind, and equal inputs give equal outputs.

use super::*;
use crate::region::movement::ControlFlags;

/// Agents come, walk, talk, lag and go at random; gives the region when all have gone, and a
/// digest of everything that was sent.
fn live(seed: u64) -> (Region, u64) {
    let mut world = World::new();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut here: Vec<Agent> = Vec::new();
    let mut digest = 0_u64;
    for _ in 0..500 {
        match random.u32(0..12) {
            0 | 1 if here.len() < 20 => {
                let agent = world.enter(random.f32() * 256.0, random.f32() * 256.0);
                if random.bool() {
                    let id = agent.id;
                    world.region.apply(world.now, Command::HandshakeReply { agent: id, flags: 0 });
                }
                here.push(agent);
            }
            2 if !here.is_empty() => {
                let agent = here.swap_remove(random.usize(..here.len()));
                world.leave(&agent);
                world.leave(&agent);
            }
            3 | 4 if !here.is_empty() => {
                let who = random.usize(..here.len());
                let flags = ControlFlags::from_bits_truncate(random.u32(..));
                world.steer(&mut here[who], flags);
            }
            5 if !here.is_empty() => {
                let who = random.usize(..here.len());
                let kind = random.u8(0..7);
                world.say(&here[who], "text", kind, 0);
            }
            6 if !here.is_empty() => {
                let who = random.usize(..here.len());
                here[who].sent.set_pressure(random.usize(..2) << 20);
            }
            7 if !here.is_empty() => {
                let agent = here[random.usize(..here.len())].id;
                let changes = vec![(Uuid::from_u128(random.u128(..4)), random.bool())];
                world.region.apply(world.now, Command::Animation { agent, changes });
            }
            _ => world.tick(),
        }
        for agent in &mut here {
            for outgoing in agent.sent.drain() {
                for &byte in &outgoing.message.body {
                    digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
                }
                digest = digest.rotate_left(u32::from(outgoing.reliable) + 1);
            }
        }
        let counts = world.region.counts();
        assert_eq!(counts.avatars, here.len());
        assert_eq!((counts.grid_entries, counts.index_entries), (here.len(), here.len() * 2));
        assert!(counts.known <= here.len() * here.len());
    }
    while let Some(agent) = here.pop() {
        world.leave(&agent);
    }
    (world.region, digest)
}

#[test]
fn nothing_of_the_gone_stays() {
    for seed in 0..4 {
        let (mut region, _) = live(seed);
        assert_eq!(region.population(), 0);
        assert_eq!(region.counts(), RegionCounts::default());
        region.tick(Timestamp::from_millis(10_000_000));
        assert_eq!(region.counts(), RegionCounts::default());
        assert_eq!(region.counters().entered, region.counters().left);
    }
}

#[test]
fn equal_inputs_give_equal_bytes() {
    assert_eq!(live(11).1, live(11).1);
    assert_ne!(live(11).1, live(12).1);
}

#[test]
fn memory_of_a_lagging_client_is_bounded_by_the_population() {
    let mut world = World::new();
    let mut ben = world.join(130.0, 128.0);
    for _ in 0..20 {
        let visitors: Vec<Agent> = (0..10).map(|n| world.join(100.0 + n as f32, 100.0)).collect();
        world.ticks(8);
        ben.sent.drain();
        ben.sent.set_pressure(1 << 20);
        for visitor in &visitors {
            world.leave(visitor);
        }
        let more: Vec<Agent> = (0..10).map(|n| world.join(100.0 + n as f32, 100.0)).collect();
        world.ticks(8);
        for visitor in &more {
            world.leave(visitor);
        }
        assert_eq!(world.region.counts().pending_kills, 10, "only those it was shown");
        ben.sent.set_pressure(0);
        world.ticks(1);
        assert_eq!(world.region.counts().pending_kills, 0);
        assert!(world.region.counts().slots <= 11);
    }
}

#[test]
fn the_snapshot_tells_what_is() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let ben = world.enter(130.0, 128.0);
    world.steer(&mut ann, ControlFlags::FLY | ControlFlags::AT_POS);
    world.ticks(2);
    let (answer, mut picture) = tokio::sync::oneshot::channel();
    world.region.apply(world.now, Command::Snapshot(answer));
    let picture = picture.try_recv().unwrap();
    assert_eq!(picture.counts.avatars, 2);
    let (first, second) = (&picture.agents[0], &picture.agents[1]);
    assert_eq!((first.agent, first.flying, first.ready), (ann.id, true, true));
    assert_eq!((second.agent, second.flying, second.ready), (ben.id, false, false));
    assert_eq!(first.name, "Agent1 Tester");
    assert!(first.velocity.x > 9.0);
}

#[test]
fn whereabouts_follow() {
    let mut world = World::new();
    let (arrival, mut ann) = world.arrival(128.0, 128.0, 21.95);
    let whereabouts = arrival.whereabouts.clone();
    world.region.apply(world.now, Command::Enter(Box::new(arrival)));
    world.steer(&mut ann, ControlFlags::AT_POS);
    world.ticks(12);
    assert_eq!(whereabouts.position(), world.position(&ann));
    assert!(whereabouts.position().x > 129.0);
}
