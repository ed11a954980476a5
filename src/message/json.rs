//! Lossless conversion of any message to JSON and back.
//!
//! A message is an object with its blocks, by the names in the template: a Single block is an
//! object with its fields, other blocks are arrays of such objects. U64 and S64 are strings (JSON
//! numbers lose precision), and so are UUIDs and IPv4 addresses; vectors and quaternions are
//! arrays. Bytes are a string if they are text as viewers write it (UTF-8 with one final zero byte,
//! or nothing), otherwise `{"base64": "…"}`. When reading, missing fields are zero, and missing
//! Variable blocks have no entries; unknown names and values out of range are errors.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Number, Value as Json, json};
use thiserror::Error;

use super::dynamic::{DynamicMessage, Entry, Value, zero_entry};
use super::info::{BlockInfo, FieldType, MessageInfo, Quantity};
use super::value::{Quaternion, Vector3, Vector3d, Vector4};

/// Why JSON is not the message that it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct JsonError {
    /// `Message.Block[entry].Field`, as far as it goes.
    pub place: String,
    /// What is wrong.
    pub problem: JsonProblem,
}

/// What is wrong with a message in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonProblem {
    /// Something else should stand here.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What should stand here.
        expected: String,
        /// What does, shortened.
        found: String,
    },
    /// The template has no such block or field here.
    #[error("unknown; the names here are: {known}")]
    Unknown {
        /// Those that it has.
        known: String,
    },
}

/// The blocks of a message.
pub fn to_json(message: &DynamicMessage) -> Json {
    let blocks = message.info.blocks.iter().zip(&message.blocks).map(|(block, entries)| {
        let mut entries = entries.iter().map(|entry| entry_to_json(block, entry));
        let value = match block.quantity {
            Quantity::Single => entries.next().unwrap_or_default(),
            Quantity::Multiple(_) | Quantity::Variable => Json::Array(entries.collect()),
        };
        (block.name.to_owned(), value)
    });
    Json::Object(blocks.collect())
}

/// The message whose blocks `json` holds.
///
/// # Errors
/// At the first block or field that is unknown, of the wrong type or out of range.
pub fn from_json(info: &'static MessageInfo, json: &Json) -> Result<DynamicMessage, JsonError> {
    let mut path = Path(info.name.to_owned());
    let given = path.object(json, info.blocks.iter().map(|block| block.name))?;
    let mut message = DynamicMessage::new(info);
    for (block, entries) in info.blocks.iter().zip(&mut message.blocks) {
        if let Some(json) = given.get(block.name) {
            *entries = path.within(format_args!(".{}", block.name), |path| {
                entries_from_json(path, block, json)
            })?;
        }
    }
    Ok(message)
}

fn entry_to_json(block: &BlockInfo, entry: &Entry) -> Json {
    let fields = block.fields.iter().zip(entry);
    Json::Object(
        fields.map(|(field, value)| (field.name.to_owned(), value_to_json(value))).collect(),
    )
}

fn value_to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::U8(value) => json!(value),
        Value::U16(value) => json!(value),
        Value::U32(value) => json!(value),
        Value::U64(value) => json!(value.to_string()),
        Value::S8(value) => json!(value),
        Value::S16(value) => json!(value),
        Value::S32(value) => json!(value),
        Value::S64(value) => json!(value.to_string()),
        Value::F32(value) => float32(*value),
        Value::F64(value) => float64(*value),
        Value::Vector3(Vector3 { x, y, z }) => floats32(&[*x, *y, *z]),
        Value::Vector3d(Vector3d { x, y, z }) => {
            Json::Array(vec![float64(*x), float64(*y), float64(*z)])
        }
        Value::Vector4(Vector4 { x, y, z, w }) | Value::Quaternion(Quaternion { x, y, z, w }) => {
            floats32(&[*x, *y, *z, *w])
        }
        Value::Uuid(value) => json!(value.to_string()),
        Value::Bool(value) => json!(value),
        Value::IpAddr(value) => json!(value.to_string()),
        Value::Bytes(value) => bytes_to_json(value),
        Value::U16Vec3(value) => json!(value),
        Value::U16Quat(value) => json!(value),
        Value::S16Array(value) => json!(value),
    }
}

