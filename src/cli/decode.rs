//! `holm decode`: shows the contents of a datagram or a capture.
//!
//! It prints header, message and fields, as text or as one JSON object per packet, and uses the
//! built-in template or one that the user names. It knows no circuits, so it shows single packets
//! and not how a receiver would process them.

mod blocks;
mod link;
mod pcap;
mod show;
mod templates;

use std::fs::File;
use std::io::{BufReader, ErrorKind, Write};
use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;

use super::exit::{Failure, INPUT, INTERNAL};
use super::globals::MessageFormat;
use pcap::{Capture, Packet};
use show::Shower;
use templates::Templates;

/// Flags of `holm decode`.
#[derive(Clone, Debug, Args)]
pub struct DecodeArgs {
    /// Use this message template instead of the built-in one
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// One datagram in hex, from its first header byte; blanks and colons are ignored
    #[arg(long, value_name = "STRING")]
    hex: Option<String>,
    /// A capture in pcap or pcapng format
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// Decodes and writes to `out`.
///
/// # Errors
/// [`INPUT`] for a template or capture that is unreadable or malformed, and for a datagram given
/// as hex that is none. Malformed packets of a capture are shown as such and are no error.
pub fn run(args: &DecodeArgs, format: MessageFormat, out: &mut impl Write) -> Result<(), Failure> {
    let templates = match &args.template {
        None => Templates::BuiltIn,
        Some(path) => Templates::load(path).map_err(|error| Failure::new(INPUT, error))?,
    };
    let mut shower = Shower::new(templates, format, out);
    let done = match (&args.source.hex, &args.source.pcap) {
        (Some(hex), _) => one(hex, &mut shower),
        (None, Some(path)) => capture(path, &mut shower),
        (None, None) => Ok(()),
    };
    match done {
        // Whoever reads the output has seen enough.
        Err(Stop::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Output(error)) => {
            Err(Failure::new(INTERNAL, format!("cannot write output: {error}")))
        }
        Err(Stop::Input(message)) => Err(Failure::new(INPUT, message)),
        Ok(()) => Ok(()),
    }
}

/// Why decoding ends early.
enum Stop {
    Input(String),
    Output(std::io::Error),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

fn one<W: Write>(hex: &str, shower: &mut Shower<W>) -> Result<(), Stop> {
    let datagram = bytes_of(hex).map_err(|problem| Stop::Input(format!("hex: {problem}")))?;
    match shower.packet(&Packet::bare(datagram))? {
        None => Ok(()),
        Some(problem) => Err(Stop::Input(format!("hex: {problem}"))),
    }
}

fn capture<W: Write>(path: &PathBuf, shower: &mut Shower<W>) -> Result<(), Stop> {
    let stop =
        |problem: &dyn std::fmt::Display| Stop::Input(format!("{}: {problem}", path.display()));
    let file = File::open(path).map_err(|error| stop(&error))?;
    let mut capture = Capture::new(BufReader::new(file)).map_err(|error| stop(&error))?;
    while let Some(packet) = capture.next_udp().map_err(|error| stop(&error))? {
        shower.packet(&packet)?;
    }
    shower.end(capture.skipped())?;
    Ok(())
}

fn bytes_of(hex: &str) -> Result<Bytes, String> {
    let hex = hex.trim();
    let hex = hex.strip_prefix("0x").unwrap_or(hex);
    let mut bytes = Vec::new();
    let mut half = None;
    for (at, c) in hex.char_indices() {
        if c.is_whitespace() || c == ':' {
            continue;
        }
        let digit = c.to_digit(16).ok_or_else(|| {
            format!("expected a hexadecimal digit at position {}, found {c:?}", at + 1)
        })? as u8;
        match half.take() {
            None => half = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    match half {
        None => Ok(bytes.into()),
        Some(_) => Err("expected an even number of hexadecimal digits".to_owned()),
    }
}

#[cfg(test)]
mod tests;
