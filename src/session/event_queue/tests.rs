//! Each rule of the event queue, and the waiting with a virtual clock.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::time::{ManualClock, Timestamp};

type State = QueueState<u32>;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn state(settings: EventQueueSettings) -> State {
    QueueState::new(settings, 100)
}

/// A queue whose client has read the first answer, so that polls wait; gives the id it acks.
fn greeted(settings: EventQueueSettings) -> (State, i32) {
    let mut state = state(settings);
    let Err(Answer::Empty(id)) = state.poll(at(0), None, false) else {
        panic!("the first poll is answered at once");
    };
    (state, id)
}

fn batch_of(answer: Answer<u32>) -> (i32, Vec<u32>) {
    match answer {
        Answer::Batch(batch) => (batch.id, batch.events.clone()),
        other => panic!("expected a batch, got {other:?}"),
    }
}

fn polled(state: &mut State, ack: Option<i32>) -> (i32, Vec<u32>) {
    batch_of(state.poll(at(0), ack, false).expect_err("events are waiting"))
}

fn resumed(state: &mut State, now: Timestamp, ticket: &Ticket) -> Answer<u32> {
    match state.resume(now, ticket) {
        Progress::Answer(answer) => answer,
        Progress::WaitUntil(until) => panic!("still waits until {until:?}"),
    }
}

#[test]
fn first_poll_is_answered_at_once_and_the_next_one_waits() {
    let (mut state, id) = greeted(EventQueueSettings::default());
    assert_eq!(id, 101);
    let ticket = state.poll(at(1), Some(id), false).expect("nothing is queued");
    let Progress::WaitUntil(until) = state.resume(at(1), &ticket) else {
        panic!("answered without events");
    };
    assert_eq!(until, at(26));
}

#[test]
fn a_client_that_never_acknowledges_is_greeted_only_a_few_times() {
    let mut state = state(EventQueueSettings::default());
    let greetings = (0..10).filter(|_| state.poll(at(0), None, false).is_err()).count();
    assert_eq!(greetings, 3);
}

#[test]
fn queued_events_come_in_order_in_one_batch() {
    let mut state = state(EventQueueSettings::default());
    for event in [7, 8, 9] {
        state.push(event, 10).unwrap();
    }
    assert_eq!(polled(&mut state, None), (101, vec![7, 8, 9]));
}

#[test]
fn an_event_answers_the_waiting_poll() {
    let (mut state, id) = greeted(EventQueueSettings::default());
    let ticket = state.poll(at(1), Some(id), false).unwrap();
    state.push(5, 10).unwrap();
    assert_eq!(batch_of(resumed(&mut state, at(2), &ticket)).1, vec![5]);
    assert_eq!(state.open_polls(), 0);
}

#[test]
fn a_batch_is_repeated_until_its_own_id_is_acknowledged() {
    let mut state = state(EventQueueSettings::default());
    state.push(1, 10).unwrap();
    let (id, events) = polled(&mut state, None);
    state.push(2, 10).unwrap();
    assert_eq!(polled(&mut state, None), (id, events.clone()), "undef acknowledges nothing");
    assert_eq!(polled(&mut state, Some(id - 1)), (id, events), "nor does an older id");
    let (next, events) = polled(&mut state, Some(id));
    assert_ne!(next, id);
    assert_eq!(events, vec![2]);
    assert_eq!(state.counts().redelivered, 2);
}

#[test]
fn a_batch_that_nobody_can_read_is_given_up_and_counted() {
    let settings = EventQueueSettings { max_deliveries: 3, ..Default::default() };
    let mut state = state(settings);
    state.push(1, 10).unwrap();
    for _ in 0..3 {
        assert_eq!(polled(&mut state, None).1, vec![1]);
    }
    state.push(2, 10).unwrap();
    assert_eq!(polled(&mut state, None).1, vec![2]);
    assert_eq!(state.counts().dropped_undelivered, 1);
}

#[test]
fn a_full_queue_refuses_and_counts() {
    let settings = EventQueueSettings { max_events: 2, max_bytes: 100, ..Default::default() };
    let mut state = state(settings);
    state.push(1, 60).unwrap();
    assert_eq!(state.push(2, 41), Err(PushError::Full), "by bytes");
    state.push(3, 40).unwrap();
    assert_eq!(state.push(4, 0), Err(PushError::Full), "by count");
    assert_eq!(state.counts().dropped_full, 2);
    assert_eq!(polled(&mut state, None).1, vec![1, 3]);
    state.push(5, 100).unwrap();
}

