//! What an event costs from push to acknowledged batch, and what a thousand waiting polls cost.

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use holm::session::event_queue::{Answer, EventQueue, EventQueueSettings};
use holm::time::SystemClock;

fn queue() -> Arc<EventQueue<u64>> {
    let clock = Arc::new(SystemClock::new());
    Arc::new(EventQueue::new(EventQueueSettings::default(), 1, clock))
}

fn id_of(answer: &Answer<u64>) -> Option<i32> {
    match answer {
        Answer::Batch(batch) => Some(batch.id),
        Answer::Empty(id) => Some(*id),
        _ => None,
    }
}

fn push_and_poll(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let queue = queue();
    let mut ack = None;
    criterion.bench_function("event_queue/push_10_and_poll", |bencher| {
        bencher.iter(|| {
            for event in 0..10 {
                queue.push(event, 100).unwrap();
            }
            ack = id_of(&runtime.block_on(queue.poll(ack, false)));
        });
    });
}

fn wake_a_thousand(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let queues: Vec<_> = (0..1000).map(|_| queue()).collect();
    let mut acks: Vec<_> =
        queues.iter().map(|queue| id_of(&runtime.block_on(queue.poll(None, false)))).collect();
    criterion.bench_function("event_queue/wake_1000_waiting_polls", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let mut polls = Vec::with_capacity(queues.len());
                for (queue, ack) in queues.iter().zip(&acks) {
                    let (queue, ack) = (Arc::clone(queue), *ack);
                    polls.push(tokio::spawn(async move { queue.poll(ack, false).await }));
                }
                while queues.iter().any(|queue| queue.open_polls() == 0) {
                    tokio::task::yield_now().await;
                }
                for queue in &queues {
                    queue.push(1, 100).unwrap();
                }
                for (ack, poll) in acks.iter_mut().zip(polls) {
                    *ack = id_of(&poll.await.unwrap());
                }
            });
        });
    });
}

criterion_group!(benches, push_and_poll, wake_a_thousand);
criterion_main!(benches);
