//! Detects the encoding of a body by its content type and its first bytes.

use super::{ErrorKind, Limits, Llsd, LlsdError, binary, notation, xml};

/// The encodings of LLSD that capabilities speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `application/llsd+xml`.
    #[default]
    Xml,
    /// `application/llsd+binary`.
    Binary,
    /// `application/llsd+notation`.
    Notation,
}

impl Format {
    /// The encoding to answer in: XML unless the `Accept` header names another one first.
    pub fn from_accept(accept: Option<&str>) -> Self {
        let mut names = accept.unwrap_or_default().split(',');
        names.find_map(Self::from_content_type).unwrap_or_default()
    }

    /// The encoding that a content type of LLSD states; nothing for other types (`text/xml`, …).
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let name = content_type.split(';').next().unwrap_or_default().trim();
        [Self::Xml, Self::Binary, Self::Notation]
            .into_iter()
            .find(|format| format.content_type().eq_ignore_ascii_case(name))
    }

    /// Guesses by the first bytes as the viewer does: a header line, `<` for XML, otherwise a
    /// byte that begins a notation value.
    pub fn sniff(body: &[u8]) -> Option<Self> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
        if let Some(header) = body.strip_prefix(b"<?") {
            let header = header.trim_ascii_start();
            let names = |word: &[u8]| {
                header.get(..word.len()).is_some_and(|h| h.eq_ignore_ascii_case(word))
            };
            return Some(match () {
                () if names(b"llsd/binary") => Self::Binary,
                () if names(b"llsd/notation") => Self::Notation,
                () => Self::Xml,
            });
        }
        match body.first()? {
            b'<' => Some(Self::Xml),
            byte if NOTATION_STARTS.contains(byte) => Some(Self::Notation),
            _ => None,
        }
    }

    /// The name for `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Xml => "application/llsd+xml",
            Self::Binary => "application/llsd+binary",
            Self::Notation => "application/llsd+notation",
        }
    }

    /// A whole document in this encoding; binary gets its header line.
    pub fn write(self, value: &Llsd) -> Vec<u8> {
        match self {
            Self::Xml => xml::write(value).into_bytes(),
            Self::Binary => {
                let mut out = binary::HEADER.to_vec();
                binary::write_into(&mut out, value);
                out
            }
            Self::Notation => notation::write(value).into_bytes(),
        }
    }
}

/// Reads a request body within [`Limits::DEFAULT`].
///
/// # Errors
/// [`LlsdError`] if the encoding is unknown or the body is not a document of it.
pub fn parse_by_type(content_type: Option<&str>, body: &[u8]) -> Result<Llsd, LlsdError> {
    parse_by_type_limited(content_type, body, &Limits::DEFAULT)
}

/// Reads a request body: by its content type if that is one of LLSD, else by its first bytes
/// (clients post LLSD as `application/xml`, `text/xml` or without any type).
///
/// # Errors
/// [`LlsdError`] if the encoding is unknown, the body is not a document of it, or a limit is
/// exceeded.
pub fn parse_by_type_limited(
    content_type: Option<&str>,
    body: &[u8],
    limits: &Limits,
) -> Result<Llsd, LlsdError> {
    if body.trim_ascii().is_empty() {
        return Err(LlsdError::new(ErrorKind::Empty, 0));
    }
    match content_type.and_then(Format::from_content_type).or_else(|| Format::sniff(body)) {
        Some(Format::Xml) => xml::parse_limited(body, limits),
        Some(Format::Binary) => binary::parse_limited(body, limits),
        Some(Format::Notation) => notation::parse_limited(body, limits),
        None => Err(LlsdError::new(ErrorKind::UnknownFormat, 0)),
    }
}

const NOTATION_STARTS: &[u8] = b"!01tfTFiruslbd'\"[{";

#[cfg(test)]
mod tests {
    use super::{Format, parse_by_type};
    use crate::llsd::{ErrorKind, Llsd, LlsdError, array, map};

    #[test]
    fn every_format_reads_back_by_type_and_by_sniffing() {
        let value = map! { "x" => array![1, true], "y" => "z" };
        for format in [Format::Xml, Format::Binary, Format::Notation] {
            let body = format.write(&value);
            let typed = format!("{}; charset=utf-8", format.content_type().to_uppercase());
            assert_eq!(parse_by_type(Some(&typed), &body).as_ref(), Ok(&value));
            assert_eq!(parse_by_type(Some("text/plain"), &body).as_ref(), Ok(&value));
            assert_eq!(parse_by_type(None, &body).as_ref(), Ok(&value));
        }
    }

    #[test]
    fn loose_types_and_marks_do_not_matter() {
        for body in [
            "<llsd><integer>1</integer></llsd>",
            "\u{feff}<llsd><integer>1</integer></llsd>",
            "\r\n <?LLSD/XML?>\n<llsd><integer>1</integer></llsd>",
            "<? llsd/notation ?>\ni1",
            "i1",
        ] {
            let got = parse_by_type(Some("application/xml"), body.as_bytes());
            assert_eq!(got, Ok(Llsd::Integer(1)), "{body}");
        }
        assert_eq!(parse_by_type(None, b"<?llsd/binary?>\n1"), Ok(Llsd::Boolean(true)));
    }

    #[test]
    fn nothing_and_nonsense_are_errors() {
        let error = |kind| Err(LlsdError { kind, offset: 0 });
        assert_eq!(parse_by_type(Some("application/llsd+xml"), b" \n"), error(ErrorKind::Empty));
        assert_eq!(parse_by_type(None, b"xyz"), error(ErrorKind::UnknownFormat));
    }

    #[test]
    fn answers_are_xml_unless_asked() {
        assert_eq!(Format::from_accept(None), Format::Xml);
        assert_eq!(Format::from_accept(Some("*/*")), Format::Xml);
        assert_eq!(
            Format::from_accept(Some("text/html, application/llsd+binary;q=0.9")),
            Format::Binary
        );
    }
}
