//! Queues are bounded, drops are counted, and every close has a reason.

use super::*;
use crate::circuit::{CloseReason, DropReason, QueueLimit, SendError};

#[test]
fn full_queue_refuses_and_counts_unreliable_drops() {
    let config = CircuitConfig {
        category_limit: QueueLimit { packets: 2, bytes: 10_000 },
        unthrottled_limit: QueueLimit { packets: 100, bytes: 25 },
        ..quiet()
    };
    let mut circuit = Circuit::new(config, at(0));
    let full = Err(SendError::QueueFull(Category::Task));
    assert_eq!(circuit.send(at(0), in_category(Category::Task, 100)), Ok(()));
    assert_eq!(circuit.send(at(0), in_category(Category::Task, 100)), Ok(()));
    assert_eq!(circuit.send(at(0), in_category(Category::Task, 100)), full);
    assert_eq!(circuit.send(at(0), in_category(Category::Land, 100)), Ok(()));
    assert_eq!(circuit.backlog(), 300);

    assert_eq!(circuit.send(at(0), reliable(&[0; 20])), Ok(()));
    assert_eq!(
        circuit.send(at(0), reliable(&[0; 20])),
        Err(SendError::QueueFull(Category::Unthrottled)),
    );
    assert_eq!(circuit.stats().drops.of(DropReason::QueueFull), 1);
    assert_eq!(circuit.stats().drops.total(), 1);
}

#[test]
fn message_that_nobody_could_receive_is_refused() {
    let mut circuit = Circuit::new(quiet(), at(0));
    assert_eq!(circuit.send(at(0), unreliable(&[1; 8182])), Ok(()));
    assert_eq!(circuit.send(at(0), reliable(&[1; 8183])), Err(SendError::TooLong(8193)));
    sent(&mut circuit, at(0));
    assert_eq!(circuit.stats().oversized, 1);
}

#[test]
fn acks_that_nobody_polls_are_bounded() {
    let mut circuit = Circuit::new(quiet(), at(0));
    for sequence in 0..5000 {
        hear(&mut circuit, at(0), chat(PacketFlags::RELIABLE, sequence));
    }
    assert_eq!(circuit.stats().drops.of(DropReason::AcksFull), 5000 - 4096);
}

#[test]
fn closing_sends_queued_unthrottled_messages_only() {
    let mut circuit = Circuit::new(CircuitConfig::default(), at(0));
    hear(&mut circuit, at(0), chat(PacketFlags::RELIABLE, 4));
    circuit.send(at(0), in_category(Category::Task, 100)).unwrap();
    circuit.send(at(0), reliable(b"kick")).unwrap();
    circuit.close(at(0), CloseReason::Kicked);
    circuit.close(at(0), CloseReason::Logout);
    let packets = sent(&mut circuit, at(0));
    assert_eq!(acked(&packets[0]), [4]);
    assert_eq!(&packets[1].body[..], b"kick");
    assert_eq!(packets.len(), 2);
    assert_eq!(circuit.send(at(0), reliable(b"late")), Err(SendError::Closed));
    assert_eq!(circuit.stats().drops.of(DropReason::Closed), 1);
    assert_eq!(circuit.poll_timeout(), None);
    let closed = CircuitEvent::Closed { reason: CloseReason::Kicked };
    assert_eq!(events(&mut circuit), [closed]);
    assert_eq!(hear(&mut circuit, at(1), chat(PacketFlags::RELIABLE, 5)), 0);
    assert!(sent(&mut circuit, at(1)).is_empty());
}

#[test]
fn finishing_waits_for_the_ack_of_the_last_message() {
    let profile = Profile { delay: 20 * MS, ..Profile::default() };
    let mut pair = Pair::new([quiet(), quiet()], profile, 1);
    pair.send(0, reliable(b"bye"));
    pair.ends[0].circuit.finish(at(0), CloseReason::Logout, 2 * SECOND);
    assert_eq!(pair.ends[0].circuit.send(at(0), reliable(b"late")), Err(SendError::Closed));
    pair.run_until(at(39));
    assert_eq!(pair.ends[0].circuit.closed(), None);
    pair.run_until(at(40));
    assert_eq!(pair.ends[0].circuit.closed(), Some(CloseReason::Logout));
    assert_eq!(pair.ends[1].payloads(), [b"bye"]);
}

#[test]
fn finishing_ends_in_time_without_an_ack() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.send(at(0), reliable(b"bye")).unwrap();
    circuit.finish(at(0), CloseReason::Logout, 2 * SECOND);
    sent(&mut circuit, at(0));
    circuit.handle_timeout(at(1000));
    assert_eq!(sent(&mut circuit, at(1000)).len(), 1);
    circuit.handle_timeout(at(2000));
    assert_eq!(circuit.closed(), Some(CloseReason::Logout));
}

#[test]
fn finishing_an_idle_circuit_ends_it_at_once() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.finish(at(0), CloseReason::Shutdown, SECOND);
    assert_eq!(events(&mut circuit), [CircuitEvent::Closed { reason: CloseReason::Shutdown }]);
}
