//! Tests of a region's objects, and a scene for them.

mod calls;
mod changes;
mod creation;
mod events;
mod going;
mod properties;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::*;
use crate::config::Flavour;
use crate::ids::AgentId;
use crate::lsl::{Effect, Event, EventKinds, Owner, Participant, Volume};
use crate::message::Vector3;

const HERE: Vector3 = Vector3::new(100.0, 100.0, 25.0);

/// A region's objects, with what a region would do.
struct Scene {
    objects: Objects,
    now: Timestamp,
    hosts: u64,
}

impl Scene {
    fn new() -> Self {
        Self::with(lsl::Settings { delays: false, ..lsl::Settings::new(Flavour::OpenSim) })
    }

    fn with(bus: lsl::Settings) -> Self {
        let settings = ObjectSettings {
            bus,
            region: RegionId(Uuid::from_u128(0xE0)),
            region_name: "Holm".to_owned(),
            unix_at_origin: Duration::from_secs(1_000_000),
        };
        Self { objects: Objects::new(settings, 7), now: Timestamp::from_millis(1000), hosts: 0 }
    }

    fn ask<T>(&mut self, command: impl FnOnce(Answer<T>) -> ObjectCommand) -> Answered<T> {
        let (answer, mut reply) = oneshot::channel();
        self.objects.apply(self.now, command(answer));
        reply.try_recv().unwrap()
    }

    fn create(&mut self, object: NewObject) -> Answered<ObjectReport> {
        self.ask(|answer| ObjectCommand::Create { object: Box::new(object), answer })
    }

    /// An object of one prim with one script; its first events have been taken.
    fn object(&mut self, name: &str, driver: Driver) -> (PrimId, ScriptId) {
        let report = self.create(new_object(name, vec![driver])).unwrap();
        self.run();
        (report.id, report.prims[0].scripts[0].id)
    }

    /// An object of so many prims, each with a recorded script; their first events have been taken.
    fn linkset(&mut self, prims: usize) -> (Vec<PrimId>, Vec<ScriptId>) {
        let object = NewObject {
            prims: vec![NewPrim::default(); prims],
            scripts: (1..=prims).map(|link| new_script(link, "main", Driver::Recorder)).collect(),
            ..new_object("linkset", vec![])
        };
        let report = self.create(object).unwrap();
        self.run();
        let scripts = report.prims.iter().map(|prim| prim.scripts[0].id).collect();
        (report.prims.iter().map(|prim| prim.id).collect(), scripts)
    }

    fn host(&mut self, room: usize) -> (HostLink, mpsc::Receiver<HostEvent>) {
        self.hosts += 1;
        let (events, receiver) = mpsc::channel(room);
        (HostLink { id: HostId(self.hosts), events }, receiver)
    }

    /// An object of one prim with one script that a host runs; its first events have been taken.
    fn hosted(&mut self, name: &str) -> (PrimId, ScriptId, mpsc::Receiver<HostEvent>) {
        let (link, mut events) = self.host(64);
        let (prim, script) = self.object(name, Driver::Host(link));
        taken(&mut events);
        (prim, script, events)
    }

    fn avatar(&mut self, number: u128, position: Vector3) -> AgentId {
        let id = agent(number);
        let name = Arc::from(format!("Agent{number} Tester"));
        self.objects.avatar_entered(Participant { id, name, position, is_child: false });
        id
    }

    fn call(&mut self, script: ScriptId, call: ScriptCall) -> Answered<CallOutcome> {
        self.ask(|answer| ObjectCommand::Call { script, call: Box::new(call), answer })
    }

    fn listen(&mut self, script: ScriptId, channel: i32) -> i32 {
        self.call(script, listen(channel)).unwrap().handle.unwrap()
    }

    fn change(&mut self, prim: PrimId, change: PrimChange) -> Answered<()> {
        self.ask(|answer| ObjectCommand::Change { prim, change, answer })
    }

    fn report(&mut self, object: PrimId) -> Answered<ObjectReport> {
        self.ask(|answer| ObjectCommand::Report { object, answer })
    }

    fn list(&mut self) -> Vec<ObjectReport> {
        let (answer, mut reply) = oneshot::channel();
        self.objects.apply(self.now, ObjectCommand::List(answer));
        reply.try_recv().unwrap()
    }

    /// What an object's recorded scripts heard after an event: script and event.
    fn heard(&mut self, object: PrimId, after: u64) -> Vec<(String, ScriptEvent)> {
        let page = self.ask(|answer| ObjectCommand::Heard { object, after, answer }).unwrap();
        page.events.into_iter().map(|heard| (heard.script, heard.event)).collect()
    }

    /// The number of the last event that an object's recorded scripts heard.
    fn last_heard(&mut self, object: PrimId) -> u64 {
        let page = self.ask(|answer| ObjectCommand::Heard { object, after: 0, answer }).unwrap();
        page.events.last().map_or(0, |heard| heard.number)
    }

    /// Runs, and takes what avatars see.
    fn run(&mut self) -> Vec<Effect> {
        self.objects.run(self.now);
        std::iter::from_fn(|| self.objects.poll_effect()).collect()
    }

    fn view(&self, prim: PrimId) -> &PrimView {
        self.objects.prims().by_id(prim).unwrap()
    }
}

type Answered<T> = Result<T, ObjectError>;

/// An object of one prim with a script for each driver: `script 1` and so on.
fn new_object(name: &str, drivers: Vec<Driver>) -> NewObject {
    let scripts = drivers.into_iter().zip(1..);
    NewObject {
        owner: owner(1),
        position: HERE,
        worn: None,
        prims: vec![NewPrim { name: name.to_owned(), ..NewPrim::default() }],
        scripts: scripts
            .map(|(driver, number)| new_script(1, &format!("script {number}"), driver))
            .collect(),
        start: 5,
    }
}

fn new_script(link: usize, name: &str, driver: Driver) -> NewScript {
    NewScript { link, name: name.to_owned(), handlers: EventKinds::all(), driver }
}

fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(0xA000 + number))
}

fn owner(number: u128) -> Owner {
    Owner::Agent { id: agent(number), first: "Olga".into(), last: "Owner".into() }
}

fn listen(channel: i32) -> ScriptCall {
    let (name, key, message) = (String::new(), String::new(), String::new());
    ScriptCall::Listen { channel, name, key, message }
}

fn say(channel: i32, text: &str) -> ScriptCall {
    ScriptCall::Say { volume: Volume::Say, channel, text: text.to_owned() }
}

/// The events that wait for a host.
fn taken(events: &mut mpsc::Receiver<HostEvent>) -> Vec<ScriptEvent> {
    std::iter::from_fn(|| events.try_recv().ok()).map(|event| event.event).collect()
}

/// The texts among events of listens.
fn texts<'a>(events: impl IntoIterator<Item = &'a ScriptEvent>) -> Vec<&'a str> {
    let text = |event: &'a ScriptEvent| match event {
        ScriptEvent::Lsl(Event::Listen { message, .. }) => Some(&**message),
        _ => None,
    };
    events.into_iter().filter_map(text).collect()
}

fn bus_error<T>(error: lsl::BusError) -> Answered<T> {
    Err(ObjectError::Bus(error))
}