/// Text if reading it back gives the same bytes.
fn bytes_to_json(bytes: &Bytes) -> Json {
    let text = match bytes.strip_suffix(&[0]) {
        Some(body) if !body.is_empty() && !body.contains(&0) => str::from_utf8(body).ok(),
        None if bytes.is_empty() => Some(""),
        _ => None,
    };
    text.map_or_else(|| json!({ "base64": STANDARD.encode(bytes) }), |text| json!(text))
}

fn floats32(parts: &[f32]) -> Json {
    Json::Array(parts.iter().copied().map(float32).collect())
}

/// The shortest decimal that reads back as the same F32, instead of its exact but long F64 form.
fn float32(value: f32) -> Json {
    let short = value.to_string().parse().unwrap_or_default();
    float64(if (short as f32).to_bits() == value.to_bits() { short } else { f64::from(value) })
}

fn float64(value: f64) -> Json {
    Number::from_f64(value).map_or_else(|| json!(0.0), Json::Number)
}

fn entries_from_json(
    path: &mut Path,
    block: &BlockInfo,
    json: &Json,
) -> Result<Vec<Entry>, JsonError> {
    let array = match (block.quantity, json) {
        (Quantity::Single, _) => return Ok(vec![entry_from_json(path, block, json)?]),
        (_, Json::Array(array)) => array,
        _ => return Err(path.expected("an array", json)),
    };
    match block.quantity {
        Quantity::Multiple(count) if array.len() != usize::from(count) => {
            return Err(path.expected(format!("{count} entries"), &json!(array.len())));
        }
        Quantity::Variable if array.len() > 255 => {
            return Err(path.expected("at most 255 entries", &json!(array.len())));
        }
        _ => {}
    }
    let entries = array.iter().enumerate();
    entries
        .map(|(at, json)| {
            path.within(format_args!("[{at}]"), |path| entry_from_json(path, block, json))
        })
        .collect()
}

fn entry_from_json(path: &mut Path, block: &BlockInfo, json: &Json) -> Result<Entry, JsonError> {
    let given = path.object(json, block.fields.iter().map(|field| field.name))?;
    let mut entry = zero_entry(block);
    for (field, value) in block.fields.iter().zip(&mut entry) {
        if let Some(json) = given.get(field.name) {
            let wrong = |expected: String| {
                let place = format!("{}.{}", path.0, field.name);
                JsonError { place, problem: JsonProblem::Expected { expected, found: shown(json) } }
            };
            *value = value_from_json(field.kind, json).map_err(wrong)?;
        }
    }
    Ok(entry)
}

/// The value, or what was expected instead.
fn value_from_json(kind: FieldType, json: &Json) -> Result<Value, String> {
    Ok(match kind {
        FieldType::Null | FieldType::Eol if json.is_null() => Value::Null,
        FieldType::Null | FieldType::Eol => return Err("null".to_owned()),
        FieldType::U8 => Value::U8(integer(json, 0, u8::MAX.into())?),
        FieldType::U16 | FieldType::IpPort => Value::U16(integer(json, 0, u16::MAX.into())?),
        FieldType::U32 => Value::U32(integer(json, 0, u32::MAX.into())?),
        FieldType::S8 => Value::S8(integer(json, i8::MIN.into(), i8::MAX.into())?),
        FieldType::S16 => Value::S16(integer(json, i16::MIN.into(), i16::MAX.into())?),
        FieldType::S32 => Value::S32(integer(json, i32::MIN.into(), i32::MAX.into())?),
        FieldType::U64 => match json {
            Json::String(text) => text.parse().ok(),
            _ => json.as_u64(),
        }
        .map(Value::U64)
        .ok_or("a string with an integer of 64 bits without sign")?,
        FieldType::S64 => match json {
            Json::String(text) => text.parse().ok(),
            _ => json.as_i64(),
        }
        .map(Value::S64)
        .ok_or("a string with an integer of 64 bits")?,
        FieldType::F32 => {
            let [value] = numbers32(std::slice::from_ref(json)).ok_or("a number of 32 bits")?;
            Value::F32(value)
        }
        FieldType::F64 => Value::F64(json.as_f64().ok_or("a number")?),
        FieldType::Vector3 => {
            let [x, y, z] = array(json, numbers32).ok_or("an array of 3 numbers")?;
            Value::Vector3(Vector3 { x, y, z })
        }
        FieldType::Vector3d => {
            let [x, y, z] = array(json, numbers64).ok_or("an array of 3 numbers")?;
            Value::Vector3d(Vector3d { x, y, z })
        }
        FieldType::Vector4 => {
            let [x, y, z, w] = array(json, numbers32).ok_or("an array of 4 numbers")?;
            Value::Vector4(Vector4 { x, y, z, w })
        }
        FieldType::Quaternion => quaternion(json).ok_or("an array of 3 or 4 numbers")?,
        FieldType::Uuid => {
            Value::Uuid(string(json).and_then(|text| text.parse().ok()).ok_or("a UUID")?)
        }
        FieldType::Bool => Value::Bool(json.as_bool().ok_or("true or false")?),
        FieldType::IpAddr => {
            Value::IpAddr(string(json).and_then(|text| text.parse().ok()).ok_or("an IPv4 address")?)
        }
        FieldType::Fixed(len) => Value::Bytes(
            bytes_from_json(json)
                .filter(|bytes| bytes.len() == usize::from(len))
                .ok_or_else(|| format!("{{\"base64\": …}} of {len} bytes"))?,
        ),
        FieldType::Variable1 => Value::Bytes(variable(json, 255)?),
        FieldType::Variable2 => Value::Bytes(variable(json, 65535)?),
        FieldType::U16Vec3 => {
            Value::U16Vec3(array(json, integers).ok_or("an array of 3 U16 integers")?)
        }
        FieldType::U16Quat => {
            Value::U16Quat(array(json, integers).ok_or("an array of 4 U16 integers")?)
        }
        FieldType::S16Array => Value::S16Array(
            json.as_array()
                .filter(|array| array.len() <= 255)
                .and_then(|array| array.iter().map(small).collect())
                .ok_or("an array of at most 255 S16 integers")?,
        ),
    })
}

