//! Whatever the network does, reliable messages arrive exactly once and are acked.

use proptest::prelude::*;

use super::*;
use crate::circuit::{AckCarrier, CloseReason};
use crate::netsim::Burst;

/// What one end sends, and when.
#[derive(Clone, Debug)]
struct Plan {
    from: usize,
    at: u64,
    reliable: bool,
    category: Category,
    size: usize,
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let category =
        prop_oneof![Just(Category::Unthrottled), Just(Category::Task), Just(Category::Land),];
    let plan =
        (0..2usize, 0..20_000u64, prop::bool::weighted(0.7), category, 4..600usize).prop_map(
            |(from, at, reliable, category, size)| Plan { from, at, reliable, category, size },
        );
    proptest::collection::vec(plan, 1..150)
}

fn bad_network() -> impl Strategy<Value = Profile> {
    let burst = prop_oneof![Just(None), Just(Some(Burst { enter: 0.02, leave: 0.2, loss: 0.8 })),];
    (0.0..0.3f64, burst, 0..300u32, 0..300u32, 0.0..0.4f64, 0.0..0.5f64, 1..5000u32).prop_map(
        |(loss, burst, delay, jitter, duplicate, reorder, reorder_by)| Profile {
            loss,
            burst,
            delay: MS * delay,
            jitter: MS * jitter,
            duplicate,
            reorder,
            reorder_by: MS * reorder_by,
            ..Profile::default()
        },
    )
}

fn config(first_sequence: u32, carrier: AckCarrier, ack_delay: u32) -> CircuitConfig {
    CircuitConfig {
        first_sequence,
        ack_carrier: carrier,
        ack_delay: MS * ack_delay,
        // Nothing may be given up or time out here, however unlucky the run.
        give_up_after: SECOND * 3600,
        idle_timeout: SECOND * 3600,
        ..CircuitConfig::default()
    }
}

fn carriers() -> impl Strategy<Value = AckCarrier> {
    prop_oneof![Just(AckCarrier::Message), Just(AckCarrier::Append)]
}

/// Sends all plans over the pair; message n carries n as its first four bytes.
fn carry_out(pair: &mut Pair, mut plans: Vec<Plan>) -> Vec<Plan> {
    plans.sort_by_key(|plan| plan.at);
    for (n, plan) in plans.iter().enumerate() {
        pair.run_until(at(plan.at));
        let mut payload = vec![0x5A; plan.size];
        payload[..4].copy_from_slice(&(n as u32).to_be_bytes());
        let message = message(&payload);
        pair.send(plan.from, Outgoing::new(message, plan.reliable, plan.category));
    }
    plans
}

