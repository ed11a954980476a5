//! Messages stored for their recipients.

use uuid::Uuid;

use crate::services::im::InstantMessage;

/// An instant message as it will be delivered later.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMessage {
    /// Names it in the store; never sent.
    pub key: Uuid,
    /// The message.
    pub message: InstantMessage,
}
