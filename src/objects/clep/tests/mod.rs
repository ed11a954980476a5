//! CLEP on a bare bus, with test code that acts as the owner of the bus.

mod drops;
mod links;
mod listening;
mod observer;
mod properties;
mod routing;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clep::{
    Address, Body, Codec, Dialect, JsonMessage, ListForm, ListedMessage, Match, Message, Seal,
    Target,
};
use crate::config::Flavour;
use crate::ids::{AgentId, PrimId, RegionId};
use crate::lsl::{
    ChatBus, Event, EventKinds, ObjectSpec, Owner, Participant, PrimSpec, Said, Settings, Volume,
};
use crate::message::Vector3;
use crate::objects::{ScriptCall, ScriptEvent};
use crate::time::Timestamp;

const FLAVOURS: [Flavour; 2] = [Flavour::OpenSim, Flavour::SecondLife];
const ABSENT: &str = "8f3c1d2e-4b5a-6978-8796-a5b4c3d2e1f0";

struct Stage {
    bus: ChatBus,
    clep: Clep,
    now: Timestamp,
}

impl Stage {
    fn new(flavour: Flavour) -> Self {
        let settings = Settings { tap: true, ..Settings::new(flavour) };
        let objects = ObjectSettings {
            bus: settings.clone(),
            region: RegionId::NIL,
            region_name: "Here".to_owned(),
            unix_at_origin: Duration::from_secs(1_767_225_600),
        };
        let now = Timestamp::from_millis(1000);
        Self { bus: ChatBus::new(settings, 7), clep: Clep::new(&objects), now }
    }

    /// An object of so many prims with a script `a` in each.
    fn linkset(&mut self, owner: u128, prims: usize) -> Vec<(PrimId, ScriptId)> {
        let prims: Vec<_> = (1..=prims)
            .map(|link| PrimSpec {
                id: self.bus.new_prim_id(),
                name: format!("prim {link}"),
                offset: Vector3::default(),
            })
            .collect();
        let ids: Vec<_> = prims.iter().map(|prim| prim.id).collect();
        let owner = Owner::Agent { id: agent(owner), first: "O".into(), last: "O".into() };
        let position = Vector3::new(128.0, 128.0, 25.0);
        self.bus.insert_object(ObjectSpec { position, owner, worn_by: None, prims }).unwrap();
        ids.into_iter().map(|prim| (prim, self.script(prim, "a"))).collect()
    }

    /// An object of one prim with a script `a`.
    fn object(&mut self, owner: u128) -> (PrimId, ScriptId) {
        self.linkset(owner, 1)[0]
    }

    fn script(&mut self, prim: PrimId, name: &str) -> ScriptId {
        let handlers = EventKinds::LISTEN | EventKinds::LINK_MESSAGE;
        self.bus.add_script(self.now, prim, name, handlers).unwrap()
    }

    fn avatar(&mut self, number: u128) -> AgentId {
        let (id, name) = (agent(number), Arc::from(format!("Agent{number} Tester")));
        let position = Vector3::new(128.0, 128.0, 25.0);
        self.bus.put_avatar(Participant { id, name, position, is_child: false }).unwrap();
        id
    }

    fn listen(&mut self, script: ScriptId, listen: ClepListen) -> Result<Vec<i32>, ObjectError> {
        self.clep.listen(&mut self.bus, self.now, script, listen)
    }

    fn forget(&mut self, script: ScriptId, domain: &str) {
        self.clep.forget(&mut self.bus, script, domain);
    }

    fn open(&mut self, script: ScriptId, channel: i32) -> crate::lsl::ListenHandle {
        let handle = self.bus.listen(self.now, script, channel, ("", "", "")).unwrap();
        self.clep.script_listened(script, channel, handle);
        handle
    }

    fn say(&mut self, script: ScriptId, volume: Volume, channel: i32, text: &str) -> Said {
        let said = self.bus.say(self.now, script, volume, channel, text).unwrap();
        let call = match volume {
            Volume::Whisper => "llWhisper",
            Volume::Say => "llSay",
            Volume::Shout => "llShout",
        };
        self.said(script, call, channel, text, said)
    }

    fn region_say(&mut self, script: ScriptId, channel: i32, text: &str) -> Said {
        let said = self.bus.region_say(self.now, script, channel, text).unwrap();
        self.said(script, "llRegionSay", channel, text, said)
    }

    fn say_to(&mut self, script: ScriptId, target: &str, channel: i32, text: &str) -> Said {
        let said = self.bus.region_say_to(self.now, script, target, channel, text).unwrap();
        self.said(script, "llRegionSayTo", channel, text, said)
    }

    fn said(
        &mut self,
        script: ScriptId,
        call: &'static str,
        channel: i32,
        text: &str,
        said: Said,
    ) -> Said {
        if self.clep.watches(channel) {
            let (prim, _) = self.bus.script(script).unwrap();
            let line = SpokenLine {
                channel,
                call,
                sender: prim.0,
                sender_name: self.bus.prim_name(prim).unwrap(),
                owner: self.bus.owner_of(prim).unwrap().key(),
                text,
            };
            self.clep.observe(self.now, &line, &said, &self.bus);
        }
        said
    }

    fn chat(&mut self, agent: AgentId, channel: i32, text: &str) {
        let said = self.bus.avatar_chat(self.now, agent, 1, channel, text).unwrap();
        if self.clep.watches(channel) {
            let (sender, owner) = (agent.0, agent.0);
            let sender_name = "an avatar";
            let line = SpokenLine { channel, call: "chat", sender, sender_name, owner, text };
            self.clep.observe(self.now, &line, &said, &self.bus);
        }
    }

