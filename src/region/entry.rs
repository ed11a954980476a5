//! The messages that a client is sent when it enters, and their order.
//!
//! There are two steps. First, at once, the handshake and everything that needs no world. Then,
//! after the client has answered the handshake (or after a timeout): its own avatar, the parcel and
//! the time, followed gradually by the terrain and the others, which is the work of
//! [`super::interest`]. The steps are separate because some clients drop objects that arrive before
//! they have processed the handshake.

use super::Region;
use super::avatar::Avatar;
use super::command::Arrival;
use super::info::RegionInfo;
use super::interest::HANDSHAKE_PATIENCE;
use super::math::{rotated, vector};
use super::parcel;
use crate::circuit::Category;
use crate::ids::{AgentId, RegionHandle, SessionId};
use crate::lsl::Participant;
use crate::message::{
    self, AgentDataUpdate, AgentMovementComplete, HealthMessage, Message, RegionHandshake,
    RegionHandshakeRegionInfo4, TeleportLocal, TeleportStart, Vector3,
};
use crate::outbox::Outbox;
use crate::time::Timestamp;

impl Region {
    pub(super) fn enter(&mut self, now: Timestamp, arrival: Arrival) {
        if let Some(old) = self.crowd.slot_of(arrival.agent) {
            // The farewell of the older login comes too late: it names another session.
            self.take_out(now, old, arrival.agent);
        }
        let local_id = self.crowd.next_local_id();
        let avatar = Avatar::new(arrival, local_id, &self.ground, now);
        let (agent, outbox) = (avatar.agent, avatar.outbox.clone());
        send(&outbox, &region_handshake(&self.info, agent));
        send(&outbox, &self.movement_complete(now, &avatar));
        send(&outbox, &agent_data(&avatar));
        let mut health = HealthMessage::default();
        health.health_data.health = 100.0;
        send(&outbox, &health);
        self.objects.avatar_entered(Participant {
            id: agent,
            name: avatar.name().into(),
            position: avatar.motion.position,
            is_child: false,
        });
        self.crowd.insert(avatar);
        self.counters.entered += 1;
        self.run_objects(now);
    }

    pub(super) fn movement_complete_again(&mut self, now: Timestamp, agent: AgentId) {
        let slot = self.crowd.slot_of(agent);
        let Some(member) = slot.and_then(|slot| self.crowd.get(slot)) else {
            return self.count_unknown();
        };
        send(&member.avatar.outbox, &self.movement_complete(now, &member.avatar));
    }

    /// Shows the world to those who answered the handshake never, after a while.
    pub(super) fn show_world_to_the_silent(&mut self, now: Timestamp) {
        for slot in 0..self.crowd.slots() {
            let silent = self.crowd.get(slot).is_some_and(|member| {
                !member.view.ready && now.since(member.avatar.entered) >= HANDSHAKE_PATIENCE
            });
            if silent {
                self.show_world(now, slot);
            }
        }
    }

    /// Sends what a client sees first; once.
    pub(super) fn show_world(&mut self, now: Timestamp, slot: usize) {
        let handle = self.info.handle;
        let mark = self.crowd.marks().get(slot).copied();
        let Some(member) = self.crowd.get_mut(slot).filter(|member| !member.view.ready) else {
            return;
        };
        member.view.ready = true;
        let agent = member.avatar.agent;
        let outbox = member.avatar.outbox.clone();
        let own = [member.avatar.full(handle), member.avatar.looks(), member.avatar.plays()];
        for outgoing in own.into_iter().flatten() {
            // Full: the endpoint counts it and ends the circuit.
            let _ = outbox.send(outgoing);
        }
        if let Some(mark) = mark {
            member.view.sent_all(slot, mark);
        }
        for overlay in parcel::overlay(&self.info, agent) {
            send(&outbox, &overlay);
        }
        outbox.event(parcel::properties(&self.info, agent, parcel::SEQUENCE_ENTERED, false));
        let _ = outbox.send_message(&self.viewer_time(now), false, Category::Unthrottled);
        let _ = outbox.send_message(&self.sim_stats(), false, Category::Unthrottled);
        if let Some(wind) = self.wind.clone() {
            let _ = outbox.send(wind);
        }
        self.send_coarse_locations(now, slot);
    }

