//! Values set on the command line, which override all others.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::Config;

/// Values from command-line flags; what is none or false leaves the weaker sources alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--ephemeral`.
    pub ephemeral: bool,
    /// `--bind`.
    pub bind: Option<Ipv4Addr>,
    /// `--http-port`.
    pub http_port: Option<u16>,
    /// `--udp-port`, of the first region.
    pub udp_port: Option<u16>,
    /// `--control-port`.
    pub control_port: Option<u16>,
    /// `--script-port`.
    pub script_port: Option<u16>,
    /// `--free-ports`: every listener picks a free port, unless a flag of its own names one.
    pub free_ports: bool,
    /// `--external-host`.
    pub external_host: Option<String>,
    /// `--external-http-port`.
    pub external_http_port: Option<u16>,
    /// `--external-udp-port`, of the first region.
    pub external_udp_port: Option<u16>,
    /// `--accounts`.
    pub accounts: Option<PathBuf>,
    /// `--open`.
    pub open: bool,
    /// `--seed`.
    pub seed: Option<u64>,
}

impl Overrides {
    pub(super) fn apply(&self, config: &mut Config) {
        if let Some(data) = &self.data {
            config.storage.directory.clone_from(data);
        }
        config.storage.ephemeral |= self.ephemeral;
        if let Some(bind) = self.bind {
            config.network.bind = bind;
        }
        if self.free_ports {
            config.network.http_port = 0;
            config.network.control_port = 0;
            config.network.script_port = config.network.script_port.map(|_| 0);
            config.region.iter_mut().for_each(|region| region.udp_port = 0);
        }
        if let Some(port) = self.http_port {
            config.network.http_port = port;
        }
        if let (Some(port), Some(region)) = (self.udp_port, config.region.first_mut()) {
            region.udp_port = port;
        }
        if let Some(port) = self.control_port {
            config.network.control_port = port;
        }
        if let Some(port) = self.script_port {
            config.network.script_port = Some(port);
        }
        if let Some(host) = &self.external_host {
            config.network.external_host = Some(host.clone());
        }
        if let Some(port) = self.external_http_port {
            config.network.external_http_port = Some(port);
        }
        if let (Some(port), Some(region)) = (self.external_udp_port, config.region.first_mut()) {
            region.external_udp_port = Some(port);
        }
        if let Some(accounts) = &self.accounts {
            config.login.accounts_file = Some(accounts.clone());
        }
        config.login.open |= self.open;
        if let Some(seed) = self.seed {
            config.seed = seed;
        }
    }

    /// The flag that set `key`, if one did.
    pub(super) fn flag_for(&self, key: &str) -> Option<&'static str> {
        self.flag(key).and_then(|(given, flag)| given.then_some(flag))
    }

    /// The flag that sets `key`, if there is one.
    pub fn flag_of(key: &str) -> Option<&'static str> {
        Self::default().flag(key).map(|(_, flag)| flag)
    }

    fn flag(&self, key: &str) -> Option<(bool, &'static str)> {
        Some(match key {
            "storage.directory" => (self.data.is_some(), "--data"),
            "storage.ephemeral" => (self.ephemeral, "--ephemeral"),
            "network.bind" => (self.bind.is_some(), "--bind"),
            "network.http_port" => (self.http_port.is_some(), "--http-port"),
            "region.0.udp_port" => (self.udp_port.is_some(), "--udp-port"),
            "network.control_port" => (self.control_port.is_some(), "--control-port"),
            "network.script_port" => (self.script_port.is_some(), "--script-port"),
            "network.external_http_port" => {
                (self.external_http_port.is_some(), "--external-http-port")
            }
            "region.0.external_udp_port" => {
                (self.external_udp_port.is_some(), "--external-udp-port")
            }
            "network.external_host" => (self.external_host.is_some(), "--external-host"),
            "login.accounts_file" => (self.accounts.is_some(), "--accounts"),
            "login.open" => (self.open, "--open"),
            "seed" => (self.seed.is_some(), "--seed"),
            _ => return None,
        })
    }
}
