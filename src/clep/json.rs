//! The newest message format: one JSON object with long keys, optionally wrapped as a string in
//! another.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};

use super::channel::check_name;
use super::message::Address;
use super::object::{Object, present};
use super::{DecodeError, Dialect, EncodeError};

/// A request, or, with a result, its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonMessage {
    /// Without newline.
    pub domain: String,
    /// A fresh UUID per request; the answer has the same.
    pub id: String,
    /// The name of the operation in parts; empty if a message came without.
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
    /// Its keys were tagged, as Lua's JSON has them; they are plain here, and are written plain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tagged: bool,
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
    /// Nothing, but lines before it: is read and not written.
    Headed {
        /// Name and value of each line, unknown names included.
        headers: Vec<(String, String)>,
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
    pub fn is_signed(&self) -> bool {
        match &self.seal {
            Seal::Bare | Seal::Wrapped { .. } => false,
            Seal::Headed { headers } => headers.iter().any(|(name, _)| name == "SNEP"),
            Seal::Signed { .. } => true,
        }
    }

    /// Whether it has a form that only Lua libraries write.
    pub(super) const fn is_of_lua(&self) -> bool {
        self.tagged || matches!(self.seal, Seal::Headed { .. })
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
            Seal::Bare | Seal::Headed { .. } => Seal::Bare,
            Seal::Wrapped { .. } | Seal::Signed { .. } => {
                Seal::Wrapped { utime: Some(utime.clone()) }
            }
        };
        let result = Some(result);
        Self { source, target, utime, result, seal, tagged: false, ..self.clone() }
    }
}

/// The keys in which the dialects differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    /// Of the payload in its wrapper.
    payload: &'static str,
    /// Of the time.
    time: &'static str,
}

impl Keys {
    /// Those of a dialect with JSON messages.
    pub(super) const fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::ClepRpcLua => Self { payload: "clep", time: "timestamp" },
            _ => Self { payload: "payload", time: "utime" },
        }
    }
}

pub(super) fn encode(message: &JsonMessage, keys: Keys) -> Result<String, EncodeError> {
    check_name("domain", &message.domain)?;
    let mut payload = Map::new();
    let mut put = |key: &str, value: Value| payload.insert(key.to_owned(), value);
    put("domain", json!(message.domain));
    put("id", json!(message.id));
    put("method", json!(message.method));
    put("source", json!(message.source));
    put("target", json!(message.target));
    put(keys.time, Value::Number(message.utime.clone()));
    for (key, value) in [("params", &message.params), ("result", &message.result)] {
        if let Some(value) = value {
            put(key, value.clone());
        }
    }
    let payload = Value::Object(payload).to_string();
    match &message.seal {
        Seal::Bare => Ok(payload),
        Seal::Wrapped { utime } => {
            let mut wrapper = Map::from_iter([(keys.payload.to_owned(), json!(payload))]);
            if let Some(utime) = utime {
                wrapper.insert(keys.time.to_owned(), json!(utime));
            }
            Ok(Value::Object(wrapper).to_string())
        }
        Seal::Headed { .. } => {
            Err(EncodeError::Field { field: "seal", problem: "header lines are only read" })
        }
        Seal::Signed { .. } => {
            Err(EncodeError::Field { field: "seal", problem: "signatures are only read" })
        }
    }
}

pub(super) fn decode(text: &str, keys: Keys) -> Result<JsonMessage, DecodeError> {
    let (headers, text) = split_headers(text);
    let mut outer = Object::parse(text)?;
    if !headers.is_empty() {
        return message(outer, Seal::Headed { headers }, keys);
    }
    let Some(payload) = outer.take_text(keys.payload)? else {
        return message(outer, Seal::Bare, keys);
    };
    // The outer object was whole, so a payload that is not was never sent whole.
    let inner = match Object::parse(&payload) {
        Err(DecodeError::Truncated { .. }) => {
            return Err(DecodeError::Key { key: keys.payload, expected: "a whole json object" });
        }
        inner => inner?,
    };
    let seal = match outer.take("snep") {
        Some(snep) => Seal::Signed { payload, snep },
        None => Seal::Wrapped { utime: number(&mut outer, keys.time)? },
    };
    message(inner, seal, keys)
}

/// The lines `NAME:value` before the object, and the rest.
fn split_headers(text: &str) -> (Vec<(String, String)>, &str) {
    let mut headers = Vec::new();
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n')
        && let Some((name, value)) = line.split_once(':')
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && headers.len() < MAX_HEADERS
    {
        headers.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
    (headers, rest)
}

/// A chat message has no room for more that say something.
const MAX_HEADERS: usize = 16;

fn message(mut object: Object, seal: Seal, keys: Keys) -> Result<JsonMessage, DecodeError> {
    let domain = object.take_domain("domain")?;
    let mut source = object.require_object("source")?;
    let mut target = object.require_object("target")?;
    let (id, tagged_id) = object.take_key("id")?;
    let (source_prim, tagged_source) = source.take_key("prim")?;
    let (target_prim, tagged_target) = target.take_key("prim")?;
    Ok(JsonMessage {
        domain: domain.ok_or(DecodeError::Key { key: "domain", expected: "a text" })?,
        id: id.ok_or(DecodeError::Key { key: "id", expected: "a text" })?,
        method: method(&mut object)?,
        source: Address {
            region: source.take_text("region")?.unwrap_or_default(),
            prim: source_prim.unwrap_or_default(),
            script: source.take_text("script")?.unwrap_or_default(),
        },
        target: Target {
            region: target.take_text("region")?,
            prim: target_prim,
            script: target.take_text("script")?,
            link: target.take("link"),
            root: target.take("root"),
        },
        utime: number(&mut object, keys.time)?
            .ok_or(DecodeError::Key { key: keys.time, expected: "a number" })?,
        params: object.take("params"),
        result: object.take("result"),
        seal,
        tagged: tagged_id || tagged_source || tagged_target,
    })
}

/// No public receiver asks for one.
fn method(object: &mut Object) -> Result<Vec<String>, DecodeError> {
    let wrong = DecodeError::Key { key: "method", expected: "an array of texts" };
    let parts = match object.take("method") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(parts)) => parts,
        Some(_) => return Err(wrong),
    };
    parts
        .into_iter()
        .map(|part| match part {
            Value::String(part) => Ok(part),
            _ => Err(wrong.clone()),
        })
        .collect()
}

fn number(object: &mut Object, key: &'static str) -> Result<Option<Number>, DecodeError> {
    match object.take(key) {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number)),
        Some(_) => Err(DecodeError::Key { key, expected: "a number" }),
    }
}
