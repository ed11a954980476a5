//! Decodes a line or a link message for the observer, in the dialects that are known on its channel
//! or that its receivers read.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::judge::{LinkReading, Reading};
use super::listen::{Library, Setup};
use super::names::Channel;
use crate::clep::lep::{self, Revision};
use crate::clep::{Body, Codec, Dialect, ListedMessage, Message, Name};

/// Most names of a channel that a line is read by. More come together only on purpose.
const NAMES: usize = 64;

/// What a line on a channel says.
pub(super) struct Read {
    /// Under which name it is on the channel, as far as that can be told.
    pub(super) name: Name,
    pub(super) service: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) message: Option<Arc<Message>>,
    pub(super) problem: Option<String>,
    pub(super) is_truncated: bool,
}

/// Reads a line: in the form in which it is for a name of the channel; else in the first in which
/// it can be read.
pub(super) fn read(channel: &Channel, reading: &mut Reading<'_>) -> Read {
    let mut found: Option<(&Name, Arc<Message>)> = None;
    let mut problem = None;
    let mut is_truncated = false;
    for known in channel.names().iter().take(NAMES) {
        let name = &known.name;
        match reading.by(&known.codec) {
            Ok(message) => {
                let is_for = message.domain() == Some(&name.domain)
                    && message.service().is_none_or(|service| service == name.service);
                if is_for || found.is_none() {
                    found = Some((name, message));
                }
                if is_for {
                    break;
                }
            }
            Err(error) => {
                is_truncated |= error.is_truncated();
                problem.get_or_insert_with(|| error.to_string());
            }
        }
    }
    let first = channel.names().first().map(|known| known.name.clone());
    let Some((name, message)) = found else {
        let name = first.unwrap_or_else(|| Name {
            dialect: Dialect::default(),
            service: String::new(),
            domain: String::new(),
        });
        return Read { name, service: None, domain: None, message: None, problem, is_truncated };
    };
    let mut name = name.clone();
    let mut same = channel.names().iter().filter(|known| known.name.dialect == name.dialect);
    // What does not say its domain is known by its channel, if nobody else shares that.
    let domain = match message.domain() {
        Some(domain) => {
            domain.clone_into(&mut name.domain);
            Some(domain.to_owned())
        }
        None if same.all(|known| known.name.domain == name.domain) => Some(name.domain.clone()),
        None => None,
    };
    if let Some(service) = message.service() {
        service.clone_into(&mut name.service);
    }
    let service = message.service().filter(|service| !service.is_empty()).map(str::to_owned);
    Read { name, service, domain, message: Some(message), problem: None, is_truncated: false }
}

/// The names of a channel that are not `name`, each once, as far as they are looked at.
pub(super) fn others(channel: &Channel, name: &Name) -> Vec<String> {
    let others = channel.names().iter().take(NAMES).map(|known| &known.name);
    let others = others.filter(|other| *other != name);
    let others: BTreeSet<&Name> = others.collect();
    others
        .into_iter()
        .map(|Name { dialect, service, domain }| match service.as_str() {
            "" => format!("{dialect} {domain}"),
            _ => format!("{dialect} {service} {domain}"),
        })
        .collect()
}

/// What a link message says.
pub(super) struct ReadLink {
    pub(super) dialect: Dialect,
    pub(super) message: Option<Message>,
    pub(super) problem: Option<String>,
}

/// In which forms a script reads link messages; `None` is CLEP.
pub(super) fn forms_of(library: &Library) -> impl Iterator<Item = Option<Revision>> {
    let reads_clep = library.setups.iter().any(Setup::reads_links);
    let clep = reads_clep.then_some(None);
    clep.into_iter().chain(library.lep.iter().map(|listen| Some(listen.revision)))
}

/// Reads a link message in the first of the forms in which it can be read.
pub(super) fn read_link(forms: &[Option<Revision>], reading: &mut LinkReading<'_>) -> ReadLink {
    let mut failed: Option<(Dialect, String)> = None;
    for form in forms {
        let (dialect, message) = match form {
            None => {
                let newest = reading.clep.by(&Codec::new(Dialect::ClepJson));
                match (newest, reading.clep.by(&Codec::new(Dialect::ClepRpcLua))) {
                    // The other dialects have the same wrapper.
                    (Err(_), Ok(other)) => (Dialect::ClepRpcLua, Ok(Arc::unwrap_or_clone(other))),
                    (newest, _) => (Dialect::ClepJson, newest.map(Arc::unwrap_or_clone)),
                }
            }
            Some(revision) => {
                let message = reading.by(*revision);
                (dialect_of(*revision), message.map(|message| as_clep(&message)))
            }
        };
        match message {
            Ok(message) => return ReadLink { dialect, message: Some(message), problem: None },
            Err(error) => {
                failed.get_or_insert((dialect, error.to_string()));
            }
        }
    }
    let (dialect, problem) = failed.unzip();
    ReadLink { dialect: dialect.unwrap_or_default(), message: None, problem }
}

/// The dialect of CLEP whose time a revision of LEP was.
fn dialect_of(revision: Revision) -> Dialect {
    match revision {
        Revision::L0 => Dialect::Xichat,
        Revision::L1 => Dialect::SeedChuf,
        Revision::L2 => Dialect::ClepSvc,
        Revision::L3 => Dialect::ClepRpcShort,
        Revision::L4 => Dialect::ClepLines,
        Revision::L5 => Dialect::ClepJson,
    }
}

/// A LEP message as the CLEP message that carries the same, without service and domain; one of
/// IMP as its lines.
fn as_clep(message: &lep::Message) -> Message {
    match message.clone() {
        lep::Message::Imp(imp) => Message::Opaque {
            text: [imp.target, imp.source]
                .into_iter()
                .chain(imp.parameters)
                .collect::<Vec<_>>()
                .join("\n"),
        },
        lep::Message::Plain(lep) => {
            Message::Listed(ListedMessage { body: Body::Lep(lep), ..ListedMessage::default() })
        }
        lep::Message::Short { message, .. } => Message::Short(message),
        lep::Message::Lines(message) => Message::Lines(message),
        lep::Message::Json(message) => Message::Json(message),
    }
}
