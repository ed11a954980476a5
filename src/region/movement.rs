//! The movement of an avatar: from the flags of `AgentUpdate` to a position after some time.
//!
//! There is no physics engine: the ground supports avatars, gravity pulls them down, and borders
//! stop them. Other avatars and objects are no obstacles. The module `avatar` decides what others
//! are sent of it.

use std::time::Duration;

use bitflags::bitflags;

use super::math::{
    IDENTITY, ZERO, add_scaled, normalized, rotated, sane_look_at, sane_rotation, scaled, vector,
    yaw_only, yaw_towards,
};
use super::terrain::Heightmap;
use super::terrain::REGION_SIZE;
use crate::message::{AgentUpdateAgentData, Quaternion, Vector3};
use crate::time::Timestamp;

bitflags! {
    /// `AgentUpdate.AgentData.ControlFlags`, as far as the region acts on them.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ControlFlags: u32 {
        /// Forward.
        const AT_POS = 0x0000_0001;
        /// Back.
        const AT_NEG = 0x0000_0002;
        /// To the left.
        const LEFT_POS = 0x0000_0004;
        /// To the right.
        const LEFT_NEG = 0x0000_0008;
        /// Jump, or up in flight.
        const UP_POS = 0x0000_0010;
        /// Crouch, or down in flight.
        const UP_NEG = 0x0000_0020;
        /// Viewers set it with AT_POS and AT_NEG in normal walking.
        const FAST_AT = 0x0000_0400;
        /// The same sideways.
        const FAST_LEFT = 0x0000_0800;
        /// The same up and down.
        const FAST_UP = 0x0000_1000;
        /// Held as long as the avatar flies.
        const FLY = 0x0000_2000;
        /// Move slowly.
        const STOP = 0x0000_4000;
        /// Comes once.
        const STAND_UP = 0x0001_0000;
        /// Comes once.
        const SIT_ON_GROUND = 0x0002_0000;
        /// A short tap forward.
        const NUDGE_AT_POS = 0x0008_0000;
        /// A short tap back.
        const NUDGE_AT_NEG = 0x0010_0000;
        /// A short tap to the left.
        const NUDGE_LEFT_POS = 0x0020_0000;
        /// A short tap to the right.
        const NUDGE_LEFT_NEG = 0x0040_0000;
        /// A short tap up.
        const NUDGE_UP_POS = 0x0080_0000;
        /// A short tap down.
        const NUDGE_UP_NEG = 0x0100_0000;
        /// Turning left: only the animation shows it.
        const TURN_LEFT = 0x0200_0000;
        /// Turning right: only the animation shows it.
        const TURN_RIGHT = 0x0400_0000;
    }
}

/// Metres per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speeds {
    /// Walking without any of the FAST flags.
    pub walk_slow: f32,
    /// Walking with FAST_AT or FAST_UP, as viewers do.
    pub walk: f32,
    /// With SetAlwaysRun.
    pub run: f32,
    /// Walking with UP_NEG held.
    pub crouch: f32,
    /// With STOP held.
    pub stop: f32,
    /// Flying without any of the FAST flags.
    pub fly_slow: f32,
    /// Flying, and straight up.
    pub fly: f32,
    /// Straight down.
    pub fly_down: f32,
}

impl Speeds {
    /// OpenSim's: a base of 4.096 m/s, 0.6 of it without FAST; divided by 1.3 when walking and by
    /// 0.8 when running, times 4 in flight.
    pub const OPENSIM: Self = Self {
        walk_slow: 0.6 * 4.096 / 1.3,
        walk: 4.096 / 1.3,
        run: 4.096 / 0.8,
        crouch: 0.6 * 4.096 / 1.3,
        stop: 0.2 * 4.096,
        fly_slow: 0.6 * 4.096 * 4.0,
        fly: 4.096 * 4.0,
        fly_down: 4.096 * 4.0,
    };

    /// Second Life's, as its documentation gives them.
    pub const SECOND_LIFE: Self = Self {
        walk_slow: 3.2,
        walk: 3.2,
        run: 5.13,
        crouch: 2.0,
        stop: 0.82,
        fly_slow: 16.0,
        fly: 16.0,
        fly_down: 22.87,
    };
}

/// What carries the avatar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stance {
    /// On the ground, still or walking.
    Grounded,
    /// About to jump.
    PreJump {
        /// When it leaves the ground.
        until: Timestamp,
    },
    /// In the air without flying.
    Airborne {
        /// Since when.
        since: Timestamp,
        /// Left the ground by a jump.
        jumped: bool,
    },
    /// Just came down.
    Landing {
        /// When it stands again.
        until: Timestamp,
        /// From high up.
        hard: bool,
    },
    /// Flying.
    Flying,
    /// Seated on the ground.
    SittingOnGround,
}

