//! LLSD in notation, its human-readable encoding: used in the login answer, in old files and by
//! some tools.
//!
//! The reader accepts every documented spelling; commas count as white space. The writer puts
//! everything on one line, with strings and keys in single quotes and binaries as base64.

use std::fmt::Write as _;

use base64::Engine as _;
use uuid::Uuid;

use super::cursor::{Cursor, hex_value, lossy};
use super::xml::{BASE64, decode_base64};
use super::{ErrorKind, Limits, Llsd, LlsdError, Map, format_date, parse_date};

/// Reads a document within [`Limits::DEFAULT`]; bytes after it are ignored.
///
/// # Errors
/// [`LlsdError`] if the text is not notation or exceeds a limit.
pub fn parse(body: &[u8]) -> Result<Llsd, LlsdError> {
    parse_limited(body, &Limits::DEFAULT)
}

/// Reads a document within `limits`; bytes after it are ignored.
pub fn parse_limited(body: &[u8], limits: &Limits) -> Result<Llsd, LlsdError> {
    let mut cursor = Cursor::new(body, limits)?;
    cursor.skip_header(b"llsd/notation");
    read(&mut cursor, 0)
}

/// The value without a header.
pub fn write(value: &Llsd) -> String {
    let mut out = String::new();
    write_into(&mut out, value);
    out
}

/// As [`write()`], at the end of `out`.
pub fn write_into(out: &mut String, value: &Llsd) {
    match value {
        Llsd::Undef => out.push('!'),
        Llsd::Boolean(value) => out.push(if *value { '1' } else { '0' }),
        Llsd::Integer(value) => write_formatted(out, format_args!("i{value}")),
        // Readers know no infinities.
        Llsd::Real(value) if !value.is_finite() => out.push_str("r0"),
        Llsd::Real(value) => match value.abs() {
            0.0 | 1e-5..1e16 => write_formatted(out, format_args!("r{value}")),
            _ => write_formatted(out, format_args!("r{value:e}")),
        },
        Llsd::Uuid(value) => write_formatted(out, format_args!("u{value}")),
        Llsd::String(text) => write_quoted(out, '\'', text),
        Llsd::Uri(text) => {
            out.push('l');
            write_quoted(out, '"', text);
        }
        Llsd::Date(seconds) => {
            write_formatted(out, format_args!("d\"{}\"", format_date(*seconds)));
        }
        Llsd::Binary(bytes) => {
            out.push_str("b64\"");
            BASE64.encode_string(bytes, out);
            out.push('"');
        }
        Llsd::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_into(out, value);
            }
            out.push(']');
        }
        Llsd::Map(map) => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_quoted(out, '\'', key);
                out.push(':');
                write_into(out, value);
            }
            out.push('}');
        }
    }
}

fn write_formatted(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

fn write_quoted(out: &mut String, quote: char, text: &str) {
    out.push(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            '\0'..='\x1f' => write_formatted(out, format_args!("\\x{:02x}", character as u32)),
            _ if character == quote => {
                out.push('\\');
                out.push(quote);
            }
            _ => out.push(character),
        }
    }
    out.push(quote);
}

fn read(cursor: &mut Cursor<'_, '_>, depth: usize) -> Result<Llsd, LlsdError> {
    cursor.skip_while(is_separator);
    cursor.count_node()?;
    let limits = cursor.limits;
    let mark = cursor.peek().ok_or_else(|| cursor.unexpected())?;
    if !MARKS.contains(&mark) {
        return Err(cursor.unexpected());
    }
    cursor.byte()?;
    Ok(match mark {
        b'0' | b'f' | b'F' => read_boolean(cursor, false),
        b'1' | b't' | b'T' => read_boolean(cursor, true),
        b'i' => Llsd::Integer(read_integer(cursor)?),
        b'r' => {
            let text = word(cursor);
            let real = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            Llsd::Real(real.ok_or_else(|| cursor.error(ErrorKind::Scalar("real")))?)
        }
        b'u' => {
            let text = cursor.take(36)?;
            let uuid = Uuid::try_parse_ascii(text);
            Llsd::Uuid(uuid.map_err(|_| cursor.error(ErrorKind::Scalar("uuid")))?)
        }
        b'l' => Llsd::Uri(lossy(&read_quoted(cursor, limits.string_bytes, "uri")?)),
        b'd' => {
            let text = lossy(&read_quoted(cursor, limits.string_bytes, "date")?);
            Llsd::Date(parse_date(&text).unwrap_or(0.0))
        }
        b'b' => Llsd::Binary(read_binary(cursor)?),
        b's' => Llsd::String(lossy(read_raw(cursor, limits.string_bytes, "string")?)),
        b'\'' | b'"' => Llsd::String(lossy(&cursor.quoted(mark, limits.string_bytes, "string")?)),
        b'[' => Llsd::Array(read_array(cursor, depth + 1)?),
        b'{' => Llsd::Map(read_map(cursor, depth + 1)?),
        _ => Llsd::Undef,
    })
}

