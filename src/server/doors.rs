//! How many connections the listeners accept, and how many open files are reserved.

use std::sync::Arc;

use crate::config::Config;
use crate::http::connections::{ConnectionLimits, Connections};
use crate::http::open_files_limit;

/// The connections of each HTTP listener.
pub(super) struct Places {
    /// Login and capabilities.
    pub(super) public: Arc<Connections>,
    /// The control API.
    pub(super) control: Arc<Connections>,
}

/// As the configuration and the system allow.
pub(super) fn places(config: &Config) -> Places {
    let limits = &config.limits;
    let wanted = limits.max_http_connections as usize;
    let most = affordable(config, open_files_limit());
    if most < wanted {
        tracing::warn!(
            wanted,
            most,
            "the limit on open files allows fewer connections than limits.max_http_connections"
        );
    }
    // A single address must not get them all, or nobody else gets in.
    let share = (most * 3).div_ceil(4);
    let per_address = share.min(limits.max_http_connections_per_address as usize);
    let control = limits.max_control_connections as usize;
    let control = ConnectionLimits { most: control, per_address: control };
    Places {
        public: Connections::new("public", ConnectionLimits { most, per_address }),
        control: Connections::new("control", control),
    }
}

/// Connections that login and capabilities may hold when the process may have `files` open.
fn affordable(config: &Config, files: Option<u64>) -> usize {
    let limits = &config.limits;
    let wanted = limits.max_http_connections as usize;
    let Some(files) = files else { return wanted };
    let sockets = config.region.len() as u64 * u64::from(config.network.endpoint_tasks);
    let left = files.saturating_sub(u64::from(limits.reserved_files) + sockets);
    // Where the limit is that low, half for everything else must do.
    let left = left.max(files / 2).max(1);
    wanted.min(usize::try_from(left).unwrap_or(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_files_are_kept_back_for_everything_else() {
        let config = Config::default();
        for (files, most) in [
            (None, 8192),
            (Some(1 << 20), 8192),
            (Some(8704), 8191),
            (Some(1024), 512),
            (Some(256), 128),
            (Some(0), 1),
        ] {
            assert_eq!(affordable(&config, files), most, "{files:?}");
        }
    }
}
