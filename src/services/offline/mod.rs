//! Messages for agents that are not here: kept until they ask, bounded in number and in age.

mod model;
#[cfg(test)]
mod tests;

pub use model::StoredMessage;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::im::{InstantMessage, conversation, dialog};
use super::mutes::{Mutes, Speaker};
use super::ports::{Bus, Delivery, Reach, StoreError, StoreGone, StoreHandle};
use crate::config::Flavour;
use crate::ids::{AgentId, GroupId};
use crate::time::Clock;

/// Bounds and manners of kept messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfflineSettings {
    /// Messages that may wait for one agent.
    pub max_messages: u64,
    /// Those of them that one sender may leave.
    pub max_per_sender: u64,
    /// How long a message waits.
    pub keep: Duration,
    /// In whose words a sender is told that the recipient is away.
    pub flavour: Flavour,
}

impl Default for OfflineSettings {
    fn default() -> Self {
        Self {
            max_messages: 80,
            max_per_sender: 40,
            keep: Duration::from_secs(31 * 24 * 3600),
            flavour: Flavour::OpenSim,
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// It is on its way.
    Now,
    /// The recipient does not want to hear its sender.
    Muted,
    /// The recipient's outbox is full.
    Congested,
    /// The recipient is away.
    Away(Kept),
}

/// Whether a message to somebody who is away was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is on disk.
    Saved,
    /// As many wait already as may.
    Full,
    /// As many of this sender wait already as may.
    SenderFull,
    /// Nobody has that id.
    Unknown,
    /// Messages of its kind are not kept.
    NotOfItsKind,
    /// The store failed.
    Failed,
}

/// Delivers messages, now or later; a cheap clone.
#[derive(Clone)]
pub struct OfflineMessages {
    store: StoreHandle,
    bus: Arc<dyn Bus>,
    mutes: Mutes,
    clock: Arc<dyn Clock>,
    settings: OfflineSettings,
}

impl OfflineMessages {
    /// The service over `store` and `bus`.
    pub fn new(
        store: StoreHandle,
        bus: Arc<dyn Bus>,
        mutes: Mutes,
        clock: Arc<dyn Clock>,
        settings: OfflineSettings,
    ) -> Self {
        Self { store, bus, mutes, clock, settings }
    }

    /// Hands a message over, or keeps it if its recipient is away and its kind is one that waits.
    pub async fn deliver(&self, message: InstantMessage) -> Delivered {
        if !self.mutes.hears(message.to, speaker(&message)) {
            return Delivered::Muted;
        }
        if !self.bus.is_online(message.to) {
            return Delivered::Away(self.keep(message).await);
        }
        let Some(outgoing) = message.to_outgoing(false) else {
            return Delivered::Away(Kept::Failed);
        };
        match self.bus.deliver(message.to, Delivery::Message(outgoing)) {
            Reach::Accepted => Delivered::Now,
            Reach::Congested => Delivered::Congested,
            // It left at this very moment.
            Reach::Offline => Delivered::Away(self.keep(message).await),
        }
    }

    /// Keeps a message for its recipient's next login.
    pub async fn keep(&self, message: InstantMessage) -> Kept {
        if !waits(message.dialog) {
            return Kept::NotOfItsKind;
        }
        let OfflineSettings { max_messages: most, max_per_sender: share, .. } = self.settings;
        let kept = self.store.call(move |store| {
            let to = message.to;
            if store.account(to)?.is_none() {
                return Ok(Kept::Unknown);
            }
            if store.count_messages(to)? >= most {
                return Ok(Kept::Full);
            }
            // The grid's own are nobody's.
            if !message.from.is_nil() && store.count_messages_from(to, message.from)? >= share {
                return Ok(Kept::SenderFull);
            }
            store.add_message(&StoredMessage { key: Uuid::new_v4(), message })?;
            Ok::<_, StoreError>(Kept::Saved)
        });
        match kept.await {
            Ok(Ok(kept)) => kept,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a message was not kept");
                Kept::Failed
            }
            Err(error) => {
                tracing::warn!(%error, "a message was not kept");
                Kept::Failed
            }
        }
    }

