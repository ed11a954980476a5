//! Selects the movements that a client is sent in a turn, if not all fit: first avatars that came
//! to rest, then its closest neighbours, then the others, less often the farther away they are.

use super::math::{distance_squared, vector};
use crate::message::Vector3;

/// Avatars that moved, as keys that sort by urgency: the urgency above, the slot below.
#[derive(Debug, Default)]
pub struct Motions(Vec<u64>);

impl Motions {
    /// For the next client.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds the avatar at `slot`.
    pub fn push(&mut self, urgency: Urgency, slot: usize) {
        self.0.push(u64::from(urgency.0) << 32 | (slot as u64 & SLOT_BITS));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The slots of the `most` urgent, most urgent first.
    pub fn take_first(&mut self, most: usize) -> impl Iterator<Item = usize> {
        take_first(&mut self.0, most);
        self.0.iter().map(|key| (key & SLOT_BITS) as usize)
    }
}

/// An avatar's place in line; the lowest is told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency(u32);

impl Urgency {
    /// Of one that rests, nearest first. It goes before all others, because after it comes none
    /// that would mend it.
    pub fn of_resting(square: f32) -> Self {
        Self(square.sqrt() as u32)
    }

    /// Of one that moves, `changes` times since the client was told.
    ///
    /// It is the distance over the number of changes: so whoever is twice as far is told half as
    /// often, whatever there is room for, and nobody waits for ever.
    pub fn of_moving(square: f32, changes: u32, close: bool) -> Self {
        let changes = changes.max(1) as f32;
        // The square of that, which sorts alike. Positive numbers sort by their bits.
        let order = (square.max(LEAST_SQUARE) / (changes * changes)).to_bits();
        Self(if close { FIRST_CLOSE } else { FIRST_MOVING } + (order >> 2))
    }
}

/// Where a client was told that an avatar is, in metres.
///
/// Who has walked away but was not told of since still stands next to the client's avatar there:
/// that counts as close, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    x: u8,
    y: u8,
    z: u16,
}

impl Spot {
    /// Of a region-local place.
    pub fn of(place: Vector3) -> Self {
        Self { x: place.x as u8, y: place.y as u8, z: place.z as u16 }
    }

    /// The square of the distance to a region-local place, within a metre.
    pub fn distance_squared(self, place: Vector3) -> f32 {
        let middle = |whole: f32| whole + 0.5;
        distance_squared(
            place,
            vector(middle(f32::from(self.x)), middle(f32::from(self.y)), middle(f32::from(self.z))),
        )
    }
}

/// The square of the radius within which a client is sent every movement. It follows the crowd,
/// so that some [`CLOSEST`] who move are inside, fewer where there is room for few.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Close(f32);

impl Default for Close {
    fn default() -> Self {
        Self(WIDEST)
    }
}

impl Close {
    /// Whether an avatar at that distance squared is close.
    pub fn holds(self, square: f32) -> bool {
        square < self.0
    }

    /// Of `waiting` avatars, of whom `close` were close, there was room for `sent`. If that is not
    /// all, half of them at most shall be close, so that the others have their turns. For the same
    /// reason nobody is close in every other turn in a crowd on one spot.
    pub fn settle(&mut self, close: usize, sent: usize, waiting: usize) {
        if sent == 0 {
            return;
        }
        let wanted = if sent < waiting { CLOSEST.min(sent / 2) } else { CLOSEST };
        let change = (wanted as f32 / close.max(1) as f32).clamp(0.5, 1.25);
        let settled = self.0.max(LEAST_SQUARE) * change;
        self.0 = if settled < LEAST_SQUARE { 0.0 } else { settled.min(WIDEST) };
    }
}

/// Keeps the first `most` entries of `list`, sorted.
pub fn take_first<T: Ord>(list: &mut Vec<T>, most: usize) {
    if list.len() > most {
        list.select_nth_unstable(most);
        list.truncate(most);
    }
    list.sort_unstable();
}

/// Far avatars are sent in every second or fourth turn only; not all in the same one.
pub fn is_due(phase: usize, square: f32) -> bool {
    let every = match square as u32 {
        0..NEAR => 1,
        NEAR..FAR => 2,
        _ => 4,
    };
    phase.is_multiple_of(every)
}

