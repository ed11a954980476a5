//! The storage thread and the handle to it, whatever is stored.
//!
//! Jobs are queued in a bounded channel. The thread takes what is queued, runs it as one batch and
//! answers only after the batch is on disk. So an answer means that the change is persistent, and a
//! burst of writes costs one disk flush per batch instead of one per job. Each job is all or
//! nothing: one that fails or panics is undone, and the rest of its batch is not.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::job::{self, Call, Job};
use super::{Engine, StoreError, StoreGone};

/// A cheap clone that reaches the storage thread. The thread ends with [`Self::shutdown`] or when
/// the last handle is gone.
pub struct Handle<S: ?Sized> {
    commands: mpsc::Sender<StorageCall<S>>,
    /// The database refused something, and no batch was written since.
    is_failing: Arc<AtomicBool>,
}

impl<S: ?Sized> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self { commands: self.commands.clone(), is_failing: self.is_failing.clone() }
    }
}

impl<S: ?Sized> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("is_failing", &self.is_failing).finish_non_exhaustive()
    }
}

impl<S: Engine + ?Sized + 'static> Handle<S> {
    /// Starts the storage thread, which owns `store` from now on.
    pub fn spawn(store: Box<S>) -> io::Result<Self> {
        Self::start(store, false)
    }

    /// As [`Self::spawn`], but runs each job twice, undoes the first run and gives the answer of the
    /// second: for tests. A job that does not ask the store the same both times is undone, logged,
    /// and answered with [`StoreGone::Abandoned`].
    pub fn spawn_rehearsing(mut store: Box<S>) -> io::Result<Self> {
        store.watch();
        Self::start(store, true)
    }

    fn start(store: Box<S>, rehearses: bool) -> io::Result<Self> {
        let (commands, queue) = mpsc::channel(QUEUE);
        let is_failing = Arc::new(AtomicBool::new(false));
        let storage = StorageThread { store, rehearses, is_failing: is_failing.clone() };
        let thread = std::thread::Builder::new().name("storage".to_owned());
        thread.spawn(move || storage.run(queue))?;
        Ok(Self { commands, is_failing })
    }

    /// Whether the database refused something and has not written anything since: the disk is full
    /// or gone.
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// If writing failed, tries it again behind all earlier calls: who is sent no clients while
    /// [`Self::is_failing`] would never find out that the disk has room again. Does not wait.
    pub fn retry_if_failing(&self) {
        if self.is_failing() {
            let (answer, _) = oneshot::channel();
            let work = |store: &mut S| store.try_writing();
            let job = Call::new(work, answer, self.is_failing.clone());
            // A full queue holds calls that find out as well.
            let _ = self.commands.try_send(StorageCall::Run(Box::new(job)));
        }
    }

    /// Runs `work` on the storage thread and answers after its changes are on disk. If `work`
    /// returns an error, all its changes are undone.
    ///
    /// `work` may run more than once, each time as if it were the first, so it must do the same each
    /// time: ids, times and random numbers are made before.
    ///
    /// Waits while the queue is full. Dropping the future does not undo work that is queued.
    ///
    /// # Errors
    /// [`StoreGone`] if the job could not be run or written; inside, what `work` returned.
    pub async fn call<T: Send + 'static, E: Error + Send + 'static>(
        &self,
        work: impl Fn(&mut S) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, StoreGone> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Call::new(work, answer, self.is_failing.clone()));
        self.commands.send(StorageCall::Run(job)).await.map_err(|_| StoreGone::Stopped)?;
        answered.await.map_err(|_| StoreGone::Abandoned)?
    }

    /// Waits for all earlier calls and brings the files into their resting form.
    pub async fn flush(&self) -> Result<Result<(), StoreError>, StoreGone> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(StorageCall::Flush(answer)).await.map_err(|_| StoreGone::Stopped)?;
        answered.await.map_err(|_| StoreGone::Abandoned)
    }

    /// Waits for all earlier calls, flushes and closes the store. Later calls get
    /// [`StoreGone::Stopped`].
    pub async fn shutdown(&self) -> Result<Result<(), StoreError>, StoreGone> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(StorageCall::Stop(answer)).await.map_err(|_| StoreGone::Stopped)?;
        answered.await.map_err(|_| StoreGone::Abandoned)
    }
}

enum StorageCall<S: ?Sized> {
    Run(Box<dyn Job<S>>),
    Flush(oneshot::Sender<Result<(), StoreError>>),
    Stop(oneshot::Sender<Result<(), StoreError>>),
}

/// What the storage thread has.
struct StorageThread<S: ?Sized> {
    store: Box<S>,
    /// Each job runs twice.
    rehearses: bool,
    is_failing: Arc<AtomicBool>,
}

impl<S: Engine + ?Sized> StorageThread<S> {
    fn run(mut self, mut queue: mpsc::Receiver<StorageCall<S>>) {
        let mut next = None;
        while let Some(command) = next.take().or_else(|| queue.blocking_recv()) {
            match command {
                StorageCall::Run(first) => next = self.run_batch(first, &mut queue),
                StorageCall::Flush(answer) => drop(answer.send(self.store.flush())),
                StorageCall::Stop(answer) => {
                    queue.close();
                    let result = self.store.flush();
                    // Closed before the answer, so that the caller may open the same files again.
                    drop(self.store);
                    drop(answer.send(result));
                    return;
                }
            }
        }
        if let Err(error) = self.store.flush() {
            tracing::error!(%error, "storage did not close cleanly");
        }
    }

    /// Runs `first` and the calls waiting behind it as one batch. Gives back the command that ended
    /// the batch, if it was one of another kind.
    fn run_batch(
        &mut self,
        first: Box<dyn Job<S>>,
        queue: &mut mpsc::Receiver<StorageCall<S>>,
    ) -> Option<StorageCall<S>> {
        let was_failing = self.is_failing.load(Ordering::Relaxed);
        if let Err(error) = self.store.begin() {
            self.failed(was_failing, &error, "no batch could be started");
            return None;
        }
        let mut done = Vec::new();
        let mut ended_by = None;
        let mut job = Some(first);
        let mut ended = Ok(());
        while let Some(work) = job.take() {
            ended = job::run(self.store.as_mut(), work, self.rehearses, &mut done);
            if ended.is_err() || done.len() >= BATCH {
                break;
            }
            match queue.try_recv() {
                Ok(StorageCall::Run(work)) => job = Some(work),
                Ok(other) => ended_by = Some(other),
                Err(_) => {}
            }
        }
        let written = match ended.and_then(|()| self.store.commit()) {
            Ok(has_changes) => {
                // Reading works on a full disk too, and proves nothing.
                if has_changes && self.is_failing.swap(false, Ordering::Relaxed) && was_failing {
                    tracing::info!("storage writes again");
                }
                Ok(())
            }
            Err(error) => {
                self.failed(was_failing, &error, "a batch was not written");
                Err(StoreGone::NotWritten)
            }
        };
        for job in done {
            job.answer(written);
        }
        ended_by
    }

    fn failed(&self, was_failing: bool, error: &StoreError, what: &'static str) {
        self.is_failing.store(true, Ordering::Relaxed);
        // Once, and not at each retry.
        if was_failing {
            tracing::debug!(error = error as &dyn Error, "{what}");
        } else {
            tracing::error!(error = error as &dyn Error, "{what}");
        }
    }
}

/// Calls that may wait for the storage thread; callers beyond them wait in turn.
const QUEUE: usize = 1024;

/// Most calls that share one disk flush; bounds how long the first of them waits.
const BATCH: usize = 64;
