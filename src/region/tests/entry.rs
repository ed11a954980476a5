//! What a client is sent when it enters, and in which order.

use super::*;
use crate::ids::RegionHandle;
use crate::message::{
    AgentDataUpdate, AgentMovementComplete, AvatarAnimation, AvatarAppearance,
    CoarseLocationUpdate, HealthMessage, LayerData, MessageId, ObjectUpdate, ParcelOverlay,
    RegionHandshake, SimStats, SimulatorViewerTimeMessage, TeleportLocal, TeleportStart,
};
use crate::outbox::recorder::ids;

#[test]
fn at_the_door_and_after_the_handshake() {
    let mut world = World::new();
    let mut ann = world.enter(128.0, 128.0);
    world.tick();
    let sent = ann.sent.drain();
    assert_eq!(
        ids(&sent),
        [RegionHandshake::ID, AgentMovementComplete::ID, AgentDataUpdate::ID, HealthMessage::ID],
        "no objects before the handshake is answered"
    );
    assert!(sent.iter().all(|outgoing| outgoing.reliable));
    assert!(sent.iter().all(|outgoing| outgoing.category == Category::Unthrottled));
    assert!(ann.sent.drain_events().is_empty());

    world.region.apply(world.now, Command::HandshakeReply { agent: ann.id, flags: 4 });
    let sent = ann.sent.drain();
    let overlay = ParcelOverlay::ID;
    assert_eq!(
        ids(&sent),
        [
            ObjectUpdate::ID,
            AvatarAppearance::ID,
            AvatarAnimation::ID,
            overlay,
            overlay,
            overlay,
            overlay,
            SimulatorViewerTimeMessage::ID,
            SimStats::ID,
            LayerData::ID,
            CoarseLocationUpdate::ID,
        ]
    );
    let events = ann.sent.drain_events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].message, "ParcelProperties");
    // A second answer changes nothing.
    world.region.apply(world.now, Command::HandshakeReply { agent: ann.id, flags: 4 });
    assert!(ann.sent.drain().is_empty());

    world.ticks(5);
    let land: Vec<_> = ann
        .sent
        .drain()
        .into_iter()
        .filter(|outgoing| outgoing.category == Category::Land)
        .collect();
    assert_eq!(land.len(), 3, "a flat region takes three packets, sent once");
    assert!(land.iter().all(|outgoing| outgoing.reliable));
}

#[test]
fn the_handshake_says_what_clients_read() {
    let mut world = World::new();
    let mut ann = world.enter(100.0, 50.0);
    let sent = ann.sent.drain();
    let handshake: RegionHandshake = decoded(&sent).remove(0);
    let region = &handshake.region_info;
    assert_eq!(message::text(&region.sim_name), "Holm");
    assert_eq!(region.terrain_height_range11, 60.0);
    assert!(!region.terrain_detail3.is_nil());
    assert!(!region.is_estate_manager);
    let protocols = handshake.region_info4[0].region_protocols;
    assert_eq!(protocols & 1, 0, "no server-side appearance");
    assert_eq!(handshake.region_info4[0].region_flags_extended, u64::from(region.region_flags));
    let complete: AgentMovementComplete = decoded(&sent).remove(0);
    assert_eq!(complete.data.region_handle, RegionHandle::from_grid(1000, 1001).0);
    assert_eq!(complete.data.position, Vector3::new(100.0, 50.0, 21.95));
    assert!((complete.data.look_at.y - 1.0).abs() < 1e-5);
    assert_eq!(complete.agent_data.session_id, ann.session.0);
    let data: AgentDataUpdate = decoded(&sent).remove(0);
    assert_eq!(message::text(&data.agent_data.first_name), "Agent1");
}

#[test]
fn the_own_avatar_is_complete() {
    let mut world = World::new();
    let mut ann = world.join(100.0, 50.0);
    let sent = ann.sent.drain();
    let update: ObjectUpdate = decoded(&sent).remove(0);
    let object = &update.object_data[0];
    assert_eq!((object.full_id, object.p_code), (ann.id.0, 47));
    assert_ne!(object.id, 0);
    assert_eq!(object.object_data.len(), 76);
    let looks: AvatarAppearance = decoded(&sent).remove(0);
    assert_eq!(looks.appearance_data[0].appearance_version, 0);
    assert!(looks.appearance_data[0].cof_version >= 0 && looks.visual_param.len() >= 218);
    let coarse: CoarseLocationUpdate = decoded(&sent).remove(0);
    assert_eq!((coarse.index.you, coarse.index.prey), (0, -1));
    assert_eq!((coarse.location.len(), coarse.agent_data.len()), (1, 1));
    assert_eq!((coarse.location[0].x, coarse.location[0].y, coarse.location[0].z), (100, 50, 5));
}