/// What the avatar moves in.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The ground.
    pub ground: &'a Heightmap,
    /// How fast avatars are here.
    pub speeds: &'a Speeds,
    /// Flying is forbidden.
    pub no_fly: bool,
}

/// Where an avatar is, how it moves, and what its client wants.
#[derive(Clone, Debug)]
pub struct Motion {
    /// Region-local, of the avatar's middle.
    pub position: Vector3,
    /// Metres per second.
    pub velocity: Vector3,
    /// Gravity while falling, otherwise none.
    pub acceleration: Vector3,
    /// Of the body; about the vertical axis unless flying.
    pub rotation: Quaternion,
    /// What carries it.
    pub stance: Stance,
    /// Half of the avatar's height in metres.
    pub half_height: f32,
    /// SetAlwaysRun.
    pub always_run: bool,
    wanted: ControlFlags,
    /// Flags that came and went since the last step; a tap between two steps still counts.
    tapped: ControlFlags,
    body_rotation: Quaternion,
    last_sequence: Option<u32>,
    /// Where the avatar walks by itself.
    goal: Option<Vector3>,
}

impl Motion {
    /// An avatar at rest; the place is put into the region and above the ground.
    pub fn new(position: Vector3, rotation: Quaternion, height: f32, ground: &Heightmap) -> Self {
        let mut motion = Self {
            position: ZERO,
            velocity: ZERO,
            acceleration: ZERO,
            rotation: yaw_only(sane_rotation(rotation)),
            stance: Stance::Grounded,
            half_height: height / 2.0,
            always_run: false,
            wanted: ControlFlags::empty(),
            tapped: ControlFlags::empty(),
            body_rotation: IDENTITY,
            last_sequence: None,
            goal: None,
        };
        motion.body_rotation = motion.rotation;
        motion.place(position, ground);
        motion
    }

    /// Puts the avatar elsewhere, at rest. It falls from there unless it flies.
    pub fn place(&mut self, position: Vector3, ground: &Heightmap) {
        let place = super::math::sane_vector(position, MAX_ALTITUDE);
        let (x, y) = (inside(place.x), inside(place.y));
        let floor = ground.at(x, y) + self.half_height;
        self.position = vector(x, y, place.z.clamp(floor, MAX_ALTITUDE));
        self.velocity = ZERO;
        self.acceleration = ZERO;
        self.goal = None;
        if self.stance != Stance::Flying {
            self.stance = Stance::Grounded;
            if place.z < floor + ARRIVAL_DROP {
                self.position.z = floor;
            }
        }
    }

    /// Turns the avatar to look along `look_at`, until its client says otherwise.
    pub fn face(&mut self, look_at: Vector3) {
        self.rotation = yaw_towards(sane_look_at(look_at));
        self.body_rotation = self.rotation;
    }

    /// Takes the wishes of one `AgentUpdate`; `sequence` is its packet's 24-bit number. Gives
    /// false, and changes nothing, for one that is older than the last.
    pub fn take_update(&mut self, sequence: u32, update: &AgentUpdateAgentData) -> bool {
        let sequence = sequence & SEQUENCE_MASK;
        if let Some(last) = self.last_sequence {
            let ahead = sequence.wrapping_sub(last) & SEQUENCE_MASK;
            if ahead == 0 || ahead > SEQUENCE_MASK / 2 {
                return false;
            }
        }
        self.last_sequence = Some(sequence);
        self.wanted = ControlFlags::from_bits_truncate(update.control_flags);
        self.tapped |= self.wanted;
        if self.wanted.intersects(ENDS_WALK) {
            self.goal = None;
        }
        self.body_rotation = sane_rotation(update.body_rotation);
        if self.stance == Stance::SittingOnGround {
            if self.wanted.contains(ControlFlags::STAND_UP) {
                self.stance = Stance::Grounded;
            }
        } else if self.wanted.contains(ControlFlags::SIT_ON_GROUND) {
            self.stance = Stance::SittingOnGround;
            self.tapped = ControlFlags::empty();
        }
        true
    }

    /// Moves on by `elapsed`, in small steps; a stall of the server counts for a second at most.
    pub fn step(&mut self, now: Timestamp, elapsed: Duration, around: Surroundings<'_>) {
        let mut left = elapsed.as_secs_f32().min(MAX_STALL);
        while left > 0.0 {
            let part = left.min(MAX_STEP);
            self.small_step(now, part, around);
            left -= part;
        }
        self.tapped = ControlFlags::empty();
    }

    /// Lets the avatar walk to a place, until its client steers it.
    pub fn walk_to(&mut self, goal: Vector3) {
        let goal = super::math::sane_vector(goal, MAX_ALTITUDE);
        self.goal = (!self.is_sitting()).then(|| vector(inside(goal.x), inside(goal.y), goal.z));
    }

