//! A client for any grid that speaks this protocol: it logs in, keeps a circuit open and uses
//! capabilities.
//!
//! On the wire it behaves like a viewer (acks, resends, pings, event queue long poll); it leaves
//! the meaning of messages to its user. Tests and the load tool are built on it.
//!
//! ```no_run
//! # async fn example() -> Result<(), holm::client::ClientError> {
//! use holm::client::{Client, LoginOptions};
//! use holm::message::ChatFromSimulator;
//! use std::time::Duration;
//!
//! let options = LoginOptions::new("http://127.0.0.1:9000/", "Test", "User", "test");
//! let mut client = Client::log_in(&options).await?;
//! client.enter().await?;
//! client.say("Hello").await?;
//! let heard = client.expect::<ChatFromSimulator>(Duration::from_secs(5), |_| true).await?;
//! println!("{}", holm::message::text(&heard.chat_data.message));
//! client.log_out().await?;
//! # Ok(()) }
//! ```

mod caps;
mod circuit;
mod http;
mod login;
mod world;

use std::time::Duration;

use thiserror::Error;
use uuid::Uuid;

use crate::message::EncodeError;

pub use caps::{Caps, POLL_TIMEOUT, Polled};
pub use circuit::{ClientEvent, Received};
pub use http::{HttpClient, HttpResponse};
pub use login::{LoginAnswer, LoginOptions};
pub use world::Client;

/// How long a step of a client may take before it counts as failed.
pub const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// What can go wrong for a client.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The URL cannot be used.
    #[error("cannot use the address {0:?}")]
    BadUrl(String),
    /// Nobody takes connections there.
    #[error("no connection to {url}: {reason}")]
    Connect {
        /// What was asked.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The connection failed.
    #[error("request to {url} failed: {reason}")]
    Http {
        /// What was asked.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The answer was not what the protocol says.
    #[error("answer of {url} has HTTP status {status}")]
    Status {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
    },
    /// The answer could not be read.
    #[error("answer of {url} cannot be read: {reason}")]
    BadAnswer {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The grid refused the login.
    #[error("login refused ({reason}): {message}")]
    Refused {
        /// The key of the answer, such as `key` or `presence`.
        reason: String,
        /// The text for the user.
        message: String,
    },
    /// A field of the login answer is missing.
    #[error("login answer lacks {0}")]
    MissingField(&'static str),
    /// The capability was not granted.
    #[error("capability {0} was not granted")]
    NoSuchCap(String),
    /// The socket failed.
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
    /// A message could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Nothing that was waited for came in time.
    #[error("waited {0:?} for {1}")]
    TimedOut(Duration, String),
    /// The circuit is over.
    #[error("the circuit has ended: {0}")]
    Closed(String),
    /// A reliable message was given up unacked.
    #[error("agent {0}: a reliable message was never acked")]
    NotAcked(Uuid),
}
