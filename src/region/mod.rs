//! One region: the avatars in it, how they move, and what they see and hear of each other and of
//! objects.
//!
//! [`Region`] is a state machine: commands and ticks go in, together with the current time, and
//! messages come out through the agents' outboxes; the same inputs and the same seed give the same
//! messages. [`task`] is the shell that drives it. It knows neither sessions nor sockets. Requests
//! that need only [`RegionInfo`] are answered by the sessions themselves.

pub mod animation;
mod answers;
mod appearance;
mod avatar;
mod avatar_wire;
pub mod chat;
pub mod command;
mod crowd;
mod entry;
pub mod gate;
mod grid;
pub mod info;
mod interest;
pub mod layer_data;
mod math;
mod motions;
pub mod movement;
mod object_effects;
mod object_interest;
mod object_requests;
mod pace;
mod parcel;
pub mod prim_wire;
pub mod relay;
mod send_budget;
mod snapshot;
mod stats;
pub mod task;
pub mod terrain;
mod whereabouts;

use std::sync::Arc;
use std::time::Duration;

pub use command::{Arrival, Command};
pub use gate::ObjectGate;
pub use info::{RegionInfo, RegionLink, region_flags};
pub use movement::Speeds;
pub use snapshot::{AgentSnapshot, RegionCounters, RegionCounts, RegionSnapshot};
pub use task::run;
pub use terrain::{Heightmap, TerrainError};
pub use whereabouts::Whereabouts;

use crate::circuit::{Category, Outgoing};
use crate::config::Flavour;
use crate::ids::{AgentId, SessionId};
use crate::lsl;
use crate::message::{AgentSetAppearance, AgentUpdate, ParcelPropertiesRequest};
use crate::objects::{ObjectSettings, Objects};
use crate::time::Timestamp;
use crowd::Crowd;
use interest::{Aspect, Scratch};
use movement::Surroundings;
use object_interest::PrimUpdates;

/// How a region behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionSettings {
    /// Time between two ticks.
    pub frame: Duration,
    /// How fast avatars are.
    pub speeds: Speeds,
    /// Wall time at the clock's origin, since 1970.
    pub unix_at_origin: Duration,
    /// Chat of avatars and of objects: its ranges, the rules of its flavour, its limits.
    pub bus: lsl::Settings,
    /// Copies of chat lines per second that one speaker may cause for long; four times as many in
    /// a burst. What goes beyond is dropped and counted.
    pub chat_copies_per_second: u32,
    /// Least time between two updates of an avatar that moves steadily. Changes do not wait.
    pub moving_interval: Duration,
    /// Bytes that may wait behind a client's throttles before it gets no more updates for now.
    pub backlog_limit: usize,
    /// Update packets per tick for all clients together; each gets an equal share, within bounds.
    pub packets_per_tick: usize,
}

impl Default for RegionSettings {
    fn default() -> Self {
        Self {
            frame: Duration::from_micros(90_909),
            speeds: Speeds::OPENSIM,
            unix_at_origin: Duration::ZERO,
            bus: lsl::Settings::new(Flavour::OpenSim),
            chat_copies_per_second: 1_000_000,
            moving_interval: Duration::from_millis(150),
            backlog_limit: 24 * 1024,
            packets_per_tick: 1024,
        }
    }
}

/// A region's state.
#[derive(Debug)]
pub struct Region {
    info: Arc<RegionInfo>,
    settings: RegionSettings,
    ground: Heightmap,
    /// The terrain, encoded once for everybody.
    land: Vec<Outgoing>,
    wind: Option<Outgoing>,
    crowd: Crowd,
    objects: Objects,
    prim_updates: PrimUpdates,
    gate: Option<Arc<dyn ObjectGate>>,
    answers: answers::Answers,
    scratch: Scratch,
    /// The slot whose client is next to be told what it lacks in this tick.
    flush_next: usize,
    counters: RegionCounters,
    frames: stats::Frames,
    pace: pace::Pace,
    ticks: u64,
    last_tick: Timestamp,
    stats_due: Timestamp,
    time_due: Timestamp,
    wind_due: Timestamp,
}

