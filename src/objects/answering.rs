//! Lines by which scripts that are run elsewhere answer other scripts, as far as that can be known.
//!
//! Nobody says which event a call of a host answers. What one of its scripts says on a channel that
//! avatars see, soon after it heard another script there, counts as an answer. Two hosts that
//! repeat what they hear would otherwise fill the avatars' chat as fast as the network lets them.

use std::time::Duration;

use crate::time::Timestamp;

/// How long after it heard another script what a script says is an answer.
const WITHIN: Duration = Duration::from_secs(1);
/// Answers of one script that avatars see in a second; far more than anybody reads.
pub(super) const ANSWERS_PER_SECOND: u32 = 20;

/// What one script heard of others, and how often it answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answering {
    heard: Option<Timestamp>,
    since: Timestamp,
    count: u32,
}

/// What a line is that avatars are about to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineCause {
    /// No script that is known of.
    Nothing,
    /// An answer to another script.
    Answer,
    /// One answer too many.
    Flood,
}

impl Answering {
    /// The script hears another one where avatars hear it, too.
    pub(super) fn heard(&mut self, now: Timestamp) {
        self.heard = Some(now);
    }

    /// The script says something there.
    pub(super) fn says(&mut self, now: Timestamp) -> LineCause {
        if self.heard.is_none_or(|heard| now.since(heard) > WITHIN) {
            return LineCause::Nothing;
        }
        if now.since(self.since) >= Duration::from_secs(1) {
            (self.since, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        if self.count <= ANSWERS_PER_SECOND { LineCause::Answer } else { LineCause::Flood }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp::from_millis(milliseconds)
    }

    #[test]
    fn only_what_follows_a_line_is_an_answer() {
        let mut answering = Answering::default();
        assert!((0..1000).all(|_| answering.says(at(5000)) == LineCause::Nothing));
        answering.heard(at(5000));
        assert_eq!(answering.says(at(6000)), LineCause::Answer);
        assert_eq!(answering.says(at(6001)), LineCause::Nothing);
    }

    #[test]
    fn so_many_answers_are_let_through_each_second() {
        let mut answering = Answering::default();
        let mut passed = 0;
        for now in 0..3000 {
            answering.heard(at(10_000 + now));
            passed += u32::from(answering.says(at(10_000 + now)) == LineCause::Answer);
        }
        assert_eq!(passed, 3 * ANSWERS_PER_SECOND);
    }
}
