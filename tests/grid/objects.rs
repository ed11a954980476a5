use anyhow::Result;
use holm::client::Client;
use holm::message::{
    ChatFromSimulator, ObjectDeselect, ObjectDeselectObjectData, ObjectGrab, ObjectProperties,
    ObjectPropertiesFamily, ObjectSelect, ObjectSelectObjectData, RequestObjectPropertiesFamily,
    ScriptDialogReply, text, variable1,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::{SOON, heard_before};

/// What a viewer sends for a dialog, and for text on negative channels.
async fn reply(client: &Client, channel: i32, label: &str) -> Result<()> {
    let mut reply = ScriptDialogReply::default();
    reply.agent_data.agent_id = client.login.agent_id.0;
    reply.agent_data.session_id = client.login.session_id.0;
    reply.data.object_id = client.login.agent_id.0;
    reply.data.chat_channel = channel;
    reply.data.button_label = variable1(label);
    client.send(&reply).await?;
    Ok(())
}

fn says(wanted: &str) -> impl Fn(&ChatFromSimulator) -> bool {
    move |chat| text(&chat.chat_data.message) == wanted
}

#[tokio::test]
async fn answers_are_said_by_the_avatar() -> Result<()> {
    let grid = TestGrid::start().await?;
    let speaker = grid.enter_at("Speaker", "Tester", [10, 10, 22]).await?;
    let mut listener = grid.enter_at("Listener", "Tester", [200, 200, 22]).await?;
    reply(&speaker, -5, "to scripts").await?;
    reply(&speaker, 0, "to all").await?;
    let line = listener.expect::<ChatFromSimulator>(SOON, says("to all")).await?.chat_data;
    assert_eq!((line.source_id, line.source_type), (speaker.login.agent_id.0, 1));
    assert_eq!((line.chat_type, text(&line.from_name)), (1, "Speaker Tester".to_owned()));
    reply(&speaker, 0, "marker").await?;
    let secret = heard_before(&mut listener, says("to scripts"), says("marker")).await?;
    assert!(!secret);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn objects_that_are_not_there_have_no_properties() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut client = grid.enter("Alice", "Tester").await?;
    let (agent_id, session_id) = (client.login.agent_id.0, client.login.session_id.0);
    let mut select = ObjectSelect::default();
    (select.agent_data.agent_id, select.agent_data.session_id) = (agent_id, session_id);
    select.object_data =
        (0..255).map(|id| ObjectSelectObjectData { object_local_id: id }).collect();
    client.send(&select).await?;
    let mut deselect = ObjectDeselect::default();
    (deselect.agent_data.agent_id, deselect.agent_data.session_id) = (agent_id, session_id);
    deselect.object_data = vec![ObjectDeselectObjectData { object_local_id: 1 << 30 }];
    client.send(&deselect).await?;
    let mut family = RequestObjectPropertiesFamily::default();
    (family.agent_data.agent_id, family.agent_data.session_id) = (agent_id, session_id);
    family.object_data.object_id = Uuid::from_u128(7);
    client.send(&family).await?;
    let mut grab = ObjectGrab::default();
    (grab.agent_data.agent_id, grab.agent_data.session_id) = (agent_id, session_id);
    grab.object_data.local_id = 1 << 30;
    client.send(&grab).await?;
    client.say("still here").await?;
    let nothing = |_: &ObjectProperties| true;
    assert!(!heard_before(&mut client, nothing, says("still here")).await?);
    client.say("and still").await?;
    let nothing = |_: &ObjectPropertiesFamily| true;
    assert!(!heard_before(&mut client, nothing, says("and still")).await?);
    grid.stop().await?;
    Ok(())
}
