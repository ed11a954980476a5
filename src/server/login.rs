//! Login: from a request to an open session and its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;

use super::Shared;
use super::turns::Turns;
use super::world::World;
use crate::circuit::CloseReason;
use crate::config::{Config, DuplicateLogin, Flavour};
use crate::http;
use crate::http::guard::SiteGuard;
use crate::http::login::{
    AccountBenefits, Arrival, Benefits, Buddy, FailureReason, Folder, GridInfo, HomeLocation,
    Identity, Inventory, LoginFailure, LoginFlags, LoginRequest, LoginSuccess, Maturity, Password,
    StartLocation, StartedAt,
};
use crate::http::router::{BoxFuture, GridStats, LoginBackend};
use crate::http::welcome::Welcome;
use crate::ids::SessionId;
use crate::message::Vector3;
use crate::services::accounts::{Account, AccountName, LoginError};
use crate::services::friends::Friend;
use crate::services::inventory::{self, FolderType, LIBRARY_OWNER};
use crate::services::login::{self as rules, Destination, Grant, Start, Started};
use crate::session::caps::{CapRegistry, SEED};
use crate::session::event_queue::EventQueueSettings;
use crate::session::{AgentSession, EventQueue, NewSession, presence};

/// Decides over logins.
pub(super) struct LoginGate {
    shared: Arc<Shared>,
    world: Arc<World>,
    caps: CapRegistry<AgentSession>,
    http_port: u16,
    login_uri: String,
    grid_info: GridInfo,
    test_accounts: Vec<String>,
    turns: Turns,
    /// First ids of event queues differ, so that an ack of an old session fits no new one.
    queues: AtomicU32,
}

impl LoginGate {
    pub(super) fn new(
        shared: Arc<Shared>,
        world: Arc<World>,
        login_uri: &str,
        http_port: u16,
        test_accounts: &[String],
    ) -> Self {
        let grid = &shared.config.grid;
        let linger = shared.config.event_queue.linger;
        let caps = CapRegistry::new(login_uri, linger, shared.clock.clone());
        let grid_info = GridInfo::new(login_uri, &grid.name, &grid.nick, login_uri);
        Self {
            caps,
            http_port,
            login_uri: login_uri.to_owned(),
            grid_info,
            test_accounts: test_accounts.to_vec(),
            turns: Turns::default(),
            queues: AtomicU32::new(1),
            shared,
            world,
        }
    }

    async fn log_in(
        &self,
        request: LoginRequest,
        peer: SocketAddr,
    ) -> Result<LoginSuccess, LoginFailure> {
        if self.shared.stop.is_cancelled() {
            let text = "The grid is shutting down. Please try again later.";
            return Err(LoginFailure::new(FailureReason::Connect, text));
        }
        let account = self.authenticate(&request, peer).await?;
        // Of logins that come at once each finds what the one before has left.
        let seen = self.session_of(&account);
        let _turn = self.turns.wait(account.id).await;
        self.end_previous(&account, seen)?;
        self.check_room()?;
        let infos: Vec<_> = self.world.regions.iter().map(|region| region.info.clone()).collect();
        let unix = self.shared.clock.unix().as_secs();
        let start = wish(request.start);
        let mut grant = rules::grant(&self.shared.store, account.id, &start, &infos, unix)
            .await
            .map_err(|error| inside(&error))?;
        self.check_region(&grant)?;
        let session = self.open(&grant)?;
        let buddies = grant.relations.friends.iter().map(buddy).collect();
        let relations = std::mem::take(&mut grant.relations);
        presence::logged_in(&self.shared.services, &session, relations);
        let seed = session.caps.grant(&session, SEED).ok_or_else(|| {
            // Somebody else logged in under the same name at this very moment.
            LoginFailure::new(FailureReason::Presence, "You logged in from another place.")
        })?;
        metrics::counter!("holm_logins_granted_total").increment(1);
        tracing::info!(agent = %account.id, name = %session.name(), %peer, "login granted");
        let mut answer = self.answer(&grant, &session, seed, unix);
        answer.buddies = buddies;
        Ok(answer)
    }

