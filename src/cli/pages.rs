//! Shell completions and manual pages for an installed program.

use std::io::{self, Write};

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Cli;
use super::exit::{Failure, USAGE};

/// Flags of `holm completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to complete for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Flags of `holm man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Subcommand, such as `account add` [default: the page of holm itself]
    #[arg(value_name = "SUBCOMMAND")]
    path: Vec<String>,
}

/// Writes the completion script of a shell.
pub fn completions(args: &CompletionsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    // The generator panics when it cannot write.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "holm", &mut text);
    write(&text, out)
}

/// Writes a manual page in roff, as `man -l -` shows it.
///
/// # Errors
/// [`USAGE`] for a subcommand that does not exist; the writer's.
pub fn man(args: &ManArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut root = Cli::command();
    root.build();
    let mut name = "holm".to_owned();
    let mut command: &Command = &root;
    for step in &args.path {
        command = command.find_subcommand(step).ok_or_else(|| {
            Failure::new(USAGE, format!("`{}` has no subcommand `{step}`", name.replace('-', " ")))
        })?;
        name = format!("{name}-{step}");
    }
    let mut text = Vec::new();
    Man::new(command.clone().name(name)).render(&mut text)?;
    write(&text, out)
}

fn write(text: &[u8], out: &mut dyn Write) -> Result<(), Failure> {
    let written: io::Result<()> = out.write_all(text).and_then(|()| out.flush());
    written.map_err(Failure::from)
}
