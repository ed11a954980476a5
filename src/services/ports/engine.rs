//! A store as its thread drives it: batches of jobs, whatever the jobs ask.

use super::StoreError;

/// The transactions of a store.
///
/// Each call of a store is atomic by itself, and so is each job between
/// [`begin_job`](Self::begin_job) and [`end_job`](Self::end_job). Jobs between
/// [`begin`](Self::begin) and [`commit`](Self::commit) reach the disk together.
pub trait Engine: Send {
    /// Starts a batch: the calls that follow reach the disk together, at [`Self::commit`].
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Starts a job within a batch. Jobs do not nest.
    fn begin_job(&mut self) -> Result<(), StoreError>;

    /// Ends a job; its changes become part of the batch, or are undone.
    ///
    /// # Errors
    /// [`StoreError::Backend`]; the whole batch is lost then.
    fn end_job(&mut self, is_kept: bool) -> Result<(), StoreError>;

    /// From now on, keeps account of what each job asks for [`Self::asked`]. For tests.
    fn watch(&mut self);

    /// What the job has asked so far, in a number: two jobs that ask the same in the same order
    /// have the same one. Always 0 without [`Self::watch`].
    fn asked(&self) -> u64;

    /// Ends a batch. Once this returned `Ok`, its changes survive the death of the process and
    /// of the machine. Whether there were any.
    ///
    /// # Errors
    /// [`StoreError::Backend`]; nothing of the batch is kept then.
    fn commit(&mut self) -> Result<bool, StoreError>;

    /// Writes without changing anything, to see whether that is possible.
    fn try_writing(&mut self) -> Result<(), StoreError>;

    /// Brings the files into their resting form; for a clean stop or a backup.
    fn flush(&mut self) -> Result<(), StoreError>;
}
