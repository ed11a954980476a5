//! The scripts and their turns: the events queued for each, and how long each sleeps.
//!
//! Events of all scripts are delivered in the order in which they were queued, except those of
//! sleeping scripts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::queue::{Event, EventKinds, EventQueue};
use super::rules::Rules;
use super::throttle::SayWindow;
use crate::ids::PrimId;
use crate::time::Timestamp;

/// A script on the bus. Numbers are given in the order of the scripts' making and never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptId(pub u64);

impl fmt::Display for ScriptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What became of an event for a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    Queued,
    Full,
    Unhandled,
    TooEarly,
}

/// One script.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) prim: PrimId,
    pub(super) name: Arc<str>,
    /// Handle → channel and place of each listen.
    pub(super) listens: BTreeMap<i32, (i32, u64)>,
    /// The last line that this script was given an event for.
    pub(super) last_line: u64,
    pub(super) says: SayWindow,
    /// Event kinds that its state handles.
    handlers: EventKinds,
    queue: EventQueue,
    /// Set while it sleeps, and until somebody looks after that.
    asleep_until: Option<Timestamp>,
    min_event_delay: Duration,
    /// Interval and next moment of its timer.
    timer: Option<(Duration, Timestamp)>,
    /// When the next `listen` is early enough.
    next_listen: Timestamp,
    turn: Option<Turn>,
}

/// Where a script with events waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// For its turn: the place of its first event.
    Ready(u64),
    /// For this time.
    Asleep(Timestamp),
}

/// All scripts.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    table: HashMap<ScriptId, Script>,
    ready: BTreeSet<(u64, ScriptId)>,
    asleep: BTreeSet<(Timestamp, ScriptId)>,
    timers: BTreeSet<(Timestamp, ScriptId)>,
    next_id: u64,
    next_sequence: u64,
    /// Events that were lost because their script had no handler when their turn came.
    pub(super) lost: u64,
    /// How many lines led to the event that was taken last.
    pub(super) hops: u8,
}

impl Scripts {
    pub(super) fn add(&mut self, prim: PrimId, name: &str, handlers: EventKinds) -> ScriptId {
        self.next_id += 1;
        let id = ScriptId(self.next_id);
        let script = Script {
            prim,
            name: Arc::from(name),
            listens: BTreeMap::new(),
            last_line: 0,
            says: SayWindow::default(),
            handlers,
            queue: EventQueue::default(),
            asleep_until: None,
            min_event_delay: Duration::ZERO,
            timer: None,
            next_listen: Timestamp::ZERO,
            turn: None,
        };
        self.table.insert(id, script);
        id
    }

    pub(super) fn remove(&mut self, id: ScriptId) -> Option<Script> {
        let script = self.table.remove(&id)?;
        if let Some((_, next)) = script.timer {
            self.timers.remove(&(next, id));
        }
        match script.turn {
            Some(Turn::Ready(sequence)) => self.ready.remove(&(sequence, id)),
            Some(Turn::Asleep(until)) => self.asleep.remove(&(until, id)),
            None => false,
        };
        Some(script)
    }

    pub(super) fn get(&self, id: ScriptId) -> Option<&Script> {
        self.table.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: ScriptId) -> Option<&mut Script> {
        self.table.get_mut(&id)
    }

    /// Queues an event that so many lines led to. `loose` says whether it may change places, and
    /// whether it does.
    pub(super) fn push(
        &mut self,
        now: Timestamp,
        id: ScriptId,
        event: Event,
        rules: &Rules,
        loose: (bool, bool),
        hops: u8,
    ) -> Pushed {
        let Some(script) = self.table.get_mut(&id) else { return Pushed::Unhandled };
        let kind = event.kind();
        if !rules.queue_unhandled && !script.handlers.contains(kind) {
            return Pushed::Unhandled;
        }
        let is_slowed = kind == EventKinds::LISTEN && script.min_event_delay > Duration::ZERO;
        if is_slowed && now < script.next_listen {
            return Pushed::TooEarly;
        }
        if script.queue.push((self.next_sequence, hops), event, rules.queue, loose).is_err() {
            return Pushed::Full;
        }
        if is_slowed {
            script.next_listen = now + script.min_event_delay;
        }
        self.next_sequence += 1;
        self.reschedule(id);
        Pushed::Queued
    }

    /// Starts a script's timer, or stops it without an interval. The first event comes after one
    /// interval. It goes on over changes of state.
    pub(super) fn set_timer(&mut self, now: Timestamp, id: ScriptId, interval: Option<Duration>) {
        let Some(script) = self.table.get_mut(&id) else { return };
        if let Some((_, next)) = script.timer.take() {
            self.timers.remove(&(next, id));
        }
        if let Some(interval) = interval {
            let next = now + interval;
            script.timer = Some((interval, next));
            self.timers.insert((next, id));
        }
    }

