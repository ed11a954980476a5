//! The animations of an avatar: one that fits its movement, and those its client started.
//!
//! This module knows ids and sets; the module `interest` decides who is notified of a change, and
//! when.

use uuid::{Uuid, uuid};

use super::math::length_squared;
use super::movement::{ControlFlags, MOVING, Motion, Stance};
use crate::ids::AgentId;
use crate::message::{AvatarAnimation, AvatarAnimationAnimationList, AvatarAnimationSender};

/// The animations of one avatar. `AvatarAnimation` always carries the whole set.
#[derive(Clone, Debug)]
pub struct Animations {
    base: Playing,
    requested: Vec<Playing>,
    last_sequence: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Playing {
    id: Uuid,
    sequence: i32,
}

impl Animations {
    /// An avatar that stands.
    pub fn new() -> Self {
        Self {
            base: Playing { id: builtin::STAND, sequence: 1 },
            requested: Vec::new(),
            last_sequence: 1,
        }
    }

    /// Makes `id` the animation of the movement; true if that is a change.
    pub fn set_base(&mut self, id: Uuid) -> bool {
        if self.base.id == id {
            return false;
        }
        let sequence = self.next_sequence();
        self.base = Playing { id, sequence };
        true
    }

    /// Starts (true) or stops animations; gives whether anything changed, and how many starts
    /// were refused because the set is full.
    pub fn request(&mut self, changes: &[(Uuid, bool)]) -> (bool, u64) {
        let (mut changed, mut refused) = (false, 0);
        for &(id, start) in changes {
            let place = self.requested.iter().position(|playing| playing.id == id);
            match (start, place) {
                (true, _) if id.is_nil() => {}
                // A start of what already plays begins it anew.
                (true, Some(place)) => {
                    self.requested.remove(place);
                    let sequence = self.next_sequence();
                    self.requested.push(Playing { id, sequence });
                    changed = true;
                }
                (true, None) if self.requested.len() >= MAX_REQUESTED => refused += 1,
                (true, None) => {
                    let sequence = self.next_sequence();
                    self.requested.push(Playing { id, sequence });
                    changed = true;
                }
                (false, Some(place)) => {
                    self.requested.remove(place);
                    changed = true;
                }
                (false, None) => {}
            }
        }
        (changed, refused)
    }

    /// The message that tells the whole set.
    pub fn message(&self, agent: AgentId) -> AvatarAnimation {
        let list = std::iter::once(&self.base).chain(&self.requested).map(|playing| {
            AvatarAnimationAnimationList { anim_id: playing.id, anim_sequence_id: playing.sequence }
        });
        AvatarAnimation {
            sender: AvatarAnimationSender { id: agent.0 },
            animation_list: list.collect(),
            ..AvatarAnimation::default()
        }
    }

    fn next_sequence(&mut self) -> i32 {
        self.last_sequence = self.last_sequence.checked_add(1).unwrap_or(1);
        self.last_sequence
    }
}

impl Default for Animations {
    fn default() -> Self {
        Self::new()
    }
}

/// The built-in animation that fits a movement.
pub fn fitting(motion: &Motion) -> Uuid {
    let flags = motion.flags();
    let horizontal = length_squared(crate::message::Vector3 { z: 0.0, ..motion.velocity });
    match motion.stance {
        Stance::SittingOnGround => builtin::SIT_ON_GROUND,
        Stance::PreJump { .. } => builtin::PRE_JUMP,
        Stance::Airborne { jumped: true, .. } if motion.velocity.z > 0.0 => builtin::JUMP,
        Stance::Airborne { .. } => builtin::FALL_DOWN,
        Stance::Landing { hard: true, .. } => builtin::MEDIUM_LAND,
        Stance::Landing { hard: false, .. } => builtin::LAND,
        Stance::Flying if horizontal > FLY_FAST * FLY_FAST => builtin::FLY,
        Stance::Flying if horizontal > STILL => builtin::FLY_SLOW,
        Stance::Flying if motion.velocity.z > 0.1 => builtin::HOVER_UP,
        Stance::Flying if motion.velocity.z < -0.1 => builtin::HOVER_DOWN,
        Stance::Flying => builtin::HOVER,
        Stance::Grounded => {
            let moving = flags.intersects(MOVING) && horizontal > STILL;
            match (flags.contains(ControlFlags::UP_NEG), moving) {
                (true, true) => builtin::CROUCH_WALK,
                (true, false) => builtin::CROUCH,
                (false, true) if motion.always_run => builtin::RUN,
                (false, true) => builtin::WALK,
                (false, false) if flags.contains(ControlFlags::TURN_LEFT) => builtin::TURN_LEFT,
                (false, false) if flags.contains(ControlFlags::TURN_RIGHT) => builtin::TURN_RIGHT,
                (false, false) => builtin::STAND,
            }
        }
    }
}

/// Ids of animations that every viewer carries with it.
#[expect(missing_docs, reason = "the names say all")]
pub mod builtin {
    use super::{Uuid, uuid};

