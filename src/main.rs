//! The `holm` command: parses the arguments, sets up the log, and calls the library.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use holm::cli::exit::{self, Failure};
use holm::cli::globals::MessageFormat;
use holm::cli::output::{Event, Output};
use holm::cli::{
    CliCommand, Globals, ServeArgs, account, clep, decode, exec, health, load as load_command, log,
    messages, pages, serve, usage,
};
use holm::config::Loaded;
use holm::time::SystemClock;

/// Gives memory back to the system after a crowd has left, which glibc's does not do for the many
/// small pieces of sessions; it is also faster at them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let is_exec = usage::is_exec(&words);
    let cli = match usage::read(&words) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too. Who closed the pipe has seen enough.
            let _ = error.print();
            if !error.use_stderr() {
                return ExitCode::from(exit::OK);
            }
            let code = if is_exec { exit::EXEC_FAILED } else { exit::USAGE };
            if usage::wants_json(&words) {
                report(code, usage::message(&error), is_exec);
            }
            return ExitCode::from(code);
        }
    };
    let (globals, command) = cli.into_command();
    match run(command, &globals, &words) {
        Ok(code) => ExitCode::from(code),
        Err(failure) if failure.is_closed_pipe() => ExitCode::from(exit::OK),
        Err(failure) => {
            let hint = if failure.code == exit::INTERNAL { " (please report this)" } else { "" };
            // Nobody is there to be told that stderr is closed.
            let _ = writeln!(io::stderr(), "holm: {failure}{hint}");
            let code = if is_exec { exit::of_exec(failure.code) } else { failure.code };
            if globals.message_format == MessageFormat::Json && !failure.reported {
                report(code, failure.message, is_exec);
            }
            ExitCode::from(code)
        }
    }
}

/// Tells those who read JSON. The stdout of `exec` belongs to its command.
fn report(code: u8, message: String, is_exec: bool) {
    let event = Event::Failed { code, message };
    let format = MessageFormat::Json;
    // The exit code says it once more.
    let _ = if is_exec {
        Output::stderr(format).event(&event)
    } else {
        Output::stdout(format).event(&event)
    };
}

fn run(command: CliCommand, globals: &Globals, words: &[OsString]) -> Result<u8, Failure> {
    let format = globals.message_format;
    match command {
        CliCommand::Serve(args) => {
            let loaded = load(&args, globals)?;
            serve::run(loaded, &mut Output::stdout(format))?;
        }
        CliCommand::Exec(args) => {
            let loaded = load(&args.serve.for_one_command(), globals)?;
            let mut output = Output::stderr(format).without_text_if(globals.quiet > 0);
            return exec::run(loaded, &args, &mut output);
        }
        CliCommand::Account(args) => {
            log::start(globals, log::QUIET)?;
            account::run(&args, format, environment())?;
        }
        CliCommand::Decode(args) => decode::run(&args, format, &mut io::stdout().lock())?,
        CliCommand::Clep(args) => {
            let clock = SystemClock::new();
            let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
            clep::run(&args, format, &clock, &mut input, &mut output)?;
        }
        CliCommand::Config(args) => {
            let text = match args.shown() {
                Some(example) => example.to_owned(),
                None => load(&args.serve, globals)?.config.to_toml()?,
            };
            io::stdout().write_all(text.as_bytes())?;
        }
        CliCommand::Health(args) => health::run(&args)?,
        CliCommand::Messages => messages::run(format, &mut io::stdout().lock())?,
        CliCommand::Load(args) => {
            log::start(globals, log::QUIET)?;
            let words = words.iter().map(|word| word.to_string_lossy().into_owned());
            load_command::run(&args, globals, words)?;
        }
        CliCommand::Completions(args) => pages::completions(&args, &mut io::stdout())?,
        CliCommand::Man(args) => pages::man(&args, &mut io::stdout())?,
    }
    Ok(exit::OK)
}

/// The environment as far as it is text.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Loads the configuration and starts the log, which the configuration may name.
fn load(args: &ServeArgs, globals: &Globals) -> Result<Loaded, Failure> {
    let loaded = args.load(environment())?;
    log::start(globals, &loaded.config.log)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    Ok(loaded)
}
