//! Decides what a script's library does with an event. This is the only such place, so the observer
//! and the script get the same verdict.

use std::sync::Arc;

use super::DELIVERED;
use super::listen::{Library, Setup};
use crate::clep::{Codec, DecodeError, DropReason, Dropped, Heard, Listener, Message, lep};
use crate::ids::PrimId;
use crate::lsl::{BusError, ChatBus, ScriptId};

/// What comes of something that reached a script.
#[derive(Clone, Debug)]
pub(super) struct Judgement {
    pub(super) passing: Passing,
    /// `delivered`, or the reason why not.
    pub(super) outcome: &'static str,
    /// For people.
    pub(super) detail: Option<String>,
}

/// What a script is given.
#[derive(Clone, Debug)]
pub(super) enum Passing {
    /// A CLEP message.
    Clep(Codec, Arc<Message>),
    /// A LEP message.
    Lep(lep::Revision, Arc<lep::Message>),
    /// The event as it is: it is for no library.
    Plain,
    /// Nothing: a library drops it.
    Nothing,
}

/// Most forms in which what is read is kept: looking for more costs more than reading again.
const FORMS: usize = 64;

/// A script that judges, as it knows itself.
#[derive(Debug)]
pub(super) struct Own<'a> {
    pub(super) bus: &'a ChatBus,
    /// Name of the region.
    pub(super) region: &'a str,
    pub(super) prim: PrimId,
    /// The prim as LSL prints it.
    pub(super) key: String,
    /// Its name.
    pub(super) script: &'a str,
}

/// Who spoke, as scripts can find out.
#[derive(Debug)]
pub(super) struct ClepSpeaker {
    pub(super) key: String,
    /// Its owner's key, if that can be known.
    pub(super) owner: Option<String>,
}

/// By which way something reached a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Channel(i32),
    Link,
}

/// A text that is read once in each form, however many listen. There are few forms, unless somebody
/// makes them up.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    text: &'a str,
    read: Vec<(Codec, Result<Arc<Message>, DecodeError>)>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, read: Vec::new() }
    }

    pub(super) fn by(&mut self, codec: &Codec) -> Result<Arc<Message>, DecodeError> {
        if let Some((_, read)) = self.read.iter().find(|(known, _)| known == codec) {
            return read.clone();
        }
        let read = codec.decode(self.text).map(Arc::new);
        if self.read.len() < FORMS {
            self.read.push((*codec, read.clone()));
        }
        read
    }
}

/// A link message that is read once in each form.
#[derive(Debug)]
pub(super) struct LinkReading<'a> {
    pub(super) clep: Reading<'a>,
    link: &'a lep::LinkMessage,
    lep: Vec<(lep::Revision, Result<Arc<lep::Message>, DecodeError>)>,
}

impl<'a> LinkReading<'a> {
    pub(super) fn new(link: &'a lep::LinkMessage) -> Self {
        Self { clep: Reading::new(&link.text), link, lep: Vec::new() }
    }

    pub(super) fn by(&mut self, revision: lep::Revision) -> Result<Arc<lep::Message>, DecodeError> {
        if let Some((_, read)) = self.lep.iter().find(|(known, _)| *known == revision) {
            return read.clone();
        }
        let read = lep::decode(revision, self.link).map(Arc::new);
        self.lep.push((revision, read.clone()));
        read
    }
}

impl<'a> Own<'a> {
    pub(super) fn new(
        bus: &'a ChatBus,
        region: &'a str,
        script: ScriptId,
    ) -> Result<Self, BusError> {
        let (prim, script) = bus.script(script)?;
        Ok(Self { bus, region, prim, key: prim.to_string(), script })
    }
}

impl Library {
    /// Of a text; nothing if the script does not listen for CLEP there. Of several listenings the
    /// first that takes it decides; if none does, the last that knew it for CLEP tells why.
    pub(super) fn judge(
        &self,
        own: &Own<'_>,
        way: Way,
        speaker: &ClepSpeaker,
        reading: &mut Reading<'_>,
    ) -> Option<Judgement> {
        let mut last: Option<Dropped> = None;
        for setup in self.setups.iter().filter(|setup| setup.hears(way)) {
            match setup.receive(own, speaker, reading) {
                Ok(message) => {
                    return Some(Judgement::taken(Passing::Clep(setup.listen.codec, message)));
                }
                Err(mut dropped) => {
                    // Link messages are never cut: what ends early is something else.
                    if way == Way::Link && dropped.reason == DropReason::Truncated {
                        dropped.reason = DropReason::NotClep;
                    }
                    if last.is_none() || dropped.reason != DropReason::NotClep {
                        last = Some(dropped);
                    }
                }
            }
        }
        last.map(|Dropped { reason, detail }| Judgement {
            passing: match reason {
                DropReason::NotClep => Passing::Plain,
                _ => Passing::Nothing,
            },
            outcome: reason.name(),
            detail: Some(detail),
        })
    }

