//! Prims as clients are sent them: when, in which order, and when not any more.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::ids::LocalId;
use crate::message::{
    KillObject, ObjectProperties, ObjectPropertiesFamily, ObjectUpdate, ObjectUpdateObjectData,
};
use crate::objects::Shape;

/// The prims in the `ObjectUpdate`s that came since the last look; each message holds one object.
fn shown(agent: &mut Agent) -> Vec<ObjectUpdateObjectData> {
    let updates: Vec<ObjectUpdate> = agent.got();
    let mut prims = Vec::new();
    for mut update in updates {
        assert_eq!(update.object_data.len(), 1);
        let data = update.object_data.remove(0);
        if data.p_code == prim_wire::PCODE_PRIM {
            prims.push(data);
        }
    }
    prims
}

fn ids(prims: &[ObjectUpdateObjectData]) -> Vec<u32> {
    prims.iter().map(|prim| prim.id).collect()
}

fn killed(sent: &[Outgoing]) -> Vec<u32> {
    let kills: Vec<KillObject> = decoded(sent);
    kills.iter().flat_map(|kill| &kill.object_data).map(|object| object.id).collect()
}

#[test]
fn a_prim_appears_changes_and_disappears() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(250.0, 250.0);
    world.ticks(3);
    ann.sent.drain();
    ben.sent.drain();
    let bell = world.make(object(&ann, 130.0, 128.0));
    world.tick();
    for (viewer, owns) in [(&mut ann, true), (&mut ben, false)] {
        let prims = shown(viewer);
        assert_eq!(ids(&prims), [bell.prims[0].local_id]);
        assert_eq!(prims[0].full_id, bell.id.0);
        assert_eq!(prims[0].object_data[..4], 130.0_f32.to_le_bytes());
        assert_eq!(prims[0].update_flags & prim_wire::update_flags::YOU_OWNER != 0, owns);
        assert_eq!(prims[0].update_flags & prim_wire::update_flags::HANDLE_TOUCH, 1 << 7);
    }
    world.ticks(5);
    assert!(shown(&mut ben).is_empty(), "rest is silent");

    world.change(bell.id, PrimChange::Text("ding".to_owned(), [1.0; 4]));
    world.change(bell.id, PrimChange::Shape(Shape::Sphere));
    world.tick();
    let prims = shown(&mut ben);
    assert_eq!(prims.len(), 1, "two changes, the latest state");
    assert_eq!((&prims[0].text[..], prims[0].path_curve), (&b"ding\0"[..], 32));

    world.unmake(&bell);
    world.tick();
    let sent = ben.sent.drain();
    assert_eq!(killed(&sent), [bell.prims[0].local_id]);
    assert!(sent.iter().all(|outgoing| outgoing.reliable && outgoing.category == Category::Task));
    assert_eq!(world.region.counts().known_prims, 0);
}

#[test]
fn owners_and_others_share_one_encoding_each() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut others: Vec<Agent> = (0..3).map(|n| world.join(129.0 + n as f32, 128.0)).collect();
    world.ticks(5);
    ann.sent.drain();
    for other in &mut others {
        other.sent.drain();
    }
    world.make(object(&ann, 130.0, 128.0));
    world.tick();
    let mut bodies: Vec<_> =
        others.iter_mut().map(|other| other.sent.drain()[0].message.body.as_ptr()).collect();
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert_ne!(ann.sent.drain()[0].message.body.as_ptr(), bodies[0]);
}

#[test]
fn children_come_after_their_root_and_the_near_first() {
    let mut world = World::with(RegionSettings { packets_per_tick: 0, ..Default::default() });
    let ann = world.join(10.0, 10.0);
    let mut roots = Vec::new();
    for n in 0..12 {
        let mut far = object(&ann, 200.0 - 10.0 * n as f32, 10.0);
        far.prims.extend((0..3).map(|_| NewPrim::default()));
        roots.push(world.make(far));
    }
    let mut ben = world.join(11.0, 10.0);
    world.tick();
    let first = shown(&mut ben);
    assert!(first.len() < 10, "a share per tick: {}", first.len());
    assert_eq!(first[0].id, roots[11].prims[0].local_id, "the nearest");
    assert_eq!(first[1].parent_id, first[0].id);
    let mut known: Vec<u32> = ids(&first);
    for _ in 0..30 {
        world.tick();
        for prim in shown(&mut ben) {
            assert!(prim.parent_id == 0 || known.contains(&prim.parent_id));
            known.push(prim.id);
        }
    }
    assert_eq!(known.len(), 48);
    let counts = world.region.counts();
    assert_eq!((counts.pending_prims, counts.known_prims), (0, 96));
}

