//! Regions, and the endpoints of their ports.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{ServerError, Shared, objects_gate};
use crate::circuit::{CircuitConfig, QueueLimit};
use crate::config::{Config, Flavour, NetworkConfig, RegionConfig, TerrainKind};
use crate::ids::{AgentId, RegionId};
use crate::lsl;
use crate::message::{self, DisableSimulator, Vector3};
use crate::outbox::EndpointLink;
use crate::region::terrain::Heightmap;
use crate::region::{self, Region, RegionInfo, RegionLink, RegionSettings, Speeds};
use crate::session::Context;
use crate::session::counters::MessageCounters;
use crate::udp::{self, Endpoint, EndpointSettings, SocketSettings};

/// How long an ended circuit repeats its farewell and its acks.
const LINGER: Duration = Duration::from_secs(5);
/// Bytes that an unproven address is sent for each byte that came from it.
const UNPROVEN_RATIO: u32 = 3;

/// Everything that runs on UDP ports.
pub(super) struct World {
    pub(super) regions: Arc<[RegionLink]>,
    pub(super) endpoints: Vec<EndpointLink>,
}

/// The IPv4 address that clients are told: names are looked up once, because login answers carry
/// only addresses.
pub(super) fn advertised_address(network: &NetworkConfig) -> Result<Ipv4Addr, ServerError> {
    let host = network.advertised_host();
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        // A wildcard is no address that a client could send to.
        return Ok(if address.is_unspecified() { Ipv4Addr::LOCALHOST } else { address });
    }
    let mut found = (host.as_str(), 0).to_socket_addrs().into_iter().flatten();
    found
        .find_map(|address| match address.ip() {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        })
        .ok_or(ServerError::NoAddress { host })
}

/// Binds every region's port and starts its tasks. `owner` owns the estate and the land.
pub(super) fn start(
    shared: &Arc<Shared>,
    host: Ipv4Addr,
    owner: AgentId,
    tasks: &TaskTracker,
) -> Result<World, ServerError> {
    let config = &shared.config;
    let mut opened = Vec::new();
    for (number, region) in config.region.iter().enumerate() {
        let sockets = bind(config, number, region)?;
        let bound = sockets[0].local_addr().map_err(ServerError::System)?.port();
        let port = region.external_udp_port.unwrap_or(bound);
        let heightmap = heightmap(config, number, region)?;
        let info = Arc::new(info(region, SocketAddrV4::new(host, port), owner));
        let (commands, receiver) = mpsc::channel(config.limits.region_queue as usize);
        opened.push((RegionLink { info, commands }, heightmap, receiver, sockets));
    }
    let regions: Arc<[RegionLink]> = opened.iter().map(|(link, ..)| link.clone()).collect();
    let gate = objects_gate::start(&shared.services, tasks);
    let mut endpoints = Vec::new();
    for (link, heightmap, receiver, sockets) in opened {
        let region = Region::new(link.info.clone(), heightmap, config.seed, settings(shared))
            .with_gate(gate.clone());
        let run = region::task::run(region, receiver, shared.clock.clone(), shared.stop.clone());
        tasks.spawn(run);
        let context = Arc::new(Context {
            region: link,
            regions: regions.clone(),
            sessions: shared.sessions.clone(),
            services: shared.services.clone(),
            counters: MessageCounters::new(),
            tasks: tasks.clone(),
            im_rate: config.limits.instant_messages_per_second,
            waiting_bytes: config.limits.waiting_request_bytes as usize,
        });
        for socket in sockets {
            let number = endpoints.len() as u32;
            let capacity = config.limits.outbox_queue as usize;
            let (endpoint, commands) = EndpointLink::channel(number, capacity);
            let settings = endpoint_settings(config);
            let task = Endpoint::new(socket, context.clone(), settings, endpoint.clone(), commands);
            tasks.spawn(task.run(shared.stop.clone()));
            endpoints.push(endpoint);
        }
    }
    Ok(World { regions, endpoints })
}

fn bind(
    config: &Config,
    number: usize,
    region: &RegionConfig,
) -> Result<Vec<UdpSocket>, ServerError> {
    let network = &config.network;
    let address = SocketAddr::from((network.bind, region.udp_port));
    let settings = SocketSettings {
        receive_buffer: network.receive_buffer as usize,
        send_buffer: network.send_buffer as usize,
    };
    udp::bind(address, usize::from(network.endpoint_tasks), settings).map_err(|source| {
        ServerError::Bind { key: format!("region.{number}.udp_port"), address, source }
    })
}

