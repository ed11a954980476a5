//! Requests of an agent that need storage: changes run one at a time, in order of arrival; lookups
//! run concurrently. Both wait in memory, within one limit in bytes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::TaskTracker;

use crate::time::Timestamp;

/// Look-ups of one agent that run at the same time; others wait for their turn.
const LOOKUPS: usize = 16;
/// What one thing costs beside the message that asked for it, roughly: its task and its place in
/// the queue.
const OVERHEAD: usize = 512;
/// A user is told once requests were refused for this long.
const PATIENCE: Duration = Duration::from_secs(3);
/// Without a refusal for this long, the next one begins a new row.
const PAUSE: Duration = Duration::from_secs(10);
/// A user is notified of a row of refusals once in this time.
const NOTIFY_EVERY: Duration = Duration::from_secs(60);

/// The work that one agent has waiting and under way.
pub(super) struct WorkQueue {
    tasks: TaskTracker,
    sender: Option<mpsc::UnboundedSender<Work>>,
    lookups: Arc<Semaphore>,
    used: Arc<AtomicUsize>,
    most: usize,
}

struct Work {
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
    room: Room,
}

/// Bytes that are taken until this is dropped.
struct Room {
    used: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl WorkQueue {
    /// An empty queue of `most` bytes, whose tasks will be some of `tasks`.
    pub(super) fn new(tasks: TaskTracker, most: usize) -> Self {
        let lookups = Arc::new(Semaphore::new(LOOKUPS));
        Self { tasks, sender: None, lookups, used: Arc::default(), most }
    }

    /// Whether there never was any work in order.
    pub(super) fn is_unused(&self) -> bool {
        self.sender.is_none()
    }

    /// Whether the next thing finds room, whatever its size. Only the owner adds, so it does not get
    /// less by itself.
    pub(super) fn has_room(&self) -> bool {
        self.used.load(Ordering::Acquire) < self.most
    }

    /// Adds work that is done after all that was added before; `message` is the size of what asked
    /// for it. Whether there was room.
    pub(super) fn push(
        &mut self,
        message: usize,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let Some(room) = self.room(message + size_of_val(&work)) else { return false };
        let sender = self.sender.get_or_insert_with(|| {
            let (sender, mut waiting) = mpsc::unbounded_channel::<Work>();
            // Ends with the queue, and not before everything that was taken is done.
            self.tasks.spawn(async move {
                while let Some(Work { work, room }) = waiting.recv().await {
                    work.await;
                    drop(room);
                }
            });
            sender
        });
        sender.send(Work { work: Box::pin(work), room }).is_ok()
    }

    /// Adds work that needs no order; `message` is the size of what asked for it. Whether there was
    /// room.
    pub(super) fn look_up(
        &mut self,
        message: usize,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let Some(room) = self.room(message + size_of_val(&work)) else { return false };
        let lookups = self.lookups.clone();
        self.tasks.spawn(async move {
            // In the order of asking; never closed.
            let turn = lookups.acquire_owned().await;
            work.await;
            drop((turn, room));
        });
        true
    }

    fn room(&self, bytes: usize) -> Option<Room> {
        if !self.has_room() {
            return None;
        }
        let bytes = bytes + OVERHEAD;
        self.used.fetch_add(bytes, Ordering::AcqRel);
        Some(Room { used: self.used.clone(), bytes })
    }
}

/// Requests that were refused one after the other, until the user has to be told.
#[derive(Debug, Default)]
pub(super) struct Overload {
    first: Option<Timestamp>,
    last: Timestamp,
    notified: Option<Timestamp>,
}

impl Overload {
    /// Notes one; whether the user is to be told now. The client's repetitions bring back what was
    /// refused, so a short row costs nothing but time.
    pub(super) fn note(&mut self, now: Timestamp) -> bool {
        if now.since(self.last) > PAUSE {
            self.first = None;
        }
        self.last = now;
        let first = *self.first.get_or_insert(now);
        if now.since(first) < PATIENCE {
            return false;
        }
        let due = self.notified.is_none_or(|last| now.since(last) >= NOTIFY_EVERY);
        if due {
            self.notified = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::Notify;

    use super::*;

    /// A gate that holds work, and a record of what was done.
    #[derive(Clone, Default)]
    struct Desk {
        open: Arc<Notify>,
        done: Arc<Mutex<Vec<usize>>>,
    }

    impl Desk {
        fn work(&self, number: usize) -> impl Future<Output = ()> + Send + 'static {
            let desk = self.clone();
            async move {
                desk.open.notified().await;
                desk.done.lock().unwrap().push(number);
                desk.open.notify_one();
            }
        }
    }

    #[tokio::test]
    async fn work_without_room_is_refused_and_the_rest_is_done() {
        let tasks = TaskTracker::new();
        let mut queue = WorkQueue::new(tasks.clone(), 20_000);
        let desk = Desk::default();
        let taken = (0..100).take_while(|&number| queue.push(1000, desk.work(number))).count();
        assert!((8..=20).contains(&taken), "{taken}");
        assert!(!queue.has_room());
        assert!(!queue.look_up(0, async {}), "one bound for both");
        desk.open.notify_one();
        drop(queue);
        tasks.close();
        tasks.wait().await;
        assert_eq!(*desk.done.lock().unwrap(), (0..taken).collect::<Vec<_>>(), "all, in order");
    }

    #[tokio::test]
    async fn look_ups_wait_for_their_turn_and_give_their_room_back() {
        let tasks = TaskTracker::new();
        let mut queue = WorkQueue::new(tasks.clone(), 1 << 20);
        let desk = Desk::default();
        for number in 0..200 {
            assert!(queue.look_up(0, desk.work(number)));
        }
        desk.open.notify_one();
        tasks.close();
        tasks.wait().await;
        assert_eq!(desk.done.lock().unwrap().len(), 200);
        assert_eq!(queue.used.load(Ordering::Acquire), 0);
    }

    #[test]
    fn only_a_long_row_of_refusals_is_told_and_once() {
        let mut overload = Overload::default();
        let at = |seconds: u64| Timestamp::ZERO + Duration::from_secs(100 + seconds);
        assert!(!overload.note(at(0)));
        assert!(!overload.note(at(2)));
        assert!(overload.note(at(3)));
        assert!(!overload.note(at(4)));
        assert!(!overload.note(at(30)), "a new row");
        assert!(!overload.note(at(33)), "told of a moment ago");
        assert!(!overload.note(at(70)));
        assert!(overload.note(at(74)));
    }
}
