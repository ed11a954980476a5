//! Reads JSON objects of requests field by field, so that errors can name the field.
//!
//! It checks types and ranges only; the caller decides what a field means.

use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use crate::message::Vector3;

/// A field that is missing, unknown or wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct FieldError {
    /// The field at fault, if it is one that is known.
    pub field: Option<&'static str>,
    /// What is wrong, with the way to the field.
    pub message: String,
}

impl FieldError {
    /// Something about a field.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), message: message.into() }
    }

    /// Something about no field in particular.
    pub fn general(message: impl Into<String>) -> Self {
        Self { field: None, message: message.into() }
    }
}

/// The fields of a JSON object that have not been read yet.
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    /// The way to this object, empty or with a dot at its end.
    path: String,
}

impl Fields {
    /// Parses a text, called `what` in errors. An empty one is an object without fields.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn parse(what: &str, text: &[u8]) -> Result<Self, FieldError> {
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { map: Map::new(), path: String::new() });
        }
        match serde_json::from_slice(text) {
            Ok(Value::Object(map)) => Ok(Self { map, path: String::new() }),
            Ok(_) => Err(FieldError::general(format!("{what} is not a JSON object"))),
            Err(error) => Err(FieldError::general(format!("{what} is not JSON: {error}"))),
        }
    }

    /// Whether the field is there, be it null.
    pub fn has(&self, field: &str) -> bool {
        self.map.contains_key(field)
    }

    /// Any value; null is nothing.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.map.remove(field).filter(|value| !value.is_null())
    }

    /// All that is left.
    pub fn into_map(self) -> Map<String, Value> {
        self.map
    }

    /// A string that must be there.
    pub fn string(&mut self, field: &'static str) -> Result<String, FieldError> {
        self.optional_string(field)?.ok_or_else(|| self.missing(field))
    }

    /// A string, or nothing.
    pub fn optional_string(&mut self, field: &'static str) -> Result<Option<String>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => Err(self.wrong_kind(field, "is not a string", &value)),
        }
    }

    /// A UUID, or nothing.
    pub fn optional_uuid(&mut self, field: &'static str) -> Result<Option<Uuid>, FieldError> {
        let Some(text) = self.optional_string(field)? else { return Ok(None) };
        let wrong = |_| self.wrong_kind(field, "is not a UUID", &Value::from(text.as_str()));
        Uuid::try_parse(&text).map(Some).map_err(wrong)
    }

    /// A UUID that must be there.
    pub fn uuid(&mut self, field: &'static str) -> Result<Uuid, FieldError> {
        self.optional_uuid(field)?.ok_or_else(|| self.missing(field))
    }

    /// A 32-bit integer, as LSL has them, or nothing.
    pub fn optional_integer(&mut self, field: &'static str) -> Result<Option<i32>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(value) => match integer(&value) {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong_kind(field, "is not a 32-bit integer", &value)),
            },
        }
    }

    /// A 32-bit integer that must be there.
    pub fn integer(&mut self, field: &'static str) -> Result<i32, FieldError> {
        self.optional_integer(field)?.ok_or_else(|| self.missing(field))
    }

    /// A number from 0 on, or nothing.
    pub fn optional_count(&mut self, field: &'static str) -> Result<Option<u64>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong_kind(field, "is not a whole number from 0 on", &value)),
            },
        }
    }

    /// Yes or no, or nothing.
    pub fn optional_bool(&mut self, field: &'static str) -> Result<Option<bool>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(yes)),
            Some(value) => Err(self.wrong_kind(field, "is neither true nor false", &value)),
        }
    }

    /// Three numbers, or nothing.
    pub fn optional_vector(&mut self, field: &'static str) -> Result<Option<Vector3>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(value) => match numbers(&value) {
                Some([x, y, z]) => Ok(Some(Vector3::new(x, y, z))),
                None => Err(self.wrong_kind(field, "is not an array of three numbers", &value)),
            },
        }
    }

    /// Red, green, blue and alpha, or nothing.
    pub fn optional_color(&mut self, field: &'static str) -> Result<Option<[f32; 4]>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(value) => match numbers(&value) {
                Some(color) => Ok(Some(color)),
                None => Err(self.wrong_kind(field, "is not an array of four numbers", &value)),
            },
        }
    }

    /// An array, or nothing.
    pub fn optional_array(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Vec<Value>>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(value) => Err(self.wrong_kind(field, "is not an array", &value)),
        }
    }

    /// An array of strings, or nothing.
    pub fn optional_strings(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Vec<String>>, FieldError> {
        let Some(values) = self.optional_array(field)? else { return Ok(None) };
        strings(values).map(Some).ok_or_else(|| self.wrong(field, "is not an array of strings"))
    }

    /// An object, or nothing.
    pub fn optional_object(&mut self, field: &'static str) -> Result<Option<Self>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Object(map)) => {
                Ok(Some(Self { map, path: format!("{}{field}.", self.path) }))
            }
            Some(value) => Err(self.wrong_kind(field, "is not an object", &value)),
        }
    }

    /// An object that must be there.
    pub fn object(&mut self, field: &'static str) -> Result<Self, FieldError> {
        self.optional_object(field)?.ok_or_else(|| self.missing(field))
    }

    /// An array of objects, or nothing.
    pub fn optional_objects(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Vec<Self>>, FieldError> {
        let Some(values) = self.optional_array(field)? else { return Ok(None) };
        let objects = values.into_iter().enumerate().map(|(at, value)| match value {
            Value::Object(map) => Ok(Self { map, path: format!("{}{field}[{at}].", self.path) }),
            _ => Err(self.wrong(field, "is not an array of objects")),
        });
        objects.collect::<Result<Vec<Self>, FieldError>>().map(Some)
    }

    /// Refuses fields that nobody asked for: a misspelt one must not be ignored.
    pub fn finish(self) -> Result<(), FieldError> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let shown: String = unknown.chars().take(40).collect();
                let place = self.path.trim_end_matches('.');
                let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
                Err(FieldError::general(format!("unknown field {shown:?}{place}")))
            }
        }
    }

    /// Something is wrong with a field: its name and `problem` are the message.
    pub fn wrong(&self, field: &'static str, problem: &str) -> FieldError {
        FieldError::new(field, format!("{}{field} {problem}", self.path))
    }

    /// The same, with the value that was given.
    fn wrong_kind(&self, field: &'static str, problem: &str, value: &Value) -> FieldError {
        self.wrong(field, &format!("{problem}: {}", shown(value)))
    }

    fn missing(&self, field: &'static str) -> FieldError {
        self.wrong(field, "is missing")
    }
}

