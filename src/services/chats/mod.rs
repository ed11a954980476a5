//! Chat sessions: groups and conferences, their participants, and the delivery of texts.
//!
//! `state` implements the rules of one session, `events` what clients are sent, and `delivery` how
//! it reaches them: while the session's lock is held, so that everybody gets everything in the same
//! order. This module finds and opens sessions. No lock is held across an await; the lock order is
//! session first, then the maps.
//!
//! Nothing of this is stored: a session ends with its last participant or the process.

mod delivery;
mod events;
mod flood;
mod report;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

pub use report::{ChatReport, Participant, Participation};
pub use state::{ChatKind, ChatRefusal, MAX_IN_CONFERENCE, MAX_IN_GROUP, Speaker};
use state::{ChatSession, Effect, Rights, Roster, Surroundings};

use super::groups::{Group, Groups, Powers};
use super::mutes::{self, Mutes};
use super::ports::{Bus, Delivery, Reach};
use crate::ids::{AgentId, ChatSessionId, GroupId};
use crate::llsd::Llsd;
use crate::message::cut;
use crate::outbox::{CopyBudget, Event};
use crate::services::im::MAX_TEXT;
use crate::time::{Clock, Timestamp};

/// Sessions open at once.
const MAX_SESSIONS: usize = 10_000;
/// Sessions that one agent takes part in or is invited to.
const MAX_OF_AGENT: usize = 200;
/// How often a group is read until it stands still; groups rarely change.
const MAX_READINGS: u32 = 8;
/// Sessions that an agent has left and is not to be invited to again.
const MAX_LEFT: usize = 1000;

/// The chat sessions of this grid; a cheap clone.
#[derive(Clone)]
pub struct ChatSessions {
    shared: Arc<Shared>,
}

struct Shared {
    bus: Arc<dyn Bus>,
    groups: Groups,
    mutes: Mutes,
    clock: Arc<dyn Clock>,
    /// What one speaker may cause while the bus is congested.
    copies_per_second: u32,
    sessions: DashMap<ChatSessionId, Arc<Mutex<ChatSession>>>,
    agents: DashMap<AgentId, OfAgent>,
    /// What those who are logged in caused while the bus was congested.
    budgets: DashMap<AgentId, CopyBudget>,
    /// How often a group has changed: what was read before the last time may be wrong.
    changes: AtomicU64,
}

/// What is known of one agent over all sessions.
#[derive(Default)]
struct OfAgent {
    /// Where it takes part or is invited.
    inside: BTreeSet<ChatSessionId>,
    /// What it has left since its login.
    left: BTreeSet<ChatSessionId>,
}

/// A text that could not be said without asking who may say it.
#[derive(Debug)]
pub struct Unsaid {
    speaker: Speaker,
    session: ChatSessionId,
    text: String,
}

impl ChatSessions {
    /// No session yet.
    pub fn new(
        bus: Arc<dyn Bus>,
        groups: Groups,
        mutes: Mutes,
        clock: Arc<dyn Clock>,
        copies_per_second: u32,
    ) -> Self {
        let (sessions, agents) = (DashMap::new(), DashMap::new());
        let (budgets, changes) = (DashMap::new(), AtomicU64::new(0));
        let shared = Shared {
            bus,
            groups,
            mutes,
            clock,
            copies_per_second,
            sessions,
            agents,
            budgets,
            changes,
        };
        Self { shared: Arc::new(shared) }
    }

    // --- by instant message -----------------------------------------------------------------

    /// Opens a group's session for an agent, or tells it why not (dialog 15).
    pub async fn start_group(&self, agent: AgentId, group: GroupId) {
        let id = ChatSessionId(group.0);
        let opened = self.open_group(agent, group, |session, now, effects| {
            session.start(agent, id, now, effects)
        });
        if let Err(refusal) = opened.await {
            tracing::debug!(%agent, %group, error = %refusal, "group chat not opened");
            self.notify(agent, events::not_started(id, &refusal.to_string()));
        }
    }

    /// Opens a conference, or tells the agent why not (dialog 16). The others are invited with the
    /// first text.
    ///
    /// # Errors
    /// [`ChatRefusal::Impossible`] for nobody or too many to talk to, or too many sessions.
    pub fn start_conference(
        &self,
        agent: AgentId,
        name: &str,
        temporary: ChatSessionId,
        invitees: &[AgentId],
    ) -> Result<ChatSessionId, ChatRefusal> {
        let opened = self.open_conference(agent, name, temporary, invitees);
        if let Err(refusal) = opened {
            self.notify(agent, events::not_started(temporary, &refusal.to_string()));
        }
        opened
    }