#[test]
fn prims_do_not_keep_avatars_waiting() {
    let mut world = World::with(RegionSettings { packets_per_tick: 0, ..Default::default() });
    let ann = world.join(128.0, 128.0);
    for _ in 0..200 {
        world.make(object(&ann, 129.0, 128.0));
    }
    let mut ben = world.join(128.0, 130.0);
    world.ticks(3);
    let updates: Vec<ObjectUpdate> = ben.got();
    let is_ann = |update: &ObjectUpdate| update.object_data[0].full_id == ann.id.0;
    assert!(updates.iter().any(is_ann));
    assert!(updates.len() > 15, "and prims meanwhile: {}", updates.len());
}

#[test]
fn a_slow_client_gets_the_latest_state_and_only_what_is_left() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    let kept = world.make(object(&ann, 130.0, 128.0));
    let gone = world.make(object(&ann, 131.0, 128.0));
    world.ticks(3);
    assert_eq!(shown(&mut ben).len(), 2);
    ben.sent.set_pressure(1 << 20);
    world.unmake(&gone);
    for n in 0..50 {
        world.change(kept.id, PrimChange::Position(Vector3::new(n as f32, 1.0, 25.0)));
        let passing = world.make(object(&ann, 140.0, 128.0));
        world.tick();
        world.unmake(&passing);
    }
    assert!(shown(&mut ben).is_empty());
    ben.sent.set_pressure(0);
    world.ticks(2);
    let sent = ben.sent.drain();
    assert_eq!(killed(&sent), [gone.prims[0].local_id], "only what it was shown");
    let updates: Vec<ObjectUpdate> = decoded(&sent);
    let prims: Vec<_> = updates.iter().filter(|update| update.object_data[0].p_code == 9).collect();
    assert_eq!(prims.len(), 1);
    assert_eq!(prims[0].object_data[0].object_data[..4], 49.0_f32.to_le_bytes());
}

#[test]
fn an_object_made_again_under_its_key_has_its_end_before() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut again = object(&ann, 130.0, 128.0);
    again.prims[0].id = Some(PrimId(Uuid::from_u128(4711)));
    let first = world.make(again.clone());
    world.ticks(2);
    ann.sent.drain();
    world.unmake(&first);
    let second = world.make(again);
    world.ticks(2);
    let sent = ann.sent.drain();
    let place = |id| sent.iter().position(|outgoing| outgoing.message.id == id).unwrap();
    assert!(place(KillObject::ID) < place(ObjectUpdate::ID));
    assert_eq!(killed(&sent), [first.prims[0].local_id]);
    assert_ne!(first.prims[0].local_id, second.prims[0].local_id);
}

#[test]
fn attachment_comes_with_its_wearer() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    world.ticks(3);
    let own: Vec<ObjectUpdate> = ann.got();
    let avatar = own[0].object_data[0].id;
    ben.sent.drain();
    let hat = NewObject { worn: Some((ann.id, 2)), ..object(&ann, 0.0, 0.0) };
    let hat = world.make(hat);
    let screen = NewObject { worn: Some((ann.id, 35)), ..object(&ann, 0.0, 0.0) };
    let screen = world.make(screen);
    world.ticks(2);
    let hers = ids(&shown(&mut ann));
    assert!(hers.contains(&hat.prims[0].local_id) && hers.contains(&screen.prims[0].local_id));
    let his = shown(&mut ben);
    assert_eq!(ids(&his), [hat.prims[0].local_id], "screens are private");
    assert_eq!((his[0].parent_id, his[0].state), (avatar, 0x20));
    assert!(message::text(&his[0].name_value).starts_with("AttachItemID STRING RW SV "));

    // Put on the screen it is gone for others, taken off it is there for all.
    world.change(hat.id, PrimChange::Worn(Some((ann.id, 31))));
    world.ticks(2);
    assert_eq!(killed(&ben.sent.drain()), [hat.prims[0].local_id]);
    world.change(hat.id, PrimChange::Worn(None));
    world.ticks(2);
    assert_eq!(shown(&mut ben)[0].parent_id, 0);

    let mut cat = world.join(10.0, 10.0);
    world.change(hat.id, PrimChange::Worn(Some((ann.id, 2))));
    world.ticks(4);
    let updates: Vec<ObjectUpdate> = cat.got();
    let place = |id: u32| updates.iter().position(|update| update.object_data[0].id == id);
    assert!(place(avatar).unwrap() < place(hat.prims[0].local_id).unwrap());

    ben.sent.drain();
    world.leave(&ann);
    world.ticks(2);
    let mut ends = killed(&ben.sent.drain());
    ends.sort_unstable();
    assert_eq!(ends, [avatar, hat.prims[0].local_id]);
}