    /// Queues a `timer` event for each timer that is due. One that is late by more than its
    /// interval makes one event, not several.
    fn fire_timers(&mut self, now: Timestamp, rules: &Rules) {
        while let Some((due, id)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, id));
            let Some(script) = self.table.get_mut(&id) else { continue };
            let Some((interval, _)) = script.timer else { continue };
            let next = (due + interval).max(now);
            let next = if next > now { next } else { now + interval };
            script.timer = Some((interval, next));
            self.timers.insert((next, id));
            // One that waits already is enough.
            self.push(now, id, Event::Timer, rules, (false, false), 0);
        }
    }

    /// The next event of any script that is awake.
    pub(super) fn pop_any(&mut self, now: Timestamp, rules: &Rules) -> Option<(ScriptId, Event)> {
        self.fire_timers(now, rules);
        while let Some((_, id)) = self.asleep.first().copied().filter(|(until, _)| *until <= now) {
            self.wake(id);
        }
        while let Some((_, id)) = self.ready.first().copied() {
            if let Some(event) = self.pop(now, id) {
                return Some((id, event));
            }
        }
        None
    }

    /// The next event of one script, if it is awake.
    pub(super) fn pop_one(&mut self, now: Timestamp, id: ScriptId, rules: &Rules) -> Option<Event> {
        self.fire_timers(now, rules);
        self.pop(now, id)
    }

    /// Those without handler are lost on the way.
    fn pop(&mut self, now: Timestamp, id: ScriptId) -> Option<Event> {
        let script = self.table.get_mut(&id)?;
        if script.asleep_until.is_some_and(|until| now < until) {
            return None;
        }
        script.asleep_until = None;
        let mut found = None;
        while let Some((event, hops)) = script.queue.pop() {
            if script.handlers.contains(event.kind()) {
                self.hops = hops;
                found = Some(event);
                break;
            }
            self.lost += 1;
        }
        self.reschedule(id);
        found
    }

    /// When an event can be taken next: `Timestamp::ZERO` for at once, `None` for nobody knows.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        if !self.ready.is_empty() {
            return Some(Timestamp::ZERO);
        }
        let first = |times: &BTreeSet<(Timestamp, ScriptId)>| times.first().map(|(at, _)| *at);
        [first(&self.asleep), first(&self.timers)].into_iter().flatten().min()
    }

    /// Makes a script sleep, longer if it does already.
    pub(super) fn sleep(&mut self, now: Timestamp, id: ScriptId, pause: Duration) {
        let Some(script) = self.table.get_mut(&id) else { return };
        let from = script.asleep_until.map_or(now, |until| until.max(now));
        script.asleep_until = Some(from + pause);
        self.reschedule(id);
    }

    /// Forgets a script's events and gives it other handlers; tells how many were forgotten.
    pub(super) fn restart(&mut self, id: ScriptId, handlers: EventKinds) -> usize {
        let Some(script) = self.table.get_mut(&id) else { return 0 };
        script.handlers = handlers;
        let forgotten = script.queue.clear();
        self.reschedule(id);
        forgotten
    }

    fn wake(&mut self, id: ScriptId) {
        if let Some(script) = self.table.get_mut(&id) {
            script.asleep_until = None;
        }
        self.reschedule(id);
    }

    /// Puts a script where it must wait now.
    fn reschedule(&mut self, id: ScriptId) {
        let Some(script) = self.table.get_mut(&id) else { return };
        let turn = script.queue.front().map(|sequence| match script.asleep_until {
            Some(until) => Turn::Asleep(until),
            None => Turn::Ready(sequence),
        });
        if turn == script.turn {
            return;
        }
        match script.turn {
            Some(Turn::Ready(sequence)) => self.ready.remove(&(sequence, id)),
            Some(Turn::Asleep(until)) => self.asleep.remove(&(until, id)),
            None => false,
        };
        script.turn = turn;
        match turn {
            Some(Turn::Ready(sequence)) => self.ready.insert((sequence, id)),
            Some(Turn::Asleep(until)) => self.asleep.insert((until, id)),
            None => false,
        };
    }
}

impl Script {
    /// The event kinds that its state handles.
    pub(super) fn handlers(&self) -> EventKinds {
        self.handlers
    }

    /// How many events wait for it.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// `llMinEventDelay`.
    pub(super) fn set_min_event_delay(&mut self, delay: Duration) {
        self.min_event_delay = delay;
    }
}
