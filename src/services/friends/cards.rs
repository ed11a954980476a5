//! Calling cards: offers and answers are forwarded. The card itself would be an inventory item, and
//! inventories are read-only so far.

use std::time::Duration;

use uuid::Uuid;

use super::Friends;
use super::notify::outgoing;
use crate::circuit::Outgoing;
use crate::ids::AgentId;
use crate::message::{
    AcceptCallingCard, AcceptCallingCardFolderData, DeclineCallingCard, OfferCallingCard,
};
use crate::outbox::Outbox;

/// Cards that one agent may offer to the same recipient within [`PACE`].
pub(super) const MAX_AT_ONCE: usize = 5;
/// See [`MAX_AT_ONCE`].
pub(super) const PACE: Duration = Duration::from_secs(60);

/// Why a card was not offered or answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The recipient cannot be reached.
    #[error("the recipient of a calling card is not online")]
    NotOnline,
    /// The sender has offered more than so many to this recipient.
    #[error("more than {MAX_AT_ONCE} calling cards within {} s", PACE.as_secs())]
    TooFast,
    /// Nobody offered that card, or it was answered before.
    #[error("there is no such offer of a calling card")]
    NoOffer,
}

/// What is done if the client never acks a card or an answer.
type Lost = Box<dyn FnOnce() + Send>;

impl Friends {
    /// Passes the offer of a card on to `to`. If it is lost on the way, `lost` is called.
    pub fn offer_card(
        &self,
        from: AgentId,
        to: AgentId,
        transaction: Uuid,
        lost: impl FnOnce() + Send + 'static,
    ) -> Result<(), CardError> {
        if !self.bus.is_online(to) {
            return Err(CardError::NotOnline);
        }
        let now = self.clock.now();
        let mut passes = true;
        self.change_held(to, |held| passes = held.may_offer_card(now, from));
        if !passes {
            return Err(CardError::TooFast);
        }
        let mut offer = OfferCallingCard::default();
        offer.agent_data.agent_id = from.0;
        offer.agent_block.dest_id = to.0;
        offer.agent_block.transaction_id = transaction;
        let Some(outgoing) = outgoing(&offer) else { return Ok(()) };
        self.hand(to, outgoing.from(from.0), Some((transaction, from)), Box::new(lost))
    }

    /// Passes the answer of `by` on to who offered that card: accepted into a folder, or declined.
    /// If it is lost on the way, `lost` is called.
    pub fn answer_card(
        &self,
        by: AgentId,
        transaction: Uuid,
        folder: Option<Uuid>,
        lost: impl FnOnce() + Send + 'static,
    ) -> Result<(), CardError> {
        let mut offerer = None;
        self.change_held(by, |held| offerer = held.take_card(transaction));
        let offerer = offerer.ok_or(CardError::NoOffer)?;
        let answer = if let Some(folder_id) = folder {
            let mut answer = AcceptCallingCard::default();
            answer.agent_data.agent_id = by.0;
            answer.transaction_block.transaction_id = transaction;
            answer.folder_data.push(AcceptCallingCardFolderData { folder_id });
            outgoing(&answer)
        } else {
            let mut answer = DeclineCallingCard::default();
            answer.agent_data.agent_id = by.0;
            answer.transaction_block.transaction_id = transaction;
            outgoing(&answer)
        };
        let Some(answer) = answer else { return Ok(()) };
        self.hand(offerer, answer.from(by.0), None, Box::new(lost))
    }

    /// Sends one of these messages to somebody who is online.
    fn hand(
        &self,
        to: AgentId,
        outgoing: Outgoing,
        card: Option<(Uuid, AgentId)>,
        lost: Lost,
    ) -> Result<(), CardError> {
        let outbox = self.bus.outbox(to).ok_or(CardError::NotOnline)?;
        self.hand_by(&outbox, to, outgoing, card, lost);
        Ok(())
    }

    /// Sends it by `way`. Lost there, it goes by the recipient's next circuit, if there is one
    /// already; else `lost` is told. An offer is noted for the answer as long as it may arrive.
    fn hand_by(
        &self,
        way: &Outbox,
        to: AgentId,
        outgoing: Outgoing,
        card: Option<(Uuid, AgentId)>,
        lost: Lost,
    ) {
        if let Some((transaction, from)) = card {
            self.change_held(to, |held| held.keep_card(transaction, from));
        }
        let (friends, again, before) = (self.clone(), outgoing.clone(), way.clone());
        let receipt = self.returns.if_lost(move || {
            if let Some(next) = friends.bus.outbox(to).filter(|next| !next.is_same(&before)) {
                return friends.hand_by(&next, to, again, card, lost);
            }
            if let Some((transaction, _)) = card {
                friends.change_held(to, |held| {
                    held.take_card(transaction);
                });
            }
            lost();
        });
        way.send_with_receipt(outgoing, receipt);
    }
}
