//! Which of the numbered messages of all others one agent has received.

use super::super::ledger::Track;
use super::super::shared::{Presence, Seat, Shared};
use super::super::stamp::Way;

/// A track for each speaker and one for the writer of letters.
#[derive(Debug, Default)]
pub(super) struct Ears {
    chat: Vec<Track>,
    letters: Track,
    delivered: u64,
}

/// What one hearer had to hear and has heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Balance {
    /// Copies that had to arrive.
    pub expected: u64,
    /// Copies that did, each once.
    pub delivered: u64,
    /// Copies that did not.
    pub lost: u64,
    /// Copies of messages that were never sent.
    pub invented: u64,
}

impl Ears {
    /// Notes a message of a known sender; `true` for the first time.
    pub fn hear(&mut self, way: Way, sender: usize, sequence: u32) -> bool {
        let track = match way {
            Way::Im => &mut self.letters,
            Way::Chat => {
                if self.chat.len() <= sender {
                    self.chat.resize_with(sender + 1, Track::default);
                }
                let Some(track) = self.chat.get_mut(sender) else { return false };
                track
            }
        };
        let first = track.hear(sequence);
        self.delivered += u64::from(first);
        first
    }

    /// Messages heard, each once.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The balance against what senders sent who are there to the end.
    pub fn balance(&self, shared: &Shared, pen_friend: Option<usize>) -> Balance {
        let mut balance = Balance::default();
        let none = Track::default();
        for (number, (seat, part)) in shared.seats.iter().zip(&shared.parts).enumerate() {
            if part.speech.is_some() {
                balance.add(seat, Way::Chat, self.chat.get(number).unwrap_or(&none));
            }
        }
        if let Some(seat) = pen_friend.and_then(|number| shared.seats.get(number)) {
            balance.add(seat, Way::Im, &self.letters);
        }
        balance
    }
}

impl Balance {
    fn add(&mut self, sender: &Seat, way: Way, track: &Track) {
        if sender.presence() != Presence::Present {
            return;
        }
        let (sent, heard) = (u64::from(sender.sent(way)), track.heard());
        self.expected += sent;
        self.delivered += heard.min(sent);
        self.lost += sent.saturating_sub(heard);
        self.invented += heard.saturating_sub(sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::cast::cast;
    use crate::load::plan::{Plan, Scenario};

    /// Three agents of whom two speak, and all are there.
    fn shared(scenario: Scenario) -> Shared {
        let plan = Plan::example(3, scenario);
        let parts = cast(&plan);
        let shared = Shared::new(plan, parts, Vec::new());
        shared.seats.iter().for_each(|seat| seat.set_presence(Presence::Present));
        shared
    }

    fn chat() -> Shared {
        shared(Scenario::Chat { speakers: 2, rate: None, outstanding: 1, text_bytes: 64 })
    }

    fn said(shared: &Shared, speaker: usize, way: Way, count: usize) {
        (0..count).for_each(|_| shared.seats[speaker].count_sent(way));
    }

    #[test]
    fn missed_line_is_lost_even_if_another_is_heard_twice() {
        let shared = chat();
        said(&shared, 0, Way::Chat, 3);
        said(&shared, 1, Way::Chat, 1);
        let mut ears = Ears::default();
        let heard = [(0, 0), (0, 2), (1, 0), (0, 2)];
        let first = heard.map(|(sender, sequence)| ears.hear(Way::Chat, sender, sequence));
        assert_eq!(first, [true, true, true, false]);
        assert_eq!(ears.delivered(), 3);
        let balance = ears.balance(&shared, None);
        assert_eq!(balance, Balance { expected: 4, delivered: 3, lost: 1, invented: 0 });
    }

    #[test]
    fn deaf_agent_lost_every_line() {
        let shared = chat();
        said(&shared, 1, Way::Chat, 5);
        let balance = Ears::default().balance(&shared, None);
        assert_eq!((balance.expected, balance.delivered, balance.lost), (5, 0, 5));
    }

    #[test]
    fn a_speaker_who_fell_out_is_not_counted() {
        let shared = chat();
        said(&shared, 0, Way::Chat, 5);
        shared.seats[0].set_presence(Presence::Fallen);
        assert_eq!(Ears::default().balance(&shared, None), Balance::default());
    }

    #[test]
    fn line_never_said_makes_up_for_nothing() {
        let shared = chat();
        said(&shared, 0, Way::Chat, 1);
        said(&shared, 1, Way::Chat, 1);
        let mut ears = Ears::default();
        assert!(ears.hear(Way::Chat, 0, 0) && ears.hear(Way::Chat, 0, 1));
        let balance = ears.balance(&shared, None);
        assert_eq!(balance, Balance { expected: 2, delivered: 1, lost: 1, invented: 1 });
    }

    #[test]
    fn letters_and_chat_are_counted_apart() {
        let shared = shared(Scenario::Im { rate: None, outstanding: 1, text_bytes: 64 });
        said(&shared, 0, Way::Im, 2);
        let mut ears = Ears::default();
        assert!(ears.hear(Way::Chat, 0, 0) && ears.hear(Way::Im, 0, 0));
        let balance = ears.balance(&shared, Some(0));
        assert_eq!((balance.expected, balance.delivered, balance.lost), (2, 1, 1));
        assert_eq!(ears.balance(&shared, None), Balance::default());
    }
}
