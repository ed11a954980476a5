//! A session without sockets: a test sends it messages and reads what it answers, by circuit, by
//! outbox and by event queue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::caps::CapRegistry;
use super::counters::MessageCounters;
use super::event_queue::EventQueueSettings;
use super::handlers::{Context, Outcome, Session, Turn};
use super::registry::{AgentSession, EventQueue, NewSession, Sessions};
use crate::circuit::{Circuit, CircuitConfig, CircuitEvent};
use crate::cluster::LocalBus;
use crate::ids::RegionId;
use crate::message::{self, Message, MessageId, Vector3, zerocode};
use crate::outbox::Event;
use crate::outbox::recorder::{Recorder, recorder};
use crate::region::{Command, RegionInfo, RegionLink};
use crate::services::accounts::{AccountName, Accounts, AccountsConfig, HashCost, NewPassword};
use crate::services::assets::Assets;
use crate::services::store::StoreHandle;
use crate::services::{ServiceSettings, Services};
use crate::storage::SqliteStore;
use crate::time::{Clock as _, ManualClock};

/// How long an answer may take that needs storage.
const LONG: Duration = Duration::from_secs(20);

/// A session of the account `Test User`, and everything that it works with.
pub struct Rig {
    /// What HTTP knows of the session.
    pub shared: Arc<AgentSession>,
    /// What the grid can do.
    pub services: Services,
    /// Commands for the region.
    pub commands: VecDeque<Command>,
    /// The server's end of the circuit.
    pub circuit: Circuit,
    session: Session,
    recorder: Recorder,
    clock: Arc<ManualClock>,
    sequence: u32,
    /// Messages for the client that no test has asked for: number and body.
    inbox: Vec<(MessageId, Bytes)>,
}

impl Rig {
    /// With the circuit of a simulator that trusts the client.
    pub async fn new() -> Self {
        Self::with(CircuitConfig::default()).await
    }

    /// With a circuit of that configuration.
    pub async fn with(config: CircuitConfig) -> Self {
        let clock = Arc::new(ManualClock::default());
        let store = SqliteStore::in_memory().expect("a database in memory");
        let store = StoreHandle::spawn_rehearsing(Box::new(store)).expect("a storage thread");
        let accounts_config =
            AccountsConfig { hash_cost: HashCost::EPHEMERAL, ..Default::default() };
        let accounts = Accounts::new(store.clone(), clock.clone(), accounts_config);
        let name = AccountName::new("Test", "User").expect("a name");
        let password = NewPassword::parse("test").expect("a password");
        let account = accounts.create(name, password, None).await.expect("an account");
        let region = RegionInfo::new(RegionId(Uuid::from_u128(7)), "Holm", 1000, 1000);
        let region = RegionLink { info: Arc::new(region), commands: mpsc::channel(1).0 };
        let caps = CapRegistry::new("http://grid", Duration::from_secs(30), clock.clone());
        let sessions = Arc::new(Sessions::default());
        let (shared, _) = sessions.create(NewSession {
            agent_id: account.id,
            first: "Test".to_owned(),
            last: "User".to_owned(),
            region: region.clone(),
            position: Vector3::default(),
            look_at: Vector3::default(),
            home: None,
            started: clock.now(),
            events: Arc::new(EventQueue::new(EventQueueSettings::default(), 1, clock.clone())),
            caps: caps.open(),
        });
        let assets = Assets::built_in(region.info.id);
        let bus = Arc::new(LocalBus::default());
        let settings = ServiceSettings::default();
        let services = Services::new(&store, bus, clock.clone(), accounts, assets, settings);
        let context = Context {
            regions: Arc::from([region.clone()]),
            region,
            sessions,
            services: services.clone(),
            counters: MessageCounters::new(),
            tasks: TaskTracker::new(),
            im_rate: 100,
            waiting_bytes: 1 << 16,
        };
        let (outbox, recorder) = recorder(account.id, 0);
        let session = Session::new(shared.clone(), outbox, Arc::new(context));
        let circuit = Circuit::new(config, clock.now());
        Self {
            shared,
            services,
            commands: VecDeque::new(),
            circuit,
            session,
            recorder,
            clock,
            sequence: 0,
            inbox: Vec::new(),
        }
    }

    /// Sends a message as the client; what becomes of its packet.
    pub fn send<M: Message>(&mut self, message: &M) -> Outcome {
        let encoded = message::encode(message).expect("a message that can be encoded");
        let body = plain(encoded.zerocoded, &encoded.body, M::ID);
        self.sequence += 1;
        let mut turn = Turn {
            now: self.clock.now(),
            sequence: self.sequence,
            circuit: &mut self.circuit,
            commands: &mut self.commands,
            unanswered: false,
        };
        self.session.handle(&mut turn, M::ID, &body)
    }

    /// What the client was sent of one kind, that no test has taken yet.
    pub fn sent<M: Message>(&mut self) -> Vec<M> {
        self.collect();
        let (wanted, others) =
            std::mem::take(&mut self.inbox).into_iter().partition(|(id, _)| *id == M::ID);
        self.inbox = others;
        let wanted: Vec<(MessageId, Bytes)> = wanted;
        wanted.iter().map(|(_, body)| message::decode(body).expect("Holm's own message")).collect()
    }

    /// The next message of one kind, as soon as it is there.
    pub async fn answer<M: Message>(&mut self) -> M {
        loop {
            let mut found = self.sent::<M>().into_iter();
            if let Some(first) = found.next() {
                assert!(found.next().is_none(), "more than one {}", M::NAME);
                return first;
            }
            self.wait().await;
        }
    }

    /// Waits until the held packet that was sent last is settled: whether it was done.
    pub async fn settled(&mut self) -> bool {
        loop {
            self.collect();
            let settled = self.recorder.settled();
            if let Some(&(_, is_done)) = settled.iter().find(|(held, _)| *held == self.sequence) {
                return is_done;
            }
            self.wait().await;
        }
    }

    /// Events that the client was sent since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        self.recorder.drain_events()
    }

    async fn wait(&mut self) {
        tokio::time::timeout(LONG, self.recorder.wait()).await.expect("an answer");
    }

    /// Reads what waits on the circuit and in the outbox.
    fn collect(&mut self) {
        let now = self.clock.now();
        let mut client = Circuit::new(CircuitConfig::client(), now);
        let mut datagram = BytesMut::new();
        while self.circuit.poll_transmit(now, &mut datagram) {
            client.handle_datagram(now, datagram.split().freeze());
        }
        while let Some(event) = client.poll_event() {
            if let CircuitEvent::Message { id, body, .. } = event {
                self.inbox.push((id, body));
            }
        }
        for outgoing in self.recorder.drain() {
            let message = outgoing.message;
            let body = plain(message.zerocoded, &message.body, message.id);
            self.inbox.push((message.id, body));
        }
    }
}

/// A body without zero coding and message number.
fn plain(zerocoded: bool, body: &Bytes, id: MessageId) -> Bytes {
    let body = if zerocoded {
        zerocode::decode(body, zerocode::MAX_DECODED).expect("Holm's own coding")
    } else {
        body.clone()
    };
    body.slice(id.wire_len()..)
}
