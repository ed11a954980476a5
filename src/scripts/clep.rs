//! CLEP and LEP in requests: what a script listens to, and what it sends.

use serde_json::{Map, Value};

use super::fields::{FieldError, Fields};
use crate::clep::lep::{self, Layout, Revision};
use crate::clep::{
    Codec, ComposeError, Dialect, Escapes, ListForm, Match, Message, Name, Order, Shape, Stamp,
    UnknownName,
};
use crate::objects::{ClepListen, ClepSend, LepListen, LepSend};

/// Most domains or names in one list.
const MOST_NAMES: usize = 256;
/// The longest domain, service or name, in bytes: no more fits into a line of chat.
const LONGEST_NAME: usize = 1023;
/// Longest description of what is wrong with a message, in characters.
const LONGEST_PROBLEM: usize = 300;
/// The longest text that a codec may be told to leave whole, in bytes.
const LONGEST_LIMIT: u64 = 65_536;

/// `clep_listen`: dialect and codec, `service`, `domain` or `domains`, `owner_only`,
/// `checks_speaker`, `script_match`.
///
/// # Errors
/// When a field is missing or wrong.
pub fn listen(fields: &mut Fields) -> Result<ClepListen, FieldError> {
    let codec = codec(fields)?;
    let domains = match text(fields, "domain")? {
        Some(domain) => vec![domain],
        None => names(fields, "domains")?,
    };
    if domains.is_empty() {
        return Err(fields.wrong("domain", "is missing"));
    }
    Ok(ClepListen {
        codec,
        service: text(fields, "service")?.unwrap_or_default(),
        domains,
        owner_only: fields.optional_bool("owner_only")?.unwrap_or_default(),
        checks_speaker: fields.optional_bool("checks_speaker")?,
        script_match: script_match(fields)?,
    })
}

/// `clep_send`: dialect and codec, `service`, `domain`, `target`, `message`, `force_chat`. The
/// domain and the service need not stand in the message again. `target` is for open texts, which
/// have no place for a prim.
///
/// # Errors
/// When a field is missing or wrong.
pub fn send(fields: &mut Fields, stamp: &Stamp) -> Result<ClepSend, FieldError> {
    let codec = codec(fields)?;
    let service = text(fields, "service")?.unwrap_or_default();
    let domain = text(fields, "domain")?.unwrap_or_default();
    let mut message = fields.object("message")?.into_map();
    let shape = codec.shape();
    if shape != Shape::Opaque && !domain.is_empty() {
        message.entry("domain").or_insert_with(|| Value::from(domain.as_str()));
    }
    if shape == Shape::Listed && !service.is_empty() {
        message.entry("service").or_insert_with(|| Value::from(service.as_str()));
    }
    let message = compose(&codec, message, stamp)?;
    let target = fields.optional_string("target")?;
    if target.is_some() && shape != Shape::Opaque {
        return Err(fields.wrong("target", "stands in the message, but for open texts"));
    }
    let target = target.unwrap_or_default();
    let force_chat = fields.optional_bool("force_chat")?.unwrap_or_default();
    Ok(ClepSend { codec, service, domain, target, message, force_chat })
}

/// `lep_listen`: `revision`, `sources`, `aliases`, `script_match`, `domains`.
///
/// # Errors
/// When a field is missing or wrong.
pub fn lep_listen(fields: &mut Fields) -> Result<LepListen, FieldError> {
    Ok(LepListen {
        revision: revision(fields)?,
        sources: names(fields, "sources")?,
        aliases: names(fields, "aliases")?,
        script_match: script_match(fields)?,
        domains: names(fields, "domains")?,
    })
}

/// `lep_send`: `revision`, `link`, `message`.
///
/// # Errors
/// When a field is missing or wrong.
pub fn lep_send(fields: &mut Fields, stamp: &Stamp) -> Result<LepSend, FieldError> {
    let revision = revision(fields)?;
    let link = fields.optional_integer("link")?.unwrap_or_default();
    let message = fields.object("message")?.into_map();
    let message = lep::Message::compose(revision, message, stamp).map_err(composed)?;
    Ok(LepSend { revision, link, message })
}

/// `dialect`, `service` and `domain`.
///
/// # Errors
/// When a field is missing or wrong.
pub fn name(fields: &mut Fields) -> Result<Name, FieldError> {
    Ok(Name {
        dialect: dialect(fields)?,
        service: text(fields, "service")?.unwrap_or_default(),
        domain: text(fields, "domain")?.ok_or_else(|| fields.wrong("domain", "is missing"))?,
    })
}

