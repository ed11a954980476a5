//! The observer: who received a line, what it means, and why others did not receive it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::filter::Sight;
use super::judge::{ClepSpeaker, Judgement, LinkReading, Own, Reading, Way};
use super::model::{Outcome, Receiver, Traffic, Warning};
use super::names::Channel;
use super::read::{forms_of, others, read, read_link};
use super::receivers::Receivers;
use super::{Clep, DELIVERED, LinkLine, Planned, SpokenLine};
use crate::clep::lep::LinkMessage;
use crate::clep::{Codec, Dialect, Message, is_typeable};
use crate::lsl::{
    CallRefusal, ChatBus, EventKinds, Fate, Hearing, Owner, Said, ScriptId, TextLimit,
};
use crate::time::Timestamp;

impl Clep {
    /// A line was said, with the bus's tap on: `said` tells of each listen.
    pub(in crate::objects) fn observe(
        &mut self,
        now: Timestamp,
        line: &SpokenLine<'_>,
        said: &Said,
        bus: &ChatBus,
    ) {
        let Self { region, scripts, names, record, counters, .. } = self;
        let Some(channel) = names.get(line.channel) else { return };
        let rules = &bus.settings().rules;
        let limit = if line.call == DIRECT_CALL { rules.direct_text } else { rules.text };
        let heard: Arc<str> = Arc::from(limit.cut(line.text));
        let mut reading = Reading::new(&heard);
        let speaker =
            ClepSpeaker { key: line.sender.to_string(), owner: Some(line.owner.to_string()) };

        let mut receivers = Receivers::default();
        for hearing in &said.hearings {
            let library = scripts.get_mut(&hearing.script).filter(|_| channel.has(hearing.script));
            let Ok(own) = Own::new(bus, region, hearing.script) else { continue };
            let Some(library) = library else {
                receivers.add(|| receiver(&own, false, fate(bus, hearing, EventKinds::LISTEN)));
                continue;
            };
            let judgement = is_heard(bus, hearing, EventKinds::LISTEN)
                .then(|| library.judge(&own, Way::Channel(line.channel), &speaker, &mut reading))
                .flatten();
            let Some(judgement) = judgement else {
                receivers.add(|| receiver(&own, true, fate(bus, hearing, EventKinds::LISTEN)));
                continue;
            };
            counters.count(&judgement);
            let sight = Sight::Line {
                channel: line.channel,
                speaker: line.sender,
                text: Arc::clone(&heard),
            };
            let Judgement { passing, outcome, detail } = judgement;
            library.expect(sight, passing);
            receivers.add(|| Receiver { detail, ..receiver(&own, true, outcome) });
        }
        if said.refused.is_none() {
            for own in deaf(bus, region, channel, &said.hearings) {
                receivers.add(|| receiver(&own, true, "not_listening"));
            }
        }
        let (receivers, receivers_left_out) = receivers.into_parts();

        let read = read(channel, &mut reading);
        let mut warnings = Vec::new();
        if is_typeable(line.channel) {
            warnings.push(Warning::Typeable);
        }
        let others = others(channel, &read.name);
        if !others.is_empty() {
            warnings.push(Warning::Interference { others });
        }
        if said.truncated || read.is_truncated {
            warnings.push(Warning::Truncated { bytes: heard.len() });
        }
        counters.lines += 1;
        record.push(
            now,
            Traffic {
                number: 0,
                unix_ms: 0,
                region: region.clone(),
                channel: line.channel,
                call: line.call,
                sender: line.sender,
                sender_name: line.sender_name.to_owned(),
                owner: line.owner,
                dialect: read.name.dialect,
                service: read.service,
                domain: read.domain,
                text: RECORDED.cut(line.text).to_owned(),
                message: read.message.map(Arc::unwrap_or_clone),
                problem: said.refused.map(unsaid).or(read.problem),
                receivers,
                receivers_left_out,
                warnings,
            },
        );
    }

