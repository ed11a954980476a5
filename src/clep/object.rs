//! JSON objects from the wire, taken apart key by key.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::DecodeError;

/// An object whose keys are taken out one by one. What nobody takes is ignored: newer senders may
/// say more.
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

    /// A text, if the key is there.
    pub fn take_text(&mut self, key: &'static str) -> Result<Option<String>, DecodeError> {
        match self.take(key) {
            None => Ok(None),
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

    /// An integer, if the key is there.
    pub fn take_integer(&mut self, key: &'static str) -> Result<Option<i64>, DecodeError> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(integer) => Ok(Some(integer)),
                None => Err(DecodeError::Key { key, expected: "an integer" }),
            },
        }
    }

    /// An object that must be there.
    pub fn require_object(&mut self, key: &'static str) -> Result<Self, DecodeError> {
        match self.take(key) {
            Some(Value::Object(map)) => Ok(Self(map)),
            _ => Err(DecodeError::Key { key, expected: "an object" }),
        }
    }
}

/// For serde: a key that is there is there, be its value null.
pub(super) fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(input).map(Some)
}
