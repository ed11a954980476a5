//! `holm clep`: computes CLEP channels, and writes and reads CLEP messages.
//!
//! For scripters who want to know a channel, send a message by hand or decode one. It works on its
//! arguments alone and needs no server.

mod compose;
mod show;

use std::io::{ErrorKind, Read, Write};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::exit::{Failure, INPUT, INTERNAL, USAGE};
use super::globals::MessageFormat;
use crate::clep::lep::Layout;
use crate::clep::{self, Codec, DEFAULT_LIMIT, Dialect, Escapes, ListForm, Message, Order};
use crate::time::Clock;

/// Flags of `holm clep`.
#[derive(Clone, Debug, Args)]
pub struct ClepArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Print the channel of a domain
    Channel(ChannelArgs),
    /// Encode a message as the text that is sent on the channel
    Encode(Box<EncodeArgs>),
    /// Decode a text
    Decode(DecodeArgs),
}

#[derive(Clone, Debug, Args)]
struct ChannelArgs {
    /// Dialect: xichat, seed-chuf, clep-sha, clep-hash-a, clep-hash-b, clep-svc, clep-rpc-short,
    /// clep-lines or clep-json
    #[arg(long, value_name = "DIALECT")]
    dialect: Dialect,
    /// Service; not hashed by seed-chuf and by dialects without services
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    service: String,
    /// Hash names with newlines instead of refusing them
    #[arg(long)]
    lenient: bool,
    /// Domain, hashed byte for byte; put `--` before it if it starts with a hyphen
    #[arg(value_name = "DOMAIN")]
    domain: String,
}

#[derive(Clone, Debug, Args)]
struct EncodeArgs {
    #[command(flatten)]
    codec: CodecArgs,
    #[command(flatten)]
    fields: compose::Fields,
}

#[derive(Clone, Debug, Args)]
struct DecodeArgs {
    #[command(flatten)]
    codec: CodecArgs,
    /// The text; `-` reads it from stdin and strips one trailing newline
    #[arg(value_name = "TEXT")]
    text: String,
}

/// What both sides of a conversation must agree on.
#[derive(Clone, Copy, Debug, Args)]
struct CodecArgs {
    /// Dialect: xichat, seed-chuf, clep-sha, clep-hash-a, clep-hash-b, clep-svc, clep-rpc-short,
    /// clep-lines or clep-json
    #[arg(long, value_name = "DIALECT")]
    dialect: Dialect,
    /// Form of lists: s1, s2, s2-xi, s2-en, s3 or s4 [default: the dialect's; seed-chuf has opaque
    /// texts]
    #[arg(long, value_name = "FORM")]
    form: Option<ListForm>,
    /// Position of the domain in lists [default: domain-prim for clep-svc, otherwise prim-domain]
    #[arg(long, value_name = "ORDER", value_enum)]
    order: Option<OrderName>,
    /// Layout of LEP messages in lists
    #[arg(long, value_name = "LAYOUT", value_enum, default_value_t)]
    lep_layout: LayoutName,
    /// Which grid's llEscapeURL to use for writing
    #[arg(long, value_name = "GRID", value_enum, default_value_t)]
    escapes: EscapesName,
    /// Maximum length of the text in bytes
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_LIMIT)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OrderName {
    /// Until August 2025
    PrimDomain,
    /// Since August 2025
    DomainPrim,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum LayoutName {
    /// Source, target, parameters
    #[default]
    L1,
    /// Source, target, parameters, token
    L2,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum EscapesName {
    /// Does not escape - _ . ~
    Opensim,
    /// Escapes all but letters and digits
    #[default]
    Secondlife,
}

/// Runs the command. Texts for `-` are read from `input`; `clock` dates messages.
///
/// # Errors
/// [`USAGE`] for flags that do not fit the dialect, fields that a message cannot have and names with
/// newlines, [`INPUT`] for a text that is not a message and a message that is too long.
pub fn run(
    args: &ClepArgs,
    format: MessageFormat,
    clock: &dyn Clock,
    input: &mut impl Read,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let text = match &args.action {
        Action::Channel(args) => channel(args)?,
        Action::Encode(args) => encode(args, format, clock, input)?,
        Action::Decode(args) => decode(args, format, input)?,
    };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new(INTERNAL, format!("cannot write output: {error}"))),
        Ok(()) => Ok(()),
    }
}

