//! The shell around [`Region`]: one task that owns it and feeds it commands and the time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Region;
use super::command::Command;
use crate::time::Clock;

/// Runs a region until `cancellation` or until nobody can send commands any more; gives it back
/// as it then is. Commands are done at once, chat included; movement happens at ticks.
pub async fn run(
    mut region: Region,
    mut commands: mpsc::Receiver<Command>,
    clock: Arc<dyn Clock>,
    cancellation: CancellationToken,
) -> Region {
    // Paced by the runtime's clock; the region itself only ever sees `clock`.
    let mut ticks = interval(region.frame().max(SHORTEST_FRAME));
    // After a stall the region goes on from now; it does not run after lost ticks.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = cancellation.cancelled() => return region,
            _ = ticks.tick() => {
                let start = clock.now();
                region.advance(start);
                while region.flush(CLIENTS_AT_A_TIME) {
                    // Endpoints take what is there, and what is said meanwhile is heard.
                    tokio::task::yield_now().await;
                    apply_waiting(&mut region, &mut commands, &*clock);
                }
                region.record_frame(clock.now().since(start));
            }
            command = commands.recv() => {
                let Some(command) = command else { return region };
                region.apply(clock.now(), command);
                if !apply_waiting(&mut region, &mut commands, &*clock) {
                    // Endpoints may share the thread.
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

/// What came together is done together, but a flood does not hold up the ticks, be it of many
/// commands or of some that take long. Tells whether nothing is left.
fn apply_waiting(
    region: &mut Region,
    commands: &mut mpsc::Receiver<Command>,
    clock: &dyn Clock,
) -> bool {
    let start = clock.now();
    let mut now = start;
    for _ in 0..BATCH {
        if now.since(start) >= BATCH_TIME {
            return false;
        }
        let Ok(command) = commands.try_recv() else { return true };
        region.apply(now, command);
        now = clock.now();
    }
    false
}

/// Commands that are done between two looks at the tick.
const BATCH: usize = 256;
/// How long they may take, the last one apart.
const BATCH_TIME: Duration = Duration::from_millis(5);
/// Clients that are told in one go what they lack.
const CLIENTS_AT_A_TIME: usize = 64;
const SHORTEST_FRAME: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use uuid::Uuid;

    use super::*;
    use crate::ids::{AgentId, RegionId, SessionId};
    use crate::message::Vector3;
    use crate::outbox::recorder::{decoded, recorder};
    use crate::region::{Arrival, Heightmap, RegionInfo, RegionSettings, Whereabouts};
    use crate::time::{ManualClock, Timestamp};

    /// It is a millisecond later at each look.
    #[derive(Default)]
    struct SlowClock(ManualClock);

    impl Clock for SlowClock {
        fn now(&self) -> Timestamp {
            self.0.advance(Duration::from_millis(1));
            self.0.now()
        }

        fn unix(&self) -> Duration {
            self.0.unix()
        }
    }

    #[test]
    fn commands_that_take_long_do_not_hold_up_the_tick() {
        let info = Arc::new(RegionInfo::new(RegionId(Uuid::from_u128(1)), "Holm", 1000, 1000));
        let mut region = Region::new(info, Heightmap::flat(21.0), 1, RegionSettings::default());
        let (commands, mut receiver) = mpsc::channel(512);
        let agent = AgentId(Uuid::from_u128(2));
        let fill = || while commands.try_send(Command::Sit { agent }).is_ok() {};
        fill();
        assert!(!apply_waiting(&mut region, &mut receiver, &SlowClock::default()));
        assert_eq!(receiver.len(), 512 - 5);
        fill();
        let clock = ManualClock::default();
        assert!(!apply_waiting(&mut region, &mut receiver, &clock));
        assert_eq!(receiver.len(), 256, "quick ones are bounded by number");
        assert!(!apply_waiting(&mut region, &mut receiver, &clock));
        assert!(apply_waiting(&mut region, &mut receiver, &clock));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_answers_ticks_and_ends() {
        let info = Arc::new(RegionInfo::new(RegionId(Uuid::from_u128(1)), "Holm", 1000, 1000));
        let region = Region::new(info, Heightmap::flat(21.0), 1, RegionSettings::default());
        let (commands, receiver) = mpsc::channel(16);
        let clock = Arc::new(ManualClock::default());
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(region, receiver, clock.clone(), stop.clone()));

        let agent = AgentId(Uuid::from_u128(2));
        let (outbox, mut sent) = recorder(agent, 1);
        let position = Vector3::new(128.0, 128.0, 30.0);
        let arrival = Arrival {
            agent,
            session: SessionId(Uuid::from_u128(3)),
            first: "Ann".to_owned(),
            last: "Tester".to_owned(),
            outbox,
            position,
            look_at: Vector3::new(1.0, 0.0, 0.0),
            whereabouts: Arc::new(Whereabouts::new(position)),
        };
        commands.send(Command::Enter(Box::new(arrival))).await.unwrap();
        commands.send(Command::HandshakeReply { agent, flags: 0 }).await.unwrap();
        for _ in 0..40 {
            clock.advance(Duration::from_millis(100));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let (answer, picture) = oneshot::channel();
        commands.send(Command::Snapshot(answer)).await.unwrap();
        let picture = picture.await.unwrap();
        assert_eq!(picture.agents.len(), 1);
        assert!((picture.agents[0].position.z - 21.95).abs() < 0.01, "it fell to the ground");
        let updates: Vec<crate::message::ImprovedTerseObjectUpdate> = decoded(&sent.drain());
        assert!(!updates.is_empty());
        stop.cancel();
        assert_eq!(task.await.unwrap().population(), 1);
    }
}
