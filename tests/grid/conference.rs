//! Conferences over the real protocol: by the capability and the old way.

use anyhow::Result;
use holm::client::Client;
use holm::llsd::{self, Llsd};
use holm::message::{ImprovedInstantMessage, ImprovedInstantMessageMessageBlock};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;
use super::group_chat::{
    EVENT_REPLY, INVITATION, START_REPLY, UPDATES, ask, hears, request, say, session_im,
};

pub fn ids(clients: &[&Client]) -> Llsd {
    clients.iter().map(|client| client.login.agent_id.0).collect()
}

/// Starts a conference by the capability; its id.
pub async fn start(client: &mut Client, invitees: Llsd) -> Result<Uuid> {
    let temporary = Uuid::new_v4();
    let answer = request(client, &ask("start conference", temporary, invitees)).await?;
    assert_eq!(answer.0, 200);
    let reply = client.expect_event(SOON, START_REPLY, |_| true).await?;
    assert!(reply.get("success").as_bool());
    assert_eq!(reply.get("temp_session_id").as_uuid(), temporary);
    assert_eq!(reply.get("session_info").get("type").as_i32(), 1);
    assert!(matches!(reply.get("session_info").get("moderated_mode"), Llsd::Map(_)));
    let id = reply.get("session_id").as_uuid();
    assert_ne!(id, temporary);
    Ok(id)
}

#[tokio::test]
async fn a_conference_invites_with_its_first_text() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut carol = grid.enter("Carol", "Tester").await?;
    let id = start(&mut alice, ids(&[&bob])).await?;
    say(&alice, id, "hello Bob").await?;
    let invitation = bob.expect_event(SOON, INVITATION, |_| true).await?;
    assert_eq!(invitation.get("session_id").as_uuid(), id);
    assert_eq!(invitation.get("session_name").as_str(), Some("Alice Tester Conference"));
    let accepted = request(&bob, &ask("accept invitation", id, Llsd::Undef)).await?;
    assert_eq!(accepted.0, 200);
    let came =
        |body: &Llsd| !body.get("agent_updates").get(&bob.login.agent_id.0.to_string()).is_undef();
    alice.expect_event(SOON, UPDATES, came).await?;

    assert_eq!(request(&carol, &ask("invite", id, ids(&[&carol]))).await?.0, 403);
    assert_eq!(request(&bob, &ask("invite", id, ids(&[&carol]))).await?.0, 200);
    say(&bob, id, "hello Carol").await?;
    let invitation = carol.expect_event(SOON, INVITATION, |_| true).await?;
    assert_eq!(invitation.get("from_name").as_str(), Some("Bob Tester"));
    let declined = request(&carol, &ask("decline invitation", id, Llsd::Undef)).await?;
    assert_eq!(declined.0, 200);
    say(&carol, id, "no, but").await?;
    let refused = carol.expect_event(SOON, EVENT_REPLY, |_| true).await?;
    assert_eq!(refused.get("error").as_str(), Some("session_does_not_exist_error"));
    for expected in ["hello Bob", "hello Carol"] {
        hears(&mut alice, expected).await?;
    }
    hears(&mut bob, "hello Carol").await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_old_way_starts_one_too() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let temporary = Uuid::new_v4();
    let old_way = |bucket: Vec<u8>| {
        let mut im = ImprovedInstantMessage::default();
        im.agent_data.agent_id = alice.login.agent_id.0;
        im.agent_data.session_id = alice.login.session_id.0;
        im.message_block = ImprovedInstantMessageMessageBlock {
            to_agent_id: bob.login.agent_id.0,
            dialog: 16,
            id: temporary,
            binary_bucket: bucket.into(),
            ..Default::default()
        };
        im
    };
    let bob_id = bob.login.agent_id.0.as_bytes().to_vec();
    let (good, cut) = (old_way(bob_id.clone()), old_way(bob_id[..15].to_vec()));
    alice.send(&cut).await?;
    let reply = alice.expect_event(SOON, START_REPLY, |_| true).await?;
    assert!(!reply.get("success").as_bool());
    assert_eq!(reply.get("error").as_str(), Some("generic_request_error"));
    alice.send(&good).await?;
    let reply = alice.expect_event(SOON, START_REPLY, |_| true).await?;
    assert_eq!(reply.get("temp_session_id").as_uuid(), temporary);
    let id = reply.get("session_id").as_uuid();
    say(&alice, id, "hello").await?;
    bob.expect_event(SOON, INVITATION, |body| body.get("session_id").as_uuid() == id).await?;
    session_im(&alice, 18, id, "", b"\0").await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_conference_ends_with_its_last_participant() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let bob = grid.enter("Bob", "Tester").await?;
    let id = start(&mut alice, ids(&[&bob])).await?;
    let history = ask("fetch history", id, Llsd::Undef);
    let (status, texts) = request(&alice, &history).await?;
    assert_eq!((status, texts), (200, llsd::array![]));
    session_im(&alice, 18, id, "", b"\0").await?;
    alice.flush().await?;
    assert_eq!(request(&alice, &history).await?.0, 404);
    assert_eq!(request(&bob, &ask("accept invitation", id, Llsd::Undef)).await?.0, 404);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn voice_is_answered_as_none() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let (alice_id, bob_id) = (alice.login.agent_id.0, bob.login.agent_id.0);
    let both = Uuid::from_u128(alice_id.as_u128() ^ bob_id.as_u128());
    assert_eq!(request(&alice, &ask("call", both, Llsd::Undef)).await?.0, 403);
    let call = ask("start p2p voice", both, Llsd::Uuid(bob_id));
    assert_eq!(request(&alice, &call).await?.0, 400);
    let declined = request(&alice, &ask("decline p2p voice", both, Llsd::Undef)).await?;
    assert_eq!(declined.0, 200);
    let update = bob.expect_event(SOON, UPDATES, |_| true).await?;
    assert_eq!(update.get("session_id").as_uuid(), both);
    let info = update.get("agent_updates").get(&alice_id.to_string()).get("info");
    assert_eq!(info.get("can_voice_chat"), &Llsd::Boolean(false));
    grid.stop().await?;
    Ok(())
}
