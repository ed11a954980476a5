//! Walks, flights, jumps and falls on small test terrains.

use proptest::prelude::*;

use super::*;
use crate::region::math::{IDENTITY, yaw_towards};

const FRAME: Duration = Duration::from_millis(91);

struct Walker {
    motion: Motion,
    ground: Heightmap,
    speeds: Speeds,
    no_fly: bool,
    now: Timestamp,
    sequence: u32,
}

impl Walker {
    fn new(speeds: Speeds) -> Self {
        let ground = Heightmap::flat(21.0);
        let motion = Motion::new(vector(128.0, 128.0, 21.0), IDENTITY, 1.9, &ground);
        Self { motion, ground, speeds, no_fly: false, now: Timestamp::ZERO, sequence: 0 }
    }

    fn press(&mut self, flags: ControlFlags) -> bool {
        self.press_turned(flags, IDENTITY)
    }

    fn press_turned(&mut self, flags: ControlFlags, body_rotation: Quaternion) -> bool {
        self.sequence += 1;
        let control_flags = flags.bits();
        let update = AgentUpdateAgentData { body_rotation, control_flags, ..Default::default() };
        self.motion.take_update(self.sequence, &update)
    }

    fn run(&mut self, time: Duration) {
        let mut left = time;
        while left > Duration::ZERO {
            let part = left.min(FRAME);
            self.now = self.now + part;
            let around =
                Surroundings { ground: &self.ground, speeds: &self.speeds, no_fly: self.no_fly };
            self.motion.step(self.now, part, around);
            left -= part;
        }
    }

    /// Metres per second over two seconds.
    fn measured(&mut self) -> f32 {
        let start = self.motion.position;
        self.run(Duration::from_secs(2));
        super::super::math::distance_squared(start, self.motion.position).sqrt() / 2.0
    }
}

fn near(a: f32, b: f32) -> bool {
    (a - b).abs() < 0.01
}

#[test]
fn speeds_of_second_life() {
    let mut walker = Walker::new(Speeds::SECOND_LIFE);
    walker.press(ControlFlags::AT_POS | ControlFlags::FAST_AT);
    assert!(near(walker.measured(), 3.2));
    walker.motion.always_run = true;
    assert!(near(walker.measured(), 5.13));
    walker.press(ControlFlags::AT_POS | ControlFlags::UP_NEG);
    assert!(near(walker.measured(), 2.0));
    walker.press(ControlFlags::FLY | ControlFlags::UP_POS);
    assert!(near(walker.measured(), 16.0));
    walker.press(ControlFlags::FLY | ControlFlags::UP_NEG);
    let start = walker.motion.position.z;
    walker.run(Duration::from_secs(1));
    assert!(near(start - walker.motion.position.z, 22.87));
}

#[test]
fn speeds_of_opensim() {
    let mut walker = Walker::new(Speeds::OPENSIM);
    walker.press(ControlFlags::AT_POS | ControlFlags::FAST_AT);
    assert!(near(walker.measured(), 3.15));
    walker.press(ControlFlags::AT_POS);
    assert!(near(walker.measured(), 1.89));
    walker.press(ControlFlags::AT_POS | ControlFlags::STOP);
    assert!(near(walker.measured(), 0.82));
    walker.press(ControlFlags::AT_NEG);
    walker.motion.always_run = true;
    assert!(near(walker.measured(), 5.12));
    walker.motion.always_run = false;
    walker.press(ControlFlags::FLY | ControlFlags::AT_NEG);
    assert!(near(walker.measured(), 9.83));
}

#[test]
fn diagonals_are_no_faster_and_opposites_cancel() {
    let mut walker = Walker::new(Speeds::SECOND_LIFE);
    walker.press(ControlFlags::AT_POS | ControlFlags::LEFT_POS);
    assert!(near(walker.measured(), 3.2));
    walker.press(ControlFlags::AT_POS | ControlFlags::AT_NEG);
    assert!(near(walker.measured(), 0.0));
    assert_eq!(walker.motion.velocity, ZERO);
}

