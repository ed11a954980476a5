//! Delivers a line to the listens on its channel: who hears it, and why others do not.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::error::CallRefusal;
use super::listens::{Listen, ListenHandle};
use super::objects::{World, is_within};
use super::queue::Event;
use super::rules::Rules;
use super::scripts::Pushed;
use super::text::TextLimit;
use super::{ChatBus, Counters, ScriptId};
use crate::ids::{AgentId, PrimId};
use crate::message::Vector3;
use crate::time::Timestamp;

/// What became of a call that speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Why nothing was said.
    pub refused: Option<CallRefusal>,
    /// Whether the text was too long and cut.
    pub truncated: bool,
    /// How long the script sleeps for it.
    pub sleep: Duration,
    /// How many listens, or for a link message scripts, were asked.
    pub considered: usize,
    /// How many events were queued.
    pub queued: usize,
    /// What became of the line at each that was asked; empty without
    /// [`Settings::tap`](super::Settings::tap).
    pub hearings: Vec<Hearing>,
}

impl Said {
    /// The text that is left under a limit.
    pub(super) fn cut(&mut self, limit: TextLimit, text: &str) -> Arc<str> {
        let cut = limit.cut(text);
        self.truncated |= cut.len() < text.len();
        Arc::from(cut)
    }

    /// Notes what became of the line at one listen or script.
    pub(super) fn note(&mut self, counters: &mut Counters, has_tap: bool, hearing: Hearing) {
        self.considered += 1;
        counters.considered += 1;
        match hearing.fate {
            Fate::Queued => {
                self.queued += 1;
                counters.queued += 1;
            }
            Fate::Full => counters.full += 1,
            Fate::Unhandled => counters.unhandled += 1,
            Fate::TooEarly => counters.too_early += 1,
            _ => {}
        }
        if has_tap {
            self.hearings.push(hearing);
        }
    }
}

/// What became of a line at one listen, or of a link message at one script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hearing {
    /// The script that listens.
    pub script: ScriptId,
    /// Which of its listens; `None` for a link message.
    pub handle: Option<ListenHandle>,
    /// What became of it.
    pub fate: Fate,
}

/// Why a line did or did not become an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It waits for the script.
    Queued,
    /// The listen is switched off.
    Inactive,
    /// The prim spoke itself.
    Own,
    /// It was said to another prim or avatar.
    NotAddressed,
    /// The listen wants another speaker's key.
    Key,
    /// The listen wants another speaker's name.
    Name,
    /// The listen wants another text.
    Text,
    /// Too far away.
    Range,
    /// Another listen of the script has heard it already.
    Again,
    /// Too many events wait.
    Full,
    /// The script's state has no handler.
    Unhandled,
    /// Before the time set by `llMinEventDelay`.
    TooEarly,
}

impl From<Pushed> for Fate {
    fn from(pushed: Pushed) -> Self {
        match pushed {
            Pushed::Queued => Self::Queued,
            Pushed::Full => Self::Full,
            Pushed::Unhandled => Self::Unhandled,
            Pushed::TooEarly => Self::TooEarly,
        }
    }
}

/// A line for scripts.
#[derive(Debug)]
pub(super) struct Spoken {
    pub(super) channel: i32,
    /// The speaker's key and name, as `listen` gives them.
    pub(super) speaker: Uuid,
    pub(super) name: Arc<str>,
    /// The speaker's owner; an avatar's own key.
    pub(super) owner: Uuid,
    pub(super) text: Arc<str>,
    /// The prim that does not hear it, being the one that speaks.
    pub(super) deaf: Option<PrimId>,
    pub(super) reach: LineReach,
    /// Whether it may change places with its neighbours.
    pub(super) loose: bool,
}

/// How far a line carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum LineReach {
    /// So many metres around a place.
    Within(Vector3, f32),
    Region,
    Prim(PrimId),
    /// All prims that an avatar wears.
    Worn(AgentId),
}

impl Spoken {
    /// Why it does not reach the place of a listen.
    fn misses(&self, listen: &Listen, world: &World, rules: &Rules) -> Option<Fate> {
        match self.reach {
            LineReach::Within(center, range) => {
                let place = world.place(listen.prim, rules.hear_at_root);
                let is_near = place.is_some_and(|place| {
                    is_within(center, place, range, rules.scripts_hear_at_range)
                });
                (!is_near).then_some(Fate::Range)
            }
            LineReach::Worn(agent) if world.wearer(listen.prim) != Some(agent) => {
                Some(Fate::NotAddressed)
            }
            // Which prim was asked by the listen itself.
            LineReach::Region | LineReach::Prim(_) | LineReach::Worn(_) => None,
        }
    }

    fn event(&self) -> Event {
        Event::Listen {
            channel: self.channel,
            name: self.name.clone(),
            id: self.speaker,
            message: self.text.clone(),
            owner: self.owner,
        }
    }
}

impl ChatBus {
    /// Queues a line for all scripts that hear it.
    pub(super) fn deliver(&mut self, now: Timestamp, spoken: &Spoken, said: &mut Said) {
        self.counters.lines += 1;
        let (line, hops) = (self.counters.lines, self.hops);
        let Self { settings, world, scripts, listens, random, counters, .. } = self;
        let rules = &settings.rules;
        let may_swap = spoken.loose && settings.shuffle_region_say_to;
        for listen in listens.on(spoken.channel) {
            let stopped = listen.stops(spoken).or_else(|| spoken.misses(listen, world, rules));
            let fate = stopped.unwrap_or_else(|| {
                let Some(script) = scripts.get_mut(listen.script) else { return Fate::Unhandled };
                if rules.one_event_per_line && script.last_line == line {
                    return Fate::Again;
                }
                script.last_line = line;
                let loose = (may_swap, may_swap && random.bool());
                scripts.push(now, listen.script, spoken.event(), rules, loose, hops).into()
            });
            let (script, handle) = (listen.script, Some(listen.handle));
            said.note(counters, settings.tap, Hearing { script, handle, fate });
        }
    }
}
