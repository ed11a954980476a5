//! Chat of objects to everybody nearby or to the whole region, and script errors.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::deliver::{LineReach, Said, Spoken};
use super::effect::{
    Audience, ChatLine, ChatType, DEBUG_CHANNEL, Effect, PUBLIC_CHANNEL, SourceType,
};
use super::error::{BusError, CallRefusal};
use super::rules::ThrottleRule;
use super::{ChatBus, ScriptId};
use crate::ids::PrimId;
use crate::message::Vector3;
use crate::time::Timestamp;

/// How loud something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// 10 m.
    Whisper,
    /// 20 m.
    Say,
    /// 100 m.
    Shout,
}

impl Volume {
    pub(super) fn chat_type(self) -> ChatType {
        match self {
            Self::Whisper => ChatType::Whisper,
            Self::Say => ChatType::Say,
            Self::Shout => ChatType::Shout,
        }
    }
}

/// The prim that a script speaks for.
#[derive(Clone, Debug)]
pub(super) struct SayOrigin {
    pub(super) prim: PrimId,
    pub(super) root: PrimId,
    pub(super) name: Arc<str>,
    pub(super) owner: Uuid,
    pub(super) position: Vector3,
}

impl SayOrigin {
    /// What it says to scripts.
    pub(super) fn spoken(&self, channel: i32, text: &Arc<str>, reach: LineReach) -> Spoken {
        Spoken {
            channel,
            speaker: self.prim.0,
            name: self.name.clone(),
            owner: self.owner,
            text: text.clone(),
            deaf: Some(self.prim),
            reach,
            loose: false,
        }
    }

    /// What it says to avatars.
    pub(super) fn line(&self, chat_type: ChatType, text: &Arc<str>) -> ChatLine {
        ChatLine {
            from: self.name.clone(),
            source: self.prim.0,
            owner: self.owner,
            source_type: SourceType::Object,
            chat_type,
            position: self.position,
            text: text.clone(),
        }
    }
}

impl ChatBus {
    /// `llWhisper`, `llSay` and `llShout`: to scripts in range, and on the public and the debug
    /// channel to avatars in range.
    pub fn say(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        volume: Volume,
        channel: i32,
        text: &str,
    ) -> Result<Said, BusError> {
        let speaker = self.speaker(script)?;
        if self.is_at_hop_limit() {
            return Ok(self.refuse(CallRefusal::TooManyHops));
        }
        let mut said = Said::default();
        if !self.allows_seen(now, speaker.owner, channel) {
            return Ok(self.refuse(CallRefusal::Throttled));
        }
        if self.throttle() == Some(ThrottleRule::OpenSim) && volume != Volume::Whisper {
            let is_public = channel == PUBLIC_CHANNEL;
            let known = self.scripts.get_mut(script);
            let pause = known.map(|known| known.says.sleep(now, is_public));
            self.pause(now, script, pause.unwrap_or_default(), &mut said);
        }
        let text = said.cut(self.settings.rules.text, text);
        let range = self.range(volume);
        let spoken = speaker.spoken(channel, &text, LineReach::Within(speaker.position, range));
        self.deliver(now, &spoken, &mut said);
        if is_seen(channel) {
            let (audience, chat_type) = self.audience(volume, channel, speaker.position);
            self.show(audience, speaker.line(chat_type, &text));
        }
        Ok(self.count(said))
    }

    /// `llRegionSay`: to all scripts of the region. Not on the public channel; on the debug channel
    /// avatars see it, too.
    pub fn region_say(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        channel: i32,
        text: &str,
    ) -> Result<Said, BusError> {
        let speaker = self.speaker(script)?;
        if self.is_at_hop_limit() {
            return Ok(self.refuse(CallRefusal::TooManyHops));
        }
        let rules = &self.settings.rules;
        if channel == PUBLIC_CHANNEL {
            let is_error = rules.public_region_say_is_an_error;
            let mut said = self.refuse(CallRefusal::PublicChannel);
            if is_error {
                let text = "llRegionSay: not possible on channel 0";
                self.script_error(now, script, text, &mut said);
            }
            return Ok(said);
        }
        if !self.allows_seen(now, speaker.owner, channel) {
            return Ok(self.refuse(CallRefusal::Throttled));
        }
        let mut said = Said::default();
        let at_root = self.settings.rules.debug_region_say_at_root;
        let text = said.cut(self.settings.rules.text, text);
        self.deliver(now, &speaker.spoken(channel, &text, LineReach::Region), &mut said);
        if channel == DEBUG_CHANNEL {
            let mut line = speaker.line(ChatType::Debug, &text);
            if at_root {
                line.position = self.world.place(speaker.root, true).unwrap_or(line.position);
            }
            self.show(Audience::Region, line);
        }
        Ok(self.count(said))
    }