const SLOT_BITS: u64 = u32::MAX as u64;
/// Above the diagonal of a region in metres, as is what lies above.
const FIRST_CLOSE: u32 = 1 << 29;
/// Above all that are close: the bits of a positive number are below 2³¹, and a quarter is taken.
const FIRST_MOVING: u32 = 1 << 30;
/// Who is nearer than a metre counts as a metre away.
const LEAST_SQUARE: f32 = 1.0;
/// Neighbours whose movements are sent in every turn.
const CLOSEST: usize = 24;
/// Square metres.
const WIDEST: f32 = NEAR as f32;
/// Square metres of distance from which on avatars are sent in every second turn.
const NEAR: u32 = 32 * 32;
/// The same for every fourth.
const FAR: u32 = 96 * 96;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(distance: f32, changes: u32) -> Urgency {
        Urgency::of_moving(distance * distance, changes, false)
    }

    #[test]
    fn rest_goes_before_neighbours_and_they_before_the_others() {
        let diagonal = 300.0_f32 * 300.0;
        let resting = Urgency::of_resting(diagonal);
        let close = |square| Urgency::of_moving(square, 1, true);
        assert!(resting < Urgency::of_moving(0.0, 65535, true));
        assert!(close(0.0) < close(4.0));
        assert!(close(diagonal) < Urgency::of_moving(0.0, 65535, false));
        assert!(close(f32::MAX) < Urgency::of_moving(0.0, 65535, false));
    }

    #[test]
    fn twice_as_far_is_half_as_often() {
        assert!(of(5.0, 1) < of(20.0, 3));
        assert!(of(20.0, 5) < of(5.0, 1));
        assert!(of(0.0, 1) > of(0.0, 2), "also on one spot");
    }

    #[test]
    fn spots_are_about_where_avatars_are() {
        let place = Vector3::new(255.9, 0.1, 21.0);
        assert!(Spot::of(place).distance_squared(place) < 1.0);
        let away = |x, z| Spot::of(Vector3::new(x, 0.1, z)).distance_squared(place).sqrt();
        assert!((away(250.5, 21.9) - 5.4).abs() < 1.0);
        assert!((away(255.9, 4000.0) - 3979.0).abs() < 1.0, "not close: high above");
    }

    #[test]
    fn the_first_are_taken_in_order() {
        let mut motions = Motions::default();
        for slot in 0..100 {
            motions.push(of((1 + slot * 37 % 100) as f32, 1), slot);
        }
        let nearest: Vec<usize> = motions.take_first(3).map(|slot| 1 + slot * 37 % 100).collect();
        assert_eq!(nearest, [1, 2, 3]);
        motions.clear();
        assert_eq!(motions.take_first(3).count(), 0);
    }

    #[test]
    fn the_close_radius_follows_the_crowd() {
        // Evenly spread, so that the number grows with the square.
        for per_square_metre in [0.005, 0.2, 3.0_f32] {
            let mut close = Close::default();
            for _ in 0..40 {
                close.settle((close.0 * per_square_metre) as usize, 100, 300);
            }
            let inside = (close.0 * per_square_metre) as usize;
            assert!((20..=29).contains(&inside) || close == Close::default(), "{inside}");
        }
        let mut close = Close::default();
        let mut turns_of_all = 0;
        for _ in 0..40 {
            turns_of_all += usize::from(!close.holds(0.0));
            close.settle(if close.holds(0.0) { 1000 } else { 0 }, 100, 1000);
        }
        assert!(turns_of_all > 10, "all on one spot: {turns_of_all}");
        (0..100).for_each(|_| close.settle(0, 5, 5));
        assert_eq!(close, Close::default(), "nobody there");
        for _ in 0..40 {
            close.settle(close.0 as usize, 16, 300);
        }
        assert!((6.0..10.0).contains(&close.0), "half of sixteen: {close:?}");
        let before = close;
        close.settle(30, 0, 300);
        assert_eq!(close, before, "nobody was told");
    }

    #[test]
    fn the_far_take_turns() {
        let turns =
            |distance: f32| (0..8).filter(|&turn| is_due(turn, distance * distance)).count();
        assert_eq!([turns(31.0), turns(33.0), turns(97.0)], [8, 4, 2]);
    }
}
