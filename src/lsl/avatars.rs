//! Avatars on the bus: who comes, goes and walks, and what viewers say.

use std::sync::Arc;

use super::ChatBus;
use super::deliver::{Reach, Said, Spoken};
use super::effect::{Audience, ChatLine, ChatType, SourceType};
use super::error::{BusError, Refusal};
use super::objects::{Participant, is_within};
use super::say::{Volume, is_seen};
use crate::ids::{AgentId, PrimId};
use crate::message::Vector3;
use crate::time::Timestamp;

impl Participant {
    /// What it says to scripts; no prim is deaf to it, not even what the avatar wears.
    pub(super) fn spoken(&self, channel: i32, text: &Arc<str>, reach: Reach) -> Spoken {
        Spoken {
            channel,
            speaker: self.id.0,
            name: self.name.clone(),
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
    ///
    /// # Errors
    ///
    /// Fails for an unknown avatar.
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

    /// `ChatFromViewer`: what an avatar says or that it types. `kind` is the message's `Type`; all
    /// channels are taken, though viewers do not send negative ones this way.
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
            4 => return Ok(self.typing(&avatar, ChatType::StartTyping)),
            5 => return Ok(self.typing(&avatar, ChatType::StopTyping)),
            _ => return Ok(self.refuse(Refusal::BadKind)),
        };
        let mut said = Said::default();
        let text = said.cut(self.settings.rules.text, text);
        if text.is_empty() {
            return Ok(self.refuse(Refusal::Empty));
        }
        let reach = Reach::Within(avatar.position, self.range(volume));
        self.deliver(now, &avatar.spoken(channel, &text, reach), &mut said);
        if is_seen(channel) {
            let (audience, chat_type) = self.audience(volume, channel, avatar.position);
            self.show(audience, avatar.line(chat_type, &text));
        }
        Ok(self.count(said))
    }

    fn typing(&mut self, avatar: &Participant, chat_type: ChatType) -> Said {
        let audience = if self.settings.rules.typing_everywhere {
            Audience::Region
        } else {
            let range = self.range(Volume::Say);
            Audience::Within { center: avatar.position, range, children: false }
        };
        self.show(audience, avatar.line(chat_type, &Arc::from("")));
        Said::default()
    }
}

/// How many avatars that have left are remembered.
const DEPARTED: usize = 256;
