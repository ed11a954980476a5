//! Roles of a group: what they are, who has them, which titles they give.

use anyhow::{Context as _, Result};
use holm::client::Client;
use holm::ids::{AgentId, GroupId};
use holm::message::{
    AgentDataUpdate, GroupRoleChanges, GroupRoleChangesRoleChange, GroupRoleDataReply,
    GroupRoleDataReplyRoleData, GroupRoleDataRequest, GroupRoleMembersReply,
    GroupRoleMembersRequest, GroupRoleUpdate, GroupRoleUpdateRoleData, GroupTitleUpdate,
    GroupTitlesReply, GroupTitlesRequest, text, variable1,
};
use holm::services::groups::Powers;
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;
use super::groups::{alerted, found, join, request, standing_of};

async fn roles(client: &mut Client, group: GroupId) -> Result<Vec<GroupRoleDataReplyRoleData>> {
    let mut request = request!(client, GroupRoleDataRequest);
    request.group_data.group_id = group.0;
    request.group_data.request_id = Uuid::new_v4();
    let wanted = request.group_data.request_id;
    client.send(&request).await?;
    let mut roles = Vec::new();
    loop {
        let reply = client
            .expect::<GroupRoleDataReply>(SOON, |reply| reply.group_data.request_id == wanted)
            .await?;
        roles.extend(reply.role_data);
        if roles.len() >= reply.group_data.role_count as usize {
            return Ok(roles);
        }
    }
}

async fn pairs(client: &mut Client, group: GroupId) -> Result<Vec<(Uuid, Uuid)>> {
    let mut request = request!(client, GroupRoleMembersRequest);
    request.group_data.group_id = group.0;
    request.group_data.request_id = Uuid::new_v4();
    let wanted = request.group_data.request_id;
    client.send(&request).await?;
    let mut pairs = Vec::new();
    loop {
        let reply = client
            .expect::<GroupRoleMembersReply>(SOON, |reply| reply.agent_data.request_id == wanted)
            .await?;
        pairs.extend(reply.member_data.iter().map(|pair| (pair.role_id, pair.member_id)));
        if pairs.len() >= reply.agent_data.total_pairs as usize {
            return Ok(pairs);
        }
    }
}

async fn titles(client: &mut Client, group: GroupId) -> Result<Vec<(String, Uuid, bool)>> {
    let mut request = request!(client, GroupTitlesRequest);
    request.agent_data.group_id = group.0;
    request.agent_data.request_id = Uuid::new_v4();
    let wanted = request.agent_data.request_id;
    client.send(&request).await?;
    let reply = client
        .expect::<GroupTitlesReply>(SOON, |reply| reply.agent_data.request_id == wanted)
        .await?;
    let titles = reply.group_data.iter();
    Ok(titles.map(|title| (text(&title.title), title.role_id, title.selected)).collect())
}

/// `UpdateType`s.
const DATA: u8 = 1;
const POWERS: u8 = 2;
const CREATE: u8 = 4;
const DELETE: u8 = 5;

fn edit(client: &Client, group: GroupId, role: Uuid, name: &str, kind: u8) -> GroupRoleUpdate {
    let mut update = request!(client, GroupRoleUpdate);
    update.agent_data.group_id = group.0;
    update.role_data.push(GroupRoleUpdateRoleData {
        role_id: role,
        name: variable1(name),
        description: variable1("Digs holes."),
        title: variable1(name),
        powers: Powers::JOIN_CHAT.bits(),
        update_type: kind,
    });
    update
}

fn change(
    client: &Client,
    group: GroupId,
    role: Uuid,
    member: AgentId,
    kind: u32,
) -> GroupRoleChanges {
    let mut changes = request!(client, GroupRoleChanges);
    changes.agent_data.group_id = group.0;
    changes.role_change.push(GroupRoleChangesRoleChange {
        role_id: role,
        member_id: member.0,
        change: kind,
    });
    changes
}

