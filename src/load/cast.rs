//! Assigns a role in the scenario to each agent.

use super::plan::{Manner, Plan, Scenario};
use super::stamp::Way;

/// What one agent does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    /// How it behaves on the wire once it has entered.
    pub manner: Manner,
    /// Chat lines that it says.
    pub speech: Option<Speech>,
    /// Instant messages that it writes, and to whom.
    pub letters: Option<(Speech, usize)>,
    /// It is in the group of the run, and speaks in its chat session.
    pub in_group: bool,
    /// Who writes to it.
    pub pen_friend: Option<usize>,
    /// It goes within so many metres of the region's middle, and stays there.
    pub place: Option<f32>,
    /// It walks about in that circle, and looks how fresh what it sees is.
    pub walks: bool,
    /// It looks, whether it walks or not.
    pub looks: bool,
    /// It stays so many seconds at a time, the first time as many as the second number says.
    pub churns: Option<(f64, f64)>,
    /// It counts as hearer: what it does not hear is lost.
    pub counts: bool,
}

/// How numbered messages are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Speech {
    /// Chat or instant message.
    pub way: Way,
    /// Bytes of text.
    pub text_bytes: usize,
    pub pace: Pace,
}

/// When numbered messages are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pace {
    /// At fixed moments.
    Rate {
        /// Seconds from the start to the first.
        first: f64,
        /// Seconds between two.
        every: f64,
    },
    /// So many under way.
    Loop {
        /// Messages under way at a time, of each agent.
        outstanding: usize,
    },
}

impl Part {
    /// Stands there.
    pub const IDLE: Self = Self {
        manner: Manner::Viewer,
        speech: None,
        letters: None,
        in_group: false,
        pen_friend: None,
        place: None,
        walks: false,
        looks: false,
        churns: None,
        counts: true,
    };

    /// The kind of trouble when its agent falls out of the region. That a server throws strange
    /// agents out is its right.
    pub fn fall(&self) -> &'static str {
        if self.manner == Manner::Viewer { "circuit" } else { "thrown_out" }
    }

    /// Whether its agent does something that a silent one cannot.
    fn is_active(&self) -> bool {
        self.speech.is_some() || self.letters.is_some()
    }
}

/// The part of every agent of a plan. `login` has none: its agents come and go.
pub(super) fn cast(plan: &Plan) -> Vec<Part> {
    let mut parts = vec![Part::IDLE; plan.agents];
    match plan.scenario {
        Scenario::Login { .. } => parts.clear(),
        Scenario::Idle | Scenario::EventQueue => {}
        Scenario::Chat { speakers, rate, outstanding, text_bytes } => {
            gather(&mut parts, EARSHOT);
            let pace = Paces { rate, outstanding, senders: speakers };
            speak(&mut parts, pace, text_bytes);
        }
        Scenario::Group { speakers, rate, outstanding, text_bytes } => {
            for part in &mut parts {
                part.in_group = true;
            }
            let pace = Paces { rate, outstanding, senders: speakers };
            speak(&mut parts, pace, text_bytes);
        }
        Scenario::Im { rate, outstanding, text_bytes } => {
            let pace = Paces { rate, outstanding, senders: plan.agents / 2 };
            write(&mut parts, pace, text_bytes);
        }
        Scenario::Walk { radius, speakers, rate } => {
            gather(&mut parts, radius);
            let pace = Paces { rate: Some(rate), outstanding: 1, senders: speakers };
            speak(&mut parts, pace, TEXT_BYTES);
            for part in &mut parts {
                part.walks = true;
                part.looks = true;
            }
        }
        Scenario::Mixed { chat_rate, im_rate, churn, walking } => {
            gather(&mut parts, EARSHOT);
            let guests = guests(plan.agents, churn);
            let (stable, churners) = parts.split_at_mut(plan.agents - guests);
            for (index, part) in churners.iter_mut().enumerate() {
                let stay = guests as f64 / churn;
                part.churns = Some((stay, (index + 1) as f64 / churn));
                part.counts = false;
            }
            let walkers = (stable.len() as f64 * walking).round() as usize;
            for (index, part) in stable.iter_mut().enumerate() {
                part.walks = index < walkers;
                part.looks = true;
            }
            if chat_rate > 0.0 {
                let senders = stable.len().min(MIXED_SPEAKERS);
                speak(stable, Paces { rate: Some(chat_rate), outstanding: 1, senders }, TEXT_BYTES);
            }
            if im_rate > 0.0 {
                let senders = stable.len() / 2;
                write(stable, Paces { rate: Some(im_rate), outstanding: 1, senders }, TEXT_BYTES);
            }
        }
    }
    for part in parts.iter_mut().filter(|part| !part.is_active()) {
        part.manner = plan.manner;
        part.counts &= plan.manner == Manner::Viewer;
        part.walks &= plan.manner == Manner::Viewer;
    }
    parts
}

