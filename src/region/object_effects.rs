//! Carries out the effects of [`Objects`](crate::objects::Objects): lines, dialogs and messages
//! become messages to avatars, or leave through the [`ObjectGate`](super::ObjectGate).
//!
//! It does not decide who the recipients are; the bus has done that.

use super::Region;
use super::chat::SpokenLine;
use crate::circuit::{Category, Outgoing};
use crate::ids::{AgentId, PrimId};
use crate::lsl::{self, Audience, ChatLine, Effect, SourceType};
use crate::message::{self, ScriptDialogButtons, ScriptDialogData, ScriptDialogOwnerData};
use crate::objects::ObjectCommand;
use crate::outbox::{Outbox, send_many};
use crate::time::Timestamp;

impl Region {
    /// Does what is asked from outside about objects.
    pub(super) fn object_command(&mut self, now: Timestamp, command: ObjectCommand) {
        self.objects.apply(now, command);
        self.run_objects(now);
    }

    /// Gives scripts their events. Avatars see what comes of them at once, or with a frame to come
    /// where it may be the answer to a line that they have just been sent.
    pub(super) fn run_objects(&mut self, now: Timestamp) {
        self.objects.run(now);
        while let Some(effect) = self.objects.poll_effect() {
            let hops = self.objects.effect_hops();
            let early = match self.answers.due(now, self.settings.frame, hops) {
                None => Some(effect),
                Some(due) => self.answers.hold(due, effect),
            };
            if let Some(effect) = early {
                self.carry_out(effect);
            }
        }
    }

    /// Shows what a frame's time has come for.
    pub(super) fn show_answers(&mut self, now: Timestamp) {
        while let Some(effect) = self.answers.take_due(now) {
            self.carry_out(effect);
        }
    }

    /// Carries out the effects that wait; gives how many copies of chat lines there were.
    pub(super) fn carry_out_effects(&mut self) -> u64 {
        let mut copies = 0;
        while let Some(effect) = self.objects.poll_effect() {
            copies += self.carry_out(effect);
        }
        copies
    }

    fn carry_out(&mut self, effect: Effect) -> u64 {
        match effect {
            Effect::Chat { audience, line } => return self.show_object_line(audience, &line),
            Effect::Dialog(dialog) => self.show_dialog(&dialog),
            Effect::InstantMessage(message) => match &self.gate {
                Some(gate) => {
                    self.counters.object_messages += 1;
                    gate.instant_message(&self.info, message);
                }
                None => self.counters.object_messages_lost += 1,
            },
            // `Objects` tells them to whoever runs the script.
            Effect::ScriptError { .. } => {}
        }
        0
    }

    fn show_object_line(&mut self, audience: Audience, line: &ChatLine) -> u64 {
        let (to, muted) = self.audience(audience, line);
        let copies = to.len() as u64;
        if !to.is_empty() {
            let line = SpokenLine {
                name: &line.from,
                source: line.source,
                owner: line.owner,
                source_type: line.source_type,
                chat_type: line.chat_type,
                position: line.position,
                text: &line.text,
            };
            if let Some(outgoing) = line.encode() {
                send_many(to, &outgoing);
            }
        }
        self.counters.object_muted += muted;
        if copies == 0 && muted == 0 && matches!(audience, Audience::Agent(_)) {
            self.counters.object_audience_gone += 1;
        }
        self.counters.object_lines += 1;
        self.counters.object_copies += copies;
        copies
    }

    /// Who of an audience lets a line through, and how many do not.
    fn audience(&self, audience: Audience, line: &ChatLine) -> (Vec<&Outbox>, u64) {
        let mut muted = 0;
        let mut hears = |agent: AgentId| {
            let is_muted = line.source_type == SourceType::Object
                && self.is_muted(agent, PrimId(line.source), line.owner, &line.from);
            muted += u64::from(is_muted);
            !is_muted
        };
        let members: Vec<&Outbox> = match audience {
            Audience::Agent(agent) => {
                let slot = self.crowd.slot_of(agent);
                let member = slot.and_then(|slot| self.crowd.get(slot));
                let member = member.filter(|member| hears(member.avatar.agent));
                member.map(|member| &member.avatar.outbox).into_iter().collect()
            }
            // Child agents are not sent yet: nobody looks in from a neighbour.
            Audience::Within { center, range, children: _ } => {
                let near = self.crowd.grid().within(center, range);
                let near = near.filter_map(|slot| self.crowd.get(slot));
                let near = near.filter(|member| hears(member.avatar.agent));
                near.map(|member| &member.avatar.outbox).collect()
            }
            Audience::Region => {
                let all = self.crowd.iter().map(|(_, member)| member);
                let all = all.filter(|member| hears(member.avatar.agent));
                all.map(|member| &member.avatar.outbox).collect()
            }
        };
        (members, muted)
    }

    fn show_dialog(&mut self, dialog: &lsl::ScriptDialog) {
        let slot = self.crowd.slot_of(dialog.to);
        let Some(member) = slot.and_then(|slot| self.crowd.get(slot)) else {
            self.counters.object_audience_gone += 1;
            return;
        };
        if self.is_muted(dialog.to, dialog.prim, dialog.owner.key(), &dialog.object_name) {
            self.counters.object_muted += 1;
            return;
        }
        // Full: the endpoint counts it.
        if let Ok(message) = message::encode(&script_dialog(dialog)) {
            let outgoing = Outgoing::reliable(message, Category::Unthrottled);
            let _ = member.avatar.outbox.send(outgoing.from(dialog.prim.0));
        }
        self.counters.object_dialogs += 1;
    }

    fn is_muted(&self, listener: AgentId, prim: PrimId, owner: uuid::Uuid, name: &str) -> bool {
        self.gate.as_ref().is_some_and(|gate| !gate.hears(listener, prim, owner, name))
    }
}

/// `ScriptDialog`. Viewers name the owner by first and last name, a group by the last alone.
fn script_dialog(dialog: &lsl::ScriptDialog) -> message::ScriptDialog {
    let (first, last) = dialog.owner.names();
    let button = |label: &String| ScriptDialogButtons { button_label: message::variable1(label) };
    message::ScriptDialog {
        data: ScriptDialogData {
            object_id: dialog.prim.0,
            first_name: message::variable1(first),
            last_name: message::variable1(last),
            object_name: message::variable1(&dialog.object_name),
            message: message::variable2(&dialog.message),
            chat_channel: dialog.channel,
            image_id: uuid::Uuid::nil(),
        },
        buttons: dialog.buttons.iter().map(button).collect(),
        owner_data: vec![ScriptDialogOwnerData { owner_id: dialog.owner.key() }],
    }
}