    /// A link message was sent, with the bus's tap on. It is written down if a script that it was
    /// for reads link messages as CLEP or LEP.
    pub(in crate::objects) fn observe_link(
        &mut self,
        now: Timestamp,
        line: &LinkLine<'_>,
        said: &Said,
        bus: &ChatBus,
    ) {
        let Self { region, scripts, readers, counters, .. } = self;
        if !said.hearings.iter().any(|hearing| readers.contains(&hearing.script)) {
            return;
        }
        let Ok((prim, _)) = bus.script(line.script) else { return };
        let speaker = ClepSpeaker::prim(bus, prim);
        let sender = bus.link_number(prim).unwrap_or_default();
        let link = LinkMessage {
            integer: line.number,
            text: line.text.to_owned(),
            key: line.id.to_owned(),
        };
        let mut reading = LinkReading::new(&link);
        let (text, id): (Arc<str>, Arc<str>) = (Arc::from(line.text), Arc::from(line.id));
        let kind = EventKinds::LINK_MESSAGE;

        let mut forms = Vec::new();
        let mut receivers = Receivers::default();
        for hearing in &said.hearings {
            let reader = scripts.get_mut(&hearing.script);
            let reader = reader.filter(|_| readers.contains(&hearing.script));
            let Ok(own) = Own::new(bus, region, hearing.script) else { continue };
            let Some(library) = reader else {
                receivers.add(|| receiver(&own, false, fate(bus, hearing, kind)));
                continue;
            };
            for form in forms_of(library) {
                if !forms.contains(&form) {
                    forms.push(form);
                }
            }
            let judgement = is_heard(bus, hearing, kind)
                .then(|| library.judge_link(&own, (sender, &speaker), &mut reading))
                .flatten();
            let Some(judgement) = judgement else {
                receivers.add(|| receiver(&own, true, fate(bus, hearing, kind)));
                continue;
            };
            counters.count(&judgement);
            let (text, id) = (Arc::clone(&text), Arc::clone(&id));
            let sight = Sight::Link { sender, number: line.number, text, id };
            let Judgement { passing, outcome, detail } = judgement;
            library.expect(sight, passing);
            receivers.add(|| Receiver { detail, ..receiver(&own, true, outcome) });
        }

        let read = read_link(&forms, &mut reading);
        counters.lines += 1;
        let traffic = Traffic {
            call: "llMessageLinked",
            problem: said.refused.map(unsaid).or(read.problem),
            ..self.within(bus, line.script, line.text, receivers)
        };
        let message = read.message;
        let domain = message.as_ref().and_then(Message::domain).filter(|name| !name.is_empty());
        let domain = domain.map(str::to_owned);
        self.record.push(now, Traffic { dialect: read.dialect, domain, message, ..traffic });
    }

    /// A script's library has handed a message to the script itself, as planned.
    pub(in crate::objects) fn observe_direct(
        &mut self,
        now: Timestamp,
        bus: &ChatBus,
        script: ScriptId,
        planned: &Planned,
    ) {
        let Ok(own) = Own::new(bus, &self.region, script) else { return };
        let (outcome, detail) = match planned.direct {
            Some(_) => (DELIVERED, None),
            None => ("interference", Some("the domain is not listened to".to_owned())),
        };
        let mut receivers = Receivers::default();
        receivers.add(|| Receiver { detail, ..receiver(&own, true, outcome) });
        let message = Codec::new(Dialect::ClepJson).decode(&planned.text).ok();
        let domain = message.as_ref().and_then(Message::domain).map(str::to_owned);
        let traffic = self.within(bus, script, &planned.text, receivers);
        self.counters.lines += 1;
        self.counters.delivered += u64::from(planned.direct.is_some());
        self.record.push(now, Traffic { call: "direct", domain, message, ..traffic });
    }

