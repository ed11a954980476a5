//! The message format of December 2025: one JSON object with short keys, in chat and in link
//! messages.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::channel::check_name;
use super::message::Address;
use super::object::{Object, present};
use super::{DecodeError, EncodeError};

/// A request or an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShortMessage {
    /// Without newline; not sent by link message.
    pub domain: String,
    /// Who sends it; region and prim only if it is relayed or signed.
    pub source: Address,
    /// Who is to take it; an empty script: all.
    pub target: Address,
    /// The name of the operation, its parts joined by dots.
    pub method: String,
    /// The integer that link messages have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integer: Option<i64>,
    /// What the operation works on.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// Which request; without it no answer is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What kind of message it is.
    pub outcome: ShortOutcome,
    /// The signature and how it was made, unverified.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub signature: Option<Value>,
}

/// What kind of [`ShortMessage`] it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShortOutcome {
    /// A request.
    #[default]
    Request,
    /// The answer of a request that succeeded.
    Result(Value),
    /// The answer of one that failed.
    Error(Fault),
}

/// Why a request failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// What scripts go by.
    pub code: i64,
    /// What people read.
    pub message: String,
    /// More about it.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

pub(super) fn encode(message: &ShortMessage) -> Result<String, EncodeError> {
    check_name("domain", &message.domain)?;
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("ss", json!(message.source.script));
    put("ts", json!(message.target.script));
    put("m", json!(message.method));
    let texts = [
        ("d", &message.domain),
        ("sr", &message.source.region),
        ("sp", &message.source.prim),
        ("tr", &message.target.region),
        ("tp", &message.target.prim),
    ];
    for (key, text) in texts {
        if !text.is_empty() {
            put(key, json!(text));
        }
    }
    if let Some(integer) = message.integer {
        put("i", json!(integer));
    }
    if let Some(id) = &message.id {
        put("id", json!(id));
    }
    for (key, value) in [("p", &message.params), ("s", &message.signature)] {
        if let Some(value) = value {
            put(key, value.clone());
        }
    }
    match &message.outcome {
        ShortOutcome::Request => {}
        ShortOutcome::Result(result) => {
            put("r", result.clone());
        }
        ShortOutcome::Error(Fault { code, message, data }) => {
            let mut error = Map::new();
            error.insert("c".to_owned(), json!(code));
            error.insert("m".to_owned(), json!(message));
            if let Some(data) = data {
                error.insert("d".to_owned(), data.clone());
            }
            put("e", Value::Object(error));
        }
    }
    Ok(Value::Object(object).to_string())
}

pub(super) fn decode(text: &str) -> Result<ShortMessage, DecodeError> {
    let mut object = Object::parse(text)?;
    // Only sent for two days, but another value is another protocol.
    if object.take_text("t")?.is_some_and(|protocol| protocol != "RPC") {
        return Err(DecodeError::Key { key: "t", expected: "RPC" });
    }
    let domain = match object.take_domain("d")? {
        Some(domain) => domain,
        None => object.take_domain("cd")?.unwrap_or_default(),
    };
    let source_script = object.require_text("ss")?;
    let target_script = object.require_text("ts")?;
    let outcome = if let Some(result) = object.take("r") {
        ShortOutcome::Result(result)
    } else if object.0.contains_key("e") {
        let mut error = object.require_object("e")?;
        ShortOutcome::Error(Fault {
            code: error.take_integer("c")?.unwrap_or_default(),
            message: error.take_text("m")?.unwrap_or_default(),
            data: error.take("d"),
        })
    } else {
        ShortOutcome::Request
    };
    Ok(ShortMessage {
        domain,
        source: Address {
            region: object.take_text("sr")?.unwrap_or_default(),
            prim: object.take_text("sp")?.unwrap_or_default(),
            script: source_script,
        },
        target: Address {
            region: object.take_text("tr")?.unwrap_or_default(),
            prim: object.take_text("tp")?.unwrap_or_default(),
            script: target_script,
        },
        method: object.take_text("m")?.unwrap_or_default(),
        integer: object.take_integer("i")?,
        params: object.take("p"),
        id: object.take_text("id")?,
        outcome,
        signature: object.take("s"),
    })
}
