//! Splits a list of blocks into messages that fit into a datagram.

use super::MTU;
use crate::message::header::HEADER_LEN;

/// Most entries of a Variable block: its count is one byte.
pub const MAX_BLOCKS: usize = 255;

/// Cuts `blocks` into the longest runs that fit a datagram of [`MTU`] bytes each.
///
/// `fixed` is what the message needs besides these blocks, in bytes before zero coding: its
/// number, the other blocks, and one byte for the count. `size` gives the bytes of one block.
/// A block that does not fit on its own makes a run of one: it is sent all the same.
///
/// ```
/// use holm::circuit::split_blocks;
///
/// // 100 blocks of 37 bytes in a message that needs 24 bytes besides.
/// let runs: Vec<usize> = split_blocks(&[37; 100], 24, |&size| size).map(<[_]>::len).collect();
/// assert_eq!(runs, [31, 31, 31, 7]);
/// ```
pub fn split_blocks<T>(
    blocks: &[T],
    fixed: usize,
    size: impl Fn(&T) -> usize,
) -> impl Iterator<Item = &[T]> {
    let budget = MTU.saturating_sub(HEADER_LEN + fixed);
    let mut rest = blocks;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut used = 0;
        let fitting = rest
            .iter()
            .take(MAX_BLOCKS)
            .take_while(|block| {
                used += size(block);
                used <= budget
            })
            .count();
        let (run, tail) = rest.split_at_checked(fitting.max(1))?;
        rest = tail;
        Some(run)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_stay_in_one_byte() {
        let runs: Vec<usize> = split_blocks(&[(); 600], 10, |()| 1).map(<[_]>::len).collect();
        assert_eq!(runs, [255, 255, 90]);
        assert_eq!(split_blocks(&[0u8; 0], 10, |_| 1).count(), 0);
    }

    #[test]
    fn block_too_big_for_any_datagram_goes_alone() {
        let runs: Vec<&[usize]> = split_blocks(&[10, 5000, 10], 10, |&size| size).collect();
        assert_eq!(runs, [&[10][..], &[5000], &[10]]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_all_runs_fit(
            sizes in proptest::collection::vec(0usize..400, 0..700),
            fixed in 5usize..700,
        ) {
            let mut joined = Vec::new();
            for run in split_blocks(&sizes, fixed, |&size| size) {
                prop_assert!(run.len() <= MAX_BLOCKS);
                prop_assert!(HEADER_LEN + fixed + run.iter().sum::<usize>() <= MTU);
                joined.extend_from_slice(run);
            }
            prop_assert_eq!(joined, sizes);
        }
    }
}
