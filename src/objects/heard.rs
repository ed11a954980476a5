//! What the recorded scripts of one object heard: the latest events, numbered.

use std::collections::VecDeque;

use uuid::Uuid;

use super::driver::ScriptEvent;
use super::report::{HeardEvent, HeardPage};

/// Most events that are kept of one object.
pub(super) const HEARD: usize = 256;

/// The latest events of one object.
#[derive(Debug, Default)]
pub(super) struct Heard {
    events: VecDeque<HeardEvent>,
    /// The number of the latest.
    last: u64,
}

impl Heard {
    /// Adds one; tells whether an older one had to make room.
    pub(super) fn push(
        &mut self,
        unix_ms: u64,
        (prim, script): (Uuid, String),
        event: ScriptEvent,
    ) -> bool {
        let is_full = self.events.len() >= HEARD;
        if is_full {
            self.events.pop_front();
        }
        self.last += 1;
        self.events.push_back(HeardEvent { number: self.last, unix_ms, prim, script, event });
        is_full
    }

    /// Those with a higher number than `after`.
    pub(super) fn page(&self, after: u64) -> HeardPage {
        let events: Vec<_> =
            self.events.iter().filter(|event| event.number > after).cloned().collect();
        let first = self.events.front().map_or(self.last + 1, |event| event.number);
        HeardPage { events, forgotten: (first - 1).saturating_sub(after) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_and_the_gap_is_told() {
        let mut heard = Heard::default();
        assert_eq!(heard.page(0), HeardPage { events: vec![], forgotten: 0 });
        let mut forgot = 0;
        for _ in 0..HEARD + 3 {
            forgot += u64::from(heard.push(1, (Uuid::nil(), "main".to_owned()), ScriptEvent::Gone));
        }
        assert_eq!(forgot, 3);
        let page = heard.page(0);
        assert_eq!((page.events.len(), page.forgotten), (HEARD, 3));
        assert_eq!(page.events.first().map(|event| event.number), Some(4));
        let page = heard.page(2);
        assert_eq!((page.events.len(), page.forgotten), (HEARD, 1));
        let page = heard.page(HEARD as u64 + 2);
        assert_eq!((page.events.len(), page.forgotten), (1, 0));
        assert_eq!(heard.page(u64::MAX), HeardPage { events: vec![], forgotten: 0 });
    }
}
