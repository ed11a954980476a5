//! Zero coding: a run of n zero bytes travels as `00 n`.
//!
//! Works on bytes only; which packets are coded is the header's and the template's matter.

use bytes::{BufMut, Bytes, BytesMut};
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

/// One step of a coded stream.
enum Run<'a> {
    /// Bytes that stand for themselves, none of them zero.
    Plain(&'a [u8]),
    /// This many zero bytes.
    Zeros(usize),
}

/// Takes the next run off a coded stream; `None` at its end.
fn next_run<'a>(coded: &mut &'a [u8]) -> Option<Result<Run<'a>, ZerocodeError>> {
    let bytes = *coded;
    let plain = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    if plain > 0 {
        let (run, rest) = bytes.split_at(plain);
        *coded = rest;
        return Some(Ok(Run::Plain(run)));
    }
    // The viewer's old wrap form: each further zero byte stands for 256 more.
    let (_, mut rest) = bytes.split_first()?;
    let mut zeros = 0usize;
    while let Some((&count, tail)) = rest.split_first() {
        rest = tail;
        if count != 0 {
            *coded = rest;
            return Some(Ok(Run::Zeros(zeros + usize::from(count))));
        }
        zeros += 256;
    }
    Some(Err(ZerocodeError::MissingCount))
}

/// Appends the coded form of `plain` to `out`; at most half as long again, rounded up.
pub fn encode(plain: &[u8], out: &mut BytesMut) {
    out.reserve(plain.len() + plain.len().div_ceil(2));
    let mut rest = plain;
    while !rest.is_empty() {
        let text = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(text);
        out.put_slice(run);
        let zeros = tail.iter().take(255).take_while(|&&byte| byte == 0).count();
        if zeros > 0 {
            out.put_slice(&[0, zeros as u8]);
        }
        rest = tail.get(zeros..).unwrap_or_default();
    }
}

/// The plain form of `coded`, at most `limit` bytes of it.
///
/// The size is counted before anything is allocated, so hostile input costs one walk over it.
///
/// # Errors
/// When the input ends inside a run or expands beyond `limit`.
pub fn decode(coded: &[u8], limit: usize) -> Result<Bytes, ZerocodeError> {
    let mut length = 0usize;
    let mut rest = coded;
    while let Some(run) = next_run(&mut rest) {
        length += match run? {
            Run::Plain(bytes) => bytes.len(),
            Run::Zeros(count) => count,
        };
        if length > limit {
            return Err(ZerocodeError::TooLong(limit));
        }
    }
    let mut out = BytesMut::with_capacity(length);
    rest = coded;
    while let Some(run) = next_run(&mut rest) {
        match run? {
            Run::Plain(bytes) => out.put_slice(bytes),
            Run::Zeros(count) => out.put_bytes(0, count),
        }
    }
    Ok(out.freeze())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(plain: &[u8]) -> Vec<u8> {
        let mut out = BytesMut::new();
        encode(plain, &mut out);
        out.to_vec()
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