    /// Says something to all who take part (dialog 17). Who may take part and does not yet does so
    /// from now on.
    ///
    /// # Errors
    /// When storage has to be asked first: then [`Self::ask_and_say`] goes on.
    pub fn say(
        &self,
        speaker: Speaker,
        session: ChatSessionId,
        mut text: String,
    ) -> Result<(), Unsaid> {
        text.truncate(cut(&text, MAX_TEXT).len());
        let mut waiting = Some((speaker, text));
        let said = self.with(session, |shared, session, now, effects| {
            let Some((speaker, text)) = waiting.take_if(|(by, _)| session.admits(by.agent)) else {
                return Ok(());
            };
            let agent = speaker.agent;
            shared.say_in(session, speaker, text, now, effects).map_err(|refusal| (agent, refusal))
        });
        if let Some((speaker, text)) = waiting {
            return Err(Unsaid { speaker, session, text });
        }
        if let Some(Err((agent, refusal))) = said {
            self.refuse(agent, session, "message", refusal);
        }
        Ok(())
    }

    /// As [`Self::say`], for who may be a member of the group whose session it is.
    pub async fn ask_and_say(&self, unsaid: Unsaid) {
        let Unsaid { speaker, session, text } = unsaid;
        let (agent, shared) = (speaker.agent, self.shared.clone());
        let said = self.open_group(agent, GroupId(session.0), move |session, now, effects| {
            shared.say_in(session, speaker, text, now, effects)
        });
        match said.await {
            Ok(()) => {}
            Err(refusal) => self.refuse(agent, session, "message", refusal),
        }
    }

    /// The agent leaves (dialog 18), and is not invited again until it starts, speaks or logs in.
    pub fn leave(&self, agent: AgentId, id: ChatSessionId) {
        self.with(id, |shared, session, now, effects| {
            if session.leave(agent, now, effects) && session.kind() == ChatKind::Group {
                shared.mark_left(agent, id);
            }
        });
    }

    // --- by capability ----------------------------------------------------------------------

    /// Accepts an invitation; gives who is there.
    ///
    /// # Errors
    /// [`ChatRefusal::NoSession`]; [`ChatRefusal::NotMember`] for who was not invited.
    pub fn accept(&self, agent: AgentId, id: ChatSessionId) -> Result<Llsd, ChatRefusal> {
        self.in_session(id, |_, session, now, effects| {
            session.accept(agent, now, effects)?;
            Ok(events::accepted(session))
        })
    }

    /// Declines an invitation, as [`Self::leave`].
    ///
    /// # Errors
    /// [`ChatRefusal::NoSession`]; [`ChatRefusal::NotMember`] for who was not invited.
    pub fn decline(&self, agent: AgentId, id: ChatSessionId) -> Result<(), ChatRefusal> {
        self.in_session(id, |shared, session, now, effects| {
            if !session.has(agent) {
                return Err(ChatRefusal::NotMember);
            }
            session.leave(agent, now, effects);
            if session.kind() == ChatKind::Group {
                shared.mark_left(agent, id);
            }
            Ok(())
        })
    }

    /// Adds people to a conference; they are invited with its next text.
    ///
    /// # Errors
    /// [`ChatRefusal::NoSession`]; [`ChatRefusal::NotMember`] for who does not take part;
    /// [`ChatRefusal::Impossible`] for a group's session, or too many people.
    pub fn invite(
        &self,
        agent: AgentId,
        id: ChatSessionId,
        invitees: &[AgentId],
    ) -> Result<(), ChatRefusal> {
        self.in_session(id, |_, session, _, _| session.invite(agent, invitees))
    }

    /// Silences somebody, by text or by voice, or lets him speak again.
    ///
    /// # Errors
    /// [`ChatRefusal::NoSession`]; [`ChatRefusal::NotMember`] and [`ChatRefusal::NotModerator`] for
    /// who may not; [`ChatRefusal::Impossible`] when the other may not take part anyway.
    pub fn mute(
        &self,
        agent: AgentId,
        id: ChatSessionId,
        target: AgentId,
        text: Option<bool>,
        voice: Option<bool>,
    ) -> Result<(), ChatRefusal> {
        self.in_session(id, |_, session, now, effects| {
            session.mute(agent, target, text, voice, now, effects)
        })
    }

