//! Tests of the simulated network.

use std::num::NonZeroU32;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn numbered(n: u32) -> Bytes {
    Bytes::copy_from_slice(&n.to_be_bytes())
}

/// Sends `count` numbered datagrams a millisecond apart and gives what arrives, with the times.
fn run(profile: Profile, seed: u64, count: u32) -> (Vec<(Timestamp, Bytes)>, Counts) {
    let mut link = Link::new(profile, seed);
    for n in 0..count {
        link.push(Timestamp::ZERO + MS * n, numbered(n));
    }
    let mut arrived = Vec::new();
    while let Some(due) = link.next_due() {
        arrived.push((due, link.poll(due).unwrap()));
    }
    (arrived, link.counts())
}

#[test]
fn perfect_line_changes_nothing() {
    let (arrived, _) = run(Profile::default(), 1, 50);
    for (n, (at, datagram)) in arrived.iter().enumerate() {
        assert_eq!((*at, datagram), (Timestamp::from_millis(n as u64), &numbered(n as u32)));
    }
}

#[test]
fn nothing_arrives_before_it_is_due() {
    let mut link = Link::new(Profile { delay: 40 * MS, ..Profile::default() }, 1);
    link.push(Timestamp::ZERO, numbered(1));
    assert_eq!(link.poll(Timestamp::from_millis(39)), None);
    assert_eq!(link.poll(Timestamp::from_millis(40)), Some(numbered(1)));
    assert_eq!(link.next_due(), None);
}

#[test]
fn same_seed_gives_same_fate() {
    let profile = Profile {
        loss: 0.2,
        burst: Some(Burst { enter: 0.05, leave: 0.3, loss: 0.9 }),
        jitter: 30 * MS,
        duplicate: 0.1,
        reorder: 0.2,
        corrupt: 0.1,
        ..Profile::default()
    };
    assert_eq!(run(profile, 5, 500), run(profile, 5, 500));
    assert_ne!(run(profile, 5, 500), run(profile, 6, 500));
}

#[test]
fn loss_is_about_what_was_asked() {
    let (arrived, counts) = run(Profile { loss: 0.3, ..Profile::default() }, 2, 10_000);
    assert!((2800..3200).contains(&counts.lost), "{counts:?}");
    assert_eq!(arrived.len() as u64 + counts.lost, 10_000);
}

#[test]
fn bursts_lose_neighbours() {
    let burst = Burst { enter: 0.01, leave: 0.1, loss: 1.0 };
    let (arrived, counts) = run(Profile { burst: Some(burst), ..Profile::default() }, 3, 20_000);
    let gaps = arrived.windows(2).filter(|pair| pair[1].0.since(pair[0].0) > MS).count() as u64;
    assert!(counts.lost > 1000, "{counts:?}");
    assert!(counts.lost > 5 * gaps, "{} lost in {gaps} gaps", counts.lost);
}

#[test]
fn jitter_alone_keeps_the_order() {
    let (arrived, _) = run(Profile { jitter: 200 * MS, ..Profile::default() }, 4, 500);
    assert!(arrived.windows(2).all(|pair| pair[0].1 < pair[1].1));
    let (arrived, counts) = run(Profile { reorder: 0.2, ..Profile::default() }, 4, 500);
    assert!(counts.reordered > 50);
    assert!(arrived.windows(2).any(|pair| pair[0].1 > pair[1].1));
    assert_eq!(arrived.len(), 500);
}

#[test]
fn duplicates_are_extra() {
    let (arrived, counts) = run(Profile { duplicate: 0.5, ..Profile::default() }, 5, 1000);
    assert_eq!(arrived.len() as u64, 1000 + counts.duplicated);
    assert!((400..600).contains(&counts.duplicated));
}

#[test]
fn corruption_changes_the_bytes() {
    let (arrived, counts) = run(Profile { corrupt: 1.0, ..Profile::default() }, 6, 200);
    assert_eq!(counts.corrupted, 200);
    let unchanged =
        arrived.iter().enumerate().filter(|(n, (_, bytes))| *bytes == numbered(*n as u32)).count();
    assert!(unchanged < 10, "{unchanged} came through whole");
}

#[test]
fn rate_spreads_and_then_drops() {
    let profile =
        Profile { rate: NonZeroU32::new(1000), rate_queue: 100 * MS, ..Profile::default() };
    // 4 bytes each millisecond are four times the rate.
    let (arrived, counts) = run(profile, 7, 1000);
    assert!((250..300).contains(&arrived.len()), "{}", arrived.len());
    assert!(counts.overflowed > 700);
    assert!(arrived.windows(2).all(|pair| pair[1].0.since(pair[0].0) >= 4 * MS));
}

#[test]
fn nonsense_profiles_are_refused() {
    let check = |profile: Profile| profile.check();
    assert_eq!(check(Profile::default()), Ok(()));
    assert_eq!(
        check(Profile { loss: 1.1, ..Profile::default() }),
        Err(ProfileError::Probability("loss")),
    );
    assert_eq!(
        check(Profile { corrupt: f64::NAN, ..Profile::default() }),
        Err(ProfileError::Probability("corrupt")),
    );
    assert_eq!(
        check(Profile { delay: Duration::from_secs(4000), ..Profile::default() }),
        Err(ProfileError::Time("delay")),
    );
}
