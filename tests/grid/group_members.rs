//! Coming and going: joining, leaving, inviting, ejecting, and lists of members.

use anyhow::{Context as _, Result};
use holm::client::Client;
use holm::ids::{AgentId, GroupId};
use holm::llsd::{self, Llsd};
use holm::message::{
    AgentDataUpdate, AgentDataUpdateRequest, EjectGroupMemberReply, EjectGroupMemberRequest,
    EjectGroupMemberRequestEjectData, GroupMembersReply, GroupMembersRequest,
    ImprovedInstantMessage, InviteGroupRequest, InviteGroupRequestInviteData, JoinGroupReply,
    JoinGroupRequest, LeaveGroupReply, LeaveGroupRequest, RetrieveInstantMessages, text, variable2,
};
use holm::services::groups::Powers;
use holm::testing::TestGrid;
use uuid::Uuid;

use super::groups::{alerted, entry, found, join, profile, request, standing_of};
use super::mutes::mute;
use super::{SOON, heard_before};

/// Who the members are, as a client is told by UDP.
pub async fn members(client: &mut Client, group: GroupId) -> Result<Vec<GroupMembersReply>> {
    let mut request = request!(client, GroupMembersRequest);
    request.group_data.group_id = group.0;
    request.group_data.request_id = Uuid::new_v4();
    let wanted = request.group_data.request_id;
    client.send(&request).await?;
    let mut replies: Vec<GroupMembersReply> = Vec::new();
    loop {
        let reply =
            client.expect::<GroupMembersReply>(SOON, |r| r.group_data.request_id == wanted).await?;
        let total = reply.group_data.member_count as usize;
        replies.push(reply);
        if replies.iter().map(|reply| reply.member_data.len()).sum::<usize>() >= total {
            return Ok(replies);
        }
    }
}

#[tokio::test]
async fn an_open_group_is_joined_and_left() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    standing_of(&mut bob, id).await?;
    let update = bob.expect::<AgentDataUpdate>(SOON, |u| !u.agent_data.active_group_id.is_nil());
    assert_eq!(text(&update.await?.agent_data.group_title), "Member");
    assert!(!join(&mut bob, id).await?, "twice");
    assert_eq!(alerted(&mut bob).await?, "You are already a member of that group.");

    let mut leave = request!(bob, LeaveGroupRequest);
    leave.group_data.group_id = id.0;
    bob.send(&leave).await?;
    let reply = bob.expect::<LeaveGroupReply>(SOON, |_| true).await?.group_data;
    assert!(reply.success && reply.group_id == id.0);
    let dropped = bob.expect_event(SOON, "AgentDropGroup", |_| true).await?;
    assert_eq!(dropped.get("AgentData").at(0).get("GroupID").as_uuid(), id.0);
    bob.expect_event(SOON, "AgentGroupDataUpdate", |body| entry(body, id).is_none()).await?;
    bob.expect::<AgentDataUpdate>(SOON, |u| u.agent_data.active_group_id.is_nil()).await?;

    bob.send(&leave).await?;
    assert!(!bob.expect::<LeaveGroupReply>(SOON, |_| true).await?.group_data.success);
    assert_eq!(alerted(&mut bob).await?, "You are not a member of that group.");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_last_owner_cannot_leave() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    let mut leave = request!(alice, LeaveGroupRequest);
    leave.group_data.group_id = id.0;
    alice.send(&leave).await?;
    assert!(!alice.expect::<LeaveGroupReply>(SOON, |_| true).await?.group_data.success);
    assert!(alerted(&mut alice).await?.contains("last owner"));
    assert_eq!(profile(&mut alice, id).await?.group_data.group_membership_count, 1);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_closed_group_takes_who_accepts_an_invitation() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut carol = grid.enter("Carol", "Tester").await?;
    let id = found(&mut alice, "Gardeners", false).await?;
    assert!(!join(&mut bob, id).await?);
    assert!(alerted(&mut bob).await?.contains("invitation"));

    let mut invite = request!(alice, InviteGroupRequest);
    invite.group_data.group_id = id.0;
    for invitee in [&bob, &carol] {
        invite.invite_data.push(InviteGroupRequestInviteData {
            invitee_id: invitee.login.agent_id.0,
            role_id: Uuid::nil(),
        });
    }
    alice.send(&invite).await?;
    for (invitee, dialog) in [(&mut bob, 35), (&mut carol, 36)] {
        let invitation =
            invitee.expect::<ImprovedInstantMessage>(SOON, |im| im.message_block.dialog == 3);
        let invitation = invitation.await?;
        let block = &invitation.message_block;
        assert_eq!(invitation.agent_data.agent_id, id.0);
        assert!(block.from_group && !block.id.is_nil());
        assert_eq!(text(&block.from_agent_name), "Alice Tester");
        assert_eq!(&block.binary_bucket[..], [0; 20]);
        answer(invitee, id, block.id, dialog).await?;
    }
    standing_of(&mut bob, id).await?;
    assert_eq!(profile(&mut bob, id).await?.group_data.group_membership_count, 2);
    assert!(!join(&mut carol, id).await?, "she declined");

    answer(&bob, id, Uuid::new_v4(), 35).await?;
    assert!(alerted(&mut bob).await?.contains("no such invitation"));
    grid.stop().await?;
    Ok(())
}

