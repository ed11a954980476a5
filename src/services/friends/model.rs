//! Friendships and the offers that lead to them.

use bitflags::bitflags;
use bytes::Bytes;
use uuid::Uuid;

use crate::ids::{AgentId, RegionId};
use crate::message::Vector3;
use crate::services::im::InstantMessage;

/// `Dialog` of an offer.
const OFFERED: u8 = 38;

bitflags! {
    /// What one friend lets the other do (`RelatedRights`).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Rights: u32 {
        /// See whether one is online.
        const ONLINE = 1;
        /// See where one is on the map.
        const MAP = 2;
        /// Change one's objects.
        const MODIFY = 4;
    }
}

/// A friendship, seen from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Friend {
    /// The other.
    pub agent: AgentId,
    /// What one lets the other do.
    pub given: Rights,
    /// What the other lets one do.
    pub has: Rights,
}

/// An offer that was not answered yet; one per pair and direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FriendOffer {
    /// Who offers.
    pub from: AgentId,
    /// Id of the account that may accept it.
    pub to: AgentId,
    /// `ID` of the message with dialog 38, `TransactionID` of the answer.
    pub transaction: Uuid,
    /// What was said with it.
    pub message: String,
    /// Seconds since 1970.
    pub at: u64,
}

/// The agent whose action others are notified of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sender {
    /// The agent.
    pub agent: AgentId,
    /// Its full name.
    pub name: String,
    /// Where it is.
    pub region: RegionId,
    /// Where in it, region-local metres.
    pub position: Vector3,
}

/// An offer as its recipient will see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedOffer {
    /// The offer.
    pub offer: FriendOffer,
    /// Name of the offerer.
    pub from_name: String,
}

impl ReceivedOffer {
    /// The message with dialog 38; `region` and `position` are the offerer's, if known. It is
    /// never marked as offline, because viewers then answer by capability only.
    pub fn to_message(&self, region: RegionId, position: Vector3) -> InstantMessage {
        InstantMessage {
            to: self.offer.to,
            from: self.offer.from.0,
            from_name: self.from_name.clone(),
            from_group: false,
            dialog: OFFERED,
            id: self.offer.transaction,
            region,
            position,
            at: self.offer.at,
            text: self.offer.message.clone(),
            bucket: Bytes::new(),
        }
    }
}