impl Region {
    /// An empty region. The ground is encoded here, once.
    pub fn new(
        info: Arc<RegionInfo>,
        ground: Heightmap,
        seed: u64,
        settings: RegionSettings,
    ) -> Self {
        let land = layer_data::encode_terrain(&ground)
            .into_iter()
            .filter_map(|data| {
                stats::layer_packet(layer_data::LAYER_LAND, data, true, Category::Land)
            })
            .collect();
        let objects = ObjectSettings {
            bus: settings.bus.clone(),
            region: info.id,
            region_name: info.name.clone(),
            unix_at_origin: settings.unix_at_origin,
        };
        Self {
            info,
            settings,
            ground,
            land,
            wind: stats::wind(seed),
            crowd: Crowd::default(),
            objects: Objects::new(objects, seed),
            prim_updates: PrimUpdates::default(),
            gate: None,
            answers: answers::Answers::default(),
            scratch: Scratch::default(),
            flush_next: 0,
            counters: RegionCounters::default(),
            frames: stats::Frames::default(),
            pace: pace::Pace::default(),
            ticks: 0,
            last_tick: Timestamp::ZERO,
            stats_due: Timestamp::ZERO,
            time_due: Timestamp::ZERO,
            wind_due: Timestamp::ZERO,
        }
    }

