//! Zero coding: a run of n zero bytes travels as `00 n`.
//!
//! Works on bytes only; which packets are coded is the header's and the template's matter.

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
    let worst = plain.len() + plain.len().div_ceil(2);
    out.resize(out.len() + worst, 0);
    let tail = out.len() - worst;
    let mut slots = out.iter_mut().skip(tail);
    let mut put = |byte| {
        if let Some(slot) = slots.next() {
            *slot = byte;
        }
    };
    let mut zeros = 0u8;
    for &byte in plain {
        if zeros > 0 && (byte != 0 || zeros == 255) {
            put(0);
            put(zeros);
            zeros = 0;
        }
        if byte == 0 {
            zeros += 1;
        } else {
            put(byte);
        }
    }
    if zeros > 0 {
        put(0);
        put(zeros);
    }
    let unused = slots.len();
    out.truncate(out.len() - unused);
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
        length += if byte == 0 { zero_run(&mut bytes)? } else { 1 };
        if length > limit {
            return Err(ZerocodeError::TooLong(limit));
        }
    }
    let mut out = BytesMut::zeroed(length);
    let mut at = 0;
    bytes = coded.iter();
    while let Some(&byte) = bytes.next() {
        if byte == 0 {
            at += zero_run(&mut bytes)?;
        } else {
            if let Some(slot) = out.get_mut(at) {
                *slot = byte;
            }
            at += 1;
        }
    }
    Ok(out.freeze())
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
            prop_assert!(coded.len() <= plain.len() + plain.len().div_ceil(2));
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
