//! The whole server: the only place that connects storage, services, regions, sockets and HTTP.
//!
//! [`Server::start`] returns when everything is bound and a login would succeed;
//! [`Server::stopped`] when somebody has asked the server to stop. [`Server::stop`] logs every
//! agent out, answers every poll, flushes the store and returns.

mod control;
mod doors;
mod error;
mod figures;
mod login;
mod metrics;
mod objects;
mod objects_gate;
mod people;
mod turns;
mod upkeep;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cluster::LocalBus;
use crate::config::{Config, GroupConfig, RegionConfig, derived_agent_id};
use crate::http;
use crate::ids::{AgentId, GroupId, RegionId};
use crate::region::RegionInfo;
use crate::scripts::{self, ObjectAccess};
use crate::services::accounts::{self, AccountName, Accounts, AccountsConfig};
use crate::services::assets::Assets;
use crate::services::groups::ConfiguredGroup;
use crate::services::offline::OfflineSettings;
use crate::services::store::{Store, StoreHandle};
use crate::services::{ServiceSettings, Services};
use crate::session::Sessions;
use crate::storage;
use crate::time::{Clock, SystemClock};

pub use error::ServerError;
pub use objects::ConfiguredObjectError;

/// How long the clients that a stop has thrown out still find the HTTP listener: some say `done` to
/// their event queue when they hear of it, and end their own process if that fails.
const FAREWELL: Duration = Duration::from_secs(1);
/// Everything must have ended this long after [`Server::stop`] was called.
const STOP_WITHIN: Duration = Duration::from_secs(4);

/// Connections that may wait to be accepted: as many clients may log in at the same moment. What is
/// beyond it tries again a second later.
const BACKLOG: u32 = 4096;

/// Where a running server listens.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// What clients are pointed at.
    pub login_uri: String,
    /// Base of the control API.
    pub control_uri: String,
    /// Where script hosts connect, if that listener was asked for.
    pub script_address: Option<SocketAddr>,
    /// The regions in configured order; their addresses are those told to clients.
    pub regions: Vec<Arc<RegionInfo>>,
}

/// A running server.
pub struct Server {
    addresses: Addresses,
    test_accounts: Vec<String>,
    store: StoreHandle,
    router: Router,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Set by who does not want the farewell that real clients get.
    hurry: CancellationToken,
}

/// What all parts of one server share.
struct Shared {
    config: Config,
    clock: Arc<dyn Clock>,
    store: StoreHandle,
    services: Services,
    sessions: Arc<Sessions>,
    bus: Arc<LocalBus>,
    stop: CancellationToken,
}

impl Server {
    /// Starts everything that `config` names.
    ///
    /// # Errors
    /// When the store, the accounts, a terrain, an object or a listener cannot be created.
    pub async fn start(config: Config) -> Result<Self, ServerError> {
        let metrics = metrics::install();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        check_clock(clock.as_ref())?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());

        let store = open_store(&config)?;
        let accounts = Accounts::new(
            store.clone(),
            clock.clone(),
            AccountsConfig {
                seed: config.storage.ephemeral.then_some(config.seed),
                ..AccountsConfig::new(&config.login, config.storage.ephemeral)
            },
        );
        let test_accounts = create_accounts(&config, &accounts).await?;

        let network = &config.network;
        let http = listen("network.http_port", network.bind, network.http_port)?;
        let control = listen("network.control_port", network.control_bind, network.control_port)?;
        let hosts = network
            .script_port
            .map(|port| listen("network.script_port", network.control_bind, port))
            .transpose()?;
        let script_address =
            hosts.as_ref().map(TcpListener::local_addr).transpose().map_err(ServerError::System)?;
        let http_port = network.external_http_port.map_or_else(|| port_of(&http), Ok)?;
        let host = world::advertised_address(network)?;
        let login_uri = format!("http://{}:{http_port}/", network.advertised_host());
        let control_uri = format!("http://{}:{}/", network.control_bind, port_of(&control)?);

        let first_region =
            RegionId(config.region.first().map(RegionConfig::id).unwrap_or_default());
        let bus = Arc::new(LocalBus::default());
        let assets = Assets::built_in(first_region);
        let services =
            Services::new(&store, bus.clone(), clock.clone(), accounts, assets, settings(&config));
        services.groups.ensure(wanted_groups(&config)).await?;
        let shared = Arc::new(Shared {
            clock,
            services,
            store: store.clone(),
            sessions: Arc::new(Sessions::default()),
            bus,
            stop: stop.clone(),
            config,
        });
        let inside = TaskTracker::new();
        let owner = estate_owner(&test_accounts, &shared.services.accounts).await?;
        let world = Arc::new(world::start(&shared, host, owner, &inside)?);
        inside.close();
        let accounts = shared.services.accounts.clone();
        let objects = ObjectAccess::new(world.regions.clone(), accounts);
        if let Err(error) = objects::create(&shared.config, &objects).await {
            stop.cancel();
            return Err(error.into());
        }
        let gate = login::LoginGate::new(
            shared.clone(),
            world.clone(),
            &login_uri,
            http_port,
            &test_accounts,
        );
        let places = doors::places(&shared.config);
        let backend = control::Backend::new(
            shared.clone(),
            world.clone(),
            objects.clone(),
            metrics,
            places.public.clone(),
        );

