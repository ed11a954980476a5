//! How a message is shown.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::channel_of;
use crate::clep::{Codec, Message, is_typeable};
use crate::cli::globals::MessageFormat;

/// The message in lines of `field  value`, or as one line of JSON.
pub(super) fn message(codec: &Codec, message: &Message, format: MessageFormat) -> String {
    let channel = channel_of(codec, message);
    let warnings = warnings(channel, message);
    let dialect = codec.dialect;
    // A message consists of what serde_json can hold.
    let fields = serde_json::to_value(message).unwrap_or_default();
    match format {
        MessageFormat::Json => {
            let line = json!({
                "dialect": dialect,
                "channel": channel,
                "message": fields,
                "warnings": warnings,
            });
            format!("{line}\n")
        }
        MessageFormat::Human => {
            let mut rows = vec![("dialect".to_owned(), dialect.to_string())];
            rows.extend(channel.map(|channel| ("channel".to_owned(), channel.to_string())));
            flatten(&mut rows, String::new(), &fields);
            rows.extend(warnings.iter().map(|text| ("warning".to_owned(), (*text).to_owned())));
            let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            let mut out = String::new();
            for (name, value) in rows {
                // Writing to a string cannot fail.
                let _ = writeln!(out, "{name:width$}  {value}");
            }
            out
        }
    }
}

fn warnings(channel: Option<i32>, message: &Message) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if channel.is_some_and(is_typeable) {
        warnings.push("any avatar can type on this channel");
    }
    if message.is_signed() {
        warnings.push("the signature is not verified");
    }
    warnings
}

/// Each value that is no object or array, under its path. Texts are quoted: they come from
/// strangers, and the output may go to a terminal.
fn flatten(rows: &mut Vec<(String, String)>, path: String, value: &Value) {
    let inner = |key: &str| {
        let key: String = key.chars().flat_map(char::escape_debug).collect();
        if path.is_empty() { key } else { format!("{path}.{key}") }
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                flatten(rows, inner(key), value);
            }
        }
        Value::Array(array) if !array.is_empty() => {
            for (at, value) in array.iter().enumerate() {
                flatten(rows, inner(&at.to_string()), value);
            }
        }
        Value::String(text) => rows.push((path, format!("{text:?}"))),
        other => rows.push((path, other.to_string())),
    }
}
