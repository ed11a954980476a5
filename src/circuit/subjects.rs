//! Messages about the current state of a subject, such as who is typing: a newer one replaces older
//! ones that are queued or unacked.

use std::collections::HashMap;

use super::Supersedes;

/// The newest message about each subject.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    newest: HashMap<Supersedes, Newest>,
    last_serial: u64,
    /// How many there may be before those that nothing waits for are removed.
    sweep_at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    serial: u64,
    /// The packet about this subject that was sent last and kept for its ack.
    sent: Option<u64>,
}

impl Subjects {
    /// The serial of a message that is about to be queued.
    pub(super) fn next_serial(&mut self) -> u64 {
        self.last_serial += 1;
        self.last_serial
    }

    /// The message with that serial was queued: it is the newest. `oldest` is the lowest number that
    /// waits for its ack.
    pub(super) fn queued(&mut self, subject: Supersedes, serial: u64, oldest: Option<u64>) {
        if self.newest.len() >= self.sweep_at {
            self.newest.retain(|_, newest| {
                newest.sent.is_none_or(|number| oldest.is_some_and(|oldest| oldest <= number))
            });
            self.sweep_at = (self.newest.len() * 2).max(LEAST_SWEPT);
        }
        let sent = self.newest.get(&subject).and_then(|newest| newest.sent);
        self.newest.insert(subject, Newest { serial, sent });
    }

    /// Whether no newer message about the subject was queued after the one with that serial.
    pub(super) fn is_newest(&self, subject: Supersedes, serial: u64) -> bool {
        self.newest.get(&subject).is_none_or(|newest| newest.serial == serial)
    }

    /// The newest message about a subject is being sent, as packet `number` if it will be kept for
    /// its ack. Gives the number of the packet that was sent about it before.
    pub(super) fn sent(&mut self, subject: Supersedes, number: Option<u64>) -> Option<u64> {
        std::mem::replace(&mut self.newest.get_mut(&subject)?.sent, number)
    }

    /// Subjects that are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.newest.len()
    }

    pub(super) fn clear(&mut self) {
        *self = Self { last_serial: self.last_serial, ..Self::default() };
    }
}

/// Fewest subjects that are worth a look for those that nothing waits for.
const LEAST_SWEPT: usize = 64;
