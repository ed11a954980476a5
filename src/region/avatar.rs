//! One avatar: its identity, its movement, and the state that others were last sent.
//!
//! It keeps the encoded forms that all viewers share, so that each is encoded once per change. It
//! does not know its viewers.

use std::sync::Arc;
use std::time::Duration;

use super::animation::{Animations, fitting};
use super::appearance::Appearance;
use super::avatar_wire::{Identity, TerseEntry, full_update, terse_entry};
use super::command::Arrival;
use super::math::{ZERO, distance_squared, sane_look_at, yaw_towards};
use super::movement::Motion;
use super::terrain::Heightmap;
use super::whereabouts::Whereabouts;
use crate::circuit::{Category, LatestState, Outgoing};
use crate::ids::{AgentId, LocalId, RegionHandle, SessionId};
use crate::message::{self, Message, Quaternion, Vector3};
use crate::outbox::{CopyBudget, Outbox};
use crate::time::Timestamp;

/// The state of an avatar that others were told last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// Region-local metres.
    pub position: Vector3,
    /// Metres per second.
    pub velocity: Vector3,
    /// Metres per second squared.
    pub acceleration: Vector3,
    /// Of the body.
    pub rotation: Quaternion,
    /// When the motion was shown, on the clock of the region.
    pub at: Timestamp,
}

impl Shown {
    fn of(motion: &Motion, now: Timestamp) -> Self {
        Self {
            position: motion.position,
            velocity: motion.velocity,
            acceleration: motion.acceleration,
            rotation: motion.rotation,
            at: now,
        }
    }

    /// Whether it stays like this until something new happens.
    pub fn is_resting(&self) -> bool {
        self.velocity == ZERO && self.acceleration == ZERO
    }
}

/// One avatar.
#[derive(Debug)]
pub struct Avatar {
    /// The agent.
    pub agent: AgentId,
    /// Its session.
    pub session: SessionId,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Title of the active group; may be empty.
    pub title: String,
    /// Number in the region.
    pub local_id: LocalId,
    /// The way to the client.
    pub outbox: Outbox,
    /// When it entered.
    pub entered: Timestamp,
    /// Where it is and what it wants.
    pub motion: Motion,
    /// What it plays.
    pub animations: Animations,
    /// What it looks like.
    pub appearance: Appearance,
    /// What it may still say.
    pub chat_budget: CopyBudget,
    /// Copies of effects and sounds that its client caused lately.
    pub relay_budget: CopyBudget,
    shown: Shown,
    whereabouts: Arc<Whereabouts>,
    full: Option<Outgoing>,
    looks: Option<Outgoing>,
    plays: Option<Outgoing>,
}

impl Avatar {
    /// An avatar that just arrives.
    pub fn new(arrival: Arrival, local_id: LocalId, ground: &Heightmap, now: Timestamp) -> Self {
        let look_at = sane_look_at(arrival.look_at);
        let appearance = Appearance::new();
        let height = appearance.size().z;
        let motion = Motion::new(arrival.position, yaw_towards(look_at), height, ground);
        arrival.whereabouts.set(motion.position);
        let shown = Shown::of(&motion, now);
        Self {
            agent: arrival.agent,
            session: arrival.session,
            first: arrival.first,
            last: arrival.last,
            title: String::new(),
            local_id,
            outbox: arrival.outbox,
            entered: now,
            motion,
            animations: Animations::new(),
            appearance,
            chat_budget: CopyBudget::default(),
            relay_budget: CopyBudget::default(),
            shown,
            whereabouts: arrival.whereabouts,
            full: None,
            looks: None,
            plays: None,
        }
    }

    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    /// What others were told last.
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// After movement: whether others must be told of a new state, which then is [`Self::shown`].
    /// `interval` is the least time between two updates of steady movement.
    pub fn publish(&mut self, now: Timestamp, interval: Duration) -> bool {
        let fresh = Shown::of(&self.motion, now);
        self.whereabouts.set(fresh.position);
        if !differs(&self.shown, &fresh, interval) {
            return false;
        }
        self.shown = fresh;
        self.full = None;
        true
    }

    /// After movement: whether the animation that fits it changed.
    pub fn animate(&mut self) -> bool {
        let changed = self.animations.set_base(fitting(&self.motion));
        if changed {
            self.plays = None;
        }
        changed
    }

    /// Forgets the encoded `ObjectUpdate`: name, title or size changed.
    pub fn identity_changed(&mut self) {
        self.full = None;
    }

    /// Forgets the encoded `AvatarAnimation`.
    pub fn animations_changed(&mut self) {
        self.plays = None;
    }