    /// Says whether voices are moderated.
    pub fn moderate_voice(
        &self,
        agent: AgentId,
        id: ChatSessionId,
        voice: bool,
    ) -> Result<(), ChatRefusal> {
        self.in_session(id, |_, session, _, effects| session.moderate_voice(agent, voice, effects))
    }

    /// What was said last, the oldest first, as clients read it.
    ///
    /// # Errors
    /// [`ChatRefusal::NoSession`]; [`ChatRefusal::NotMember`] for who is neither there nor invited.
    pub fn history(&self, agent: AgentId, id: ChatSessionId) -> Result<Llsd, ChatRefusal> {
        self.in_session(id, |_, session, _, _| {
            if session.has(agent) {
                Ok(events::history(session))
            } else {
                Err(ChatRefusal::NotMember)
            }
        })
    }

    /// Tells the other one of two that the agent does not talk by voice.
    pub fn decline_voice(&self, agent: AgentId, id: ChatSessionId, name: &str) {
        let other = AgentId(uuid::Uuid::from_u128(agent.0.as_u128() ^ id.0.as_u128()));
        if self.shared.mutes.hears(other, mutes::MuteTarget::Agent(agent, name)) {
            self.notify(other, events::no_voice(id, agent));
        }
    }

    // --- what happens elsewhere -------------------------------------------------------------

    /// The agent has entered anew: what it left before is forgotten, and it takes part in nothing.
    pub fn arrived(&self, agent: AgentId) {
        self.departed(agent);
    }

    /// The agent has logged out: it leaves all sessions.
    pub fn departed(&self, agent: AgentId) {
        self.shared.budgets.remove(&agent);
        let Some((_, of_agent)) = self.shared.agents.remove(&agent) else { return };
        for id in of_agent.inside {
            self.with(id, |_, session, now, effects| session.gone(agent, now, effects));
        }
    }

    /// Name, members or powers of a group have changed.
    pub fn group_changed(&self, group: &Group) {
        self.shared.changes.fetch_add(1, Ordering::AcqRel);
        self.with(ChatSessionId(group.info.id.0), |_, session, now, effects| {
            renew(session, group, now, effects);
        });
    }

