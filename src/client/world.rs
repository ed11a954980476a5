//! An agent in a region, from its client's point of view.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::circuit::{self, Order};
use super::{
    Caps, ClientError, ClientEvent, HttpClient, LoginAnswer, LoginOptions, Received, STEP_TIMEOUT,
};
use crate::circuit::{Category, Circuit, CircuitConfig, Outgoing, Statistics};
use crate::ids::AgentId;
use crate::llsd::Llsd;
use crate::message::{
    self, AgentMovementComplete, AgentUpdate, ChatFromViewer, CompleteAgentMovement,
    ImprovedInstantMessage, LogoutReply, LogoutRequest, Message, RegionHandshake,
    RegionHandshakeReply, UseCircuitCode, Vector3,
};
use crate::services::im::conversation;
use crate::time::{Clock, SystemClock};

/// Messages and events that wait for the user; more are counted as lost.
const EVENT_CAPACITY: usize = 8192;
/// Messages that [`Client::expect`] passed over and keeps for a later call.
const MAX_KEPT: usize = 8192;

/// A logged-in client.
pub struct Client {
    /// What the login answered.
    pub login: LoginAnswer,
    /// What the seed granted.
    pub caps: Caps,
    /// Where its datagrams come from.
    pub local_address: SocketAddr,
    http: HttpClient,
    orders: mpsc::Sender<Order>,
    events: mpsc::Receiver<ClientEvent>,
    kept: VecDeque<ClientEvent>,
    lost: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Client {
    /// Logs in, asks the seed, starts the event queue and opens the circuit. The agent enters the
    /// region with [`Client::enter`].
    ///
    /// # Errors
    /// When a step fails or takes longer than [`STEP_TIMEOUT`].
    pub async fn log_in(options: &LoginOptions) -> Result<Self, ClientError> {
        let http = HttpClient::new(STEP_TIMEOUT);
        let login = LoginAnswer::request(&http, options).await?;
        Self::connect(http, login, CircuitConfig::client()).await
    }

    /// Opens the circuit of a login that was granted before.
    pub async fn connect(
        http: HttpClient,
        login: LoginAnswer,
        config: CircuitConfig,
    ) -> Result<Self, ClientError> {
        let local = if login.simulator.ip().is_loopback() { "127.0.0.1:0" } else { "0.0.0.0:0" };
        let socket = UdpSocket::bind(local).await?;
        Self::connect_by(socket, http, login, config).await
    }

    /// The same by a socket that exists already.
    pub async fn connect_by(
        socket: UdpSocket,
        http: HttpClient,
        login: LoginAnswer,
        config: CircuitConfig,
    ) -> Result<Self, ClientError> {
        let caps = Caps::request(&http, &login.seed).await?;
        let local_address = socket.local_addr()?;
        socket.connect(login.simulator).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let circuit = Circuit::new(config, clock.now());
        let (orders, order_queue) = mpsc::channel(EVENT_CAPACITY);
        let (sender, events) = mpsc::channel(EVENT_CAPACITY);
        let lost = Arc::new(AtomicU64::new(0));
        let run = circuit::run(socket, circuit, clock, order_queue, sender.clone(), lost.clone());
        let tasks = vec![
            tokio::spawn(async move {
                if let Err(error) = run.await {
                    tracing::debug!(%error, "client circuit ended");
                }
            }),
            tokio::spawn(caps.clone().poll_events(sender)),
        ];
        let kept = VecDeque::new();
        let client = Self { login, caps, local_address, http, orders, events, kept, lost, tasks };
        let mut open = UseCircuitCode::default();
        open.circuit_code.code = client.login.circuit_code.0;
        open.circuit_code.session_id = client.login.session_id.0;
        open.circuit_code.id = client.login.agent_id.0;
        client.send(&open).await?;
        client.flush().await?;
        Ok(client)
    }

    /// Enters the region: sends `CompleteAgentMovement`, answers the handshake, waits until the
    /// agent has arrived.
    ///
    /// # Errors
    /// When the region does not answer in time.
    pub async fn enter(&mut self) -> Result<AgentMovementComplete, ClientError> {
        let mut movement = CompleteAgentMovement::default();
        movement.agent_data.agent_id = self.login.agent_id.0;
        movement.agent_data.session_id = self.login.session_id.0;
        movement.agent_data.circuit_code = self.login.circuit_code.0;
        self.send(&movement).await?;
        self.expect::<RegionHandshake>(STEP_TIMEOUT, |_| true).await?;
        let mut reply = RegionHandshakeReply::default();
        reply.agent_data.agent_id = self.login.agent_id.0;
        reply.agent_data.session_id = self.login.session_id.0;
        self.send(&reply).await?;
        self.expect::<AgentMovementComplete>(STEP_TIMEOUT, |_| true).await
    }

    /// Sends a message reliably.
    ///
    /// # Errors
    /// When it cannot be encoded or the circuit is over.
    pub async fn send<M: Message>(&self, message: &M) -> Result<(), ClientError> {
        self.send_as(message, true).await
    }

    /// Sends a message once.
    pub async fn send_unreliable<M: Message>(&self, message: &M) -> Result<(), ClientError> {
        self.send_as(message, false).await
    }

    async fn send_as<M: Message>(&self, message: &M, reliable: bool) -> Result<(), ClientError> {
        let message = message::encode(message)?;
        let outgoing = Outgoing::new(message, reliable, Category::Unthrottled);
        self.order(Order::Send(outgoing)).await
    }

    /// Waits until everything reliable that was sent is acked.
    ///
    /// # Errors
    /// When that takes longer than [`STEP_TIMEOUT`].
    pub async fn flush(&self) -> Result<(), ClientError> {
        let (done, flushed) = oneshot::channel();
        self.order(Order::Flushed(done)).await?;
        match tokio::time::timeout(STEP_TIMEOUT, flushed).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(ClientError::Closed("no longer running".to_owned())),
            Err(_) => Err(ClientError::TimedOut(STEP_TIMEOUT, "acks".to_owned())),
        }
    }

