//! Groups: requests and changes by clients, handled in order of arrival.
//!
//! The service decides and stores; this module turns its results into messages. Agents affected by
//! a change get `AgentDataUpdate` and the event `AgentGroupDataUpdate`, wherever they are.

pub(super) mod members;
pub(super) mod membership;
pub(super) mod profile;
pub(super) mod roles;

use std::sync::Arc;

use super::{Context, Outcome, Session, Turn, alert_to};
use crate::circuit::Category;
use crate::ids::{AgentId, GroupId};
use crate::message::Message;
use crate::outbox::Outbox;
use crate::region::Command;
use crate::services::groups::{GroupError, Standing, drop_group};
use crate::services::im::InstantMessage;
use crate::services::ports::Delivery;

pub(super) use membership::invitation_answer;
pub(super) use profile::agent_data;

/// The agent is in the region: its avatar gets the title of its active group, and its client
/// learns of that group, which the region did not know.
pub(super) fn entered(session: &mut Session, turn: &Turn<'_>) -> Outcome {
    let desk = Desk::of(session);
    session.in_order(turn, async move {
        let Some(standing) = desk.standing(desk.agent).await else { return };
        if standing.active.is_some() {
            desk.send(&standing.agent_data());
            desk.show_title(&standing).await;
        }
    })
}

/// What work for one agent needs once it has left the agent's circuit.
pub(super) struct Desk {
    pub(super) context: Arc<Context>,
    pub(super) agent: AgentId,
    pub(super) name: String,
    outbox: Outbox,
}

impl Desk {
    pub(super) fn of(session: &Session) -> Self {
        Self {
            context: session.context.clone(),
            agent: session.shared.agent_id,
            name: session.shared.name(),
            outbox: session.outbox.clone(),
        }
    }

    /// Answers the agent. A full outbox ends its circuit, so there is nobody left to tell.
    pub(super) fn send<M: Message>(&self, message: &M) {
        let _ = self.outbox.send_message(message, true, Category::Unthrottled);
    }

    /// Shows the agent a line of the grid's.
    pub(super) fn alert(&self, text: &str) {
        self.send(&alert_to(self.agent, text));
    }

    /// Tells the agent why something was not done.
    pub(super) fn refuse(&self, error: &GroupError) {
        metrics::counter!("holm_group_requests_refused_total").increment(1);
        self.alert(&error.to_text());
    }

    /// Delivers a message that this agent caused, now or later.
    pub(super) async fn deliver(&self, message: InstantMessage) {
        self.context.services.offline.deliver(message, Some(self.agent)).await;
    }

    /// Tells those of `agents` that are online what their groups are now, and changes the title
    /// above their avatars.
    pub(super) async fn announce(&self, agents: &[AgentId]) {
        for &agent in agents {
            if !self.context.services.bus.is_online(agent) {
                continue;
            }
            if let Some(standing) = self.standing(agent).await {
                standing.send(&*self.context.services.bus);
                self.show_title(&standing).await;
            }
        }
    }

    /// As [`Self::announce`]; the group's chat session learns who may take part now.
    pub(super) async fn announce_changed(&self, agents: &[AgentId], group: GroupId) {
        self.context.services.chats.renew_group(group).await;
        self.announce(agents).await;
    }

    /// Tells an agent that it is no longer in a group, and what its groups are now; it leaves the
    /// group's chat session.
    pub(super) async fn announce_gone(&self, agent: AgentId, group: GroupId) {
        self.context.services.chats.member_removed(group, agent);
        let event = Delivery::Event(drop_group(agent, group));
        self.context.services.bus.deliver(agent, event);
        self.announce(&[agent]).await;
    }

    /// What an agent is in its groups; none if that cannot be told, which is logged.
    async fn standing(&self, agent: AgentId) -> Option<Standing> {
        self.context.services.groups.standing(agent).await.unwrap_or_else(|error| {
            tracing::warn!(%agent, %error, "groups of an agent cannot be read");
            None
        })
    }

    /// The title goes to the region that the agent's session is in. Clients ask again after they
    /// were told of a change, so an agent of another process gets its title by its own request.
    async fn show_title(&self, standing: &Standing) {
        let Some(session) = self.context.sessions.by_agent(standing.agent) else { return };
        let title = standing.title().to_owned();
        let command = Command::GroupTitle { agent: standing.agent, title };
        // A region that has stopped shows no titles.
        let _ = session.region.commands.send(command).await;
    }
}
