//! Capabilities of a client: the seed exchange and the event-queue long poll.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::circuit::ClientEvent;
use super::{ClientError, HttpClient};
use crate::llsd::{Llsd, Map};

/// What a client asks its seed for.
const WANTED: [&str; 10] = [
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
];

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

    /// POST of LLSD to a capability.
    ///
    /// # Errors
    /// When it was not granted, or the answer is no LLSD.
    pub async fn post(&self, name: &str, body: &Llsd) -> Result<Llsd, ClientError> {
        self.http.post_llsd(self.url(name)?, body).await
    }

    /// Polls the event queue until it is gone or nobody listens, handing on each event.
    pub(super) async fn poll_events(self, events: mpsc::Sender<ClientEvent>) {
        let Ok(url) = self.url("EventQueueGet").map(str::to_owned) else { return };
        // Longer than any server holds a poll.
        let http = HttpClient::new(Duration::from_secs(90));
        let mut ack = Llsd::Undef;
        while !events.is_closed() {
            let mut poll = Map::new();
            poll.insert("ack", ack.clone());
            poll.insert("done", false);
            let answer = match http.post_llsd(&url, &Llsd::Map(poll)).await {
                Ok(answer) => answer,
                Err(ClientError::Status { status: 404 | 410, .. }) => return,
                Err(ClientError::Status { status: 499..=504, .. }) => continue,
                Err(_) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            ack = answer.get("id").clone();
            for event in answer.get("events").as_array() {
                let name = event.get("message").as_string();
                let event = ClientEvent::Event { name, body: event.get("body").clone() };
                if events.send(event).await.is_err() {
                    return;
                }
            }
        }
    }
}
