//! Builds a message from flags: each sets one field, in addition to the JSON of `--message`.

use std::io::Read;

use clap::Args;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::from_input;
use crate::clep::{Codec, ComposeError, Message, Shape, Stamp};
use crate::cli::exit::{Failure, USAGE};
use crate::time::Clock;

/// The fields of the message.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Fields {
    /// The message or the remaining fields, in the JSON form of `holm clep decode`; `-` reads stdin
    #[arg(long, value_name = "JSON")]
    message: Option<String>,
    /// Service (lists)
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Domain
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Text of the message (lists and opaque texts)
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Type of the message (lists) [default: raw]
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// A LEP message: {"flags","source","target","parameters","token","data"} (lists)
    #[arg(long, value_name = "JSON", conflicts_with_all = ["text", "kind"])]
    lep: Option<String>,
    /// Name of the method, with its parts joined by dots
    #[arg(long, value_name = "NAME")]
    method: Option<String>,
    /// Parameters of the method; any text in clep-lines, otherwise JSON
    #[arg(long, value_name = "VALUE")]
    params: Option<String>,
    /// Result, which makes the message an answer; any text in clep-lines, otherwise JSON
    #[arg(long, value_name = "VALUE")]
    result: Option<String>,
    /// Id of the request [default: a new UUID in clep-json, otherwise none]
    #[arg(long, value_name = "TEXT")]
    id: Option<String>,
    /// Unix time in seconds [default: now] (clep-json)
    #[arg(long, value_name = "SECONDS")]
    utime: Option<u64>,
    /// Time in the format of llGetTimestamp [default: now] (clep-lines)
    #[arg(long, value_name = "TEXT")]
    timestamp: Option<String>,
    /// Wrap the message as a string in another object (clep-json)
    #[arg(long)]
    wrap: bool,
    /// Region of the source
    #[arg(long, value_name = "NAME")]
    source_region: Option<String>,
    /// Key of the source prim
    #[arg(long, value_name = "KEY")]
    source_prim: Option<String>,
    /// Name of the source script
    #[arg(long, value_name = "NAME")]
    source_script: Option<String>,
    /// Region of the target
    #[arg(long, value_name = "NAME")]
    target_region: Option<String>,
    /// Key of the target prim
    #[arg(long, value_name = "KEY")]
    target_prim: Option<String>,
    /// Name of the target script
    #[arg(long, value_name = "NAME")]
    target_script: Option<String>,
}

pub(super) fn message(
    codec: &Codec,
    fields: &Fields,
    clock: &dyn Clock,
    input: &mut impl Read,
) -> Result<Message, Failure> {
    let shape = codec.shape();
    let mut root = start(fields, input)?;
    for (flag, value) in given(fields, shape)? {
        let path = place(shape, flag).ok_or_else(|| {
            let opaque = if shape == Shape::Opaque { " without --form" } else { "" };
            usage(format!("{flag} is not for dialect {}{opaque}", codec.dialect))
        })?;
        set(&mut root, path, value)
            .map_err(|key| usage(format!("{flag}: {key} of --message is not an object")))?;
    }
    let stamp = Stamp { unix: clock.unix(), id: Uuid::new_v4() };
    codec.compose(root, &stamp).map_err(|error| match error {
        ComposeError::Opaque => usage("message: expected --text and nothing else".to_owned()),
        error => usage(format!("message: {error}")),
    })
}

/// The object that flags add to.
fn start(fields: &Fields, input: &mut impl Read) -> Result<Map<String, Value>, Failure> {
    let Some(text) = &fields.message else { return Ok(Map::new()) };
    let read;
    let text = if text == "-" {
        read = from_input(input)?;
        read.as_slice()
    } else {
        text.as_bytes()
    };
    serde_json::from_slice(text).map_err(|error| usage(format!("--message: {error}")))
}

/// The flags that were given, with their values in the form of the shape.
fn given(fields: &Fields, shape: Shape) -> Result<Vec<(&'static str, Value)>, Failure> {
    let texts = [
        ("--service", &fields.service),
        ("--domain", &fields.domain),
        ("--text", &fields.text),
        ("--type", &fields.kind),
        ("--id", &fields.id),
        ("--timestamp", &fields.timestamp),
        ("--source-region", &fields.source_region),
        ("--source-prim", &fields.source_prim),
        ("--source-script", &fields.source_script),
        ("--target-region", &fields.target_region),
        ("--target-prim", &fields.target_prim),
        ("--target-script", &fields.target_script),
    ];
    let mut given: Vec<(&'static str, Value)> = texts
        .into_iter()
        .filter_map(|(flag, text)| Some((flag, Value::from(text.as_deref()?))))
        .collect();
    if let Some(method) = &fields.method {
        given.push((
            "--method",
            match shape {
                Shape::Json => method.split('.').collect(),
                _ => Value::from(method.as_str()),
            },
        ));
    }
    let values =
        [("--lep", &fields.lep), ("--params", &fields.params), ("--result", &fields.result)];
    for (flag, text) in values {
        let Some(text) = text else { continue };
        let value = if shape == Shape::Lines {
            Value::from(text.as_str())
        } else {
            serde_json::from_str(text).map_err(|error| usage(format!("{flag}: {error}")))?
        };
        given.push((flag, value));
    }
    if let Some(utime) = fields.utime {
        given.push(("--utime", Value::from(utime)));
    }
    if fields.wrap {
        given.push(("--wrap", json!({})));
    }
    Ok(given)
}

/// The field that a flag sets.
fn place(shape: Shape, flag: &str) -> Option<&'static [&'static str]> {
    use Shape::{Json, Lines, Listed, Opaque, Short};
    Some(match (flag, shape) {
        ("--text", Opaque) => &["text"],
        ("--text", Listed) => &["body", "raw", "text"],
        ("--type", Listed) => &["body", "raw", "type"],
        ("--lep", Listed) => &["body", "lep"],
        ("--service", Listed) => &["service"],
        ("--target-prim", Listed) => &["prim"],
        ("--domain", Listed | Short | Lines | Json) => &["domain"],
        ("--method", Short | Lines | Json) => &["method"],
        ("--params", Short | Lines | Json) => &["params"],
        ("--result", Short | Lines) => &["outcome", "result"],
        ("--result", Json) => &["result"],
        ("--id", Short | Lines | Json) => &["id"],
        ("--timestamp", Lines) => &["timestamp"],
        ("--utime", Json) => &["utime"],
        ("--wrap", Json) => &["seal", "wrapped"],
        ("--source-region", Short | Lines | Json) => &["source", "region"],
        ("--source-prim", Short | Lines | Json) => &["source", "prim"],
        ("--source-script", Short | Lines | Json) => &["source", "script"],
        ("--target-region", Short | Lines | Json) => &["target", "region"],
        ("--target-prim", Short | Lines | Json) => &["target", "prim"],
        ("--target-script", Short | Lines | Json) => &["target", "script"],
        _ => return None,
    })
}

/// Sets a field, making the objects on the way; the key of one that is something else is an error.
fn set(
    object: &mut Map<String, Value>,
    path: &'static [&'static str],
    value: Value,
) -> Result<(), &'static str> {
    match path {
        [] => {}
        [key] => {
            object.insert((*key).to_owned(), value);
        }
        [key, rest @ ..] => {
            let inner = object.entry(*key).or_insert_with(|| json!({}));
            set(inner.as_object_mut().ok_or(*key)?, rest, value)?;
        }
    }
    Ok(())
}

fn usage(message: String) -> Failure {
    Failure::new(USAGE, message)
}
