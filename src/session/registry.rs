//! The open sessions of this process, by agent and by circuit code.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{caps, event_queue};
use crate::circuit::CloseReason;
use crate::ids::{AgentId, CircuitCode, RegionHandle, SecureSessionId, SessionId};
use crate::message::Vector3;
use crate::outbox::{Event, EventSink, Outbox};
use crate::region::{RegionLink, Whereabouts};
use crate::services::accounts::Location;
use crate::services::offline::HandedOver;
use crate::time::Timestamp;

/// The event queue of an agent.
pub type EventQueue = event_queue::EventQueue<Event>;

/// The capabilities of an agent.
pub type AgentCaps = caps::AgentCaps<AgentSession>;

impl EventSink for EventQueue {
    fn push(&self, event: Event) -> bool {
        let bytes = event.size();
        Self::push(self, event, bytes).is_ok()
    }
}

/// What a login settles about the session that it opens.
pub struct NewSession {
    /// The agent.
    pub agent_id: AgentId,
    /// First name as kept in the account.
    pub first: String,
    /// Last name as kept in the account.
    pub last: String,
    /// The region that the agent enters.
    pub region: RegionLink,
    /// Where it arrives, region-local metres.
    pub position: Vector3,
    /// Where it looks, a unit vector.
    pub look_at: Vector3,
    /// Where it is at home, if anywhere.
    pub home: Option<Location>,
    /// When the login was granted.
    pub started: Timestamp,
    /// The agent's event queue.
    pub events: Arc<EventQueue>,
    /// The agent's capabilities.
    pub caps: AgentCaps,
}

/// One login of one agent.
pub struct AgentSession {
    /// The agent.
    pub agent_id: AgentId,
    /// Repeated by the client in every message.
    pub session_id: SessionId,
    /// The second secret.
    pub secure_session_id: SecureSessionId,
    /// Opens the UDP circuit.
    pub circuit_code: CircuitCode,
    /// First name as kept in the account.
    pub first: String,
    /// Last name as kept in the account.
    pub last: String,
    /// The region that the agent entered by.
    pub region: RegionLink,
    /// Where it arrives, region-local metres.
    pub position: Vector3,
    /// Where it looks, a unit vector.
    pub look_at: Vector3,
    /// Where it is now, as the region last told.
    pub whereabouts: Arc<Whereabouts>,
    /// When the login was granted.
    pub started: Timestamp,
    /// The agent's event queue.
    pub events: Arc<EventQueue>,
    /// The agent's capabilities.
    pub caps: AgentCaps,
    /// Which of the messages that waited for it the agent was given.
    pub mail: Arc<HandedOver>,
    home: Mutex<Option<Location>>,
    circuit: Mutex<CircuitState>,
    closed: CancellationToken,
}

#[derive(Default)]
struct CircuitState {
    address: Option<SocketAddr>,
    outbox: Option<Outbox>,
    reason: Option<CloseReason>,
}

/// Why a circuit cannot be opened for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClaimError {
    /// Another address opened it before.
    #[error("the circuit is in use from {0}")]
    OtherAddress(SocketAddr),
    /// The session has ended.
    #[error("the session has ended")]
    Closed,
}

impl AgentSession {
    /// Where the agent is at home.
    pub fn home(&self) -> Option<Location> {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes where the agent is at home from now on; keeping it is [`home`](super::home)'s.
    pub(super) fn move_home(&self, home: Location) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(home);
    }

    /// Binds the session's circuit to `address`; the first address wins.
    ///
    /// # Errors
    /// When another address has it, or the session has ended.
    pub fn claim(&self, address: SocketAddr) -> Result<(), ClaimError> {
        let mut circuit = self.circuit();
        if self.is_closed() {
            return Err(ClaimError::Closed);
        }
        match circuit.address {
            Some(other) if other != address => Err(ClaimError::OtherAddress(other)),
            _ => {
                circuit.address = Some(address);
                Ok(())
            }
        }
    }

    /// The address that opened the circuit.
    pub fn address(&self) -> Option<SocketAddr> {
        self.circuit().address
    }

    /// Sets the way to the agent's circuit.
    pub fn set_outbox(&self, outbox: Outbox) {
        self.circuit().outbox = Some(outbox);
    }

