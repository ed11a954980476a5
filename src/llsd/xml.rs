//! LLSD as XML.
//!
//! The reader takes what clients send: any prolog, white space and comments between elements,
//! CDATA, a value without its key (skipped), more than one value under `<llsd>` (the first counts),
//! and anything after `</llsd>`. It refuses document types and entities of its own.
//!
//! The writer emits no white space, no attributes on `<llsd>`, and empty elements with a space
//! before the slash, because known clients compare text.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::value::text_to_uuid;
use super::{ErrorKind, Limits, Llsd, LlsdError, Map, format_date, parse_date};

/// Reads a document within [`Limits::DEFAULT`].
///
/// # Errors
/// [`LlsdError`] if it is not UTF-8, not well-formed up to `</llsd>`, or exceeds a limit.
pub fn parse(body: &[u8]) -> Result<Llsd, LlsdError> {
    parse_limited(body, &Limits::DEFAULT)
}

/// Reads a document within `limits`.
///
/// # Errors
/// As [`parse`].
pub fn parse_limited(body: &[u8], limits: &Limits) -> Result<Llsd, LlsdError> {
    if body.len() > limits.body_bytes {
        return Err(LlsdError::new(ErrorKind::TooLarge("body"), limits.body_bytes));
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| LlsdError::new(ErrorKind::NotUtf8, error.valid_up_to()))?;
    let unmarked = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser {
        reader: Reader::from_str(unmarked),
        limits,
        nodes: 0,
        skipped_bytes: text.len() - unmarked.len(),
    };
    parser.document()
}

/// A document: `<llsd>`, the value, `</llsd>`, nothing else.
pub fn write(value: &Llsd) -> String {
    let mut out = String::new();
    write_into(&mut out, value);
    out
}

/// As [`write`], at the end of `out`.
pub fn write_into(out: &mut String, value: &Llsd) {
    out.push_str("<llsd>");
    write_value(out, value);
    out.push_str("</llsd>");
}

/// Appends `text` with the five special characters as entities. Characters that XML 1.0 cannot
/// carry are left out; carriage returns are numbered, since readers would turn them into line feeds.
pub fn escape_into(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(character),
        }
    }
}

struct Parser<'a, 'l> {
    reader: Reader<&'a [u8]>,
    limits: &'l Limits,
    nodes: usize,
    skipped_bytes: usize,
}

