//! The storage thread and the handle to it.
//!
//! Jobs are queued in a bounded channel. The thread takes what is queued, runs it as one batch and
//! answers only after the batch is on disk. So an answer means that the change is persistent, and a
//! burst of writes costs one disk flush per batch instead of one per job. Each job is all or
//! nothing: one that fails or panics is undone, and the rest of its batch is not.

use std::error::Error;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::{Fault, Store, StoreError};

/// A cheap clone that reaches the storage thread. The thread ends with [`Self::shutdown`] or when
/// the last handle is gone.
#[derive(Clone, Debug)]
pub struct StoreHandle {
    commands: mpsc::Sender<StorageCall>,
    /// The database refused something, and no batch was written since.
    is_failing: Arc<AtomicBool>,
    /// Each job runs twice.
    rehearses: bool,
}

impl StoreHandle {
    /// Starts the storage thread, which owns `store` from now on.
    pub fn spawn(store: Box<dyn Store>) -> io::Result<Self> {
        Self::start(store, false)
    }

    /// As [`Self::spawn`], but runs each job twice and undoes the first run: for tests. A job whose
    /// second run is not as its first shows that way.
    pub fn spawn_rehearsing(store: Box<dyn Store>) -> io::Result<Self> {
        Self::start(store, true)
    }

    fn start(store: Box<dyn Store>, rehearses: bool) -> io::Result<Self> {
        let (commands, queue) = mpsc::channel(QUEUE);
        let is_failing = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new().name("storage".to_owned());
        let failing = is_failing.clone();
        thread.spawn(move || run(store, queue, &failing))?;
        Ok(Self { commands, is_failing, rehearses })
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
            let job: Job = Box::new(|store| Ok((store.try_writing().is_ok(), Box::new(|_| {}))));
            // A full queue holds calls that find out as well.
            let _ = self.commands.try_send(StorageCall::Run(job));
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
        work: impl Fn(&mut dyn Store) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, StoreGone> {
        let (answer, answered) = oneshot::channel();
        let is_failing = self.is_failing.clone();
        let rehearses = self.rehearses;
        let job: Job = Box::new(move |store| {
            if rehearses {
                drop(work(store));
                store.end_job(false)?;
                store.begin_job()?;
            }
            let result = work(store);
            let is_kept = result.is_ok();
            if result.as_ref().is_err_and(|error| is_fault(error)) {
                is_failing.store(true, Ordering::Relaxed);
            }
            // A caller that no longer waits has nothing to be told.
            Ok((is_kept, Box::new(move |written| drop(answer.send(written.map(|()| result))))))
        });
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

/// Why a storage call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreGone {
    /// The storage thread has ended.
    #[error("storage has stopped")]
    Stopped,
    /// The call was dropped: it panicked, no batch could be started, or the thread stopped first.
    #[error("the storage call was dropped")]
    Abandoned,
    /// The disk refused the batch that held the call; its changes are undone.
    #[error("storage could not write")]
    NotWritten,
}

/// Whether its changes stay, and how its caller is answered.
type Done = (bool, Reply);
type Job = Box<dyn FnOnce(&mut dyn Store) -> Result<Done, StoreError> + Send>;
type Reply = Box<dyn FnOnce(Result<(), StoreGone>) + Send>;

enum StorageCall {
    Run(Job),
    Flush(oneshot::Sender<Result<(), StoreError>>),
    Stop(oneshot::Sender<Result<(), StoreError>>),
}

/// The storage thread.
fn run(mut store: Box<dyn Store>, mut queue: mpsc::Receiver<StorageCall>, is_failing: &AtomicBool) {
    let mut next = None;
    while let Some(command) = next.take().or_else(|| queue.blocking_recv()) {
        match command {
            StorageCall::Run(first) => {
                next = run_batch(store.as_mut(), first, &mut queue, is_failing);
            }
            StorageCall::Flush(answer) => drop(answer.send(store.flush())),
            StorageCall::Stop(answer) => {
                queue.close();
                let result = store.flush();
                // Closed before the answer, so that the caller may open the same files again.
                drop(store);
                drop(answer.send(result));
                return;
            }
        }
    }
    if let Err(error) = store.flush() {
        tracing::error!(%error, "storage did not close cleanly");
    }
}

/// Runs `first` and the calls waiting behind it as one batch. Gives back the command that ended
/// the batch, if it was one of another kind.
fn run_batch(
    store: &mut dyn Store,
    first: Job,
    queue: &mut mpsc::Receiver<StorageCall>,
    is_failing: &AtomicBool,
) -> Option<StorageCall> {
    let was_failing = is_failing.load(Ordering::Relaxed);
    let failed = |error: &StoreError, what: &'static str| {
        is_failing.store(true, Ordering::Relaxed);
        // Once, and not at each retry.
        if was_failing {
            tracing::debug!(error = error as &dyn Error, "{what}");
        } else {
            tracing::error!(error = error as &dyn Error, "{what}");
        }
    };
    if let Err(error) = store.begin() {
        failed(&error, "no batch could be started");
        return None;
    }
    let mut replies = Vec::new();
    let mut ended_by = None;
    let mut job = Some(first);
    let mut ended = Ok(());
    while let Some(work) = job.take() {
        ended = run_job(store, work, &mut replies);
        if ended.is_err() || replies.len() >= BATCH {
            break;
        }
        match queue.try_recv() {
            Ok(StorageCall::Run(work)) => job = Some(work),
            Ok(other) => ended_by = Some(other),
            Err(_) => {}
        }
    }
    let written = match ended.and_then(|()| store.commit()) {
        Ok(has_changes) => {
            // Reading works on a full disk too, and proves nothing.
            if has_changes && is_failing.swap(false, Ordering::Relaxed) && was_failing {
                tracing::info!("storage writes again");
            }
            Ok(())
        }
        Err(error) => {
            failed(&error, "a batch was not written");
            Err(StoreGone::NotWritten)
        }
    };
    for reply in replies {
        reply(written);
    }
    ended_by
}

/// Whether the database or the disk is behind an error, and not a rule.
fn is_fault(error: &(dyn Error + 'static)) -> bool {
    error.is::<Fault>() || error.source().is_some_and(is_fault)
}

/// Runs one job whole or not at all. An error means that the batch is lost.
fn run_job(store: &mut dyn Store, work: Job, replies: &mut Vec<Reply>) -> Result<(), StoreError> {
    store.begin_job()?;
    // A panic is a defect of one job; it must not take the store from all others.
    let Ok(done) = catch_unwind(AssertUnwindSafe(|| work(store))) else {
        tracing::error!("a storage job panicked and was undone; please report this");
        return store.end_job(false);
    };
    let (is_kept, reply) = done?;
    replies.push(reply);
    store.end_job(is_kept)
}

/// Calls that may wait for the storage thread; callers beyond them wait in turn.
const QUEUE: usize = 1024;

/// Most calls that share one disk flush; bounds how long the first of them waits.
const BATCH: usize = 64;
