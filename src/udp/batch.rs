//! Sends datagrams to the kernel, many per system call where the system supports it.
//!
//! It knows no circuits: bytes and addresses go in, and datagrams that the kernel did not accept
//! stay.

use std::net::SocketAddr;
use std::ops::Range;

use bytes::BytesMut;
use tokio::net::UdpSocket;

/// Datagrams that are handed to the kernel together.
pub(super) const BATCH: usize = 64;

/// Datagrams in the order in which they are to leave.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: BytesMut,
    datagrams: Vec<(SocketAddr, Range<usize>)>,
    /// So many of them have left already.
    done: usize,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flushed {
    /// Datagrams that the kernel took.
    pub(super) datagrams: u64,
    /// Their bytes.
    pub(super) bytes: u64,
    /// Datagrams that it refused for good.
    pub(super) errors: u64,
}

impl Batch {
    /// Adds a datagram.
    pub(super) fn push(&mut self, address: SocketAddr, datagram: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(datagram);
        self.datagrams.push((address, start..self.bytes.len()));
    }

    /// Whether it holds as many as one call takes.
    pub(super) fn is_full(&self) -> bool {
        self.datagrams.len() >= BATCH
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    /// Sends what the kernel takes. What it has no room for stays, and the batch is not empty then.
    pub(super) fn flush(&mut self, socket: &UdpSocket) -> Flushed {
        let mut flushed = Flushed::default();
        while let Some(left) = self.datagrams.get(self.done..).filter(|left| !left.is_empty()) {
            match send(socket, &self.bytes, left) {
                Ok(count) => {
                    let sent = left.iter().take(count);
                    flushed.bytes += sent.map(|(_, range)| range.len() as u64).sum::<u64>();
                    flushed.datagrams += count as u64;
                    self.done += count;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return flushed,
                // It says something about the first one only.
                Err(_) => {
                    flushed.errors += 1;
                    self.done += 1;
                }
            }
        }
        self.bytes.clear();
        self.datagrams.clear();
        self.done = 0;
        flushed
    }
}

/// Sends the first datagrams of a list; gives how many the kernel took, at least one.
#[cfg(target_os = "linux")]
fn send(
    socket: &UdpSocket,
    bytes: &[u8],
    datagrams: &[(SocketAddr, Range<usize>)],
) -> std::io::Result<usize> {
    use std::io::IoSlice;

    use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
    use tokio::io::Interest;

    if let [(address, range)] = datagrams {
        let datagram = bytes.get(range.clone()).unwrap_or_default();
        return socket.try_send_to(datagram, *address).map(|_| 1);
    }
    let addresses: Vec<SocketAddrAny> =
        datagrams.iter().map(|(address, _)| (*address).into()).collect();
    let slices: Vec<[IoSlice<'_>; 1]> = datagrams
        .iter()
        .map(|(_, range)| [IoSlice::new(bytes.get(range.clone()).unwrap_or_default())])
        .collect();
    // Nothing but data travels; each header wants a buffer for the rest all the same.
    let mut ancillary: Vec<SendAncillaryBuffer<'_, '_, '_>> = Vec::new();
    ancillary.resize_with(datagrams.len(), SendAncillaryBuffer::default);
    let mut headers: Vec<MMsgHdr<'_>> = addresses
        .iter()
        .zip(&slices)
        .zip(&mut ancillary)
        .map(|((address, slice), control)| MMsgHdr::new_with_addr(address, slice, control))
        .collect();
    socket.try_io(Interest::WRITABLE, || {
        Ok(sendmmsg(socket, &mut headers, SendFlags::DONTWAIT)?.max(1))
    })
}

/// Sends the first datagram of a list.
#[cfg(not(target_os = "linux"))]
fn send(
    socket: &UdpSocket,
    bytes: &[u8],
    datagrams: &[(SocketAddr, Range<usize>)],
) -> std::io::Result<usize> {
    let Some((address, range)) = datagrams.first() else { return Ok(1) };
    socket.try_send_to(bytes.get(range.clone()).unwrap_or_default(), *address).map(|_| 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn socket() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[tokio::test]
    async fn every_datagram_goes_to_its_address_in_order() {
        let (sender, _) = socket().await;
        let (one, to_one) = socket().await;
        let (other, to_other) = socket().await;
        let mut batch = Batch::default();
        for number in 0..BATCH as u8 {
            let address = if number % 3 == 0 { to_one } else { to_other };
            batch.push(address, &vec![number; 1 + number as usize]);
        }
        assert!(batch.is_full());
        sender.writable().await.unwrap();
        let flushed = batch.flush(&sender);
        assert_eq!((flushed.datagrams, flushed.bytes, flushed.errors), (64, 65 * 32, 0));
        assert!(batch.is_empty());
        let mut buffer = [0; 100];
        for number in 0..BATCH as u8 {
            let receiver = if number % 3 == 0 { &one } else { &other };
            let received = tokio::time::timeout(Duration::from_secs(5), receiver.recv(&mut buffer));
            assert_eq!(received.await.unwrap().unwrap(), 1 + number as usize);
            assert_eq!(buffer[0], number);
        }
    }

    #[tokio::test]
    async fn datagram_that_the_kernel_refuses_holds_up_no_other() {
        let (sender, _) = socket().await;
        let (receiver, address) = socket().await;
        let mut batch = Batch::default();
        batch.push(address, b"first");
        // Nothing can be sent to port 0.
        batch.push(SocketAddr::from(([127, 0, 0, 1], 0)), b"nowhere");
        batch.push(address, b"last");
        sender.writable().await.unwrap();
        let flushed = batch.flush(&sender);
        assert_eq!((flushed.datagrams, flushed.bytes, flushed.errors), (2, 9, 1));
        assert!(batch.is_empty());
        let mut buffer = [0; 100];
        for text in ["first", "last"] {
            let received = tokio::time::timeout(Duration::from_secs(5), receiver.recv(&mut buffer));
            assert_eq!(received.await.unwrap().unwrap(), text.len());
        }
    }
}
