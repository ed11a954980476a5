//! One chat session as a state machine: who takes part, who is invited, and what each is sent.
//!
//! It knows no bus, storage or clock: `now` and [`Surroundings`] come in, and [`Effect`]s come out,
//! to be carried out in order and before the next call.

mod effect;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub(super) use effect::{Change, Effect, Info, Rights, Roster, Surroundings, Text, Transition};
pub use effect::{ChatKind, ChatRefusal, Speaker};

use crate::ids::{AgentId, ChatSessionId, GroupId};
use crate::time::Timestamp;

/// People in a session of a group.
pub const MAX_IN_GROUP: usize = 2000;
/// People in a conference, and people invited to it.
pub const MAX_IN_CONFERENCE: usize = 250;
/// Texts that wait for somebody who was invited; with one more they are sent at once.
pub(super) const MAX_HELD: usize = 64;
/// Texts that a session remembers.
pub(super) const MAX_HISTORY: usize = 32;
/// How long an invitation waits to be accepted before texts go out without that: some clients
/// never say so.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Comings and goings within this time are told together.
pub(super) const GATHER: Duration = Duration::from_millis(100);

#[derive(Clone, Debug)]
enum Person {
    Joined,
    Invited { held: Vec<Arc<Text>>, since: Timestamp },
}

/// A chat session.
#[derive(Debug)]
pub(super) struct ChatSession {
    id: ChatSessionId,
    kind: ChatKind,
    name: String,
    roster: Roster,
    people: BTreeMap<AgentId, Person>,
    /// Those of the roster who are not among the people.
    outside: BTreeSet<AgentId>,
    text_muted: BTreeSet<AgentId>,
    voice_muted: BTreeSet<AgentId>,
    voice_moderated: bool,
    history: VecDeque<Arc<Text>>,
    texts: u32,
    unsent: BTreeMap<AgentId, Change>,
    notified_at: Option<Timestamp>,
    wakes: bool,
    over: bool,
}

impl ChatSession {
    /// A session without people.
    pub fn new(id: ChatSessionId, kind: ChatKind, name: String, roster: Roster) -> Self {
        Self {
            id,
            kind,
            name,
            outside: roster.keys().copied().collect(),
            roster,
            people: BTreeMap::new(),
            text_muted: BTreeSet::new(),
            voice_muted: BTreeSet::new(),
            voice_moderated: false,
            history: VecDeque::new(),
            texts: 0,
            unsent: BTreeMap::new(),
            notified_at: None,
            wakes: false,
            over: false,
        }
    }

    // --- coming -----------------------------------------------------------------------------

