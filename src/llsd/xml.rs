//! LLSD as XML.
//!
//! The reader accepts what clients send: any prolog, white space and comments between elements,
//! CDATA, a value without its key (skipped), more than one value under `<llsd>` (the first counts),
//! and anything after `</llsd>`. It refuses document types and custom entities.
//!
//! The writer writes no white space, no attributes on `<llsd>`, and empty elements with a space
//! before the slash, because known clients compare text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::value::text_to_uuid;
use super::walk::{Element, XmlWalk};
use super::{ErrorKind, Limits, Llsd, LlsdError, Map, format_date, parse_date};

/// Reads a document within [`Limits::DEFAULT`].
///
/// # Errors
/// [`LlsdError`] if it is not UTF-8, not well-formed up to `</llsd>`, or exceeds a limit.
pub fn parse(body: &[u8]) -> Result<Llsd, LlsdError> {
    parse_limited(body, &Limits::DEFAULT)
}

/// Reads a document within `limits`.
pub fn parse_limited(body: &[u8], limits: &Limits) -> Result<Llsd, LlsdError> {
    let mut walk = XmlWalk::new(body, limits)?;
    let root = walk.root()?;
    if !root.is("llsd") {
        return Err(walk.error(ErrorKind::NoRoot));
    }
    let mut first = None;
    while let Some(element) = walk.next_child(&root)? {
        let value = read(&mut walk, &element, 0)?;
        first.get_or_insert(value);
    }
    Ok(first.unwrap_or_default())
}

/// A document: `<llsd>`, the value, `</llsd>`, nothing else.
pub fn write(value: &Llsd) -> String {
    let mut out = String::new();
    write_into(&mut out, value);
    out
}

/// As [`write()`], at the end of `out`.
pub fn write_into(out: &mut String, value: &Llsd) {
    out.push_str("<llsd>");
    write_value(out, value);
    out.push_str("</llsd>");
}

/// Appends `text` with the five special characters as entities. Characters that XML 1.0 cannot
/// carry are left out; carriage returns are numbered, since readers would turn them into line feeds.
pub fn escape_into(out: &mut String, text: &str) {
    let mut rest = text;
    // Each of these bytes begins a character.
    while let Some(at) = rest.bytes().position(needs_care) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('&') => out.push_str("&amp;"),
            Some('\'') => out.push_str("&apos;"),
            Some('"') => out.push_str("&quot;"),
            Some('\r') => out.push_str("&#13;"),
            Some(character @ ('\t' | '\n')) => out.push(character),
            None | Some('\0'..='\x1f' | '\u{fffe}' | '\u{ffff}') => {}
            Some(character) => out.push(character),
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// Whether a byte may begin a character that is not written as it is; U+FFFE begins with 0xEF.
fn needs_care(byte: u8) -> bool {
    matches!(byte, 0..=0x1f | b'<' | b'>' | b'&' | b'\'' | b'"' | 0xef)
}

fn read<'a>(
    walk: &mut XmlWalk<'a, '_>,
    element: &Element<'a>,
    depth: usize,
) -> Result<Llsd, LlsdError> {
    walk.count_node()?;
    let limit = walk.limits.string_bytes;
    Ok(match element.name() {
        "array" => Llsd::Array(read_array(walk, element, depth + 1)?),
        "map" => Llsd::Map(read_map(walk, element, depth + 1)?),
        "string" => Llsd::String(walk.text(element, limit, "string")?.into_owned()),
        "uri" => Llsd::Uri(walk.text(element, limit, "uri")?.into_owned()),
        "boolean" => {
            Llsd::Boolean(matches!(walk.text(element, limit, "boolean")?.trim(), "1" | "true"))
        }
        "integer" => Llsd::Integer(read_integer(&walk.text(element, limit, "integer")?)),
        "real" => Llsd::Real(walk.text(element, limit, "real")?.trim().parse().unwrap_or(0.0)),
        "uuid" => Llsd::Uuid(text_to_uuid(&walk.text(element, limit, "uuid")?)),
        "date" => {
            let text = walk.text(element, limit, "date")?;
            Llsd::Date(parse_date(text.trim()).unwrap_or(0.0))
        }
        "binary" => Llsd::Binary(read_binary(walk, element)?),
        // An undef, or an element that LLSD does not know.
        _ => {
            walk.skip(element)?;
            Llsd::Undef
        }
    })
}