fn channel(args: &ChannelArgs) -> Result<String, Failure> {
    let ChannelArgs { dialect, service, lenient, domain } = args;
    let channel = if *lenient {
        clep::channel_lenient(*dialect, service, domain)
    } else {
        clep::channel(*dialect, service, domain)
            .map_err(|error| Failure::new(USAGE, error.to_string()))?
    };
    Ok(format!("{channel}\n"))
}

fn encode(
    args: &EncodeArgs,
    format: MessageFormat,
    clock: &dyn Clock,
    input: &mut impl Read,
) -> Result<String, Failure> {
    let codec = args.codec.codec()?;
    let message = compose::message(&codec, &args.fields, clock, input)?;
    let text = codec.encode(&message).map_err(|error| {
        let code = match error {
            clep::EncodeError::TooLong { .. } => INPUT,
            _ => USAGE,
        };
        Failure::new(code, error.to_string())
    })?;
    Ok(match format {
        MessageFormat::Human => format!("{text}\n"),
        MessageFormat::Json => {
            let line = json!({
                "dialect": codec.dialect,
                "channel": channel_of(&codec, &message),
                "bytes": text.len(),
                "text": text,
            });
            format!("{line}\n")
        }
    })
}

fn decode(
    args: &DecodeArgs,
    format: MessageFormat,
    input: &mut impl Read,
) -> Result<String, Failure> {
    let codec = args.codec.codec()?;
    let read;
    let text = if args.text == "-" {
        read = from_input(input)?;
        read.strip_suffix(b"\n").unwrap_or(&read)
    } else {
        args.text.as_bytes()
    };
    let message =
        codec.decode_bytes(text).map_err(|error| Failure::new(INPUT, format!("text: {error}")))?;
    Ok(show::message(&codec, &message, format))
}

/// All of stdin, within reason.
fn from_input(input: &mut impl Read) -> Result<Vec<u8>, Failure> {
    let mut read = Vec::new();
    input
        .take(LONGEST_INPUT + 1)
        .read_to_end(&mut read)
        .map_err(|error| Failure::new(INPUT, format!("stdin: {error}")))?;
    if read.len() as u64 > LONGEST_INPUT {
        return Err(Failure::new(INPUT, format!("stdin: more than {LONGEST_INPUT} bytes")));
    }
    Ok(read)
}

/// The channel that a message belongs on, if it says its domain.
fn channel_of(codec: &Codec, message: &Message) -> Option<i32> {
    let service = message.service().unwrap_or_default();
    message.domain().map(|domain| clep::channel_lenient(codec.dialect, service, domain))
}

impl CodecArgs {
    fn codec(self) -> Result<Codec, Failure> {
        let Self { dialect, form, order, lep_layout, escapes, limit } = self;
        let only_lists = [("--form", form.is_some()), ("--order", order.is_some())];
        if let Some((flag, _)) = only_lists.iter().find(|(_, given)| *given && !dialect.is_listed())
        {
            return Err(Failure::new(USAGE, format!("{flag} is not for dialect {dialect}")));
        }
        let codec = Codec::new(dialect);
        Ok(Codec {
            form,
            order: match order {
                Some(OrderName::PrimDomain) => Order::PrimDomain,
                Some(OrderName::DomainPrim) => Order::DomainPrim,
                None => codec.order,
            },
            layout: match lep_layout {
                LayoutName::L1 => Layout::L1,
                LayoutName::L2 => Layout::L2,
            },
            escapes: match escapes {
                EscapesName::Opensim => Escapes::OpenSim,
                EscapesName::Secondlife => Escapes::SecondLife,
            },
            limit,
            ..codec
        })
    }
}

/// More than any chat message, and than most link messages.
const LONGEST_INPUT: u64 = 1 << 20;

#[cfg(test)]
mod tests;
