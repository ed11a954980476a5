//! A grid inside a Rust program, as in an integration test: in memory, on free ports, open to every
//! name, and discarded at the end. Two avatars enter; one speaks and the other hears it.
//!
//! ```console
//! $ cargo run --example embed
//! Bob Tester hears Alice Tester: Hello.
//! online: Alice Tester, Bob Tester
//! ```

use anyhow::{Context as _, Result};
use holm::message::{self, ChatFromSimulator};
use holm::testing::{DEADLINE, TestGrid};

#[tokio::main]
async fn main() -> Result<()> {
    // Any key of the configuration can be changed before the grid starts.
    let grid = TestGrid::start_with(|config| "Embedded".clone_into(&mut config.grid.name)).await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;

    alice.say("Hello.").await?;
    let chat = bob
        .expect::<ChatFromSimulator>(DEADLINE, |chat| {
            chat.chat_data.source_id == alice.login.agent_id.0
                && message::text(&chat.chat_data.message) == "Hello."
        })
        .await?;
    let speaker = message::text(&chat.chat_data.from_name);
    println!("Bob Tester hears {speaker}: {}", message::text(&chat.chat_data.message));

    let answer = grid.control("v1/agents").await?;
    let agents = answer["agents"].as_array().context("no list of agents")?;
    let mut names: Vec<_> = agents.iter().filter_map(|agent| agent["name"].as_str()).collect();
    names.sort_unstable();
    println!("online: {}", names.join(", "));

    alice.log_out().await?;
    bob.log_out().await?;
    grid.stop().await?;
    Ok(())
}
