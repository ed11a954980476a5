//! Whole messages: from a struct to bytes that many circuits can share, and back.

use bytes::{Bytes, BytesMut};

use super::encoded::Encoded;
use super::error::{DecodeError, EncodeError};
use super::info::MessageInfo;
use super::reader::Reader;
use super::writer::Writer;
use super::{MessageId, zerocode};

/// A message of the template.
pub trait Message: Sized {
    /// Its name.
    const NAME: &'static str;
    /// Its number.
    const ID: MessageId;
    /// Its description.
    const INFO: &'static MessageInfo;

    /// Reads the bytes behind the number.
    ///
    /// # Errors
    /// When the packet ends within a counted block or within a Variable field's data.
    fn decode_body(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Writes the bytes behind the number.
    ///
    /// # Errors
    /// When a Variable field or a Variable block is too long for its prefix.
    fn encode_body(&self, w: &mut Writer) -> Result<(), EncodeError>;
}

/// What [`super::roundtrip`] gives: the second wire form, or why the first is no message.
pub type Roundtrip = Result<Encoded, RoundtripError>;

/// Why a body does not make the way through its struct and back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundtripError {
    /// The body is not that message.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The message that was read cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Reads a message from `body`: the bytes behind the number, plain. Variable fields are slices
/// of `body`, not copies. Bytes behind the last block are ignored.
///
/// # Errors
/// When the packet ends within a counted block or within a Variable field's data.
pub fn decode<M: Message>(body: &Bytes) -> Result<M, DecodeError> {
    M::decode_body(&mut Reader::new(M::INFO, body))
}

/// Writes a message, zero-coded if the template says so and that is shorter.
///
/// # Errors
/// When a Variable field or a Variable block is too long for its prefix.
pub fn encode<M: Message>(message: &M) -> Result<Encoded, EncodeError> {
    let mut writer = Writer::new(M::INFO);
    message.encode_body(&mut writer)?;
    Ok(finish(M::INFO, writer))
}

/// The wire form of what `writer` has collected.
pub(super) fn finish(info: &MessageInfo, writer: Writer) -> Encoded {
    let plain = writer.finish();
    zerocoded(info, &plain).unwrap_or_else(|| Encoded {
        id: info.id,
        body: plain.freeze(),
        zerocoded: false,
    })
}

/// As [`finish()`], leaving number and plain body where they are.
pub(super) fn finish_plain(info: &MessageInfo, plain: &[u8]) -> Encoded {
    zerocoded(info, plain).unwrap_or_else(|| Encoded {
        id: info.id,
        body: Bytes::copy_from_slice(plain),
        zerocoded: false,
    })
}

/// The zero-coded form, if the message may have it and it is shorter.
fn zerocoded(info: &MessageInfo, plain: &[u8]) -> Option<Encoded> {
    if !info.zerocoded {
        return None;
    }
    let mut coded = BytesMut::new();
    zerocode::encode(plain, &mut coded);
    (coded.len() < plain.len()).then(|| Encoded {
        id: info.id,
        body: coded.freeze(),
        zerocoded: true,
    })
}

/// Decodes and encodes again, for [`super::roundtrip`].
pub(super) fn again<M: Message>(body: &Bytes) -> Roundtrip {
    Ok(encode(&decode::<M>(body)?)?)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use uuid::Uuid;

    use super::{decode, encode};
    use crate::message::{
        ChatFromViewer, ChatFromViewerAgentData, ChatFromViewerChatData, ImprovedInstantMessage,
        MESSAGES, Message, StartPingCheck, info, info_by_name, roundtrip, text, variable2,
    };

    #[test]
    fn chat_has_the_bytes_of_the_facts() {
        let chat = ChatFromViewer {
            agent_data: ChatFromViewerAgentData {
                agent_id: Uuid::from_u128(0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10),
                session_id: Uuid::from_u128(1),
            },
            chat_data: ChatFromViewerChatData { message: variable2("hi"), type_: 1, channel: -2 },
        };
        let encoded = encode(&chat).unwrap();
        assert!(encoded.zerocoded);
        let expected = [
            &[0xFF, 0xFF, 0, 1, 80][..],
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
            &[0, 15, 1],
            &[3, 0, 1, b'h', b'i', 0, 1, 1, 0xFE, 0xFF, 0xFF, 0xFF],
        ];
        assert_eq!(encoded.body[..], expected.concat());
    }

    #[test]
    fn coding_that_does_not_help_is_left_out() {
        let ping = StartPingCheck::default();
        assert!(!encode(&ping).unwrap().zerocoded, "not a Zerocoded message");
        assert_eq!(encode(&ping).unwrap().body[..], [1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn an_instant_message_may_lack_its_last_blocks() {
        // A viewer ends with a lone MetaData count and leaves EstateBlock out.
        let mut body = vec![0u8; 16 + 16 + 1 + 16 + 4 + 16 + 12 + 1 + 1 + 16 + 4];
        body.extend_from_slice(&[3, b'A', b'b', 0, 3, 0, b'h', b'i', 0, 0, 0]);
        for tail in [&[][..], &[0], &[7, 0, 0, 0]] {
            let message =
                decode::<ImprovedInstantMessage>(&Bytes::from([&body[..], tail].concat())).unwrap();
            assert_eq!(text(&message.message_block.message), "hi");
            assert!(message.meta_data.is_empty());
            assert_eq!(message.estate_block.estate_id, if tail.len() == 4 { 7 } else { 0 });
        }
    }

    #[test]
    fn every_message_is_found_by_number_and_name() {
        for message in &MESSAGES {
            assert_eq!(info(message.id), Some(message));
            assert_eq!(info_by_name(message.name), Some(message));
            assert!(roundtrip(message.id, &Bytes::new()).unwrap().is_ok(), "{}", message.name);
        }
        assert_eq!(info_by_name("Nothing"), None);
        assert_eq!(ChatFromViewer::INFO.name, "ChatFromViewer");
    }
}