#[test]
fn an_idle_poll_ends_as_configured_after_the_hold_time() {
    for (idle, bad_gateway) in [(IdleAnswer::Empty, false), (IdleAnswer::BadGateway, true)] {
        let (mut state, id) = greeted(EventQueueSettings { idle, ..Default::default() });
        let ticket = state.poll(at(0), Some(id), false).unwrap();
        assert!(matches!(state.resume(at(24), &ticket), Progress::WaitUntil(_)));
        match resumed(&mut state, at(25), &ticket) {
            Answer::BadGateway => assert!(bad_gateway),
            Answer::Empty(empty) => assert!(!bad_gateway && empty != id && empty != 0),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_id_of_an_empty_answer_never_acknowledges_a_batch() {
    let (mut state, id) = greeted(EventQueueSettings::default());
    let older = state.poll(at(0), Some(id), false).unwrap();
    let newer = state.poll(at(1), Some(id), false).unwrap();
    state.push(1, 10).unwrap();
    let (batch, _) = batch_of(resumed(&mut state, at(2), &newer));
    let Answer::Empty(empty) = resumed(&mut state, at(30), &older) else {
        panic!("an idle answer was expected");
    };
    assert_ne!(empty, batch);
    assert_eq!(polled(&mut state, Some(empty)), (batch, vec![1]));
}

#[test]
fn a_newer_poll_replaces_the_older_one() {
    let settings = EventQueueSettings { idle: IdleAnswer::BadGateway, ..Default::default() };
    let (mut state, id) = greeted(settings);
    let older = state.poll(at(0), Some(id), false).unwrap();
    let newer = state.poll(at(3), Some(id), false).unwrap();
    let Progress::WaitUntil(until) = state.resume(at(3), &older) else {
        panic!("an early 502 is an error to a viewer");
    };
    assert_eq!(until, at(10));
    assert!(matches!(resumed(&mut state, at(10), &older), Answer::BadGateway));
    state.push(1, 10).unwrap();
    assert_eq!(batch_of(resumed(&mut state, at(11), &newer)).1, vec![1]);
}

#[test]
fn newer_poll_ends_one_older_than_ten_seconds_at_once() {
    let settings = EventQueueSettings { idle: IdleAnswer::BadGateway, ..Default::default() };
    let (mut state, id) = greeted(settings);
    let older = state.poll(at(0), Some(id), false).unwrap();
    let _newer = state.poll(at(12), Some(id), false).unwrap();
    assert!(matches!(resumed(&mut state, at(12), &older), Answer::BadGateway));
}

#[test]
fn parallel_polls_are_bounded() {
    let (mut state, id) = greeted(EventQueueSettings::default());
    let first = state.poll(at(0), Some(id), false).unwrap();
    for _ in 0..10 {
        let _ = state.poll(at(0), Some(id), false).unwrap();
    }
    assert_eq!(state.open_polls(), 4);
    assert!(matches!(resumed(&mut state, at(0), &first), Answer::Empty(_)));
}

#[test]
fn done_is_answered_at_once_and_frees_the_queue() {
    let (mut state, id) = greeted(EventQueueSettings::default());
    let waiting = state.poll(at(0), Some(id), false).unwrap();
    assert!(matches!(state.poll(at(1), Some(id), true), Err(Answer::Done)));
    assert!(matches!(resumed(&mut state, at(1), &waiting), Answer::Gone));
    assert_eq!(state.push(1, 10), Err(PushError::Closed));
    assert_eq!(state.counts().dropped_closed, 1);
    assert!(state.poll(at(2), Some(id), false).is_ok(), "a client may change its mind");
    state.push(2, 10).unwrap();
}

#[test]
fn a_gone_agent_gets_its_last_events_and_then_404() {
    let (mut state, id) = greeted(EventQueueSettings::default());
    let ticket = state.poll(at(0), Some(id), false).unwrap();
    state.push(1, 10).unwrap();
    state.close();
    assert_eq!(batch_of(resumed(&mut state, at(1), &ticket)).1, vec![1]);
    assert!(matches!(state.poll(at(1), Some(id), false), Err(Answer::Gone)));
    assert!(matches!(state.poll(at(1), Some(id), true), Err(Answer::Done)));
    assert_eq!(state.push(2, 10), Err(PushError::Closed));
    assert_eq!(state.backlog(), 0);
}

#[test]
fn ids_wrap_to_one_and_are_never_zero() {
    let mut state = state(EventQueueSettings::default());
    state.last_id_for_test(i32::MAX);
    state.push(1, 10).unwrap();
    assert_eq!(polled(&mut state, None).0, 1);
}

/// One step of a client or a server in any order.
#[derive(Clone, Copy, Debug)]
enum Step {
    Push,
    /// Poll, read the answer (or lose it), and wait for an event if there is none.
    Poll {
        lose_answer: bool,
    },
    /// Poll and hang up while it waits.
    PollAndHangUp,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Push),
        any::<bool>().prop_map(|lose_answer| Step::Poll { lose_answer }),
        Just(Step::PollAndHangUp),
    ]
}

proptest! {
    #[test]
    fn events_arrive_once_and_in_order_despite_losses(
        steps in prop::collection::vec(step(), 0..200),
    ) {
        // A client recognises a repeated batch by its id.
        let settings = EventQueueSettings { max_deliveries: u32::MAX, ..Default::default() };
        let mut state = state(settings);
        let (mut sent, mut received, mut ack) = (0, Vec::new(), None);
        let mut finish = vec![Step::Poll { lose_answer: false }; 3];
        let mut all = steps;
        all.append(&mut finish);
        for step in all {
            match step {
                Step::Push => {
                    if state.push(sent, 1).is_ok() {
                        sent += 1;
                    }
                }
                Step::Poll { lose_answer } => match state.poll(at(0), ack, false) {
                    Err(answer) if lose_answer => drop(answer),
                    Err(Answer::Batch(batch)) => {
                        if ack != Some(batch.id) {
                            received.extend_from_slice(&batch.events);
                        }
                        ack = Some(batch.id);
                    }
                    Err(Answer::Empty(id)) => ack = Some(id),
                    Err(other) => prop_assert!(false, "{other:?}"),
                    Ok(ticket) => state.abandon(&ticket),
                },
                Step::PollAndHangUp => {
                    if let Ok(ticket) = state.poll(at(0), ack, false) {
                        state.abandon(&ticket);
                    }
                }
            }
            prop_assert!(state.open_polls() == 0);
        }
        prop_assert_eq!(received, (0..sent).collect::<Vec<_>>());
    }
}

fn queue(settings: EventQueueSettings) -> (Arc<EventQueue<u32>>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let queue = EventQueue::new(settings, 1, Arc::clone(&clock) as Arc<dyn Clock>);
    (Arc::new(queue), clock)
}

async fn first_poll(queue: &EventQueue<u32>) -> i32 {
    match queue.poll(None, false).await {
        Answer::Empty(id) => id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_task_is_woken_by_an_event() {
    let (queue, _clock) = queue(EventQueueSettings::default());
    let id = first_poll(&queue).await;
    let poll = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.poll(Some(id), false).await }
    });
    while queue.open_polls() == 0 {
        tokio::task::yield_now().await;
    }
    queue.push(4, 10).unwrap();
    assert_eq!(batch_of(poll.await.unwrap()).1, vec![4]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_task_is_answered_after_the_hold_time() {
    let (queue, _clock) = queue(EventQueueSettings::default());
    let id = first_poll(&queue).await;
    let begun = tokio::time::Instant::now();
    assert!(matches!(queue.poll(Some(id), false).await, Answer::Empty(_)));
    assert_eq!(begun.elapsed().as_secs(), 25);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_poll_leaves_its_events_for_the_next() {
    let (queue, _clock) = queue(EventQueueSettings::default());
    let id = first_poll(&queue).await;
    let hung_up = tokio::time::timeout(Duration::from_secs(5), queue.poll(Some(id), false)).await;
    assert!(hung_up.is_err());
    assert_eq!(queue.open_polls(), 0);
    queue.push(6, 10).unwrap();
    assert_eq!(batch_of(queue.poll(Some(id), false).await).1, vec![6]);
}

#[tokio::test(start_paused = true)]
async fn closing_answers_a_thousand_open_polls_at_once() {
    let begun = tokio::time::Instant::now();
    let mut polls = tokio::task::JoinSet::new();
    let mut queues = Vec::new();
    for _ in 0..1000 {
        let (queue, _clock) = queue(EventQueueSettings::default());
        let id = first_poll(&queue).await;
        polls.spawn({
            let queue = Arc::clone(&queue);
            async move { queue.poll(Some(id), false).await }
        });
        queues.push(queue);
    }
    while queues.iter().any(|queue| queue.open_polls() == 0) {
        tokio::task::yield_now().await;
    }
    for queue in &queues {
        queue.close();
    }
    while let Some(answer) = polls.join_next().await {
        assert!(matches!(answer.unwrap(), Answer::Gone));
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
}