/// How much of a wrong value is repeated in an error.
const MOST_SHOWN: usize = 60;

/// A value as errors show it.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    let mut shown: String = text.chars().take(MOST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A number as LSL has integers.
pub(super) fn integer(value: &Value) -> Option<i32> {
    value.as_i64().and_then(|number| i32::try_from(number).ok())
}

/// So many finite numbers.
pub(super) fn numbers<const N: usize>(value: &Value) -> Option<[f32; N]> {
    let values: &[Value; N] = value.as_array()?.as_slice().try_into().ok()?;
    let mut numbers = [0.0; N];
    for (number, value) in numbers.iter_mut().zip(values) {
        *number = value.as_f64().map(|value| value as f32).filter(|value| value.is_finite())?;
    }
    Some(numbers)
}

/// Nothing but strings.
pub(super) fn strings(values: Vec<Value>) -> Option<Vec<String>> {
    let texts = values.into_iter().map(|value| match value {
        Value::String(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::parse("line", text.as_bytes()).unwrap()
    }

    #[test]
    fn kinds_are_checked_and_errors_name_the_field() {
        let mut fields = fields(
            r#"{"a":"x","b":2147483648,"c":[1,2],"d":[1,2,1e39],"e":{"f":1},"g":[{"h":[1]}],"i":null}"#,
        );
        assert_eq!(fields.optional_uuid("a").unwrap_err().message, "a is not a UUID: \"x\"");
        assert_eq!(
            fields.integer("b").unwrap_err().message,
            "b is not a 32-bit integer: 2147483648"
        );
        assert_eq!(fields.optional_vector("c").unwrap_err().field, Some("c"));
        let long = Value::from("x".repeat(100));
        assert_eq!(shown(&long), format!("\"{}…", "x".repeat(MOST_SHOWN - 1)));
        assert!(fields.optional_vector("d").is_err(), "too large for a float");
        let mut inner = fields.object("e").unwrap();
        assert_eq!(inner.string("f").unwrap_err().message, "e.f is not a string: 1");
        let mut listed = fields.optional_objects("g").unwrap().unwrap();
        let error = listed[0].optional_strings("h").unwrap_err();
        assert_eq!(error, FieldError::new("h", "g[0].h is not an array of strings"));
        assert_eq!(fields.optional_bool("i"), Ok(None), "null is nothing");
        assert_eq!(fields.string("i").unwrap_err().message, "i is missing");
        assert_eq!(fields.finish(), Ok(()));
    }

    #[test]
    fn unknown_fields_are_refused_with_their_place() {
        let mut outer = fields(r#"{"a":{"b":1}}"#);
        let inner = outer.object("a").unwrap();
        assert_eq!(inner.finish().unwrap_err().message, "unknown field \"b\" in a");
        assert_eq!(fields(" ").finish(), Ok(()));
        assert_eq!(Fields::parse("line", b"[]").unwrap_err().message, "line is not a JSON object");
        assert!(Fields::parse("line", b"POST / HTTP/1.1").is_err());
    }
}