fn first_number(payload: &[u8]) -> Option<u32> {
    payload.first_chunk().map(|number| u32::from_be_bytes(*number))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn reliable_messages_arrive_exactly_once_and_are_acked(
        plans in plans(),
        profile in bad_network(),
        seed in any::<u64>(),
        first in prop_oneof![Just(0u32), Just(1), 0x00FF_FF80u32..=0x00FF_FFFF],
        carriers in (carriers(), carriers()),
        ack_delay in 0..500u32,
        unproven_ratio in prop_oneof![Just(None), Just(Some(3))],
    ) {
        let server = CircuitConfig { unproven_ratio, ..config(first, carriers.0, 0) };
        let configs = [server, config(first, carriers.1, ack_delay)];
        let mut pair = Pair::new(configs, profile, seed);
        let plans = carry_out(&mut pair, plans);
        // Long enough for dozens of repetitions and for the slow throttle.
        pair.run_until(at(400_000));

        for (n, plan) in plans.iter().enumerate() {
            let heard = pair.ends[1 - plan.from].payloads();
            let times = heard.iter().filter(|p| first_number(p) == Some(n as u32)).count();
            if plan.reliable {
                prop_assert_eq!(times, 1, "message {} arrived {} times", n, times);
            }
        }
        for end in &pair.ends {
            prop_assert!(end.circuit.is_settled(), "{:?}", end.circuit.stats());
            prop_assert_eq!(end.circuit.closed(), None);
            let bad = |event: &&CircuitEvent| !matches!(event, CircuitEvent::Message { .. });
            prop_assert_eq!(end.events.iter().find(bad), None);
        }
    }

    #[test]
    fn corrupting_network_never_stops_a_circuit(
        plans in plans(),
        profile in bad_network(),
        corrupt in 0.0..0.5f64,
        seed in any::<u64>(),
    ) {
        let configs = [CircuitConfig::default(), CircuitConfig::client()];
        let mut pair = Pair::new(configs, Profile { corrupt, ..profile }, seed);
        carry_out(&mut pair, plans);
        // Every message is either acked or given up, and no queue is left.
        pair.run_until(at(400_000));
        for end in &pair.ends {
            let stats = end.circuit.stats();
            match end.circuit.closed() {
                None => prop_assert!(stats.unacked_packets == 0 && stats.backlog == 0, "{stats:?}"),
                Some(reason) => prop_assert_eq!(reason, CloseReason::Silence),
            }
        }
    }

    #[test]
    fn any_datagrams_in_any_order_are_survived(
        datagrams in proptest::collection::vec(
            (0..2000u64, proptest::collection::vec(any::<u8>(), 0..60)),
            0..200,
        ),
    ) {
        let mut circuit = Circuit::new(CircuitConfig::default(), at(0));
        let mut now = at(0);
        for (wait, bytes) in datagrams {
            now = now + MS * wait as u32;
            circuit.handle_timeout(now);
            circuit.handle_datagram(now, Bytes::from(bytes));
            prop_assert!(sent(&mut circuit, now).len() < 10);
            events(&mut circuit);
            if let Some(next) = circuit.poll_timeout() {
                prop_assert!(next > now);
            }
        }
    }
}

#[test]
fn load_across_the_sequence_wrap_is_delivered_once() {
    let profile = Profile {
        loss: 0.3,
        delay: 30 * MS,
        jitter: 20 * MS,
        duplicate: 0.2,
        reorder: 0.3,
        ..Profile::default()
    };
    // A packet whose acks are all lost for half a minute is still a duplicate then.
    let wrap_soon = || CircuitConfig {
        throttled: false,
        seen_limit: 1 << 16,
        ..config(0x0100_0000 - 2500, AckCarrier::Message, 0)
    };
    let mut pair = Pair::new([wrap_soon(), wrap_soon()], profile, 11);
    for n in 0..5000u32 {
        pair.run_until(at(u64::from(n) * 8));
        pair.send(0, reliable(&n.to_be_bytes()));
        pair.send(1, reliable(&n.to_be_bytes()));
    }
    pair.run_until(at(200_000));
    for end in &pair.ends {
        let mut heard: Vec<u32> =
            end.payloads().iter().filter_map(|payload| first_number(payload)).collect();
        heard.sort_unstable();
        assert!(heard.iter().copied().eq(0..5000), "{} messages arrived", heard.len());
        assert_eq!(end.circuit.stats().unacked_packets, 0);
        assert!(end.circuit.stats().duplicates > 1000);
    }
}

#[test]
fn same_seed_gives_the_same_run() {
    let run = |seed| {
        let profile = Profile { loss: 0.3, delay: 40 * MS, reorder: 0.3, ..Profile::default() };
        let mut pair =
            Pair::new([CircuitConfig::default(), CircuitConfig::default()], profile, seed);
        for n in 0..100u8 {
            pair.run_until(at(u64::from(n) * 100));
            pair.send(0, reliable(&[n]));
        }
        pair.run_until(at(60_000));
        let stats = pair.ends.each_ref().map(|end| end.circuit.stats());
        (stats, pair.ends.map(|end| end.events))
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
}