    /// The way to the agent, once its circuit is open.
    pub fn outbox(&self) -> Option<Outbox> {
        self.circuit().outbox.clone()
    }

    /// First and last name with a space between.
    pub fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    /// Whether the session has ended.
    pub fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Completes when the session ends.
    pub async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Why it ended.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.circuit().reason
    }

    /// Ends it, its capabilities and its event queue; `true` for the call that did.
    fn end(&self, reason: CloseReason) -> bool {
        {
            let mut circuit = self.circuit();
            if self.is_closed() {
                return false;
            }
            circuit.reason = Some(reason);
            self.closed.cancel();
        }
        self.caps.close();
        self.events.close();
        true
    }

    fn circuit(&self) -> std::sync::MutexGuard<'_, CircuitState> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an agent goes.
pub struct Destination {
    /// The region.
    pub region: RegionLink,
    /// Where it arrives, region-local metres.
    pub position: Vector3,
    /// Where it looks, a unit vector.
    pub look_at: Vector3,
    /// When it left.
    pub at: Timestamp,
}

/// All sessions of this process.
#[derive(Default)]
pub struct Sessions {
    by_agent: DashMap<AgentId, Arc<AgentSession>>,
    by_code: DashMap<CircuitCode, Arc<AgentSession>>,
    /// Agents on their way to another region, as they will be there.
    handoffs: DashMap<CircuitCode, Arc<AgentSession>>,
    /// Open sessions by the region that they entered; a region that had one keeps its entry.
    counts: DashMap<RegionHandle, usize>,
    /// Whether a stop of the server has ended a session.
    thrown_out: AtomicBool,
}

impl Sessions {
    /// Whether a stop of the server has ended sessions whose clients did not ask for it.
    pub fn has_thrown_out(&self) -> bool {
        self.thrown_out.load(Ordering::Acquire)
    }

    /// Opens a session with fresh secrets. A session that the agent still has is ended first and
    /// given back, so that the caller can close its circuit.
    pub fn create(&self, new: NewSession) -> (Arc<AgentSession>, Option<Arc<AgentSession>>) {
        let previous = self.by_agent(new.agent_id);
        if let Some(previous) = &previous {
            self.remove(previous, CloseReason::Superseded);
        }
        // Before anybody can find the session and end it.
        *self.counts.entry(new.region.info.handle).or_default() += 1;
        let session = self.by_code_entry(|circuit_code| {
            Arc::new(AgentSession {
                agent_id: new.agent_id,
                session_id: SessionId::random(),
                secure_session_id: SecureSessionId::random(),
                circuit_code,
                first: new.first,
                last: new.last,
                region: new.region,
                position: new.position,
                whereabouts: Arc::new(Whereabouts::new(new.position)),
                look_at: new.look_at,
                home: Mutex::new(new.home),
                started: new.started,
                events: new.events,
                caps: new.caps,
                mail: Arc::default(),
                circuit: Mutex::default(),
                closed: CancellationToken::new(),
            })
        });
        // Two logins of one agent at the same moment: the later insert wins and ends the other.
        let raced = self.by_agent.insert(session.agent_id, session.clone());
        if let Some(raced) = &raced {
            self.remove(raced, CloseReason::Superseded);
        }
        (session, raced.or(previous))
    }

    /// The open session of an agent.
    pub fn by_agent(&self, agent: AgentId) -> Option<Arc<AgentSession>> {
        self.by_agent.get(&agent).map(|entry| entry.value().clone())
    }

    /// The session that a circuit code opens a circuit of in a region: that of an agent on its way
    /// there, else the open one, wherever that is.
    pub fn by_circuit_code(
        &self,
        code: CircuitCode,
        region: RegionHandle,
    ) -> Option<Arc<AgentSession>> {
        let found = |entry: dashmap::mapref::one::Ref<'_, _, Arc<AgentSession>>| entry.clone();
        let handoff = self.handoffs.get(&code).map(found);
        handoff
            .filter(|session| session.region.info.handle == region)
            .or_else(|| self.by_code.get(&code).map(found))
    }

