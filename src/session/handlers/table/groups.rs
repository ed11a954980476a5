//! Groups.

use super::{Row, table};
use crate::session::handlers::groups::{members, membership, profile, roles};
use crate::session::handlers::notices;

/// The rows.
pub(super) const ROWS: &[Row] = table! {
    CreateGroupRequest: handled(profile::create, "answered with CreateGroupReply"),
    UpdateGroupInfo: handled(profile::update, "changes a group"),
    GroupProfileRequest: handled(profile::profile, "answered with GroupProfileReply"),
    UUIDGroupNameRequest: handled(profile::names, "answered with UUIDGroupNameReply"),
    GroupAccountSummaryRequest: empty(profile::summary, "GroupAccountSummaryReply"),
    GroupAccountDetailsRequest: empty(profile::details, "GroupAccountDetailsReply"),
    GroupAccountTransactionsRequest: empty(profile::transactions, "GroupAccountTransactionsReply"),
    GroupActiveProposalsRequest: empty(profile::proposals, "GroupActiveProposalItemReply"),
    GroupVoteHistoryRequest: empty(profile::votes, "GroupVoteHistoryItemReply"),
    StartGroupProposal: refused(GroupVotes),
    GroupProposalBallot: refused(GroupVotes),

    GroupMembersRequest: handled(members::members, "answered with GroupMembersReply"),
    GroupRoleMembersRequest: handled(members::role_members, "answered with GroupRoleMembersReply"),

    JoinGroupRequest: handled(membership::join, "answered with JoinGroupReply"),
    LeaveGroupRequest: handled(membership::leave, "answered with LeaveGroupReply"),
    EjectGroupMemberRequest: handled(membership::eject, "answered with EjectGroupMemberReply"),
    InviteGroupRequest: handled(membership::invite, "invites agents into a group"),
    ActivateGroup: handled(membership::activate, "answered with AgentDataUpdate"),
    SetGroupContribution: handled(membership::contribution, "stores the land that a member contributes to the group"),
    SetGroupAcceptNotices: handled(membership::accept_notices, "stores whether a member wants notices"),

    GroupRoleDataRequest: handled(roles::role_data, "answered with GroupRoleDataReply"),
    GroupRoleUpdate: handled(roles::update, "creates, changes and deletes roles"),
    GroupRoleChanges: handled(roles::changes, "adds members to roles and removes them"),
    GroupTitlesRequest: handled(roles::titles, "answered with GroupTitlesReply"),
    GroupTitleUpdate: handled(roles::select_title, "changes the agent's title"),

    GroupNoticesListRequest: handled(notices::list, "answered with GroupNoticesListReply"),
    GroupNoticeRequest: handled(notices::fetch, "answered with the notice in ImprovedInstantMessage"),
};
