//! Local chat: who hears what, and the message that says it.
//!
//! A line is encoded once for all listeners and goes past every throttle. Channels other than the
//! public one and the debug channel are for scripts only; avatars never hear them.

use super::Region;
use super::math::ZERO;
use crate::circuit::{Category, Outgoing};
use crate::ids::AgentId;
use crate::message::{self, ChatFromSimulator, ChatFromSimulatorChatData, Vector3};
use crate::outbox::{Outbox, send_many};
use crate::time::Timestamp;

/// Metres that chat carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChatRanges {
    /// Type 0.
    pub whisper: f32,
    /// Type 1.
    pub say: f32,
    /// Type 2.
    pub shout: f32,
}

impl Default for ChatRanges {
    fn default() -> Self {
        Self { whisper: 10.0, say: 20.0, shout: 100.0 }
    }
}

/// `ChatData.Type` and `ChatType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    /// 10 m.
    Whisper = 0,
    /// 20 m.
    Say = 1,
    /// 100 m.
    Shout = 2,
    /// Begins to type; no text.
    StartTyping = 4,
    /// Ends typing; no text.
    StopTyping = 5,
    /// Script errors; only told, never asked for by this number.
    Debug = 6,
}

impl ChatKind {
    /// What a client asked for by type and channel; `None` if clients may not.
    fn asked(kind: u8, channel: i32) -> Option<Self> {
        match kind {
            4 => Some(Self::StartTyping),
            5 => Some(Self::StopTyping),
            0..=3 if channel == DEBUG_CHANNEL => Some(Self::Debug),
            0 => Some(Self::Whisper),
            // 3 is an obsolete say.
            1 | 3 => Some(Self::Say),
            2 => Some(Self::Shout),
            _ => None,
        }
    }

    fn is_typing(self) -> bool {
        matches!(self, Self::StartTyping | Self::StopTyping)
    }
}

/// How many copies of chat lines a speaker caused lately: a line costs what it is heard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ChatBudget {
    used: f32,
    at: Timestamp,
}

impl ChatBudget {
    /// Whether another line may be spoken.
    fn is_open(&mut self, now: Timestamp, rate: u32) -> bool {
        let rate = rate as f32;
        self.used = (self.used - now.since(self.at).as_secs_f32() * rate).max(0.0);
        self.at = now;
        self.used < rate * 4.0
    }

    fn spend(&mut self, copies: u64) {
        self.used += copies as f32;
    }
}

impl Region {
    pub(super) fn chat(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        text: &str,
        kind: u8,
        channel: i32,
    ) {
        let Some(slot) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        let rate = self.settings.chat_copies_per_second;
        let Some(member) = self.crowd.get_mut(slot) else { return };
        if !member.avatar.chat_budget.is_open(now, rate) {
            self.counters.chat_flooded += 1;
            return;
        }
        let Some(kind) = ChatKind::asked(kind, channel) else {
            self.counters.chat_refused += 1;
            return;
        };
        if !kind.is_typing() && channel != PUBLIC_CHANNEL && channel != DEBUG_CHANNEL {
            self.counters.chat_for_scripts += 1;
            return;
        }
        let text = if kind.is_typing() { "" } else { spoken(text) };
        if text.is_empty() && !kind.is_typing() {
            self.counters.chat_refused += 1;
            return;
        }
        let avatar = &member.avatar;
        let position = avatar.motion.position;
        let line = Line {
            name: &avatar.name(),
            source: agent,
            source_kind: SOURCE_AGENT,
            kind,
            position,
            text,
        };
        let Some(outgoing) = line.encode() else { return };
        let ranges = self.settings.chat;
        let heard = match kind {
            ChatKind::Whisper => self.tell_near(position, ranges.whisper, &outgoing),
            ChatKind::Say => self.tell_near(position, ranges.say, &outgoing),
            ChatKind::Shout => self.tell_near(position, ranges.shout, &outgoing),
            ChatKind::StartTyping | ChatKind::StopTyping | ChatKind::Debug => {
                self.tell_all(&outgoing)
            }
        };
        if let Some(member) = self.crowd.get_mut(slot) {
            member.avatar.chat_budget.spend(heard);
        }
        self.counters.chat_lines += 1;
        self.counters.chat_deliveries += heard;
    }

    pub(super) fn system_chat(&mut self, to: Option<AgentId>, text: &str) {
        let name = self.info.name.clone();
        let line = Line {
            name: &name,
            source: AgentId::NIL,
            source_kind: SOURCE_SYSTEM,
            kind: ChatKind::Say,
            position: ZERO,
            text: spoken(text),
        };
        let Some(outgoing) = line.encode() else { return };
        match to {
            None => {
                self.tell_all(&outgoing);
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

    fn tell_near(&self, center: Vector3, range: f32, outgoing: &Outgoing) -> u64 {
        let near = self.crowd.grid().within(center, range);
        tell(near.filter_map(|slot| Some(&self.crowd.get(slot)?.avatar.outbox)), outgoing)
    }

    fn tell_all(&self, outgoing: &Outgoing) -> u64 {
        tell(self.crowd.iter().map(|(_, member)| &member.avatar.outbox), outgoing)
    }
}

fn tell<'a>(to: impl Iterator<Item = &'a Outbox>, outgoing: &Outgoing) -> u64 {
    let mut count = 0;
    send_many(to.inspect(|_| count += 1), outgoing);
    count
}

/// One line of chat.
struct Line<'a> {
    name: &'a str,
    source: AgentId,
    source_kind: u8,
    kind: ChatKind,
    position: Vector3,
    text: &'a str,
}

impl Line<'_> {
    fn encode(&self) -> Option<Outgoing> {
        let message = ChatFromSimulator {
            chat_data: ChatFromSimulatorChatData {
                from_name: message::variable1(self.name),
                source_id: self.source.0,
                owner_id: self.source.0,
                source_type: self.source_kind,
                chat_type: self.kind as u8,
                audible: FULLY_AUDIBLE,
                position: self.position,
                message: message::variable_max(self.text, MAX_TEXT),
            },
        };
        match message::encode(&message) {
            Ok(message) => {
                Some(Outgoing { message, reliable: true, category: Category::Unthrottled })
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

/// The channel that everybody hears.
pub const PUBLIC_CHANNEL: i32 = 0;
/// The channel of script errors.
pub const DEBUG_CHANNEL: i32 = i32::MAX;
/// Bytes of a line, without the zero at its end.
pub const MAX_TEXT: usize = 1023;
const SOURCE_SYSTEM: u8 = 0;
const SOURCE_AGENT: u8 = 1;
const FULLY_AUDIBLE: u8 = 1;
