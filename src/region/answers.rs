//! Replies of scripts to lines of chat, held back until the next frame: clients may show two lines
//! that arrive within microseconds in either order, and a reply must not appear above its question.

use std::collections::VecDeque;
use std::time::Duration;

use crate::lsl::Effect;
use crate::time::Timestamp;

/// Effects that wait for their frame.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// When scripts last heard an avatar.
    heard: Option<Timestamp>,
    held: VecDeque<(Timestamp, Effect)>,
}

impl Answers {
    /// Scripts hear an avatar.
    pub(super) fn heard(&mut self, now: Timestamp) {
        self.heard = Some(now);
    }

    /// From when on an effect that scripts cause now may be shown, by the first frame; at once if
    /// none. An answer comes at least half a frame after the line, to an avatar's or, by `hops`, to
    /// a script's, which may be an answer itself; and nothing overtakes it.
    pub(super) fn due(&self, now: Timestamp, frame: Duration, hops: u8) -> Option<Timestamp> {
        let to_avatar = self.heard.map(|heard| heard + frame / 2).filter(|&due| now < due);
        let frames_before = u32::from(hops).checked_sub(1);
        let to_script = frames_before.map(|frames| now + frame / 2 + frame * frames);
        let before = self.held.back().map(|&(due, _)| due);
        [to_avatar, to_script, before].into_iter().flatten().max()
    }

    /// Keeps an effect back; gives back the oldest when there are too many.
    pub(super) fn hold(&mut self, due: Timestamp, effect: Effect) -> Option<Effect> {
        self.held.push_back((due, effect));
        if self.held.len() <= MOST_HELD {
            return None;
        }
        self.held.pop_front().map(|(_, effect)| effect)
    }

    /// The next effect whose time has come.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<Effect> {
        if self.held.front().is_some_and(|&(due, _)| due <= now) {
            return self.held.pop_front().map(|(_, effect)| effect);
        }
        None
    }
}

/// Effects that wait at once; older ones are shown before their time.
const MOST_HELD: usize = 1024;
