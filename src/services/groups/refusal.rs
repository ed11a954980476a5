//! Why a request about a group was refused, in words for the user.

use crate::services::ports::{StoreError, StoreGone};

/// Why something about a group could not be done.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// The rules say no; nothing has changed.
    #[error(transparent)]
    Refused(#[from] GroupRefusal),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not answer.
    #[error(transparent)]
    Gone(#[from] StoreGone),
}

impl GroupError {
    /// What the person is told. A fault of the grid's own is for the log, where this puts it.
    pub fn to_text(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.to_string(),
            Self::Store(_) | Self::Gone(_) => {
                tracing::error!(error = %self, "a group request failed inside");
                "The grid cannot do that right now. Please try again.".to_owned()
            }
        }
    }
}

/// What the rules refuse. Shown as it is to the person who asked, so these are whole sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupRefusal {
    /// No such group.
    #[error("There is no such group.")]
    NoSuchGroup,
    /// Only members may.
    #[error("You are not a member of that group.")]
    NotMember,
    /// The other one is no member.
    #[error("That person is not a member of the group.")]
    NoSuchMember,
    /// Joining twice.
    #[error("You are already a member of that group.")]
    AlreadyMember,
    /// A power is missing.
    #[error("You are not allowed to do that in this group.")]
    NotAllowed,
    /// Joining needs an invitation.
    #[error("That group takes new members by invitation only.")]
    NotOpen,
    /// No invitation waits for an answer.
    #[error("There is no such invitation, or it was answered before.")]
    NoInvite,
    /// The agent is in as many groups as is possible.
    #[error("You are already in as many groups as is possible ({}).", super::rules::MAX_GROUPS)]
    TooManyGroups,
    /// A group name's length or characters.
    #[error("A group name must have from 4 to 35 bytes and no invisible characters.")]
    BadName,
    /// Another group has the name. Seen in: OpenSim, word for word.
    #[error("A group with the same name already exists.")]
    NameTaken,
    /// A charter's length.
    #[error("A group charter must not have more than 511 bytes.")]
    CharterTooLong,
    /// A role's name or title.
    #[error("A role needs a name; its name and title must not have more than 20 bytes.")]
    BadRole,
    /// No such role in that group.
    #[error("There is no such role in that group.")]
    NoSuchRole,
    /// As many roles as is possible.
    #[error("A group cannot have more than {} roles.", super::rules::MAX_ROLES)]
    TooManyRoles,
    /// Everyone and Owners stay.
    #[error("The roles Everyone and Owners cannot be taken away.")]
    FixedRole,
    /// What owners may do is not for anybody to change.
    #[error("The powers of owners cannot be changed.")]
    OwnerPowers,
    /// A number that means nothing.
    #[error("That change of a role is not known.")]
    BadChange,
    /// A group without owner cannot be.
    #[error("You are the last owner of that group: name another owner first.")]
    LastOwner,
    /// Owners cannot be thrown out.
    #[error("Owners of a group cannot be ejected.")]
    OwnerEjected,
    /// One leaves.
    #[error("You cannot eject yourself; leave the group instead.")]
    SelfEjected,
    /// A request for too many invitations.
    #[error("No more than {} people can be invited at once.", super::rules::MAX_INVITES)]
    TooManyInvites,
    /// A tier that is none.
    #[error("A contribution cannot be less than 0.")]
    BadContribution,
    /// A notice of nothing.
    #[error("A notice needs a subject or a text.")]
    EmptyNotice,
    /// Too many notices.
    #[error("That group has had too many notices today.")]
    TooManyNotices,
    /// No such notice.
    #[error("There is no such notice.")]
    NoSuchNotice,
    /// The bucket of a notice cannot be read.
    #[error("The attachment of the notice cannot be read; the notice was not sent.")]
    BadAttachment,
    /// The item is not the poster's.
    #[error("The attachment is not in your inventory; the notice was not sent.")]
    NoSuchItem,
    /// The item may not be copied or given away.
    #[error("Only what may be copied and given away can be attached to a notice.")]
    ItemNotFree,
}
