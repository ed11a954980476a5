//! A bot for any grid: it logs in, enters, says a line, prints the chat that it hears until it has
//! heard its own line, and logs out. The exit code is 1 if the grid refuses it or does not answer.
//!
//! The example uses a grid started with `holm`.
//!
//! ```console
//! $ cargo run --example bot -- http://127.0.0.1:9000/ Test User test
//! Test User is in the region Holm
//! Test User: Hello, everybody.
//! ```

use std::time::Duration;

use anyhow::{Result, bail};
use holm::client::{Client, LoginOptions};
use holm::message::{self, ChatFromSimulator, RegionInfo, RequestRegionInfo};

const LINE: &str = "Hello, everybody.";
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [uri, first, last, password] = &words[..] else {
        bail!("usage: bot LOGIN_URI FIRST LAST PASSWORD");
    };
    let mut bot = Client::log_in(&LoginOptions::new(uri, first, last, password)).await?;
    bot.enter().await?;

    // Every message of the protocol is a type; ids of the circuit go into its AgentData.
    let mut question = RequestRegionInfo::default();
    question.agent_data.agent_id = bot.login.agent_id.0;
    question.agent_data.session_id = bot.login.session_id.0;
    bot.send(&question).await?;
    let answer = bot.expect::<RegionInfo>(PATIENCE, |_| true).await?;
    println!("{first} {last} is in the region {}", message::text(&answer.region_info.sim_name));

    bot.say(LINE).await?;
    loop {
        // Typing and the like have no text.
        let heard = bot
            .expect::<ChatFromSimulator>(PATIENCE, |chat| {
                !message::text(&chat.chat_data.message).is_empty()
            })
            .await?;
        let text = message::text(&heard.chat_data.message);
        println!("{}: {text}", message::text(&heard.chat_data.from_name));
        if heard.chat_data.source_id == bot.login.agent_id.0 && text == LINE {
            break;
        }
    }
    bot.log_out().await?;
    Ok(())
}
