//! Messages for offline agents: stored until they ask for them, limited in number and age.

mod handed;
mod keeper;
mod model;
mod returns;
mod store;
#[cfg(test)]
mod tests;

pub use handed::{HandedOver, Reader};
pub use model::StoredMessage;
pub use returns::{Mail, Returns};
pub use store::MessageStore;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::im::{InstantMessage, conversation, dialog};
use super::mutes::{MuteTarget, Mutes};
use super::ports::{Bus, StoreError, StoreGone};
use super::store::StoreHandle;
use crate::config::Flavour;
use crate::ids::{AgentId, GroupId};
use crate::outbox::Outbox;
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
    /// It is on its way to a recipient who is here.
    Queued,
    /// The recipient's client has acked it.
    Arrived,
    /// The recipient does not want to hear its sender.
    Muted,
    /// The recipient's client does not keep up with what this sender sends it.
    TooBusy,
    /// The recipient is away.
    Away(Kept),
}

/// Whether a message to an offline agent was stored.
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
    returns: Returns,
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
        Self { store, bus, mutes, clock, settings, returns: Returns::default() }
    }

    /// Where messages that were not acked come back to.
    pub fn returns(&self) -> &Returns {
        &self.returns
    }

    /// Hands a message over, or keeps it if its recipient is away and its kind is one that waits. If
    /// it turns out later that the recipient did not get it, it is kept then, and `author` is told if
    /// it could not be.
    pub async fn deliver(&self, message: InstantMessage, author: Option<AgentId>) -> Delivered {
        self.hand_over(message, author, None).await
    }

    /// As [`Self::deliver`]; gives where the final word comes from if the message is on its way.
    pub async fn deliver_and_report(
        &self,
        message: InstantMessage,
    ) -> (Delivered, oneshot::Receiver<Delivered>) {
        let (report, reported) = oneshot::channel();
        (self.hand_over(message, None, Some(report)).await, reported)
    }

    async fn hand_over(
        &self,
        message: InstantMessage,
        author: Option<AgentId>,
        report: Option<oneshot::Sender<Delivered>>,
    ) -> Delivered {
        if !self.mutes.hears(message.to, speaker(&message)) {
            return Delivered::Muted;
        }
        let Some(outbox) = self.bus.outbox(message.to) else {
            return Delivered::Away(self.keep(message).await);
        };
        let Some(outgoing) = message.to_outgoing(false) else {
            return Delivered::Away(Kept::Failed);
        };
        let mail = Mail { report, ..Mail::new(outgoing.message.clone(), author) };
        self.returns.send(&outbox, outgoing, mail);
        Delivered::Queued
    }

    /// Keeps a message for its recipient's next login.
    pub async fn keep(&self, message: InstantMessage) -> Kept {
        if !waits(message.dialog) {
            return Kept::NotOfItsKind;
        }
        // What was sent before it and came back is older.
        self.returns.settled().await;
        let message = StoredMessage { key: Uuid::new_v4(), message };
        self.keep_all(vec![message]).await.first().copied().unwrap_or(Kept::Failed)
    }

    /// Sends the messages that wait for an agent by `outbox`, the oldest first. Each is forgotten
    /// when the client has acked it. Those that this login was given before are left out.
    pub async fn send_waiting(
        &self,
        outbox: &Outbox,
        handed: &Arc<HandedOver>,
    ) -> Result<(), OfflineError> {
        let agent = outbox.agent();
        for StoredMessage { key, message } in self.waiting(agent, handed).await? {
            let Some(outgoing) = message.to_outgoing(true) else { continue };
            if !handed.send(key) {
                continue;
            }
            let handed = handed.clone();
            let receipt = self.returns.of_kept(agent, key, move || handed.lost(key));
            outbox.send_with_receipt(outgoing, receipt);
        }
        Ok(())
    }

    /// The messages that wait for an agent, the oldest first, as somebody reads them by HTTP who has
    /// `reader` to tell whether they arrived. They are forgotten when the same login reads again or
    /// ends and they have arrived.
    pub async fn read_waiting(
        &self,
        agent: AgentId,
        handed: &HandedOver,
        reader: Option<Arc<dyn Reader>>,
    ) -> Result<Vec<InstantMessage>, OfflineError> {
        let waiting = self.waiting(agent, handed).await?;
        let unsent = waiting.into_iter().filter(|stored| !handed.is_sent(stored.key));
        let (keys, messages): (Vec<_>, Vec<_>) =
            unsent.map(|stored| (stored.key, stored.message)).unzip();
        handed.read(&keys, reader.as_ref());
        Ok(messages)
    }

    /// A login has ended: what it has read is forgotten. After a `clean` end also what it may not
    /// have read.
    pub fn login_ended(&self, agent: AgentId, handed: &HandedOver, clean: bool) {
        for key in handed.take_read(clean) {
            self.returns.arrived(agent, key);
        }
    }

    /// What is kept for an agent and what it lets through, the oldest first. What it has read, and
    /// what it does not want to hear, is forgotten.
    async fn waiting(
        &self,
        agent: AgentId,
        handed: &HandedOver,
    ) -> Result<Vec<StoredMessage>, OfflineError> {
        // What an earlier circuit lost belongs to it.
        self.returns.settled().await;
        let read = handed.take_read(false);
        let (stored, invites) = self
            .store
            .call(move |store| {
                if !read.is_empty() {
                    store.remove_messages(agent, &read)?;
                }
                Ok::<_, StoreError>((store.messages(agent)?, store.invites_of(agent)?))
            })
            .await??;
        handed.retain(&stored.iter().map(|stored| stored.key).collect());
        let hears = |message: &InstantMessage| {
            // An invitation speaks as the group, in the name of who sent it.
            let inviter = invites.iter().find(|invite| invite.id == message.id);
            let inviter = inviter.filter(|_| message.dialog == dialog::GROUP_INVITATION);
            self.mutes.hears(agent, speaker(message))
                && inviter.is_none_or(|invite| {
                    let by = MuteTarget::Agent(invite.inviter, &message.from_name);
                    self.mutes.hears(agent, by)
                })
        };
        let (heard, muted): (Vec<_>, Vec<_>) =
            stored.into_iter().partition(|stored| hears(&stored.message));
        if !muted.is_empty() {
            let keys: Vec<Uuid> = muted.iter().map(|stored| stored.key).collect();
            self.store.call(move |store| store.remove_messages(agent, &keys)).await??;
        }
        Ok(heard)
    }

    /// Forgets what has waited too long; how many messages.
    pub async fn purge(&self) -> Result<usize, OfflineError> {
        let before = self.clock.unix().saturating_sub(self.settings.keep).as_secs();
        Ok(self.store.call(move |store| store.forget_messages(before)).await??)
    }

    /// What the grid tells the sender of a message whose recipient is away.
    pub fn notice(&self, message: &InstantMessage, kept: Kept) -> InstantMessage {
        self.notice_to(AgentId(message.from), message, kept)
    }

    /// The same for somebody who sent it in another's name.
    fn notice_to(&self, sender: AgentId, message: &InstantMessage, kept: Kept) -> InstantMessage {
        let at = self.clock.unix().as_secs();
        match self.settings.flavour {
            Flavour::OpenSim => InstantMessage {
                // Clients show it in the conversation with the offline agent.
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

fn speaker(message: &InstantMessage) -> MuteTarget<'_> {
    let name = message.from_name.as_str();
    if message.dialog == dialog::FROM_TASK {
        MuteTarget::Object { id: message.id, owner: AgentId(message.from), name }
    } else if message.from_group {
        MuteTarget::Group(GroupId(message.from))
    } else {
        MuteTarget::Agent(AgentId(message.from), name)
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