        let control_router =
            http::control::router(Arc::new(backend), control::access(&shared.config, &control)?)?;
        let serve = http::serve::ServeSettings::default();
        let doors = CancellationToken::new();
        let hurry = CancellationToken::new();
        let quiet = CancellationToken::new();
        tasks.spawn(shared.services.offline.clone().keep_returns(quiet.clone()));
        let farewell = Farewell { sessions: shared.sessions.clone(), hurry: hurry.clone(), quiet };
        tasks.spawn(close_doors(inside, farewell, stop.clone(), doors.clone()));
        let main_router = login::router(gate);
        let router = main_router.clone();
        let clock = &shared.clock;
        tasks.spawn(http::serve::serve(
            http,
            main_router,
            places.public,
            clock.clone(),
            serve.clone(),
            doors,
        ));
        tasks.spawn(http::serve::serve(
            control,
            control_router,
            places.control,
            clock.clone(),
            serve,
            stop.clone(),
        ));
        if let Some(hosts) = hosts {
            let token = shared.config.network.control_token.clone();
            tasks.spawn(scripts::tcp::serve(hosts, objects, token, stop.clone()));
        }
        tasks.spawn(upkeep::run(shared.clone(), world.clone()));
        tasks.close();

        let regions = world.regions.iter().map(|region| region.info.clone()).collect();
        note_server(&shared.config, &control_uri);
        let addresses = Addresses { login_uri, control_uri, script_address, regions };
        Ok(Self { addresses, test_accounts, store, router, stop, tasks, hurry })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The names of the ready-made accounts, if they exist.
    pub fn test_accounts(&self) -> &[String] {
        &self.test_accounts
    }

    /// The routes of the public listener, for requests without a socket. Each request needs the
    /// extension `ConnectInfo<SocketAddr>`.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Completes when the control API asked for a stop.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// As [`Self::stop`], without the second in which clients that were thrown out still find the
    /// HTTP listener.
    pub async fn stop_at_once(self) -> Result<(), ServerError> {
        self.hurry.cancel();
        self.stop().await
    }

    /// Ends everything. What was acknowledged is on disk when this returns.
    ///
    /// # Errors
    /// When the store could not be flushed.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.stop.cancel();
        if tokio::time::timeout(STOP_WITHIN, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "stopped without waiting any longer");
        }
        match self.store.shutdown().await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ServerError::Store(error)),
            Err(_) => Err(ServerError::StoreGone),
        }
    }
}

/// Who may still need the public listener.
struct Farewell {
    sessions: Arc<Sessions>,
    hurry: CancellationToken,
    /// Cancelled when no circuit is left: no message comes back any more.
    quiet: CancellationToken,
}

/// Closes the public listener once regions and endpoints have ended and nobody needs it any more:
/// only clients that the stop has thrown out hear of it now, those that logged out know.
async fn close_doors(
    inside: TaskTracker,
    farewell: Farewell,
    stop: CancellationToken,
    doors: CancellationToken,
) {
    stop.cancelled().await;
    inside.wait().await;
    farewell.quiet.cancel();
    if farewell.sessions.has_thrown_out() {
        // Over early if somebody is in a hurry.
        let _ = tokio::time::timeout(FAREWELL, farewell.hurry.cancelled()).await;
    }
    doors.cancel();
}

fn settings(config: &Config) -> ServiceSettings {
    let offline = OfflineSettings {
        max_messages: u64::from(config.limits.offline_messages),
        max_per_sender: u64::from(config.limits.offline_messages_per_sender),
        keep: Duration::from_secs(u64::from(config.limits.offline_days) * 24 * 3600),
        flavour: config.grid.flavour,
    };
    let session_copies_per_second = config.limits.session_copies_per_second;
    ServiceSettings { offline, session_copies_per_second }
}

/// Refuses a clock from before 1970: the HTTP library panics at each connection then. One that is
/// set back later does no such harm, see [`http::settle_thread`].
fn check_clock(clock: &dyn Clock) -> Result<(), ServerError> {
    if clock.unix().is_zero() { Err(ServerError::Clock) } else { Ok(()) }
}