fn info(region: &RegionConfig, address: SocketAddrV4, owner: AgentId) -> RegionInfo {
    let [x, y, z] = region.spawn;
    RegionInfo {
        address,
        owner,
        water_height: region.water_height,
        sim_access: region.maturity.sim_access(),
        max_agents: region.max_agents,
        spawn: Vector3 { x, y, z },
        ..RegionInfo::new(RegionId(region.id()), &region.name, region.x, region.y)
    }
}

fn heightmap(
    config: &Config,
    number: usize,
    region: &RegionConfig,
) -> Result<Heightmap, ServerError> {
    let terrain = &region.terrain;
    let place =
        || (format!("region.{number}.terrain.file"), terrain.file.clone().unwrap_or_default());
    let wrong = |source| {
        let (key, file) = place();
        ServerError::Terrain { key, file, source }
    };
    let read = || {
        let (key, file) = place();
        std::fs::read(&file).map_err(|source| ServerError::File { key, file, source })
    };
    match terrain.kind {
        TerrainKind::Flat => Ok(Heightmap::flat(terrain.height)),
        TerrainKind::Noise => {
            let seed = config.seed.wrapping_add(terrain.seed);
            Ok(Heightmap::noise(terrain.height, terrain.amplitude, seed))
        }
        TerrainKind::Raw => Heightmap::from_raw(&read()?).map_err(wrong),
        TerrainKind::Png => {
            let white = terrain.height + terrain.amplitude;
            Heightmap::from_png(&read()?, terrain.height, white).map_err(wrong)
        }
    }
}

fn settings(shared: &Shared) -> RegionSettings {
    RegionSettings {
        speeds: match shared.config.grid.flavour {
            Flavour::OpenSim => Speeds::OPENSIM,
            Flavour::SecondLife => Speeds::SECOND_LIFE,
        },
        bus: bus(&shared.config),
        chat_copies_per_second: shared.config.limits.chat_copies_per_second,
        unix_at_origin: shared.clock.unix().saturating_sub(shared.clock.now().since_origin()),
        ..RegionSettings::default()
    }
}

/// The chat of avatars and objects.
fn bus(config: &Config) -> lsl::Settings {
    let mut settings = lsl::Settings::new(config.grid.flavour);
    if config.lsl.listens_per_script > 0 {
        settings.rules.listens_per_script = config.lsl.listens_per_script as usize;
    }
    let most = config.region.iter().map(|region| region.max_agents as usize).max();
    lsl::Settings {
        ranges: lsl::Ranges {
            whisper: config.lsl.whisper_range,
            say: config.lsl.say_range,
            shout: config.lsl.shout_range,
        },
        throttles: config.lsl.throttles,
        delays: config.lsl.delays,
        shuffle_region_say_to: config.lsl.shuffle_region_say_to,
        avatars: settings.avatars.max(most.unwrap_or_default()),
        ..settings
    }
}

fn endpoint_settings(config: &Config) -> EndpointSettings {
    let limits = &config.circuit;
    let queued = limits.max_queued_bytes as usize;
    EndpointSettings {
        circuit: CircuitConfig {
            ack_delay: limits.ack_delay,
            ping_interval: Some(limits.ping_interval),
            give_up_after: limits.give_up_after,
            unacked_limit: QueueLimit {
                packets: limits.max_unacked_packets as usize,
                bytes: limits.max_unacked_bytes as usize,
            },
            category_limit: QueueLimit { packets: queued / 256, bytes: queued },
            idle_timeout: limits.inactivity,
            paused_timeout: limits.paused_inactivity,
            unproven_ratio: Some(UNPROVEN_RATIO),
            throttle_max: limits.max_bytes_per_second,
            farewell: message::encode(&DisableSimulator::default()).ok(),
            ..CircuitConfig::default()
        },
        stranger_rate: config.network.unknown_source_rate,
        stranger_burst: config.network.unknown_source_burst,
        circuit_code_lifetime: config.login.circuit_code_lifetime,
        linger: LINGER,
    }
}
