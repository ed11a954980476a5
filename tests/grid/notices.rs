//! Group notices over the wire.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use holm::client::Client;
use holm::ids::GroupId;
use holm::llsd;
use holm::message::{
    GroupNoticeRequest, GroupNoticesListReply, GroupNoticesListReplyData, GroupNoticesListRequest,
    ImprovedInstantMessage, SetGroupAcceptNotices, text, variable2,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::groups::{alerted, found, join, request, standing_of};
use super::{SOON, heard_before};

fn notice(client: &Client, group: GroupId, words: &str, bucket: &[u8]) -> ImprovedInstantMessage {
    let mut im = request!(client, ImprovedInstantMessage);
    im.message_block.to_agent_id = group.0;
    im.message_block.dialog = 32;
    im.message_block.message = variable2(words);
    im.message_block.binary_bucket = Bytes::copy_from_slice(bucket);
    im
}

/// One byte for the attachment, its type, the group, and a name of nothing.
fn bucket(group: GroupId) -> Vec<u8> {
    [&[0, 0], group.0.as_bytes().as_slice(), &[0]].concat()
}

async fn heard(client: &mut Client, dialog: u8) -> Result<ImprovedInstantMessage> {
    let fits = |im: &ImprovedInstantMessage| im.message_block.dialog == dialog;
    Ok(client.expect::<ImprovedInstantMessage>(SOON, fits).await?)
}

async fn list(client: &mut Client, group: GroupId) -> Result<Vec<GroupNoticesListReplyData>> {
    let mut request = request!(client, GroupNoticesListRequest);
    request.data.group_id = group.0;
    client.send(&request).await?;
    let reply = client.expect::<GroupNoticesListReply>(SOON, |_| true).await?;
    assert_eq!(reply.agent_data.group_id, group.0);
    Ok(reply.data)
}

#[tokio::test]
async fn a_notice_reaches_the_members_that_want_it() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut carol = grid.enter("Carol", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    assert!(join(&mut carol, id).await?);
    standing_of(&mut carol, id).await?;
    let mut unwanted = request!(carol, SetGroupAcceptNotices);
    unwanted.data.group_id = id.0;
    carol.send(&unwanted).await?;
    standing_of(&mut carol, id).await?;

    alice.send(&notice(&alice, id, "Meeting|Tonight.", &[0])).await?;
    for client in [&mut alice, &mut bob] {
        let received = heard(client, 32).await?;
        let block = &received.message_block;
        assert_eq!((received.agent_data.agent_id, block.from_group), (id.0, true));
        assert_eq!(text(&block.from_agent_name), "Alice Tester");
        assert_eq!(text(&block.message), "Meeting|Tonight.");
        assert_eq!(block.to_agent_id, client.login.agent_id.0);
        assert_eq!(&block.binary_bucket[..], bucket(id));
        assert!(!block.id.is_nil() && block.timestamp > 1_700_000_000);
    }
    alice.im(carol.login.agent_id, "marker", 0).await?;
    let of = |dialog: u8| move |im: &ImprovedInstantMessage| im.message_block.dialog == dialog;
    assert!(!heard_before(&mut carol, of(32), of(0)).await?);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn notices_are_listed_and_fetched_again() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let mut carol = grid.enter("Carol", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(list(&mut alice, id).await?.is_empty());
    alice.send(&notice(&alice, id, "Meeting|Tonight.", &[0])).await?;
    let sent = heard(&mut alice, 32).await?;
    // Who joins later can read what was before.
    assert!(join(&mut bob, id).await?);
    let listed = list(&mut bob, id).await?;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].notice_id, sent.message_block.id);
    assert_eq!(listed[0].timestamp, sent.message_block.timestamp);
    assert_eq!(text(&listed[0].subject), "Meeting");
    assert_eq!(text(&listed[0].from_name), "Alice Tester");
    assert!(!listed[0].has_attachment);

    let fetch = |client: &Client, notice: Uuid| {
        let mut request = request!(client, GroupNoticeRequest);
        request.data.group_notice_id = notice;
        request
    };
    bob.send(&fetch(&bob, listed[0].notice_id)).await?;
    let received = heard(&mut bob, 37).await?;
    assert_eq!(
        (received.agent_data.agent_id, received.message_block.id),
        (id.0, listed[0].notice_id)
    );
    assert_eq!(text(&received.message_block.message), "Meeting|Tonight.");
    assert_eq!(&received.message_block.binary_bucket[..], bucket(id));

    assert!(list(&mut carol, id).await?.is_empty());
    assert_eq!(alerted(&mut carol).await?, "You are not a member of that group.");
    for notice in [listed[0].notice_id, Uuid::new_v4()] {
        carol.send(&fetch(&carol, notice)).await?;
        assert_eq!(alerted(&mut carol).await?, "There is no such notice.");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn many_notices_are_listed_in_packets() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    for number in 0..30 {
        let words = format!("{number} {}|Body", "x".repeat(50));
        alice.send(&notice(&alice, id, &words, &[0])).await?;
        heard(&mut alice, 32).await?;
    }
    let mut request = request!(alice, GroupNoticesListRequest);
    request.data.group_id = id.0;
    alice.send(&request).await?;
    let mut packets = Vec::new();
    while packets.iter().map(Vec::len).sum::<usize>() < 30 {
        packets.push(alice.expect::<GroupNoticesListReply>(SOON, |_| true).await?.data);
    }
    assert!(packets.len() > 1);
    let newest = packets[0].first().context("the newest comes first")?;
    assert!(text(&newest.subject).starts_with("29 "));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn invalid_notice_is_refused_with_its_reason() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    assert!(join(&mut bob, id).await?);
    bob.send(&notice(&bob, id, "Mine|Body", &[0])).await?;
    assert!(alerted(&mut bob).await?.contains("not allowed"));
    let unknown = GroupId(Uuid::new_v4());
    let reference = |owner: Uuid| {
        let map = llsd::map! { "item_id" => Uuid::new_v4(), "owner_id" => owner };
        format!("<? LLSD/XML ?>\n{}", llsd::xml::write(&map)).into_bytes()
    };
    let own = reference(alice.login.agent_id.0);
    let foreign = reference(bob.login.agent_id.0);
    for (group, words, bucket, reason) in [
        (unknown, "Subject|Body", &[0][..], "There is no such group."),
        (id, "|", &[0], "A notice needs a subject or a text."),
        (id, "Subject|Body", &[1, 2, 3], "cannot be read"),
        (id, "Subject|Body", b"<? LLSD/XML ?>\n<llsd><map><key>", "cannot be read"),
        (id, "Subject|Body", &own, "not in your inventory"),
        (id, "Subject|Body", &foreign, "not in your inventory"),
    ] {
        alice.send(&notice(&alice, group, words, bucket)).await?;
        let said = alerted(&mut alice).await?;
        assert!(said.contains(reason), "{said}");
    }
    assert!(list(&mut alice, id).await?.is_empty());
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn an_attachment_is_told_and_cannot_be_taken_yet() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = found(&mut alice, "Gardeners", true).await?;
    let (item, name, kind) = own_item(&alice).await?;
    let map = llsd::map! { "item_id" => item, "owner_id" => alice.login.agent_id.0 };
    let reference = format!("<? LLSD/XML ?>\n{}", llsd::xml::write(&map));
    alice.send(&notice(&alice, id, "Look|A thing", reference.as_bytes())).await?;
    let received = heard(&mut alice, 32).await?;
    let mut expected = vec![1, kind];
    expected.extend_from_slice(id.0.as_bytes());
    expected.extend_from_slice(name.as_bytes());
    expected.push(0);
    assert_eq!(&received.message_block.binary_bucket[..], expected);
    let listed = list(&mut alice, id).await?;
    assert!(listed[0].has_attachment && listed[0].asset_type == kind);

    let mut answer = request!(alice, ImprovedInstantMessage);
    answer.message_block.to_agent_id = id.0;
    answer.message_block.id = received.message_block.id;
    answer.message_block.dialog = 33;
    answer.message_block.binary_bucket = Bytes::copy_from_slice(Uuid::new_v4().as_bytes());
    alice.send(&answer).await?;
    assert!(alerted(&mut alice).await?.contains("cannot be kept"));
    grid.stop().await?;
    Ok(())
}

/// Some item that is no link: its id, name and asset type.
async fn own_item(client: &Client) -> Result<(Uuid, String, u8)> {
    let skeleton = client.login.fields.get("inventory-skeleton").as_array();
    let of = |folder: &llsd::Llsd| {
        llsd::map! {
            "folder_id" => folder.get("folder_id").as_uuid(),
            "owner_id" => client.login.agent_id.0,
            "fetch_folders" => true,
            "fetch_items" => true,
            "sort_order" => 0,
        }
    };
    let folders: Vec<_> = skeleton.iter().map(of).collect();
    let body = llsd::map! { "folders" => folders };
    let answer = client.caps.post("FetchInventoryDescendents2", &body).await?;
    let items = answer.get("folders").as_array().iter().flat_map(|f| f.get("items").as_array());
    let mut real = items.filter(|item| (0..24).contains(&item.get("type").as_i32()));
    let item = real.next().context("a new account has items")?;
    let kind = item.get("type").as_i32() as u8;
    Ok((item.get("item_id").as_uuid(), item.get("name").as_string(), kind))
}