#[test]
fn walks_where_the_body_looks_and_pitch_does_not_lift() {
    let mut walker = Walker::new(Speeds::SECOND_LIFE);
    walker.press_turned(ControlFlags::AT_POS, yaw_towards(vector(0.0, 1.0, 0.0)));
    walker.run(Duration::from_secs(1));
    assert!(near(walker.motion.position.x, 128.0) && near(walker.motion.position.y, 131.2));
    let nose_up = Quaternion { x: 0.0, y: -0.5, z: 0.0, w: 0.866 };
    walker.press_turned(ControlFlags::AT_POS, nose_up);
    walker.run(Duration::from_secs(1));
    assert!(near(walker.motion.position.z, 21.95));
    walker.press_turned(ControlFlags::AT_POS | ControlFlags::FLY, nose_up);
    walker.run(Duration::from_secs(1));
    assert!(walker.motion.position.z > 30.0, "{:?}", walker.motion.position);
}

#[test]
fn a_tap_between_two_frames_still_moves() {
    let mut walker = Walker::new(Speeds::OPENSIM);
    walker.press(ControlFlags::NUDGE_AT_POS);
    walker.press(ControlFlags::empty());
    walker.run(FRAME);
    assert!(walker.motion.position.x > 128.1);
    let place = walker.motion.position;
    walker.run(FRAME);
    assert_eq!(walker.motion.position, place);
    assert_eq!(walker.motion.velocity, ZERO);
}

#[test]
fn older_updates_are_dropped_across_the_wrap() {
    let mut walker = Walker::new(Speeds::OPENSIM);
    let flags = |bits: ControlFlags| AgentUpdateAgentData {
        control_flags: bits.bits(),
        ..Default::default()
    };
    assert!(walker.motion.take_update(0x00FF_FFFE, &flags(ControlFlags::AT_POS)));
    assert!(!walker.motion.take_update(0x00FF_FFFE, &flags(ControlFlags::empty())));
    assert!(!walker.motion.take_update(0x00FF_FFF0, &flags(ControlFlags::empty())));
    assert_eq!(walker.motion.flags(), ControlFlags::AT_POS);
    assert!(walker.motion.take_update(3, &flags(ControlFlags::empty())));
    assert!(!walker.motion.take_update(0x00FF_FFFF, &flags(ControlFlags::AT_POS)));
}

#[test]
fn a_jump_returns_to_the_ground() {
    let mut walker = Walker::new(Speeds::OPENSIM);
    walker.press(ControlFlags::UP_POS);
    walker.run(FRAME);
    assert!(matches!(walker.motion.stance, Stance::PreJump { .. }));
    walker.press(ControlFlags::empty());
    let mut highest = 0.0_f32;
    let mut landed = false;
    for _ in 0..40 {
        walker.run(FRAME);
        highest = highest.max(walker.motion.position.z - 21.95);
        landed |= matches!(walker.motion.stance, Stance::Landing { hard: false, .. });
    }
    assert!((1.5..2.1).contains(&highest), "{highest}");
    assert!(landed);
    assert_eq!(walker.motion.stance, Stance::Grounded);
    assert_eq!(walker.motion.position.z, 21.95);
    assert_eq!((walker.motion.velocity, walker.motion.acceleration), (ZERO, ZERO));
}

#[test]
fn avatar_that_stops_flying_falls() {
    let mut walker = Walker::new(Speeds::OPENSIM);
    walker.press(ControlFlags::FLY | ControlFlags::UP_POS | ControlFlags::FAST_UP);
    walker.run(Duration::from_secs(2));
    let height = walker.motion.position.z;
    walker.press(ControlFlags::FLY);
    walker.run(Duration::from_secs(2));
    assert_eq!(walker.motion.position.z, height, "hovers");
    walker.press(ControlFlags::empty());
    walker.run(Duration::from_secs(1));
    assert!((height - walker.motion.position.z - 4.9).abs() < 0.1);
    let mut hard_landing = false;
    for _ in 0..60 {
        walker.run(FRAME);
        hard_landing |= matches!(walker.motion.stance, Stance::Landing { hard: true, .. });
    }
    assert!(hard_landing);
    assert_eq!(walker.motion.position.z, 21.95);
}

