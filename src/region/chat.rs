//! Local chat of avatars: who hears what, and the messages for it.
//!
//! A line is encoded once for all listeners and is not throttled. Avatars see the public channel
//! and the debug channel; scripts hear every channel, through [`Objects`](crate::objects::Objects).
//! `object_effects` handles what objects say to avatars.

use uuid::Uuid;

use super::Region;
use super::math::ZERO;
use crate::circuit::{Category, LatestState, Outgoing, Supersedes};
use crate::ids::AgentId;
use crate::lsl::{ChatType, DEBUG_CHANNEL, PUBLIC_CHANNEL, SourceType, VIEWER_TEXT};
use crate::message::{self, ChatFromSimulator, ChatFromSimulatorChatData, Vector3};
use crate::outbox::{Outbox, send_many};
use crate::time::Timestamp;

/// What a client asked for by `ChatData.Type`; `None` if clients may not.
fn asked(kind: u8) -> Option<ChatType> {
    match kind {
        0 => Some(ChatType::Whisper),
        // 3 is an obsolete say.
        1 | 3 => Some(ChatType::Say),
        2 => Some(ChatType::Shout),
        4 => Some(ChatType::StartTyping),
        5 => Some(ChatType::StopTyping),
        _ => None,
    }
}

fn is_typing(kind: ChatType) -> bool {
    matches!(kind, ChatType::StartTyping | ChatType::StopTyping)
}

impl Region {
    /// `ChatFromViewer`.
    pub(super) fn chat(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        text: &str,
        kind: u8,
        channel: i32,
    ) {
        let Some(slot) = self.speaker(now, agent) else { return };
        let Some(volume) = asked(kind) else {
            self.counters.chat_refused += 1;
            return;
        };
        let types = is_typing(volume);
        let text = if types { "" } else { spoken(text) };
        if text.is_empty() && !types {
            self.counters.chat_refused += 1;
            return;
        }
        let heard = if types || channel == PUBLIC_CHANNEL || channel == DEBUG_CHANNEL {
            let heard = self.show_line(slot, volume, channel, text);
            self.counters.chat_lines += 1;
            self.counters.chat_deliveries += heard;
            heard
        } else {
            self.counters.chat_for_scripts += 1;
            0
        };
        let before = self.objects.effort();
        let is_for_scripts = !types && self.objects.listens();
        if is_for_scripts {
            self.objects.avatar_says(now, agent, kind, channel, text);
        }
        // Before scripts answer: what they say is not the speaker's cost.
        self.spend_chat(slot, heard + self.objects.effort() - before);
        if is_for_scripts {
            self.answers.heard(now);
            self.run_objects(now);
        }
    }

    /// `ScriptDialogReply`: an answer to a dialog, or what was typed on a negative channel.
    pub(super) fn dialog_reply(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        object: Uuid,
        channel: i32,
        label: &str,
    ) {
        let Some(slot) = self.speaker(now, agent) else { return };
        if channel != PUBLIC_CHANNEL && channel != DEBUG_CHANNEL {
            self.counters.chat_for_scripts += 1;
        }
        let before = self.objects.effort();
        self.objects.dialog_reply(now, agent, object, channel, spoken(label));
        // Before scripts answer: only who hears the reply itself is the speaker's cost.
        let heard = self.carry_out_effects() + self.objects.effort() - before;
        self.spend_chat(slot, heard);
        self.answers.heard(now);
        self.run_objects(now);
    }

    pub(super) fn system_chat(&mut self, to: Option<AgentId>, text: &str) {
        let name = self.info.name.clone();
        let line = SpokenLine {
            name: &name,
            source: Uuid::nil(),
            owner: Uuid::nil(),
            source_type: SourceType::System,
            chat_type: ChatType::Say,
            position: ZERO,
            text,
        };
        let Some(outgoing) = line.encode() else { return };
        match to {
            None => {
                self.send_to_all(&outgoing);
            }
            Some(agent) => {
                let slot = self.crowd.slot_of(agent);
                match slot.and_then(|slot| self.crowd.get(slot)) {
                    Some(member) => send_many([&member.avatar.outbox], &outgoing),
                    None => self.count_unknown(),
                }
            }
        }
    }