    /// Flags that count now: held, or tapped since the last step, or what leads to the goal.
    pub fn flags(&self) -> ControlFlags {
        let walks = match self.goal {
            Some(_) => ControlFlags::AT_POS | ControlFlags::FAST_AT,
            None => ControlFlags::empty(),
        };
        self.wanted | self.tapped | walks
    }

    /// Turns to the goal, or ends the walk if one more step would pass it.
    fn head_for_goal(&mut self, dt: f32, speeds: &Speeds) {
        let Some(goal) = self.goal else { return };
        let (x, y) = (goal.x - self.position.x, goal.y - self.position.y);
        let step = self.speed(self.flags(), ZERO, speeds) * dt;
        if x.hypot(y) <= step.max(ARRIVED) {
            self.goal = None;
        } else {
            self.body_rotation = yaw_towards(sane_look_at(vector(x, y, 0.0)));
        }
    }

    /// Seated, be it on the ground.
    pub fn is_sitting(&self) -> bool {
        self.stance == Stance::SittingOnGround
    }

    /// In the air by own power.
    pub fn is_flying(&self) -> bool {
        self.stance == Stance::Flying
    }

    fn small_step(&mut self, now: Timestamp, dt: f32, around: Surroundings<'_>) {
        self.head_for_goal(dt, around.speeds);
        let flags = self.flags();
        let floor = around.ground.at(self.position.x, self.position.y) + self.half_height;
        if self.stance == Stance::SittingOnGround {
            self.velocity = ZERO;
            self.acceleration = ZERO;
            self.position.z = floor;
            return;
        }
        self.change_stance(now, flags, floor, around.no_fly);
        let flying = self.stance == Stance::Flying;
        self.rotation = if flying { self.body_rotation } else { yaw_only(self.body_rotation) };
        let direction = self.direction(flags, flying);
        let wish = scaled(direction, self.speed(flags, direction, around.speeds));

        let fall = if flying { wish.z } else { self.velocity.z };
        let start = vector(wish.x, wish.y, fall);
        if let Stance::Airborne { .. } = self.stance {
            let landing_speed = (start.z - GRAVITY * dt).max(-TERMINAL_SPEED);
            self.acceleration = vector(0.0, 0.0, -GRAVITY);
            self.position = add_scaled(
                self.position,
                vector(start.x, start.y, f32::midpoint(start.z, landing_speed)),
                dt,
            );
            self.velocity = vector(start.x, start.y, landing_speed);
        } else {
            self.acceleration = ZERO;
            self.velocity = if flying { start } else { vector(start.x, start.y, 0.0) };
            self.position = add_scaled(self.position, self.velocity, dt);
        }
        self.keep_inside();
        self.meet_ground(now, around.ground);
    }

    fn change_stance(&mut self, now: Timestamp, flags: ControlFlags, floor: f32, no_fly: bool) {
        if flags.contains(ControlFlags::FLY) && !no_fly {
            self.stance = Stance::Flying;
            return;
        }
        match self.stance {
            Stance::Flying => {
                self.velocity.z = 0.0;
                self.stance = Stance::Airborne { since: now, jumped: false };
            }
            Stance::Grounded | Stance::Landing { .. } => {
                if self.position.z > floor + STEP_DOWN {
                    self.velocity.z = 0.0;
                    self.stance = Stance::Airborne { since: now, jumped: false };
                } else if flags.intersects(ControlFlags::UP_POS) {
                    self.stance = Stance::PreJump { until: now + PRE_JUMP };
                } else if let Stance::Landing { until, .. } = self.stance
                    && (now >= until || flags.intersects(MOVING))
                {
                    self.stance = Stance::Grounded;
                }
            }
            Stance::PreJump { until } if now >= until => {
                self.velocity.z = JUMP_SPEED;
                self.stance = Stance::Airborne { since: now, jumped: true };
            }
            Stance::PreJump { .. } | Stance::Airborne { .. } | Stance::SittingOnGround => {}
        }
    }

    /// Unit vector, or null, in region axes.
    fn direction(&self, flags: ControlFlags, flying: bool) -> Vector3 {
        let axis = |positive: ControlFlags, negative: ControlFlags| {
            f32::from(i8::from(flags.intersects(positive)) - i8::from(flags.intersects(negative)))
        };
        let at = axis(
            ControlFlags::AT_POS | ControlFlags::NUDGE_AT_POS,
            ControlFlags::AT_NEG | ControlFlags::NUDGE_AT_NEG,
        );
        let left = axis(
            ControlFlags::LEFT_POS | ControlFlags::NUDGE_LEFT_POS,
            ControlFlags::LEFT_NEG | ControlFlags::NUDGE_LEFT_NEG,
        );
        let up = axis(
            ControlFlags::UP_POS | ControlFlags::NUDGE_UP_POS,
            ControlFlags::UP_NEG | ControlFlags::NUDGE_UP_NEG,
        );
        let up = if flying { up } else { 0.0 };
        normalized(rotated(vector(at, left, up), self.rotation))
    }