    /// Counters of the circuit.
    ///
    /// # Errors
    /// When the circuit is over.
    pub async fn stats(&self) -> Result<Statistics, ClientError> {
        let (answer, stats) = oneshot::channel();
        self.order(Order::Stats(answer)).await?;
        stats.await.map_err(|_| ClientError::Closed("no longer running".to_owned()))
    }

    /// The next message or event.
    ///
    /// # Errors
    /// When none comes in time, or the circuit is over.
    pub async fn next(&mut self, within: Duration) -> Result<ClientEvent, ClientError> {
        if let Some(event) = self.kept.pop_front() {
            return Ok(event);
        }
        self.receive(Instant::now() + within, within, "anything").await
    }

    /// Waits for a message `M` that `fits`; keeps everything else for later calls.
    ///
    /// # Errors
    /// When none comes in time, or the circuit is over.
    pub async fn expect<M: Message>(
        &mut self,
        within: Duration,
        fits: impl Fn(&M) -> bool,
    ) -> Result<M, ClientError> {
        self.pick(within, M::NAME, |event| match event {
            ClientEvent::Message(Received { id, body }) if *id == M::ID => {
                message::decode::<M>(body).ok().filter(&fits)
            }
            _ => None,
        })
        .await
    }

    /// Waits for an event of the event queue that `fits`.
    pub async fn expect_event(
        &mut self,
        within: Duration,
        wanted: &str,
        fits: impl Fn(&Llsd) -> bool,
    ) -> Result<Llsd, ClientError> {
        self.pick(within, wanted, |event| match event {
            ClientEvent::Event { name, body } if name == wanted && fits(body) => Some(body.clone()),
            _ => None,
        })
        .await
    }

    /// Forgets everything that was heard and not asked for.
    pub fn forget(&mut self) {
        self.kept.clear();
        while self.events.try_recv().is_ok() {}
    }

    /// Speaks nearby.
    pub async fn say(&self, text: &str) -> Result<(), ClientError> {
        self.chat(text, 1, 0).await
    }