/// Bob has muted Alice; Carol has not.
#[tokio::test]
async fn a_muted_agents_invitation_is_not_heard_now_nor_later() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut carol = grid.enter("Carol", "Tester").await?;
    let bob_id = bob.login.agent_id;
    mute(&bob, alice.login.agent_id.0, "Alice Tester", 1, 0).await?;
    bob.flush().await?;
    let is_invitation = |im: &ImprovedInstantMessage| im.message_block.dialog == 3;
    let says = |wanted: &'static str| {
        move |im: &ImprovedInstantMessage| text(&im.message_block.message) == wanted
    };

    let now = found(&mut alice, "Gardeners", false).await?;
    invite(&alice, now, &[bob_id, carol.login.agent_id]).await?;
    carol.expect::<ImprovedInstantMessage>(SOON, is_invitation).await?;
    carol.im(bob_id, "now", 0).await?;
    assert!(!heard_before(&mut bob, is_invitation, says("now")).await?);

    bob.log_out().await?;
    let later = found(&mut alice, "Weeders", false).await?;
    invite(&alice, later, &[bob_id, carol.login.agent_id]).await?;
    // Handled in order, so that to Bob is kept when Carol hears hers.
    carol.expect::<ImprovedInstantMessage>(SOON, is_invitation).await?;
    carol.im(bob_id, "later", 0).await?;
    let saved = says("User is not logged in. Message saved.");
    carol.expect::<ImprovedInstantMessage>(SOON, saved).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    bob.send(&request!(bob, RetrieveInstantMessages)).await?;
    assert!(!heard_before(&mut bob, is_invitation, says("later")).await?);
    grid.stop().await?;
    Ok(())
}

async fn invite(client: &Client, group: GroupId, invitees: &[AgentId]) -> Result<()> {
    let mut invite = request!(client, InviteGroupRequest);
    invite.group_data.group_id = group.0;
    let of = |id: &AgentId| InviteGroupRequestInviteData { invitee_id: id.0, role_id: Uuid::nil() };
    invite.invite_data = invitees.iter().map(of).collect();
    Ok(client.send(&invite).await?)
}

async fn answer(client: &Client, group: GroupId, transaction: Uuid, dialog: u8) -> Result<()> {
    let mut im = request!(client, ImprovedInstantMessage);
    im.message_block.to_agent_id = group.0;
    im.message_block.id = transaction;
    im.message_block.dialog = dialog;
    im.message_block.message = variable2("message");
    client.send(&im).await?;
    Ok(())
}

