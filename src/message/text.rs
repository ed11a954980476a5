//! Text in Variable fields: UTF-8 with a final zero byte; the empty text has no bytes.

use bytes::Bytes;

/// The text of a Variable field, without its final zero byte if it has one; bytes that are not
/// UTF-8 are replaced.
pub fn text(data: &Bytes) -> String {
    let bytes = data.strip_suffix(&[0]).unwrap_or(data);
    String::from_utf8_lossy(bytes).into_owned()
}

/// Text for a Variable 1 field, cut to 254 bytes on a character boundary.
pub fn variable1(text: &str) -> Bytes {
    variable_max(text, 254)
}

/// Text for a Variable 2 field, cut to 65534 bytes on a character boundary.
pub fn variable2(text: &str) -> Bytes {
    variable_max(text, 65534)
}

/// As much of `text` as goes into `most` bytes, cut on a character boundary.
pub fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Text for a Variable field, cut to `most` bytes, without the zero byte, on a character boundary.
pub fn variable_max(text: &str, most: usize) -> Bytes {
    let text = cut(text, most);
    if text.is_empty() {
        return Bytes::new();
    }
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{text, variable_max, variable1, variable2};

    #[test]
    fn text_ends_in_zero_unless_empty() {
        assert_eq!(&variable1("hi")[..], b"hi\0");
        assert!(variable1("").is_empty());
        assert_eq!(text(&variable1("hi")), "hi");
    }

    #[test]
    fn text_reads_with_and_without_zero() {
        assert_eq!(text(&Bytes::from_static(b"hi")), "hi");
        assert_eq!(text(&Bytes::from_static(b"hi\0\0")), "hi\0");
        assert_eq!(text(&Bytes::from_static(b"\xFF\0")), "\u{FFFD}");
        assert_eq!(text(&Bytes::new()), "");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(variable1(&"x".repeat(300)).len(), 255);
        assert_eq!(variable2(&"x".repeat(70_000)).len(), 65535);
        assert_eq!(&variable_max("aä", 2)[..], b"a\0");
        assert!(variable_max("ä", 1).is_empty());
    }
}