    async fn authenticate(
        &self,
        request: &LoginRequest,
        peer: SocketAddr,
    ) -> Result<Account, LoginFailure> {
        let name = AccountName::new(&request.first, &request.last)
            .map_err(|error| LoginFailure::new(FailureReason::Key, error.to_string()))?;
        let passwd = match &request.password {
            Password::Md5(digest) => format!("$1${digest}"),
            Password::Plain(text) => text.clone(),
        };
        let accounts = &self.shared.services.accounts;
        let verified = if self.shared.config.opens_accounts() {
            accounts.login_or_create(&name, &passwd, peer.ip()).await
        } else {
            accounts.verify(&name, &passwd, peer.ip()).await
        };
        verified.map_err(|error| {
            metrics::counter!("holm_logins_refused_total").increment(1);
            refusal(&error)
        })
    }

    fn session_of(&self, account: &Account) -> Option<SessionId> {
        self.shared.sessions.by_agent(account.id).map(|session| session.session_id)
    }

    /// Ends a session that the account still has. By default the login that finds one whose client
    /// has come is refused, and the next succeeds; one that nobody has used yet is replaced.
    /// `seen` was there when this login began to wait for its turn.
    fn end_previous(&self, account: &Account, seen: Option<SessionId>) -> Result<(), LoginFailure> {
        let Some(previous) = self.shared.sessions.by_agent(account.id) else { return Ok(()) };
        let replaces = self.shared.config.grid.duplicate_login == DuplicateLogin::Replace;
        let is_used = previous.address().is_some();
        if is_used && !replaces && seen != Some(previous.session_id) {
            // Of logins at the same moment it won: if each of the others ended one, it would be
            // left to chance whether the last leaves any.
            let text = "You logged in from another place.";
            return Err(LoginFailure::new(FailureReason::Presence, text));
        }
        if let Some(outbox) = previous.outbox() {
            outbox.close(CloseReason::Superseded, "");
        }
        let Shared { services, sessions, .. } = &*self.shared;
        presence::ended(services, sessions, &previous, CloseReason::Superseded);
        if replaces || !is_used {
            return Ok(());
        }
        let mut failure = LoginFailure::new(
            FailureReason::Presence,
            "You appear to be already logged in. That session was ended; try again.",
        );
        failure.message_id = Some("LoginFailedAlreadyLoggedIn".to_owned());
        Err(failure)
    }

    fn check_room(&self) -> Result<(), LoginFailure> {
        if self.shared.sessions.len() < self.shared.config.limits.max_sessions as usize {
            return Ok(());
        }
        Err(LoginFailure::new(FailureReason::Presence, "The grid is full. Please try again later."))
    }

    fn check_region(&self, grant: &Grant) -> Result<(), LoginFailure> {
        let region = &grant.destination.region;
        if self.shared.sessions.count_in(region.handle) < region.max_agents as usize {
            return Ok(());
        }
        let text = format!("The region {} is full. Please try again later.", region.name);
        Err(LoginFailure::new(FailureReason::Presence, text))
    }

    /// Opens the session; from here on the agent counts as logged in.
    fn open(&self, grant: &Grant) -> Result<Arc<AgentSession>, LoginFailure> {
        let Destination { region, position, look_at, .. } = &grant.destination;
        let link = self
            .world
            .regions
            .iter()
            .find(|link| link.info.id == region.id)
            .ok_or_else(|| inside(&"the region is gone"))?;
        let number = self.queues.fetch_add(1, Ordering::Relaxed);
        // Multiplied so that the ids of two queues that begin one after the other lie far apart.
        let seed = number.wrapping_mul(0x9E37_79B9);
        let settings = self.queue_settings();
        let events = EventQueue::new(settings, seed, self.shared.clock.clone());
        let (session, previous) = self.shared.sessions.create(NewSession {
            agent_id: grant.account.id,
            first: grant.account.name.first().to_owned(),
            last: grant.account.name.last().to_owned(),
            region: link.clone(),
            position: *position,
            look_at: *look_at,
            home: grant.account.home,
            started: self.shared.clock.now(),
            events: Arc::new(events),
            caps: self.caps.open(),
        });
        if let Some(outbox) = previous.and_then(|previous| previous.outbox()) {
            outbox.close(CloseReason::Superseded, "");
        }
        Ok(session)
    }

