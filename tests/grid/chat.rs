use anyhow::Result;
use holm::client::Client;
use holm::message::{ChatFromSimulator, text};
use holm::testing::TestGrid;

use super::{SOON, heard_before};

async fn hears(client: &mut Client, wanted: &str) -> Result<ChatFromSimulator> {
    let fits = |chat: &ChatFromSimulator| text(&chat.chat_data.message) == wanted;
    Ok(client.expect::<ChatFromSimulator>(SOON, fits).await?)
}

/// Whether `client` heard `wanted`, told by a later shout that it does hear.
async fn heard(client: &mut Client, wanted: &str, marker: &str) -> Result<bool> {
    let said = |what: &str| {
        let what = what.to_owned();
        move |chat: &ChatFromSimulator| text(&chat.chat_data.message) == what
    };
    Ok(heard_before::<ChatFromSimulator, ChatFromSimulator>(client, said(wanted), said(marker))
        .await?)
}

#[tokio::test]
async fn three_ranges_of_chat() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut speaker = grid.enter_at("Speaker", "Tester", [100, 100, 22]).await?;
    let mut near = grid.enter_at("Near", "Tester", [108, 100, 22]).await?;
    let mut middle = grid.enter_at("Middle", "Tester", [117, 100, 22]).await?;
    let mut far = grid.enter_at("Far", "Tester", [190, 100, 22]).await?;

    speaker.chat("a whisper", 0, 0).await?;
    speaker.chat("a say", 1, 0).await?;
    speaker.chat("a shout", 2, 0).await?;

    let whisper = hears(&mut near, "a whisper").await?;
    assert_eq!(whisper.chat_data.chat_type, 0);
    assert_eq!(whisper.chat_data.source_id, speaker.login.agent_id.0);
    assert_eq!(whisper.chat_data.owner_id, speaker.login.agent_id.0);
    assert_eq!(text(&whisper.chat_data.from_name), "Speaker Tester");
    assert_eq!((whisper.chat_data.source_type, whisper.chat_data.audible), (1, 1));

    assert!(heard(&mut middle, "a say", "a shout").await?);
    assert!(!heard_whisper(&mut middle).await?);
    assert!(!heard(&mut far, "a say", "a shout").await?);
    for line in ["a whisper", "a say", "a shout"] {
        hears(&mut speaker, line).await?;
    }
    grid.stop().await?;
    Ok(())
}

async fn heard_whisper(client: &mut Client) -> Result<bool> {
    let fits = |chat: &ChatFromSimulator| text(&chat.chat_data.message) == "a whisper";
    let soon = std::time::Duration::from_millis(1);
    Ok(client.expect::<ChatFromSimulator>(soon, fits).await.is_ok())
}

#[tokio::test]
async fn other_channels_and_forged_types_are_not_heard() -> Result<()> {
    let grid = TestGrid::start().await?;
    let speaker = grid.enter("Speaker", "Tester").await?;
    let mut listener = grid.enter("Listener", "Tester").await?;
    speaker.chat("to scripts", 1, 7).await?;
    speaker.chat("from the owner", 8, 0).await?;
    speaker.chat("marker", 2, 0).await?;
    assert!(!heard(&mut listener, "to scripts", "marker").await?);
    speaker.chat("marker 2", 2, 0).await?;
    assert!(!heard(&mut listener, "from the owner", "marker 2").await?);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn typing_is_shown_to_others() -> Result<()> {
    let grid = TestGrid::start().await?;
    let speaker = grid.enter("Speaker", "Tester").await?;
    let mut listener = grid.enter("Listener", "Tester").await?;
    for kind in [4, 5] {
        speaker.chat("", kind, 0).await?;
        let typing = listener
            .expect::<ChatFromSimulator>(SOON, |chat| chat.chat_data.chat_type == kind)
            .await?;
        assert_eq!(typing.chat_data.source_id, speaker.login.agent_id.0);
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn long_chat_is_cut_between_characters() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut speaker = grid.enter("Speaker", "Tester").await?;
    speaker.say(&"ä".repeat(1000)).await?;
    let chat = speaker.expect::<ChatFromSimulator>(SOON, |_| true).await?;
    let heard = text(&chat.chat_data.message);
    assert!(heard.len() <= 1023 && heard.len() >= 1000, "{} bytes", heard.len());
    assert!(heard.chars().all(|c| c == 'ä'));
    grid.stop().await?;
    Ok(())
}
