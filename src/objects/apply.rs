//! Executes external requests and answers them.

use tokio::sync::oneshot;

use super::Objects;
use super::command::{Answer, ObjectCommand};
use super::driver::Driver;
use super::error::ObjectError;
use super::heard::Heard;
use crate::ids::PrimId;
use crate::lsl::{BusError, EventKinds, ScriptId};
use crate::time::Timestamp;

impl Objects {
    /// Does what is asked from outside. [`Self::run`] is to follow.
    pub fn apply(&mut self, now: Timestamp, command: ObjectCommand) {
        self.now = now;
        match command {
            // Who has given up waiting would not know its key, and tries again.
            ObjectCommand::Create { answer, .. } if answer.is_closed() => {
                self.counters.refused += 1;
            }
            ObjectCommand::Create { object, answer } => {
                let made = self.create(now, *object);
                self.answer(answer, made);
            }
            ObjectCommand::Remove { object, answer } => {
                let root = self.root_of(object);
                let removed = root.and_then(|root| self.remove_object(root, |_, _| true));
                self.answer(answer, removed);
            }
            ObjectCommand::Report { object, answer } => {
                // Who looks for an object asks one region after the other: a miss is no refusal.
                send(answer, self.root_of(object).and_then(|root| self.report(root)));
            }
            ObjectCommand::List(answer) => send(answer, self.reports()),
            ObjectCommand::AddScript { object, script, answer } => {
                let added = self.add_script(now, object, script);
                self.answer(answer, added);
            }
            ObjectCommand::RemoveScript { script, answer } => {
                let removed = self.remove_script(script, |_, _| true);
                self.answer(answer, removed);
            }
            ObjectCommand::ChangeState { script, handlers, answer } => {
                let changed = self.change_state(now, script, handlers);
                self.answer(answer, changed);
            }
            ObjectCommand::Change { prim, change, answer } => {
                let changed = self.change(now, prim, change);
                self.answer(answer, changed);
            }
            ObjectCommand::Call { script, call, answer } => {
                let outcome = self.call(now, script, *call);
                self.answer(answer, outcome);
            }
            ObjectCommand::Touch { prim, agent, answer } => {
                let touched = self.touch(now, agent, prim);
                self.answer(answer, touched);
            }
            ObjectCommand::Heard { object, after, answer } => {
                let page = self.kept_heard(object).map(|heard| heard.page(after));
                self.answer(answer, page);
            }
            ObjectCommand::FollowHeard { object, answer } => {
                let news = self.kept_heard(object).map(Heard::follow);
                self.answer(answer, news);
            }
            ObjectCommand::HostGone { host, keep } => self.host_gone(host, keep),
            ObjectCommand::WatchClep { name, answer } => {
                let channel = self.clep.watch(name);
                self.is_watched |= channel.is_ok();
                self.answer(answer, channel);
            }
            ObjectCommand::ClepTraffic(answer) => send(answer, self.clep.feed()),
        }
    }

    /// A script enters a state; of a behaviour, its only one.
    fn change_state(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        handlers: EventKinds,
    ) -> Result<(), ObjectError> {
        let running = self.scripts.get(&script).ok_or(BusError::UnknownScript(script))?;
        let root = running.root;
        let handlers = match &running.driver {
            Driver::Behaviour(behaviour) => behaviour.handlers(),
            Driver::Host(_) | Driver::Recorder => handlers,
        };
        self.bus.change_state(now, script, handlers)?;
        self.forget_state(script);
        self.refresh_flags(root);
        Ok(())
    }

    fn kept_heard(&self, object: PrimId) -> Result<&Heard, ObjectError> {
        let root = self.root_of(object)?;
        let kept = self.kept.get(&root).ok_or(ObjectError::UnknownObject(object))?;
        Ok(&kept.heard)
    }

    fn answer<T>(&mut self, answer: Answer<T>, result: Result<T, ObjectError>) {
        self.counters.refused += u64::from(result.is_err());
        send(answer, result);
    }
}

/// Answers; whoever asked may wait no more.
fn send<T>(answer: oneshot::Sender<T>, value: T) {
    let _ = answer.send(value);
}