    fn queue_settings(&self) -> EventQueueSettings {
        let queue = &self.shared.config.event_queue;
        EventQueueSettings {
            hold: queue.hold,
            idle: queue.idle,
            max_events: queue.max_events as usize,
            max_bytes: queue.max_bytes as usize,
            ..EventQueueSettings::default()
        }
    }

    fn answer(
        &self,
        grant: &Grant,
        session: &AgentSession,
        seed_capability: String,
        unix: u64,
    ) -> LoginSuccess {
        let identity = Identity {
            agent_id: session.agent_id,
            session_id: session.session_id,
            secure_session_id: session.secure_session_id,
            first_name: session.first.clone(),
            quotes_first_name: self.shared.config.grid.flavour == Flavour::SecondLife,
            last_name: session.last.clone(),
            display_name: None,
            agent_access: Maturity::Adult,
            agent_access_max: Maturity::Adult,
            agent_region_access: Maturity::Adult,
        };
        let region = &grant.destination.region;
        let arrival = Arrival {
            circuit_code: session.circuit_code,
            sim_ip: *region.address.ip(),
            sim_port: region.address.port(),
            http_port: self.http_port,
            region: region.handle,
            region_size: [256, 256],
            seed_capability,
            start_location: match grant.destination.started {
                Started::Last => StartedAt::Last,
                Started::Home => StartedAt::Home,
                Started::Url => StartedAt::Url,
                Started::Safe => StartedAt::Safe,
            },
            look_at: reals(grant.destination.look_at),
        };
        let mut answer = LoginSuccess::new(identity, arrival, self.inventory(grant));
        answer.home = grant.home.as_ref().map(|home| HomeLocation {
            region: home.region.handle,
            position: reals(home.position),
            look_at: reals(home.look_at),
        });
        answer.message.clone_from(&self.shared.config.grid.welcome);
        answer.seconds_since_epoch = unix;
        // `ever_logged_in` = N starts the viewer's first-login path, which wants outfits to choose
        // from; the accounts here are dressed already.
        answer.login_flags = LoginFlags::default();
        answer.cof_version = grant.outfit_version();
        answer.benefits = Some(AccountBenefits::uniform(&Benefits::default()));
        answer.currency = Some("OS$".to_owned());
        answer
    }

    fn inventory(&self, grant: &Grant) -> Inventory {
        let library = self.shared.services.inventory.library();
        let root = |folders: &[inventory::Folder]| {
            let root = folders.iter().find(|folder| folder.kind == FolderType::Root);
            root.map(|folder| folder.id.0).unwrap_or_default()
        };
        let tree = |folders: &[inventory::Folder]| {
            folders
                .iter()
                .map(|folder| Folder {
                    id: folder.id.0,
                    parent: folder.parent.map(|parent| parent.0).unwrap_or_default(),
                    name: folder.name.clone(),
                    version: folder.version,
                    type_default: i32::from(folder.kind.code()),
                })
                .collect()
        };
        Inventory {
            root: root(&grant.folders),
            folders: tree(&grant.folders),
            library_root: root(library.folders()),
            library_owner: LIBRARY_OWNER.0,
            library_folders: tree(library.folders()),
        }
    }
}