#[test]
fn unanswered_handshake_shows_the_world_after_a_while() {
    let mut world = World::new();
    let mut ann = world.enter(128.0, 128.0);
    world.ticks(20);
    assert!(ann.got::<ObjectUpdate>().is_empty());
    world.ticks(5);
    assert_eq!(ann.got::<ObjectUpdate>().len(), 1);
}

#[test]
fn two_see_each_other() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    world.ticks(2);
    ann.sent.drain();
    let mut ben = world.join(130.0, 128.0);
    world.ticks(2);
    for (who, other) in [(&mut ann, ben.id), (&mut ben, AgentId(Uuid::from_u128(1001)))] {
        let sent = who.sent.drain();
        let seen: Vec<MessageId> = ids(&sent)
            .into_iter()
            .filter(|id| [ObjectUpdate::ID, AvatarAppearance::ID, AvatarAnimation::ID].contains(id))
            .collect();
        let last = &seen[seen.len() - 3..];
        assert_eq!(last, [ObjectUpdate::ID, AvatarAppearance::ID, AvatarAnimation::ID]);
        let updates: Vec<ObjectUpdate> = decoded(&sent);
        let objects = updates.iter().map(|update| update.object_data.len());
        assert!(objects.max() == Some(1), "some clients read only the first object");
        assert!(updates.iter().any(|update| update.object_data[0].full_id == other.0));
    }
    world.ticks(12);
    let coarse: Vec<CoarseLocationUpdate> = ben.got();
    assert_eq!(coarse[0].location.len(), 2);
    assert_eq!(coarse[0].agent_data[coarse[0].index.you as usize].agent_id, ben.id.0);
}

#[test]
fn movement_complete_is_repeated_on_request_only() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    ann.sent.drain();
    world.region.apply(world.now, Command::MovementCompleteAgain { agent: ann.id });
    assert_eq!(ids(&ann.sent.drain()), [AgentMovementComplete::ID]);
}

#[test]
fn hostile_places_are_put_into_the_region() {
    for (x, y, z) in [(f32::NAN, f32::INFINITY, -1e30), (-500.0, 1e9, 1e9), (0.0, 0.0, 0.0)] {
        let mut world = World::new();
        let (mut arrival, ann) = world.arrival(x, y, z);
        arrival.look_at = Vector3::new(f32::NAN, 0.0, f32::NEG_INFINITY);
        world.region.apply(world.now, Command::Enter(Box::new(arrival)));
        world.tick();
        let place = world.position(&ann);
        assert!((0.0..=256.0).contains(&place.x) && (0.0..=256.0).contains(&place.y));
        assert!((21.9..=4096.0).contains(&place.z), "{place:?}");
    }
}

#[test]
fn teleport_within_the_region() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    let mut ben = world.join(130.0, 128.0);
    world.steer(&mut ann, movement::ControlFlags::SIT_ON_GROUND);
    world.ticks(3);
    ann.sent.drain();
    ben.sent.drain();
    let position = Vector3::new(20.0, 30.0, 0.0);
    let look_at = Vector3::new(0.0, -2.0, 0.0);
    world.region.apply(world.now, Command::TeleportLocal { agent: ann.id, position, look_at });
    let sent = ann.sent.drain();
    assert_eq!(ids(&sent), [TeleportStart::ID, TeleportLocal::ID]);
    let local: TeleportLocal = decoded(&sent).remove(0);
    assert_eq!(local.info.position, Vector3::new(20.0, 30.0, 21.95));
    assert!((local.info.look_at.y + 1.0).abs() < 1e-5);
    world.ticks(4);
    assert_eq!(world.position(&ann), local.info.position);
    assert!(!world.region.snapshot().agents[0].sitting);
    let terse: Vec<message::ImprovedTerseObjectUpdate> = ben.got();
    assert!(!terse.is_empty());
}

#[test]
fn parcel_questions_are_answered_with_their_number() {
    let mut world = World::new();
    let mut ann = world.join(128.0, 128.0);
    ann.sent.drain_events();
    for (sequence, west) in [(-10000, 12.0), (3, 255.0), (4, 600.0), (i32::MAX, f32::NAN)] {
        let mut request = Box::new(ParcelPropertiesRequest::default());
        request.parcel_data.sequence_id = sequence;
        (request.parcel_data.west, request.parcel_data.east) = (west, west);
        world.region.apply(world.now, Command::ParcelProperties { agent: ann.id, request });
    }
    let answers: Vec<i32> = ann
        .sent
        .drain_events()
        .iter()
        .map(|event| event.body().get("ParcelData").as_array()[0].get("SequenceID").as_i32())
        .collect();
    assert_eq!(answers, [-10000, 3]);
    ann.sent.drain();
    world.region.apply(world.now, Command::ParcelDwell { agent: ann.id, local_id: 1 });
    let dwell: Vec<message::ParcelDwellReply> = ann.got();
    assert_eq!(dwell[0].data.parcel_id, world.region.info().parcel_id);
}
