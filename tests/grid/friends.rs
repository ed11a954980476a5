use anyhow::Result;
use holm::client::Client;
use holm::ids::AgentId;
use holm::message::{
    AcceptCallingCard, AcceptCallingCardFolderData, AcceptFriendship, AcceptFriendshipFolderData,
    AgentAlertMessage, ChangeUserRights, DeclineCallingCard, DeclineFriendship, FindAgent,
    FindAgentLocationBlock, GrantUserRights, GrantUserRightsRights, ImprovedInstantMessage,
    OfferCallingCard, OfflineNotification, OnlineNotification, TerminateFriendship, TrackAgent,
    text,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::{SOON, heard_before};

/// Waits for a message with that dialog.
pub async fn dialog(client: &mut Client, wanted: u8) -> Result<ImprovedInstantMessage> {
    Ok(client
        .expect::<ImprovedInstantMessage>(SOON, |im| im.message_block.dialog == wanted)
        .await?)
}

async fn accept(client: &Client, transaction: Uuid) -> Result<()> {
    let mut accept = AcceptFriendship::default();
    accept.agent_data.agent_id = client.login.agent_id.0;
    accept.agent_data.session_id = client.login.session_id.0;
    accept.transaction_block.transaction_id = transaction;
    accept.folder_data.push(AcceptFriendshipFolderData { folder_id: Uuid::from_u128(1) });
    client.send(&accept).await?;
    Ok(())
}

async fn decline(client: &Client, transaction: Uuid) -> Result<()> {
    let mut decline = DeclineFriendship::default();
    decline.agent_data.agent_id = client.login.agent_id.0;
    decline.agent_data.session_id = client.login.session_id.0;
    decline.transaction_block.transaction_id = transaction;
    client.send(&decline).await?;
    Ok(())
}

/// Lets a friend do that and no more.
pub async fn grant(client: &Client, to: AgentId, rights: i32) -> Result<()> {
    let mut grant = GrantUserRights::default();
    grant.agent_data.agent_id = client.login.agent_id.0;
    grant.agent_data.session_id = client.login.session_id.0;
    grant.rights.push(GrantUserRightsRights { agent_related: to.0, related_rights: rights });
    client.send(&grant).await?;
    Ok(())
}

/// Makes friends of two agents who are in the world, and waits until both know.
pub async fn befriend(one: &mut Client, other: &mut Client) -> Result<()> {
    one.im(other.login.agent_id, "Friends?", 38).await?;
    let offer = dialog(other, 38).await?;
    accept(other, offer.message_block.id).await?;
    dialog(one, 39).await?;
    let (one_id, other_id) = (one.login.agent_id, other.login.agent_id);
    for (to, about) in [(one, other_id), (other, one_id)] {
        to.expect::<OnlineNotification>(SOON, |change| change.agent_block[0].agent_id == about.0)
            .await?;
    }
    Ok(())
}

async fn alert(client: &mut Client) -> Result<String> {
    let alert = client.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    Ok(text(&alert.alert_data.message))
}

/// What the login said about one friend: rights given, rights had.
fn buddy(client: &Client, friend: AgentId) -> Option<(i32, i32)> {
    let buddies = client.login.fields.get("buddy-list").as_array();
    let entry = buddies.iter().find(|buddy| buddy.get("buddy_id").as_uuid() == friend.0)?;
    Some((entry.get("buddy_rights_given").as_i32(), entry.get("buddy_rights_has").as_i32()))
}

#[tokio::test]
async fn an_accepted_offer_makes_friends_on_both_sides() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let (alice_id, bob_id) = (alice.login.agent_id, bob.login.agent_id);

    alice.im(bob_id, "Be my friend", 38).await?;
    let offer = dialog(&mut bob, 38).await?;
    assert_eq!(offer.agent_data.agent_id, alice_id.0);
    assert!(offer.agent_data.session_id.is_nil());
    let block = &offer.message_block;
    assert_eq!(block.to_agent_id, bob_id.0);
    assert_eq!(block.offline, 0);
    assert_eq!(block.id, alice_id.0);
    assert_eq!(text(&block.from_agent_name), "Alice Tester");
    assert_eq!(text(&block.message), "Be my friend");
    assert_eq!(&block.binary_bucket[..], [0]);

    accept(&bob, block.id).await?;
    let answer = dialog(&mut alice, 39).await?;
    assert_eq!(answer.agent_data.agent_id, bob_id.0);
    assert_eq!(text(&answer.message_block.from_agent_name), "Bob Tester");
    assert_eq!(text(&answer.message_block.message), bob_id.to_string());
    alice
        .expect::<OnlineNotification>(SOON, |change| change.agent_block[0].agent_id == bob_id.0)
        .await?;
    bob.expect::<OnlineNotification>(SOON, |change| change.agent_block[0].agent_id == alice_id.0)
        .await?;

    alice.log_out().await?;
    let alice = grid.log_in("Alice", "Tester").await?;
    assert_eq!(buddy(&alice, bob_id), Some((1, 1)));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_declined_offer_makes_none() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    alice.im(bob.login.agent_id, "", 38).await?;
    let offer = dialog(&mut bob, 38).await?;
    decline(&bob, offer.message_block.id).await?;
    let answer = dialog(&mut alice, 40).await?;
    assert_eq!(answer.agent_data.agent_id, bob.login.agent_id.0);

    accept(&bob, offer.message_block.id).await?;
    assert_eq!(alert(&mut bob).await?, "This friendship offer is no longer there.");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn offers_to_oneself_to_friends_and_to_nobody_are_refused() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    befriend(&mut alice, &mut bob).await?;
    for (to, answer) in [
        (alice.login.agent_id, "You cannot be your own friend."),
        (bob.login.agent_id, "You are friends already."),
        (AgentId::random(), "There is no such resident."),
    ] {
        alice.im(to, "again", 38).await?;
        assert_eq!(alert(&mut alice).await?, answer);
    }
    grid.stop().await?;
    Ok(())
}

