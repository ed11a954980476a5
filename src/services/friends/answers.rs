//! Answers to friendship offers, by message or by capability, and their notification.

use super::model::Sender;
use super::rules::FriendError;
use crate::ids::AgentId;
use crate::services::Services;
use crate::services::im::{InstantMessage, conversation};

/// `Dialog`: the friendship that was offered is there.
const ACCEPTED: u8 = 39;
/// `Dialog`: it is not wanted.
const DECLINED: u8 = 40;

/// Accepts the offer of `from`. The offerer hears of it by dialog 39, and both hear whether the
/// other is online.
///
/// # Errors
/// [`FriendError`]; nothing has changed then.
pub async fn accept(services: &Services, by: &Sender, from: AgentId) -> Result<(), FriendError> {
    services.friends.form(by.agent, from).await?;
    // First, because viewers know the friend only from then on.
    services.offline.deliver(answer(services, by, from, ACCEPTED), Some(by.agent)).await;
    services.friends.introduce(by.agent, from);
    Ok(())
}

/// Declines the offer of `from`, who hears of it by dialog 40.
///
/// # Errors
/// [`FriendError`]; nothing has changed then.
pub async fn decline(services: &Services, by: &Sender, from: AgentId) -> Result<(), FriendError> {
    services.friends.withdraw(by.agent, from).await?;
    services.offline.deliver(answer(services, by, from, DECLINED), Some(by.agent)).await;
    Ok(())
}

fn answer(services: &Services, by: &Sender, to: AgentId, dialog: u8) -> InstantMessage {
    InstantMessage {
        to,
        from: by.agent.0,
        from_name: by.name.clone(),
        from_group: false,
        dialog,
        id: conversation(by.agent, to),
        region: by.region,
        position: by.position,
        at: services.clock.unix().as_secs(),
        // OpenSim's clients find the id of the friend here.
        text: by.agent.to_string(),
        bucket: bytes::Bytes::new(),
    }
}