fn compose(
    codec: &Codec,
    message: Map<String, Value>,
    stamp: &Stamp,
) -> Result<Message, FieldError> {
    codec.compose(message, stamp).map_err(composed)
}

#[expect(clippy::needless_pass_by_value, reason = "so that it fits map_err")]
fn composed(error: ComposeError) -> FieldError {
    // It may repeat a text of any length.
    let problem: String = error.to_string().chars().take(LONGEST_PROBLEM).collect();
    FieldError::new("message", format!("message: {problem}"))
}

/// `dialect`, and what may be different from its habits: `form`, `order`, `lep_layout`, `escapes`,
/// `limit`.
fn codec(fields: &mut Fields) -> Result<Codec, FieldError> {
    let habits = Codec::new(dialect(fields)?);
    let form = match fields.optional_string("form")? {
        None => None,
        Some(name) => Some(name.parse::<ListForm>().map_err(|error| field_error("form", &error))?),
    };
    let order = choice(
        fields,
        "order",
        &[("prim-domain", Order::PrimDomain), ("domain-prim", Order::DomainPrim)],
    )?;
    if !habits.dialect.is_listed() && (form.is_some() || order.is_some()) {
        let field = if form.is_some() { "form" } else { "order" };
        return Err(fields.wrong(field, &format!("is not for dialect {}", habits.dialect)));
    }
    let layout = choice(fields, "lep_layout", &[("l1", Layout::L1), ("l2", Layout::L2)])?;
    let escapes = choice(
        fields,
        "escapes",
        &[("opensim", Escapes::OpenSim), ("secondlife", Escapes::SecondLife)],
    )?;
    let limit = fields.optional_count("limit")?;
    if limit.is_some_and(|limit| limit > LONGEST_LIMIT) {
        return Err(fields.wrong("limit", &format!("is more than {LONGEST_LIMIT}")));
    }
    Ok(Codec {
        form,
        order: order.unwrap_or(habits.order),
        layout: layout.unwrap_or(habits.layout),
        escapes: escapes.unwrap_or(habits.escapes),
        limit: limit.map_or(habits.limit, |limit| limit as usize),
        ..habits
    })
}

fn dialect(fields: &mut Fields) -> Result<Dialect, FieldError> {
    fields.string("dialect")?.parse().map_err(|error| field_error("dialect", &error))
}

fn revision(fields: &mut Fields) -> Result<Revision, FieldError> {
    match fields.optional_string("revision")? {
        None => Ok(Revision::default()),
        Some(name) => name.parse().map_err(|error| field_error("revision", &error)),
    }
}

fn script_match(fields: &mut Fields) -> Result<Match, FieldError> {
    let known = [("exact", Match::Exact), ("substring", Match::Substring)];
    Ok(choice(fields, "script_match", &known)?.unwrap_or_default())
}

/// A domain or a service.
fn text(fields: &mut Fields, field: &'static str) -> Result<Option<String>, FieldError> {
    let text = fields.optional_string(field)?;
    if text.as_ref().is_some_and(|text| text.len() > LONGEST_NAME) {
        return Err(fields.wrong(field, &format!("has more than {LONGEST_NAME} bytes")));
    }
    Ok(text)
}

fn names(fields: &mut Fields, field: &'static str) -> Result<Vec<String>, FieldError> {
    let names = fields.optional_strings(field)?.unwrap_or_default();
    if names.len() > MOST_NAMES {
        return Err(fields.wrong(field, &format!("has more than {MOST_NAMES} entries")));
    }
    if names.iter().any(|name| name.len() > LONGEST_NAME) {
        let problem = format!("has an entry of more than {LONGEST_NAME} bytes");
        return Err(fields.wrong(field, &problem));
    }
    Ok(names)
}