/// Nobody becomes a friend of somebody who did not ask for it.
#[tokio::test]
async fn accepting_without_an_offer_is_refused() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    accept(&bob, alice.login.agent_id.0).await?;
    assert_eq!(alert(&mut bob).await?, "This friendship offer is no longer there.");
    bob.log_out().await?;
    let bob = grid.log_in("Bob", "Tester").await?;
    assert_eq!(buddy(&bob, alice.login.agent_id), None);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn an_offer_survives_a_restart_and_is_shown_at_each_entry() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let start = || {
        TestGrid::start_with(|config| {
            config.storage.ephemeral = false;
            config.storage.directory = directory.path().to_owned();
        })
    };
    let grid = start().await?;
    let bob_id = grid.log_in("Bob", "Tester").await?.login.agent_id;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let alice_id = alice.login.agent_id;
    alice.im(bob_id, "Remember me", 38).await?;
    // What came after it in the same queue has been done, so the offer is on disk.
    alice.im(alice_id, "", 38).await?;
    alert(&mut alice).await?;
    grid.stop().await?;

    let grid = start().await?;
    for _ in 0..2 {
        let mut bob = grid.log_in("Bob", "Tester").await;
        if bob.is_err() {
            // The session before may not have ended yet; that refusal ends it.
            bob = grid.log_in("Bob", "Tester").await;
        }
        let mut bob = bob?;
        bob.enter().await?;
        let offer = dialog(&mut bob, 38).await?;
        assert_eq!(offer.agent_data.agent_id, alice_id.0);
        assert_eq!(offer.message_block.offline, 0);
        assert_eq!(text(&offer.message_block.message), "Remember me");
        assert_eq!(text(&offer.message_block.from_agent_name), "Alice Tester");
    }
    let mut bob = {
        let _ = grid.log_in("Bob", "Tester").await;
        grid.enter("Bob", "Tester").await?
    };
    let offer = dialog(&mut bob, 38).await?;
    accept(&bob, offer.message_block.id).await?;
    accept(&bob, offer.message_block.id).await?;
    // The first has been done when the second is refused.
    alert(&mut bob).await?;
    grid.stop().await?;

    let grid = start().await?;
    let bob = grid.log_in("Bob", "Tester").await?;
    assert_eq!(buddy(&bob, alice_id), Some((1, 1)));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_end_of_a_friendship_is_told_to_both() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let (alice_id, bob_id) = (alice.login.agent_id, bob.login.agent_id);
    befriend(&mut alice, &mut bob).await?;
    let mut end = TerminateFriendship::default();
    end.agent_data.agent_id = bob_id.0;
    end.agent_data.session_id = bob.login.session_id.0;
    end.ex_block.other_id = alice_id.0;
    bob.send(&end).await?;
    for (client, other) in [(&mut alice, bob_id), (&mut bob, alice_id)] {
        let received = client.expect::<TerminateFriendship>(SOON, |_| true).await?;
        assert_eq!(received.agent_data.agent_id, client.login.agent_id.0);
        assert_eq!(received.ex_block.other_id, other.0);
    }
    bob.log_out().await?;
    let bob = grid.log_in("Bob", "Tester").await?;
    assert_eq!(buddy(&bob, alice_id), None);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn rights_are_told_to_both_and_kept() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let (alice_id, bob_id) = (alice.login.agent_id, bob.login.agent_id);
    befriend(&mut alice, &mut bob).await?;

    grant(&alice, bob_id, 6).await?;
    for client in [&mut alice, &mut bob] {
        let change = client.expect::<ChangeUserRights>(SOON, |_| true).await?;
        assert_eq!(change.agent_data.agent_id, alice_id.0);
        assert_eq!(change.rights[0].agent_related, bob_id.0);
        assert_eq!(change.rights[0].related_rights, 6);
    }
    bob.expect::<OfflineNotification>(SOON, |change| change.agent_block[0].agent_id == alice_id.0)
        .await?;
    grant(&alice, bob_id, 1).await?;
    bob.expect::<OnlineNotification>(SOON, |change| change.agent_block[0].agent_id == alice_id.0)
        .await?;
    grant(&alice, bob_id, 5).await?;
    bob.expect::<ChangeUserRights>(SOON, |change| change.rights[0].related_rights == 5).await?;

    bob.log_out().await?;
    let bob = grid.log_in("Bob", "Tester").await?;
    assert_eq!(buddy(&bob, alice_id), Some((1, 5)));
    grid.stop().await?;
    Ok(())
}