    /// The messages that wait for an agent and that it lets through, the oldest first, and the keys
    /// of all of them, to be forgotten once they were handed over.
    ///
    /// # Errors
    /// [`OfflineError`].
    pub async fn waiting(
        &self,
        agent: AgentId,
    ) -> Result<(Vec<InstantMessage>, Vec<Uuid>), OfflineError> {
        let found = self.store.call(move |store| {
            Ok::<_, StoreError>((store.messages(agent)?, store.invites_of(agent)?))
        });
        let (stored, invites) = found.await??;
        let keys = stored.iter().map(|stored| stored.key).collect();
        let heard = |message: &InstantMessage| {
            // An invitation speaks as the group, in the name of who sent it.
            let inviter = invites.iter().find(|invite| invite.id == message.id);
            let inviter = inviter.filter(|_| message.dialog == dialog::GROUP_INVITATION);
            self.mutes.hears(agent, speaker(message))
                && inviter.is_none_or(|invite| {
                    let by = Speaker::Agent(invite.inviter, &message.from_name);
                    self.mutes.hears(agent, by)
                })
        };
        let messages = stored.into_iter().map(|stored| stored.message).filter(heard).collect();
        Ok((messages, keys))
    }

    /// Forgets messages that were handed over.
    ///
    /// # Errors
    /// [`OfflineError`].
    pub async fn forget(&self, agent: AgentId, keys: Vec<Uuid>) -> Result<(), OfflineError> {
        Ok(self.store.call(move |store| store.remove_messages(agent, &keys)).await??)
    }

    /// Forgets what has waited too long; how many messages.
    ///
    /// # Errors
    /// [`OfflineError`].
    pub async fn purge(&self) -> Result<usize, OfflineError> {
        let before = self.clock.unix().saturating_sub(self.settings.keep).as_secs();
        Ok(self.store.call(move |store| store.forget_messages(before)).await??)
    }

    /// What the grid tells the sender of a message (dialog 0) whose recipient is away.
    pub fn notice(&self, message: &InstantMessage, kept: Kept) -> InstantMessage {
        let sender = AgentId(message.from);
        let at = self.clock.unix().as_secs();
        match self.settings.flavour {
            Flavour::OpenSim => InstantMessage {
                // Clients file it under the conversation with the one who is away.
                from: message.to.0,
                from_name: "System".to_owned(),
                id: conversation(sender, message.to),
                ..InstantMessage::system(sender, at, opensim_text(kept))
            },
            Flavour::SecondLife => InstantMessage::system(sender, at, second_life_text(kept)),
        }
    }
}

/// Why waiting messages could not be had.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not answer.
    #[error(transparent)]
    Gone(#[from] StoreGone),
}

/// Dialogs that wait for their recipient. Offers of friendship wait as offers, not as messages.
const fn waits(dialog: u8) -> bool {
    matches!(
        dialog,
        dialog::MESSAGE
            | dialog::GROUP_INVITATION
            | dialog::FROM_TASK
            | dialog::GROUP_NOTICE
            | dialog::FRIENDSHIP_ACCEPTED
            | dialog::FRIENDSHIP_DECLINED
    )
}

fn speaker(message: &InstantMessage) -> Speaker<'_> {
    let name = message.from_name.as_str();
    if message.dialog == dialog::FROM_TASK {
        Speaker::Object { id: message.id, owner: AgentId(message.from), name }
    } else if message.from_group {
        Speaker::Group(GroupId(message.from))
    } else {
        Speaker::Agent(AgentId(message.from), name)
    }
}

/// OpenSim's words.
const fn opensim_text(kept: Kept) -> &'static str {
    match kept {
        Kept::Saved => "User is not logged in. Message saved.",
        Kept::Full => {
            "User is not logged in. Message not saved: Number of offline IMs has maxed out. \
             The mail box is full."
        }
        Kept::SenderFull => {
            "User is not logged in. Message not saved: too many messages of yours wait already."
        }
        Kept::Unknown => "User is not logged in. Message not saved: there is no such user.",
        Kept::NotOfItsKind | Kept::Failed => "User is not logged in. Message not saved.",
    }
}

/// Second Life's words; viewers translate the first.
const fn second_life_text(kept: Kept) -> &'static str {
    match kept {
        Kept::Saved => "User not online - message will be stored and delivered later.",
        Kept::Full => "User not online - mail box full, message not stored.",
        Kept::SenderFull => {
            "User not online - too many messages of yours wait already, message not stored."
        }
        Kept::Unknown => "User not online - there is no such user, message not stored.",
        Kept::NotOfItsKind | Kept::Failed => "User not online - message not stored.",
    }
}
