//! LLSD in its binary encoding: mesh headers, materials, and clients that ask for it.
//!
//! Numbers are big-endian and dates little-endian, as in clients. The header line is optional when
//! reading and left to the caller when writing, because most uses omit it.

use super::cursor::{Cursor, lossy};
use super::{ErrorKind, Limits, Llsd, LlsdError, Map};

use uuid::Uuid;

/// The line that may stand before a binary document.
pub const HEADER: &[u8] = b"<? LLSD/Binary ?>\n";

/// Reads a document within [`Limits::DEFAULT`]; bytes after it are ignored.
///
/// # Errors
/// [`LlsdError`] if a byte begins no value, a length or count does not fit, or a limit is exceeded.
pub fn parse(body: &[u8]) -> Result<Llsd, LlsdError> {
    parse_limited(body, &Limits::DEFAULT)
}

/// Reads a document within `limits`; bytes after it are ignored.
pub fn parse_limited(body: &[u8], limits: &Limits) -> Result<Llsd, LlsdError> {
    parse_prefix(body, limits).map(|(value, _)| value)
}

/// Reads a document at the start of `body` and tells how many bytes it took: for assets that go
/// on with other data.
pub fn parse_prefix(body: &[u8], limits: &Limits) -> Result<(Llsd, usize), LlsdError> {
    let mut cursor = Cursor::new(body, limits)?;
    cursor.skip_header(b"llsd/binary");
    let value = read(&mut cursor, 0)?;
    Ok((value, cursor.position()))
}

/// The value without a header.
pub fn write(value: &Llsd) -> Vec<u8> {
    let mut out = Vec::new();
    write_into(&mut out, value);
    out
}

/// As [`write()`], at the end of `out`.
pub fn write_into(out: &mut Vec<u8>, value: &Llsd) {
    match value {
        Llsd::Undef => out.push(b'!'),
        Llsd::Boolean(value) => out.push(if *value { b'1' } else { b'0' }),
        Llsd::Integer(value) => {
            out.push(b'i');
            out.extend(value.to_be_bytes());
        }
        Llsd::Real(value) => {
            out.push(b'r');
            out.extend(value.to_be_bytes());
        }
        Llsd::Uuid(value) => {
            out.push(b'u');
            out.extend(value.as_bytes());
        }
        Llsd::Date(seconds) => {
            out.push(b'd');
            out.extend(seconds.to_le_bytes());
        }
        Llsd::String(text) => write_sized(out, b's', text.as_bytes()),
        Llsd::Uri(text) => write_sized(out, b'l', text.as_bytes()),
        Llsd::Binary(bytes) => write_sized(out, b'b', bytes),
        Llsd::Array(values) => {
            out.push(b'[');
            out.extend((values.len() as u32).to_be_bytes());
            for value in values {
                write_into(out, value);
            }
            out.push(b']');
        }
        Llsd::Map(map) => {
            out.push(b'{');
            out.extend((map.len() as u32).to_be_bytes());
            for (key, value) in map.iter() {
                write_sized(out, b'k', key.as_bytes());
                write_into(out, value);
            }
            out.push(b'}');
        }
    }
}

fn write_sized(out: &mut Vec<u8>, mark: u8, bytes: &[u8]) {
    out.push(mark);
    out.extend((bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn read(cursor: &mut Cursor<'_, '_>, depth: usize) -> Result<Llsd, LlsdError> {
    cursor.count_node()?;
    let limits = cursor.limits;
    let mark = cursor.peek().ok_or_else(|| cursor.unexpected())?;
    if !MARKS.contains(&mark) {
        return Err(cursor.unexpected());
    }
    cursor.byte()?;
    Ok(match mark {
        b'0' => Llsd::Boolean(false),
        b'1' => Llsd::Boolean(true),
        b'i' => Llsd::Integer(i32::from_be_bytes(cursor.array()?)),
        b'r' => Llsd::Real(f64::from_be_bytes(cursor.array()?)),
        b'u' => Llsd::Uuid(Uuid::from_bytes(cursor.array()?)),
        b'd' => Llsd::Date(f64::from_le_bytes(cursor.array()?)),
        b's' => Llsd::String(lossy(read_sized(cursor, limits.string_bytes, "string")?)),
        b'l' => Llsd::Uri(lossy(read_sized(cursor, limits.string_bytes, "uri")?)),
        b'b' => Llsd::Binary(read_sized(cursor, limits.binary_bytes, "binary")?.to_vec()),
        b'\'' | b'"' => Llsd::String(lossy(&cursor.quoted(mark, limits.string_bytes, "string")?)),
        b'[' => Llsd::Array(read_array(cursor, depth + 1)?),
        b'{' => Llsd::Map(read_map(cursor, depth + 1)?),
        _ => Llsd::Undef,
    })
}

fn read_array(cursor: &mut Cursor<'_, '_>, depth: usize) -> Result<Vec<Llsd>, LlsdError> {
    cursor.check_depth(depth)?;
    let count = read_count(cursor, 1)?;
    let mut values = Vec::new();
    for _ in 0..count {
        values.push(read(cursor, depth)?);
    }
    cursor.expect(b']')?;
    Ok(values)
}

fn read_map(cursor: &mut Cursor<'_, '_>, depth: usize) -> Result<Map, LlsdError> {
    cursor.check_depth(depth)?;
    // The shortest entry is an empty key in quotes and a value of one byte.
    let count = read_count(cursor, 3)?;
    let most = cursor.limits.key_bytes;
    let mut map = Map::new();
    for _ in 0..count {
        let key = match cursor.peek() {
            Some(b'k') => {
                cursor.byte()?;
                lossy(read_sized(cursor, most, "key")?)
            }
            Some(quote @ (b'\'' | b'"')) => {
                cursor.byte()?;
                lossy(&cursor.quoted(quote, most, "key")?)
            }
            _ => return Err(cursor.unexpected()),
        };
        let value = read(cursor, depth)?;
        map.insert(key, value);
    }
    cursor.expect(b'}')?;
    Ok(map)
}

/// A count of elements, each of at least `least` bytes, that can be true.
fn read_count(cursor: &mut Cursor<'_, '_>, least: usize) -> Result<usize, LlsdError> {
    let count = u32::from_be_bytes(cursor.array()?) as usize;
    if count > cursor.rest().len() / least {
        return Err(cursor.error(ErrorKind::Length(count as u64)));
    }
    Ok(count)
}

fn read_sized<'a>(
    cursor: &mut Cursor<'a, '_>,
    most: usize,
    what: &'static str,
) -> Result<&'a [u8], LlsdError> {
    let length = u32::from_be_bytes(cursor.array()?) as usize;
    cursor.sized(length, most, what)
}

const MARKS: &[u8] = b"!01irudslb'\"[{";
