//! What is asked from outside, each request with its answer.

use tokio::sync::oneshot;

use super::Objects;
use super::command::{Answer, ObjectCommand};
use super::driver::Driver;
use super::error::ObjectError;
use super::report::HeardPage;
use crate::ids::PrimId;
use crate::lsl::{BusError, EventKinds, ScriptId};
use crate::time::Timestamp;

impl Objects {
    /// Does what is asked from outside. [`Self::run`] is to follow.
    pub fn apply(&mut self, now: Timestamp, command: ObjectCommand) {
        self.now = now;
        match command {
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
                let report = self.root_of(object).and_then(|root| self.report(root));
                self.answer(answer, report);
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
            ObjectCommand::Heard { object, after, answer } => {
                let page = self.heard(object, after);
                self.answer(answer, page);
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

    fn heard(&self, object: PrimId, after: u64) -> Result<HeardPage, ObjectError> {
        let root = self.root_of(object)?;
        let kept = self.kept.get(&root).ok_or(ObjectError::UnknownObject(object))?;
        Ok(kept.heard.page(after))
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
