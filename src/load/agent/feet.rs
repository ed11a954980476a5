//! Walking to random places, steered by the position that the server reports.

use std::f32::consts::TAU;
use std::time::Duration;

use crate::message::{Quaternion, Vector3};
use crate::time::Timestamp;

/// `ControlFlags` of walking forward: `AT_POS` and `FAST_AT`.
pub(super) const FORWARD: u32 = 0x401;

/// An agent's walk within a circle around the region's middle.
#[derive(Debug)]
pub(super) struct Feet {
    radius: f32,
    rng: fastrand::Rng,
    target: (f32, f32),
    chosen: Timestamp,
    next: Timestamp,
    phase: Duration,
    facing: Quaternion,
}

impl Feet {
    /// Feet of agent `number`; its steps are not at the same moments as those of others.
    pub fn new(radius: f32, mut rng: fastrand::Rng, number: usize) -> Self {
        Self {
            target: Self::somewhere(radius, &mut rng),
            radius,
            rng,
            chosen: Timestamp::ZERO,
            next: Timestamp::ZERO,
            phase: Duration::from_millis(number as u64 * 7 % 100),
            facing: Quaternion::IDENTITY,
        }
    }

    /// A random place in the circle, each spot as likely as the other.
    pub fn somewhere(radius: f32, rng: &mut fastrand::Rng) -> (f32, f32) {
        let (distance, angle) = (radius * rng.f32().sqrt(), TAU * rng.f32());
        (MIDDLE + distance * angle.cos(), MIDDLE + distance * angle.sin())
    }

    /// Where to face now, if an `AgentUpdate` is due.
    pub fn step(&mut self, now: Timestamp, place: Vector3) -> Option<Quaternion> {
        if now < self.next {
            return None;
        }
        if self.next == Timestamp::ZERO {
            self.chosen = now;
            self.next = now + self.phase;
        }
        // After a stall the rhythm starts anew instead of catching up.
        self.next = if now.since(self.next) < INTERVAL { self.next } else { now } + INTERVAL;
        let (dx, dy) = (self.target.0 - place.x, self.target.1 - place.y);
        if dx.hypot(dy) < NEAR || now.since(self.chosen) > PATIENCE {
            self.target = Self::somewhere(self.radius, &mut self.rng);
            self.chosen = now;
        }
        self.facing = towards(place, self.target);
        Some(self.facing)
    }

    /// When the next `AgentUpdate` is due.
    pub fn next_due(&self) -> Timestamp {
        self.next
    }

    /// Where it faces.
    pub fn facing(&self) -> Quaternion {
        self.facing
    }
}

/// The rotation about the vertical axis that looks from `place` to `target`.
fn towards(place: Vector3, target: (f32, f32)) -> Quaternion {
    let half = (target.1 - place.y).atan2(target.0 - place.x) / 2.0;
    Quaternion { x: 0.0, y: 0.0, z: half.sin(), w: half.cos() }
}

/// Metres.
const MIDDLE: f32 = 128.0;
/// Metres from a target at which it counts as reached: half a second's walk.
const NEAR: f32 = 1.5;
/// A target that is not reached by then is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two `AgentUpdate`s.
const INTERVAL: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn feet() -> Feet {
        Feet::new(40.0, fastrand::Rng::with_seed(1), 0)
    }

    #[test]
    fn places_lie_in_the_circle() {
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..1000 {
            let (x, y) = Feet::somewhere(49.0, &mut rng);
            assert!((x - 128.0).hypot(y - 128.0) <= 49.001, "{x} {y}");
        }
    }

    #[test]
    fn updates_come_ten_times_a_second() {
        let mut feet = feet();
        let mut count = 0;
        for milliseconds in 1000..2000 {
            let now = Timestamp::from_millis(milliseconds);
            count += u32::from(feet.step(now, Vector3::new(128.0, 128.0, 22.0)).is_some());
        }
        assert_eq!(count, 10);
        let late = Timestamp::from_millis(60_000);
        assert!(feet.step(late, Vector3::default()).is_some());
        assert!(feet.step(late, Vector3::default()).is_none(), "no catching up");
    }

    #[test]
    fn steering_leads_to_one_target_after_the_other() {
        let mut feet = feet();
        let mut place = Vector3::new(128.0, 128.0, 22.0);
        let mut targets = vec![feet.target];
        for tick in 0..3000 {
            let now = Timestamp::from_millis(1000 + tick * 100);
            let facing = feet.step(now, place).expect("an update is due");
            let yaw = 2.0 * facing.z.atan2(facing.w);
            place.x += 0.315 * yaw.cos();
            place.y += 0.315 * yaw.sin();
            if targets.last() != Some(&feet.target) {
                let (x, y) = targets[targets.len() - 1];
                assert!((x - place.x).hypot(y - place.y) < 2.0, "reached before the next");
                targets.push(feet.target);
            }
            assert!((place.x - 128.0).hypot(place.y - 128.0) < 42.0);
        }
        assert!(targets.len() > 10, "{}", targets.len());
    }
}
