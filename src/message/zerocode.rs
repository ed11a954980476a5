//! Zero coding: a run of n zero bytes travels as `00 n`.

use bytes::{BufMut, BytesMut};
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

/// Appends the coded form of `plain` to `out`.
pub fn encode(plain: &[u8], out: &mut BytesMut) {
    out.reserve(plain.len() + plain.len() / 2 + 1);
    let mut rest = plain;
    while let Some((&first, tail)) = rest.split_first() {
        if first != 0 {
            out.put_u8(first);
            rest = tail;
            continue;
        }
        let run = rest.iter().take(255).take_while(|&&byte| byte == 0).count();
        out.put_u8(0);
        out.put_u8(run as u8);
        rest = &rest[run..];
    }
}

/// Appends the plain form of `coded` to `out`, at most `limit` bytes of it.
///
/// # Errors
/// When the input ends inside a run or expands beyond `limit`; `out` then holds a partial result.
pub fn decode(coded: &[u8], limit: usize, out: &mut BytesMut) -> Result<(), ZerocodeError> {
    let end = out.len() + limit;
    let mut bytes = coded.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != 0 {
            if out.len() >= end {
                return Err(ZerocodeError::TooLong(limit));
            }
            out.put_u8(byte);
            continue;
        }
        // The viewer's old wrap form: each further zero byte stands for 256 more.
        let mut run = 0usize;
        loop {
            match bytes.next() {
                None => return Err(ZerocodeError::MissingCount),
                Some(0) => run += 256,
                Some(count) => {
                    run += usize::from(count);
                    break;
                }
            }
            if out.len() + run > end {
                return Err(ZerocodeError::TooLong(limit));
            }
        }
        if out.len() + run > end {
            return Err(ZerocodeError::TooLong(limit));
        }
        out.put_bytes(0, run);
    }
    Ok(())
}