fn read_array<'a>(
    walk: &mut XmlWalk<'a, '_>,
    array: &Element<'a>,
    depth: usize,
) -> Result<Vec<Llsd>, LlsdError> {
    walk.check_depth(depth)?;
    let mut values = Vec::new();
    while let Some(element) = walk.next_child(array)? {
        values.push(read(walk, &element, depth)?);
    }
    Ok(values)
}

fn read_map<'a>(
    walk: &mut XmlWalk<'a, '_>,
    map: &Element<'a>,
    depth: usize,
) -> Result<Map, LlsdError> {
    walk.check_depth(depth)?;
    let mut entries = Map::new();
    let mut key: Option<String> = None;
    while let Some(element) = walk.next_child(map)? {
        if element.is("key") {
            key = Some(walk.text(&element, walk.limits.key_bytes, "key")?.into_owned());
            continue;
        }
        let value = read(walk, &element, depth)?;
        if let Some(key) = key.take() {
            entries.insert(key, value);
        }
    }
    Ok(entries)
}

fn read_binary<'a>(
    walk: &mut XmlWalk<'a, '_>,
    element: &Element<'a>,
) -> Result<Vec<u8>, LlsdError> {
    if walk.attribute(element, "encoding")?.is_some_and(|encoding| encoding != "base64") {
        return Err(walk.error(ErrorKind::BinaryEncoding));
    }
    // The text is bounded by the body; it is measured without its white space.
    let text = walk.text(element, usize::MAX, "binary")?;
    let most = walk.limits.binary_bytes;
    decode_base64(text.as_bytes(), most).map_err(|kind| walk.error(kind))
}

/// The bytes of base64 text, white space and padding left out of account.
pub(crate) fn decode_base64(text: &[u8], most: usize) -> Result<Vec<u8>, ErrorKind> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if base64::decoded_len_estimate(digits.len()) > most.saturating_add(3) {
        return Err(ErrorKind::TooLarge("binary"));
    }
    let bytes = BASE64.decode(digits).map_err(|_| ErrorKind::BinaryText)?;
    if bytes.len() > most { Err(ErrorKind::TooLarge("binary")) } else { Ok(bytes) }
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
        Llsd::Integer(value) => write_formatted(out, format_args!("<integer>{value}</integer>")),
        Llsd::Real(value) => {
            // Exponents keep extreme values short; readers know no infinities.
            match value.abs() {
                magnitude if !magnitude.is_finite() => out.push_str("<real>0</real>"),
                0.0 | 1e-5..1e16 => write_formatted(out, format_args!("<real>{value}</real>")),
                _ => write_formatted(out, format_args!("<real>{value:e}</real>")),
            }
        }
        Llsd::String(text) => write_text(out, "string", text),
        Llsd::Uri(text) => write_text(out, "uri", text),
        Llsd::Uuid(value) if value.is_nil() => out.push_str("<uuid />"),
        Llsd::Uuid(value) => write_formatted(out, format_args!("<uuid>{value}</uuid>")),
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

fn write_formatted(out: &mut String, element: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(element);
}

fn write_text(out: &mut String, tag: &str, text: &str) {
    let start = out.len();
    write_formatted(out, format_args!("<{tag}>"));
    let inside = out.len();
    escape_into(out, text);
    if out.len() == inside {
        // Empty, or nothing in it that XML can carry.
        out.truncate(start);
        write_formatted(out, format_args!("<{tag} />"));
    } else {
        write_formatted(out, format_args!("</{tag}>"));
    }
}

/// Standard base64 that reads with and without padding.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
