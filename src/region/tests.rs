//! A region with simulated agents whose outboxes the tests read.

mod chat;
mod entry;
mod floods;
mod life;
mod objects;
mod prims;
mod relays;
mod updates;

use std::sync::Arc;

use uuid::Uuid;

use super::*;
use crate::ids::{PrimId, RegionId};
use crate::lsl::{Event, EventKinds, Owner};
use crate::message::{self, AgentUpdate, Message, Vector3};
use crate::objects::{
    Answer, CallOutcome, Driver, NewObject, NewPrim, NewScript, ObjectCommand, ObjectReport,
    PrimChange, ScriptCall, ScriptEvent,
};
use crate::outbox::recorder::{Recorder, decoded, recorder};

/// One agent of a test.
pub(super) struct Agent {
    pub(super) id: AgentId,
    pub(super) session: SessionId,
    pub(super) sent: Recorder,
    sequence: u32,
}

impl Agent {
    /// What came since the last look, of one kind.
    pub(super) fn got<M: Message>(&mut self) -> Vec<M> {
        decoded(&self.sent.drain())
    }

    /// The texts of chat that came since the last look.
    pub(super) fn heard(&mut self) -> Vec<String> {
        let lines: Vec<message::ChatFromSimulator> = self.got();
        lines.iter().map(|line| message::text(&line.chat_data.message)).collect()
    }
}

/// A region and its time.
pub(super) struct World {
    pub(super) region: Region,
    pub(super) now: Timestamp,
    next: u32,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(RegionSettings::default())
    }

    pub(super) fn with(settings: RegionSettings) -> Self {
        let mut info = RegionInfo::new(RegionId(Uuid::from_u128(1)), "Holm", 1000, 1001);
        info.owner = AgentId(Uuid::from_u128(77));
        let region = Region::new(Arc::new(info), Heightmap::flat(21.0), 7, settings);
        Self { region, now: Timestamp::from_millis(1000), next: 1 }
    }

    /// At the door, not in.
    pub(super) fn arrival(&mut self, x: f32, y: f32, z: f32) -> (Arrival, Agent) {
        let number = self.next;
        self.next += 1;
        let id = AgentId(Uuid::from_u128(1000 + u128::from(number)));
        let session = SessionId(Uuid::from_u128(9000 + u128::from(number)));
        let (outbox, sent) = recorder(id, number);
        let position = Vector3::new(x, y, z);
        let arrival = Arrival {
            agent: id,
            session,
            first: format!("Agent{number}"),
            last: "Tester".to_owned(),
            outbox,
            position,
            look_at: Vector3::new(0.0, 1.0, 0.0),
            whereabouts: Arc::new(Whereabouts::new(position)),
        };
        (arrival, Agent { id, session, sent, sequence: 0 })
    }

    /// In the region, handshake not answered.
    pub(super) fn enter(&mut self, x: f32, y: f32) -> Agent {
        let (arrival, agent) = self.arrival(x, y, 21.95);
        self.region.apply(self.now, Command::Enter(Box::new(arrival)));
        agent
    }

    /// In the region and shown the world.
    pub(super) fn join(&mut self, x: f32, y: f32) -> Agent {
        let agent = self.enter(x, y);
        self.region.apply(self.now, Command::HandshakeReply { agent: agent.id, flags: 0 });
        agent
    }

    pub(super) fn tick(&mut self) {
        self.now = self.now + self.region.frame();
        self.region.tick(self.now);
    }

    pub(super) fn ticks(&mut self, count: u32) {
        for _ in 0..count {
            self.tick();
        }
    }

    pub(super) fn steer(&mut self, agent: &mut Agent, flags: movement::ControlFlags) {
        agent.sequence += 1;
        let mut update = Box::new(AgentUpdate::default());
        update.agent_data.control_flags = flags.bits();
        let sequence = agent.sequence;
        self.region.apply(self.now, Command::Movement { agent: agent.id, sequence, update });
    }

    pub(super) fn say(&mut self, agent: &Agent, text: &str, kind: u8, channel: i32) {
        let text = text.to_owned();
        self.region.apply(self.now, Command::Chat { agent: agent.id, text, kind, channel });
    }

    pub(super) fn leave(&mut self, agent: &Agent) {
        let (agent, session) = (agent.id, agent.session);
        self.region.apply(self.now, Command::Leave { agent, session });
    }

    pub(super) fn position(&self, agent: &Agent) -> Vector3 {
        let snapshot = self.region.snapshot();
        snapshot.agents.iter().find(|other| other.agent == agent.id).unwrap().position
    }
}

/// An object of one prim with one script that hears everything and is run by nobody.
pub(super) fn object(owner: &Agent, x: f32, y: f32) -> NewObject {
    NewObject {
        owner: owned_by(owner),
        position: Vector3::new(x, y, 21.95),
        worn: None,
        prims: vec![NewPrim { name: "Bell".to_owned(), ..NewPrim::default() }],
        scripts: vec![NewScript {
            link: 1,
            name: "main".to_owned(),
            handlers: EventKinds::LISTEN | EventKinds::TOUCH_START,
            driver: Driver::Recorder,
        }],
        start: 0,
    }
}

pub(super) fn owned_by(agent: &Agent) -> Owner {
    Owner::Agent { id: agent.id, first: "Ann".into(), last: "Tester".into() }
}

impl World {
    /// Asks something about objects; the answer comes at once.
    pub(super) fn ask<T>(&mut self, command: impl FnOnce(Answer<T>) -> ObjectCommand) -> T {
        let (answer, mut answered) = tokio::sync::oneshot::channel();
        self.region.apply(self.now, Command::Objects(command(answer)));
        answered.try_recv().unwrap().unwrap()
    }

    pub(super) fn make(&mut self, object: NewObject) -> ObjectReport {
        let object = Box::new(object);
        self.ask(|answer| ObjectCommand::Create { object, answer })
    }

    pub(super) fn unmake(&mut self, object: &ObjectReport) {
        let object = object.id;
        self.ask(|answer| ObjectCommand::Remove { object, answer });
    }

    pub(super) fn change(&mut self, prim: PrimId, change: PrimChange) {
        self.ask(|answer| ObjectCommand::Change { prim, change, answer });
    }

    /// The first script of the root prim makes a call.
    pub(super) fn call(&mut self, object: &ObjectReport, call: ScriptCall) -> CallOutcome {
        let (script, call) = (object.prims[0].scripts[0].id, Box::new(call));
        self.ask(|answer| ObjectCommand::Call { script, call, answer })
    }

    pub(super) fn listen(&mut self, object: &ObjectReport, channel: i32) {
        let [name, key, message] = [const { String::new() }; 3];
        self.call(object, ScriptCall::Listen { channel, name, key, message });
    }

    /// What an object's scripts heard so far.
    pub(super) fn events(&mut self, object: &ObjectReport) -> Vec<Event> {
        let object = object.id;
        let page = self.ask(|answer| ObjectCommand::Heard { object, after: 0, answer });
        let lsl = |event: crate::objects::HeardEvent| match event.event {
            ScriptEvent::Lsl(event) => Some(event),
            _ => None,
        };
        page.events.into_iter().filter_map(lsl).collect()
    }

    /// The texts of its `listen` events so far, with speaker and channel.
    pub(super) fn lines(&mut self, object: &ObjectReport) -> Vec<(String, String, i32)> {
        let line = |event| match event {
            Event::Listen { channel, name, message, .. } => {
                Some((name.to_string(), message.to_string(), channel))
            }
            _ => None,
        };
        self.events(object).into_iter().filter_map(line).collect()
    }
}