    /// Of a link message; nothing if the script reads none. CLEP is asked before LEP, and who
    /// drops a message wins over who does not know it.
    pub(super) fn judge_link(
        &self,
        own: &Own<'_>,
        (sender_link, speaker): (i32, &ClepSpeaker),
        reading: &mut LinkReading<'_>,
    ) -> Option<Judgement> {
        let clep = self.judge(own, Way::Link, speaker, &mut reading.clep);
        if clep.as_ref().is_some_and(Judgement::is_taken) {
            return clep;
        }
        let lep = self.judge_lep(own, sender_link, reading);
        match (clep, lep) {
            (Some(clep), Some(lep)) if lep.is_plain() && !clep.is_plain() => Some(clep),
            (clep, lep) => lep.or(clep),
        }
    }

    fn judge_lep(
        &self,
        own: &Own<'_>,
        sender_link: i32,
        reading: &mut LinkReading<'_>,
    ) -> Option<Judgement> {
        let link = own.bus.link_number(own.prim).unwrap_or_default();
        let mut last: Option<Judgement> = None;
        for listen in &self.lep {
            let receiver = lep::Receiver {
                link,
                script: own.script,
                sources: &listen.sources,
                aliases: &listen.aliases,
                script_match: listen.script_match,
                domains: &listen.domains,
            };
            let judgement = match reading.by(listen.revision) {
                Ok(message) => match receiver.judge(sender_link, &message) {
                    Ok(()) => {
                        return Some(Judgement::taken(Passing::Lep(listen.revision, message)));
                    }
                    Err(refusal) => Judgement::refused(refusal, &message),
                },
                Err(error) => Judgement {
                    passing: Passing::Plain,
                    outcome: NOT_LEP,
                    detail: Some(error.to_string()),
                },
            };
            if last.is_none() || !judgement.is_plain() {
                last = Some(judgement);
            }
        }
        last
    }
}

impl Setup {
    fn receive(
        &self,
        own: &Own<'_>,
        speaker: &ClepSpeaker,
        reading: &mut Reading<'_>,
    ) -> Result<Arc<Message>, Dropped> {
        let listen = &self.listen;
        let message = reading.by(&listen.codec)?;
        let owner = listen.owner_only.then(|| {
            // Without an owner it is nobody's, and takes nothing.
            own.bus.owner_of(own.prim).map(|owner| owner.key().to_string()).unwrap_or_default()
        });
        let mut listener = Listener::new(&listen.codec, &listen.service, &listen.domains);
        listener.region = own.region;
        listener.prim = &own.key;
        listener.script = own.script;
        listener.owner_only = owner.as_deref();
        listener.checks_speaker = listen.checks_speaker;
        listener.script_match = listen.script_match;
        let heard = Heard { speaker: &speaker.key, owner: speaker.owner.as_deref(), text: &[] };
        listener.judge(&heard, &message)?;
        Ok(message)
    }

    fn hears(&self, way: Way) -> bool {
        match way {
            Way::Channel(channel) => self.channels.contains(&channel),
            Way::Link => self.reads_links(),
        }
    }
}

impl Judgement {
    fn taken(passing: Passing) -> Self {
        Self { passing, outcome: DELIVERED, detail: None }
    }

    fn refused(refusal: lep::LepRefusal, message: &lep::Message) -> Self {
        let (outcome, detail) = match refusal {
            lep::LepRefusal::Echo => ("echo", "the script's own".to_owned()),
            lep::LepRefusal::Domain => {
                ("interference", format!("for domain {:?}", message.domain().unwrap_or_default()))
            }
            lep::LepRefusal::Source => ("source", format!("from script {:?}", message.source())),
            lep::LepRefusal::Target => ("script", format!("for script {:?}", message.target())),
        };
        Self { passing: Passing::Nothing, outcome, detail: Some(detail) }
    }

    fn is_taken(&self) -> bool {
        matches!(self.passing, Passing::Clep(..) | Passing::Lep(..))
    }

    fn is_plain(&self) -> bool {
        matches!(self.passing, Passing::Plain)
    }
}

impl ClepSpeaker {
    /// A prim, as the receiver of a link message knows it.
    pub(super) fn prim(bus: &ChatBus, prim: PrimId) -> Self {
        let owner = bus.owner_of(prim).map(|owner| owner.key().to_string());
        Self { key: prim.to_string(), owner }
    }
}

/// The word for a link message that is not LEP.
const NOT_LEP: &str = "not_lep";
