//! The newest messages: one JSON object with long keys, perhaps wrapped as a text in another.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};

use super::channel::check_name;
use super::message::Address;
use super::object::{Object, present};
use super::{DecodeError, EncodeError};

/// A request, or, with a result, its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonMessage {
    /// Without newline.
    pub domain: String,
    /// A fresh UUID per request; the answer has the same.
    pub id: String,
    /// The name of the operation in parts.
    pub method: Vec<String>,
    /// Who sends it.
    #[serde(default)]
    pub source: Address,
    /// Who is to take it.
    #[serde(default)]
    pub target: Target,
    /// Unix time in seconds.
    pub utime: Number,
    /// What the operation works on.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// What came of it: makes the message an answer.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// How it is wrapped.
    #[serde(default)]
    pub seal: Seal,
}

/// Who is to take a [`JsonMessage`]; what is missing is not restricted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// Name of the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Key of the prim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prim: Option<String>,
    /// Name of the script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Link number, as it was sent.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub link: Option<Value>,
    /// The root prim, as it was sent.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub root: Option<Value>,
}

/// What is around the payload object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Seal {
    /// Nothing.
    #[default]
    Bare,
    /// It is a text within another object.
    Wrapped {
        /// Unix time in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        utime: Option<Number>,
    },
    /// As wrapped, and signed: is read and not written.
    Signed {
        /// The exact text that was signed.
        payload: String,
        /// The signature and how it was made, unverified.
        snep: Value,
    },
}

impl JsonMessage {
    /// Whether it carries a signature.
    pub const fn is_signed(&self) -> bool {
        matches!(self.seal, Seal::Signed { .. })
    }

    /// The answer to a request: back to where it came from, with all that lets it be recognised.
    #[must_use]
    pub fn answer(&self, source: Address, utime: Number, result: Value) -> Self {
        let Address { region, prim, script } = self.source.clone();
        let target = Target {
            region: Some(region),
            prim: Some(prim),
            script: Some(script),
            ..Target::default()
        };
        let seal = match self.seal {
            Seal::Bare => Seal::Bare,
            Seal::Wrapped { .. } | Seal::Signed { .. } => {
                Seal::Wrapped { utime: Some(utime.clone()) }
            }
        };
        Self { source, target, utime, result: Some(result), seal, ..self.clone() }
    }
}

pub(super) fn encode(message: &JsonMessage) -> Result<String, EncodeError> {
    check_name("domain", &message.domain)?;
    let mut payload = Map::new();
    let mut put = |key: &str, value: Value| payload.insert(key.to_owned(), value);
    put("domain", json!(message.domain));
    put("id", json!(message.id));
    put("method", json!(message.method));
    put("source", json!(message.source));
    put("target", json!(message.target));
    put("utime", Value::Number(message.utime.clone()));
    for (key, value) in [("params", &message.params), ("result", &message.result)] {
        if let Some(value) = value {
            put(key, value.clone());
        }
    }
    let payload = Value::Object(payload).to_string();
    match &message.seal {
        Seal::Bare => Ok(payload),
        Seal::Wrapped { utime: None } => Ok(json!({ "payload": payload }).to_string()),
        Seal::Wrapped { utime: Some(utime) } => {
            Ok(json!({ "payload": payload, "utime": utime }).to_string())
        }
        Seal::Signed { .. } => {
            Err(EncodeError::Field { field: "seal", problem: "signatures are only read" })
        }
    }
}

pub(super) fn decode(text: &str) -> Result<JsonMessage, DecodeError> {
    let mut outer = Object::parse(text)?;
    let Some(payload) = outer.take_text("payload")? else {
        return message(outer, Seal::Bare);
    };
    // The outer object was whole, so a payload that is not was never sent whole.
    let inner = match Object::parse(&payload) {
        Err(DecodeError::Truncated { .. }) => {
            return Err(DecodeError::Key { key: "payload", expected: "a whole json object" });
        }
        inner => inner?,
    };
    let seal = match outer.take("snep") {
        Some(snep) => Seal::Signed { payload, snep },
        None => Seal::Wrapped { utime: number(&mut outer)? },
    };
    message(inner, seal)
}

fn message(mut object: Object, seal: Seal) -> Result<JsonMessage, DecodeError> {
    let domain = object.take_domain("domain")?;
    let mut source = object.require_object("source")?;
    let mut target = object.require_object("target")?;
    Ok(JsonMessage {
        domain: domain.ok_or(DecodeError::Key { key: "domain", expected: "a text" })?,
        id: object.require_text("id")?,
        method: method(&mut object)?,
        source: Address {
            region: source.take_text("region")?.unwrap_or_default(),
            prim: source.take_text("prim")?.unwrap_or_default(),
            script: source.take_text("script")?.unwrap_or_default(),
        },
        target: Target {
            region: target.take_text("region")?,
            prim: target.take_text("prim")?,
            script: target.take_text("script")?,
            link: target.take("link"),
            root: target.take("root"),
        },
        utime: number(&mut object)?
            .ok_or(DecodeError::Key { key: "utime", expected: "a number" })?,
        params: object.take("params"),
        result: object.take("result"),
        seal,
    })
}

fn method(object: &mut Object) -> Result<Vec<String>, DecodeError> {
    let wrong = DecodeError::Key { key: "method", expected: "an array of texts" };
    let Some(Value::Array(parts)) = object.take("method") else { return Err(wrong) };
    parts
        .into_iter()
        .map(|part| match part {
            Value::String(part) => Ok(part),
            _ => Err(wrong.clone()),
        })
        .collect()
}

fn number(object: &mut Object) -> Result<Option<Number>, DecodeError> {
    match object.take("utime") {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number)),
        Some(_) => Err(DecodeError::Key { key: "utime", expected: "a number" }),
    }
}
