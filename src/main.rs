//! The `holm` command: reads the arguments, sets up the log, calls the library.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Parser;
use holm::cli::exit::{self, Failure};
use holm::cli::{
    Cli, Command, ServeArgs, account, clep, decode, health, load as load_command, messages, serve,
};
use holm::config::{Config, Loaded};
use holm::time::SystemClock;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let log = cli.log.clone();
    match run(cli.into_command(), log.as_deref()) {
        Ok(()) => ExitCode::from(exit::OK),
        Err(failure) => {
            let hint = if failure.code == exit::INTERNAL { " (please report this)" } else { "" };
            eprintln!("holm: {failure}{hint}");
            ExitCode::from(failure.code)
        }
    }
}

fn run(command: Command, log: Option<&str>) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => {
            let config = load(&args, log)?;
            serve::run(config, args.message_format())
        }
        Command::Account(args) => {
            start_log(log, QUIET)?;
            account::run(&args, environment())
        }
        Command::Decode(args) => decode::run(&args, &mut io::stdout().lock()),
        Command::Clep(args) => {
            let clock = SystemClock::new();
            clep::run(&args, &clock, &mut io::stdin().lock(), &mut io::stdout().lock())
        }
        Command::Config(args) => {
            print!("{}", load(&args, log)?.to_toml()?);
            Ok(())
        }
        Command::Health(args) => health::run(&args),
        Command::Messages(args) => messages::run(args, &mut io::stdout().lock()),
        Command::Load(args) => {
            start_log(log, QUIET)?;
            let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
            load_command::run(&args, words)
        }
    }
}

/// What a command that does one thing and ends logs without being asked.
const QUIET: &str = "warn";

/// The environment as far as it is text.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Loads the configuration and starts the log, which the configuration may name.
fn load(args: &ServeArgs, log: Option<&str>) -> Result<Config, Failure> {
    let Loaded { config, warnings } = args.load(environment())?;
    start_log(log, &config.log)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

/// Logs to stderr what the flag, else `RUST_LOG`, else the configuration says.
fn start_log(flag: Option<&str>, configured: &str) -> Result<(), Failure> {
    let variable = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let (source, text) = match (flag, &variable) {
        (Some(flag), _) => ("flag --log", flag),
        (None, Some(variable)) => ("environment variable RUST_LOG", variable.as_str()),
        (None, None) => ("log", configured),
    };
    let filter = EnvFilter::try_new(text)
        .map_err(|error| Failure::new(exit::CONFIG, format!("{source}: {text}: {error}")))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    Ok(())
}
