//! Reads JSON objects from the wire, key by key.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::DecodeError;

/// An object whose keys are taken out one by one. Keys that nobody takes are ignored: newer senders
/// may say more.
pub(super) struct Object(pub Map<String, Value>);

impl Object {
    /// Reads a whole text as one object.
    pub fn parse(text: &str) -> Result<Self, DecodeError> {
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(DecodeError::Form { what: "text", expected: "a json object" }),
            // Other people's chat ends early too: it is cut only if it began as an object.
            Err(error) if error.is_eof() && text.trim_start().starts_with('{') => {
                let missing = "the end of the json object";
                Err(DecodeError::Truncated { bytes: text.len(), missing })
            }
            Err(error) => Err(DecodeError::Json(error.to_string())),
        }
    }

    /// Any value.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    /// A text, if the key is there; null counts as absent, as in LSL's and Lua's own readers.
    pub fn take_text(&mut self, key: &'static str) -> Result<Option<String>, DecodeError> {
        match self.take(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(DecodeError::Key { key, expected: "a text" }),
        }
    }

    /// A text that must be there.
    pub fn require_text(&mut self, key: &'static str) -> Result<String, DecodeError> {
        self.take_text(key)?.ok_or(DecodeError::Key { key, expected: "a text" })
    }

    /// A name that must not have a newline; empty if the key is not there.
    pub fn take_domain(&mut self, key: &'static str) -> Result<Option<String>, DecodeError> {
        match self.take_text(key)? {
            Some(domain) if domain.contains('\n') => {
                Err(DecodeError::Key { key, expected: "a text without newline" })
            }
            domain => Ok(domain),
        }
    }

    /// A key in any of its spellings, as LSL prints it; other texts as they are. Whether it was
    /// tagged, which only Lua does.
    pub fn take_key(&mut self, key: &'static str) -> Result<(Option<String>, bool), DecodeError> {
        let text = self.take_text(key)?;
        Ok(match text.as_deref().and_then(tagged_key) {
            Some(plain) => (Some(plain), true),
            None => (text, false),
        })
    }

    /// An integer, if the key is there. Lua writes some as `1.0`.
    pub fn take_integer(&mut self, key: &'static str) -> Result<Option<i64>, DecodeError> {
        let wrong = DecodeError::Key { key, expected: "an integer" };
        match self.take(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match (value.as_i64(), value.as_f64()) {
                (Some(integer), _) => Ok(Some(integer)),
                (None, Some(number)) if number.fract() == 0.0 && number.abs() < MAX_EXACT => {
                    Ok(Some(number as i64))
                }
                _ => Err(wrong),
            },
        }
    }

    /// An object that must be there. Lua writes an empty one as `[]`.
    pub fn require_object(&mut self, key: &'static str) -> Result<Self, DecodeError> {
        match self.take(key) {
            Some(Value::Object(map)) => Ok(Self(map)),
            Some(Value::Array(list)) if list.is_empty() => Ok(Self(Map::new())),
            _ => Err(DecodeError::Key { key, expected: "an object" }),
        }
    }
}

/// The key in a text of Second Life's tagged JSON: `!u` and 36 characters, or, tight, `!u` and 16
/// bytes as 22 digits of base64 without padding.
fn tagged_key(text: &str) -> Option<String> {
    let key = text.strip_prefix("!u")?;
    let key = if key.len() == TIGHT_KEY {
        let bytes: [u8; 16] = base64(key)?.try_into().ok()?;
        Uuid::from_bytes(bytes)
    } else {
        Uuid::try_parse(key).ok().filter(|_| key.len() == 36)?
    };
    Some(key.hyphenated().to_string())
}

/// Standard alphabet, without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for digit in text.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

/// Digits of base64 for 16 bytes.
const TIGHT_KEY: usize = 22;

/// Below it a double holds every integer.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// For serde: a key that is there is there, be its value null.
pub(super) fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(input).map(Some)
}
