//! The source of a value, and the map from keys to lines that errors need.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::Overrides;

/// The source that set a value; the strongest one where several did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody: it is the default.
    Default,
    /// A line of the configuration file, counted from 1.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A command-line flag.
    Flag {
        /// Its long name with the dashes.
        name: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment { variable } => write!(f, "environment variable {variable}"),
            Self::Flag { name } => write!(f, "flag {name}"),
        }
    }
}

/// Where each value of a merged configuration came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origins {
    pub(super) places: Places,
    /// Keys and the variables that set them.
    pub(super) variables: Vec<(String, String)>,
    pub(super) overrides: Overrides,
}

impl Origins {
    /// The strongest source that set `key`; for a key that an element of an array leaves out, the
    /// element's place.
    pub fn of(&self, key: &str) -> Origin {
        let flag = || self.overrides.flag_for(key).map(|name| Origin::Flag { name });
        let variable = || {
            let (_, variable) = self.variables.iter().find(|(set, _)| {
                key.strip_prefix(set).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })?;
            Some(Origin::Environment { variable: variable.clone() })
        };
        let element = || {
            let mut outer = key;
            while let Some((rest, last)) = outer.rsplit_once('.') {
                if outer != key && last.bytes().all(|b| b.is_ascii_digit()) {
                    return self.places.origin(outer);
                }
                outer = rest;
            }
            None
        };
        flag()
            .or_else(variable)
            .or_else(|| self.places.origin(key))
            .or_else(element)
            .unwrap_or(Origin::Default)
    }
}

/// Every key and value of one file with its place in the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Places {
    path: PathBuf,
    /// Offsets at which lines begin.
    line_starts: Vec<usize>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    /// Dotted path, array elements by number: `region.0.udp_port`.
    key: String,
    key_span: Range<usize>,
    value_span: Range<usize>,
}

impl Places {
    /// Reads the places of every key of `text`; text that is no TOML has none.
    pub(super) fn read(path: &Path, text: &str) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1))
            .collect();
        let mut places = Self { path: path.to_owned(), line_starts, entries: Vec::new() };
        if let Ok(table) = DeTable::parse(text) {
            places.walk_table("", table.get_ref());
        }
        places
    }

    /// The line that sets `key`, or nothing if the file does not.
    pub(super) fn origin(&self, key: &str) -> Option<Origin> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(self.at(entry.key_span.start))
    }

    /// The place of one offset.
    pub(super) fn at(&self, offset: usize) -> Origin {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        Origin::File { path: self.path.clone(), line }
    }

    /// The innermost key at an offset; empty outside of every key and value.
    pub(super) fn key_at(&self, offset: usize) -> &str {
        self.entries
            .iter()
            .filter(|entry| entry.key_span.contains(&offset) || entry.value_span.contains(&offset))
            .max_by_key(|entry| entry.key.matches('.').count())
            .map_or("", |entry| &entry.key)
    }

    fn walk_table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            self.entries.push(Entry {
                key: key.clone(),
                key_span: name.span(),
                value_span: value.span(),
            });
            self.walk_value(&key, value.get_ref());
        }
    }

    fn walk_value(&mut self, key: &str, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => self.walk_table(key, table),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let key = format!("{key}.{index}");
                    self.entries.push(Entry {
                        key: key.clone(),
                        key_span: item.span(),
                        value_span: item.span(),
                    });
                    self.walk_value(&key, item.get_ref());
                }
            }
            _ => {}
        }
    }
}
