//! A region full of avatars that walk: what the parts of one tick cost, and how that grows.
//!
//! Outboxes lead to recorders, so sockets and circuits are not in the figures. Each client sends
//! an `AgentUpdate` per tick and turns now and then.

#[path = "common/mode.rs"]
mod mode;

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holm::ids::{AgentId, RegionId, SessionId};
use holm::message::{AgentUpdate, Quaternion, Vector3};
use holm::outbox::recorder::{Recorder, recorder};
use holm::region::movement::ControlFlags;
use holm::region::{Arrival, Command, Heightmap, Region, RegionInfo, RegionSettings, Whereabouts};
use holm::time::Timestamp;
use uuid::Uuid;

struct Walker {
    id: AgentId,
    sent: Recorder,
    sequence: u32,
    /// Which way it walks, in radians.
    heading: f32,
}

/// A region whose avatars have all been shown to each other.
struct World {
    region: Region,
    walkers: Vec<Walker>,
    now: Timestamp,
    random: fastrand::Rng,
}

impl World {
    fn new(population: u32) -> Self {
        let info = Arc::new(RegionInfo::new(RegionId(Uuid::from_u128(1)), "Holm", 1000, 1000));
        let region = Region::new(info, Heightmap::flat(21.0), 7, RegionSettings::default());
        let mut world = Self {
            region,
            walkers: Vec::new(),
            now: Timestamp::from_millis(1000),
            random: fastrand::Rng::with_seed(7),
        };
        (1..=population).for_each(|number| world.join(number));
        let everybody = (population * population) as usize;
        while world.region.counts().known < everybody {
            world.movement();
            world.advance();
            world.flush();
            world.drain();
        }
        world
    }

    fn join(&mut self, number: u32) {
        let agent = AgentId(Uuid::from_u128(1000 + u128::from(number)));
        let (outbox, sent) = recorder(agent, number);
        let mut coordinate = || 16.0 + 224.0 * self.random.f32();
        let position = Vector3::new(coordinate(), coordinate(), 21.95);
        let arrival = Arrival {
            agent,
            session: SessionId(Uuid::from_u128(9000 + u128::from(number))),
            first: format!("Agent{number}"),
            last: "Tester".to_owned(),
            outbox,
            position,
            look_at: Vector3::new(0.0, 1.0, 0.0),
            whereabouts: Arc::new(Whereabouts::new(position)),
        };
        self.region.apply(self.now, Command::Enter(Box::new(arrival)));
        self.region.apply(self.now, Command::HandshakeReply { agent, flags: 0 });
        let heading = self.random.f32() * std::f32::consts::TAU;
        self.walkers.push(Walker { id: agent, sent, sequence: 0, heading });
    }

    /// Everybody says once where it walks; one in twenty turns.
    fn movement(&mut self) {
        for walker in &mut self.walkers {
            if self.random.u8(..20) == 0 {
                walker.heading = self.random.f32() * std::f32::consts::TAU;
            }
            walker.sequence += 1;
            let half = walker.heading / 2.0;
            let turned = Quaternion { x: 0.0, y: 0.0, z: half.sin(), w: half.cos() };
            let mut update = Box::new(AgentUpdate::default());
            update.agent_data.body_rotation = turned;
            update.agent_data.control_flags = ControlFlags::AT_POS.bits();
            let (agent, sequence) = (walker.id, walker.sequence);
            self.region.apply(self.now, Command::Movement { agent, sequence, update });
        }
    }

    fn advance(&mut self) {
        self.now = self.now + self.region.frame();
        self.region.advance(self.now);
    }

    fn flush(&mut self) {
        while self.region.flush(usize::MAX) {}
    }

    /// Packets since the last look.
    fn drain(&mut self) -> usize {
        self.walkers.iter_mut().map(|walker| walker.sent.drain().len()).sum()
    }
}

type Part = fn(&mut World);

fn ticks(c: &mut Criterion) {
    let populations: &[u32] = if is_measured() { &[10, 100, 1000] } else { &[20] };
    for &population in populations {
        let mut world = World::new(population);
        let mut group = c.benchmark_group("region");
        group.throughput(Throughput::Elements(u64::from(population)));
        group.sample_size(20);
        let parts: [(&str, Part); 3] = [
            ("AgentUpdate from all", World::movement),
            ("advance", World::advance),
            ("flush", World::flush),
        ];
        for (measured, (name, _)) in parts.iter().enumerate() {
            group.bench_with_input(BenchmarkId::new(*name, population), &(), |b, ()| {
                b.iter_custom(|rounds| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..rounds {
                        for (index, (_, part)) in parts.iter().enumerate() {
                            let start = now();
                            part(&mut world);
                            if index == measured {
                                spent += start.elapsed();
                            }
                        }
                        assert!(world.drain() > 0, "walkers are told of each other");
                    }
                    spent
                });
            });
        }
        group.finish();
    }
}

/// Whether figures are wanted; cargo says so by a flag. If not, small sizes do.
fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

criterion_group! {
    name = benches;
    config = mode::criterion();
    targets = ticks
}
criterion_main!(benches);
