//! Files by Xfer: the client requests one by name and confirms each packet before it gets the next.

use bytes::{BufMut, Bytes, BytesMut};

use super::{Outcome, Session, Turn, dropped};
use crate::circuit::Category;
use crate::message::{self, AbortXfer, ConfirmXferPacket, RequestXfer, SendXferPacket};

/// File bytes in one packet.
const CHUNK: usize = 1000;
/// Set in the number of the last packet.
const LAST: u32 = 0x8000_0000;
/// Files on their way to one agent; more requests are turned down.
const MAX_RUNNING: usize = 2;
/// `AbortXfer.XferID.Result`: file not found, as the viewer's library numbers it.
const FILE_NOT_FOUND: i32 = -43;

/// What one agent may fetch and is fetching.
#[derive(Debug, Default)]
pub(super) struct Xfers {
    /// Number of the mute list's file, until it is asked for.
    offered: Option<u32>,
    /// Files offered so far.
    count: u32,
    running: Vec<Running>,
}

impl Xfers {
    /// A new name under which the mute list can be fetched once, in place of an older one.
    pub(super) fn offer_mute_list(&mut self) -> String {
        self.count = self.count.wrapping_add(1);
        self.offered = Some(self.count);
        mute_list_name(self.count)
    }

    /// Whether the name was offered; it is no longer afterwards.
    fn take(&mut self, name: &str) -> bool {
        self.offered.take_if(|offered| mute_list_name(*offered) == name).is_some()
    }

    /// Begins to send `data`; its first packet, or none if too much is on its way.
    fn start(&mut self, id: u64, data: Bytes) -> Option<SendXferPacket> {
        // A client that uses a number again has given up the older file.
        self.abort(id);
        if self.running.len() >= MAX_RUNNING {
            return None;
        }
        let running = Running { id, data, sent: 0 };
        let first = running.packet();
        self.running.push(running);
        Some(first)
    }

    /// The packet that follows the confirmed one; none if that is not the one that was sent last,
    /// or if it was the end.
    fn confirm(&mut self, id: u64, packet: u32) -> Option<SendXferPacket> {
        let at = self.running.iter().position(|running| running.id == id)?;
        let running = self.running.get_mut(at)?;
        if packet & !LAST != running.sent {
            return None;
        }
        if running.is_at_end() {
            self.running.swap_remove(at);
            return None;
        }
        running.sent += 1;
        Some(running.packet())
    }

    fn abort(&mut self, id: u64) {
        self.running.retain(|running| running.id != id);
    }
}

/// The name of a mute list's file, as the client sees it.
fn mute_list_name(number: u32) -> String {
    format!("mutes-{number}.tmp")
}

/// A file on its way.
#[derive(Debug)]
struct Running {
    id: u64,
    data: Bytes,
    /// The number of the packet that was sent last.
    sent: u32,
}

impl Running {
    fn is_at_end(&self) -> bool {
        (self.sent as usize + 1) * CHUNK >= self.data.len()
    }

    /// The first packet begins with the length of the file.
    fn packet(&self) -> SendXferPacket {
        let start = (self.sent as usize * CHUNK).min(self.data.len());
        let chunk = self.data.slice(start..self.data.len().min(start + CHUNK));
        let mut packet = SendXferPacket::default();
        packet.xfer_id.id = self.id;
        packet.xfer_id.packet = if self.is_at_end() { self.sent | LAST } else { self.sent };
        packet.data_packet.data = if self.sent == 0 {
            let mut first = BytesMut::with_capacity(4 + chunk.len());
            first.put_i32_le(self.data.len() as i32);
            first.put(chunk);
            first.freeze()
        } else {
            chunk
        };
        packet
    }
}

/// Sends the file of that name, or says that there is none.
pub(super) fn request(session: &mut Session, turn: &mut Turn<'_>, request: RequestXfer) -> Outcome {
    let asked = &request.xfer_id;
    let first = if session.xfers.take(&message::text(&asked.filename)) {
        let file = session.context.services.mutes.file(session.shared.agent_id);
        session.xfers.start(asked.id, file)
    } else {
        None
    };
    if let Some(packet) = first {
        session.reply_as(turn, &packet, Category::Asset);
    } else {
        let mut reply = AbortXfer::default();
        reply.xfer_id.id = asked.id;
        reply.xfer_id.result = FILE_NOT_FOUND;
        session.reply(turn, &reply);
    }
    Outcome::Continue
}

/// Goes on with a file.
pub(super) fn confirm(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: ConfirmXferPacket,
) -> Outcome {
    let confirmed = &message.xfer_id;
    if !session.xfers.running.iter().any(|running| running.id == confirmed.id) {
        return dropped("unknown_xfer");
    }
    if let Some(packet) = session.xfers.confirm(confirmed.id, confirmed.packet) {
        session.reply_as(turn, &packet, Category::Asset);
    }
    Outcome::Continue
}

/// The client does not want the rest.
pub(super) fn abort(session: &mut Session, _turn: &mut Turn<'_>, message: AbortXfer) -> Outcome {
    session.xfers.abort(message.xfer_id.id);
    Outcome::Continue
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_good_once_and_a_newer_one_replaces_it() {
        let mut xfers = Xfers::default();
        let old = xfers.offer_mute_list();
        let new = xfers.offer_mute_list();
        assert!(!xfers.take(&old));
        assert!(xfers.take(&new));
        assert!(!xfers.take(&new));
    }

    #[test]
    fn only_the_last_packet_is_confirmed() {
        let mut xfers = Xfers::default();
        let first = xfers.start(7, Bytes::from(vec![1; 2 * CHUNK])).unwrap();
        assert_eq!(first.xfer_id.packet, 0);
        assert!(xfers.confirm(8, 0).is_none(), "of another file");
        assert!(xfers.confirm(7, 1).is_none(), "not sent yet");
        let second = xfers.confirm(7, 0).unwrap();
        assert_eq!(second.xfer_id.packet, 1 | LAST);
        assert!(xfers.confirm(7, 0).is_none(), "for the second time");
        assert!(xfers.confirm(7, 1 | LAST).is_none());
        assert!(xfers.running.is_empty());
    }

    #[test]
    fn files_on_their_way_are_limited_and_can_be_aborted() {
        let mut xfers = Xfers::default();
        for id in 0..MAX_RUNNING as u64 {
            assert!(xfers.start(id, Bytes::new()).is_some());
        }
        assert!(xfers.start(99, Bytes::new()).is_none());
        assert!(xfers.start(0, Bytes::new()).is_some(), "in place of the older one");
        xfers.abort(1);
        assert!(xfers.start(99, Bytes::new()).is_some());
    }

    proptest! {
        #[test]
        fn a_file_arrives_whole(data in prop::collection::vec(any::<u8>(), 0..5 * CHUNK)) {
            let mut xfers = Xfers::default();
            let mut next = xfers.start(3, Bytes::from(data.clone()));
            let mut received = Vec::new();
            let mut ended = false;
            let mut number = 0;
            while let Some(packet) = next {
                prop_assert!(!ended);
                prop_assert_eq!(packet.xfer_id.packet & !LAST, number);
                ended = packet.xfer_id.packet & LAST != 0;
                received.extend_from_slice(&packet.data_packet.data);
                next = xfers.confirm(3, number);
                number += 1;
            }
            prop_assert!(ended && xfers.running.is_empty());
            let (length, file) = received.split_at(4);
            prop_assert_eq!(length, &(data.len() as i32).to_le_bytes()[..]);
            prop_assert_eq!(file, &data[..]);
        }
    }
}
