//! Opens the sockets of a region's port.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

/// How a region's sockets are opened.
#[derive(Clone, Copy, Debug)]
pub struct SocketSettings {
    /// Kernel receive buffer in bytes; the kernel may grant less.
    pub receive_buffer: usize,
    /// Kernel send buffer in bytes; the kernel may grant less.
    pub send_buffer: usize,
}

/// Binds `count` sockets to one address. More than one share the port where the system lets each
/// keep its own clients (`SO_REUSEPORT`); elsewhere there is one.
///
/// # Errors
/// When the address cannot be bound.
pub fn bind(
    address: SocketAddr,
    count: usize,
    settings: SocketSettings,
) -> io::Result<Vec<UdpSocket>> {
    let count =
        if cfg!(any(target_os = "linux", target_os = "android")) { count.max(1) } else { 1 };
    let first = open(address, count > 1, settings)?;
    // Port 0 was settled by the first socket; the others join it.
    let address = first.local_addr()?;
    let mut sockets = vec![first];
    for _ in 1..count {
        sockets.push(open(address, true, settings)?);
    }
    Ok(sockets)
}

fn open(address: SocketAddr, share: bool, settings: SocketSettings) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if share {
        share_port(&socket)?;
    }
    // A kernel that grants less is no reason to fail.
    let _ = socket.set_recv_buffer_size(settings.receive_buffer);
    let _ = socket.set_send_buffer_size(settings.send_buffer);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn share_port(_socket: &Socket) -> io::Result<()> {
    Ok(())
}