/// Steps over the rest of a spelt-out truth.
fn read_boolean(cursor: &mut Cursor<'_, '_>, value: bool) -> Llsd {
    cursor.skip_while(|byte| byte.is_ascii_alphabetic());
    Llsd::Boolean(value)
}

/// An integer; 0 when it does not fit 32 bits.
fn read_integer(cursor: &mut Cursor<'_, '_>) -> Result<i32, LlsdError> {
    let text = word(cursor);
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(cursor.error(ErrorKind::Scalar("integer")));
    }
    Ok(std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn read_array(cursor: &mut Cursor<'_, '_>, depth: usize) -> Result<Vec<Llsd>, LlsdError> {
    cursor.check_depth(depth)?;
    let mut values = Vec::new();
    loop {
        cursor.skip_while(is_separator);
        if cursor.accept(b']') {
            return Ok(values);
        }
        values.push(read(cursor, depth)?);
    }
}

fn read_map(cursor: &mut Cursor<'_, '_>, depth: usize) -> Result<Map, LlsdError> {
    cursor.check_depth(depth)?;
    let most = cursor.limits.key_bytes;
    let mut map = Map::new();
    loop {
        cursor.skip_while(is_separator);
        if cursor.accept(b'}') {
            return Ok(map);
        }
        let key = if cursor.accept(b's') {
            lossy(read_raw(cursor, most, "key")?)
        } else {
            lossy(&read_quoted(cursor, most, "key")?)
        };
        cursor.skip_while(|byte| byte.is_ascii_whitespace());
        cursor.expect(b':')?;
        let value = read(cursor, depth)?;
        map.insert(key, value);
    }
}

fn read_quoted(
    cursor: &mut Cursor<'_, '_>,
    most: usize,
    what: &'static str,
) -> Result<Vec<u8>, LlsdError> {
    match cursor.peek() {
        Some(quote @ (b'\'' | b'"')) => {
            cursor.byte()?;
            cursor.quoted(quote, most, what)
        }
        _ => Err(cursor.unexpected()),
    }
}

/// `(length)"bytes"`.
fn read_raw<'a>(
    cursor: &mut Cursor<'a, '_>,
    most: usize,
    what: &'static str,
) -> Result<&'a [u8], LlsdError> {
    cursor.expect(b'(')?;
    let mut length = 0_usize;
    while let Some(digit) = cursor.peek().filter(u8::is_ascii_digit) {
        cursor.byte()?;
        length = length.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
    }
    cursor.expect(b')')?;
    let quote = cursor.byte()?;
    let bytes = cursor.sized(length, most, what)?;
    cursor.expect(quote)?;
    Ok(bytes)
}

/// What follows the `b` of a binary.
fn read_binary(cursor: &mut Cursor<'_, '_>) -> Result<Vec<u8>, LlsdError> {
    let most = cursor.limits.binary_bytes;
    if cursor.peek() == Some(b'(') {
        return read_raw(cursor, most, "binary").map(<[u8]>::to_vec);
    }
    let base = cursor.array::<2>()?;
    // Room for white space between the digits.
    let mut digits = read_quoted(cursor, most.saturating_mul(4), "binary")?;
    match &base {
        b"16" => decode_hex(&mut digits, most),
        b"64" => decode_base64(&digits, most),
        _ => Err(ErrorKind::BinaryEncoding),
    }
    .map_err(|kind| cursor.error(kind))
}

fn decode_hex(digits: &mut Vec<u8>, most: usize) -> Result<Vec<u8>, ErrorKind> {
    digits.retain(|byte| !byte.is_ascii_whitespace());
    if digits.len() / 2 > most {
        return Err(ErrorKind::TooLarge("binary"));
    }
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some((hex_value(*high)? << 4) | hex_value(*low)?),
        _ => None,
    });
    pairs.collect::<Option<_>>().ok_or(ErrorKind::BinaryText)
}

/// The bytes up to the next delimiter.
fn word<'a>(cursor: &mut Cursor<'a, '_>) -> &'a [u8] {
    let before = cursor.rest();
    cursor.skip_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    before.get(..before.len() - cursor.rest().len()).unwrap_or_default()
}

const fn is_separator(byte: u8) -> bool {
    byte == b',' || byte.is_ascii_whitespace()
}

const MARKS: &[u8] = b"!01tfTFiruldbs'\"[{";
