//! How a packet is shown.

use std::io::{self, Write};

use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

use super::pcap::{Packet, Skipped};
use super::templates::Templates;
use crate::cli::globals::MessageFormat;
use crate::message::header::{self, Datagram};
use crate::message::{DynamicMessage, Quantity, Value, json};

/// Writes packets, numbered from 1.
pub(super) struct Shower<W> {
    templates: Templates,
    format: MessageFormat,
    out: W,
    count: u64,
}

impl<W: Write> Shower<W> {
    pub(super) fn new(templates: Templates, format: MessageFormat, out: W) -> Self {
        Self { templates, format, out, count: 0 }
    }

    /// Shows one packet; gives what is wrong with it, which has then been shown too.
    pub(super) fn packet(&mut self, packet: &Packet) -> io::Result<Option<String>> {
        self.count += 1;
        let mut shown = Shown { packet, datagram: None, name: None, message: None, problem: None };
        match header::parse(&packet.payload) {
            Err(error) => shown.problem = Some(error.to_string()),
            Ok(datagram) => {
                if let Some(info) = self.templates.info(datagram.id) {
                    shown.name = Some(info.name);
                    match DynamicMessage::decode(info, &datagram.body) {
                        Ok(message) => shown.message = Some(message),
                        Err(error) => shown.problem = Some(error.to_string()),
                    }
                }
                shown.datagram = Some(datagram);
            }
        }
        match self.format {
            MessageFormat::Human => self.human(&shown)?,
            MessageFormat::Json => {
                serde_json::to_writer(&mut self.out, &shown.to_json(self.count))?;
                writeln!(self.out)?;
            }
        }
        Ok(shown.problem)
    }

    /// Says what the capture held besides.
    pub(super) fn end(&mut self, skipped: Skipped) -> io::Result<()> {
        if self.format == MessageFormat::Human {
            let Skipped { other, fragments, cut } = skipped;
            for (count, what) in [
                (other, "that are not UDP"),
                (fragments, "in fragments"),
                (cut, "captured in part"),
            ] {
                if count > 0 {
                    writeln!(self.out, "left out: {count} packets {what}")?;
                }
            }
        }
        self.out.flush()
    }

    fn human(&mut self, shown: &Shown<'_>) -> io::Result<()> {
        let out = &mut self.out;
        write!(out, "#{}", self.count)?;
        if let Some(time) = shown.packet.time {
            write!(out, " {time:.6}")?;
        }
        if let Some((from, to)) = shown.packet.ends {
            write!(out, " {from} > {to}")?;
        }
        if let Some(datagram) = &shown.datagram {
            match shown.name {
                Some(name) => write!(out, " {name} ({})", datagram.id)?,
                None => write!(out, " unknown message ({})", datagram.id)?,
            }
            write!(out, " sequence {}", datagram.sequence)?;
            for (name, _) in datagram.flags.iter_names() {
                write!(out, " {name}")?;
            }
        }
        writeln!(out)?;
        if let Some(datagram) = shown.datagram.as_ref().filter(|datagram| !datagram.acks.is_empty())
        {
            let acks: Vec<String> = datagram.acks.iter().map(|ack| ack.to_string()).collect();
            writeln!(out, "  appended acks: {}", acks.join(" "))?;
        }
        if let Some(message) = &shown.message {
            human_message(out, message)?;
        } else if let Some(bytes) = shown.raw() {
            writeln!(out, "  {}", hex(bytes))?;
        }
        if let Some(problem) = &shown.problem {
            writeln!(out, "  malformed: {problem}")?;
        }
        Ok(())
    }
}

/// What is known of a packet.
struct Shown<'a> {
    packet: &'a Packet,
    datagram: Option<Datagram>,
    name: Option<&'static str>,
    message: Option<DynamicMessage>,
    problem: Option<String>,
}

impl Shown<'_> {
    /// The bytes that could not be read any further.
    fn raw(&self) -> Option<&Bytes> {
        match (&self.datagram, &self.message) {
            (None, _) => Some(&self.packet.payload),
            (Some(datagram), None) => Some(&datagram.body),
            _ => None,
        }
    }

    fn to_json(&self, count: u64) -> Json {
        let mut object = Map::new();
        let mut put = |key: &str, value: Json| object.insert(key.to_owned(), value);
        put("packet", json!(count));
        if let Some(time) = self.packet.time {
            put("time", json!(time));
        }
        if let Some((from, to)) = self.packet.ends {
            put("from", json!(from.to_string()));
            put("to", json!(to.to_string()));
        }
        if let Some(datagram) = &self.datagram {
            let flags: Vec<&str> = datagram.flags.iter_names().map(|(name, _)| name).collect();
            put("flags", json!(flags));
            put("sequence", json!(datagram.sequence));
            put("acks", datagram.acks.iter().collect());
            put("number", json!(datagram.id.to_string()));
            put("message", json!(self.name));
        }
        if let Some(message) = &self.message {
            put("body", json::to_json(message));
        } else if let Some(bytes) = self.raw() {
            put("hex", json!(hex(bytes)));
        }
        if let Some(problem) = &self.problem {
            put("malformed", json!(problem));
        }
        Json::Object(object)
    }
}

fn human_message(out: &mut impl Write, message: &DynamicMessage) -> io::Result<()> {
    for (block, entries) in message.info.blocks.iter().zip(&message.blocks) {
        if entries.is_empty() {
            writeln!(out, "  {} (no entries)", block.name)?;
        }
        let width = block.fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
        for (at, entry) in entries.iter().enumerate() {
            match block.quantity {
                Quantity::Single => writeln!(out, "  {}", block.name)?,
                _ => writeln!(out, "  {}[{at}]", block.name)?,
            }
            for (field, value) in block.fields.iter().zip(entry) {
                writeln!(out, "    {:width$}  {}", field.name, value_text(value))?;
            }
        }
    }
    Ok(())
}

fn value_text(value: &Value) -> String {
    let floats = |parts: &[f32]| {
        let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        format!("<{}>", parts.join(", "))
    };
    match value {
        Value::Null => "-".to_owned(),
        Value::U8(value) => value.to_string(),
        Value::U16(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::S8(value) => value.to_string(),
        Value::S16(value) => value.to_string(),
        Value::S32(value) => value.to_string(),
        Value::S64(value) => value.to_string(),
        Value::F32(value) => value.to_string(),
        Value::F64(value) => value.to_string(),
        Value::Vector3(value) => floats(&[value.x, value.y, value.z]),
        Value::Vector3d(value) => format!("<{}, {}, {}>", value.x, value.y, value.z),
        Value::Vector4(value) => floats(&[value.x, value.y, value.z, value.w]),
        Value::Quaternion(value) => floats(&[value.x, value.y, value.z, value.w]),
        Value::Uuid(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::IpAddr(value) => value.to_string(),
        Value::Bytes(value) => bytes_text(value),
        Value::U16Vec3(value) => format!("{value:?}"),
        Value::U16Quat(value) => format!("{value:?}"),
        Value::S16Array(value) => format!("{value:?}"),
    }
}

/// Printable text in quotes, anything else in hex.
fn bytes_text(bytes: &Bytes) -> String {
    let text = bytes.strip_suffix(&[0]).and_then(|text| str::from_utf8(text).ok());
    match text {
        _ if bytes.is_empty() => "\"\"".to_owned(),
        Some(text) if !text.contains(|c: char| c.is_control() && !c.is_whitespace()) => {
            format!("{text:?}")
        }
        _ => format!("{} bytes: {}", bytes.len(), hex(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|&byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
