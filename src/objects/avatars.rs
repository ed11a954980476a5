//! What avatars do to objects: arriving, leaving, walking, speaking, answering and touching.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::clep::SpokenLine;
use super::error::ObjectError;
use super::{Objects, check};
use crate::ids::{AgentId, LocalId, PrimId};
use crate::lsl::{BusError, ChatBus, Event, Participant, Said, ScriptId};
use crate::message::Vector3;
use crate::time::Timestamp;

impl Objects {
    /// How many scripts run.
    pub fn script_count(&self) -> usize {
        self.scripts.len()
    }

    /// How many prims have scripts.
    pub fn scripted_prims(&self) -> usize {
        let prims: BTreeSet<_> = self.scripts.values().map(|running| running.prim).collect();
        prims.len()
    }

    /// An avatar enters, or something about it changed.
    pub fn avatar_entered(&mut self, avatar: Participant) {
        let agent = avatar.id;
        if let Err(error) = self.bus.put_avatar(avatar) {
            tracing::debug!(%agent, %error, "avatar is unknown to objects");
            self.counters.avatars_refused += 1;
        }
    }

    /// An avatar is elsewhere now: one look-up, whoever listens.
    pub fn avatar_moved(&mut self, agent: AgentId, to: Vector3) {
        // One that was refused when it entered stays unknown.
        let _ = self.bus.move_avatar(agent, to);
    }

    /// An avatar leaves with what it wears.
    pub fn avatar_left(&mut self, now: Timestamp, agent: AgentId) {
        let roots = self.kept.keys().filter(|root| self.bus.wearer_of(**root) == Some(agent));
        let roots: Vec<_> = roots.copied().collect();
        for root in roots {
            if let Err(error) = self.remove_object(root, |_, _| true) {
                tracing::debug!(%root, %error, "worn object cannot be removed");
            }
        }
        let _ = self.bus.remove_avatar(now, agent);
    }

    /// Whether anything listens at all; without, lines of avatars need not be handed in.
    pub fn listens(&self) -> bool {
        self.is_watched || self.bus.listens() > 0
    }

    /// How much work it was so far to let scripts hear: one for each event, and a part of one for
    /// each listen that was asked.
    pub fn effort(&self) -> u64 {
        self.bus.effort()
    }

    /// `ChatFromViewer`: what scripts hear of it. What avatars see of avatars is the region's
    /// affair and no effect. Returns whether the line was one that the bus takes: by an avatar that
    /// is here, of type 0 to 3, with a text.
    pub fn avatar_says(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        kind: u8,
        channel: i32,
        text: &str,
    ) -> bool {
        if kind > 3 {
            return false;
        }
        let said = self.avatar_line(now, agent, (channel, text), |bus| {
            bus.avatar_chat(now, agent, kind, channel, text)
        });
        said.is_some_and(|said| said.refused.is_none())
    }

    /// `ScriptDialogReply`: also how viewers speak on negative channels, `object` being their own
    /// agent then.
    pub fn dialog_reply(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        object: Uuid,
        channel: i32,
        label: &str,
    ) {
        self.avatar_line(now, agent, (channel, label), |bus| {
            bus.avatar_reply(now, agent, PrimId(object), channel, label)
        });
    }

    /// `ObjectGrab`: an avatar touches a prim. The scripts of the prim are told, or those of its
    /// root, if none of the prim handles it. From how far is not asked.
    pub fn touched(&mut self, now: Timestamp, agent: AgentId, prim: LocalId) {
        let prim = self.prims.by_local_id(prim).map(|view| (view.id, view.root));
        let Some((prim, root)) = prim.filter(|_| self.bus.avatar(agent).is_some()) else {
            self.counters.touches_lost += 1;
            return;
        };
        self.post_touch(now, agent, (prim, root));
    }

    /// The same for who asks from outside: tells how many scripts were told, or what is wrong.
    pub(super) fn touch(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        prim: PrimId,
    ) -> Result<usize, ObjectError> {
        let view = self.prims.by_id(prim).ok_or(ObjectError::UnknownObject(prim))?;
        let root = view.root;
        if self.bus.avatar(agent).is_none() {
            return Err(check::wrong("by", None, &format!("{agent} is no avatar in the region")));
        }
        if view.is_hidden_from(agent) {
            let problem = format!("{agent} does not see what somebody else has on the screen");
            return Err(check::wrong("by", None, &problem));
        }
        Ok(self.post_touch(now, agent, (prim, root)))
    }

    fn post_touch(&mut self, now: Timestamp, by: AgentId, (prim, root): (PrimId, PrimId)) -> usize {
        self.counters.touches += 1;
        let touch = Event::TouchStart { toucher: by };
        match self.post_to_prim(now, prim, &touch) {
            0 if prim != root => self.post_to_prim(now, root, &touch),
            count => count,
        }
    }

    /// Queues an event for the scripts of an object that handle it.
    pub(super) fn post_to_object(&mut self, now: Timestamp, root: PrimId, event: &Event) {
        for prim in self.prims_of(root) {
            self.post_to_prim(now, prim, event);
        }
    }

    /// Queues an event for the scripts of a prim that handle it, and tells how many do.
    fn post_to_prim(&mut self, now: Timestamp, prim: PrimId, event: &Event) -> usize {
        let handles = |script: &&ScriptId| self.bus.handles(**script, event.kind());
        let scripts = self.bus.scripts_of(prim).unwrap_or_default().iter().filter(handles);
        let scripts: Vec<_> = scripts.copied().collect();
        for script in &scripts {
            // It is counted where there is no room.
            let _ = self.bus.post(now, *script, event.clone());
        }
        scripts.len()
    }

    /// Lets an avatar say something, and the observer see it.
    fn avatar_line(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        (channel, text): (i32, &str),
        say: impl FnOnce(&mut ChatBus) -> Result<Said, BusError>,
    ) -> Option<Said> {
        let is_watched = self.clep.watches(channel);
        let said = self.tapped(is_watched, say).ok()?;
        let Self { bus, clep, .. } = self;
        let bus = &*bus;
        if is_watched
            && said.refused.is_none()
            && let Some(avatar) = bus.avatar(agent)
        {
            let line = SpokenLine {
                channel,
                call: "chat",
                sender: agent.0,
                sender_name: &avatar.name,
                owner: agent.0,
                text,
            };
            clep.observe(now, &line, &said, bus);
        }
        Some(said)
    }

    /// Says something with the bus's tap switched on, if somebody wants to know.
    pub(super) fn tapped(
        &mut self,
        is_on: bool,
        say: impl FnOnce(&mut ChatBus) -> Result<Said, BusError>,
    ) -> Result<Said, BusError> {
        let was_on = self.bus.settings().tap;
        self.bus.set_tap(was_on || is_on);
        let said = say(&mut self.bus);
        self.bus.set_tap(was_on);
        said
    }
}