#[tokio::test]
async fn invitations_have_limits() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    let mut invite = request!(alice, InviteGroupRequest);
    invite.group_data.group_id = id.0;
    let of = |agent: Uuid| InviteGroupRequestInviteData { invitee_id: agent, role_id: Uuid::nil() };
    invite.invite_data = vec![of(bob.login.agent_id.0); 101];
    alice.send(&invite).await?;
    assert!(alerted(&mut alice).await?.contains("100"));
    invite.invite_data = vec![of(alice.login.agent_id.0), of(Uuid::new_v4())];
    alice.send(&invite).await?;
    assert_eq!(alerted(&mut alice).await?, "Not invited, being members already: 1.");
    assert_eq!(alerted(&mut alice).await?, "Not invited, because nobody has that id: 1.");
    assert!(join(&mut bob, id).await?);
    let mut invite = request!(bob, InviteGroupRequest);
    invite.group_data.group_id = id.0;
    invite.invite_data = vec![of(alice.login.agent_id.0)];
    bob.send(&invite).await?;
    assert!(alerted(&mut bob).await?.contains("not allowed"));
    // His second try to join is answered after whatever the invitations did.
    let mut again = request!(bob, JoinGroupRequest);
    again.group_data.group_id = id.0;
    bob.send(&again).await?;
    let is_invitation = |im: &ImprovedInstantMessage| im.message_block.dialog == 3;
    let refused = |reply: &JoinGroupReply| !reply.group_data.success;
    assert!(!heard_before(&mut bob, is_invitation, refused).await?);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn ejected_member_is_notified() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    standing_of(&mut bob, id).await?;
    let ejection = |client: &Client, ejectee: AgentId| {
        let mut eject = request!(client, EjectGroupMemberRequest);
        eject.group_data.group_id = id.0;
        eject.eject_data.push(EjectGroupMemberRequestEjectData { ejectee_id: ejectee.0 });
        eject
    };
    bob.send(&ejection(&bob, alice.login.agent_id)).await?;
    assert!(!bob.expect::<EjectGroupMemberReply>(SOON, |_| true).await?.eject_data.success);
    assert!(alerted(&mut bob).await?.contains("not allowed"));

    alice.send(&ejection(&alice, bob.login.agent_id)).await?;
    let reply = alice.expect::<EjectGroupMemberReply>(SOON, |_| true).await?;
    assert!(reply.eject_data.success && reply.group_data.group_id == id.0);
    let dropped = bob.expect_event(SOON, "AgentDropGroup", |_| true).await?;
    assert_eq!(dropped.get("AgentData").at(0).get("AgentID").as_uuid(), bob.login.agent_id.0);
    bob.expect_event(SOON, "AgentGroupDataUpdate", |body| entry(body, id).is_none()).await?;
    let said = bob.expect::<ImprovedInstantMessage>(SOON, |_| true).await?.message_block;
    assert_eq!(said.dialog, 0);
    let expected = "You have been ejected from 'Gardeners' by Alice Tester.";
    assert_eq!(text(&said.message), expected);
    let said = alice.expect::<ImprovedInstantMessage>(SOON, |_| true).await?.message_block;
    assert_eq!(text(&said.message), "Bob Tester has been ejected from 'Gardeners'.");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn members_come_in_packets_with_their_total() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    for number in 0..40 {
        let mut member = grid.enter("Member", &format!("Number{number}")).await?;
        assert!(join(&mut member, id).await?);
        if number > 0 {
            member.log_out().await?;
        } else {
            member.flush().await?;
            // Keeps one online.
            std::mem::forget(member);
        }
    }
    let replies = members(&mut alice, id).await?;
    assert!(replies.len() > 1, "40 members need more than one packet");
    let all: Vec<_> = replies.iter().flat_map(|reply| &reply.member_data).collect();
    assert_eq!(all.len(), 41);
    assert!(replies.iter().all(|reply| reply.group_data.member_count == 41));
    let founder = all.iter().find(|m| m.agent_id == alice.login.agent_id.0).context("founder")?;
    assert!(founder.is_owner && founder.agent_powers == Powers::OWNERS.bits());
    assert_eq!(
        (text(&founder.title), text(&founder.online_status)),
        ("Owner".into(), "Online".into())
    );
    let away = all.last().context("the last")?;
    assert!(!away.is_owner && text(&away.title) == "Member");
    let date = text(&away.online_status);
    assert!(date.len() == 10 && date.split('/').count() == 3, "{date}");

    let nobody = members(&mut alice, GroupId(Uuid::new_v4())).await?;
    assert_eq!((nobody.len(), nobody[0].member_data.len()), (1, 0));

    let cap = member_cap(&alice, id).await?;
    assert_eq!(cap.get("member_count").as_i32(), 41);
    assert_eq!(cap.get("titles").at(0).as_string(), "Member");
    assert_eq!(cap.get("defaults").get("default_powers").as_string(), "90018010000");
    assert_eq!(cap.get("members").as_map().iter().len(), 41);
    let founder = cap.get("members").get(&alice.login.agent_id.to_string());
    assert_eq!(founder.get("owner").as_string(), "Y");
    assert_eq!(founder.get("powers").as_string(), "ffffffffffffe");
    assert_eq!(cap.get("titles").at(founder.get("title").as_i32() as usize).as_string(), "Owner");
    assert_eq!(founder.get("last_login").as_string(), "Online");
    grid.stop().await?;
    Ok(())
}

