//! An agent's membership in all its groups, and the message and event with which it is sent.

use uuid::Uuid;

use super::{GroupError, Groups, Powers};
use crate::circuit::{Category, Outgoing};
use crate::ids::{AgentId, GroupId};
use crate::llsd::{self, Llsd};
use crate::message::{self, AgentDataUpdate};
use crate::outbox::Event;
use crate::services::ports::{Bus, Delivery};

/// An agent's groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Id of the agent.
    pub agent: AgentId,
    /// First name of the account.
    pub first: String,
    /// Last name of the account.
    pub last: String,
    /// The group whose title is shown; one of `memberships`.
    pub active: Option<GroupId>,
    /// In the order of joining.
    pub memberships: Vec<Membership>,
}

/// An agent in one of its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// Its insignia, a texture.
    pub insignia: Uuid,
    /// What the agent may do in it.
    pub powers: Powers,
    /// The title that the agent has selected.
    pub title: String,
    /// Whether it wants notices.
    pub accept_notices: bool,
    /// Whether its profile shows the group.
    pub list_in_profile: bool,
    /// Land tier given, square metres.
    pub contribution: i32,
}

impl Groups {
    /// What an agent is in all of its groups; none without account.
    pub async fn standing(&self, agent: AgentId) -> Result<Option<Standing>, GroupError> {
        self.store
            .call(move |store| {
                let Some(account) = store.account(agent)? else { return Ok(None) };
                let mut memberships = Vec::new();
                for id in store.groups_of(agent)? {
                    let Some(group) = store.group(id)? else { continue };
                    let Some(member) = group.member(agent) else { continue };
                    memberships.push(Membership {
                        group: id,
                        powers: group.powers_of_member(member),
                        title: group.title_of(member).to_owned(),
                        accept_notices: member.accept_notices,
                        list_in_profile: member.list_in_profile,
                        contribution: member.contribution,
                        insignia: group.info.insignia,
                        name: group.info.name,
                    });
                }
                let active = store.active_group(agent)?;
                Ok(Some(Standing {
                    agent,
                    first: account.name.first().to_owned(),
                    last: account.name.last().to_owned(),
                    active: active.filter(|id| memberships.iter().any(|in_| in_.group == *id)),
                    memberships,
                }))
            })
            .await?
    }
}

impl Standing {
    /// The membership whose title is shown.
    pub fn active(&self) -> Option<&Membership> {
        let active = self.active?;
        self.memberships.iter().find(|membership| membership.group == active)
    }

    /// What the avatar shows above its name; empty without an active group.
    pub fn title(&self) -> &str {
        self.active().map_or("", |active| &active.title)
    }

    /// `AgentDataUpdate`; all zero besides the names without an active group.
    pub fn agent_data(&self) -> AgentDataUpdate {
        let mut update = AgentDataUpdate::default();
        let data = &mut update.agent_data;
        data.agent_id = self.agent.0;
        data.first_name = message::variable1(&self.first);
        data.last_name = message::variable1(&self.last);
        if let Some(active) = self.active() {
            data.active_group_id = active.group.0;
            data.group_title = message::variable1(&active.title);
            data.group_powers = active.powers.bits();
            data.group_name = message::variable1(&active.name);
        }
        update
    }

    /// `AgentGroupDataUpdate` for the event queue; both lists are there also when they are empty,
    /// and in the same order.
    pub fn event(&self) -> Event {
        let group = |membership: &Membership| {
            llsd::map! {
                "GroupID" => membership.group.0,
                "GroupPowers" => Llsd::u64(membership.powers.bits()),
                "AcceptNotices" => membership.accept_notices,
                "GroupInsigniaID" => membership.insignia,
                "Contribution" => membership.contribution,
                "GroupName" => membership.name.as_str(),
            }
        };
        let shown = |membership: &Membership| {
            llsd::map! { "ListInProfile" => membership.list_in_profile }
        };
        let body = llsd::map! {
            "AgentData" => llsd::array![llsd::map! { "AgentID" => self.agent.0 }],
            "GroupData" => self.memberships.iter().map(group).collect::<Llsd>(),
            "NewGroupData" => self.memberships.iter().map(shown).collect::<Llsd>(),
        };
        Event::new("AgentGroupDataUpdate", &body)
    }

    /// Tells the agent, wherever it is, by both.
    pub fn send(&self, bus: &dyn Bus) {
        match message::encode(&self.agent_data()) {
            Ok(message) => {
                let outgoing = Outgoing::reliable(message, Category::Unthrottled);
                bus.deliver(self.agent, Delivery::Message(outgoing));
            }
            Err(error) => tracing::error!(%error, "AgentDataUpdate cannot be encoded"),
        }
        bus.deliver(self.agent, Delivery::Event(self.event()));
    }
}

/// The event that tells an agent that it is no longer in a group.
pub fn drop_group(agent: AgentId, group: GroupId) -> Event {
    let gone = llsd::map! { "AgentID" => agent.0, "GroupID" => group.0 };
    let body = llsd::map! { "AgentData" => llsd::array![gone] };
    Event::new("AgentDropGroup", &body)
}
