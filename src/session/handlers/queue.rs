//! What an agent asked that needs storage and must happen in the order in which it was asked.

use std::pin::Pin;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// Things that one agent may have waiting.
const CAPACITY: usize = 256;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs one thing after the other in a task that begins with the first and ends with the queue.
pub(super) struct WorkQueue {
    tasks: TaskTracker,
    sender: Option<mpsc::Sender<Work>>,
}

impl WorkQueue {
    /// An empty queue whose task will be one of `tasks`.
    pub(super) fn new(tasks: TaskTracker) -> Self {
        Self { tasks, sender: None }
    }

    /// Whether there never was any work.
    pub(super) fn is_unused(&self) -> bool {
        self.sender.is_none()
    }

    /// Adds one; whether there was room.
    pub(super) fn push(&mut self, work: impl Future<Output = ()> + Send + 'static) -> bool {
        let sender = self.sender.get_or_insert_with(|| {
            let (sender, mut waiting) = mpsc::channel::<Work>(CAPACITY);
            self.tasks.spawn(async move {
                while let Some(work) = waiting.recv().await {
                    work.await;
                }
            });
            sender
        });
        sender.try_send(Box::pin(work)).is_ok()
    }
}
