//! An ack means that a message was accepted; a token reports what happened to one.

use super::*;
use crate::circuit::{CloseReason, DropReason};

const RELIABLE: PacketFlags = PacketFlags::RELIABLE;
const AGAIN: PacketFlags = PacketFlags::RELIABLE.union(PacketFlags::RESENT);

fn ack_of(number: u8) -> Bytes {
    datagram(PacketFlags::empty(), 1, &[0xFF, 0xFF, 0xFF, 0xFB, 1, number, 0, 0, 0])
}

#[test]
fn a_message_is_acked_when_it_has_been_taken() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.handle_datagram(at(0), chat(RELIABLE, 3));
    assert!(sent(&mut circuit, at(0)).is_empty(), "acked before anybody saw it");
    assert!(!circuit.is_settled());
    assert!(circuit.poll_event().is_some());
    assert_eq!(circuit.poll_event(), None);
    assert_eq!(acked(&sent(&mut circuit, at(0))[0]), [3]);
    assert!(circuit.is_settled());
}

#[test]
fn a_repetition_of_what_nobody_took_is_not_acked() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.handle_datagram(at(0), chat(RELIABLE, 3));
    // The upper bits of a number do not count.
    circuit.handle_datagram(at(1), chat(AGAIN, 3 + (1 << 24)));
    assert!(sent(&mut circuit, at(1)).is_empty());
    assert!(circuit.poll_event().is_some());
    circuit.handle_datagram(at(1), chat(AGAIN, 3));
    assert_eq!(events(&mut circuit), []);
    assert_eq!(acked(&sent(&mut circuit, at(1))[0]), [3]);
    assert_eq!(circuit.stats().duplicates, 2);
}

#[test]
fn a_refused_message_comes_again_unacked() {
    let mut circuit = Circuit::new(quiet(), at(0));
    for (sequence, refused) in [(7, false), (8, true), (9, false)] {
        circuit.handle_datagram(at(0), chat(RELIABLE, sequence));
        assert!(circuit.poll_event().is_some());
        if refused {
            circuit.refuse(DropReason::Busy);
        }
        assert_eq!(circuit.poll_event(), None);
    }
    assert_eq!(acked(&sent(&mut circuit, at(0))[0]), [7, 9]);
    assert_eq!(circuit.stats().drops.of(DropReason::Busy), 1);

    assert_eq!(hear(&mut circuit, at(1000), chat(AGAIN, 9)), 0);
    assert_eq!(hear(&mut circuit, at(1000), chat(AGAIN, 8)), 1);
    assert_eq!(acked(&sent(&mut circuit, at(1000))[0]), [9, 8]);
}

#[test]
fn a_held_message_is_acked_when_it_is_done() {
    let mut circuit = Circuit::new(quiet(), at(0));
    for sequence in [7, 8] {
        circuit.handle_datagram(at(0), chat(RELIABLE, sequence));
        assert!(circuit.poll_event().is_some());
        circuit.hold();
    }
    assert_eq!(hear(&mut circuit, at(1000), chat(AGAIN, 7)), 0, "it is under way");
    assert!(sent(&mut circuit, at(1000)).is_empty());
    assert!(!circuit.is_settled());
    circuit.settle(at(1001), 7, true);
    circuit.settle(at(1001), 8, false);
    assert_eq!(acked(&sent(&mut circuit, at(1001))[0]), [7]);
    assert_eq!(hear(&mut circuit, at(2000), chat(AGAIN, 7)), 0, "done once");
    assert_eq!(hear(&mut circuit, at(2000), chat(AGAIN, 8)), 1, "failed, so it comes again");
    circuit.settle(at(2001), 8, true);
    assert_eq!(acked(&sent(&mut circuit, at(2001))[0]), [7, 8], "taken by now");
}

#[test]
fn held_messages_are_bounded() {
    let mut circuit = Circuit::new(quiet(), at(0));
    let held = (1..10_000).take_while(|&sequence| {
        circuit.handle_datagram(at(0), chat(RELIABLE, sequence));
        assert!(circuit.poll_event().is_some());
        let can = circuit.can_hold();
        if can {
            circuit.hold();
        }
        can
    });
    assert_eq!(held.count(), 256);
}

#[test]
fn a_refused_unreliable_message_is_counted() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.handle_datagram(at(0), chat(PacketFlags::empty(), 8));
    assert!(circuit.poll_event().is_some());
    circuit.refuse(DropReason::Busy);
    assert_eq!(circuit.stats().drops.of(DropReason::Busy), 1);
    assert_eq!(events(&mut circuit), []);
    assert!(sent(&mut circuit, at(0)).is_empty());
}

#[test]
fn a_tracked_message_is_told_as_acked_once() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.send_tracked(at(0), unreliable(b"x"), 41).unwrap();
    circuit.send(at(0), reliable(b"y")).unwrap();
    let packets = sent(&mut circuit, at(0));
    assert!(packets[0].flags.contains(RELIABLE));
    circuit.handle_datagram(at(5), ack_of(2));
    circuit.handle_datagram(at(6), ack_of(1));
    circuit.handle_datagram(at(7), ack_of(1));
    assert_eq!(events(&mut circuit), [CircuitEvent::Acked { token: 41 }]);
}

#[test]
fn a_tracked_message_that_is_given_up_is_told_as_lost() {
    let config = CircuitConfig { idle_timeout: 100 * SECOND, ..quiet() };
    let mut circuit = Circuit::new(config, at(0));
    circuit.send_tracked(at(0), reliable(b"x"), 1).unwrap();
    sent(&mut circuit, at(0));
    circuit.handle_timeout(at(60_000));
    let reported = [CircuitEvent::GaveUp { id: CHAT }, CircuitEvent::Lost { token: 1 }];
    assert_eq!(events(&mut circuit), reported);
    circuit.handle_datagram(at(61_000), ack_of(1));
    assert_eq!(events(&mut circuit), []);
}

#[test]
fn a_closed_circuit_tells_of_no_ack() {
    let mut circuit = Circuit::new(quiet(), at(0));
    circuit.send_tracked(at(0), reliable(b"x"), 1).unwrap();
    sent(&mut circuit, at(0));
    circuit.close(at(1), CloseReason::Kicked);
    circuit.handle_datagram(at(2), ack_of(1));
    assert_eq!(events(&mut circuit), [CircuitEvent::Closed { reason: CloseReason::Kicked }]);
    assert!(circuit.send_tracked(at(2), reliable(b"y"), 2).is_err());
}
