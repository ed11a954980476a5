//! Parses the command line. Errors say which subcommand a misplaced option belongs to.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, ColorChoice, Command, CommandFactory as _, FromArgMatches as _};

use super::Cli;

/// Reads `words`, program first.
///
/// # Errors
/// What is wrong with them; also help and version, which clap treats as errors.
pub fn read(words: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = Cli::command().color(match value_of(words, "--color").as_deref() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        // Knows terminals and NO_COLOR.
        _ => ColorChoice::Auto,
    });
    let matches = command
        .try_get_matches_from_mut(words)
        .map_err(|error| with_place(error, &Cli::command()))?;
    refuse_misplaced(&mut command, &matches)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Whether errors are to be reported as JSON, as far as a wrong command line tells.
pub fn wants_json(words: &[OsString]) -> bool {
    value_of(words, "--message-format").as_deref() == Some("json")
}

/// Whether a command line, wrong or not, is one of `holm exec`.
pub fn is_exec(words: &[OsString]) -> bool {
    options(words).any(|word| word == "exec")
}

/// What is wrong with the command line, in one line and without clap's usage.
pub fn message(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let first = text.split("\n\n").next().unwrap_or_default();
    first.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words before `--`, without the program.
fn options(words: &[OsString]) -> impl Iterator<Item = String> {
    words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).take_while(|w| w != "--")
}

fn value_of(words: &[OsString], name: &str) -> Option<String> {
    let mut words = options(words);
    while let Some(word) = words.next() {
        if word == name {
            return words.next();
        }
        if let Some(value) = word.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_owned());
        }
    }
    None
}

/// Options of `serve` may stand alone after `holm`, but not before a subcommand.
fn refuse_misplaced(command: &mut Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some(name) = matches.subcommand_name() else { return Ok(()) };
    let given = command.get_arguments().find(|argument| {
        let id = argument.get_id().as_str();
        !argument.is_global_set()
            && matches.ids().any(|given| given == id)
            && matches.value_source(id) == Some(clap::parser::ValueSource::CommandLine)
    });
    let Some(long) = given.and_then(|argument| argument.get_long()) else { return Ok(()) };
    let takes = takers(command, long);
    let text = if takes.iter().any(|taker| taker == name) {
        format!("--{long} belongs after the subcommand: `holm {name} --{long}`")
    } else {
        format!("--{long} is not an option of `holm {name}`, but of {}", listed(&takes))
    };
    Err(command.error(ErrorKind::ArgumentConflict, text))
}

/// Adds to the error about an unknown option which subcommands have it.
fn with_place(mut error: clap::Error, command: &Command) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return error };
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let long = word.trim_start_matches('-').split('=').next().unwrap_or_default();
    let takes = takers(command, long);
    if !takes.is_empty() {
        let tip = StyledStr::from(format!("--{long} is an option of {}", listed(&takes)));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

/// The subcommands that have an option of their own with this name.
fn takers(command: &Command, long: &str) -> Vec<String> {
    let mut found = Vec::new();
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        let has = |argument: &clap::Arg| argument.get_long() == Some(long);
        if subcommand.get_arguments().any(has) {
            found.push(name.to_owned());
        }
        found.extend(takers(subcommand, long).into_iter().map(|inner| format!("{name} {inner}")));
    }
    found
}

fn listed(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`holm {name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::CliCommand as Parsed;
    use crate::cli::globals::{Color, MessageFormat};

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn wrong(line: &str) -> String {
        message(&read(&words(line)).unwrap_err())
    }

    #[test]
    fn global_options_stand_before_and_after_the_subcommand() {
        let globals = "--log warn --message-format json --color never --log-format json";
        for line in [
            format!("holm {globals} health"),
            format!("holm health {globals}"),
            format!("holm {globals} clep channel --dialect clep-json d"),
            format!("holm clep {globals} channel --dialect clep-json d"),
            format!("holm clep channel --dialect clep-json d {globals}"),
            format!("holm {globals} --open"),
            format!("holm account --data d list {globals}"),
            format!("holm account list --data d {globals}"),
        ] {
            let cli = read(&words(&line)).unwrap();
            assert_eq!(cli.globals.message_format, MessageFormat::Json, "{line}");
            assert_eq!(cli.globals.log_filter(), Some("warn"), "{line}");
            assert_eq!(cli.globals.color, Color::Never, "{line}");
        }
        for line in ["holm -v health", "holm health -v"] {
            assert_eq!(read(&words(line)).unwrap().globals.verbose, 1, "{line}");
        }
    }

    #[test]
    fn a_misplaced_option_names_its_place() {
        let before = wrong("holm --open health");
        assert_eq!(
            before,
            "--open is not an option of `holm health`, but of `holm serve`, `holm exec`, \
             `holm config`"
        );
        let before = wrong("holm --open serve");
        assert_eq!(before, "--open belongs after the subcommand: `holm serve --open`");
        let after = read(&words("holm health --http-port 1")).unwrap_err().to_string();
        assert!(after.contains("--http-port is an option of `holm serve`, `holm exec`"), "{after}");
    }

    #[test]
    fn no_subcommand_is_serve() {
        for line in ["holm --open", "holm serve --open"] {
            match read(&words(line)).unwrap().into_command().1 {
                Parsed::Serve(args) => assert!(args.overrides().open),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn wrong_words_still_tell_form_and_subcommand() {
        assert!(wants_json(&words("holm --message-format=json --no-such")));
        assert!(wants_json(&words("holm --no-such --message-format json")));
        assert!(!wants_json(&words("holm exec -- x --message-format json")));
        assert!(is_exec(&words("holm --log x exec -- true")));
        assert!(!is_exec(&words("holm serve -- exec")));
    }
}
