//! One job of the storage thread: run whole or not at all, rehearsed in tests, answered at the end.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

use super::{Engine, Fault, StoreError, StoreGone};

/// A job without the types of what it does and answers.
pub(super) trait Job<S: ?Sized>: Send {
    /// Works on the store and remembers the result; whether the changes stay.
    fn run(&mut self, store: &mut S) -> bool;

    /// Tells the caller the last result, or why there is none.
    fn answer(self: Box<Self>, written: Result<(), StoreGone>);
}

/// A job with its caller.
pub(super) struct Call<W, T, E> {
    work: W,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<Result<T, E>, StoreGone>>,
    is_failing: Arc<AtomicBool>,
}

impl<W, T, E> Call<W, T, E> {
    /// `is_failing` is set if the database or the disk makes the work fail.
    pub(super) fn new(
        work: W,
        answer: oneshot::Sender<Result<Result<T, E>, StoreGone>>,
        is_failing: Arc<AtomicBool>,
    ) -> Self {
        Self { work, result: None, answer, is_failing }
    }
}

impl<S, W, T, E> Job<S> for Call<W, T, E>
where
    S: ?Sized,
    W: Fn(&mut S) -> Result<T, E> + Send,
    T: Send,
    E: Error + Send + 'static,
{
    fn run(&mut self, store: &mut S) -> bool {
        let result = self.result.insert((self.work)(store));
        if result.as_ref().is_err_and(|error| is_fault(error)) {
            self.is_failing.store(true, Ordering::Relaxed);
        }
        result.is_ok()
    }

    fn answer(self: Box<Self>, written: Result<(), StoreGone>) {
        let Self { result, answer, .. } = *self;
        // A caller that no longer waits has nothing to be told.
        drop(answer.send(written.and_then(|()| result.ok_or(StoreGone::Abandoned))));
    }
}

/// Whether the database or the disk is behind an error, and not a rule.
fn is_fault(error: &(dyn Error + 'static)) -> bool {
    error.is::<Fault>() || error.source().is_some_and(is_fault)
}

/// Runs one job whole or not at all, after a rehearsal that is undone if `rehearses`. The job is
/// added to `done` unless it is at fault. An error means that the batch is lost.
pub(super) fn run<S: Engine + ?Sized>(
    store: &mut S,
    mut job: Box<dyn Job<S>>,
    rehearses: bool,
    done: &mut Vec<Box<dyn Job<S>>>,
) -> Result<(), StoreError> {
    let mut rehearsed = None;
    if rehearses {
        store.begin_job()?;
        let Some(is_kept) = attempt(store, job.as_mut()) else { return store.end_job(false) };
        rehearsed = Some((is_kept, store.asked()));
        if let Err(error) = store.end_job(false) {
            done.push(job);
            return Err(error);
        }
    }
    store.begin_job()?;
    let Some(is_kept) = attempt(store, job.as_mut()) else { return store.end_job(false) };
    if rehearsed.is_some_and(|first| first != (is_kept, store.asked())) {
        tracing::error!("a storage job did something else when it ran again, and was undone");
        return store.end_job(false);
    }
    done.push(job);
    store.end_job(is_kept)
}

/// Whether the changes of a job stay; none if it panicked. A panic is a defect of one job; it must
/// not take the store from all others.
fn attempt<S: ?Sized>(store: &mut S, job: &mut dyn Job<S>) -> Option<bool> {
    let ran = catch_unwind(AssertUnwindSafe(|| job.run(store)));
    if ran.is_err() {
        tracing::error!("a storage job panicked and was undone; please report this");
    }
    ran.ok()
}
