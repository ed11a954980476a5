//! Who may offer and who may accept friendship. Pure: it works on lists that were read before.

use super::model::{Friend, FriendOffer};
use crate::ids::AgentId;
use crate::services::ports::{StoreError, StoreGone};

/// Friends that one agent may have.
pub const MAX_FRIENDS: usize = 2000;
/// Unanswered offers that one agent may have waiting.
pub const MAX_OFFERS: usize = 100;

/// Why nothing came of an offer or an answer.
#[derive(Debug, thiserror::Error)]
pub enum FriendError {
    /// The offer is to oneself.
    #[error("nobody can be a friend of itself")]
    Oneself,
    /// They are friends.
    #[error("the two are friends already")]
    AlreadyFriends,
    /// The recipient has not answered [`MAX_OFFERS`] others.
    #[error("the other has {MAX_OFFERS} offers waiting")]
    TooManyOffers,
    /// One of the two has [`MAX_FRIENDS`].
    #[error("one of the two has {MAX_FRIENDS} friends")]
    TooManyFriends,
    /// The one who is answered has offered nothing, or was answered before.
    #[error("there is no such offer")]
    NoOffer,
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not answer.
    #[error(transparent)]
    Gone(#[from] StoreGone),
}

impl FriendError {
    /// What the agent is told.
    pub const fn for_agent(&self) -> &'static str {
        match self {
            Self::Oneself => "You cannot be your own friend.",
            Self::AlreadyFriends => "You are friends already.",
            Self::TooManyOffers => "This resident has too many unanswered friendship offers.",
            Self::TooManyFriends => "One of you has too many friends for another one.",
            Self::NoOffer => "This friendship offer is no longer there.",
            Self::Store(StoreError::NotFound(_)) => "There is no such resident.",
            Self::Store(_) | Self::Gone(_) => "This cannot be kept right now. Please try again.",
        }
    }

    /// Whether it is the grid's own fault and belongs into its log.
    pub const fn is_fault(&self) -> bool {
        matches!(
            self,
            Self::Gone(_) | Self::Store(StoreError::Backend { .. } | StoreError::Corrupt(_))
        )
    }
}

/// Whether `from` may offer friendship to `to`: its friends, and what waits for `to`.
pub(super) fn may_offer(
    from: AgentId,
    to: AgentId,
    friends: &[Friend],
    waiting: &[FriendOffer],
) -> Result<(), FriendError> {
    if from == to {
        return Err(FriendError::Oneself);
    }
    if find(friends, to).is_some() {
        return Err(FriendError::AlreadyFriends);
    }
    // An offer takes the place of an older one of the same agent.
    let others = waiting.iter().filter(|offer| offer.from != from).count();
    if others >= MAX_OFFERS { Err(FriendError::TooManyOffers) } else { Ok(()) }
}

/// Whether an offer of `from` waits and both have room: the friends of the two.
pub(super) fn may_accept(
    from: AgentId,
    waiting: &[FriendOffer],
    one: &[Friend],
    other: &[Friend],
) -> Result<(), FriendError> {
    if !waiting.iter().any(|offer| offer.from == from) {
        return Err(FriendError::NoOffer);
    }
    if one.len().max(other.len()) >= MAX_FRIENDS {
        return Err(FriendError::TooManyFriends);
    }
    Ok(())
}

/// The friend with that id.
pub(super) fn find(friends: &[Friend], agent: AgentId) -> Option<&Friend> {
    friends.iter().find(|friend| friend.agent == agent)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::Rights;
    use super::*;

    const ALICE: AgentId = AgentId(Uuid::from_u128(1));
    const BOB: AgentId = AgentId(Uuid::from_u128(2));

    fn friend(number: u128) -> Friend {
        let agent = AgentId(Uuid::from_u128(number));
        Friend { agent, given: Rights::ONLINE, has: Rights::ONLINE }
    }

    fn offer(from: AgentId) -> FriendOffer {
        FriendOffer { from, to: BOB, transaction: from.0, message: String::new(), at: 0 }
    }

    #[test]
    fn offers_go_to_strangers_only() {
        assert!(may_offer(ALICE, BOB, &[friend(3)], &[]).is_ok());
        let oneself = may_offer(ALICE, ALICE, &[], &[]);
        assert!(matches!(oneself, Err(FriendError::Oneself)));
        let again = may_offer(ALICE, BOB, &[friend(2)], &[]);
        assert!(matches!(again, Err(FriendError::AlreadyFriends)));
    }

    #[test]
    fn offers_that_wait_are_limited_but_may_be_repeated() {
        let mut waiting: Vec<_> =
            (10..).map(|number| offer(friend(number).agent)).take(MAX_OFFERS).collect();
        let refused = may_offer(ALICE, BOB, &[], &waiting);
        assert!(matches!(refused, Err(FriendError::TooManyOffers)));
        waiting[0] = offer(ALICE);
        assert!(may_offer(ALICE, BOB, &[], &waiting).is_ok());
    }

    #[test]
    fn only_offers_are_accepted_and_only_with_room() {
        assert!(may_accept(ALICE, &[offer(ALICE)], &[], &[]).is_ok());
        let unasked = may_accept(ALICE, &[offer(BOB)], &[], &[]);
        assert!(matches!(unasked, Err(FriendError::NoOffer)));
        let many: Vec<_> = (10..).map(friend).take(MAX_FRIENDS).collect();
        for (one, other) in [(&many[..], &[][..]), (&[][..], &many[..])] {
            let full = may_accept(ALICE, &[offer(ALICE)], one, other);
            assert!(matches!(full, Err(FriendError::TooManyFriends)));
        }
    }
}
