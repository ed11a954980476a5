//! The limit of open files: a process with thousands of sockets needs more than the usual 1,024.

/// Raises the soft limit to the hard one; gives what then may be open, `None` if there is no limit
/// or the system knows none.
#[cfg(unix)]
pub fn raise_open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return limit.current;
    }
    // Some systems name a hard limit that they do not grant; the soft one then stays.
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// Raises the soft limit to the hard one; gives what then may be open, `None` if there is no limit
/// or the system knows none.
#[cfg(not(unix))]
pub fn raise_open_files() -> Option<u64> {
    None
}