async fn member_cap(client: &Client, group: GroupId) -> Result<Llsd> {
    let wanted = llsd::array!["GroupMemberData"];
    let granted = client.http().post_llsd(&client.login.seed, &wanted).await?;
    let url = granted.get("GroupMemberData").as_string();
    let body = llsd::map! { "group_id" => group.0 };
    Ok(client.http().post_llsd(&url, &body).await?)
}

#[tokio::test]
async fn strangers_get_a_member_list_of_who_is_to_be_seen() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut carol = grid.enter("Carol", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut carol, id).await?);
    let seen = members(&mut bob, id).await?;
    assert_eq!((seen.len(), seen[0].member_data.len()), (1, 1));
    assert_eq!(seen[0].member_data[0].agent_id, alice.login.agent_id.0);
    let cap = member_cap(&bob, id).await?;
    assert_eq!((cap.get("member_count").as_i32(), cap.get("members").as_map().len()), (0, 0));
    // Nil stands for the active group.
    let cap = member_cap(&carol, GroupId::NIL).await?;
    assert_eq!((cap.get("group_id").as_uuid(), cap.get("member_count").as_i32()), (id.0, 2));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn member_ejected_while_away_finds_itself_outside() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let bob_id = bob.login.agent_id;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    standing_of(&mut bob, id).await?;
    bob.log_out().await?;
    let mut eject = request!(alice, EjectGroupMemberRequest);
    eject.group_data.group_id = id.0;
    eject.eject_data.push(EjectGroupMemberRequestEjectData { ejectee_id: bob_id.0 });
    alice.send(&eject).await?;
    assert!(alice.expect::<EjectGroupMemberReply>(SOON, |_| true).await?.eject_data.success);
    let mut bob = grid.enter("Bob", "Tester").await?;
    bob.send(&request!(bob, AgentDataUpdateRequest)).await?;
    let received = bob.expect_event(SOON, "AgentGroupDataUpdate", |_| true).await?;
    assert!(entry(&received, id).is_none());
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn groups_reach_across_regions() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        let mut second = config.region[0].clone();
        second.name = "Skerry".to_owned();
        second.x += 1;
        config.region.push(second);
    })
    .await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let elsewhere = grid.options("Bob", "Tester").at("uri:Skerry&128&128&25");
    let mut bob = Client::log_in(&elsewhere).await?;
    bob.enter().await?;
    assert_ne!(alice.login.simulator, bob.login.simulator);
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    standing_of(&mut bob, id).await?;
    let mut notice = request!(alice, ImprovedInstantMessage);
    notice.message_block.to_agent_id = id.0;
    notice.message_block.dialog = 32;
    notice.message_block.message = variable2("Hello|there");
    alice.send(&notice).await?;
    bob.expect::<ImprovedInstantMessage>(SOON, |im| im.message_block.dialog == 32).await?;
    let mut eject = request!(alice, EjectGroupMemberRequest);
    eject.group_data.group_id = id.0;
    let ejectee_id = bob.login.agent_id.0;
    eject.eject_data.push(EjectGroupMemberRequestEjectData { ejectee_id });
    alice.send(&eject).await?;
    bob.expect_event(SOON, "AgentDropGroup", |_| true).await?;
    bob.expect::<AgentDataUpdate>(SOON, |u| u.agent_data.active_group_id.is_nil()).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn invitation_while_away_may_be_accepted_later() -> Result<()> {
    let grid = TestGrid::start().await?;
    let bob = grid.enter("Bob", "Tester").await?;
    let bob_id = bob.login.agent_id;
    bob.log_out().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", false).await?;
    let mut invite = request!(alice, InviteGroupRequest);
    invite.group_data.group_id = id.0;
    let invitee = InviteGroupRequestInviteData { invitee_id: bob_id.0, role_id: Uuid::nil() };
    invite.invite_data = vec![invitee];
    alice.send(&invite).await?;
    // Answered after the invitation is kept, as all of one agent's requests are.
    assert_eq!(profile(&mut alice, id).await?.group_data.group_membership_count, 1);
    let mut bob = grid.enter("Bob", "Tester").await?;
    assert!(join(&mut bob, id).await?);
    standing_of(&mut bob, id).await?;
    grid.stop().await?;
    Ok(())
}
