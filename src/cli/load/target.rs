//! Which machines may be loaded: this one, and others only if their owner confirms it.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::cli::exit::{Failure, GRID, REFUSED, USAGE};
use crate::load::{AccountSource, Plan};

/// Refuses a plan whose login or control address is, or may be, another machine.
///
/// # Errors
/// [`REFUSED`] for another machine, [`GRID`] for a name that nobody knows.
pub(super) fn check(plan: &Plan) -> Result<(), Failure> {
    check_address(&plan.login_uri)?;
    match &plan.accounts {
        AccountSource::Create { control_uri, .. } => check_address(control_uri),
        AccountSource::Known(_) => Ok(()),
    }
}

fn check_address(address: &str) -> Result<(), Failure> {
    let uri: hyper::Uri =
        address.parse().map_err(|error| Failure::new(USAGE, format!("{address}: {error}")))?;
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(80);
    let found: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|error| Failure::new(GRID, format!("{address}: no such host: {error}")))?
        .collect();
    if found.is_empty() {
        return Err(Failure::new(GRID, format!("{address}: no such host")));
    }
    // Which of several addresses is used is not ours to choose.
    match found.iter().find(|found| !is_loopback(found)) {
        None => Ok(()),
        Some(other) => {
            let text = format!(
                "{address} ({}) is not on this machine; load only grids that are yours, with \
                 --i-own-this-grid",
                other.ip()
            );
            Err(Failure::new(REFUSED, text))
        }
    }
}

fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_may_be_loaded() {
        for address in [
            "http://127.0.0.1:9000/",
            "http://127.1.2.3/",
            "http://[::1]:9000/",
            "http://[::ffff:127.0.0.1]:9000/",
            "http://localhost:9000/login",
        ] {
            assert!(check_address(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn other_machines_are_refused() {
        for address in [
            "http://192.0.2.1:9000/",
            "http://0.0.0.0:9000/",
            "http://[2001:db8::1]/",
            "http://[::ffff:192.0.2.1]/",
            "http://user@192.0.2.1/",
            "http://127.0.0.1@192.0.2.1:80/",
        ] {
            let failure = check_address(address).unwrap_err();
            assert_eq!(failure.code, REFUSED, "{failure}");
            assert!(failure.message.contains("--i-own-this-grid"), "{failure}");
        }
    }

    #[test]
    fn a_name_that_nobody_knows_is_no_grid() {
        let failure = check_address("http://no-such-host.invalid:9000/").unwrap_err();
        assert_eq!(failure.code, GRID);
        assert!(failure.message.contains("no such host"), "{failure}");
    }
}
