//! The limit on open files, which every connection counts towards.
//!
//! Servers and load tools raise it when they start; a library in another program must not change
//! that program's limits.

use std::io;

/// Raises this process's soft limit on open files to its hard one. Gives the limit that holds
/// afterwards; none where there is no limit.
#[cfg(unix)]
pub fn raise_open_files() -> io::Result<Option<u64>> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some() && current != maximum {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    }
    Ok(maximum)
}

/// There is no such limit here.
#[cfg(not(unix))]
pub fn raise_open_files() -> io::Result<Option<u64>> {
    Ok(None)
}

/// The soft limit that holds now; none where there is no limit.
#[cfg(unix)]
pub fn open_files_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// There is no such limit here.
#[cfg(not(unix))]
pub fn open_files_limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn afterwards_both_limits_are_the_same() {
        use rustix::process::{Resource, getrlimit};

        let limit = super::raise_open_files().unwrap();
        let now = getrlimit(Resource::Nofile);
        assert_eq!((now.current, now.maximum), (limit, limit));
        assert_eq!(super::open_files_limit(), limit);
    }
}
