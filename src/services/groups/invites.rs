//! Invitations: sending, storing and answering them.

use bytes::Bytes;
use uuid::Uuid;

use super::changes::keep_new_member;
use super::{GroupError, GroupInfo, GroupRefusal, Groups, Invite, rules};
use crate::ids::{AgentId, GroupId, RegionId, RoleId};
use crate::message::Vector3;
use crate::services::im::InstantMessage;

/// Somebody to be invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invitee {
    /// Id of the agent.
    pub agent: AgentId,
    /// Into which role; nil for that of everyone.
    pub role: RoleId,
}

/// What became of a request for invitations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invited {
    /// The messages to deliver, dialog 3.
    pub messages: Vec<InstantMessage>,
    /// How many were left out, being members already.
    pub members: usize,
    /// How many were left out because nobody has their id.
    pub unknown: usize,
    /// How many were left out because they were invited a moment ago.
    pub repeated: usize,
}

impl Groups {
    /// Invites people. Who is a member, nobody, or was invited a moment ago is left out; anything
    /// else refuses all.
    ///
    /// # Errors
    /// [`GroupError`]; see [`rules::invite`].
    pub async fn invite(
        &self,
        actor: AgentId,
        actor_name: String,
        id: GroupId,
        invitees: Vec<Invitee>,
    ) -> Result<Invited, GroupError> {
        if invitees.len() > rules::MAX_INVITES {
            return Err(GroupRefusal::TooManyInvites.into());
        }
        let now = self.now();
        let invite_ids: Vec<Uuid> = invitees.iter().map(|_| Uuid::new_v4()).collect();
        self.with_group(id, move |store, group| {
            // Also for an empty list, so that a stranger is told.
            rules::invite(&group, actor, RoleId::NIL)?;
            for invitee in &invitees {
                rules::invite(&group, actor, invitee.role)?;
            }
            let mut invited = Invited::default();
            for (&Invitee { agent, role }, &invite_id) in invitees.iter().zip(&invite_ids) {
                if group.member(agent).is_some() {
                    invited.members += 1;
                    continue;
                }
                if store.account(agent)?.is_none() {
                    invited.unknown += 1;
                    continue;
                }
                let earlier = store.invites_of(agent)?;
                let lately = |earlier: &Invite| {
                    earlier.group == id && earlier.at.saturating_add(AGAIN_AFTER) > now
                };
                if earlier.iter().any(lately) {
                    invited.repeated += 1;
                    continue;
                }
                let invite = Invite {
                    id: invite_id,
                    group: id,
                    invitee: agent,
                    role,
                    inviter: actor,
                    at: now,
                };
                store.put_invite(&invite)?;
                invited.messages.push(invitation(&group.info, &invite, &actor_name));
            }
            Ok(invited)
        })
        .await
    }

    /// Accepts an invitation: that of `transaction`, or, without one, the one to that group.
    ///
    /// # Errors
    /// [`GroupError`]; refused without such an invitation, and see [`rules::join`].
    pub async fn accept_invite(
        &self,
        agent: AgentId,
        id: GroupId,
        transaction: Option<Uuid>,
    ) -> Result<(), GroupError> {
        let now = self.now();
        self.with_group(id, move |store, group| {
            let invites = store.invites_of(agent)?;
            let invite = find(&invites, id, transaction)?;
            let groups = store.groups_of(agent)?.len();
            let member = rules::join(&group, agent, Some(invite), groups, now)?;
            keep_new_member(store, id, &member)?;
            store.remove_invite(invite.id)?;
            Ok(())
        })
        .await
    }

    /// Declines an invitation, found as by [`Self::accept_invite`].
    ///
    /// # Errors
    /// [`GroupError`]; refused without such an invitation.
    pub async fn decline_invite(
        &self,
        agent: AgentId,
        id: GroupId,
        transaction: Option<Uuid>,
    ) -> Result<(), GroupError> {
        self.store
            .call(move |store| {
                let invites = store.invites_of(agent)?;
                store.remove_invite(find(&invites, id, transaction)?.id)?;
                Ok(())
            })
            .await?
    }
}

fn find(
    invites: &[Invite],
    group: GroupId,
    transaction: Option<Uuid>,
) -> Result<&Invite, GroupError> {
    let meant = |invite: &&Invite| {
        invite.group == group && transaction.is_none_or(|transaction| invite.id == transaction)
    };
    Ok(invites.iter().find(meant).ok_or(GroupRefusal::NoInvite)?)
}

/// Dialog 3. The bucket is the fee, big-endian, and the role; viewers drop any other length.
fn invitation(group: &GroupInfo, invite: &Invite, inviter: &str) -> InstantMessage {
    let mut bucket = Vec::with_capacity(20);
    bucket.extend_from_slice(&group.membership_fee.to_be_bytes());
    bucket.extend_from_slice(invite.role.0.as_bytes());
    InstantMessage {
        to: invite.invitee,
        from: group.id.0,
        from_name: inviter.to_owned(),
        from_group: true,
        dialog: INVITATION,
        id: invite.id,
        region: RegionId::NIL,
        position: Vector3::default(),
        at: invite.at,
        text: format!("{inviter} has invited you to join the group {}.", group.name),
        bucket: Bytes::from(bucket),
    }
}

/// Seconds before somebody who has not answered can be invited again, so that nobody is flooded.
const AGAIN_AFTER: u64 = 30;
/// `ImprovedInstantMessage.Dialog`.
const INVITATION: u8 = 3;