/// So that commands about the accounts find the way to this server.
fn note_server(config: &Config, control_uri: &str) {
    if config.storage.ephemeral {
        return;
    }
    // Whoever is on this machine reaches a listener on every address by the one of loopback.
    let uri = control_uri.replace("//0.0.0.0:", "//127.0.0.1:");
    if let Err(error) = storage::note_server(&config.storage.directory, &uri) {
        tracing::warn!(%error, "commands about accounts will not find this server");
    }
}

fn open_store(config: &Config) -> Result<StoreHandle, ServerError> {
    let store: Box<dyn Store> = if config.storage.ephemeral {
        Box::new(storage::SqliteStore::in_memory()?)
    } else {
        Box::new(storage::SqliteStore::open(&config.storage.directory)?)
    };
    let rehearse = config.storage.rehearse;
    let spawn = if rehearse { StoreHandle::spawn_rehearsing } else { StoreHandle::spawn };
    spawn(store).map_err(ServerError::System)
}

/// Creates what the configuration wants and is missing; the names of the ready-made ones.
async fn create_accounts(config: &Config, accounts: &Accounts) -> Result<Vec<String>, ServerError> {
    if let Some(file) = &config.login.accounts_file {
        let text = read_accounts(file)?;
        let wanted = accounts::parse_account_file(&text, &file.display().to_string())?;
        let made = accounts.ensure(&wanted).await?;
        tracing::info!(file = %file.display(), made, "accounts file read");
    }
    if !config.offers_test_accounts() {
        return Ok(Vec::new());
    }
    let mut wanted = accounts::default_accounts()?;
    for account in &mut wanted {
        let derived = || AgentId(derived_agent_id(config.seed, &account.name.key()));
        account.id.get_or_insert_with(derived);
    }
    accounts.ensure_public(&wanted).await?;
    Ok(wanted.iter().map(|a| format!("{} {}", a.name.first(), a.name.last())).collect())
}

/// Who owns the regions and their land: the first ready-made account, else the oldest.
async fn estate_owner(ready_made: &[String], accounts: &Accounts) -> Result<AgentId, ServerError> {
    let named = match ready_made.first().map(|name| AccountName::parse(name)) {
        Some(Ok(name)) => accounts.find(&name).await?,
        _ => None,
    };
    let owner = match named {
        Some(owner) => Some(owner),
        None => accounts.oldest().await?,
    };
    Ok(owner.map(|owner| owner.id).unwrap_or_default())
}

fn wanted_groups(config: &Config) -> Vec<ConfiguredGroup> {
    let wanted = |(number, group): (usize, &GroupConfig)| ConfiguredGroup {
        key: format!("group.{number}"),
        id: GroupId(group.id()),
        name: group.name.clone(),
        charter: group.charter.clone(),
        open: group.open,
        founder: group.founder.clone(),
        members: group.members.clone(),
    };
    config.wanted_groups().map(wanted).collect()
}

fn read_accounts(file: &Path) -> Result<String, ServerError> {
    std::fs::read_to_string(file).map_err(|source| ServerError::File {
        key: "login.accounts_file".to_owned(),
        file: file.to_owned(),
        source,
    })
}

fn listen(key: &str, ip: Ipv4Addr, port: u16) -> Result<TcpListener, ServerError> {
    let address = SocketAddr::from((ip, port));
    let bind = || {
        let socket = TcpSocket::new_v4()?;
        // The port is free again at once when the server is started again.
        socket.set_reuseaddr(cfg!(unix))?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|source| ServerError::Bind { key: key.to_owned(), address, source })
}

fn port_of(listener: &TcpListener) -> Result<u16, ServerError> {
    listener.local_addr().map(|address| address.port()).map_err(ServerError::System)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{ManualClock, Timestamp};

    /// Shows the time that [`SystemClock`] makes of one before 1970.
    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::ZERO
        }

        fn unix(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[test]
    fn a_clock_before_1970_is_refused_at_start() {
        assert!(check_clock(&ManualClock::default()).is_ok());
        let error = check_clock(&Stopped).unwrap_err();
        assert!(error.to_string().contains("before 1970"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_after_the_last_logout_waits_for_nobody() {
        let inside = TaskTracker::new();
        inside.close();
        let stop = CancellationToken::new();
        stop.cancel();
        let doors = CancellationToken::new();
        let farewell = Farewell {
            sessions: Arc::default(),
            hurry: CancellationToken::new(),
            quiet: CancellationToken::new(),
        };
        let began = tokio::time::Instant::now();
        close_doors(inside, farewell, stop, doors.clone()).await;
        assert!(doors.is_cancelled());
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