#[test]
fn asked_for_prims_come_again() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let bell = world.make(object(&ann, 130.0, 128.0));
    world.ticks(3);
    ann.sent.drain();
    let ids = vec![bell.prims[0].local_id, 12_345];
    world.region.apply(world.now, Command::RequestObjects { agent: ann.id, ids });
    assert_eq!(world.region.counters().unknown_objects, 1);
    world.ticks(2);
    assert_eq!(shown(&mut ann).len(), 1);
}

#[test]
fn properties_are_told_to_those_who_may_see_the_prim() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    let bell = world.make(object(&ann, 130.0, 128.0));
    let screen = world.make(NewObject { worn: Some((ann.id, 31)), ..object(&ann, 0.0, 0.0) });
    let (bell_id, screen_id) = (bell.prims[0].local_id, screen.prims[0].local_id);
    for agent in [ann.id, ben.id] {
        let ids = vec![bell_id, screen_id, 7];
        world.region.apply(world.now, Command::SelectObjects { agent, ids });
        for object in [bell.id.0, screen.id.0] {
            world.region.apply(world.now, Command::ObjectFamily { agent, flags: 3, object });
        }
    }
    let received: Vec<ObjectProperties> = ben.got();
    assert_eq!(received.len(), 1);
    let properties = &received[0].object_data[0];
    assert_eq!((properties.object_id, properties.owner_id), (bell.id.0, ann.id.0));
    assert_eq!(message::text(&properties.name), "Bell");
    let sent = ann.sent.drain();
    assert_eq!(decoded::<ObjectProperties>(&sent).len(), 2);
    let families: Vec<ObjectPropertiesFamily> = decoded(&sent);
    assert_eq!((families.len(), families[0].object_data.request_flags), (2, 3));
    assert_eq!(world.region.counters().unknown_objects, 4);

    ben.sent.set_pressure(1 << 20);
    let select = Command::SelectObjects { agent: ben.id, ids: vec![bell_id, bell_id] };
    world.region.apply(world.now, select);
    assert!(ben.got::<ObjectProperties>().is_empty());
    assert_eq!(world.region.counters().properties_refused, 2);
}

#[test]
fn touches_reach_scripts() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let ben = world.join(130.0, 128.0);
    let bell = world.make(object(&ann, 130.0, 128.0));
    let screen = world.make(NewObject { worn: Some((ann.id, 31)), ..object(&ann, 0.0, 0.0) });
    for object in [&bell, &screen] {
        let local_id = LocalId(object.prims[0].local_id);
        world.region.apply(world.now, Command::Touch { agent: ben.id, local_id });
    }
    world.tick();
    assert_eq!(world.events(&bell), [Event::TouchStart { toucher: ben.id }]);
    assert!(world.events(&screen).is_empty());
    let counters = world.region.counters();
    assert_eq!((counters.touches, counters.unknown_objects), (1, 1));
}

