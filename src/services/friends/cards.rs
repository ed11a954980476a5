//! Calling cards: offers and answers are forwarded. The card itself would be an inventory item, and
//! inventories are read-only so far.

use uuid::Uuid;

use super::Friends;
use crate::ids::AgentId;
use crate::message::{
    AcceptCallingCard, AcceptCallingCardFolderData, DeclineCallingCard, OfferCallingCard,
};

/// Why a card was not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The recipient cannot be reached.
    #[error("the recipient of a calling card is not online")]
    NotOnline,
}

impl Friends {
    /// Passes the offer of a card on to `to`.
    pub fn offer_card(
        &self,
        from: AgentId,
        to: AgentId,
        transaction: Uuid,
    ) -> Result<(), CardError> {
        self.change_held(to, |held| held.keep_card(transaction, from));
        let mut offer = OfferCallingCard::default();
        offer.agent_data.agent_id = from.0;
        offer.agent_block.dest_id = to.0;
        offer.agent_block.transaction_id = transaction;
        if self.send(to, &offer) { Ok(()) } else { Err(CardError::NotOnline) }
    }

    /// Passes the answer of `by` on to who offered that card: accepted into a folder, or declined.
    /// Whether there was such an offer.
    pub fn answer_card(&self, by: AgentId, transaction: Uuid, folder: Option<Uuid>) -> bool {
        let mut offerer = None;
        self.change_held(by, |held| offerer = held.take_card(transaction));
        let Some(offerer) = offerer else { return false };
        if let Some(folder_id) = folder {
            let mut answer = AcceptCallingCard::default();
            answer.agent_data.agent_id = by.0;
            answer.transaction_block.transaction_id = transaction;
            answer.folder_data.push(AcceptCallingCardFolderData { folder_id });
            self.send(offerer, &answer);
        } else {
            let mut answer = DeclineCallingCard::default();
            answer.agent_data.agent_id = by.0;
            answer.transaction_block.transaction_id = transaction;
            self.send(offerer, &answer);
        }
        true
    }
}