#[tokio::test]
async fn a_new_group_has_the_roles_that_clients_expect() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    let roles = roles(&mut alice, id).await?;
    let received: Vec<_> =
        roles.iter().map(|role| (text(&role.name), role.powers, role.members)).collect();
    assert_eq!(
        received,
        [
            ("Everyone".to_owned(), Powers::EVERYONE.bits(), 2),
            ("Officers".to_owned(), Powers::OFFICERS.bits(), 1),
            ("Owners".to_owned(), Powers::OWNERS.bits(), 1),
        ]
    );
    assert!(roles[0].role_id.is_nil());
    let (alice_id, bob_id) = (alice.login.agent_id.0, bob.login.agent_id.0);
    assert_eq!(
        pairs(&mut bob, id).await?,
        [
            (Uuid::nil(), alice_id),
            (roles[1].role_id, alice_id),
            (roles[2].role_id, alice_id),
            (Uuid::nil(), bob_id),
        ]
    );
    let unknown = GroupId(Uuid::new_v4());
    assert!(super::group_roles::roles(&mut alice, unknown).await?.is_empty());
    assert!(pairs(&mut alice, unknown).await?.is_empty());
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn many_role_members_come_in_packets() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    for number in 0..40 {
        let mut member = grid.enter("Member", &format!("Number{number}")).await?;
        assert!(join(&mut member, id).await?);
    }
    let pairs = pairs(&mut alice, id).await?;
    assert_eq!(pairs.len(), 43, "41 in everyone, and the founder in two more");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn roles_are_made_changed_given_and_deleted() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let bob_id = bob.login.agent_id;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    standing_of(&mut bob, id).await?;

    let wished = Uuid::new_v4();
    alice.send(&edit(&alice, id, wished, "Digger", CREATE)).await?;
    let made = roles(&mut alice, id).await?.pop().context("a fourth role")?;
    assert_eq!((text(&made.name), text(&made.title)), ("Digger".into(), "Digger".into()));
    assert_ne!(made.role_id, wished, "the group chooses the id");
    assert_eq!((made.powers, made.members), (Powers::JOIN_CHAT.bits(), 0));

    alice.send(&change(&alice, id, made.role_id, bob_id, 0)).await?;
    standing_of(&mut bob, id).await?;
    assert!(pairs(&mut bob, id).await?.contains(&(made.role_id, bob_id.0)));

    // A power that comes by a role is told to who has it.
    let mut powers = edit(&alice, id, made.role_id, "Digger", POWERS);
    powers.role_data[0].powers = Powers::SEND_NOTICES.bits();
    alice.send(&powers).await?;
    let received = standing_of(&mut bob, id).await?;
    let expected = (Powers::EVERYONE | Powers::SEND_NOTICES).bits();
    assert_eq!(received.get("GroupPowers").as_u64(), expected);

    let mut select = request!(bob, GroupTitleUpdate);
    select.agent_data.group_id = id.0;
    select.agent_data.title_role_id = made.role_id;
    bob.send(&select).await?;
    let digger = |u: &AgentDataUpdate| text(&u.agent_data.group_title) == "Digger";
    bob.expect::<AgentDataUpdate>(SOON, digger).await?;
    let own = titles(&mut bob, id).await?;
    let expected =
        [("Member".to_owned(), Uuid::nil(), false), ("Digger".to_owned(), made.role_id, true)];
    assert_eq!(own, expected);

    let renamed = edit(&alice, id, made.role_id, "Planter", DATA);
    alice.send(&renamed).await?;
    let planter = |u: &AgentDataUpdate| text(&u.agent_data.group_title) == "Planter";
    bob.expect::<AgentDataUpdate>(SOON, planter).await?;

    alice.send(&edit(&alice, id, made.role_id, "", DELETE)).await?;
    let member = |u: &AgentDataUpdate| text(&u.agent_data.group_title) == "Member";
    bob.expect::<AgentDataUpdate>(SOON, member).await?;
    assert_eq!(roles(&mut bob, id).await?.len(), 3);
    assert_eq!(titles(&mut bob, id).await?, [("Member".to_owned(), Uuid::nil(), true)]);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn forbidden_role_change_changes_nothing_and_is_reported() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let bob_id = bob.login.agent_id;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    let before = roles(&mut alice, id).await?;
    let (officers, owners) = (before[1].role_id, before[2].role_id);

    bob.send(&edit(&bob, id, Uuid::nil(), "Digger", CREATE)).await?;
    assert!(alerted(&mut bob).await?.contains("not allowed"));
    bob.send(&change(&bob, id, owners, bob_id, 0)).await?;
    assert!(alerted(&mut bob).await?.contains("not allowed"));
    let mut select = request!(bob, GroupTitleUpdate);
    select.agent_data.group_id = id.0;
    select.agent_data.title_role_id = owners;
    bob.send(&select).await?;
    assert_eq!(alerted(&mut bob).await?, "There is no such role in that group.");

    alice.send(&edit(&alice, id, owners, "", DELETE)).await?;
    assert!(alerted(&mut alice).await?.contains("cannot be taken away"));
    alice.send(&edit(&alice, id, Uuid::nil(), &"x".repeat(21), DATA)).await?;
    assert!(alerted(&mut alice).await?.contains("20 bytes"));
    alice.send(&edit(&alice, id, officers, "Foremen", 9)).await?;
    assert!(alerted(&mut alice).await?.contains("not known"));
    alice.send(&change(&alice, id, officers, bob_id, 7)).await?;
    assert!(alerted(&mut alice).await?.contains("not known"));
    alice.send(&change(&alice, id, officers, AgentId(Uuid::new_v4()), 0)).await?;
    assert!(alerted(&mut alice).await?.contains("not a member"));
    // The good half of a request is not done either.
    let mut half = change(&alice, id, officers, bob_id, 0);
    half.role_change.extend(change(&alice, id, Uuid::nil(), bob_id, 1).role_change);
    alice.send(&half).await?;
    assert!(alerted(&mut alice).await?.contains("cannot be taken away"));
    alice.send(&change(&alice, id, owners, alice.login.agent_id, 1)).await?;
    assert!(alerted(&mut alice).await?.contains("last owner"));
    assert_eq!(roles(&mut alice, id).await?, before);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_group_has_at_most_ten_roles() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    for number in 0..7 {
        alice.send(&edit(&alice, id, Uuid::nil(), &format!("Role {number}"), CREATE)).await?;
    }
    assert_eq!(roles(&mut alice, id).await?.len(), 10);
    alice.send(&edit(&alice, id, Uuid::nil(), "One more", CREATE)).await?;
    assert!(alerted(&mut alice).await?.contains("10 roles"));
    grid.stop().await?;
    Ok(())
}
