//! The flags of `holm serve`. They are a stable interface: a change is a breaking change.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::Args;

use crate::config::{self, ConfigError, Loaded, Overrides};

const NETWORK: &str = "Network";
const ACCOUNTS: &str = "Accounts";

/// Flags of `holm serve`; each overrides the environment and the configuration file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Grid")]
pub struct ServeArgs {
    /// Configuration file (TOML); `holm config --example` prints every key
    #[arg(long, value_name = "FILE", env = "HOLM_CONFIG")]
    config: Option<PathBuf>,
    /// Directory of the database [default: holm-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Keep everything in memory and discard it at the end
    #[arg(long)]
    ephemeral: bool,
    /// IPv4 address for login and regions [default: 127.0.0.1]
    #[arg(long, value_name = "IP", help_heading = NETWORK)]
    bind: Option<Ipv4Addr>,
    /// TCP port for login and capabilities; 0 picks a free one [default: 9000]
    #[arg(long, value_name = "N", help_heading = NETWORK)]
    http_port: Option<u16>,
    /// UDP port of the first region; 0 picks a free one [default: 9000]
    #[arg(long, value_name = "N", help_heading = NETWORK)]
    udp_port: Option<u16>,
    /// TCP port of the control API; 0 picks a free one [default: 9001]
    #[arg(long, value_name = "N", help_heading = NETWORK)]
    control_port: Option<u16>,
    /// TCP port for script hosts; 0 picks a free one [default: none, only the WebSocket of the
    /// control API]
    #[arg(long, value_name = "N", help_heading = NETWORK)]
    script_port: Option<u16>,
    /// Pick a free port for every listener whose port is not set by another flag
    #[arg(long, help_heading = NETWORK)]
    free_ports: bool,
    /// Host name or IPv4 address that clients are given [default: the address of --bind]
    #[arg(long, value_name = "HOST", help_heading = NETWORK)]
    external_host: Option<String>,
    /// TCP port that clients are given, if a port mapping changes it [default: the login port]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = NETWORK)]
    external_http_port: Option<u16>,
    /// UDP port of the first region that clients are given [default: the region's port]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = NETWORK)]
    external_udp_port: Option<u16>,
    /// JSON array of {"first","last","password","uuid"?}; missing accounts are created
    #[arg(long, value_name = "FILE", help_heading = ACCOUNTS)]
    accounts: Option<PathBuf>,
    /// Create an account at the first login with an unknown name; on loopback only
    #[arg(long, help_heading = ACCOUNTS)]
    open: bool,
    /// Seed of the simulation's random generators [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
}

/// Flags of `holm config`.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// Those of a server.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// Print a sample file instead: every key with its default and a comment
    #[arg(long)]
    example: bool,
}

impl ConfigArgs {
    /// The example, if it was asked for.
    pub fn shown(&self) -> Option<&'static str> {
        self.example.then_some(include_str!("../../config/holm.toml"))
    }
}

impl ServeArgs {
    /// The flags as configuration values.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            data: self.data.clone(),
            ephemeral: self.ephemeral,
            bind: self.bind,
            http_port: self.http_port,
            udp_port: self.udp_port,
            control_port: self.control_port,
            script_port: self.script_port,
            free_ports: self.free_ports,
            external_host: self.external_host.clone(),
            external_http_port: self.external_http_port,
            external_udp_port: self.external_udp_port,
            accounts: self.accounts.clone(),
            open: self.open,
            seed: self.seed,
        }
    }

    /// The configuration from these flags, the environment and the file.
    ///
    /// # Errors
    /// The file cannot be read, a key does not exist, a value is bad.
    pub fn load(
        &self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigError> {
        config::load(self.config.as_deref(), environment, &self.overrides())
    }

    /// The flags for a grid that lives as long as one command: unless a flag says otherwise, it is
    /// in memory and on free ports, including one for script hosts.
    #[must_use]
    pub fn for_one_command(&self) -> Self {
        let mut args = self.clone();
        args.free_ports = true;
        args.ephemeral |= args.data.is_none();
        args.script_port.get_or_insert(0);
        args
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct ServeLine {
        #[command(flatten)]
        args: ServeArgs,
    }

    #[test]
    fn every_promised_flag_reaches_the_configuration() {
        let line = "serve --data d --ephemeral --bind 127.0.0.2 --http-port 0 --udp-port 1 \
                    --control-port 2 --script-port 3 --external-host example.org \
                    --external-http-port 4 --external-udp-port 5 \
                    --accounts a.json --open --seed 7";
        let args = ServeLine::parse_from(line.split_whitespace()).args;
        let config = args.load([]).unwrap().config;
        assert_eq!(config.storage.directory, PathBuf::from("d"));
        assert!(config.storage.ephemeral && config.login.open);
        assert_eq!(config.network.bind, Ipv4Addr::new(127, 0, 0, 2));
        assert_eq!((config.network.http_port, config.network.control_port), (0, 2));
        assert_eq!((config.network.script_port, config.region[0].udp_port), (Some(3), 1));
        assert_eq!(config.network.external_http_port, Some(4));
        assert_eq!(config.region[0].external_udp_port, Some(5));
        assert_eq!(config.network.external_host.as_deref(), Some("example.org"));
        assert_eq!(config.login.accounts_file, Some(PathBuf::from("a.json")));
        assert_eq!(config.seed, 7);
    }

    #[test]
    fn help_states_the_real_defaults() {
        let config = config::Config::default();
        let network = &config.network;
        for (flag, default) in [
            ("data", config.storage.directory.display().to_string()),
            ("bind", network.bind.to_string()),
            ("http_port", network.http_port.to_string()),
            ("control_port", network.control_port.to_string()),
            ("udp_port", config.region[0].udp_port.to_string()),
            ("seed", config.seed.to_string()),
        ] {
            let command = <ServeLine as clap::CommandFactory>::command();
            let help = command
                .get_arguments()
                .find(|argument| argument.get_id() == flag)
                .and_then(|argument| argument.get_help())
                .unwrap()
                .to_string();
            assert!(help.ends_with(&format!("[default: {default}]")), "{flag}: {help}");
        }
    }

    #[test]
    fn configuration_file_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[grid]\nname = \"Test\"").unwrap();
        let path = file.path().to_str().unwrap();
        let args = ServeLine::parse_from(["serve", "--config", path]).args;
        assert_eq!(args.load([]).unwrap().config.grid.name, "Test");
    }
}
