//! The sections `[network]` and `[http]`.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::units::{optional, optional_port};

/// `[network]`: addresses, ports, sockets. Port 0 picks a free port and tells it at start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Address of the login and region sockets. IPv4, because `sim_ip` of the login answer is.
    pub bind: Ipv4Addr,
    /// TCP port of login and capabilities.
    pub http_port: u16,
    /// Host name or IPv4 address that clients are told; none: `bind`.
    #[serde(with = "optional")]
    pub external_host: Option<String>,
    /// TCP port of login and capabilities that clients are told; none: `http_port`. For a grid
    /// behind a port mapping, in a container say.
    #[serde(with = "optional_port")]
    pub external_http_port: Option<u16>,
    /// Address of the control listener, whatever `bind` is.
    pub control_bind: Ipv4Addr,
    /// TCP port of the control listener.
    pub control_port: u16,
    /// TCP port on which script hosts connect, at the address of the control listener; none: no
    /// such listener. The WebSocket of the control listener serves them either way.
    #[serde(with = "optional_port")]
    pub script_port: Option<u16>,
    /// Token of the control listener and of script hosts; demanded on any address but loopback.
    #[serde(with = "optional")]
    pub control_token: Option<String>,
    /// Endpoint tasks per region port, by `SO_REUSEPORT` where the system has it.
    pub endpoint_tasks: u16,
    /// Threads on which regions, sockets and requests are served; 0: half of the cores, at least
    /// one. Storage and password hashing have threads of their own.
    pub worker_threads: u16,
    /// `SO_RCVBUF` of region sockets, bytes; the system may grant less.
    pub receive_buffer: u32,
    /// `SO_SNDBUF` of region sockets, bytes; the system may grant less.
    pub send_buffer: u32,
    /// Packets per second accepted from one address that has no circuit.
    pub unknown_source_rate: u32,
    /// Packets such an address may send at once.
    pub unknown_source_burst: u32,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST,
            http_port: 9000,
            external_host: None,
            external_http_port: None,
            control_bind: Ipv4Addr::LOCALHOST,
            control_port: 9001,
            script_port: None,
            control_token: None,
            endpoint_tasks: 1,
            worker_threads: 0,
            receive_buffer: 4 << 20,
            send_buffer: 4 << 20,
            unknown_source_rate: 20,
            unknown_source_burst: 100,
        }
    }
}

impl NetworkConfig {
    /// Whether only this machine reaches the login and the regions.
    pub fn is_loopback(&self) -> bool {
        self.bind.is_loopback()
    }

    /// What clients are told to connect to: a host name or an IPv4 address.
    pub fn advertised_host(&self) -> String {
        self.external_host.clone().unwrap_or_else(|| self.bind.to_string())
    }
}

/// `[http]`: login and capabilities for web pages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Origins of web pages that may log in and use capabilities, such as
    /// `https://viewer.example`; no others may.
    pub allowed_origins: Vec<String>,
}
