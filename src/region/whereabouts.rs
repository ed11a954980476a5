//! The position of an agent, readable from outside the region's task.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::message::Vector3;

/// The place of one avatar, written by its region and read by sessions and services (instant
/// messages carry it, logout keeps it). A reader may see the parts of two neighbouring places.
#[derive(Debug, Default)]
pub struct Whereabouts {
    parts: [AtomicU32; 3],
}

impl Whereabouts {
    /// At `position`, region-local metres.
    pub fn new(position: Vector3) -> Self {
        let whereabouts = Self::default();
        whereabouts.set(position);
        whereabouts
    }

    /// Moves it.
    pub fn set(&self, position: Vector3) {
        for (part, value) in self.parts.iter().zip([position.x, position.y, position.z]) {
            part.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// The last known place, region-local metres.
    pub fn position(&self) -> Vector3 {
        let [x, y, z] = &self.parts;
        let read = |part: &AtomicU32| f32::from_bits(part.load(Ordering::Relaxed));
        Vector3 { x: read(x), y: read(y), z: read(z) }
    }
}