    fn speed(&self, flags: ControlFlags, direction: Vector3, speeds: &Speeds) -> f32 {
        let fast = flags.intersects(ControlFlags::FAST_AT | ControlFlags::FAST_UP);
        if flags.contains(ControlFlags::STOP) {
            speeds.stop
        } else if self.stance == Stance::Flying {
            if direction.z < -0.99 {
                speeds.fly_down
            } else if fast || self.always_run {
                speeds.fly
            } else {
                speeds.fly_slow
            }
        } else if flags.contains(ControlFlags::UP_NEG) {
            speeds.crouch
        } else if self.always_run {
            speeds.run
        } else if fast {
            speeds.walk
        } else {
            speeds.walk_slow
        }
    }

    fn keep_inside(&mut self) {
        for (place, speed) in [
            (&mut self.position.x, &mut self.velocity.x),
            (&mut self.position.y, &mut self.velocity.y),
        ] {
            if !(BORDER..=REGION_SIZE - BORDER).contains(place) {
                *place = inside(*place);
                *speed = 0.0;
            }
        }
        if self.position.z > MAX_ALTITUDE {
            self.position.z = MAX_ALTITUDE;
            self.velocity.z = self.velocity.z.min(0.0);
        }
    }

    fn meet_ground(&mut self, now: Timestamp, ground: &Heightmap) {
        let floor = ground.at(self.position.x, self.position.y) + self.half_height;
        match self.stance {
            Stance::Airborne { .. } if self.position.z <= floor => {
                let hard = self.velocity.z < -HARD_LANDING;
                let pause = if hard { HARD_LANDING_PAUSE } else { LANDING_PAUSE };
                self.stance = Stance::Landing { until: now + pause, hard };
                self.position.z = floor;
                self.velocity.z = 0.0;
                self.acceleration = ZERO;
            }
            // Down a slope the avatar stays on the ground, over an edge it falls.
            Stance::Grounded | Stance::PreJump { .. } | Stance::Landing { .. }
                if self.position.z <= floor + STEP_DOWN =>
            {
                self.position.z = floor;
            }
            _ if self.position.z < floor => {
                self.position.z = floor;
                self.velocity.z = self.velocity.z.max(0.0);
            }
            _ => {}
        }
    }
}

fn inside(place: f32) -> f32 {
    place.clamp(BORDER, REGION_SIZE - BORDER)
}

/// Flags that move the avatar.
pub const MOVING: ControlFlags = ControlFlags::AT_POS
    .union(ControlFlags::AT_NEG)
    .union(ControlFlags::LEFT_POS)
    .union(ControlFlags::LEFT_NEG)
    .union(ControlFlags::NUDGE_AT_POS)
    .union(ControlFlags::NUDGE_AT_NEG)
    .union(ControlFlags::NUDGE_LEFT_POS)
    .union(ControlFlags::NUDGE_LEFT_NEG);

/// Flags that end a walk to a goal.
const ENDS_WALK: ControlFlags = MOVING
    .union(ControlFlags::UP_POS)
    .union(ControlFlags::UP_NEG)
    .union(ControlFlags::SIT_ON_GROUND);

const SEQUENCE_MASK: u32 = 0x00FF_FFFF;
/// Metres from its goal at which a walk ends.
const ARRIVED: f32 = 0.3;
/// Nearest that an avatar's middle comes to the border, metres.
const BORDER: f32 = 0.1;
/// Highest place, metres.
const MAX_ALTITUDE: f32 = 4096.0;
/// A longer step is done in parts of this many seconds.
const MAX_STEP: f32 = 0.1;
/// Seconds that one step may make up for.
const MAX_STALL: f32 = 1.0;
/// Metres that the ground may drop away in one step before the avatar falls.
const STEP_DOWN: f32 = 0.6;
/// Metres above the ground from which an arriving avatar is put on it instead of falling.
const ARRIVAL_DROP: f32 = 5.0;
/// m/s².
const GRAVITY: f32 = 9.8;
/// Fastest fall, m/s.
const TERMINAL_SPEED: f32 = 54.0;
/// Upward speed of a jump: 1.8 m high, 1.2 s long.
const JUMP_SPEED: f32 = 6.0;
/// Time between the key and leaving the ground.
const PRE_JUMP: Duration = Duration::from_millis(200);
/// A fall faster than this many m/s ends in a hard landing.
const HARD_LANDING: f32 = 12.0;
const LANDING_PAUSE: Duration = Duration::from_millis(500);
const HARD_LANDING_PAUSE: Duration = Duration::from_millis(1200);

#[cfg(test)]
mod tests;