    pub const STAND: Uuid = uuid!("2408fe9e-df1d-1d7d-f4ff-1384fa7b350f");
    pub const WALK: Uuid = uuid!("6ed24bd8-91aa-4b12-ccc7-c97c857ab4e0");
    pub const RUN: Uuid = uuid!("05ddbff8-aaa9-92a1-2b74-8fe77a29b445");
    pub const TURN_LEFT: Uuid = uuid!("56e0ba0d-4a9f-7f27-6117-32f2ebbf6135");
    pub const TURN_RIGHT: Uuid = uuid!("2d6daa51-3192-6794-8e2e-a15f8338ec30");
    pub const CROUCH: Uuid = uuid!("201f3fdf-cb1f-dbec-201f-7333e328ae7c");
    pub const CROUCH_WALK: Uuid = uuid!("47f5f6fb-22e5-ae44-f871-73aaaf4a6022");
    pub const PRE_JUMP: Uuid = uuid!("7a4e87fe-de39-6fcb-6223-024b00893244");
    pub const JUMP: Uuid = uuid!("2305bd75-1ca9-b03b-1faa-b176b8a8c49e");
    pub const FLY: Uuid = uuid!("aec4610c-757f-bc4e-c092-c6e9caf18daf");
    pub const FLY_SLOW: Uuid = uuid!("2b5a38b2-5e00-3a97-a495-4c826bc443e6");
    pub const HOVER: Uuid = uuid!("4ae8016b-31b9-03bb-c401-b1ea941db41d");
    pub const HOVER_UP: Uuid = uuid!("62c5de58-cb33-5743-3d07-9e4cd4352864");
    pub const HOVER_DOWN: Uuid = uuid!("20f063ea-8306-2562-0b07-5c853b37b31e");
    pub const FALL_DOWN: Uuid = uuid!("666307d9-a860-572d-6fd4-c3ab8865c094");
    pub const LAND: Uuid = uuid!("7a17b059-12b2-41b1-570a-186368b6aa6f");
    pub const MEDIUM_LAND: Uuid = uuid!("f4f00d6e-b9fe-9292-f4cb-0ae06ea58d57");
    pub const SIT_ON_GROUND: Uuid = uuid!("1a2bd58e-87ff-0df8-0b4c-53e047b0bb6e");
}

/// Animations that a client may have playing besides that of the movement.
const MAX_REQUESTED: usize = 32;
/// Square of the speed below which an avatar stands still.
const STILL: f32 = 0.01;
/// m/s from which on flying looks fast.
const FLY_FAST: f32 = 12.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_bounded_and_the_movement_stays_first() {
        let mut animations = Animations::new();
        let many: Vec<_> = (1..=100).map(|n| (Uuid::from_u128(n), true)).collect();
        assert_eq!(animations.request(&many), (true, 100 - MAX_REQUESTED as u64));
        let message = animations.message(AgentId::NIL);
        assert_eq!(message.animation_list.len(), 1 + MAX_REQUESTED);
        assert_eq!(message.animation_list[0].anim_id, builtin::STAND);
        let stops: Vec<_> = many.iter().map(|&(id, _)| (id, false)).collect();
        assert_eq!(animations.request(&stops), (true, 0));
        assert_eq!(animations.request(&stops), (false, 0));
        assert_eq!(animations.request(&[(Uuid::nil(), true)]), (false, 0));
    }

    #[test]
    fn a_second_start_gets_a_new_sequence() {
        let mut animations = Animations::new();
        let id = Uuid::from_u128(9);
        animations.request(&[(id, true)]);
        let first = animations.message(AgentId::NIL).animation_list[1].anim_sequence_id;
        animations.request(&[(id, true)]);
        let list = animations.message(AgentId::NIL).animation_list;
        assert_eq!(list.len(), 2);
        assert!(list[1].anim_sequence_id > first);
        assert!(animations.set_base(builtin::WALK));
        assert!(!animations.set_base(builtin::WALK));
    }
}