    /// Opens the session for an agent that asked for it.
    pub fn start(
        &mut self,
        agent: AgentId,
        temporary: ChatSessionId,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChatRefusal> {
        let entrance = self.enter(agent, effects)?;
        effects.push(Effect::Started { to: agent, temporary });
        self.entered(agent, entrance, now, effects);
        Ok(())
    }

    /// The agent takes part, without the answer that a start has. No-op for who does already.
    pub fn join(
        &mut self,
        agent: AgentId,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChatRefusal> {
        if self.is_joined(agent) {
            return Ok(());
        }
        let entrance = self.enter(agent, effects)?;
        effects.push(Effect::Present { to: agent });
        self.entered(agent, entrance, now, effects);
        Ok(())
    }

    /// The agent accepts its invitation.
    pub fn accept(
        &mut self,
        agent: AgentId,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChatRefusal> {
        if self.people.contains_key(&agent) {
            self.join(agent, now, effects)
        } else {
            Err(ChatRefusal::NotMember)
        }
    }

    /// Adds people who may take part in a conference; they are invited with the next text.
    pub fn invite(&mut self, by: AgentId, invitees: &[AgentId]) -> Result<(), ChatRefusal> {
        if self.kind != ChatKind::Conference {
            return Err(ChatRefusal::Impossible);
        }
        if !self.is_joined(by) {
            return Err(ChatRefusal::NotMember);
        }
        let new: BTreeSet<_> =
            invitees.iter().filter(|agent| !self.roster.contains_key(agent)).copied().collect();
        if self.roster.len() + new.len() > MAX_IN_CONFERENCE {
            return Err(ChatRefusal::Impossible);
        }
        for agent in new {
            self.roster.insert(agent, Rights::default());
            self.outside.insert(agent);
        }
        Ok(())
    }

    /// Makes somebody one of those who take part; gives the texts that it has not got yet.
    fn enter(
        &mut self,
        agent: AgentId,
        effects: &mut Vec<Effect>,
    ) -> Result<Entrance, ChatRefusal> {
        if !self.roster.contains_key(&agent) {
            return Err(ChatRefusal::NotMember);
        }
        if !self.people.contains_key(&agent) && self.people.len() >= self.most_people() {
            return Err(ChatRefusal::Impossible);
        }
        self.outside.remove(&agent);
        match self.people.insert(agent, Person::Joined) {
            Some(Person::Joined) => Ok(Entrance::Again),
            Some(Person::Invited { held, .. }) => Ok(Entrance::New(held)),
            None => {
                effects.push(Effect::Came(agent));
                Ok(Entrance::New(Vec::new()))
            }
        }
    }

    fn entered(
        &mut self,
        agent: AgentId,
        entrance: Entrance,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Entrance::New(held) = entrance else { return };
        effects.extend(held.into_iter().map(|text| Effect::Say { to: vec![agent], text }));
        self.announce(agent, Some(Transition::Enter), now, effects);
    }

    // --- speaking ---------------------------------------------------------------------------

    /// Somebody who takes part says something. Who is invited already gets it later, who may come
    /// and is not here is invited with it.
    pub fn speak(
        &mut self,
        by: Speaker,
        text: String,
        at: u64,
        now: Timestamp,
        around: &dyn Surroundings,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChatRefusal> {
        if !self.is_joined(by.agent) {
            return Err(ChatRefusal::NoSession);
        }
        if self.text_muted.contains(&by.agent) {
            return Err(ChatRefusal::Muted);
        }
        let text = Arc::new(Text { by, said: text, at, number: self.texts });
        self.texts = self.texts.wrapping_add(1);
        if self.history.len() >= MAX_HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(text.clone());

        let mut to = Vec::with_capacity(self.people.len());
        let mut full = Vec::new();
        for (&agent, person) in &mut self.people {
            if agent != text.by.agent && !around.hears(agent, &text.by) {
                continue;
            }
            match person {
                Person::Joined => to.push(agent),
                Person::Invited { held, .. } => {
                    held.push(text.clone());
                    if held.len() >= MAX_HELD {
                        full.push(agent);
                    }
                }
            }
        }
        let room = self.most_people().saturating_sub(self.people.len());
        let welcome =
            |agent: &AgentId| around.may_be_invited(*agent) && around.hears(*agent, &text.by);
        let invited: Vec<AgentId> =
            self.outside.iter().copied().filter(welcome).take(room).collect();
        for &agent in &invited {
            self.outside.remove(&agent);
            self.people.insert(agent, Person::Invited { held: Vec::new(), since: now });
            effects.push(Effect::Came(agent));
        }
        effects.push(Effect::Say { to, text: text.clone() });
        if !invited.is_empty() {
            effects.push(Effect::Invite { to: invited, text });
            effects.push(Effect::Wake(PATIENCE));
        }
        for agent in full {
            self.settle(agent, now, effects);
        }
        Ok(())
    }

    /// The time that an [`Effect::Wake`] named has come.
    pub fn wake(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let waited = |person: &Person| matches!(person, Person::Invited { since, .. } if now.since(*since) >= PATIENCE);
        let patient: Vec<AgentId> =
            self.people.iter().filter(|(_, person)| waited(person)).map(|(&id, _)| id).collect();
        for agent in patient {
            self.settle(agent, now, effects);
        }
        self.wakes = false;
        self.notify(now, effects);
    }

    /// Somebody who was invited counts as taking part, and gets what was held back.
    fn settle(&mut self, agent: AgentId, now: Timestamp, effects: &mut Vec<Effect>) {
        if let Ok(entrance) = self.enter(agent, effects) {
            self.entered(agent, entrance, now, effects);
        }
    }

    // --- going ------------------------------------------------------------------------------

    /// The agent leaves or declines, of its own will; whether there was anything to leave. It may
    /// come again to a group's session, to a conference only by a new invitation.
    pub fn leave(&mut self, agent: AgentId, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        let known = self.roster.contains_key(&agent);
        self.gone(agent, now, effects);
        if self.kind == ChatKind::Conference {
            self.roster.remove(&agent);
            self.outside.remove(&agent);
        }
        known
    }

    /// The agent is no longer there.
    pub fn gone(&mut self, agent: AgentId, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(person) = self.people.remove(&agent) else { return };
        if self.roster.contains_key(&agent) {
            self.outside.insert(agent);
        }
        effects.push(Effect::Went(agent));
        if matches!(person, Person::Joined) {
            self.announce(agent, Some(Transition::Leave), now, effects);
        }
    }

    /// An invitation could not be delivered: the next text tries again.
    pub fn uninvite(&mut self, agent: AgentId, effects: &mut Vec<Effect>) {
        if matches!(self.people.get(&agent), Some(Person::Invited { .. })) {
            self.people.remove(&agent);
            self.outside.insert(agent);
            effects.push(Effect::Went(agent));
        }
    }

    /// The agent may no longer take part, for a reason that viewers translate.
    pub fn expel(
        &mut self,
        agent: AgentId,
        reason: &'static str,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        self.roster.remove(&agent);
        self.outside.remove(&agent);
        if self.people.contains_key(&agent) {
            effects.push(Effect::Closed { to: agent, reason });
        }
        self.gone(agent, now, effects);
        self.text_muted.remove(&agent);
        self.voice_muted.remove(&agent);
    }

    /// Name and roster may have changed. `reason` is given for each who may no longer take part.
    pub fn renew(
        &mut self,
        name: &str,
        roster: Roster,
        reason: impl Fn(AgentId) -> &'static str,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        name.clone_into(&mut self.name);
        let former: Vec<AgentId> =
            self.roster.keys().filter(|agent| !roster.contains_key(agent)).copied().collect();
        for agent in former {
            self.expel(agent, reason(agent), now, effects);
        }
        let before = std::mem::replace(&mut self.roster, roster);
        let in_people = |agent: &AgentId| self.people.contains_key(agent);
        self.outside = self.roster.keys().filter(|agent| !in_people(agent)).copied().collect();
        let other: Vec<AgentId> = self
            .roster
            .iter()
            .filter(|(agent, rights)| before.get(agent).is_some_and(|old| old != *rights))
            .map(|(&agent, _)| agent)
            .filter(|&agent| self.is_joined(agent))
            .collect();
        for agent in other {
            self.announce(agent, None, now, effects);
        }
    }

    // --- moderation -------------------------------------------------------------------------

    /// A moderator silences somebody or lets him speak again.
    pub fn mute(
        &mut self,
        by: AgentId,
        target: AgentId,
        text: Option<bool>,
        voice: Option<bool>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChatRefusal> {
        self.check_moderator(by)?;
        if !self.roster.contains_key(&target) {
            return Err(ChatRefusal::Impossible);
        }
        for (muted, wanted) in [(&mut self.text_muted, text), (&mut self.voice_muted, voice)] {
            match wanted {
                Some(true) => drop(muted.insert(target)),
                Some(false) => drop(muted.remove(&target)),
                None => {}
            }
        }
        if self.is_joined(target) {
            self.announce(target, None, now, effects);
        }
        Ok(())
    }

    /// A moderator wants voices moderated, or not.
    pub fn moderate_voice(
        &mut self,
        by: AgentId,
        voice: bool,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChatRefusal> {
        self.check_moderator(by)?;
        self.voice_moderated = voice;
        effects.push(Effect::Moderated { to: self.joined().collect() });
        Ok(())
    }

    fn check_moderator(&self, agent: AgentId) -> Result<(), ChatRefusal> {
        if !self.is_joined(agent) {
            return Err(ChatRefusal::NotMember);
        }
        if self.info(agent).moderates { Ok(()) } else { Err(ChatRefusal::NotModerator) }
    }

    // --- telling the others -----------------------------------------------------------------

    fn announce(
        &mut self,
        agent: AgentId,
        transition: Option<Transition>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        // News of a kind that nobody has heard yet stays what it is.
        let earlier = self.unsent.get(&agent).and_then(|change| change.transition);
        let change = Change { agent, transition: transition.or(earlier), info: self.info(agent) };
        self.unsent.insert(agent, change);
        self.notify(now, effects);
    }

    /// Tells what is new, if nothing was told just now; else a little later, together with more.
    fn notify(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.unsent.is_empty() {
            return;
        }
        if self.notified_at.is_some_and(|at| now.since(at) < GATHER) {
            if !self.wakes {
                self.wakes = true;
                effects.push(Effect::Wake(GATHER));
            }
            return;
        }
        let changes: Vec<Change> = std::mem::take(&mut self.unsent).into_values().collect();
        // Whoever came alone knows that already, and whoever went does not hear it.
        let alone = match changes[..] {
            [Change { agent, transition: Some(_), .. }] => Some(agent),
            _ => None,
        };
        let to: Vec<AgentId> = self.joined().filter(|&agent| Some(agent) != alone).collect();
        if !to.is_empty() {
            self.notified_at = Some(now);
            effects.push(Effect::Changed { to, changes });
        }
    }

    // --- looking ----------------------------------------------------------------------------

    /// Its id.
    pub fn id(&self) -> ChatSessionId {
        self.id
    }

    /// Its kind.
    pub fn kind(&self) -> ChatKind {
        self.kind
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The group whose session it is.
    pub fn group(&self) -> Option<GroupId> {
        (self.kind == ChatKind::Group).then_some(GroupId(self.id.0))
    }

    /// Whether voices are moderated.
    pub fn voice_moderated(&self) -> bool {
        self.voice_moderated
    }

    /// Who takes part.
    pub fn joined(&self) -> impl Iterator<Item = AgentId> {
        let joined = self.people.iter().filter(|(_, person)| matches!(person, Person::Joined));
        joined.map(|(&agent, _)| agent)
    }

    /// Who was invited and has neither come nor declined.
    pub fn invited(&self) -> impl Iterator<Item = AgentId> {
        let invited =
            self.people.iter().filter(|(_, person)| matches!(person, Person::Invited { .. }));
        invited.map(|(&agent, _)| agent)
    }

    /// Who may take part, and is neither there nor invited.
    pub fn outside(&self) -> impl Iterator<Item = AgentId> {
        self.outside.iter().copied()
    }

    /// Whether the agent takes part.
    pub fn is_joined(&self, agent: AgentId) -> bool {
        matches!(self.people.get(&agent), Some(Person::Joined))
    }

    /// Whether the agent takes part or is invited.
    pub fn has(&self, agent: AgentId) -> bool {
        self.people.contains_key(&agent)
    }

    /// Whether the agent may take part.
    pub fn admits(&self, agent: AgentId) -> bool {
        self.roster.contains_key(&agent)
    }

    /// How an agent stands.
    pub fn info(&self, agent: AgentId) -> Info {
        Info {
            moderates: self.roster.get(&agent).is_some_and(|rights| rights.moderates),
            text_muted: self.text_muted.contains(&agent),
            voice_muted: self.voice_muted.contains(&agent),
        }
    }

    /// What was said last, the oldest first.
    pub fn history(&self) -> impl Iterator<Item = &Text> {
        self.history.iter().map(AsRef::as_ref)
    }

    /// Whether nobody takes part and nobody is invited.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Nobody finds it any more.
    pub fn end(&mut self) {
        self.over = true;
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.over
    }

    fn most_people(&self) -> usize {
        match self.kind {
            ChatKind::Group => MAX_IN_GROUP,
            ChatKind::Conference => MAX_IN_CONFERENCE,
        }
    }
}

enum Entrance {
    /// It took part before.
    Again,
    /// It did not, and has not got these texts yet.
    New(Vec<Arc<Text>>),
}