impl<'a> Parser<'a, '_> {
    fn document(&mut self) -> Result<Llsd, LlsdError> {
        loop {
            match self.next()? {
                Event::Start(start) if start.name().as_ref() == "llsd" => break,
                Event::Empty(start) if start.name().as_ref() == "llsd" => return Ok(Llsd::Undef),
                Event::Text(text) if text.trim_ascii().is_empty() => {}
                Event::Eof if self.reader.buffer_position() == 0 => {
                    return Err(self.error(ErrorKind::Empty));
                }
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                _ => return Err(self.error(ErrorKind::NoRoot)),
            }
        }
        let mut root = None;
        while let Some((start, empty)) = self.next_element()? {
            let value = self.value(&start, empty, 0)?;
            root.get_or_insert(value);
        }
        Ok(root.unwrap_or_default())
    }

    /// The next child element of a container; nothing when the container ends.
    fn next_element(&mut self) -> Result<Option<(BytesStart<'a>, bool)>, LlsdError> {
        loop {
            match self.next()? {
                Event::Start(start) => return Ok(Some((start, false))),
                Event::Empty(start) => return Ok(Some((start, true))),
                Event::End(_) => return Ok(None),
                Event::Eof => return Err(self.error(ErrorKind::UnexpectedEnd)),
                _ => {}
            }
        }
    }

    fn value(
        &mut self,
        start: &BytesStart<'a>,
        empty: bool,
        depth: usize,
    ) -> Result<Llsd, LlsdError> {
        self.count_node()?;
        let name = start.name();
        let limit = self.limits.string_bytes;
        Ok(match name.as_ref() {
            "array" => Llsd::Array(self.array(empty, depth + 1)?),
            "map" => Llsd::Map(self.map(empty, depth + 1)?),
            "string" => Llsd::String(self.text(empty, limit, "string")?.into_owned()),
            "uri" => Llsd::Uri(self.text(empty, limit, "uri")?.into_owned()),
            "boolean" => Llsd::Boolean(matches!(self.scalar(empty)?.trim(), "1" | "true")),
            "integer" => Llsd::Integer(read_integer(&self.scalar(empty)?)),
            "real" => Llsd::Real(self.scalar(empty)?.trim().parse().unwrap_or(0.0)),
            "uuid" => Llsd::Uuid(text_to_uuid(&self.scalar(empty)?)),
            "date" => Llsd::Date(parse_date(self.scalar(empty)?.trim()).unwrap_or(0.0)),
            "binary" => {
                self.check_base64(start)?;
                Llsd::Binary(self.binary(empty)?)
            }
            // An undef, or an element that LLSD does not know.
            _ => {
                self.scalar(empty)?;
                Llsd::Undef
            }
        })
    }

    fn array(&mut self, empty: bool, depth: usize) -> Result<Vec<Llsd>, LlsdError> {
        self.check_depth(depth)?;
        let mut values = Vec::new();
        if !empty {
            while let Some((start, empty)) = self.next_element()? {
                values.push(self.value(&start, empty, depth)?);
            }
        }
        Ok(values)
    }

    fn map(&mut self, empty: bool, depth: usize) -> Result<Map, LlsdError> {
        self.check_depth(depth)?;
        let mut map = Map::new();
        if empty {
            return Ok(map);
        }
        let mut key: Option<String> = None;
        while let Some((start, empty)) = self.next_element()? {
            if start.name().as_ref() == "key" {
                key = Some(self.text(empty, self.limits.key_bytes, "key")?.into_owned());
                continue;
            }
            let value = self.value(&start, empty, depth)?;
            if let Some(key) = key.take() {
                map.insert(key, value);
            }
        }
        Ok(map)
    }

    fn check_base64(&self, start: &BytesStart<'a>) -> Result<(), LlsdError> {
        let encoding = start
            .try_get_attribute("encoding")
            .map_err(|error| self.error(ErrorKind::Xml(error.to_string())))?;
        match encoding {
            Some(encoding) if encoding.value.as_ref() != "base64" => {
                Err(self.error(ErrorKind::BinaryEncoding))
            }
            _ => Ok(()),
        }
    }

    fn binary(&mut self, empty: bool) -> Result<Vec<u8>, LlsdError> {
        let text = self.text(empty, usize::MAX, "binary")?;
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        if digits.len() / 4 * 3 > self.limits.binary_bytes.saturating_add(2) {
            return Err(self.error(ErrorKind::TooLarge("binary")));
        }
        let bytes = BASE64.decode(digits).map_err(|_| self.error(ErrorKind::BinaryText))?;
        if bytes.len() > self.limits.binary_bytes {
            return Err(self.error(ErrorKind::TooLarge("binary")));
        }
        Ok(bytes)
    }

    fn scalar(&mut self, empty: bool) -> Result<Cow<'a, str>, LlsdError> {
        self.text(empty, self.limits.string_bytes, "scalar")
    }

    /// The text of an element up to its end tag. References split it into pieces; elements inside
    /// are skipped with all they hold.
    fn text(
        &mut self,
        empty: bool,
        limit: usize,
        what: &'static str,
    ) -> Result<Cow<'a, str>, LlsdError> {
        let mut text = Cow::Borrowed("");
        if empty {
            return Ok(text);
        }
        let mut inside = 0_usize;
        loop {
            let piece = match self.next()? {
                Event::Text(piece) => piece.xml10_content(),
                Event::CData(piece) => piece.xml10_content(),
                Event::GeneralRef(reference) => {
                    let character = resolve(&reference);
                    Cow::Owned(character.ok_or_else(|| self.error(ErrorKind::Entity))?.to_string())
                }
                Event::Start(_) => {
                    self.count_node()?;
                    inside += 1;
                    continue;
                }
                Event::End(_) if inside == 0 => return Ok(text),
                Event::End(_) => {
                    inside -= 1;
                    continue;
                }
                Event::Eof => return Err(self.error(ErrorKind::UnexpectedEnd)),
                _ => continue,
            };
            if inside > 0 {
                continue;
            }
            if text.len() + piece.len() > limit {
                return Err(self.error(ErrorKind::TooLarge(what)));
            }
            if text.is_empty() {
                text = piece;
            } else {
                text.to_mut().push_str(&piece);
            }
        }
    }

    fn next(&mut self) -> Result<Event<'a>, LlsdError> {
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err(self.error(ErrorKind::Doctype)),
            Ok(event) => Ok(event),
            Err(error) => {
                let offset = self.reader.error_position() as usize + self.skipped_bytes;
                Err(LlsdError::new(ErrorKind::Xml(error.to_string()), offset))
            }
        }
    }

    fn count_node(&mut self) -> Result<(), LlsdError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.error(ErrorKind::TooManyNodes));
        }
        Ok(())
    }

    fn check_depth(&self, depth: usize) -> Result<(), LlsdError> {
        if depth > self.limits.depth {
            return Err(self.error(ErrorKind::TooDeep));
        }
        Ok(())
    }

    fn error(&self, kind: ErrorKind) -> LlsdError {
        LlsdError::new(kind, self.reader.buffer_position() as usize + self.skipped_bytes)
    }
}

