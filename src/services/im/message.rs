//! One instant message, in the form in which services deliver and store it.

use bytes::Bytes;
use uuid::Uuid;

use crate::circuit::{Category, Outgoing};
use crate::ids::{AgentId, RegionId};
use crate::message::{self, Encoded, ImprovedInstantMessage, Message as _, Vector3, zerocode};

/// Text of a message, in bytes, without its final NUL.
pub const MAX_TEXT: usize = 1023;
/// The most that viewers read of a bucket, in bytes.
pub const MAX_BUCKET: usize = 1200;
/// What Second Life's mainland shows as `ParentEstateID`.
pub const PARENT_ESTATE: u32 = 1;

/// An `ImprovedInstantMessage` to one agent, everything in it true.
#[derive(Clone, Debug, PartialEq)]
pub struct InstantMessage {
    /// For whom.
    pub to: AgentId,
    /// `AgentData.AgentID`: who sent it, or the group or owner it stands for.
    pub from: Uuid,
    /// `FromAgentName`.
    pub from_name: String,
    /// `FromGroup`.
    pub from_group: bool,
    /// `Dialog`.
    pub dialog: u8,
    /// `ID`: session, transaction, notice or object.
    pub id: Uuid,
    /// Where the sender was.
    pub region: RegionId,
    /// Where in it, region-local metres.
    pub position: Vector3,
    /// When it was sent, seconds since 1970.
    pub at: u64,
    /// `Message`, without its final NUL; what is longer than [`MAX_TEXT`] is cut.
    pub text: String,
    /// `BinaryBucket`; an empty one goes out as one NUL, because some clients index its last byte.
    pub bucket: Bytes,
}

impl InstantMessage {
    /// A message of the grid itself: no sender, no place.
    pub fn system(to: AgentId, at: u64, text: impl Into<String>) -> Self {
        Self {
            to,
            from: Uuid::nil(),
            from_name: SYSTEM_NAME.to_owned(),
            from_group: false,
            dialog: super::dialog::MESSAGE,
            id: Uuid::nil(),
            region: RegionId::NIL,
            position: Vector3::default(),
            at,
            text: text.into(),
            bucket: Bytes::new(),
        }
    }

    /// The message of the template; `offline` if it was kept for the recipient.
    pub fn to_message(&self, offline: bool) -> ImprovedInstantMessage {
        let mut message = ImprovedInstantMessage::default();
        message.agent_data.agent_id = self.from;
        let block = &mut message.message_block;
        block.from_group = self.from_group;
        block.to_agent_id = self.to.0;
        block.parent_estate_id = PARENT_ESTATE;
        block.region_id = self.region.0;
        block.position = self.position;
        block.offline = u8::from(offline);
        block.dialog = self.dialog;
        block.id = self.id;
        block.timestamp = self.at as u32;
        block.from_agent_name = message::variable1(&self.from_name);
        block.message = message::variable_max(&self.text, MAX_TEXT);
        block.binary_bucket = self.bucket.clone();
        if block.binary_bucket.is_empty() {
            block.binary_bucket = Bytes::from_static(&[0]);
        }
        block.binary_bucket.truncate(MAX_BUCKET);
        message
    }

    /// The message that [`Self::to_outgoing`] made these bytes of; none if they hold another.
    pub fn read(encoded: &Encoded) -> Option<Self> {
        let plain = if encoded.zerocoded {
            zerocode::decode(&encoded.body, zerocode::MAX_DECODED).ok()?
        } else {
            encoded.body.clone()
        };
        let number = encoded.id.wire_len();
        if encoded.id != ImprovedInstantMessage::ID || plain.len() < number {
            return None;
        }
        let message: ImprovedInstantMessage = message::decode(&plain.slice(number..)).ok()?;
        let block = &message.message_block;
        Some(Self {
            to: AgentId(block.to_agent_id),
            from: message.agent_data.agent_id,
            from_name: message::text(&block.from_agent_name),
            from_group: block.from_group,
            dialog: block.dialog,
            id: block.id,
            region: RegionId(block.region_id),
            position: block.position,
            at: u64::from(block.timestamp),
            text: message::text(&block.message),
            bucket: block.binary_bucket.clone(),
        })
    }

    /// The message ready to be sent, reliably; none if it cannot be encoded, which is logged.
    pub fn to_outgoing(&self, offline: bool) -> Option<Outgoing> {
        match message::encode(&self.to_message(offline)) {
            Ok(message) => {
                // What is kept is bounded by the store, and no sender's to answer for.
                let origin = Some(self.from).filter(|from| !from.is_nil() && !offline);
                let outgoing = Outgoing::reliable(message, Category::Unthrottled);
                Some(Outgoing { origin, ..outgoing })
            }
            Err(error) => {
                tracing::error!(%error, "an instant message cannot be encoded");
                None
            }
        }
    }
}

/// Viewers show what comes from it as the system's words, and translate what they know.
const SYSTEM_NAME: &str = "Second Life";
