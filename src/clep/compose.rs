//! Builds messages from JSON written by people and external programs: the serialized form of
//! [`Message`], except that fields which the sender's library fills in by itself may be missing.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::codec::Codec;
use super::lep::{self, Revision};
use super::message::Message;
use super::{Dialect, ShortMessage};
use crate::llsd::format_date;

/// What is filled in where a message does not say it.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// The time since 1970.
    pub unix: Duration,
    /// The id of a request.
    pub id: Uuid,
}

/// The shapes of messages. Which one a text has follows from the dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// [`Message::Opaque`].
    Opaque,
    /// [`Message::Listed`].
    Listed,
    /// [`Message::Short`].
    Short,
    /// [`Message::Lines`].
    Lines,
    /// [`Message::Json`].
    Json,
}

/// Why JSON is no message of the dialect or revision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// An opaque message has a text and nothing else.
    #[error("expected text and nothing else")]
    Opaque,
    /// A field is missing, unknown or of the wrong kind.
    #[error("{0}")]
    Field(String),
    /// The revision of LEP is only read.
    #[error("revision {0} cannot be written")]
    OnlyRead(Revision),
}

impl Codec {
    /// The shape of its messages.
    pub fn shape(&self) -> Shape {
        match self.dialect {
            Dialect::ClepRpcShort => Shape::Short,
            Dialect::ClepLines => Shape::Lines,
            Dialect::ClepRpcLua | Dialect::ClepJsonLua | Dialect::ClepJson => Shape::Json,
            _ if self.list_form().is_none() => Shape::Opaque,
            _ => Shape::Listed,
        }
    }

    /// A message from its fields. An id, a time and a timestamp are filled in where the shape
    /// cannot do without.
    ///
    /// # Errors
    /// When a field is missing, unknown or of the wrong kind.
    pub fn compose(
        &self,
        mut fields: Map<String, Value>,
        stamp: &Stamp,
    ) -> Result<Message, ComposeError> {
        let shape = self.shape();
        fill_in(shape, &mut fields, stamp);
        match shape {
            Shape::Opaque => match fields.remove("text") {
                Some(Value::String(text)) if fields.is_empty() => Ok(Message::Opaque { text }),
                _ => Err(ComposeError::Opaque),
            },
            Shape::Listed => typed(fields).map(Message::Listed),
            Shape::Short => typed(fields).map(Message::Short),
            Shape::Lines => typed(fields).map(Message::Lines),
            Shape::Json => typed(fields).map(Message::Json),
        }
    }
}

impl lep::Message {
    /// A message of a revision from its fields; an id and a time are filled in where they are
    /// missing and needed.
    ///
    /// # Errors
    /// When a field is missing, unknown or of the wrong kind, or the revision is only read.
    pub fn compose(
        revision: Revision,
        mut fields: Map<String, Value>,
        stamp: &Stamp,
    ) -> Result<Self, ComposeError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Short {
            message: ShortMessage,
            #[serde(default)]
            integer: i32,
            #[serde(default)]
            key: String,
        }
        match revision {
            Revision::L0 | Revision::L4 => Err(ComposeError::OnlyRead(revision)),
            Revision::L1 | Revision::L2 => typed(fields).map(Self::Plain),
            Revision::L3 => {
                let Short { message, integer, key } = typed(fields)?;
                Ok(Self::Short { message, integer, key })
            }
            Revision::L5 => {
                fill_in(Shape::Json, &mut fields, stamp);
                typed(fields).map(Self::Json)
            }
        }
    }
}

/// What may be left out and cannot be empty.
fn fill_in(shape: Shape, fields: &mut Map<String, Value>, stamp: &Stamp) {
    let mut default = |key: &str, value: Value| {
        fields.entry(key).or_insert(value);
    };
    match shape {
        Shape::Json => {
            default("id", json!(stamp.id));
            default("utime", json!(stamp.unix.as_secs()));
        }
        Shape::Lines => default("timestamp", json!(format_date(stamp.unix.as_secs_f64()))),
        Shape::Opaque | Shape::Listed | Shape::Short => {}
    }
    // The outer object has the time too.
    if let Some(utime) = fields.get("utime").cloned()
        && let Some(wrapped) = fields.get_mut("seal").and_then(|seal| seal.get_mut("wrapped"))
        && let Some(wrapped) = wrapped.as_object_mut()
    {
        wrapped.entry("utime").or_insert(utime);
    }
}

fn typed<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, ComposeError> {
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| ComposeError::Field(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { unix: Duration::from_secs(1_767_225_600), id: Uuid::from_u128(7) };

    fn fields(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn shown_form_of_a_message_makes_it_again() {
        for (dialect, value) in [
            (Dialect::SeedChuf, json!({"text": "hello"})),
            (Dialect::ClepSvc, json!({"service": "s", "domain": "d"})),
            (Dialect::ClepRpcShort, json!({"domain": "d", "method": "m"})),
            (Dialect::ClepLines, json!({"domain": "d", "method": "m"})),
            (Dialect::ClepJson, json!({"domain": "d", "method": ["m"], "seal": {"wrapped": {}}})),
        ] {
            let codec = Codec::new(dialect);
            let message = codec.compose(fields(&value), &STAMP).unwrap();
            let shown = serde_json::to_value(&message).unwrap();
            assert_eq!(codec.compose(fields(&shown), &STAMP).as_ref(), Ok(&message), "{dialect}");
        }
    }

    #[test]
    fn ids_and_times_are_filled_in() {
        let codec = Codec::new(Dialect::ClepJson);
        let given = json!({"domain": "d", "method": [], "seal": {"wrapped": {}}});
        let message = codec.compose(fields(&given), &STAMP).unwrap();
        let shown = serde_json::to_value(&message).unwrap();
        assert_eq!(shown["id"], json!(STAMP.id));
        assert_eq!(shown["utime"], 1_767_225_600);
        assert_eq!(shown["seal"]["wrapped"]["utime"], 1_767_225_600);
    }

    #[test]
    fn wrong_fields_are_named() {
        let compose = |dialect, value| Codec::new(dialect).compose(fields(&value), &STAMP);
        let opaque = compose(Dialect::SeedChuf, json!({"text": "a", "domain": "d"}));
        assert_eq!(opaque, Err(ComposeError::Opaque));
        let error = compose(Dialect::ClepJson, json!({"domain": "d"})).unwrap_err();
        assert_eq!(error.to_string(), "missing field `method`");
    }

    #[test]
    fn lep_goes_by_its_revision() {
        let compose = |revision, value| lep::Message::compose(revision, fields(&value), &STAMP);
        let plain = json!({"flags": 1, "target": "t", "parameters": ["p"], "data": "d"});
        let message = compose(Revision::L1, plain.clone()).unwrap();
        assert_eq!((message.target(), message.source()), ("t", ""));
        let short = json!({"message": {"method": "m", "target": {"script": "t"}}, "integer": 3});
        assert_eq!(compose(Revision::L3, short).unwrap().target(), "t");
        let newest = json!({"domain": "d", "method": ["m"]});
        assert_eq!(compose(Revision::L5, newest).unwrap().domain(), Some("d"));
        assert_eq!(compose(Revision::L4, plain), Err(ComposeError::OnlyRead(Revision::L4)));
    }
}
