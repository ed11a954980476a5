//! The task that handles returned messages: one at a time, with writes to the store in batches.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::returns::{Mail, Returned};
use super::{Delivered, Kept, OfflineMessages, OfflineSettings, StoredMessage, waits};
use crate::circuit::{Category, Outgoing};
use crate::ids::AgentId;
use crate::message::{self, AgentAlertMessage};
use crate::outbox::Outbox;
use crate::services::im::{self, InstantMessage, dialog};
use crate::services::ports::{Delivery, StoreError};

/// Entries that are dealt with together.
const BATCH: usize = 128;

/// A message that came back and goes to the store.
struct Returning {
    stored: StoredMessage,
    mail: Mail,
}

impl OfflineMessages {
    /// Deals with what comes back until `stop`, then with what is there, and ends. Only the first
    /// call does anything.
    pub async fn keep_returns(self, stop: CancellationToken) {
        let Some(mut returns) = self.returns.receiver() else { return };
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                _ = returns.recv_many(&mut batch, BATCH) => {}
                () = stop.cancelled() => {
                    // Nobody sends any more; what is sent all the same finds the queue closed.
                    returns.close();
                    while returns.recv_many(&mut batch, BATCH).await > 0 {
                        self.deal_with(&mut batch).await;
                    }
                    return;
                }
            }
            self.deal_with(&mut batch).await;
        }
    }

    async fn deal_with(&self, batch: &mut Vec<Returned>) {
        let count = batch.len();
        let (mut returning, mut arrived) = (Vec::new(), Vec::new());
        for returned in batch.drain(..) {
            match returned {
                Returned::Mail(mail) => returning.extend(self.hand_on(mail)),
                Returned::Refused(mail) => self.refuse(mail),
                Returned::Arrived { agent, key } => arrived.push((agent, key)),
                Returned::Lost(then) => then(),
                Returned::Mark(mark) => {
                    self.put_away(&mut returning, &mut arrived).await;
                    // Whoever waited may be gone.
                    let _ = mark.send(());
                }
            }
        }
        self.put_away(&mut returning, &mut arrived).await;
        self.returns.done(count);
    }

    /// Sends a message once more if its recipient is here by another circuit, because it has gone to
    /// another region or has logged in again. Gives back what has to be kept.
    fn hand_on(&self, mail: Mail) -> Option<Returning> {
        let Some(message) = InstantMessage::read(&mail.message) else {
            count("unreadable");
            return None;
        };
        // The circuit that lost it may not have left yet, or has only given up this message.
        let lost_by = |way: &Outbox| mail.way.as_ref().is_some_and(|lost| lost.is_same(way));
        let Some(outbox) = self.bus.outbox(message.to).filter(|way| !lost_by(way)) else {
            return Some(Returning::new(message, mail));
        };
        count("sent_again");
        let outgoing = Outgoing::reliable(mail.message.clone(), Category::Unthrottled);
        let outgoing = Outgoing { origin: mail.author.map(|author| author.0), ..outgoing };
        self.returns.send(&outbox, outgoing, mail);
        None
    }

    /// Tells the sender of a message that its recipient's client does not keep up with them. It is
    /// not kept: the recipient is online.
    fn refuse(&self, mut mail: Mail) {
        count("refused");
        mail.report(Delivered::TooBusy);
        let Some(author) = mail.author else { return };
        let Some(message) = InstantMessage::read(&mail.message) else { return };
        let told = match message.dialog {
            dialog::LURE => lure_lost(author),
            // A notice stays in the list of its group.
            dialog::GROUP_NOTICE => return,
            _ => {
                let at = self.clock.unix().as_secs();
                im::too_busy(author, message.to, at).to_outgoing(false)
            }
        };
        if let Some(told) = told {
            self.bus.deliver(author, Delivery::Message(told));
        }
    }

    /// Keeps what came back, in order, and forgets what has arrived.
    async fn put_away(&self, returning: &mut Vec<Returning>, arrived: &mut Vec<(AgentId, Uuid)>) {
        if !arrived.is_empty() {
            let mut keys: BTreeMap<AgentId, Vec<Uuid>> = BTreeMap::new();
            for (agent, key) in arrived.drain(..) {
                keys.entry(agent).or_default().push(key);
            }
            let forgotten = self.store.call(move |store| {
                keys.iter().try_for_each(|(&agent, keys)| store.remove_messages(agent, keys))
            });
            match forgotten.await.map_err(|error| error.to_string()) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "messages will be handed over again"),
                Err(error) => tracing::warn!(%error, "messages will be handed over again"),
            }
        }
        let (waiting, mut lost): (Vec<Returning>, Vec<Returning>) =
            returning.drain(..).partition(|returning| waits(returning.stored.message.dialog));
        for one in &mut lost {
            self.notify(one, Kept::NotOfItsKind);
        }
        if waiting.is_empty() {
            return;
        }
        let messages: Vec<StoredMessage> =
            waiting.iter().map(|returning| returning.stored.clone()).collect();
        let mut kept = self.keep_all(messages.clone()).await;
        if kept.contains(&Kept::Failed) {
            // The same keys, so that what was kept after all is not kept twice.
            kept = self.keep_all(messages).await;
        }
        for (mut one, kept) in waiting.into_iter().zip(kept) {
            self.notify(&mut one, kept);
        }
    }

    /// Tells whoever has to know that a message was not delivered now.
    fn notify(&self, returning: &mut Returning, kept: Kept) {
        count(if kept == Kept::Saved { "kept" } else { "not_kept" });
        let Returning { stored: StoredMessage { message, .. }, mail } = returning;
        mail.report(Delivered::Away(kept));
        let Some(author) = mail.author else { return };
        let notice = match message.dialog {
            dialog::LURE => lure_lost(author),
            // A notice stays in the list of its group.
            dialog::GROUP_NOTICE => return,
            dialog::MESSAGE => self.notice_to(author, message, kept).to_outgoing(false),
            _ if kept == Kept::Saved => return,
            _ => self.notice_to(author, message, kept).to_outgoing(false),
        };
        if let Some(notice) = notice {
            self.bus.deliver(author, Delivery::Message(notice));
        }
    }

    /// Keeps messages in one storage call; what became of each.
    pub(crate) async fn keep_all(&self, messages: Vec<StoredMessage>) -> Vec<Kept> {
        let count = messages.len();
        let OfflineSettings { max_messages: most, max_per_sender: share, .. } = self.settings;
        let kept = self.store.call(move |store| {
            let keep = |message: &StoredMessage| -> Result<Kept, StoreError> {
                let to = message.message.to;
                if store.account(to)?.is_none() {
                    return Ok(Kept::Unknown);
                }
                if store.count_messages(to)? >= most {
                    return Ok(Kept::Full);
                }
                // The grid's own are nobody's.
                let from = message.message.from;
                if !from.is_nil() && store.count_messages_from(to, from)? >= share {
                    return Ok(Kept::SenderFull);
                }
                match store.add_message(message) {
                    // It was kept by an earlier try.
                    Ok(()) | Err(StoreError::IdTaken(_)) => Ok(Kept::Saved),
                    Err(error) => Err(error),
                }
            };
            messages.iter().map(keep).collect::<Result<Vec<_>, _>>()
        });
        let error = match kept.await {
            Ok(Ok(kept)) => return kept,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(%error, count, "messages were not kept");
        vec![Kept::Failed; count]
    }
}

impl Returning {
    fn new(message: InstantMessage, mail: Mail) -> Self {
        Self { stored: StoredMessage { key: Uuid::new_v4(), message }, mail }
    }
}

/// An offer of a teleport has not reached somebody.
fn lure_lost(author: AgentId) -> Option<Outgoing> {
    let mut alert = AgentAlertMessage::default();
    alert.agent_data.agent_id = author.0;
    alert.alert_data.message =
        message::variable1("A resident whom you offered a teleport is not online.");
    let encoded = message::encode(&alert).ok()?;
    Some(Outgoing::reliable(encoded, Category::Unthrottled))
}

fn count(outcome: &'static str) {
    metrics::counter!("holm_messages_returned_total", "outcome" => outcome).increment(1);
}