    pub(super) fn teleport_local(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        to: Vector3,
        look_at: Vector3,
    ) {
        let Some(slot) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        let ground = &self.ground;
        let Some(member) = self.crowd.get_mut(slot) else { return };
        let motion = &mut member.avatar.motion;
        motion.face(look_at);
        motion.place(to, ground);
        let mut start = TeleportStart::default();
        start.info.teleport_flags = TELEPORT_VIA_LOCATION;
        send(&member.avatar.outbox, &start);
        let mut local = TeleportLocal::default();
        local.info.agent_id = agent.0;
        local.info.position = motion.position;
        local.info.look_at = look_of(&member.avatar);
        local.info.teleport_flags = TELEPORT_VIA_LOCATION;
        send(&member.avatar.outbox, &local);
        self.publish(now, slot);
    }

    fn movement_complete(&self, now: Timestamp, avatar: &Avatar) -> AgentMovementComplete {
        let mut complete = movement_complete(
            avatar.agent,
            avatar.session,
            self.info.handle,
            avatar.motion.position,
        );
        complete.data.look_at = look_of(avatar);
        complete.data.timestamp = self.unix(now).as_secs() as u32;
        complete.sim_data.channel_version = message::variable2(&self.info.channel_version);
        complete
    }
}

/// `RegionHandshake` for one agent.
pub fn region_handshake(info: &RegionInfo, agent: AgentId) -> RegionHandshake {
    let mut handshake = RegionHandshake::default();
    let region = &mut handshake.region_info;
    region.region_flags = info.flags;
    region.sim_access = info.sim_access;
    region.sim_name = message::variable1(&info.name);
    region.sim_owner = info.owner.0;
    region.is_estate_manager = info.owner == agent;
    region.water_height = info.water_height;
    region.billable_factor = 1.0;
    region.cache_id = info.cache_id;
    [
        region.terrain_detail0,
        region.terrain_detail1,
        region.terrain_detail2,
        region.terrain_detail3,
    ] = info.terrain_detail;
    let [south_west, north_west, south_east, north_east] = info.terrain_start_height;
    region.terrain_start_height00 = south_west;
    region.terrain_start_height01 = north_west;
    region.terrain_start_height10 = south_east;
    region.terrain_start_height11 = north_east;
    let [south_west, north_west, south_east, north_east] = info.terrain_height_range;
    region.terrain_height_range00 = south_west;
    region.terrain_height_range01 = north_west;
    region.terrain_height_range10 = south_east;
    region.terrain_height_range11 = north_east;
    handshake.region_info2.region_id = info.id.0;
    handshake.region_info3.cpu_class_id = CPU_CLASS;
    handshake.region_info3.cpu_ratio = 1;
    handshake.region_info3.product_name = message::variable1(&info.product_name);
    handshake.region_info4 = vec![RegionHandshakeRegionInfo4 {
        region_flags_extended: u64::from(info.flags),
        region_protocols: PROTOCOLS,
    }];
    handshake
}

fn movement_complete(
    agent: AgentId,
    session: SessionId,
    handle: RegionHandle,
    position: Vector3,
) -> AgentMovementComplete {
    let mut complete = AgentMovementComplete::default();
    complete.agent_data.agent_id = agent.0;
    complete.agent_data.session_id = session.0;
    complete.data.position = position;
    complete.data.region_handle = handle.0;
    complete
}

/// Group data are the session's to tell; an agent without an active group has none.
fn agent_data(avatar: &Avatar) -> AgentDataUpdate {
    let mut update = AgentDataUpdate::default();
    update.agent_data.agent_id = avatar.agent.0;
    update.agent_data.first_name = message::variable1(&avatar.first);
    update.agent_data.last_name = message::variable1(&avatar.last);
    update
}

fn look_of(avatar: &Avatar) -> Vector3 {
    rotated(vector(1.0, 0.0, 0.0), avatar.motion.rotation)
}

/// Reliable and past the throttles.
fn send<M: Message>(outbox: &Outbox, message: &M) {
    // Full: the endpoint counts it and ends the circuit.
    let _ = outbox.send_message(message, true, Category::Unthrottled);
}

/// More than six baked textures. Bit 0, server-side appearance, stays away: there is no service
/// for it, and without the bit viewers bake for themselves.
const PROTOCOLS: u64 = 1 << 63;
const CPU_CLASS: i32 = 9;
const TELEPORT_VIA_LOCATION: u32 = 0x10;
