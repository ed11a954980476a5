//! What a client was told has happened survives the death of the process: the built `holm`, killed
//! with `SIGKILL` right after the answer, and started again on the same data.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use holm::client::{Client, ClientEvent, LoginOptions, Received};
use holm::ids::AgentId;
use holm::message::{
    AcceptFriendship, AcceptFriendshipFolderData, CreateGroupReply, CreateGroupRequest,
    GenericMessage, ImprovedInstantMessage, Message as _, MuteListRequest, MuteListUpdate,
    RetrieveInstantMessages, UpdateMuteListEntry, text, variable1, variable2,
};

const SOON: Duration = Duration::from_secs(10);

/// A `holm` process, killed when it goes out of scope.
struct Process {
    child: Child,
    login_uri: String,
    control_uri: String,
}

impl Process {
    fn start(data: &Path) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holm"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOLM_") {
                command.env_remove(name);
            }
        }
        command.env_remove("RUST_LOG").args(["serve", "--log", "warn", "--message-format", "json"]);
        command.args(["--http-port", "0", "--udp-port", "0", "--control-port", "0"]);
        command.args(["--script-port", "0", "--data"]).env("HOLM_STORAGE_REHEARSE", "true");
        let mut child = command.arg(data).stdout(Stdio::piped()).spawn()?;
        let mut first = String::new();
        BufReader::new(child.stdout.take().context("stdout")?).read_line(&mut first)?;
        let ready: serde_json::Value = serde_json::from_str(&first)?;
        let uri = |key: &str| ready[key].as_str().map(str::to_owned).context("an address");
        Ok(Self { child, login_uri: uri("login_uri")?, control_uri: uri("control_uri")? })
    }

    async fn enter(&self, first: &str) -> Result<Client> {
        let options = LoginOptions::new(&self.login_uri, first, "Tester", "test");
        let mut client = Client::log_in(&options).await?;
        client.enter().await?;
        Ok(client)
    }

    async fn control(&self, client: &Client, path: &str) -> Result<serde_json::Value> {
        let answer = client.http().get(&format!("{}{path}", self.control_uri)).await?;
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// `SIGKILL` and the end of the process.
    fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_group_that_was_created_is_there() -> Result<()> {
    let data = tempfile::tempdir()?;
    let holm = Process::start(data.path())?;
    let mut alice = holm.enter("Alice").await?;
    let mut request = CreateGroupRequest::default();
    request.agent_data.agent_id = alice.login.agent_id.0;
    request.agent_data.session_id = alice.login.session_id.0;
    request.group_data.name = variable1("Survivors");
    request.group_data.charter = variable2("To be there again.");
    alice.send(&request).await?;
    let reply = alice.expect::<CreateGroupReply>(SOON, |_| true).await?;
    holm.kill()?;
    assert!(reply.reply_data.success, "{}", text(&reply.reply_data.message));

    let holm = Process::start(data.path())?;
    let bob = holm.enter("Bob").await?;
    let groups = holm.control(&bob, "v1/groups").await?;
    let id = reply.reply_data.group_id.to_string();
    let found = groups["groups"]
        .as_array()
        .and_then(|all| all.iter().find(|group| group["id"].as_str() == Some(id.as_str())));
    let group = found.context("the group")?;
    assert_eq!(group["name"], "Survivors");
    assert_eq!(group["charter"], "To be there again.");
    assert_eq!(group["members"][0]["id"], alice.login.agent_id.to_string());
    assert_eq!(group["roles"].as_array().map(Vec::len), Some(3));
    Ok(())
}

#[tokio::test]
async fn a_friendship_that_was_accepted_is_there() -> Result<()> {
    let data = tempfile::tempdir()?;
    let holm = Process::start(data.path())?;
    let mut alice = holm.enter("Alice").await?;
    let mut bob = holm.enter("Bob").await?;
    alice.im(bob.login.agent_id, "be my friend", 38).await?;
    let is = |dialog: u8| move |im: &ImprovedInstantMessage| im.message_block.dialog == dialog;
    let offer = bob.expect::<ImprovedInstantMessage>(SOON, is(38)).await?;
    let mut accept = AcceptFriendship::default();
    accept.agent_data.agent_id = bob.login.agent_id.0;
    accept.agent_data.session_id = bob.login.session_id.0;
    accept.transaction_block.transaction_id = offer.message_block.id;
    accept.folder_data.push(AcceptFriendshipFolderData::default());
    bob.send(&accept).await?;
    alice.expect::<ImprovedInstantMessage>(SOON, is(39)).await?;
    holm.kill()?;

    let holm = Process::start(data.path())?;
    let alice = holm.enter("Alice").await?;
    let path = format!("v1/friends/{}", alice.login.agent_id);
    let friends = holm.control(&alice, &path).await?;
    assert_eq!(friends["friends"][0]["id"], bob.login.agent_id.to_string());
    assert_eq!(friends["offers"].as_array().map(Vec::len), Some(0));
    Ok(())
}

#[tokio::test]
async fn a_message_that_was_saved_is_there() -> Result<()> {
    let data = tempfile::tempdir()?;
    let holm = Process::start(data.path())?;
    let bob = holm.enter("Bob").await?;
    let bob_id: AgentId = bob.login.agent_id;
    bob.log_out().await?;
    let mut alice = holm.enter("Alice").await?;
    alice.im(bob_id, "read this later", 0).await?;
    let saved = |im: &ImprovedInstantMessage| {
        text(&im.message_block.message) == "User is not logged in. Message saved."
    };
    alice.expect::<ImprovedInstantMessage>(SOON, saved).await?;
    holm.kill()?;

    let holm = Process::start(data.path())?;
    let mut bob = holm.enter("Bob").await?;
    let mut request = RetrieveInstantMessages::default();
    request.agent_data.agent_id = bob.login.agent_id.0;
    request.agent_data.session_id = bob.login.session_id.0;
    bob.send(&request).await?;
    let kept = |im: &ImprovedInstantMessage| text(&im.message_block.message) == "read this later";
    bob.expect::<ImprovedInstantMessage>(SOON, kept).await?;
    Ok(())
}

/// Asks for the mute list; whether there is one.
async fn has_mutes(client: &mut Client) -> Result<bool> {
    let mut request = MuteListRequest::default();
    request.agent_data.agent_id = client.login.agent_id.0;
    request.agent_data.session_id = client.login.session_id.0;
    client.send(&request).await?;
    tokio::select! {
        biased;
        update = async {
            let mut poll = Duration::from_millis(20);
            loop {
                if client.expect::<MuteListUpdate>(poll, |_| true).await.is_ok() {
                    return true;
                }
                if client.expect::<GenericMessage>(poll, |_| true).await.is_ok() {
                    return false;
                }
                poll *= 2;
            }
        } => Ok(update),
        () = tokio::time::sleep(SOON) => anyhow::bail!("the mute list was not answered"),
    }
}

#[tokio::test]
async fn a_mute_that_the_list_shows_is_there() -> Result<()> {
    let data = tempfile::tempdir()?;
    let holm = Process::start(data.path())?;
    let mut alice = holm.enter("Alice").await?;
    assert!(!has_mutes(&mut alice).await?);
    let mut mute = UpdateMuteListEntry::default();
    mute.agent_data.agent_id = alice.login.agent_id.0;
    mute.agent_data.session_id = alice.login.session_id.0;
    mute.mute_data.mute_id = AgentId::random().0;
    mute.mute_data.mute_name = variable1("Loud Person");
    mute.mute_data.mute_type = 1;
    alice.send(&mute).await?;
    assert!(has_mutes(&mut alice).await?);
    holm.kill()?;

    let holm = Process::start(data.path())?;
    let mut alice = holm.enter("Alice").await?;
    assert!(has_mutes(&mut alice).await?);
    Ok(())
}

#[tokio::test]
async fn messages_that_were_not_acked_are_there() -> Result<()> {
    let data = tempfile::tempdir()?;
    let holm = Process::start(data.path())?;
    let bob = holm.enter("Bob").await?;
    let bob_id: AgentId = bob.login.agent_id;
    bob.log_out().await?;
    let mut alice = holm.enter("Alice").await?;
    let texts: Vec<String> = (0..10).map(|number| format!("message {number}")).collect();
    for said in &texts {
        alice.im(bob_id, said, 0).await?;
        let saved = |im: &ImprovedInstantMessage| {
            text(&im.message_block.message) == "User is not logged in. Message saved."
        };
        alice.expect::<ImprovedInstantMessage>(SOON, saved).await?;
    }
    let retrieve = async |client: &Client| {
        let mut request = RetrieveInstantMessages::default();
        request.agent_data.agent_id = client.login.agent_id.0;
        request.agent_data.session_id = client.login.session_id.0;
        client.send(&request).await
    };
    let heard = |event: ClientEvent| match event {
        ClientEvent::Message(Received { id: ImprovedInstantMessage::ID, body }) => {
            let im = holm::message::decode::<ImprovedInstantMessage>(&body).ok()?;
            Some(text(&im.message_block.message))
        }
        _ => None,
    };
    // Killed in the middle: whatever was acked was heard.
    let mut bob = holm.enter("Bob").await?;
    retrieve(&bob).await?;
    let mut all: Vec<String> = Vec::new();
    while all.is_empty() {
        all.extend(heard(bob.next(SOON).await?));
    }
    holm.kill()?;
    while let Ok(event) = bob.next(Duration::from_millis(1)).await {
        all.extend(heard(event));
    }
    drop(bob);

    let holm = Process::start(data.path())?;
    let mut bob = holm.enter("Bob").await?;
    retrieve(&bob).await?;
    while texts.iter().any(|said| !all.contains(said)) {
        all.extend(heard(bob.next(SOON).await?));
    }
    Ok(())
}
