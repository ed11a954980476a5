//! What the region sends to everybody periodically: statistics, time, wind, coarse locations.

use std::f32::consts::TAU;
use std::time::Duration;

use super::Region;
use super::layer_data::{LAYER_WIND, PATCH, Patch, encode_layer};
use super::math::{distance_squared, vector};
use super::movement::Motion;
use crate::circuit::{Category, Outgoing};
use crate::message::{
    self, CoarseLocationUpdate, CoarseLocationUpdateAgentData, CoarseLocationUpdateIndex,
    CoarseLocationUpdateLocation, LayerData, LayerDataLayerData, LayerDataLayerID, Message,
    SimStats, SimStatsRegionInfo, SimStatsStat, SimulatorViewerTimeMessage,
};
use crate::objects::Objects;
use crate::outbox::send_many;
use crate::time::Timestamp;

/// What happened since the last `SimStats`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frames {
    /// Ticks.
    count: u32,
    /// Time that they took, as the shell reported.
    busy: Duration,
    /// `AgentUpdate`s taken.
    pub agent_updates: u32,
    /// Since when.
    since: Timestamp,
    /// The figures of the interval before.
    last: Figures,
}

#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    frames_per_second: f32,
    frame_milliseconds: f32,
    agent_updates_per_second: f32,
    scripts: f32,
    scripted_prims: f32,
}

impl Frames {
    /// Counts a tick.
    pub fn tick(&mut self) {
        self.count += 1;
    }

    /// Adds the time that a tick took.
    pub fn record(&mut self, spent: Duration) {
        self.busy += spent;
    }

    fn close(&mut self, now: Timestamp, objects: &Objects) {
        let seconds = now.since(self.since).as_secs_f32().max(0.001);
        let last = Figures {
            frames_per_second: self.count as f32 / seconds,
            frame_milliseconds: self.busy.as_secs_f32() * 1000.0 / self.count.max(1) as f32,
            agent_updates_per_second: self.agent_updates as f32 / seconds,
            scripts: objects.script_count() as f32,
            scripted_prims: objects.scripted_prims() as f32,
        };
        *self = Self { since: now, last, ..Self::default() };
    }
}

impl Region {
    /// Sends what is due by now.
    pub(super) fn send_periodically(&mut self, now: Timestamp) {
        if now >= self.stats_due {
            self.stats_due = now + STATS_INTERVAL;
            self.frames.close(now, &self.objects);
            self.broadcast(&self.sim_stats(), Category::Unthrottled);
        }
        if now >= self.time_due {
            self.time_due = now + TIME_INTERVAL;
            self.broadcast(&self.viewer_time(now), Category::Unthrottled);
        }
        if now >= self.wind_due {
            self.wind_due = now + WIND_INTERVAL;
            if let Some(wind) = &self.wind {
                self.send_to_ready(wind);
            }
        }
        for slot in 0..self.crowd.slots() {
            let due = |view: &super::interest::View| view.ready && now >= view.coarse_due;
            if self.crowd.get(slot).is_some_and(|member| due(&member.view)) {
                self.send_coarse_locations(now, slot);
            }
        }
    }

    /// `SimulatorViewerTimeMessage`: the viewers' clock, and where the sun of four hours a day is.
    pub(super) fn viewer_time(&self, now: Timestamp) -> SimulatorViewerTimeMessage {
        let unix = self.unix(now);
        let day = f64::from(SECONDS_PER_DAY);
        let phase = (unix.as_secs_f64() % day / day) as f32 * TAU;
        let mut time = SimulatorViewerTimeMessage::default();
        time.time_info.usec_since_start = unix.as_micros() as u64;
        time.time_info.sec_per_day = SECONDS_PER_DAY;
        time.time_info.sec_per_year = SECONDS_PER_DAY * DAYS_PER_YEAR;
        time.time_info.sun_direction = vector(0.0, phase.cos(), phase.sin());
        time.time_info.sun_phase = phase;
        time.time_info.sun_ang_velocity = vector(TAU / SECONDS_PER_DAY as f32, 0.0, 0.0);
        time
    }

    /// `SimStats` with the figures of the last whole interval.
    pub(super) fn sim_stats(&self) -> SimStats {
        let figures = self.frames.last;
        let frame = self.settings.frame.as_secs_f32() * 1000.0;
        let stats = [
            (0, 1.0),
            (1, figures.frames_per_second * OPENSIM_FPS_SCALE),
            (2, figures.frames_per_second * OPENSIM_FPS_SCALE),
            (3, figures.agent_updates_per_second),
            (4, figures.frame_milliseconds),
            (11, self.objects.prims().len() as f32),
            (12, figures.scripted_prims),
            (13, self.crowd.len() as f32),
            (14, 0.0),
            (15, figures.scripts),
            (32, (frame - figures.frame_milliseconds).max(0.0)),
        ];
        let mut message = SimStats::default();
        message.region.region_x = self.info.grid_x;
        message.region.region_y = self.info.grid_y;
        message.region.region_flags = self.info.flags;
        message.region.object_capacity = self.info.object_capacity;
        message.stat = stats
            .iter()
            .map(|&(stat_id, stat_value)| SimStatsStat { stat_id, stat_value })
            .collect();
        message.region_info =
            vec![SimStatsRegionInfo { region_flags_extended: u64::from(self.info.flags) }];
        message
    }

