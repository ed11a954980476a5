//! Messages from objects to a single recipient: a prim, an avatar, or the owner.

use std::time::Duration;

use super::deliver::{LineReach, Said, Spoken};
use super::effect::{Audience, ChatType, DEBUG_CHANNEL, Effect, ObjectMessage, PUBLIC_CHANNEL};
use super::error::{BusError, CallRefusal};
use super::objects::Owner;
use super::rules::ThrottleRule;
use super::text::parse_key;
use super::{ChatBus, ScriptId};
use crate::ids::{AgentId, PrimId};
use crate::time::Timestamp;

impl ChatBus {
    /// `llRegionSayTo`: to the scripts of exactly one prim, to an avatar on the public channel, or
    /// to the scripts of all that an avatar wears on the others. At any distance.
    pub fn region_say_to(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        target: &str,
        channel: i32,
        text: &str,
    ) -> Result<Said, BusError> {
        let speaker = self.speaker(script)?;
        if self.is_at_hop_limit() {
            return Ok(self.refuse(CallRefusal::TooManyHops));
        }
        if channel == DEBUG_CHANNEL {
            return Ok(self.refuse(CallRefusal::DebugChannel));
        }
        let Some(key) = parse_key(target) else { return Ok(self.refuse(CallRefusal::NoTarget)) };
        let (prim, agent) = (PrimId(key), AgentId(key));
        let is_avatar = self.world.present(agent).is_some();
        if !is_avatar && self.world.prim(prim).is_err() {
            return Ok(self.refuse(CallRefusal::NoTarget));
        }
        if self.throttle() == Some(ThrottleRule::SecondLife) {
            let who = (speaker.owner, speaker.root, key);
            if !self.throttles.allows_direct(now, who, channel == PUBLIC_CHANNEL) {
                return Ok(self.refuse(CallRefusal::Throttled));
            }
        }
        let mut said = Said::default();
        let text = said.cut(self.settings.rules.direct_text, text);
        if is_avatar && channel == PUBLIC_CHANNEL {
            self.show(Audience::Agent(agent), speaker.line(ChatType::Direct, &text));
        } else {
            let reach = if is_avatar { LineReach::Worn(agent) } else { LineReach::Prim(prim) };
            let spoken = Spoken { loose: true, ..speaker.spoken(channel, &text, reach) };
            self.deliver(now, &spoken, &mut said);
        }
        Ok(self.count(said))
    }

    /// `llOwnerSay`: to the owner's viewer, and to no script.
    pub fn owner_say(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        text: &str,
    ) -> Result<Said, BusError> {
        let speaker = self.speaker(script)?;
        let Owner::Agent { id, .. } = self.world.object(speaker.root)?.owner else {
            return Ok(self.refuse(CallRefusal::GroupOwned));
        };
        if self.world.present(id).is_none() && !self.has_just_left(now, id) {
            return Ok(self.refuse(CallRefusal::OwnerAway));
        }
        let mut said = Said::default();
        let text = said.cut(self.settings.rules.text, text);
        let mut line = speaker.line(ChatType::Owner, &text);
        line.position = self.settings.rules.owner_say_place.unwrap_or(line.position);
        self.show(Audience::Agent(id), line);
        Ok(self.count(said))
    }

    /// `llInstantMessage`: to an avatar, wherever it is. The script sleeps two seconds.
    pub fn instant_message(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        to: &str,
        text: &str,
    ) -> Result<Said, BusError> {
        let speaker = self.speaker(script)?;
        let owner = self.world.object(speaker.root)?.owner.clone();
        let has_checks = self.settings.rules.instant_message_checks;
        let key = parse_key(to);
        if key.is_none() && has_checks {
            return Ok(self.refuse_key(now, script, "llInstantMessage: the key is invalid"));
        }
        if text.is_empty() && has_checks {
            return Ok(self.refuse(CallRefusal::Empty));
        }
        let is_slow = self.throttle() != Some(ThrottleRule::SecondLife)
            || self.throttles.allows_instant_message(now, speaker.owner);
        let mut said = match key {
            None => self.refuse(CallRefusal::BadKey),
            Some(_) if !is_slow => self.refuse(CallRefusal::Throttled),
            Some(key) => {
                let mut said = Said::default();
                let text = said.cut(self.settings.rules.instant_message_text, text);
                self.effect(Effect::InstantMessage(ObjectMessage {
                    to: AgentId(key),
                    prim: speaker.prim,
                    object_name: speaker.name,
                    owner,
                    position: speaker.position,
                    text,
                }));
                self.count(said)
            }
        };
        self.pause(now, script, INSTANT_MESSAGE_SLEEP, &mut said);
        Ok(said)
    }

    /// A call that does nothing but report that it was given no key.
    pub(super) fn refuse_key(&mut self, now: Timestamp, script: ScriptId, text: &str) -> Said {
        let mut said = self.refuse(CallRefusal::BadKey);
        self.script_error(now, script, text, &mut said);
        said
    }

    /// Whether an avatar left so short a time ago that its owner's chat still follows it.
    fn has_just_left(&self, now: Timestamp, agent: AgentId) -> bool {
        let lingers = self.settings.rules.owner_say_lingers;
        self.departed.iter().any(|(at, who)| *who == agent && now.since(*at) < lingers)
    }
}

const INSTANT_MESSAGE_SLEEP: Duration = Duration::from_secs(2);