    /// Forgets the encoded `AvatarAppearance`; the size may have changed, too.
    pub fn appearance_changed(&mut self) {
        self.looks = None;
        self.full = None;
        self.motion.half_height = self.appearance.size().z / 2.0;
    }

    /// The terse form of what is [shown](Self::shown).
    pub fn terse(&self) -> TerseEntry {
        terse_entry(self.local_id, &self.shown)
    }

    /// `ObjectUpdate`, encoded once until it changes; `None` if it cannot be encoded.
    pub fn full(&mut self, handle: RegionHandle) -> Option<Outgoing> {
        if self.full.is_none() {
            let who = Identity {
                agent: self.agent,
                local_id: self.local_id,
                first: &self.first,
                last: &self.last,
                title: &self.title,
                size: self.appearance.size(),
            };
            self.full = task(&full_update(handle, who, &self.shown));
        }
        self.full.clone()
    }

    /// `AvatarAppearance`, encoded once until it changes; `None` if it cannot be encoded.
    pub fn looks(&mut self) -> Option<Outgoing> {
        if self.looks.is_none() {
            self.looks = task(&self.appearance.message(self.agent));
        }
        self.looks.clone()
    }

    /// `AvatarAnimation`, encoded once until it changes; `None` if it cannot be encoded.
    pub fn plays(&mut self) -> Option<Outgoing> {
        if self.plays.is_none() {
            self.plays = task(&self.animations.message(self.agent))
                .map(|outgoing| outgoing.superseding(LatestState::Animations, self.agent.0));
        }
        self.plays.clone()
    }
}

/// A reliable message in the category of objects and avatars.
fn task<M: Message>(message: &M) -> Option<Outgoing> {
    match message::encode(message) {
        Ok(message) => Some(Outgoing::reliable(message, Category::Task)),
        Err(error) => {
            tracing::error!(message = M::NAME, %error, "message cannot be encoded");
            None
        }
    }
}

/// Clients carry a motion on by velocity, so steady movement needs few updates; but some do not,
/// so it needs some, and the resting place must be exact.
fn differs(shown: &Shown, fresh: &Shown, interval: Duration) -> bool {
    let turned = {
        let (a, b) = (shown.rotation, fresh.rotation);
        [(a.x, b.x), (a.y, b.y), (a.z, b.z), (a.w, b.w)]
            .iter()
            .any(|(a, b)| (a - b).abs() > ROTATION_STEP)
    };
    let v = distance_squared(shown.velocity, fresh.velocity) > VELOCITY_STEP * VELOCITY_STEP;
    if turned || v || shown.is_resting() != fresh.is_resting() {
        return true;
    }
    if fresh.is_resting() {
        return shown.position != fresh.position;
    }
    let moved = distance_squared(shown.position, fresh.position);
    moved > POSITION_STEP * POSITION_STEP
        && (moved > POSITION_LEAP * POSITION_LEAP || fresh.at.since(shown.at) >= interval)
}

/// Part of a quaternion.
const ROTATION_STEP: f32 = 0.01;
/// m/s.
const VELOCITY_STEP: f32 = 0.1;
/// Metres.
const POSITION_STEP: f32 = 0.05;
/// Metres that are told at once, whatever the interval.
const POSITION_LEAP: f32 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::math::{IDENTITY, vector};

    fn at(x: f32, speed: f32, millis: u64) -> Shown {
        Shown {
            position: vector(x, 0.0, 0.0),
            velocity: vector(speed, 0.0, 0.0),
            acceleration: ZERO,
            rotation: IDENTITY,
            at: Timestamp::from_millis(millis),
        }
    }

    #[test]
    fn steady_movement_is_told_at_intervals_and_changes_at_once() {
        let interval = Duration::from_millis(200);
        assert!(differs(&at(0.0, 0.0, 0), &at(0.3, 3.2, 90), interval), "start");
        assert!(!differs(&at(0.3, 3.2, 90), &at(0.6, 3.2, 180), interval), "too soon");
        assert!(differs(&at(0.3, 3.2, 90), &at(0.9, 3.2, 290), interval));
        assert!(differs(&at(0.0, 16.0, 0), &at(6.0, 16.0, 90), interval), "far");
        assert!(differs(&at(0.9, 3.2, 290), &at(0.91, 0.0, 291), interval), "stop");
        assert!(differs(&at(0.9, 0.0, 290), &at(0.91, 0.0, 291), interval), "exact at rest");
        assert!(!differs(&at(0.9, 0.0, 290), &at(0.9, 0.0, 9000), interval));
        assert!(!differs(&at(0.9, 3.2, 290), &at(0.91, 3.2, 9000), interval), "pressed to a wall");
    }
}