    /// As [`Self::group_changed`], reading the group if its session is open.
    pub async fn renew_group(&self, group: GroupId) {
        self.shared.changes.fetch_add(1, Ordering::AcqRel);
        let id = ChatSessionId(group.0);
        for reading in 1..=MAX_READINGS {
            if !self.shared.sessions.contains_key(&id) {
                return;
            }
            let before = self.shared.changes.load(Ordering::Acquire);
            let group = match self.shared.groups.group(group).await {
                Ok(Some(group)) => group,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%group, %error, "group cannot be read");
                    return;
                }
            };
            let renewed = self.with(id, |shared, session, now, effects| {
                let fresh = !shared.is_stale(before, reading);
                if fresh {
                    renew(session, &group, now, effects);
                }
                fresh
            });
            if renewed != Some(false) {
                return;
            }
        }
    }

    /// Somebody is no longer a member of a group.
    pub fn member_removed(&self, group: GroupId, agent: AgentId) {
        self.shared.changes.fetch_add(1, Ordering::AcqRel);
        self.with(ChatSessionId(group.0), |_, session, now, effects| {
            session.expel(agent, REMOVED, now, effects);
        });
    }

    /// All open sessions.
    pub fn reports(&self) -> Vec<ChatReport> {
        let open: Vec<_> = self.shared.sessions.iter().map(|entry| entry.value().clone()).collect();
        let left = |agent, id| {
            self.shared.agents.get(&agent).is_some_and(|of_agent| of_agent.left.contains(&id))
        };
        open.iter().map(|session| report::report(&lock(session), left)).collect()
    }

    // --- finding and opening ----------------------------------------------------------------

    /// Does something in the session of a group that the agent may chat in, opening it if need be.
    async fn open_group(
        &self,
        agent: AgentId,
        group: GroupId,
        act: impl FnOnce(&mut ChatSession, Timestamp, &mut Vec<Effect>) -> Result<(), ChatRefusal>,
    ) -> Result<(), ChatRefusal> {
        let mut act = Some(act);
        for reading in 1..=MAX_READINGS {
            let before = self.shared.changes.load(Ordering::Acquire);
            let group = match self.shared.groups.group(group).await {
                Ok(found) => found.ok_or(ChatRefusal::NoSession)?,
                Err(error) => {
                    tracing::warn!(%group, %error, "group cannot be read");
                    return Err(ChatRefusal::Impossible);
                }
            };
            let powers = group.powers_of(agent).ok_or(ChatRefusal::NotMember)?;
            if !powers.contains(Powers::JOIN_CHAT) {
                return Err(ChatRefusal::NoAbility);
            }
            let id = ChatSessionId(group.info.id.0);
            self.shared.check_room(agent, id)?;
            loop {
                let done = self.with(id, |shared, session, now, effects| {
                    if shared.is_stale(before, reading) {
                        return None;
                    }
                    renew(session, &group, now, effects);
                    act.take().map(|act| act(session, now, effects))
                });
                match done {
                    Some(Some(done)) => {
                        if done.is_ok() {
                            self.shared.unmark_left(agent, id);
                        }
                        return done;
                    }
                    // Groups have changed since: this one is read again.
                    Some(None) => break,
                    None => {
                        let name = group.info.name.clone();
                        let new = ChatSession::new(id, ChatKind::Group, name, roster(&group));
                        self.shared.add(new)?;
                    }
                }
            }
        }
        Err(ChatRefusal::Impossible)
    }

    fn open_conference(
        &self,
        agent: AgentId,
        name: &str,
        temporary: ChatSessionId,
        invitees: &[AgentId],
    ) -> Result<ChatSessionId, ChatRefusal> {
        let mut roster = Roster::new();
        for &invitee in invitees.iter().filter(|invitee| !invitee.0.is_nil()) {
            roster.insert(invitee, Rights::default());
            if roster.len() > MAX_IN_CONFERENCE {
                return Err(ChatRefusal::Impossible);
            }
        }
        roster.insert(agent, Rights { moderates: true });
        if roster.len() < 2 {
            return Err(ChatRefusal::Impossible);
        }
        let id = ChatSessionId::random();
        self.shared.check_room(agent, id)?;
        let name = format!("{name} Conference");
        self.shared.add(ChatSession::new(id, ChatKind::Conference, name, roster))?;
        self.in_session(id, |_, session, now, effects| {
            session.start(agent, temporary, now, effects)?;
            Ok(id)
        })
    }

    fn in_session<R>(
        &self,
        id: ChatSessionId,
        act: impl FnOnce(
            &Shared,
            &mut ChatSession,
            Timestamp,
            &mut Vec<Effect>,
        ) -> Result<R, ChatRefusal>,
    ) -> Result<R, ChatRefusal> {
        self.with(id, act).unwrap_or(Err(ChatRefusal::NoSession))
    }

    /// Does something in an open session and carries out what follows from it.
    fn with<R>(
        &self,
        id: ChatSessionId,
        act: impl FnOnce(&Shared, &mut ChatSession, Timestamp, &mut Vec<Effect>) -> R,
    ) -> Option<R> {
        let held = self.shared.sessions.get(&id).map(|entry| entry.value().clone())?;
        let mut session = lock(&held);
        if session.is_over() {
            return None;
        }
        let now = self.shared.clock.now();
        let mut effects = Vec::new();
        let result = act(&self.shared, &mut session, now, &mut effects);
        self.carry_out(&mut session, now, effects);
        if session.is_empty() {
            session.end();
            self.shared.sessions.remove_if(&id, |_, other| Arc::ptr_eq(other, &held));
        }
        Some(result)
    }

    // --- telling ----------------------------------------------------------------------------

    fn refuse(&self, agent: AgentId, id: ChatSessionId, what: &'static str, refusal: ChatRefusal) {
        tracing::debug!(%agent, session = %id, error = %refusal, "refused in a chat session");
        self.notify(agent, events::refused(id, what, &refusal.to_string()));
    }

    fn notify(&self, agent: AgentId, event: Event) {
        if self.shared.bus.deliver(agent, Delivery::Event(event)) == Reach::Congested {
            dropped("congested");
        }
    }
}

impl Shared {
    /// Whether a group that was read may have changed since; the last reading has to do.
    fn is_stale(&self, before: u64, reading: u32) -> bool {
        reading < MAX_READINGS && self.changes.load(Ordering::Acquire) != before
    }

