//! Filters a script's events: replaces them by what its library makes of them.

use std::sync::Arc;

use uuid::Uuid;

use super::Clep;
use super::judge::{ClepSpeaker, Judgement, LinkReading, Own, Passing, Reading, Way};
use super::listen::Library;
use super::model::{ClepReceived, LepReceived};
use crate::clep::lep::LinkMessage;
use crate::clep::{Dialect, Message};
use crate::ids::PrimId;
use crate::lsl::{ChatBus, Event, ScriptId};
use crate::objects::ScriptEvent;

/// A verdict on an event that waits for its script.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) sight: Sight,
    pub(super) passing: Passing,
}

/// By what an event is known again.
#[derive(Clone, Debug)]
pub(super) enum Sight {
    Line { channel: i32, speaker: Uuid, text: Arc<str> },
    Link { sender: i32, number: i32, text: Arc<str>, id: Arc<str> },
}

impl Clep {
    /// What a script gets for an event; nothing if its library drops it. Events that concern
    /// neither CLEP nor LEP pass as they are. An event that was not seen when it was said, because
    /// its script listens for CLEP since then only, is judged now.
    pub(in crate::objects) fn filter(
        &mut self,
        bus: &ChatBus,
        script: ScriptId,
        event: Event,
    ) -> Option<ScriptEvent> {
        let Some(library) = self.scripts.get_mut(&script) else {
            return Some(ScriptEvent::Lsl(event));
        };
        let passing = library.verdict(&event).or_else(|| {
            let own = Own::new(bus, &self.region, script).ok()?;
            let judgement = library.judge_event(&own, &event)?;
            self.counters.count(&judgement);
            Some(judgement.passing)
        });
        match (passing.unwrap_or(Passing::Plain), event) {
            (Passing::Nothing, _) => None,
            (Passing::Clep(codec, message), Event::Listen { channel, name, id, .. }) => {
                Some(clep(codec.dialect, channel, (&name, id), message))
            }
            (Passing::Clep(codec, message), Event::LinkMessage { sender, .. }) => {
                let (own, _) = bus.script(script).ok()?;
                let prim = linked(bus, own, sender).unwrap_or(own);
                let name = bus.prim_name(prim).unwrap_or_default();
                Some(clep(codec.dialect, 0, (name, prim.0), message))
            }
            (Passing::Lep(revision, message), Event::LinkMessage { sender, .. }) => {
                let message = Arc::unwrap_or_clone(message);
                Some(ScriptEvent::Lep(Box::new(LepReceived { revision, sender, message })))
            }
            (_, event) => Some(ScriptEvent::Lsl(event)),
        }
    }
}

impl Library {
    /// Keeps a verdict until the event's turn comes.
    pub(super) fn expect(&mut self, sight: Sight, passing: Passing) {
        if self.pending.len() >= PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(Pending { sight, passing });
    }

    /// Takes out the verdict on an event.
    fn verdict(&mut self, event: &Event) -> Option<Passing> {
        let at = self.pending.iter().position(|pending| pending.sight.is(event))?;
        Some(self.pending.remove(at)?.passing)
    }

    fn judge_event(&self, own: &Own<'_>, event: &Event) -> Option<Judgement> {
        match event {
            Event::Listen { channel, id, message, .. } => {
                let owner = match own.bus.owner_of(PrimId(*id)) {
                    Some(owner) => Some(owner.key()),
                    // An avatar is its own owner; of who is gone nothing is known.
                    None => Some(*id).filter(|id| own.bus.is_known(*id)),
                };
                let owner = owner.map(|owner| owner.to_string());
                let speaker = ClepSpeaker { key: id.to_string(), owner };
                self.judge(own, Way::Channel(*channel), &speaker, &mut Reading::new(message))
            }
            Event::LinkMessage { sender, number, text, id } => {
                let speaker = ClepSpeaker::prim(own.bus, linked(own.bus, own.prim, *sender)?);
                let link =
                    LinkMessage { integer: *number, text: text.to_string(), key: id.to_string() };
                self.judge_link(own, (*sender, &speaker), &mut LinkReading::new(&link))
            }
            _ => None,
        }
    }
}

impl Sight {
    fn is(&self, event: &Event) -> bool {
        match (self, event) {
            (
                Self::Line { channel, speaker, text },
                Event::Listen { channel: on, id, message, .. },
            ) => channel == on && speaker == id && text == message,
            (
                Self::Link { sender, number, text, id },
                Event::LinkMessage { sender: from, number: of, text: said, id: key },
            ) => sender == from && number == of && text == said && id == key,
            _ => false,
        }
    }
}

fn clep(
    dialect: Dialect,
    channel: i32,
    (name, key): (&str, Uuid),
    message: Arc<Message>,
) -> ScriptEvent {
    let signed = message.is_signed();
    let message = Arc::unwrap_or_clone(message);
    let name = name.to_owned();
    ScriptEvent::Clep(Box::new(ClepReceived { dialect, channel, name, key, message, signed }))
}

/// The prim with a link number in the object of another.
fn linked(bus: &ChatBus, prim: PrimId, link: i32) -> Option<PrimId> {
    let prims = bus.prims_of(bus.root_of(prim)?).ok()?;
    let at = usize::try_from(link).ok()?.saturating_sub(1);
    prims.get(at).copied()
}

/// Most verdicts that wait for one script: more than its events can be.
const PENDING: usize = 256;
