//! Who may still speak while the bus is congested: everybody except those whose texts cause it. Each
//! speaker has a budget of copies, so a flooder silences only itself.

use super::state::{ChatRefusal, Effect};
use super::{Shared, dropped};
use crate::ids::AgentId;
use crate::services::ports::Congestion;
use crate::time::Timestamp;

impl Shared {
    /// Whether what the agent says now counts against its budget; an error if it may not speak.
    pub(super) fn check_flood(&self, agent: AgentId, now: Timestamp) -> Result<bool, ChatRefusal> {
        let refuse = |reason| {
            dropped(reason);
            Err(ChatRefusal::Impossible)
        };
        match self.bus.congestion() {
            // While there is room for all, nobody's copies are counted.
            Congestion::None => Ok(false),
            Congestion::Full => refuse("text_congested"),
            Congestion::Some => {
                let mut budget = self.budgets.entry(agent).or_default();
                if budget.is_open(now, self.copies_per_second) {
                    Ok(true)
                } else {
                    refuse("text_flooded")
                }
            }
        }
    }

    /// Takes what a text has caused out of the speaker's budget.
    pub(super) fn spend(&self, agent: AgentId, effects: &[Effect]) {
        let copies: usize = effects.iter().map(Effect::copies).sum();
        self.budgets.entry(agent).or_default().spend(copies as u64);
    }
}
