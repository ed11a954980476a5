//! Distributes script events: to hosts by their channels, to recorders, and to behaviours at once,
//! in a limited number of turns.

use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;

use super::Objects;
use super::driver::{Driver, HostEvent, HostLink, ScriptEvent};
use crate::ids::PrimId;
use crate::lsl::{Effect, Event, ScriptId, is_seen};
use crate::time::Timestamp;

/// Most events that behaviours are given in one [`Objects::run`]: two that answer each other would
/// never end.
pub(super) const REACTIONS: u64 = 256;
/// How long [`REACTIONS_IN_PERIOD`] must last.
const PERIOD: Duration = Duration::from_millis(100);
/// Most events that behaviours are given in a tenth of a second, however often they are run.
pub(super) const REACTIONS_IN_PERIOD: u64 = 16 * REACTIONS;
/// So many who hear a behaviour cost another turn.
const HEARERS: u64 = 32;
/// Most CLEP messages of scripts to themselves that wait.
pub(super) const DIRECT: usize = 1024;

impl Objects {
    /// Gives scripts that are awake their events; behaviours act on theirs. To be called after each
    /// call with the time and at every tick. Behaviours get so many turns at most, fewer if many
    /// hear them; the rest comes at the next call.
    pub fn run(&mut self, now: Timestamp) {
        self.now = now;
        if now.since(self.turns_since) >= PERIOD {
            (self.turns_since, self.turns_left) = (now, REACTIONS_IN_PERIOD);
        }
        let left = self.turns_left;
        let given = REACTIONS.min(left);
        let mut turns = given;
        let mut is_direct_first = true;
        while turns > 0 {
            let Some((script, event, hops)) = self.next_event(now, is_direct_first) else { return };
            let before = self.bus.effort();
            // What a behaviour says is caused by its event; of scripts elsewhere nobody knows.
            self.bus.set_hops(hops.saturating_add(1));
            let is_turn = self.give(now, script, event);
            self.bus.set_hops(0);
            if is_turn {
                // A line that hundreds hear is the work of many that few hear.
                turns = turns.saturating_sub(1 + (self.bus.effort() - before) / HEARERS);
            }
            is_direct_first = !is_direct_first;
            self.turns_left = left - (given - turns);
        }
        let is_more =
            !self.direct.is_empty() || self.bus.poll_timeout().is_some_and(|at| at <= now);
        self.counters.reactions_postponed += u64::from(is_more);
    }

    /// The next thing that avatars are to see or hear. Take all after [`Self::run`]. Errors of
    /// scripts are not among them; they go to whoever runs the script.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        loop {
            match self.bus.poll_effect()? {
                Effect::ScriptError { script, prim, text } => {
                    tracing::debug!(%script, %prim, %text, "script error");
                    let is_behaviour = self
                        .scripts
                        .get(&script)
                        .is_some_and(|running| matches!(running.driver, Driver::Behaviour(_)));
                    if !is_behaviour {
                        self.give(self.now, script, ScriptEvent::Error(text));
                    }
                }
                effect => return Some(effect),
            }
        }
    }

    /// How many lines led to the effect that was taken last, as far as it is known.
    pub fn effect_hops(&self) -> u8 {
        self.bus.effect_hops()
    }

    /// Sends a host an event of one of its scripts.
    pub(super) fn send_to_host(
        &mut self,
        link: &HostLink,
        script: ScriptId,
        (object, prim): (PrimId, PrimId),
        event: ScriptEvent,
    ) {
        let region = self.settings.region;
        match link.events.try_send(HostEvent { region, object, prim, script, event }) {
            Ok(()) => self.counters.host_events += 1,
            Err(TrySendError::Full(_)) => self.counters.host_full += 1,
            Err(TrySendError::Closed(_)) => self.counters.host_gone += 1,
        }
    }

    /// The next event of any script that is awake. What scripts send to themselves and what comes
    /// by the bus take turns. With the number of lines that led to it.
    fn next_event(
        &mut self,
        now: Timestamp,
        is_direct_first: bool,
    ) -> Option<(ScriptId, ScriptEvent, u8)> {
        if is_direct_first && let Some(direct) = self.direct.pop_front() {
            return Some((direct.0, direct.1, 0));
        }
        while let Some((script, event)) = self.bus.poll_event(now) {
            if let Some(event) = self.clep.filter(&self.bus, script, event) {
                return Some((script, event, self.bus.hops()));
            }
        }
        self.direct.pop_front().map(|(script, event)| (script, event, 0))
    }

    /// Gives a script an event; tells whether a behaviour had its turn by it.
    fn give(&mut self, now: Timestamp, script: ScriptId, event: ScriptEvent) -> bool {
        let Some(running) = self.scripts.get_mut(&script) else { return false };
        let (root, prim) = (running.root, running.prim);
        if let ScriptEvent::Lsl(Event::Listen { channel, id, .. }) = &event
            && is_seen(*channel)
            && self.prims.by_id(PrimId(*id)).is_some()
        {
            running.answering.heard(now);
        }
        match &mut running.driver {
            Driver::Host(link) => {
                let link = link.clone();
                self.send_to_host(&link, script, (root, prim), event);
                false
            }
            Driver::Recorder => {
                self.record(now, script, (root, prim), event);
                false
            }
            Driver::Behaviour(behaviour) => {
                let calls = behaviour.react(&event);
                self.counters.reactions += 1;
                for call in calls {
                    if let Err(error) = self.call(now, script, call) {
                        tracing::debug!(%script, %error, "call of a behaviour failed");
                        self.counters.reaction_errors += 1;
                    }
                }
                true
            }
        }
    }

    fn record(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        (root, prim): (PrimId, PrimId),
        event: ScriptEvent,
    ) {
        let unix_ms = self.unix(now).as_millis() as u64;
        let name = self.bus.script(script).map(|(_, name)| name.to_owned()).unwrap_or_default();
        let Some(kept) = self.kept.get_mut(&root) else { return };
        let forgot = kept.heard.push(unix_ms, (prim.0, name), event);
        self.counters.recorded += 1;
        self.counters.recorded_forgotten += forgot as u64;
    }
}
