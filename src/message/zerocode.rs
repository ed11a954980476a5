//! Zero coding: a run of n zero bytes is sent as `00 n`.
//!
//! It works on bytes only; the header and the template determine which packets are coded.

use bytes::{Bytes, BytesMut};
use thiserror::Error;

/// Largest decoded size that is accepted, in bytes (the viewer's receive buffer).
pub const MAX_DECODED: usize = 8192;

/// Why zero-coded bytes cannot be expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ZerocodeError {
    /// The input ends behind a zero byte, where its count should stand.
    #[error("zero-coded data ends before the count of a zero run")]
    MissingCount,
    /// The expansion would pass the limit.
    #[error("zero-coded data expands beyond {0} bytes")]
    TooLong(usize),
}

/// Appends the coded form of `plain` to `out`; at most half as long again, rounded up.
pub fn encode(plain: &[u8], out: &mut BytesMut) {
    let start = out.len();
    out.resize(start + plain.len() + plain.len().div_ceil(2), 0);
    let mut coder = Coder { slots: out.get_mut(start..).unwrap_or_default(), at: 0, zeros: 0 };
    let (chunks, tail) = plain.as_chunks::<8>();
    for chunk in chunks {
        // Text and ids have no zeros, unused fields nothing else: both go by eight bytes.
        if *chunk == [0; 8] {
            coder.zeros += 8;
        } else if has_zero(*chunk) {
            coder.put_each(chunk);
        } else {
            coder.put(chunk);
        }
    }
    coder.put_each(tail);
    coder.end_run();
    let used = start + coder.at;
    out.truncate(used);
}

/// Writes coded bytes; there is room for the worst.
struct Coder<'a> {
    slots: &'a mut [u8],
    at: usize,
    /// Zeros that were met and not yet written.
    zeros: usize,
}

impl Coder<'_> {
    #[inline]
    fn put_each(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == 0 {
                self.zeros += 1;
            } else {
                self.put(&[byte]);
            }
        }
    }

    /// Bytes without a zero.
    #[inline]
    fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.end_run();
        if let Some(slots) = self.slots.get_mut(self.at..self.at + N) {
            slots.copy_from_slice(bytes);
        }
        self.at += N;
    }

    #[inline]
    fn end_run(&mut self) {
        while self.zeros > 0 {
            let count = self.zeros.min(255);
            // The slot before it is zero already.
            if let Some(slot) = self.slots.get_mut(self.at + 1) {
                *slot = count as u8;
            }
            self.at += 2;
            self.zeros -= count;
        }
    }
}

/// The plain form of `coded`, at most `limit` bytes of it.
///
/// The size is counted before anything is allocated, so hostile input costs one walk over it.
///
/// # Errors
/// When the input ends inside a run or expands beyond `limit`.
pub fn decode(coded: &[u8], limit: usize) -> Result<Bytes, ZerocodeError> {
    let mut length = 0;
    let mut bytes = coded.iter();
    while let Some(&byte) = bytes.next() {
        if byte == 0 {
            length += zero_run(&mut bytes)?;
        } else {
            length += 1;
            while next_chunk(&mut bytes).is_some() {
                length += 8;
            }
        }
        if length > limit {
            return Err(ZerocodeError::TooLong(limit));
        }
    }
    let mut out = BytesMut::zeroed(length);
    let slots = out.as_mut();
    let mut at = 0;
    bytes = coded.iter();
    while let Some(&byte) = bytes.next() {
        if byte == 0 {
            at += zero_run(&mut bytes)?;
        } else {
            if let Some(slot) = slots.get_mut(at) {
                *slot = byte;
            }
            at += 1;
            while let Some(chunk) = next_chunk(&mut bytes) {
                if let Some(slots) = slots.get_mut(at..at + 8) {
                    slots.copy_from_slice(chunk);
                }
                at += 8;
            }
        }
    }
    Ok(out.freeze())
}