    /// The slot of somebody who is here and may still speak.
    fn speaker(&mut self, now: Timestamp, agent: AgentId) -> Option<usize> {
        let Some(slot) = self.crowd.slot_of(agent) else {
            self.count_unknown();
            return None;
        };
        let rate = self.settings.chat_copies_per_second;
        let is_open = self.crowd.get_mut(slot)?.avatar.chat_budget.is_open(now, rate);
        if !is_open {
            self.counters.chat_flooded += 1;
        }
        is_open.then_some(slot)
    }

    /// A line that nobody hears costs one copy, too.
    fn spend_chat(&mut self, slot: usize, copies: u64) {
        if let Some(member) = self.crowd.get_mut(slot) {
            member.avatar.chat_budget.spend(copies.max(1));
        }
    }

    /// Shows avatars what one of them says, or that it types; to how many.
    fn show_line(&self, slot: usize, volume: ChatType, channel: i32, text: &str) -> u64 {
        let Some(member) = self.crowd.get(slot) else { return 0 };
        let avatar = &member.avatar;
        let is_debug = channel == DEBUG_CHANNEL && !is_typing(volume);
        let position = avatar.motion.position;
        let line = SpokenLine {
            name: &avatar.name(),
            source: avatar.agent.0,
            owner: avatar.agent.0,
            source_type: SourceType::Agent,
            chat_type: if is_debug { ChatType::Debug } else { volume },
            position,
            text,
        };
        let Some(outgoing) = line.encode() else { return 0 };
        let bus = &self.settings.bus;
        let is_everywhere = (is_debug && bus.rules.debug_everywhere)
            || (is_typing(volume) && bus.rules.typing_everywhere);
        if is_everywhere {
            return self.send_to_all(&outgoing);
        }
        let range = match volume {
            ChatType::Whisper => bus.ranges.whisper,
            ChatType::Shout => bus.ranges.shout,
            _ => bus.ranges.say,
        };
        let near = self.crowd.grid().within(position, range);
        send_to(near.filter_map(|slot| Some(&self.crowd.get(slot)?.avatar.outbox)), &outgoing)
    }

    fn send_to_all(&self, outgoing: &Outgoing) -> u64 {
        send_to(self.crowd.iter().map(|(_, member)| &member.avatar.outbox), outgoing)
    }
}

fn send_to<'a>(to: impl Iterator<Item = &'a Outbox>, outgoing: &Outgoing) -> u64 {
    let mut count = 0;
    send_many(to.inspect(|_| count += 1), outgoing);
    count
}

/// One line of chat.
pub(super) struct SpokenLine<'a> {
    /// `FromName`.
    pub(super) name: &'a str,
    /// `SourceID`.
    pub(super) source: Uuid,
    /// `OwnerID`.
    pub(super) owner: Uuid,
    /// `SourceType`.
    pub(super) source_type: SourceType,
    /// `ChatType`.
    pub(super) chat_type: ChatType,
    /// `Position`, region-local metres.
    pub(super) position: Vector3,
    /// `Message`; ends at its first zero byte.
    pub(super) text: &'a str,
}

impl SpokenLine<'_> {
    /// The `ChatFromSimulator`; none if it cannot be encoded, which is logged.
    pub(super) fn encode(&self) -> Option<Outgoing> {
        let message = ChatFromSimulator {
            chat_data: ChatFromSimulatorChatData {
                from_name: message::variable1(self.name),
                source_id: self.source,
                owner_id: self.owner,
                source_type: self.source_type as u8,
                chat_type: self.chat_type as u8,
                audible: FULLY_AUDIBLE,
                position: self.position,
                message: message::variable_max(spoken(self.text), VIEWER_TEXT),
            },
        };
        match message::encode(&message) {
            Ok(message) => {
                let outgoing = Outgoing::reliable(message, Category::Unthrottled);
                let origin = Some(self.source).filter(|source| !source.is_nil());
                let types = is_typing(self.chat_type);
                let state = LatestState::ChatTyping;
                let supersedes = types.then_some(Supersedes { state, subject: self.source });
                Some(Outgoing { origin, supersedes, ..outgoing })
            }
            Err(error) => {
                tracing::error!(%error, "chat cannot be encoded");
                None
            }
        }
    }
}

/// What of a text is spoken: everything before a zero byte, which would end it for readers anyway.
fn spoken(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

const FULLY_AUDIBLE: u8 = 1;