impl LoginBackend for LoginGate {
    fn login(
        &self,
        request: LoginRequest,
        peer: SocketAddr,
    ) -> BoxFuture<'_, Result<Box<LoginSuccess>, LoginFailure>> {
        Box::pin(async move { self.log_in(request, peer).await.map(Box::new) })
    }

    fn grid_info(&self) -> GridInfo {
        self.grid_info.clone()
    }

    fn grid_stats(&self) -> BoxFuture<'_, GridStats> {
        Box::pin(async {
            let residents = self.shared.services.accounts.count().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "accounts cannot be counted");
                0
            });
            GridStats {
                residents,
                active_users: self.shared.sessions.len() as u64,
                region_count: self.world.regions.len() as u64,
            }
        })
    }

    fn welcome(&self) -> Welcome {
        let grid = &self.shared.config.grid;
        Welcome {
            grid_name: grid.name.clone(),
            login_uri: self.login_uri.clone(),
            message: grid.welcome.clone(),
            regions: self.world.regions.iter().map(|region| region.info.name.clone()).collect(),
            online: self.shared.sessions.len(),
            test_accounts: self.test_accounts.clone(),
        }
    }
}

/// The routes of the public listener.
pub(super) fn router(gate: LoginGate) -> Router {
    let shared = gate.shared.clone();
    let caps = http::caps::Caps {
        registry: gate.caps.clone(),
        services: shared.services.clone(),
        grid: http::caps::GridFacts {
            name: shared.config.grid.name.clone(),
            nick: shared.config.grid.nick.clone(),
            login_uri: gate.login_uri.clone(),
        },
        max_body: shared.config.limits.max_cap_body as usize,
        stop: shared.stop.clone(),
    };
    let max_login_body = shared.config.limits.max_login_body as usize;
    let site = site_guard(&shared.config);
    http::router::router(Arc::new(gate), Arc::new(caps), max_login_body, site)
}

/// Which web pages may use login and capabilities.
fn site_guard(config: &Config) -> SiteGuard {
    let names = [config.network.bind.to_string(), config.network.advertised_host()];
    let guard = if config.network.is_loopback() {
        SiteGuard::this_machine(names)
    } else {
        SiteGuard::reachable(names)
    };
    guard.allowing(config.http.allowed_origins.iter().cloned())
}

fn buddy(friend: &Friend) -> Buddy {
    Buddy {
        id: friend.agent,
        rights_has: friend.has.bits() as i32,
        rights_given: friend.given.bits() as i32,
    }
}

fn wish(start: StartLocation) -> Start {
    match start {
        StartLocation::Last => Start::Last,
        StartLocation::Home => Start::Home,
        StartLocation::Uri { region, x, y, z } => {
            Start::Named { region, position: Vector3 { x, y, z } }
        }
        StartLocation::Safe => Start::Safe,
    }
}

fn refusal(error: &LoginError) -> LoginFailure {
    match error {
        LoginError::UnknownAccount | LoginError::WrongPassword => {
            let text = "The name or the password is wrong.";
            let mut failure = LoginFailure::new(FailureReason::Key, text);
            failure.message_id = Some("LoginFailedAuthenticationFailed".to_owned());
            failure
        }
        LoginError::TooManyFailures { retry_after } => {
            metrics::counter!("holm_logins_limited_total").increment(1);
            let seconds = retry_after.as_secs() + 1;
            let text = format!("Too many failed logins. Please wait {seconds} s and try again.");
            LoginFailure::new(FailureReason::Key, text)
        }
        LoginError::Full => LoginFailure::new(FailureReason::Key, error.to_string()),
        LoginError::Failed(error) => inside(error),
    }
}

/// A fault of the grid's own: the reason is for the log, not for the client.
fn inside(error: &dyn std::fmt::Display) -> LoginFailure {
    tracing::error!(%error, "login failed inside");
    let text = "The grid cannot let you in right now. Please try again.";
    LoginFailure::new(FailureReason::InternalError, text)
}

const fn reals(vector: Vector3) -> [f32; 3] {
    [vector.x, vector.y, vector.z]
}