/// Asks where an agent is.
pub async fn find(hunter: &Client, prey: AgentId) -> Result<()> {
    let mut find = FindAgent::default();
    find.agent_block.hunter = hunter.login.agent_id.0;
    find.agent_block.prey = prey.0;
    find.location_block.push(FindAgentLocationBlock::default());
    hunter.send(&find).await?;
    Ok(())
}

#[tokio::test]
async fn friends_are_found_on_the_map_if_they_allow_it() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter_at("Alice", "Tester", [40, 50, 30]).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let (alice_id, bob_id) = (alice.login.agent_id, bob.login.agent_id);
    befriend(&mut alice, &mut bob).await?;

    find(&bob, alice_id).await?;
    bob.flush().await?;
    grant(&alice, bob_id, 3).await?;
    let found = heard_before::<FindAgent, ChangeUserRights>(&mut bob, |_| true, |_| true).await?;
    assert!(!found, "without the right there is silence");

    find(&bob, alice_id).await?;
    let found = bob.expect::<FindAgent>(SOON, |_| true).await?;
    assert_eq!(found.agent_block.hunter, bob_id.0);
    assert_eq!(found.agent_block.prey, alice_id.0);
    let corner = alice.login.region_handle;
    let place = &found.location_block[0];
    assert!((place.global_x - f64::from(corner.x_metres()) - 40.0).abs() < 1.0, "{place:?}");
    assert!((place.global_y - f64::from(corner.y_metres()) - 50.0).abs() < 1.0, "{place:?}");
    grid.stop().await?;
    Ok(())
}

/// Alice offers Bob her calling card; what Bob gets.
async fn offered_card(alice: &Client, bob: &mut Client) -> Result<OfferCallingCard> {
    let mut offer = OfferCallingCard::default();
    offer.agent_data.agent_id = alice.login.agent_id.0;
    offer.agent_data.session_id = alice.login.session_id.0;
    offer.agent_block.dest_id = bob.login.agent_id.0;
    offer.agent_block.transaction_id = Uuid::from_u128(9);
    alice.send(&offer).await?;
    Ok(bob.expect::<OfferCallingCard>(SOON, |_| true).await?)
}

#[tokio::test]
async fn calling_cards_and_their_answers_are_passed_on() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let offered = offered_card(&alice, &mut bob).await?;
    assert_eq!(offered.agent_data.agent_id, alice.login.agent_id.0);
    assert!(offered.agent_data.session_id.is_nil());

    let mut answer = DeclineCallingCard::default();
    answer.agent_data.agent_id = bob.login.agent_id.0;
    answer.agent_data.session_id = bob.login.session_id.0;
    answer.transaction_block.transaction_id = offered.agent_block.transaction_id;
    bob.send(&answer).await?;
    let answered = alice.expect::<DeclineCallingCard>(SOON, |_| true).await?;
    assert_eq!(answered.agent_data.agent_id, bob.login.agent_id.0);
    assert_eq!(answered.transaction_block.transaction_id, Uuid::from_u128(9));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn an_accepted_card_is_told_to_who_offered_it() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let offered = offered_card(&alice, &mut bob).await?;
    let mut answer = AcceptCallingCard::default();
    answer.agent_data.agent_id = bob.login.agent_id.0;
    answer.agent_data.session_id = bob.login.session_id.0;
    answer.transaction_block.transaction_id = offered.agent_block.transaction_id;
    answer.folder_data.push(AcceptCallingCardFolderData { folder_id: Uuid::from_u128(3) });
    bob.send(&answer).await?;
    let answered = alice.expect::<AcceptCallingCard>(SOON, |_| true).await?;
    assert_eq!(answered.agent_data.agent_id, bob.login.agent_id.0);
    assert_eq!(answered.transaction_block.transaction_id, Uuid::from_u128(9));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn tracking_a_friend_is_taken_and_does_nothing() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut track = TrackAgent::default();
    track.agent_data.agent_id = alice.login.agent_id.0;
    track.agent_data.session_id = alice.login.session_id.0;
    track.target_data.prey_id = alice.login.agent_id.0;
    alice.send(&track).await?;
    // It is acked, and the circuit goes on.
    alice.flush().await?;
    let circuits = grid.control("v1/circuits").await?;
    assert_eq!(circuits["circuits"][0]["state"], "in_region");
    grid.stop().await?;
    Ok(())
}
