//! Outgoing messages about friendships.

use super::Friends;
use super::model::Rights;
use crate::circuit::{Category, Outgoing, split_blocks};
use crate::ids::AgentId;
use crate::message::{
    self, ChangeUserRights, ChangeUserRightsRights, Message, OfflineNotification,
    OfflineNotificationAgentBlock, OnlineNotification, OnlineNotificationAgentBlock,
    TerminateFriendship,
};
use crate::services::ports::{Delivery, Reach};

/// Bytes of a presence message besides its ids: number and count.
const PRESENCE_FIXED: usize = 5;
/// Bytes of an id.
const ID_LEN: usize = 16;

impl Friends {
    /// Tells `to` who is online, or no longer.
    pub(super) fn send_presence(&self, to: AgentId, about: &[AgentId], online: bool) {
        for about in split_blocks(about, PRESENCE_FIXED, |_| ID_LEN) {
            if let Some(outgoing) = presence(about, online) {
                self.bus.deliver(to, Delivery::Message(outgoing));
            }
        }
    }

    /// Tells `to` that its friendship with `other` is over.
    pub(super) fn send_end(&self, to: AgentId, other: AgentId) {
        let mut end = TerminateFriendship::default();
        end.agent_data.agent_id = to.0;
        end.agent_data.session_id =
            self.held.get(&to).map(|held| held.session.0).unwrap_or_default();
        end.ex_block.other_id = other.0;
        self.send(to, &end);
    }

    /// Tells both what `by` lets `to` do.
    pub(super) fn send_rights(&self, by: AgentId, to: AgentId, rights: Rights) {
        let mut change = ChangeUserRights::default();
        change.agent_data.agent_id = by.0;
        change.rights.push(ChangeUserRightsRights {
            agent_related: to.0,
            related_rights: rights.bits() as i32,
        });
        self.send(by, &change);
        self.send_from(by, to, &change);
    }

    /// Hands a message of the grid to whoever it is for, if that is online; whether it is.
    pub(super) fn send<M: Message>(&self, to: AgentId, message: &M) -> bool {
        outgoing(message).is_some_and(|outgoing| self.deliver(to, outgoing))
    }

    /// The same for what `by` has caused.
    pub(super) fn send_from<M: Message>(&self, by: AgentId, to: AgentId, message: &M) -> bool {
        outgoing(message).is_some_and(|outgoing| self.deliver(to, outgoing.from(by.0)))
    }

    fn deliver(&self, to: AgentId, outgoing: Outgoing) -> bool {
        self.bus.deliver(to, Delivery::Message(outgoing)) != Reach::Offline
    }
}

/// `OnlineNotification` or `OfflineNotification` about up to 255 agents.
pub(super) fn presence(about: &[AgentId], online: bool) -> Option<Outgoing> {
    if online {
        let agent_block =
            about.iter().map(|id| OnlineNotificationAgentBlock { agent_id: id.0 }).collect();
        outgoing(&OnlineNotification { agent_block })
    } else {
        let agent_block =
            about.iter().map(|id| OfflineNotificationAgentBlock { agent_id: id.0 }).collect();
        outgoing(&OfflineNotification { agent_block })
    }
}

pub(super) fn outgoing<M: Message>(message: &M) -> Option<Outgoing> {
    match message::encode(message) {
        Ok(message) => Some(Outgoing::reliable(message, Category::Unthrottled)),
        Err(error) => {
            tracing::error!(message = M::NAME, %error, "message cannot be encoded");
            None
        }
    }
}
