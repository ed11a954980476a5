//! The options of all subcommands, which can be given before or after the subcommand's name.

use clap::{ArgAction, Args, ValueEnum};

/// What is shown, and in which form.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct Globals {
    /// Format of the lines on stdout
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    pub message_format: MessageFormat,
    /// What to log on stderr, in the syntax of RUST_LOG; overrides that variable
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// Format of the log on stderr
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// Log more; give it twice to log everything
    #[arg(long, short, global = true, action = ArgAction::Count, conflicts_with_all = ["quiet", "log"])]
    pub verbose: u8,
    /// Log only errors, and hide progress and the banner of `exec`; give it twice to log nothing
    #[arg(long, short, global = true, action = ArgAction::Count, conflicts_with = "log")]
    pub quiet: u8,
    /// When to colour help and the log; `auto`: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Color,
}

/// Format of the lines on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// A block of text for people.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

/// Format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Wherever the output goes.
    Always,
    /// Nowhere.
    Never,
}

impl Globals {
    /// The filter of the log that the flags ask for, if they do.
    pub fn log_filter(&self) -> Option<&str> {
        match (&self.log, self.verbose, self.quiet) {
            (Some(filter), ..) => Some(filter),
            (None, 1, _) => Some("holm=debug,info"),
            (None, 2.., _) => Some("trace"),
            (None, 0, 1) => Some("error"),
            (None, 0, 2..) => Some("off"),
            (None, 0, 0) => None,
        }
    }
}

impl Color {
    /// Whether a stream gets colours. `no_color` is the variable of that name.
    pub fn colors(self, is_terminal: bool, no_color: Option<&str>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => no_color.is_none_or(str::is_empty) && is_terminal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_for_terminals_without_no_color() {
        assert!(Color::Auto.colors(true, None));
        assert!(Color::Auto.colors(true, Some("")));
        assert!(!Color::Auto.colors(true, Some("1")));
        assert!(!Color::Auto.colors(false, None));
        assert!(Color::Always.colors(false, Some("1")));
        assert!(!Color::Never.colors(true, None));
    }
}
