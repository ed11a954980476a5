use anyhow::Result;
use holm::client::Client;
use holm::message::{
    AbortXfer, AgentAlertMessage, ConfirmXferPacket, GenericMessage, ImprovedInstantMessage,
    MuteListRequest, MuteListUpdate, RemoveMuteListEntry, RequestXfer, SendXferPacket,
    UpdateMuteListEntry, UseCachedMuteList, text, variable1,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::{SOON, heard_before};

/// Set in the number of the last packet.
const LAST: u32 = 0x8000_0000;
/// CRC-32 of "1 00000000-0000-0000-0000-000000000001 Bob|0\n", worked out elsewhere.
const CRC: u32 = 0x58F9_9517;

/// Puts an entry into the client's mute list.
pub async fn mute(client: &Client, id: Uuid, name: &str, kind: i32, flags: u32) -> Result<()> {
    let mut update = UpdateMuteListEntry::default();
    update.agent_data.agent_id = client.login.agent_id.0;
    update.agent_data.session_id = client.login.session_id.0;
    update.mute_data.mute_id = id;
    update.mute_data.mute_name = variable1(name);
    update.mute_data.mute_type = kind;
    update.mute_data.mute_flags = flags;
    client.send(&update).await?;
    Ok(())
}

async fn unmute(client: &Client, id: Uuid, name: &str) -> Result<()> {
    let mut remove = RemoveMuteListEntry::default();
    remove.agent_data.agent_id = client.login.agent_id.0;
    remove.agent_data.session_id = client.login.session_id.0;
    remove.mute_data.mute_id = id;
    remove.mute_data.mute_name = variable1(name);
    client.send(&remove).await?;
    Ok(())
}

async fn ask(client: &Client, crc: u32) -> Result<()> {
    // Acked in any order, so what was sent before must have come.
    client.flush().await?;
    let mut request = MuteListRequest::default();
    request.agent_data.agent_id = client.login.agent_id.0;
    request.agent_data.session_id = client.login.session_id.0;
    request.mute_data.mute_crc = crc;
    client.send(&request).await?;
    Ok(())
}

async fn request_file(client: &Client, id: u64, name: &str) -> Result<()> {
    let mut request = RequestXfer::default();
    request.xfer_id.id = id;
    request.xfer_id.filename = variable1(name);
    request.xfer_id.file_path = 4;
    request.xfer_id.delete_on_completion = true;
    client.send(&request).await?;
    Ok(())
}

/// Asks for the list and fetches it, as viewers do; also how many packets it took.
pub async fn fetch(client: &mut Client) -> Result<(String, u32)> {
    ask(client, 0).await?;
    let update = client.expect::<MuteListUpdate>(SOON, |_| true).await?;
    assert_eq!(update.mute_data.agent_id, client.login.agent_id.0);
    request_file(client, 11, &text(&update.mute_data.filename)).await?;
    let mut received = Vec::new();
    for number in 0.. {
        let packet = client.expect::<SendXferPacket>(SOON, |_| true).await?;
        assert_eq!(packet.xfer_id.id, 11);
        assert_eq!(packet.xfer_id.packet & !LAST, number);
        received.extend_from_slice(&packet.data_packet.data);
        let mut confirm = ConfirmXferPacket::default();
        confirm.xfer_id.id = 11;
        confirm.xfer_id.packet = number;
        client.send(&confirm).await?;
        if packet.xfer_id.packet & LAST != 0 {
            let (length, file) = received.split_at(4);
            assert_eq!(length, (file.len() as u32).to_le_bytes());
            return Ok((String::from_utf8(file.to_vec())?, number + 1));
        }
    }
    unreachable!("the loop ends with the last packet")
}

#[tokio::test]
async fn an_empty_list_is_said_to_be_empty() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    for crc in [0, 7] {
        ask(&alice, crc).await?;
        let reply = alice.expect::<GenericMessage>(SOON, |_| true).await?;
        assert_eq!(text(&reply.method_data.method), "emptymutelist");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_list_is_kept_and_fetched_as_a_file() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let (bob, thing) = (Uuid::from_u128(0xB0B), Uuid::from_u128(0x777));
    mute(&alice, bob, "Bob Tester", 1, 0).await?;
    alice.flush().await?;
    mute(&alice, thing, "Noisy|\nthing", 2, 9).await?;
    alice.flush().await?;
    mute(&alice, Uuid::nil(), "Spam", 0, 0).await?;
    let expected =
        format!("1 {bob} Bob Tester|0\n2 {thing} Noisy  thing|9\n0 {} Spam|0\n", Uuid::nil());
    assert_eq!(fetch(&mut alice).await?, (expected.clone(), 1));

    alice.log_out().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    assert_eq!(fetch(&mut alice).await?.0, expected, "after a new login");
    unmute(&alice, bob, "Bob Tester").await?;
    unmute(&alice, thing, "Noisy|\nthing").await?;
    // All four exceptions: nothing is muted any more.
    mute(&alice, Uuid::nil(), "Spam", 0, 15).await?;
    ask(&alice, 0).await?;
    alice.expect::<GenericMessage>(SOON, |_| true).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_list_that_the_client_has_is_not_sent_again() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    mute(&alice, Uuid::from_u128(1), "Bob", 1, 0).await?;
    ask(&alice, CRC).await?;
    let cached = alice.expect::<UseCachedMuteList>(SOON, |_| true).await?;
    assert_eq!(cached.agent_data.agent_id, alice.login.agent_id.0);
    ask(&alice, CRC ^ 1).await?;
    alice.expect::<MuteListUpdate>(SOON, |_| true).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_long_list_comes_in_many_packets() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    for number in 1..=60u128 {
        mute(&alice, Uuid::from_u128(number), &"x".repeat(100), 2, 0).await?;
    }
    let (file, packets) = fetch(&mut alice).await?;
    assert_eq!(file.lines().count(), 60);
    assert_eq!(packets as usize, file.len().div_ceil(1000));
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn files_that_were_not_offered_are_refused() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    mute(&alice, Uuid::from_u128(1), "Bob", 1, 0).await?;
    ask(&alice, 0).await?;
    let update = alice.expect::<MuteListUpdate>(SOON, |_| true).await?;
    request_file(&alice, 5, "../holm.sqlite").await?;
    let abort = alice.expect::<AbortXfer>(SOON, |_| true).await?;
    assert_eq!((abort.xfer_id.id, abort.xfer_id.result), (5, -43));
    let name = text(&update.mute_data.filename);
    request_file(&alice, 6, &name).await?;
    alice.expect::<SendXferPacket>(SOON, |packet| packet.xfer_id.id == 6).await?;
    request_file(&alice, 7, &name).await?;
    alice.expect::<AbortXfer>(SOON, |abort| abort.xfer_id.id == 7).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_full_list_takes_no_more() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    for number in 1..=1000u128 {
        mute(&alice, Uuid::from_u128(number), "", 2, 0).await?;
        if number % 100 == 0 {
            // Answered in order, so that no more waits than the server takes.
            ask(&alice, 0).await?;
            alice.expect::<MuteListUpdate>(SOON, |_| true).await?;
        }
    }
    mute(&alice, Uuid::from_u128(2000), "", 2, 0).await?;
    let alert = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    assert_eq!(text(&alert.alert_data.message), "Your block list is full: it has 1000 entries.");
    let (file, _) = fetch(&mut alice).await?;
    assert_eq!(file.lines().count(), 1000);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn offers_of_a_muted_agent_are_not_shown() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    mute(&bob, alice.login.agent_id.0, "Alice Tester", 1, 0).await?;
    ask(&bob, 0).await?;
    bob.expect::<MuteListUpdate>(SOON, |_| true).await?;
    alice.im(bob.login.agent_id, "Friends?", 38).await?;
    alice.flush().await?;
    let carol = grid.enter("Carol", "Tester").await?;
    carol.im(bob.login.agent_id, "marker", 0).await?;
    let shown = heard_before::<ImprovedInstantMessage, ImprovedInstantMessage>(
        &mut bob,
        |im| im.message_block.dialog == 38,
        |im| text(&im.message_block.message) == "marker",
    );
    assert!(!shown.await?);
    grid.stop().await?;
    Ok(())
}
