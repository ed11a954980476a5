//! `llEscapeURL` and its inverse.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// Which characters `llEscapeURL` leaves alone besides A–Z, a–z and 0–9. Reading takes both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Escapes {
    /// `-`, `_`, `.` and `~`.
    OpenSim,
    /// None. What any grid reads, so it is the default.
    #[default]
    SecondLife,
}

impl Escapes {
    /// Escapes `text` as UTF-8 bytes, with upper-case digits, onto the end of `out`.
    pub(super) fn push(self, out: &mut String, text: &str) {
        for &byte in text.as_bytes() {
            let plain = byte.is_ascii_alphanumeric()
                || (self == Self::OpenSim && matches!(byte, b'-' | b'_' | b'.' | b'~'));
            if plain {
                out.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }

    /// As [`Escapes::push`], into a new string.
    pub(super) fn escape(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.push(&mut out, text);
        out
    }
}

/// Undoes the escapes; other characters stay. `None` for a `%` that does not start an escape, and
/// for bytes that are no UTF-8.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (&[high, low], after) = rest.split_first_chunk()?;
            bytes.push(digit(high)? << 4 | digit(low)?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_differ_in_four_characters() {
        let text = "a-_.~ é%,";
        assert_eq!(Escapes::SecondLife.escape(text), "a%2D%5F%2E%7E%20%C3%A9%25%2C");
        assert_eq!(Escapes::OpenSim.escape(text), "a-_.~%20%C3%A9%25%2C");
        for escapes in [Escapes::SecondLife, Escapes::OpenSim] {
            assert_eq!(unescape(&escapes.escape(text)).as_deref(), Some(text));
        }
    }

    #[test]
    fn broken_escapes_are_refused() {
        for text in ["%", "a%4", "%4g", "%g4", "%+1", "%C3", "%é"] {
            assert_eq!(unescape(text), None, "{text}");
        }
        assert_eq!(unescape("a b%c3%a9+").as_deref(), Some("a bé+"));
    }
}