/// One of some names.
pub(super) fn choice<T: Copy>(
    fields: &mut Fields,
    field: &'static str,
    known: &[(&str, T)],
) -> Result<Option<T>, FieldError> {
    let Some(given) = fields.optional_string(field)? else { return Ok(None) };
    if let Some((_, value)) = known.iter().find(|(name, _)| *name == given) {
        return Ok(Some(*value));
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let shown: String = given.chars().take(40).collect();
    Err(fields.wrong(field, &format!("is none of {}: {shown:?}", names.join(", "))))
}

fn field_error(field: &'static str, error: &UnknownName) -> FieldError {
    FieldError::new(field, format!("{field}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const STAMP: Stamp = Stamp { unix: Duration::from_secs(5), id: Uuid::from_u128(7) };

    fn fields(value: &Value) -> Fields {
        Fields::parse("line", value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_listening_has_one_domain_or_several() {
        let one = listen(&mut fields(&json!({"dialect": "clep-json", "domain": "d"}))).unwrap();
        assert_eq!(one.domains, ["d"]);
        assert_eq!((one.owner_only, one.checks_speaker), (false, None));
        let two = json!({"dialect": "clep-svc", "domains": ["a", "b"], "order": "prim-domain",
            "script_match": "substring", "checks_speaker": true});
        let two = listen(&mut fields(&two)).unwrap();
        assert_eq!(two.codec.order, Order::PrimDomain);
        assert_eq!((two.script_match, two.checks_speaker), (Match::Substring, Some(true)));
        for (wrong, field) in [
            (json!({"domain": "d"}), "dialect"),
            (json!({"dialect": "clep", "domain": "d"}), "dialect"),
            (json!({"dialect": "clep-json"}), "domain"),
            (json!({"dialect": "clep-json", "domain": "d", "form": "s3"}), "form"),
            (json!({"dialect": "clep-svc", "domain": "d", "form": "s9"}), "form"),
            (json!({"dialect": "clep-svc", "domain": "d", "limit": 1_000_000}), "limit"),
            (json!({"dialect": "clep-svc", "domain": "d", "script_match": "x"}), "script_match"),
            (json!({"dialect": "clep-svc", "domain": "d".repeat(1024)}), "domain"),
            (json!({"dialect": "clep-svc", "domain": "d", "service": "s".repeat(1024)}), "service"),
            (json!({"dialect": "clep-svc", "domains": ["d".repeat(1024)]}), "domains"),
        ] {
            assert_eq!(listen(&mut fields(&wrong)).unwrap_err().field, Some(field), "{wrong}");
        }
    }

    #[test]
    fn a_message_need_not_repeat_domain_and_service() {
        let sent = json!({"dialect": "clep-svc", "service": "s", "domain": "d",
            "message": {"body": {"raw": {"text": "t"}}}});
        let sent = send(&mut fields(&sent), &STAMP).unwrap();
        assert_eq!((sent.message.domain(), sent.message.service()), (Some("d"), Some("s")));
        let opaque = json!({"dialect": "seed-chuf", "domain": "d", "message": {"text": "t"}});
        let opaque = send(&mut fields(&opaque), &STAMP).unwrap();
        assert_eq!((opaque.domain.as_str(), opaque.target.as_str()), ("d", ""));
        let wrong = json!({"dialect": "clep-json", "domain": "d", "message": {}});
        let error = send(&mut fields(&wrong), &STAMP).unwrap_err();
        assert_eq!(error, FieldError::new("message", "message: missing field `method`"));
    }

    #[test]
    fn only_open_texts_have_their_target_beside_them() {
        let open = json!({"dialect": "seed-chuf", "target": "k", "message": {"text": "t"}});
        assert_eq!(send(&mut fields(&open), &STAMP).unwrap().target, "k");
        let list = json!({"dialect": "seed-chuf", "form": "s4", "domain": "d", "target": "k",
            "message": {"body": {"raw": {"text": "t"}}}});
        assert_eq!(send(&mut fields(&list), &STAMP).unwrap_err().field, Some("target"));
    }

    #[test]
    fn lep_goes_by_revision() {
        let sent = json!({"revision": "l1", "link": -4, "message": {"target": "t"}});
        let sent = lep_send(&mut fields(&sent), &STAMP).unwrap();
        assert_eq!((sent.link, sent.message.target()), (-4, "t"));
        let only_read = json!({"revision": "l4", "message": {}});
        let error = lep_send(&mut fields(&only_read), &STAMP).unwrap_err();
        assert_eq!(error.field, Some("message"));
        let heard = lep_listen(&mut fields(&json!({"aliases": ["a"]}))).unwrap();
        assert_eq!((heard.revision, heard.aliases.len()), (Revision::L1, 1));
    }
}