    /// What is written down of a message that does not leave its object.
    fn within(&self, bus: &ChatBus, script: ScriptId, text: &str, receivers: Receivers) -> Traffic {
        let (receivers, receivers_left_out) = receivers.into_parts();
        let prim = bus.script(script).map(|(prim, _)| prim).unwrap_or_default();
        Traffic {
            number: 0,
            unix_ms: 0,
            region: self.region.clone(),
            channel: 0,
            call: "",
            sender: prim.0,
            sender_name: bus.prim_name(prim).unwrap_or_default().to_owned(),
            owner: bus.owner_of(prim).map(Owner::key).unwrap_or_default(),
            dialect: Dialect::ClepJson,
            service: None,
            domain: None,
            text: RECORDED.cut(text).to_owned(),
            message: None,
            problem: None,
            receivers,
            receivers_left_out,
            warnings: Vec::new(),
        }
    }
}

/// Scripts that listen for CLEP on a channel and have taken their listen from the bus themselves.
fn deaf<'a>(
    bus: &'a ChatBus,
    region: &'a str,
    channel: &Channel,
    asked: &[Hearing],
) -> impl Iterator<Item = Own<'a>> {
    let asked: BTreeSet<ScriptId> = asked.iter().map(|hearing| hearing.script).collect();
    let deaf = channel.scripts().filter(move |script| !asked.contains(script));
    deaf.filter_map(move |script| Own::new(bus, region, script).ok())
}

fn receiver(own: &Own<'_>, clep: bool, outcome: &'static str) -> Receiver {
    Receiver {
        prim: own.prim.0,
        prim_name: own.bus.prim_name(own.prim).unwrap_or_default().to_owned(),
        script: own.script.to_owned(),
        clep,
        outcome: Outcome(outcome),
        detail: None,
    }
}

/// Whether an event was queued that its script will be given. Where events without handler are
/// queued, they are lost when their turn comes.
fn is_heard(bus: &ChatBus, hearing: &Hearing, kind: EventKinds) -> bool {
    hearing.fate == Fate::Queued && bus.handles(hearing.script, kind)
}

/// The word for what became of a line at a listen of the bus.
fn fate(bus: &ChatBus, hearing: &Hearing, kind: EventKinds) -> &'static str {
    match hearing.fate {
        Fate::Queued if is_heard(bus, hearing, kind) => DELIVERED,
        Fate::Queued | Fate::Unhandled => "no_handler",
        Fate::Inactive => "inactive",
        Fate::Own => "own_prim",
        Fate::NotAddressed => "not_addressed",
        Fate::Key => "filter_key",
        Fate::Name => "filter_name",
        Fate::Text => "filter_text",
        Fate::Range => "out_of_range",
        Fate::Again => "already_heard",
        Fate::Full => "queue_full",
        Fate::TooEarly => "too_early",
    }
}

/// Why a call did nothing, for people.
fn unsaid(refusal: CallRefusal) -> String {
    let reason = match refusal {
        CallRefusal::PublicChannel => "llRegionSay says nothing on channel 0",
        CallRefusal::DebugChannel => "llRegionSayTo says nothing on the debug channel",
        CallRefusal::NoTarget => {
            "nobody in the region has the target's key, or the object no such link"
        }
        CallRefusal::BadKey => "the key is invalid",
        CallRefusal::Empty => "the text is empty",
        CallRefusal::GroupOwned | CallRefusal::OwnerAway => "the owner is not there",
        CallRefusal::BadKind => "avatars do not speak like that",
        CallRefusal::BadDialog => "the dialog breaks a limit",
        CallRefusal::TooManyListens => "there are too many listens",
        CallRefusal::TooManyHops => "too many lines caused each other",
        CallRefusal::AnswersFlooded => "too many answers to other scripts",
        CallRefusal::TooLong => "the text is longer than the bus carries",
        CallRefusal::Throttled => "the owner's objects have said too much in too short a time",
    };
    format!("not said: {reason}")
}

/// The call whose texts have a limit of their own.
const DIRECT_CALL: &str = "llRegionSayTo";

/// What is kept of a text.
const RECORDED: TextLimit = TextLimit::Bytes(65_536);
