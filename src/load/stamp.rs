//! The text of a numbered message: a plain-text header with the run, the sender, the number and the
//! time it was due, padded to the requested length. Columns are fixed, so that parsing is cheap.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;

use crate::time::Timestamp;

/// The two ways that numbered messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Nearby chat, or text in a chat session, heard by all.
    Chat,
    /// An instant message to one.
    Im,
}

/// The header of a numbered message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Tells this run's messages from those of any other.
    pub run: u32,
    /// Chat or instant message; each counts for itself.
    pub way: Way,
    /// Number of the agent that sent it.
    pub sender: u16,
    /// Which of the sender's lines under way it is.
    pub slot: u16,
    /// Counts from 0 for each sender and way.
    pub sequence: u32,
    /// When it was due, on the tool's clock.
    pub due: Timestamp,
}

impl Stamp {
    /// The text, `length` bytes long and a final zero byte.
    pub fn to_text(self, length: usize) -> Bytes {
        let mut text = String::with_capacity(length.max(LENGTH) + 1);
        let way = match self.way {
            Way::Chat => 'c',
            Way::Im => 'i',
        };
        let Self { run, sender, slot, sequence, .. } = self;
        let due = self.due.since_origin().as_nanos() as u64;
        // Writing to a string cannot fail.
        let _ = write!(text, "{MARK}{way}{run:08x}{sender:04x}{slot:04x}{sequence:08x}{due:016x} ");
        text.extend(std::iter::repeat_n('.', length.saturating_sub(text.len())));
        text.push('\0');
        text.into_bytes().into()
    }

    /// Reads a text; `None` if it is no numbered message.
    pub fn read(text: &[u8]) -> Option<Self> {
        let (head, columns) = text.get(..LENGTH)?.split_at(MARK.len() + 1);
        let way = match head.strip_prefix(MARK.as_bytes())? {
            b"c" => Way::Chat,
            b"i" => Way::Im,
            _ => return None,
        };
        let (run, columns) = columns.split_at(8);
        let (sender, columns) = columns.split_at(4);
        let (slot, columns) = columns.split_at(4);
        let (sequence, columns) = columns.split_at(8);
        let (due, _) = columns.split_at(16);
        Some(Self {
            run: hex(run)? as u32,
            way,
            sender: hex(sender)? as u16,
            slot: hex(slot)? as u16,
            sequence: hex(sequence)? as u32,
            due: Timestamp::ZERO + Duration::from_nanos(hex(due)?),
        })
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, &digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

/// The text of a `ChatFromSimulator`; `None` if it is cut short.
pub(super) fn chat_text(body: &[u8]) -> Option<&[u8]> {
    // FromName; SourceID, OwnerID, SourceType, ChatType, Audible, Position; Message.
    variable2(behind_name(body)?.get(16 + 16 + 3 + 12..)?)
}

/// The text of an `ImprovedInstantMessage`; `None` if it is cut short.
pub(super) fn im_text(body: &[u8]) -> Option<&[u8]> {
    // AgentData; FromGroup, ToAgentID, ParentEstateID, RegionID, Position, Offline, Dialog, ID,
    // Timestamp; FromAgentName; Message.
    variable2(behind_name(body.get(32 + 1 + 16 + 4 + 16 + 12 + 2 + 16 + 4..)?)?)
}

fn behind_name(bytes: &[u8]) -> Option<&[u8]> {
    let (&length, rest) = bytes.split_first()?;
    rest.get(usize::from(length)..)
}

fn variable2(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.get(..usize::from(u16::from_le_bytes(*length)))
}

const MARK: &str = "holm ";
/// Bytes of the header, its final space included.
const LENGTH: usize = MARK.len() + 1 + 8 + 4 + 4 + 8 + 16 + 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::MIN_TEXT;
    use crate::message::{self, ChatFromSimulator, ImprovedInstantMessage, Message};

    fn stamp() -> Stamp {
        Stamp {
            run: 0xDEAD_BEEF,
            way: Way::Im,
            sender: 65_535,
            slot: 1023,
            sequence: 0x0102_0304,
            due: Timestamp::ZERO + Duration::from_nanos(1_234_567_890_123),
        }
    }

    #[test]
    fn a_stamp_reads_back() {
        for length in [MIN_TEXT, 128, 1000] {
            let text = stamp().to_text(length);
            assert_eq!(text.len(), length + 1, "a final zero byte is one more");
            assert!(text[..length].is_ascii());
            assert_eq!(Stamp::read(&text), Some(stamp()));
        }
        const { assert!(LENGTH <= MIN_TEXT) };
    }

    #[test]
    fn other_texts_are_none() {
        let text = stamp().to_text(MIN_TEXT);
        assert_eq!(Stamp::read(&text[..LENGTH - 1]), None);
        for at in 0..LENGTH - 1 {
            let mut text = text.to_vec();
            text[at] = b'G';
            assert_eq!(Stamp::read(&text), None, "byte {at}");
        }
        assert_eq!(Stamp::read(b""), None);
    }

    fn body<M: Message>(message: &M) -> Bytes {
        let encoded = message::encode(message).unwrap();
        assert!(!encoded.zerocoded);
        encoded.body.slice(M::ID.wire_len()..)
    }

    #[test]
    fn texts_are_found_in_their_messages() {
        let mut chat = ChatFromSimulator::default();
        chat.chat_data.from_name = message::variable1("Load 0001");
        chat.chat_data.message = message::variable2("hello");
        let chat = body(&chat);
        assert_eq!(chat_text(&chat), Some(&b"hello\0"[..]));
        for end in 0..chat.len() {
            assert_eq!(chat_text(&chat[..end]), None, "{end}");
        }
    }

    #[test]
    fn instant_messages_too() {
        // Zero-coded on the wire, so its plain body is put together by hand.
        let mut im = vec![0; 32 + 71];
        im.extend_from_slice(b"\x03Ab\0\x06\0hello\0\0\0");
        assert_eq!(im_text(&im), Some(&b"hello\0"[..]));
        let decoded = message::decode::<ImprovedInstantMessage>(&Bytes::from(im.clone())).unwrap();
        assert_eq!(&decoded.message_block.message[..], b"hello\0");
        for end in 0..im.len() - 2 {
            assert_eq!(im_text(&im[..end]), None, "{end}");
        }
    }
}