fn integer<T: TryFrom<i64>>(json: &Json, least: i64, most: i64) -> Result<T, String> {
    json.as_i64()
        .filter(|number| (least..=most).contains(number))
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("an integer of {least} to {most}"))
}

fn small<T: TryFrom<i64>>(json: &Json) -> Option<T> {
    json.as_i64().and_then(|number| T::try_from(number).ok())
}

fn string(json: &Json) -> Option<&str> {
    json.as_str()
}

fn array<T>(json: &Json, read: fn(&[Json]) -> Option<T>) -> Option<T> {
    json.as_array().and_then(|array| read(array))
}

fn integers<const N: usize>(array: &[Json]) -> Option<[u16; N]> {
    let numbers: Vec<u16> = array.iter().map(small).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

fn numbers64<const N: usize>(array: &[Json]) -> Option<[f64; N]> {
    let numbers: Vec<f64> = array.iter().map(Json::as_f64).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

fn numbers32<const N: usize>(array: &[Json]) -> Option<[f32; N]> {
    let numbers = numbers64::<N>(array)?.map(|number| number as f32);
    numbers.iter().all(|number| number.is_finite()).then_some(numbers)
}

fn quaternion(json: &Json) -> Option<Value> {
    let value = if let Some([x, y, z, w]) = array(json, numbers32) {
        Quaternion { x, y, z, w }
    } else {
        let [x, y, z] = array(json, numbers32)?;
        Quaternion::from_wire(x, y, z)
    };
    Some(Value::Quaternion(value))
}

fn variable(json: &Json, most: usize) -> Result<Bytes, String> {
    bytes_from_json(json).filter(|bytes| bytes.len() <= most).ok_or_else(|| {
        format!("text without zero bytes, or {{\"base64\": …}}, of at most {most} bytes")
    })
}

fn bytes_from_json(json: &Json) -> Option<Bytes> {
    match json {
        Json::String(text) if text.is_empty() => Some(Bytes::new()),
        Json::String(text) if text.contains('\0') => None,
        Json::String(text) => Some([text.as_bytes(), &[0]].concat().into()),
        Json::Object(object) if object.len() == 1 => {
            STANDARD.decode(object.get("base64")?.as_str()?).ok().map(Bytes::from)
        }
        _ => None,
    }
}

/// Where the reading is, for errors.
struct Path(String);

impl Path {
    /// Reads one step further down.
    fn within<T>(
        &mut self,
        step: std::fmt::Arguments<'_>,
        read: impl FnOnce(&mut Self) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        let len = self.0.len();
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(step);
        let result = read(self);
        self.0.truncate(len);
        result
    }

    /// `json` as an object that has no other keys than `names`.
    fn object<'j>(
        &self,
        json: &'j Json,
        names: impl Iterator<Item = &'static str> + Clone,
    ) -> Result<&'j Map<String, Json>, JsonError> {
        let object = json.as_object().ok_or_else(|| self.expected("an object", json))?;
        match object.keys().find(|key| names.clone().all(|name| name != *key)) {
            None => Ok(object),
            Some(key) => {
                let known = names.collect::<Vec<_>>().join(", ");
                let place = format!("{}.{}", self.0, cut(key));
                Err(JsonError { place, problem: JsonProblem::Unknown { known } })
            }
        }
    }

    fn expected(&self, expected: impl Into<String>, found: &Json) -> JsonError {
        let problem = JsonProblem::Expected { expected: expected.into(), found: shown(found) };
        JsonError { place: self.0.clone(), problem }
    }
}