/// The character that a reference between `&` and `;` stands for.
fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

/// The number at the start of the text as the viewer reads it; 0 when there is none or it does not
/// fit 32 bits.
fn read_integer(text: &str) -> i32 {
    let text = text.trim();
    if let Ok(value) = text.parse() {
        return value;
    }
    let sign = usize::from(text.starts_with(['+', '-']));
    let digits = text.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    text.get(..sign + digits).and_then(|whole| whole.parse().ok()).unwrap_or(0)
}

fn write_value(out: &mut String, value: &Llsd) {
    match value {
        Llsd::Undef => out.push_str("<undef />"),
        Llsd::Boolean(true) => out.push_str("<boolean>1</boolean>"),
        Llsd::Boolean(false) => out.push_str("<boolean>0</boolean>"),
        Llsd::Integer(value) => write_number(out, format_args!("<integer>{value}</integer>")),
        Llsd::Real(value) => {
            // Exponents keep extreme values short; readers know no infinities.
            match value.abs() {
                magnitude if !magnitude.is_finite() => out.push_str("<real>0</real>"),
                0.0 | 1e-5..1e16 => write_number(out, format_args!("<real>{value}</real>")),
                _ => write_number(out, format_args!("<real>{value:e}</real>")),
            }
        }
        Llsd::String(text) => write_text(out, "string", text),
        Llsd::Uri(text) => write_text(out, "uri", text),
        Llsd::Uuid(value) if value.is_nil() => out.push_str("<uuid />"),
        Llsd::Uuid(value) => write_number(out, format_args!("<uuid>{value}</uuid>")),
        Llsd::Date(seconds) => write_text(out, "date", &format_date(*seconds)),
        Llsd::Binary(bytes) if bytes.is_empty() => out.push_str("<binary />"),
        Llsd::Binary(bytes) => {
            out.push_str("<binary encoding=\"base64\">");
            BASE64.encode_string(bytes, out);
            out.push_str("</binary>");
        }
        Llsd::Array(values) if values.is_empty() => out.push_str("<array />"),
        Llsd::Array(values) => {
            out.push_str("<array>");
            for value in values {
                write_value(out, value);
            }
            out.push_str("</array>");
        }
        Llsd::Map(map) if map.is_empty() => out.push_str("<map />"),
        Llsd::Map(map) => {
            out.push_str("<map>");
            for (key, value) in map.iter() {
                out.push_str("<key>");
                escape_into(out, key);
                out.push_str("</key>");
                write_value(out, value);
            }
            out.push_str("</map>");
        }
    }
}

fn write_number(out: &mut String, element: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(element);
}

fn write_text(out: &mut String, tag: &str, text: &str) {
    if text.is_empty() {
        write_number(out, format_args!("<{tag} />"));
        return;
    }
    write_number(out, format_args!("<{tag}>"));
    escape_into(out, text);
    write_number(out, format_args!("</{tag}>"));
}

/// Standard base64 that reads with and without padding.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