#[test]
fn objects_stay_and_nothing_about_clients_does() {
    let mut world = World::new();
    let ann = world.join(128.0, 128.0);
    let ben = world.join(130.0, 128.0);
    world.make(object(&ann, 130.0, 128.0));
    world.make(NewObject { worn: Some((ann.id, 2)), ..object(&ann, 0.0, 0.0) });
    world.ticks(3);
    assert_eq!(world.region.counts().known_prims, 4);
    world.leave(&ann);
    world.leave(&ben);
    world.ticks(2);
    assert_eq!(world.region.counts(), RegionCounts::default());
    let mut cat = world.join(10.0, 10.0);
    world.ticks(2);
    assert_eq!(shown(&mut cat).len(), 1, "who comes late is shown what is there");
}

/// What a client has made of the messages that it got: prims by number, with key and text, and the
/// avatars among the numbers.
#[derive(Default)]
struct Picture {
    prims: BTreeMap<u32, (Uuid, String)>,
    avatars: BTreeSet<u32>,
}

impl Picture {
    fn take(&mut self, sent: &[Outgoing]) {
        for outgoing in sent {
            let one = std::slice::from_ref(outgoing);
            for id in killed(one) {
                assert!(self.prims.remove(&id).is_some() || self.avatars.remove(&id));
            }
            for update in decoded::<ObjectUpdate>(one) {
                let data = &update.object_data[0];
                if data.p_code == prim_wire::PCODE_PRIM {
                    let parent = data.parent_id;
                    let is_known = self.prims.contains_key(&parent);
                    assert!(parent == 0 || is_known || self.avatars.contains(&parent));
                    self.prims.insert(data.id, (data.full_id, message::text(&data.text)));
                } else {
                    self.avatars.insert(data.id);
                }
            }
        }
    }
}

#[test]
fn in_the_end_every_client_has_the_true_picture() {
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut world = World::with(RegionSettings { packets_per_tick: 0, ..Default::default() });
        let mut here: Vec<(Agent, Picture)> = Vec::new();
        let mut made: Vec<ObjectReport> = Vec::new();
        for step in 0..400 {
            match random.u32(0..12) {
                0 if here.len() < 6 => {
                    let agent = world.join(random.f32() * 256.0, random.f32() * 256.0);
                    here.push((agent, Picture::default()));
                }
                1 if here.len() > 3 => {
                    let (agent, _) = here.swap_remove(random.usize(..here.len()));
                    world.leave(&agent);
                    made.retain(|object| world.region.objects.prims().by_id(object.id).is_some());
                }
                2..=4 if !here.is_empty() => {
                    let owner = &here[random.usize(..here.len())].0;
                    let mut object = object(owner, random.f32() * 256.0, 20.0);
                    object.prims.extend((0..random.u8(..4)).map(|_| NewPrim::default()));
                    let point = [2, 31][usize::from(random.bool())];
                    object.worn = random.bool().then_some((owner.id, point));
                    made.push(world.make(object));
                }
                5 if !made.is_empty() => {
                    let object = made.swap_remove(random.usize(..made.len()));
                    world.unmake(&object);
                }
                6 | 7 if !made.is_empty() => {
                    let object = &made[random.usize(..made.len())];
                    let prim = object.prims[random.usize(..object.prims.len())].id;
                    world.change(prim, PrimChange::Text(format!("{step}"), [1.0; 4]));
                }
                8 if !here.is_empty() => {
                    let who = random.usize(..here.len());
                    here[who].0.sent.set_pressure(random.usize(..2) << 20);
                }
                _ => world.tick(),
            }
            for (agent, picture) in &mut here {
                picture.take(&agent.sent.drain());
            }
        }
        for (agent, _) in &here {
            agent.sent.set_pressure(0);
        }
        for _ in 0..60 {
            world.tick();
            for (agent, picture) in &mut here {
                picture.take(&agent.sent.drain());
            }
        }
        for (agent, picture) in &here {
            let prims = world.region.objects.prims();
            let all = (0..prims.slots()).filter_map(|slot| prims.get(slot)).map(|(prim, _)| prim);
            let truth = all
                .filter(|prim| world.region.is_shown_to(agent.id, prim))
                .map(|prim| (prim.local_id.0, (prim.id.0, prim.text.to_string())));
            assert_eq!(picture.prims, truth.collect(), "seed {seed}");
        }
        assert!(made.len() > 5, "seed {seed}");
        let counts = world.region.counts();
        assert_eq!((counts.pending_prims, counts.pending_kills), (0, 0));
    }
}
