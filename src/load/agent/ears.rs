//! What one agent has heard of the numbered messages of all others.

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
