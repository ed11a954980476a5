//! The message format of the first half of 2026: fourteen fields in lines, seventeen if signed.
//!
//! The form has no end mark: a message truncated inside its last field looks complete. So a text
//! that is long enough to have been truncated is refused, and none of that length is written.

use serde::{Deserialize, Serialize};

use super::channel::check_name;
use super::escape::{Escapes, unescape};
use super::message::Address;
use super::{DecodeError, EncodeError};

/// A request or an answer. No field but `params` and the outcome can have a newline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinesMessage {
    /// When it was sent, as `llGetTimestamp` has it.
    pub timestamp: String,
    /// Who sends it; the region only by chat.
    pub source: Address,
    /// The recipient to which a relay passes it on.
    pub snep_target: String,
    /// Who is to take it.
    pub target: Address,
    /// The domain.
    pub domain: String,
    /// The name of the operation.
    pub method: String,
    /// What the operation works on: any text.
    pub params: String,
    /// Which request.
    pub id: String,
    /// What kind of message it is.
    pub outcome: LineOutcome,
    /// Who vouches for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<LineSignature>,
}

/// What kind of [`LinesMessage`] it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum LineOutcome {
    /// A request.
    #[default]
    Request,
    /// The answer of a request that succeeded: any text.
    Result(String),
    /// The answer of one that failed.
    Error {
        /// What scripts go by; not 0.
        code: i32,
        /// What people read: any text.
        text: String,
    },
}

/// The signature of a [`LinesMessage`], unverified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSignature {
    /// How it was made.
    pub scheme: Scheme,
    /// Of what hash.
    pub algorithm: String,
    /// Over the first fourteen fields with their newlines.
    pub signature: String,
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Scheme {
    /// With a private key.
    Rsa,
    /// With a shared secret.
    Hmac,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Hmac => "HMAC",
        }
    }
}

/// The longest text that cannot have been cut where texts are cut at `limit`, or one byte below or
/// above it, on the boundary of a character.
pub(super) const fn longest(limit: usize) -> usize {
    limit.saturating_sub(LONGEST_CUT + 1)
}

pub(super) fn encode(message: &LinesMessage, escapes: Escapes) -> Result<String, EncodeError> {
    check_name("domain", &message.domain)?;
    let (code, result) = match &message.outcome {
        LineOutcome::Request => (String::new(), ""),
        LineOutcome::Result(result) => ("0".to_owned(), result.as_str()),
        LineOutcome::Error { code: 0, .. } => {
            return Err(EncodeError::Field { field: "error code", problem: "0 marks a result" });
        }
        LineOutcome::Error { code, text } => (code.to_string(), text.as_str()),
    };
    let params = escapes.escape(&message.params);
    let result = escapes.escape(result);
    let mut fields: Vec<(&'static str, &str)> = vec![
        ("timestamp", &message.timestamp),
        ("source region", &message.source.region),
        ("source prim", &message.source.prim),
        ("source script", &message.source.script),
        ("snep target", &message.snep_target),
        ("target region", &message.target.region),
        ("target prim", &message.target.prim),
        ("target script", &message.target.script),
        ("domain", &message.domain),
        ("method", &message.method),
        ("params", &params),
        ("id", &message.id),
        ("error code", &code),
        ("result", &result),
    ];
    if let Some(LineSignature { scheme, algorithm, signature }) = &message.signature {
        fields.push(("signature scheme", scheme.name()));
        fields.push(("signature algorithm", algorithm));
        fields.push(("signature", signature));
    }
    if let Some(&(field, _)) = fields.iter().find(|(_, text)| text.contains('\n')) {
        return Err(EncodeError::Newline { field });
    }
    Ok(fields.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n"))
}

pub(super) fn decode(text: &str, limit: usize) -> Result<LinesMessage, DecodeError> {
    let bytes = text.len();
    // One field more than there may be tells that there are too many.
    let fields: Vec<&str> = text.splitn(SIGNED_FIELDS + 1, '\n').collect();
    let count = fields.len();
    let starts_well = count > 1 && fields.first().is_some_and(|field| is_timestamp(field));
    let (fields, signature): ([&str; FIELDS], &[&str]) = match fields.split_first_chunk() {
        Some((fields, signature)) => (*fields, signature),
        None if starts_well => {
            return Err(DecodeError::Truncated { bytes, missing: "fields of fourteen" });
        }
        None => return Err(DecodeError::Form { what: "text", expected: "fourteen lines" }),
    };
    let signature = match signature {
        [] => None,
        [scheme, algorithm, signature] => Some(LineSignature {
            scheme: scheme_of(scheme)?,
            algorithm: (*algorithm).to_owned(),
            signature: (*signature).to_owned(),
        }),
        [_] | [_, _] => {
            return Err(DecodeError::Truncated { bytes, missing: "fields of the signature" });
        }
        _ => {
            let expected = "14, or 17 if signed";
            return Err(DecodeError::Count { found: count, what: "fields", expected });
        }
    };
    if bytes > longest(limit) {
        let missing = "a mark that it was not cut";
        return Err(DecodeError::Truncated { bytes, missing });
    }
    let [
        timestamp,
        source_region,
        source_prim,
        source_script,
        snep_target,
        target_region,
        target_prim,
        target_script,
        domain,
        method,
        params,
        id,
        code,
        result,
    ] = fields;
    Ok(LinesMessage {
        timestamp: timestamp.to_owned(),
        source: address(source_region, source_prim, source_script),
        snep_target: snep_target.to_owned(),
        target: address(target_region, target_prim, target_script),
        domain: domain.to_owned(),
        method: method.to_owned(),
        params: unescaped("params", params)?,
        id: id.to_owned(),
        outcome: outcome(code, unescaped("result", result)?)?,
        signature,
    })
}

fn outcome(code: &str, text: String) -> Result<LineOutcome, DecodeError> {
    if code.is_empty() {
        return if text.is_empty() {
            Ok(LineOutcome::Request)
        } else {
            Err(DecodeError::Key { key: "result", expected: "nothing in a request" })
        };
    }
    match code.parse() {
        Ok(0) => Ok(LineOutcome::Result(text)),
        Ok(code) => Ok(LineOutcome::Error { code, text }),
        Err(_) => Err(DecodeError::Key { key: "error code", expected: "an integer" }),
    }
}

fn scheme_of(text: &str) -> Result<Scheme, DecodeError> {
    [Scheme::Rsa, Scheme::Hmac]
        .into_iter()
        .find(|scheme| scheme.name() == text)
        .ok_or(DecodeError::Key { key: "signature scheme", expected: "RSA or HMAC" })
}

fn unescaped(key: &'static str, text: &str) -> Result<String, DecodeError> {
    unescape(text).ok_or(DecodeError::Key { key, expected: "text as of llEscapeURL" })
}

fn address(region: &str, prim: &str, script: &str) -> Address {
    Address { region: region.to_owned(), prim: prim.to_owned(), script: script.to_owned() }
}

/// Whether it is like 2026-01-31T12:34:56.123456Z, as `llGetTimestamp` has it.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 20 && bytes.get(10) == Some(&b'T') && bytes.ends_with(b"Z")
}

const FIELDS: usize = 14;
const SIGNED_FIELDS: usize = FIELDS + 3;

/// By how much a cut text may be shorter than the limit: three bytes of a character that did not
/// fit, and one because grids do not agree on the limit.
const LONGEST_CUT: usize = 4;
