//! The log on stderr.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use super::exit::{CONFIG, Failure};
use super::globals::{Globals, LogFormat};

/// What a command that does one thing and ends logs without being asked.
pub const QUIET: &str = "warn";

/// Logs to stderr what the flags, else `RUST_LOG`, else `configured` says.
///
/// # Errors
/// [`CONFIG`] for a filter that cannot be read, with where it came from.
pub fn start(globals: &Globals, configured: &str) -> Result<(), Failure> {
    let variable = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let (source, text) = match (globals.log_filter(), &variable) {
        (Some(flag), _) => ("flag --log", flag),
        (None, Some(variable)) => ("environment variable RUST_LOG", variable.as_str()),
        (None, None) => ("log", configured),
    };
    let filter = EnvFilter::try_new(text)
        .map_err(|error| Failure::new(CONFIG, format!("{source}: {text}: {error}")))?;
    let no_color = std::env::var_os("NO_COLOR").map(|it| it.to_string_lossy().into_owned());
    let colors = globals.color.colors(io::stderr().is_terminal(), no_color.as_deref());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match globals.log_format {
        LogFormat::Text => log.with_ansi(colors).init(),
        LogFormat::Json => log.json().with_ansi(false).init(),
    }
    Ok(())
}
