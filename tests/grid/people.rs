//! What people do together, across services: away, muted, in another region.

use anyhow::Result;
use holm::client::Client;
use holm::config::RegionConfig;
use holm::ids::RegionHandle;
use holm::message::{
    DisableSimulator, ImprovedInstantMessage, InviteGroupRequest, InviteGroupRequestInviteData,
    MuteListRequest, MuteListUpdate, OfflineNotification, RetrieveInstantMessages,
    UpdateMuteListEntry, text, variable1, variable2,
};
use holm::testing::TestGrid;

use super::friends::befriend;
use super::groups::{found, join, request};
use super::{SOON, group_chat, heard_before, teleports};

fn of(dialog: u8) -> impl Fn(&ImprovedInstantMessage) -> bool {
    move |im| im.message_block.dialog == dialog
}

fn says(wanted: &'static str) -> impl Fn(&ImprovedInstantMessage) -> bool {
    move |im| text(&im.message_block.message) == wanted
}

#[tokio::test]
async fn notices_and_invitations_wait_for_who_is_away() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let bob_id = bob.login.agent_id;
    let (garden, orchard) =
        (found(&mut alice, "Gardeners", true).await?, found(&mut alice, "Orchard", false).await?);
    assert!(join(&mut bob, garden).await?);
    bob.log_out().await?;
    grid.wait_for_count("v1/agents", 1).await?;

    let mut notice = request!(alice, ImprovedInstantMessage);
    notice.message_block.to_agent_id = garden.0;
    notice.message_block.dialog = 32;
    notice.message_block.message = variable2("Meeting|Tonight.");
    alice.send(&notice).await?;
    alice.expect::<ImprovedInstantMessage>(SOON, of(32)).await?;
    let mut invite = request!(alice, InviteGroupRequest);
    invite.group_data.group_id = orchard.0;
    invite.invite_data =
        vec![InviteGroupRequestInviteData { invitee_id: bob_id.0, ..Default::default() }];
    alice.send(&invite).await?;
    // What an agent asks is done in order, so this answer comes after the invitation was kept.
    found(&mut alice, "Marker", true).await?;

    let mut bob = grid.enter("Bob", "Tester").await?;
    bob.send(&request!(bob, RetrieveInstantMessages)).await?;
    let notice = bob.expect::<ImprovedInstantMessage>(SOON, of(32)).await?;
    assert_eq!(text(&notice.message_block.message), "Meeting|Tonight.");
    assert_eq!((notice.agent_data.agent_id, notice.message_block.offline), (garden.0, 1));
    assert_eq!(&notice.message_block.binary_bucket[2..18], garden.0.as_bytes());
    let invitation = bob.expect::<ImprovedInstantMessage>(SOON, of(3)).await?;
    assert_eq!(invitation.agent_data.agent_id, orchard.0);
    assert_eq!(invitation.message_block.binary_bucket.len(), 20);
    grid.stop().await?;
    Ok(())
}

/// Mutes an agent with exceptions, and waits until the list has it.
async fn mute(client: &mut Client, whom: &Client, exceptions: u32) -> Result<()> {
    let mut mute = request!(client, UpdateMuteListEntry);
    mute.mute_data.mute_id = whom.login.agent_id.0;
    mute.mute_data.mute_name = variable1("Alice Tester");
    mute.mute_data.mute_type = 1;
    mute.mute_data.mute_flags = exceptions;
    client.send(&mute).await?;
    client.send(&request!(client, MuteListRequest)).await?;
    client.expect::<MuteListUpdate>(SOON, |_| true).await?;
    Ok(())
}

#[tokio::test]
async fn agent_muted_for_text_is_not_heard() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let carol = grid.enter("Carol", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    mute(&mut bob, &alice, 0).await?;
    alice.im(bob.login.agent_id, "muted", 0).await?;
    alice.flush().await?;
    carol.im(bob.login.agent_id, "marker", 0).await?;
    assert!(!heard_before(&mut bob, says("muted"), says("marker")).await?);

    // The flags are exceptions: text is let through.
    mute(&mut bob, &alice, 1).await?;
    alice.im(bob.login.agent_id, "let through", 0).await?;
    bob.expect::<ImprovedInstantMessage>(SOON, says("let through")).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_teleport_ends_neither_presence_nor_group_chat() -> Result<()> {
    let grid = TestGrid::start_with(|config| {
        config.login.test_accounts = true;
        let second =
            RegionConfig { name: "Skerry".into(), x: 1001, udp_port: 0, ..Default::default() };
        config.region.push(second);
    })
    .await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    befriend(&mut alice, &mut bob).await?;
    let group = group_chat::residents(&mut alice).await?;
    group_chat::start(&mut alice, group).await?;
    group_chat::start(&mut bob, group).await?;

    teleports::ask(&alice, RegionHandle::from_grid(1001, 1000)).await?;
    let mut there = teleports::follow(&mut alice).await?;
    group_chat::say(&bob, group, "where are you?").await?;
    group_chat::hears(&mut there, "where are you?").await?;
    group_chat::say(&there, group, "on the skerry").await?;
    group_chat::hears(&mut bob, "where are you?").await?;
    group_chat::hears(&mut bob, "on the skerry").await?;
    // The old circuit has ended by now, and whatever its end tells has been told before this text.
    alice.expect::<DisableSimulator>(SOON, |_| true).await?;
    group_chat::say(&there, group, "still here").await?;
    group_chat::hears(&mut bob, "still here").await?;
    let moment = std::time::Duration::from_millis(1);
    assert!(bob.expect::<OfflineNotification>(moment, |_| true).await.is_err());
    // Now the agent leaves the grid, and that is told.
    there.log_out().await?;
    bob.expect::<OfflineNotification>(SOON, |_| true).await?;
    grid.stop().await?;
    Ok(())
}