#[test]
fn no_flying_where_it_is_forbidden() {
    let mut walker = Walker::new(Speeds::OPENSIM);
    walker.no_fly = true;
    walker.press(ControlFlags::FLY | ControlFlags::UP_POS);
    walker.run(Duration::from_secs(4));
    assert!(walker.motion.position.z < 25.0);
}

#[test]
fn borders_stop() {
    let mut walker = Walker::new(Speeds::SECOND_LIFE);
    walker.motion.always_run = true;
    walker.press(ControlFlags::AT_POS);
    walker.run(Duration::from_secs(60));
    assert_eq!(walker.motion.position.x, 256.0 - BORDER);
    assert_eq!(walker.motion.velocity.x, 0.0);
    walker.press(ControlFlags::FLY | ControlFlags::UP_POS | ControlFlags::AT_NEG);
    walker.run(Duration::from_secs(600));
    assert_eq!((walker.motion.position.x, walker.motion.position.z), (BORDER, MAX_ALTITUDE));
}

#[test]
fn follows_the_ground_and_falls_over_edges() {
    let mut walker = Walker::new(Speeds::SECOND_LIFE);
    walker.ground = Heightmap::noise(25.0, 5.0, 1);
    walker.press(ControlFlags::AT_POS);
    for _ in 0..200 {
        walker.run(FRAME);
        let floor = walker.ground.at(walker.motion.position.x, walker.motion.position.y) + 0.95;
        assert!(walker.motion.position.z >= floor - 1e-3);
    }
    let mut walker = Walker::new(Speeds::SECOND_LIFE);
    walker.motion.place(vector(128.0, 128.0, 100.0), &walker.ground);
    walker.run(FRAME);
    assert!(matches!(walker.motion.stance, Stance::Airborne { jumped: false, .. }));
}

#[test]
fn sits_on_the_ground_until_told_to_stand() {
    let mut walker = Walker::new(Speeds::OPENSIM);
    walker.press(ControlFlags::SIT_ON_GROUND);
    walker.press(ControlFlags::AT_POS);
    walker.run(Duration::from_secs(2));
    assert!(walker.motion.is_sitting());
    assert_eq!(walker.motion.position.x, 128.0);
    walker.press(ControlFlags::STAND_UP);
    walker.press(ControlFlags::AT_POS);
    walker.run(Duration::from_secs(1));
    assert!(!walker.motion.is_sitting());
    assert!(walker.motion.position.x > 129.0);
}

#[test]
fn jumping_out_of_the_sky_while_seated_is_no_way_to_fly() {
    let mut walker = Walker::new(Speeds::OPENSIM);
    walker.press(ControlFlags::FLY | ControlFlags::UP_POS);
    walker.run(Duration::from_secs(3));
    walker.press(ControlFlags::FLY | ControlFlags::SIT_ON_GROUND);
    walker.run(FRAME);
    assert!(walker.motion.is_sitting());
    assert_eq!(walker.motion.position.z, 21.95);
}

proptest! {
    #[test]
    fn hostile_updates_keep_the_avatar_sane(
        updates in prop::collection::vec(
            (any::<u32>(), any::<u32>(), any::<[f32; 4]>(), 0_u64..400), 1..40),
    ) {
        let mut walker = Walker::new(Speeds::OPENSIM);
        for (sequence, control_flags, [x, y, z, w], wait) in updates {
            let update = AgentUpdateAgentData {
                control_flags,
                body_rotation: Quaternion { x, y, z, w },
                far: f32::NAN,
                ..Default::default()
            };
            walker.motion.take_update(sequence, &update);
            walker.run(Duration::from_millis(wait));
            let Motion { position, velocity, rotation, .. } = walker.motion;
            prop_assert!((0.0..=256.0).contains(&position.x));
            prop_assert!((0.0..=256.0).contains(&position.y));
            prop_assert!((21.9..=MAX_ALTITUDE).contains(&position.z));
            prop_assert!(velocity.x.abs() < 60.0 && velocity.y.abs() < 60.0);
            prop_assert!(velocity.z.abs() < 60.0);
            let length = rotation.x.powi(2) + rotation.y.powi(2) + rotation.z.powi(2)
                + rotation.w.powi(2);
            prop_assert!((length - 1.0).abs() < 1e-3);
        }
    }
}
