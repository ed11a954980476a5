//! The chat bus with 10,000 listens on 5,000 channels: what a region say costs, and how that grows
//! with the listens of its channel and with those of all others. And a channel of CLEP with 100
//! listeners, where each line is read, judged for each of them and written down.

#[path = "common/mode.rs"]
mod mode;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holm::clep::{Address, Codec, Dialect, JsonMessage, Match, Message, Seal, Target};
use holm::config::Flavour;
use holm::ids::{AgentId, RegionId};
use holm::lsl::{ChatBus, EventKinds, ObjectSpec, Owner, PrimSpec, ScriptId, Settings};
use holm::message::Vector3;
use holm::objects::{
    Answer, ClepListen, ClepSend, Driver, NewObject, NewPrim, NewScript, ObjectCommand,
    ObjectSettings, Objects, ScriptCall,
};
use holm::time::Timestamp;
use tokio::sync::oneshot;

/// Most listens of one script.
const LISTENS: usize = 50;

struct World {
    bus: ChatBus,
    speaker: ScriptId,
    now: Timestamp,
}

impl World {
    /// So many listens, dealt to so many channels in turn.
    fn new(listens: usize, channels: usize) -> Self {
        let mut settings = Settings::new(Flavour::OpenSim);
        settings.rules.listens_per_region = None;
        let now = Timestamp::ZERO;
        let mut world = Self { bus: ChatBus::new(settings, 7), speaker: ScriptId(0), now };
        world.speaker = world.script();
        // A script cannot listen twice to the same.
        let each = LISTENS.min(channels);
        for first in (0..listens).step_by(each) {
            let script = world.script();
            for number in first..listens.min(first + each) {
                let channel = (number % channels) as i32 + 1;
                world.bus.listen(now, script, channel, ("", "", "")).unwrap();
            }
        }
        world
    }

    fn script(&mut self) -> ScriptId {
        let owner = Owner::Agent { id: AgentId::NIL, first: "Olga".into(), last: "Owner".into() };
        let id = self.bus.new_prim_id();
        let prims = vec![PrimSpec { id, name: "box".to_owned(), offset: Vector3::default() }];
        let position = Vector3::new(128.0, 128.0, 25.0);
        let root =
            self.bus.insert_object(ObjectSpec { position, owner, worn_by: None, prims }).unwrap();
        self.bus.add_script(self.now, root, "script", EventKinds::LISTEN).unwrap()
    }

    /// Says something on a channel and takes the events; tells how many there were.
    fn region_say(&mut self, channel: i32) -> usize {
        let text = black_box("a line of the usual length, as scripts write them");
        let said = self.bus.region_say(self.now, self.speaker, channel, text).unwrap();
        while let Some(event) = self.bus.poll_event(self.now) {
            black_box(event);
        }
        said.queued
    }
}

/// 10,000 listens on 5,000 channels, two each: lines on all channels in turn.
fn throughput(criterion: &mut Criterion) {
    let mut world = World::new(10_000, 5_000);
    let mut group = criterion.benchmark_group("lsl");
    group.throughput(Throughput::Elements(1));
    let mut channel = 0;
    group.bench_function("region_say 10000 on 5000", |bencher| {
        bencher.iter(|| {
            channel = channel % 5_000 + 1;
            assert_eq!(world.region_say(channel), 2);
        });
    });
    group.finish();
}

/// Two listens on the channel that is spoken on, and more and more on others: the cost must stay.
fn other_channels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lsl/region_say two listens of");
    for listens in [100, 1_000, 10_000] {
        let mut world = World::new(listens, listens / 2);
        group.bench_with_input(BenchmarkId::from_parameter(listens), &(), |bencher, ()| {
            bencher.iter(|| assert_eq!(world.region_say(1), 2));
        });
    }
    group.finish();
}

/// More and more listens on the channel that is spoken on: the cost of each must stay.
fn same_channel(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lsl/region_say heard by");
    for heard in [1, 10, 100, 1_000] {
        let mut world = World::new(10_000, 10_000 / heard);
        group.throughput(Throughput::Elements(heard as u64));
        group.bench_with_input(BenchmarkId::from_parameter(heard), &(), |bencher, ()| {
            bencher.iter(|| assert_eq!(world.region_say(1), heard));
        });
    }
    group.finish();
}

/// A region's objects, asked as from outside.
struct Region {
    objects: Objects,
    now: Timestamp,
}

impl Region {
    fn new() -> Self {
        let settings = ObjectSettings {
            bus: Settings::new(Flavour::OpenSim),
            region: RegionId::NIL,
            region_name: "Bench".to_owned(),
            unix_at_origin: Duration::from_secs(1_767_225_600),
        };
        Self { objects: Objects::new(settings, 7), now: Timestamp::ZERO }
    }

    fn ask<T>(&mut self, command: impl FnOnce(Answer<T>) -> ObjectCommand) -> T {
        let (answer, mut answered) = oneshot::channel();
        self.objects.apply(self.now, command(answer));
        answered.try_recv().unwrap().unwrap()
    }

    /// An object with a script whose events are kept.
    fn script(&mut self) -> ScriptId {
        let script = NewScript {
            link: 1,
            name: "script".to_owned(),
            handlers: EventKinds::LISTEN,
            driver: Driver::Recorder,
        };
        let object = Box::new(NewObject {
            owner: Owner::Agent { id: AgentId::NIL, first: "Olga".into(), last: "Owner".into() },
            position: Vector3::new(128.0, 128.0, 25.0),
            worn: None,
            prims: vec![NewPrim::default()],
            scripts: vec![script],
            start: 0,
        });
        let report = self.ask(|answer| ObjectCommand::Create { object, answer });
        report.prims[0].scripts[0].id
    }

    fn call(&mut self, script: ScriptId, call: ScriptCall) -> usize {
        let call = Box::new(call);
        let done = self.ask(|answer| ObjectCommand::Call { script, call, answer });
        done.clep.map_or(0, |sent| sent.queued)
    }
}

/// A message that 100 scripts take, given to all of them.
fn clep(criterion: &mut Criterion) {
    const LISTENERS: usize = 100;
    let mut region = Region::new();
    let codec = Codec::new(Dialect::ClepJson);
    let speaker = region.script();
    for _ in 0..LISTENERS {
        let script = region.script();
        let listen = ClepListen {
            codec,
            service: String::new(),
            domains: vec!["test".to_owned()],
            owner_only: false,
            checks_speaker: None,
            script_match: Match::Exact,
        };
        region.call(script, ScriptCall::ClepListen(Box::new(listen)));
    }
    let message = Message::Json(JsonMessage {
        domain: "test".to_owned(),
        id: "00000000-0000-4000-8000-000000000001".to_owned(),
        method: vec!["ping".to_owned()],
        source: Address::default(),
        target: Target::default(),
        utime: 1_767_225_600.into(),
        params: None,
        result: None,
        tagged: false,
        seal: Seal::Bare,
    });
    let send = ClepSend {
        codec,
        service: String::new(),
        domain: String::new(),
        target: String::new(),
        message,
        force_chat: false,
    };
    let mut group = criterion.benchmark_group("lsl");
    group.throughput(Throughput::Elements(LISTENERS as u64));
    group.bench_function("clep message taken by 100", |bencher| {
        bencher.iter(|| {
            let send = ScriptCall::ClepSend(Box::new(black_box(&send).clone()));
            assert_eq!(region.call(speaker, send), LISTENERS);
            region.objects.run(region.now);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = mode::criterion();
    targets = throughput, other_channels, same_channel, clep
}
criterion_main!(benches);
