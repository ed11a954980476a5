//! The receivers of a line, as far as they are recorded: the list is limited for lines that
//! thousands hear.

use super::model::Receiver;

/// Most receivers that are written down of one line.
pub(super) const LISTED: usize = 500;

/// The receivers of one line, the first of them with all that is known.
#[derive(Debug, Default)]
pub(super) struct Receivers {
    listed: Vec<Receiver>,
    left_out: usize,
}

impl Receivers {
    /// Adds one, or counts it if there are too many.
    pub(super) fn add(&mut self, receiver: impl FnOnce() -> Receiver) {
        if self.listed.len() < LISTED {
            self.listed.push(receiver());
        } else {
            self.left_out += 1;
        }
    }

    /// Those that are written down, and how many are not.
    pub(super) fn into_parts(self) -> (Vec<Receiver>, usize) {
        (self.listed, self.left_out)
    }
}
