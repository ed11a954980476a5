//! Dialogs and text boxes for avatars, and their answers.

use std::time::Duration;

use super::deliver::{LineReach, Said};
use super::effect::{Audience, Effect, ScriptDialog, TEXT_BOX};
use super::error::{BusError, CallRefusal};
use super::rules::DialogRule;
use super::say::{Volume, is_seen};
use super::text::{TextLimit, parse_key};
use super::{ChatBus, ScriptId};
use crate::ids::{AgentId, PrimId};
use crate::time::Timestamp;

impl ChatBus {
    /// `llDialog`: shows an avatar a text with up to twelve buttons; none stand for one. The script
    /// sleeps a second.
    pub fn dialog<B: AsRef<str>>(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        (avatar, message): (&str, &str),
        buttons: &[B],
        channel: i32,
    ) -> Result<Said, BusError> {
        self.speaker(script)?;
        if self.is_for_no_key(avatar) {
            return Ok(self.refuse_key(now, script, "llDialog: the key is invalid"));
        }
        let rule = self.settings.rules.dialogs;
        let mut said = Said::default();
        if let Some(wrong) = wrong_message(message) {
            self.script_error(now, script, &format!("llDialog: {wrong}"), &mut said);
            if rule == DialogRule::Strict {
                return Ok(self.refuse_dialog(said));
            }
        }
        let labels = match labels(rule, buttons, self.settings.rules.dialog_button) {
            Ok(labels) => labels,
            Err(wrong) => {
                self.script_error(now, script, &format!("llDialog: {wrong}"), &mut said);
                return Ok(self.refuse_dialog(said));
            }
        };
        let said = self.ask(script, (avatar, message), labels, channel, said)?;
        Ok(self.pause_and_count(now, script, DIALOG_SLEEP, said))
    }

    /// `llTextBox`: asks an avatar for a text. The script sleeps as
    /// [`Rules::text_box_sleep`](super::Rules::text_box_sleep) says.
    pub fn text_box(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        (avatar, message): (&str, &str),
        channel: i32,
    ) -> Result<Said, BusError> {
        self.speaker(script)?;
        if self.is_for_no_key(avatar) {
            return Ok(self.refuse_key(now, script, "llTextBox: the key is invalid"));
        }
        let mut said = Said::default();
        if let Some(wrong) = wrong_message(message) {
            self.script_error(now, script, &format!("llTextBox: {wrong}"), &mut said);
            return Ok(self.refuse_dialog(said));
        }
        let labels = vec![TEXT_BOX.to_owned()];
        let said = self.ask(script, (avatar, message), labels, channel, said)?;
        let pause = self.settings.rules.text_box_sleep;
        Ok(self.pause_and_count(now, script, pause, said))
    }

    /// `ScriptDialogReply`: the avatar says the label on the channel, whatever a dialog offered and
    /// whether there was one. Viewers also send it for what is typed on negative channels, with the
    /// avatar's own key as the object.
    ///
    /// # Errors
    ///
    /// Fails for an avatar that is not in the region.
    pub fn avatar_reply(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        object: PrimId,
        channel: i32,
        label: &str,
    ) -> Result<Said, BusError> {
        let avatar = self.world.present(agent).ok_or(BusError::UnknownAvatar(agent))?.clone();
        let center = self.world.place(object, true).unwrap_or(avatar.position);
        let is_everywhere = self.settings.rules.replies_reach_region;
        let reach = if is_everywhere {
            LineReach::Region
        } else {
            LineReach::Within(center, self.range(Volume::Say))
        };
        let mut said = Said::default();
        let text = said.cut(self.settings.rules.text, label);
        self.deliver(now, &avatar.spoken(channel, &text, reach), &mut said);
        if is_seen(channel) {
            let (near, chat_type) = self.audience(Volume::Say, channel, center);
            let audience = if is_everywhere { Audience::Region } else { near };
            self.show(audience, avatar.line(chat_type, &text));
        }
        Ok(self.count(said))
    }

    fn ask(
        &mut self,
        script: ScriptId,
        (avatar, message): (&str, &str),
        buttons: Vec<String>,
        channel: i32,
        mut said: Said,
    ) -> Result<Said, BusError> {
        let speaker = self.speaker(script)?;
        let agent = parse_key(avatar).map(AgentId);
        match agent.filter(|agent| self.world.present(*agent).is_some()) {
            None => said.refused = self.refuse(CallRefusal::NoTarget).refused,
            Some(to) => {
                let owner = self.world.object(speaker.root)?.owner.clone();
                let limit = TextLimit::Bytes(MESSAGE_BYTES);
                let message = String::from(&*said.cut(limit, message));
                let object_name = speaker.name;
                let prim = speaker.prim;
                let dialog =
                    ScriptDialog { to, prim, object_name, owner, message, channel, buttons };
                self.effect(Effect::Dialog(dialog));
            }
        }
        Ok(said)
    }

    fn pause_and_count(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        pause: Duration,
        mut said: Said,
    ) -> Said {
        self.pause(now, script, pause, &mut said);
        self.count(said)
    }

    fn is_for_no_key(&self, avatar: &str) -> bool {
        self.settings.rules.dialog_keys_are_checked && parse_key(avatar).is_none()
    }

    fn refuse_dialog(&mut self, said: Said) -> Said {
        Said { refused: self.refuse(CallRefusal::BadDialog).refused, ..said }
    }
}

/// What is wrong with a dialog's message.
fn wrong_message(message: &str) -> Option<&'static str> {
    if message.is_empty() {
        return Some("the message is empty");
    }
    (message.len() > MESSAGE_BYTES).then_some("the message has more than 512 bytes")
}

/// The labels as they are sent, or what is wrong with them.
fn labels<B: AsRef<str>>(
    rule: DialogRule,
    buttons: &[B],
    single: &str,
) -> Result<Vec<String>, &'static str> {
    if buttons.is_empty() {
        return Ok(vec![single.to_owned()]);
    }
    if buttons.len() > BUTTONS {
        return Err("there are more than 12 buttons");
    }
    let limit = match rule {
        DialogRule::Strict => TextLimit::Bytes(24),
        // With the zero at its end.
        DialogRule::Lenient => TextLimit::Bytes(23),
    };
    let label = |button: &B| {
        let label = button.as_ref();
        let cut = limit.cut(label);
        if cut.is_empty() {
            return Err("a button has no label");
        }
        if rule == DialogRule::Strict && cut.len() < label.len() {
            return Err("a button's label has more than 24 bytes");
        }
        Ok(cut.to_owned())
    };
    buttons.iter().map(label).collect()
}

const DIALOG_SLEEP: Duration = Duration::from_secs(1);
const MESSAGE_BYTES: usize = 512;
const BUTTONS: usize = 12;
