//! The chat bus with 10,000 listens on 5,000 channels: what a region say costs, and how that grows
//! with the listens of its channel and with those of all others.

#[path = "common/mode.rs"]
mod mode;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holm::config::Flavour;
use holm::ids::AgentId;
use holm::lsl::{ChatBus, EventKinds, ObjectSpec, Owner, PrimSpec, ScriptId, Settings};
use holm::message::Vector3;
use holm::time::Timestamp;

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

criterion_group! {
    name = benches;
    config = mode::criterion();
    targets = throughput, other_channels, same_channel
}
criterion_main!(benches);