    fn link(&mut self, script: ScriptId, (link, number): (i32, i32), text: &str, id: &str) -> Said {
        let said = self.bus.message_linked(self.now, script, (link, number), text, id).unwrap();
        if self.clep.watches_links() {
            let line = LinkLine { script, number, text, id };
            self.clep.observe_link(self.now, &line, &said, &self.bus);
        }
        said
    }

    fn plan(&self, script: ScriptId, send: ClepSend) -> Result<Planned, ObjectError> {
        self.clep.plan(&self.bus, script, send)
    }

    /// Sends a message by the call that is planned for it.
    fn send(&mut self, script: ScriptId, send: ClepSend) -> Planned {
        let planned = self.plan(script, send).unwrap();
        let Planned { channel, route, text, target, .. } = &planned;
        match route {
            Route::RegionSay => drop(self.region_say(script, *channel, text)),
            Route::RegionSayTo => drop(self.say_to(script, target, *channel, text)),
            Route::Shout => drop(self.say(script, Volume::Shout, *channel, text)),
            Route::MessageLinked(link) => drop(self.link(script, (*link, 0), text, "")),
            Route::Direct => self.clep.observe_direct(self.now, &self.bus, script, &planned),
        }
        planned
    }

    fn send_lep(&mut self, script: ScriptId, send: LepSend) -> ScriptCall {
        let call = self.clep.plan_lep(&self.bus, script, send).unwrap();
        let ScriptCall::MessageLinked { link, number, text, id } = &call else {
            panic!("{call:?} is no link message")
        };
        self.link(script, (*link, *number), text, id);
        call
    }

    /// What scripts got since the last look, with sleepers awake.
    fn run(&mut self) -> Vec<(ScriptId, ScriptEvent)> {
        let late = self.now + Duration::from_secs(3600);
        let mut got = Vec::new();
        while let Some((script, event)) = self.bus.poll_event(late) {
            let event = self.clep.filter(&self.bus, script, event);
            got.extend(event.map(|event| (script, event)));
        }
        got
    }

    /// Who got a CLEP message since the last look; nothing else may have come.
    fn takers(&mut self) -> Vec<ScriptId> {
        let taken = self.run().into_iter().map(|(script, event)| match event {
            ScriptEvent::Clep(_) => script,
            other => panic!("{other:?} is not what is waited for"),
        });
        taken.collect()
    }

    fn traffic(&self) -> Vec<Arc<Traffic>> {
        self.clep.feed().past
    }

    fn last(&self) -> Arc<Traffic> {
        self.traffic().pop().unwrap()
    }

    /// What became of the last line at each listen.
    fn outcomes(&self) -> Vec<&'static str> {
        self.last().receivers.iter().map(|receiver| receiver.outcome.0).collect()
    }
}

fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(0xA000 + number))
}

fn listen(dialect: Dialect, service: &str, domains: &[&str]) -> ClepListen {
    ClepListen {
        codec: codec(dialect),
        service: service.to_owned(),
        domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
        owner_only: false,
        checks_speaker: None,
        script_match: Match::Exact,
    }
}

/// With lists where the dialect leaves them open.
fn codec(dialect: Dialect) -> Codec {
    let form = (dialect == Dialect::SeedChuf).then_some(ListForm::S4);
    Codec { form, ..Codec::new(dialect) }
}

fn send(message: Message, dialect: Dialect) -> ClepSend {
    ClepSend {
        codec: codec(dialect),
        service: String::new(),
        domain: String::new(),
        target: String::new(),
        message,
        force_chat: false,
    }
}

fn json(domain: &str) -> JsonMessage {
    JsonMessage {
        domain: domain.to_owned(),
        id: "1".to_owned(),
        method: vec!["ping".to_owned()],
        source: Address::default(),
        target: Target::default(),
        utime: 1_767_225_600.into(),
        params: None,
        result: None,
        seal: Seal::Bare,
        tagged: false,
    }
}

fn listed(service: &str, domain: &str, prim: &str, text: &str) -> Message {
    Message::Listed(ListedMessage {
        service: service.to_owned(),
        domain: domain.to_owned(),
        prim: prim.to_owned(),
        body: Body::Raw { kind: "raw".to_owned(), text: text.to_owned() },
    })
}

/// A message of any dialect.
fn message(dialect: Dialect, domain: &str, prim: &str) -> Message {
    match dialect {
        Dialect::ClepRpcShort => Message::Short(crate::clep::ShortMessage {
            domain: domain.to_owned(),
            target: Address { prim: prim.to_owned(), ..Address::default() },
            method: "ping".to_owned(),
            ..crate::clep::ShortMessage::default()
        }),
        Dialect::ClepLines => Message::Lines(crate::clep::LinesMessage {
            timestamp: "2026-02-03T04:05:06.000000Z".to_owned(),
            domain: domain.to_owned(),
            target: Address { prim: prim.to_owned(), ..Address::default() },
            method: "ping".to_owned(),
            ..crate::clep::LinesMessage::default()
        }),
        dialect if dialect.is_json() => {
            let mut message = json(domain);
            message.target.prim = (!prim.is_empty()).then(|| prim.to_owned());
            Message::Json(message)
        }
        _ => listed("", domain, prim, "x"),
    }
}