/// A value for an error message, cut to a readable length.
fn shown(json: &Json) -> String {
    match json {
        Json::Array(_) => "an array".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        Json::String(text) => format!("\"{}\"", cut(text)),
        other => other.to_string(),
    }
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::{bytes_to_json, float32, from_json, to_json};
    use crate::message::{ChatFromViewer, Message, NeighborList, PacketAck, ViewerEffect};

    fn error(json: &serde_json::Value) -> String {
        from_json(ChatFromViewer::INFO, json).unwrap_err().to_string()
    }

    #[test]
    fn absent_parts_are_zero() {
        let message = from_json(ChatFromViewer::INFO, &json!({"ChatData": {"Type": 1}})).unwrap();
        assert_eq!(
            to_json(&message),
            json!({
                "AgentData": {
                    "AgentID": "00000000-0000-0000-0000-000000000000",
                    "SessionID": "00000000-0000-0000-0000-000000000000",
                },
                "ChatData": {"Message": "", "Type": 1, "Channel": 0},
            })
        );
    }

    #[test]
    fn errors_name_the_place_and_what_was_expected() {
        assert_eq!(error(&json!([])), "ChatFromViewer: expected an object, found an array");
        assert_eq!(
            error(&json!({"ChatDate": {}})),
            "ChatFromViewer.ChatDate: unknown; the names here are: AgentData, ChatData"
        );
        assert_eq!(
            error(&json!({"ChatData": {"Type": 256}})),
            "ChatFromViewer.ChatData.Type: expected an integer of 0 to 255, found 256"
        );
        assert_eq!(
            error(&json!({"AgentData": {"AgentID": "me"}})),
            "ChatFromViewer.AgentData.AgentID: expected a UUID, found \"me\""
        );
        let acks = json!({"Packets": [{"ID": 1}, {"ID": -1}]});
        assert_eq!(
            from_json(PacketAck::INFO, &acks).unwrap_err().to_string(),
            "PacketAck.Packets[1].ID: expected an integer of 0 to 4294967295, found -1"
        );
        let neighbors = json!({"NeighborBlock": [{}, {}]});
        assert_eq!(
            from_json(NeighborList::INFO, &neighbors).unwrap_err().to_string(),
            "NeighborList.NeighborBlock: expected 4 entries, found 2"
        );
        let effect = json!({"Effect": [{"Color": {"base64": "AAAA"}}]});
        assert_eq!(
            from_json(ViewerEffect::INFO, &effect).unwrap_err().to_string(),
            "ViewerEffect.Effect[0].Color: expected {\"base64\": …} of 4 bytes, found an object"
        );
    }

    #[test]
    fn only_what_reads_back_the_same_is_text() {
        for (bytes, json) in [
            (&b"hi\0"[..], json!("hi")),
            (b"", json!("")),
            (b"\0", json!({"base64": "AA=="})),
            (b"hi", json!({"base64": "aGk="})),
            (b"h\0i\0", json!({"base64": "aABpAA=="})),
            (b"\xFF\0", json!({"base64": "/wA="})),
        ] {
            assert_eq!(bytes_to_json(&Bytes::copy_from_slice(bytes)), json);
            assert_eq!(super::bytes_from_json(&json).unwrap(), bytes);
        }
    }

    #[test]
    fn floats_are_short_and_exact() {
        assert_eq!(float32(0.1), json!(0.1));
        assert_eq!(float32(-0.0).to_string(), "-0.0");
        assert_eq!(float32(f32::NAN), json!(0.0));
        for value in [f32::MAX, f32::MIN_POSITIVE, 1e-45, 16_777_217.0, 0.300_000_04] {
            assert_eq!(float32(value).as_f64().map(|read| read as f32), Some(value));
        }
    }
}
