//! The client's end of a circuit: a task that owns the socket and the state machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use super::ClientError;
use crate::circuit::{Circuit, CircuitEvent, CloseReason, Outgoing, Statistics};
use crate::llsd::Llsd;
use crate::message::MessageId;
use crate::time::Clock;

/// A message that came by UDP.
#[derive(Clone, Debug)]
pub struct Received {
    /// Which message.
    pub id: MessageId,
    /// The plain body behind the number.
    pub body: Bytes,
}

/// What a client hears.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// A message by UDP.
    Message(Received),
    /// An event of the event queue.
    Event {
        /// Its name.
        name: String,
        /// Its body.
        body: Llsd,
    },
    /// A reliable message was never acked.
    GaveUp(MessageId),
    /// The circuit is over.
    Closed(CloseReason),
}

pub(super) enum Order {
    Send(Outgoing),
    /// Answered once everything reliable that was sent before is acked.
    Flushed(oneshot::Sender<()>),
    Stats(oneshot::Sender<Statistics>),
}

/// Runs a circuit until nobody holds the order channel any more or it ends.
pub(super) async fn run(
    socket: UdpSocket,
    mut circuit: Circuit,
    clock: Arc<dyn Clock>,
    mut orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<ClientEvent>,
    lost: Arc<AtomicU64>,
) -> Result<(), ClientError> {
    let mut buffer = vec![0; crate::message::header::MAX_DATAGRAM].into_boxed_slice();
    let mut scratch = BytesMut::new();
    let mut flushes: Vec<oneshot::Sender<()>> = Vec::new();
    loop {
        let now = clock.now();
        let mut over = false;
        while let Some(event) = circuit.poll_event() {
            let event = match event {
                CircuitEvent::Message { id, body, .. } => {
                    ClientEvent::Message(Received { id, body })
                }
                CircuitEvent::GaveUp { id } => ClientEvent::GaveUp(id),
                CircuitEvent::Closed { reason } => {
                    over = true;
                    ClientEvent::Closed(reason)
                }
                CircuitEvent::Acked { .. } | CircuitEvent::Lost { .. } => continue,
            };
            // A user that does not listen must not stop acks and pings.
            if events.try_send(event).is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        // Behind the events: what they were taken for is acked now.
        while {
            scratch.clear();
            circuit.poll_transmit(now, &mut scratch)
        } {
            // A full buffer or a closed peer looks like loss: the circuit resends.
            let _ = socket.send(&scratch).await;
        }
        if over {
            return Ok(());
        }
        if circuit.stats().unacked_packets == 0 {
            for done in flushes.drain(..) {
                // Whoever waited may have given up.
                let _ = done.send(());
            }
        }
        let sleep =
            circuit.poll_timeout().map_or(Duration::from_secs(60), |at| at.since(clock.now()));
        tokio::select! {
            received = socket.recv(&mut buffer) => {
                if let Ok(length) = received {
                    let datagram = Bytes::copy_from_slice(&buffer[..length]);
                    circuit.handle_datagram(clock.now(), datagram);
                }
            }
            order = orders.recv() => match order {
                None => return Ok(()),
                Some(Order::Send(outgoing)) => {
                    if circuit.send(clock.now(), outgoing).is_err() {
                        lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Some(Order::Flushed(done)) => flushes.push(done),
                Some(Order::Stats(answer)) => drop(answer.send(circuit.stats())),
            },
            () = tokio::time::sleep(sleep) => circuit.handle_timeout(clock.now()),
        }
    }
}