    /// A script's run-time error: shouted on the debug channel by its prim, and an effect of its
    /// own.
    pub fn report_error(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        text: &str,
    ) -> Result<Said, BusError> {
        self.speaker(script)?;
        let mut said = Said::default();
        self.script_error(now, script, text, &mut said);
        Ok(said)
    }

    /// As [`ChatBus::report_error`], within a call that goes wrong: the pause is added to its own.
    pub(super) fn script_error(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        text: &str,
        said: &mut Said,
    ) {
        let Ok(speaker) = self.speaker(script) else { return };
        let mut shouted = Said::default();
        let text = shouted.cut(self.settings.rules.text, text);
        let reach = LineReach::Within(speaker.position, self.settings.ranges.shout);
        self.deliver(now, &speaker.spoken(DEBUG_CHANNEL, &text, reach), &mut shouted);
        let (audience, chat_type) = self.audience(Volume::Shout, DEBUG_CHANNEL, speaker.position);
        self.show(audience, speaker.line(chat_type, &text));
        self.counters.script_errors += 1;
        self.effect(Effect::ScriptError { script, prim: speaker.prim, text });
        self.pause(now, script, self.settings.rules.error_sleep, said);
    }

    /// The prim that a script speaks for, as it is now.
    pub(super) fn speaker(&self, script: ScriptId) -> Result<SayOrigin, BusError> {
        let id = self.scripts.get(script).ok_or(BusError::UnknownScript(script))?.prim;
        let prim = self.world.prim(id)?;
        let object = self.world.object(prim.root)?;
        Ok(SayOrigin {
            prim: id,
            root: prim.root,
            name: prim.name.clone(),
            owner: object.owner.key(),
            position: self.world.place(id, false).unwrap_or(object.position),
        })
    }

    /// Who sees what is said at a place, and as what.
    pub(super) fn audience(
        &self,
        volume: Volume,
        channel: i32,
        center: Vector3,
    ) -> (Audience, ChatType) {
        let rules = &self.settings.rules;
        let near = Audience::Within {
            center,
            range: self.range(volume),
            children: volume == Volume::Shout && rules.children_see_shouts,
        };
        match channel {
            DEBUG_CHANNEL if rules.debug_everywhere => (Audience::Region, ChatType::Debug),
            DEBUG_CHANNEL => (near, ChatType::Debug),
            _ => (near, volume.chat_type()),
        }
    }

    pub(super) fn range(&self, volume: Volume) -> f32 {
        let ranges = &self.settings.ranges;
        match volume {
            Volume::Whisper => ranges.whisper,
            Volume::Say => ranges.say,
            Volume::Shout => ranges.shout,
        }
    }

    /// Whether an owner's objects may say one more thing on a channel that avatars see.
    fn allows_seen(&mut self, now: Timestamp, owner: Uuid, channel: i32) -> bool {
        self.throttle() != Some(ThrottleRule::SecondLife)
            || !is_seen(channel)
            || self.throttles.allows_public(now, owner)
    }

    /// The throttles that apply.
    pub(super) fn throttle(&self) -> Option<ThrottleRule> {
        self.settings.throttles.then_some(self.settings.rules.throttle)
    }

    /// Makes a script sleep for what it called.
    pub(super) fn pause(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        pause: Duration,
        said: &mut Said,
    ) {
        if self.settings.delays && !pause.is_zero() {
            said.sleep += pause;
            self.scripts.sleep(now, script, pause);
        }
    }
}

/// Whether avatars see a channel.
pub fn is_seen(channel: i32) -> bool {
    channel == PUBLIC_CHANNEL || channel == DEBUG_CHANNEL
}
