//! `holm serve`: starts the server, prints where it listens, and waits until it is stopped.

use std::io::{self, Write};

use super::exit::{self, Failure};
use super::output::{Event, Output, Ready, ReadyRegion};
use super::signals::Signals;
use crate::config::{Config, Loaded, Origin, Origins, Overrides};
use crate::http::{raise_open_files, settle_thread};
use crate::server::{Addresses, Server, ServerError};
use crate::services::groups::ConfiguredGroupError;

/// The password of the ready-made accounts.
const TEST_PASSWORD: &str = "test";

/// Serves until Ctrl-C, SIGTERM or the control API says stop.
///
/// # Errors
/// When the server cannot start, or cannot flush its store at the end.
pub fn run(loaded: Loaded, output: &mut Output<io::Stdout>) -> Result<(), Failure> {
    runtime(&loaded.config)?.block_on(serve(loaded, output))
}

/// What a server runs on.
pub(super) fn runtime(config: &Config) -> Result<tokio::runtime::Runtime, Failure> {
    // Each long poll is a connection; the usual limit would let in about a thousand agents.
    if let Err(error) = raise_open_files() {
        tracing::warn!(%error, "the limit on open files stays as it is");
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(worker_threads(config.network.worker_threads))
        .on_thread_start(settle_thread)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::INTERNAL, format!("no runtime: {error}")))
}

/// By default half of the cores: a region and its endpoint hand each other every line, and where
/// they share a thread that costs no wake-up.
fn worker_threads(configured: u16) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match usize::from(configured) {
        0 => (cores / 2).max(1),
        threads => threads,
    }
}

async fn serve(loaded: Loaded, output: &mut Output<io::Stdout>) -> Result<(), Failure> {
    let Loaded { config, origins, .. } = loaded;
    let open = config.opens_accounts();
    let data = data_directory(&config);
    // Before anybody can know that there is something to stop.
    let mut signals = Signals::listen()?;
    let started = tokio::select! {
        started = Server::start(config) => started,
        _ = signals.next() => {
            output.event(&Event::Stopping { reason: "signal".to_owned() })?;
            output.event(&Event::Stopped)?;
            return Ok(());
        }
    };
    let server = started.map_err(|error| not_started(&origins, error))?;
    announce(&server, open, data, output)?;
    let reason = tokio::select! {
        () = server.stopped() => "control",
        _ = signals.next() => "signal",
    };
    output.event(&Event::Stopping { reason: reason.to_owned() })?;
    server.stop().await?;
    output.event(&Event::Stopped)?;
    Ok(())
}

/// Tells where the server listens and who may log in.
pub(super) fn announce<W: Write>(
    server: &Server,
    open: bool,
    data: Option<String>,
    output: &mut Output<W>,
) -> io::Result<()> {
    output.event(&Event::Ready(ready(server.addresses(), data)))?;
    if !server.test_accounts().is_empty() {
        let names = server.test_accounts().to_vec();
        output.event(&Event::TestAccounts { names, password: TEST_PASSWORD.to_owned() })?;
    }
    if open {
        output.event(&Event::OpenAccounts)?;
    }
    Ok(())
}

/// Where everything is kept, as a path that means the same from anywhere; none in memory.
pub(super) fn data_directory(config: &Config) -> Option<String> {
    let directory = (!config.storage.ephemeral).then_some(&config.storage.directory)?;
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
    Some(absolute.display().to_string())
}

fn ready(addresses: &Addresses, data_directory: Option<String>) -> Ready {
    let regions = addresses.regions.iter().map(|region| ReadyRegion {
        name: region.name.clone(),
        uuid: region.id.0,
        x: region.grid_x,
        y: region.grid_y,
        udp: region.address.to_string(),
    });
    Ready {
        login_uri: addresses.login_uri.clone(),
        control_uri: addresses.control_uri.clone(),
        script_address: addresses.script_address.map(|address| address.to_string()),
        data_directory,
        regions: regions.collect(),
        pid: std::process::id(),
    }
}

/// Waits for Ctrl-C or SIGTERM.
#[cfg(unix)]
pub(super) async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return interrupt().await;
    };
    tokio::select! {
        () = interrupt() => {}
        _ = terminate.recv() => {}
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn signal() {
    interrupt().await;
}

async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system ends the process; waiting is all that is left.
        std::future::pending::<()>().await;
    }
}

/// Why the server did not start, with the place of the value that is to blame.
pub(super) fn not_started(origins: &Origins, error: ServerError) -> Failure {
    let place = error.key().map(|key| origins.of(key)).filter(|origin| *origin != Origin::Default);
    let flag = error.key().and_then(Overrides::flag_of);
    let taken = matches!(&error, ServerError::Bind { source, .. }
        if source.kind() == io::ErrorKind::AddrInUse);
    let mut failure = Failure::from(error);
    if let Some(place) = place {
        failure.message = format!("{place}: {failure}");
    }
    match flag {
        Some(flag) if taken => {
            failure.message.push_str("; choose another port with ");
            failure.message.push_str(flag);
            failure.message.push_str(", or any with --free-ports");
        }
        _ => {}
    }
    failure
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        let code = match &error {
            ServerError::Bind { .. } => exit::BIND,
            ServerError::Storage(_) | ServerError::Store(_) | ServerError::StoreGone => {
                exit::STORAGE
            }
            ServerError::ConfiguredGroup(ConfiguredGroupError::Failed { .. }) => exit::STORAGE,
            ServerError::NoAddress { .. }
            | ServerError::Control(_)
            | ServerError::ConfiguredObject(_)
            | ServerError::ConfiguredGroup(ConfiguredGroupError::Value { .. }) => exit::CONFIG,
            ServerError::AccountFile(_)
            | ServerError::File { .. }
            | ServerError::Terrain { .. } => exit::INPUT,
            ServerError::Clock => exit::REFUSED,
            ServerError::System(_) | ServerError::Account(_) => exit::INTERNAL,
        };
        Self::new(code, error.to_string())
    }
}