    /// Prepares the agent's arrival in another region: the same ids, an event queue and
    /// capabilities of its own. It takes the place of `session` when the agent has arrived, and
    /// ends with it if it never does.
    pub fn depart(&self, session: &AgentSession, to: Destination) -> Arc<AgentSession> {
        let handoff = Arc::new(AgentSession {
            agent_id: session.agent_id,
            session_id: session.session_id,
            secure_session_id: session.secure_session_id,
            circuit_code: session.circuit_code,
            first: session.first.clone(),
            last: session.last.clone(),
            region: to.region,
            position: to.position,
            look_at: to.look_at,
            home: Mutex::new(session.home()),
            whereabouts: Arc::new(Whereabouts::new(to.position)),
            started: to.at,
            events: Arc::new(session.events.sibling()),
            caps: session.caps.sibling(),
            mail: session.mail.clone(),
            circuit: Mutex::default(),
            closed: CancellationToken::new(),
        });
        if let Some(given_up) = self.handoffs.insert(handoff.circuit_code, handoff.clone()) {
            given_up.end(CloseReason::Superseded);
        }
        handoff
    }

    /// The agent of a handoff has arrived: its session there is the open one from now on. Gives the
    /// one that it replaces, which has ended. None for a session that is no handoff.
    pub fn arrive(&self, session: &Arc<AgentSession>) -> Option<Arc<AgentSession>> {
        let code = session.circuit_code;
        self.handoffs.remove_if(&code, |_, held| Arc::ptr_eq(held, session))?;
        *self.counts.entry(session.region.info.handle).or_default() += 1;
        let previous = self.by_code.insert(code, session.clone());
        self.by_agent.insert(session.agent_id, session.clone());
        let previous = previous?;
        if previous.end(CloseReason::Left) {
            self.count_down(&previous);
        }
        Some(previous)
    }

    /// Gives up handoffs that began longer than `life` ago.
    pub fn expire_handoffs(&self, now: Timestamp, life: Duration) {
        self.handoffs.retain(|_, handoff| {
            let stays = now.since(handoff.started) <= life;
            if !stays {
                handoff.end(CloseReason::Silence);
            }
            stays
        });
    }

    /// Ends a session: nobody finds it any more, its capabilities and event queue close. `true`
    /// for the call that ended it.
    pub fn remove(&self, session: &AgentSession, reason: CloseReason) -> bool {
        if !session.end(reason) {
            return false;
        }
        if reason == CloseReason::Shutdown {
            self.thrown_out.store(true, Ordering::Release);
        }
        let is_it = |held: &Arc<AgentSession>| std::ptr::eq(Arc::as_ptr(held), session);
        let code = session.circuit_code;
        // One that never arrived was counted nowhere.
        if self.handoffs.remove_if(&code, |_, held| is_it(held)).is_some() {
            return true;
        }
        if self.by_code.remove_if(&code, |_, held| is_it(held)).is_some()
            && let Some((_, handoff)) = self.handoffs.remove(&code)
        {
            handoff.end(reason);
        }
        self.by_agent.remove_if(&session.agent_id, |_, held| is_it(held));
        self.count_down(session);
        true
    }

    fn count_down(&self, session: &AgentSession) {
        if let Some(mut count) = self.counts.get_mut(&session.region.info.handle) {
            *count = count.saturating_sub(1);
        }
    }

    /// All open sessions.
    pub fn all(&self) -> Vec<Arc<AgentSession>> {
        self.by_agent.iter().map(|entry| entry.value().clone()).collect()
    }

    /// How many sessions are open in a region.
    pub fn count_in(&self, region: RegionHandle) -> usize {
        self.counts.get(&region).map_or(0, |count| *count)
    }

    /// How many sessions are open.
    pub fn len(&self) -> usize {
        self.by_agent.len()
    }

    /// Whether no session is open.
    pub fn is_empty(&self) -> bool {
        self.by_agent.is_empty()
    }

    /// Makes a session under an unused, unguessable circuit code in 1..=0x7FFF_FFFF.
    fn by_code_entry(
        &self,
        make: impl FnOnce(CircuitCode) -> Arc<AgentSession>,
    ) -> Arc<AgentSession> {
        loop {
            let random = SessionId::random().0.as_u128() as u32 & 0x7FFF_FFFF;
            let code = CircuitCode(random.max(1));
            if let Entry::Vacant(vacant) = self.by_code.entry(code) {
                let session = make(code);
                vacant.insert(session.clone());
                return session;
            }
        }
    }
}
