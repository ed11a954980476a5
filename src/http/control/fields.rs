//! Reads the fields of a JSON request body, so that errors can name the one at fault.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::ControlError;

/// The fields of a JSON object that have not been read yet.
pub(super) struct Fields {
    map: Map<String, Value>,
}

impl Fields {
    /// Parses a body. An empty one is an object without fields.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ControlError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { map: Map::new() });
        }
        let invalid = |message| ControlError::Invalid { field: None, message };
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Self { map }),
            Ok(_) => Err(invalid("request body is not a JSON object".to_owned())),
            Err(error) => Err(invalid(format!("request body is not JSON: {error}"))),
        }
    }

    /// A string that must be there.
    pub(super) fn string(&mut self, field: &'static str) -> Result<String, ControlError> {
        self.optional_string(field)?
            .ok_or_else(|| ControlError::invalid(field, format!("{field} is missing")))
    }

    /// A string, or nothing.
    pub(super) fn optional_string(
        &mut self,
        field: &'static str,
    ) -> Result<Option<String>, ControlError> {
        match self.map.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ControlError::invalid(field, format!("{field} is not a string"))),
        }
    }

    /// A UUID, or nothing.
    pub(super) fn optional_uuid(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Uuid>, ControlError> {
        let Some(text) = self.optional_string(field)? else { return Ok(None) };
        Uuid::try_parse(&text)
            .map(Some)
            .map_err(|_| ControlError::invalid(field, format!("{field} is not a UUID")))
    }

    /// Refuses fields that nobody asked for: a misspelt one must not be ignored.
    pub(super) fn finish(self) -> Result<(), ControlError> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let shown: String = unknown.chars().take(40).collect();
                let message = format!("unknown field {shown:?}");
                Err(ControlError::Invalid { field: None, message })
            }
        }
    }
}