    /// Lets its objects ask for mute lists and send instant messages. Without a gate nobody is
    /// muted, and instant messages of objects are dropped and counted.
    #[must_use]
    pub fn with_gate(mut self, gate: Arc<dyn ObjectGate>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// Does what a session asks.
    pub fn apply(&mut self, now: Timestamp, command: Command) {
        match command {
            Command::Enter(arrival) => self.enter(now, *arrival),
            Command::MovementCompleteAgain { agent } => self.movement_complete_again(now, agent),
            Command::HandshakeReply { agent, flags: _ } => match self.crowd.slot_of(agent) {
                Some(slot) => self.show_world(now, slot),
                None => self.count_unknown(),
            },
            Command::Movement { agent, sequence, update } => {
                self.movement(agent, sequence, &update);
            }
            Command::Chat { agent, text, kind, channel } => {
                self.chat(now, agent, &text, kind, channel);
            }
            Command::SystemChat { to, text } => self.system_chat(to, &text),
            Command::AlwaysRun { agent, on } => {
                if let Some(member) = self.member(agent) {
                    member.avatar.motion.always_run = on;
                }
            }
            // Nobody sits on objects yet; a viewer that gets no answer stays as it is.
            Command::RequestSit { agent, .. } | Command::Sit { agent } => {
                if self.member(agent).is_some() {
                    self.counters.sits_refused += 1;
                }
            }
            Command::Animation { agent, changes } => self.animation(agent, &changes),
            Command::Appearance { agent, message } => self.appearance(agent, &message),
            Command::GroupTitle { agent, title } => self.group_title(agent, title),
            Command::ParcelProperties { agent, request } => {
                self.parcel_properties(agent, &request);
            }
            Command::ParcelDwell { agent, local_id } => self.parcel_dwell(agent, local_id),
            Command::RequestObjects { agent, ids } => self.request_objects(agent, &ids),
            Command::TeleportLocal { agent, position, look_at } => {
                self.teleport_local(now, agent, position, look_at);
            }
            Command::Leave { agent, session } => self.leave(now, agent, session),
            Command::DialogReply { agent, object, channel, label } => {
                self.dialog_reply(now, agent, object, channel, &label);
            }
            Command::Relay { agent, outgoing } => self.relay(now, agent, &outgoing),
            Command::Autopilot { agent, to } => {
                if let Some(member) = self.member(agent) {
                    member.avatar.motion.walk_to(to);
                }
            }
            Command::TaskInventory { agent, local_id } => self.task_inventory(agent, local_id),
            Command::Touch { agent, local_id } => self.touch(now, agent, local_id),
            Command::SelectObjects { agent, ids } => self.select_objects(agent, &ids),
            Command::ObjectFamily { agent, flags, object } => {
                self.object_family(agent, flags, object);
            }
            Command::Objects(command) => self.object_command(now, command),
            // Nobody waits for it any more if this fails.
            Command::Snapshot(answer) => drop(answer.send(self.snapshot())),
        }
    }

    /// A whole tick: [`Self::advance`], then [`Self::flush`] until all is told.
    pub fn tick(&mut self, now: Timestamp) {
        self.advance(now);
        while self.flush(usize::MAX) {}
    }

    /// Moves everything on to `now` and says what is due to everybody.
    pub fn advance(&mut self, now: Timestamp) {
        let elapsed = if self.ticks == 0 { Duration::ZERO } else { now.since(self.last_tick) };
        self.last_tick = now;
        self.ticks += 1;
        self.frames.tick();
        let around = Surroundings {
            ground: &self.ground,
            speeds: &self.settings.speeds,
            no_fly: self.info.flags & region_flags::BLOCK_FLY != 0,
        };
        for (_, member) in self.crowd.iter_mut() {
            member.avatar.motion.step(now, elapsed, around);
        }
        for slot in 0..self.crowd.slots() {
            self.publish(now, slot);
        }
        self.show_answers(now);
        self.run_objects(now);
        self.show_world_to_the_silent(now);
        self.send_periodically(now);
        self.flush_next = 0;
    }

    /// Tells the next `clients` clients what they lack; false when all had their turn since
    /// [`Self::advance`]. In parts, so that endpoints and commands need not wait for all.
    pub fn flush(&mut self, clients: usize) -> bool {
        let end = self.flush_next.saturating_add(clients).min(self.crowd.slots());
        self.flush_views(self.flush_next..end);
        self.flush_next = end;
        end < self.crowd.slots()
    }

    /// How long a tick took, which the shell knows: for the statistics, and for how much the next
    /// ones send.
    pub fn record_frame(&mut self, spent: Duration) {
        self.frames.record(spent);
        self.pace.record(spent, self.settings.frame);
    }

    /// The region's facts.
    pub fn info(&self) -> &Arc<RegionInfo> {
        &self.info
    }

    /// Time between two ticks.
    pub fn frame(&self) -> Duration {
        self.settings.frame
    }

    /// How many avatars are here.
    pub fn population(&self) -> usize {
        self.crowd.len()
    }

    /// Sizes of all collections that grow with visitors; all zero when nobody is here.
    pub fn counts(&self) -> RegionCounts {
        let mut counts = RegionCounts {
            avatars: self.crowd.iter().count(),
            slots: self.crowd.slots(),
            index_entries: self.crowd.index_entries(),
            grid_entries: self.crowd.grid().len(),
            ..RegionCounts::default()
        };
        for (_, member) in self.crowd.iter() {
            counts.known += member.view.known();
            counts.pending_updates += member.view.pending(self.crowd.marks());
            counts.pending_kills += member.view.gone();
            counts.known_prims += member.view.prims.known();
            counts.pending_prims += self.pending_prims(member.avatar.agent, &member.view);
            counts.land_pending += self.land.len().saturating_sub(member.view.land_sent);
        }
        counts
    }

    /// What happened since the start.
    pub fn counters(&self) -> RegionCounters {
        self.counters
    }

    /// A picture of everything.
    pub fn snapshot(&self) -> RegionSnapshot {
        let agents = self.crowd.iter().map(|(_, member)| {
            let avatar = &member.avatar;
            AgentSnapshot {
                agent: avatar.agent,
                session: avatar.session,
                name: avatar.name(),
                local_id: avatar.local_id,
                position: avatar.motion.position,
                velocity: avatar.motion.velocity,
                flying: avatar.motion.is_flying(),
                sitting: avatar.motion.is_sitting(),
                ready: member.view.ready,
                entered: avatar.entered,
                pending_updates: member.view.pending(self.crowd.marks()),
            }
        });
        RegionSnapshot {
            agents: agents.collect(),
            counts: self.counts(),
            counters: self.counters,
            bus: self.objects.counters(),
            objects: self.objects.object_counters(),
            clep: self.objects.clep_counters().clone(),
        }
    }

    fn movement(&mut self, agent: AgentId, sequence: u32, update: &AgentUpdate) {
        let Some(member) = self.member(agent) else { return };
        if member.avatar.motion.take_update(sequence, &update.agent_data) {
            self.frames.agent_updates += 1;
        } else {
            self.counters.stale_movements += 1;
        }
    }

    fn animation(&mut self, agent: AgentId, changes: &[(uuid::Uuid, bool)]) {
        let Some(slot) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        let Some(member) = self.crowd.get_mut(slot) else { return };
        let (changed, refused) = member.avatar.animations.request(changes);
        self.counters.animations_refused += refused;
        if changed {
            member.avatar.animations_changed();
            self.crowd.touch(slot, |mark| mark.bump(Aspect::Animation));
        }
    }

    fn appearance(&mut self, agent: AgentId, message: &AgentSetAppearance) {
        let Some(slot) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        let Some(member) = self.crowd.get_mut(slot) else { return };
        let size = member.avatar.appearance.size();
        if !member.avatar.appearance.set(message) {
            self.counters.appearances_refused += 1;
            return;
        }
        member.avatar.appearance_changed();
        let resized = member.avatar.appearance.size() != size;
        self.crowd.touch(slot, |mark| {
            mark.bump(Aspect::Appearance);
            if resized {
                mark.bump(Aspect::Identity);
            }
        });
    }

    fn group_title(&mut self, agent: AgentId, title: String) {
        let Some(slot) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        let Some(member) = self.crowd.get_mut(slot) else { return };
        if member.avatar.title != title {
            member.avatar.title = title;
            member.avatar.identity_changed();
            self.crowd.touch(slot, |mark| mark.bump(Aspect::Identity));
        }
    }

    fn parcel_properties(&mut self, agent: AgentId, request: &ParcelPropertiesRequest) {
        let info = self.info.clone();
        let Some(member) = self.member(agent) else { return };
        let asked = &request.parcel_data;
        if parcel::is_inside(asked.west, asked.south, asked.east, asked.north) {
            let snap = asked.snap_selection;
            member.avatar.outbox.event(parcel::properties(&info, agent, asked.sequence_id, snap));
        } else {
            self.counters.parcels_refused += 1;
        }
    }

    fn parcel_dwell(&mut self, agent: AgentId, local_id: i32) {
        let info = self.info.clone();
        if let Some(member) = self.member(agent) {
            let reply = parcel::dwell(&info, agent, local_id);
            // Full: the endpoint counts it and ends the circuit.
            let _ = member.avatar.outbox.send_message(&reply, true, Category::Unthrottled);
        }
    }

    fn leave(&mut self, now: Timestamp, agent: AgentId, session: SessionId) {
        let Some(slot) = self.crowd.slot_of(agent) else { return };
        if self.crowd.get(slot).is_some_and(|member| member.avatar.session == session) {
            self.take_out(now, slot, agent);
            self.run_objects(now);
        }
    }

    /// Takes an avatar out, with all that it wears.
    fn take_out(&mut self, now: Timestamp, slot: usize, agent: AgentId) {
        self.crowd.remove(slot);
        self.counters.left += 1;
        self.objects.avatar_left(now, agent);
        if self.crowd.len() == 0 {
            self.prim_updates.clear();
        }
    }

    /// Notes what others must be told of an avatar that may have moved.
    fn publish(&mut self, now: Timestamp, slot: usize) {
        let interval = self.settings.moving_interval;
        let Some(member) = self.crowd.get_mut(slot) else { return };
        let avatar = &mut member.avatar;
        let agent = avatar.agent;
        let (moved, animated) = (avatar.publish(now, interval), avatar.animate());
        let (place, resting) = (avatar.motion.position, avatar.shown().is_resting());
        let terse = moved.then(|| avatar.terse());
        if self.crowd.places().get(slot) != Some(&place) {
            self.objects.avatar_moved(agent, place);
        }
        self.crowd.moved(slot, place, resting);
        if let Some(terse) = terse {
            self.crowd.shows(slot, terse);
        }
        self.crowd.touch(slot, |mark| {
            if moved {
                mark.bump(Aspect::Motion);
            }
            if animated {
                mark.bump(Aspect::Animation);
            }
        });
    }

    fn member(&mut self, agent: AgentId) -> Option<&mut crowd::Member> {
        let Some(slot) = self.crowd.slot_of(agent) else {
            self.count_unknown();
            return None;
        };
        self.crowd.get_mut(slot)
    }

    fn count_unknown(&mut self) {
        self.counters.unknown_agent += 1;
    }

    fn unix(&self, now: Timestamp) -> Duration {
        self.settings.unix_at_origin.saturating_add(now.since_origin())
    }
}

#[cfg(test)]
mod tests;