    /// Chat of a type (0 whisper, 1 say, 2 shout, 4 and 5 typing) on a channel.
    pub async fn chat(&self, text: &str, kind: u8, channel: i32) -> Result<(), ClientError> {
        let mut chat = ChatFromViewer::default();
        chat.agent_data.agent_id = self.login.agent_id.0;
        chat.agent_data.session_id = self.login.session_id.0;
        chat.chat_data.message = message::variable2(text);
        chat.chat_data.type_ = kind;
        chat.chat_data.channel = channel;
        self.send(&chat).await
    }

    /// Sends an instant message of a dialog.
    pub async fn im(&self, to: AgentId, text: &str, dialog: u8) -> Result<(), ClientError> {
        let mut im = ImprovedInstantMessage::default();
        im.agent_data.agent_id = self.login.agent_id.0;
        im.agent_data.session_id = self.login.session_id.0;
        im.message_block.to_agent_id = to.0;
        im.message_block.id = conversation(self.login.agent_id, to);
        im.message_block.dialog = dialog;
        im.message_block.message = message::variable2(text);
        self.send(&im).await
    }

    /// One `AgentUpdate` with these control flags, looking along the x axis.
    pub async fn steer(&self, control_flags: u32) -> Result<(), ClientError> {
        let mut update = AgentUpdate::default();
        let data = &mut update.agent_data;
        data.agent_id = self.login.agent_id.0;
        data.session_id = self.login.session_id.0;
        data.camera_at_axis = Vector3 { x: 1.0, y: 0.0, z: 0.0 };
        data.camera_left_axis = Vector3 { x: 0.0, y: 1.0, z: 0.0 };
        data.camera_up_axis = Vector3 { x: 0.0, y: 0.0, z: 1.0 };
        data.far = 128.0;
        data.control_flags = control_flags;
        self.send_unreliable(&update).await
    }

    /// Logs out and waits for the answer.
    ///
    /// # Errors
    /// When `LogoutReply` does not come in time.
    pub async fn log_out(mut self) -> Result<(), ClientError> {
        let mut logout = LogoutRequest::default();
        logout.agent_data.agent_id = self.login.agent_id.0;
        logout.agent_data.session_id = self.login.session_id.0;
        self.send(&logout).await?;
        self.expect::<LogoutReply>(STEP_TIMEOUT, |_| true).await?;
        // The ack of the reply must leave before the socket goes.
        self.flush().await
    }

    /// The HTTP client, for requests of the user's own.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Messages and events that were dropped because nobody asked for them.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    async fn pick<T>(
        &mut self,
        within: Duration,
        what: &str,
        mut find: impl FnMut(&ClientEvent) -> Option<T>,
    ) -> Result<T, ClientError> {
        for index in 0..self.kept.len() {
            if let Some(found) = find(&self.kept[index]) {
                self.kept.remove(index);
                return Ok(found);
            }
        }
        let deadline = Instant::now() + within;
        loop {
            let event = self.receive(deadline, within, what).await?;
            if let Some(found) = find(&event) {
                return Ok(found);
            }
            if self.kept.len() >= MAX_KEPT {
                self.kept.pop_front();
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            self.kept.push_back(event);
        }
    }

    async fn receive(
        &mut self,
        deadline: Instant,
        within: Duration,
        what: &str,
    ) -> Result<ClientEvent, ClientError> {
        match tokio::time::timeout_at(deadline, self.events.recv()).await {
            Err(_) => Err(ClientError::TimedOut(within, what.to_owned())),
            Ok(None) => Err(ClientError::Closed("no longer running".to_owned())),
            Ok(Some(ClientEvent::Closed(reason))) => Err(ClientError::Closed(reason.to_string())),
            Ok(Some(event)) => Ok(event),
        }
    }

    async fn order(&self, order: Order) -> Result<(), ClientError> {
        self.orders
            .send(order)
            .await
            .map_err(|_| ClientError::Closed("no longer running".to_owned()))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
