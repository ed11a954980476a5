//! The recorded events of one object's scripts: the latest ones, numbered.

use std::collections::VecDeque;

use tokio::sync::watch;
use uuid::Uuid;

use super::driver::ScriptEvent;
use super::report::{HeardEvent, HeardPage};
use crate::lsl::Event;

/// Most events that are kept of one object.
pub(super) const HEARD: usize = 256;
/// Most bytes of their texts, the latest apart: link messages may be long.
const BYTES: usize = 512 << 10;

/// The latest events of one object.
#[derive(Debug, Default)]
pub(super) struct Heard {
    events: VecDeque<HeardEvent>,
    /// Of the texts of all events.
    bytes: usize,
    /// The number of the latest.
    last: u64,
    /// The same, for who waits for the next.
    news: watch::Sender<u64>,
}

impl Heard {
    /// Adds one; tells how many older ones had to make room.
    pub(super) fn push(
        &mut self,
        unix_ms: u64,
        (prim, script): (Uuid, String),
        event: ScriptEvent,
    ) -> usize {
        self.last += 1;
        self.bytes += weight(&event);
        self.events.push_back(HeardEvent { number: self.last, unix_ms, prim, script, event });
        let before = self.events.len();
        while self.events.len() > HEARD || (self.bytes > BYTES && self.events.len() > 1) {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= weight(&oldest.event);
        }
        self.news.send_replace(self.last);
        before - self.events.len()
    }

    /// The number of the latest event, now and as more come. It ends with the object.
    pub(super) fn follow(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Those with a higher number than `after`.
    pub(super) fn page(&self, after: u64) -> HeardPage {
        let events: Vec<_> =
            self.events.iter().filter(|event| event.number > after).cloned().collect();
        let first = self.events.front().map_or(self.last + 1, |event| event.number);
        HeardPage { events, forgotten: (first - 1).saturating_sub(after) }
    }
}

/// Bytes of the texts of an event.
fn weight(event: &ScriptEvent) -> usize {
    match event {
        ScriptEvent::Lsl(Event::Listen { name, message, .. }) => name.len() + message.len(),
        ScriptEvent::Lsl(Event::LinkMessage { text, id, .. }) => text.len() + id.len(),
        ScriptEvent::Error(text) => text.len(),
        // About as long as a line of chat, which most of them come by.
        ScriptEvent::Clep(_) | ScriptEvent::Lep(_) => 1024,
        ScriptEvent::Lsl(_) | ScriptEvent::Gone => 0,
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
            forgot += heard.push(1, (Uuid::nil(), "main".to_owned()), ScriptEvent::Gone);
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

    #[test]
    fn follower_hears_of_news_and_of_the_end() {
        let mut heard = Heard::default();
        let mut news = heard.follow();
        assert_eq!(*news.borrow_and_update(), 0);
        assert_eq!(news.has_changed().ok(), Some(false));
        heard.push(1, (Uuid::nil(), "main".to_owned()), ScriptEvent::Gone);
        assert_eq!(news.has_changed().ok(), Some(true));
        assert_eq!(*news.borrow_and_update(), 1);
        drop(heard);
        assert!(news.has_changed().is_err());
    }

    #[test]
    fn long_texts_make_room_for_each_other() {
        let mut heard = Heard::default();
        let text: std::sync::Arc<str> = "x".repeat(BYTES / 8).into();
        let event = Event::LinkMessage { sender: 0, number: 0, text, id: "".into() };
        let mut forgot = 0;
        for _ in 0..20 {
            let script = (Uuid::nil(), "main".to_owned());
            forgot += heard.push(1, script, ScriptEvent::Lsl(event.clone()));
        }
        assert_eq!((heard.page(0).events.len(), heard.page(0).forgotten, forgot), (8, 12, 12));
    }
}
