//! Length limits of texts, and truncation at character boundaries.

use uuid::Uuid;

/// The greatest length of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextLimit {
    /// In bytes of UTF-8.
    Bytes(usize),
    /// In UTF-16 units, as OpenSim counts some texts.
    Utf16(usize),
}

impl TextLimit {
    /// What is left of a text: as many whole characters as fit, and nothing from a zero byte on,
    /// which would end it on the wire.
    pub fn cut(self, text: &str) -> &str {
        let text = text.split('\0').next().unwrap_or_default();
        let end = match self {
            Self::Bytes(limit) => boundary(text, limit),
            Self::Utf16(limit) => {
                let mut units = 0;
                text.char_indices()
                    .find(|(_, character)| {
                        units += character.len_utf16();
                        units > limit
                    })
                    .map_or(text.len(), |(at, _)| at)
            }
        };
        text.get(..end).unwrap_or_default()
    }
}

/// A key as LSL writes it, 36 characters in any case; `None` for anything else and for the null
/// key, which stands for no key wherever the bus takes one.
pub fn parse_key(text: &str) -> Option<Uuid> {
    if text.len() != 36 {
        return None;
    }
    Uuid::try_parse(text).ok().filter(|key| !key.is_nil())
}

/// The last place at or before `limit` that is between characters.
fn boundary(text: &str, limit: usize) -> usize {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_limit_counts_units_and_keeps_pairs_whole() {
        assert_eq!(TextLimit::Utf16(3).cut("aéb"), "aéb");
        assert_eq!(TextLimit::Utf16(2).cut("a🦀"), "a");
        assert_eq!(TextLimit::Utf16(3).cut("a🦀b"), "a🦀");
    }

    #[test]
    fn zero_byte_ends_a_text() {
        assert_eq!(TextLimit::Bytes(10).cut("ab\0cd"), "ab");
    }

    #[test]
    fn keys_have_36_characters_and_are_not_null() {
        let key = "0F9C1D2E-3A4B-4C5D-8E6F-708192A3B4C5";
        assert_eq!(parse_key(key), parse_key(&key.to_lowercase()));
        assert!(parse_key(key).is_some());
        assert_eq!(parse_key("00000000-0000-0000-0000-000000000000"), None);
        assert_eq!(parse_key("0f9c1d2e3a4b4c5d8e6f708192a3b4c5"), None);
        assert_eq!(parse_key("owner"), None);
    }
}
