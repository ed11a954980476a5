//! Avatars on the bus: arriving, leaving and moving, and the delivery of their chat to scripts.

use std::sync::Arc;

use super::ChatBus;
use super::deliver::{LineReach, Said, Spoken};
use super::effect::{Audience, ChatLine, ChatType, SourceType};
use super::error::{BusError, CallRefusal};
use super::objects::{Participant, is_within};
use super::say::Volume;
use crate::ids::{AgentId, PrimId};
use crate::message::Vector3;
use crate::time::Timestamp;

impl Participant {
    /// What it says to scripts; no prim is deaf to it, not even what the avatar wears.
    pub(super) fn spoken(&self, channel: i32, text: &Arc<str>, reach: LineReach) -> Spoken {
        Spoken {
            channel,
            speaker: self.id.0,
            name: self.name.clone(),
            owner: self.id.0,
            text: text.clone(),
            deaf: None,
            reach,
            loose: false,
        }
    }

    /// What it says to avatars.
    pub(super) fn line(&self, chat_type: ChatType, text: &Arc<str>) -> ChatLine {
        ChatLine {
            from: self.name.clone(),
            source: self.id.0,
            owner: self.id.0,
            source_type: SourceType::Agent,
            chat_type,
            position: self.position,
            text: text.clone(),
        }
    }
}

impl ChatBus {
    /// Lets an avatar in, or changes what is known of it: its name, its place, whether it is a
    /// child agent.
    ///
    /// # Errors
    ///
    /// Fails for a key that is null or a prim's, a place that is not finite, and too many avatars.
    pub fn put_avatar(&mut self, avatar: Participant) -> Result<(), BusError> {
        self.world.put_avatar(avatar, &self.settings)
    }

    /// An avatar has moved.
    ///
    /// # Errors
    ///
    /// Fails for an unknown avatar and a place that is not finite.
    pub fn move_avatar(&mut self, agent: AgentId, to: Vector3) -> Result<(), BusError> {
        self.world.move_avatar(agent, to)
    }

    /// An avatar leaves, with all that it wears. The roots of that are returned.
    pub fn remove_avatar(
        &mut self,
        now: Timestamp,
        agent: AgentId,
    ) -> Result<Vec<PrimId>, BusError> {
        let worn = self.world.remove_avatar(agent)?;
        for root in &worn {
            self.remove_object(*root)?;
        }
        let lingers = self.settings.rules.owner_say_lingers;
        self.departed.retain(|(at, who)| *who != agent && now.since(*at) < lingers);
        if self.departed.len() >= DEPARTED {
            self.departed.pop_front();
        }
        if !lingers.is_zero() {
            self.departed.push_back((now, agent));
        }
        Ok(worn)
    }

    /// The avatars that see a line, in the order of their keys.
    pub fn hearers(&self, audience: Audience) -> impl Iterator<Item = AgentId> {
        let hears = move |avatar: &&Participant| match audience {
            Audience::Agent(agent) => avatar.id == agent && !avatar.is_child,
            Audience::Region => !avatar.is_child,
            Audience::Within { center, range, children } => {
                (children || !avatar.is_child) && is_within(center, avatar.position, range, true)
            }
        };
        self.world.avatars().filter(hears).map(|avatar| avatar.id)
    }

    /// `ChatFromViewer`: what scripts hear of it. What avatars see of avatars is not the bus's
    /// affair. `kind` is the message's `Type`, of which scripts hear 0 to 3; all channels are taken,
    /// though viewers do not send negative ones this way.
    ///
    /// # Errors
    ///
    /// Fails for an avatar that is not in the region.
    pub fn avatar_chat(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        kind: u8,
        channel: i32,
        text: &str,
    ) -> Result<Said, BusError> {
        let avatar = self.world.present(agent).ok_or(BusError::UnknownAvatar(agent))?.clone();
        let volume = match kind {
            0 => Volume::Whisper,
            // 3 is an obsolete say.
            1 | 3 => Volume::Say,
            2 => Volume::Shout,
            _ => return Ok(self.refuse(CallRefusal::BadKind)),
        };
        let mut said = Said::default();
        let text = said.cut(self.settings.rules.text, text);
        if text.is_empty() {
            return Ok(self.refuse(CallRefusal::Empty));
        }
        let reach = LineReach::Within(avatar.position, self.range(volume));
        self.deliver(now, &avatar.spoken(channel, &text, reach), &mut said);
        Ok(self.count(said))
    }
}

/// How many avatars that have left are remembered.
const DEPARTED: usize = 256;
