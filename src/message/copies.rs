//! One message for many recipients in which only one id differs: encoded once, completed for each
//! recipient.
//!
//! Zero coding depends on the id, so it is done for each copy; everything else is done once.

use bytes::BytesMut;
use thiserror::Error;
use uuid::Uuid;

use super::codec::{Message, finish_plain};
use super::encoded::Encoded;
use super::error::EncodeError;
use super::info::{FieldType, MessageInfo, Quantity};
use super::writer::Writer;

/// Why a message cannot be copied with other ids.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CopiesError {
    /// The message cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// There is no such id, or it has no fixed place.
    #[error("{message} has no id {field} at a fixed place in {block}")]
    NoSuchId {
        /// The message.
        message: &'static str,
        /// The block that was named.
        block: &'static str,
        /// The field that was named.
        field: &'static str,
    },
}

/// A message that waits for the id of each of its recipients.
#[derive(Clone, Debug)]
pub struct Copies {
    info: &'static MessageInfo,
    plain: BytesMut,
    at: usize,
}

impl Copies {
    /// Writes `message`; the id `field` of the Single block `block` is what differs.
    ///
    /// # Errors
    /// When the message cannot be written, or has no such id at a fixed place.
    pub fn of<M: Message>(
        message: &M,
        block: &'static str,
        field: &'static str,
    ) -> Result<Self, CopiesError> {
        let at = id_offset(M::INFO, block, field).ok_or(CopiesError::NoSuchId {
            message: M::NAME,
            block,
            field,
        })?;
        let mut writer = Writer::new(M::INFO);
        message.encode_body(&mut writer)?;
        Ok(Self { info: M::INFO, plain: writer.finish(), at })
    }

    /// The copy with this id.
    pub fn with(&mut self, id: Uuid) -> Encoded {
        if let Some(place) = self.plain.get_mut(self.at..self.at + 16) {
            place.copy_from_slice(id.as_bytes());
        }
        finish_plain(self.info, &self.plain)
    }
}

/// Where an id lies behind the number's first byte, if nothing before it varies in length.
fn id_offset(info: &MessageInfo, block: &str, field: &str) -> Option<usize> {
    let mut at = info.id.wire_len();
    for described in info.blocks {
        if described.quantity != Quantity::Single {
            return None;
        }
        for part in described.fields {
            if described.name == block && part.name == field {
                return (part.kind == FieldType::Uuid).then_some(at);
            }
            match part.kind {
                FieldType::Variable1 | FieldType::Variable2 | FieldType::S16Array => return None,
                fixed => at += fixed.min_len(),
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ImprovedInstantMessage, encode, variable1, variable2};

    #[test]
    fn a_copy_is_what_encoding_it_anew_gives() {
        let mut message = ImprovedInstantMessage::default();
        message.agent_data.agent_id = Uuid::from_u128(7);
        message.message_block.from_agent_name = variable1("Alice Tester");
        message.message_block.message = variable2("hello\u{1F600}");
        let mut copies = Copies::of(&message, "MessageBlock", "ToAgentID").unwrap();
        // Ids with zeros in them change how the bytes around them are coded.
        for id in [Uuid::nil(), Uuid::from_u128(1), Uuid::from_u128(u128::MAX), Uuid::new_v4()] {
            message.message_block.to_agent_id = id;
            assert_eq!(copies.with(id), encode(&message).unwrap(), "{id}");
        }
    }

    #[test]
    fn field_without_a_fixed_place_is_refused() {
        let message = ImprovedInstantMessage::default();
        for (block, field) in [
            ("MessageBlock", "FromAgentName"),
            ("MessageBlock", "Offline"),
            ("EstateBlock", "EstateID"),
            ("MetaData", "Data"),
            ("Nowhere", "ID"),
        ] {
            let refused = Copies::of(&message, block, field);
            assert!(matches!(refused, Err(CopiesError::NoSuchId { .. })), "{block}.{field}");
        }
    }
}
