//! Typed configuration of a server.
//!
//! Four sources are merged, each overriding the one before it: the defaults below, one TOML file,
//! environment variables (`HOLM_<SECTION>_<KEY>`) and command-line flags ([`Overrides`]). [`load`]
//! merges them and checks ranges; every error names the source of the value, its key and the value.
//!
//! This module must not start anything, open sockets or know who reads a value. Other modules have
//! small configurations of their own, which `server` fills from this one. `config/holm.toml` shows
//! every key with its default; `tests/config.rs` keeps the file and these structs consistent.
//!
//! An optional value that is not set is written as an empty string (`control_token = ""`), so that
//! every key has a visible default. Times are `Duration`s here, and have their unit in the key's
//! name.

mod derived;
mod error;
mod grid;
mod group;
mod limits;
mod load;
mod lsl;
mod network;
mod object;
mod origin;
mod overrides;
mod region;
mod units;
mod validate;

use serde::{Deserialize, Serialize};

pub use derived::derived_agent_id;
pub use error::ConfigError;
pub use grid::{DuplicateLogin, Flavour, GridConfig, LoginConfig, StorageConfig};
pub use group::{GroupConfig, derived_group_id};
pub use limits::{CircuitLimits, EventQueueConfig, IdleAnswer, LimitsConfig};
pub use load::{Loaded, load, load_text};
pub use lsl::LslConfig;
pub use network::{HttpConfig, NetworkConfig};
pub use object::{
    AnswerConfig, BehaviourKind, ClepConfig, ListenConfig, Manner, ObjectConfig, PrimConfig,
    ScriptConfig, Shape,
};
pub use origin::{Origin, Origins};
pub use overrides::Overrides;
pub use region::{Maturity, RegionConfig, TerrainConfig, TerrainKind, derived_region_id};

/// Everything that can be configured. `Config::default()` is a complete, valid configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Seed of every generator in the simulation (not of secrets): the same inputs and the same
    /// seed give the same outputs.
    pub seed: u64,
    /// What the log shows, in the syntax of `RUST_LOG`; that variable and `--log` win over it.
    pub log: String,
    /// Name and manners of the grid.
    pub grid: GridConfig,
    /// Addresses, ports, sockets.
    pub network: NetworkConfig,
    /// Login and capabilities for web pages.
    pub http: HttpConfig,
    /// Who may log in, and how often.
    pub login: LoginConfig,
    /// What is kept, and where.
    pub storage: StorageConfig,
    /// Timers and bounds of UDP circuits.
    pub circuit: CircuitLimits,
    /// The HTTP event queue.
    pub event_queue: EventQueueConfig,
    /// Bounds that no client can exceed.
    pub limits: LimitsConfig,
    /// The chat of scripted objects.
    pub lsl: LslConfig,
    /// The regions, at least one; the first is where unknown start locations lead.
    pub region: Vec<RegionConfig>,
    /// The groups that exist from the start.
    pub group: Vec<GroupConfig>,
    /// The scripted objects that exist from the start.
    pub object: Vec<ObjectConfig>,
    /// The names of CLEP that are watched from the start.
    pub clep: Vec<ClepConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            log: "holm=info,warn".to_owned(),
            grid: GridConfig::default(),
            network: NetworkConfig::default(),
            http: HttpConfig::default(),
            login: LoginConfig::default(),
            storage: StorageConfig::default(),
            circuit: CircuitLimits::default(),
            event_queue: EventQueueConfig::default(),
            limits: LimitsConfig::default(),
            lsl: LslConfig::default(),
            region: vec![RegionConfig::default()],
            group: vec![GroupConfig::default()],
            object: Vec::new(),
            clep: Vec::new(),
        }
    }
}

impl Config {
    /// Whether the ready-made accounts (`Test User`, `Alice Tester`, `Bob Tester`) are to exist:
    /// only when nobody but this machine can reach the login and no accounts were given.
    pub fn offers_test_accounts(&self) -> bool {
        self.login.test_accounts
            && self.network.is_loopback()
            && self.login.accounts_file.is_none()
            && !self.login.open_anywhere
    }

    /// The groups that are to exist, with their numbers in `group`. That of the ready-made accounts,
    /// unchanged, is left out where those are not offered: nobody asked for it there.
    pub fn wanted_groups(&self) -> impl Iterator<Item = (usize, &GroupConfig)> {
        let offered = self.offers_test_accounts();
        let ready_made = GroupConfig::default();
        let groups = self.group.iter().enumerate();
        groups.filter(move |(_, group)| offered || **group != ready_made)
    }

    /// Whether an unknown name creates an account at its first login.
    pub fn opens_accounts(&self) -> bool {
        self.login.open && (self.login.open_anywhere || self.network.is_loopback())
    }

    /// The effective configuration as TOML with the control token blotted out.
    ///
    /// # Errors
    /// A value that TOML cannot hold, which validation excludes.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        let mut shown = self.clone();
        if shown.network.control_token.is_some() {
            shown.network.control_token = Some("(hidden)".to_owned());
        }
        toml::to_string(&shown).map_err(|error| ConfigError::Unprintable(error.to_string()))
    }
}
