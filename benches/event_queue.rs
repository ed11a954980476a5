//! What an event costs from push to acknowledged batch, what a thousand waiting polls cost to
//! wake, and what they cost while nothing happens.

#[path = "common/mode.rs"]
mod mode;

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use holm::session::event_queue::{Answer, EventQueue, EventQueueSettings};
use holm::time::SystemClock;
use tokio::runtime::{Builder, Runtime};

const QUEUES: usize = 1000;

fn queue() -> Arc<EventQueue<u64>> {
    let clock = Arc::new(SystemClock::new());
    Arc::new(EventQueue::new(EventQueueSettings::default(), 1, clock))
}

/// Queues whose clients have made their first poll.
fn greeted(runtime: &Runtime) -> Vec<(Arc<EventQueue<u64>>, Option<i32>)> {
    let greet = |_| {
        let queue = queue();
        let ack = id_of(&runtime.block_on(queue.poll(None, false)));
        (queue, ack)
    };
    (0..QUEUES).map(greet).collect()
}

/// What the client acknowledges next; an idle poll that ended in 502 gives no id.
fn id_of(answer: &Answer<u64>) -> Option<i32> {
    match answer {
        Answer::Batch(batch) => Some(batch.id),
        Answer::Empty(id) => Some(*id),
        Answer::BadGateway | Answer::Done | Answer::Gone => None,
    }
}

fn push_and_poll(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let queue = queue();
    let mut ack = None;
    let mut group = criterion.benchmark_group("event_queue");
    group.throughput(Throughput::Elements(10));
    group.bench_function("push 10 and poll", |bencher| {
        bencher.iter(|| {
            for event in 0..10 {
                queue.push(event, 100).expect("room for ten events");
            }
            ack = id_of(&runtime.block_on(queue.poll(ack, false)));
        });
    });
    group.finish();
}

fn wake_a_thousand(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut queues = greeted(&runtime);
    let mut group = criterion.benchmark_group("event_queue");
    group.throughput(Throughput::Elements(QUEUES as u64));
    group.bench_function("wake 1000 waiting polls", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let mut polls = Vec::with_capacity(QUEUES);
                for (queue, ack) in &queues {
                    let (queue, ack) = (Arc::clone(queue), *ack);
                    polls.push(tokio::spawn(async move { queue.poll(ack, false).await }));
                }
                while queues.iter().any(|(queue, _)| queue.open_polls() == 0) {
                    tokio::task::yield_now().await;
                }
                for (queue, _) in &queues {
                    queue.push(1, 100).expect("room for one event");
                }
                for ((_, ack), poll) in queues.iter_mut().zip(polls) {
                    *ack = id_of(&poll.await.expect("a poll that ends"));
                }
            });
        });
    });
    group.finish();
}

/// Polls that find nothing and are asked again: one round is what 1000 idle clients cost in all
/// the time that a poll is held. The runtime's time is stopped and jumps to the next deadline.
fn hold_a_thousand(criterion: &mut Criterion) {
    let runtime =
        Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let mut queues = greeted(&runtime);
    let mut group = criterion.benchmark_group("event_queue");
    group.throughput(Throughput::Elements(QUEUES as u64));
    group.bench_function("hold 1000 idle polls to their end", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let mut polls = Vec::with_capacity(QUEUES);
                for (queue, ack) in &queues {
                    let (queue, ack) = (Arc::clone(queue), ack.or(Some(1)));
                    polls.push(tokio::spawn(async move { queue.poll(ack, false).await }));
                }
                for ((_, ack), poll) in queues.iter_mut().zip(polls) {
                    *ack = id_of(&poll.await.expect("a poll that ends"));
                }
            });
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = mode::criterion();
    targets = push_and_poll, wake_a_thousand, hold_a_thousand
}
criterion_main!(benches);
