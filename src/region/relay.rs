//! Effects that one client shows and others should see at once: viewer effects and gesture sounds.
//!
//! They are relayed unchanged to everybody in range, unreliably: a lost beam is not worth
//! resending.

use super::Region;
use crate::circuit::Outgoing;
use crate::ids::AgentId;
use crate::outbox::send_many;
use crate::time::Timestamp;

impl Region {
    /// Passes a message of `agent` on to the others in range whose clients keep up.
    pub(super) fn relay(&mut self, now: Timestamp, agent: AgentId, outgoing: &Outgoing) {
        let Some(slot) = self.crowd.slot_of(agent) else { return self.count_unknown() };
        let Some(member) = self.crowd.get_mut(slot) else { return };
        if !member.avatar.relay_budget.is_open(now, COPIES_PER_SECOND) {
            self.counters.relays_flooded += 1;
            return;
        }
        let position = member.avatar.motion.position;
        let limit = self.settings.backlog_limit;
        let near = self.crowd.grid().within(position, RANGE).filter(|&other| other != slot);
        let mut copies = 0;
        let keeps_up = |other| {
            let member = self.crowd.get(other).filter(|member| member.view.ready)?;
            let outbox = &member.avatar.outbox;
            (!outbox.is_congested() && outbox.pressure() <= limit).then_some(outbox)
        };
        send_many(near.filter_map(keeps_up).inspect(|_| copies += 1), outgoing);
        self.counters.relayed += 1;
        if let Some(member) = self.crowd.get_mut(slot) {
            member.avatar.relay_budget.spend(copies.max(1));
        }
    }
}

/// How far effects are seen, metres; about the draw distance of ordinary viewers.
const RANGE: f32 = 96.0;
/// Copies that one agent may cause per second for long; four times as many in a burst.
const COPIES_PER_SECOND: u32 = 500;
