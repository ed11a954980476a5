//! Errors in a template, with their place.

use std::{error, fmt};

/// A defect of a template, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The place.
    pub place: Box<Place>,
    /// The defect.
    pub problem: Problem,
}

/// A place in a template: its line, and the names that were open there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// The message, once its name is known.
    pub message: Option<String>,
    /// The block, once its name is known.
    pub block: Option<String>,
    /// The field, once its name is known.
    pub field: Option<String>,
}

/// A defect of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Another word should stand here.
    Expected {
        /// What should stand here.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// A number is outside of its range.
    Range {
        /// What the number is for.
        what: &'static str,
        /// The smallest that is allowed.
        least: u32,
        /// The largest that is allowed.
        most: u32,
        /// What stands there.
        found: String,
    },
    /// Some headers of the file have numbers and this one has none, or the other way round.
    Numbering,
    /// A name or number stands twice.
    Repeated {
        /// What is repeated.
        what: &'static str,
        /// It.
        name: String,
        /// The line of the first.
        first: usize,
    },
    /// Two different names become the same Rust name.
    Clash {
        /// What carries the name.
        what: &'static str,
        /// The other name.
        other: String,
        /// The common Rust name.
        rust: String,
    },
}

impl error::Error for TemplateError {}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        let names = [("message", &self.message), ("block", &self.block), ("field", &self.field)];
        for (what, name) in names {
            if let Some(name) = name {
                write!(f, ", {what} {name}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Range { what, least, most, found } if *least > 0xFFFF => {
                write!(f, "expected {what} of 0x{least:08X} to 0x{most:08X}, found {found}")
            }
            Self::Range { what, least, most, found } => {
                write!(f, "expected {what} of {least} to {most}, found {found}")
            }
            Self::Numbering => f.write_str("expected all message headers with a number, or none"),
            Self::Repeated { what, name, first } => {
                write!(f, "expected a new {what}, found {name} again (first on line {first})")
            }
            Self::Clash { what, other, rust } => {
                write!(f, "expected a {what} that differs from {other}: both become `{rust}`")
            }
        }
    }
}
