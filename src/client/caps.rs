//! Capabilities of a client: the seed request and the event queue's long poll.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::circuit::ClientEvent;
use super::{ClientError, HttpClient};
use crate::llsd::{Llsd, Map};

/// What a client asks its seed for.
const WANTED: [&str; 22] = [
    "EventQueueGet",
    "SimulatorFeatures",
    "GetDisplayNames",
    "AgentPreferences",
    "FetchInventoryDescendents2",
    "FetchInventory2",
    "FetchLibDescendents2",
    "FetchLib2",
    "ViewerAsset",
    "GetTexture",
    "AcceptFriendship",
    "AcceptGroupInvite",
    "AvatarPickerSearch",
    "ChatSessionRequest",
    "CreateInventoryCategory",
    "DeclineFriendship",
    "DeclineGroupInvite",
    "GroupMemberData",
    "HomeLocation",
    "InventoryAPIv3",
    "LibraryAPIv3",
    "ReadOfflineMsgs",
];

/// Longer than any server holds a poll.
pub const POLL_TIMEOUT: Duration = Duration::from_secs(90);

/// Pause after a failed poll; viewers wait, too.
const PAUSE: Duration = Duration::from_millis(200);

/// The capabilities that the seed granted.
#[derive(Clone, Debug)]
pub struct Caps {
    http: HttpClient,
    urls: HashMap<String, String>,
}

impl Caps {
    /// Asks the seed.
    ///
    /// # Errors
    /// When the seed does not answer with a map.
    pub async fn request(http: &HttpClient, seed: &str) -> Result<Self, ClientError> {
        let wanted = Llsd::Array(WANTED.into_iter().map(Llsd::from).collect());
        let answer = http.post_llsd(seed, &wanted).await?;
        let Llsd::Map(granted) = &answer else {
            let reason = "not a map".to_owned();
            return Err(ClientError::BadAnswer { url: seed.to_owned(), reason });
        };
        let urls = granted.iter().map(|(name, url)| (name.to_owned(), url.as_string())).collect();
        Ok(Self { http: http.clone(), urls })
    }

    /// The URL of a capability.
    ///
    /// # Errors
    /// When it was not granted.
    pub fn url(&self, name: &str) -> Result<&str, ClientError> {
        let url = self.urls.get(name).ok_or_else(|| ClientError::NoSuchCap(name.to_owned()))?;
        Ok(url)
    }

    /// The URLs of all capabilities that were granted.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.urls.values().map(String::as_str)
    }

    /// POST of LLSD to a capability.
    ///
    /// # Errors
    /// When it was not granted, or the answer is no LLSD.
    pub async fn post(&self, name: &str, body: &Llsd) -> Result<Llsd, ClientError> {
        self.http.post_llsd(self.url(name)?, body).await
    }

    /// One long poll of the event queue, acknowledging the answer before with `ack` (undef at
    /// first). `http` must be more patient than any server holds a poll.
    ///
    /// # Errors
    /// When there is no event queue, or it is over, or the answer is no LLSD. That nothing
    /// happened is no error.
    pub async fn poll(&self, http: &HttpClient, ack: &Llsd) -> Result<Polled, ClientError> {
        let mut poll = Map::new();
        poll.insert("ack", ack.clone());
        poll.insert("done", false);
        match http.post_llsd(self.url("EventQueueGet")?, &Llsd::Map(poll)).await {
            Ok(answer) => Ok(Polled { ack: answer.get("id").clone(), answer }),
            // How servers say that nothing happened.
            Err(ClientError::Status { status: 499..=504, .. }) => {
                Ok(Polled { ack: ack.clone(), answer: Llsd::Undef })
            }
            Err(error) => Err(error),
        }
    }

    /// Polls the event queue until it is gone or nobody listens, handing on each event.
    pub(super) async fn poll_events(self, events: mpsc::Sender<ClientEvent>) {
        if self.url("EventQueueGet").is_err() {
            return;
        }
        let http = HttpClient::new(POLL_TIMEOUT);
        let mut ack = Llsd::Undef;
        while !events.is_closed() {
            let polled = match self.poll(&http, &ack).await {
                Ok(polled) => polled,
                Err(ClientError::Status { status: 404 | 410, .. }) => return,
                Err(_) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            for (name, body) in polled.events() {
                let event = ClientEvent::Event { name, body: body.clone() };
                if events.send(event).await.is_err() {
                    return;
                }
            }
            ack = polled.ack;
        }
    }
}

/// The answer to a long poll.
#[derive(Clone, Debug)]
pub struct Polled {
    /// What the next poll acknowledges.
    pub ack: Llsd,
    answer: Llsd,
}

impl Polled {
    /// Names and bodies of what happened.
    pub fn events(&self) -> impl Iterator<Item = (String, &Llsd)> {
        let events = self.answer.get("events").as_array();
        events.iter().map(|event| (event.get("message").as_string(), event.get("body")))
    }
}
