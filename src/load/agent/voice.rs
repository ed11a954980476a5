//! When an agent sends its numbered messages.

use std::time::Duration;

use super::super::cast::{Pace, Speech};
use super::super::shared::Seat;
use super::super::stamp::{Stamp, Way};
use crate::time::Timestamp;

/// One stream of numbered messages of one agent.
#[derive(Debug)]
pub(super) struct Voice {
    speech: Speech,
    recipient: Option<usize>,
    next: u32,
    /// By slot: when its line was said.
    said_at: Vec<Timestamp>,
    start: Timestamp,
    held_until: Option<Timestamp>,
}

/// A message that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Chat or instant message.
    pub way: Way,
    /// Whether somebody waits until all have heard it.
    pub tracked: bool,
    slot: u16,
    sequence: u32,
    due: Timestamp,
}

impl Line {
    /// Its header.
    pub fn stamp(self, run: u32, sender: usize) -> Stamp {
        let Self { way, slot, sequence, due, .. } = self;
        Stamp { run, way, sender: sender as u16, slot, sequence, due }
    }
}

impl Voice {
    /// A voice that has not spoken yet.
    pub fn new(speech: Speech, recipient: Option<usize>) -> Self {
        let slots = match speech.pace {
            Pace::Loop { outstanding } => outstanding,
            Pace::Rate { .. } => 0,
        };
        Self {
            speech,
            recipient,
            next: 0,
            said_at: vec![Timestamp::ZERO; slots],
            start: Timestamp::ZERO,
            held_until: None,
        }
    }

    /// Who gets its messages; `None`: all around.
    pub fn recipient(&self) -> Option<usize> {
        self.recipient
    }

    /// Bytes of a text.
    pub fn text_bytes(&self) -> usize {
        self.speech.text_bytes
    }

    /// The next message, if one is due: by its rate all that were due before `end`, however late;
    /// without one, as long as it is before `end`, whenever a slot is free.
    pub fn next_line(
        &mut self,
        now: Timestamp,
        start: Timestamp,
        end: Timestamp,
        seat: &Seat,
    ) -> Option<Line> {
        self.start = start;
        let way = self.speech.way;
        let line = |slot, due, tracked| Line { way, tracked, slot, sequence: self.next, due };
        match self.speech.pace {
            Pace::Rate { .. } => {
                let due = self.due(start);
                (due <= now && due < end).then(|| line(0, due, false))
            }
            Pace::Loop { .. } if now < start || now >= end => None,
            Pace::Loop { .. } => {
                let free = |&(slot, said): &(usize, &Timestamp)| {
                    seat.is_done(way, slot) || now.since(*said) > STUCK
                };
                let (slot, _) = self.said_at.iter().enumerate().find(free)?;
                Some(line(slot as u16, now, true))
            }
        }
    }

    /// The line is on its way, and so many have to hear it.
    pub fn said(&mut self, now: Timestamp, line: Line, hearers: u32, seat: &Seat) {
        seat.begin(line.way, usize::from(line.slot), line.sequence, hearers);
        seat.count_sent(line.way);
        if let Some(said) = self.said_at.get_mut(usize::from(line.slot)) {
            *said = now;
        }
        self.next = self.next.wrapping_add(1);
        self.held_until = None;
    }

    /// The circuit took no more; again at `until`.
    pub fn hold_up(&mut self, until: Timestamp) {
        self.held_until = Some(until);
    }

    /// Whether a line waits for room.
    pub fn held_up(&self) -> bool {
        self.held_until.is_some()
    }

    /// When to ask again, wake-up calls aside.
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        match self.speech.pace {
            _ if self.held_until.is_some() => self.held_until,
            Pace::Rate { .. } => Some(self.due(self.start)),
            Pace::Loop { .. } => Some(now + STUCK),
        }
    }

    /// Whether nothing more will come.
    pub fn is_over(&self, now: Timestamp, end: Timestamp) -> bool {
        match self.speech.pace {
            Pace::Rate { .. } => self.due(self.start) >= end,
            Pace::Loop { .. } => now >= end,
        }
    }

    fn due(&self, start: Timestamp) -> Timestamp {
        match self.speech.pace {
            // From the number, so that nothing adds up.
            Pace::Rate { first, every } => {
                let seconds = first + every * f64::from(self.next);
                start + Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
            }
            Pace::Loop { .. } => start,
        }
    }
}

/// After this long a line is no longer waited for. Somebody fell out without hearing it, or it is
/// lost, which the balance at the end will tell.
const STUCK: Duration = Duration::from_secs(10);