    /// `CoarseLocationUpdate` for one client. It names only avatars whose `ObjectUpdate` went to that
    /// client before: some clients make up an avatar for an unknown name and then never take the
    /// real one. Of a crowd it gets the nearest.
    pub(super) fn send_coarse_locations(&mut self, now: Timestamp, viewer: usize) {
        let Some(place) = self.crowd.places().get(viewer).copied() else { return };
        let Some(member) = self.crowd.get_mut(viewer) else { return };
        member.view.coarse_due = now + COARSE_INTERVAL;
        let outbox = &member.avatar.outbox;
        if outbox.is_congested() || outbox.pressure() > self.settings.backlog_limit {
            return;
        }
        let mut slots = std::mem::take(&mut self.scratch.coarse);
        slots.clear();
        if let Some(member) = self.crowd.get(viewer) {
            let avatars = self.crowd.marks().iter().zip(self.crowd.places()).enumerate();
            slots.extend(
                avatars
                    .filter(|&(slot, (mark, _))| {
                        !mark.is_nobody() && (slot == viewer || member.view.shows(slot))
                    })
                    .map(|(slot, (_, at))| (distance_squared(place, *at) as u32, slot)),
            );
        }
        if slots.len() > COARSE_MAX {
            slots.select_nth_unstable(COARSE_MAX);
            slots.truncate(COARSE_MAX);
        }
        slots.sort_unstable_by_key(|&(_, slot)| slot);
        let mut update = CoarseLocationUpdate {
            index: CoarseLocationUpdateIndex { you: -1, prey: -1 },
            ..CoarseLocationUpdate::default()
        };
        for &(_, slot) in &slots {
            let Some(member) = self.crowd.get(slot) else { continue };
            if slot == viewer {
                update.index.you = update.location.len() as i16;
            }
            update.location.push(coarse(&member.avatar.motion));
            update
                .agent_data
                .push(CoarseLocationUpdateAgentData { agent_id: member.avatar.agent.0 });
        }
        self.scratch.coarse = slots;
        let Some(member) = self.crowd.get(viewer) else { return };
        // Full: the endpoint counts it and ends the circuit.
        let _ = member.avatar.outbox.send_message(&update, false, Category::Task);
    }

    fn broadcast<M: Message>(&self, message: &M, category: Category) {
        match message::encode(message) {
            Ok(message) => self.send_to_ready(&Outgoing::unreliable(message, category)),
            Err(error) => {
                tracing::error!(message = M::NAME, %error, "message cannot be encoded");
            }
        }
    }

    fn send_to_ready(&self, outgoing: &Outgoing) {
        let ready = self.crowd.iter().filter(|(_, member)| member.view.ready);
        send_many(ready.map(|(_, member)| &member.avatar.outbox), outgoing);
    }
}

/// A gentle wind that follows from the seed and never changes; `None` if it cannot be encoded.
pub(super) fn wind(seed: u64) -> Option<Outgoing> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (east, north) = (random.f32().mul_add(4.0, -2.0), random.f32().mul_add(4.0, -2.0));
    let patch = |speed: f32, turn: f32| Patch {
        column: 0,
        row: 0,
        values: std::array::from_fn(|place| {
            let (x, y) = ((place % PATCH) as f32, (place / PATCH) as f32);
            speed + (TAU * (x * turn + y) / PATCH as f32).sin() * 0.5
        }),
    };
    let data =
        encode_layer(LAYER_WIND, [patch(east, 1.0), patch(north, -1.0)]).into_iter().next()?;
    layer_packet(LAYER_WIND, data, false, Category::Wind)
}

/// One `LayerData` message.
pub(super) fn layer_packet(
    kind: u8,
    data: Vec<u8>,
    reliable: bool,
    category: Category,
) -> Option<Outgoing> {
    let message = LayerData {
        layer_id: LayerDataLayerID { type_: kind },
        layer_data: LayerDataLayerData { data: data.into() },
    };
    match message::encode(&message) {
        Ok(message) => Some(Outgoing::new(message, reliable, category)),
        Err(error) => {
            tracing::error!(%error, "LayerData cannot be encoded");
            None
        }
    }
}

fn coarse(motion: &Motion) -> CoarseLocationUpdateLocation {
    let byte = |metres: f32| metres.clamp(0.0, 255.0) as u8;
    let height = motion.position.z;
    // Heights that a byte of four metres cannot tell are told as 0.
    let z = if height < 1024.0 { byte(height / 4.0) } else { 0 };
    CoarseLocationUpdateLocation { x: byte(motion.position.x), y: byte(motion.position.y), z }
}

/// OpenSim tells five times its 11 frames per second, so that viewers show the usual 55.
const OPENSIM_FPS_SCALE: f32 = 5.0;
/// Entries in one message below the MTU.
const COARSE_MAX: usize = 60;
const COARSE_INTERVAL: Duration = Duration::from_secs(1);
const STATS_INTERVAL: Duration = Duration::from_secs(3);
const TIME_INTERVAL: Duration = Duration::from_millis(2500);
const WIND_INTERVAL: Duration = Duration::from_millis(13_600);
const SECONDS_PER_DAY: u32 = 14_400;
const DAYS_PER_YEAR: u32 = 11;
