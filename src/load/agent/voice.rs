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
pub(super) struct DueMessage {
    /// Chat or instant message.
    pub way: Way,
    /// Whether somebody waits until all have heard it.
    pub tracked: bool,
    slot: u16,
    sequence: u32,
    due: Timestamp,
}

impl DueMessage {
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
    ) -> Option<DueMessage> {
        self.start = start;
        let way = self.speech.way;
        let line = |slot, due, tracked| DueMessage { way, tracked, slot, sequence: self.next, due };
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
    pub fn said(&mut self, now: Timestamp, line: DueMessage, hearers: u32, seat: &Seat) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::cast::Part;

    const START: Timestamp = Timestamp::from_millis(1000);
    const END: Timestamp = Timestamp::from_millis(3000);

    fn voice(pace: Pace) -> Voice {
        Voice::new(Speech { way: Way::Chat, text_bytes: 64, pace }, None)
    }

    fn seat(outstanding: usize) -> Seat {
        let pace = Pace::Loop { outstanding };
        let speech = Some(Speech { way: Way::Chat, text_bytes: 64, pace });
        Seat::new(&Part { speech, ..Part::IDLE })
    }

    /// Says all that is due at a moment; gives the moments they were due at.
    fn say_all(voice: &mut Voice, now: Timestamp, hearers: u32, seat: &Seat) -> Vec<u64> {
        let mut due = Vec::new();
        while let Some(line) = voice.next_line(now, START, END, seat) {
            voice.said(now, line, hearers, seat);
            due.push(line.due.since_origin().as_millis() as u64);
        }
        due
    }

    #[test]
    fn a_rate_says_what_is_due_however_late() {
        let mut voice = voice(Pace::Rate { first: 0.25, every: 0.5 });
        let seat = Seat::default();
        assert!(say_all(&mut voice, Timestamp::from_millis(1249), 1, &seat).is_empty());
        assert_eq!(voice.next_due(START), Some(Timestamp::from_millis(1250)));
        assert_eq!(say_all(&mut voice, Timestamp::from_millis(1300), 1, &seat), [1250]);
        assert!(!voice.is_over(END, END));
        assert_eq!(say_all(&mut voice, Timestamp::from_millis(9000), 1, &seat), [1750, 2250, 2750]);
        assert!(voice.is_over(END, END));
        assert_eq!(seat.sent(Way::Chat), 4);
    }

    #[test]
    fn without_a_rate_a_line_follows_one_that_all_have_heard() {
        let (mut voice, seat) = (voice(Pace::Loop { outstanding: 2 }), seat(2));
        assert!(say_all(&mut voice, Timestamp::ZERO, 2, &seat).is_empty(), "not before the start");
        assert_eq!(say_all(&mut voice, START, 2, &seat).len(), 2);
        seat.heard(Way::Chat, 0, 0);
        assert!(say_all(&mut voice, START, 2, &seat).is_empty(), "one has not heard it");
        seat.heard(Way::Chat, 0, 7);
        assert!(say_all(&mut voice, START, 2, &seat).is_empty(), "another line");
        seat.heard(Way::Chat, 0, 0);
        assert_eq!(say_all(&mut voice, START, 2, &seat).len(), 1);
        seat.heard(Way::Chat, 1, 1);
        seat.heard(Way::Chat, 1, 1);
        assert!(say_all(&mut voice, END, 2, &seat).is_empty(), "the time is over");
        assert!(voice.is_over(END, END));
    }

    #[test]
    fn a_line_that_somebody_never_hears_does_not_stop_the_others() {
        let (mut voice, seat) = (voice(Pace::Loop { outstanding: 1 }), seat(1));
        let end = START + STUCK * 3;
        let line = voice.next_line(START, START, end, &seat).expect("the first");
        voice.said(START, line, 1, &seat);
        assert_eq!(voice.next_line(START + STUCK, START, end, &seat), None);
        let late = START + STUCK + Duration::from_millis(1);
        assert!(voice.next_line(late, START, end, &seat).is_some());
    }
}
