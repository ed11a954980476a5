//! Messages that are lists of six elements: the format of all dialects until December 2025.

use serde::{Deserialize, Serialize};

use super::channel::check_name;
use super::codec::Codec;
use super::lep::{Flags, LepMessage, LinkMessage};
use super::list::ListForm;
use super::message::Message;
use super::{DecodeError, Dialect, EncodeError};

/// A message to all listeners of a service and domain, or to one prim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListedMessage {
    /// Which program it belongs to; without newline.
    pub service: String,
    /// Without newline.
    pub domain: String,
    /// Key of the prim that it is for; empty: all.
    pub prim: String,
    /// What it says.
    pub body: Body,
}

/// What a [`ListedMessage`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Body {
    /// Handed to the script as it is.
    Raw {
        /// The type element: any text but `LEP`.
        #[serde(rename = "type", default = "raw")]
        kind: String,
        /// The message element.
        text: String,
    },
    /// A LEP message.
    Lep(LepMessage),
}

impl Default for Body {
    fn default() -> Self {
        Self::Raw { kind: raw(), text: String::new() }
    }
}

/// A packet of the transfer protocol, which its author calls broken. Read for display, never
/// written, never routed by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Packet {
    /// The domain.
    pub domain: String,
    /// Which transfer.
    pub transfer: String,
    /// A part of the message, empty at its end; `None`: the receiver asks for the next.
    pub fragment: Option<String>,
}

/// Which of the target prim and the domain comes first. It was turned round in August 2025, and
/// nothing on the wire tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Until 15 August 2025.
    PrimDomain,
    /// Since then.
    DomainPrim,
}

pub(super) fn encode(
    codec: &Codec,
    form: ListForm,
    message: &ListedMessage,
) -> Result<String, EncodeError> {
    check_name("service", &message.service)?;
    check_name("domain", &message.domain)?;
    let (kind, text) = match &message.body {
        Body::Raw { kind, .. } if kind == LEP => {
            return Err(EncodeError::Field { field: "type", problem: "LEP marks a lep message" });
        }
        Body::Raw { kind, text } => (kind.as_str(), text.clone()),
        Body::Lep(lep) => {
            let LinkMessage { integer, text, key } = lep.encode(codec.layout)?;
            (LEP, form.encode(&[integer.to_string(), text, key], codec.escapes))
        }
    };
    let (third, fourth) = match codec.order {
        Order::PrimDomain => (&message.prim, &message.domain),
        Order::DomainPrim => (&message.domain, &message.prim),
    };
    let elements: [&str; 6] = [tag(codec.dialect), &message.service, third, fourth, kind, &text];
    Ok(form.encode(&elements, codec.escapes))
}

pub(super) fn decode(codec: &Codec, form: ListForm, text: &str) -> Result<Message, DecodeError> {
    let tag = tag(codec.dialect);
    let wrong_tag = |found: &str| DecodeError::Tag {
        found: found.chars().take(SHOWN_TAG).collect(),
        expected: tag,
    };
    let elements = match form.decode(text) {
        Ok(elements) => elements,
        // Other people's chat ends early too, by this form: it is cut only if it began as ours.
        Err(error) if error.is_truncated() && !opens(form, tag, text) => {
            return Err(wrong_tag(text));
        }
        Err(error) => return Err(error),
    };
    let bytes = text.len();
    match elements.first().map(String::as_str) {
        Some(found) if found == tag => message(codec, form, elements, bytes).map(Message::Listed),
        Some(PACKET) if tag == CLEP => {
            let [_, domain, transfer, fragment] = exactly(elements, "4", bytes)?;
            Ok(Message::Packet(Packet { domain, transfer, fragment: Some(fragment) }))
        }
        Some(NEXT_PACKET) if tag == CLEP => {
            let [_, domain, transfer] = exactly(elements, "3", bytes)?;
            Ok(Message::Packet(Packet { domain, transfer, fragment: None }))
        }
        found => Err(wrong_tag(found.unwrap_or_default())),
    }
}

fn message(
    codec: &Codec,
    form: ListForm,
    elements: Vec<String>,
    bytes: usize,
) -> Result<ListedMessage, DecodeError> {
    let [_, service, third, fourth, kind, text] = exactly(elements, "6", bytes)?;
    let (prim, domain) = match codec.order {
        Order::PrimDomain => (third, fourth),
        Order::DomainPrim => (fourth, third),
    };
    for (key, name) in [("service", &service), ("domain", &domain)] {
        if name.contains('\n') {
            return Err(DecodeError::Key { key, expected: "a text without newline" });
        }
    }
    let body =
        if kind == LEP { Body::Lep(lep(codec, form, &text)?) } else { Body::Raw { kind, text } };
    Ok(ListedMessage { service, domain, prim, body })
}

fn lep(codec: &Codec, form: ListForm, text: &str) -> Result<LepMessage, DecodeError> {
    let list = form.decode(text).ok().and_then(|list| <[String; 3]>::try_from(list).ok());
    let Some([flags, text, key]) = list else {
        return Err(DecodeError::Form {
            what: "message element",
            expected: "a list of flags, lep text and data",
        });
    };
    let flags: Flags = flags
        .parse()
        .map_err(|_| DecodeError::Form { what: "lep flags", expected: "a decimal integer" })?;
    let link = LinkMessage { integer: flags.0, text, key };
    Ok(LepMessage::decode(codec.layout, &link)?)
}

fn exactly<const N: usize>(
    elements: Vec<String>,
    expected: &'static str,
    bytes: usize,
) -> Result<[String; N], DecodeError> {
    elements.try_into().map_err(|elements: Vec<String>| {
        if elements.len() < N {
            // The tag was right, and senders never write fewer: something has been cut off.
            DecodeError::Truncated { bytes, missing: "elements of the list" }
        } else {
            DecodeError::Count { found: elements.len(), what: "elements", expected }
        }
    })
}

fn opens(form: ListForm, tag: &str, text: &str) -> bool {
    let tags = [(tag, 6), (PACKET, 4), (NEXT_PACKET, 3)];
    tags.into_iter().any(|(tag, count)| form.opens_with(text, tag, count))
}

const fn tag(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Xichat => "XiChat",
        _ => CLEP,
    }
}

fn raw() -> String {
    "raw".to_owned()
}

const CLEP: &str = "CLEP";
const LEP: &str = "LEP";
const PACKET: &str = "CLEP_PTP";
const NEXT_PACKET: &str = "CLEP_PTP_More";

/// Characters of a foreign tag that errors show.
const SHOWN_TAG: usize = 40;
