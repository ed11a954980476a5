//! Finds nearby avatars: a grid of cells, so that chat checks only avatars in reach.
//!
//! It is two-dimensional: the caller checks the height. Positions outside the region count towards
//! the border cells.

use super::math::distance_squared;
use super::terrain::REGION_SIZE;
use crate::message::Vector3;

/// Avatars by place. An entry is a slot number with its last known position.
#[derive(Clone, Debug)]
pub struct Grid {
    cells: Vec<Vec<(usize, Vector3)>>,
}

impl Grid {
    /// Nobody anywhere.
    pub fn new() -> Self {
        Self { cells: vec![Vec::new(); ACROSS * ACROSS] }
    }

    /// Adds someone.
    pub fn insert(&mut self, slot: usize, position: Vector3) {
        if let Some(cell) = self.cells.get_mut(cell_of(position)) {
            cell.push((slot, position));
        }
    }

    /// Removes someone who was last reported at `position`.
    pub fn remove(&mut self, slot: usize, position: Vector3) {
        if let Some(cell) = self.cells.get_mut(cell_of(position))
            && let Some(place) = cell.iter().position(|&(other, _)| other == slot)
        {
            cell.swap_remove(place);
        }
    }

    /// Moves someone.
    pub fn update(&mut self, slot: usize, from: Vector3, to: Vector3) {
        if from == to {
            return;
        }
        if cell_of(from) == cell_of(to) {
            let cell = self.cells.get_mut(cell_of(to));
            if let Some(entry) = cell.and_then(|cell| cell.iter_mut().find(|e| e.0 == slot)) {
                entry.1 = to;
            }
        } else {
            self.remove(slot, from);
            self.insert(slot, to);
        }
    }

    /// Everybody at most `range` metres from `center`, in three dimensions, border included.
    pub fn within(&self, center: Vector3, range: f32) -> impl Iterator<Item = usize> + '_ {
        let (west, east) = (index(center.x - range), index(center.x + range));
        let (south, north) = (index(center.y - range), index(center.y + range));
        (south..=north)
            .flat_map(move |row| (west..=east).map(move |column| row * ACROSS + column))
            .filter_map(|cell| self.cells.get(cell))
            .flatten()
            .filter(move |(_, place)| distance_squared(center, *place) <= range * range)
            .map(|&(slot, _)| slot)
    }

    /// Entries in all cells.
    pub fn len(&self) -> usize {
        self.cells.iter().map(Vec::len).sum()
    }
}

impl Default for Grid {
    fn default() -> Self {
        Self::new()
    }
}

fn cell_of(position: Vector3) -> usize {
    index(position.y) * ACROSS + index(position.x)
}

fn index(metres: f32) -> usize {
    // A cast from below zero or NaN gives 0.
    ((metres / CELL) as usize).min(ACROSS - 1)
}

/// Metres along the edge of a cell.
const CELL: f32 = 16.0;
const ACROSS: usize = (REGION_SIZE / CELL) as usize;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::region::math::vector;

    proptest! {
        #[test]
        fn finds_exactly_those_in_reach(
            places in prop::collection::vec((0.0_f32..256.0, 0.0_f32..256.0, 0.0_f32..60.0), 1..60),
            moves in prop::collection::vec((0.0_f32..256.0, 0.0_f32..256.0, 0.0_f32..60.0), 60),
            range in 0.0_f32..120.0,
        ) {
            let mut grid = Grid::new();
            let mut at: Vec<Vector3> = places.iter().map(|&(x, y, z)| vector(x, y, z)).collect();
            for (slot, place) in at.iter().enumerate() {
                grid.insert(slot, *place);
            }
            for (slot, (place, &(x, y, z))) in at.iter_mut().zip(&moves).enumerate() {
                grid.update(slot, *place, vector(x, y, z));
                *place = vector(x, y, z);
            }
            let center = at[0];
            let mut found: Vec<usize> = grid.within(center, range).collect();
            found.sort_unstable();
            let expected: Vec<usize> = (0..at.len())
                .filter(|&slot| distance_squared(center, at[slot]) <= range * range)
                .collect();
            prop_assert_eq!(found, expected);
            for (slot, place) in at.iter().enumerate() {
                grid.remove(slot, *place);
            }
            prop_assert_eq!(grid.len(), 0);
        }
    }

    #[test]
    fn borders_count_and_height_counts() {
        let mut grid = Grid::new();
        grid.insert(1, vector(128.0, 128.0, 21.0));
        grid.insert(2, vector(148.0, 128.0, 21.0));
        grid.insert(3, vector(128.0, 128.0, 41.5));
        grid.insert(4, vector(300.0, -20.0, 21.0));
        assert_eq!(grid.within(vector(128.0, 128.0, 21.0), 20.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(grid.within(vector(300.0, -20.0, 21.0), 1.0).collect::<Vec<_>>(), [4]);
    }
}
