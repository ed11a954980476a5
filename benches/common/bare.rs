//! A client's end of a circuit as bare as it gets, so that its own cost does not count much.

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use holm::client::LoginAnswer;
use holm::message::header::PacketFlags;
use holm::message::{Message, MessageId, PacketAck, PacketAckPackets, UseCircuitCode};

use crate::packets::packet;

/// Acks that one message takes.
const MOST_ACKS: usize = 200;

/// An open circuit.
pub struct BareCircuit {
    /// What opened it.
    pub login: LoginAnswer,
    socket: UdpSocket,
    sequence: u32,
    buffer: Vec<u8>,
    owed: Vec<PacketAckPackets>,
}

impl BareCircuit {
    /// Opens the circuit of a login and waits for the ack of that.
    pub fn open(login: LoginAnswer) -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(login.simulator)?;
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut open = UseCircuitCode::default();
        open.circuit_code.code = login.circuit_code.0;
        open.circuit_code.session_id = login.session_id.0;
        open.circuit_code.id = login.agent_id.0;
        let mut circuit =
            Self { login, socket, sequence: 0, buffer: vec![0; 8192], owed: Vec::new() };
        circuit.send(PacketFlags::RELIABLE, &open)?;
        circuit.wait_for_and_ack(PacketAck::ID)?;
        Ok(circuit)
    }

    /// Sends one message.
    pub fn send<M: Message>(&mut self, flags: PacketFlags, message: &M) -> io::Result<()> {
        self.sequence += 1;
        self.socket.send(&packet(flags, self.sequence, message, &[]))?;
        Ok(())
    }

    /// Reads until the wanted message comes; gives the length of its datagram.
    pub fn wait_for(&mut self, wanted: MessageId) -> io::Result<usize> {
        loop {
            if let Some(length) = self.read(wanted)? {
                return Ok(length);
            }
        }
    }

    /// The same, and acks at once what asks for it: a simulator sends little to an address that has
    /// acked nothing.
    pub fn wait_for_and_ack(&mut self, wanted: MessageId) -> io::Result<()> {
        loop {
            let length = self.read(wanted)?;
            self.ack()?;
            if length.is_some() {
                return Ok(());
            }
        }
    }

    /// Reads what is there, without waiting, and acks it; gives how many datagrams that were.
    pub fn drain(&mut self) -> io::Result<usize> {
        self.socket.set_nonblocking(true)?;
        let mut count = 0;
        // Nothing has the number 0, so this reads until nothing is left.
        while self.read(MessageId::low(0)).is_ok() {
            count += 1;
        }
        self.socket.set_nonblocking(false)?;
        self.ack()?;
        Ok(count)
    }

    /// Acks what asked for it.
    pub fn ack(&mut self) -> io::Result<()> {
        if self.owed.is_empty() {
            return Ok(());
        }
        let packets = std::mem::take(&mut self.owed);
        self.send(PacketFlags::empty(), &PacketAck { packets })
    }

    /// Reads one datagram; gives its length if it is the wanted message.
    fn read(&mut self, wanted: MessageId) -> io::Result<Option<usize>> {
        let length = self.socket.recv(&mut self.buffer)?;
        let Some((&[flags, a, b, c, d, _], body)) = self.buffer[..length].split_first_chunk::<6>()
        else {
            return Ok(None);
        };
        // Zero-coding leaves the first byte of a message number as it is.
        let found = MessageId::read(body).is_some_and(|(id, _)| id == wanted);
        if flags & PacketFlags::RELIABLE.bits() != 0 {
            self.owed.push(PacketAckPackets { id: u32::from_be_bytes([a, b, c, d]) });
            if self.owed.len() >= MOST_ACKS {
                self.ack()?;
            }
        }
        Ok(found.then_some(length))
    }
}