/// Takes the next eight bytes if none of them is zero.
#[inline]
fn next_chunk<'a>(bytes: &mut std::slice::Iter<'a, u8>) -> Option<&'a [u8; 8]> {
    let (chunk, rest) = bytes.as_slice().split_first_chunk::<8>()?;
    if has_zero(*chunk) {
        return None;
    }
    *bytes = rest.iter();
    Some(chunk)
}

/// Whether one of eight bytes is zero: only there a borrow sets a high bit that was not set.
#[inline]
fn has_zero(chunk: [u8; 8]) -> bool {
    let word = u64::from_ne_bytes(chunk);
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080 != 0
}

/// Takes what follows a zero byte; gives how many zeros they stand for.
fn zero_run(bytes: &mut std::slice::Iter<'_, u8>) -> Result<usize, ZerocodeError> {
    // The viewer's old wrap form: each further zero byte stands for 256 more.
    let mut zeros = 0;
    for &count in bytes {
        if count != 0 {
            return Ok(zeros + usize::from(count));
        }
        zeros += 256;
    }
    Err(ZerocodeError::MissingCount)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(plain: &[u8]) -> Vec<u8> {
        let mut out = BytesMut::new();
        out.extend_from_slice(b"head");
        encode(plain, &mut out);
        assert_eq!(&out[..4], b"head");
        out[4..].to_vec()
    }

    /// The rule in its plainest form.
    fn by_the_byte(plain: &[u8]) -> Vec<u8> {
        let mut coded = Vec::new();
        for run in plain.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
            if run.first() == Some(&0) {
                run.chunks(255).for_each(|part| coded.extend([0, part.len() as u8]));
            } else {
                coded.extend(run);
            }
        }
        coded
    }

    #[test]
    fn runs_are_split_at_255() {
        assert!(encoded(&[]).is_empty());
        assert_eq!(encoded(&[1, 0, 2, 0, 0]), [1, 0, 1, 2, 0, 2]);
        assert_eq!(encoded(&[0; 255]), [0, 255]);
        assert_eq!(encoded(&[0; 256]), [0, 255, 0, 1]);
    }

    #[test]
    fn wrap_form_counts_256_for_each_further_zero() {
        assert_eq!(decode(&[0, 0, 3], 300).unwrap().len(), 259);
        assert_eq!(decode(&[0, 0, 0, 1, 7], 600).unwrap().len(), 514);
    }

    #[test]
    fn broken_and_oversized_input_is_refused() {
        assert_eq!(decode(&[1, 0], 10), Err(ZerocodeError::MissingCount));
        assert_eq!(decode(&[0, 0, 0], 10), Err(ZerocodeError::MissingCount));
        assert_eq!(decode(&[0, 11], 10), Err(ZerocodeError::TooLong(10)));
        assert_eq!(decode(&[1; 11], 10), Err(ZerocodeError::TooLong(10)));
        assert_eq!(decode(&[0, 9, 1], 10).unwrap().len(), 10);
    }

    proptest! {
        #[test]
        fn round_trip(plain in proptest::collection::vec(prop_oneof![2 => Just(0u8), 1 => any::<u8>()], 0..3000)) {
            let coded = encoded(&plain);
            prop_assert_eq!(&coded, &by_the_byte(&plain));
            prop_assert!(coded.len() <= plain.len() + plain.len().div_ceil(2));
            prop_assert_eq!(&decode(&coded, MAX_DECODED).unwrap()[..], &plain[..]);
        }

        #[test]
        fn long_runs_of_both_kinds_come_back(runs in proptest::collection::vec((any::<bool>(), 1usize..600), 0..12)) {
            let plain: Vec<u8> =
                runs.iter().flat_map(|&(zero, length)| vec![if zero { 0 } else { 0x80 }; length]).collect();
            let coded = encoded(&plain);
            prop_assert_eq!(&coded, &by_the_byte(&plain));
            prop_assert_eq!(&decode(&coded, MAX_DECODED).unwrap()[..], &plain[..]);
        }

        #[test]
        fn any_bytes_stay_within_the_limit(coded in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..2000), limit in 0usize..9000) {
            if let Ok(plain) = decode(&coded, limit) {
                prop_assert!(plain.len() <= limit);
            }
        }
    }
}
