//! Group chat over the real protocol, as the ready-made accounts see it in their group.

use std::time::Duration;

use anyhow::Result;
use holm::client::{Client, ClientError};
use holm::config::Config;
use holm::llsd::{self, Llsd};
use holm::message::{
    self, AgentDataUpdateRequest, ImprovedInstantMessage, ImprovedInstantMessageMessageBlock,
    Vector3, text,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;

const RESIDENTS: &str = "Holm Residents";
pub const START_REPLY: &str = "ChatterBoxSessionStartReply";
pub const UPDATES: &str = "ChatterBoxSessionAgentListUpdates";
pub const INVITATION: &str = "ChatterBoxInvitation";
pub const EVENT_REPLY: &str = "ChatterBoxSessionEventReply";

/// With the ready-made accounts, who share a group.
fn with_residents(config: &mut Config) {
    config.login.test_accounts = true;
}

async fn grid() -> Result<TestGrid> {
    Ok(TestGrid::start_with(with_residents).await?)
}

/// The id of the group that the ready-made accounts share.
pub async fn residents(client: &mut Client) -> Result<Uuid> {
    let mut ask = AgentDataUpdateRequest::default();
    ask.agent_data.agent_id = client.login.agent_id.0;
    ask.agent_data.session_id = client.login.session_id.0;
    client.send(&ask).await?;
    let groups = client.expect_event(SOON, "AgentGroupDataUpdate", |_| true).await?;
    let groups = groups.get("GroupData").as_array();
    let found = groups.iter().find(|group| group.get("GroupName").as_str() == Some(RESIDENTS));
    Ok(found.map(|group| group.get("GroupID").as_uuid()).expect("the group that all share"))
}

/// An instant message about a session, with the fields as viewers send them.
pub async fn session_im(
    client: &Client,
    dialog: u8,
    id: Uuid,
    text: &str,
    bucket: &'static [u8],
) -> Result<(), ClientError> {
    let mut im = ImprovedInstantMessage::default();
    im.agent_data.agent_id = client.login.agent_id.0;
    im.agent_data.session_id = client.login.session_id.0;
    im.message_block = ImprovedInstantMessageMessageBlock {
        to_agent_id: id,
        dialog,
        id,
        message: message::variable2(text),
        binary_bucket: bucket.into(),
        ..Default::default()
    };
    client.send(&im).await
}

pub async fn say(client: &Client, id: Uuid, text: &str) -> Result<(), ClientError> {
    session_im(client, 17, id, text, b"\0").await
}

/// Starts the session of a group and waits until it is open.
pub async fn start(client: &mut Client, group: Uuid) -> Result<Llsd> {
    session_im(client, 15, group, "", b"").await?;
    let reply = client.expect_event(SOON, START_REPLY, |_| true).await?;
    assert!(reply.get("success").as_bool(), "{reply:?}");
    Ok(reply)
}

/// The next text of a session.
pub async fn heard(client: &mut Client) -> Result<ImprovedInstantMessage, ClientError> {
    client.expect::<ImprovedInstantMessage>(SOON, |im| im.message_block.dialog == 17).await
}

pub async fn hears(client: &mut Client, expected: &str) -> Result<()> {
    assert_eq!(text(&heard(client).await?.message_block.message), expected);
    Ok(())
}

pub fn ask(method: &str, id: Uuid, params: Llsd) -> Llsd {
    llsd::map! { "method" => method, "session-id" => id, "params" => params }
}

/// A POST to the capability; its status and, if it went well, its answer.
pub async fn request(client: &Client, body: &Llsd) -> Result<(u16, Llsd)> {
    let url = client.caps.url("ChatSessionRequest")?;
    let answer = client.http().post(url, "application/llsd+xml", llsd::xml::write(body)).await?;
    assert_eq!(answer.content_type.as_deref(), Some("application/llsd+xml"), "never HTML");
    let status = answer.status;
    Ok((status, answer.llsd(url).unwrap_or_default()))
}

#[tokio::test]
async fn the_captured_group_chat_field_by_field() -> Result<()> {
    let grid = grid().await?;
    let mut alice = grid.enter_at("Alice", "Tester", [100, 110, 30]).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let (alice_id, bob_id) = (alice.login.agent_id.0, bob.login.agent_id.0);
    let group = residents(&mut alice).await?;
    let region = grid.server().addresses().regions[0].id.0;

    // Dialog 15, an empty bucket; the answer comes by the event queue.
    let reply = start(&mut bob, group).await?;
    assert_eq!(reply.get("session_id").as_uuid(), group);
    assert_eq!(reply.get("temp_session_id").as_uuid(), group);
    assert_eq!(reply.get("agents"), &llsd::array![bob_id]);
    let session_info = llsd::map! {
        "session_name" => RESIDENTS,
        "type" => 0,
        "voice_enabled" => false,
        "moderated_mode" => llsd::map! { "voice" => false },
    };
    assert_eq!(reply.get("session_info"), &session_info);

    let reply = start(&mut alice, group).await?;
    let present = reply.get("agents").as_array();
    assert_eq!(present.len(), 2);
    assert!(present.contains(&Llsd::Uuid(alice_id)) && present.contains(&Llsd::Uuid(bob_id)));
    let all = alice.expect_event(SOON, UPDATES, |_| true).await?;
    assert_eq!(all.get("session_id").as_uuid(), group);
    for id in [alice_id, bob_id] {
        let update = all.get("agent_updates").get(&id.to_string());
        assert_eq!(update.get("transition").as_str(), Some("ENTER"));
        let mutes = llsd::map! { "text" => false, "voice" => false };
        assert_eq!(update.get("info").get("mutes"), &mutes);
        assert_eq!(update.get("info").get("can_voice_chat"), &Llsd::Boolean(false));
        assert!(matches!(update.get("info").get("is_moderator"), Llsd::Boolean(_)));
    }
    let came = |body: &Llsd| !body.get("agent_updates").get(&alice_id.to_string()).is_undef();
    bob.expect_event(SOON, UPDATES, came).await?;

    // Dialog 17, the bucket one NUL; everybody gets it, the sender too.
    say(&alice, group, "Hello, weavers").await?;
    for client in [&mut alice, &mut bob] {
        let im = heard(client).await?;
        let block = &im.message_block;
        assert_eq!(im.agent_data.agent_id, alice_id);
        assert!(im.agent_data.session_id.is_nil());
        assert!(!block.from_group);
        assert_eq!(block.to_agent_id, client.login.agent_id.0);
        assert_eq!(block.parent_estate_id, 1);
        assert_eq!(block.region_id, region);
        assert_near(block.position, [100.0, 110.0]);
        assert_eq!(block.offline, 0);
        assert_eq!(block.dialog, 17);
        assert_eq!(block.id, group);
        assert_eq!(block.timestamp, 0);
        assert_eq!(&block.from_agent_name[..], b"Alice Tester\0");
        assert_eq!(&block.message[..], b"Hello, weavers\0");
        assert_eq!(&block.binary_bucket[..], b"Holm Residents\0");
        assert_eq!(im.estate_block.estate_id, 0);
        assert!(im.meta_data.is_empty());
    }
    grid.stop().await?;
    Ok(())
}

fn assert_near(position: Vector3, [x, y]: [f32; 2]) {
    let near = (position.x - x).abs() < 2.0 && (position.y - y).abs() < 2.0;
    assert!(near && position.z > 0.0, "{position:?}");
}

#[tokio::test]
async fn strangers_are_refused_by_a_key_that_viewers_translate() -> Result<()> {
    let grid = grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut stranger = grid.enter("Some", "Stranger").await?;
    let group = residents(&mut alice).await?;
    for (id, error) in
        [(group, "insufficient_perms_error"), (Uuid::new_v4(), "session_does_not_exist_error")]
    {
        session_im(&stranger, 15, id, "", b"\0").await?;
        let reply = stranger.expect_event(SOON, START_REPLY, |_| true).await?;
        assert_eq!(reply.get("success"), &Llsd::Boolean(false));
        assert_eq!(reply.get("temp_session_id").as_uuid(), id);
        assert_eq!(reply.get("error").as_str(), Some(error));
        say(&stranger, id, "let me in").await?;
        let reply = stranger.expect_event(SOON, EVENT_REPLY, |_| true).await?;
        assert_eq!(reply.get("session_id").as_uuid(), id);
        assert_eq!(reply.get("event").as_str(), Some("message"));
        assert_eq!(reply.get("success"), &Llsd::Boolean(false));
        assert_eq!(reply.get("error").as_str(), Some(error));
    }
    let accepted = request(&stranger, &ask("accept invitation", group, Llsd::Undef)).await?;
    assert_eq!(accepted.0, 404, "nobody has opened it");
    start(&mut alice, group).await?;
    for method in ["accept invitation", "decline invitation", "fetch history"] {
        let answer = request(&stranger, &ask(method, group, Llsd::Undef)).await?;
        assert_eq!(answer.0, 403, "{method}");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn invitee_gets_each_text_once() -> Result<()> {
    let grid = grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let group = residents(&mut alice).await?;
    start(&mut alice, group).await?;
    say(&alice, group, "first").await?;
    say(&alice, group, "second").await?;
    let invitation = bob.expect_event(SOON, INVITATION, |_| true).await?;
    assert_eq!(invitation.get("session_id").as_uuid(), group);
    assert_eq!(invitation.get("session_name").as_str(), Some(RESIDENTS));
    assert_eq!(invitation.get("from_name").as_str(), Some("Alice Tester"));
    let params = invitation.get("instantmessage").get("message_params");
    assert_eq!(params.get("message").as_str(), Some("first"));
    assert_eq!(params.get("type").as_i32(), 17);
    assert_eq!(params.get("id").as_uuid(), group);
    assert_eq!(params.get("from_id").as_uuid(), alice.login.agent_id.0);
    assert_eq!(params.get("position").as_array().len(), 3);
    assert_eq!(params.get("parent_estate_id").as_i32(), 1);
    assert!(params.get("timestamp").as_i32() > 1_700_000_000);
    let data = params.get("data");
    assert_eq!(data.get("binary_bucket"), &Llsd::binary(*b"Holm Residents\0"));
    assert_eq!(data.get("type").as_i32(), 17);

    let (status, roster) = request(&bob, &ask("accept invitation", group, Llsd::Undef)).await?;
    assert_eq!((status, roster.get("agents").as_array().len()), (200, 2));
    let info = roster.get("agent_info").get(&bob.login.agent_id.0.to_string());
    assert_eq!(info.get("mutes").get("text"), &Llsd::Boolean(false));
    hears(&mut bob, "second").await?;
    say(&bob, group, "third").await?;
    for expected in ["first", "second", "third"] {
        hears(&mut alice, expected).await?;
    }
    hears(&mut bob, "third").await?;

    let (_, history) = request(&bob, &ask("fetch history", group, Llsd::Undef)).await?;
    let texts: Vec<_> =
        history.as_array().iter().map(|entry| entry.get("message").as_string()).collect();
    assert_eq!(texts, ["first", "second", "third"]);
    assert_eq!(history.at(2).get("from").as_str(), Some("Bob Tester"));
    assert_eq!(history.at(2).get("from_id").as_uuid(), bob.login.agent_id.0);
    assert_eq!(history.at(2).get("num").as_i32(), 2);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn an_invitation_that_is_not_answered_loses_no_text() -> Result<()> {
    let grid = grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let group = residents(&mut alice).await?;
    // A text without a start is one.
    say(&alice, group, "first").await?;
    say(&alice, group, "second").await?;
    bob.expect_event(SOON, INVITATION, |_| true).await?;
    hears(&mut bob, "second").await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_text_right_behind_the_start_stays_behind_it() -> Result<()> {
    let grid = grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let group = residents(&mut alice).await?;
    session_im(&alice, 15, group, "", b"\0").await?;
    for number in 0..20 {
        say(&alice, group, &number.to_string()).await?;
    }
    session_im(&alice, 18, group, "", b"\0").await?;
    let reply = alice.expect_event(SOON, START_REPLY, |_| true).await?;
    assert!(reply.get("success").as_bool());
    for number in 0..20 {
        hears(&mut alice, &number.to_string()).await?;
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn member_that_leaves_is_missed_and_hears_nothing() -> Result<()> {
    let grid = grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let group = residents(&mut alice).await?;
    start(&mut alice, group).await?;
    start(&mut bob, group).await?;
    let bob_id = bob.login.agent_id.0.to_string();
    session_im(&bob, 18, group, "", b"\0").await?;
    let left = |body: &Llsd| {
        let update = body.get("agent_updates").get(&bob_id);
        let old = body.get("updates").get(&bob_id);
        update.get("transition").as_str() == Some("LEAVE")
            && matches!(update.get("info"), Llsd::Map(_))
            && old.as_str() == Some("LEAVE")
    };
    alice.expect_event(SOON, UPDATES, left).await?;
    say(&alice, group, "without Bob").await?;
    hears(&mut alice, "without Bob").await?;
    // The next thing that Bob hears in the session is what is said after he came back.
    bob.forget();
    start(&mut bob, group).await?;
    say(&alice, group, "with Bob").await?;
    hears(&mut bob, "with Bob").await?;
    let nothing = Duration::from_millis(1);
    assert!(bob.expect_event(nothing, INVITATION, |_| true).await.is_err());
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_logout_leaves_the_session_and_a_new_login_is_invited() -> Result<()> {
    let grid = grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let group = residents(&mut alice).await?;
    start(&mut alice, group).await?;
    start(&mut bob, group).await?;
    session_im(&bob, 18, group, "", b"\0").await?;
    start(&mut bob, group).await?;
    let bob_id = bob.login.agent_id.0.to_string();
    bob.log_out().await?;
    let left = |body: &Llsd| {
        body.get("agent_updates").get(&bob_id).get("transition").as_str() == Some("LEAVE")
    };
    alice.expect_event(SOON, UPDATES, left).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    say(&alice, group, "welcome back").await?;
    bob.expect_event(SOON, INVITATION, |_| true).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn moderators_mute_and_others_may_not() -> Result<()> {
    let grid = grid().await?;
    let mut owner = grid.enter("Test", "User").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let group = residents(&mut owner).await?;
    start(&mut owner, group).await?;
    start(&mut bob, group).await?;
    let mute = |agent: Uuid, muted: bool| {
        let info = llsd::map! { "text" => muted };
        ask("mute update", group, llsd::map! { "agent_id" => agent, "mute_info" => info })
    };
    let (owner_id, bob_id) = (owner.login.agent_id.0, bob.login.agent_id.0);
    assert_eq!(request(&bob, &mute(owner_id, true)).await?.0, 403);
    assert_eq!(request(&owner, &mute(bob_id, true)).await?.0, 200);
    let muted = |body: &Llsd| {
        let info = body.get("agent_updates").get(&bob_id.to_string()).get("info");
        info.get("mutes").get("text").as_bool()
    };
    owner.expect_event(SOON, UPDATES, muted).await?;
    bob.expect_event(SOON, UPDATES, muted).await?;
    say(&bob, group, "unheard").await?;
    let refused = bob.expect_event(SOON, EVENT_REPLY, |_| true).await?;
    assert_eq!(refused.get("event").as_str(), Some("message"));
    assert_eq!(refused.get("error").as_str(), Some("muted_error"));
    assert_eq!(request(&owner, &mute(bob_id, false)).await?.0, 200);
    say(&bob, group, "heard").await?;
    hears(&mut owner, "heard").await?;

    let mode = llsd::map! { "moderated_mode" => llsd::map! { "voice" => true } };
    let update = ask("session update", group, llsd::map! { "update_info" => mode });
    assert_eq!(request(&bob, &update).await?.0, 403);
    assert_eq!(request(&owner, &update).await?.0, 200);
    let moderated = bob.expect_event(SOON, "ChatterBoxSessionUpdate", |_| true).await?;
    assert!(moderated.get("info").get("moderated_mode").get("voice").as_bool());
    grid.stop().await?;
    Ok(())
}