/// Agents of `mixed` that come and go: as many as leave within ten seconds, a quarter at most.
fn guests(agents: usize, churn: f64) -> usize {
    if churn <= 0.0 { 0 } else { ((churn * 10.0).ceil() as usize).clamp(1, agents / 4) }
}

#[derive(Clone, Copy)]
struct Paces {
    rate: Option<f64>,
    outstanding: usize,
    senders: usize,
}

impl Paces {
    /// All senders in turn.
    fn of(self, index: usize) -> Pace {
        match self.rate {
            Some(rate) => {
                Pace::Rate { first: index as f64 / rate, every: self.senders as f64 / rate }
            }
            None => Pace::Loop { outstanding: self.outstanding },
        }
    }
}

fn gather(parts: &mut [Part], radius: f32) {
    for part in parts {
        part.place = Some(radius);
    }
}

fn speak(parts: &mut [Part], paces: Paces, text_bytes: usize) {
    for (index, part) in parts.iter_mut().take(paces.senders).enumerate() {
        part.speech = Some(Speech { way: Way::Chat, text_bytes, pace: paces.of(index) });
    }
}

/// Every second agent writes to the one behind it.
fn write(parts: &mut [Part], paces: Paces, text_bytes: usize) {
    for (pair, two) in parts.chunks_exact_mut(2).enumerate() {
        let speech = Speech { way: Way::Im, text_bytes, pace: paces.of(pair) };
        if let [writer, reader] = two {
            writer.letters = Some((speech, pair * 2 + 1));
            reader.pen_friend = Some(pair * 2);
        }
    }
}

/// Metres around a place within which everybody hears everybody shout, over the whole circle.
const EARSHOT: f32 = 45.0;
/// Text of a line or message where the scenario does not say.
const TEXT_BYTES: usize = 100;
/// Agents of `mixed` that speak, at most.
const MIXED_SPEAKERS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_take_turns() {
        let chat = Scenario::Chat { speakers: 2, rate: Some(4.0), outstanding: 1, text_bytes: 64 };
        let parts = cast(&Plan::example(5, chat));
        let paces: Vec<_> = parts.iter().filter_map(|part| Some(part.speech?.pace)).collect();
        let turn = |first| Pace::Rate { first, every: 0.5 };
        assert_eq!(paces, [turn(0.0), turn(0.25)]);
        assert!(parts.iter().all(|part| part.counts && part.place == Some(EARSHOT)));
    }

    #[test]
    fn all_are_in_the_group_and_some_speak_there() {
        let group = Scenario::Group { speakers: 2, rate: None, outstanding: 3, text_bytes: 64 };
        let parts = cast(&Plan::example(4, group));
        assert!(parts.iter().all(|part| part.in_group && part.counts && part.place.is_none()));
        assert_eq!(parts.iter().filter(|part| part.speech.is_some()).count(), 2);
    }

    #[test]
    fn letters_go_in_pairs_and_one_may_be_left_over() {
        let im = Scenario::Im { rate: None, outstanding: 3, text_bytes: 64 };
        let parts = cast(&Plan::example(5, im));
        let to: Vec<_> = parts.iter().map(|part| part.letters.map(|(_, to)| to)).collect();
        assert_eq!(to, [Some(1), None, Some(3), None, None]);
        let from: Vec<_> = parts.iter().map(|part| part.pen_friend).collect();
        assert_eq!(from, [None, Some(0), None, Some(2), None]);
    }

    #[test]
    fn guests_neither_speak_nor_count() {
        let mixed = Scenario::Mixed { chat_rate: 1.0, im_rate: 1.0, churn: 0.2, walking: 0.5 };
        let parts = cast(&Plan::example(10, mixed));
        let (stable, guests) = parts.split_at(8);
        assert!(stable.iter().all(|part| part.counts && part.churns.is_none()));
        assert_eq!(stable.iter().filter(|part| part.walks).count(), 4);
        for part in guests {
            assert!(part.churns.is_some() && !part.counts && !part.is_active());
            assert_eq!(part.pen_friend, None);
        }
    }

    #[test]
    fn the_rude_do_not_count_but_speakers_are_never_rude() {
        let chat = Scenario::Chat { speakers: 1, rate: None, outstanding: 1, text_bytes: 64 };
        let parts = cast(&Plan { manner: Manner::Rude, ..Plan::example(3, chat) });
        let rude: Vec<_> = parts.iter().map(|part| part.manner == Manner::Rude).collect();
        assert_eq!(rude, [false, true, true]);
        assert!(parts[0].counts && !parts[1].counts);
    }
}