    /// Says something for one who may take part.
    fn say_in(
        &self,
        session: &mut ChatSession,
        speaker: Speaker,
        text: String,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChatRefusal> {
        let (agent, id) = (speaker.agent, session.id());
        if !session.is_joined(agent) {
            self.check_room(agent, id)?;
            session.join(agent, now, effects)?;
            self.unmark_left(agent, id);
        }
        let counts = self.check_flood(agent, now)?;
        let around = Around { shared: self, id, group: session.group() };
        session.speak(speaker, text, self.clock.unix().as_secs(), now, &around, effects)?;
        if counts {
            self.spend(agent, effects);
        }
        Ok(())
    }

    /// Makes a session findable. Somebody has to enter it next, or the next look ends it.
    fn add(&self, session: ChatSession) -> Result<(), ChatRefusal> {
        if self.sessions.len() >= MAX_SESSIONS {
            dropped("too_many_sessions");
            return Err(ChatRefusal::Impossible);
        }
        // Somebody else may have been faster: then that one is used.
        if let Entry::Vacant(vacant) = self.sessions.entry(session.id()) {
            vacant.insert(Arc::new(Mutex::new(session)));
        }
        Ok(())
    }

    fn check_room(&self, agent: AgentId, id: ChatSessionId) -> Result<(), ChatRefusal> {
        if self.has_room(agent, id) { Ok(()) } else { Err(ChatRefusal::Impossible) }
    }

    /// Whether the agent may be in one session more, if it is not in this one anyway.
    fn has_room(&self, agent: AgentId, id: ChatSessionId) -> bool {
        self.agents.get(&agent).is_none_or(|of_agent| {
            of_agent.inside.len() < MAX_OF_AGENT || of_agent.inside.contains(&id)
        })
    }

    fn mark_left(&self, agent: AgentId, id: ChatSessionId) {
        let mut of_agent = self.agents.entry(agent).or_default();
        if of_agent.left.len() < MAX_LEFT {
            of_agent.left.insert(id);
        }
    }

    fn unmark_left(&self, agent: AgentId, id: ChatSessionId) {
        self.forget(agent, |of_agent| {
            of_agent.left.remove(&id);
        });
    }

    fn forget(&self, agent: AgentId, what: impl FnOnce(&mut OfAgent)) {
        if let Entry::Occupied(mut held) = self.agents.entry(agent) {
            what(held.get_mut());
            if held.get().inside.is_empty() && held.get().left.is_empty() {
                held.remove();
            }
        }
    }
}

/// The world around one session.
struct Around<'a> {
    shared: &'a Shared,
    id: ChatSessionId,
    group: Option<GroupId>,
}

impl Surroundings for Around<'_> {
    fn may_be_invited(&self, agent: AgentId) -> bool {
        let shared = self.shared;
        shared.bus.is_online(agent)
            && shared.has_room(agent, self.id)
            && !shared.agents.get(&agent).is_some_and(|it| it.left.contains(&self.id))
    }

    fn hears(&self, listener: AgentId, speaker: &Speaker) -> bool {
        let mutes = &self.shared.mutes;
        mutes.hears(listener, mutes::MuteTarget::Agent(speaker.agent, &speaker.name))
            && self.group.is_none_or(|group| mutes.hears(listener, mutes::MuteTarget::Group(group)))
    }
}

/// The members that may chat.
fn roster(group: &Group) -> Roster {
    let rights = |powers: Powers| Rights { moderates: powers.contains(Powers::MODERATE_CHAT) };
    group
        .members
        .iter()
        .map(|member| (member.agent, group.powers_of_member(member)))
        .filter(|(_, powers)| powers.contains(Powers::JOIN_CHAT))
        .map(|(agent, powers)| (agent, rights(powers)))
        .collect()
}

fn renew(session: &mut ChatSession, group: &Group, now: Timestamp, effects: &mut Vec<Effect>) {
    let reason = |agent| {
        let is_member = group.members.iter().any(|member| member.agent == agent);
        if is_member { NO_ABILITY } else { REMOVED }
    };
    session.renew(&group.info.name, roster(group), reason, now, effects);
}

fn lock(session: &Mutex<ChatSession>) -> MutexGuard<'_, ChatSession> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

fn dropped(reason: &'static str) {
    metrics::counter!("holm_chat_session_drops_total", "reason" => reason).increment(1);
}

/// Reasons of `ForceCloseChatterBoxSession` that viewers translate.
const REMOVED: &str = "removed";
const NO_ABILITY: &str = "close_on_no_ability";
